//! What must hold stands in tables at the head of the test modules. Each row names its tests, and
//! those exist.

use std::path::{Path, PathBuf};

const TABLES: [&str; 4] = ["freeze/mod.rs", "crash.rs", "security.rs", "team.rs"];

/// The file of a test: `module::name` of these tests, `git_exp::module::name` of the program's own.
fn file(test: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (folder, module) = match test.strip_prefix("git_exp::") {
        Some(rest) => ("src", rest),
        None => ("tests", test),
    };
    let module = root
        .join(folder)
        .join(module.rsplit_once("::")?.0.replace("::", "/"));
    let places = [module.with_extension("rs"), module.join("mod.rs")];
    places.into_iter().find(|place| place.is_file())
}

#[test]
fn every_row_of_a_table_names_tests_that_exist() {
    for table in TABLES {
        let place = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests")
            .join(table);
        let text = std::fs::read_to_string(place).unwrap();
        let rows: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("//! | "))
            .collect();
        assert!(rows.len() > 5, "{table} has no table");
        for row in &rows[1..] {
            let named = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
            for test in named.split(", ").map(|name| name.trim_matches('`')) {
                let name = test.rsplit("::").next().unwrap();
                let file = file(test).unwrap_or_else(|| panic!("{table}: no file of {test}"));
                let code = std::fs::read_to_string(file).unwrap();
                assert!(
                    code.contains(&format!("#[test]\n{}fn {name}()", indent(&code, name))),
                    "{table}: {test}"
                );
            }
        }
    }
}

/// The white space before a function.
fn indent<'a>(code: &'a str, name: &str) -> &'a str {
    let at = code.find(&format!("fn {name}()")).unwrap_or(0);
    let line = code[..at].rfind('\n').map_or(0, |end| end + 1);
    &code[line..at]
}
