//! Takes secrets out of command lines, addresses and texts.

use std::borrow::Cow;
use std::ops::Range;

use super::names::{self, Secrecy};
use super::{REDACTED, assignments, matches, urls};

/// A command line that may be kept: `--password X`, `--token=X`, `API_KEY=x`, passwords in addresses
/// and known shapes of credentials become `[redacted]`, also inside one quoted argument
/// (`sh -c "TOKEN=… python train.py"`).
pub fn redact_argv(argv: &[String]) -> Vec<String> {
    let mut clean = argv.to_vec();
    // What is left can read anew beside a secret that went (`--key <token>rest`). Every round that
    // changes anything leaves less of the original, so there is a last one.
    loop {
        let mut awaited = Secrecy::No;
        let next: Vec<String> = clean
            .iter()
            .map(|argument| redact_argument(argument, &mut awaited))
            .collect();
        if next == clean {
            return clean;
        }
        clean = next;
    }
}

/// An address without its password, its access tokens and its signature.
pub fn redact_url(url: &str) -> String {
    redact_text(url).into_owned()
}

/// A text without what certainly is a secret: known shapes, passwords in addresses, and literals
/// that look generated under the name of one.
pub fn redact_text(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    // Taking one secret out can lay the next one open (`<token>:<password>@`).
    while let Some(clean) = redact_once(&text) {
        text = Cow::Owned(clean);
    }
    text
}

fn redact_once(text: &str) -> Option<String> {
    let mut ranges = urls::find(text);
    ranges.extend(matches(text.as_bytes(), true).into_iter().map(|m| m.range));
    ranges.sort_by_key(|range| range.start);
    (!ranges.is_empty()).then(|| without(text, &ranges))
}

fn without(text: &str, ranges: &[Range<usize>]) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    for range in ranges {
        if range.start >= at {
            clean.push_str(&text[at..range.start]);
            clean.push_str(REDACTED);
        }
        at = at.max(range.end);
    }
    clean.push_str(&text[at..]);
    clean
}

/// One argument; `awaited` is what the flag before it promised about it.
fn redact_argument(argument: &str, awaited: &mut Secrecy) -> String {
    let promise = std::mem::replace(awaited, Secrecy::No);
    if promise > Secrecy::No && !is_flag(argument) {
        if names::is_secret_value(promise, argument) {
            return REDACTED.to_owned();
        }
        return redact_text(argument).into_owned();
    }
    if argument.contains(char::is_whitespace) {
        return redact_named(&redact_command(argument));
    }
    if let Some((name, value)) = assignment(argument) {
        if names::is_secret_value(names::secrecy(name), value) {
            return format!("{name}={REDACTED}");
        }
    } else if argument.starts_with('-') {
        *awaited = names::secrecy(argument);
    }
    redact_named(argument)
}

/// A text in which the name of a secret is enough.
fn redact_named(text: &str) -> String {
    let clean = redact_text(text);
    let named = assignments::find_named(&clean);
    let ranges: Vec<_> = named.into_iter().map(|m| m.range).collect();
    without(&clean, &ranges)
}

/// `--password --verbose` forgot its value; but passwords may begin with one hyphen.
fn is_flag(argument: &str) -> bool {
    argument.starts_with("--") || (argument.starts_with('-') && argument.len() < 8)
}

/// `name=value`, where the name is something that one can be given by: no address, no expression.
fn assignment(argument: &str) -> Option<(&str, &str)> {
    let (name, value) = argument.split_once('=')?;
    let named = |c: char| c.is_alphanumeric() || "_-.+~/@:".contains(c);
    (!name.is_empty() && !name.contains("://") && name.chars().all(named)).then_some((name, value))
}

/// A whole command in one argument, word by word. Anything else that has spaces in it passes
/// unchanged, as it holds neither flags nor assignments.
fn redact_command(command: &str) -> String {
    let mut clean = String::with_capacity(command.len());
    let mut awaited = Secrecy::No;
    let mut rest = command;
    while !rest.is_empty() {
        let space = rest.len() - rest.trim_start().len();
        clean.push_str(&rest[..space]);
        let (word, after) = rest[space..].split_at(length_of_word(&rest[space..]));
        rest = after;
        clean.push_str(&redact_word(word, &mut awaited));
    }
    clean
}

/// Up to the next space that is not between quotes.
fn length_of_word(text: &str) -> usize {
    let mut quote = None;
    for (i, c) in text.char_indices() {
        match quote {
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() => return i,
            None => {}
        }
    }
    text.len()
}

fn redact_word(word: &str, awaited: &mut Secrecy) -> String {
    let promise = std::mem::replace(awaited, Secrecy::No);
    if promise > Secrecy::No && !word.is_empty() && !is_flag(word) {
        if names::is_secret_value(promise, word) {
            return REDACTED.to_owned();
        }
        return word.to_owned();
    }
    match assignment(word) {
        Some((name, value)) if names::is_secret_value(names::secrecy(name), value) => {
            format!("{name}={REDACTED}")
        }
        None if word.starts_with('-') => {
            *awaited = names::secrecy(word);
            word.to_owned()
        }
        _ => word.to_owned(),
    }
}
