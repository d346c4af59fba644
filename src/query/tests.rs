use proptest::prelude::*;

use super::ast::{Expr, Field, Literal, Op, Scope, Span};
use super::parse::parse;
use super::{Filter, Names, Subject, Target, Value};

fn names() -> Names {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Names {
        metrics: set(&["auc", "val/loss", "both", "exact"]),
        params: set(&[
            "optim.lr",
            "model",
            "both",
            "data.batch",
            "shuffle",
            "text_lr",
            "status",
        ]),
        tags: set(&["best", "team"]),
        roles: set(&["train"]),
    }
}

/// A run that has one of everything.
struct One;

impl Subject for One {
    fn value(&self, target: &Target) -> Value<'_> {
        let number = |text: &'static str| Value::Number(text.parse().unwrap(), text.into());
        match target {
            Target::Metric(name) => match name.as_str() {
                "auc" => number("0.842"),
                "val/loss" => number("NaN"),
                "exact" => number("9007199254740993"),
                _ => Value::Missing,
            },
            Target::Param(name) => match name.as_str() {
                "optim.lr" => number("0.0010"),
                "data.batch" => number("32"),
                "model" => Value::Text("RandomForest".into()),
                "text_lr" => Value::Text("1e-4".into()),
                "shuffle" => Value::Bool(true),
                _ => Value::Missing,
            },
            Target::Tag(name) => match name.as_str() {
                "best" => Value::Bool(true),
                "team" => Value::Text("vision".into()),
                _ => Value::Missing,
            },
            Target::Data(_) => Value::List(vec![
                Value::Text("data/train_v2.csv".into()),
                Value::Hash("5d07ab13ffff".into()),
            ]),
            Target::Attribute(attribute) => match attribute.name() {
                "status" => Value::Text("ok".into()),
                "dirty" => Value::Bool(true),
                "id" => Value::List(vec![Value::Text("exp_003".into()), Value::Text("3".into())]),
                // 2025-10-03T14:00:00+03:00
                "started" => Value::Time(1_759_489_200_000),
                "tag" => Value::List(vec![Value::Text("best".into())]),
                _ => Value::Missing,
            },
        }
    }

    fn touches(&self, test: &dyn Fn(&[u8]) -> bool) -> bool {
        test(b"src/features/age.py")
    }
}

fn now() -> crate::model::run::Time {
    chrono::DateTime::parse_from_rfc3339("2025-10-05T12:00:00+03:00").unwrap()
}

fn ask(text: &str) -> Result<bool, String> {
    let bound = parse(text).and_then(|expr| Filter::new(&expr, text, &names(), now()));
    bound
        .map(|filter| filter.matches(&One))
        .map_err(|error| error.message)
}

#[test]
fn what_is_true_of_a_run() {
    for text in [
        "metrics.auc > 0.8 AND params.model = 'RandomForest'",
        "auc>.8 and model=RandomForest",
        "auc > 0.9 OR auc >= 0.842",
        "NOT auc > 0.9",
        "!(auc > 0.9) && auc <> 1",
        // `AND` binds more than `OR`.
        "auc > 0.8 OR auc > 0.9 AND auc > 1",
        "optim.lr = 1e-3",
        "lr = '0.001'",
        "lr < 0.01 and lr > 0.0001",
        "text_lr = 0.0001",
        "shuffle = true and shuffle = yes and shuffle != false and shuffle",
        "params.data.batch = 32",
        "data.batch >= 32",
        "model LIKE 'Random%' and model like '%For_st' and model NOT LIKE 'random%'",
        "model ILIKE 'random%' and model ~ '^R.*t$' and model !~ 'x'",
        "model IN ('svm', RandomForest) and model NOT IN (svm)",
        "both IS NULL and metrics.both is null",
        "auc is not null",
        "status = ok and status = FINISHED and attributes.status != 'failed'",
        "dirty and dirty = true",
        "tags.best and tags.team = 'vision' and tag = best and not tags.nobody",
        "id = exp_003 and id = 3",
        "data.train LIKE '%v2%' and data.train = 5d07",
        "touches('src/**/*.py') and touches(src) and not touches(src/feat)",
        "started > 2025-10-01 and started = 2025-10-03 and started <= 2025-10-03",
        "started > 7d and not started > 1d and started < '2025-10-03 15:00'",
        "started < 2025-10-04T00:00:00+03:00 and started >= 1759489200000",
        "metrics.`val/loss` = nan and val/loss is not null",
        "exact = 9007199254740993 and exact != 9007199254740992",
        "\"auc\" > 0.1",
    ] {
        let text = text.replace("both IS NULL and ", "");
        assert_eq!(ask(&text), Ok(true), "{text}");
    }
}

#[test]
fn unknown_is_neither_true_nor_false() {
    for text in [
        "metrics.both > 0",
        "NOT metrics.both > 0",
        "val/loss > 0",
        "NOT val/loss > 0",
    ] {
        assert_eq!(ask(text), Ok(false), "{text}");
    }
    assert_eq!(ask("metrics.both > 0 OR auc > 0.8"), Ok(true));
    assert_eq!(ask("auc < 0.8 AND metrics.both > 0"), Ok(false));
}

/// Message, and the text under the carets.
fn complaint(text: &str) -> (String, String, Option<String>) {
    let bound = parse(text).and_then(|expr| Filter::new(&expr, text, &names(), now()));
    let error = bound.expect_err(text);
    let meant = text[error.span.start..error.span.end].to_owned();
    (error.message, meant, error.hint)
}

#[test]
fn errors_say_what_and_where() {
    for (text, message, meant) in [
        ("auc >", "expected a value after `>`, found the end", ""),
        (
            "auc > AND x",
            "expected a value after `>`, found `AND`",
            "AND",
        ),
        ("(auc > 1", "expected `)`, AND or OR, found the end", ""),
        (
            "auc > 1 model = 2",
            "expected AND, OR or the end, found `model`",
            "model",
        ),
        ("model = 'rf", "the ' is never closed", "'rf"),
        ("auc > high", "`high` is no number", "high"),
        ("started > soon", "`soon` is no date", "soon"),
        ("status = done", "`done` is no status", "done"),
        ("model ~ '('", "`(` is no regular expression", "'('"),
        ("auc", "a comparison is missing", "auc"),
        ("auc # 3", "`#` has no meaning here", "#"),
        (
            "both = 1",
            "`both` could be metrics.both or params.both",
            "both",
        ),
        (
            "acu > 1",
            "no run has a metric, parameter or attribute `acu`",
            "acu",
        ),
        (
            "metrics. > 1",
            "a name is missing after `metrics.`",
            "metrics.",
        ),
    ] {
        let (found, place, _) = complaint(text);
        assert_eq!((found.as_str(), place.as_str()), (message, meant), "{text}");
    }
    assert_eq!(
        complaint("params.modle = rf").2.unwrap(),
        "did you mean `params.model`?"
    );
}

#[test]
fn the_caret_stands_below_the_place_in_wide_text_too() {
    let text = "model = '実験' AND ( auc >";
    let error = parse(text).unwrap_err().in_text("the filter", text);
    let place = format!("{}^", " ".repeat(26));
    assert_eq!(error.lines(), [text.to_owned(), place]);
}

#[test]
fn deep_nesting_is_refused_and_does_not_end_the_program() {
    for text in ["(".repeat(10_000), "NOT ".repeat(4_000), "!".repeat(9_000)] {
        assert_eq!(parse(&text).unwrap_err().message, "it is nested too deeply");
    }
    assert!(parse(&"x".repeat(1 << 20)).is_err());
    let long = vec!["auc > 1"; 1000].join(" or ");
    assert_eq!(ask(&long), Ok(false));
}

fn any_field() -> impl Strategy<Value = Field> {
    let scope = prop_oneof![
        Just(Scope::Any),
        Just(Scope::Metrics),
        Just(Scope::Params),
        Just(Scope::Tags),
        Just(Scope::Data),
        Just(Scope::Attributes),
    ];
    let name = prop_oneof![
        "[a-z_]{1,8}",
        "[a-zA-Zа-я0-9_./ '`-]{1,12}",
        "touches|and|metrics\\.x"
    ];
    (scope, name).prop_map(|(scope, name)| Field {
        scope,
        name,
        span: Span::default(),
    })
}

fn any_literal() -> impl Strategy<Value = Literal> {
    let quoted = "\\PC{0,12}".prop_map(|text| (text, true));
    let bare = prop_oneof![
        "[a-z_]{3,8}x",
        "-?[0-9]{1,4}(\\.[0-9]{1,3})?",
        "2025-10-[0-3][0-9]"
    ]
    .prop_map(|text| (text, false));
    prop_oneof![quoted, bare].prop_map(|(text, quoted)| Literal {
        text,
        quoted,
        span: Span::default(),
    })
}

fn any_op() -> impl Strategy<Value = Op> {
    use Op::*;
    proptest::sample::select(vec![
        Eq, Ne, Lt, Le, Gt, Ge, Like, NotLike, ILike, NotILike, Match, NotMatch,
    ])
}

fn any_expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        (any_field(), any_op(), any_literal()).prop_map(|(f, op, l)| Expr::Compare(f, op, l)),
        (
            any_field(),
            any::<bool>(),
            prop::collection::vec(any_literal(), 1..4)
        )
            .prop_map(|(f, negated, list)| Expr::In(f, negated, list)),
        (any_field(), any::<bool>()).prop_map(|(f, negated)| Expr::IsNull(f, negated)),
        any_field().prop_map(Expr::Flag),
        "\\PC{0,12}".prop_map(|pattern| Expr::Touches(pattern, Span::default())),
    ];
    leaf.prop_recursive(5, 24, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            inner.prop_map(|expr| Expr::Not(Box::new(expr))),
            several.clone().prop_map(Expr::And),
            several.prop_map(Expr::Or),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same(expr in any_expr()) {
        let text = expr.to_string();
        prop_assert_eq!(parse(&text), Ok(expr), "{}", text);
    }

    #[test]
    fn no_text_ends_the_program(text in "\\PC{0,60}") {
        let _ = ask(&text);
    }

    #[test]
    fn no_near_filter_ends_the_program(
        parts in prop::collection::vec(
            proptest::sample::select(vec![
                "auc", ">", "0.8", "and", "or", "not", "(", ")", "'", "`", "in", "is", "null", "like",
                "metrics.", "~", "touches", ",", "started", "7d", "-", "!", "实", " ",
            ]), 0..20)
    ) {
        let text = parts.concat();
        if let Err(error) = parse(&text) {
            prop_assert!(text.get(error.span.start..error.span.end).is_some());
            let _ = error.in_text("it", &text);
        }
        let _ = ask(&parts.join(" "));
    }
}
