//! YAML as PyYAML sees it: anchors, merge keys, tags, and YAML 1.1 scalars.
//!
//! Built on parser events, for only they tell a plain scalar from a quoted one and keep its text.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Tag};

use crate::model::Param;
use crate::model::param::ParamKind;

use super::ConfigError;
use super::tree::{self, MAX_DEPTH, TAG, Tree};
use super::yaml_scalar;

/// Entries that merge keys may copy, so that nested merges of merges can't take forever.
const MAX_MERGED: usize = 1_000_000;

/// Bytes that may be read over again for lines that only PyYAML accepts where they stand.
const MAX_REREAD: usize = 16 << 20;

/// Reads the documents of a stream, without those that are empty.
///
/// Inside brackets PyYAML does not care how far a line is indented, but YAML 1.2 and its parser do.
/// The blanks mean nothing there, so such a line is moved to the right and the text read again.
pub(super) fn parse(text: &str) -> Result<Vec<Tree>, ConfigError> {
    const MARGIN: &str = "                                                                ";
    let mut error = match documents(text) {
        Err(error) if is_flow_indentation(&error) => error,
        outcome => return outcome,
    };
    let mut lines: Vec<Cow<'_, str>> = text.split('\n').map(Cow::Borrowed).collect();
    let mut moved = HashSet::new();
    for _ in 0..=MAX_REREAD / text.len().max(1) {
        let Some(number) = error.line.filter(|_| is_flow_indentation(&error)) else {
            break;
        };
        let Some(line) = lines.get_mut(number - 1).filter(|_| moved.insert(number)) else {
            break;
        };
        *line = Cow::Owned(format!("{MARGIN}{line}"));
        error = match documents(&lines.join("\n")) {
            Ok(documents) => return Ok(documents),
            Err(error) => error,
        };
    }
    if error.line.is_some_and(|line| moved.contains(&line)) {
        error.column = error.column.map(|c| c.saturating_sub(MARGIN.len()).max(1));
    }
    Err(error)
}

/// The parser has no code for it; a test sees to it that the words stay these.
fn is_flow_indentation(error: &ConfigError) -> bool {
    matches!(
        error.message.as_str(),
        "invalid indentation" | "invalid indentation in flow construct"
    )
}

fn documents(text: &str) -> Result<Vec<Tree>, ConfigError> {
    let mut builder = Builder::default();
    // A block scalar that the end of the file cuts off has no line break to PyYAML.
    let cut_at = (!text.ends_with('\n')).then(|| text.chars().count());
    for event in Parser::new_from_str(text) {
        let (mut event, span) = event.map_err(|error| from_scan(&error))?;
        match &mut event {
            Event::StreamEnd => break,
            Event::Scalar(value, ScalarStyle::Literal | ScalarStyle::Folded, ..)
                if cut_at.is_some_and(|end| span.end.index() >= end) && value.ends_with('\n') =>
            {
                value.to_mut().pop();
            }
            _ => {}
        }
        builder
            .event(event)
            .map_err(|message| at(span.start, message))?;
    }
    Ok(builder.documents)
}

fn at(mark: Marker, message: String) -> ConfigError {
    ConfigError::at(mark.line(), mark.col() + 1, message)
}

fn from_scan(error: &ScanError) -> ConfigError {
    at(*error.marker(), error.info().to_owned())
}

/// A container that is not complete yet.
struct Frame {
    anchor: usize,
    tag: Option<String>,
    kind: Kind,
}

enum Kind {
    List(Vec<Tree>),
    Map {
        entries: Vec<(String, Tree)>,
        seen: HashSet<String>,
        merges: Vec<Tree>,
        key: Option<Key>,
    },
}

enum Key {
    Name(String),
    /// `<<`
    Merge,
}

#[derive(Default)]
struct Builder {
    documents: Vec<Tree>,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Tree>,
    merged: usize,
}

impl Builder {
    fn event(&mut self, event: Event<'_>) -> Result<(), String> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let param = scalar(&text, style, tag.as_deref());
                let is_merge = style == ScalarStyle::Plain && tag.is_none() && text == "<<";
                self.value(Tree::Leaf(param.into()), anchor, is_merge)
            }
            Event::Alias(anchor) => {
                let target =
                    self.anchors.get(&anchor).cloned().ok_or(
                        "an alias of something that is not complete, or of another document",
                    )?;
                self.value(target, 0, false)
            }
            Event::SequenceStart(anchor, tag) => {
                self.open(anchor, tag.as_deref(), Kind::List(Vec::new()))
            }
            Event::MappingStart(anchor, tag) => self.open(
                anchor,
                tag.as_deref(),
                Kind::Map {
                    entries: Vec::new(),
                    seen: HashSet::new(),
                    merges: Vec::new(),
                    key: None,
                },
            ),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::DocumentStart(_) => {
                self.anchors.clear();
                Ok(())
            }
            Event::DocumentEnd | Event::StreamStart | Event::StreamEnd | Event::Nothing => Ok(()),
        }
    }

    fn open(&mut self, anchor: usize, tag: Option<&Tag>, kind: Kind) -> Result<(), String> {
        if let Some(Frame {
            kind: Kind::Map { key: None, .. },
            ..
        }) = self.stack.last()
        {
            return Err("a key that is a list or a mapping".to_owned());
        }
        if self.stack.len() == MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        let tag = tag.and_then(custom_tag);
        self.stack.push(Frame { anchor, tag, kind });
        Ok(())
    }

    fn close(&mut self) -> Result<(), String> {
        let Some(Frame { anchor, tag, kind }) = self.stack.pop() else {
            return Ok(());
        };
        let mut tree = match kind {
            Kind::List(items) => Tree::list(items),
            Kind::Map {
                mut entries,
                mut seen,
                merges,
                ..
            } => {
                for merge in merges.iter().rev() {
                    self.merge(merge, &mut entries, &mut seen)?;
                }
                Tree::map(entries)
            }
        };
        if let Some(tag) = tag {
            tree = tagged(tag, tree);
        }
        self.value(tree, anchor, false)
    }

    /// Adds the entries of `source` that are not there yet; in a list of sources the first wins.
    fn merge(
        &mut self,
        source: &Tree,
        entries: &mut Vec<(String, Tree)>,
        seen: &mut HashSet<String>,
    ) -> Result<(), String> {
        let maps = match source {
            Tree::Map(_) => std::slice::from_ref(source),
            Tree::List { items, .. } => items.as_slice(),
            Tree::Leaf(_) => return Err("`<<` needs a mapping or a list of mappings".to_owned()),
        };
        for map in maps {
            let Tree::Map(found) = map else {
                return Err("`<<` needs a mapping or a list of mappings".to_owned());
            };
            self.merged += found.len() + 1;
            if self.merged > MAX_MERGED {
                return Err(format!(
                    "merge keys that copy more than {MAX_MERGED} entries"
                ));
            }
            for (name, value) in found.iter() {
                if name != TAG && seen.insert(name.clone()) {
                    entries.push((name.clone(), value.clone()));
                }
            }
        }
        Ok(())
    }

    /// Puts a complete node where it belongs: a key, a value, an item, or a whole document.
    fn value(&mut self, tree: Tree, anchor: usize, is_merge: bool) -> Result<(), String> {
        if anchor != 0 {
            self.anchors.insert(anchor, tree.clone());
        }
        let Some(frame) = self.stack.last_mut() else {
            return self.document(tree);
        };
        match &mut frame.kind {
            Kind::List(items) => items.push(tree),
            Kind::Map {
                entries,
                seen,
                merges,
                key,
            } => match key.take() {
                None if is_merge => *key = Some(Key::Merge),
                None => {
                    let name = key_name(&tree)?;
                    if !seen.insert(name.clone()) {
                        return Err(format!("the key `{name}` stands twice"));
                    }
                    *key = Some(Key::Name(name));
                }
                Some(Key::Merge) => merges.push(tree),
                Some(Key::Name(name)) => entries.push((name, tree)),
            },
        }
        Ok(())
    }

    fn document(&mut self, tree: Tree) -> Result<(), String> {
        match &tree {
            Tree::Leaf(param)
                if matches!(
                    **param,
                    Param::Leaf {
                        kind: ParamKind::Null,
                        ..
                    }
                ) => {}
            Tree::Leaf(_) => return Err("one value where keys and values were expected".to_owned()),
            Tree::List { .. } | Tree::Map(_) => self.documents.push(tree),
        }
        Ok(())
    }
}

/// A key as a part of a name. Text that would be something else without its quotes keeps them,
/// for `"no": 1` and `no: 1` are different keys to a program.
pub(super) fn key_name(tree: &Tree) -> Result<String, String> {
    let Tree::Leaf(param) = tree else {
        return Err("a key that is a list or a mapping".to_owned());
    };
    match &**param {
        Param::Leaf {
            kind: ParamKind::Str,
            text,
        } if text == "<<" || yaml_scalar::resolve(text) != ParamKind::Str => Ok(tree::quoted(text)),
        Param::Leaf { text, .. } => Ok(tree::component(text)),
        Param::List(_) => Err("a key that is a list".to_owned()),
    }
}

/// A scalar's type and text, by its tag if it has one.
pub(super) fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Param {
    // To PyYAML a lone `!` stands for "find the type", even before a quoted scalar.
    let by_text = match tag {
        None => style == ScalarStyle::Plain,
        Some(tag) => full_tag(tag) == "!",
    };
    if by_text {
        return Param::leaf(yaml_scalar::resolve(text), text);
    }
    let Some(tag) = tag else {
        return Param::text(text);
    };
    let kind = match core_tag(tag).as_deref() {
        Some("null") => ParamKind::Null,
        Some("bool") => ParamKind::Bool,
        Some("int") => ParamKind::Int,
        Some("float") => ParamKind::Float,
        Some("timestamp") => ParamKind::Date,
        _ => ParamKind::Str,
    };
    match custom_tag(tag) {
        // What the tag makes of the text is up to the program: both are kept.
        Some(tag) if text.is_empty() => Param::text(tag),
        Some(tag) => Param::text(format!("{tag} {text}")),
        None => Param::leaf(kind, text),
    }
}

fn full_tag(tag: &Tag) -> String {
    format!("{}{}", tag.handle, tag.suffix)
}

fn core_tag(tag: &Tag) -> Option<String> {
    full_tag(tag)
        .strip_prefix("tag:yaml.org,2002:")
        .map(str::to_owned)
}

/// A tag that YAML itself does not define, in its short spelling.
fn custom_tag(tag: &Tag) -> Option<String> {
    let full = full_tag(tag);
    match core_tag(tag) {
        Some(core) if core.starts_with("python/") => Some(format!("!!{core}")),
        Some(_) => None,
        None if full == "!" => None,
        None if full.starts_with('!') => Some(full),
        None => Some(format!("!<{full}>")),
    }
}

/// A container whose tag says what is made of it: the tag becomes a leaf beside the others.
fn tagged(tag: String, tree: Tree) -> Tree {
    let leaf = (TAG.to_owned(), Tree::leaf(ParamKind::Str, tag.as_str()));
    match tree {
        // A tuple and a list of the same values are the same to the reader of a difference.
        list @ Tree::List { .. } if tag == "!!python/tuple" => list,
        Tree::List { items, .. } => {
            let numbered = items.iter().enumerate();
            let entries = numbered.map(|(index, item)| (index.to_string(), item.clone()));
            Tree::map(std::iter::once(leaf).chain(entries).collect())
        }
        Tree::Map(entries) => {
            let others = entries.iter().filter(|(name, _)| name != TAG).cloned();
            Tree::map(std::iter::once(leaf).chain(others).collect())
        }
        scalar @ Tree::Leaf(_) => scalar,
    }
}
