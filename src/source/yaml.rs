//! YAML as its parser sees it: the events of a document are what is left of it without comments and
//! white space.

use saphyr_parser::{Event, Parser};

/// Whether two texts have the same events: scalars with their style, brackets or indentation, tags,
/// anchors and directives; `None` when one of them is no YAML.
pub fn same_events(a: &str, b: &str) -> Option<bool> {
    let (a, b) = (events(a)?, events(b)?);
    Some(a == b)
}

/// Each event, and the bracket that a collection begins with.
fn events(text: &str) -> Option<Vec<(Event<'_>, Option<char>)>> {
    if text.contains("\n%") || text.starts_with('%') {
        // A directive changes what scalars mean, and the parser keeps it to itself.
        return None;
    }
    let chars: Vec<char> = text.chars().collect();
    Parser::new_from_str(text)
        .map(|event| {
            let (event, span) = event.ok()?;
            let begins = matches!(event, Event::SequenceStart(..) | Event::MappingStart(..));
            let sign = chars.get(span.start.index()).copied();
            let bracket = sign.filter(|sign| begins && matches!(sign, '[' | '{'));
            Some((event, bracket))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_blank_lines_and_depth_of_indentation_mean_nothing() {
        let before = "# head\na:\n  b: 1   # one\n  c: [x, 'y']\n";
        let after = "a:\n    b: 1\n\n    c: [x,   'y']\n# tail\n";
        assert_eq!(same_events(before, after), Some(true));
        for other in [
            "a:\n  b: 1\nc: [x, 'y']\n",
            "a:\n  b: 1\n  c: [x, y]\n",
            "a:\n  b: '1'\n  c: [x, 'y']\n",
            "a:\n  b: 1 # one\n  c: [x, 'y', z]\n",
            "a:\n  b: 1#one\n  c: [x, 'y']\n",
        ] {
            assert_eq!(same_events(before, other), Some(false), "{other}");
        }
        assert_eq!(same_events("a: |\n  x # y\n", "a: |\n  x\n"), Some(false));
        assert_eq!(
            same_events("a: [1]", "a:\n- 1"),
            Some(false),
            "not only white space"
        );
    }

    #[test]
    fn what_is_no_yaml_is_not_known() {
        assert_eq!(same_events("a: 1", "a: 'open"), None);
        assert_eq!(same_events("%YAML 1.1\n---\na: 1", "a: 1"), None);
    }
}
