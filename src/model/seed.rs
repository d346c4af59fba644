//! Names that programs give a seed by: keys of a configuration and flags of a command.

/// In lower case, with underscores.
const NAMES: [&str; 6] = [
    "seed",
    "random_state",
    "random_seed",
    "rng_seed",
    "manual_seed",
    "global_seed",
];

/// Whether a key (`model.random_state`: its last part counts) or the name of a flag
/// (`manual-seed`) is called like a seed.
pub fn names_seed(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let is = |known: &&str| {
        last.len() == known.len()
            && last.bytes().zip(known.bytes()).all(|(a, b)| match a {
                b'-' => b == b'_',
                a => a.eq_ignore_ascii_case(&b),
            })
    };
    NAMES.iter().any(is)
}

/// Whether a word of a command is a flag called like a seed: `--seed`, `--random-state=7`.
pub fn flag_names_seed(word: &str) -> bool {
    let name = word.split('=').next().unwrap_or(word);
    name.starts_with('-') && names_seed(name.trim_start_matches('-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_known_by_its_whole_name() {
        for name in ["seed", "model.random_state", "Train.SEED", "manual-seed"] {
            assert!(names_seed(name), "{name}");
        }
        for name in ["seeds", "seed.path", "reseed", "seed_x", ""] {
            assert!(!names_seed(name), "{name}");
        }
        assert!(flag_names_seed("--random-state=7") && flag_names_seed("-seed"));
        assert!(!flag_names_seed("seed") && !flag_names_seed("--seeds"));
    }
}
