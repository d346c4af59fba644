//! Random pairs of a long history against the rules written down once more, as plainly as can be.

use std::collections::BTreeSet;

use super::{labels, rules};
use crate::compare::sample::{commit, data, metrics, param, params, run, sha};
use crate::compare::{Evidence, Side, Verdict, compare};
use crate::model::Run;

/// Numbers that look random and are the same everywhere (SplitMix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % sides as u64) as usize
    }
}

/// What a run is made of: choices of each ingredient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Recipe {
    lr: usize,
    depth: usize,
    /// 0 stands for a key that is not there.
    dropout: usize,
    split: usize,
    train: usize,
    test: usize,
    /// 0 stands for code that was not recorded.
    code: usize,
    seed: usize,
    python: usize,
    cores: usize,
    score: usize,
}

/// A history in which each run changes a few things about an earlier one.
fn history(length: usize) -> Vec<Recipe> {
    let mut dice = Dice(42);
    let mut recipes = vec![Recipe {
        code: 1,
        ..Recipe::default()
    }];
    while recipes.len() < length {
        let mut next = recipes[dice.roll(recipes.len())];
        for _ in 0..dice.roll(4) {
            match dice.roll(10) {
                0 => next.lr = dice.roll(3),
                1 => next.depth = dice.roll(3),
                2 => next.dropout = dice.roll(3),
                3 => next.split = dice.roll(2),
                4 => next.train = dice.roll(3),
                5 => next.test = dice.roll(2),
                6 => next.code = dice.roll(5),
                7 => next.seed = dice.roll(3),
                8 => next.python = dice.roll(2),
                _ => next.cores = dice.roll(2),
            }
        }
        next.score = dice.roll(2);
        recipes.push(next);
    }
    recipes
}

fn build(number: u32, recipe: &Recipe) -> Run {
    let mut run = run(number, "x");
    let lr = ["0.1", "0.2", "0.3"][recipe.lr];
    let depth = ["3", "5", "7"][recipe.depth];
    let seed = ["42", "43", "44"][recipe.seed];
    let ratio = ["0.2", "0.3"][recipe.split];
    let pairs = [
        ("lr", lr),
        ("model.depth", depth),
        ("seed", seed),
        ("split.ratio", ratio),
    ];
    params(&mut run, &pairs);
    if recipe.dropout > 0 {
        params(
            &mut run,
            &[("model.dropout", ["0.1", "0.5"][recipe.dropout - 1])],
        );
    }
    run.seed = Some(param(seed));
    run.data = vec![
        data("train", "train.csv", ["11", "22", "33"][recipe.train], 10),
        data("test", "test.csv", ["44", "55"][recipe.test], 5),
    ];
    match recipe.code {
        0 => (run.code.code_tree, run.code.commit, run.code.dirty) = (None, None, true),
        n => commit(&mut run, ["aa", "bb", "cc", "dd"][n - 1]),
    }
    if let Some(env) = &mut run.env {
        env.python = Some(["3.11.9", "3.12.1"][recipe.python].into());
        env.sha256 = Some(sha("77"));
    }
    if let Some(machine) = &mut run.hardware {
        machine.cores = Some([4, 8][recipe.cores]);
    }
    let score = ["0.80", "0.81"][recipe.score];
    metrics(&mut run, &[("auc_val", score), ("auc_test", score)]);
    run
}

/// The published rules, once more: what counts as a factor, and what the first sentence is.
fn reference(a: &Recipe, b: &Recipe) -> (BTreeSet<String>, Verdict) {
    let mut factors = BTreeSet::new();
    let mut add = |differs: bool, label: &str| {
        if differs {
            factors.insert(label.to_owned());
        }
    };
    let code_known = a.code > 0 && b.code > 0;
    add(a.lr != b.lr, "config:lr");
    add(a.depth != b.depth, "config:model.depth");
    add(a.dropout != b.dropout, "config:model.dropout");
    add(a.split != b.split, "config:split.ratio");
    add(a.train != b.train, "data:train");
    add(a.test != b.test, "eval:test");
    add(code_known && a.code != b.code, "code");
    add(a.seed != b.seed, "seed");
    // Software and machine are one factor together.
    add(a.python != b.python, "env");
    add(a.python == b.python && a.cores != b.cores, "hardware");
    // Validation rows are cut from the training data by the split rule; test rows have their file.
    let other_yardstick = a.train != b.train || a.split != b.split || a.test != b.test;
    let verdict = if other_yardstick {
        Verdict::NotComparable
    } else if factors.len() >= 2 {
        Verdict::Confounded
    } else if !code_known {
        Verdict::Incomplete
    } else if factors.len() == 1 {
        Verdict::OneFactor
    } else if a.score == b.score {
        Verdict::Identical
    } else {
        Verdict::Unexplained
    };
    (factors, verdict)
}

#[test]
fn a_hundred_random_pairs_of_two_hundred_runs_agree_with_the_rules() {
    let recipes = history(200);
    let runs: Vec<Run> = (1..)
        .zip(&recipes)
        .map(|(n, recipe)| build(n, recipe))
        .collect();
    let all: Vec<&Run> = runs.iter().collect();
    let rules = rules("primary = \"auc_val\"\n");
    let mut dice = Dice(7);
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for _ in 0..100 {
        let a = dice.roll(runs.len());
        // Half of the pairs are near each other, where little differs.
        let near = [a.saturating_sub(3), a, (a + 2).min(runs.len() - 1)];
        let b = if dice.roll(2) == 0 {
            near[dice.roll(3)]
        } else {
            dice.roll(runs.len())
        };
        let evidence = Evidence {
            runs: &all,
            ..Evidence::default()
        };
        let c = compare(
            &Side::new(&runs[a]),
            &Side::new(&runs[b]),
            &evidence,
            &rules,
        );
        let (factors, verdict) = reference(&recipes[a], &recipes[b]);
        let found: BTreeSet<String> = labels(&c).into_iter().collect();
        let pair = format!("{:?}\n{:?}", recipes[a], recipes[b]);
        assert_eq!(found, factors, "{pair}");
        assert_eq!(c.verdict, verdict, "{pair}");
        seen.insert(c.verdict.word());
    }
    assert!(seen.len() >= 5, "the pairs are too much alike: {seen:?}");
}

/// The course note's own example: new features on a second version of the data, 0.81 → 0.84.
#[test]
fn the_example_of_the_course_note_is_not_comparable() {
    let mut before = run(2, "more_trees");
    before.data = vec![data("train", "data/processed/train_v1.csv", "11", 10_000)];
    metrics(&mut before, &[("roc_auc_val", "0.81")]);
    let mut after = run(3, "new_features");
    after.data = vec![data("train", "data/processed/train_v2.csv", "22", 10_412)];
    params(
        &mut after,
        &[("features.list", "[age, income, age_bucket, is_active_30d]")],
    );
    metrics(&mut after, &[("roc_auc_val", "0.84")]);
    let rules = rules("primary = \"roc_auc_val\"\n");
    let evidence = Evidence::default();
    let c = compare(&Side::new(&before), &Side::new(&after), &evidence, &rules);
    assert_eq!(c.verdict, Verdict::NotComparable);
}
