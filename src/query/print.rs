//! A tree as text that parses to the same tree.

use std::fmt;

use super::ast::{Expr, Field, Literal, Scope};
use super::lex::{Token, lex};
use super::parse;

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => joined(f, parts, " AND ", |part| {
                matches!(part, Expr::And(_) | Expr::Or(_))
            }),
            Self::Or(parts) => joined(f, parts, " OR ", |part| matches!(part, Expr::Or(_))),
            Self::Not(inner) => {
                f.write_str("NOT ")?;
                within(f, inner, matches!(**inner, Self::And(_) | Self::Or(_)))
            }
            Self::Compare(field, op, value) => write!(f, "{field} {} {value}", op.text()),
            Self::In(field, negated, values) => {
                write!(f, "{field} {}IN (", if *negated { "NOT " } else { "" })?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if index > 0 { ", " } else { "" })?;
                }
                f.write_str(")")
            }
            Self::IsNull(field, negated) => {
                write!(f, "{field} IS {}NULL", if *negated { "NOT " } else { "" })
            }
            Self::Flag(field) => write!(f, "{field}"),
            Self::Touches(pattern, _) => write!(f, "touches({})", quote(pattern, '\'')),
        }
    }
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    parts: &[Expr],
    word: &str,
    needs: fn(&Expr) -> bool,
) -> fmt::Result {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        within(f, part, needs(part))?;
    }
    Ok(())
}

fn within(f: &mut fmt::Formatter<'_>, inner: &Expr, parentheses: bool) -> fmt::Result {
    if parentheses {
        write!(f, "({inner})")
    } else {
        write!(f, "{inner}")
    }
}

fn quote(text: &str, quote: char) -> String {
    let doubled = format!("{quote}{quote}");
    format!("{quote}{}{quote}", text.replace(quote, &doubled))
}

/// Whether a text is one word that stands for itself.
fn is_word(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    !parse::KEYWORDS.contains(&lower.as_str())
        && lex(text)
            .is_ok_and(|tokens| matches!(&tokens[..], [(Token::Word(word), _), _] if word == text))
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = format!("{}{}", self.scope.prefix(), self.name);
        let plain_is_safe = is_word(&plain)
            && !plain.ends_with('.')
            && !plain.eq_ignore_ascii_case("touches")
            && parse::field(&plain) == *self;
        match (plain_is_safe, self.scope) {
            (true, _) => f.write_str(&plain),
            (false, Scope::Any) => f.write_str(&quote(&self.name, '`')),
            (false, scope) => write!(f, "{}{}", scope.prefix(), quote(&self.name, '`')),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.quoted || !is_word(&self.text) {
            f.write_str(&quote(&self.text, '\''))
        } else {
            f.write_str(&self.text)
        }
    }
}
