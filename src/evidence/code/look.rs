//! Looks into the files that differ: whether it matters, and where.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use crate::compare::evidence::{FileChange, FileNote};
use crate::git::Error;
use crate::git::objects::Objects;
use crate::git::patch::Numstat;
use crate::model::Axis;
use crate::source::{Language, cosmetic, notebook, scopes};

/// Files of more bytes than this are not looked into.
const LARGEST: usize = 1 << 20;
/// Bytes of all files together.
const BUDGET: usize = 24 << 20;
/// Beyond this, lines are told apart coarsely: a function too many may be named.
const PATIENCE: Duration = Duration::from_millis(200);

/// Looks into one file after the other, as long as the budget lasts.
pub struct Looker<'a, 'r> {
    objects: &'a Objects<'r>,
    left: usize,
    deadline: Option<Instant>,
    counted: bool,
}

impl<'a, 'r> Looker<'a, 'r> {
    /// Reads contents from an object database. Unless lines were `counted`, files without counts
    /// need not be binary.
    pub fn new(objects: &'a Objects<'r>, counted: bool) -> Self {
        Self {
            objects,
            left: BUDGET,
            deadline: None,
            counted,
        }
    }

    /// What there is to say about a file; its use by the command is not looked at.
    pub fn look(&mut self, stat: &Numstat, largest: u64) -> Result<FileChange, Error> {
        let mut change = self.looked(stat, largest)?;
        if !self.counted && change.note.is_none() {
            change.note = Some(FileNote::Uncounted);
        }
        Ok(change)
    }

    fn looked(&mut self, stat: &Numstat, largest: u64) -> Result<FileChange, Error> {
        let mut change = FileChange {
            path: stat.path.clone(),
            axis: Axis::Code,
            status: stat.status.to_string(),
            added: stat.added,
            removed: stat.removed,
            cells: None,
            cosmetic: None,
            used: None,
            note: None,
            functions: Vec::new(),
        };
        let (Some((mode_a, id_a)), Some((mode_b, id_b))) = (&stat.old, &stat.new) else {
            change.note = self.too_large(stat, largest)?;
            return Ok(change);
        };
        if id_a == id_b {
            change.note = Some(FileNote::ModeOnly);
            return Ok(change);
        }
        let is_file = |mode: &u32| mode & 0o170_000 == 0o100_000;
        if self.left == 0 || !is_file(mode_a) || !is_file(mode_b) {
            return Ok(change);
        }
        if stat.added.is_none() && self.counted {
            change.note = self.too_large(stat, largest)?;
            return Ok(change);
        }
        let (a, b) = (self.objects.blob(id_a)?, self.objects.blob(id_b)?);
        let size = a.len() + b.len();
        if a.len().max(b.len()) > LARGEST || size > self.left {
            return Ok(change);
        }
        self.left -= size;
        self.compare(&mut change, &a, &b);
        if mode_a != mode_b {
            change.cosmetic = None;
        }
        Ok(change)
    }

    /// Whether a file without counts has none because of its size.
    fn too_large(&self, stat: &Numstat, largest: u64) -> Result<Option<FileNote>, Error> {
        let Some((mode, id)) = stat.new.as_ref().or(stat.old.as_ref()) else {
            return Ok(None);
        };
        if stat.added.is_some() || mode & 0o170_000 != 0o100_000 {
            return Ok(None);
        }
        let text = self.objects.blob(id)?;
        let size = text.len() as u64;
        let binary = text[..text.len().min(8_000)].contains(&0);
        Ok((size > largest && !binary).then_some(FileNote::TooLarge(size)))
    }

    fn compare(&mut self, change: &mut FileChange, a: &[u8], b: &[u8]) {
        let language = Language::of(&change.path.extension());
        if language == Some(Language::Notebook) {
            if let Some(found) = notebook::compare(a, b) {
                change.cells = Some(found.cells);
                change.cosmetic = Some(!found.code);
                change.note = Some(FileNote::OutputsIgnored);
            }
            return;
        }
        change.cosmetic = language.and_then(|language| cosmetic::is_cosmetic(language, a, b));
        if change.cosmetic != Some(true)
            && let (Ok(a), Ok(b)) = (std::str::from_utf8(a), std::str::from_utf8(b))
        {
            let deadline = *self
                .deadline
                .get_or_insert_with(|| Instant::now() + PATIENCE);
            change.functions = functions(language, a, b, deadline);
            if !change.functions.is_empty() && Instant::now() >= deadline {
                change.note = Some(FileNote::Approximate);
            }
        }
    }
}

/// The definitions that hold changed lines, in the order of the second text, then those that are
/// only in the first.
fn functions(language: Option<Language>, a: &str, b: &str, deadline: Instant) -> Vec<String> {
    let (lines_a, lines_b): (Vec<&str>, Vec<&str>) = (a.lines().collect(), b.lines().collect());
    let ops = capture_diff_slices_deadline(Algorithm::Myers, &lines_a, &lines_b, Some(deadline));
    let changed = ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. }));
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for op in changed {
        old.extend(op.old_range().map(|at| at + 1));
        new.extend(op.new_range().map(|at| at + 1));
    }
    let (mut names, mut known) = (Vec::new(), HashSet::new());
    for (text, lines, places) in [(b, &lines_b, new), (a, &lines_a, old)] {
        let outline = match language {
            Some(Language::Python) => match scopes::python(text.as_bytes()) {
                Some(outline) => Some(outline),
                None => continue,
            },
            _ => None,
        };
        for line in places {
            let found = match &outline {
                Some(outline) => outline.around(line),
                None => scopes::context(lines, line),
            };
            if let Some(name) = found.filter(|name| known.insert(name.to_string())) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_around_changed_lines_are_named() {
        let a = "import os\n\ndef one():\n    return 1\n\ndef two():\n    return 2\n\ndef gone():\n    pass\n";
        let b = "import os\n\ndef one():\n    # a remark\n    return 1\n\ndef two():\n    return 3\n\nclass New:\n    def fit(self):\n        pass\n";
        let soon = Instant::now() + PATIENCE;
        let python = |a: &str, b: &str| functions(Some(Language::Python), a, b, soon);
        assert_eq!(python(a, b), ["two", "New", "New.fit", "gone"]);
        assert_eq!(python("x = 1\n", "x = 2\n"), Vec::<String>::new());
        let c = |value: &str| format!("int main(void)\n{{\n    return {value};\n}}\n");
        assert_eq!(functions(None, &c("0"), &c("1"), soon), ["int main(void)"]);
    }
}
