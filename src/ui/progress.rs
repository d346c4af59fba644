//! A progress bar on standard error, for work that makes a person wait.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Ui;
use super::number;

/// Work that ends sooner is not worth a flicker.
const PATIENCE: Duration = Duration::from_millis(500);

const TEMPLATE: &str =
    "{msg}  [{bar:20}] {binary_bytes} of {binary_total_bytes}, {binary_bytes_per_sec}, {eta} left";

/// Files and bytes done, the rate, and the time left.
///
/// Nothing is drawn unless standard error is a terminal, and nothing stays on it afterwards.
#[derive(Debug)]
pub struct Progress {
    started: Instant,
    bar: Option<Mutex<Option<ProgressBar>>>,
}

impl Progress {
    /// Starts the clock; draws nothing yet.
    pub fn new(ui: &Ui) -> Self {
        let wanted = !ui.quiet() && std::io::stderr().is_terminal();
        Self {
            started: Instant::now(),
            bar: wanted.then(|| Mutex::new(None)),
        }
    }

    /// Whether anything would ever be drawn.
    pub fn is_shown(&self) -> bool {
        self.bar.is_some()
    }

    /// Says how far it is: `(done, all)`. Any thread may call it, as often as it likes.
    pub fn set(&self, verb: &str, files: (u64, u64), bytes: (u64, u64)) {
        let Some(slot) = &self.bar else { return };
        if self.started.elapsed() < PATIENCE {
            return;
        }
        // Another thread is drawing; it will be as right as we are.
        let Ok(mut slot) = slot.try_lock() else {
            return;
        };
        let bar = slot.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(bytes.1), ProgressDrawTarget::stderr());
            bar.set_style(style());
            bar.with_elapsed(self.started.elapsed())
        });
        bar.set_length(bytes.1.max(bytes.0));
        bar.set_position(bytes.0);
        bar.set_message(message(verb, files));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(Ok(mut slot)) = self.bar.as_ref().map(Mutex::lock)
            && let Some(bar) = slot.take()
        {
            bar.finish_and_clear();
        }
    }
}

fn message(verb: &str, (done, all): (u64, u64)) -> String {
    if all == 1 {
        return verb.to_owned();
    }
    let (done, all) = (number::count(done), number::count(all));
    format!("{verb} {done} of {all} files")
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template(TEMPLATE)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_template_is_valid_and_messages_count_files() {
        assert!(ProgressStyle::with_template(TEMPLATE).is_ok());
        assert_eq!(message("hashing", (1, 1)), "hashing");
        assert_eq!(
            message("hashing", (1_200, 100_000)),
            "hashing 1,200 of 100,000 files"
        );
    }
}
