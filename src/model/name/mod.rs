//! Names of runs: from what a person types to `[a-z0-9_]{1,40}`.
//!
//! [`slug`] writes a title of any script as a slug, [`check()`] refuses one that says nothing, and
//! [`from_changes`] makes one from what changed when none was given.

mod check;
mod suggest;
mod transliterate;

pub use check::check;
pub use suggest::{ChangeHint, from_changes};
pub use transliterate::CYRILLIC;

use std::fmt;

/// The longest slug, in characters: Windows limits whole paths to 260.
pub const MAX: usize = 40;

/// Why a name is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameProblem {
    /// What is wrong with it.
    pub why: String,
    /// A name that would be taken.
    pub suggestion: Option<String>,
}

impl NameProblem {
    fn new(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            suggestion: None,
        }
    }

    /// Adds a suggestion (such as one by [`from_changes`]) where the name itself gave none.
    pub fn or_suggest(mut self, name: Option<String>) -> Self {
        self.suggestion = self.suggestion.or(name);
        self
    }
}

impl fmt::Display for NameProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for NameProblem {}

/// Writes a title as a slug: `больше деревьев` is `bolshe_derevev`.
///
/// NFC, then lower case, then [`CYRILLIC`] and the bare letters of other Latin ones; everything
/// else separates words. At most [`MAX`] characters, cut between words where that keeps half of
/// them; never empty, never a device of Windows. The slug of a slug is itself.
pub fn slug(title: &str) -> Result<String, NameProblem> {
    let mut slug = String::new();
    for word in transliterate::ascii(title)
        .split('_')
        .filter(|word| !word.is_empty())
    {
        if !slug.is_empty() {
            slug.push('_');
        }
        slug.push_str(word);
    }
    if slug.is_empty() {
        return Err(NameProblem::new(format!(
            "`{title}` has nothing that can be written in a-z and 0-9"
        )));
    }
    cut(&mut slug, MAX);
    if is_device(&slug) {
        slug.push_str("_run");
    }
    Ok(slug)
}

/// Shortens a slug to `limit`, between words if at least half of it stays.
fn cut(slug: &mut String, limit: usize) {
    if slug.len() <= limit {
        return;
    }
    let splits_word = slug.as_bytes()[limit] != b'_';
    slug.truncate(limit);
    if splits_word && let Some(at) = slug.rfind('_').filter(|at| *at >= limit / 2) {
        slug.truncate(at);
    }
    slug.truncate(slug.trim_end_matches('_').len());
}

/// Names that Windows keeps for devices, whatever the extension.
fn is_device(slug: &str) -> bool {
    let port = slug
        .strip_prefix("com")
        .or_else(|| slug.strip_prefix("lpt"));
    matches!(slug, "con" | "prn" | "aux" | "nul")
        || port.is_some_and(|n| n.len() == 1 && n.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn titles_become_slugs() {
        for (title, expected) in [
            ("больше деревьев", "bolshe_derevev"),
            ("новые фичи", "novye_fichi"),
            ("New-Features!!  v2", "new_features_v2"),
            ("lr=1e-4, wd=0.01", "lr_1e_4_wd_0_01"),
            ("__x__y__", "x_y"),
            ("don't stop", "dont_stop"),
            ("Щука, объект, съёмка, мышь", "shchuka_obieekt_sieemka_mysh"),
            ("Їжак Ґанок Єнот Ўсё", "izhak_ganok_ienot_use"),
            ("crème brûlée", "creme_brulee"),
            (
                "Straße Ærø Łódź İstanbul ığdır",
                "strasse_aero_lodz_istanbul_igdir",
            ),
            ("ﬁne ｗｉｄｅ x²", "fine_wide_x2"),
            ("基线 v3 🚀 resnet", "v3_resnet"),
            ("замо\u{301}к", "zamok"),
            ("con", "con_run"),
            ("LPT1", "lpt1_run"),
            ("console", "console"),
        ] {
            assert_eq!(slug(title).as_deref(), Ok(expected), "{title}");
        }
    }

    #[test]
    fn a_mac_hands_over_the_same_name_in_pieces() {
        let composed = slug("новый йогурт ёлка").unwrap();
        assert_eq!(composed, "novyi_iogurt_elka");
        assert_eq!(
            slug("новыи\u{306} и\u{306}огурт е\u{308}лка").unwrap(),
            composed
        );
    }

    #[test]
    fn a_title_without_a_letter_is_refused() {
        for title in ["", "  ", "🚀🔥", "基线", "ьЬ", "___", "\u{301}"] {
            assert!(slug(title).is_err(), "{title}");
        }
    }

    #[test]
    fn long_titles_are_cut_between_words() {
        assert_eq!(
            slug("random forest with three hundred trees and more depth").unwrap(),
            "random_forest_with_three_hundred_trees"
        );
        assert_eq!(slug(&"x".repeat(90)).unwrap(), "x".repeat(40));
        assert_eq!(slug(&format!("a {}", "x".repeat(90))).unwrap().len(), 40);
    }

    proptest! {
        #[test]
        fn a_slug_is_valid_and_its_own_slug(title in "\\PC{0,60}|[а-яёa-z _-]{0,60}|[conlptaux0-9]{3,4}") {
            if let Ok(found) = slug(&title) {
                prop_assert!((1..=MAX).contains(&found.len()));
                prop_assert!(found.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')));
                prop_assert!(!found.starts_with('_') && !found.ends_with('_') && !found.contains("__"));
                prop_assert!(!is_device(&found));
                let folder = format!("exp_001_{found}");
                prop_assert!(crate::model::RunId::parse(&folder).is_some());
                prop_assert_eq!(slug(&found), Ok(found.clone()));
            }
        }
    }
}
