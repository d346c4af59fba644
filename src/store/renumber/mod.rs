//! New numbers for runs that took one number on two branches.
//!
//! [`plan`] is a pure function of the set of runs: every clone that has the same runs gives the same
//! answer, so it does not matter who renumbers. Identity is the uid; refs, notes and data don't
//! change.

pub mod apply;
pub mod mentions;
pub mod twins;

use std::collections::BTreeMap;

use crate::model::run::Time;
use crate::model::{Run, RunId, Uid};

/// As much of a run as numbers depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Its identity.
    pub uid: Uid,
    /// Its number and name.
    pub id: RunId,
    /// When it was started.
    pub started: Time,
    /// Labels that it had before.
    pub aliases: Vec<String>,
}

impl From<&Run> for Label {
    fn from(run: &Run) -> Self {
        Self {
            uid: run.uid.clone(),
            id: run.id(),
            started: run.started,
            aliases: run.aliases.clone(),
        }
    }
}

/// One run gets another number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// The run.
    pub uid: Uid,
    /// Its label so far.
    pub from: RunId,
    /// Its new label.
    pub to: RunId,
}

/// Tells apart runs with the same number: the one that was started first keeps it, and the others
/// get the next numbers that no run has or had, in the order in which they were started.
///
/// `folders` are the numbers of all folders, those of removed and unreadable runs included.
pub fn plan(runs: &[Label], folders: &[u32]) -> Vec<Move> {
    let mut groups: BTreeMap<u32, Vec<&Label>> = BTreeMap::new();
    for run in runs {
        groups.entry(run.id.number).or_default().push(run);
    }
    let mut late: Vec<&Label> = Vec::new();
    for group in groups.values_mut() {
        group.sort_by_key(|run| order(run));
        group.dedup_by(|a, b| a.uid == b.uid);
        late.extend(group.iter().skip(1));
    }
    late.sort_by_key(|run| order(run));
    let numbers = next_free(runs, folders)..;
    late.into_iter()
        .zip(numbers)
        .map(|(run, number)| moved(run, number))
        .collect()
}

/// Ties are broken by the uid, which no two runs share.
fn order(run: &Label) -> (i64, Uid) {
    (run.started.timestamp_millis(), run.uid.clone())
}

/// The run under another number.
pub fn moved(run: &Label, number: u32) -> Move {
    Move {
        uid: run.uid.clone(),
        from: run.id.clone(),
        to: RunId {
            number,
            slug: run.id.slug.clone(),
        },
    }
}

/// The first number above all that any run has or had.
pub fn next_free(runs: &[Label], folders: &[u32]) -> u32 {
    let had = runs
        .iter()
        .flat_map(|run| &run.aliases)
        .filter_map(|alias| RunId::parse(alias))
        .map(|id| id.number);
    let has = runs.iter().map(|run| run.id.number);
    has.chain(had)
        .chain(folders.iter().copied())
        .max()
        .unwrap_or(0)
        + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn label(number: u32, slug: &str, second: i64, tie: u8) -> Label {
        Label {
            uid: Uid::new(0, &[tie; 10]),
            id: RunId {
                number,
                slug: slug.to_owned(),
            },
            started: chrono::DateTime::from_timestamp(second, 0)
                .unwrap()
                .fixed_offset(),
            aliases: Vec::new(),
        }
    }

    fn shown(moves: &[Move]) -> Vec<String> {
        moves
            .iter()
            .map(|m| format!("{} → {}", m.from, m.to))
            .collect()
    }

    #[test]
    fn the_first_keeps_its_number_and_used_numbers_are_not_given_again() {
        let mut runs = vec![
            label(2, "late", 30, 1),
            label(2, "early", 10, 2),
            label(1, "a", 5, 3),
            label(2, "middle", 20, 4),
        ];
        assert_eq!(
            shown(&plan(&runs, &[])),
            [
                "exp_002_middle → exp_003_middle",
                "exp_002_late → exp_004_late"
            ]
        );
        runs[2].aliases.push("exp_007_a".into());
        assert_eq!(plan(&runs, &[])[0].to.number, 8);
        assert_eq!(plan(&runs, &[11])[0].to.number, 12);
    }

    #[test]
    fn the_moment_counts_and_not_its_offset() {
        let here = chrono::FixedOffset::east_opt(3 * 3600).unwrap();
        let mut a = label(1, "a", 100, 1);
        a.started = a.started.with_timezone(&here);
        let b = label(1, "b", 101, 0);
        assert_eq!(shown(&plan(&[b, a], &[])), ["exp_001_b → exp_002_b"]);
    }

    proptest! {
        #[test]
        fn every_clone_gives_the_same_answer_and_it_settles(
            numbers in proptest::collection::vec((1u32..6, 0i64..4), 1..20),
            turn in 0usize..20,
        ) {
            let runs: Vec<Label> = numbers
                .iter()
                .zip(0u8..)
                .map(|((number, second), tie)| label(*number, &format!("s{tie}"), *second, tie))
                .collect();
            let moves = plan(&runs, &[]);
            let mut other = runs.clone();
            other.rotate_left(turn % runs.len());
            other.extend(runs.first().cloned());
            prop_assert_eq!(&plan(&other, &[]), &moves);

            let mut after = runs.clone();
            for run in &mut after {
                if let Some(found) = moves.iter().find(|m| m.uid == run.uid) {
                    run.id = found.to.clone();
                }
            }
            let mut taken: Vec<u32> = after.iter().map(|run| run.id.number).collect();
            taken.sort_unstable();
            taken.dedup();
            prop_assert_eq!(taken.len(), runs.len());
            prop_assert!(plan(&after, &[]).is_empty());
        }
    }
}
