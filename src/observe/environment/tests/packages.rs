//! What is installed, and where it is looked for.

use super::*;

#[test]
fn a_venv_is_read_whole() {
    let world = with_venv();
    for stem in [
        "numpy-1.26.4",
        "scikit_learn-1.4.2",
        "torch-2.1.0+cu118",
        "ruamel.yaml-0.18.5",
    ] {
        world.package(SITE, stem);
    }
    world.file("project/uv.lock", "version = 1\n");
    let seen = world.observe(Some(".venv/bin/python"), &[("OMP_NUM_THREADS", "2")]);
    let text = "numpy==1.26.4\nruamel-yaml==0.18.5\nscikit-learn==1.4.2\ntorch==2.1.0+cu118\n";
    assert_eq!(env_txt(&seen.packages), text);
    let environment = seen.environment;
    assert_eq!(
        environment.python.as_deref(),
        Some("3.11.7"),
        "the base was updated since"
    );
    assert_eq!(environment.interpreter.as_deref(), Some(".venv/bin/python"));
    assert_eq!(environment.manager.as_deref(), Some("venv"));
    assert_eq!(environment.packages, Some(4));
    assert_eq!(environment.lock.as_deref(), Some("env.txt"));
    assert_eq!(environment.sha256, Some(Sha256::of(text.as_bytes())));
    assert_eq!(environment.vars["OMP_NUM_THREADS"], "2");
    assert_eq!(environment.lockfiles.len(), 1);
    assert_eq!(
        environment.lockfiles[0].sha256,
        Sha256::of(b"version = 1\n")
    );
    assert_eq!(seen.notes, [""; 0]);
}

#[test]
fn packages_of_every_kind() {
    let world = with_venv();
    world.file(
        &format!("{SITE}/old.egg-info/PKG-INFO"),
        "Name: Old\nVersion: 0.3\n\nVersion: 9\n",
    );
    world.file(
        &format!("{SITE}/PyGObject-3.42.2.egg-info"),
        "Metadata-Version: 1.0\n",
    );
    world.file(
        &format!("{SITE}/zipped-2.0-py3.11.egg/EGG-INFO/PKG-INFO"),
        "",
    );
    world.file(
        &format!("{SITE}/odd-1.0_1.dist-info/METADATA"),
        "Name: Odd\nVersion: 1.0+1\n",
    );
    world.file(
        "home/src/linked/linked.egg-info/PKG-INFO",
        "Name: linked\nVersion: 0.1\n",
    );
    let source = world.path("home/src/linked").display().to_string();
    world.file(&format!("{SITE}/linked.egg-link"), &format!("{source}\n."));
    world.package("home/more", "extra-5");
    let more = world.path("home/more").display().to_string();
    world.file(
        &format!("{SITE}/more.pth"),
        &format!("# x\nimport os\n{more}\n/none\n"),
    );
    // What pip left behind, what has no metadata, and what can't be a package.
    world.package(SITE, "~umpy-1.26.4");
    fs::create_dir_all(world.path(&format!("{SITE}/gone-1.0.dist-info"))).unwrap();
    world.file(&format!("{SITE}/broken.dist-info/METADATA"), "\u{0}\n");
    symlink("loop", world.path(&format!("{SITE}/loop"))).unwrap();
    symlink(
        "loop-1.dist-info",
        world.path(&format!("{SITE}/loop-1.dist-info")),
    )
    .unwrap();
    let seen = world.observe(None, &[]);
    let expected = [
        "extra==5",
        "linked==0.1",
        "odd==1.0+1",
        "old==0.3",
        "pygobject==3.42.2",
        "zipped==2.0",
    ];
    assert_eq!(listed(&seen), expected);
    assert_eq!(seen.notes.len(), 1, "{:?}", seen.notes);
    assert!(seen.notes[0].starts_with("`linked` is installed from a folder outside"));
}

#[test]
fn commits_and_folders_that_versions_do_not_show() {
    let world = with_venv();
    let origin = |stem: &str, json: &str| {
        world.package(SITE, stem);
        world.file(&format!("{SITE}/{stem}.dist-info/direct_url.json"), json);
    };
    origin(
        "lib-1.0",
        r#"{"url":"https://ann:pw@host/lib","vcs_info":{"vcs":"git","commit_id":"abc123"}}"#,
    );
    let inside = world.path("project").display().to_string();
    origin(
        "mine-0.1",
        &format!(r#"{{"url":"file://{inside}","dir_info":{{"editable":true}}}}"#),
    );
    origin(
        "theirs-0.2",
        r#"{"url":"file:///srv/theirs","dir_info":{"editable":true}}"#,
    );
    origin(
        "wheel-3",
        r#"{"url":"file:///tmp/w.whl","archive_info":{}}"#,
    );
    origin("bad-4", "{");
    let seen = world.observe(None, &[]);
    let expected = [
        "bad==4",
        "lib==1.0  # git+https://[redacted]@host/lib@abc123",
        "mine==0.1",
        "theirs==0.2",
        "wheel==3",
    ];
    assert_eq!(listed(&seen), expected);
    assert_eq!(seen.notes.len(), 1, "{:?}", seen.notes);
    assert!(seen.notes[0].contains("`theirs`") && seen.notes[0].contains("/srv/theirs"));
}

#[test]
fn two_versions_at_once_are_told() {
    let world = with_venv();
    world.package(SITE, "numpy-1.26.4");
    world.package(SITE, "numpy-2.0.0");
    let seen = world.observe(None, &[]);
    assert_eq!(listed(&seen), ["numpy==1.26.4 or 2.0.0"]);
    assert!(seen.notes[0].contains("1.26.4, 2.0.0"), "{:?}", seen.notes);
}

#[test]
fn folders_are_searched_in_pythons_order() {
    let world = World::new();
    world.python("opt", "3.11.7");
    let site = "opt/lib/python3.11/site-packages";
    for stem in ["a-1", "b-1", "c-1"] {
        world.package(site, stem);
    }
    world.package("home/.local/lib/python3.11/site-packages", "b-2");
    world.package("project/libs", "c-3");
    let path = world.path("opt/bin").display().to_string();
    let vars = [("PATH", path.as_str()), ("PYTHONPATH", "libs")];
    let seen = world.observe(Some("python3"), &vars);
    assert_eq!(listed(&seen), ["a==1", "b==2", "c==3"]);
    assert_eq!(seen.environment.manager.as_deref(), Some("system"));
    let alone = [vars[0], vars[1], ("PYTHONNOUSERSITE", "1")];
    let seen = world.observe(Some("python3"), &alone);
    assert_eq!(listed(&seen), ["a==1", "b==1", "c==3"]);
}

#[test]
fn a_venv_sees_the_system_only_if_it_was_made_so() {
    let world = with_venv();
    world.package("opt/lib/python3.11/site-packages", "below-1");
    world.package(SITE, "own-1");
    assert_eq!(listed(&world.observe(None, &[])), ["own==1"]);
    let home = world.path("opt/bin").display().to_string();
    let settings = format!("home = {home}\ninclude-system-site-packages = TRUE\n");
    world.file("project/.venv/pyvenv.cfg", &settings);
    assert_eq!(listed(&world.observe(None, &[])), ["below==1", "own==1"]);
}

#[test]
fn debian_keeps_two_kinds_of_folders() {
    let world = World::new();
    world.program("usr/bin/python3.11", "\x7fELF");
    world.link("usr/bin/python3", &world.path("usr/bin/python3.11"));
    world.package("usr/lib/python3/dist-packages", "distro-1.8");
    world.package("usr/local/lib/python3.11/dist-packages", "pipped-2");
    world.package("usr/local/lib/python3.11/site-packages", "elsewhere-3");
    world.file(
        "var/lib/dpkg/status",
        "Package: a\nVersion: 1\n\nPackage: python3.11-minimal\nStatus: x\nVersion: 3.11.2-6+deb12u6\n\n",
    );
    let python = world.path("usr/bin/python3").display().to_string();
    let seen = world.observe(Some(&python), &[]);
    assert_eq!(listed(&seen), ["distro==1.8", "pipped==2"]);
    assert_eq!(seen.environment.python.as_deref(), Some("3.11.2"));
    fs::remove_file(world.path("var/lib/dpkg/status")).unwrap();
    let seen = world.observe(Some(&python), &[]);
    assert_eq!(seen.environment.python.as_deref(), Some("3.11"));
    assert!(seen.notes[0].contains("can't be told"), "{:?}", seen.notes);
}

#[test]
fn conda_lists_more_than_python_packages() {
    let world = World::new();
    world.program("conda/envs/ml/bin/python3.10", "\x7fELF");
    world.link(
        "conda/envs/ml/bin/python",
        &world.path("conda/envs/ml/bin/python3.10"),
    );
    for name in [
        "python-3.10.14-h1_0_cpython",
        "cudatoolkit-11.8.0-h4_11",
        "numpy-1.26.0-py310_0",
    ] {
        world.file(&format!("conda/envs/ml/conda-meta/{name}.json"), "{}");
    }
    world.file("conda/envs/ml/conda-meta/history", "");
    world.package("conda/envs/ml/lib/python3.10/site-packages", "numpy-1.26.4");
    let prefix = world.path("conda/envs/ml").display().to_string();
    let seen = world.observe(
        None,
        &[("CONDA_PREFIX", &prefix), ("CONDA_DEFAULT_ENV", &prefix)],
    );
    assert_eq!(
        listed(&seen),
        ["cudatoolkit==11.8.0", "numpy==1.26.4", "python==3.10.14"]
    );
    assert_eq!(seen.environment.manager.as_deref(), Some("conda"));
    assert_eq!(seen.environment.python.as_deref(), Some("3.10.14"));
    assert_eq!(seen.environment.vars["CONDA_DEFAULT_ENV"], "ml");
}
