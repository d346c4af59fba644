//! YAML: the span of a value, by the parser's own events.

use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::super::tree::Tree;
use super::super::{flag_value, yaml};
use super::json::string;
use super::{Candidate, EditError};
use crate::model::Param;
use crate::model::param::ParamKind;

/// Ways to write the value, the plainest first; the first that reads back right is taken.
pub(super) fn set(text: &str, key: &str, value: &str) -> Result<Vec<Candidate>, EditError> {
    let events: Vec<(Event<'_>, Span)> = Parser::new_from_str(text)
        .collect::<Result<_, _>>()
        .map_err(|error| EditError::impossible(format!("it is not plain YAML: {error}")))?;
    let mut finder = Finder {
        events: &events,
        at: 0,
        key,
        found: None,
    };
    finder.stream();
    let Some(found) = finder.found else {
        return Err(EditError::impossible(
            "it comes from an anchor or a merge: change it where it is written",
        ));
    };
    let bytes: Vec<usize> = text
        .char_indices()
        .map(|(at, _)| at)
        .chain(std::iter::once(text.len()))
        .collect();
    let byte = |index: usize| bytes.get(index).copied().unwrap_or(text.len());
    let place = place(text, &found, &byte);
    let wanted = flag_value(value);
    let mut spellings = vec![value.to_owned()];
    if let Param::Leaf {
        kind: ParamKind::Str,
        text,
    } = &wanted
    {
        spellings.push(string(text));
    }
    let space = match text[..place.start].ends_with(':') {
        true => " ",
        false => "",
    };
    Ok(spellings
        .iter()
        .map(|spelled| {
            let written = format!("{space}{spelled}");
            Candidate::splice(text, place.clone(), &written, Some(wanted.clone()))
        })
        .collect())
}

/// A value's place, in characters.
struct Found {
    span: Range<usize>,
    /// Where the key before it ends, if a key is before it.
    after_key: Option<usize>,
    /// Written over several lines, by indentation.
    is_block: bool,
}

fn place(text: &str, found: &Found, byte: &dyn Fn(usize) -> usize) -> Range<usize> {
    let (start, end) = (byte(found.span.start), byte(found.span.end));
    let is_empty = text[start..end].trim().is_empty();
    if !is_empty && !found.is_block {
        return start..start + scalar_length(&text[start..end]);
    }
    // Behind the colon of its key.
    let colon = found
        .after_key
        .map(byte)
        .and_then(|from| Some(from + text[from..].find(':')? + 1));
    match colon {
        Some(colon) if is_empty => colon..colon,
        Some(colon) => colon..start + text[start..end].trim_end().len(),
        None => start..end,
    }
}

/// The parser counts what follows a closing quote to the scalar.
fn scalar_length(text: &str) -> usize {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return text.trim_end().len();
    };
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c == '\\' && quote == '"' {
            chars.next();
        } else if c == quote {
            let doubled = quote == '\'' && chars.peek().is_some_and(|(_, next)| *next == quote);
            if !doubled {
                return at + 1;
            }
            chars.next();
        }
    }
    text.len()
}

struct Finder<'e> {
    events: &'e [(Event<'e>, Span)],
    at: usize,
    key: &'e str,
    found: Option<Found>,
}

impl Finder<'_> {
    fn stream(&mut self) {
        let mut document = 0;
        while let Some((event, _)) = self.events.get(self.at) {
            match event {
                Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Nothing => {
                    self.at += 1;
                }
                Event::DocumentStart(_) => {
                    self.at += 1;
                    document += 1;
                }
                _ => {
                    let name = match document {
                        0 | 1 => String::new(),
                        n => format!("document_{n}"),
                    };
                    self.node(&name, None);
                }
            }
        }
    }

    /// Goes over one node; the end of its last character.
    fn node(&mut self, name: &str, after_key: Option<usize>) -> usize {
        let Some((event, span)) = self.events.get(self.at) else {
            return 0;
        };
        self.at += 1;
        let start = span.start.index();
        let mut is_block = false;
        let end = match event {
            Event::Scalar(_, style, ..) => {
                is_block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
                span.end.index()
            }
            Event::SequenceStart(..) => {
                let (end, flow) = self.sequence(name, span.end.index());
                is_block = !flow;
                end
            }
            Event::MappingStart(..) => self.mapping(name),
            _ => span.end.index(),
        };
        let is_value = matches!(event, Event::Scalar(..) | Event::SequenceStart(..));
        if is_value && name == self.key && self.found.is_none() {
            self.found = Some(Found {
                span: start..end,
                after_key,
                is_block,
            });
        }
        end
    }

    /// The end, and whether it is written in brackets.
    fn sequence(&mut self, name: &str, opened: usize) -> (usize, bool) {
        let mut last = opened;
        let mut index = 0;
        while let Some((event, span)) = self.events.get(self.at) {
            if matches!(event, Event::SequenceEnd) {
                self.at += 1;
                // A closing bracket is one character; an indented list ends with its last item.
                let flow = span.end.index() > span.start.index();
                return (if flow { span.end.index() } else { last }, flow);
            }
            last = self.node(&join(name, &index.to_string()), None);
            index += 1;
        }
        (last, false)
    }

    fn mapping(&mut self, name: &str) -> usize {
        let mut last = 0;
        while let Some((event, span)) = self.events.get(self.at) {
            if matches!(event, Event::MappingEnd) {
                self.at += 1;
                return last.max(span.end.index());
            }
            let part = match event {
                Event::Scalar(text, style, _, tag) => {
                    let leaf = Tree::Leaf(yaml::scalar(text, *style, tag.as_deref()).into());
                    yaml::key_name(&leaf).ok()
                }
                _ => None,
            };
            // A key that is no scalar has no name to be found by.
            let unnamed = "\0";
            let key_end = self.node(unnamed, None);
            let value = join(name, part.as_deref().unwrap_or(unnamed));
            last = self.node(&value, Some(key_end));
        }
        last
    }
}

fn join(name: &str, part: &str) -> String {
    if name.is_empty() {
        part.to_owned()
    } else {
        format!("{name}.{part}")
    }
}
