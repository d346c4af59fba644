//! A progress bar on standard error, for work that makes a person wait.

use std::io::IsTerminal;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Ui;
use super::number;

/// Work that ends sooner is not worth a flicker.
const PATIENCE: Duration = Duration::from_millis(500);

/// One line, cut where the terminal ends: a second one would stay.
const TEMPLATE: &str = "{wide_msg}";
/// Letters of the bar itself.
const BAR: usize = 20;

/// Files and bytes done, the rate, and the time left.
///
/// Nothing is drawn unless standard error is a terminal, and nothing stays on it afterwards.
#[derive(Debug)]
pub struct Progress {
    started: Instant,
    /// When the first bytes were told of: what came before was no reading.
    first: OnceLock<Instant>,
    bar: Option<Mutex<Option<ProgressBar>>>,
}

impl Progress {
    /// Starts the clock; draws nothing yet.
    pub fn new(ui: &Ui) -> Self {
        let wanted = !ui.quiet() && std::io::stderr().is_terminal();
        Self {
            started: Instant::now(),
            first: OnceLock::new(),
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
        let first = *self.first.get_or_init(Instant::now);
        if self.started.elapsed() < PATIENCE {
            return;
        }
        // Another thread is drawing; it will be as right as we are.
        let Ok(mut slot) = slot.try_lock() else {
            return;
        };
        let bar = slot.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.with_style(style())
        });
        bar.set_message(line(verb, files, bytes, first.elapsed()));
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

/// All that is told; the rate is that of the whole time, and so is the time left.
fn line(verb: &str, files: (u64, u64), (done, all): (u64, u64), elapsed: Duration) -> String {
    // A file may have grown since it was found.
    let all = all.max(done);
    let share = done as f64 / all.max(1) as f64;
    let rate = done as f64 / elapsed.as_secs_f64().max(1e-3);
    let left = match done {
        0 => String::new(),
        _ => format!(", {} left", number::duration((all - done) as f64 / rate)),
    };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let (filled, rate) = ((share * BAR as f64) as usize, rate as u64);
    let bar = format!("{}>", "=".repeat(filled.min(BAR - 1)));
    format!(
        "{}  [{bar:BAR$}]  {} of {}, {}/s{left}",
        message(verb, files),
        number::bytes(done),
        number::bytes(all),
        number::bytes(rate),
    )
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar())
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

    #[test]
    fn a_line_tells_what_is_done_how_fast_and_how_long_it_will_take() {
        let second = Duration::from_secs(1);
        let mib = 1 << 20;
        assert_eq!(
            line("reading", (300, 1_200), (256 * mib, 1024 * mib), 2 * second),
            "reading 300 of 1,200 files  [=====>              ]  256.0 MiB of 1.0 GiB, 128.0 MiB/s, 6.0 s left"
        );
        assert_eq!(
            line("reading", (1, 1), (5 * mib, 4 * mib), second),
            "reading  [===================>]  5.0 MiB of 5.0 MiB, 5.0 MiB/s, 0.0 s left"
        );
        assert_eq!(
            line("reading", (0, 1), (0, 4), Duration::ZERO),
            "reading  [>                   ]  0 B of 4 B, 0 B/s"
        );
    }
}
