use std::collections::BTreeMap;

use super::*;
use crate::model::run::Base;
use crate::model::{Run, RunId, Uid};

struct Shelf(BTreeMap<String, Brief>);

impl Records for Shelf {
    fn run(&self, label: &str) -> Option<&Brief> {
        self.0.values().find(|run| {
            run.id().short() == label || run.id().to_string() == label || run.uid.as_str() == label
        })
    }
}

fn shelf() -> Shelf {
    let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
    let mut all = BTreeMap::new();
    for (number, slug, val, test, acc) in [
        (1u8, "baseline", "0.793", "0.790", "0.71"),
        (2, "more_trees", "0.810", "0.801", "0.72"),
        (3, "new_features", "0.842", "0.835", "0.7512"),
    ] {
        let id = RunId::parse(&format!("exp_{number:03}_{slug}")).unwrap();
        let uid = Uid::new(u64::from(number), &[number; 10]);
        let mut run = Brief::from(&Run::new(uid, id, started));
        for (name, value) in [
            ("roc_auc_val", val),
            ("roc_auc_test", test),
            ("accuracy", acc),
            ("n_rows", "1000"),
        ] {
            let value = MetricValue::Number(Number::parse(value).unwrap());
            run.metrics.insert(name.into(), value);
        }
        if number > 1 {
            run.base = Some(Base {
                id: "x".into(),
                uid: Uid::new(u64::from(number - 1), &[number - 1; 10]),
            });
        }
        all.insert(run.id().short(), run);
    }
    Shelf(all)
}

/// The wrong numbers of a text: run, metric, number.
fn wrong(text: &str, own: Option<&str>) -> Vec<String> {
    let shelf = shelf();
    claims(text, own.and_then(|own| shelf.run(own)), &shelf)
        .into_iter()
        .filter(|claim| claim.verdict != Verdict::Matches)
        .map(|claim| {
            format!(
                "{} {} {}",
                &claim.run[..7.min(claim.run.len())],
                claim.metric,
                claim.written
            )
        })
        .collect()
}

/// How many numbers of a text are bound and right.
fn right(text: &str, own: Option<&str>) -> usize {
    let shelf = shelf();
    let all = claims(text, own.and_then(|own| shelf.run(own)), &shelf);
    all.iter()
        .filter(|claim| claim.verdict == Verdict::Matches)
        .count()
}

#[test]
fn right_sentences_bind_their_numbers_and_raise_nothing() {
    for (text, bound) in [
        ("У exp_003 ROC-AUC на валидации 0.842.", 1),
        ("exp_003: ROC-AUC (val) = 0,84; ROC-AUC (test) = 0,835", 2),
        (
            "На валидации exp_003 даёт ROC-AUC 0.842, на тесте 0.835.",
            2,
        ),
        (
            "exp_003 reached a validation ROC-AUC of 84.2 % and an accuracy of 75.1 %.",
            2,
        ),
        (
            "ROC-AUC (val): exp_001 0.793, exp_002 0.810, exp_003 0.842",
            3,
        ),
        ("Лучшая точность 0.75 у exp_003.", 1),
        ("roc_auc_val 0.842 (exp_003) против 0.810 (exp_002)", 2),
        (
            "exp_003 вырос по ROC-AUC (val) с 0.81 до 0.84 по сравнению с exp_002.",
            2,
        ),
        ("In exp_003 validation AUC rose from 0.81 to 0.842.", 2),
        (
            "ROC-AUC на валидации: 0.810 → 0.842 (exp_003 относительно exp_002)",
            2,
        ),
        ("Доля верных ответов эксперимента 2 равна 72 %.", 1),
        (
            "| id | ROC-AUC (val) | accuracy |\n|---|---:|---|\n| exp_002 | 0.810 | **0.72** |\n| exp_003 | 0.84 | 75.1% |\n",
            4,
        ),
        (
            "| metric | exp_002 | exp_003 |\n|---|---|---|\n| val AUC | 0.81 | 0.842 |\n",
            2,
        ),
        ("### exp_003\n\nROC-AUC на тесте: 0.835\n", 1),
        ("exp_003 adds two columns. Its ROC-AUC (val) is 0.842.", 1),
    ] {
        assert_eq!(wrong(text, None), Vec::<String>::new(), "{text}");
        assert_eq!(right(text, None), bound, "{text}");
    }
}

#[test]
fn wrong_numbers_are_found() {
    for (text, found) in [
        (
            "У exp_003 ROC-AUC на валидации 0.83.",
            "exp_003 roc_auc_val 0.83",
        ),
        ("exp_003: ROC-AUC (val) = 0,85", "exp_003 roc_auc_val 0,85"),
        (
            "На валидации exp_003 даёт ROC-AUC 0.842, на тесте 0.845.",
            "exp_003 roc_auc_test 0.845",
        ),
        (
            "exp_003 reached an accuracy of 76 %.",
            "exp_003 accuracy 76 %",
        ),
        (
            "ROC-AUC (val): exp_001 0.793, exp_002 0.820, exp_003 0.842",
            "exp_002 roc_auc_val 0.820",
        ),
        ("Лучшая точность 0.77 у exp_003.", "exp_003 accuracy 0.77"),
        (
            "exp_003 вырос по ROC-AUC (val) с 0.80 до 0.84 по сравнению с exp_002.",
            "exp_002 roc_auc_val 0.80",
        ),
        (
            "In exp_003 validation AUC rose from 0.81 to 0.852.",
            "exp_003 roc_auc_val 0.852",
        ),
        (
            "roc_auc_val 0.810 (exp_003), 0.810 (exp_002)",
            "exp_003 roc_auc_val 0.810",
        ),
        (
            "| id | AUC val |\n|---|---|\n| exp_002 | 0.810 |\n| [exp_003](runs/x) | 0.824 |\n",
            "exp_003 roc_auc_val 0.824",
        ),
        (
            "| metric | exp_003 |\n|---|---|\n| точность | 0.85 |\n",
            "exp_003 accuracy 0.85",
        ),
        (
            "### exp_003\n\nROC-AUC на тесте: 0.842\n",
            "exp_003 roc_auc_test 0.842",
        ),
        (
            "<!-- exp:exp_003.accuracy -->0.76<!-- /exp -->",
            "exp_003 accuracy 0.76",
        ),
    ] {
        assert_eq!(wrong(text, None), [found], "{text}");
    }
}

#[test]
fn a_mini_log_speaks_of_its_own_run() {
    assert_eq!(
        wrong("- roc_auc_val: 0.83\n", Some("exp_003")),
        ["exp_003 roc_auc_val 0.83"]
    );
    assert!(
        wrong(
            "- roc_auc_val: 0.842\n- ROC-AUC (test): 0.835\n",
            Some("exp_003")
        )
        .is_empty()
    );
    let risen = "ROC-AUC (val) вырос с 0.81 до 0.84 по сравнению с exp_002.";
    assert!(wrong(risen, Some("exp_003")).is_empty());
    assert_eq!(right(risen, Some("exp_003")), 2);
    let base = "ROC-AUC на валидации вырос с 0.80 до 0.84.";
    assert_eq!(wrong(base, Some("exp_003")), ["exp_002 roc_auc_val 0.80"]);
}

#[test]
fn the_machine_s_part_is_read_by_its_items_alone() {
    let part = |line: &str| format!("<!-- exp:begin -->\n{line}\n<!-- exp:end -->\n");
    let own = Some("exp_003");
    assert_eq!(
        wrong(&part("- roc_auc_val: 0.83 (primary)"), own),
        ["exp_003 roc_auc_val 0.83"]
    );
    assert!(wrong(&part("- roc_auc_val: 0.842 (primary)"), own).is_empty());
    assert!(wrong(&part("Goal: ROC-AUC (val) of 0.9"), own).is_empty());
    assert!(wrong(&part("- Warning: accuracy is 0.1"), own).is_empty());
}

#[test]
fn numbers_that_are_something_else_are_left_alone() {
    for text in [
        "У exp_003 прирост ROC-AUC +0.032, то есть на 0.032 больше.",
        "exp_003 beats exp_002 by 0.032 in validation AUC.",
        "exp_003: 5 запусков, ROC-AUC посчитан при пороге 0.5.",
        "exp_003 обучался 45.3 сек, ROC-AUC в таблице.",
        "exp_003: ROC-AUC, см. раздел 3.1 и рис. 2.",
        "exp_003 (2025-10-10, Python 3.11.9): ROC-AUC ниже.",
        "exp_003: доход вырос в 1.5 раза, ROC-AUC тоже.",
        "AUC 0.95 is what the authors of the paper report.",
        "exp_099 has a validation AUC of 0.99.",
        "```\nexp_003 roc_auc_val 0.1\n```",
        "exp_003: `lr = 0.01`, ROC-AUC ниже",
        "exp_003 accuracy ± 0.004",
        "Цель exp_003: поднять ROC-AUC (val) до 0.9.",
        "We expected exp_003 to reach a validation AUC of 0.9.",
        "| id | Δ ROC-AUC |\n|---|---|\n| exp_003 | 0.032 |\n",
        "| id | lr |\n|---|---|\n| exp_003 | 0.01 |\n",
    ] {
        assert_eq!(wrong(text, None), Vec::<String>::new(), "{text}");
    }
}

#[test]
fn places_are_lines_and_characters() {
    let shelf = shelf();
    let all = claims("# Отчёт\n\nТекст, у exp_003 точность 0.9.\n", None, &shelf);
    assert_eq!((all[0].line, all[0].column), (3, 27));
}

#[test]
fn a_marker_that_makes_no_sense_is_told() {
    let shelf = shelf();
    let why = |text: &str| match &claims(text, None, &shelf)[0].verdict {
        Verdict::Unreadable(why) => why.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(
        why("<!-- exp:exp_099.auc -->1<!-- /exp -->"),
        "a number is bound to exp_099, which is no recorded run"
    );
    assert_eq!(
        why("<!-- exp:exp_003.auc -->1<!-- /exp -->"),
        "exp_003_new_features has no metric auc"
    );
    assert_eq!(
        why("<!-- exp:exp_003.accuracy -->?<!-- /exp -->"),
        "`?` is no number"
    );
    assert_eq!(
        why("<!-- exp:exp_003.accuracy -->0.75"),
        "the marker of exp_003.accuracy is not closed"
    );
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "(exp_00[1-9]|ROC-AUC|0[.,][0-9]{1,3}|<!-- exp:exp_003.accuracy -->|<!-- /exp -->|\\||\n|```|[ (]|точность|с|до|→|%|на|\\PC){0,40}") {
        let shelf = shelf();
        for claim in claims(&text, shelf.run("exp_003"), &shelf) {
            proptest::prop_assert!(claim.line >= 1 && claim.column >= 1);
        }
    }
}
