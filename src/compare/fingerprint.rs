//! The fingerprint of a run's inputs: equal fingerprints are the same experiment.

use crate::compare::axes::config::{is_seed, names_data, names_output};
use crate::compare::axis::Axis;
use crate::model::command_line::{self, Files};
use crate::model::param::ParamKind;
use crate::model::seed::names_seed;
use crate::model::{Param, Run, Sha256};

/// A digest over everything that counts as an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The digest. What is not recorded is part of it as such.
    pub digest: Sha256,
    /// Axes that the record says nothing of.
    pub unknown: Vec<Axis>,
}

impl Fingerprint {
    /// Whether data, code and configuration are all recorded, so that equality proves something.
    pub fn is_proof(&self) -> bool {
        !self
            .unknown
            .iter()
            .any(|axis| matches!(axis, Axis::Data | Axis::Code))
    }
}

/// The fingerprint with the seed in it.
pub fn fingerprint(run: &Run) -> Fingerprint {
    of(run, true)
}

/// The fingerprint without the seed: runs that share it are repeats of one experiment.
pub fn fingerprint_but_seed(run: &Run) -> Fingerprint {
    of(run, false)
}

fn of(run: &Run, with_seed: bool) -> Fingerprint {
    let mut parts: Vec<[String; 3]> = Vec::new();
    let mut unknown = Vec::new();
    let mut add = |axis: Axis, name: &str, value: String| {
        parts.push([axis.word().to_owned(), name.to_owned(), value]);
    };
    code(run, &mut unknown, &mut add);
    if run.config.is_empty() && run.params.is_empty() {
        unknown.push(Axis::Config);
    }
    let overridden = overridden_seed(run);
    for (key, value) in &run.params {
        // Where a seed, a data file or an output is named is told by the seed, the data, nobody.
        if overridden != Some(key.as_str())
            && !is_seed(key, run, value)
            && !names_data(key, run, value)
            && !names_output(run, value)
        {
            add(Axis::Config, key, canonical(value));
        }
    }
    for file in run.config.iter().filter(|file| file.unread.is_some()) {
        add(Axis::Config, "unread", file.sha256.as_str().to_owned());
    }
    data(run, &mut unknown, &mut add);
    environment(run, &mut unknown, &mut add);
    match &run.seed {
        Some(seed) if with_seed => add(Axis::Seed, "", canonical(seed)),
        Some(_) => {}
        None => unknown.push(Axis::Seed),
    }
    parts.sort_unstable();
    unknown.sort_unstable();
    unknown.dedup();
    let text = serde_json::to_string(&parts).unwrap_or_default();
    Fingerprint {
        digest: Sha256::of(text.as_bytes()),
        unknown,
    }
}

/// The key of the configuration's seed, when the command line put another value in its place.
fn overridden_seed(run: &Run) -> Option<&str> {
    let seed = run.seed.as_ref()?;
    let command = run.command.as_ref()?;
    let plain = |words: &[String]| command_line::neutral(words, None, &Files::of(run)).len();
    let neutral = command_line::neutral(&command.argv, Some(seed), &Files::of(run));
    if neutral.len() == plain(&command.argv) {
        return None;
    }
    let mut keys: Vec<&str> = run.params.keys().map(String::as_str).collect();
    keys.retain(|key| names_seed(key));
    keys.sort_by_key(|key| (key.matches('.').count(), *key));
    keys.first().copied()
}

type Add<'a> = dyn FnMut(Axis, &str, String) + 'a;

fn code(run: &Run, unknown: &mut Vec<Axis>, add: &mut Add<'_>) {
    match (&run.code.code_tree, &run.code.commit) {
        (Some(tree), _) => add(Axis::Code, "tree", tree.as_str().to_owned()),
        (None, Some(commit)) if !run.code.dirty => {
            add(Axis::Code, "commit", commit.as_str().to_owned());
        }
        _ => unknown.push(Axis::Code),
    }
    for repo in &run.code.nested {
        let oid = repo.tree.as_ref().or(repo.commit.as_ref());
        let text = oid.map(|oid| oid.as_str().to_owned()).unwrap_or_default();
        add(Axis::Code, &repo.path.display(), text);
    }
}

fn data(run: &Run, unknown: &mut Vec<Axis>, add: &mut Add<'_>) {
    if run.data.is_empty() {
        unknown.push(Axis::Data);
    }
    for input in &run.data {
        match &input.sha256 {
            Some(digest) if !input.unstable => {
                add(Axis::Data, &input.role, digest.as_str().to_owned());
            }
            _ => unknown.push(Axis::Data),
        }
    }
}

fn environment(run: &Run, unknown: &mut Vec<Axis>, add: &mut Add<'_>) {
    match &run.env {
        Some(env) => {
            add(Axis::Env, "python", env.python.clone().unwrap_or_default());
            for (name, version) in &env.direct {
                add(Axis::Env, name, version.clone().unwrap_or_default());
            }
            for (name, value) in env.vars.iter().filter(|(n, _)| n.ends_with("_NUM_THREADS")) {
                add(Axis::Env, name, value.clone());
            }
        }
        None => unknown.push(Axis::Env),
    }
    match &run.hardware {
        Some(machine) => {
            add(Axis::Hardware, "cores", format!("{:?}", machine.cores));
            add(Axis::Hardware, "gpus", format!("{:?}", machine.gpus));
        }
        None => unknown.push(Axis::Hardware),
    }
}

/// One text for all spellings of a value: equal texts exactly where [`Param::same_value`] holds.
pub fn canonical(value: &Param) -> String {
    let (kind, text) = match value {
        Param::List(items) => {
            let inner: Vec<String> = items.iter().map(canonical).collect();
            return serde_json::to_string(&inner).unwrap_or_default();
        }
        Param::Leaf { kind, text } => (*kind, text.clone()),
    };
    match kind {
        ParamKind::Null => "null".to_owned(),
        ParamKind::Map => "map".to_owned(),
        ParamKind::Bool => format!("bool {}", value.bool().unwrap_or_default()),
        ParamKind::Int => match value.number() {
            Some(number) => format!("int {}", plain_integer(number.as_str())),
            None => format!("int {text}"),
        },
        ParamKind::Float => match value.number() {
            // Adding zero makes the negative zero positive.
            Some(number) => format!("float {:?}", number.as_f64() + 0.0),
            None => format!("float {text}"),
        },
        ParamKind::Str => format!("str {text}"),
        ParamKind::Date => format!("date {text}"),
    }
}

fn plain_integer(text: &str) -> String {
    let digits = text.trim_start_matches(['-', '+']).trim_start_matches('0');
    match (digits.is_empty(), text.starts_with('-')) {
        (true, _) => "0".to_owned(),
        (false, true) => format!("-{digits}"),
        (false, false) => digits.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn leaf() -> impl Strategy<Value = Param> {
        let spelled = |kind: ParamKind, texts: &'static [&'static str]| {
            prop::sample::select(texts).prop_map(move |text| Param::leaf(kind, text))
        };
        prop_oneof![
            spelled(
                ParamKind::Int,
                &["0", "-0", "012", "10", "0x0a", "99999999999999999999"]
            ),
            spelled(
                ParamKind::Float,
                &["1e-4", "0.0001", "-0.0", "0.0", ".nan", ".inf", "1.0"]
            ),
            spelled(ParamKind::Bool, &["yes", "true", "no", "off"]),
            spelled(ParamKind::Str, &["1e-4", "yes", "10", ""]),
            spelled(ParamKind::Null, &["~", "null", ""]),
        ]
    }

    proptest! {
        #[test]
        fn canonical_text_is_equal_exactly_for_the_same_value(a in leaf(), b in leaf()) {
            prop_assert_eq!(a.same_value(&b), canonical(&a) == canonical(&b), "{:?} {:?}", a, b);
            let (a, b) = (Param::List(vec![a]), Param::List(vec![b]));
            prop_assert_eq!(a.same_value(&b), canonical(&a) == canonical(&b));
        }
    }
}
