//! Lies, each of which must be found under its own code, beside an honest twin that must not.

use std::collections::BTreeSet;

use super::{findings, folder, many, score};
use crate::common::TestEnv;

/// What a lie is about, the code that must find it, and how it is told.
pub struct Lie {
    pub run: u32,
    pub code: &'static str,
    pub tell: fn(&TestEnv, u32),
}

fn edit(env: &TestEnv, file: &str, from: &str, to: &str) {
    let text = env.read(file);
    assert!(text.contains(from), "{file} has no `{from}`:\n{text}");
    env.write(file, text.replacen(from, to, 1));
}

fn edit_record(env: &TestEnv, run: u32, from: &str, to: &str) {
    edit(env, &format!("{}/run.json", folder(run)), from, to);
}

fn edit_log(env: &TestEnv, run: u32, from: &str, to: &str) {
    edit(env, &format!("{}/README.md", folder(run)), from, to);
}

/// Changes the record and makes the seal fit.
pub fn reseal(env: &TestEnv, run: u32, change: impl Fn(&mut git_exp::model::Run)) {
    reseal_in(&env.path(&folder(run)), change);
}

/// The same by the run's folder.
pub fn reseal_in(folder: &std::path::Path, change: impl Fn(&mut git_exp::model::Run)) {
    let mut record = git_exp::store::format::read_run(folder).unwrap();
    change(&mut record);
    record.digest = Some(git_exp::store::seal::digest(&record));
    git_exp::store::format::write_run(folder, &record).unwrap();
}

const fn lie(run: u32, code: &'static str, tell: fn(&TestEnv, u32)) -> Lie {
    Lie { run, code, tell }
}

pub const LIES: [Lie; 30] = [
    lie(1, "E-schema", |env, n| {
        edit_record(
            env,
            n,
            "\"schema\": \"git-exp/run/1\"",
            "\"schema\": \"git-exp/run/9\"",
        );
    }),
    lie(2, "E-schema", |env, n| {
        env.write(
            &format!("{}/run.json", folder(n)),
            "{\"schema\": \n<<<<<<< HEAD\n",
        );
    }),
    lie(3, "E-schema", |env, n| {
        reseal(env, n, |run| run.data[0].path = "../../etc/passwd".into());
    }),
    lie(4, "E-name", |env, n| {
        edit_record(env, n, "\"slug\": \"idea_4\"", "\"slug\": \"another\"");
    }),
    lie(5, "E-dup-id", |env, n| {
        let copy = env.path("experiments/runs/exp_005_copy");
        std::fs::create_dir_all(&copy).unwrap();
        let mut run = git_exp::store::format::read_run(&env.path(&folder(n))).unwrap();
        run.slug = "copy".into();
        git_exp::store::format::write_run(&copy, &run).unwrap();
    }),
    lie(6, "E-commit", |env, n| {
        reseal(env, n, |run| {
            run.code.commit = git_exp::model::Oid::parse(&"a".repeat(40));
        });
    }),
    lie(7, "E-dirty", |env, n| {
        reseal(env, n, |run| run.code.dirty = true);
    }),
    lie(8, "E-data", |env, n| {
        reseal(env, n, |run| {
            run.data[0].sha256 = Some(git_exp::model::Sha256::of(b"other data"));
        });
    }),
    lie(9, "E-model", |env, n| {
        env.write(&format!("models/{n}.pkl"), "another model");
    }),
    lie(10, "E-config", |env, n| {
        env.write(
            &format!("{}/config.yaml", folder(n)),
            "model:\n  depth: 99\n",
        );
    }),
    lie(11, "E-config", |env, n| {
        std::fs::remove_file(env.path(&format!("{}/config.yaml", folder(n)))).unwrap();
    }),
    lie(12, "E-config", |env, n| {
        edit_log(env, n, "model.depth: 12", "model.depth: 21");
    }),
    lie(13, "E-metrics", |env, n| {
        env.write(
            &format!("{}/metrics.json", folder(n)),
            "{\"roc_auc_val\": 0.9}\n",
        );
    }),
    lie(14, "E-metrics", |env, n| {
        env.write(&format!("{}/metrics.json", folder(n)), "not metrics");
    }),
    lie(15, "E-metrics", |env, n| {
        std::fs::remove_file(env.path(&format!("{}/metrics.json", folder(n)))).unwrap();
    }),
    lie(16, "E-immutable", |env, n| {
        edit_record(env, n, "\"roc_auc_val\": 0.516", "\"roc_auc_val\": 0.916");
    }),
    lie(17, "E-immutable", |env, n| {
        reseal(env, n, |run| {
            run.seconds = Some(git_exp::model::Number::from_f64(1.0))
        });
    }),
    lie(18, "E-immutable", |env, n| {
        let path = env.path(&folder(n));
        let mut run = git_exp::store::format::read_run(&path).unwrap();
        run.digest = None;
        git_exp::store::format::write_run(&path, &run).unwrap();
    }),
    lie(19, "E-report", |env, n| {
        edit_log(env, n, "валидации 0.519", "валидации 0.591");
    }),
    lie(20, "E-report", |env, n| {
        edit_log(env, n, "roc_auc_val: 0.52", "roc_auc_val: 0.62");
    }),
    lie(21, "E-report", |env, _| {
        edit(
            env,
            "report.md",
            "| exp_021 | 0.521 |",
            "| exp_021 | 0.721 |",
        );
    }),
    lie(22, "E-report", |env, _| {
        edit(
            env,
            "report.md",
            "exp_022.accuracy -->75 %",
            "exp_022.accuracy -->85 %",
        );
    }),
    lie(23, "E-report", |env, _| {
        edit(
            env,
            "report.md",
            "exp_023 даёт ROC-AUC (val) 0.523",
            "exp_023 даёт ROC-AUC (val) 0.532",
        );
    }),
    lie(24, "E-report", |env, _| {
        edit(
            env,
            "report.md",
            "| exp_024 | 0.524 | 0,75 |",
            "| exp_024 | 0.524 | 0,80 |",
        );
    }),
    lie(25, "E-secret", |env, n| {
        let token = format!("ghp_{}", "aB3dE6gH9jK2mN5pQ8rS1tU4vW7xY0zA1bC2");
        edit_log(
            env,
            n,
            "## Выводы\n",
            &format!("## Выводы\n\nтокен {token}\n"),
        );
    }),
    lie(26, "E-prod", |env, n| {
        let run = git_exp::store::format::read_run(&env.path(&folder(n))).unwrap();
        let stage = serde_json::json!({
            "schema": "git-exp/stage/1", "stage": "production", "run": run.id().to_string(),
            "uid": run.uid, "why": "the best", "when": "2025-10-12T10:00:00+03:00",
            "model": {
                "path": "models/26.pkl", "bytes": 1,
                "sha256": git_exp::model::Sha256::of(b"something else"),
            },
        });
        env.write("experiments/stages/production.json", stage.to_string());
    }),
    lie(27, "W-stale", |env, n| {
        reseal(env, n, |run| run.status = git_exp::model::Status::Stale);
    }),
    lie(28, "W-nogoal", |env, n| {
        reseal(env, n, |run| run.goal = None);
    }),
    lie(29, "E-metrics", |env, n| {
        reseal(env, n, |run| {
            let value = git_exp::model::Number::parse("NaN").unwrap();
            run.metrics.insert(
                "accuracy".into(),
                git_exp::model::MetricValue::Number(value),
            );
        });
    }),
    lie(30, "W-undeclared", |env, n| {
        let base = git_exp::store::format::read_run(&env.path(&folder(31))).unwrap();
        reseal(env, n, move |run| {
            run.declared = vec!["data".into()];
            run.base = Some(git_exp::model::run::Base {
                id: base.id().to_string(),
                uid: base.uid.clone(),
            });
        });
    }),
];

#[test]
fn thirty_lies_among_forty_runs_are_found_each_under_its_own_code() {
    let env = many(40);
    let (honest, code) = findings(&env, &["--strict"]);
    assert_eq!((honest, code), (Vec::new(), 0), "the honest twin");
    for lie in LIES {
        (lie.tell)(&env, lie.run);
    }
    let (found, code) = findings(&env, &[]);
    assert_eq!(code, 1);
    for lie in LIES {
        let name = format!("exp_{:03}", lie.run);
        let is_it = |(code, outcome, place): &&(String, String, String)| {
            code == lie.code && outcome == "broken" && place.contains(&name)
        };
        assert!(
            found.iter().any(|finding| is_it(&finding)),
            "{} of {name}: {found:#?}",
            lie.code
        );
    }
    // Ten runs told no lie: no finding may name them.
    let named: BTreeSet<&str> = found
        .iter()
        .filter_map(|(_, _, place)| place.split(' ').next())
        .filter(|run| !run.is_empty())
        .collect();
    for honest in 31..=40 {
        let name = format!("exp_{honest:03}_idea_{honest}");
        assert!(!named.contains(name.as_str()), "{name}: {found:#?}");
    }
}

#[test]
fn each_lie_alone_raises_nothing_else() {
    // Some lies can't be told without breaking what is derived from the record too.
    let follows = |code: &str| -> &[&str] {
        match code {
            "E-schema" => &["E-table", "E-report", "E-immutable", "E-data"],
            "E-name" | "E-dup-id" => &[
                "E-table",
                "E-metrics",
                "E-config",
                "E-data",
                "E-model",
                "E-name",
                "W-why",
            ],
            "W-stale" | "W-undeclared" | "W-nogoal" => &["E-table", "E-immutable"],
            "E-immutable" => &["E-table", "E-report", "E-metrics"],
            _ => &["E-immutable", "E-report", "E-table"],
        }
    };
    // One of each kind; the whole list is told at once above.
    let mut seen = BTreeSet::new();
    let env = many(31);
    for lie in LIES.iter().filter(|lie| seen.insert(lie.code)) {
        env.git(&["reset", "-q", "--hard"]);
        env.git(&["clean", "-q", "-fd"]);
        (lie.tell)(&env, lie.run);
        let (found, _) = findings(&env, &[]);
        assert!(
            found.iter().any(|(code, ..)| code == lie.code),
            "{}: {found:#?}",
            lie.code
        );
        for (code, outcome, place) in &found {
            let allowed = code == lie.code || follows(lie.code).contains(&code.as_str());
            assert!(
                allowed || outcome == "note",
                "{} raised {code} on {place}",
                lie.code
            );
        }
    }
}

#[test]
fn a_seal_made_to_fit_is_told_by_the_branch_that_it_left() {
    let env = many(3);
    env.git(&["checkout", "-q", "-b", "topic"]);
    reseal(&env, 2, |run| {
        run.seconds = Some(git_exp::model::Number::from_f64(1.0));
    });
    env.commit("a quiet correction");
    assert_eq!(env.exp(&["check"]).code, 0, "by itself the record is whole");
    let ran = env.exp(&["check", "--since", "main"]);
    assert_eq!(ran.code, 1, "{}", ran.all());
    assert!(
        ran.stdout
            .contains("its sealed part differs from the version in main"),
        "{}",
        ran.stdout
    );
}

#[test]
fn a_stale_number_is_found_and_a_rounded_one_is_not() {
    let env = many(3);
    let right = format!("# Отчёт\n\nexp_002: ROC-AUC (val) {:.2}\n", score(2));
    env.write("report.md", &right);
    assert_eq!(env.exp(&["check", "--strict"]).code, 0);
    env.write(
        "report.md",
        "# Отчёт\n\nexp_002: <!-- exp:exp_002.roc_auc_val -->0,49<!-- /exp -->\n",
    );
    insta::assert_snapshot!(env.exp(&["check"]).all(), @r"
    --- stdout
    3 runs, 3 finished
      broken   E-report  report.md:3:42  roc_auc_val of exp_002 is written as 0,49, the record says 0.502
                         no run has 0,49 for this metric
                         fix: git exp report --update report.md
    1 broken, 50 ok                                                           exit 1
    --- exit 1
    ");
}
