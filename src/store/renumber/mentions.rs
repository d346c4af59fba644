//! Mentions of a run's label in texts that people write.

use crate::model::RunId;

/// A label that is written anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rename {
    /// `exp_004_lightgbm` or `exp_004`.
    pub from: String,
    /// What stands there instead.
    pub to: String,
}

/// The renames of one run: the full label, and the short form.
pub fn renames(from: &RunId, to: &RunId) -> [Rename; 2] {
    [
        (from.to_string(), to.to_string()),
        (from.short(), to.short()),
    ]
    .map(|(from, to)| Rename { from, to })
}

/// Replaces whole labels; `exp_004` in `exp_004_other` or `exp_0041` stays.
///
/// # Returns
/// The text, and how many labels were replaced.
pub fn rewrite(text: &str, renames: &[Rename]) -> (String, usize) {
    let mut new = String::with_capacity(text.len());
    let mut count = 0;
    let mut rest = text;
    while let Some(at) = rest.find("exp_") {
        let (before, tail) = rest.split_at(at);
        new.push_str(before);
        let length = tail.find(|c| !is_part(c)).unwrap_or(tail.len());
        let (word, after) = tail.split_at(length);
        let is_whole = !new.ends_with(is_part);
        match renames
            .iter()
            .find(|rename| is_whole && rename.from == word)
        {
            Some(rename) => {
                new.push_str(&rename.to);
                count += 1;
            }
            None => new.push_str(word),
        }
        rest = after;
    }
    new.push_str(rest);
    (new, count)
}

/// The lines that have a label standing by itself, from 1.
pub fn lines_with(text: &str, label: &str) -> Vec<usize> {
    let probe = [Rename {
        from: label.to_owned(),
        to: String::new(),
    }];
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| rewrite(line, &probe).1 > 0)
        .map(|(number, _)| number)
        .collect()
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_labels_are_replaced() {
        let from = RunId::parse("exp_004_lightgbm").unwrap();
        let to = RunId::parse("exp_008_lightgbm").unwrap();
        let text = "exp_004 and exp_004_lightgbm, <!-- exp:exp_004.auc -->, runs/exp_004_lightgbm/x;\
                    exp_0041 exp_004_other my_exp_004 exp_004_lightgbm2";
        let (all, count) = rewrite(text, &renames(&from, &to));
        assert_eq!(count, 4);
        assert_eq!(
            all,
            "exp_008 and exp_008_lightgbm, <!-- exp:exp_008.auc -->, runs/exp_008_lightgbm/x;\
             exp_0041 exp_004_other my_exp_004 exp_004_lightgbm2"
        );
        let (full, count) = rewrite(text, &renames(&from, &to)[..1]);
        assert_eq!(count, 2);
        assert!(full.starts_with("exp_004 and exp_008_lightgbm,"), "{full}");
        assert_eq!(lines_with("a\nsee exp_004.\nexp_004_x", "exp_004"), [2]);
    }

    #[test]
    fn numbers_that_change_places_do_not_meet() {
        let pairs = [("exp_001", "exp_002"), ("exp_002", "exp_003")];
        let renames = pairs.map(|(from, to)| Rename {
            from: from.into(),
            to: to.into(),
        });
        assert_eq!(rewrite("exp_001 exp_002", &renames).0, "exp_002 exp_003");
    }
}
