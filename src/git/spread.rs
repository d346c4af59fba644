//! One long list, worked off by all processors.

use std::sync::atomic::{AtomicUsize, Ordering};

/// More threads than this wait for each other in the system.
const THREADS: usize = 8;
/// Items in a part: some hundred microseconds of work, so that no processor is left with much more
/// than the others.
const PART: usize = 512;

/// What `work` made of the parts of a list, in the list's order.
///
/// The threads are new ones, since the system starts those where a processor is idle; a waiting one of
/// a pool may learn only milliseconds later that there is work.
pub fn over_parts<T: Sync, R: Send>(list: &[T], work: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let parts: Vec<&[T]> = list.chunks(PART).collect();
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(THREADS).min(parts.len());
    let next = AtomicUsize::new(0);
    let take_parts = || {
        let mut done = Vec::new();
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(part) = parts.get(number) else {
                return done;
            };
            done.push((number, work(part)));
        }
    };
    let mut done = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(take_parts)).collect();
        let mut done = take_parts();
        for thread in others {
            match thread.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once_and_in_order() {
        for length in [0, 1, PART, PART + 1, 20 * PART + 7] {
            let list: Vec<usize> = (0..length).collect();
            let doubled = over_parts(&list, |part| part.iter().map(|n| n * 2).collect::<Vec<_>>());
            let expected: Vec<usize> = list.iter().map(|n| n * 2).collect();
            assert_eq!(doubled.concat(), expected);
        }
    }
}
