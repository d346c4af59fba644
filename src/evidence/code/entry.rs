//! Which file of the repository a command starts, where that is a Python program.

use crate::model::run::Command;

/// What Python is told to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A file, as it was typed.
    Script(String),
    /// `-m name`, in parts.
    Module(Vec<String>),
}

/// Programs that start the command behind their own options.
const WRAPPERS: [&str; 22] = [
    "env",
    "nice",
    "time",
    "nohup",
    "stdbuf",
    "taskset",
    "numactl",
    "srun",
    "mpirun",
    "mpiexec",
    "xvfb-run",
    "caffeinate",
    "uv",
    "poetry",
    "pdm",
    "hatch",
    "rye",
    "pixi",
    "pipenv",
    "conda",
    "mamba",
    "micromamba",
];

/// Programs that start a Python file among their arguments.
const LAUNCHERS: [&str; 5] = [
    "torchrun",
    "accelerate",
    "deepspeed",
    "colossalai",
    "horovodrun",
];

/// Modules that start a Python file among their arguments.
const LAUNCHER_MODULES: [&str; 4] = [
    "torch.distributed.run",
    "torch.distributed.launch",
    "accelerate.commands.launch",
    "deepspeed.launcher.runner",
];

/// Options of Python that take the next argument.
const WITH_VALUE: [&str; 3] = ["-W", "-X", "--check-hash-based-pycs"];

/// What a command makes Python run; `None` when it is something else.
pub fn entry(command: &Command) -> Option<Entry> {
    let words: Vec<&str> = command.argv.iter().map(String::as_str).collect();
    let program = base_name(words.first()?);
    if is_python(&program) {
        return python(&words[1..]);
    }
    if LAUNCHERS.contains(&program.as_str()) {
        return script_among(&words[1..]);
    }
    if WRAPPERS.contains(&program.as_str()) {
        let python_at = words.iter().position(|word| is_python(&base_name(word)));
        return match python_at {
            Some(at) => python(&words[at + 1..]),
            None => script_among(&words[1..]),
        };
    }
    is_script(words[0]).then(|| Entry::Script(words[0].to_owned()))
}

fn python(words: &[&str]) -> Option<Entry> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let flags = word.strip_prefix('-').filter(|rest| !rest.is_empty());
        match flags {
            None if is_script(word) => return Some(Entry::Script((*word).to_owned())),
            // Text from standard input, a folder or an archive.
            None => return None,
            Some(_) if WITH_VALUE.contains(word) => {
                words.next();
            }
            Some(flags) if flags.starts_with('-') => {}
            Some(flags) if flags.contains('c') => return None,
            Some(flags) => {
                let Some(at) = flags.find('m') else { continue };
                let name = match &flags[at + 1..] {
                    "" => *words.next()?,
                    rest => rest,
                };
                if LAUNCHER_MODULES.contains(&name) {
                    return script_among(words.as_slice());
                }
                return Some(Entry::Module(name.split('.').map(str::to_owned).collect()));
            }
        }
    }
    None
}

fn script_among(words: &[&str]) -> Option<Entry> {
    let script = words.iter().find(|word| is_script(word))?;
    Some(Entry::Script((*script).to_owned()))
}

fn is_script(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    !word.starts_with('-') && (lower.ends_with(".py") || lower.ends_with(".pyw"))
}

fn base_name(word: &str) -> String {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    name.trim_end_matches(".exe").to_owned()
}

/// `python`, `python3.12`, `pypy3`, Windows' `py`.
fn is_python(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let rest = name.strip_prefix("python").or(name.strip_prefix("pypy"));
    let version = |rest: &str| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    name == "py" || name == "pythonw" || rest.is_some_and(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Option<Entry> {
        entry(&Command {
            argv: line.split(' ').map(str::to_owned).collect(),
            cwd: "".into(),
            exit_code: None,
            signal: None,
        })
    }

    #[test]
    fn the_program_is_found_behind_what_starts_it() {
        let script = |path: &str| Some(Entry::Script(path.to_owned()));
        for line in [
            "python3 src/train.py --lr 1",
            "/usr/bin/python3.12 -u -X dev -W ignore src/train.py other.py",
            "uv run --with numpy src/train.py",
            "env A=1 python src/train.py",
            "srun -n 2 python -O src/train.py",
            "conda run -n ml python src/train.py",
            "torchrun --nproc_per_node=2 src/train.py --x y.py",
            "python -m torch.distributed.run --nproc 2 src/train.py",
            "src/train.py --lr 1",
        ] {
            assert_eq!(of(line), script("src/train.py"), "{line}");
        }
        let module = Some(Entry::Module(vec!["pkg".into(), "train".into()]));
        assert_eq!(of("python -m pkg.train --x"), module);
        assert_eq!(of("python -um pkg.train"), module);
        for line in [
            "./run.sh",
            "make train",
            "python -c print(1)",
            "python -",
            "python",
            "bash x.py",
        ] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
