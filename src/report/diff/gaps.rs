//! Why something is unknown.

use super::words::Words;
use crate::compare::axis::Gap;
use crate::compare::suggest::names;
use crate::compare::{Axis, Comparison, Sides};
use crate::settings::Lang;

/// Why an axis is unknown, as a clause.
pub fn gap(axis: Axis, gap: &Gap, c: &Comparison<'_>, w: Words) -> String {
    let (a, b) = names(c.a, c.b);
    let what = w.axis(axis);
    let Gap::NotRecorded(sides) = gap else {
        return format!("{what}: {}", gap_note(gap, (&a, &b), w));
    };
    let place = w.missing_in(*sides, (&a, &b));
    match (w.lang, axis, sides) {
        (Lang::En, _, Sides::Both) => format!("{what} was recorded in neither run"),
        (Lang::En, ..) => format!("{what} was not recorded {place}"),
        (Lang::Ru, Axis::Data, _) => format!("{what} не записаны {place}"),
        (Lang::Ru, Axis::Code | Axis::Config, _) => format!("{what} не записан {place}"),
        (Lang::Ru, ..) => format!("{what}: не записано {place}"),
    }
}

/// Why something is unknown, as a note in parentheses.
pub fn gap_note(gap: &Gap, names: (&str, &str), w: Words) -> String {
    let place = |sides| w.missing_in(sides, names);
    match (w.lang, gap) {
        (Lang::En, Gap::NotRecorded(s)) => format!("not recorded {}", place(*s)),
        (Lang::Ru, Gap::NotRecorded(s)) => format!("не записано {}", place(*s)),
        (Lang::En, Gap::NoDigest { role, sides }) => format!("{role}: no digest {}", place(*sides)),
        (Lang::Ru, Gap::NoDigest { role, sides }) => format!("{role}: нет хеша {}", place(*sides)),
        (Lang::En, Gap::NoInput { role, sides }) => {
            format!("{role}: not recorded {}", place(*sides))
        }
        (Lang::Ru, Gap::NoInput { role, sides }) => {
            format!("{role}: не записано {}", place(*sides))
        }
        (Lang::En, Gap::Unstable { role, sides }) => {
            format!("{role}: changed while it was read {}", place(*sides))
        }
        (Lang::Ru, Gap::Unstable { role, sides }) => {
            format!("{role}: файл менялся во время чтения {}", place(*sides))
        }
        (Lang::En, Gap::Packages(s)) => format!("packages not listed {}", place(*s)),
        (Lang::Ru, Gap::Packages(s)) => format!("нет списка пакетов {}", place(*s)),
        (Lang::En, Gap::Cores(s)) => format!("CPU threads not recorded {}", place(*s)),
        (Lang::Ru, Gap::Cores(s)) => format!("число потоков не записано {}", place(*s)),
        (Lang::En, Gap::Accelerator(s)) => format!("accelerators not known {}", place(*s)),
        (Lang::Ru, Gap::Accelerator(s)) => format!("ускорители неизвестны {}", place(*s)),
        (Lang::En, Gap::MetricCode) => "whether the metric code changed".to_owned(),
        (Lang::Ru, Gap::MetricCode) => "изменился ли код метрик".to_owned(),
        (_, Gap::Tree(why)) => why.clone(),
    }
}
