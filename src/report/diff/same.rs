//! What is the same, and what is unknown.

use super::changed::is_dirty;
use super::gaps::gap_note;
use super::surroundings::machine;
use super::words::Words;
use crate::compare::axes::config::KeyKind;
use crate::compare::axes::data::{InputChange, InputKind};
use crate::compare::suggest::names;
use crate::compare::{Axis, Comparison, Gap, State};
use crate::settings::Lang;

/// Equal axes with their evidence. Machine and command only when `all` is asked for.
pub fn same(c: &Comparison<'_>, w: Words, all: bool) -> Vec<String> {
    let mut parts = Vec::new();
    for axis in c.axes_in(State::Same) {
        if matches!(axis, Axis::Hardware | Axis::Command) && !all {
            continue;
        }
        let evidence = evidence(axis, c, w);
        parts.push(match evidence.is_empty() {
            true => w.axis(axis).to_owned(),
            false => format!("{} ({evidence})", w.axis(axis)),
        });
    }
    let eval = &c.axes.eval;
    if eval.state != State::Same
        && !eval.split_changed
        && let (Some(_), Some(split)) = &eval.split
    {
        parts.push(format!(
            "{} ({split})",
            w.pick("split rule", "правило разбиения")
        ));
    }
    parts
}

fn evidence(axis: Axis, c: &Comparison<'_>, w: Words) -> String {
    match axis {
        Axis::Eval => inputs(&c.axes.eval.inputs, w, true),
        Axis::Data => inputs(&c.axes.data.inputs, w, false),
        Axis::Code => code(c, w),
        Axis::Config => config(c, w),
        Axis::Seed => {
            c.b.seed
                .as_ref()
                .map(|seed| seed.spelling())
                .unwrap_or_default()
        }
        Axis::Env => env(c, w),
        Axis::Hardware => machine(c.b, w),
        Axis::Command => String::new(),
    }
}

/// `train_v1.csv 9f2c41d8`; of a yardstick only what needs a word.
fn inputs(inputs: &[InputChange], w: Words, brief: bool) -> String {
    let shown = inputs.iter().filter_map(|input| {
        let (a, b) = (input.a.as_ref()?, input.b.as_ref()?);
        let name = String::from_utf8_lossy(b.path.file_name()).into_owned();
        let note = match input.kind {
            InputKind::LineEndings => w
                .pick("only line endings differ", "различаются только концы строк")
                .to_owned(),
            InputKind::Renamed => {
                let was = String::from_utf8_lossy(a.path.file_name()).into_owned();
                let moved = if was == name {
                    a.path.display().into_owned()
                } else {
                    was
                };
                format!("{} {moved}", w.pick("was", "раньше"))
            }
            _ if brief => return None,
            _ => String::new(),
        };
        let digest = b
            .sha256
            .as_ref()
            .map(|sha| format!(" {}", sha.short()))
            .unwrap_or_default();
        let note = if note.is_empty() {
            note
        } else {
            format!(": {note}")
        };
        Some(format!("{name}{digest}{note}"))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn code(c: &Comparison<'_>, w: Words) -> String {
    let uncounted = c.axes.code.uncounted();
    if uncounted > 0 {
        return w
            .pick(
                "nothing that the command runs differs",
                "исполняемое командой не изменилось",
            )
            .to_owned();
    }
    let (a, b) = (&c.a.code, &c.b.code);
    let clean = w.pick("clean", "без правок");
    match (&a.commit, &b.commit) {
        (Some(x), Some(y)) if x != y => match w.lang {
            Lang::En => format!("{} and {} have the same code", x.short(), y.short()),
            Lang::Ru => format!("в {} и {} один и тот же код", x.short(), y.short()),
        },
        (Some(commit), _) if !is_dirty(c.a) && !is_dirty(c.b) => {
            format!("{}, {clean}", commit.short())
        }
        (Some(commit), _) => {
            let edits = w.pick("uncommitted changes", "незакоммиченные правки");
            format!("{} + {edits}", commit.short())
        }
        (None, _) => String::new(),
    }
}

fn config(c: &Comparison<'_>, w: Words) -> String {
    let config = &c.axes.config;
    let total = config.total as u64;
    let keys = w.count(total, ["key", "keys"], ["ключ", "ключа", "ключей"]);
    let spelled = config
        .keys
        .iter()
        .filter(|key| key.kind == KeyKind::Spelling)
        .count() as u64;
    if spelled == 0 {
        return keys;
    }
    match w.lang {
        Lang::En => format!("{keys}, {spelled} spelled otherwise"),
        Lang::Ru => format!("{keys}, из них {spelled} записаны иначе"),
    }
}

fn env(c: &Comparison<'_>, w: Words) -> String {
    let mut parts = Vec::new();
    let env = c.b.env.as_ref();
    parts.extend(
        env.and_then(|env| env.python.as_ref())
            .map(|python| format!("python {python}")),
    );
    parts.extend(env.and_then(|env| env.packages).map(|n| {
        w.count(
            u64::from(n),
            ["package", "packages"],
            ["пакет", "пакета", "пакетов"],
        )
    }));
    parts.join(", ")
}

/// Axes with gaps, and why. What two axes lack for the same reason is told once.
pub fn unknown(c: &Comparison<'_>, w: Words) -> Vec<String> {
    let (a, b) = names(c.a, c.b);
    let mut parts = Vec::new();
    for axis in Axis::ALL.into_iter().filter(|axis| *axis != Axis::Command) {
        let whole = |gap: &&Gap| !(axis == Axis::Eval && matches!(gap, Gap::NotRecorded(_)));
        let notes: Vec<String> = c
            .axes
            .gaps(axis)
            .iter()
            .filter(whole)
            .map(|gap| gap_note(gap, (&a, &b), w))
            .collect();
        if !notes.is_empty() {
            parts.push(format!("{} ({})", w.axis(axis), notes.join("; ")));
        }
    }
    parts
}
