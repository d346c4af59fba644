//! `--since` and `--staged` find what the full check finds about the runs that changed, and look at
//! no other.

use std::collections::BTreeSet;

use super::lies::{LIES, reseal, reseal_in};
use super::{folder, many, record};
use crate::common::TestEnv;

/// What is not fine: code, outcome, run or file, message.
fn told(env: &TestEnv, args: &[&str]) -> (BTreeSet<[String; 4]>, serde_json::Value) {
    let ran = env.exp(&[&["check", "--json"], args].concat());
    let value: serde_json::Value =
        serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.all()));
    let found = value["findings"].as_array().unwrap().iter();
    let found = found.map(|finding| {
        let text = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
        let place = match text("run") {
            run if run.is_empty() => text("file"),
            run => run,
        };
        // Each has its own version to compare with.
        let message = match text("message").split_once(" differs from the version in ") {
            Some((what, _)) => format!("{what} differs from an earlier version"),
            None => text("message"),
        };
        [text("code"), text("outcome"), place, message]
    });
    (found.collect(), value["looked_at"].clone())
}

/// Numbers that only look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % end
    }
}

#[test]
fn whatever_changed_is_judged_as_by_the_full_check() {
    let env = many(30);
    let base = env.git(&["rev-parse", "HEAD"]).trim().to_owned();
    // Lies about report.md are told of a run that did not change; the file did.
    let by_file = |code: &str| ["E-report", "E-table", "E-prod"].contains(&code);
    for seed in 1..=8 {
        env.git(&["reset", "-q", "--hard", &base]);
        env.git(&["clean", "-q", "-fd"]);
        let mut dice = Dice(seed);
        let mut changed = BTreeSet::new();
        for step in 0..3 {
            for _ in 0..=dice.below(3) {
                let lie = &LIES[dice.below(LIES.len())];
                if changed.insert(lie.run) {
                    (lie.tell)(&env, lie.run);
                }
            }
            // In a commit, in the index, or on disk alone.
            match step {
                0 => env.commit("lies"),
                1 => drop(env.git(&["add", "-A"])),
                _ => {}
            }
        }
        let is_about = |place: &str| {
            // The copy is new, the original is as it was; so is a run whose model was overwritten.
            changed.iter().any(|run| match run {
                5 => place == "exp_005_copy",
                9 => false,
                run => place.contains(&format!("exp_{run:03}")),
            })
        };
        let (full, _) = told(&env, &[]);
        let (since, looked) = told(&env, &["--since", &base]);
        for finding in &full {
            let [code, _, place, _] = finding;
            assert!(
                since.contains(finding) || !is_about(place) && !by_file(code),
                "seed {seed}: missing with --since: {finding:?}\n{since:#?}"
            );
        }
        for finding in since.difference(&full) {
            let [_, _, _, message] = finding;
            // HEAD has the lie by now; the base has not.
            assert!(
                message.contains("differs from an earlier version"),
                "seed {seed}: only with --since: {finding:?}\n{full:#?}"
            );
        }
        // Lies about models, the report and stages change no folder; a copy adds one.
        let records = looked["records"].as_u64().unwrap();
        assert!(records <= changed.len() as u64 + 1, "seed {seed}: {looked}");
    }
}

#[test]
fn a_new_run_is_held_against_old_ones_that_are_not_read() {
    let env = many(12);
    env.git(&["checkout", "-q", "-b", "topic"]);
    record(&env, "new idea", "0.9");
    let new = "experiments/runs/exp_013_new_idea";
    let path = env.path("experiments/runs/exp_005_other");
    std::fs::rename(env.path(new), &path).unwrap();
    let mut run = git_exp::store::format::read_run(&path).unwrap();
    (run.number, run.slug) = (5, "other".into());
    let old = git_exp::store::format::read_run(&env.path(&folder(7))).unwrap();
    run.base = Some(git_exp::model::run::Base {
        id: old.id().to_string(),
        uid: old.uid.clone(),
    });
    run.declared = vec!["code".into()];
    git_exp::store::format::write_run(&path, &run).unwrap();
    let (found, looked) = told(
        &env,
        &["--since", "main", "--skip", "table,immutable,config"],
    );
    let messages: Vec<&str> = found.iter().map(|[.., message]| message.as_str()).collect();
    assert!(
        messages.contains(&"number 5 is also taken by exp_005_idea_5"),
        "{messages:#?}"
    );
    assert!(
        messages
            .iter()
            .any(|told| told.contains("changed against exp_007 and was not declared")),
        "{messages:#?}"
    );
    assert_eq!(looked["records"], 1, "{looked}");

    // A copied uid, by which nothing but the old record itself can be known.
    run.uid = old.uid;
    git_exp::store::format::write_run(&path, &run).unwrap();
    let (found, looked) = told(&env, &["--since", "main"]);
    assert!(
        found.iter().any(|[code, _, _, message]| code == "E-dup-id"
            && message.contains("its uid is also that of exp_007_idea_7")),
        "{found:#?}"
    );
    assert_eq!(looked["records"], 1, "{looked}");
}

#[test]
fn a_report_about_old_runs_is_judged_by_their_records() {
    let env = many(12);
    let base = env.git(&["rev-parse", "HEAD"]).trim().to_owned();
    env.write(
        "report.md",
        "| id | accuracy |\n|---|---|\n| exp_003 | 0.75 |\n| exp_004_idea_4 | 0.95 |\n\n\
         <!-- exp:exp_005.roc_auc_val -->0.6<!-- /exp -->\n",
    );
    let (found, looked) = told(&env, &["--since", &base]);
    let messages: Vec<&str> = found.iter().map(|[.., message]| message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "accuracy of exp_004 is written as 0.95, the record says 0.75",
            "roc_auc_val of exp_005 is written as 0.6, the record says 0.505",
        ]
    );
    assert_eq!(looked["records"], 0, "{looked}");
}

#[test]
fn a_note_tells_of_a_record_that_was_made_to_name_another_commit() {
    let env = super::project();
    let base = env.git(&["rev-parse", "HEAD"]).trim().to_owned();
    env.write("src/train.py", "print('went on')\n");
    env.commit("went on");
    record(&env, "baseline", "0.81");
    let path = env.path("experiments/runs/exp_001_baseline");
    reseal_in(&path, |run| {
        run.code.commit = git_exp::model::Oid::parse(&base);
        let better = git_exp::model::Number::from_f64(0.91);
        let better = git_exp::model::MetricValue::Number(better);
        run.metrics.insert("roc_auc_val".into(), better);
    });
    env.commit("no earlier version tells");
    for args in [&["check", "--since", &base][..], &["check"]] {
        let ran = env.exp(args);
        let told = "its sealed part differs from the version in refs/notes/exp";
        assert!(
            ran.code == 1 && ran.stdout.contains(told),
            "{args:?}: {}",
            ran.all()
        );
    }
}

#[test]
fn what_is_about_to_be_committed_is_checked_in_every_way_of_committing() {
    let env = many(3);
    env.exp(&["init", "--hook"]).ok();
    let record = format!("{}/run.json", folder(2));
    let other = "src/train.py";
    let refused = |args: &[&str]| {
        let mut commit = env.command("git");
        commit.args(["commit", "-q", "-m", "a lie"]).args(args);
        let ran = env.ran(commit);
        assert!(
            ran.code != 0 && ran.all().contains("E-schema"),
            "{args:?}: {}",
            ran.all()
        );
        env.git(&["reset", "-q"]);
    };
    env.write(&record, "{");
    env.write(other, "print('work')\n");
    refused(&["-a"]);
    refused(&["--", &record]);
    refused(&["-i", other, &record]);
    // What stays out of the commit does not stop it.
    env.git(&["commit", "-q", "-m", "work", "--", other]);
    reseal_is_seen(&env, &record);
}

fn reseal_is_seen(env: &TestEnv, record: &str) {
    env.git(&["checkout", "-q", "--", record]);
    reseal(env, 2, |run| {
        run.seconds = Some(git_exp::model::Number::from_f64(1.0))
    });
    let mut commit = env.command("git");
    commit.args(["commit", "-q", "-a", "-m", "a quiet correction"]);
    let ran = env.ran(commit);
    assert!(
        ran.code != 0 && ran.all().contains("E-immutable"),
        "{}",
        ran.all()
    );
}
