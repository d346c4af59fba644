//! The side of the git binary: one `cat-file --batch` for all reads.

use std::cmp::Ordering;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout};

use super::{Object, Side};
use crate::git::{Error, Repo};
use crate::model::Oid;

/// What git 2.39 ends with at an object that a partial clone was promised; newer ones call it missing.
const PROMISED: &str = "from promisor remote";

pub(super) struct Binary<'r> {
    repo: &'r Repo,
    reader: Option<Reader>,
}

impl<'r> Binary<'r> {
    pub fn new(repo: &'r Repo) -> Self {
        Self { repo, reader: None }
    }
}

/// A running `git cat-file --batch`.
struct Reader {
    child: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Reader {
    fn start(repo: &Repo) -> Result<Self, Error> {
        let mut child = repo.git().args(["cat-file", "--batch"]).converse()?;
        let (questions, answers) = (child.stdin.take(), child.stdout.take());
        let answers = answers.ok_or_else(|| Error::Unexpected("no pipe".to_owned()))?;
        Ok(Self {
            child,
            questions,
            answers: BufReader::new(answers),
        })
    }

    /// `<id> <kind> <size>\n<content>\n`, or `<id> missing\n`.
    fn read(&mut self, id: &Oid) -> std::io::Result<Option<Object>> {
        let closed = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        let questions = self.questions.as_mut().ok_or_else(closed)?;
        questions.write_all(format!("{id}\n").as_bytes())?;
        questions.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, kind, size] = words[..] else {
            return match words[..] {
                [_, "missing"] => Ok(None),
                _ => Err(std::io::Error::other(format!(
                    "cat-file said `{}`",
                    line.trim()
                ))),
            };
        };
        let size: usize = size.parse().map_err(std::io::Error::other)?;
        let mut content = vec![0; size + 1];
        self.answers.read_exact(&mut content)?;
        content.pop();
        Ok(Some(Object {
            kind: kind.to_owned(),
            content,
        }))
    }

    /// Whether it has ended because an object is not here.
    fn has_missed(&mut self) -> bool {
        self.questions = None;
        let mut said = String::new();
        let read = self.child.stderr.take();
        read.is_some_and(|mut pipe| pipe.read_to_string(&mut said).is_ok())
            && said.contains(PROMISED)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It ends when its input does.
        self.questions = None;
        let _ = self.child.wait();
    }
}

impl Side for Binary<'_> {
    fn read(&mut self, id: &Oid) -> Result<Option<Object>, Error> {
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => self.reader.insert(Reader::start(self.repo)?),
        };
        let source = match reader.read(id) {
            Ok(found) => return Ok(found),
            Err(source) => source,
        };
        match self
            .reader
            .take()
            .is_some_and(|mut ended| ended.has_missed())
        {
            true => Ok(None),
            false => Err(Error::Spawn {
                command: "git cat-file --batch".to_owned(),
                source,
            }),
        }
    }

    fn sizes(&mut self, ids: &[&Oid]) -> Result<Vec<Option<u64>>, Error> {
        let mut sizes = Vec::with_capacity(ids.len());
        while sizes.len() < ids.len() {
            let rest = &ids[sizes.len()..];
            let list: String = rest.iter().map(|id| format!("{id}\n")).collect();
            let git = self
                .repo
                .git()
                .args(["cat-file", "--batch-check=%(objectsize)"]);
            let output = git.stdin(list).output()?;
            // `<id> missing` is no number.
            let printed = String::from_utf8_lossy(&output.stdout);
            sizes.extend(printed.lines().map(|size| size.parse().ok()));
            let said = String::from_utf8_lossy(&output.stderr);
            match sizes.len().cmp(&ids.len()) {
                Ordering::Less if said.contains(PROMISED) => sizes.push(None),
                Ordering::Equal => {}
                _ => return Err(Error::Unexpected(said.into_owned())),
            }
        }
        Ok(sizes)
    }

    fn write(&mut self, kind: &str, content: &[u8]) -> Result<Oid, Error> {
        let printed = self
            .repo
            .git()
            .durable()
            .args(["hash-object", "-w", "--stdin", "-t", kind])
            .stdin(content)
            .text()?;
        Oid::parse(&printed).ok_or(Error::Unexpected(printed))
    }

    fn settle(&mut self) -> Result<(), Error> {
        // git was told to write durably, and has ended.
        Ok(())
    }

    fn is_ancestor(&mut self, ancestor: &Oid, of: &Oid) -> Result<bool, Error> {
        self.repo
            .git()
            .args(["merge-base", "--is-ancestor"])
            .args([ancestor.as_str(), of.as_str()])
            .yes()
    }
}
