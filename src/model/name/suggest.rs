//! A name from what changed, for a run that was given none.

use crate::model::param::ParamKind;
use crate::model::{Param, RecordPath};

use super::{MAX, check, cut, slug};

/// One difference between a run and the one before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeHint {
    /// There is no run before it.
    First,
    /// A configuration leaf; `None` when it is gone.
    Param {
        /// Its dotted name.
        name: String,
        /// Its new value.
        value: Option<Param>,
    },
    /// A data input.
    Data {
        /// Its role.
        role: String,
        /// The file or folder that it is now.
        path: RecordPath,
        /// Whether that is another path than before; else only the content changed.
        renamed: bool,
    },
    /// A code file.
    Code {
        /// Its path.
        path: RecordPath,
    },
    /// The random seed.
    Seed {
        /// The new one.
        value: String,
    },
    /// Packages, interpreter or machine.
    Environment,
    /// Nothing: it repeats another run.
    Same {
        /// That run's short label, `exp_002`.
        base: String,
    },
}

/// Names a run after what changed: `n_estimators_300`, `train_v2`, `code_train`, `baseline`.
///
/// Two changes are joined by `_and_` where that fits; of more only the first is named, data before
/// configuration before code: `train_v2_and_2_more`. The order of `changes` makes no difference.
/// `None` if there are none. The result always passes [`check()`].
pub fn from_changes(changes: &[ChangeHint]) -> Option<String> {
    if changes.contains(&ChangeHint::First) {
        return Some("baseline".to_owned());
    }
    let parts = parts(changes);
    let name = match parts.as_slice() {
        [] => repeated(changes)?,
        [only] => only.clone(),
        [first, second] if first.len() + second.len() + "_and_".len() <= MAX => {
            format!("{first}_and_{second}")
        }
        [first, rest @ ..] => with_tail(first, &format!("_and_{}_more", rest.len())),
    };
    if check(&name).is_ok() {
        return Some(name);
    }
    // A parameter may be called `v` or `model`.
    let name = slug(&format!("set_{name}")).ok()?;
    check(&name).is_ok().then_some(name)
}

fn repeated(changes: &[ChangeHint]) -> Option<String> {
    changes.iter().find_map(|change| match change {
        ChangeHint::Same { base } => slug(&format!("repeat_{base}")).ok(),
        _ => None,
    })
}

fn with_tail(name: &str, tail: &str) -> String {
    let mut name = name.to_owned();
    cut(&mut name, MAX - tail.len());
    name + tail
}

/// One slug a change, in a fixed order; code files count as one.
fn parts(changes: &[ChangeHint]) -> Vec<String> {
    let mut found: Vec<(u8, String)> = Vec::new();
    let mut code: Vec<String> = Vec::new();
    for change in changes {
        let (rank, text) = match change {
            ChangeHint::Data {
                role,
                path,
                renamed,
            } => (0, data(role, path, *renamed)),
            ChangeHint::Param { name, value } => (1, param(name, value.as_ref())),
            ChangeHint::Code { path } => {
                code.push(stem(path));
                continue;
            }
            ChangeHint::Seed { value } => (3, format!("seed_{}", signed(value))),
            ChangeHint::Environment => (4, "environment".to_owned()),
            ChangeHint::First | ChangeHint::Same { .. } => continue,
        };
        found.extend(slug(&text).ok().map(|slug| (rank, slug)));
    }
    let code = match code.as_slice() {
        [] => None,
        [one] => slug(&format!("code_{one}")).ok(),
        many => Some(format!("code_{}_files", many.len())),
    };
    found.extend(code.map(|slug| (2, slug)));
    found.sort();
    found.into_iter().map(|(_, slug)| slug).collect()
}

fn data(role: &str, path: &RecordPath, renamed: bool) -> String {
    let stem = stem(path);
    if renamed && slug(&stem).is_ok_and(|slug| check(&slug).is_ok()) {
        stem
    } else if renamed {
        // `v2.csv`: the role says what it is.
        format!("{role}_{stem}")
    } else {
        format!("changed_{role}_data")
    }
}

/// The file's name up to its first dot.
fn stem(path: &RecordPath) -> String {
    let name = String::from_utf8_lossy(path.file_name()).into_owned();
    let visible = name.trim_start_matches('.');
    visible.split('.').next().unwrap_or(visible).to_owned()
}

fn param(name: &str, value: Option<&Param>) -> String {
    let mut levels = name.rsplit('.').map(|level| level.trim_matches('"'));
    let last = levels.next().unwrap_or(name);
    let (kind, text) = match value {
        Some(Param::Leaf { kind, text }) => (*kind, text.as_str()),
        Some(Param::List(_)) => (ParamKind::Map, ""),
        None => (ParamKind::Null, ""),
    };
    let is_generic = is_generic(last);
    if is_generic && kind == ParamKind::Str {
        // `model.type: LGBMClassifier`, `_target_: torch.optim.AdamW`, `path: data/x.csv`.
        let value = text.rsplit('/').next().unwrap_or(text);
        let value = value.rsplit('.').next().unwrap_or(value);
        if slug(value).is_ok_and(|slug| check(&slug).is_ok()) {
            return value.to_owned();
        }
    }
    let key = match levels.next() {
        Some(above) if is_generic => format!("{above}_{last}"),
        _ => last.to_owned(),
    };
    match (kind, value.and_then(Param::bool)) {
        (ParamKind::Map, _) | (_, Some(true)) => key,
        (ParamKind::Null, _) | (_, Some(false)) => format!("no_{key}"),
        _ => format!("{key}_{}", signed(text)),
    }
}

/// Keys that mean little without their value or the key above.
fn is_generic(key: &str) -> bool {
    const GENERIC: [&str; 14] = [
        "type",
        "name",
        "kind",
        "class",
        "class_path",
        "_target_",
        "value",
        "list",
        "id",
        "path",
        "file",
        "mode",
        "!",
        "enabled",
    ];
    GENERIC.contains(&key) || key.bytes().all(|b| b.is_ascii_digit())
}

/// A slug has no minus, and `-1` must not look like `1`.
fn signed(value: &str) -> String {
    match value.strip_prefix('-') {
        Some(rest) => format!("minus_{rest}"),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(name: &str, kind: ParamKind, text: &str) -> ChangeHint {
        ChangeHint::Param {
            name: name.to_owned(),
            value: Some(Param::leaf(kind, text)),
        }
    }

    fn data(path: &str, renamed: bool) -> ChangeHint {
        ChangeHint::Data {
            role: "train".to_owned(),
            path: path.into(),
            renamed,
        }
    }

    fn code(path: &str) -> ChangeHint {
        ChangeHint::Code { path: path.into() }
    }

    fn name(changes: &[ChangeHint]) -> String {
        from_changes(changes).unwrap()
    }

    #[test]
    fn one_change_names_the_run() {
        use ParamKind::*;
        for (change, expected) in [
            (ChangeHint::First, "baseline"),
            (set("model.n_estimators", Int, "300"), "n_estimators_300"),
            (set("optim.lr", Str, "1e-4"), "lr_1e_4"),
            (set("optim.lr", Float, "0.003"), "lr_0_003"),
            (set("model.max_depth", Int, "-1"), "max_depth_minus_1"),
            (set("model.type", Str, "LGBMClassifier"), "lgbmclassifier"),
            (set("opt._target_", Str, "torch.optim.AdamW"), "adamw"),
            (set("model.type", Int, "2"), "model_type_2"),
            (set("use_smote", Bool, "yes"), "use_smote"),
            (set("use_smote", Bool, "off"), "no_use_smote"),
            (set("scheduler", Null, "~"), "no_scheduler"),
            (set("v", Int, "2"), "set_v_2"),
            (set("model", Int, "2"), "set_model_2"),
            (set("wandb.\"entity.name\"", Str, "новое имя"), "novoe_imia"),
            (
                ChangeHint::Param {
                    name: "features.list".into(),
                    value: Some(Param::List(vec![])),
                },
                "features_list",
            ),
            (
                ChangeHint::Param {
                    name: "a.dropout".into(),
                    value: None,
                },
                "no_dropout",
            ),
            (data("data/processed/train_v2.csv.gz", true), "train_v2"),
            (data("data/v2.csv", true), "train_v2"),
            (
                data("data/processed/train_v1.csv", false),
                "changed_train_data",
            ),
            (code("src/train.py"), "code_train"),
            (code("Makefile"), "code_makefile"),
            (ChangeHint::Seed { value: "7".into() }, "seed_7"),
            (ChangeHint::Environment, "environment"),
            (
                ChangeHint::Same {
                    base: "exp_002".into(),
                },
                "repeat_exp_002",
            ),
        ] {
            assert_eq!(name(std::slice::from_ref(&change)), expected, "{change:?}");
        }
        assert_eq!(from_changes(&[]), None);
    }

    #[test]
    fn several_changes_are_joined_or_counted() {
        let trees = set("model.n_estimators", ParamKind::Int, "300");
        let depth = set("model.max_depth", ParamKind::Int, "8");
        let train = data("data/train_v2.csv", true);
        assert_eq!(
            name(&[trees.clone(), depth.clone()]),
            "max_depth_8_and_n_estimators_300"
        );
        assert_eq!(name(&[code("a.py"), code("b.py")]), "code_2_files");
        assert_eq!(
            name(&[depth.clone(), train.clone()]),
            "train_v2_and_max_depth_8"
        );
        assert_eq!(
            name(&[code("a.py"), depth, train.clone(), trees]),
            "train_v2_and_3_more"
        );
        let long = set("a.quite_long_parameter_name_indeed", ParamKind::Int, "1");
        assert_eq!(
            name(&[long.clone(), code("src/train.py")]),
            "quite_long_parameter_name_and_1_more"
        );
        assert_eq!(name(&[train, ChangeHint::First]), "baseline");
    }

    proptest! {
        #[test]
        fn any_change_gives_a_name_that_is_accepted(key in "\\PC{1,50}", text in "\\PC{0,50}", path in "[a-z0-9/._-]{1,40}") {
            let changes = [
                set(&key, ParamKind::Str, &text),
                set(&key, ParamKind::Int, "-3"),
                data(&path, true),
                code(&path),
            ];
            for some in [&changes[..1], &changes[1..2], &changes[2..3], &changes[..]] {
                if let Some(name) = from_changes(some) {
                    prop_assert_eq!(check(&name), Ok(()));
                }
            }
            let mut turned = changes.clone();
            turned.reverse();
            prop_assert_eq!(from_changes(&turned), from_changes(&changes));
        }
    }
}
