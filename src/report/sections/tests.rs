//! The sections on the course note's four runs.

use super::*;
use crate::model::MetricValue;
use crate::report::document;
use crate::report::facts::{Choice, FileState, InUse};
use crate::report::sample;
use crate::settings::ProjectSettings;

fn with<T>(
    lang: Lang,
    change: impl FnOnce(&mut Vec<Run>),
    tell: impl FnOnce(&mut Facts<'_>) -> T,
) -> T {
    let mut runs = sample::runs();
    change(&mut runs);
    let settings = sample::settings();
    let mut facts = Facts::new(runs.iter().collect(), &settings, lang);
    facts.overview_is_current = Some(true);
    tell(&mut facts)
}

fn promoted(why: Option<&str>) -> InUse {
    InUse {
        run: "exp_003_new_features".into(),
        uid: Some(sample::runs()[2].uid.clone()),
        path: Some("models/final/model_v2.pkl".into()),
        sha256: Some(sample::digest("abcd")),
        when: Some(sample::runs()[2].started),
        who: None,
        why: why.map(str::to_owned),
        file: FileState::Same,
    }
}

#[test]
fn the_design_says_what_each_run_was_for() {
    let text = with(Lang::Ru, |_| {}, |facts| Section::Design.markdown(facts));
    insta::assert_snapshot!(text, @r##"
    Записано 4 запуска, из них успешно завершено: 4. Выбор делается по `roc_auc_val`. Измерена она не на одних и тех же данных: значения с разными буквами в таблице сравнивать нельзя.

    - **exp_001** baseline. Точка отсчёта.
    - **exp_002** больше деревьев. По сравнению с exp_001: model.n_estimators 100 → 300.
    - **exp_003** new features: проверить age_bucket \| is_active_30d. По сравнению с exp_002: данные train train_v1.csv 9f2c41d8 → train_v2.csv 5d07ab13. Гипотеза: Новые фичи помогут.
    - **exp_004** lightgbm. По сравнению с exp_003: код b2f1c0e → b2f1c0e + правки, model.type RandomForestClassifier → LGBMClassifier.
    "##);
}

#[test]
fn the_table_binds_every_metric_and_tells_yardsticks_apart() {
    let text = with(Lang::En, |_| {}, |facts| Section::Table.markdown(facts));
    insta::assert_snapshot!(text, @r##"
    | id | what changed | data | roc_auc_val | roc_auc_test | measured on | conclusion |
    | --- | --- | --- | ---: | ---: | --- | --- |
    | exp_001 | – | train_v1 9f2c41d8 | <!-- exp:exp_001.roc_auc_val -->0.793<!-- /exp --> | <!-- exp:exp_001.roc_auc_test -->0.790<!-- /exp --> | A | – |
    | exp_002 | model.n_estimators 100 → 300 | train_v1 9f2c41d8 | **<!-- exp:exp_002.roc_auc_val -->0.810<!-- /exp -->** | <!-- exp:exp_002.roc_auc_test -->0.801<!-- /exp --> | A | – |
    | exp_003 | data train | train_v2 5d07ab13 | <!-- exp:exp_003.roc_auc_val -->0.842<!-- /exp --> | **<!-- exp:exp_003.roc_auc_test -->0.835<!-- /exp -->** | B | оставить &lt;b&gt;оба&lt;/b&gt; признака |
    | exp_004 | code, model.type RandomForestClassifier → LGBMClassifier | train_v2 5d07ab13 | **<!-- exp:exp_004.roc_auc_val -->0.861<!-- /exp -->** | <!-- exp:exp_004.roc_auc_test -->0.815<!-- /exp --> | B | – |

    Measured on, for `roc_auc_val`: A — train_v1.csv 9f2c41d8; B — train_v2.csv 5d07ab13. Compare only runs with the same letter. Bold: the best among runs measured on the same data.
    "##);
    let numbers = bound_numbers(&text);
    assert_eq!(numbers.len(), 8);
    for number in numbers {
        let place = format!("-->{number}<!--");
        assert!(text.contains(&place), "{number}");
    }
}

/// Every number of the sample's metrics that a text holds, with or without its binding.
fn bound_numbers(text: &str) -> Vec<String> {
    let metrics = sample::runs()
        .into_iter()
        .flat_map(|run| run.metrics.into_iter());
    metrics
        .filter(|(name, _)| name != "train_time_sec")
        .filter_map(|(_, value)| value.number().map(|n| n.as_str().to_owned()))
        .filter(|number| text.contains(number.as_str()))
        .collect()
}

#[test]
fn no_metric_is_written_without_its_binding() {
    for section in [Section::Design, Section::Choice, Section::Checklist] {
        let text = with(
            Lang::En,
            |_| {},
            |facts| {
                facts.choice = Choice::Made(promoted(Some("simple")));
                section.markdown(facts)
            },
        );
        for number in bound_numbers(&text) {
            let bound = text.matches(&format!("-->{number}<!--")).count();
            assert_eq!(text.matches(&number).count(), bound, "{number} in {text}");
        }
    }
}

#[test]
fn the_choice_weighs_the_records() {
    let text = with(
        Lang::En,
        |_| {},
        |facts| {
            facts.choice = Choice::Made(promoted(Some("лучший на test, проще exp_004")));
            Section::Choice.markdown(facts)
        },
    );
    insta::assert_snapshot!(text, @r##"
    In use: **exp_003_new_features**, model `models/final/model_v2.pkl` (abcd0000, digest matches), since 2025-10-10.

    Why this one: лучший на test, проще exp_004

    - `roc_auc_val` <!-- exp:exp_003.roc_auc_val -->0.842<!-- /exp -->: place 2 of 2 measured on the same data
    - exp_004 has <!-- exp:exp_004.roc_auc_val -->0.861<!-- /exp -->: its code was not committed; its `roc_auc_test` is worse: <!-- exp:exp_004.roc_auc_test -->0.815<!-- /exp --> against <!-- exp:exp_003.roc_auc_test -->0.835<!-- /exp -->
    - `roc_auc_test` <!-- exp:exp_003.roc_auc_test -->0.835<!-- /exp --> (not used for the choice)
    "##);
}

#[test]
fn without_a_promoted_run_nothing_is_called_chosen() {
    let text = with(Lang::En, |_| {}, |facts| Section::Choice.markdown(facts));
    insta::assert_snapshot!(text, @r##"
    No run has been promoted: the records don't say which model is in use.

    - The best value of `roc_auc_val`: **exp_004_lightgbm**, <!-- exp:exp_004.roc_auc_val -->0.861<!-- /exp --> (of 2 runs; the others were measured on other data)
    "##);
}

#[test]
fn the_checklist_answers_from_records() {
    let lines = with(
        Lang::Ru,
        |_| {},
        |facts| {
            facts.choice = Choice::Made(promoted(None));
            checklist::lines(facts, 132).join("\n")
        },
    );
    insta::assert_snapshot!(lines, @r##"
    1 Место для экспериментов: experiments/ (4 запуска, завершено: 4)                                                          да
    2 3–5 экспериментов и отличия: exp_001…exp_004                                                                             да
    3 Обзор: experiments/experiments.md актуален                                                                               да
    4 Модель в /predict: models/final/model_v2.pkl ← exp_003, хеш совпадает                                                    да
    5 Почему эта модель, а не та: выбор по roc_auc_val; запись «почему» пуста   → git exp promote exp_003_new_features -m "…"  НЕТ
    6 Чем отличаются версии данных: train_v1 → train_v2: строк 10 000 → 10 412                                                 да
    "##);
}

#[test]
fn what_is_not_recorded_is_not_a_yes() {
    use checklist::Answer::{No, Unknown, Yes};
    let answers = |facts: &Facts<'_>| -> Vec<checklist::Answer> {
        checklist::items(facts)
            .iter()
            .map(|item| item.answer)
            .collect()
    };
    let forget = |runs: &mut Vec<Run>| {
        for run in runs {
            run.data.clear();
            run.base = None;
        }
    };
    let got = with(Lang::En, forget, |facts| {
        facts.overview_is_current = None;
        let mut used = promoted(Some("  "));
        used.file = FileState::Unknown("no such file".into());
        facts.choice = Choice::Made(used);
        answers(facts)
    });
    assert_eq!(got, [Yes, Unknown, No, Unknown, No, Unknown]);
    let settings = ProjectSettings::default();
    let empty = Facts::new(Vec::new(), &settings, Lang::En);
    assert_eq!(answers(&empty), [No, No, No, No, No, Unknown]);
    let differs = with(
        Lang::En,
        |_| {},
        |facts| {
            let mut used = promoted(Some("simple"));
            used.file = FileState::Differs;
            facts.choice = Choice::Made(used);
            answers(facts)
        },
    );
    assert_eq!(differs, [Yes, Yes, Yes, No, Yes, Yes]);
}

#[test]
fn a_nan_is_never_the_best_and_a_lone_run_beats_nobody() {
    let spoil = |runs: &mut Vec<Run>| {
        let nan = crate::model::Number::parse("nan").unwrap();
        runs[3]
            .metrics
            .insert("roc_auc_val".into(), MetricValue::Number(nan));
    };
    let text = with(Lang::En, spoil, |facts| Section::Table.markdown(facts));
    assert!(
        text.contains("-->NaN<!--") && !text.contains("**<!-- exp:exp_004.roc_auc_val"),
        "{text}"
    );
    let alone = |runs: &mut Vec<Run>| runs.truncate(1);
    let text = with(Lang::En, alone, |facts| Section::Table.markdown(facts));
    assert!(!text.contains("**"), "{text}");
}

#[test]
fn a_report_keeps_its_own_words() {
    let own = "# Мой отчёт\r\n\r\nROC-AUC <!-- exp:exp_003.roc_auc_val -->0,83<!-- /exp --> хорош.\r\n\
        ```\r\n<!-- exp:begin table -->\r\n<!-- exp:exp_003.roc_auc_val -->0<!-- /exp -->\r\n```\r\n\
        <!-- exp:begin choice -->\r\nold\r\n<!-- exp:end choice -->\r\nконец";
    with(
        Lang::Ru,
        |_| {},
        |facts| {
            let updated = document::update(own, &[], facts, "report.md").unwrap();
            assert_eq!(updated.sections, [Section::Choice]);
            assert_eq!(updated.numbers, ["exp_003 roc_auc_val 0,83 → 0,84"]);
            let choice = Section::Choice.markdown(facts).replace('\n', "\r\n");
            let expected = own.replace("0,83", "0,84").replace("old\r\n", &choice);
            assert_eq!(updated.text, expected);
            assert_eq!(
                document::update(&expected, &[], facts, "report.md")
                    .unwrap()
                    .text,
                expected
            );
        },
    );
}

#[test]
fn broken_markers_are_named_by_line_and_nothing_is_written() {
    let cases = [
        (
            "<!-- exp:begin table -->\nx\n",
            "line 1 of the report: the section `table` has no end",
        ),
        (
            "a\n<!-- exp:end table -->\n",
            "line 2 of the report: the section `table` ends without a beginning",
        ),
        (
            "<!-- exp:begin table -->\n<!-- exp:begin design -->\n",
            "line 2 of the report: the section `design` begins before `table` (line 1) has ended",
        ),
        (
            "<!-- exp:begin table -->\n<!-- exp:end table -->\n<!-- exp:begin table -->\n<!-- exp:end table -->\n",
            "line 3 of the report: the section `table` begins a second time",
        ),
        (
            "<!-- exp:begin tabel -->\n",
            "line 1 of the report: no section is called `tabel`",
        ),
        ("no markers\n", "the report has no place for a section"),
    ];
    with(
        Lang::En,
        |_| {},
        |facts| {
            for (text, message) in cases {
                let failure = document::update(text, &[], facts, "report.md").unwrap_err();
                assert_eq!(failure.message(), message);
                assert!(!failure.hints().is_empty());
            }
            let one = "<!-- exp:begin table -->\n<!-- exp:end table -->\n";
            let failure =
                document::update(one, &[Section::Choice], facts, "report.md").unwrap_err();
            assert_eq!(failure.message(), "the report has no section `choice`");
            let hint = "git exp report --update report.md --append --section choice";
            assert!(failure.hints()[0].ends_with(hint), "{failure:?}");
        },
    );
}

#[test]
fn hostile_records_stay_inside_their_cell() {
    let attack = "x | y\n<!-- exp:end table --><script>alert(1)</script>[a](javascript:alert(1))`";
    let change = |runs: &mut Vec<Run>| {
        runs[1].title = attack.into();
        runs[1].conclusion = Some(attack.into());
        runs[1]
            .params
            .insert(attack.into(), crate::model::Param::text(attack));
        let value = runs[1].metrics["roc_auc_val"].clone();
        runs[1].metrics.insert(format!("auc {attack}"), value);
    };
    with(Lang::En, change, |facts| {
        let whole = document::new(&Section::ALL, facts);
        assert_eq!(
            document::update(&whole, &[], facts, "report.md")
                .unwrap()
                .text,
            whole
        );
        assert!(!whole.contains("<script"), "{whole}");
        let table = Section::Table.markdown(facts);
        let unescaped = |line: &str| line.replace("\\|", "").matches('|').count();
        let rows: Vec<usize> = table
            .lines()
            .filter(|l| l.starts_with('|'))
            .map(unescaped)
            .collect();
        assert!(rows.windows(2).all(|w| w[0] == w[1]), "{rows:?}\n{table}");
    });
}
