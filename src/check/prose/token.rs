//! Words, numbers and signs of a text.

use super::written::Written;

/// A piece of text.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A word or an identifier, in lower case: `roc_auc_val`, `train_v2.csv`, `точность`.
    Word(String),
    /// A number.
    Number(Written),
    /// Anything else that is no space.
    Sign(char),
}

/// A piece of text and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct At {
    /// The piece.
    pub token: Token,
    /// Its offset in bytes.
    pub start: usize,
    /// The offset of its end.
    pub end: usize,
    /// Whether a space or a line end comes right after it.
    pub space_after: bool,
}

impl At {
    /// The word, if it is one.
    pub fn word(&self) -> Option<&str> {
        match &self.token {
            Token::Word(word) => Some(word),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn number(&self) -> Option<&Written> {
        match &self.token {
            Token::Number(number) => Some(number),
            _ => None,
        }
    }

    /// Whether it is this sign.
    pub fn is(&self, sign: char) -> bool {
        self.token == Token::Sign(sign)
    }
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '²'
}

/// Takes a text apart.
pub fn tokens(text: &str) -> Vec<At> {
    let mut all: Vec<At> = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if c.is_whitespace() {
            if let Some(last) = all.last_mut() {
                last.space_after |= last.end == at;
            }
            at += c.len_utf8();
            continue;
        }
        let (token, length) = one(&text[at..], all.last().filter(|last| last.end == at));
        all.push(At {
            token,
            start: at,
            end: at + length,
            space_after: false,
        });
        at += length;
    }
    if let Some(last) = all.last_mut() {
        last.space_after = true;
    }
    all
}

/// The token at the start of `text`; `before` stands right before it.
fn one(text: &str, before: Option<&At>) -> (Token, usize) {
    let c = text.chars().next().unwrap_or(' ');
    let signed = matches!(c, '-' | '+' | '\u{2212}')
        && before.is_none_or(|before| before.is('(') || before.is('|') || before.is('*'));
    if (c.is_ascii_digit() || signed)
        && let Some((number, length)) = Written::read(text)
    {
        let rest = &text[length..];
        if !glued(rest) {
            return (Token::Number(number), length);
        }
        if c.is_ascii_digit() {
            let length = word_length(text).max(length);
            return (Token::Word(text[..length].to_lowercase()), length);
        }
    }
    if in_word(c) {
        let length = word_length(text);
        return (Token::Word(text[..length].to_lowercase()), length);
    }
    (Token::Sign(c), c.len_utf8())
}

/// Whether what follows makes the digits part of something else: `3x`, `3.11.9`, `2025-10-10`.
fn glued(rest: &str) -> bool {
    let mut chars = rest.chars();
    let (Some(first), second) = (chars.next(), chars.next()) else {
        return false;
    };
    let digit_next = second.is_some_and(|c| c.is_ascii_digit());
    in_word(first) || (matches!(first, '-' | '.' | ':' | '/' | '–') && digit_next)
}

/// A word goes on over dots, slashes and hyphen-digits when a word character follows.
fn word_length(text: &str) -> usize {
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let digits_around = text[..at].ends_with(|c: char| c.is_ascii_digit())
            && next.is_some_and(|c| c.is_ascii_digit());
        let joins = match c {
            '.' | '/' => next.is_some_and(in_word),
            '-' | ':' | '–' => digits_around,
            _ => in_word(c),
        };
        if !joins {
            break;
        }
        end = at + c.len_utf8();
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        tokens(text)
            .into_iter()
            .map(|at| match at.token {
                Token::Word(word) => word,
                Token::Number(number) => format!("#{number}"),
                Token::Sign(sign) => sign.to_string(),
            })
            .collect()
    }

    #[test]
    fn numbers_are_told_from_what_only_has_digits() {
        assert_eq!(
            shown("exp_003: ROC-AUC 0.842, train_v2.csv (84 %)."),
            [
                "exp_003",
                ":",
                "roc",
                "-",
                "auc",
                "#0.842",
                ",",
                "train_v2.csv",
                "(",
                "#84 %",
                ")",
                "."
            ]
        );
        assert_eq!(
            shown("2025-10-10 3.11.9 10x v2 5:30"),
            ["2025-10-10", "3.11.9", "10x", "v2", "5:30"]
        );
        assert_eq!(shown("+0.017 (-0.2)"), ["#+0.017", "(", "#-0.2", ")"]);
        assert_eq!(
            shown("вырос с 0,81 до 0,84."),
            ["вырос", "с", "#0,81", "до", "#0,84", "."]
        );
        assert_eq!(shown("val/auc=0.5"), ["val/auc", "=", "#0.5"]);
    }
}
