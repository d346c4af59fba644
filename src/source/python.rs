//! Python's tokens, as the language reference has them (section 2, "Lexical analysis"), up to 3.14.
//!
//! Comments, blank lines and white space between tokens are gone, and indentation is what it means:
//! two texts with equal tokens are the same program. A text that Python would not accept, or that
//! is stranger than this lexer cares for, has none.

use std::borrow::Cow;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or keyword.
    Name,
    /// A number.
    Number,
    /// A string, an f-string in one piece.
    String,
    /// An operator or bracket.
    Op,
    /// A comment that is none: the encoding, or the line that names the interpreter.
    Declaration,
    /// The end of a statement's line.
    Newline,
    /// A block begins.
    Indent,
    /// A block ends.
    Dedent,
}

/// A token with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token<'s> {
    /// What it is.
    pub kind: Kind,
    /// Its text; nothing for [`Kind::Newline`], [`Kind::Indent`] and [`Kind::Dedent`].
    pub text: &'s [u8],
    /// The line it begins on, from 1.
    pub line: usize,
}

impl Token<'_> {
    /// Whether it is this name or operator.
    pub fn is(&self, text: &str) -> bool {
        matches!(self.kind, Kind::Name | Kind::Op) && self.text == text.as_bytes()
    }

    /// The line it ends on.
    pub fn last_line(&self) -> usize {
        self.line + self.text.iter().filter(|&&b| b == b'\n').count()
    }
}

/// Replacement fields inside replacement fields: nobody writes as many.
const DEEPEST: usize = 32;

const OPERATORS: [&str; 24] = [
    "**=", "//=", ">>=", "<<=", "...", "==", "!=", "<=", ">=", "->", ":=", "+=", "-=", "*=", "/=",
    "%=", "@=", "&=", "|=", "^=", "**", "//", "<<", ">>",
];

/// The text with `\n` at the end of every line and no byte-order mark, as Python reads it.
pub fn normalized(text: &[u8]) -> Cow<'_, [u8]> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    if !text.contains(&b'\r') {
        return Cow::Borrowed(text);
    }
    let mut plain = Vec::with_capacity(text.len());
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'\r' if text.get(at + 1) == Some(&b'\n') => {}
            b'\r' => plain.push(b'\n'),
            byte => plain.push(byte),
        }
    }
    Cow::Owned(plain)
}

/// The tokens of a [`normalized`] text; `None` when it is not surely Python.
pub fn tokens(text: &[u8]) -> Option<Vec<Token<'_>>> {
    let mut lexer = Lexer {
        text,
        at: 0,
        line: 1,
        brackets: Vec::new(),
        indents: vec![(0, 0)],
        tokens: Vec::new(),
    };
    while lexer.at < text.len() {
        if lexer.begin_line()? {
            lexer.statement()?;
        }
    }
    for _ in 1..lexer.indents.len() {
        lexer.mark(Kind::Dedent);
    }
    Some(lexer.tokens)
}

struct Lexer<'s> {
    text: &'s [u8],
    at: usize,
    line: usize,
    brackets: Vec<u8>,
    /// Columns with tabs to the next eighth, and with tabs as one: both must agree.
    indents: Vec<(usize, usize)>,
    tokens: Vec<Token<'s>>,
}

fn begins_name(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

fn in_name(byte: u8) -> bool {
    begins_name(byte) || byte.is_ascii_digit()
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'')
}

impl<'s> Lexer<'s> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn mark(&mut self, kind: Kind) {
        let line = self.line;
        self.tokens.push(Token {
            kind,
            text: b"",
            line,
        });
    }

    fn push(&mut self, kind: Kind, start: usize, line: usize) {
        let text = &self.text[start..self.at];
        self.tokens.push(Token { kind, text, line });
    }

    /// Reads the indentation of a line; `Some(false)` when nothing but a comment is on it.
    fn begin_line(&mut self) -> Option<bool> {
        let (mut column, mut narrow) = (0, 0);
        loop {
            match self.peek(0) {
                Some(b' ') => (column, narrow) = (column + 1, narrow + 1),
                Some(b'\t') => (column, narrow) = ((column / 8 + 1) * 8, narrow + 1),
                Some(b'\x0c') => (column, narrow) = (0, 0),
                _ => break,
            }
            self.at += 1;
        }
        match self.peek(0) {
            None => return Some(false),
            Some(b'\n') => {
                self.at += 1;
                self.line += 1;
                return Some(false);
            }
            Some(b'#') => {
                self.comment()?;
                return Some(false);
            }
            // Python joins the lines and takes the first one's indentation; nobody writes that.
            Some(b'\\') => return None,
            Some(_) => {}
        }
        let place = (column, narrow);
        let mut top = *self.indents.last()?;
        if place.0 > top.0 && place.1 > top.1 {
            self.indents.push(place);
            self.mark(Kind::Indent);
            return Some(true);
        }
        while place.0 < top.0 {
            self.indents.pop();
            self.mark(Kind::Dedent);
            top = *self.indents.last()?;
        }
        (place == top).then_some(true)
    }

    /// Passes over a comment. The first two lines may declare something there.
    fn comment(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek(0).is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        let shebang = self.line == 1 && start == 0 && text.starts_with(b"#!");
        let coding = (self.line <= 2).then(|| declared_encoding(text)).flatten();
        if shebang || coding.is_some() {
            self.push(Kind::Declaration, start, self.line);
        }
        match coding {
            // In others a byte of a character can look like a quote.
            Some(name) if !is_plain_encoding(name) => None,
            _ => Some(()),
        }
    }

    /// Reads to the end of a logical line.
    fn statement(&mut self) -> Option<()> {
        loop {
            let Some(byte) = self.peek(0) else {
                self.mark(Kind::Newline);
                return self.brackets.is_empty().then_some(());
            };
            match byte {
                b' ' | b'\t' | b'\x0c' => self.at += 1,
                b'#' => self.comment()?,
                b'\n' => {
                    self.at += 1;
                    self.line += 1;
                    if self.brackets.is_empty() {
                        self.mark(Kind::Newline);
                        return Some(());
                    }
                }
                b'\\' => {
                    if self.peek(1) != Some(b'\n') {
                        return None;
                    }
                    self.at += 2;
                    self.line += 1;
                }
                byte if is_quote(byte) => self.string(self.at)?,
                byte if begins_name(byte) => self.name()?,
                byte if byte.is_ascii_digit() => self.number(),
                b'.' if self.peek(1).is_some_and(|b| b.is_ascii_digit()) => self.number(),
                _ => self.operator()?,
            }
        }
    }

    fn name(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek(0).is_some_and(in_name) {
            self.at += 1;
        }
        if self.peek(0).is_some_and(is_quote) && string_prefix(&self.text[start..self.at]).is_some()
        {
            return self.string(start);
        }
        self.push(Kind::Name, start, self.line);
        Some(())
    }

    /// Takes whatever hangs together with a digit: `1if` is not told apart, and not mistaken either.
    fn number(&mut self) {
        let start = self.at;
        let hex = self.peek(0) == Some(b'0') && matches!(self.peek(1), Some(b'x' | b'X'));
        while let Some(byte) = self.peek(0) {
            let last = self.text[self.at.saturating_sub(1).max(start)];
            let exponent = !hex && matches!(last, b'e' | b'E') && matches!(byte, b'+' | b'-');
            if !in_name(byte) && byte != b'.' && !exponent {
                break;
            }
            self.at += 1;
        }
        self.push(Kind::Number, start, self.line);
    }

    fn operator(&mut self) -> Option<()> {
        let start = self.at;
        let rest = &self.text[start..];
        let byte = rest[0];
        let long = OPERATORS.iter().find(|op| rest.starts_with(op.as_bytes()));
        match byte {
            _ if long.is_some() => {}
            b'(' | b'[' | b'{' => self.brackets.push(byte),
            b')' | b']' | b'}' => {
                let open = self.brackets.pop()?;
                if !matches!((open, byte), (b'(', b')') | (b'[', b']') | (b'{', b'}')) {
                    return None;
                }
            }
            b'+' | b'-' | b'*' | b'/' | b'%' | b'@' | b'&' | b'|' | b'^' | b'~' | b'<' | b'>'
            | b',' | b':' | b'.' | b';' | b'=' => {}
            _ => return None,
        }
        self.at += long.map_or(1, |op| op.len());
        self.push(Kind::Op, start, self.line);
        Some(())
    }

    /// A string whose opening quote is next; `start` is where its prefix began.
    fn string(&mut self, start: usize) -> Option<()> {
        let line = self.line;
        let prefix = string_prefix(&self.text[start..self.at])?;
        self.quoted(prefix, 0)?;
        self.push(Kind::String, start, line);
        Some(())
    }

    /// Passes over a string from its opening quote to behind its closing one.
    fn quoted(&mut self, prefix: Prefix, depth: usize) -> Option<()> {
        let quote = self.peek(0)?;
        let triple = self.peek(1) == Some(quote) && self.peek(2) == Some(quote);
        self.at += if triple { 3 } else { 1 };
        loop {
            match self.peek(0)? {
                b'\\' => self.escape(prefix)?,
                byte if byte == quote && !triple => {
                    self.at += 1;
                    return Some(());
                }
                byte if byte == quote
                    && self.peek(1) == Some(quote)
                    && self.peek(2) == Some(quote) =>
                {
                    self.at += 3;
                    return Some(());
                }
                b'\n' if !triple => return None,
                b'{' if prefix.format && self.peek(1) == Some(b'{') => self.at += 2,
                b'{' if prefix.format => {
                    self.at += 1;
                    self.field(prefix, (quote, triple), depth + 1)?;
                }
                _ => self.step(),
            }
        }
    }

    fn step(&mut self) {
        if self.peek(0) == Some(b'\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    fn escape(&mut self, prefix: Prefix) -> Option<()> {
        self.at += 1;
        if prefix.format && !prefix.raw && self.peek(0) == Some(b'N') && self.peek(1) == Some(b'{')
        {
            while self.peek(0)? != b'}' {
                self.step();
            }
        } else if !(prefix.format && self.peek(0) == Some(b'{')) {
            self.peek(0)?;
            self.step();
        }
        Some(())
    }

    /// Passes over a replacement field from behind its brace to behind the closing one (PEP 701:
    /// strings inside may use the same quotes).
    fn field(&mut self, prefix: Prefix, outer: (u8, bool), depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        let mut open = 0_usize;
        loop {
            match self.peek(0)? {
                b'}' if open == 0 => {
                    self.at += 1;
                    return Some(());
                }
                b':' if open == 0 => {
                    self.at += 1;
                    return self.format_spec(prefix, outer, depth);
                }
                b'(' | b'[' | b'{' => {
                    open += 1;
                    self.at += 1;
                }
                b')' | b']' | b'}' => {
                    open = open.checked_sub(1)?;
                    self.at += 1;
                }
                b'#' => {
                    while self.peek(0)? != b'\n' {
                        self.at += 1;
                    }
                }
                byte if is_quote(byte) => {
                    self.quoted(Prefix::default(), depth)?;
                }
                byte if in_name(byte) => {
                    let start = self.at;
                    while self.peek(0).is_some_and(in_name) {
                        self.at += 1;
                    }
                    if self.peek(0).is_some_and(is_quote)
                        && let Some(prefix) = string_prefix(&self.text[start..self.at])
                    {
                        self.quoted(prefix, depth)?;
                    }
                }
                _ => self.step(),
            }
        }
    }

    /// Passes over `:>{width}}` from behind its colon.
    fn format_spec(&mut self, prefix: Prefix, outer: (u8, bool), depth: usize) -> Option<()> {
        let (quote, triple) = outer;
        loop {
            match self.peek(0)? {
                b'{' => {
                    self.at += 1;
                    self.field(prefix, outer, depth + 1)?;
                }
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.escape(prefix)?,
                byte if byte == quote && !triple => return None,
                b'\n' if !triple => return None,
                _ => self.step(),
            }
        }
    }
}

/// What stands before a string's quote.
#[derive(Clone, Copy, Debug, Default)]
struct Prefix {
    raw: bool,
    format: bool,
}

fn string_prefix(text: &[u8]) -> Option<Prefix> {
    let lower = text.to_ascii_lowercase();
    let known: [&[u8]; 12] = [
        b"", b"r", b"u", b"b", b"br", b"rb", b"f", b"fr", b"rf", b"t", b"tr", b"rt",
    ];
    known.contains(&lower.as_slice()).then(|| Prefix {
        raw: lower.contains(&b'r'),
        format: lower.iter().any(|b| matches!(b, b'f' | b't')),
    })
}

/// The encoding that a comment declares (PEP 263): `coding[=:]\s*([-\w.]+)`.
fn declared_encoding(comment: &[u8]) -> Option<&[u8]> {
    let word = b"coding";
    let mut from = 0;
    while let Some(found) = memchr::memmem::find(&comment[from..], word) {
        from += found + word.len();
        let rest = &comment[from..];
        let Some(rest) = rest.strip_prefix(b":").or(rest.strip_prefix(b"=")) else {
            continue;
        };
        let rest = rest.trim_ascii_start();
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        let end = rest.iter().position(|b| !is_part(b)).unwrap_or(rest.len());
        if end > 0 {
            return Some(&rest[..end]);
        }
    }
    None
}

fn is_plain_encoding(name: &[u8]) -> bool {
    let name = String::from_utf8_lossy(name)
        .to_ascii_lowercase()
        .replace('_', "-");
    let plain = ["utf-8", "utf8", "ascii", "us-ascii", "latin-1", "latin1"];
    plain.contains(&name.as_str()) || name.starts_with("utf-8-") || name.starts_with("iso-8859-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<Vec<String>> {
        let plain = normalized(text.as_bytes()).into_owned();
        let show = |token: &Token<'_>| match token.kind {
            Kind::Newline => "NL".to_owned(),
            Kind::Indent => ">>".to_owned(),
            Kind::Dedent => "<<".to_owned(),
            _ => String::from_utf8_lossy(token.text).into_owned(),
        };
        Some(tokens(&plain)?.iter().map(show).collect())
    }

    #[track_caller]
    fn lexed(text: &str) -> Vec<String> {
        shown(text).expect(text)
    }

    #[test]
    fn indentation_is_what_it_means() {
        let two = "if a:\n  b = 1 # why\n\n  # and\n  c\nd\n";
        let four = "if a:\n    b=1\n    c\n\n\nd";
        assert_eq!(
            lexed(two),
            [
                "if", "a", ":", "NL", ">>", "b", "=", "1", "NL", "c", "NL", "<<", "d", "NL"
            ]
        );
        assert_eq!(lexed(two), lexed(four));
        let moved = "if a:\n  b = 1\nc\nd\n";
        assert_ne!(lexed(two), lexed(moved));
        let tabs = "if a:\n\tb = 1\n\tc\nd";
        assert_eq!(lexed(tabs), lexed(four));
        assert_eq!(
            shown("if a:\n\tb\n        c\n"),
            None,
            "tabs and blanks at odds"
        );
        assert_eq!(shown("if a:\n    b\n  c\n"), None, "no such block");
    }

    #[test]
    fn a_hash_or_a_break_inside_a_string_is_no_comment_and_no_line() {
        assert_eq!(lexed("a = '# no' # yes"), ["a", "=", "'# no'", "NL"]);
        let doc = "def f():\n    \"\"\"One # two.\n\n  three\"\"\"\n";
        assert_eq!(lexed(doc)[7], "\"\"\"One # two.\n\n  three\"\"\"");
        assert_eq!(lexed(r#"'it\'s' + "\\" + r'\' '"#).len(), 6);
        assert_eq!(shown("a = 'open\n"), None);
        assert_eq!(shown("a = '''open\n"), None);
        assert_eq!(lexed("x = [1,\n  # two\n  2]\n"), lexed("x = [1, 2]"));
        assert_eq!(lexed("a = 1 + \\\n  2\n"), lexed("a = 1 + 2"));
        assert_eq!(shown("a = 1 + \\ \n  2\n"), None);
        assert_eq!(shown("x = (1]\n"), None);
    }

    #[test]
    fn f_strings_are_one_piece() {
        for text in [
            "f'{x}'",
            "f\"{a['k']}\"",
            "f'{a['k']}'",
            "f'{x:>{width}}'",
            "f'{{literal}} # no'",
            "rf'\\{x}'",
            "f'{d[\"#\"]!r:^10}'",
            "f'''{\n  x  # why\n}'''",
            "f'\\N{EM DASH}{x}'",
            "f'{(lambda: 1)()}'",
            "f'{f'{f'{1}'}'}'",
        ] {
            assert_eq!(lexed(text), [text, "NL"]);
        }
        assert_eq!(shown("f'{x'"), None);
        assert_eq!(shown("f'{x:'"), None);
        let deep = "f'{".repeat(100) + &"}'".repeat(100);
        assert_eq!(shown(&deep), None);
    }

    #[test]
    fn numbers_and_operators_are_taken_whole() {
        assert_eq!(lexed("a<=b"), ["a", "<=", "b", "NL"]);
        assert_ne!(lexed("a<=b"), lexed("a< =b"));
        assert_eq!(lexed("1e-5-x"), ["1e-5", "-", "x", "NL"]);
        assert_eq!(lexed("0x1e-5"), ["0x1e", "-", "5", "NL"]);
        assert_eq!(lexed("x[1:.5]"), ["x", "[", "1", ":", ".5", "]", "NL"]);
        assert_eq!(shown("!ls"), None);
        assert_eq!(shown("a = $x"), None);
    }

    #[test]
    fn some_comments_are_declarations() {
        assert_ne!(lexed("#!/usr/bin/python3\nx"), lexed("x"));
        assert_ne!(lexed("# -*- coding: latin-1 -*-\nx"), lexed("x"));
        assert_eq!(lexed("x\n\n# coding: latin-1"), lexed("x"));
        assert_eq!(shown("# coding: shift_jis\nx"), None);
        assert_eq!(lexed("\u{feff}x = 1\r\ny\r\n"), lexed("x = 1\ny\n"));
    }
}
