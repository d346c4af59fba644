//! Lies that take more pains: what goes with a file is made to fit, and history is rewritten.

use std::path::Path;

use super::lies::reseal_in;
use super::project;
use crate::common::TestEnv;

const CLEAN: &str = "experiments/runs/exp_001_baseline";
const DIRTY: &str = "experiments/runs/exp_002_wider";
const FAILED: &str = "experiments/runs/exp_003_deeper";

/// A clean run with a model that is in use, one on uncommitted code, and one that failed.
fn honest() -> TestEnv {
    let env = project();
    env.write(".gitignore", "/metrics.json\n/models/\n/data/raw.csv\n");
    env.write("data/raw.csv", "a,b\n1,2\n");
    env.commit("models stay out");
    let run = |name: &str, score: &str, end: &str| {
        let script = format!(
            "mkdir -p models; echo {name} > models/{name}.pkl; \
             echo '{{\"roc_auc_val\": {score}}}' > metrics.json; {end}"
        );
        let config = [
            "--config",
            "configs/base.yaml",
            "--data",
            "train=data/raw.csv",
        ];
        let model = format!("models/{name}.pkl");
        let mut all = vec!["run", name, "-m", "find out", "--model", &model];
        all.extend(config);
        all.extend(["--", "sh", "-c", &script]);
        env.exp(&all);
        env.exp(&["note", "@", "-m", "found out"]).ok();
    };
    run("baseline", "0.81", "true");
    env.exp(&[
        "promote",
        "1",
        "--model",
        "models/baseline.pkl",
        "-m",
        "the only one",
    ])
    .ok();
    env.commit("exp_001");
    env.write("src/train.py", "print('wider')\n");
    run("wider", "0.82", "true");
    env.git(&["checkout", "-q", "--", "src"]);
    env.write("configs/base.yaml", "model:\n  depth: 9\nseed: 42\n");
    run("deeper", "0.83", "exit 1");
    env.git(&["checkout", "-q", "--", "configs"]);
    env.write(
        "report.md",
        "exp_001: ROC-AUC (val) 0.81, exp_002: ROC-AUC (val) 0.82\n",
    );
    env.commit("two more runs");
    env
}

/// Changes a text in a file, which must have it.
fn edit(env: &TestEnv, file: &str, from: &str, to: &str) {
    let text = env.read(file);
    assert!(text.contains(from), "{file} has no `{from}`:\n{text}");
    env.write(file, text.replace(from, to));
}

/// Makes it look as if it had been so from the start.
fn rewrite_history(env: &TestEnv) {
    env.exp(&["table", "--write"]).ok();
    env.git(&["add", "-A"]);
    env.git(&["commit", "-q", "--amend", "--no-edit"]);
    env.git(&["reflog", "expire", "--expire=now", "--all"]);
}

/// A file of the same size and age.
fn swap(path: &Path, content: &[u8]) {
    let before = path.metadata().unwrap();
    assert_eq!(before.len(), content.len() as u64);
    std::fs::write(path, content).unwrap();
    let age = filetime::FileTime::from_last_modification_time(&before);
    filetime::set_file_mtime(path, age).unwrap();
}

fn uid(env: &TestEnv, folder: &str) -> String {
    env.json(&format!("{folder}/run.json"))["uid"]
        .as_str()
        .unwrap()
        .to_owned()
}

fn digest(bytes: &[u8]) -> String {
    git_exp::model::Sha256::of(bytes).as_str().to_owned()
}

fn copy_folder(env: &TestEnv, from: &str, to: &str) {
    std::fs::create_dir_all(env.path(to)).unwrap();
    for entry in std::fs::read_dir(env.path(from)).unwrap().flatten() {
        if entry.path().is_file() {
            std::fs::copy(entry.path(), env.path(to).join(entry.file_name())).unwrap();
        }
    }
}

/// What is done, and the code that must find it.
type Lie = (&'static str, &'static str, fn(&TestEnv));

const LIES: [Lie; 18] = [
    ("a copied folder with another number", "E-dup-id", |env| {
        let copy = "experiments/runs/exp_004_better";
        copy_folder(env, CLEAN, copy);
        let record = format!("{copy}/run.json");
        edit(env, &record, "\"number\": 1", "\"number\": 4");
        edit(
            env,
            &record,
            "\"slug\": \"baseline\"",
            "\"slug\": \"better\"",
        );
    }),
    (
        "a copied folder with a uid of its own",
        "E-immutable",
        |env| {
            let copy = "experiments/runs/exp_004_better";
            copy_folder(env, CLEAN, copy);
            let record = format!("{copy}/run.json");
            edit(env, &record, "\"number\": 1", "\"number\": 4");
            edit(
                env,
                &record,
                "\"slug\": \"baseline\"",
                "\"slug\": \"better\"",
            );
            let uid = uid(env, CLEAN);
            edit(
                env,
                &record,
                &uid,
                &format!("{}0000", &uid[..uid.len() - 4]),
            );
        },
    ),
    ("a better metric, everywhere", "E-immutable", |env| {
        better(env)
    }),
    (
        "a better metric, everywhere and in history",
        "E-immutable",
        |env| {
            better(env);
            rewrite_history(env);
        },
    ),
    ("a failed run that went well", "E-immutable", |env| {
        edit(
            env,
            &format!("{FAILED}/run.json"),
            "\"status\": \"failed\"",
            "\"status\": \"ok\"",
        );
        rewrite_history(env);
    }),
    ("a run that is not wanted any more", "E-immutable", |env| {
        std::fs::remove_dir_all(env.path(FAILED)).unwrap();
        env.exp(&["table", "--write"]).ok();
    }),
    ("another commit, amended after the run", "E-commit", |env| {
        reseal_in(&env.path(CLEAN), |run| {
            run.code.commit = git_exp::model::Oid::parse(env.git(&["rev-parse", "HEAD"]).trim());
            run.code.tree =
                git_exp::model::Oid::parse(env.git(&["rev-parse", "HEAD^{tree}"]).trim());
        });
        rewrite_history(env);
    }),
    ("uncommitted code that was clean", "E-commit", |env| {
        reseal_in(&env.path(DIRTY), |run| {
            run.code.dirty = false;
            run.code.snapshot = None;
            run.code.patch = None;
            run.code.changes.clear();
            run.code.tree =
                git_exp::model::Oid::parse(env.git(&["rev-parse", "HEAD~1^{tree}"]).trim());
            run.code.code_tree = None;
        });
        rewrite_history(env);
    }),
    ("the same where the keep-ref is gone", "E-commit", |env| {
        reseal_in(&env.path(DIRTY), |run| {
            run.code.dirty = false;
            run.code.snapshot = None;
            run.code.patch = None;
            run.code.changes.clear();
        });
        rewrite_history(env);
        let uid = uid(env, DIRTY);
        env.git(&["update-ref", "-d", &format!("refs/exp/{uid}")]);
    }),
    ("a keep-ref that names other code", "E-commit", |env| {
        let uid = uid(env, DIRTY);
        env.git(&["update-ref", &format!("refs/exp/{uid}"), "HEAD"]);
    }),
    ("a snapshot that nothing keeps", "E-dirty", |env| {
        let uid = uid(env, DIRTY);
        env.git(&["update-ref", "-d", &format!("refs/exp/{uid}")]);
    }),
    ("another snapshot", "E-dirty", |env| {
        let other = env.git(&["rev-parse", "HEAD"]);
        reseal_in(&env.path(DIRTY), |run| {
            run.code.snapshot = git_exp::model::Oid::parse(other.trim());
        });
        let uid = uid(env, DIRTY);
        env.git(&["update-ref", &format!("refs/exp/{uid}"), "HEAD"]);
        rewrite_history(env);
    }),
    (
        "another patch, whose digest is made to fit",
        "E-dirty",
        |env| {
            let file = format!("{DIRTY}/dirty.patch");
            edit(env, &file, "wider", "wiser");
            let patch = git_exp::model::Sha256::of(env.read(&file).as_bytes());
            reseal_in(&env.path(DIRTY), |run| {
                run.code.patch.as_mut().unwrap().sha256 = patch.clone();
            });
            rewrite_history(env);
        },
    ),
    (
        "another configuration, whose digest is made to fit",
        "E-config",
        |env| {
            let file = format!("{CLEAN}/config.yaml");
            edit(env, &file, "depth: 1", "depth: 7");
            let config = git_exp::model::Sha256::of(env.read(&file).as_bytes());
            reseal_in(&env.path(CLEAN), |run| {
                run.config[0].sha256 = config.clone()
            });
            rewrite_history(env);
        },
    ),
    ("an older interpreter", "E-immutable", |env| {
        let text = env.read(&format!("{CLEAN}/run.json"));
        let mut record: serde_json::Value = serde_json::from_str(&text).unwrap();
        record["env"]["python"] = "2.7.18".into();
        env.write(
            &format!("{CLEAN}/run.json"),
            serde_json::to_string_pretty(&record).unwrap(),
        );
    }),
    ("data of the same size and age", "E-data", |env| {
        swap(&env.path("data/raw.csv"), b"a,b\n1,3\n");
    }),
    ("a model of the same size and age", "E-model", |env| {
        swap(&env.path("models/wider.pkl"), b"wiser\n");
    }),
    ("another model in use", "E-prod", |env| {
        swap(&env.path("models/baseline.pkl"), b"basement\n");
    }),
];

/// The metrics file, its digest, the record and its seal.
fn better(env: &TestEnv) {
    let file = format!("{CLEAN}/metrics.json");
    edit(env, &file, "0.81", "0.91");
    let bytes = env.read(&file);
    let sha256 = digest(bytes.as_bytes());
    reseal_in(&env.path(CLEAN), |run| {
        let better = git_exp::model::Number::parse("0.91").unwrap();
        let better = git_exp::model::MetricValue::Number(better);
        run.metrics.insert("roc_auc_val".into(), better);
        run.metrics_file.as_mut().unwrap().sha256 = git_exp::model::Sha256::parse(&sha256).unwrap();
    });
    edit(env, &format!("{CLEAN}/README.md"), "0.81", "0.91");
    edit(env, "report.md", "0.81", "0.91");
}

#[test]
fn lies_that_were_made_to_fit_are_found_each_under_its_own_code() {
    let honest = honest();
    let told = |env: &TestEnv| {
        let (found, code) = super::findings(env, &[]);
        let broken = found
            .into_iter()
            .filter(|(_, outcome, _)| outcome == "broken");
        (
            broken
                .map(|(code, _, place)| (code, place))
                .collect::<Vec<_>>(),
            code,
        )
    };
    assert_eq!(told(&honest), (Vec::new(), 0));
    for (name, code, tell) in LIES {
        let env = honest.copy();
        tell(&env);
        let (found, exit) = told(&env);
        assert!(
            found.iter().any(|(found, _)| found == code),
            "{name}: {code}: {found:#?}"
        );
        assert_eq!(exit, 1, "{name}");
    }
}

#[test]
fn a_rule_that_was_turned_off_is_named() {
    let env = honest();
    edit(&env, "report.md", "0.81", "0.91");
    let settings = env.read("experiments/exp.toml");
    env.write(
        "experiments/exp.toml",
        format!("{settings}\n[check]\nreport = \"off\"\n"),
    );
    let told = env.exp(&["check"]).ok();
    assert!(told.contains("  not asked: E-report\n"), "{told}");
    let told: serde_json::Value =
        serde_json::from_str(&env.exp(&["check", "--json"]).ok()).unwrap();
    assert_eq!(told["not_asked"], serde_json::json!(["E-report"]));
}
