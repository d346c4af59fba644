use std::path::Path;

use proptest::prelude::*;

use super::*;

fn read_as(name: &str, text: &str) -> MetricsRead {
    read(&name.into(), text.as_bytes()).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn error(name: &str, text: &str) -> MetricsError {
    read(&name.into(), text.as_bytes()).unwrap_err()
}

/// `name=value` of every metric, in order.
fn told(name: &str, text: &str) -> String {
    let metrics = read_as(name, text).metrics;
    let told = metrics.iter().map(|(name, value)| match value {
        MetricValue::Number(number) => format!("{name}={number}"),
        other => format!("{name}={other:?}"),
    });
    told.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_fixture_reads_as_expected() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/metrics");
    let mut count = 0;
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        let inputs = std::fs::read_dir(&folder)
            .unwrap()
            .map(|f| f.unwrap().path());
        for file in inputs.filter(|f| !f.ends_with("expected.json")) {
            let bytes = std::fs::read(&file).unwrap();
            let found = read(&RecordPath::from_path(&file), &bytes)
                .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
            let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
            let found = serde_json::json!({"metrics": found.metrics, "notes": found.notes});
            let found = serde_json::to_string_pretty(&found).unwrap();
            assert_eq!(found, expected.trim_end(), "{}", file.display());
            count += 1;
        }
    }
    assert!(count >= 7, "{count}");
}

#[test]
fn nested_values_have_dotted_names_and_moments_are_no_metrics() {
    assert_eq!(
        told(
            "metrics.json",
            r#"{"val": {"auc": 0.8420, "cv": [0.1, 0.2]}, "best": "rf", "ok": true, "none": null,
                "timestamp": "2025-10-12 14:02:11", "run": {"created_at": "2025-10-12T14:02:11Z"},
                "unix_timestamp": 1760270531.5, "time": 3.5, "date": "soon"}"#
        ),
        r#"best=Text("rf") date=Text("soon") none=Null ok=Bool(true) time=3.5 val.auc=0.8420 val.cv.0=0.1 val.cv.1=0.2"#
    );
}

#[test]
fn numbers_are_exact() {
    assert_eq!(
        told(
            "m.json",
            r#"{"a": 9007199254740993, "b": 18446744073709551616, "c": NaN, "d": -Infinity, "e": -0.0, "f": {"float": "inf"}}"#
        ),
        "a=9007199254740993 b=18446744073709551616 c=nan d=-inf e=-0.0 f=inf"
    );
}

#[test]
fn what_would_be_lost_is_an_error_that_names_the_metric() {
    for (name, text, why) in [
        (
            "m.json",
            r#"{"loss": 1e400}"#,
            "`loss` is 1e400, which no double can hold",
        ),
        (
            "m.csv",
            "loss,1e400",
            "`loss` is 1e400, which no double can hold",
        ),
        (
            "m.json",
            r#"{"a.b": 1, "a": {"b": 2}}"#,
            "the metric `a.b` stands twice",
        ),
        (
            "m.json",
            r#"{"a": 1, "a": 2}"#,
            "the key `a` stands twice (line 1, column 10, byte 9)",
        ),
        ("m.csv", "auc,0.1\nauc,0.2", "the metric `auc` stands twice"),
        (
            "m.csv",
            "auc,auc,f1\n1,2,3",
            "the metric `auc` stands twice",
        ),
        ("m.json", r#"{"": 1}"#, "a metric without a name"),
        (
            "m.csv",
            "auc,\"1,234\"",
            "`auc` is 1,234: is the comma a decimal one, or between thousands?",
        ),
        (
            "m.csv",
            "auc;1,234\nf1;0.5",
            "`auc` is 1,234: is the comma a decimal one, or between thousands?",
        ),
    ] {
        assert_eq!(error(name, text).message, why, "{text}");
    }
}

#[test]
fn a_file_that_holds_no_metrics_says_so() {
    for (name, text, why) in [
        ("m.json", "", "the file is empty"),
        ("m.csv", " \r\n\n", "the file is empty"),
        (
            "m.json",
            "[1, 2]",
            "the file holds a list, not an object with metrics",
        ),
        (
            "m.json",
            "0.8",
            "the file holds a number, not an object with metrics",
        ),
        (
            "m.json",
            "{\"a\": 1",
            "the text ends where `,` or `}` was expected (line 1, column 8, byte 7)",
        ),
        ("m.csv", "auc,f1", "a line of names, but no values below it"),
        (
            "m.csv",
            "1,2,3\n4,5,6",
            "line 1 should name the metrics, but holds `1`",
        ),
        (
            "m.csv",
            "auc,f1,x\n0.1,0.2,3,4",
            "line 2 has 4 cells, but the header only 3",
        ),
        ("m.csv", ";;;\n;", "the table has no cells"),
        (
            "m.jsonl",
            "{}",
            "a file of JSON lines is a log over steps, not final metrics",
        ),
        (
            "m.yaml",
            "0.5",
            "line 1, column 1: one value where keys and values were expected",
        ),
    ] {
        assert_eq!(error(name, text).message, why, "{text}");
    }
    let log = error("m.json", "{\"loss\": 1}\n{\"loss\": 2}");
    assert!(log.hint.unwrap().contains("$GIT_EXP_SERIES"));
    assert_eq!(read_as("m.json", "{}").notes, ["the file holds no metrics"]);
}

#[test]
fn long_lists_and_texts_stay_in_the_file() {
    let curve = vec!["0.5"; 17].join(",");
    let text = "x".repeat(1025);
    let found = read_as(
        "m.json",
        &format!(r#"{{"auc": 1, "fpr": [{curve}], "r": "{text}"}}"#),
    );
    assert_eq!(found.metrics.len(), 1);
    assert_eq!(
        found.notes,
        [
            "no metrics, so left in the file: `fpr` (a list of 17 values), `r` (a text of 1025 bytes)"
        ]
    );
}

#[test]
fn limits_are_errors() {
    let many: Vec<String> = (0..=MAX_METRICS).map(|i| format!("\"m{i}\": 1")).collect();
    let text = format!("{{{}}}", many.join(","));
    assert_eq!(error("m.json", &text).message, "more than 10000 metrics");
    let big = vec![b' '; MAX_BYTES + 1];
    assert_eq!(
        read(&"m.json".into(), &big).unwrap_err().message,
        "larger than 16 MB"
    );
}

#[test]
fn tables_of_names_and_values() {
    let expected = "auc=0.8420 loss=1e-05";
    for text in [
        "metric_name,metric_value\nauc,0.8420\nloss,1e-05\n",
        "auc,0.8420\nloss,1e-05",
        "\u{feff}Metric;Value\r\nauc;0,8420\r\nloss;1e-05\r\n;\r\n",
        "sep=;\r\nauc;0,8420;;\r\nloss;1e-05;;\r\n",
        "auc\t0,8420\nloss\t1e-05",
        "\"auc\",\"0.8420\"\n\"loss\",\"1e-05\"",
        ",0\nauc,0.8420\nloss,1e-05",
        "показатель;прогон\nauc;0,8420\nloss;1e-05",
    ] {
        assert_eq!(told("m.csv", text), expected, "{text:?}");
    }
    assert_eq!(told("m.csv", "auc,\"0,842\""), "auc=0.842");
    assert_eq!(told("m", "auc,0.842"), "auc=0.842");
    assert_eq!(told("m.csv", "metric,value\nauc,"), "auc=Null");
}

#[test]
fn tables_with_names_on_top() {
    for text in [
        "auc,f1\n0.8,0.7",
        "auc;f1\n0,8;0,7",
        ",auc,f1\n0,0.8,0.7\n",
        "Unnamed: 0,auc,f1\n0,0.8,0.7\n",
    ] {
        assert_eq!(told("m.csv", text), "auc=0.8 f1=0.7", "{text:?}");
    }
    assert_eq!(
        told("m.csv", "model,auc\nrf,0.8"),
        "auc=0.8 model=Text(\"rf\")"
    );
    assert_eq!(told("m.csv", "auc\n0.8"), "auc=0.8");
    assert_eq!(told("m.csv", "a,b,c\n1,,"), "a=1 b=Null c=Null");
    let log = read_as("m.csv", "epoch,loss\n0,0.9\n1,0.5\n");
    assert_eq!(
        log.metrics["loss"],
        MetricValue::Number(Number::parse("0.5").unwrap())
    );
    assert_eq!(
        log.notes,
        ["the table has 2 rows of values; the last one (line 3) was taken"]
    );
}

#[test]
fn cells_as_spreadsheets_spell_them() {
    for (cell, expected) in [
        ("1 234,5", "a=1234.5"),
        ("12\u{a0}345", "a=12345"),
        ("1\u{202f}234\u{202f}567,25", "a=1234567.25"),
        ("12 34", "a=Text(\"12 34\")"),
        ("1,234", "a=1.234"),
        ("-0,5", "a=-0.5"),
        ("\u{2212}0,5", "a=-0.5"),
        ("+1,5", "a=1.5"),
        (",5", "a=0.5"),
        ("5,", "a=5"),
        ("1,5E-03", "a=1.5e-03"),
        ("nan", "a=nan"),
        ("-inf", "a=-inf"),
        ("ИСТИНА", "a=Bool(true)"),
        ("84,2 %", "a=Text(\"84,2 %\")"),
        ("1,2,3", "a=Text(\"1,2,3\")"),
        ("e5", "a=Text(\"e5\")"),
        ("007", "a=Text(\"007\")"),
    ] {
        assert_eq!(
            told("m.csv", &format!("metric;value\na;{cell}")),
            expected,
            "{cell}"
        );
    }
}

#[test]
fn yaml_and_toml_hold_metrics_too() {
    let expected = "f1=nan loss=1e-05 val.auc=0.8420";
    assert_eq!(
        told(
            "m.yaml",
            "val:\n  auc: 0.8420\nloss: 1e-05\nf1: .nan\ntimestamp: 2025-10-12 14:02:11\n"
        ),
        expected
    );
    assert_eq!(
        told(
            "m.toml",
            "loss = 1e-05\nf1 = nan\ndate = 2025-10-12\n[val]\nauc = 0.8420"
        ),
        expected
    );
}

#[test]
fn utf16_is_read_and_spoken_of() {
    let bytes: Vec<u8> = "\u{feff}{\"auc\": 0.8}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let found = read(&"m.json".into(), &bytes).unwrap();
    assert_eq!(found.metrics.len(), 1);
    assert!(found.notes[0].starts_with("decoded from UTF-16; write UTF-8"));
    assert_eq!(
        read(&"m.json".into(), b"{\"caf\xe9\": 1}")
            .unwrap_err()
            .message,
        "not valid UTF-8 (byte 5)"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_float_survives_bit_for_bit(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let text = format!("{value:?}");
        let comma = text.replace('.', ",");
        for (name, file) in [
            ("m.json", format!("{{\"m\": {text}}}")),
            ("m.csv", format!("m,{text}")),
            ("m.csv", format!("metric;value\nm;{comma}")),
            ("m.yaml", format!("m: {text}")),
            ("m.toml", format!("m = {text}")),
        ] {
            let found = read(&name.into(), file.as_bytes()).unwrap();
            let number = found.metrics["m"].number().unwrap();
            prop_assert_eq!(number.as_f64().to_bits(), bits, "{}", file);
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for name in ["m.json", "m.csv", "m.yaml", "m"] {
            let _ = read(&name.into(), &bytes);
        }
    }

    #[test]
    fn random_tables_never_panic(text in "[a-c0-2;,.\t\"\n eE+\u{a0}-]{0,40}") {
        let _ = read(&"m.csv".into(), text.as_bytes());
    }
}
