//! Which interpreter is taken, and which release it is.

use super::*;

#[test]
fn a_venv_without_a_known_base_says_what_it_was_made_from() {
    let world = World::new();
    world.program("opt/bin/python3.11", "\x7fELF");
    world.link("opt/bin/python3", &world.path("opt/bin/python3.11"));
    world.venv(
        "project/.venv",
        "opt",
        "3.11",
        "version_info = 3.11.4.final.0\n",
    );
    let seen = world.observe(None, &[]);
    assert_eq!(seen.environment.python.as_deref(), Some("3.11.4"));
}

#[test]
fn pyenv_shims_are_followed() {
    let world = World::new();
    for release in ["3.11.7", "3.11.12", "3.12.1"] {
        world.python(&format!("home/.pyenv/versions/{release}"), release);
    }
    world.program("home/.pyenv/versions/3.12.1/bin/torchrun", "");
    let runner = world.path("home/.pyenv/versions/3.12.1/bin/python3.12");
    world.program(
        "home/.pyenv/versions/3.12.1/bin/torchrun",
        &format!("#!{}\n", runner.display()),
    );
    for shim in ["python", "torchrun"] {
        world.program(
            &format!("home/.pyenv/shims/{shim}"),
            "#!/usr/bin/env bash\n",
        );
    }
    world.file("home/.pyenv/version", "3.12.1\n");
    let path = world.path("home/.pyenv/shims").display().to_string();
    let python = |program: &str, vars: &[(&str, &str)]| {
        let vars = [&[("PATH", path.as_str())], vars].concat();
        let seen = world.observe(Some(program), &vars);
        (
            seen.environment.python,
            seen.environment.manager,
            seen.notes,
        )
    };
    let full = |release: &str| (Some(release.to_owned()), Some("pyenv".to_owned()), vec![]);
    assert_eq!(python("python", &[]), full("3.12.1"));
    assert_eq!(
        python("python", &[("PYENV_VERSION", "3.11.7")]),
        full("3.11.7")
    );
    world.file("project/.python-version", "# for the lab\n3.11\n");
    assert_eq!(python("python", &[]), full("3.11.12"));
    world.file("project/.python-version", "3.11.7\n3.12.1\n");
    assert_eq!(python("torchrun", &[]), full("3.12.1"));
    for bad in ["3.9", "../../../../../opt"] {
        world.file("project/.python-version", bad);
        let (version, _, notes) = python("python", &[]);
        assert_eq!(version, None);
        assert!(
            notes[0].starts_with("pyenv has no `python` in"),
            "{notes:?}"
        );
    }
}

#[test]
fn scripts_name_their_interpreter() {
    let world = with_venv();
    world.python("opt2", "3.12.1");
    let python = world.path("opt2/bin/python3").display().to_string();
    let path = world.path("opt2/bin").display().to_string();
    let long = format!("#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n");
    for (text, expected) in [
        (format!("#!{python}\nimport x\n"), "3.12.1"),
        ("#!/usr/bin/env python3\n".to_owned(), "3.12.1"),
        ("#!/usr/bin/env -S python3 -u\n".to_owned(), "3.12.1"),
        (long, "3.12.1"),
        // Shell scripts run what is active: the project's own here.
        ("#!/bin/bash\npython t.py\n".to_owned(), "3.11.7"),
    ] {
        world.program("project/run", &text);
        let seen = world.observe(Some("./run"), &[("PATH", &path)]);
        assert_eq!(seen.environment.python.as_deref(), Some(expected), "{text}");
    }
    world.program("project/run", "#!./run\n");
    assert_eq!(
        world
            .observe(Some("./run"), &[])
            .environment
            .python
            .as_deref(),
        Some("3.11.7")
    );
}

#[test]
fn what_is_not_python_gets_no_python() {
    let world = World::new();
    world.python("opt", "3.11.7");
    world.program("opt/bin/Rscript", "\x7fELF");
    let path = world.path("opt/bin").display().to_string();
    for program in ["Rscript", "julia", "./a.out"] {
        let seen = world.observe(Some(program), &[("PATH", &path)]);
        assert_eq!(seen, Observed::default(), "{program}");
    }
    for program in ["docker", "conda", "uv", "poetry"] {
        let seen = world.observe(Some(program), &[("PATH", &path)]);
        assert_eq!(seen.environment.python, None);
        assert!(
            seen.notes[0].contains("chooses the environment by itself"),
            "{:?}",
            seen.notes
        );
    }
    let seen = world.observe(Some("python3.9"), &[("PATH", &path)]);
    assert_eq!(
        seen.notes,
        ["`python3.9` was not found: its environment is not known"]
    );
}

#[test]
fn the_active_environment_goes_before_the_projects() {
    let world = with_venv();
    world.python("opt2", "3.12.1");
    world.venv("home/envs/x", "opt2", "3.12", "");
    let active = world.path("home/envs/x").display().to_string();
    let seen = world.observe(None, &[("VIRTUAL_ENV", &active)]);
    assert_eq!(
        seen.environment.interpreter.as_deref(),
        Some("~/envs/x/bin/python")
    );
    assert_eq!(seen.environment.python.as_deref(), Some("3.12.1"));
    // One that is gone counts for nothing, and uv goes by the project.
    for (program, active) in [(None, "/gone"), (Some("uv"), active.as_str())] {
        let seen = world.observe(program, &[("VIRTUAL_ENV", active)]);
        assert_eq!(seen.environment.python.as_deref(), Some("3.11.7"));
    }
}

#[test]
fn links_that_lead_nowhere_or_elsewhere_are_told() {
    let world = World::new();
    world.venv("project/.venv", "gone", "3.11", "version = 3.11.4\n");
    let seen = world.observe(None, &[]);
    assert_eq!(seen.environment, Environment::default());
    assert!(
        seen.notes[0].contains("can't be followed"),
        "{:?}",
        seen.notes
    );
    let mise = world.program("opt/bin/mise", "\x7fELF");
    world.link("shims/python", &mise);
    let path = world.path("shims").display().to_string();
    let seen = world.observe(Some("python"), &[("PATH", &path)]);
    assert_eq!(seen.environment, Environment::default());
    assert!(
        seen.notes[0].contains("chooses the interpreter"),
        "{:?}",
        seen.notes
    );
}
