//! What every configuration format is read into: a tree, then leaves with dotted names.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::model::Param;
use crate::model::param::ParamKind;

use super::ConfigError;

/// Levels of mappings and lists, counted after aliases are followed.
pub(super) const MAX_DEPTH: usize = 64;
/// Leaves, list elements included, counted after aliases are followed.
pub(super) const MAX_LEAVES: usize = 100_000;
/// Bytes of names and values, counted after aliases are followed.
const MAX_TEXT: usize = 16 << 20;

/// The name of the leaf that keeps a mapping's own tag, such as YAML's `!new:torch.optim.Adam`.
pub(super) const TAG: &str = "!";

/// A node. Cloning is cheap, for YAML aliases share what they point at.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Leaf(Rc<Param>),
    List { items: Rc<Vec<Tree>>, plain: bool },
    Map(Rc<Vec<(String, Tree)>>),
}

impl Tree {
    pub(super) fn leaf(kind: ParamKind, text: impl Into<String>) -> Self {
        Self::Leaf(Rc::new(Param::leaf(kind, text)))
    }

    pub(super) fn list(items: Vec<Tree>) -> Self {
        // Known once here: asking again at every level would be exponential under aliases.
        let plain = items.iter().all(Self::is_plain);
        Self::List {
            items: Rc::new(items),
            plain,
        }
    }

    /// Entries carry their names as [`component`] writes them.
    pub(super) fn map(entries: Vec<(String, Tree)>) -> Self {
        Self::Map(Rc::new(entries))
    }

    fn is_plain(&self) -> bool {
        match self {
            Self::Leaf(_) => true,
            Self::List { plain, .. } => *plain,
            Self::Map(_) => false,
        }
    }
}

/// A key as a part of a dotted name: quoted if it would be read as several parts, or as none.
pub(super) fn component(key: &str) -> String {
    if key.is_empty() || key == TAG || key.contains(['.', '"']) {
        quoted(key)
    } else {
        key.to_owned()
    }
}

/// A key in quotes.
pub(super) fn quoted(key: &str) -> String {
    format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""))
}

/// Collects the leaves of a tree under dotted names.
pub(super) struct Flattener {
    leaves: BTreeMap<String, Param>,
    count: usize,
    text: usize,
}

impl Flattener {
    pub(super) fn new() -> Self {
        Self {
            leaves: BTreeMap::new(),
            count: 0,
            text: 0,
        }
    }

    pub(super) fn finish(self) -> BTreeMap<String, Param> {
        self.leaves
    }

    /// Adds everything below `tree`, whose own name is `name` (empty at the top).
    pub(super) fn add(&mut self, name: &str, tree: &Tree, depth: usize) -> Result<(), ConfigError> {
        self.check_depth(depth)?;
        match tree {
            Tree::Leaf(param) => {
                self.charge(leaf_size(param))?;
                self.insert(name, (**param).clone())
            }
            Tree::Map(entries) if entries.is_empty() => {
                if name.is_empty() {
                    return Ok(());
                }
                self.charge(2)?;
                self.insert(name, Param::leaf(ParamKind::Map, "{}"))
            }
            Tree::Map(entries) => entries
                .iter()
                .try_for_each(|(key, value)| self.add(&join(name, key), value, depth + 1)),
            // A list at the very top has no name that could hold it as one value.
            Tree::List { items, plain } if !plain || name.is_empty() => {
                items.iter().enumerate().try_for_each(|(index, item)| {
                    self.add(&join(name, &index.to_string()), item, depth + 1)
                })
            }
            Tree::List { items, .. } => {
                let list = self.list(items, depth)?;
                self.insert(name, list)
            }
        }
    }

    fn list(&mut self, items: &[Tree], depth: usize) -> Result<Param, ConfigError> {
        self.check_depth(depth)?;
        self.charge(0)?;
        let mut params = Vec::new();
        for item in items {
            params.push(match item {
                Tree::List { items, .. } => self.list(items, depth + 1)?,
                Tree::Leaf(param) => {
                    self.charge(leaf_size(param))?;
                    (**param).clone()
                }
                Tree::Map(_) => continue,
            });
        }
        Ok(Param::List(params))
    }

    fn insert(&mut self, name: &str, param: Param) -> Result<(), ConfigError> {
        self.text += name.len();
        match self.leaves.insert(name.to_owned(), param) {
            None => Ok(()),
            Some(_) => Err(ConfigError::new(format!("two values are named `{name}`"))),
        }
    }

    fn check_depth(&self, depth: usize) -> Result<(), ConfigError> {
        if depth > MAX_DEPTH {
            return Err(ConfigError::new(format!(
                "nested deeper than {MAX_DEPTH} levels"
            )));
        }
        Ok(())
    }

    fn charge(&mut self, bytes: usize) -> Result<(), ConfigError> {
        self.count += 1;
        self.text += bytes;
        if self.count > MAX_LEAVES || self.text > MAX_TEXT {
            return Err(ConfigError::new(format!(
                "more than {MAX_LEAVES} values or {} MiB of them",
                MAX_TEXT >> 20
            )));
        }
        Ok(())
    }
}

fn leaf_size(param: &Param) -> usize {
    match param {
        Param::Leaf { text, .. } => text.len(),
        Param::List(_) => 0,
    }
}

fn join(name: &str, part: &str) -> String {
    if name.is_empty() {
        part.to_owned()
    } else {
        format!("{name}.{part}")
    }
}
