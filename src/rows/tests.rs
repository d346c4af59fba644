//! Comparisons against a slow and plain reference, on random tables.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::model::table_diff::{Count, Remark, RowChange, TableDiff};
use crate::observe::data::hash::Tee;
use crate::observe::data::profile::{Profiler, Wanted};

/// A table in a file, with its card.
struct Lab {
    folder: tempfile::TempDir,
}

struct Made {
    source: Source,
    table: Table,
}

impl Made {
    fn version(&self) -> Version<'_> {
        Version {
            source: &self.source,
            table: &self.table,
        }
    }
}

impl Lab {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn table(&self, name: &str, bytes: impl AsRef<[u8]>) -> Made {
        self.table_with(name, bytes, None)
    }

    fn table_with(&self, name: &str, bytes: impl AsRef<[u8]>, key: Option<&str>) -> Made {
        let path = self.folder.path().join(name);
        std::fs::write(&path, bytes.as_ref()).unwrap();
        let shape = Shape::of(Path::new(name)).unwrap();
        let wanted = Wanted {
            full: true,
            key: key.map(str::to_owned),
            ..Wanted::default()
        };
        let mut profiler = Profiler::new(shape, wanted);
        profiler.take(bytes.as_ref());
        Made {
            source: Source {
                name: name.to_owned(),
                shape,
                bytes: Bytes::At(path),
            },
            table: profiler.finish().table.unwrap(),
        }
    }

    fn options<'a>(&'a self, key: &'a [String], samples: usize) -> Options<'a> {
        Options {
            key,
            target: None,
            samples,
            scratch: self.folder.path(),
            progress: &|_| (),
        }
    }

    fn exact(&self, a: &Made, b: &Made, key: &[&str], samples: usize) -> TableDiff {
        let key: Vec<String> = key.iter().map(ToString::to_string).collect();
        exact::compare(a.version(), b.version(), &self.options(&key, samples)).unwrap()
    }

    fn of(&self, a: &str, b: &str, key: &[&str]) -> TableDiff {
        self.exact(&self.table("a.csv", a), &self.table("b.csv", b), key, 3)
    }
}

fn counts(diff: &TableDiff) -> (u64, u64, Option<u64>, u64) {
    let rows = diff.rows.unwrap();
    (
        rows.added.value,
        rows.removed.value,
        rows.changed.map(|count| count.value),
        rows.same.unwrap().value,
    )
}

type Cells = Vec<String>;

fn csv(names: &[&str], rows: &[Cells], separator: char) -> String {
    let mut text = names.join(&separator.to_string()) + "\n";
    for row in rows {
        text += &(row.join(&separator.to_string()) + "\n");
    }
    text
}

/// Rows by key, by comparing every cell.
fn reference_keyed(a: &[Cells], b: &[Cells]) -> (u64, u64, u64, u64, Vec<u64>) {
    let by_key = |rows: &[Cells]| -> BTreeMap<String, Cells> {
        rows.iter()
            .map(|row| (row[0].clone(), row.clone()))
            .collect()
    };
    let (before, after) = (by_key(a), by_key(b));
    let added = after
        .keys()
        .filter(|key| !before.contains_key(*key))
        .count() as u64;
    let removed = before
        .keys()
        .filter(|key| !after.contains_key(*key))
        .count() as u64;
    let width = a.first().or(b.first()).map_or(0, Vec::len);
    let (mut changed, mut same, mut cells) = (0, 0, vec![0; width]);
    for (key, left) in &before {
        let Some(right) = after.get(key) else {
            continue;
        };
        if left == right {
            same += 1;
            continue;
        }
        changed += 1;
        for (count, (x, y)) in cells.iter_mut().zip(left.iter().zip(right)) {
            *count += u64::from(x != y);
        }
    }
    (added, removed, changed, same, cells)
}

/// Rows as multisets.
fn reference_whole(a: &[Cells], b: &[Cells]) -> (u64, u64, u64) {
    let mut counts: HashMap<&Cells, (u64, u64)> = HashMap::new();
    a.iter()
        .for_each(|row| counts.entry(row).or_default().0 += 1);
    b.iter()
        .for_each(|row| counts.entry(row).or_default().1 += 1);
    let sum = |f: fn(&(u64, u64)) -> u64| counts.values().map(f).sum::<u64>();
    (
        sum(|(a, b)| b.saturating_sub(*a)),
        sum(|(a, b)| a.saturating_sub(*b)),
        sum(|(a, b)| *a.min(b)),
    )
}

/// Two versions of a table with `id` as its key: rows are dropped, added and edited at random.
fn versions() -> impl Strategy<Value = (Vec<Cells>, Vec<Cells>)> {
    let row = |id: u32| {
        (0_u8..4, "[xyz]{0,2}", -3_i32..3).prop_map(move |(c, text, number)| {
            vec![format!("k{id}"), c.to_string(), text, number.to_string()]
        })
    };
    let fate = (0_u8..10, row(0), any::<u32>());
    (0_u32..40).prop_flat_map(move |count| {
        let rows: Vec<_> = (0..count).map(row).collect();
        let fates = prop::collection::vec(fate.clone(), count as usize);
        let news = prop::collection::vec(row(0), 0..8);
        (rows, fates, news).prop_map(|(rows, fates, news)| {
            let mut after: Vec<(u32, Cells)> = Vec::new();
            for (row, (fate, other, order)) in rows.iter().zip(&fates) {
                match fate {
                    0 => {}
                    1 | 2 => {
                        let mut edited = other.clone();
                        edited[0] = row[0].clone();
                        after.push((*order, edited));
                    }
                    _ => after.push((*order, row.clone())),
                }
            }
            for (n, mut row) in news.into_iter().enumerate() {
                row[0] = format!("new{n}");
                after.push((u32::try_from(n).unwrap().wrapping_mul(977_777_777), row));
            }
            after.sort_by_key(|(order, _)| *order);
            (rows, after.into_iter().map(|(_, row)| row).collect())
        })
    })
}

const NAMES: [&str; 4] = ["id", "c", "text", "n"];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]
    #[test]
    fn rows_are_what_a_plain_comparison_says((a, b) in versions()) {
        let lab = Lab::new();
        let (left, right) = (lab.table("a.csv", csv(&NAMES, &a, ',')),
            lab.table("b.tsv", csv(&NAMES, &b, '\t')));
        let diff = lab.exact(&left, &right, &["id"], 1000);
        let (added, removed, changed, same, cells) = reference_keyed(&a, &b);
        prop_assert_eq!(counts(&diff), (added, removed, Some(changed), same));
        let told: BTreeMap<&str, u64> =
            diff.cells.iter().map(|cells| (cells.column.as_str(), cells.rows)).collect();
        let expected: BTreeMap<&str, u64> =
            NAMES.into_iter().zip(cells).filter(|(_, rows)| *rows > 0).collect();
        prop_assert_eq!(told, expected);
        // All rows are shown, each with its own text.
        let of = |change| diff.samples.iter().filter(move |sample| sample.change == change);
        prop_assert_eq!(of(RowChange::Added).count() as u64, added);
        prop_assert_eq!(of(RowChange::Removed).count() as u64, removed);
        prop_assert_eq!(of(RowChange::Changed).count() as u64, changed);
        for sample in of(RowChange::Added) {
            let row = &b[usize::try_from(sample.row_b.unwrap()).unwrap() - 1];
            let text: Vec<&String> = sample.cells.iter().filter_map(|c| c.b.as_ref()).collect();
            prop_assert_eq!(text, row.iter().collect::<Vec<_>>());
        }
        // Without a key, and with an independent order.
        let no_key = |rows: &[Cells]| -> Vec<Cells> {
            rows.iter().map(|row| row[1..].to_vec()).collect()
        };
        let (a, b) = (no_key(&a), no_key(&b));
        let left = lab.table("a.csv", csv(&NAMES[1..], &a, ';'));
        let right = lab.table("b.csv", csv(&NAMES[1..], &b, ','));
        let diff = lab.exact(&left, &right, &[], 0);
        prop_assume!(diff.key.is_empty());
        let (added, removed, same) = reference_whole(&a, &b);
        prop_assert_eq!(counts(&diff), (added, removed, None, same));
        let back = lab.exact(&right, &left, &[], 0);
        prop_assert_eq!(counts(&back), (removed, added, None, same));
    }

    #[test]
    fn a_spill_on_disk_gives_back_what_went_in(
        records in prop::collection::vec((any::<u64>(), any::<u64>()), 0..200),
        parts in 1_usize..9, held in 0_usize..60) {
        let folder = tempfile::tempdir().unwrap();
        let mut spill = spill::Spill::holding(held, 2, parts, folder.path());
        for (hash, value) in &records {
            spill.push([*hash, *value]).unwrap();
        }
        prop_assert_eq!(spill.is_on_disk(), records.len() * 2 > held);
        prop_assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no name to leave");
        let mut found = Vec::new();
        for part in 0..parts {
            let before = found.len();
            spill.each(part, |record| found.push((record[0], record[1]))).unwrap();
            let share = |hash: u64| (u128::from(hash) * parts as u128) >> 64;
            prop_assert!(found[before..].iter().all(|(hash, _)| share(*hash) == part as u128));
        }
        let sorted = |mut list: Vec<(u64, u64)>| { list.sort_unstable(); list };
        prop_assert_eq!(sorted(found), sorted(records));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn cards_estimate_what_the_rows_are((a, b) in versions(), times in 1_u64..60) {
        // Enlarged, so that sketches are full and have to estimate.
        let grow = |rows: &[Cells]| -> Vec<Cells> {
            (0..times * 2).flat_map(|n| rows.iter().map(move |row| {
                let mut row = row.clone();
                row[0] = format!("{}_{n}", row[0]);
                row
            })).collect()
        };
        let (a, b) = (grow(&a), grow(&b));
        let lab = Lab::new();
        let left = lab.table("a.csv", csv(&NAMES, &a, ','));
        let right = lab.table("b.csv", csv(&NAMES, &b, ','));
        prop_assume!(left.table.key.is_some() && right.table.key.is_some());
        let diff = estimate::compare(&left.table, &right.table, None);
        let (added, removed, changed, same, _) = reference_keyed(&a, &b);
        let rows = diff.rows.unwrap();
        for (told, truth) in [(rows.added, added), (rows.removed, removed),
            (rows.changed.unwrap(), changed), (rows.same.unwrap(), same)] {
            let allowed = told.error.unwrap_or(0) * 6;
            prop_assert!(told.value.abs_diff(truth) <= allowed, "{told:?} {truth}");
        }
    }
}

#[test]
fn a_key_is_found_and_a_row_number_is_none() {
    let lab = Lab::new();
    let diff = lab.of("id,v\n7,a\n5,b\n9,c\n", "id,v\n5,b\n9,d\n8,e\n", &[]);
    assert_eq!(
        (diff.key.clone(), counts(&diff)),
        (vec!["id".into()], (1, 1, Some(1), 1))
    );
    // pandas writes its index as a column without a name.
    let diff = lab.of(
        ",v,w\n0,a,x\n1,b,x\n2,c,x\n3,c,y\n",
        ",v,w\n0,b,x\n1,c,x\n2,c,y\n",
        &[],
    );
    assert_eq!(diff.key, Vec::<String>::new());
    let diff = lab.of("id,v\n7,a\n5,a\n", "id,v\n7,a\n7,b\n", &[]);
    assert_eq!(
        diff.remarks,
        [Remark::KeyLost {
            column: "id".into(),
            in_a: true
        }]
    );
    // Another column may name the rows still.
    let diff = lab.of("id,v\n7,a\n5,b\n", "id,v\n7,a\n7,c\n", &[]);
    assert_eq!(diff.key, ["v"]);
    assert!(
        matches!(&diff.remarks[..], [Remark::KeyLost { column, in_a: true }] if column == "id")
    );
}

#[test]
fn rows_that_share_a_key_are_matched_by_value_first() {
    let lab = Lab::new();
    let a = "id,v\n1,a\n1,b\n2,c\n";
    let diff = lab.of(a, "id,v\n1,b\n1,z\n1,y\n2,c\n", &["id"]);
    assert_eq!(counts(&diff), (1, 0, Some(1), 2));
    assert_eq!(diff.remarks, [Remark::KeyRepeats { a: 2, b: 3 }]);
    let two = "x,y,v\n1,1,a\n1,2,b\n2,1,c\n";
    let diff = lab.of(two, "x,y,v\n2,1,c\n1,2,q\n1,1,a\n", &["x", "y"]);
    assert_eq!(counts(&diff), (0, 0, Some(1), 2));
    let failed = exact::compare(
        lab.table("a.csv", a).version(),
        lab.table("b.csv", two).version(),
        &lab.options(&["id".to_owned()], 0),
    );
    let failure = failed.unwrap_err();
    assert!(
        failure.message().contains("no column `id` in both"),
        "{failure}"
    );
}

#[test]
fn values_are_compared_and_not_their_spellings() {
    let lab = Lab::new();
    let a = "id,income,day,t\n5,100,2024-01-31,x\n7,250,2024-02-01,y\n9,0,2024-02-02,z\n";
    let b = "id;income;day;t\n5;100,0;31.01.2024;x\n7;250,5;01.02.2024;y\n9;;02.02.2024;z\n";
    let diff = lab.of(a, b, &[]);
    assert_eq!(diff.key, ["id"]);
    assert_eq!(counts(&diff), (0, 0, Some(2), 1));
    assert_eq!(diff.rows.unwrap().respelled, Some(1));
    assert_eq!(diff.cells.len(), 1);
    let retyped = &diff.columns_retyped[0];
    assert_eq!(
        (retyped.column.as_str(), retyped.empty_a, retyped.empty_b),
        ("income", 0, 1)
    );
}

#[test]
fn renamed_columns_are_known_by_their_cells() {
    let lab = Lab::new();
    let a = "id,age,city\n5,31,M\n7,40,N\n9,35,M\n";
    // By content alone: nothing else moved.
    let diff = lab.of(a, "id,years,city\n5,31,M\n7,40,N\n9,35,M\n", &[]);
    let names = |diff: &TableDiff| -> Vec<(String, String)> {
        let renamed = diff.columns_renamed.iter();
        renamed.map(|r| (r.a.clone(), r.b.clone())).collect()
    };
    assert_eq!(names(&diff), [("age".into(), "years".into())]);
    assert_eq!(counts(&diff), (0, 0, Some(0), 3));
    // By the matched rows, when others came and went.
    let diff = lab.of(a, "id,years,city,x\n9,35,M,1\n5,31,M,2\n4,99,K,3\n", &[]);
    assert_eq!(names(&diff), [("age".into(), "years".into())]);
    assert_eq!(counts(&diff), (1, 1, Some(0), 2));
    assert_eq!(diff.columns_added.len(), 1);
    assert!(diff.columns_removed.is_empty());
}

#[test]
fn rows_of_one_table_are_found_in_another() {
    let lab = Lab::new();
    let train = lab.table("train.csv", "id,v,y\n1,a,0\n2,b,1\n2,b,1\n3,c,0\n");
    let test = lab.table(
        "test.jsonl",
        "{\"v\": \"b\", \"id\": 2}\n{\"v\": \"z\", \"id\": 9}\n",
    );
    let options = lab.options(&[], 0);
    let shared = overlap::shared(train.version(), test.version(), &options);
    assert_eq!(shared.unwrap(), Some(2));
    let other = lab.table("other.csv", "q,r\n1,2\n");
    let shared = overlap::shared(train.version(), other.version(), &options);
    assert_eq!(shared.unwrap(), None);
}

#[test]
fn shifts_and_the_target_are_told_by_size() {
    let lab = Lab::new();
    let table = |name: &str, offset: u64, positive: u64| {
        let mut text = "id,age,city,churn\n".to_owned();
        for n in 0..2000_u64 {
            let age = 20 + (n * 7919 % 50) + offset;
            let city = if n % 3 == 0 && offset > 0 { "" } else { "M" };
            text += &format!("u{n},{age}.5,{city},{}\n", u64::from(n % 1000 < positive));
        }
        lab.table(name, text)
    };
    let (a, b) = (table("a.csv", 0, 231), table("b.csv", 5, 248));
    let mut options = lab.options(&[], 0);
    options.target = Some("churn");
    let diff = exact::compare(a.version(), b.version(), &options).unwrap();
    let names: BTreeSet<&str> = diff.shifted.iter().map(|s| s.column.as_str()).collect();
    assert_eq!(names, BTreeSet::from(["age", "city"]));
    let target = &diff.target.as_ref().unwrap().values;
    assert_eq!(target.len(), 1);
    assert_eq!(target[0].value.as_deref(), Some("1"));
    assert_eq!((target[0].a.as_f64(), target[0].b.as_f64()), (23.1, 24.8));
    let age = diff.shifted.iter().find(|s| s.column == "age").unwrap();
    let distance = age.distance.as_ref().unwrap();
    // Fifty equally frequent ages, moved by five.
    assert!((distance.value.as_f64() - 0.1).abs() < 3.0 * 2.0_f64.sqrt() / 512.0);
    let same = lab.exact(&a, &a, &[], 0);
    assert!(same.shifted.is_empty() && same.cells.is_empty());
    // The cards alone come close.
    let about = estimate::compare(&a.table, &b.table, Some("churn"));
    let shift = about.shifted.iter().find(|s| s.column == "age").unwrap();
    let told = shift.distance.as_ref().unwrap().value.as_f64();
    assert!((told - 0.1).abs() < 0.03, "{told}");
    assert_eq!(about.target, diff.target);
}

/// An empty cell makes pandas write `1.0` for each `1` of its column.
#[test]
fn integers_that_became_floats_are_the_same_numbers() {
    let lab = Lab::new();
    let table = |name: &str, point: &str| {
        let mut text = "id,age,churn\n".to_owned();
        for n in 0..2000_u64 {
            let age = if n == 7 && !point.is_empty() {
                String::new()
            } else {
                format!("{}{point}", 20 + n % 20)
            };
            text += &format!("u{n},{age},{}{point}\n", n % 2);
        }
        lab.table(name, text)
    };
    let (a, b) = (table("a.csv", ""), table("b.csv", ".0"));
    let mut options = lab.options(&[], 0);
    options.target = Some("churn");
    let exact = exact::compare(a.version(), b.version(), &options).unwrap();
    assert_eq!(counts(&exact), (0, 0, Some(1), 1999));
    let about = estimate::compare(&a.table, &b.table, Some("churn"));
    for diff in [&exact, &about] {
        assert!(diff.shifted.is_empty(), "{:?}", diff.shifted);
        let target = &diff.target.as_ref().unwrap().values[0];
        assert_eq!((target.a.as_f64(), target.b.as_f64()), (50.0, 50.0));
    }
    let rows = about.rows.unwrap();
    assert_eq!((rows.added.value, rows.removed.value), (0, 0));
    let (changed, same) = (rows.changed.unwrap(), rows.same.unwrap());
    let about = |count: Count, truth: u64| {
        let off = count.value.abs_diff(truth);
        assert!(off <= 4 * count.error.unwrap_or(0), "{count:?} {truth}");
    };
    about(changed, 1);
    about(same, 1999);
}

#[test]
fn a_key_that_was_too_much_to_remember_on_one_side_is_still_a_key() {
    let lab = Lab::new();
    let table = |name: &str, order: &mut dyn Iterator<Item = u32>, cell: &str| {
        let rows: String = order
            .map(|n| format!("{n},x{},{cell}\n", n % 3000))
            .collect();
        let mut made = lab.table(name, format!("id,name,cell\n{rows}"));
        // As of more rows than are remembered: the text is repeated, as its estimate tells.
        for column in &mut made.table.columns {
            column.unique = column.unique.filter(|unique| *unique && name == "a.csv");
        }
        made
    };
    let a = table("a.csv", &mut (10..6000), "1");
    let b = table("b.csv", &mut (11..6000).rev(), "1");
    let diff = lab.exact(&a, &b, &[], 0);
    assert_eq!(diff.key, ["id"]);
    assert_eq!(counts(&diff), (0, 1, Some(0), 5989));
    assert_eq!(diff.remarks, []);
    // What names rows measures nothing.
    let c = table("c.csv", &mut (3000..9000).rev(), "1");
    let diff = lab.exact(&a, &c, &[], 0);
    assert!(
        diff.shifted.iter().all(|shift| shift.column != "id"),
        "{:?}",
        diff.shifted
    );
    // Both unknown: `name` is repeated for sure, `id` may not be.
    let mut d = table("a.csv", &mut (10..6000), "2");
    for column in &mut d.table.columns {
        column.unique = None;
    }
    assert_eq!(lab.exact(&d, &b, &[], 0).remarks, [Remark::KeyUnknown]);
}

#[test]
fn a_column_that_repeats_estimates_no_rows_though_it_was_asked_for() {
    let lab = Lab::new();
    let table = |name: &str, last: u32| {
        let rows: String = (0..100).map(|n| format!("{},{n}\n", n % 10)).collect();
        lab.table_with(
            name,
            format!("group,value\n{rows}3,{last}\n"),
            Some("group"),
        )
    };
    let (a, b) = (table("a.csv", 500), table("b.csv", 600));
    assert_eq!(a.table.key_sketch.as_ref().unwrap().column, "group");
    let diff = estimate::compare(&a.table, &b.table, None);
    assert_eq!(diff.key, Vec::<String>::new());
    assert_eq!(counts(&diff), (1, 1, None, 100));
}

#[test]
fn columns_that_agree_in_some_rows_only_are_two() {
    let lab = Lab::new();
    let a = "id,x\n1,5\n2,6\n3,7\n4,8\n";
    let renamed = lab.of(a, "id,y\n1,5\n2,6\n3,7\n9,1\n", &["id"]);
    assert_eq!(renamed.columns_renamed.len(), 1);
    let other = lab.of(a, "id,y\n1,5\n2,6\n3,0\n9,1\n", &["id"]);
    assert_eq!(other.columns_renamed, []);
    assert_eq!(other.columns_added[0].name, "y");
    assert_eq!(other.columns_removed[0].name, "x");
}

#[test]
fn the_same_values_in_other_rows_are_another_column() {
    let lab = Lab::new();
    let a = "x,id\n1,5\n2,6\n3,7\n";
    let same = lab.of(a, "y,id\n1,5\n2,6\n3,7\n", &["id"]);
    assert_eq!(same.columns_renamed.len(), 1);
    let other = lab.of(a, "y,id\n3,5\n2,6\n1,7\n", &["id"]);
    assert_eq!(other.columns_renamed, []);
}
