//! Cases of single axes.

use super::{labels, plain, rules};
use crate::compare::axes::config::{KeyKind, KeyRole};
use crate::compare::axes::data::InputKind;
use crate::compare::axes::eval::Cause;
use crate::compare::noise::Method;
use crate::compare::reason::Reason;
use crate::compare::sample::{self, commit, data, metrics, oid, param, params, run, sha};
use crate::compare::suggest::Suggestion;
use crate::compare::{
    Axis, Caveat, CodeEvidence, Comparison, Declared, Evidence, Factor, FileChange, Gap, Judgement,
    Rules, Side, Sides, State, Verdict, Warning, compare, fingerprint,
};
use crate::model::data::Pointer;
use crate::model::param::ParamKind;
use crate::model::{Axis as PathAxis, Param, Run, Status, Uid};

fn base() -> Run {
    let mut run = run(1, "base");
    run.data = vec![
        data("train", "data/train.csv", "11", 100),
        data("test", "data/test.csv", "22", 50),
    ];
    params(&mut run, &[("model.lr", "0.1"), ("seed", "42")]);
    metrics(&mut run, &[("auc_val", "0.80"), ("auc_test", "0.70")]);
    run
}

fn next(change: impl FnOnce(&mut Run)) -> Run {
    let mut run = base();
    run.uid = Uid::new(2, &[1; 10]);
    (run.number, run.slug) = (2, "next".into());
    change(&mut run);
    run
}

fn with<T>(change: impl FnOnce(&mut Run), look: impl FnOnce(&Comparison<'_>) -> T) -> T {
    let (a, b) = (base(), next(change));
    look(&plain(&a, &b))
}

#[test]
fn a_key_moved_to_another_section_is_one_change() {
    with(
        |run| {
            run.params.remove("model.lr");
            params(run, &[("optim.lr", "0.10")]);
        },
        |c| {
            assert_eq!(labels(c), ["config:optim.lr"]);
            let key = &c.axes.config.keys[0];
            assert_eq!(
                (&key.kind, key.from.as_deref()),
                (&KeyKind::Moved, Some("model.lr"))
            );
        },
    );
    // Two candidates: nobody knows which one was moved.
    with(
        |run| {
            run.params.remove("model.lr");
            params(run, &[("a.lr", "0.1"), ("b.lr", "0.1")]);
        },
        |c| assert_eq!(c.factors.len(), 3),
    );
}

#[test]
fn a_section_that_moved_takes_its_keys_along() {
    let section = |run: &mut Run, name: &str, dim: &str| {
        for (key, value) in [("enc.dim", dim), ("dec.dim", dim), ("dec.tied", "true")] {
            params(run, &[(&format!("{name}.{key}"), value)]);
        }
    };
    let (mut a, mut b) = (base(), next(|_| {}));
    section(&mut a, "net", "64");
    section(&mut b, "model.body", "64");
    let c = plain(&a, &b);
    let told = |c: &Comparison<'_>| -> Vec<(String, Option<String>)> {
        let keys = c.axes.config.keys.iter();
        keys.map(|key| (key.key.clone(), key.from.clone()))
            .collect()
    };
    let moved = |key: &str| (format!("model.body.{key}"), Some(format!("net.{key}")));
    assert_eq!(told(&c), ["dec.dim", "dec.tied", "enc.dim"].map(moved));
    // `true` alone is no sign of anything.
    let (mut a, mut b) = (base(), next(|_| {}));
    let on = Param::leaf(ParamKind::Bool, "true");
    a.params.insert("ema.on".into(), on.clone());
    b.params.insert("swa.on".into(), on);
    assert_eq!(labels(&plain(&a, &b)), ["config:ema.on", "config:swa.on"]);
}

#[test]
fn an_element_put_into_a_list_of_mappings_is_one_change() {
    let (mut a, mut b) = (base(), next(|_| {}));
    params(&mut a, &[("cb.0.name", "stop"), ("cb.0.wait", "5")]);
    params(
        &mut b,
        &[
            ("cb.0.name", "log"),
            ("cb.1.name", "stop"),
            ("cb.1.wait", "6"),
        ],
    );
    let c = plain(&a, &b);
    assert_eq!(labels(&c), ["config:cb.0.name", "config:cb.1.wait"]);
    let changed = &c.axes.config.keys[1];
    assert_eq!(changed.from.as_deref(), Some("cb.0.wait"));
    assert_eq!(changed.kind, KeyKind::Value);
    // Two in another order: one change, of the list.
    params(&mut a, &[("cb.1.name", "log")]);
    a.params.insert("cb.0.wait".into(), param("6"));
    let c = plain(&a, &b);
    assert_eq!(labels(&c), ["config:cb"]);
    assert_eq!(c.axes.config.keys[0].kind, KeyKind::Reordered);
}

#[test]
fn another_spelling_is_listed_and_another_type_counts() {
    with(
        |run| params(run, &[("model.lr", "0.10")]),
        |c| {
            assert_eq!(c.axes.config.keys[0].kind, KeyKind::Spelling);
            assert_eq!((c.axes.config.state, c.factors.len()), (State::Same, 0));
        },
    );
    with(
        |run| {
            run.params.insert("model.lr".into(), Param::text("0.1"));
        },
        |c| {
            let change = c.axes.config.keys[0].type_change();
            assert_eq!(change, Some((ParamKind::Float, ParamKind::Str)));
            assert_eq!(labels(c), ["config:model.lr"]);
        },
    );
}

#[test]
fn a_key_that_names_data_counts_as_data_by_content() {
    with(
        |run| {
            run.data[0] = data("train", "data/train_v2.csv", "33", 120);
            params(run, &[("data.train", "./data/train_v2.csv")]);
        },
        |c| {
            assert_eq!(labels(c), ["data:train"]);
            let roles: Vec<KeyRole> = c.axes.config.keys.iter().map(|key| key.role).collect();
            assert_eq!(roles, [KeyRole::DataPath]);
        },
    );
    // A renamed file with the same content is no change at all.
    with(
        |run| run.data[0] = data("train", "data/renamed.csv", "11", 100),
        |c| {
            assert_eq!(c.axes.data.inputs[0].kind, InputKind::Renamed);
            assert!(c.factors.is_empty());
        },
    );
}

#[test]
fn a_key_that_names_an_output_counts_nowhere() {
    let saved = |run: &mut Run, path: &str| {
        params(run, &[("output.model", path)]);
        run.models = vec![crate::model::data::Artifact {
            path: path.into(),
            sha256: sha("55"),
            bytes: 1,
            lfs: false,
        }];
    };
    let mut a = base();
    saved(&mut a, "models/exp_001.pkl");
    let b = next(|run| saved(run, "models/exp_002.pkl"));
    let c = plain(&a, &b);
    assert_eq!(c.axes.config.keys[0].role, KeyRole::OutputPath);
    assert!(c.factors.is_empty());
}

#[test]
fn the_seed_counts_once_wherever_it_is_written() {
    let reseed = |run: &mut Run, seed: &str| {
        run.seed = Some(param(seed));
        params(run, &[("seed", seed), ("model.random_state", seed)]);
    };
    let mut a = base();
    reseed(&mut a, "42");
    let b = next(|run| reseed(run, "43"));
    assert_eq!(labels(&plain(&a, &b)), ["seed"]);
    // A generator that lost its seed is a parameter of its own.
    let b = next(|_| ());
    assert_eq!(labels(&plain(&a, &b)), ["config:model.random_state"]);
    // A seed that appeared in the configuration is a change; one merely not recorded is unknown.
    let mut unseeded = base();
    unseeded.seed = None;
    let b = next(|_| ());
    assert_eq!(plain(&unseeded, &b).axes.seed.state, State::Unknown);
    unseeded.params.remove("seed");
    assert_eq!(labels(&plain(&unseeded, &b)), ["seed"]);
}

#[test]
fn a_configuration_that_nobody_could_read_counts_as_one() {
    let mut a = base();
    a.config[0].unread = Some("not YAML".into());
    a.params.clear();
    let b = next(|run| {
        run.config[0].sha256 = sha("77");
        run.config[0].unread = Some("not YAML".into());
        run.params.clear();
    });
    assert_eq!(
        labels(&plain(&a, &b)),
        ["config:configs/experiment_v1.yaml"]
    );
    // Read on one side only, but byte for byte the same.
    let b = next(|_| ());
    let c = plain(&a, &b);
    assert_eq!((c.axes.config.state, c.factors.len()), (State::Same, 0));
}

#[test]
fn line_endings_are_no_change_and_unstable_files_are_unknown() {
    let mut a = base();
    a.data[0].blob = Some(oid("abc"));
    let b = next(|run| {
        run.data[0].sha256 = Some(sha("99"));
        run.data[0].blob = Some(oid("abc"));
    });
    let c = plain(&a, &b);
    assert_eq!(c.axes.data.inputs[0].kind, InputKind::LineEndings);
    assert_eq!(c.axes.data.state, State::Same);
    with(
        |run| run.data[0].unstable = true,
        |c| {
            let gap = Gap::Unstable {
                role: "train".into(),
                sides: Sides::B,
            };
            assert_eq!(c.axes.data.gaps, [gap]);
            assert_eq!(c.verdict, Verdict::Incomplete);
            assert!(
                matches!(c.warnings[..], [.., Warning::Unstable { .. }]),
                "{:?}",
                c.warnings
            );
        },
    );
}

#[test]
fn pointers_tell_when_the_content_is_not_here() {
    let point = |run: &mut Run, id: &str| {
        run.data[0].sha256 = None;
        run.data[0].pointer = Some(Pointer {
            kind: "dvc".into(),
            id: id.into(),
            present: false,
        });
    };
    let mut a = base();
    point(&mut a, "m1");
    let same = next(|run| point(run, "m1"));
    assert_eq!(plain(&a, &same).axes.data.state, State::Same);
    let other = next(|run| point(run, "m2"));
    assert_eq!(labels(&plain(&a, &other)), ["data:train"]);
    let unlike = next(|_| ());
    assert_eq!(plain(&a, &unlike).axes.data.state, State::Unknown);
}

#[test]
fn a_role_of_one_run_is_new_unless_it_is_the_training_data() {
    with(
        |run| run.data.push(data("geo", "data/geo.csv", "44", 9)),
        |c| assert_eq!(labels(c), ["data:geo"]),
    );
    with(
        |run| {
            run.data.remove(0);
        },
        |c| {
            let gap = Gap::NoInput {
                role: "train".into(),
                sides: Sides::B,
            };
            assert_eq!(c.axes.data.gaps, [gap]);
            assert_eq!((c.factors.len(), c.verdict), (0, Verdict::Incomplete));
        },
    );
    with(
        |run| run.data.clear(),
        |c| {
            assert_eq!(c.axes.data.gaps, [Gap::NotRecorded(Sides::B)]);
            assert!(
                c.suggestions
                    .iter()
                    .any(|s| matches!(s, Suggestion::RecordData(_)))
            );
        },
    );
}

#[test]
fn rows_cut_from_changed_training_data_are_another_yardstick() {
    with(
        |run| {
            run.data[0] = data("train", "data/train.csv", "33", 120);
            metrics(run, &[("auc_val", "0.85"), ("auc_test", "0.72")]);
        },
        |c| {
            assert_eq!(c.verdict, Verdict::NotComparable);
            assert_eq!(c.axes.eval.val.cause, Some(Cause::CutFromTrain));
            let judged: Vec<_> = c
                .metrics
                .iter()
                .map(|row| (&*row.name, row.judgement))
                .collect();
            assert_eq!(
                judged,
                [
                    ("auc_val", Judgement::NotComparable),
                    ("auc_test", Judgement::Better)
                ]
            );
        },
    );
    // With a validation file of its own the same change is an ordinary factor.
    let own = |run: &mut Run| run.data.push(data("dev", "data/dev.csv", "66", 10));
    let mut a = base();
    own(&mut a);
    let b = next(|run| {
        own(run);
        run.data[0] = data("train", "data/train.csv", "33", 120);
    });
    assert_eq!(plain(&a, &b).verdict, Verdict::OneFactor);
}

#[test]
fn training_metrics_never_make_a_pair_incomparable() {
    let own = |run: &mut Run| {
        run.data.push(data("val", "data/val.csv", "66", 10));
        metrics(run, &[("loss_train", "0.3")]);
    };
    let mut a = base();
    own(&mut a);
    let b = next(|run| {
        own(run);
        run.data[0] = data("train", "data/train.csv", "33", 120);
    });
    let c = plain(&a, &b);
    assert_eq!(c.verdict, Verdict::OneFactor);
    let train = c
        .metrics
        .iter()
        .find(|row| row.name == "loss_train")
        .unwrap();
    assert_eq!(train.judgement, Judgement::NotComparable);
}

#[test]
fn a_changed_split_moves_only_rows_that_are_cut() {
    let mut a = base();
    params(&mut a, &[("split.ratio", "0.2")]);
    let b = next(|run| params(run, &[("split.ratio", "0.3")]));
    let c = plain(&a, &b);
    assert_eq!(
        (c.verdict, c.axes.eval.val.cause),
        (Verdict::NotComparable, Some(Cause::Split))
    );
    assert_eq!(c.axes.eval.test.state, State::Same);
    assert_eq!(labels(&c), ["config:split.ratio"]);
    // Words decide only where there are no keys, and only if both runs have some.
    with(
        |run| run.eval.split = Some("80/20".into()),
        |c| assert_eq!(c.axes.eval.state, State::Same),
    );
    let mut a = base();
    a.eval.split = Some("70/30".into());
    let b = next(|run| run.eval.split = Some("80/20".into()));
    assert_eq!(plain(&a, &b).verdict, Verdict::NotComparable);
}

#[test]
fn changed_metric_code_changes_every_yardstick() {
    let (a, b) = (base(), next(|run| commit(run, "cc")));
    let evidence = Evidence {
        metric_code_changed: Some(true),
        ..Evidence::default()
    };
    let c = compare(&Side::new(&a), &Side::new(&b), &evidence, &Rules::default());
    assert_eq!(c.verdict, Verdict::NotComparable);
    assert!(
        c.metrics
            .iter()
            .all(|row| row.judgement == Judgement::NotComparable)
    );
    // The project names its metric code, the code changed, and nobody looked.
    let named = rules("[eval]\nmetric_code = [\"src/metrics.py\"]");
    let c = compare(&Side::new(&a), &Side::new(&b), &Evidence::default(), &named);
    assert_eq!(
        (c.axes.eval.metric_code, c.verdict),
        (State::Unknown, Verdict::Incomplete)
    );
    // The records keep its id.
    let (mut a, mut b) = (a, b);
    a.eval.metric_code = vec!["src/metrics.py@1".into()];
    b.eval.metric_code = vec!["src/metrics.py@1".into()];
    let c = compare(&Side::new(&a), &Side::new(&b), &Evidence::default(), &named);
    assert_eq!(c.verdict, Verdict::OneFactor);
}

#[test]
fn code_that_cannot_matter_is_listed_and_not_counted() {
    let (a, b) = (base(), next(|run| commit(run, "cc")));
    let look = |files: Vec<FileChange>| {
        let evidence = Evidence {
            code: CodeEvidence::Known(files),
            ..Evidence::default()
        };
        let c = compare(&Side::new(&a), &Side::new(&b), &evidence, &Rules::default());
        (c.axes.code.state, c.axes.code.uncounted(), c.differs())
    };
    let cosmetic = FileChange {
        cosmetic: Some(true),
        ..FileChange::lines("src/a.py", "M", 1, 1)
    };
    let unused = FileChange {
        used: Some(false),
        ..FileChange::lines("x.ipynb", "M", 1, 1)
    };
    let plain = FileChange::lines("src/b.py", "M", 1, 1);
    let config = FileChange {
        axis: PathAxis::Config,
        ..plain.clone()
    };
    assert_eq!(
        look(vec![cosmetic.clone(), unused.clone()]),
        (State::Same, 2, true)
    );
    assert_eq!(
        look(vec![cosmetic, unused, plain]),
        (State::Changed, 2, true)
    );
    // Trees that differ are a change, even if no file is known to.
    assert_eq!(look(vec![config]), (State::Changed, 0, true));
    assert_eq!(look(vec![]), (State::Changed, 0, true));
}

#[test]
fn without_trees_a_clean_commit_tells() {
    let mut a = base();
    a.code.code_tree = None;
    let b = next(|run| run.code.code_tree = None);
    assert_eq!(plain(&a, &b).axes.code.state, State::Same);
    let b = next(|run| (run.code.code_tree, run.code.dirty) = (None, true));
    assert_eq!(plain(&a, &b).axes.code.state, State::Unknown);
    let evidence = Evidence {
        code: CodeEvidence::Known(Vec::new()),
        ..Evidence::default()
    };
    let c = compare(&Side::new(&a), &Side::new(&b), &evidence, &Rules::default());
    assert_eq!(c.axes.code.state, State::Same);
}

#[test]
fn environment_and_machine_are_one_factor() {
    with(
        |run| {
            run.env.as_mut().unwrap().python = Some("3.12.0".into());
            run.hardware.as_mut().unwrap().gpus = Some(vec!["A100".into()]);
        },
        |c| assert_eq!(labels(c), ["env"]),
    );
    with(
        |run| run.hardware.as_mut().unwrap().cores = Some(64),
        |c| assert_eq!(labels(c), ["hardware"]),
    );
    with(
        |run| {
            let vars = &mut run.env.as_mut().unwrap().vars;
            vars.insert("OMP_NUM_THREADS".into(), "1".into());
        },
        |c| assert_eq!(labels(c), ["env"]),
    );
}

#[test]
fn indirect_packages_and_hosts_are_listed_and_not_counted() {
    let list = |version: &str| vec![("Foo_Bar".to_owned(), version.to_owned())];
    let (before, after) = (list("1"), list("2"));
    let a = base();
    let b = next(|run| {
        run.env.as_mut().unwrap().sha256 = Some(sha("ee"));
        run.process.as_mut().unwrap().host = Some("node".into());
        metrics(run, &[("auc_val", "0.81")]);
    });
    let (mut x, mut y) = (Side::new(&a), Side::new(&b));
    (x.packages, y.packages) = (Some(&before[..]), Some(&after[..]));
    let c = compare(&x, &y, &Evidence::default(), &Rules::default());
    assert_eq!((c.factors.len(), c.verdict), (0, Verdict::Unexplained));
    assert_eq!(c.caveats, [Caveat::Packages]);
    assert!(c.reasons.contains(&Reason::Packages(Some(1))));
    assert_eq!(c.axes.hardware.listed, ["host"]);
    // Named by the project, under any spelling of its name, the package counts.
    let name = |run: &mut Run| {
        run.env
            .as_mut()
            .unwrap()
            .direct
            .insert("foo.bar".into(), None);
    };
    let (mut a, mut b) = (a.clone(), b.clone());
    name(&mut a);
    name(&mut b);
    let (mut x, mut y) = (Side::new(&a), Side::new(&b));
    (x.packages, y.packages) = (Some(&before[..]), Some(&after[..]));
    let c = compare(&x, &y, &Evidence::default(), &Rules::default());
    assert_eq!(labels(&c), ["env"]);
}

#[test]
fn the_command_line_is_listed_without_what_counts_elsewhere() {
    let command = |run: &mut Run, words: &[&str]| {
        run.command.as_mut().unwrap().argv = words.iter().map(|w| (*w).to_owned()).collect();
    };
    let mut a = base();
    command(
        &mut a,
        &[
            "python",
            "t.py",
            "-c",
            "configs/experiment_v1.yaml",
            "--seed=42",
        ],
    );
    let b = next(|run| {
        crate::compare::sample::config(run, "configs/b.yaml");
        run.seed = Some(param("43"));
        params(run, &[("seed", "43")]);
        command(
            run,
            &["python", "t.py", "-c", "./configs/b.yaml", "--seed=43"],
        );
    });
    assert_eq!(plain(&a, &b).axes.command.state, State::Same);
    // A seed that only one command line has is told on the seed axis.
    let b = next(|run| {
        run.seed = Some(param("7"));
        command(
            run,
            &[
                "python",
                "t.py",
                "-c",
                "configs/experiment_v1.yaml",
                "--seed",
                "7",
            ],
        );
    });
    let mut silent = a.clone();
    command(
        &mut silent,
        &["python", "t.py", "-c", "configs/experiment_v1.yaml"],
    );
    assert_eq!(plain(&silent, &b).axes.command.state, State::Same);
    let b = next(|run| {
        let words = [
            "python",
            "t.py",
            "-c",
            "configs/experiment_v1.yaml",
            "--fast",
            "--seed=42",
        ];
        command(run, &words);
    });
    let c = plain(&a, &b);
    assert_eq!(c.axes.command.only_b, ["--fast"]);
    assert_eq!(
        (c.factors.len(), &c.caveats[..]),
        (0, &[Caveat::Command][..])
    );
}

#[test]
fn an_argument_counts_like_a_key_and_without_a_command_it_is_unknown() {
    let told = |number, lr: Option<&str>| {
        let mut run = sample::run(number, "a");
        run.config.clear();
        run.params.clear();
        let words = ["python", "t.py"].into_iter();
        let words: Vec<&str> = words
            .chain(lr.iter().flat_map(|lr| ["--lr", *lr]))
            .collect();
        run.command.as_mut().unwrap().argv = words.into_iter().map(str::to_owned).collect();
        if let Some(lr) = lr {
            params(&mut run, &[("argv.lr", lr)]);
        }
        run
    };
    let labels = |a: &Run, b: &Run| {
        let c = plain(a, b);
        assert_eq!(c.axes.command.state, State::Same);
        assert_eq!(c.axes.gaps(Axis::Config), []);
        let labels = c.factors.iter().map(Factor::label);
        labels.collect::<Vec<_>>()
    };
    let (slow, fast, plainly) = (told(1, Some("1")), told(2, Some("2")), told(3, None));
    assert_eq!(labels(&slow, &fast), ["config:argv.lr"]);
    assert_eq!(labels(&slow, &plainly), ["config:argv.lr"]);
    assert_eq!(labels(&slow, &told(4, Some("1"))), [""; 0]);
    assert_ne!(fingerprint(&slow), fingerprint(&fast));
    let said = ["--lr".to_owned()];
    let factors = plain(&slow, &fast).factors;
    assert_eq!(Declared::check(&said, &factors).undeclared, []);

    // A run that was started by hand says nothing of its arguments.
    let mut by_hand = told(5, None);
    by_hand.command = None;
    let c = plain(&fast, &by_hand);
    assert_eq!(c.factors.len(), 0);
    assert_eq!(c.axes.gaps(Axis::Config), [Gap::NotRecorded(Sides::B)]);
    assert_eq!(c.axes.command.state, State::Unknown);
    assert_eq!(c.verdict, Verdict::Incomplete);
}

#[test]
fn a_configuration_that_neither_run_has_softens_and_one_that_is_missing_forbids() {
    let bare = |run: &mut Run| {
        run.config.clear();
        run.params.clear();
        run.seed = None;
    };
    let mut a = base();
    bare(&mut a);
    let b = next(|run| {
        bare(run);
        commit(run, "cc");
    });
    let c = plain(&a, &b);
    assert_eq!(c.verdict, Verdict::OneFactor);
    assert_eq!(
        c.caveats,
        [Caveat::Unknown(Axis::Config), Caveat::Unknown(Axis::Seed)]
    );
    let b = next(|_| ());
    assert_eq!(plain(&a, &b).verdict, Verdict::Incomplete);
}

#[test]
fn bundles_make_several_keys_one_factor() {
    let rules = rules("[factors]\nfeatures = [\"features.*\"]");
    let mut a = base();
    params(&mut a, &[("features.a", "1"), ("features.b", "1")]);
    let b = next(|run| params(run, &[("features.a", "2"), ("features.b", "2")]));
    let c = compare(&Side::new(&a), &Side::new(&b), &Evidence::default(), &rules);
    assert_eq!(
        (labels(&c), c.verdict),
        (vec!["config:features".into()], Verdict::OneFactor)
    );
    assert_eq!(c.factors[0].members, ["features.a", "features.b"]);
}

#[test]
fn what_is_not_a_number_is_never_better() {
    with(
        |run| metrics(run, &[("auc_val", "nan"), ("auc_test", "inf")]),
        |c| {
            assert!(
                c.metrics
                    .iter()
                    .all(|row| row.judgement == Judgement::NotFinite)
            );
            assert_eq!(c.verdict, Verdict::Unexplained);
        },
    );
}

#[test]
fn unfinished_runs_are_incomplete_until_they_have_metrics() {
    with(
        |run| {
            run.metrics.clear();
            run.status = Status::Running;
            run.finished = None;
        },
        |c| {
            assert_eq!(c.verdict, Verdict::Incomplete);
            let Some(Suggestion::Finish(argv)) = c.suggestions.first() else {
                panic!("{:?}", c.suggestions);
            };
            assert_eq!(argv.join(" "), "finish exp_002 --metrics FILE");
        },
    );
    with(
        |run| {
            run.metrics.clear();
            metrics(run, &[("other", "1")]);
        },
        |c| assert_eq!(c.verdict, Verdict::Incomplete),
    );
}

#[test]
fn choosing_by_test_is_told() {
    let rules = rules("primary = \"auc_test\"");
    let (a, b) = (base(), next(|run| params(run, &[("model.lr", "0.2")])));
    let c = compare(&Side::new(&a), &Side::new(&b), &Evidence::default(), &rules);
    assert!(
        c.warnings
            .contains(&Warning::PrimaryIsTest("auc_test".into()))
    );
}

#[test]
fn repeats_need_proof_other_seeds_and_success() {
    let repeat = |seed: &str, value: &str| {
        let mut run = base();
        run.uid = Uid::new(seed.parse().unwrap(), &[5; 10]);
        run.seed = Some(param(seed));
        params(&mut run, &[("seed", seed)]);
        metrics(&mut run, &[("auc_val", value)]);
        run
    };
    let (a, b) = (base(), next(|run| params(run, &[("model.lr", "0.2")])));
    let noise = |runs: &[Run]| {
        let runs: Vec<&Run> = runs.iter().collect();
        let evidence = Evidence {
            runs: &runs,
            ..Evidence::default()
        };
        let c = compare(&Side::new(&a), &Side::new(&b), &evidence, &Rules::default());
        c.metrics[0].noise.clone()
    };
    assert_eq!(noise(&[]), None);
    // The very same seed and value again is no second observation.
    assert_eq!(noise(&[repeat("42", "0.80")]), None);
    let found = noise(&[repeat("7", "0.82")]).unwrap();
    assert_eq!((found.method, found.n()), (Method::OneSample, 2));
    let mut failed = repeat("7", "0.82");
    failed.status = Status::Failed;
    let mut elsewhere = repeat("8", "0.82");
    elsewhere.data[0].sha256 = Some(sha("ab"));
    let mut unproven = repeat("9", "0.82");
    unproven.data.clear();
    assert_eq!(noise(&[failed, elsewhere, unproven]), None);
}

#[test]
fn the_noise_of_a_pair_of_repeats_needs_a_third() {
    let reseed = |run: &mut Run, seed: &str, value: &str| {
        run.seed = Some(param(seed));
        params(run, &[("seed", seed)]);
        metrics(run, &[("auc_val", value)]);
    };
    let a = base();
    let b = next(|run| reseed(run, "43", "0.82"));
    let mut third = next(|run| reseed(run, "44", "0.81"));
    third.uid = Uid::new(9, &[9; 10]);
    let look = |runs: &[&Run]| {
        let evidence = Evidence {
            runs,
            ..Evidence::default()
        };
        let c = compare(&Side::new(&a), &Side::new(&b), &evidence, &Rules::default());
        (
            c.metrics[0].noise.as_ref().map(|noise| noise.n()),
            c.verdict,
            c.warnings.clone(),
        )
    };
    let warned = vec![Warning::SeedMaySplit];
    assert_eq!(look(&[]), (None, Verdict::OneFactor, warned.clone()));
    assert_eq!(
        look(&[&third, &a, &b]),
        (Some(3), Verdict::OneFactor, warned)
    );
}

#[test]
fn the_closest_runs_lie_on_the_way() {
    let a = base();
    let b = next(|run| {
        commit(run, "cc");
        params(run, &[("model.lr", "0.2")]);
    });
    let third = |change: fn(&mut Run)| {
        let mut run = next(change);
        run.uid = Uid::new(77, &[3; 10]);
        run.number = 7;
        run
    };
    let look = |run: Run| {
        let runs = [&run];
        let evidence = Evidence {
            runs: &runs,
            ..Evidence::default()
        };
        let c = compare(&Side::new(&a), &Side::new(&b), &evidence, &Rules::default());
        c.closest
            .iter()
            .map(|c| (c.factor.label(), c.from_first))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        look(third(|run| commit(run, "cc"))),
        [("code".to_owned(), true)]
    );
    assert_eq!(
        look(third(|run| params(run, &[("model.lr", "0.2")]))),
        [("config:model.lr".to_owned(), true)]
    );
    // The same key, but a value that neither has, is off the way.
    assert!(look(third(|run| params(run, &[("model.lr", "0.3")]))).is_empty());
    assert!(look(third(|run| commit(run, "dd"))).is_empty());
    assert!(look(third(|_| ())).is_empty());
}

#[test]
fn a_seed_on_the_command_line_makes_a_repeat_all_the_same() {
    let with = |flag: Option<&str>| {
        let mut run = base();
        params(&mut run, &[("seed", "42"), ("lr", "0.1")]);
        run.seed = Some(param("42"));
        if let Some(value) = flag {
            run.seed = Some(param(value));
            let command = run.command.as_mut().unwrap();
            command.argv.extend(["--seed".to_owned(), value.to_owned()]);
        }
        crate::compare::fingerprint_but_seed(&run).digest
    };
    assert_eq!(with(None), with(Some("7")));
    assert_eq!(with(None), with(Some("42")));
}
