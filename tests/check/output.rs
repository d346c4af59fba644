//! Formats, files and exit codes, as CI meets them.

use super::{findings, many};

fn with_lies() -> crate::common::TestEnv {
    let env = many(3);
    let report = env
        .read("report.md")
        .replace("| exp_002 | 0.502 |", "| exp_002 | 0.612 |");
    env.write("report.md", report);
    env
}

#[test]
fn every_format_tells_the_same_and_is_written_where_it_is_asked() {
    let env = with_lies();
    for (format, what) in [
        ("human", "broken   E-report"),
        ("json", "\"code\": \"E-report\""),
        (
            "github",
            "::error file=report.md,line=6,col=13,title=E-report::",
        ),
        ("sarif", "\"ruleId\": \"E-report\""),
        ("junit", "<testsuite name=\"E-report\""),
        ("gitlab", "\"check_name\": \"E-report\""),
    ] {
        let ran = env.exp(&["check", "--format", format]);
        assert_eq!(ran.code, 1, "{}", ran.all());
        assert!(ran.stdout.contains(what), "{format}: {}", ran.stdout);
        let file = format!("out.{format}");
        let written = env.exp(&["check", "--format", format, "--output", &file]);
        assert_eq!((written.code, written.stdout.as_str()), (1, ""));
        assert_eq!(env.read(&file), ran.stdout, "{format}");
    }
}

#[test]
fn the_summary_is_added_to_what_other_steps_wrote() {
    let env = with_lies();
    env.write("summary.md", "before\n");
    env.exp(&["check", "--summary", "summary.md"]);
    let text = env.read("summary.md");
    assert!(
        text.starts_with("before\n## git exp check failed\n"),
        "{text}"
    );
    assert!(
        text.contains("| broken | E-report | `report.md:6:13` |"),
        "{text}"
    );
}

#[test]
fn every_exit_code_is_reached() {
    let env = many(3);
    assert_eq!(env.exp(&["check"]).code, 0);
    std::fs::remove_file(env.path("models/1.pkl")).unwrap();
    assert_eq!(
        env.exp(&["check"]).code,
        0,
        "a model that is not here is unknown"
    );
    assert_eq!(env.exp(&["check", "--require", "commit,model"]).code, 3);
    assert_eq!(
        env.exp(&["check", "--require", "E-model", "--skip", "model"])
            .code,
        0
    );
    assert_eq!(env.exp(&["check", "--require", "modle"]).code, 2);
    assert_eq!(env.exp(&["check", "--since", "no-such-branch"]).code, 2);
    env.write("models/1.pkl", "another");
    assert_eq!(env.exp(&["check"]).code, 1);
    let settings = env.read("experiments/exp.toml");
    let with = |level: &str| format!("{settings}[check]\nmodel = \"{level}\"\n");
    env.write("experiments/exp.toml", with("warn"));
    assert_eq!(env.exp(&["check"]).code, 0);
    assert_eq!(env.exp(&["check", "--strict"]).code, 1);
    env.write("experiments/exp.toml", with("loud"));
    let error = env.exp(&["check"]).error();
    assert!(error.contains("levels are"), "{error}");
}

#[test]
fn generated_files_are_mended_and_verified_from_disk() {
    let env = many(3);
    let table = env.read("experiments/experiments.md");
    env.write(
        "experiments/experiments.md",
        table.replace("0.502", "0.902"),
    );
    let log = "experiments/runs/exp_002_idea_2/README.md";
    let text = env
        .read(log)
        .replace("roc_auc_val: 0.502", "roc_auc_val: 0.902");
    env.write(log, text + "\nмоё примечание\n");
    let (found, code) = findings(&env, &[]);
    assert_eq!(code, 1);
    let codes: Vec<&str> = found.iter().map(|(code, ..)| code.as_str()).collect();
    assert_eq!(codes, ["E-report", "E-table"]);
    assert_eq!(findings(&env, &["--fix"]), (Vec::new(), 0));
    assert_eq!(env.read("experiments/experiments.md"), table);
    assert!(
        env.read(log).ends_with("\nмоё примечание\n"),
        "people's words stay"
    );
}

#[test]
fn every_rule_is_explained_by_its_code() {
    let env = many(1);
    let page = env.exp(&["help", "e-commit"]).ok();
    assert!(page.starts_with("E-commit: "), "{page}");
    assert!(
        page.contains("squash merge") && page.contains("git exp push"),
        "{page}"
    );
    assert!(env.exp(&["help", "check"]).ok().contains("--require"));
    env.exp(&["help", "E-nonsense"]).error();
}

#[test]
fn a_repository_without_runs_is_clean() {
    let env = crate::common::TestEnv::new();
    let told = env.exp(&["check", "--strict"]).ok();
    assert!(told.starts_with("0 runs, 0 finished\n"), "{told}");
}

#[test]
fn since_looks_at_what_is_new_however_much_is_old() {
    let looked = |old: u32| -> [serde_json::Value; 2] {
        let env = many(old);
        // On a branch of its own, for a walk goes by dates.
        let tree = env.git(&["rev-parse", "HEAD^{tree}"]);
        let mut last = String::new();
        for n in 0..old {
            let mut git = env.command("git");
            git.args(["commit-tree", "-m", "old", tree.trim()]);
            if n > 0 {
                git.args(["-p", last.trim()]);
            }
            git.env(
                "GIT_COMMITTER_DATE",
                format!("2001-01-{:02}T00:00:00Z", n + 1),
            );
            last = env.ran(git).ok();
        }
        env.git(&["branch", "ancient", last.trim()]);
        env.write("src/train.py", "print('uncommitted')\n");
        super::record(&env, "new idea", "0.9");
        env.commit("a run and its code");
        [
            &["check", "--json", "--since", "HEAD~1"][..],
            &["check", "--json"],
        ]
        .map(|args| {
            let ran = env.exp(args);
            let told: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
            assert_eq!(ran.code, 0, "{}", ran.all());
            told["looked_at"].clone()
        })
    };
    let ([few, few_in_all], [many, many_in_all]) = (looked(2), looked(12));
    for what in ["files", "commits"] {
        assert_eq!(few[what], many[what], "{what}");
        assert!(few[what].as_u64() > Some(0), "{few}");
    }
    assert!(few_in_all["files"].as_u64() < many_in_all["files"].as_u64());
    assert!(few_in_all["files"].as_u64() > few["files"].as_u64());
}
