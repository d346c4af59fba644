//! Likely reasons for a difference that no record explains.

use super::gaps::gap_note;
use super::words::Words;
use crate::compare::reason::Reason;
use crate::compare::suggest::names;
use crate::compare::{Axis, Comparison, Sides};
use crate::settings::Lang;

/// Likely reasons, each with a word for its kind.
pub fn reasons(c: &Comparison<'_>, w: Words) -> Vec<(String, String)> {
    c.reasons
        .iter()
        .map(|reason| (kind(reason, w), why(reason, c, w)))
        .collect()
}

fn kind(reason: &Reason, w: Words) -> String {
    match reason {
        Reason::NoSeed { .. } => w.axis(Axis::Seed),
        Reason::Unknown(axis) => w.axis(*axis),
        Reason::Command => w.axis(Axis::Command),
        Reason::Packages(_) => w.axis(Axis::Env),
        Reason::Unrecorded(_) => w.pick("inputs", "входы"),
        Reason::Unstable(_) => w.axis(Axis::Data),
        Reason::Threads { .. } => w.pick("threads", "потоки"),
        Reason::Accelerator => "GPU",
        Reason::FinishedLate { .. } => w.pick("run", "запуск"),
    }
    .to_owned()
}

fn why(reason: &Reason, c: &Comparison<'_>, w: Words) -> String {
    let (a, b) = names(c.a, c.b);
    match reason {
        Reason::NoSeed { sides, places } => no_seed(*sides, places, (&a, &b), w),
        Reason::Unknown(axis) => {
            let gaps = c.axes.gaps(*axis).iter();
            let notes: Vec<String> = gaps.map(|gap| gap_note(gap, (&a, &b), w)).collect();
            notes.join("; ")
        }
        Reason::Command => w
            .pick(
                "the command lines differ in arguments that are recorded nowhere else",
                "командные строки различаются в аргументах, которые больше нигде не записаны",
            )
            .to_owned(),
        Reason::Packages(Some(n)) => {
            let forms = ["косвенный пакет", "косвенных пакета", "косвенных пакетов"];
            let n = w.count(*n as u64, ["indirect package", "indirect packages"], forms);
            match w.lang {
                Lang::En => format!("{n} differ"),
                Lang::Ru => format!("различаются {n}"),
            }
        }
        Reason::Packages(None) => w
            .pick("indirect packages differ", "различаются косвенные пакеты")
            .to_owned(),
        Reason::Unrecorded(paths) => {
            let list: Vec<String> = paths.iter().map(|p| p.display().into_owned()).collect();
            let list = w.and(&list);
            match w.lang {
                Lang::En => format!(
                    "the program may read files that were not recorded: {list} changed between the \
                     runs and is not listed under inputs"
                ),
                Lang::Ru => format!(
                    "программа может читать незаписанные файлы: {list} менялся между запусками \
                     и не указан среди входных данных"
                ),
            }
        }
        Reason::Unstable(role) => match w.lang {
            Lang::En => format!("the {role} data changed while it was read"),
            Lang::Ru => format!("данные {role} менялись во время чтения"),
        },
        Reason::Threads { n_jobs, omp_unset } => threads(n_jobs.as_deref(), *omp_unset, w),
        Reason::Accelerator => w
            .pick(
                "GPU kernels add up in no fixed order unless deterministic ones are asked for",
                "порядок сложения на GPU не задан, если не включить детерминированный режим",
            )
            .to_owned(),
        Reason::FinishedLate { side, seconds } => {
            let who = if *side == Sides::A { a } else { b };
            let late = long(*seconds, w);
            match w.lang {
                Lang::En => format!("{who} was finished {late} after its metrics were written"),
                Lang::Ru => format!("{who} завершён через {late} после записи метрик"),
            }
        }
    }
}

fn no_seed(
    sides: Sides,
    places: &[crate::compare::evidence::Place],
    names: (&str, &str),
    w: Words,
) -> String {
    let mut text = match sides {
        Sides::Both => w
            .pick(
                "no seed in the config and none on the command line",
                "seed нет ни в конфиге, ни в командной строке",
            )
            .to_owned(),
        side => match w.lang {
            Lang::En => format!("no seed is recorded {}", w.missing_in(side, names)),
            Lang::Ru => format!("seed не записан {}", w.missing_in(side, names)),
        },
    };
    if let Some(place) = places.first() {
        let at = format!("{}:{}", place.path.display(), place.line);
        text.push_str(&match w.lang {
            Lang::En => format!(" ({} appears in {at} without a value)", place.name),
            Lang::Ru => format!(" ({} в {at} без значения)", place.name),
        });
    }
    text
}

fn threads(n_jobs: Option<&str>, omp_unset: bool, w: Words) -> String {
    let mut parts = Vec::new();
    parts.extend(n_jobs.map(|key| {
        let last = key.rsplit('.').next().unwrap_or(key);
        format!("{last} = -1")
    }));
    if omp_unset {
        parts.push(format!("OMP_NUM_THREADS {}", w.pick("unset", "не задана")));
    }
    let so = w.pick("summation order varies", "порядок суммирования меняется");
    format!("{}: {so}", parts.join(", "))
}

/// `3 days`, `5 hours`
fn long(seconds: i64, w: Words) -> String {
    let hours = u64::try_from(seconds / 3600).unwrap_or(0);
    if hours >= 48 {
        w.count(hours / 24, ["day", "days"], ["день", "дня", "дней"])
    } else {
        w.count(hours, ["hour", "hours"], ["час", "часа", "часов"])
    }
}
