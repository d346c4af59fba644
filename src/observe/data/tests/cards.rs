//! Data cards, against what pandas, numpy and xxhash say, and on what nobody should feed them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::super::hash::Tee;
use super::*;
use crate::model::card::{ColumnType, LineEndings, Table};

/// What `fixtures/data/expected.py` writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expected {
    file: String,
    form: Form,
    pub(super) rows: u64,
    pub(super) columns: BTreeMap<String, ExpectedColumn>,
    row_sketch: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    delimiter: Option<char>,
    encoding: String,
    line_endings: LineEndings,
    header: Option<bool>,
    gzip: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedColumn {
    #[serde(rename = "type")]
    kind: ColumnType,
    empty: u64,
    distinct: u64,
    unique: bool,
    values: BTreeMap<String, u64>,
    min: Option<f64>,
    max: Option<f64>,
    mean: Option<f64>,
    sd: Option<f64>,
    #[serde(default)]
    quantiles: BTreeMap<String, f64>,
    earliest: Option<String>,
    latest: Option<String>,
}

pub(super) fn full() -> Wanted {
    Wanted {
        full: true,
        ..Wanted::default()
    }
}

fn profile_as(name: &str, bytes: &[u8], step: usize, wanted: Wanted) -> Result<Table, String> {
    let mut profiler = Profiler::new(Shape::of(Path::new(name)).unwrap(), wanted);
    bytes
        .chunks(step.max(1))
        .for_each(|piece| profiler.take(piece));
    profiler.finish().table
}

fn of_file(table: Result<Table, String>) -> Card {
    card::of_file(&[0; 32], 1, profile::Profiled { table, lf: None })
}

fn profile(name: &str, bytes: impl AsRef<[u8]>) -> Table {
    profile_as(name, bytes.as_ref(), hash::BUFFER, full()).unwrap()
}

fn close(ours: Option<&crate::model::Number>, theirs: Option<f64>) -> bool {
    match (ours, theirs) {
        (Some(ours), Some(theirs)) => {
            (ours.as_f64() - theirs).abs() <= 1e-9 * theirs.abs().max(1e-300)
        }
        (ours, theirs) => ours.is_none() && theirs.is_none(),
    }
}

#[test]
fn tables_are_what_pandas_and_numpy_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/data");
    for case in ["iris", "wine", "people", "events"] {
        let case_folder = folder.join(case);
        let text = fs::read(case_folder.join("expected.json")).unwrap();
        let expected: Expected = serde_json::from_slice(&text).unwrap();
        let bytes = fs::read(case_folder.join(&expected.file)).unwrap();
        let table = profile(&expected.file, bytes);
        let form = &expected.form;
        assert_eq!(table.rows, expected.rows, "{case}");
        assert_eq!(table.delimiter, form.delimiter, "{case}");
        assert_eq!(
            table.encoding.as_deref(),
            Some(form.encoding.as_str()),
            "{case}"
        );
        assert_eq!(table.line_endings, Some(form.line_endings), "{case}");
        assert_eq!(
            (table.header, table.gzip),
            (form.header, form.gzip),
            "{case}"
        );
        assert_eq!((table.ragged, table.oversized), (0, 0), "{case}");
        assert_eq!(table.columns.len(), expected.columns.len(), "{case}");
        for (name, theirs) in &expected.columns {
            let ours = table.column(name).unwrap();
            assert_column(case, ours, theirs);
        }
        let sketch = serde_json::to_value(table.row_sketch.unwrap()).unwrap();
        assert_eq!(sketch["hashes"], expected.row_sketch, "{case}");
    }
}

pub(super) fn assert_column(
    case: &str,
    ours: &crate::model::card::Column,
    theirs: &ExpectedColumn,
) {
    let place = format!("{case}: {ours:?}");
    assert_eq!(
        (ours.kind, ours.empty),
        (theirs.kind, theirs.empty),
        "{place}"
    );
    let distinct = ours.distinct.as_ref().unwrap();
    assert_eq!(
        (distinct.count, distinct.error),
        (theirs.distinct, None),
        "{place}"
    );
    if let Some(unique) = ours.unique {
        assert_eq!(unique, theirs.unique, "{place}");
    } else {
        assert_eq!(ours.kind, ColumnType::Float, "{place}");
    }
    let values: BTreeMap<_, _> = ours
        .values
        .iter()
        .map(|v| (v.hash.clone(), v.count))
        .collect();
    assert_eq!(values, theirs.values, "{place}");
    let numbers = ours.numbers.as_ref();
    let of = |get: fn(&crate::model::card::NumberStats) -> &Option<crate::model::Number>| {
        numbers.and_then(|numbers| get(numbers).as_ref())
    };
    assert!(close(of(|n| &n.min), theirs.min), "min {place}");
    assert!(close(of(|n| &n.max), theirs.max), "max {place}");
    assert!(close(of(|n| &n.mean), theirs.mean), "mean {place}");
    assert!(close(of(|n| &n.sd), theirs.sd), "sd {place}");
    let quantiles = numbers.map(|n| &n.quantiles);
    assert_eq!(
        quantiles.map_or(0, BTreeMap::len),
        theirs.quantiles.len(),
        "{place}"
    );
    for (share, value) in &theirs.quantiles {
        assert!(
            close(quantiles.and_then(|q| q.get(share)), Some(*value)),
            "{share} {place}"
        );
    }
    let dates = ours.dates.as_ref();
    assert_eq!(
        dates.map(|d| &d.earliest),
        theirs.earliest.as_ref(),
        "{place}"
    );
    assert_eq!(dates.map(|d| &d.latest), theirs.latest.as_ref(), "{place}");
}

#[test]
fn a_card_holds_no_text_of_any_cell() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/data/people");
    let bytes = fs::read(folder.join("people.csv")).unwrap();
    let card = of_file(Ok(profile("people.csv", bytes)));
    let json = String::from_utf8(card::to_json(&card).unwrap()).unwrap();
    for secret in ["Москва", "Анна", "Тверь", "00017", "Новое"] {
        assert!(!json.contains(secret), "{secret}");
    }
    assert!(json.contains("город"), "names of columns are told");
    let read = card::parse(json.as_bytes(), Path::new("card")).unwrap();
    assert_eq!(read, card);
}

#[test]
fn the_schema_accepts_real_cards() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/data");
    let schema = serde_json::to_value(schemars::schema_for!(Card)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for file in ["iris/iris.csv", "people/people.csv", "events/events.jsonl"] {
        let table = profile(file, fs::read(folder.join(file)).unwrap());
        let json = card::to_json(&of_file(Ok(table))).unwrap();
        let value = serde_json::from_slice(&json).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&value)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

fn names(table: &Table) -> Vec<&str> {
    table.columns.iter().map(|c| c.name.as_str()).collect()
}

#[test]
fn separators_and_headers_are_told_from_the_cells() {
    let form = |text: &str| {
        let table = profile("t.csv", text);
        let names: Vec<String> = names(&table).into_iter().map(str::to_owned).collect();
        (table.delimiter, table.header, names.join("|"), table.rows)
    };
    let of = |d, h, n: &str, r| (d, Some(h), n.to_owned(), r);
    assert_eq!(form("a,b\n1,2\n"), of(Some(','), true, "a|b", 1));
    assert_eq!(
        form("a;b\n1,5;2,5\n3,5;4,5\n"),
        of(Some(';'), true, "a|b", 2)
    );
    assert_eq!(form("a\tb, c\n1\t2\n"), of(Some('\t'), true, "a|b, c", 1));
    assert_eq!(form("1,2\n3,4\n"), of(Some(','), false, "1|2", 2));
    assert_eq!(
        form("id,2019,2020\n7,1,2\n8,3,4\n"),
        of(Some(','), true, "id|2019|2020", 2)
    );
    assert_eq!(form("bob,5\nal,6\n"), of(Some(','), false, "1|2", 2));
    assert_eq!(form("one\n1\n2\n"), of(None, true, "one", 2));
    assert_eq!(form(",x\n0,5\n1,6\n"), of(Some(','), true, "1|x", 2));
    assert_eq!(
        form("\u{feff}\"a\nb\",c\n\"1\n\",2\n"),
        of(Some(','), true, "a\nb|c", 1)
    );
    assert_eq!(form("a,b"), of(Some(','), true, "a|b", 0));
    assert_eq!(form(""), (None, None, String::new(), 0));
}

#[test]
fn rows_of_another_width_are_counted() {
    let table = profile("t.csv", "a,b,c\n1,2,3\n4,5\n6,7,8,9\n");
    assert_eq!((table.rows, table.ragged), (3, 2));
    assert_eq!(table.columns[2].empty, 1, "a cell that is missing is empty");
    let table = profile("t.jsonl", "{\"a\": 1}\n[1]\n\n{\"a\": \n{\"a\": 2}");
    assert_eq!((table.rows, table.ragged), (4, 2));
}

#[test]
fn a_quote_that_nothing_closes_is_told_by_its_line() {
    let line = |text: &str| {
        let told = profile("t.csv", text).unclosed_quote;
        let crlf = profile("t.csv", text.replace('\n', "\r\n"));
        assert_eq!(crlf.unclosed_quote, told, "{text}");
        told
    };
    assert_eq!(line("a,b\n1,2\n\"x,3\n4,5\n"), Some(3));
    assert_eq!(line("a,b\n\"1\n2\",3\n4,\"5\n6,7\n"), Some(4));
    assert_eq!(
        line("a,b\n\"1\n2\",\"3\n4"),
        Some(3),
        "in a row of two lines"
    );
    assert_eq!(line("\"a,b\n1,2\n"), Some(1));
    assert_eq!(line("a,b\n1,\""), Some(2));
    for closed in [
        "a,b\n1,\"2\"",
        "a,b\n1,\"2\"\n",
        "a,b\n1,\"\"",
        "a,b\n1,2\"\n",
        "a,b\n1,5\" nail",
        "a,b\n\"x\" y,2",
        "a,b\n\"x \"\" y\",2\n",
        "a,b",
        "",
    ] {
        assert_eq!(line(closed), None, "{closed}");
    }
    let mut long = "a,b\n1,2\n3,\"".to_owned();
    (0..3_000_000).for_each(|_| long += "x\n");
    let table = profile("t.csv", &long);
    assert_eq!((table.unclosed_quote, table.oversized), (Some(3), 1));
    long += "\",4\n5,6\n";
    assert_eq!(profile("t.csv", &long).unclosed_quote, None);
    assert_eq!(
        profile("t.jsonl", "{\"a\": \"1}\n{}\n").unclosed_quote,
        None
    );
}

#[test]
fn types_join_and_strays_are_counted() {
    let table = profile(
        "t.csv",
        "i,f,m,d,t,e,b\n1,1,1,2024-01-01,2024-01-01,,true\n2,2.5,x,2024-01-02,2024-01-02 10:00,NA,False\n",
    );
    let kinds: Vec<_> = table.columns.iter().map(|c| c.kind).collect();
    use ColumnType::{Bool, Date, Datetime, Empty, Float, Int, Text};
    assert_eq!(kinds, [Int, Float, Text, Date, Datetime, Empty, Bool]);
    let mixed = &table.columns[2].mixed;
    assert_eq!((mixed["int"], mixed["text"], mixed.len()), (1, 1, 2));
    assert_eq!(
        table.columns[4].dates.as_ref().unwrap().latest,
        "2024-01-02T10:00:00"
    );
    assert_eq!(table.columns[6].values.len(), 2);
}

#[test]
fn the_first_unique_column_is_the_key_unless_another_is_named() {
    let text = "group,score,id,code\na,0.1,7,x\na,0.2,8,y\nb,0.3,9,z\n";
    let table = profile("t.csv", text);
    assert_eq!(table.key.as_deref(), Some("id"), "not the measured scores");
    assert_eq!(table.key_sketch.as_ref().unwrap().column, "id");
    assert_eq!(table.rows_unique, Some(true));
    let wanted = Wanted {
        key: Some("code".to_owned()),
        ..full()
    };
    let table = profile_as("t.csv", text.as_bytes(), 7, wanted).unwrap();
    assert_eq!(table.key_sketch.unwrap().column, "code");
    assert_eq!(profile("t.csv", "a\n1\n1\n").rows_unique, Some(false));
}

#[test]
fn a_target_is_counted_beyond_the_usual_bound() {
    let mut text = "y\n".to_owned();
    (0..200).for_each(|n| text += &format!("class{n}\n"));
    let listed = |target: Option<&str>| {
        let wanted = Wanted {
            target: target.map(str::to_owned),
            ..full()
        };
        let table = profile_as("t.csv", text.as_bytes(), 100, wanted).unwrap();
        (table.columns[0].values.len(), table.target)
    };
    assert_eq!(listed(None), (0, None));
    assert_eq!(listed(Some("y")), (200, Some("y".to_owned())));
    assert_eq!(listed(Some("z")), (0, None));
}

#[test]
fn a_schema_has_types_and_nothing_of_the_values() {
    let table = profile_as("t.csv", b"a,b\n1,x\n2,\n", 3, Wanted::default()).unwrap();
    assert_eq!((table.rows, names(&table)), (2, vec!["a", "b"]));
    assert_eq!(table.columns[1].empty, 1);
    for column in &table.columns {
        assert!(column.distinct.is_none() && column.numbers.is_none() && column.values.is_empty());
    }
    assert!(table.row_sketch.is_none() && table.key.is_none());
}

#[test]
fn encodings_line_ends_and_zips_tell_the_same_rows() {
    use std::io::Write;
    let text = "имя,n\nМосква и Тверь,1\n\"a \"\"b\"\"\",2\n".to_owned();
    let plain = profile("t.csv", &text);
    let wide: Vec<u8> = [0xfeff]
        .into_iter()
        .chain(text.encode_utf16())
        .flat_map(u16::to_be_bytes)
        .collect();
    let (old, ..) = encoding_rs::WINDOWS_1251.encode(&text);
    let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    zip.write_all(text.as_bytes()).unwrap();
    let zip = zip.finish().unwrap();
    let crlf = text.replace('\n', "\r\n");
    for (name, bytes) in [
        ("t.csv", wide),
        ("t.csv", old.into_owned()),
        ("t.csv.gz", zip.clone()),
        ("t.csv", crlf.into_bytes()),
        ("t.csv", text.replace(',', "\t").into_bytes()),
    ] {
        let table = profile(name, bytes);
        assert_eq!(table.row_sketch, plain.row_sketch);
        assert_eq!(table.columns, plain.columns);
    }
    let cut = profile_as("t.csv.gz", &zip[..zip.len() - 9], 5, full());
    assert!(cut.unwrap_err().starts_with("cannot unzip"));
    assert!(profile_as("t.csv.gz", b"no zip", 5, full()).is_err());
}

#[test]
fn what_is_no_table_is_refused_by_reason() {
    assert_eq!(
        profile_as("t.csv", b"\x7fELF\0\0", 9, full()).unwrap_err(),
        "it is not text"
    );
    let not_json = profile_as("t.jsonl", b"a,b\n1,2\n", 9, full());
    assert_eq!(not_json.unwrap_err(), "no line is a JSON object");
    let unknown = profile("t.csv", b"a,b\ncaf\xe9,1\n");
    assert_eq!((unknown.encoding, unknown.rows), (None, 1));
}

#[test]
fn huge_rows_are_counted_and_not_kept() {
    let mut text = b"a,b\n1,2\n\"".to_vec();
    text.resize(6 << 20, b'x');
    text.extend_from_slice(b"\",5\n3,4\n");
    let table = profile("t.csv", &text);
    assert_eq!((table.rows, table.oversized), (3, 1));
    assert_eq!(table.columns[0].numbers.as_ref().unwrap().count, 2);
    let mut wide = ["x"; 70_000].join(",").into_bytes();
    wide.push(b'\n');
    wide.extend_from_within(..);
    let table = profile("t.csv", &wide);
    assert_eq!(
        (table.rows, table.oversized, table.columns.len()),
        (1, 1, 0)
    );
    let wide = [["x"; 3000].join(","), ["1"; 3000].join(",")].join("\n");
    let table = profile("t.csv", &wide);
    assert_eq!(
        (table.rows, table.columns.len(), table.columns_left_out),
        (1, 2048, 952)
    );
    let mut json = b"{\"a\": \"".to_vec();
    json.resize(5 << 20, b'x');
    json.extend_from_slice(b"\"}\n{\"a\": 1}\n");
    let table = profile("t.jsonl", &json);
    assert_eq!((table.rows, table.oversized), (2, 1));
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_give_the_same_answer(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            "[ab1,;\"\r\n.\\-]{0,200}".prop_map(String::into_bytes),
            "(\\{\"[ab]\": ?(1|null|\"x\"|\\[\\])\\}?\n){0,20}".prop_map(String::into_bytes),
            "\\PC{0,100}".prop_map(|text| text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ],
        name in prop::sample::select(vec!["t.csv", "t.tsv", "t.jsonl", "t.csv.gz", "t.ndjson.gz"]),
        step in 1_usize..50, zipped: bool) {
        use std::io::Write;
        let mut bytes = bytes;
        if zipped && name.ends_with(".gz") {
            let mut zip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            zip.write_all(&bytes).unwrap();
            bytes = zip.finish().unwrap();
        }
        let whole = profile_as(name, &bytes, bytes.len(), full());
        let pieces = profile_as(name, &bytes, step, full());
        if let Ok(table) = &whole {
            prop_assert!(table.ragged <= table.rows);
            for column in &table.columns {
                prop_assert!(column.empty <= table.rows);
            }
            let card = of_file(whole.clone());
            let json = card::to_json(&card).unwrap();
            prop_assert_eq!(card::parse(&json, Path::new("card")).unwrap(), card);
        }
        prop_assert_eq!(whole, pieces);
    }
}

#[test]
fn a_stored_card_saves_the_reading_and_a_poorer_one_does_not() {
    let bench = Bench::new();
    bench.write("train.csv", "a,y\n1,u\n2,v\n");
    bench.write("set/a.csv", "not profiled");
    bench.settle();
    let stored = Mutex::new(None::<Card>);
    let look = |target: Option<&str>| {
        let known = |sha256: &Sha256| {
            let card = stored.lock().unwrap().clone();
            card.filter(|card| card.sha256 == *sha256)
        };
        let read = Mutex::new(0);
        let tell = |progress: Progress| *read.lock().unwrap() = progress.files_done;
        let spec = |path| Spec {
            role: "train".to_owned(),
            path: bench.path(path),
        };
        let options = Options {
            git_dir: Some(bench.git_dir.path()),
            known: Some(&known),
            progress: Some(&tell),
            target,
            ..Options::default()
        };
        let observed = observe(
            &[spec("train.csv"), spec("set"), spec("train.csv")],
            options,
        );
        (observed.unwrap().inputs, read.into_inner().unwrap())
    };
    let (inputs, read) = look(None);
    assert_eq!(read, 2);
    assert_eq!(inputs[0].rows, Some(2));
    assert_eq!(inputs[2].card, inputs[0].card);
    let folder = inputs[1].card.as_ref().unwrap();
    assert_eq!(
        (folder.kind, folder.types["csv"].files),
        (DataKind::Folder, 1)
    );
    let card = inputs[0].card.clone();
    stored.lock().unwrap().clone_from(&card);
    let (inputs, read) = look(None);
    assert_eq!((inputs[0].rows, read), (Some(2), 0));
    let (inputs, read) = look(Some("y"));
    assert_eq!(read, 1, "the stored card does not tell of the target");
    assert_eq!(
        inputs[0]
            .card
            .as_ref()
            .unwrap()
            .table
            .as_ref()
            .unwrap()
            .target
            .as_deref(),
        Some("y")
    );
}
