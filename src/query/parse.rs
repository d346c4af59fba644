//! From text to a tree: `OR` binds least, then `AND`, then `NOT`.

use super::QueryError;
use super::ast::{Expr, Field, Literal, Op, Scope, Span};
use super::lex::{Token, lex};

/// Parentheses and `NOT`s inside each other; deeper ones are refused before they fill the stack.
const DEPTH: usize = 64;
/// Longer filters are nobody's.
const LENGTH: usize = 16 << 10;
/// Words that can't stand for a name or a value without quotes.
pub(super) const KEYWORDS: [&str; 8] = ["and", "or", "not", "in", "is", "like", "ilike", "null"];

/// Parses a filter.
///
/// # Errors
/// Says what was expected, and where.
pub fn parse(text: &str) -> Result<Expr, QueryError> {
    if text.len() > LENGTH {
        let span = Span { start: 0, end: 1 };
        return Err(QueryError::new(
            format!("it is longer than {LENGTH} bytes"),
            span,
        ));
    }
    let tokens = lex(text)?;
    let mut parser = Parser {
        tokens,
        at: 0,
        depth: 0,
    };
    let expr = parser.or()?;
    match parser.peek() {
        Token::End => Ok(expr),
        _ => Err(parser.expected("AND, OR or the end")),
    }
}

/// Parses a name as it stands in `--cols` and `--sort`: all of the text is one field.
pub fn field(text: &str) -> Field {
    let span = Span {
        start: 0,
        end: text.len(),
    };
    match text.split_once('.') {
        Some((prefix, rest)) if !rest.is_empty() => match scope_of(prefix) {
            Some(scope) => {
                let name = rest.trim_matches(['`', '"']).to_owned();
                Field { scope, name, span }
            }
            None => Field {
                scope: Scope::Any,
                name: text.to_owned(),
                span,
            },
        },
        _ => Field {
            scope: Scope::Any,
            name: text.trim_matches(['`', '"']).to_owned(),
            span,
        },
    }
}

fn scope_of(prefix: &str) -> Option<Scope> {
    let lower = prefix.to_ascii_lowercase();
    Scope::PREFIXES
        .iter()
        .find(|(_, names)| names.contains(&lower.as_str()))
        .map(|(scope, _)| *scope)
}

struct Parser {
    tokens: Vec<(Token, Span)>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].0
    }

    fn span(&self) -> Span {
        self.tokens[self.at].1
    }

    fn next(&mut self) -> (Token, Span) {
        let token = self.tokens[self.at].clone();
        // The last token is `End`, and it stays the current one for ever.
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn keyword(&mut self, words: &[&str]) -> bool {
        let hit = match self.peek() {
            Token::Word(word) => words.contains(&word.to_ascii_lowercase().as_str()),
            Token::Sign(sign) => words.contains(sign),
            _ => false,
        };
        if hit {
            self.next();
        }
        hit
    }

    fn expected(&self, what: &str) -> QueryError {
        let found = match self.peek() {
            Token::Word(word) => format!("`{word}`"),
            Token::Quoted(_) => "quoted text".to_owned(),
            Token::Sign(sign) => format!("`{sign}`"),
            Token::End => "the end".to_owned(),
        };
        let error = QueryError::new(format!("expected {what}, found {found}"), self.span());
        match self.comma_in_number() {
            Some(number) => error.hint(format!("a decimal point makes it a number: {number}")),
            None => error,
        }
    }

    /// `0.8` where `0,8` stands.
    fn comma_in_number(&self) -> Option<String> {
        let around = self.tokens.get(self.at.checked_sub(1)?..self.at + 2)?;
        let [
            (Token::Word(whole), a),
            (Token::Sign(","), comma),
            (Token::Word(rest), b),
        ] = around
        else {
            return None;
        };
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let joined = a.end == comma.start && comma.end == b.start;
        let is_number = digits(whole.trim_start_matches('-')) && digits(rest);
        (joined && is_number).then(|| format!("{whole}.{rest}"))
    }

    fn or(&mut self) -> Result<Expr, QueryError> {
        self.chain(&["or", "||"], Self::and, Expr::Or)
    }

    fn and(&mut self) -> Result<Expr, QueryError> {
        self.chain(&["and", "&&"], Self::not, Expr::And)
    }

    fn chain(
        &mut self,
        words: &[&str],
        part: fn(&mut Self) -> Result<Expr, QueryError>,
        join: fn(Vec<Expr>) -> Expr,
    ) -> Result<Expr, QueryError> {
        let mut parts = vec![part(self)?];
        while self.keyword(words) {
            parts.push(part(self)?);
        }
        match parts.len() {
            1 => Ok(parts.remove(0)),
            _ => Ok(join(parts)),
        }
    }

    fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, QueryError>,
    ) -> Result<T, QueryError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(QueryError::new("it is nested too deeply", self.span()));
        }
        let result = inner(self)?;
        self.depth -= 1;
        Ok(result)
    }

    fn not(&mut self) -> Result<Expr, QueryError> {
        if self.keyword(&["not", "!"]) {
            return self.deeper(|parser| Ok(Expr::Not(Box::new(parser.not()?))));
        }
        if self.keyword(&["("]) {
            let inner = self.deeper(Self::or)?;
            if self.keyword(&[")"]) {
                return Ok(inner);
            }
            return Err(self.expected("`)`, AND or OR"));
        }
        self.condition()
    }

    fn condition(&mut self) -> Result<Expr, QueryError> {
        if let Token::Word(word) = self.peek()
            && word.eq_ignore_ascii_case("touches")
            && self.tokens[self.at + 1].0 == Token::Sign("(")
        {
            return self.touches();
        }
        let field = self.field()?;
        if self.keyword(&["is"]) {
            let negated = self.keyword(&["not"]);
            return match self.keyword(&["null"]) {
                true => Ok(Expr::IsNull(field, negated)),
                false => Err(self.expected("NULL or NOT NULL")),
            };
        }
        let negated = self.keyword(&["not"]);
        if self.keyword(&["in"]) {
            return Ok(Expr::In(field, negated, self.list()?));
        }
        let op = match (self.operator(), negated) {
            (Some(Op::Like), true) => Op::NotLike,
            (Some(Op::ILike), true) => Op::NotILike,
            (_, true) => return Err(self.expected("IN, LIKE or ILIKE after NOT")),
            (Some(op), false) => op,
            (None, false) => return Ok(Expr::Flag(field)),
        };
        let value = self.literal(&format!("after `{}`", op.text()))?;
        Ok(Expr::Compare(field, op, value))
    }

    fn touches(&mut self) -> Result<Expr, QueryError> {
        let start = self.span().start;
        self.next();
        self.next();
        let pattern = match self.next() {
            (Token::Quoted(text) | Token::Word(text), _) => text,
            _ => {
                self.at = self.at.saturating_sub(1);
                return Err(self.expected("a path such as 'src/train.py'"));
            }
        };
        let end = self.span().end;
        match self.keyword(&[")"]) {
            true => Ok(Expr::Touches(pattern, Span { start, end })),
            false => Err(self.expected("`)`")),
        }
    }

    /// `name`, `metrics.name`, or `` metrics.`any name` ``.
    fn field(&mut self) -> Result<Field, QueryError> {
        let what = "a name such as metrics.auc";
        let span = self.span();
        match self.peek().clone() {
            Token::Quoted(name) => {
                self.next();
                Ok(Field {
                    scope: Scope::Any,
                    name,
                    span,
                })
            }
            Token::Word(word) if !is_keyword(&word) => {
                self.next();
                let Some(prefix) = word.strip_suffix('.') else {
                    return Ok(Field {
                        span,
                        ..field(&word)
                    });
                };
                let Some(scope) = scope_of(prefix) else {
                    return Err(QueryError::new(format!("`{word}` is not a prefix"), span)
                        .hint("prefixes are metrics. params. tags. data. attributes."));
                };
                let end = self.span().end;
                match self.next() {
                    (Token::Quoted(name), quoted) if quoted.start == span.end => Ok(Field {
                        scope,
                        name,
                        span: Span {
                            start: span.start,
                            end,
                        },
                    }),
                    _ => Err(QueryError::new(
                        format!("a name is missing after `{word}`"),
                        span,
                    )),
                }
            }
            _ => Err(self.expected(what)),
        }
    }

    fn operator(&mut self) -> Option<Op> {
        let op = match self.peek() {
            Token::Sign("=" | "==") => Op::Eq,
            Token::Sign("!=" | "<>") => Op::Ne,
            Token::Sign("<") => Op::Lt,
            Token::Sign("<=") => Op::Le,
            Token::Sign(">") => Op::Gt,
            Token::Sign(">=") => Op::Ge,
            Token::Sign("~") => Op::Match,
            Token::Sign("!~") => Op::NotMatch,
            Token::Word(word) if word.eq_ignore_ascii_case("like") => Op::Like,
            Token::Word(word) if word.eq_ignore_ascii_case("ilike") => Op::ILike,
            _ => return None,
        };
        self.next();
        Some(op)
    }

    /// `place` says where the value stands.
    fn literal(&mut self, place: &str) -> Result<Literal, QueryError> {
        let span = self.span();
        let (text, quoted) = match self.peek().clone() {
            Token::Quoted(text) => (text, true),
            Token::Word(text) if !is_keyword(&text) => (text, false),
            _ => return Err(self.expected(&format!("a value {place}"))),
        };
        self.next();
        Ok(Literal { text, quoted, span })
    }

    fn list(&mut self) -> Result<Vec<Literal>, QueryError> {
        if !self.keyword(&["("]) {
            return Err(self.expected("`(` after IN"));
        }
        let mut items = vec![self.literal("in the list")?];
        while self.keyword(&[","]) {
            items.push(self.literal("in the list")?);
        }
        match self.keyword(&[")"]) {
            true => Ok(items),
            false => Err(self.expected("`,` or `)`")),
        }
    }
}

fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word.to_ascii_lowercase().as_str())
}
