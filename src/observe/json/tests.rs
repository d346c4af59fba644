use proptest::prelude::*;

use super::*;

fn error(text: &str) -> String {
    parse(text).unwrap_err().to_string()
}

#[test]
fn numbers_keep_their_text() {
    let text = r#"[0.8420, 1E-4, 18446744073709551617, -0.0, NaN, Infinity, -Infinity]"#;
    let Json::List(items) = parse(text).unwrap() else {
        panic!("not a list")
    };
    let spelled: Vec<_> = items
        .iter()
        .map(|item| match item {
            Json::Number(text) => *text,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        spelled,
        [
            "0.8420",
            "1E-4",
            "18446744073709551617",
            "-0.0",
            "NaN",
            "Infinity",
            "-Infinity"
        ]
    );
}

#[test]
fn strings_are_unescaped() {
    assert_eq!(
        parse(r#""a\"\\\/\n\u0439\ud83d\ude00б""#).unwrap(),
        Json::Text("a\"\\/\nй😀б".into())
    );
}

#[test]
fn errors_say_what_and_where() {
    assert_eq!(
        error("{\"a\": 1,\n \"a\": 2}"),
        "the key `a` stands twice (line 2, column 2, byte 10)"
    );
    for (text, why) in [
        ("", "the text ends where a value was expected"),
        ("{\"a\": 1,}", "a comma before `}`"),
        ("[1 2]", "expected `,` or `]`, found '2'"),
        ("{a: 1}", "expected a key in double quotes, found 'a'"),
        ("{} {}", "text after the end of the JSON value"),
        ("01", "a number that begins with 0"),
        ("1.", "the text ends where a digit after `.` was expected"),
        ("-NaN", "expected a digit, found 'N'"),
        ("\"\t\"", "a raw control character in a string"),
        (r#""\ud800""#, "half of a surrogate pair"),
        (r#""\ud800\u0041""#, "half of a surrogate pair"),
        (r#""\x41""#, "an unknown escape in a string"),
        (r#""\u12é4""#, "`\\u` needs four hexadecimal digits"),
        ("\"abc", "the text ends inside a string"),
        ("nan", "expected a value, found 'n'"),
    ] {
        assert!(error(text).starts_with(why), "{text}: {}", error(text));
    }
}

#[test]
fn a_repeated_key_is_found_in_long_objects_too() {
    for repeated in [0, 15, 16, 40] {
        let keys = (0..=40).chain([repeated]);
        let members: Vec<String> = keys.map(|k| format!("\"k{k}\": {k}")).collect();
        let text = format!("{{{}}}", members.join(","));
        assert!(error(&text).contains(&format!("`k{repeated}` stands twice")));
    }
}

#[test]
fn nesting_and_keys_are_bounded() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse(&nested(64)).is_ok());
    assert!(error(&nested(65)).contains("64 levels"));
    assert!(error(&"[".repeat(1_000_000)).contains("64 levels"));
    let object = |key: usize| format!("{{\"{}\": 1}}", "k".repeat(key));
    assert!(parse(&object(256)).is_ok());
    assert!(error(&object(257)).contains("256 bytes"));
}

proptest! {
    #[test]
    fn every_float_reads_back_as_the_same_bits(bits: u64) {
        let value = f64::from_bits(bits);
        prop_assume!(value.is_finite());
        let text = format!("{{\"a\": {value:?}}}");
        let Json::Object(members) = parse(&text).unwrap() else { panic!() };
        let Json::Number(number) = members[0].1 else { panic!() };
        prop_assert_eq!(number.parse::<f64>().unwrap().to_bits(), bits);
    }

    #[test]
    fn agrees_with_serde_json_on_what_is_json(text in "[\\[\\]{}\",:0-9eE+. \\-tnul\\\\au]{0,12}") {
        let ours = parse(&text);
        let theirs: Result<serde_json::Value, _> = serde_json::from_str(&text);
        match (&ours, &theirs) {
            // serde_json keeps the last of two equal keys; this reader refuses them.
            (Err(e), Ok(_)) if e.message.contains("stands twice") => {}
            _ => prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{}", text),
        }
    }

    #[test]
    fn never_panics(text in any::<String>()) {
        let _ = parse(&text);
    }
}
