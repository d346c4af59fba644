//! Where a Python program takes a random state that nobody gave it.

use super::python::{Kind, normalized, tokens};

/// Generators that draw their seed from the system when they are given none.
const GENERATORS: [&str; 4] = ["Random", "RandomState", "default_rng", "SeedSequence"];
/// Arguments that take a random state.
const ARGUMENTS: [&str; 3] = ["random_state", "seed", "rng"];

/// Lines and names, in the order of the text: `Random()`, `random_state=None`.
pub fn places(text: &[u8]) -> Vec<(usize, String)> {
    let text = normalized(text);
    let Some(tokens) = tokens(&text) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for window in tokens.windows(3) {
        let [name, next, last] = window else { continue };
        let text = std::str::from_utf8(name.text).unwrap_or_default();
        let empty = GENERATORS.contains(&text) && next.is("(") && last.is(")");
        let none = ARGUMENTS.contains(&text) && next.is("=") && last.is("None");
        if name.kind == Kind::Name && (empty || none) {
            found.push((name.line, text.to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_states_without_a_value_are_found() {
        let text = "a = Random()\nb = Random(1)\n# Random()\nf(random_state=None)\n\
                    f(random_state=1)\nnp.random.default_rng()\nx.seed = None\n";
        let lines: Vec<usize> = places(text.as_bytes())
            .into_iter()
            .map(|(l, _)| l)
            .collect();
        assert_eq!(lines, [1, 4, 6, 7]);
        assert!(places(b"def f(:").is_empty());
    }
}
