//! The first sentences: the verdict, and what had been declared.

use super::factors::{describe, summary};
use super::gaps::gap;
use super::words::Words;
use crate::compare::axes::eval::Cause;
use crate::compare::suggest::names;
use crate::compare::{Axis, Caveat, Comparison, Factor, Judgement, MetricRow, State, Verdict};
use crate::model::metric::Yardstick;
use crate::settings::Lang;
use crate::ui::number;

/// The verdict as sentences, each to start a line of its own.
pub fn verdict(c: &Comparison<'_>, w: Words) -> Vec<String> {
    match c.verdict {
        Verdict::Identical => vec![identical(c, w)],
        Verdict::OneFactor => vec![one_factor(c, w)],
        Verdict::Confounded => vec![confounded(c, w)],
        Verdict::NotComparable => not_comparable(c, w),
        Verdict::Unexplained => vec![unexplained(c, w)],
        Verdict::Incomplete => incomplete(c, w),
    }
}

fn identical(c: &Comparison<'_>, w: Words) -> String {
    let (a, b) = names(c.a, c.b);
    let whose = if c.a.uid == c.b.uid {
        w.pick("it is the same run", "это один и тот же запуск")
            .to_owned()
    } else {
        match w.lang {
            Lang::En => format!("{b} repeats {a}"),
            Lang::Ru => format!("{b} повторяет {a}"),
        }
    };
    let admitted = admitted(c, w);
    let same = w.pick(
        "same inputs, same metrics",
        "те же входные данные и те же метрики",
    );
    if !admitted.is_empty() {
        let head = w.pick(
            "IDENTICAL AS FAR AS RECORDED",
            "ОДИНАКОВЫ, НАСКОЛЬКО ЗАПИСАНО",
        );
        return format!("{head}: {same} ({whose}; {admitted}).");
    }
    let head = w.pick("IDENTICAL", "ОДИНАКОВЫ");
    let again = match c.a.uid == c.b.uid {
        true => "",
        false => w.pick(" Reproduced.", " Воспроизведено."),
    };
    format!("{head}: {same} ({whose}).{again}")
}

fn one_factor(c: &Comparison<'_>, w: Words) -> String {
    let Some(factor) = c.factors.first() else {
        return String::new();
    };
    let head = w.pick("ONE FACTOR CHANGED", "ИЗМЕНЁН ОДИН ФАКТОР");
    let shared = c.metrics.iter().filter(|row| row.is_shared());
    let moved = shared.clone().any(|row| row.judgement != Judgement::Same);
    let admitted = admitted(c, w);
    let so = match (moved, factor.axis) {
        (false, _) => w.pick("The metrics are the same.", "Метрики не изменились."),
        (true, Axis::Seed) => w.pick(
            "The difference shows how much luck matters.",
            "Разница показывает, насколько важна случайность.",
        ),
        (true, Axis::Env | Axis::Hardware) => w.pick(
            "The difference can be attributed to it only as a whole.",
            "Разницу можно приписать только ему целиком.",
        ),
        (true, _) if admitted.is_empty() => w.pick(
            "The difference can be attributed to it.",
            "Разницу можно приписать ему.",
        ),
        (true, _) => w.pick(
            "As far as recorded, the difference can be attributed to it.",
            "Насколько записано, разницу можно приписать ему.",
        ),
    };
    let what = describe(factor, c, w);
    match admitted.is_empty() {
        true => format!("{head}: {what}. {so}"),
        false => format!("{head}: {what}. {} ({admitted}).", so.trim_end_matches('.')),
    }
}

fn confounded(c: &Comparison<'_>, w: Words) -> String {
    let n = c.factors.len() as u64;
    let kinds = summary(&c.factors, w);
    let primary = c.primary().map(|row| row.judgement);
    match w.lang {
        Lang::En => {
            let what = match primary {
                Some(Judgement::Better) => "gain",
                Some(Judgement::Worse) => "loss",
                _ => "difference",
            };
            format!(
                "{n} FACTORS CHANGED AT ONCE ({kinds}): the {what} can't be attributed to any one of \
                 them."
            )
        }
        Lang::Ru => {
            let what = match primary {
                Some(Judgement::Better) => "улучшение",
                Some(Judgement::Worse) => "ухудшение",
                _ => "разницу",
            };
            let factors = w.count(n, ["", ""], ["ФАКТОР", "ФАКТОРА", "ФАКТОРОВ"]);
            format!("СРАЗУ ИЗМЕНЕНЫ {factors} ({kinds}): {what} нельзя приписать ни одному из них.")
        }
    }
}

fn unexplained(c: &Comparison<'_>, w: Words) -> String {
    let listed = c
        .caveats
        .iter()
        .any(|caveat| !matches!(caveat, Caveat::Unknown(_)));
    if listed {
        w.pick(
            "UNEXPLAINED: every input that counts is identical, yet the metrics differ.",
            "НЕ ОБЪЯСНЕНО: все учитываемые входные данные одинаковы, а метрики различаются.",
        )
    } else {
        w.pick(
            "UNEXPLAINED: every recorded input is identical, yet the metrics differ.",
            "НЕ ОБЪЯСНЕНО: все записанные входные данные одинаковы, а метрики различаются.",
        )
    }
    .to_owned()
}

fn incomplete(c: &Comparison<'_>, w: Words) -> Vec<String> {
    let head = w.pick("INCOMPLETE", "НЕПОЛНО");
    if let Some(why) = no_metrics(c, w) {
        return vec![format!("{head}: {why}."), known_factors(c, w)];
    }
    let mut gaps: Vec<String> = c
        .decisive_gaps
        .iter()
        .filter_map(|axis| Some(gap(*axis, c.axes.gaps(*axis).first()?, c, w)))
        .collect();
    if gaps.is_empty() {
        let eval = c.axes.eval.gaps.first();
        gaps.extend(eval.map(|first| gap(Axis::Eval, first, c, w)));
    }
    let gaps = w.and(&gaps);
    let text = match (w.lang, c.factors.first()) {
        (Lang::En, Some(factor)) => format!(
            "{head}: one factor is known to have changed ({}), but the difference can't be attributed \
             to it: {gaps}.",
            describe(factor, c, w)
        ),
        (Lang::En, None) => format!("{head}: nothing that is recorded changed, but {gaps}."),
        (Lang::Ru, Some(factor)) => format!(
            "{head}: известно, что изменён один фактор ({}), но разницу нельзя приписать ему: {gaps}.",
            describe(factor, c, w)
        ),
        (Lang::Ru, None) => format!("{head}: из записанного не изменилось ничего, но {gaps}."),
    };
    vec![text]
}

/// Why there is nothing to compare, if there isn't.
fn no_metrics(c: &Comparison<'_>, w: Words) -> Option<String> {
    if c.metrics.iter().any(MetricRow::is_shared) {
        return None;
    }
    let (a, b) = names(c.a, c.b);
    let one = |name: &str, run: &crate::model::Run| {
        let status = w.status(run.status);
        match w.lang {
            Lang::En if run.status == crate::model::Status::Ok => format!("{name} has no metrics"),
            Lang::En => format!("{name} {status} and has no metrics"),
            Lang::Ru if run.status == crate::model::Status::Ok => format!("у {name} нет метрик"),
            Lang::Ru => format!("{name} {status}, метрик нет"),
        }
    };
    Some(match (c.a.metrics.is_empty(), c.b.metrics.is_empty()) {
        (true, true) => w
            .pick("neither run has metrics", "у обоих запусков нет метрик")
            .to_owned(),
        (true, false) => one(&a, c.a),
        (false, true) => one(&b, c.b),
        (false, false) => w
            .pick(
                "the runs have no metric in common",
                "у запусков нет общих метрик",
            )
            .to_owned(),
    })
}

fn known_factors(c: &Comparison<'_>, w: Words) -> String {
    match &c.factors[..] {
        [] => w
            .pick(
                "Nothing that is recorded changed.",
                "Из записанного не изменилось ничего.",
            )
            .to_owned(),
        [one] => format!(
            "{}: {}.",
            w.pick("One factor changed", "Изменён один фактор"),
            describe(one, c, w)
        ),
        many => format!(
            "{}: {}.",
            match w.lang {
                Lang::En => format!("{} factors changed at once", many.len()),
                Lang::Ru => {
                    let n = many.len() as u64;
                    format!("Сразу изменены {}", w.count(n, ["", ""], FACTORS_RU))
                }
            },
            summary(many, w)
        ),
    }
}

const FACTORS_RU: [&str; 3] = ["фактор", "фактора", "факторов"];

fn not_comparable(c: &Comparison<'_>, w: Words) -> Vec<String> {
    let eval = &c.axes.eval;
    let affected = |row: &&MetricRow| {
        row.is_shared() && row.role != Yardstick::Train && row.yardstick == State::Changed
    };
    let row = c.metrics.iter().find(affected);
    let role = row.map(|row| row.role).unwrap_or_else(|| {
        let by_state = if eval.val.state == State::Changed {
            Yardstick::Val
        } else {
            Yardstick::Test
        };
        c.primary().map_or(by_state, |row| row.role)
    });
    let rows = match role {
        Yardstick::Train => w.pick("the training rows", "обучающие строки"),
        Yardstick::Val => w.pick("the validation rows", "валидационные строки"),
        Yardstick::Test => w.pick("the test rows", "тестовые строки"),
    };
    let why = match eval.role(role).cause.unwrap_or(Cause::Split) {
        Cause::CutFromTrain => match w.lang {
            Lang::En => format!(
                "{rows} changed together with the training data (both are cut from the same file)"
            ),
            Lang::Ru => format!(
                "{rows} изменились вместе с обучающими данными (те и другие взяты из одного файла)"
            ),
        },
        Cause::Input => format!("{rows} {}", w.pick("changed", "изменились")),
        Cause::Split => w
            .pick("the split rule changed", "изменилось правило разбиения")
            .to_owned(),
        Cause::MetricCode => w
            .pick(
                "the code that computes the metrics changed",
                "изменился код, который считает метрики",
            )
            .to_owned(),
    };
    let so = match row.and_then(MetricRow::numbers) {
        Some((x, y)) => {
            let (x, y) = (number::metric(x), number::metric(y));
            match w.lang {
                Lang::En => format!("so {x} and {y} were measured with different yardsticks"),
                Lang::Ru => format!("поэтому {x} и {y} измерены разными мерками"),
            }
        }
        None => w
            .pick(
                "so their numbers can't be compared",
                "поэтому их числа нельзя сравнивать",
            )
            .to_owned(),
    };
    let head = w.pick("NOT COMPARABLE", "НЕСРАВНИМЫ");
    let mut lines = vec![format!("{head}: {why}, {so}.")];
    let primary = c
        .primary()
        .filter(|row| row.is_shared() && row.yardstick == State::Same);
    lines.extend(primary.map(|row| match w.lang {
        Lang::En => format!("{} was measured alike and may be compared.", row.name),
        Lang::Ru => format!("{} измерена одинаково, её сравнивать можно.", row.name),
    }));
    lines.extend(also(c, w));
    lines
}

/// `Also 1 config key changed.`: the factors beyond the yardstick's own cause.
fn also(c: &Comparison<'_>, w: Words) -> Option<String> {
    let cut = [c.axes.eval.val, c.axes.eval.test]
        .iter()
        .any(|role| role.cause == Some(Cause::CutFromTrain));
    let rest = |factor: &&Factor| match factor.axis {
        Axis::Eval => false,
        Axis::Data => !cut,
        Axis::Config => !c
            .axes
            .config
            .keys
            .iter()
            .any(|k| k.splits && k.key == factor.name),
        _ => true,
    };
    let rest: Vec<Factor> = c.factors.iter().filter(rest).cloned().collect();
    let keys = rest
        .iter()
        .filter(|factor| factor.axis == Axis::Config)
        .count() as u64;
    let mut parts: Vec<String> = rest
        .iter()
        .filter(|factor| factor.axis != Axis::Config)
        .map(|factor| describe(factor, c, w))
        .collect();
    if keys > 0 {
        let forms = ["ключ конфига", "ключа конфига", "ключей конфига"];
        parts.push(w.count(keys, ["config key", "config keys"], forms));
    }
    (!parts.is_empty()).then(|| match w.lang {
        Lang::En => format!("Also {} changed.", w.and(&parts)),
        Lang::Ru => format!("Кроме того, изменено: {}.", w.and(&parts)),
    })
}

/// What a claim has to admit; empty when there is nothing.
fn admitted(c: &Comparison<'_>, w: Words) -> String {
    let mut unknown = Vec::new();
    let mut more = Vec::new();
    for caveat in &c.caveats {
        match caveat {
            Caveat::Unknown(axis) => unknown.push(w.axis(*axis).to_owned()),
            Caveat::Command => more.push(w.pick(
                "the command lines differ too",
                "командные строки тоже различаются",
            )),
            Caveat::Packages => {
                more.push(w.pick(
                    "indirect packages differ too",
                    "косвенные пакеты тоже различаются",
                ));
            }
        }
    }
    let mut parts: Vec<String> = Vec::new();
    if !unknown.is_empty() {
        parts.push(format!(
            "{} {}",
            w.pick("not known:", "неизвестно:"),
            unknown.join(", ")
        ));
    }
    parts.extend(more.into_iter().map(str::to_owned));
    parts.join("; ")
}

/// `Declared at start: model.type.   Not declared: code, model.max_depth.` Only when something was
/// declared and the facts are otherwise.
pub fn declared(c: &Comparison<'_>, w: Words) -> Option<String> {
    let declared = &c.declared;
    if declared.said.is_empty() || (declared.undeclared.is_empty() && declared.unchanged.is_empty())
    {
        return None;
    }
    let list = |label: &str, items: Vec<String>| {
        (!items.is_empty()).then(|| format!("{label}: {}.", items.join(", ")))
    };
    let undeclared = declared.undeclared.iter().map(|factor| match factor.axis {
        Axis::Config => factor.name.clone(),
        Axis::Data | Axis::Eval => format!("data.{}", factor.name),
        axis => axis.word().to_owned(),
    });
    let parts = [
        list(
            w.pick("Declared at start", "Заявлено при старте"),
            declared.said.clone(),
        ),
        list(w.pick("Not declared", "Не заявлено"), undeclared.collect()),
        list(
            w.pick("Declared but unchanged", "Заявлено, но не изменилось"),
            declared.unchanged.clone(),
        ),
    ];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join("   "))
}
