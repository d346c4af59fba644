//! How environment, machine and command line changed.

use super::changed::block;
use super::told::{Block, Row};
use super::words::Words;
use crate::compare::axes::env::PackageChange;
use crate::compare::{Axis, Comparison, State};
use crate::model::Run;

/// Software: what counts, and how much else differs.
pub fn env(c: &Comparison<'_>, w: Words, all: bool) -> Option<Block> {
    let env = &c.axes.env;
    let indirect = env.indirect().count();
    if env.state != State::Changed && indirect == 0 && !env.unlisted && env.vars.is_empty() {
        return None;
    }
    let version = |version: &Option<String>| {
        version
            .clone()
            .unwrap_or_else(|| w.pick("not installed", "не установлен").to_owned())
    };
    let row = |package: &PackageChange, word: &str| {
        let text = w.change(&version(&package.a), &version(&package.b));
        Row::new(&package.name, format!("{text}     {word}"))
    };
    let mut rows: Vec<Row> = env
        .direct()
        .map(|package| row(package, w.pick("direct", "прямой")))
        .collect();
    if all {
        rows.extend(
            env.indirect()
                .map(|package| row(package, w.pick("indirect", "косвенный"))),
        );
    } else if indirect > 0 {
        let forms = ["косвенный пакет", "косвенных пакета", "косвенных пакетов"];
        let n = w.count(
            indirect as u64,
            ["indirect package", "indirect packages"],
            forms,
        );
        let more = match (w.lang, env.direct().next().is_some()) {
            (crate::settings::Lang::En, true) => n.replacen(' ', " more ", 1),
            (crate::settings::Lang::Ru, true) => format!("ещё {n}"),
            _ => n,
        };
        let hint = w.pick("(--env to list)", "(--env: показать)");
        rows.push(Row::spanning(format!("{more}         {hint}")));
    } else if env.unlisted {
        let text = w.pick(
            "indirect packages differ (no list at hand)",
            "косвенные пакеты (без списка)",
        );
        rows.push(Row::spanning(text));
    }
    let value = |value: &Option<String>| {
        value
            .clone()
            .unwrap_or_else(|| w.pick("not set", "не задана").to_owned())
    };
    rows.extend(
        env.vars
            .iter()
            .map(|var| Row::new(&var.name, w.change(&value(&var.a), &value(&var.b)))),
    );
    let head = match &env.python {
        Some((a, b)) => format!("python {}", w.change(a, b)),
        None if env.direct().next().is_some() => w.pick("packages", "пакеты").to_owned(),
        None if env.state == State::Changed => w.pick("variables", "переменные").to_owned(),
        None => w
            .pick("listed, not counted", "перечислено, не учитывается")
            .to_owned(),
    };
    Some(block(Axis::Env, w, head, rows))
}

/// The machines, when something about them counts.
pub fn hardware(c: &Comparison<'_>, w: Words) -> Option<Block> {
    let axis = &c.axes.hardware;
    if axis.state != State::Changed {
        return None;
    }
    let mut head = w.change(&machine(c.a, w), &machine(c.b, w));
    if let Some((key, a, b)) = &axis.all_threads {
        let threads = w.pick("threads", "потоков");
        let means = w.pick("means", "означает");
        let (a, b) = (a.to_string(), b.to_string());
        head.push_str(&format!(
            "; {key} -1 {means} {} {threads}",
            w.change(&a, &b)
        ));
    }
    Some(block(Axis::Hardware, w, head, Vec::new()))
}

/// `node g017 (64 cores, A100)`
pub fn machine(run: &Run, w: Words) -> String {
    let host = run
        .process
        .as_ref()
        .and_then(|process| process.host.clone());
    let Some(hardware) = &run.hardware else {
        return host.unwrap_or_default();
    };
    let mut parts = Vec::new();
    parts.extend(
        hardware
            .cores
            .map(|n| w.count(u64::from(n), ["core", "cores"], ["ядро", "ядра", "ядер"])),
    );
    match hardware.gpus.as_deref() {
        Some([]) => parts.push(w.pick("no GPU", "без GPU").to_owned()),
        Some(names) => parts.push(grouped(names, w)),
        None => {}
    }
    let parts = parts.join(", ");
    match host {
        Some(host) if !parts.is_empty() => format!("{host} ({parts})"),
        Some(host) => host,
        None => parts,
    }
}

/// `A100 × 4`
fn grouped(names: &[String], w: Words) -> String {
    let mut groups: Vec<(&str, usize)> = Vec::new();
    for name in names {
        match groups.iter_mut().find(|(known, _)| known == name) {
            Some((_, n)) => *n += 1,
            None => groups.push((name, 1)),
        }
    }
    let shown = |(name, n): &(&str, usize)| match n {
        1 => (*name).to_owned(),
        n => format!("{name} {} {n}", w.times()),
    };
    groups.iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// The command lines, when they differ beyond what counts elsewhere.
pub fn command(c: &Comparison<'_>, w: Words) -> Option<Block> {
    let command = &c.axes.command;
    if command.state != State::Changed {
        return None;
    }
    let words = |list: &[String]| {
        if list.is_empty() {
            w.dash().to_owned()
        } else {
            list.join(" ")
        }
    };
    let mut parts = Vec::new();
    if !command.only_a.is_empty() || !command.only_b.is_empty() {
        parts.push(w.change(&words(&command.only_a), &words(&command.only_b)));
    }
    if let Some((a, b)) = &command.cwd {
        let shown = |path: &crate::model::RecordPath| match path.display() {
            empty if empty.is_empty() => ".".to_owned(),
            path => path.into_owned(),
        };
        let folder = w.pick("run in", "запущено в");
        parts.push(format!("{folder} {}", w.change(&shown(a), &shown(b))));
    }
    let note = w.pick("(listed, not counted)", "(перечислено, не учитывается)");
    Some(block(
        Axis::Command,
        w,
        format!("{}   {note}", parts.join("; ")),
        Vec::new(),
    ))
}
