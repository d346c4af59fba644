use proptest::prelude::*;

use super::*;

fn edit(path: &str, text: &str, key: &str, value: &str) -> Result<String, EditError> {
    let edited = set(&path.into(), text.as_bytes(), key, value)?;
    Ok(String::from_utf8(edited.bytes).unwrap())
}

const YAML: &str = "# first\nseed: 42   # the answer\nmodel:\n  type: \"gbm\"   # or forest\n  \
                    depth: 3\n  empty:\n  list:\n    - a\n    - b # last\n  flow: [1, 2]\nlayers:\n  \
                    - {size: 64, act: relu}\n  - size: 32\n\"a.b\": x\nпуть: данные\n";

#[test]
fn yaml_keeps_comments_order_and_quotes_of_others() {
    let cases = [
        ("seed", "7", "seed: 42   # the", "seed: 7   # the"),
        ("model.type", "forest", "\"gbm\"", "forest"),
        ("model.type", "12: 3", "\"gbm\"", "\"12: 3\""),
        ("model.type", "\"42\"", "\"gbm\"", "\"42\""),
        ("model.depth", "1e-4", "depth: 3", "depth: 1e-4"),
        ("model.empty", "5", "empty:\n", "empty: 5\n"),
        (
            "model.list",
            "[c, d]",
            "list:\n    - a\n    - b # last",
            "list: [c, d] # last",
        ),
        ("model.flow", "[3]", "[1, 2]", "[3]"),
        ("layers.0.size", "128", "size: 64", "size: 128"),
        ("layers.1.size", "8", "size: 32", "size: 8"),
        ("\"a.b\"", "y", "\"a.b\": x", "\"a.b\": y"),
        ("model.type", "x # y", "\"gbm\"", "\"x # y\""),
        ("путь", "другой", "путь: данные", "путь: другой"),
        ("model.type", "", "\"gbm\"", ""),
    ];
    for (key, value, from, to) in cases {
        let expected = YAML.replacen(from, to, 1);
        assert_eq!(
            edit("c.yaml", YAML, key, value).as_deref(),
            Ok(expected.as_str()),
            "{key}"
        );
    }
}

#[test]
fn values_that_stand_elsewhere_are_refused() {
    let shared = "a: &x\n  lr: 1\nb:\n  <<: *x\n  n: 2\nc: *x\n";
    let refused = edit("c.yaml", shared, "a.lr", "2").unwrap_err();
    assert_eq!(
        refused,
        EditError::Impossible("`b.lr` would change with it".into())
    );
    let refused = edit("c.yaml", shared, "b.lr", "2").unwrap_err();
    assert!(matches!(refused, EditError::Impossible(why) if why.contains("anchor")));
    assert_eq!(
        edit("c.yaml", YAML, "model.dep", "2"),
        Err(EditError::UnknownKey)
    );
}

#[test]
fn line_ends_and_a_byte_order_mark_stay() {
    let windows = "\u{feff}a: 1\r\nb:\r\n  c: текст # да\r\n";
    assert_eq!(
        edit("c.yaml", windows, "b.c", "x").unwrap(),
        "\u{feff}a: 1\r\nb:\r\n  c: x # да\r\n"
    );
    let ini = "[a]\r\nx = 1\r\ny=2\r\n";
    assert_eq!(
        edit("c.ini", ini, "a.x", "5").unwrap(),
        "[a]\r\nx = 5\r\ny=2\r\n"
    );
}

#[test]
fn json_keeps_order_and_spacing() {
    let text = "{\"z\": 1,\n  \"a\" : {\"lr\": 1e-3, \"x.y\": [1, {\"k\": null}]}, \"n\": \"q\"}\n";
    for (key, value, from, to) in [
        ("a.lr", "0.01", "1e-3", "0.01"),
        ("a.\"x.y\".1.k", "true", "null", "true"),
        ("n", "LGBM", "\"q\"", "\"LGBM\""),
        ("n", "'7'", "\"q\"", "\"7\""),
        ("n", "[a, 2]", "\"q\"", "[\"a\", 2]"),
        ("z", "\"quoted \\\" text\"", "1", "\"quoted \\\" text\""),
    ] {
        let expected = text.replacen(from, to, 1);
        assert_eq!(
            edit("c.json", text, key, value).as_deref(),
            Ok(expected.as_str()),
            "{key}"
        );
    }
}

#[test]
fn toml_keeps_comments() {
    let text = "# top\nseed = 42 # answer\n[model]\ntype = \"gbm\"   # or\nlist = [ 1, 2 ]\n\n\
                [[layer]]\nsize = 64\n[[layer]]\nsize = 32 # small\nopt = { lr = 1e-3, w = 0 }\n";
    for (key, value, from, to) in [
        ("seed", "7", "42", "7"),
        ("model.type", "forest", "\"gbm\"", "\"forest\""),
        ("model.list", "[a, 3]", "[ 1, 2 ]", "[\"a\", 3]"),
        ("layer.1.size", "8", "32", "8"),
        ("layer.1.opt.lr", "0.01", "1e-3", "0.01"),
    ] {
        let expected = text.replacen(from, to, 1);
        assert_eq!(
            edit("c.toml", text, key, value).as_deref(),
            Ok(expected.as_str()),
            "{key}"
        );
    }
}

#[test]
fn ini_keeps_its_lines() {
    let text = "; top\n[optim]\nlr = 0.1\nname: adam\nlong = a\n  b\n";
    assert_eq!(
        edit("c.ini", text, "optim.lr", "0.2").unwrap(),
        text.replace("0.1", "0.2")
    );
    assert_eq!(
        edit("c.ini", text, "optim.name", "sgd").unwrap(),
        text.replace("adam", "sgd")
    );
    assert!(edit("c.ini", text, "optim.long", "x").is_err(), "two lines");
}

#[test]
fn every_leaf_of_real_files_can_be_set_alone() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut seen = 0;
    for file in [
        "course-project/configs/base.yaml",
        "configs/detector/config.yaml",
        "configs/forest/config.yaml",
        "configs/hydra/config.yaml",
        "configs/colab/config.json",
        "configs/cargo/config.toml",
        "configs/classic/train.ini",
    ] {
        let bytes = std::fs::read(root.join(file)).unwrap();
        let path = RecordPath::from(file);
        for key in read(&path, &bytes).unwrap().keys() {
            let edited = set(&path, &bytes, key, "0.12345");
            match edited {
                Ok(edited) => {
                    let after = read(&path, &edited.bytes).unwrap();
                    assert_eq!(after[key].spelling(), "0.12345", "{file} {key}");
                    seen += 1;
                }
                Err(error) => assert!(
                    matches!(error, EditError::Impossible(_)),
                    "{file} {key}: {error:?}"
                ),
            }
        }
    }
    assert!(seen > 60, "only {seen} values could be set");
}

proptest! {
    #[test]
    fn any_text_is_written_as_it_was_typed(value in "\\PC{0,24}") {
        // What starts like a list or a quote is typed by its own syntax.
        prop_assume!(!value.trim().starts_with(['[', '"', '\'']) && value.trim() == value);
        for (path, text) in [("c.yaml", "a: 1\nb: 2 # c\n"), ("c.toml", "a = 1\nb = 2 # c\n"), ("c.json", "{\"a\": 1, \"b\": 2}")] {
            let edited = edit(path, text, "b", &value);
            let edited = match edited {
                Ok(edited) => edited,
                Err(error) => return Err(TestCaseError::fail(format!("{path}: {error:?}"))),
            };
            let after = read(&path.into(), edited.as_bytes()).unwrap();
            prop_assert_eq!(after["a"].spelling(), "1");
            let Param::Leaf { text, .. } = &after["b"] else { panic!("a list") };
            let is_object = path != "c.yaml" && value.starts_with('{');
            prop_assert!(is_object || text == &value || after["b"].number().is_some(), "{} {:?}", path, text);
        }
    }
}
