use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::model::param::ParamKind;

use super::*;

fn read_as(name: &str, text: &str) -> BTreeMap<String, Param> {
    read(&name.into(), text.as_bytes()).unwrap()
}

fn error(name: &str, text: &str) -> String {
    read(&name.into(), text.as_bytes()).unwrap_err().to_string()
}

/// A leaf as `fixtures/configs/expected_by_python.py` writes it.
fn as_python(param: &Param) -> Value {
    let Param::Leaf { kind, text } = param else {
        let Param::List(items) = param else {
            unreachable!()
        };
        return json!(["list", items.iter().map(as_python).collect::<Vec<_>>()]);
    };
    let number = || {
        param
            .number()
            .unwrap_or_else(|| panic!("no number: {text}"))
    };
    match kind {
        ParamKind::Null => json!(["null", ""]),
        ParamKind::Bool => json!(["bool", param.bool().unwrap().to_string()]),
        ParamKind::Int => json!(["int", number().as_str().trim_start_matches('+')]),
        ParamKind::Float => json!(["float", number().as_f64().to_string()]),
        ParamKind::Str => json!(["str", text]),
        ParamKind::Date => json!(["date", ""]),
        ParamKind::Map => json!(["map", ""]),
    }
}

/// Python's `repr` and Rust's spell floats differently: compare them as numbers.
fn with_float_bits(mut value: Value) -> Value {
    if let Value::Array(items) = &mut value {
        if items.first() == Some(&json!("float")) {
            let number: f64 = items[1].as_str().unwrap().parse().unwrap();
            let bits = if number.is_nan() { 0 } else { number.to_bits() };
            return json!(["float bits", bits]);
        }
        for item in items {
            *item = with_float_bits(item.take());
        }
    }
    value
}

fn fixture_cases() -> Vec<(PathBuf, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/configs");
    let mut cases = Vec::new();
    for folder in std::fs::read_dir(root).unwrap() {
        let folder = folder.unwrap().path();
        if !folder.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().path();
            if !file.ends_with("expected.json") {
                cases.push((file, folder.join("expected.json")));
            }
        }
    }
    cases
}

#[test]
fn every_fixture_reads_as_python_reads_it() {
    let cases = fixture_cases();
    assert!(cases.len() >= 11, "{}", cases.len());
    for (file, expected) in cases {
        let bytes = std::fs::read(&file).unwrap();
        let found = read(&RecordPath::from_path(&file), &bytes)
            .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let expected: BTreeMap<String, Value> =
            serde_json::from_slice(&std::fs::read(expected).unwrap()).unwrap();
        let names: Vec<_> = found.keys().collect();
        assert_eq!(
            names,
            expected.keys().collect::<Vec<_>>(),
            "{}",
            file.display()
        );
        for (name, param) in &found {
            assert_eq!(
                with_float_bits(as_python(param)),
                with_float_bits(expected[name].clone()),
                "{}: {name}: {param:?}",
                file.display()
            );
        }
    }
}

#[test]
fn spelling_is_kept() {
    let spelled = |name: &str, text: &str, key: &str| read_as(name, text)[key].spelling();
    assert_eq!(spelled("a.yaml", "lr: 1.0e-4 # c", "lr"), "1.0e-4");
    assert_eq!(spelled("a.yaml", "n: 1_000", "n"), "1_000");
    assert_eq!(spelled("a.json", r#"{"lr": 0.0010}"#, "lr"), "0.0010");
    assert_eq!(spelled("a.toml", "m = 0xFF_ff", "m"), "0xFF_ff");
    assert_eq!(
        spelled("a.toml", "d = 2025-10-12 14:02:11Z", "d"),
        "2025-10-12 14:02:11Z"
    );
    assert_eq!(spelled("a.ini", "[a]\nLR = 1e-4", "a.LR"), "1e-4");
}

#[test]
fn a_repeated_key_is_an_error_that_names_it_and_its_line() {
    assert_eq!(
        error("a.yaml", "model:\n  lr: 1\n  lr: 2"),
        "line 3, column 3: the key `lr` stands twice"
    );
    assert_eq!(
        error("a.json", "{\"lr\": 1,\n\"lr\": 2}"),
        "line 2, column 1: the key `lr` stands twice"
    );
    assert_eq!(
        error("a.toml", "lr = 1\nlr = 2"),
        "line 2, column 1: duplicate key"
    );
    assert_eq!(
        error("a.ini", "[a]\nlr = 1\nLR = 2"),
        "line 3, column 1: the key `LR` stands twice"
    );
}

#[test]
fn two_ways_to_one_name_are_an_error_too() {
    assert_eq!(
        error("a.json", r#"{"l": [{"a": 1}], "l.0": 1, "l": 2}"#),
        "line 1, column 29: the key `l` stands twice"
    );
    assert_eq!(
        error("a.ini", "[a.b]\nc = 1\n[a]\nb.c = 2"),
        "line 4, column 1: the key `b.c` stands twice"
    );
}

#[test]
fn an_alias_bomb_is_refused_quickly() {
    let mut text = "a0: &a0 [lol, lol]\n".to_owned();
    for level in 1..40 {
        let aliases = vec![format!("*a{}", level - 1); 9].join(", ");
        text += &format!("a{level}: &a{level} [{aliases}]\n");
    }
    assert!(error("a.yaml", &text).contains("more than 100000 values"));
    let long = format!(
        "a: &a {}\nb: [{}]",
        "x".repeat(1 << 20),
        ["*a"; 100].join(",")
    );
    assert!(error("a.yaml", &long).contains("16 MiB"));
    let merges = format!("a: &a {{b: 1}}\nc: {{<<: [{}]}}", ["*a"; 600_000].join(","));
    assert!(error("a.yaml", &merges).contains("merge keys"));
    assert!(error("a.yaml", "a: &a [*a]").contains("an alias of something"));
}

#[test]
fn lines_in_brackets_may_stand_anywhere_but_errors_keep_their_place() {
    assert_eq!(
        read_as("a.yaml", "m:\n  a: [\n1,\n  2\n]\n  b: 3"),
        read_as("a.yaml", "m:\n  a: [1, 2]\n  b: 3")
    );
    assert_eq!(
        error("a.yaml", "a: {x: 1,\ny: 2,\n x: 3}"),
        "line 3, column 2: the key `x` stands twice"
    );
    assert_eq!(
        error("a.yaml", "a: {x: 1,\ny: 2, x: 3}"),
        "line 2, column 7: the key `x` stands twice"
    );
    let many = format!("a: [\n{}]", "1,\n".repeat(60));
    assert_eq!(read_as("a.yaml", &many).len(), 1);
}

#[test]
fn depth_and_size_are_bounded() {
    for (name, open, close) in [
        ("a.yaml", "[", "]"),
        ("a.json", "[", "]"),
        ("a.toml", "[", "]"),
    ] {
        let nested = |depth: usize| {
            let value = open.repeat(depth) + &close.repeat(depth);
            match name {
                "a.json" => format!("{{\"v\": {value}}}"),
                "a.toml" => format!("v = {value}"),
                _ => format!("v: {value}"),
            }
        };
        assert!(read(&name.into(), nested(60).as_bytes()).is_ok(), "{name}");
        for depth in [70, 100_000] {
            assert!(
                read(&name.into(), nested(depth).as_bytes()).is_err(),
                "{name}"
            );
        }
    }
    assert!(error("a.ini", &"\n".repeat(MAX_BYTES + 1)).contains("larger than 4 MiB"));
}

#[test]
fn empty_files_have_no_leaves_but_nonsense_is_an_error() {
    for name in ["a.yaml", "a.toml", "a.ini"] {
        assert_eq!(read_as(name, "# nothing\n"), BTreeMap::new(), "{name}");
    }
    assert_eq!(
        error("a.yaml", "just words"),
        "line 1, column 1: one value where keys and values were expected"
    );
    assert!(error("a.json", "").contains("the text ends"));
    assert_eq!(
        error("a.json", "3"),
        "a number where keys and values were expected"
    );
    assert!(error("a.yaml", "? [a]\n: 1").contains("a key that is a list or a mapping"));
    assert_eq!(
        error("a.py", "lr = 1"),
        "a .py file holds no parameters that can be read"
    );
    assert_eq!(error("a.yaml", "a: \"\0"), error("a.yaml", "a: \"\0"));
}

#[test]
fn an_unknown_extension_is_told_by_its_content() {
    for (text, kind) in [
        ("{\"a\": 1}", ParamKind::Int),
        ("{a: 1}", ParamKind::Int),
        ("a = 1", ParamKind::Int),
        ("a: 1", ParamKind::Int),
        ("a = one", ParamKind::Str),
    ] {
        let found = read_as("params", text);
        assert!(
            matches!(&found["a"], Param::Leaf { kind: k, .. } if *k == kind),
            "{text}"
        );
    }
    assert!(error("params", "a lone line").starts_with("neither JSON, TOML, YAML nor INI"));
}

#[test]
fn windows_files_read_the_same() {
    let unix = read_as("a.yaml", "a:\n  b: 1\n  c: x\n");
    let mut bytes = b"\xef\xbb\xbf".to_vec();
    bytes.extend(b"a:\r\n  b: 1\r\n  c: x\r\n");
    assert_eq!(read(&"a.yaml".into(), &bytes).unwrap(), unix);
    let utf16: Vec<u8> = "\u{feff}a:\r\n  b: 1\r\n  c: x\r\n"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(read(&"a.yml".into(), &utf16).unwrap(), unix);
    assert_eq!(
        read_as("a.ini", "[a]\r\nb = 1\r\n"),
        read_as("a.ini", "[a]\nb = 1\n")
    );
}

#[test]
fn a_flag_is_typed_like_yaml() {
    use ParamKind::*;
    for (flag, name, param) in [
        ("model.n=300", "model.n", Param::leaf(Int, "300")),
        ("lr=1e-4", "lr", Param::leaf(Str, "1e-4")),
        ("lr = 1.0e-4", "lr", Param::leaf(Float, "1.0e-4")),
        ("shuffle=yes", "shuffle", Param::leaf(Bool, "yes")),
        ("id=\"300\"", "id", Param::leaf(Str, "300")),
        ("x=", "x", Param::leaf(Null, "")),
        (
            "url=http://a/?b=c: d",
            "url",
            Param::leaf(Str, "http://a/?b=c: d"),
        ),
        (
            "layers=[64, a]",
            "layers",
            Param::List(vec![Param::leaf(Int, "64"), Param::leaf(Str, "a")]),
        ),
        ("layers=[64", "layers", Param::leaf(Str, "[64")),
        ("q='a'b", "q", Param::leaf(Str, "'a'b")),
    ] {
        assert_eq!(from_flag(flag).unwrap(), (name.to_owned(), param), "{flag}");
    }
    assert!(from_flag("novalue").is_err() && from_flag("=1").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for name in ["a.yaml", "a.json", "a.toml", "a.ini", "a"] {
            let _ = read(&name.into(), &bytes);
        }
    }

    #[test]
    fn random_markup_never_panics(text in "[-a-c0-2:?,&*!|>%@'\"{}\\[\\]#<=. \n\t\\\\~]{0,40}") {
        for name in ["a.yaml", "a.json", "a.toml", "a.ini", "a"] {
            let _ = read(&name.into(), text.as_bytes());
        }
    }

    #[test]
    fn every_leaf_reads_back_from_a_record(text in "[-+0-9a-fxoEe_.:]{0,6}|yes|off|~|null|inf|nan|true") {
        for quote in ["", "'"] {
            let file = format!("v: {quote}{text}{quote}");
            let Ok(found) = read(&"a.yaml".into(), file.as_bytes()) else { continue };
            let record = serde_json::to_string(&found).unwrap();
            let back: BTreeMap<String, Param> = serde_json::from_str(&record).unwrap();
            prop_assert_eq!(back, found, "{}", record);
        }
    }

    #[test]
    fn any_float_survives_in_any_format(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let text = format!("{value:?}");
        // PyYAML's float needs a dot and a signed exponent, as its own writer gives it.
        let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "+0"));
        let dot = if mantissa.contains('.') { "" } else { ".0" };
        let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
        let yaml = format!("{mantissa}{dot}e{sign}{exponent}");
        for (name, file) in [
            ("a.json", format!("{{\"v\": {text}}}")),
            ("a.toml", format!("v = {text}")),
            ("a.yaml", format!("v: {yaml}")),
        ] {
            let found = read(&name.into(), file.as_bytes()).unwrap();
            let number = found["v"].number().unwrap();
            prop_assert_eq!(number.as_f64().to_bits(), bits, "{} {}", name, file);
        }
    }
}
