//! A hostile repository, hostile records and hostile text: nothing runs, leaves its folder, leaks, or
//! reaches a terminal, a table or a page as an instruction.
//!
//! | what must hold | tests |
//! |---|---|
//! | commands that a configuration names | `security::a_hostile_configuration_runs_nothing`, `security::verbs_that_look_run_no_filter`, `freeze::hostile::nothing_at_all_runs_in_safe_mode` |
//! | a bare repository among the files | `freeze::formats::a_bare_repository_among_the_files_of_another_is_refused` |
//! | arguments and file names that look like options | `security::arguments_that_look_like_options_are_names`, `security::files_that_look_like_options_are_frozen_as_files` |
//! | paths in records | `security::paths_in_records_open_nothing_outside_of_their_folder`, `git_exp::store::contain::paths_that_leave_their_folder_are_refused` |
//! | linked `experiments/`, `runs/` and run folders | `security::nothing_is_written_through_linked_folders`, `start::a_symlinked_experiments_folder_is_refused`, `git_exp::store::contain::links_on_the_way_are_refused` |
//! | restore stays in its place | `freeze::hostile::restore_refuses_what_would_leave_its_folder` |
//! | terminal commands in text | `security::hostile_text_reaches_the_terminal_as_text`, `git_exp::ui::escape::terminal_commands_become_text` |
//! | HTML: markup, scripts, policy, links | `git_exp::report::html::tests::records_can_not_write_markup_or_script`, `git_exp::report::html::tests::the_policy_names_what_is_in_the_page` |
//! | CSV, XLSX: formulas | `security::tables_and_logs_hold_no_instruction`, `git_exp::report::sheet::formulas_become_text_and_numbers_stay_numbers`, `git_exp::report::xlsx::cells_are_typed_and_no_text_is_a_formula` |
//! | Markdown | `security::tables_and_logs_hold_no_instruction`, `git_exp::report::sections::tests::hostile_records_stay_inside_their_cell` |
//! | huge and deep files, pipes | `security::huge_and_deep_files_are_refused_by_name`, `security::nothing_waits_for_a_pipe`, `security::git_waits_for_no_pipe_in_the_place_of_its_rules`, `git_exp::observe::metrics::tests::limits_are_errors` |
//! | metrics: what JSON readers lose in silence | `git_exp::observe::metrics::tests::what_would_be_lost_is_an_error_that_names_the_metric`, `git_exp::observe::metrics::tests::numbers_are_exact` |
//! | secrets in environment, arguments, addresses, files | `security::secrets_in_environment_arguments_and_addresses_are_not_kept`, `security::files_of_secrets_are_left_out_and_named`, `security::a_token_in_a_changed_file_stops_the_start` |
//! | secrets that would be pushed | `team::a_snapshot_with_a_secret_is_not_published_unasked` |

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use serde_json::{Value, json};

use crate::common::{Ran, TestEnv};

const EXP: &str = env!("CARGO_BIN_EXE_git-exp");

/// Verbs that only look, with every part of them.
const LOOKING: [&[&str]; 25] = [
    &["ls"],
    &["ls", "--json"],
    &["show", "exp_001"],
    &["show", "exp_001", "--json"],
    &["show", "exp_001", "--config"],
    &["show", "exp_001", "--env"],
    &["show", "exp_001", "--patch"],
    &["show", "exp_001", "--files"],
    &["show", "exp_001", "--metrics"],
    &["diff", "exp_001", "exp_002"],
    &["diff", "exp_001", "exp_002", "--patch"],
    &["diff", "exp_001", "exp_002", "--json"],
    &["compare", "exp_001", "exp_002"],
    &["best"],
    &["best", "--why"],
    &["which", "model.pkl"],
    &["table"],
    &["table", "--format", "json"],
    &["check"],
    &["check", "--json"],
    &["report"],
    &["plot"],
    &["note", "exp_001"],
    &["doctor"],
    &["help"],
];

fn exp(env: &TestEnv, args: &[&str]) -> Ran {
    let mut command = env.command(EXP);
    command.args(args);
    env.ran(command)
}

fn runs_of(env: &TestEnv) -> &TestEnv {
    env.write("params.yaml", "lr: 0.1\n");
    env.write("train.py", "print(1)\n");
    env.commit("code");
    let script = "echo '{\"acc\": 0.5}' > metrics.json; echo m > model.pkl";
    let flags = ["--config", "params.yaml", "--model", "model.pkl"];
    for (name, text) in [("shallow_tree", "print(2)\n"), ("deep_tree", "print(3)\n")] {
        env.write("train.py", text);
        let args = [
            &["run", name, "--allow-same"],
            &flags[..],
            &["--", "sh", "-c", script],
        ];
        exp(env, &args.concat()).ok();
    }
    env
}

fn edit_record(env: &TestEnv, id: &str, edit: impl FnOnce(&mut Value)) {
    let path = format!("experiments/runs/{id}/run.json");
    let mut record = env.json(&path);
    edit(&mut record);
    env.write(&path, format!("{record:#}\n"));
}

/// A program that leaves a trace when it is run.
fn canary(env: &TestEnv, path: &Path) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let trace = env.home().join("canary");
    let text = format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", trace.display());
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[track_caller]
fn nothing_ran(env: &TestEnv, what: &str) {
    let trace = std::fs::read_to_string(env.home().join("canary")).unwrap_or_default();
    assert_eq!(trace, "", "{what}");
}

/// Every setting and hook that makes git run something.
fn make_hostile(env: &TestEnv) {
    let evil = env.home().join("evil");
    canary(env, &evil);
    let evil = evil.to_str().unwrap();
    for hook in [
        "post-index-change",
        "reference-transaction",
        "post-checkout",
        "pre-commit",
        "pre-push",
        "post-rewrite",
        "fsmonitor-watchman",
        "prepare-commit-msg",
        "pre-auto-gc",
    ] {
        canary(env, &env.home().join("hooks").join(hook));
        canary(env, &env.path(".git/hooks").join(hook));
    }
    let hooks = env.home().join("hooks");
    let settings = [
        ("core.fsmonitor", evil),
        ("core.hooksPath", hooks.to_str().unwrap()),
        ("core.pager", evil),
        ("core.editor", evil),
        ("core.askPass", evil),
        ("core.sshCommand", evil),
        ("core.alternateRefsCommand", evil),
        ("core.gitProxy", evil),
        ("sequence.editor", evil),
        ("credential.helper", evil),
        ("diff.external", evil),
        ("diff.evil.command", evil),
        ("diff.evil.textconv", evil),
        ("diff.guitool", evil),
        ("difftool.evil.cmd", evil),
        ("merge.evil.driver", evil),
        ("merge.tool", "evil"),
        ("mergetool.evil.cmd", evil),
        ("interactive.diffFilter", evil),
        ("gpg.program", evil),
        ("gpg.ssh.program", evil),
        ("gpg.ssh.defaultKeyCommand", evil),
        ("commit.gpgSign", "true"),
        ("tag.gpgSign", "true"),
        ("log.showSignature", "true"),
        ("push.gpgSign", "true"),
        ("uploadpack.packObjectsHook", evil),
        ("trailer.evil.command", evil),
        ("trailer.evil.cmd", evil),
        ("alias.status", &format!("!{evil}")),
        ("alias.rev-parse", &format!("!{evil}")),
        ("pager.diff", evil),
        ("pager.log", evil),
        ("pager.exp", evil),
        ("browser.evil.cmd", evil),
        ("web.browser", "evil"),
        ("remote.origin.url", "ext::sh -c evil% x"),
        ("remote.origin.vcs", "evil"),
    ];
    for (name, value) in settings {
        env.git(&["-c", "core.fsmonitor=false", "config", name, value]);
    }
    // What a person does not run here must not be run for its being here.
    for tool in [
        "python",
        "python3",
        "pip",
        "git",
        "squeue",
        "nvidia-smi",
        "sh",
    ] {
        canary(env, &env.path(".venv/bin").join(tool));
        canary(env, &env.path(tool));
    }
    env.write(".gitattributes", "* diff=evil merge=evil\n");
    let _ = std::fs::remove_file(env.home().join("canary"));
}

#[test]
fn a_hostile_configuration_runs_nothing() {
    let env = TestEnv::new();
    runs_of(&env);
    make_hostile(&env);
    let hostile = |args: &[&str]| {
        let mut command = env.command(EXP);
        let evil = env.home().join("evil");
        command
            .args(args)
            .env("GIT_EXTERNAL_DIFF", &evil)
            .env("GIT_PAGER", &evil);
        command
            .env("GIT_SSH_COMMAND", &evil)
            .env("GIT_ASKPASS", &evil)
            .env("PAGER", &evil);
        let ran = env.ran(command);
        nothing_ran(&env, &args.join(" "));
        assert!((0..=3).contains(&ran.code), "{args:?}: {}", ran.all());
        ran
    };
    for args in LOOKING {
        hostile(args);
    }
    env.write("train.py", "print(4)\n");
    hostile(&["start", "wide_tree", "--config", "params.yaml"]).ok();
    hostile(&["metric", "loss=0.5", "--step", "1"]).ok();
    hostile(&["finish", "-m", "no better"]).ok();
    hostile(&["run", "other_tree", "--allow-same", "--", "/bin/true"]).ok();
    hostile(&["note", "exp_003", "-m", "really"]).ok();
    hostile(&["tag", "exp_003", "+kept"]).ok();
    hostile(&["rename", "exp_004", "odd_tree"]).ok();
    hostile(&["promote", "exp_001", "-m", "the best"]);
    hostile(&["rm", "exp_004", "--yes"]).ok();
    hostile(&["table", "--write"]).ok();
    hostile(&["init"]).ok();
    hostile(&["doctor", "--fix"]);
    // Even the one question to the remote starts no program that its URL names.
    hostile(&["doctor", "--remote"]);
    // The traps work: git itself walks into them.
    let mut control = env.command("git");
    control.args(["diff", "HEAD"]);
    env.ran(control);
    assert!(
        env.home().join("canary").exists(),
        "the traps were never set"
    );
}

#[test]
fn verbs_that_look_run_no_filter() {
    let env = TestEnv::new();
    runs_of(&env);
    let evil = env.home().join("evil");
    canary(&env, &evil);
    for kind in ["clean", "smudge"] {
        env.git(&[
            "config",
            &format!("filter.evil.{kind}"),
            evil.to_str().unwrap(),
        ]);
    }
    env.write(".gitattributes", "* filter=evil\n");
    env.write("train.py", "print(5)\n");
    for args in LOOKING {
        exp(&env, args);
        nothing_ran(&env, &args.join(" "));
    }
}

#[test]
fn arguments_that_look_like_options_are_names() {
    let env = TestEnv::new();
    runs_of(&env);
    let before = listing(env.repo());
    for name in [
        "--output=stolen",
        "-x",
        "--upload-pack=touch stolen",
        "-",
        "--",
        "@{-1}",
    ] {
        for verb in ["show", "diff", "note", "which", "compare", "best"] {
            let ran = exp(&env, &[verb, "--", name]);
            assert_ne!(ran.code, -1, "{verb} {name}");
        }
        let base = format!("--base={name}");
        exp(&env, &["start", "wide_tree", &base]).error();
        exp(&env, &["start", "--", name]);
        exp(&env, &["finish", "--", name]);
    }
    let after: Vec<String> = listing(env.repo())
        .into_iter()
        .filter(|path| !path.contains("experiments/") && !path.contains(".git/"))
        .collect();
    let before: Vec<String> = before
        .into_iter()
        .filter(|path| !path.contains("experiments/") && !path.contains(".git/"))
        .collect();
    assert_eq!(after, before, "a file was written");
}

#[test]
fn files_that_look_like_options_are_frozen_as_files() {
    let env = TestEnv::new();
    for name in ["--output=stolen", "-n", "--", ":(glob)*", "--config"] {
        env.write(name, "lr: 1\n");
    }
    let config = [
        "start",
        "odd_names",
        "--config=./--output=stolen",
        "--porcelain",
    ];
    let id = exp(&env, &config).ok();
    let record = env.json(&format!("experiments/runs/{}/run.json", id.trim()));
    assert_eq!(record["config"][0]["path"], "--output=stolen");
    let tree = record["code"]["tree"].as_str().unwrap();
    let names = env.git(&["ls-tree", "--name-only", "-z", tree]);
    for name in ["--output=stolen", "-n", "--", ":(glob)*", "--config"] {
        assert!(names.split('\0').any(|found| found == name), "{name}");
    }
    assert!(!env.path("stolen").exists());
    for args in LOOKING {
        exp(&env, args);
    }
    assert!(!env.path("stolen").exists());
}

#[test]
fn paths_in_records_open_nothing_outside_of_their_folder() {
    let env = TestEnv::new();
    runs_of(&env);
    let secret = env.home().join("secret");
    std::fs::write(&secret, "lr: TOPSECRET\n").unwrap();
    let outside = secret.to_str().unwrap();
    let folder = "experiments/runs/exp_001_shallow_tree";
    for path in [
        "../../../../secret",
        outside,
        "a/../../x",
        ".git/config",
        "",
        "\0",
        "C:\\x",
    ] {
        edit_record(&env, "exp_001_shallow_tree", |record| {
            record["config"][0]["copy"] = path.into();
            record["metrics_file"] = json!({"path": path, "copy": path, "sha256": "0".repeat(64)});
            record["code"]["patch"] = json!({"path": path, "sha256": "0".repeat(64)});
            record["models"] = json!([{"path": path, "sha256": "0".repeat(64), "bytes": 1}]);
            record["env"]["lock"] = path.into();
        });
        for args in LOOKING {
            let ran = exp(&env, args);
            let all = ran.all();
            assert!(!all.contains("TOPSECRET"), "{args:?} with {path:?}: {all}");
        }
        exp(&env, &["show", "exp_001", "--config"]).error();
    }
    // Links in a run's folder lead nowhere.
    edit_record(&env, "exp_001_shallow_tree", |record| {
        record["config"][0]["copy"] = "config.yaml".into();
    });
    for file in [
        "config.yaml",
        "dirty.patch",
        "env.txt",
        "README.md",
        "metrics.json",
    ] {
        let place = env.path(folder).join(file);
        let _ = std::fs::remove_file(&place);
        symlink(&secret, &place).unwrap();
    }
    for args in LOOKING {
        let all = exp(&env, args).all();
        assert!(!all.contains("TOPSECRET"), "{args:?}: {all}");
    }
    exp(&env, &["note", "exp_001", "-m", "added"]);
    exp(&env, &["doctor", "--fix"]);
    assert_eq!(
        std::fs::read_to_string(&secret).unwrap(),
        "lr: TOPSECRET\n",
        "written through"
    );
    let readme = std::fs::read_to_string(env.path(folder).join("README.md")).unwrap();
    let is_link = env.path(folder).join("README.md").is_symlink();
    assert!(
        is_link || !readme.contains("TOPSECRET"),
        "copied in: {readme}"
    );
    // A record that is a link is no record.
    let record = env.path(folder).join("run.json");
    std::fs::rename(&record, env.home().join("run.json")).unwrap();
    symlink(env.home().join("run.json"), &record).unwrap();
    let error = exp(&env, &["show", "exp_001"]).error();
    assert!(error.contains("not a regular file"), "{error}");
}

#[test]
fn nothing_is_written_through_linked_folders() {
    for linked in ["experiments", "experiments/runs", "experiments/data"] {
        let env = TestEnv::new();
        runs_of(&env);
        env.write("train.csv", "a,b\n1,2\n");
        let place = env.path(linked);
        let outside = env.home().join("outside");
        if place.exists() {
            std::fs::rename(&place, &outside).unwrap();
        } else {
            std::fs::create_dir(&outside).unwrap();
        }
        symlink(&outside, &place).unwrap();
        let before = (listing(&outside), contents(&outside));
        let data = ["start", "wide_tree", "--data", "train=train.csv"];
        exp(&env, &data).error();
        for args in [
            &["note", "exp_001", "-m", "x"][..],
            &["metric", "loss=1", "--run", "exp_001"],
            &["finish", "exp_001", "--status", "failed"],
            &["tag", "exp_001", "+x"],
            &["rename", "exp_001", "odd_tree"],
            &["rm", "exp_001", "--yes"],
            &["doctor", "--fix"],
        ] {
            if linked == "experiments/data" {
                // None of these writes there.
                continue;
            }
            let ran = exp(&env, args);
            assert_ne!(ran.code, 0, "{linked}: {args:?}: {}", ran.all());
        }
        assert_eq!((listing(&outside), contents(&outside)), before, "{linked}");
    }
    // A run's folder that is a link is no run.
    let env = TestEnv::new();
    runs_of(&env);
    let place = env.path("experiments/runs/exp_002_deep_tree");
    let outside = env.home().join("outside");
    std::fs::rename(&place, &outside).unwrap();
    symlink(&outside, &place).unwrap();
    for name in ["exp_002", "exp_002_deep_tree"] {
        exp(&env, &["show", name]).error();
        exp(&env, &["note", name, "-m", "x"]).error();
    }
    // A log that is a link is not appended to.
    let target = env.home().join("target");
    std::fs::write(&target, "mine\n").unwrap();
    let log = "experiments/runs/exp_001_shallow_tree/series.jsonl";
    symlink(&target, env.path(log)).unwrap();
    exp(&env, &["metric", "loss=1", "--run", "exp_001"]).error();
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine\n");
}

/// Names of all files below a folder.
fn listing(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        found.push(entry.path().display().to_string());
        if entry.file_type().unwrap().is_dir() {
            found.extend(listing(&entry.path()));
        }
    }
    found.sort();
    found
}

/// All bytes of all files below a folder.
fn contents(folder: &Path) -> Vec<u8> {
    let files = listing(folder);
    files
        .iter()
        .flat_map(|path| std::fs::read(path).unwrap_or_default())
        .collect()
}

const ESCAPES: &str = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\u{202e}txt\u{200b}\u{7f}|`<img src=x>";

/// A record in which every text is hostile.
fn hostile_record(record: &mut Value) {
    for key in ["title", "goal", "hypothesis", "conclusion"] {
        record[key] = ESCAPES.into();
    }
    record["tags"] = json!([ESCAPES]);
    record["warnings"] = json!([ESCAPES]);
    record["declared"] = json!([ESCAPES]);
    record["aliases"] = json!([ESCAPES]);
    record["code"]["branch"] = ESCAPES.into();
    record["code"]["describe"] = ESCAPES.into();
    record["code"]["remote"] = ESCAPES.into();
    record["code"]["changes"] =
        json!([{"path": ESCAPES, "status": ESCAPES, "added": 1, "removed": 1, "axis": "code"}]);
    record["config"][0]["path"] = ESCAPES.into();
    record["params"] = json!({ESCAPES: ESCAPES, "lr": ESCAPES});
    record["metrics"] = json!({ESCAPES: 0.5, "acc": 0.7, "word": ESCAPES});
    record["data"] = json!([{"role": ESCAPES, "path": ESCAPES}]);
    record["models"] = json!([{"path": ESCAPES, "sha256": "0".repeat(64), "bytes": 1}]);
    record["links"] = json!({"wandb": ESCAPES});
    record["eval"]["split"] = ESCAPES.into();
    record["command"]["argv"] = json!([ESCAPES]);
    record["env"]["vars"] = json!({"OMP_NUM_THREADS": ESCAPES});
    record["hardware"]["cpu"] = ESCAPES.into();
}

#[test]
fn hostile_text_reaches_the_terminal_as_text() {
    let env = TestEnv::new();
    runs_of(&env);
    edit_record(&env, "exp_001_shallow_tree", hostile_record);
    for args in LOOKING {
        // These give files byte for byte; on a terminal they are escaped as well.
        let raw = ["--config", "--patch", "--env"]
            .iter()
            .any(|part| args.contains(part));
        let record = args == ["show", "exp_001", "--json"];
        if (raw && args[0] == "show") || record {
            continue;
        }
        let ran = exp(&env, args);
        for text in [&ran.stdout, &ran.stderr] {
            let hazard = text.chars().find(|c| {
                (c.is_control() && !matches!(c, '\n' | '\t'))
                    || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}')
            });
            assert_eq!(hazard, None, "{args:?}: {}", ran.all().escape_debug());
        }
    }
    // Typed by the user, too.
    for args in [
        &["show", ESCAPES][..],
        &["diff", ESCAPES, "exp_001"],
        &["start", "--config", ESCAPES],
        &["start", "--base", ESCAPES],
        &["note", "exp_002", "-m", ESCAPES],
        &["finish", "--metrics", ESCAPES],
    ] {
        let ran = exp(&env, args);
        assert!(
            !ran.all()
                .contains(['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}']),
            "{args:?}"
        );
    }
}

#[test]
fn tables_and_logs_hold_no_instruction() {
    let env = TestEnv::new();
    runs_of(&env);
    let cells = [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "＝1",
        "a|b`c<script>",
    ];
    for text in cells {
        edit_record(&env, "exp_001_shallow_tree", |record| {
            record["title"] = text.into();
            record["goal"] = Value::Null;
            record["conclusion"] = format!("{text}\n| x | y |\n\n# heading").into();
            record["config"][0]["path"] = text.into();
        });
        exp(&env, &["table", "--write"]).ok();
        let csv = env.read("experiments/experiments.csv");
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let mut rows = 0;
        for row in reader.records() {
            rows += 1;
            for cell in &row.unwrap() {
                let is_number = cell.parse::<f64>().is_ok();
                let starts = ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'];
                assert!(is_number || !cell.starts_with(starts), "{text:?}: {cell:?}");
            }
        }
        assert_eq!(rows, 2, "{text:?}: {csv}");
        let table = env.read("experiments/experiments.md");
        assert!(
            !table.contains("<script>") && !table.contains("\n# heading"),
            "{table}"
        );
        let rows: Vec<&str> = table.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(rows.len(), 4, "{text:?}: {table}");
        for row in rows {
            let bars = row
                .replace("\\\\", "")
                .replace("\\|", "")
                .matches('|')
                .count();
            assert_eq!(bars, 8, "{text:?}: {row}");
        }
    }
}

#[test]
fn huge_and_deep_files_are_refused_by_name() {
    let env = TestEnv::new();
    runs_of(&env);
    let many: String = (0..10_001).map(|n| format!("\"m{n}\": {n},")).collect();
    let cases = [
        (
            "huge.json",
            format!("{{\"a\": \"{}\"}}", "x".repeat(17 << 20)),
        ),
        (
            "deep.json",
            format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)),
        ),
        (
            "list.json",
            format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
        ),
        ("many.json", format!("{{{many}\"last\": 1}}")),
        ("range.json", "{\"a\": 1e400}".to_owned()),
        ("twice.json", "{\"a\": 1, \"a\": 2}".to_owned()),
    ];
    for (name, text) in cases {
        exp(&env, &["start", "wide_tree", "--allow-same"]).ok();
        env.write(name, text);
        let error = exp(&env, &["finish", "--metrics", name]).error();
        assert!(error.contains(name), "{error}");
        assert!(
            error.len() < 2000,
            "{name}: an error of {} bytes",
            error.len()
        );
        exp(&env, &["finish", "--status", "failed"]);
        std::fs::remove_file(env.path(name)).unwrap();
        exp(&env, &["rm", "@", "--yes"]).ok();
    }
    // One record that is too large or too deep hides no other.
    for text in [
        "x".repeat(2 << 20),
        format!("{{\"schema\": {}", "[".repeat(200_000)),
    ] {
        env.write("experiments/runs/exp_002_deep_tree/run.json", text);
        let listed = exp(&env, &["ls"]);
        assert!(listed.stdout.contains("exp_001"), "{}", listed.all());
        let doctor = exp(&env, &["doctor"]);
        assert_eq!(doctor.code, 1);
        assert!(
            doctor.stdout.contains("do this  exp_002: "),
            "{}",
            doctor.stdout
        );
    }
}

#[test]
fn nothing_waits_for_a_pipe() {
    let env = TestEnv::new();
    let made = std::process::Command::new("mkfifo")
        .arg(env.path("pipe"))
        .status()
        .unwrap();
    assert!(made.success());
    for args in [
        &["start", "odd_file", "--config", "pipe"][..],
        &["start", "odd_file", "--data", "train=pipe"],
    ] {
        let mut command = env.command("timeout");
        command.args(["20", EXP]).args(args);
        let ran = env.ran(command);
        assert_ne!(ran.code, 124, "{args:?} waits for ever");
        assert!(ran.error().contains("pipe"), "{args:?}");
    }
}

/// git itself waits for ever for a pipe where its rules should stand.
#[test]
fn git_waits_for_no_pipe_in_the_place_of_its_rules() {
    let pipes = [
        ("new/deep er/.gitignore", None),
        ("src/.gitattributes", None),
        (".git/info/exclude", None),
        (".git/info/attributes", None),
        ("mine", Some("core.excludesFile")),
        ("mine", Some("core.attributesFile")),
    ];
    // Each waits until patience is over.
    std::thread::scope(|scope| {
        for (pipe, setting) in pipes {
            scope.spawn(move || names_the_pipe(pipe, setting));
        }
    });
}

fn names_the_pipe(pipe: &str, setting: Option<&str>) {
    let env = TestEnv::new();
    env.write("src/train.py", "1\n");
    env.commit("base");
    env.write("src/train.py", "2\n");
    env.write("new/deep er/file", "");
    if let Some(setting) = setting {
        env.git(&["config", setting, &env.path(pipe).to_string_lossy()]);
    }
    let _ = std::fs::remove_file(env.path(pipe));
    let made = std::process::Command::new("mkfifo")
        .arg(env.path(pipe))
        .status();
    assert!(made.unwrap().success());
    let mut command = env.command("timeout");
    command.args(["30", EXP, "start", "waits"]);
    let ran = env.ran(command);
    assert_eq!(ran.code, 2, "{pipe}: {}", ran.stderr);
    let error = ran.error();
    assert!(error.contains(&format!("{pipe} is a pipe")), "{error}");
    assert!(error.contains("rm "), "{error}");
    assert!(!env.path("experiments/runs/exp_001_waits").exists());
    // git itself waits for it as well.
    std::fs::remove_file(env.path(pipe)).unwrap();
    assert_eq!(env.git(&["for-each-ref", "refs/exp"]), "");
    env.exp(&["start", "waits"]).ok();
}

/// Whether some text is in any file that was written: below `experiments/`, or in any git object.
fn leaked(env: &TestEnv, text: &str) -> Option<String> {
    for path in listing(&env.path("experiments")) {
        let bytes = std::fs::read(&path).unwrap_or_default();
        if memchr::memmem::find(&bytes, text.as_bytes()).is_some() {
            return Some(path);
        }
    }
    let all = env.git(&[
        "cat-file",
        "--batch-all-objects",
        "--batch-check=%(objectname)",
    ]);
    for id in all.lines() {
        let kind = env.git(&["cat-file", "-t", id]);
        let shown = env.git(&["cat-file", kind.trim(), id]);
        if shown.contains(text) {
            return Some(format!("{} {id}", kind.trim()));
        }
    }
    None
}

#[test]
fn secrets_in_environment_arguments_and_addresses_are_not_kept() {
    let env = TestEnv::new();
    env.git(&[
        "remote",
        "add",
        "origin",
        "https://me:hunter2hunter@example.com/a.git?token=q9q9q9",
    ]);
    env.write("train.py", "print(2)\n");
    let mut command = env.command(EXP);
    for name in [
        "AWS_SECRET_ACCESS_KEY",
        "WANDB_API_KEY",
        "HF_TOKEN",
        "MY_PASSWORD",
        "UNKNOWN",
    ] {
        command.env(name, "ENVIRONMENTSECRET");
    }
    command.env("OMP_NUM_THREADS", "4");
    command.args(["run", "wide_tree", "--", "true", "--api-key", "ARGSECRET1"]);
    command.args([
        "--password=ARGSECRET2",
        "--url",
        "postgres://u:ARGSECRET3@host/db",
    ]);
    command.args([
        "--num_tokens",
        "512",
        "--tokenizer",
        "bpe",
        "--pad-token",
        "<pad>",
    ]);
    env.ran(command).ok();
    let secrets = ["ENVIRONMENTSECRET", "ARGSECRET", "hunter2hunter", "q9q9q9"];
    for secret in secrets {
        assert_eq!(leaked(&env, secret), None, "{secret}");
    }
    let record = env.json("experiments/runs/exp_001_wide_tree/run.json");
    let argv = record["command"]["argv"].to_string();
    for kept in ["512", "bpe", "<pad>", "--api-key", "--num_tokens"] {
        assert!(argv.contains(kept), "{kept}: {argv}");
    }
    assert_eq!(record["env"]["vars"]["OMP_NUM_THREADS"], "4");
}

#[test]
fn files_of_secrets_are_left_out_and_named() {
    let env = TestEnv::new();
    let files = [
        ".env",
        "keys/server.pem",
        ".netrc",
        "id_rsa",
        ".aws/credentials",
    ];
    // Not even a token in them stops the start, for they are in no snapshot.
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    for file in files {
        env.write(file, format!("FILESECRET=1\nTOKEN={token}\n"));
    }
    env.write("train.py", "print(2)\n");
    let ran = exp(&env, &["start", "wide_tree"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert_eq!(leaked(&env, "FILESECRET"), None);
    let record = env.json("experiments/runs/exp_001_wide_tree/run.json");
    let left_out = record["code"]["left_out"].as_array().unwrap();
    for file in files {
        let entry = left_out
            .iter()
            .find(|entry| entry["path"] == file)
            .expect(file);
        assert_eq!(entry["why"], "secret", "{file}");
        assert_eq!(
            entry["sha256"],
            Value::Null,
            "a digest of a short secret can be guessed"
        );
    }
}

#[test]
fn a_token_in_a_changed_file_stops_the_start() {
    // Put together here, so that no scanner takes this file for a leak.
    let token = format!("ghp_{}", "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8");
    let text = format!("TOKEN = \"{token}\"\n");
    let cases: [(&str, &[&str]); 3] = [
        ("untracked.py", &["start", "wide_tree"]),
        ("train.py", &["start", "wide_tree"]),
        (
            "ignored.yaml",
            &["start", "wide_tree", "--config", "ignored.yaml"],
        ),
    ];
    for (file, args) in cases {
        let env = TestEnv::new();
        env.write("train.py", "print(1)\n");
        env.write(".gitignore", "ignored.yaml\n");
        env.commit("code");
        env.write(file, &text);
        let error = exp(&env, args).error();
        assert!(error.contains(&format!("{file}:1")), "{error}");
        assert!(
            error.contains("--allow-secrets") && !error.contains(&token),
            "{error}"
        );
        assert_eq!(leaked(&env, &token), None, "{file}");
        assert!(!env.path("experiments/runs").exists(), "{file}");
        assert_eq!(env.git(&["for-each-ref", "refs/exp"]), "");
        exp(&env, &[args, &["--allow-secrets"]].concat()).ok();
    }
    let env = TestEnv::new();
    let given = exp(
        &env,
        &["start", "wide_tree", "--param", "api_key=ARGSECRET1"],
    )
    .error();
    assert!(given.contains("--param api_key"), "{given}");
    assert!(!given.contains("ARGSECRET1"), "{given}");
    exp(&env, &["start", "wide_tree", "--param", "num_tokens=512"]).ok();
}
