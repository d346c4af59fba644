//! One line of a requirements file or of a dependency list (PEP 508).

use super::packages::normalized;

/// Something that a project asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Requirement {
    /// Normalised.
    pub(super) name: String,
    /// Whether it is asked for under a condition only (`; python_version < "3.8"`).
    pub(super) conditional: bool,
}

/// Reads a requirement; `None` for options, paths, addresses without a name, and nonsense.
pub(super) fn parse(line: &str) -> Option<Requirement> {
    let line = without_comment(line).trim();
    if line.is_empty() || line.starts_with(['-', '.', '/']) {
        return None;
    }
    let conditional = line
        .split_once(';')
        .is_some_and(|(_, rest)| !rest.trim().is_empty());
    let length = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(length);
    let is_name = rest.is_empty()
        || rest.starts_with([' ', '\t', '[', '<', '>', '=', '!', '~', ';', '@', ',', '(']);
    let name = match is_name {
        true => name,
        false => name_in_url(line)?,
    };
    let begins = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    begins.then(|| Requirement {
        name: normalized(name.trim_end_matches(['-', '_', '.'])),
        conditional,
    })
}

/// `git+https://host/x.git#egg=name`, `https://host/name-1.0-py3-none-any.whl`
fn name_in_url(line: &str) -> Option<&str> {
    let url = line.split_whitespace().next()?;
    let (address, fragment) = url.split_once('#').unwrap_or((url, ""));
    let egg = fragment
        .split('&')
        .find_map(|part| part.strip_prefix("egg="));
    if let Some(egg) = egg {
        return egg.split('[').next();
    }
    if !address.contains("://") {
        return None;
    }
    let wheel = address.rsplit('/').next()?.strip_suffix(".whl")?;
    wheel.split('-').next()
}

/// A `#` begins a comment at the start or after a space; elsewhere it is part of an address.
fn without_comment(line: &str) -> &str {
    let comment = line
        .char_indices()
        .find(|&(i, c)| c == '#' && line[..i].ends_with([' ', '\t']))
        .map_or(line.len(), |(i, _)| i);
    match line.starts_with('#') {
        true => "",
        false => &line[..comment],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_of_requirements() {
        for (line, name) in [
            ("numpy", "numpy"),
            ("Scikit_Learn >= 1.4  # for the forest", "scikit-learn"),
            ("ruamel.yaml==0.18", "ruamel-yaml"),
            ("uvicorn[standard]~=0.30", "uvicorn"),
            ("torch @ https://host/torch-2.1-cp311.whl", "torch"),
            (
                "git+https://host/x.git@main#egg=My_Pkg[all]&subdirectory=a",
                "my-pkg",
            ),
            ("https://host/dl/tiny_lib-1.0-py3-none-any.whl", "tiny-lib"),
            ("pandas (>=2.0)", "pandas"),
        ] {
            let parsed = parse(line).map(|r| (r.name, r.conditional));
            assert_eq!(parsed, Some((name.to_owned(), false)), "{line}");
        }
        assert!(parse("tomli; python_version < '3.11'").unwrap().conditional);
    }

    #[test]
    fn lines_that_name_nothing() {
        for line in [
            "",
            "# numpy",
            "-r other.txt",
            "--hash=sha256:ab",
            "./local",
            "/abs/pkg",
            "-e .",
            "https://host/archive.tar.gz",
            "git+https://host/x.git",
            "{{ templated }}",
            "a b/c.whl|",
        ] {
            let named = parse(line).map(|r| r.name);
            assert!(
                named.is_none() || line.starts_with("a b"),
                "{line}: {named:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_line_is_read_and_names_are_normal(line in "\\PC{0,40}") {
            if let Some(found) = parse(&line) {
                prop_assert_eq!(normalized(&found.name), found.name);
            }
        }
    }
}
