//! What the project's own files ask for.

use super::*;

#[test]
fn direct_dependencies_of_every_file() {
    let world = with_venv();
    for stem in ["numpy-1.26.4", "pytest-8.0", "tomli-2.0", "indirect-1.0"] {
        world.package(SITE, stem);
    }
    world.file(
        "project/pyproject.toml",
        "[project]\ndependencies = ['NumPy>=1', 'missing[x]', 'tomli; python_version<\"3.11\"',\n\
         'never; sys_platform==\"win32\"']\n[project.optional-dependencies]\ndev = ['pytest', 'ruff']\n\
         [tool.poetry.dependencies]\npython = '^3.11'\nscipy = { version = '1', optional = true }\nhttpx = '*'\n",
    );
    world.file(
        "project/requirements.in",
        "-r more/base.txt\n# c\nlightgbm\n",
    );
    world.file("project/requirements.txt", "compiled==1\n");
    world.file(
        "project/more/base.txt",
        "xgboost \\\n  >=2\n-r base.txt\n-r ../requirements.in\n-e .\n",
    );
    world.file("project/requirements-dev.txt", "black\n");
    world.file(
        "project/Pipfile",
        "[packages]\nflask = '*'\n[dev-packages]\nmypy = '*'\n",
    );
    world.file(
        "project/setup.cfg",
        "[options]\ninstall_requires =\n    click>=8\n    attrs\n[options.extras_require]\nx = never2\n",
    );
    world.file(
        "project/environment.yml",
        "dependencies:\n- python=3.11\n- conda-forge::cudatoolkit=11.8\n- pip:\n  - wandb==0.16\n",
    );
    let seen = world.observe(None, &[]);
    let direct: Vec<_> = seen
        .environment
        .direct
        .iter()
        .map(|(name, version)| (name.as_str(), version.as_deref()))
        .collect();
    let expected = [
        ("attrs", None),
        ("click", None),
        ("cudatoolkit", None),
        ("flask", None),
        ("httpx", None),
        ("lightgbm", None),
        ("missing", None),
        ("numpy", Some("1.26.4")),
        ("pytest", Some("8.0")),
        ("tomli", Some("2.0")),
        ("wandb", None),
        ("xgboost", None),
    ];
    assert_eq!(direct, expected);
    assert_eq!(seen.environment.lockfiles.len(), 7);
    assert_eq!(seen.notes, [""; 0]);
}

#[test]
fn broken_files_are_named() {
    let world = with_venv();
    world.file("project/pyproject.toml", "[project\n");
    world.file("project/environment.yml", "a: [\n");
    fs::create_dir_all(world.path("project/Pipfile")).unwrap();
    let seen = world.observe(None, &[]);
    assert_eq!(seen.notes.len(), 2, "{:?}", seen.notes);
    assert!(seen.notes[0].starts_with("pyproject.toml could not be read"));
    assert!(seen.notes[1].starts_with("environment.yml could not be read"));
    assert_eq!(seen.environment.python.as_deref(), Some("3.11.7"));
}
