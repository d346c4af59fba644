//! The README's commands exist: every `git exp …` line in it is understood by the real command line.

use clap::Parser;

fn readme() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    std::fs::read_to_string(path).unwrap()
}

/// Splits a line as a shell would: words, single and double quotes.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ' ') => words.extend((!word.is_empty()).then(|| std::mem::take(&mut word))),
            _ => word.push(c),
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[test]
fn every_command_in_the_readme_is_understood() {
    let text = readme();
    let prompts = text
        .lines()
        .filter_map(|line| line.strip_prefix("$ git exp "));
    let inline = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter_map(|c| c.strip_prefix("git exp "));
    let steps = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- run: git exp "));
    let mut seen = 0;
    for line in prompts.chain(inline).chain(steps) {
        if line == "…" || line.starts_with('-') {
            continue;
        }
        let parsed =
            git_exp::cli::Cli::try_parse_from(std::iter::once("git-exp".into()).chain(words(line)));
        assert!(parsed.is_ok(), "`git exp {line}`: {}", parsed.unwrap_err());
        seen += 1;
    }
    assert!(seen > 25, "only {seen} commands were found in the README");
}

#[test]
fn the_two_commands_of_the_contract_are_named() {
    let text = readme();
    assert!(text.contains("fixtures/course-project/tour.sh"));
    assert!(text.contains("cargo test --locked"));
}
