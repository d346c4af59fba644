//! JSON as Python writes it, with the exact text of every number.
//!
//! Stricter than most readers where a result could be lost in silence (duplicate keys, text after
//! the end), and more lenient in one point: `NaN`, `Infinity` and `-Infinity`, which `json.dump`
//! writes, are numbers. Everything borrows from the text, so that reading a long log is cheap.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use crate::model::Number;

use super::text;

/// Containers inside containers.
pub const MAX_DEPTH: usize = 64;
/// Length of a key in bytes.
pub const MAX_KEY: usize = 256;
/// Values of all kinds in one text, so that 16 MB of `[1,1,…` can't become a gigabyte of memory.
pub const MAX_VALUES: usize = 1_000_000;

/// A value with its numbers as they were spelled.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number of RFC 8259, or `NaN`, `Infinity`, `-Infinity`.
    Number(&'a str),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// An array.
    List(Vec<Json<'a>>),
    /// An object in the order of the file; its keys are distinct.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl Json<'_> {
    /// A number, or what a record writes where JSON has no word for one: `{"float": "nan"}`.
    pub fn number(&self) -> Option<Number> {
        match self {
            Self::Number(text) => Number::parse(text),
            Self::Object(members) => match members.as_slice() {
                [(key, Json::Text(text))] if key == "float" => {
                    Number::parse(text).filter(|number| !number.is_finite())
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// What it is, for a sentence: "a list".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Why a text is not JSON, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// What is wrong.
    pub message: String,
    /// Bytes from the start of the text.
    pub offset: usize,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} (line {}, column {}, byte {})",
            self.message, self.line, self.column, self.offset
        )
    }
}

impl std::error::Error for JsonError {}

/// Reads one value that fills the whole text.
pub fn parse(text: &str) -> Result<Json<'_>, JsonError> {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
        values: 0,
    };
    reader.document().map_err(|(offset, message)| {
        let (line, column) = text::position(text, offset);
        JsonError {
            message,
            offset,
            line,
            column,
        }
    })
}

/// An error before its line and column are counted.
type Raw = (usize, String);

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Json<'a>, Raw> {
        self.space();
        let value = self.value()?;
        self.space();
        match self.peek() {
            None => Ok(value),
            Some(_) => self.fail("text after the end of the JSON value"),
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.text[self.at..].starts_with(word);
        if found {
            self.at += word.len();
        }
        found
    }

    fn fail<T>(&self, message: impl Into<String>) -> Result<T, Raw> {
        Err((self.at, message.into()))
    }

    fn unexpected<T>(&self, wanted: &str) -> Result<T, Raw> {
        match self.text[self.at..].chars().next() {
            None => self.fail(format!("the text ends where {wanted} was expected")),
            Some(found) => self.fail(format!("expected {wanted}, found {found:?}")),
        }
    }

    fn value(&mut self) -> Result<Json<'a>, Raw> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return self.fail(format!("more than {MAX_VALUES} values"));
        }
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ if self.take("null") => Ok(Json::Null),
            _ if self.take("true") => Ok(Json::Bool(true)),
            _ if self.take("false") => Ok(Json::Bool(false)),
            _ if self.take("NaN") => Ok(Json::Number("NaN")),
            _ if self.take("Infinity") => Ok(Json::Number("Infinity")),
            _ => self.unexpected("a value"),
        }
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Json<'a>, Raw>,
    ) -> Result<Json<'a>, Raw> {
        if self.depth == MAX_DEPTH {
            return self.fail(format!("nested deeper than {MAX_DEPTH} levels"));
        }
        self.depth += 1;
        self.at += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Json<'a>, Raw> {
        let mut items = Vec::new();
        self.space();
        if self.take("]") {
            return Ok(Json::List(items));
        }
        loop {
            self.space();
            items.push(self.value()?);
            self.space();
            if self.take("]") {
                return Ok(Json::List(items));
            }
            self.comma(']')?;
        }
    }

    fn object(&mut self) -> Result<Json<'a>, Raw> {
        let mut members: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
        let mut seen = HashSet::new();
        self.space();
        if self.take("}") {
            return Ok(Json::Object(members));
        }
        loop {
            self.space();
            let start = self.at;
            let key = self.key()?;
            if is_repeated(&members, &mut seen, &key) {
                return Err((start, format!("the key `{key}` stands twice")));
            }
            self.space();
            if !self.take(":") {
                return self.unexpected("`:`");
            }
            self.space();
            let value = self.value()?;
            members.push((key, value));
            self.space();
            if self.take("}") {
                return Ok(Json::Object(members));
            }
            self.comma('}')?;
        }
    }

    fn key(&mut self) -> Result<Cow<'a, str>, Raw> {
        if self.peek() != Some(b'"') {
            return self.unexpected("a key in double quotes");
        }
        let start = self.at;
        let key = self.string()?;
        if key.len() > MAX_KEY {
            return Err((start, format!("a key longer than {MAX_KEY} bytes")));
        }
        Ok(key)
    }

    fn comma(&mut self, end: char) -> Result<(), Raw> {
        let start = self.at;
        if !self.take(",") {
            return self.unexpected(&format!("`,` or `{end}`"));
        }
        self.space();
        if self.text[self.at..].starts_with(end) {
            return Err((start, format!("a comma before `{end}`")));
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Json<'a>, Raw> {
        let start = self.at;
        self.take("-");
        if self.take("Infinity") {
            return Ok(Json::Number(&self.text[start..self.at]));
        }
        let whole = self.at;
        if self.digits() == 0 {
            return self.unexpected("a digit");
        }
        if self.text[whole..self.at].len() > 1 && self.text[whole..].starts_with('0') {
            return Err((whole, "a number that begins with 0".to_owned()));
        }
        if self.take(".") && self.digits() == 0 {
            return self.unexpected("a digit after `.`");
        }
        if self.take("e") || self.take("E") {
            let _sign = self.take("+") || self.take("-");
            if self.digits() == 0 {
                return self.unexpected("a digit in the exponent");
            }
        }
        Ok(Json::Number(&self.text[start..self.at]))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Raw> {
        self.at += 1;
        let start = self.at;
        let mut owned: Option<String> = None;
        let mut copied = start;
        loop {
            match self.peek() {
                None => return self.fail("the text ends inside a string"),
                Some(b'"') => {
                    let rest = &self.text[copied..self.at];
                    self.at += 1;
                    return Ok(match owned {
                        None => Cow::Borrowed(rest),
                        Some(text) => Cow::Owned(text + rest),
                    });
                }
                Some(b'\\') => {
                    let text = owned.get_or_insert_with(String::new);
                    text.push_str(&self.text[copied..self.at]);
                    let c = self.escape()?;
                    owned.get_or_insert_with(String::new).push(c);
                    copied = self.at;
                }
                Some(0..0x20) => return self.fail("a raw control character in a string"),
                Some(_) => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Result<char, Raw> {
        let start = self.at;
        self.at += 1;
        let Some(byte) = self.peek() else {
            return self.fail("the text ends inside a string");
        };
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = self.hex(start)?;
                let low = if (0xd800..0xdc00).contains(&high) && self.take("\\u") {
                    Some(self.hex(start)?)
                } else {
                    None
                };
                let units = std::iter::once(high).chain(low);
                let mut chars = char::decode_utf16(units);
                match (chars.next(), chars.next()) {
                    (Some(Ok(c)), None) => c,
                    _ => return Err((start, "half of a surrogate pair".to_owned())),
                }
            }
            _ => return Err((start, "an unknown escape in a string".to_owned())),
        })
    }

    fn hex(&mut self, start: usize) -> Result<u16, Raw> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4);
        let value = digits
            .filter(|four| four.iter().all(u8::is_ascii_hexdigit))
            .and_then(|four| std::str::from_utf8(four).ok())
            .and_then(|four| u16::from_str_radix(four, 16).ok());
        self.at += 4;
        value.ok_or((start, "`\\u` needs four hexadecimal digits".to_owned()))
    }
}

/// Looks through a short object one by one, and keeps a set only for a long one.
fn is_repeated(
    members: &[(Cow<'_, str>, Json<'_>)],
    seen: &mut HashSet<String>,
    key: &str,
) -> bool {
    const SHORT: usize = 16;
    if members.len() < SHORT {
        return members.iter().any(|(other, _)| other == key);
    }
    if seen.is_empty() {
        seen.extend(members.iter().map(|(other, _)| other.to_string()));
    }
    !seen.insert(key.to_owned())
}

#[cfg(test)]
mod tests;
