//! Every command that an output names is one that exists, and those to paste do what they promise.

use clap::Parser;

use crate::common::TestEnv;
use crate::like::course;

/// Words as a shell would take them; `None` for an open quote.
fn words(line: &str) -> Option<Vec<String>> {
    let (mut words, mut word, mut quote, mut open) = (Vec::new(), String::new(), None, false);
    for c in line.chars() {
        match (quote, c) {
            (Some(end), _) if c == end => quote = None,
            (None, '"' | '\'') => (quote, open) = (Some(c), true),
            (None, ' ') => {
                if open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            _ => word.push(c),
        }
    }
    if open || !word.is_empty() {
        words.push(word);
    }
    quote.is_none().then_some(words)
}

/// The commands that a text names: up to the end of the line, or to what ends a command there.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        for part in line.split("git exp ").skip(1) {
            let ends = [
                "`",
                "   (",
                " > ",
                ";",
                " && ",
                ", ",
                ")",
                " |",
                " on their",
            ];
            let end = ends.iter().filter_map(|end| part.find(end)).min();
            // The answer of the checklist stands in a column behind.
            let command = part[..end.unwrap_or(part.len())]
                .trim()
                .trim_end_matches(" NO")
                .trim();
            if !command.is_empty() && !command.starts_with('…') {
                found.push(command.to_owned());
            }
        }
    }
    found
}

/// Collects what the real command line does not understand; how many commands there were.
fn understood(text: &str, wrong: &mut Vec<String>) -> usize {
    let all = commands(text);
    for command in &all {
        if command.contains("--data --rows") {
            // The rows of data files are still to come.
            continue;
        }
        let Some(words) = words(command) else {
            wrong.push(format!("open quote in `{command}`"));
            continue;
        };
        let argv = std::iter::once("git-exp".to_owned()).chain(words);
        if let Err(error) = git_exp::cli::Cli::try_parse_from(argv) {
            wrong.push(format!("git exp {command}\n{error}"));
        }
    }
    all.len()
}

fn told(env: &TestEnv, args: &[&str]) -> String {
    let ran = env.exp(args);
    format!("{}{}", ran.stdout, ran.stderr)
}

#[test]
fn every_command_that_is_named_is_understood() {
    let env = course();
    let set = [
        "--set",
        "model.max_depth=2",
        "--set",
        "model.n_estimators=6",
    ];
    env.exp(&[&["run", "two at once", "--like", "1"], &set[..]].concat())
        .ok();
    let code = env.read("src/model.py");
    env.write("src/model.py", format!("{code}\nDEBUG = True\n"));
    let (mut seen, mut wrong) = (0, Vec::new());
    let mut look = |args: &[&str]| seen += understood(&told(&env, args), &mut wrong);
    look(&["start", "again"]);
    look(&["start"]);
    look(&["ls"]);
    look(&["show", "3"]);
    look(&["diff", "1", "3"]);
    look(&["diff", "1", "3", "--lang", "ru"]);
    look(&["finish", "--metrics", "no.json"]);
    look(&["finish", "3"]);
    look(&["finish", "3"]);
    look(&["diff", "1", "2"]);
    look(&["diff", "2", "3"]);
    look(&["diff", "1", "1"]);
    look(&["diff"]);
    look(&["run", "--like", "1"]);
    look(&["run", "--like", "1", "--set", "depth=1"]);
    look(&[
        "run",
        "--like",
        "1",
        "--set",
        "model.max_depth=1",
        "--",
        "true",
    ]);
    look(&["run", "--like", "3"]);
    look(&["run", "x", "--seeds", "1,2", "--", "true"]);
    look(&["show", "exp_9"]);
    look(&["log"]);
    look(&["log", "2..1"]);
    look(&["best", "--why"]);
    look(&["best", "--by-test"]);
    look(&["check"]);
    look(&["doctor"]);
    look(&["report", "--section", "checklist"]);
    look(&["which", "nothing"]);
    look(&["promote", "1"]);
    look(&["metric", "loss"]);
    look(&["restore", "1"]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 30, "only {seen} commands were named");
}

/// Runs what is to be pasted, as a shell does.
#[track_caller]
fn paste(env: &TestEnv, command: &str) {
    let mut shell = env.command("sh");
    shell.args(["-c", &format!("git exp {command}")]);
    let ran = env.ran(shell);
    assert_eq!(ran.code, 0, "git exp {command}\n{}", ran.all());
}

#[test]
fn what_is_missing_is_made_by_pasting_and_then_known() {
    let env = course();
    let set = [
        "--set",
        "model.max_depth=2",
        "--set",
        "model.type=random_forest",
    ];
    env.exp(&[&["run", "two at once", "--like", "1"], &set[..]].concat())
        .ok();
    let diff = env.exp(&["diff", "1", "2"]).ok();
    assert!(diff.contains("Still missing, one factor each"), "{diff}");
    let missing: Vec<String> = commands(&diff)
        .into_iter()
        .filter(|command| command.starts_with("run "))
        .collect();
    assert_eq!(
        missing,
        [
            "run max_depth_only --like exp_001 --set model.max_depth=2",
            "run type_only      --like exp_001 --set model.type=random_forest",
        ]
    );
    for command in &missing {
        paste(&env, command);
    }
    let diff = env.exp(&["diff", "1", "2"]).ok();
    assert!(
        diff.contains(
            "Already have: exp_003 differs from exp_001 only in this config model.max_depth"
        ),
        "{diff}"
    );
    assert!(!diff.contains("Still missing"), "{diff}");
    let single = env.exp(&["diff", "1", "3"]).ok();
    let seeds = commands(&single);
    assert_eq!(seeds, ["run --like exp_003 --seeds 1,2,3"]);
    paste(&env, &seeds[0]);
    let after = env.exp(&["diff", "1", "3"]).ok();
    assert!(after.contains("(n=4: "), "{after}");
}

#[test]
fn a_run_that_can_not_be_made_again_is_not_proposed() {
    let env = TestEnv::new();
    env.write("params.yaml", "depth: 1\nlr: 1\n");
    env.write(
        "t.sh",
        "echo '{\"acc_val\": 0.'$(cat params.yaml | tr -dc 0-9)'}' > metrics.json\n",
    );
    env.commit("code");
    // The program opens a fixed path: no other configuration can be handed to it.
    for (name, text) in [
        ("plain_one", "depth: 1\nlr: 1\n"),
        ("two_things", "depth: 2\nlr: 2\n"),
    ] {
        env.write("params.yaml", text);
        env.exp(&["run", name, "--config", "params.yaml", "--", "sh", "t.sh"])
            .ok();
    }
    let diff = env.exp(&["diff", "1", "2"]).ok();
    assert!(
        diff.contains("2 FACTORS") && !diff.contains("--like"),
        "{diff}"
    );
}
