//! The changed lines of a text file, as a unified diff.

use std::time::{Duration, Instant};

use similar::TextDiff;

use crate::settings::Lang;
use crate::ui::escape::printable_lines;
use crate::ui::number;
use crate::ui::style::Style;

/// Two files that share almost nothing are told coarsely rather than late.
const PATIENCE: Duration = Duration::from_millis(200);
/// Longer texts are told by their sizes.
const LARGEST: usize = 8 << 20;

/// A unified diff with three lines of context; empty when the texts are equal. What was not compared
/// to the end says so.
pub fn unified(a: &str, b: &str, name_a: &str, name_b: &str, lang: Lang) -> String {
    unified_until(a, b, [name_a, name_b], lang, Instant::now() + PATIENCE)
}

fn unified_until(a: &str, b: &str, names: [&str; 2], lang: Lang, deadline: Instant) -> String {
    if a == b {
        return String::new();
    }
    let [name_a, name_b] = names;
    if a.len().max(b.len()) > LARGEST {
        let why = lang.pick(
            "too large to compare line by line",
            "слишком велик для построчного сравнения",
        );
        let size = |text: &str| number::bytes(text.len() as u64);
        let sizes = format!("{} -> {}", size(a), size(b));
        return format!("--- {name_a}\n+++ {name_b}\n{why} ({sizes})\n");
    }
    let found = TextDiff::configure().deadline(deadline).diff_lines(a, b);
    let note = if Instant::now() < deadline {
        ""
    } else {
        lang.pick(
            "approximate: too different to be compared to the end; some of these lines did not change\n",
            "приблизительно: слишком различны для полного сравнения; часть этих строк не менялась\n",
        )
    };
    let lines = found
        .unified_diff()
        .context_radius(3)
        .header(name_a, name_b)
        .to_string();
    format!("{note}{lines}")
}

/// A patch as it is shown: harmless on a terminal, coloured as git colours it.
pub fn shown(patch: &str, color: bool) -> String {
    let paint = |line: &str| {
        let style = match line.as_bytes() {
            [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Style::Heading,
            [b'd', b'i', b'f', b'f', b' ', ..] | [b'i', b'n', b'd', b'e', b'x', b' ', ..] => {
                Style::Heading
            }
            [b'@', b'@', ..] => Style::Hint,
            [b'+', ..] => Style::Good,
            [b'-', ..] => Style::Bad,
            _ => return line.to_owned(),
        };
        if color {
            style.wrap(line)
        } else {
            line.to_owned()
        }
    };
    printable_lines(patch)
        .lines()
        .map(|line| paint(line) + "\n")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_lines_are_shown_with_their_surroundings() {
        let a = "seed: 1\nmodel:\n  depth: 3\n  trees: 100\n";
        let b = a.replace("100", "300");
        insta::assert_snapshot!(unified(a, &b, "exp_001 base.yaml", "exp_002 base.yaml", Lang::En), @r"
        --- exp_001 base.yaml
        +++ exp_002 base.yaml
        @@ -1,4 +1,4 @@
         seed: 1
         model:
           depth: 3
        -  trees: 100
        +  trees: 300
        ");
        assert_eq!(unified(a, a, "a", "b", Lang::En), "");
    }

    #[test]
    fn what_is_not_compared_to_the_end_says_so() {
        // Permuted lines are the worst case of every algorithm.
        let line = |i: u64| format!("key_{}: {}\n", i * 7919 % 200_003, i % 7);
        let a: String = (0..200_003).map(line).collect();
        let b: String = (0..200_003).rev().map(line).collect();
        let started = Instant::now();
        let told = unified(&a, &b, "a", "b", Lang::En);
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
        assert!(told.starts_with("approximate: "), "{}", &told[..200]);
        let told = unified(&a, &b, "a", "b", Lang::Ru);
        assert!(told.starts_with("приблизительно: "));
        let huge = a.repeat(4);
        assert_eq!(
            unified(&huge, &a, "a", "b", Lang::En)
                .lines()
                .nth(2)
                .unwrap(),
            format!(
                "too large to compare line by line ({} -> {})",
                number::bytes(huge.len() as u64),
                number::bytes(a.len() as u64)
            )
        );
    }

    #[test]
    fn nothing_in_a_file_acts_on_the_terminal() {
        assert_eq!(shown("+\x1b]0;x\x07\n", false), "+\\x1b]0;x\\x07\n");
        assert!(shown("-old\n", true).contains("\x1b["));
    }
}
