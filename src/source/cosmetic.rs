//! Whether only comments and white space changed.

use super::{Language, python, shell, toml, yaml};

/// Whether two texts mean the same to whatever reads them; `None` when nobody here can tell.
///
/// Documentation strings are no comments: a program can read them.
pub fn is_cosmetic(language: Language, a: &[u8], b: &[u8]) -> Option<bool> {
    match language {
        Language::Python => python_is_cosmetic(a, b),
        Language::Shell => Some(shell::words(a)? == shell::words(b)?),
        Language::Toml => Some(toml::tokens(a)? == toml::tokens(b)?),
        Language::Yaml => {
            yaml::same_events(std::str::from_utf8(a).ok()?, std::str::from_utf8(b).ok()?)
        }
        Language::Notebook => None,
    }
}

fn python_is_cosmetic(a: &[u8], b: &[u8]) -> Option<bool> {
    let (a, b) = (python::normalized(a), python::normalized(b));
    let (a, b) = (python::tokens(&a)?, python::tokens(&b)?);
    let what = |token: &python::Token<'_>| (token.kind, token.text.to_vec());
    let same = a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| what(a) == what(b));
    Some(same)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_documentation_string_is_no_comment() {
        let python = |a: &str, b: &str| is_cosmetic(Language::Python, a.as_bytes(), b.as_bytes());
        assert_eq!(python("x = 1 # a\n", "x  =  1\n"), Some(true));
        let doc = "def f():\n    \"\"\"Doc.\"\"\"\n    return 1\n";
        assert_eq!(python(doc, &doc.replace("Doc", "Other")), Some(false));
        assert_eq!(python(doc, "def f(:"), None);
    }

    /// Statements whose order and nesting matter.
    fn statement() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec![
            "x = 1",
            "y = f(x, # no\n  2)",
            "z = '# text'",
            "s = f\"{x!r:>{y}} #\"",
            "t = '''a\n  # b\n'''",
            "if x: y",
        ])
    }

    proptest! {
        #[test]
        fn noise_between_lines_is_cosmetic_and_a_lost_line_is_not(
            lines in prop::collection::vec((statement(), 0..3_usize), 1..12), at in any::<prop::sample::Index>(),
        ) {
            let plain: String = lines.iter().map(|(line, _)| format!("{line}\n")).collect();
            let noisy: String = lines
                .iter()
                .map(|(line, n)| format!("{}{line}{}\n", "# note\n\n".repeat(*n), " ".repeat(*n)))
                .collect();
            prop_assert_eq!(python_is_cosmetic(plain.as_bytes(), noisy.as_bytes()), Some(true));
            let mut fewer = lines.clone();
            fewer.remove(at.index(lines.len()));
            let fewer: String = fewer.iter().map(|(line, _)| format!("{line}\n")).collect();
            prop_assert_eq!(python_is_cosmetic(plain.as_bytes(), fewer.as_bytes()), Some(false));
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for language in [Language::Python, Language::Shell, Language::Toml, Language::Yaml] {
                let same = is_cosmetic(language, &bytes, &bytes);
                prop_assert_ne!(same, Some(false), "{:?}", language);
            }
        }
    }
}
