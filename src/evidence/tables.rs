//! How a table changed, by the data cards of both versions: neither file needs to be here.

use crate::compare::evidence::{Overlap, RowChange, Shift, TableChange, TargetChange, TypeChange};
use crate::context::Ctx;
use crate::error::Result;
use crate::model::card::{Column, ColumnType, Table};
use crate::model::data::DataInput;
use crate::model::metric::{Yardstick, yardstick};
use crate::model::sketch::{Estimate, Sketch};
use crate::model::{Card, Run};
use crate::settings::Lang;
use crate::store::cards;
use crate::ui::number;

/// Statistics that are told; a longer list is no help.
const MOST_SHIFTS: usize = 4;
/// A mean that moves by fewer standard errors may be chance.
const LEAST_ERRORS: f64 = 3.0;
/// A mean that moves by less of a standard deviation is none to speak of.
const LEAST_EFFECT: f64 = 0.02;
/// A share of empty cells that moves by less, in percent, is not told.
const LEAST_EMPTY: f64 = 0.1;

/// The tables that changed between two runs, by role. A role with several files is left out: nobody
/// said which belongs to which.
pub fn between(ctx: &Ctx, a: &Run, b: &Run) -> Result<Vec<(String, TableChange)>> {
    let project = ctx.project()?;
    let card = |input: &DataInput| -> Option<Card> { cards::read(project, input.sha256.as_ref()?) };
    let only = |run: &Run, role: &str| -> Option<DataInput> {
        let mut found = run.data.iter().filter(|input| input.role == role);
        let first = found.next()?.clone();
        found.next().is_none().then_some(first)
    };
    let words = Told {
        lang: ctx.lang()?,
        target: ctx.settings()?.data.target.clone(),
    };
    let mut tables = Vec::new();
    for input in &a.data {
        let (Some(x), Some(y)) = (only(a, &input.role), only(b, &input.role)) else {
            continue;
        };
        if x.sha256 == y.sha256 || x.unstable || y.unstable {
            continue;
        }
        let (Some(before), Some(after)) = (card(&x), card(&y)) else {
            continue;
        };
        let (Some(before), Some(after)) = (before.table, after.table) else {
            continue;
        };
        let mut change = words.change(&before, &after);
        if yardstick(&input.role).is_none_or(|role| role == Yardstick::Train) {
            for other in b.data.iter().filter(|other| is_held_out(&other.role)) {
                let (Some(p), Some(q)) = (only(a, &other.role), only(b, &other.role)) else {
                    continue;
                };
                let (Some(p), Some(q)) = (card(&p), card(&q)) else {
                    continue;
                };
                if let (Some(p), Some(q)) = (p.table, q.table) {
                    let shared = (common(&before, &p), common(&after, &q));
                    change.overlaps.extend(overlap(other, shared));
                }
            }
        }
        tables.push((input.role.clone(), change));
    }
    Ok(tables)
}

fn is_held_out(role: &str) -> bool {
    matches!(yardstick(role), Some(Yardstick::Val | Yardstick::Test))
}

/// Rows that two tables share, where their columns are the same.
fn common(a: &Table, b: &Table) -> Option<Estimate> {
    same_columns(a, b).then_some(())?;
    let overlap = a.row_sketch.as_ref()?.overlap(b.row_sketch.as_ref()?);
    Some(overlap.common)
}

fn overlap(other: &DataInput, shared: (Option<Estimate>, Option<Estimate>)) -> Option<Overlap> {
    let (a, b) = (shared.0?, shared.1?);
    let told = a.value > 0.0 || b.value > 0.0;
    told.then(|| Overlap {
        path: other.path.clone(),
        a: rounded(a),
        b: rounded(b),
        estimated: a.error > 0.0 || b.error > 0.0,
    })
}

fn same_columns(a: &Table, b: &Table) -> bool {
    let names =
        |table: &Table| -> Vec<String> { table.columns.iter().map(|c| c.name.clone()).collect() };
    names(a) == names(b) && a.columns_left_out == 0 && b.columns_left_out == 0
}

/// An estimate without digits that its error makes meaningless.
fn rounded(estimate: Estimate) -> u64 {
    let unit = if estimate.error > 1.0 {
        10_f64.powf((2.0 * estimate.error).log10().floor())
    } else {
        1.0
    };
    // Counts of rows are far below 2^53 and never negative.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let count = ((estimate.value / unit).round() * unit).max(0.0) as u64;
    count
}

/// Puts a change into words of one language.
#[derive(Debug, Default)]
struct Told {
    lang: Lang,
    target: Option<String>,
}

impl Told {
    fn change(&self, a: &Table, b: &Table) -> TableChange {
        let key = shared_key(a, b);
        let size = |table: &Table| {
            let columns = table.columns.len() as u64 + table.columns_left_out;
            (table.rows, columns)
        };
        let complete = a.columns_left_out == 0 && b.columns_left_out == 0;
        let only_in = |x: &Table, y: &Table| -> Vec<Column> {
            let missing = x.columns.iter().filter(|c| y.column(&c.name).is_none());
            if complete {
                missing.cloned().collect()
            } else {
                Vec::new()
            }
        };
        let target = self.target.as_deref().or(b.target.as_deref());
        TableChange {
            size_a: Some(size(a)),
            size_b: Some(size(b)),
            key: key.map(|(name, ..)| name.to_owned()),
            rows: rows(a, b, key),
            columns_added: only_in(b, a)
                .into_iter()
                .map(|column| (column.name.clone(), self.describe(&column, b.rows)))
                .collect(),
            columns_removed: only_in(a, b).into_iter().map(|c| c.name).collect(),
            types: self.types(a, b),
            cells: Vec::new(),
            target: target.and_then(|name| self.target(name, a, b)),
            shifted: self.shifted(a, b, target),
            overlaps: Vec::new(),
        }
    }

    fn kind(&self, kind: ColumnType) -> &'static str {
        let (english, russian) = match kind {
            ColumnType::Empty => ("empty", "пусто"),
            ColumnType::Bool => ("bool", "bool"),
            ColumnType::Int => ("int", "int"),
            ColumnType::Float => ("float", "float"),
            ColumnType::Date => ("date", "дата"),
            ColumnType::Datetime => ("datetime", "дата и время"),
            ColumnType::Text => ("text", "текст"),
        };
        self.lang.pick(english, russian)
    }

    /// `text, 6 values, 0.4 % empty`, `int, mean 3.1`
    fn describe(&self, column: &Column, rows: u64) -> String {
        let mut parts = vec![self.kind(column.kind).to_owned()];
        let numbers = column.numbers.as_ref();
        let at = |value: &Option<crate::model::Number>| value.as_ref().map(|v| v.as_f64());
        if let Some(numbers) = numbers
            && let Some(mean) = at(&numbers.mean)
        {
            let binary = at(&numbers.min) == Some(0.0)
                && at(&numbers.max) == Some(1.0)
                && column
                    .distinct
                    .as_ref()
                    .is_some_and(|d| d.count == 2 && d.error.is_none());
            if binary {
                parts[0] = "0/1".to_owned();
            }
            let word = self.lang.pick("mean", "среднее");
            parts.push(format!("{word} {}", number::significant(mean, 3)));
        } else if let Some(distinct) = &column.distinct {
            let about = if distinct.error.is_some() { "~" } else { "" };
            let word = self.lang.pick("distinct", "разных");
            parts.push(format!("{about}{} {word}", number::count(distinct.count)));
        }
        if column.empty > 0 {
            let share = percent(column.empty, rows);
            parts.push(format!("{share:.1} % {}", self.lang.pick("empty", "пусто")));
        }
        parts.join(", ")
    }

    fn types(&self, a: &Table, b: &Table) -> Vec<TypeChange> {
        let changed = |before: &Column| {
            let after = b.column(&before.name)?;
            (before.kind != after.kind).then(|| TypeChange {
                column: before.name.clone(),
                a: self.kind(before.kind).to_owned(),
                b: self.kind(after.kind).to_owned(),
                note: (before.empty == 0 && after.empty > 0).then(|| {
                    let n = number::count(after.empty);
                    match self.lang {
                        Lang::En => format!("{n} empty cells appeared"),
                        Lang::Ru => format!("появились пустые ячейки: {n}"),
                    }
                }),
            })
        };
        a.columns.iter().filter_map(changed).collect()
    }

    /// The share of the positive value of a target with two values.
    fn target(&self, name: &str, a: &Table, b: &Table) -> Option<TargetChange> {
        let (x, y) = (a.column(name)?, b.column(name)?);
        let positive = |column: &Column, rows: u64| {
            let two = column.distinct.as_ref()?.count == 2;
            let words = ["1", "1.0", "true", "True", "TRUE", "yes", "Yes", "positive"];
            let count = words.iter().find_map(|word| column.count_of(word))?;
            two.then(|| percent(count, rows - column.empty.min(rows)))
        };
        let (before, after) = (positive(x, a.rows)?, positive(y, b.rows)?);
        Some(TargetChange {
            column: name.to_owned(),
            value: self.lang.pick("positive", "положительных").to_owned(),
            a: before,
            b: after,
        })
    }

    /// The statistics that moved most, by their own spread.
    fn shifted(&self, a: &Table, b: &Table, target: Option<&str>) -> Vec<Shift> {
        let mut found: Vec<(f64, Shift)> = Vec::new();
        let names = a.columns.iter().filter(|c| Some(c.name.as_str()) != target);
        for x in names {
            let Some(y) = b.column(&x.name) else { continue };
            let unique = x.unique == Some(true) || y.unique == Some(true);
            if let Some((effect, before, after)) = mean_moved(x, y).filter(|_| !unique) {
                found.push((effect, self.shift(x, "mean", "среднее", (before, after))));
            }
            let (p, q) = (percent(x.empty, a.rows), percent(y.empty, b.rows));
            if (p - q).abs() >= LEAST_EMPTY {
                let shown = (format!("{p:.1} %"), format!("{q:.1} %"));
                found.push((
                    (p - q).abs() / 100.0,
                    self.shift(x, "empty", "пусто", shown),
                ));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0));
        found
            .into_iter()
            .map(|(_, s)| s)
            .take(MOST_SHIFTS)
            .collect()
    }

    fn shift(&self, column: &Column, english: &str, russian: &str, at: (String, String)) -> Shift {
        Shift {
            column: column.name.clone(),
            statistic: self.lang.pick(english, russian).to_owned(),
            a: at.0,
            b: at.1,
        }
    }
}

fn percent(count: u64, of: u64) -> f64 {
    if of == 0 {
        return 0.0;
    }
    100.0 * count as f64 / of as f64
}

/// How far a mean moved in standard deviations, and both means; nothing for a move that chance or
/// rounding makes.
fn mean_moved(a: &Column, b: &Column) -> Option<(f64, String, String)> {
    let (x, y) = (a.numbers.as_ref()?, b.numbers.as_ref()?);
    let (mean_a, mean_b) = (x.mean.as_ref()?.as_f64(), y.mean.as_ref()?.as_f64());
    let (sd_a, sd_b) = (x.sd.as_ref()?.as_f64(), y.sd.as_ref()?.as_f64());
    let error = (sd_a * sd_a / x.count as f64 + sd_b * sd_b / y.count as f64).sqrt();
    let moved = (mean_b - mean_a).abs();
    let effect = moved / sd_a.max(sd_b);
    let (before, after) = (
        number::significant(mean_a, 3),
        number::significant(mean_b, 3),
    );
    let told = moved > LEAST_ERRORS * error && effect >= LEAST_EFFECT && before != after;
    told.then_some((effect, before, after))
}

type Keys<'a> = (&'a str, &'a Sketch, &'a Sketch);

/// The column that names the rows of both tables.
fn shared_key<'a>(a: &'a Table, b: &'a Table) -> Option<Keys<'a>> {
    let (x, y) = (a.key_sketch.as_ref()?, b.key_sketch.as_ref()?);
    let is_key = |table: &Table| table.key.as_deref() == Some(x.column.as_str());
    (x.column == y.column && is_key(a) && is_key(b)).then_some((
        x.column.as_str(),
        &x.sketch,
        &y.sketch,
    ))
}

/// Rows that came, went and stayed: by key where there is one, else by whole rows of the same
/// columns.
fn rows(a: &Table, b: &Table, key: Option<Keys<'_>>) -> Option<RowChange> {
    let whole = same_columns(a, b)
        .then(|| Some(a.row_sketch.as_ref()?.overlap(b.row_sketch.as_ref()?)))
        .flatten();
    let by_key = key.map(|(_, x, y)| x.overlap(y));
    let unique = a.rows_unique == Some(true) && b.rows_unique == Some(true);
    let seen = match (&by_key, &whole) {
        (Some(keys), _) => keys,
        (None, Some(rows)) if unique => rows,
        _ => return None,
    };
    if seen.common.error == 0.0 && seen.added.error == 0.0 && seen.removed.error == 0.0 {
        let same = whole
            .filter(|rows| rows.common.error == 0.0)
            .map(|rows| rounded(rows.common));
        let common = rounded(seen.common);
        let changed = same.map(|same| common.saturating_sub(same));
        return Some(RowChange {
            added: rounded(seen.added),
            removed: rounded(seen.removed),
            changed: changed.filter(|_| by_key.is_some()),
            same,
            estimated: false,
        });
    }
    // Both totals are known, so the surer of the two estimates gives the other one.
    let grown = b.rows as f64 - a.rows as f64;
    let derived = |estimate: Estimate, by: f64| Estimate {
        value: (estimate.value + by).max(0.0),
        error: estimate.error,
    };
    let (added, removed) = if seen.removed.error <= seen.added.error {
        (derived(seen.removed, grown), seen.removed)
    } else {
        (seen.added, derived(seen.added, -grown))
    };
    Some(RowChange {
        added: rounded(added),
        removed: rounded(removed),
        changed: None,
        same: None,
        estimated: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::data;

    fn card(text: &str) -> Table {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        std::fs::write(&path, text).unwrap();
        let spec = data::Spec {
            role: "train".into(),
            path,
        };
        let options = data::Options {
            profile: crate::settings::Profile::default(),
            ..data::Options::default()
        };
        let seen = data::observe(&[spec], options).unwrap();
        let card = seen.inputs[0].card.clone().unwrap();
        card.table.unwrap()
    }

    fn people(ids: std::ops::Range<u64>, age: impl Fn(u64) -> String) -> String {
        let mut text = "id,age,left\n".to_owned();
        for id in ids {
            text.push_str(&format!("p{id},{},{}\n", age(id), id % 4 / 3));
        }
        text
    }

    #[test]
    fn small_tables_are_compared_exactly() {
        let before = people(0..100, |id| (20 + id % 50).to_string());
        let after = people(10..130, |id| match id {
            20..25 => "99".to_owned(),
            30..33 => String::new(),
            id => (20 + id % 50).to_string(),
        });
        let change = Told::default().change(&card(&before), &card(&after));
        assert_eq!(
            (change.size_a, change.size_b),
            (Some((100, 3)), Some((120, 3)))
        );
        assert_eq!(change.key.as_deref(), Some("id"));
        let rows = change.rows.unwrap();
        assert_eq!((rows.added, rows.removed, rows.estimated), (30, 10, false));
        assert_eq!((rows.changed, rows.same), (Some(8), Some(82)));
        assert_eq!(
            change
                .shifted
                .iter()
                .filter(|s| s.statistic == "empty")
                .count(),
            1
        );
    }

    #[test]
    fn large_tables_are_estimated_and_the_sizes_agree() {
        let before = people(0..5_000, |id| (id % 60).to_string());
        let after = people(500..6_000, |id| (id % 60).to_string());
        let change = Told::default().change(&card(&before), &card(&after));
        let rows = change.rows.unwrap();
        assert!(rows.estimated && rows.same.is_none());
        assert!((350..650).contains(&rows.removed), "{rows:?}");
        assert!(
            (rows.added as i64 - rows.removed as i64 - 500).abs() <= 100,
            "{rows:?}"
        );
    }

    #[test]
    fn columns_and_types_are_told_in_the_language() {
        let before = "id,n\na,1\nb,2\nc,3\n";
        let after = "id,n,flag,city\na,1.5,0,x\nb,2,1,y\nc,3,1,\n";
        let told = Told {
            target: Some("flag".into()),
            ..Told::default()
        };
        let change = told.change(&card(before), &card(after));
        let added: Vec<&str> = change
            .columns_added
            .iter()
            .map(|(_, what)| what.as_str())
            .collect();
        assert_eq!(added, ["0/1, mean 0.667", "text, 2 distinct, 33.3 % empty"]);
        assert_eq!(
            (change.types[0].a.as_str(), change.types[0].b.as_str()),
            ("int", "float")
        );
        assert_eq!(change.target, None, "only one of them has it");
        let same = told.change(&card(after), &card(after));
        let target = same.target.unwrap();
        assert!((target.a - 66.67).abs() < 0.1);
        let back = told.change(&card(after), &card(before));
        assert_eq!(back.columns_removed, ["flag", "city"]);
    }
}
