//! Which leaf of one configuration is which of the other.
//!
//! By name; but a list of mappings is spelled out as `name.0.key`, and there an element that came or
//! went renames all that follow. So elements of such lists are paired by what they hold.
//!
//! A record does not tell `{0: …, 1: …}` from a list, so mappings of mappings with such keys are
//! paired the same way.

use std::collections::{BTreeMap, BTreeSet};

use crate::compare::fingerprint::canonical;
use crate::model::Param;

type Params = BTreeMap<String, Param>;
type At<'a> = (&'a String, &'a Param);

/// A leaf of both sides, or of one.
#[derive(Clone, Copy)]
pub(super) struct Pair<'a> {
    pub(super) a: Option<At<'a>>,
    pub(super) b: Option<At<'a>>,
    /// Whether it goes by its name in the first configuration, whose list is the longer one: there
    /// no two elements have one name, not even with those that are gone.
    pub(super) by_first: bool,
}

/// Leaves, paired.
#[derive(Default)]
pub(super) struct Aligned<'a> {
    /// Each leaf of either side once.
    pub(super) pairs: Vec<Pair<'a>>,
    /// Lists of mappings whose elements changed places, by name.
    pub(super) reordered: Vec<String>,
}

/// Pairs the leaves of two configurations.
pub(super) fn aligned<'a>(a: &'a Params, b: &'a Params) -> Aligned<'a> {
    let mut found = Aligned::default();
    let numbered = |params: &Params| {
        let mut parts = params.keys().flat_map(|key| key.split('.'));
        parts.any(|part| part == "0")
    };
    if numbered(a) && numbered(b) {
        found.nodes(&Node::of(a), &Node::of(b), "", false);
    } else {
        let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        let pair = |name| Pair {
            a: a.get_key_value(name),
            b: b.get_key_value(name),
            by_first: false,
        };
        found.pairs.extend(names.into_iter().map(pair));
    }
    found
}

#[derive(Default)]
struct Node<'a> {
    leaf: Option<At<'a>>,
    below: BTreeMap<&'a str, Node<'a>>,
}

impl<'a> Node<'a> {
    fn of(params: &'a Params) -> Self {
        let mut top = Node::default();
        for (name, value) in params {
            let mut node = &mut top;
            for part in parts(name) {
                node = node.below.entry(part).or_default();
            }
            node.leaf = Some((name, value));
        }
        top
    }

    /// The elements, if it is a list with a mapping in it.
    fn elements(&self) -> Option<Vec<&Node<'a>>> {
        let elements: Option<Vec<&Node<'a>>> = (0..self.below.len())
            .map(|index| self.below.get(index.to_string().as_str()))
            .collect();
        let mapping = |node: &&Node<'a>| !node.below.is_empty();
        elements.filter(|list| list.iter().any(mapping))
    }

    /// All that it holds, whatever it is called.
    fn content(&self) -> String {
        let mut text = self.leaf.map_or_else(String::new, |at| canonical(at.1));
        for (name, node) in &self.below {
            text.push_str(&format!("{name:?}({})", node.content()));
        }
        text
    }

    /// What it is called or made of, by the leaf that says so.
    fn identity(&self) -> Option<String> {
        const SAY_SO: [&str; 8] = [
            "id",
            "name",
            "key",
            "_target_",
            "class_path",
            "class",
            "type",
            "!",
        ];
        let leaf = |name: &&'static str| Some((*name, self.below.get(name)?.leaf?.1));
        let (name, value) = SAY_SO.iter().find_map(leaf)?;
        Some(format!("{name} {}", canonical(value)))
    }

    /// The names of what it holds.
    fn shape(&self) -> String {
        let names: Vec<&str> = self.below.keys().copied().collect();
        names.join(" ")
    }
}

/// The parts of a dotted name; dots in quotes part nothing.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    name.split(move |c| {
        match c {
            '"' if !escaped => quoted = !quoted,
            '.' if !quoted => return true,
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
        false
    })
}

impl<'a> Aligned<'a> {
    fn nodes(&mut self, a: &Node<'a>, b: &Node<'a>, name: &str, by_first: bool) {
        if a.leaf.is_some() || b.leaf.is_some() {
            let (a, b) = (a.leaf, b.leaf);
            self.pairs.push(Pair { a, b, by_first });
        }
        if let (Some(a), Some(b)) = (a.elements(), b.elements()) {
            return self.lists(&a, &b, name, by_first || a.len() > b.len());
        }
        let none = Node::default();
        let names: BTreeSet<&&str> = a.below.keys().chain(b.below.keys()).collect();
        for part in names {
            let (a, b) = (a.below.get(part), b.below.get(part));
            let name = if name.is_empty() {
                (*part).to_owned()
            } else {
                format!("{name}.{part}")
            };
            self.nodes(a.unwrap_or(&none), b.unwrap_or(&none), &name, by_first);
        }
    }

    fn lists(&mut self, a: &[&Node<'a>], b: &[&Node<'a>], name: &str, by_first: bool) {
        let none = Node::default();
        let pairs = elements(a, b);
        if pairs.windows(2).any(|two| two[0].1 > two[1].1) {
            self.reordered.push(name.to_owned());
        }
        let (in_a, in_b): (BTreeSet<_>, BTreeSet<_>) = pairs.iter().copied().unzip();
        let one_sided_a = (0..a.len()).filter(|at| !in_a.contains(at));
        let one_sided_b = (0..b.len()).filter(|at| !in_b.contains(at));
        let one_sided = one_sided_a
            .map(|at| (a[at], &none))
            .chain(one_sided_b.map(|at| (&none, b[at])));
        let paired = pairs.iter().map(|(x, y)| (a[*x], b[*y]));
        for (a, b) in paired.chain(one_sided) {
            self.nodes(a, b, name, by_first);
        }
    }
}

/// Pairs elements by ever weaker signs, the same way in both directions: equal content; the same
/// identity or shape between the same neighbours; the same place; what is left. So only the longer
/// list has elements without a partner.
fn elements(a: &[&Node<'_>], b: &[&Node<'_>]) -> Vec<(usize, usize)> {
    let mut pairs: Vec<(usize, usize)> = Vec::new();
    pair_by(a, b, &mut pairs, &|node, _, _| Some(node.content()));
    pair_by(a, b, &mut pairs, &|node, _, rank| {
        Some(format!("{rank} {}", node.identity()?))
    });
    pair_by(a, b, &mut pairs, &|node, _, _| node.identity());
    pair_by(a, b, &mut pairs, &|node, _, rank| {
        Some(format!("{rank} {}", node.shape()))
    });
    pair_by(a, b, &mut pairs, &|_, at, _| Some(at.to_string()));
    pair_by(a, b, &mut pairs, &|_, _, _| Some(String::new()));
    pairs
}

/// A sign of an element, from its place and the number of pairs before it.
type Sign<'s> = &'s dyn Fn(&Node<'_>, usize, usize) -> Option<String>;

/// Pairs what is left and has equal signs, in order; keeps pairs in the order of `a`.
fn pair_by(a: &[&Node<'_>], b: &[&Node<'_>], pairs: &mut Vec<(usize, usize)>, sign: Sign<'_>) {
    let left = |list: &[&Node<'_>], pick: fn(&(usize, usize)) -> usize| {
        let taken: BTreeSet<usize> = pairs.iter().map(pick).collect();
        let mut signs: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut rank = 0;
        for (at, node) in list.iter().enumerate() {
            if taken.contains(&at) {
                rank += 1;
            } else if let Some(sign) = sign(node, at, rank) {
                signs.entry(sign).or_default().push(at);
            }
        }
        signs
    };
    let (in_a, in_b) = (left(a, |pair| pair.0), left(b, |pair| pair.1));
    for (sign, places) in in_a {
        let partners = in_b.get(&sign).into_iter().flatten();
        pairs.extend(places.into_iter().zip(partners.copied()));
    }
    pairs.sort_unstable();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::sample::param;

    fn params(pairs: &[(&str, &str)]) -> Params {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), param(value));
        pairs.iter().map(own).collect()
    }

    /// Leaves that differ or have another name, as `a=1 → b=2`, then lists in another order.
    fn told(a: &[(&str, &str)], b: &[(&str, &str)]) -> Vec<String> {
        let (a, b) = (params(a), params(b));
        let found = aligned(&a, &b);
        let back = aligned(&b, &a);
        let names = |pairs: &[Pair<'_>], turned: bool| {
            let name = |at: Option<At<'_>>| at.map(|at| at.0.clone());
            let sides = |pair: &Pair<'_>| {
                let (x, y) = (name(pair.a), name(pair.b));
                if turned { (y, x) } else { (x, y) }
            };
            pairs.iter().map(sides).collect::<BTreeSet<_>>()
        };
        let turned = names(&back.pairs, true);
        assert_eq!(names(&found.pairs, false), turned, "mirrored");
        let shown = |at: Option<At<'_>>| {
            let text = |(name, value): At<'_>| format!("{name}={}", value.spelling());
            at.map_or("-".to_owned(), text)
        };
        let differ = |pair: &&Pair<'_>| pair.a.map(|at| at.1) != pair.b.map(|at| at.1);
        let changed = found.pairs.iter().filter(differ);
        let mut told: Vec<String> = changed
            .map(|pair| format!("{} → {}", shown(pair.a), shown(pair.b)))
            .collect();
        told.sort();
        told.extend(found.reordered.iter().map(|name| format!("~{name}")));
        told
    }

    #[test]
    fn an_element_that_came_or_went_changes_no_other_one() {
        let two = [
            ("cb.0.name", "stop"),
            ("cb.0.wait", "5"),
            ("cb.1.name", "save"),
            ("cb.1.wait", "5"),
        ];
        let three = [
            ("cb.0.name", "log"),
            ("cb.1.name", "stop"),
            ("cb.1.wait", "5"),
            ("cb.2.name", "save"),
            ("cb.2.wait", "9"),
        ];
        assert_eq!(
            told(&two, &three),
            ["- → cb.0.name=log", "cb.1.wait=5 → cb.2.wait=9"]
        );
        assert_eq!(
            told(&three, &two),
            ["cb.0.name=log → -", "cb.2.wait=9 → cb.1.wait=5"]
        );
        assert_eq!(told(&two, &two), Vec::<String>::new());
        let turned = [
            ("cb.1.name", "stop"),
            ("cb.1.wait", "5"),
            ("cb.0.name", "save"),
            ("cb.0.wait", "5"),
        ];
        assert_eq!(told(&two, &turned), ["~cb"]);
    }

    #[test]
    fn elements_without_a_name_are_known_by_their_content_and_their_neighbours() {
        let told = |a: &[&'static str], b: &[&'static str]| {
            const NAMES: [&str; 3] = [
                "net.layers.0.units",
                "net.layers.1.units",
                "net.layers.2.units",
            ];
            let layers = |sizes: &[&'static str]| -> Vec<(&str, &str)> {
                NAMES.iter().copied().zip(sizes.iter().copied()).collect()
            };
            told(&layers(a), &layers(b))
        };
        assert_eq!(
            told(&["64", "32"], &["128", "64", "32"]),
            ["- → net.layers.0.units=128"]
        );
        assert_eq!(
            told(&["64", "32"], &["128", "64", "16"]),
            [
                "- → net.layers.0.units=128",
                "net.layers.1.units=32 → net.layers.2.units=16"
            ]
        );
        assert_eq!(
            told(&["64", "32"], &["64", "16"]),
            ["net.layers.1.units=32 → net.layers.1.units=16"]
        );
        assert_eq!(told(&["64", "64"], &["64"]), ["net.layers.1.units=64 → -"]);
    }

    #[test]
    fn lists_in_lists_and_groups_of_hydra_are_followed() {
        let before = [
            ("defaults.0.model", "resnet"),
            ("defaults.1.optim", "adam"),
            ("stages.0.name", "warm"),
            ("stages.0.steps.0.lr", "1"),
            ("stages.0.steps.1.lr", "2"),
        ];
        let after = [
            ("defaults.0.data", "cifar"),
            ("defaults.1.model", "vit"),
            ("defaults.2.optim", "adam"),
            ("stages.0.name", "warm"),
            ("stages.0.steps.0.lr", "2"),
        ];
        assert_eq!(
            told(&before, &after),
            [
                "- → defaults.0.data=cifar",
                "defaults.0.model=resnet → defaults.1.model=vit",
                "stages.0.steps.0.lr=1 → -"
            ]
        );
    }

    #[test]
    fn names_in_quotes_are_one_part() {
        let all: Vec<&str> = parts(r#"a."b.\".c".d."#).collect();
        assert_eq!(all, ["a", r#""b.\".c""#, "d", ""]);
    }
}
