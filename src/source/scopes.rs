//! Which function or class a line belongs to.

use super::python::{Kind, Token, normalized, tokens};

/// The longest context line that is told.
const LONGEST: usize = 48;

/// A definition with its lines, decorators included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// `Model.fit`
    pub name: String,
    /// From 1.
    pub first: usize,
    /// Inclusive.
    pub last: usize,
}

/// The definitions of a Python text, and which of its lines hold more than comments.
#[derive(Clone, Debug, Default)]
pub struct Outline {
    /// Outer ones before inner ones.
    pub scopes: Vec<Scope>,
    /// By line, from 1.
    pub code: Vec<bool>,
}

impl Outline {
    /// The innermost definition around a line that holds code.
    pub fn around(&self, line: usize) -> Option<&str> {
        if !self.code.get(line).copied().unwrap_or(false) {
            return None;
        }
        let around = |scope: &&Scope| (scope.first..=scope.last).contains(&line);
        let found = self.scopes.iter().rev().find(around);
        found.map(|scope| scope.name.as_str())
    }
}

struct Open {
    scope: usize,
    level: usize,
}

/// Finds the definitions by indentation; `None` when the text is not surely Python.
pub fn python(text: &[u8]) -> Option<Outline> {
    let text = normalized(text);
    let tokens = tokens(&text)?;
    let mut outline = Outline::default();
    let (mut open, mut level, mut decorated): (Vec<Open>, usize, Option<usize>) =
        (Vec::new(), 0, None);
    for statement in tokens.split_inclusive(|token| token.kind == Kind::Newline) {
        for token in statement {
            match token.kind {
                Kind::Indent => level += 1,
                Kind::Dedent => level = level.saturating_sub(1),
                _ => {}
            }
        }
        let words: Vec<&Token<'_>> = statement
            .iter()
            .filter(|t| !matches!(t.kind, Kind::Indent | Kind::Dedent | Kind::Newline))
            .collect();
        let (Some(first), Some(last)) = (words.first(), words.last()) else {
            continue;
        };
        let (first_line, last_line) = (first.line, last.last_line());
        if outline.code.len() <= last_line {
            outline.code.resize(last_line + 1, false);
        }
        outline.code[first_line..=last_line].fill(true);
        while open.last().is_some_and(|open| open.level >= level) {
            open.pop();
        }
        if first.is("@") {
            decorated.get_or_insert(first_line);
        } else if let Some(name) = defined(&words) {
            let outer = open
                .last()
                .map(|open| outline.scopes[open.scope].name.clone());
            let name = String::from_utf8_lossy(name).into_owned();
            outline.scopes.push(Scope {
                name: outer.map_or(name.clone(), |outer| format!("{outer}.{name}")),
                first: decorated.take().unwrap_or(first_line),
                last: last_line,
            });
            let scope = outline.scopes.len() - 1;
            open.push(Open { scope, level });
        } else {
            decorated = None;
        }
        for open in &open {
            outline.scopes[open.scope].last = last_line;
        }
    }
    Some(outline)
}

/// The name that a statement defines.
fn defined<'s>(words: &[&Token<'s>]) -> Option<&'s [u8]> {
    let at = usize::from(words.first().is_some_and(|word| word.is("async")));
    let keyword = words.get(at)?;
    let named = words.get(at + 1).filter(|word| word.kind == Kind::Name)?;
    (keyword.is("def") || (at == 0 && keyword.is("class"))).then_some(named.text)
}

/// git's own rule for files that it has no driver for: the nearest line above that begins with a
/// letter, `_` or `$` (xdiff, `def_ff`). For a line that begins so itself there is none.
pub fn context<'s>(lines: &[&'s str], line: usize) -> Option<&'s str> {
    let begins = |text: &str| {
        let first = text.bytes().next();
        first.is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'$')
    };
    let own = lines.get(line.checked_sub(1)?)?;
    if begins(own) || own.trim().is_empty() {
        return None;
    }
    let found = lines[..line - 1].iter().rev().find(|text| begins(text))?;
    let text = found.trim_end();
    let cut = text
        .char_indices()
        .nth(LONGEST)
        .map_or(text.len(), |(at, _)| at);
    Some(text[..cut].trim_end_matches(['{', ' ', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODEL: &str = "\
import os

class Model(Base):
    size = 1

    @property
    @cached
    def width(
        self,
    ):
        # a remark
        return [
            1,
        ]

    async def fit(self):
        def step(x):
            return x
        return step

def main(): pass
print(1)
";

    #[test]
    fn a_line_belongs_to_the_innermost_definition() {
        let outline = python(MODEL.as_bytes()).unwrap();
        let names: Vec<(&str, usize, usize)> = outline
            .scopes
            .iter()
            .map(|s| (s.name.as_str(), s.first, s.last))
            .collect();
        assert_eq!(
            names,
            [
                ("Model", 3, 19),
                ("Model.width", 6, 14),
                ("Model.fit", 16, 19),
                ("Model.fit.step", 17, 18),
                ("main", 21, 21),
            ]
        );
        let at = |line| outline.around(line);
        assert_eq!((at(1), at(4), at(22)), (None, Some("Model"), None));
        assert_eq!(
            (at(6), at(13), at(18)),
            (
                Some("Model.width"),
                Some("Model.width"),
                Some("Model.fit.step")
            )
        );
        assert_eq!((at(11), at(15)), (None, None), "no code on these lines");
        assert!(python(b"def f(:").is_none());
    }

    #[test]
    fn elsewhere_the_context_is_what_git_shows() {
        let text = "int main(void) {\n\n    return 0;\n}\nint x;\n";
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(context(&lines, 3), Some("int main(void)"));
        assert_eq!(
            (context(&lines, 5), context(&lines, 2), context(&lines, 9)),
            (None, None, None)
        );
    }
}
