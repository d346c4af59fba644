//! The man pages are generated from the command line and must be fresh. `UPDATE_MAN=1 cargo test man`
//! writes them anew.

use std::path::Path;

use clap::CommandFactory;

#[test]
fn man_pages_are_what_the_command_line_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("man");
    let mut program = git_exp::cli::Cli::command();
    program.build();
    let mut pages = vec![("git-exp".to_owned(), page(&program, "git-exp"))];
    for verb in program.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let name = format!("git-exp-{}", verb.get_name());
        pages.push((name.clone(), page(verb, &name)));
    }
    let update = std::env::var_os("UPDATE_MAN").is_some();
    for (name, text) in &pages {
        let path = folder.join(format!("{name}.1"));
        if update {
            std::fs::write(&path, text).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == *text,
            "{name}.1 is stale: run UPDATE_MAN=1 cargo test man_pages"
        );
    }
    let known: Vec<String> = pages.iter().map(|(name, _)| format!("{name}.1")).collect();
    for entry in std::fs::read_dir(&folder).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        assert!(
            !name.ends_with(".1") || known.contains(&name),
            "{name} belongs to no verb"
        );
    }
}

fn page(command: &clap::Command, name: &str) -> String {
    let command = command
        .clone()
        .name(name.to_owned())
        .version(env!("CARGO_PKG_VERSION"));
    let man = clap_mangen::Man::new(command)
        .title(name.to_uppercase())
        .date("")
        .manual("git exp");
    let mut bytes = Vec::new();
    man.render(&mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}
