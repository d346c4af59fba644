//! W-undeclared: a run that said what it changes changed nothing else.

use std::collections::BTreeSet;

use super::{Rule, Topic, of_each};
use crate::check::facts::Facts;
use crate::check::finding::Finding;
use crate::model::Brief;

const CODE: &str = "W-undeclared";

/// The rule.
pub const RULE: Rule = Rule {
    code: CODE,
    title: "a run that declares its changes changed nothing else",
    topic: Topic {
        cause: "`--changes` named what the run was to change against its base, and more than that \
                differs. What helped can't be told then.",
        example: "warning  W-undeclared  exp_004_lightgbm  code changed against exp_003 and was not declared",
        way_out: "See all that differs: git exp diff exp_003 exp_004\n\
                  Declare it when it is meant: git exp start NAME --changes model.type --changes code\n\
                  Or change one thing at a time: git exp run NAME --like exp_003 --set model.type=lgbm",
    },
    run,
};

fn run(facts: &Facts) -> Vec<Finding> {
    of_each(facts, |seen, record| {
        if record.declared.is_empty() {
            return None;
        }
        let base = record.base.as_ref()?;
        let base = facts.roll.of_uid(&base.uid)?;
        let is_declared = |name: &String| {
            record
                .declared
                .iter()
                .any(|declared| covers(declared, name))
        };
        let undeclared: Vec<String> = changed(base, &Brief::from(record))
            .into_iter()
            .filter(|name| !is_declared(name))
            .collect();
        if undeclared.is_empty() {
            return Some(Finding::ok(CODE));
        }
        let (names, base) = (undeclared.join(", "), base.id().short());
        let message = format!("{names} changed against {base} and was not declared");
        let fix = format!("git exp diff {base} {}", seen.id.short());
        Some(Finding::broken(CODE, message).fix(fix))
    })
}

/// What differs, by the name that `--changes` would give it: `code`, `data.train`, `model.depth`.
fn changed(base: &Brief, run: &Brief) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let (Some(a), Some(b)) = (&base.code_tree, &run.code_tree)
        && a != b
    {
        names.insert("code".to_owned());
    }
    for name in base.params.keys().chain(run.params.keys()) {
        let same = match (base.params.get(name), run.params.get(name)) {
            (Some(a), Some(b)) => a.same_value(b),
            _ => false,
        };
        if !same {
            names.insert(name.clone());
        }
    }
    let digest = |run: &Brief, role: &str| {
        let input = run.data.iter().find(|input| input.role == role);
        input.and_then(|input| input.sha256.clone())
    };
    for input in base.data.iter().chain(&run.data) {
        if digest(base, &input.role) != digest(run, &input.role) {
            names.insert(format!("data.{}", input.role));
        }
    }
    names
}

/// `model` covers `model.depth`; `data` covers `data.train`; `config.model.depth` is `model.depth`.
fn covers(declared: &str, name: &str) -> bool {
    let declared = declared.strip_suffix(".*").unwrap_or(declared);
    let declared = declared.strip_prefix("config.").unwrap_or(declared);
    declared == "config" && !name.starts_with("data.") && name != "code"
        || name == declared
        || name
            .strip_prefix(declared)
            .is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{facts, oid, outcome, record, run, told};
    use super::*;
    use crate::check::finding::Outcome;
    use crate::model::Param;
    use crate::model::param::ParamKind;
    use crate::model::run::Base;

    fn pair(declared: &[&str]) -> Facts {
        let (mut base, mut next) = (run("exp_001_a"), run("exp_002_b"));
        let depth = |text| Param::leaf(ParamKind::Int, text);
        record(&mut base)
            .params
            .insert("model.depth".into(), depth("4"));
        record(&mut next)
            .params
            .insert("model.depth".into(), depth("8"));
        let link = Base {
            id: "exp_001_a".into(),
            uid: record(&mut base).uid.clone(),
        };
        record(&mut next).base = Some(link);
        record(&mut next).declared = declared.iter().map(ToString::to_string).collect();
        facts(vec![base, next])
    }

    #[test]
    fn only_what_was_declared_may_change() {
        for declared in [
            "model.depth",
            "model",
            "model.*",
            "config.model.depth",
            "config",
        ] {
            assert_eq!(
                outcome(&RULE, &pair(&[declared])),
                Outcome::Ok,
                "{declared}"
            );
        }
        assert!((RULE.run)(&pair(&[])).is_empty(), "nothing was claimed");
        let mut more = pair(&["model.depth"]);
        record(&mut more.runs[1]).code.code_tree = Some(oid(33));
        assert_eq!(
            told(&(RULE.run)(&more))[0].1,
            "code changed against exp_001 and was not declared"
        );
    }
}
