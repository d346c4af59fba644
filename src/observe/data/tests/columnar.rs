//! Parquet files, against what is known of their tables otherwise.

use std::fs::File;
use std::io::Write;

use proptest::prelude::*;

use super::super::hash::Tee;
use super::cards::{Expected, assert_column, full};
use super::*;
use crate::model::card::{ColumnType, Table};

fn fixture(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/data")
        .join(name)
}

fn profile(path: &Path) -> Result<Table, String> {
    let mut profiler = Profiler::new(Shape::of(Path::new("x.parquet")).unwrap(), full());
    profiler.whole(&File::open(path).unwrap());
    profiler.finish().table
}

#[test]
fn every_compression_gives_the_card_of_the_table() {
    let text = std::fs::read(fixture("iris/expected.json")).unwrap();
    let expected: Expected = serde_json::from_slice(&text).unwrap();
    for compression in ["snappy", "zstd", "gzip", "lz4", "brotli", "none"] {
        let table = profile(&fixture(&format!("iris/iris.{compression}.parquet"))).unwrap();
        assert_eq!(table.rows, expected.rows, "{compression}");
        assert_eq!(table.columns.len(), expected.columns.len(), "{compression}");
        for (name, theirs) in &expected.columns {
            assert_column(compression, table.column(name).unwrap(), theirs);
        }
    }
}

#[test]
fn a_column_without_a_value_has_the_type_of_the_schema() {
    use ColumnType::{Bool, Date, Datetime, Empty, Float, Int, Text};
    let table = profile(&fixture("kinds/empty.parquet")).unwrap();
    let kinds: Vec<_> = table.columns.iter().map(|c| c.kind).collect();
    let expected = [
        Int, Int, Float, Float, Float, Bool, Date, Datetime, Text, Text, Text, Empty,
    ];
    assert_eq!(kinds, expected);
    assert!(table.columns.iter().all(|column| column.empty == 2));
}

#[test]
fn types_that_csv_has_not_are_told_by_their_meaning() {
    let table = profile(&fixture("kinds/kinds.parquet")).unwrap();
    assert_eq!(table.rows, 3);
    let column = |name: &str| table.column(name).unwrap();
    let kinds = [
        ("big", ColumnType::Int),
        ("price", ColumnType::Float),
        ("day", ColumnType::Date),
        ("when", ColumnType::Datetime),
        ("yes", ColumnType::Bool),
        ("tags", ColumnType::Text),
        ("at.x", ColumnType::Float),
        ("at.y", ColumnType::Text),
    ];
    for (name, kind) in kinds {
        assert_eq!(column(name).kind, kind, "{name}");
    }
    let numbers = |name: &str| column(name).numbers.clone().unwrap();
    assert_eq!(
        numbers("big").max.unwrap().to_string(),
        u64::MAX.to_string()
    );
    let price = numbers("price");
    assert_eq!(price.min.unwrap().as_f64(), -1.5);
    assert_eq!(price.max.unwrap().as_f64(), 1000.05);
    let dates = |name: &str| column(name).dates.clone().unwrap();
    assert_eq!(dates("day").earliest, "1969-12-31");
    assert_eq!(dates("when").latest, "2024-02-29T12:30:01Z");
}

#[test]
fn numbers_are_spelled_and_told_as_in_the_csv_that_pandas_writes() {
    let table = profile(&fixture("kinds/numbers.parquet")).unwrap();
    let mut text = Profiler::new(Shape::of(Path::new("x.csv")).unwrap(), full());
    text.take(&std::fs::read(fixture("kinds/numbers.csv")).unwrap());
    let text = text.finish().table.unwrap();
    assert_eq!(table.columns, text.columns);
    assert_eq!(table.row_sketch, text.row_sketch);
    let numbers = |name: &str| table.column(name).unwrap().numbers.clone().unwrap();
    assert_eq!(numbers("big").mean.unwrap().as_f64(), -0.25);
    let longest = numbers("long").max.unwrap().as_f64();
    let exact = "123456789012345678901234567890123456789012345.00001";
    assert_eq!(longest, exact.parse::<f64>().unwrap());
}

#[test]
fn a_page_that_its_checksum_disowns_is_damaged() {
    let mut bytes = std::fs::read(fixture("kinds/numbers.parquet")).unwrap();
    let value = 1e-7_f64.to_le_bytes();
    let at = bytes.windows(8).position(|bytes| bytes == value).unwrap();
    bytes[at] ^= 1;
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    let why = profile(file.path()).unwrap_err();
    assert!(why.starts_with("it is damaged: "), "{why}");
}

#[test]
fn what_can_not_be_read_says_why() {
    let bytes = std::fs::read(fixture("kinds/kinds.parquet")).unwrap();
    let mut encrypted = bytes.clone();
    encrypted.truncate(bytes.len() - 4);
    encrypted.extend(b"PARE");
    let cases = [
        (encrypted, "encrypted"),
        (bytes[..bytes.len() / 2].to_vec(), ""),
        (Vec::new(), ""),
    ];
    for (bytes, why) in cases {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        let error = profile(file.path()).unwrap_err();
        assert!(!error.is_empty() && error.contains(why), "{error}");
    }
}

proptest! {
    #[test]
    fn damage_is_a_table_or_a_reason(flips in prop::collection::vec((0_usize..2431, any::<u8>()), 1..20)) {
        let mut bytes = std::fs::read(fixture("kinds/kinds.parquet")).unwrap();
        let length = bytes.len();
        for (at, byte) in flips {
            bytes[at % length] = byte;
        }
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&bytes).unwrap();
        if let Err(why) = profile(file.path()) {
            prop_assert!(!why.is_empty());
        }
    }
}
