//! The arguments of a command as parameters, for a program that has its settings on the command line.
//!
//! `--lr 0.1`, `--lr=0.1`, `-lr 0.1` and Hydra's `lr=0.1` are all `argv.lr`, a flag alone is `true`, and
//! what has no name is `argv.arg1`, `argv.arg2`, …, in order. Values are typed as a configuration's
//! are. What the words of the program itself say ([`crate::model::program`]) is no argument.

use std::collections::BTreeMap;
use std::ops::Range;

use super::flag_value;
use crate::model::command_line::ARGUMENT;
use crate::model::param::ParamKind;
use crate::model::{Param, program};

/// One argument and where its value stands.
#[derive(Clone, Debug)]
struct Argument {
    key: String,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    /// In a word, from this byte on.
    Inside(usize, usize),
    /// Words of their own.
    Words(Range<usize>),
    /// The flag says it all.
    Flag,
}

/// The arguments by name, with [`ARGUMENT`] before each. One that is given twice is a list.
pub fn read(argv: &[String]) -> BTreeMap<String, Param> {
    let mut all: BTreeMap<String, Vec<Param>> = BTreeMap::new();
    for argument in arguments(argv) {
        let values = all.entry(argument.key).or_default();
        match argument.place {
            Place::Inside(at, from) => values.push(flag_value(&argv[at][from..])),
            Place::Words(words) => values.extend(argv[words].iter().map(|w| flag_value(w))),
            Place::Flag => values.push(Param::leaf(ParamKind::Bool, "true")),
        }
    }
    all.into_iter()
        .map(|(key, mut values)| match values.len() {
            1 => (key, values.remove(0)),
            _ => (key, Param::List(values)),
        })
        .collect()
}

/// Gives an argument another value where it stands; `None` when the command has no such argument, has
/// it more than once, or would be read otherwise. The name is taken with and without [`ARGUMENT`].
pub fn set(argv: &[String], key: &str, value: &str) -> Option<Vec<String>> {
    let key = key.strip_prefix(ARGUMENT).unwrap_or(key);
    let key = format!("{ARGUMENT}{key}");
    let mut named = arguments(argv).into_iter().filter(|found| found.key == key);
    let (found, other) = (named.next()?, named.next());
    let mut changed = argv.to_vec();
    match found.place {
        _ if other.is_some() => return None,
        Place::Inside(at, from) => changed[at].replace_range(from.., value),
        Place::Words(words) => {
            let values = match flag_value(value) {
                Param::List(items) => items.iter().map(Param::spelling).collect(),
                Param::Leaf { .. } => vec![value.to_owned()],
            };
            changed.splice(words, values);
        }
        Place::Flag => return None,
    }
    // A value could be taken for one of its neighbour's.
    let (mut before, mut after) = (read(argv), read(&changed));
    let is_there = before.remove(&key).is_some() && after.remove(&key).is_some();
    (is_there && before == after).then_some(changed)
}

fn arguments(argv: &[String]) -> Vec<Argument> {
    let mut all = Vec::new();
    let mut unnamed = 0;
    let mut at = program::len(argv);
    let mut only_values = false;
    while let Some(word) = argv.get(at) {
        let start = at;
        at += 1;
        if word == "--" && !only_values {
            only_values = true;
            continue;
        }
        let named = (!only_values).then(|| name_of(word)).flatten();
        let (name, place) = match named {
            Some((name, Some(from))) => (name, Place::Inside(start, from)),
            Some((name, None)) => {
                at = end_of_values(argv, at);
                let place = match at - start {
                    1 => Place::Flag,
                    _ => Place::Words(start + 1..at),
                };
                (name, place)
            }
            None => {
                unnamed += 1;
                (format!("arg{unnamed}"), Place::Words(start..at))
            }
        };
        let key = format!("{ARGUMENT}{name}");
        all.push(Argument { key, place });
    }
    all
}

/// The name that a word gives, and where its value begins if it has that too: `--lr`, `--lr=0.1`,
/// `lr=0.1`, Hydra's `+lr=0.1`. As argparse has it, `-` and `_` are the same inside of a name.
fn name_of(word: &str) -> Option<(String, Option<usize>)> {
    let (left, from) = match word.split_once('=') {
        Some((left, _)) => (left, Some(left.len() + 1)),
        None => (word, None),
    };
    let plain = left.trim_start_matches('-');
    let is_flag = plain.len() < left.len() && !is_number(word);
    let plain = if is_flag {
        plain
    } else {
        left.trim_start_matches('+')
    };
    let is_name = plain.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && plain
            .chars()
            .all(|c| c.is_alphanumeric() || "_-.@/".contains(c));
    let name = plain.replace('-', "_");
    (is_name && (is_flag || from.is_some())).then_some((name, from))
}

/// Where the values behind a flag end: one, and all that follow and are of its kind.
fn end_of_values(argv: &[String], from: usize) -> usize {
    let values = argv[from..].iter().take_while(|word| {
        *word != "--" && name_of(word).is_none() && (!word.starts_with('-') || is_number(word))
    });
    let first = argv.get(from).is_some_and(|word| is_number(word));
    from + values.take_while(|word| is_number(word) == first).count()
}

fn is_number(word: &str) -> bool {
    word.parse::<f64>().is_ok() && word.bytes().any(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn told(line: &str) -> String {
        let read = read(&words(line)).into_iter();
        let told = read.map(|(key, value)| {
            let key = key.strip_prefix(ARGUMENT).unwrap();
            format!("{key}={}", value.spelling())
        });
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_way_to_write_an_argument_is_read() {
        for (line, parameters) in [
            (
                "python t.py --lr 0.1 --batch-size=8 -v",
                "batch_size=8 lr=0.1 v=true",
            ),
            (
                "python t.py -lr -0.5 --fast --no-cache",
                "fast=true lr=-0.5 no_cache=true",
            ),
            (
                "python t.py model.lr=0.1 +opt=adam --multirun",
                "model.lr=0.1 multirun=true opt=adam",
            ),
            (
                "python t.py fit --layers 64 32 16 out.bin",
                "arg1=fit arg2=out.bin layers=[64, 32, 16]",
            ),
            ("python t.py --a 1 --a 2 x", "a=[1, 2] arg1=x"),
            ("python t.py 0.2 -- --lr 3", "arg1=0.2 arg2=--lr arg3=3"),
            ("torchrun --nproc_per_node 2 t.py --url=a=b", "url=a=b"),
            (
                "python t.py - -1e-3 ++ =x",
                "arg1=- arg2=-1e-3 arg3=++ arg4==x",
            ),
            ("python -c x --lr 1", ""),
        ] {
            assert_eq!(told(line), parameters, "{line}");
        }
        let typed = read(&words("python t.py --lr 0.1 --n 3 --on --name x"));
        let kinds: Vec<ParamKind> = typed
            .values()
            .map(|value| match value {
                Param::Leaf { kind, .. } => *kind,
                Param::List(_) => panic!("no list is given"),
            })
            .collect();
        use ParamKind::{Bool, Float, Int, Str};
        assert_eq!(kinds, [Float, Int, Str, Bool]);
    }

    #[test]
    fn an_argument_is_set_where_it_stands() {
        let set =
            |line: &str, key, value| set(&words(line), key, value).map(|words| words.join(" "));
        let line = "python t.py fit --lr 0.1 --n=3 --layers 64 32 --fast";
        let expect = |key, value, changed: &str| {
            assert_eq!(set(line, key, value).as_deref(), Some(changed));
        };
        expect(
            "lr",
            "-2",
            "python t.py fit --lr -2 --n=3 --layers 64 32 --fast",
        );
        expect(
            "argv.n",
            "4",
            "python t.py fit --lr 0.1 --n=4 --layers 64 32 --fast",
        );
        expect(
            "arg1",
            "test",
            "python t.py test --lr 0.1 --n=3 --layers 64 32 --fast",
        );
        expect(
            "layers",
            "[8]",
            "python t.py fit --lr 0.1 --n=3 --layers 8 --fast",
        );
        for key in ["fast", "gone", "argv."] {
            assert_eq!(set(line, key, "1"), None, "{key}");
        }
        assert_eq!(set("python t.py --a 1 --a 2", "a", "3"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_words_are_read_and_what_is_set_is_read_back(
            argv in proptest::collection::vec("[-+=a1. ]{0,4}", 0..8),
            value in "[0-9]{1,4}",
        ) {
            let argv = [vec!["./train".to_owned()], argv].concat();
            for key in read(&argv).into_keys() {
                if let Some(changed) = set(&argv, &key, &value) {
                    let read = read(&changed);
                    proptest::prop_assert_eq!(read[&key].spelling(), value.as_str());
                }
            }
        }
    }
}
