//! The changed lines of a text file, as a unified diff.

use std::time::Duration;

use similar::TextDiff;

use crate::ui::escape::printable_lines;
use crate::ui::style::Style;

/// Two files that share almost nothing are told coarsely rather than late.
const PATIENCE: Duration = Duration::from_millis(200);

/// A unified diff with three lines of context; empty when the texts are equal.
pub fn unified(a: &str, b: &str, name_a: &str, name_b: &str) -> String {
    TextDiff::configure()
        .timeout(PATIENCE)
        .diff_lines(a, b)
        .unified_diff()
        .context_radius(3)
        .header(name_a, name_b)
        .to_string()
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
        insta::assert_snapshot!(unified(a, &b, "exp_001 base.yaml", "exp_002 base.yaml"), @r"
        --- exp_001 base.yaml
        +++ exp_002 base.yaml
        @@ -1,4 +1,4 @@
         seed: 1
         model:
           depth: 3
        -  trees: 100
        +  trees: 300
        ");
        assert_eq!(unified(a, a, "a", "b"), "");
    }

    #[test]
    fn nothing_in_a_file_acts_on_the_terminal() {
        assert_eq!(shown("+\x1b]0;x\x07\n", false), "+\\x1b]0;x\\x07\n");
        assert!(shown("-old\n", true).contains("\x1b["));
    }
}
