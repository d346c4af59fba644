//! A library that panics over a damaged file.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Does what a damaged file may make panic; `None` when it did, without a word on the terminal.
pub fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !QUIET.get() {
                usual(panic);
            }
        }));
    });
    let before = QUIET.replace(true);
    // What the work was about is dropped by the caller, half-done as it may be.
    let done = catch_unwind(AssertUnwindSafe(work)).ok();
    QUIET.set(before);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_no_end() {
        assert_eq!(caught(|| 1), Some(1));
        assert_eq!(caught(|| Vec::<u8>::new()[std::hint::black_box(0)]), None);
        assert!(!QUIET.get());
    }
}
