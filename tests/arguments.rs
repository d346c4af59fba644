//! A program that has its settings on the command line: they are parameters like a configuration's.

use crate::common::TestEnv;

const TRAIN: [&str; 4] = ["python3", "src/train.py", "--train", "data/train.csv"];

fn project() -> TestEnv {
    let env = TestEnv::new();
    env.write(
        "src/train.py",
        "import argparse, json\n\
         p = argparse.ArgumentParser()\n\
         p.add_argument('--train')\n\
         p.add_argument('--lr', type=float, default=0.1)\n\
         p.add_argument('--seed', type=int)\n\
         p.add_argument('--out')\n\
         a = p.parse_args()\n\
         rows = len(open(a.train).readlines())\n\
         json.dump({'accuracy': (rows + a.lr * 10) / 10}, open('metrics.json', 'w'))\n\
         if a.out: open(a.out, 'w').write(str(a.lr))\n",
    );
    env.write("data/train.csv", "x,y\n1,0\n2,1\n");
    env.write(".gitignore", "metrics.json\nmodels/\n");
    std::fs::create_dir(env.path("models")).unwrap();
    env.commit("project");
    env
}

fn train(env: &TestEnv, before: &[&str], arguments: &[&str]) -> crate::common::Ran {
    let words = [&["run"], before, &["--"], &TRAIN, arguments].concat();
    env.exp(&words)
}

#[test]
fn a_changed_argument_is_the_factor() {
    let env = project();
    train(&env, &[], &["--lr", "0.1", "--seed", "7"]).ok();
    let ran = train(&env, &[], &["--lr=0.2", "--seed", "7"]);
    assert_eq!(ran.code, 0, "{}", ran.all());
    assert!(ran.stderr.contains("argv.lr 0.1 → 0.2"), "{}", ran.stderr);
    let told = env.exp(&["diff", "1", "2"]).stdout;
    assert!(told.contains("ONE FACTOR CHANGED: argument lr."), "{told}");
    assert!(!told.contains("listed, not counted"), "{told}");
    let run = env.json("experiments/runs/exp_002_lr_0_2/run.json");
    assert_eq!(run["params"]["argv.lr"].to_string(), "0.2");
    assert_eq!(run["params"]["argv.seed"], serde_json::Value::Null);
    assert_eq!(run["seed"].to_string(), "7");
    // The data that an argument names is recorded.
    assert_eq!(run["data"][0]["path"], "data/train.csv");

    let same = train(&env, &[], &["--lr", "0.2", "--seed", "7"]).error();
    assert!(
        same.contains("exp_002_lr_0_2 has the same inputs"),
        "{same}"
    );
    let listed = env.exp(&["ls", "--filter", "lr > 0.15", "--csv", "--cols", "id,lr"]);
    assert!(listed.stdout.contains("0.2") && !listed.stdout.contains("0.1"));
    let all = env.exp(&["ls"]).stdout;
    assert!(all.contains("lr_0_2    lr "), "{all}");
}

#[test]
fn an_argument_is_set_in_the_command_of_an_earlier_run() {
    let env = project();
    train(&env, &[], &["--lr", "0.1"]).ok();
    env.exp(&["run", "--like", "1", "--set", "lr=0.5"]).ok();
    let run = env.json("experiments/runs/exp_002_lr_0_5/run.json");
    let argv = run["command"]["argv"].to_string();
    assert!(argv.ends_with(r#""--lr","0.5"]"#), "{argv}");
    let told = env.exp(&["diff", "1", "2"]).stdout;
    assert!(told.contains("argv.lr    0.1 → 0.5   (--set)"), "{told}");
    let error = env
        .exp(&["run", "--like", "1", "--set", "optim.lr=0.5"])
        .error();
    assert!(error.contains("no argument `optim.lr`"), "{error}");
    assert!(error.contains("--set argv.lr=0.5"), "{error}");
}

#[test]
fn what_can_not_alter_a_result_is_no_change() {
    let env = project();
    let out = |name| ["--lr", "0.1", "--out", name];
    let with = |name| ["--model", name];
    train(&env, &with("models/a.bin"), &out("models/a.bin")).ok();
    env.write("models/.keep", "");
    train(
        &env,
        &[&["--allow-same"], &with("models/b.bin")[..]].concat(),
        &out("models/b.bin"),
    )
    .ok();
    let told = env.exp(&["diff", "1", "2"]).stdout;
    assert!(told.contains("IDENTICAL"), "{told}");
    // Before anything is written, too.
    let same = train(&env, &with("models/c.bin"), &out("models/c.bin")).error();
    assert!(same.contains("has the same inputs"), "{same}");
}

#[test]
fn secrets_and_configurations_are_no_parameters() {
    let env = project();
    let words = ["sh", "-c", "true"];
    env.exp(&[&["run", "quiet_shell", "--"], &words[..]].concat())
        .ok();
    let params = |name: &str| {
        let run = env.json(&format!("experiments/runs/{name}/run.json"));
        run["params"].to_string()
    };
    assert_eq!(params("exp_001_quiet_shell"), "{}");
    env.write("base.yaml", "depth: 3\n");
    let words = [
        "true",
        "--config",
        "base.yaml",
        "--api-key",
        "hunter2hunter2",
        "--n",
        "3",
    ];
    env.exp(
        &[
            &["run", "loud_one", "--config", "base.yaml", "--"],
            &words[..],
        ]
        .concat(),
    )
    .ok();
    assert_eq!(params("exp_002_loud_one"), r#"{"argv.n":3,"depth":3}"#);
}
