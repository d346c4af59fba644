//! Asks one run. The answer is yes, no or unknown, and only yes is kept: a run without the metric
//! is neither above 0.8 nor not above it (three-valued logic, as in SQL).

use std::borrow::Cow;
use std::cmp::Ordering;

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, NaiveDateTime, TimeZone};
use globset::{GlobBuilder, GlobMatcher};
use regex::Regex;

use super::QueryError;
use super::ast::{Expr, Field, Literal, Op};
use super::bind::{Attribute, Names, Target};
use crate::model::Number;
use crate::model::run::Time;

/// What a run has under a name.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Nothing was recorded.
    Missing,
    /// A number: its value and its spelling.
    Number(f64, Cow<'a, str>),
    /// Text.
    Text(Cow<'a, str>),
    /// A digest or id, for which a beginning is enough.
    Hash(Cow<'a, str>),
    /// Yes or no.
    Bool(bool),
    /// A moment in milliseconds since 1970.
    Time(i64),
    /// Several: a condition holds when it holds for any.
    List(Vec<Value<'a>>),
}

/// What can be asked: a run, wherever it is kept.
pub trait Subject {
    /// What it has under a name.
    fn value(&self, target: &Target) -> Value<'_>;
    /// Whether any path of its uncommitted change passes the test.
    fn touches(&self, test: &dyn Fn(&[u8]) -> bool) -> bool;
}

/// A filter that is ready to be asked of runs.
#[derive(Debug)]
pub struct Filter {
    root: Node,
}

#[derive(Debug)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Compare(Target, Op, Probe),
    In(Target, bool, Vec<Probe>),
    IsNull(Target, bool),
    Flag(Target),
    Touches(Paths),
}

/// A literal, read in every way in which it may be needed.
#[derive(Debug)]
struct Probe {
    text: String,
    number: Option<f64>,
    bool: Option<bool>,
    /// From, to (exclusive), in milliseconds.
    time: Option<(i64, i64)>,
    pattern: Option<Regex>,
}

#[derive(Debug)]
struct Paths {
    plain: Vec<u8>,
    glob: Option<GlobMatcher>,
}

impl Filter {
    /// Gives the names of a filter their meaning. `text` is what was parsed; `now` is what `7d`
    /// and `today` count from.
    ///
    /// # Errors
    /// Unknown and ambiguous names, dates and patterns that make no sense.
    pub fn new(expr: &Expr, text: &str, names: &Names, now: Time) -> Result<Self, QueryError> {
        Ok(Self {
            root: Binder { text, names, now }.node(expr)?,
        })
    }

    /// Whether the run is asked for.
    pub fn matches(&self, subject: &dyn Subject) -> bool {
        self.root.ask(subject) == Some(true)
    }
}

struct Binder<'a> {
    text: &'a str,
    names: &'a Names,
    now: Time,
}

impl Binder<'_> {
    fn target(&self, field: &Field) -> Result<Target, QueryError> {
        let written = self
            .text
            .get(field.span.start..field.span.end)
            .unwrap_or(&field.name);
        self.names.resolve(field, written)
    }

    fn node(&self, expr: &Expr) -> Result<Node, QueryError> {
        let all = |parts: &[Expr]| -> Result<Vec<Node>, QueryError> {
            parts.iter().map(|part| self.node(part)).collect()
        };
        Ok(match expr {
            Expr::And(parts) => Node::And(all(parts)?),
            Expr::Or(parts) => Node::Or(all(parts)?),
            Expr::Not(inner) => Node::Not(Box::new(self.node(inner)?)),
            Expr::Compare(field, op, literal) => {
                let target = self.target(field)?;
                let probe = self.probe(&target, *op, literal)?;
                Node::Compare(target, *op, probe)
            }
            Expr::In(field, negated, literals) => {
                let target = self.target(field)?;
                let probes = literals
                    .iter()
                    .map(|literal| self.probe(&target, Op::Eq, literal))
                    .collect::<Result<_, _>>()?;
                Node::In(target, *negated, probes)
            }
            Expr::IsNull(field, negated) => Node::IsNull(self.target(field)?, *negated),
            Expr::Flag(field) => Node::Flag(self.flag(field)?),
            Expr::Touches(pattern, span) => {
                Node::Touches(Paths::new(pattern).map_err(|error| {
                    QueryError::new(format!("`{pattern}` is no path pattern: {error}"), *span)
                })?)
            }
        })
    }

    fn flag(&self, field: &Field) -> Result<Target, QueryError> {
        let target = self.target(field)?;
        match target {
            Target::Attribute(Attribute::Dirty) | Target::Param(_) | Target::Tag(_) => Ok(target),
            _ => Err(
                QueryError::new("a comparison is missing", field.span).hint(format!(
                    "write {} IS NOT NULL, or compare it with a value",
                    target.typed()
                )),
            ),
        }
    }

    fn probe(&self, target: &Target, op: Op, literal: &Literal) -> Result<Probe, QueryError> {
        let fail = |message: String| QueryError::new(message, literal.span);
        let mut probe = Probe {
            number: number(&literal.text),
            bool: match literal.text.to_ascii_lowercase().as_str() {
                "true" | "yes" => Some(true),
                "false" | "no" => Some(false),
                _ => None,
            },
            time: None,
            pattern: None,
            text: literal.text.clone(),
        };
        let text_op = match op {
            Op::Like | Op::NotLike => Some(like(&literal.text, false)),
            Op::ILike | Op::NotILike => Some(like(&literal.text, true)),
            Op::Match | Op::NotMatch => Some(Regex::new(&literal.text)),
            _ => None,
        };
        if let Some(pattern) = text_op {
            probe.pattern = Some(pattern.map_err(|_| {
                fail(format!("`{}` is no regular expression", literal.text))
                    .hint("put a \\ before signs that mean themselves: 'a\\(b\\)'")
            })?);
            return Ok(probe);
        }
        match target {
            Target::Attribute(Attribute::Started | Attribute::Finished) => {
                let span = moment(&literal.text, self.now).ok_or_else(|| {
                    fail(format!("`{}` is no date", literal.text))
                        .hint("write 2025-10-31, '2025-10-31 18:00', today, or 7d for 7 days ago")
                })?;
                probe.time = Some(span);
            }
            Target::Attribute(Attribute::Status) => probe.text = status(literal)?,
            Target::Metric(name) if probe.number.is_none() && !matches!(op, Op::Eq | Op::Ne) => {
                return Err(fail(format!("`{}` is no number", literal.text))
                    .hint(format!("compare with a number: metrics.{name} > 0.8")));
            }
            _ => {}
        }
        Ok(probe)
    }
}

/// Our words, and MLflow's for the same.
fn status(literal: &Literal) -> Result<String, QueryError> {
    let word = literal.text.to_ascii_lowercase();
    Ok(match word.as_str() {
        "ok" | "failed" | "running" | "aborted" | "stale" => word,
        "finished" => "ok".to_owned(),
        "killed" => "aborted".to_owned(),
        "scheduled" => "running".to_owned(),
        _ => {
            return Err(
                QueryError::new(format!("`{}` is no status", literal.text), literal.span)
                    .hint("a status is ok, failed, aborted, running or stale"),
            );
        }
    })
}

fn number(text: &str) -> Option<f64> {
    Number::parse(text.strip_prefix('+').unwrap_or(text))
        .map(|number| number.as_f64())
        .or_else(|| {
            text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-'))
                .then(|| text.parse().ok())?
        })
}

/// `%` stands for any text, `_` for any character, and a `\` before them takes that away.
fn like(pattern: &str, any_case: bool) -> Result<Regex, regex::Error> {
    let mut text = String::from(if any_case { "(?si)^" } else { "(?s)^" });
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => text.push_str(".*"),
            '_' => text.push('.'),
            '\\' => text.push_str(&regex::escape(&chars.next().unwrap_or('\\').to_string())),
            c => text.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    text.push('$');
    Regex::new(&text)
}

/// The span of time that a text names: a day for a date, an instant for a moment.
fn moment(text: &str, now: Time) -> Option<(i64, i64)> {
    let millis = |time: DateTime<FixedOffset>| time.timestamp_millis();
    let local = |naive: NaiveDateTime| now.offset().from_local_datetime(&naive).single();
    let day = |date: NaiveDate| -> Option<(i64, i64)> {
        let midnight = |date: NaiveDate| local(date.and_hms_opt(0, 0, 0)?).map(millis);
        Some((midnight(date)?, midnight(date.succ_opt()?)?))
    };
    let text = text.trim();
    let today = now.date_naive();
    match text.to_ascii_lowercase().as_str() {
        "today" => return day(today),
        "yesterday" => return day(today.pred_opt()?),
        "now" => return Some((millis(now), millis(now))),
        _ => {}
    }
    if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return day(date);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        let at = millis(time);
        return Some((at, at + 1000));
    }
    for (format, length) in [("%Y-%m-%d %H:%M:%S", 1000), ("%Y-%m-%d %H:%M", 60_000)] {
        let spaced = text.replacen('T', " ", 1);
        if let Ok(naive) = NaiveDateTime::parse_from_str(&spaced, format) {
            let at = millis(local(naive)?);
            return Some((at, at + length));
        }
    }
    ago(text, now).or_else(|| epoch(text))
}

/// `7d`, `24h`, `30m`, `2w`: so long ago.
fn ago(text: &str, now: Time) -> Option<(i64, i64)> {
    let unit = text.chars().next_back()?;
    let count: i64 = text
        .strip_suffix(unit)?
        .trim_start_matches('-')
        .parse()
        .ok()?;
    let seconds = match unit.to_ascii_lowercase() {
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        _ => return None,
    };
    let length = Duration::try_seconds(count.checked_mul(seconds)?)?;
    let at = now.checked_sub_signed(length)?.timestamp_millis();
    Some((at, at))
}

/// Milliseconds since 1970, as MLflow writes moments.
fn epoch(text: &str) -> Option<(i64, i64)> {
    let at: i64 = text.parse().ok()?;
    (text.len() >= 11).then_some((at, at))
}

impl Paths {
    fn new(pattern: &str) -> Result<Self, globset::Error> {
        let wild = pattern.contains(['*', '?', '[', '{']);
        let glob = match wild {
            true => Some(
                GlobBuilder::new(pattern)
                    .literal_separator(true)
                    .build()?
                    .compile_matcher(),
            ),
            false => None,
        };
        Ok(Self {
            plain: pattern.trim_end_matches('/').as_bytes().to_vec(),
            glob,
        })
    }

    /// A plain path means itself and, when it is a folder, whatever is in it.
    fn takes(&self, path: &[u8]) -> bool {
        match &self.glob {
            Some(glob) => glob.is_match(crate::model::RecordPath::from_bytes(path).to_path()),
            None => path
                .strip_prefix(&self.plain[..])
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/")),
        }
    }
}

impl Node {
    fn ask(&self, subject: &dyn Subject) -> Option<bool> {
        match self {
            Self::And(parts) => fold(parts, subject, false),
            Self::Or(parts) => fold(parts, subject, true),
            Self::Not(inner) => inner.ask(subject).map(|yes| !yes),
            Self::Compare(target, op, probe) => {
                if let Target::Param(_) = target
                    && let Some(answer) = probe.bool_answer(&subject.value(target), *op)
                {
                    return Some(answer);
                }
                compare(&subject.value(target), *op, probe)
            }
            Self::In(target, negated, probes) => {
                let value = subject.value(target);
                let mut answers = probes.iter().map(|probe| compare(&value, Op::Eq, probe));
                let found = match value {
                    Value::Missing => None,
                    _ => Some(answers.any(|answer| answer == Some(true))),
                };
                found.map(|yes| yes != *negated)
            }
            Self::IsNull(target, negated) => {
                let missing = match subject.value(target) {
                    Value::Missing => true,
                    Value::List(items) => items.is_empty(),
                    _ => false,
                };
                Some(missing != *negated)
            }
            Self::Flag(target) => match (target, subject.value(target)) {
                (_, Value::Bool(yes)) => Some(yes),
                (Target::Tag(_), value) => Some(value != Value::Missing),
                _ => None,
            },
            Self::Touches(paths) => Some(subject.touches(&|path| paths.takes(path))),
        }
    }
}

/// `AND` is decided by one no, `OR` by one yes; else one unknown makes it unknown.
fn fold(parts: &[Node], subject: &dyn Subject, decisive: bool) -> Option<bool> {
    let mut unknown = false;
    for part in parts {
        match part.ask(subject) {
            Some(answer) if answer == decisive => return Some(decisive),
            Some(_) => {}
            None => unknown = true,
        }
    }
    (!unknown).then_some(!decisive)
}

impl Probe {
    /// `params.shuffle = true`, whatever spelling of true the YAML file has.
    fn bool_answer(&self, value: &Value<'_>, op: Op) -> Option<bool> {
        match (value, self.bool?, op) {
            (Value::Bool(a), b, Op::Eq) => Some(*a == b),
            (Value::Bool(a), b, Op::Ne) => Some(*a != b),
            _ => None,
        }
    }
}

fn compare(value: &Value<'_>, op: Op, probe: &Probe) -> Option<bool> {
    let positive = match op {
        Op::Ne => Op::Eq,
        Op::NotLike => Op::Like,
        Op::NotILike => Op::ILike,
        Op::NotMatch => Op::Match,
        other => other,
    };
    if positive != op {
        return compare(value, positive, probe).map(|yes| !yes);
    }
    match value {
        Value::Missing => None,
        Value::List(items) => {
            let mut answers = items.iter().map(|item| compare(item, op, probe));
            (!items.is_empty()).then(|| answers.any(|answer| answer == Some(true)))
        }
        _ => match &probe.pattern {
            Some(pattern) => Some(pattern.is_match(&text_of(value))),
            None => scalar(value, op, probe),
        },
    }
}

fn text_of<'a>(value: &'a Value<'_>) -> Cow<'a, str> {
    match value {
        Value::Number(_, text) | Value::Text(text) | Value::Hash(text) => Cow::Borrowed(text),
        Value::Bool(yes) => Cow::Borrowed(if *yes { "true" } else { "false" }),
        Value::Time(millis) => DateTime::from_timestamp_millis(*millis)
            .map_or(Cow::Borrowed(""), |time| Cow::Owned(time.to_rfc3339())),
        Value::Missing | Value::List(_) => Cow::Borrowed(""),
    }
}

fn scalar(value: &Value<'_>, op: Op, probe: &Probe) -> Option<bool> {
    if let (Value::Time(at), Some((from, to))) = (value, probe.time) {
        return Some(match op {
            Op::Eq => *at >= from && (*at < to || from == to && *at == from),
            Op::Lt => *at < from,
            Op::Le => *at < to || *at == from,
            Op::Gt => {
                if from == to {
                    *at > from
                } else {
                    *at >= to
                }
            }
            _ => *at >= from,
        });
    }
    if let (Value::Hash(hash), Op::Eq) = (value, op) {
        let start = probe.text.to_ascii_lowercase();
        return Some(start.len() >= 4 && hash.starts_with(&start));
    }
    let order = match value {
        Value::Number(number, text) => numbers(*number, text, probe)?,
        Value::Bool(yes) if probe.bool.is_some() => yes.cmp(&probe.bool?),
        Value::Text(text) => match (number(text), probe.number) {
            // `1e-4` is text to PyYAML and a number to people.
            (Some(a), Some(b)) => a.partial_cmp(&b)?,
            _ => text.as_ref().cmp(probe.text.as_str()),
        },
        _ => text_of(value).as_ref().cmp(probe.text.as_str()),
    };
    Some(match op {
        Op::Lt => order.is_lt(),
        Op::Le => order.is_le(),
        Op::Gt => order.is_gt(),
        Op::Ge => order.is_ge(),
        _ => order.is_eq(),
    })
}

/// By value; integers too long for a double by their digits. `NaN` is equal to `nan` and to nothing
/// else, and has no order.
fn numbers(value: f64, text: &str, probe: &Probe) -> Option<Ordering> {
    let other = probe.number?;
    if value.is_nan() && other.is_nan() {
        return Some(Ordering::Equal);
    }
    let order = value.partial_cmp(&other)?;
    if order.is_eq()
        && text.len() >= 16
        && let (Some(a), Some(b)) = (Number::parse(text), Number::parse(&probe.text))
        && a.is_integer()
        && b.is_integer()
        && !a.same_value(&b)
    {
        return Some(a.as_str().cmp(b.as_str()));
    }
    Some(order)
}
