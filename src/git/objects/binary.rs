//! The side of the git binary: one `cat-file --batch` for all reads.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout};

use super::{Object, Side};
use crate::git::{Error, Repo};
use crate::model::Oid;

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
        reader.read(id).map_err(|source| Error::Spawn {
            command: "git cat-file --batch".to_owned(),
            source,
        })
    }

    fn sizes(&mut self, ids: &[&Oid]) -> Result<Vec<Option<u64>>, Error> {
        let list: String = ids.iter().map(|id| format!("{id}\n")).collect();
        let printed = self
            .repo
            .git()
            .args(["cat-file", "--batch-check=%(objectsize)"])
            .stdin(list)
            .text()?;
        // `<id> missing` is no number.
        let sizes: Vec<_> = printed.lines().map(|size| size.parse().ok()).collect();
        match sizes.len() == ids.len() {
            true => Ok(sizes),
            false => Err(Error::Unexpected(printed)),
        }
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
