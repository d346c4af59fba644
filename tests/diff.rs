//! The explanation of real runs: the course project is trained for real, and what `diff` says about
//! its runs is read as a person reads it.

use std::collections::BTreeMap;
use std::path::Path;

use crate::common::TestEnv;

const V1: &str = "train=data/processed/train_v1.csv";
const V2: &str = "train=data/processed/train_v2.csv";
const TEST: &str = "test=data/processed/test.csv";

/// The course project in a new repository, with settings that train in a moment.
fn course() -> TestEnv {
    let env = TestEnv::empty();
    env.git(&["init", "-q", "-b", "main"]);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/course-project");
    copy(&source, env.repo());
    edit(
        &env,
        "configs/base.yaml",
        "n_estimators: 100",
        "n_estimators: 4",
    );
    edit(
        &env,
        "configs/experiment_v2.yaml",
        "n_estimators: 300",
        "n_estimators: 6",
    );
    // How long it takes differs with each run, and with it the widths of columns.
    edit(&env, "src/train.py", "round(seconds, 3)", "1.5");
    env.commit("course project");
    env
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else if entry.file_name() != "tour.sh" {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn edit(env: &TestEnv, file: &str, from: &str, to: &str) {
    let text = env.read(file);
    assert!(text.contains(from), "{file} has no `{from}`");
    env.write(file, text.replacen(from, to, 1));
}

/// One real training, recorded.
#[track_caller]
fn run(env: &TestEnv, name: &str, config: &str, train: &str, more: &[&str]) {
    let (options, arguments) = match more.iter().position(|word| *word == "--") {
        Some(at) => (&more[..at], &more[at + 1..]),
        None => (more, &[][..]),
    };
    let mut args = vec![
        "run", name, "--config", config, "--data", train, "--data", TEST,
    ];
    args.extend(options);
    args.extend(["--", "python3", "src/train.py", "--config", config]);
    args.extend(arguments);
    let ran = env.exp(&args);
    assert_eq!(ran.code, 0, "{}", ran.all());
}

/// What is printed, without what differs from machine to machine: the versions of Python and of git,
/// and so the ids of commits.
fn told(env: &TestEnv, args: &[&str]) -> String {
    let mut all = vec!["diff"];
    all.extend(args);
    stable(&env.exp(&all).ok())
}

fn stable(text: &str) -> String {
    let mut commits: BTreeMap<String, String> = BTreeMap::new();
    let line = |line: &str| -> String {
        let mut out = String::new();
        let mut word = String::new();
        for c in line.chars().chain(std::iter::once('\n')) {
            if c.is_ascii_alphanumeric() {
                word.push(c);
                continue;
            }
            let hex = word.len() == 7 && word.bytes().all(|b| b.is_ascii_hexdigit());
            if hex && word.bytes().any(|b| b.is_ascii_digit()) {
                let n = commits.len() + 1;
                out.push_str(commits.entry(word.clone()).or_insert(format!("commit{n}")));
            } else {
                out.push_str(&word);
            }
            word.clear();
            if c != '\n' {
                out.push(c);
            }
        }
        out
    };
    let lines: Vec<String> = text.lines().map(line).collect();
    let text = lines.join("\n");
    // `env (python 3.11.7, 94 packages)`
    let Some(start) = text.find("env (python ") else {
        return text;
    };
    let end = start + text[start..].find(')').unwrap_or(0);
    format!("{}env (python and packages{}", &text[..start], &text[end..])
}

#[test]
fn case_1_only_the_config() {
    let env = course();
    run(&env, "baseline", "configs/base.yaml", V1, &[]);
    edit(
        &env,
        "configs/base.yaml",
        "n_estimators: 4",
        "n_estimators: 12",
    );
    run(&env, "more trees", "configs/base.yaml", V1, &[]);
    insta::assert_snapshot!(told(&env, &["exp_001", "exp_002"]), @r#"
    exp_001_baseline → exp_002_more_trees

    ONE FACTOR CHANGED: config model.n_estimators. The difference can be attributed to it.

    Metrics                       exp_001    exp_002     change
      roc_auc_val     ↑ primary    0.5869     0.6159    +0.0289    better   noise unknown
      roc_auc_test    ↑            0.6006     0.6147    +0.0142    better
      accuracy_val    ↑            0.7051     0.7051          =    same
      logloss_val     ↓            0.6042     0.5994    -0.0047    better
      n_params                         85        261     +207.1 %  info
      train_time_sec                  1.5        1.5          =    info

    Series
      loss_val      ↓    last 0.6042 → 0.5994 at step 4 → 12, the best of both
      loss_train    ↓    last 0.6024 → 0.5942 at step 4 → 12, the best of both

    Changed
      config   configs/base.yaml   (1 of 11 keys)
                 model.n_estimators    4 → 12

    Same       eval, data (train_v1.csv a50c4fd7), code (commit1, clean), seed (42),
               env (python and packages)

    Neither run was repeated, so +0.0289 can't be told from luck:
      git exp run --like exp_002 --seeds 1,2,3
    "#);
    // The same again in the other forms.
    insta::assert_snapshot!(told(&env, &["1", "2", "--short"]), @r#"exp_001→exp_002  one-factor  roc_auc_val 0.5869→0.6159  config:1"#);
    assert_eq!(env.exp(&["diff", "1", "2", "--exit-code"]).code, 1);
    assert_eq!(env.exp(&["diff", "1", "1", "--exit-code"]).code, 0);
}

#[test]
fn case_2_code_and_config_at_once() {
    let env = course();
    let v2 = "configs/experiment_v2.yaml";
    run(&env, "new features", v2, V2, &[]);
    // Two repeats, so that there is noise to measure against.
    for seed in ["1", "2"] {
        run(&env, "repeat", v2, V2, &["--", "--seed", seed]);
    }
    edit(
        &env,
        "src/features.py",
        "\"\"\"",
        "# Prepared for training.\n\"\"\"",
    );
    edit(
        &env,
        "src/train.py",
        "    labelled, test_table = read_tables(config)",
        "    labelled, test_table = read_tables(config)\n    labelled = labelled.take(range(0, len(labelled) - 400))",
    );
    let notebook = env.read("notebooks/eda.ipynb");
    let mut document: serde_json::Value = serde_json::from_str(&notebook).unwrap();
    let cells = document["cells"].as_array_mut().unwrap();
    let cell = cells
        .iter_mut()
        .find(|cell| cell["cell_type"] == "code")
        .unwrap();
    cell["source"] = serde_json::json!(["print('another look')"]);
    cell["execution_count"] = serde_json::json!(99);
    env.write("notebooks/eda.ipynb", format!("{document:#}\n"));
    run(&env, "code only", v2, V2, &["--base", "exp_001"]);
    edit(&env, v2, "type: gradient_boosting", "type: random_forest");
    edit(&env, v2, "max_depth: 3", "max_depth: 7");
    run(
        &env,
        "forest",
        v2,
        V2,
        &["--base", "exp_001", "--changes", "model.type"],
    );
    insta::assert_snapshot!(told(&env, &["exp_001", "exp_005"]), @r#"
    exp_001_new_features → exp_005_forest

    3 FACTORS CHANGED AT ONCE (code, config × 2): the loss can't be attributed to any one of them.
    Declared at start: model.type.   Not declared: code, model.max_depth.

    Metrics                       exp_001    exp_005     change
      roc_auc_val     ↑ primary    0.7726     0.7716    -0.0009    worse, within noise   (n=3: ±0.012)
      roc_auc_test    ↑            0.7506     0.7604    +0.0098    better            (n=3: noise ±0.002)
      accuracy_val    ↑            0.6732     0.7336    +0.0604    better                (n=3: noise ±0)
      logloss_val     ↓            0.6093     0.5161    -0.0933    better           (n=3: noise ±0.0011)
      n_params                        132       1458    +1004.5 %  info
      train_time_sec                  1.5        1.5          =    info

    Series
      loss_val      ↓    last 0.6093 → 0.5161 at step 6;  best 0.6093 (step 6) → 0.5155 (step 5)
      loss_train    ↓    last 0.6081 → 0.432 at step 6, the best of both

    Changed
      code     commit1 (clean) → commit1 + uncommitted changes (frozen copy kept)
                 src/train.py            +1 -0    used by the command; in main
                 src/features.py         +1 -0    cosmetic (comments, whitespace)
                 notebooks/eda.ipynb    1 cell    not used by the command; outputs ignored
      config   configs/experiment_v2.yaml   (2 of 11 keys)
                 model.max_depth    3 → 7
                 model.type         gradient_boosting → random_forest

    Same       eval, data (train_v2.csv 427d0f3a), seed (42), env (python and packages)

    Already have: exp_004 differs from exp_001 only in this code change (roc_auc_val -0.0034).
    Still missing, one factor each (on exp_005's code):
      git exp run max_depth_only --like exp_004 --set model.max_depth=7
      git exp run type_only      --like exp_004 --set model.type=random_forest
    See the lines: git exp diff exp_001 exp_005 --patch
    "#);
    insta::assert_snapshot!(told(&env, &["exp_001", "exp_004"]), @r#"
    exp_001_new_features → exp_004_code_only

    ONE FACTOR CHANGED: code. The difference can be attributed to it.

    Metrics                       exp_001    exp_004     change
      roc_auc_val     ↑ primary    0.7726     0.7691    -0.0034   worse, within noise    (n=3: ±0.012)
      roc_auc_test    ↑            0.7506     0.7526    +0.0019   better, within noise   (n=3: ±0.002)
      accuracy_val    ↑            0.6732     0.6869    +0.0137   better                 (n=3: noise ±0)
      logloss_val     ↓            0.6093     0.6009    -0.0084   better            (n=3: noise ±0.0011)
      n_params                        132        132          =   info
      train_time_sec                  1.5        1.5          =   info

    Series
      loss_val      ↓    last 0.6093 → 0.6009 at step 6, the best of both
      loss_train    ↓    last 0.6081 → 0.5979 at step 6, the best of both

    Changed
      code     commit1 (clean) → commit1 + uncommitted changes (frozen copy kept)
                 src/train.py            +1 -0    used by the command; in main
                 src/features.py         +1 -0    cosmetic (comments, whitespace)
                 notebooks/eda.ipynb    1 cell    not used by the command; outputs ignored

    Same       eval, data (train_v2.csv 427d0f3a), config (11 keys), seed (42),
               env (python and packages)

    See the lines: git exp diff exp_001 exp_004 --patch
    "#);
    let lines = env.exp(&["diff", "1", "4", "--patch"]).ok();
    assert!(lines.contains("+    labelled = labelled.take("), "{lines}");
}

#[test]
fn case_3_another_version_of_the_data() {
    let env = course();
    run(&env, "baseline", "configs/base.yaml", V1, &[]);
    env.git(&["commit", "-q", "--allow-empty", "-m", "notes"]);
    run(&env, "new features", "configs/experiment_v2.yaml", V2, &[]);
    insta::assert_snapshot!(told(&env, &["exp_001", "exp_002"]), @r#"
    exp_001_baseline → exp_002_new_features

    NOT COMPARABLE: the validation rows changed together with the training data (both are cut from the
    same file), so 0.5869 and 0.7726 were measured with different yardsticks.
    Also 2 config keys changed.

    Metrics                       exp_001    exp_002      change
      roc_auc_val     ↑ primary    0.5869     0.7726    (+0.1856)   not comparable
      roc_auc_test    ↑            0.6006     0.7506     +0.1501    better        (test.csv is the same)
      accuracy_val    ↑            0.7051     0.6732    (-0.0319)   not comparable
      logloss_val     ↓            0.6042     0.6093    (+0.0051)   not comparable
      n_params                         85        132       +55.3 %  info
      train_time_sec                  1.5        1.5           =    info

    Series
      loss_val      ↓    last 0.6042 → 0.6093 at step 4 → 6, the best of both   (not comparable)
      loss_train    ↓    last 0.6024 → 0.6081 at step 4 → 6, the best of both

    Changed
      data     train: data/processed/train_v1.csv → train_v2.csv    a50c4fd7 → 427d0f3a
                 size       3,561 rows × 14 cols → 4,359 rows × 16 cols   (key: sample_id)
                 rows       +809 added   -11 removed   70 changed   3,480 the same
                 columns    + visits_prev_year       int, mean 2.932, 0 % empty
                            + drug_spend_prev_year   float, mean 13.11, 0 % empty
                 types      physical_limit: float → int (125 empty cells appeared)
                 cells      physical_limit 70 rows
                 shifted    site mean 2.737 → 3.343 (PSI 1.4);  income mean 8286 → 7982 (KS 0.049 ±
                              0.003);  physical_limit empty 0.0 % → 2.9 %
                 watch      rows also present in data/processed/test.csv: 0 → 0
      config   configs/base.yaml → experiment_v2.yaml   (2 of 11 keys)
                 features.list         + visits_prev_year, + drug_spend_prev_year
                 model.n_estimators    4 → 6

    Same       code (commit1 and commit2 have the same code), seed (42),
               env (python and packages), split rule (stratify=true, val_ratio=0.2)

    Make it fair: keep the val rows in a file of their own, for both runs: --data val=FILE
    Rows:  git exp diff exp_001 exp_002 --data --rows 20
    "#);
    insta::assert_snapshot!(told(&env, &["exp_001", "exp_002", "--short"]), @r#"exp_001→exp_002  not-comparable  roc_auc_val 0.5869→0.7726  data:train config:2"#);
}

#[test]
fn case_4_another_environment() {
    let env = course();
    env.write("requirements.txt", "scikit-learn\npandas\n");
    env.write(".gitignore", "metrics.json\n*.pkl\n.venv*/\n");
    env.commit("dependencies");
    for (name, sklearn, pandas, threads) in [
        ("baseline", "1.4.2", "2.1.4", "1"),
        ("upgraded", "1.6.1", "2.2.3", "4"),
    ] {
        let mut make = env.command("python3");
        make.args(["-m", "venv", "--without-pip", &format!(".venv_{name}")]);
        env.ran(make).ok();
        let mut find = env.command("find");
        find.args([
            format!(".venv_{name}/lib").as_str(),
            "-name",
            "site-packages",
        ]);
        let site = env.ran(find).ok().trim().to_owned();
        let joblib = sklearn.replace("1.", "2.");
        for (package, version) in [
            ("scikit_learn", sklearn),
            ("pandas", pandas),
            ("joblib", &joblib),
            ("six", "1.0"),
        ] {
            let metadata = format!("Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n");
            env.write(
                &format!("{site}/{package}-{version}.dist-info/METADATA"),
                metadata,
            );
        }
        let python = format!(".venv_{name}/bin/python3");
        let mut command = env.command("git");
        command
            .env("OMP_NUM_THREADS", threads)
            .args(["exp", "run", name]);
        command.args([
            "--config",
            "configs/base.yaml",
            "--data",
            V1,
            "--data",
            TEST,
            "--",
        ]);
        command.args([&python, "src/train.py", "--config", "configs/base.yaml"]);
        env.ran(command).ok();
    }
    insta::assert_snapshot!(told(&env, &["exp_001", "exp_002"]), @r#"
    exp_001_baseline → exp_002_upgraded

    ONE FACTOR CHANGED: environment (2 direct packages, thread variables). The metrics are the same (the
    command lines differ too).

    Metrics                       exp_001    exp_002    change
      roc_auc_val     ↑ primary    0.5869     0.5869         =   same
      roc_auc_test    ↑            0.6006     0.6006         =   same
      accuracy_val    ↑            0.7051     0.7051         =   same
      logloss_val     ↓            0.6042     0.6042         =   same
      n_params                         85         85         =   info
      train_time_sec                  1.5        1.5         =   info

    Changed
      env      packages
                 pandas             2.1.4 → 2.2.3     direct
                 scikit-learn       1.4.2 → 1.6.1     direct
                 1 more indirect package         (--env to list)
                 OMP_NUM_THREADS    1 → 4
      command  .venv_baseline/bin/python3 → .venv_upgraded/bin/python3   (listed, not counted)

    Same       eval, data (train_v1.csv a50c4fd7), code (commit1, clean), config (11 keys), seed (42)

    Restore the older environment:  git exp show exp_001 --env > requirements.lock.txt
    "#);
    insta::assert_snapshot!(told(&env, &["exp_001", "exp_002", "--env"]), @r#"
    exp_001_baseline → exp_002_upgraded

    ONE FACTOR CHANGED: environment (2 direct packages, thread variables). The metrics are the same (the
    command lines differ too).

    Metrics                       exp_001    exp_002    change
      roc_auc_val     ↑ primary    0.5869     0.5869         =   same
      roc_auc_test    ↑            0.6006     0.6006         =   same
      accuracy_val    ↑            0.7051     0.7051         =   same
      logloss_val     ↓            0.6042     0.6042         =   same
      n_params                         85         85         =   info
      train_time_sec                  1.5        1.5         =   info

    Changed
      env      packages
                 pandas             2.1.4 → 2.2.3     direct
                 scikit-learn       1.4.2 → 1.6.1     direct
                 joblib             2.4.2 → 2.6.1     indirect
                 OMP_NUM_THREADS    1 → 4
      command  .venv_baseline/bin/python3 → .venv_upgraded/bin/python3   (listed, not counted)

    Same       eval, data (train_v1.csv a50c4fd7), code (commit1, clean), config (11 keys), seed (42)

    Restore the older environment:  git exp show exp_001 --env > requirements.lock.txt
    "#);
}

#[test]
fn case_5_nothing_changed_but_the_metrics() {
    let env = course();
    let base = "configs/base.yaml";
    edit(&env, base, "seed: 42", "shuffle: true");
    edit(
        &env,
        "src/train.py",
        "    seed = config[\"seed\"] if args.seed is None else args.seed\n",
        "    seed = random.Random().randrange(1000) if args.seed is None else args.seed\n",
    );
    env.write("data/external/geo.csv", "city,lat\na,1\n");
    env.commit("no seed");
    run(&env, "free", base, V1, &[]);
    env.write("data/external/geo.csv", "city,lat\na,2\n");
    run(&env, "free again", base, V1, &["--allow-same"]);
    let text = told(&env, &["exp_001", "exp_002"]);
    // The numbers are luck here, by the very nature of the case.
    let (head, rest) = text.split_once("\nMetrics").unwrap();
    insta::assert_snapshot!(head, @r#"
    exp_001_free → exp_002_free_again

    UNEXPLAINED: every recorded input is identical, yet the metrics differ.
    "#);
    let reasons = rest.split_once("Likely reasons").unwrap().1;
    let reasons: Vec<&str> = reasons
        .lines()
        .take_while(|line| !line.contains("threads"))
        .collect();
    insta::assert_snapshot!(reasons.join("\n"), @r#"
    , most checkable first
      1 seed      no seed in the config and none on the command line (Random appears in src/train.py:137
                  without a value)
      2 inputs    the program may read files that were not recorded: data/external/geo.csv changed
                  between the runs and is not listed under inputs
    "#);
}

#[test]
fn case_6_identical() {
    let env = course();
    run(&env, "baseline", "configs/base.yaml", V1, &[]);
    run(&env, "again", "configs/base.yaml", V1, &["--allow-same"]);
    insta::assert_snapshot!(told(&env, &[]), @r#"
    exp_001_baseline → exp_002_again

    IDENTICAL: same inputs, same metrics (exp_002 repeats exp_001). Reproduced.
    "#);
}

#[test]
fn a_run_whose_snapshot_is_gone_is_compared_by_its_patch() {
    let env = course();
    run(&env, "baseline", "configs/base.yaml", V1, &[]);
    edit(
        &env,
        "src/train.py",
        "started = time",
        "begun = started = time",
    );
    run(&env, "renamed", "configs/base.yaml", V1, &[]);
    let code = |env: &TestEnv| -> Vec<String> {
        let text = env.exp(&["diff", "1", "2"]).ok();
        let lines = text.lines().skip_while(|line| !line.starts_with("  code"));
        lines.take(2).map(str::to_owned).collect()
    };
    let before = code(&env);
    assert!(before[1].contains("src/train.py    +1 -1"), "{before:?}");
    assert!(
        before[1].ends_with("used by the command; in main"),
        "{before:?}"
    );
    for name in env
        .git(&["for-each-ref", "--format=%(refname)", "refs/exp"])
        .lines()
    {
        env.git(&["update-ref", "-d", name]);
    }
    env.git(&["checkout", "-q", "--", "src"]);
    env.git(&["-c", "gc.reflogExpire=now", "gc", "-q", "--prune=now"]);
    let tree = env.json("experiments/runs/exp_002_renamed/run.json")["code"]["tree"].clone();
    let mut gone = env.command("git");
    gone.args(["cat-file", "-e", tree.as_str().unwrap()]);
    assert_ne!(env.ran(gone).code, 0, "the snapshot is still here");
    assert_eq!(code(&env), before);
    // Without the patch nothing is claimed.
    std::fs::remove_file(env.path("experiments/runs/exp_002_renamed/dirty.patch")).unwrap();
    env.git(&["gc", "-q", "--prune=now"]);
    let text = env.exp(&["diff", "1", "2"]).ok();
    assert!(text.contains("the files are not known here"), "{text}");
}

#[test]
fn other_metric_code_is_another_yardstick() {
    let env = course();
    let metric_code = "primary = \"roc_auc_val\"\n[eval]\nmetric_code = [\"src/metrics.py\"]\n";
    env.write("experiments/exp.toml", metric_code);
    run(&env, "baseline", "configs/base.yaml", V1, &[]);
    edit(
        &env,
        "src/metrics.py",
        "    rank_sum = 0.0",
        "    rank_sum = 0.0  # of the positives",
    );
    run(&env, "remark", "configs/base.yaml", V1, &["--allow-same"]);
    edit(&env, "src/metrics.py", "p >= 0.5", "p >= 0.6");
    run(&env, "stricter", "configs/base.yaml", V1, &[]);
    let verdict = |a: &str, b: &str| -> String {
        let text = env.exp(&["diff", a, b]).ok();
        text.lines()
            .skip(2)
            .take_while(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    insta::assert_snapshot!(verdict("1", "2"), @r#"IDENTICAL: same inputs, same metrics (exp_002 repeats exp_001). Reproduced."#);
    insta::assert_snapshot!(verdict("1", "3"), @r#"NOT COMPARABLE: the code that computes the metrics changed, so 0.5869 and 0.5869 were measured with different yardsticks. Also code changed."#);
}

#[test]
fn configurations_are_compared_as_typed_values() {
    let env = TestEnv::new();
    let record = |name: &str, text: &str| {
        env.write("c.yaml", text);
        env.exp(&["start", name, "--config", "c.yaml"]).ok();
        env.write("metrics.json", "{\"auc_val\": 0.8}");
        env.exp(&["finish", "--metrics", "metrics.json"]).ok();
    };
    record(
        "baseline",
        "# one\nlr: 0.001\nwd: 1.0e-4\nnet:\n  size: 3\nlayers: [1, 2]\nold: x\n",
    );
    record(
        "remarks",
        "lr: 0.0010   # same\nwd: 1.0e-4\nlayers: [1, 2]\nnet: {size: 3}\nold: x\n",
    );
    record(
        "many changes",
        "lr: 1e-3\nwd: 0.0001\nbody:\n  size: 3\nlayers: [1, 4]\nnew: y\n",
    );
    let config = |a: &str, b: &str| -> String {
        let text = env.exp(&["diff", a, b]).ok();
        let lines = text
            .lines()
            .skip_while(|line| !line.starts_with("  config"));
        lines
            .take_while(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(config("1", "2"), @r#"
    config   c.yaml   (0 of 5 keys)
               lr    0.001 → 0.0010   (same value, other spelling)
    "#);
    insta::assert_snapshot!(config("1", "3"), @r#"
    config   c.yaml   (5 of 7 keys)
               body.size    3   (moved from net.size)
               layers       + 4, - 2
               lr           0.001 → 1e-3   (type: float → str)
               new          y   (new key)
               old          x   (key removed)
               wd           1.0e-4 → 0.0001   (same value, other spelling)
    "#);
}

#[test]
fn a_configuration_that_fits_no_record_is_one_thing() {
    let env = TestEnv::new();
    let many = |step: u64| -> String {
        let lines = (0..60_000).map(|i| format!("key_{i}: {}\n", i * step));
        lines.collect()
    };
    for (name, step) in [("baseline", 1), ("steps of three", 3)] {
        env.write("c.yaml", many(step));
        let told = env.exp(&["start", name, "--config", "c.yaml"]).all();
        assert!(told.contains("exit 0"), "{told}");
        env.write("metrics.json", "{\"auc_val\": 0.8}");
        env.exp(&["finish", "--metrics", "metrics.json"]).ok();
    }
    let text = env.exp(&["diff", "1", "2"]).ok();
    assert!(text.contains("config c.yaml"), "{text}");
    assert!(text.contains("do not fit into a record"), "{text}");
    let patch = env.exp(&["diff", "1", "2", "--patch"]).ok();
    assert!(patch.contains("+key_59999: 179997"));
}

#[test]
fn values_set_on_the_command_line_say_so() {
    let env = TestEnv::new();
    let run = |name: &str, set: &[&str]| {
        let write = "echo '{\"auc_val\": 0.8}' > metrics.json";
        let command = ["--", "sh", "-c", write, "{config}"];
        let all = [&["run", name, "--config", "c.yaml"], set, &command].concat();
        env.exp(&all).ok();
    };
    env.write("c.yaml", "lr: 0.1\nflag: no\n");
    run("baseline", &[]);
    env.write("c.yaml", "lr: 0.1\nflag: \"no\"\n");
    run("higher rate", &["--set", "lr=0.2"]);
    let config = |a: &str, b: &str| -> String {
        let text = env.exp(&["diff", a, b]).ok();
        let lines = text
            .lines()
            .skip_while(|line| !line.starts_with("  config"));
        let rows = lines.skip(1).take(2).map(str::trim);
        rows.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(config("1", "2"), @r#"
    flag    no → "no"   (type: bool → str)
    lr      0.1 → 0.2   (--set)
    "#);
    insta::assert_snapshot!(config("2", "1"), @r#"
    flag    "no" → no   (type: str → bool)
    lr      0.2 → 0.1   (--set in exp_002)
    "#);
}

#[test]
fn what_is_huge_is_told_coarsely_and_soon() {
    let env = TestEnv::new();
    let lines = |from: u64, n: u64| -> String {
        (from..from + n)
            .map(|i| format!("key_{i:07}: {}\n", i * 7919 % 10_007))
            .collect()
    };
    env.write("huge.sql", lines(0, 600_000));
    env.commit("huge");
    for (name, from) in [("baseline", 0), ("other table", 300_000)] {
        env.write("huge.sql", lines(from, 600_000));
        env.exp(&["start", name]).ok();
        env.write("metrics.json", "{\"auc_val\": 0.8}");
        env.exp(&["finish", "--metrics", "metrics.json"]).ok();
    }
    let text = env.exp(&["diff", "1", "2"]).ok();
    assert!(text.contains("too large to compare line by line"), "{text}");
    let patch = env.exp(&["diff", "1", "2", "--patch"]).ok();
    assert!(patch.len() < 10_000, "{} bytes", patch.len());
}
