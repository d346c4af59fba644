//! Words, quotes and signs.

use super::QueryError;
use super::ast::Span;

/// What a piece of text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, number, date or key word: everything that needs no quotes.
    Word(String),
    /// Text in `'…'`, `"…"` or `` `…` ``, the quote doubled inside for itself.
    Quoted(String),
    /// `=` `!=` `<` `(` `,` and the like.
    Sign(&'static str),
    /// The end.
    End,
}

/// Longer ones first, so that `<=` is not `<` and `=`.
const SIGNS: [&str; 17] = [
    "==", "!=", "<>", "<=", ">=", "!~", "&&", "||", "=", "<", ">", "~", "!", "(", ")", ",", "-",
];

/// Splits a filter.
pub(super) fn lex(text: &str) -> Result<Vec<(Token, Span)>, QueryError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let (token, length) = if c.is_whitespace() {
            at += c.len_utf8();
            continue;
        } else if matches!(c, '\'' | '"' | '`') {
            quoted(rest, c, at)?
        } else if starts_word(rest) {
            let length = word_length(rest);
            (Token::Word(rest[..length].to_owned()), length)
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (Token::Sign(sign), sign.len())
        } else {
            let span = Span {
                start: at,
                end: at + c.len_utf8(),
            };
            return Err(QueryError::new(format!("`{c}` has no meaning here"), span)
                .hint("put text into quotes: 'like this'"));
        };
        tokens.push((
            token,
            Span {
                start: at,
                end: at + length,
            },
        ));
        at += length;
    }
    tokens.push((
        Token::End,
        Span {
            start: text.len(),
            end: text.len(),
        },
    ));
    Ok(tokens)
}

/// `-1` and `-.5` are words; a `-` before anything else is not.
fn starts_word(rest: &str) -> bool {
    let mut chars = rest.chars();
    match chars.next() {
        Some('-' | '+') => chars.next().is_some_and(|c| c.is_ascii_digit() || c == '.'),
        Some(c) => c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '/' | '*'),
        None => false,
    }
}

/// Names may hold dots, slashes, dashes and the like; a colon is for times (`12:30`).
fn word_length(rest: &str) -> usize {
    let inside = |c: char| {
        c.is_alphanumeric() || matches!(c, '_' | '.' | '-' | '+' | '/' | ':' | '@' | '*' | '%')
    };
    let first = rest.chars().next().map_or(0, char::len_utf8);
    rest[first..]
        .find(|c| !inside(c))
        .map_or(rest.len(), |end| first + end)
}

fn quoted(rest: &str, quote: char, at: usize) -> Result<(Token, usize), QueryError> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((index, c)) = chars.next() {
        if c != quote {
            text.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
            text.push(quote);
            chars.next();
        } else {
            return Ok((Token::Quoted(text), index + 1));
        }
    }
    let span = Span {
        start: at,
        end: at + rest.len(),
    };
    Err(
        QueryError::new(format!("the {quote} is never closed"), span)
            .hint(format!("add a {quote} at the end of the text")),
    )
}
