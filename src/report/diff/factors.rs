//! Factors as phrases.

use super::words::Words;
use crate::compare::{Axis, Comparison, Factor, State};
use crate::model::command_line::ARGUMENT;
use crate::settings::Lang;

/// A factor as a phrase: `config model.type`, `environment (python, 2 direct packages, machine)`.
pub fn describe(factor: &Factor, c: &Comparison<'_>, w: Words) -> String {
    match factor.axis {
        Axis::Env | Axis::Hardware => environment(c, w),
        Axis::Code => w.axis(Axis::Code).to_owned(),
        Axis::Seed => {
            let shown = |seed: &Option<crate::model::Param>| {
                seed.as_ref().map_or_else(
                    || w.pick("none", "нет").to_owned(),
                    crate::model::Param::spelling,
                )
            };
            let seeds = w.change(&shown(&c.axes.seed.a), &shown(&c.axes.seed.b));
            format!("{} ({seeds})", w.axis(Axis::Seed))
        }
        Axis::Eval => match w.lang {
            Lang::En => format!("{} data", factor.name),
            Lang::Ru => format!("данные {}", factor.name),
        },
        Axis::Config if factor.members.len() > 1 && !factor.members.contains(&factor.name) => {
            let n = factor.members.len() as u64;
            let keys = w.count(n, ["key", "keys"], ["ключ", "ключа", "ключей"]);
            format!("{} {} ({keys})", w.axis(Axis::Config), factor.name)
        }
        axis => match factor.name.strip_prefix(ARGUMENT) {
            Some(argument) => format!("{} {argument}", w.pick("argument", "аргумент")),
            None => format!("{} {}", w.axis(axis), factor.name),
        },
    }
}

fn environment(c: &Comparison<'_>, w: Words) -> String {
    let mut parts = Vec::new();
    let env = &c.axes.env;
    if env.python.is_some() {
        parts.push("python".to_owned());
    }
    let direct = env.direct().count() as u64;
    if direct > 0 {
        let forms = ["прямой пакет", "прямых пакета", "прямых пакетов"];
        parts.push(w.count(direct, ["direct package", "direct packages"], forms));
    }
    if env.vars.iter().any(|var| var.sets_threads()) {
        parts.push(
            w.pick("thread variables", "переменные числа потоков")
                .to_owned(),
        );
    }
    if c.axes.hardware.state == State::Changed {
        parts.push(w.pick("machine", "машина").to_owned());
    }
    format!(
        "{} ({})",
        w.pick("environment", "окружение"),
        parts.join(", ")
    )
}

/// `code, config × 2`
pub fn summary(factors: &[Factor], w: Words) -> String {
    let mut parts: Vec<(Axis, usize)> = Vec::new();
    for factor in factors {
        match parts.last_mut() {
            Some((axis, n)) if *axis == factor.axis => *n += 1,
            _ => parts.push((factor.axis, 1)),
        }
    }
    let part = |(axis, n): &(Axis, usize)| match n {
        1 => w.axis(*axis).to_owned(),
        n => format!("{} {} {n}", w.axis(*axis), w.times()),
    };
    parts.iter().map(part).collect::<Vec<_>>().join(", ")
}
