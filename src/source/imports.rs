//! What a Python file imports, and whether it may load more than it says.

use super::python::{Kind, Token, normalized, tokens};

/// One `import` or `from … import`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Import {
    /// Leading dots.
    pub level: usize,
    /// The module's parts; none for `from . import x`.
    pub module: Vec<String>,
    /// The names behind `from … import`, which may be modules.
    pub names: Vec<String>,
    /// `import *`
    pub star: bool,
    /// Only a type checker executes it.
    pub typing: bool,
}

/// What is found in one file.
#[derive(Clone, Debug, Default)]
pub struct Imports {
    /// In the order of the text, wherever they stand.
    pub list: Vec<Import>,
    /// A place that may load modules which no import names: its line and its name.
    pub dynamic: Option<(usize, String)>,
    /// The text of its strings, by which it may name files.
    pub strings: Vec<u8>,
}

/// Names that load code by a name made at run time, or start other programs.
const LOADERS: [&str; 16] = [
    "importlib",
    "import_module",
    "__import__",
    "runpy",
    "pkgutil",
    "imp",
    "import_string",
    "spec_from_file_location",
    "entry_points",
    "instantiate",
    "subprocess",
    "execfile",
    "posix_spawn",
    "nbformat",
    "papermill",
    "import_ipynb",
];

/// Built-in functions that execute text; methods of these names are something else.
const EVALUATORS: [&str; 2] = ["exec", "eval"];

/// Modules whose `load` imports what the file names.
const PICKLERS: [&str; 6] = [
    "pickle",
    "cPickle",
    "joblib",
    "dill",
    "cloudpickle",
    "torch",
];

/// Functions of `os` that start other programs.
const STARTERS: [&str; 3] = ["system", "exec", "spawn"];

/// Reads the imports of a Python text; `None` when it is not surely Python.
pub fn of(text: &[u8]) -> Option<Imports> {
    let text = normalized(text);
    let tokens = tokens(&text)?;
    let mut found = Imports::default();
    let (mut level, mut typing): (usize, Option<usize>) = (0, None);
    for statement in tokens.split_inclusive(|token| token.kind == Kind::Newline) {
        for token in statement {
            match token.kind {
                Kind::Indent => level += 1,
                Kind::Dedent => level = level.saturating_sub(1),
                _ => {}
            }
        }
        let words: Vec<&Token<'_>> = statement
            .iter()
            .filter(|t| !matches!(t.kind, Kind::Indent | Kind::Dedent | Kind::Newline))
            .collect();
        typing = typing.filter(|outer| level > *outer);
        let from = found.list.len();
        read(&words, &mut found);
        for import in &mut found.list[from..] {
            import.typing = typing.is_some();
        }
        if is_typing_block(&words) {
            typing.get_or_insert(level);
        }
        for (at, word) in words.iter().enumerate() {
            if found.dynamic.is_none() && may_load(&words, at) {
                let name = String::from_utf8_lossy(word.text).into_owned();
                found.dynamic = Some((word.line, name));
            }
            if word.kind == Kind::String {
                found.strings.extend_from_slice(word.text);
                found.strings.push(b'\n');
            }
        }
    }
    Some(found)
}

/// `if TYPE_CHECKING:`, alone on its line.
fn is_typing_block(words: &[&Token<'_>]) -> bool {
    let is = |at: usize, text: &str| words.get(at).is_some_and(|word| word.is(text));
    let name = match words.len() {
        3 => 1,
        5 if is(1, "typing") && is(2, ".") => 3,
        _ => return false,
    };
    is(0, "if") && is(name, "TYPE_CHECKING") && is(name + 1, ":")
}

fn may_load(words: &[&Token<'_>], at: usize) -> bool {
    let word = words[at];
    if word.kind != Kind::Name {
        return false;
    }
    let is = |at: Option<usize>, text: &str| {
        at.and_then(|at| words.get(at))
            .is_some_and(|word| word.is(text))
    };
    let text = std::str::from_utf8(word.text).unwrap_or_default();
    let method = is(at.checked_sub(1), ".");
    let called = is(Some(at + 1), "(");
    let of =
        |modules: &[&str]| method && modules.iter().any(|module| is(at.checked_sub(2), module));
    LOADERS.contains(&text)
        || (EVALUATORS.contains(&text) && !method && called)
        || (matches!(text, "load" | "loads") && of(&PICKLERS))
        || (STARTERS.iter().any(|start| text.starts_with(start)) && of(&["os"]))
        || (text == "load" && words.first().is_some_and(|w| w.is("from")) && imports_pickler(words))
}

/// `from joblib import load`
fn imports_pickler(words: &[&Token<'_>]) -> bool {
    PICKLERS
        .iter()
        .any(|module| words.get(1).is_some_and(|word| word.is(module)))
}

/// The imports of one line: it may hold several statements.
fn read(words: &[&Token<'_>], found: &mut Imports) {
    let begins = |at: usize| at == 0 || words[at - 1].is(";") || words[at - 1].is(":");
    let mut at = 0;
    while at < words.len() {
        if begins(at) && words[at].is("import") {
            at = plain(words, at + 1, found);
        } else if begins(at) && words[at].is("from") {
            at = from(words, at + 1, found);
        } else {
            at += 1;
        }
    }
}

fn dotted(words: &[&Token<'_>], at: &mut usize) -> Vec<String> {
    let mut parts = Vec::new();
    while let Some(word) = words.get(*at).filter(|word| word.kind == Kind::Name) {
        if word.is("import") {
            break;
        }
        parts.push(String::from_utf8_lossy(word.text).into_owned());
        *at += 1;
        if !words.get(*at).is_some_and(|word| word.is(".")) {
            break;
        }
        *at += 1;
    }
    parts
}

/// Passes over `as name`.
fn renamed(words: &[&Token<'_>], at: &mut usize) {
    if words.get(*at).is_some_and(|word| word.is("as")) {
        *at += 2;
    }
}

fn plain(words: &[&Token<'_>], mut at: usize, found: &mut Imports) -> usize {
    loop {
        let module = dotted(words, &mut at);
        if module.is_empty() {
            return at;
        }
        found.list.push(Import {
            module,
            ..Import::default()
        });
        renamed(words, &mut at);
        if !words.get(at).is_some_and(|word| word.is(",")) {
            return at;
        }
        at += 1;
    }
}

fn from(words: &[&Token<'_>], mut at: usize, found: &mut Imports) -> usize {
    let mut import = Import::default();
    while let Some(word) = words.get(at).filter(|word| word.is(".") || word.is("...")) {
        import.level += word.text.len();
        at += 1;
    }
    import.module = dotted(words, &mut at);
    if !words.get(at).is_some_and(|word| word.is("import")) {
        return at;
    }
    at += 1;
    while let Some(word) = words.get(at) {
        match word.kind {
            Kind::Name => {
                let name = String::from_utf8_lossy(word.text).into_owned();
                import.names.push(name);
                at += 1;
                renamed(words, &mut at);
            }
            _ if word.is("*") => {
                import.star = true;
                at += 1;
            }
            _ if word.is("(") || word.is(")") || word.is(",") => at += 1,
            _ => break,
        }
    }
    found.list.push(import);
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Imports {
        of(text.as_bytes()).expect(text)
    }

    fn shown(text: &str) -> Vec<String> {
        let show = |import: &Import| {
            let dots = ".".repeat(import.level);
            let mut text = format!("{dots}{}", import.module.join("."));
            if !import.names.is_empty() {
                text.push_str(&format!(": {}", import.names.join(" ")));
            }
            text.push_str(if import.star { "*" } else { "" });
            text.push_str(if import.typing { " (types)" } else { "" });
            text
        };
        found(text).list.iter().map(show).collect()
    }

    #[test]
    fn every_form_is_read_wherever_it_stands() {
        assert_eq!(
            shown("import a, b.c as d; import e\nfrom a.b import (\n  c as x, # no\n  d,\n)\n"),
            ["a", "b.c", "e", "a.b: c d"]
        );
        assert_eq!(
            shown("from . import x\nfrom ..y.z import *\nfrom ... import w\n"),
            [".: x", "..y.z*", "...: w"]
        );
        assert_eq!(
            shown("def f():\n  if x: import a\n  yield from b\n  raise E from c\n"),
            ["a"]
        );
        assert_eq!(shown("s = 'import a'\n# import b\n"), Vec::<String>::new());
        assert_eq!(
            shown("if TYPE_CHECKING:\n  import a\n  import b\nelse:\n  import c\nimport d\n"),
            ["a (types)", "b (types)", "c", "d"]
        );
    }

    #[test]
    fn what_may_load_more_is_seen_with_its_place() {
        let at = |text: &str| found(text).dynamic;
        assert_eq!(
            at("x = 1\nm = importlib.import_module(n)"),
            Some((2, "importlib".into()))
        );
        assert_eq!(at("exec(code)").map(|(line, _)| line), Some(1));
        assert_eq!(
            at("model.eval()\ndf.eval('a')\njson.load(f)\nre.compile(x)"),
            None
        );
        assert_eq!(at("pickle.dump(x, f)"), None);
        assert!(at("pickle.load(f)").is_some() && at("from joblib import load").is_some());
        assert!(at("os.system('ls')").is_some() && at("os.execvp(a, b)").is_some());
    }

    #[test]
    fn strings_are_kept_for_names_of_files() {
        let strings = found("open('notebooks/eda.ipynb')").strings;
        assert_eq!(strings, b"'notebooks/eda.ipynb'\n");
    }
}
