//! All runs in brief: rules about one run ask here about the others.
//!
//! With `--since`, most runs are rows of the list index that nobody will ask about: each is unpacked
//! when it is.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use rayon::prelude::*;

use super::facts::RunFacts;
use crate::model::{Brief, RunId, Uid};
use crate::query::Subject;
use crate::store::catalog::Catalog;

/// The readable runs, in order of their folders' numbers and uids.
#[derive(Debug, Default)]
pub struct Roll {
    members: Vec<Member>,
    catalog: Option<Catalog>,
    aliases: OnceLock<HashMap<String, Option<usize>>>,
}

#[derive(Debug)]
struct Member {
    folder: RunId,
    uid: Uid,
    /// The place in the catalog; none for a run whose folder was read.
    row: Option<usize>,
    brief: OnceLock<Option<Box<Brief>>>,
}

impl Roll {
    /// Takes in the runs whose folders were read.
    pub fn of(read: &[RunFacts]) -> Self {
        let mut roll = Self {
            members: read.par_iter().filter_map(Member::read).collect(),
            ..Self::default()
        };
        roll.sort();
        roll
    }

    /// Takes in those, and rows of a catalog: each the run of the folder that is called so.
    pub fn with_rows(read: &[RunFacts], catalog: Catalog, rows: &[usize]) -> Self {
        let mut roll = Self::of(read);
        let listed = rows.iter().filter_map(|&row| {
            Some(Member {
                folder: catalog.id(row),
                uid: Uid::parse(catalog.uid(row))?,
                row: Some(row),
                brief: OnceLock::new(),
            })
        });
        roll.members.extend(listed);
        roll.catalog = Some(catalog);
        roll.sort();
        roll
    }

    fn sort(&mut self) {
        self.members
            .sort_by(|a, b| (a.folder.number, &a.uid).cmp(&(b.folder.number, &b.uid)));
    }

    fn brief<'r>(&'r self, member: &'r Member) -> Option<&'r Brief> {
        let unpack = || {
            let brief = self.catalog.as_ref()?.get(member.row?).ok()?;
            Some(Box::new(brief))
        };
        member.brief.get_or_init(unpack).as_deref()
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = &Brief> {
        let members = self.members.par_iter().with_min_len(256);
        members.for_each(|member| {
            self.brief(member);
        });
        self.members.iter().filter_map(|member| self.brief(member))
    }

    /// Folders that were not read, with the uids of their runs.
    pub fn unread(&self) -> impl Iterator<Item = (&RunId, &Uid)> {
        let unread = self.members.iter().filter(|member| member.row.is_some());
        unread.map(|member| (&member.folder, &member.uid))
    }

    /// Asks each run something, in order, without unpacking it. Also whether its folder was read.
    pub fn ask<T>(&self, question: impl Fn(&dyn Subject) -> T) -> Vec<(bool, T)> {
        let answer = |member: &Member| match (member.row, &self.catalog) {
            (Some(row), Some(catalog)) => Some((false, catalog.ask(row, &question)?)),
            _ => Some((true, question(self.brief(member)?))),
        };
        self.members.iter().filter_map(answer).collect()
    }

    /// The run of an identity.
    pub fn of_uid(&self, uid: &Uid) -> Option<&Brief> {
        let found = self.members.iter().find(|member| member.uid == *uid)?;
        self.brief(found)
    }

    /// The run that a label in a text means: `exp_003`, `exp_003_new_features`, a uid, an alias that
    /// only one run has.
    pub fn labelled(&self, label: &str) -> Option<&Brief> {
        let id = RunId::parse(label);
        let digits = label.strip_prefix("exp_");
        let number = digits.and_then(|digits| digits.parse::<u32>().ok());
        let Some(number) = number.or_else(|| id.as_ref().map(|id| id.number)) else {
            return self.of_uid(&Uid::parse(label)?);
        };
        let first = self
            .members
            .partition_point(|member| member.folder.number < number);
        let same = self.members[first..]
            .iter()
            .take_while(|member| member.folder.number == number);
        let mut called = same.filter(|member| id.as_ref().is_none_or(|id| member.folder == *id));
        match called.next() {
            Some(found) => self.brief(found),
            // None is called so any more.
            None => self.brief(&self.members[(*self.aliases().get(label)?)?]),
        }
    }

    /// Who was called so, in full and by number; nobody where it could be two.
    fn aliases(&self) -> &HashMap<String, Option<usize>> {
        self.aliases.get_or_init(|| {
            let mut named: HashMap<String, Option<usize>> = HashMap::new();
            for (at, member) in self.members.iter().enumerate() {
                let aliases = self.brief(member).map(|run| &run.aliases);
                for alias in aliases.into_iter().flatten() {
                    let short = RunId::parse(alias).map(|id| id.short());
                    let labels: BTreeSet<String> =
                        short.into_iter().chain([alias.clone()]).collect();
                    for label in labels {
                        let known = named.entry(label).or_insert(Some(at));
                        *known = known.filter(|known| *known == at);
                    }
                }
            }
            named
        })
    }
}

impl Member {
    fn read(facts: &RunFacts) -> Option<Self> {
        let run = facts.run.as_ref().ok()?;
        Some(Self {
            folder: facts.id.clone(),
            uid: run.uid.clone(),
            row: None,
            brief: OnceLock::from(Some(Box::new(Brief::from(run)))),
        })
    }
}
