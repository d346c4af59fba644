//! Which words of a command line are the program, and which file that is in Python.

use super::run::Command;

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

/// Programs that run a file of theirs, named by the first argument that is no option.
const INTERPRETERS: [&str; 9] = [
    "bash", "sh", "zsh", "Rscript", "julia", "node", "perl", "ruby", "lua",
];

/// What a command makes Python run; `None` when it is something else.
pub fn entry(command: &Command) -> Option<Entry> {
    python_program(&command.argv).map(|(entry, _)| entry)
}

/// How many words of a command line say which program runs; the rest are its arguments. All of them
/// where the program is a text on the command line or comes from standard input.
pub fn len(argv: &[String]) -> usize {
    let Some(first) = argv.first() else { return 0 };
    if let Some((_, end)) = python_program(argv) {
        return end;
    }
    let name = base_name(first);
    if is_python(&name) {
        return argv.len();
    }
    if !INTERPRETERS.contains(&name.as_str()) {
        return 1;
    }
    let at = argv[1..].iter().position(|word| !word.starts_with('-'));
    // What stands on the command line itself is no file.
    let is_text = |word: &String| word == "-c" || (word == "-e" && !name.ends_with("sh"));
    let script = at.filter(|at| !argv[1..=*at].iter().any(is_text));
    script.map_or(argv.len(), |at| at + 2)
}

/// The Python program, and how many words name it.
fn python_program(argv: &[String]) -> Option<(Entry, usize)> {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    let program = base_name(words.first()?);
    if is_python(&program) {
        return python(&words, 1);
    }
    if LAUNCHERS.contains(&program.as_str()) {
        return script_among(&words, 1);
    }
    if WRAPPERS.contains(&program.as_str()) {
        let python_at = words.iter().position(|word| is_python(&base_name(word)));
        return match python_at {
            Some(at) => python(&words, at + 1),
            None => script_among(&words, 1),
        };
    }
    is_script(words[0]).then(|| (Entry::Script(words[0].to_owned()), 1))
}

/// What Python's own words from `at` on make it run.
fn python(words: &[&str], mut at: usize) -> Option<(Entry, usize)> {
    while let Some(word) = words.get(at) {
        at += 1;
        let flags = word.strip_prefix('-').filter(|rest| !rest.is_empty());
        match flags {
            None if is_script(word) => return Some((Entry::Script((*word).to_owned()), at)),
            // Text from standard input, a folder or an archive.
            None => return None,
            Some(_) if WITH_VALUE.contains(word) => at += 1,
            Some(flags) if flags.starts_with('-') => {}
            Some(flags) if flags.contains('c') => return None,
            Some(flags) => {
                let Some(m) = flags.find('m') else { continue };
                let name = match &flags[m + 1..] {
                    "" => {
                        at += 1;
                        *words.get(at - 1)?
                    }
                    rest => rest,
                };
                if LAUNCHER_MODULES.contains(&name) {
                    return script_among(words, at);
                }
                let parts = name.split('.').map(str::to_owned).collect();
                return Some((Entry::Module(parts), at));
            }
        }
    }
    None
}

fn script_among(words: &[&str], from: usize) -> Option<(Entry, usize)> {
    let at = from + words[from..].iter().position(|word| is_script(word))?;
    Some((Entry::Script(words[at].to_owned()), at + 1))
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
    #[test]
    fn what_is_behind_the_program_are_its_arguments() {
        let told = |line: &str| {
            let argv: Vec<String> = line.split(' ').map(str::to_owned).collect();
            argv[len(&argv)..].join(" ")
        };
        for line in [
            "python3 -u src/train.py --lr 1",
            "uv run python -m pkg.train --lr 1",
            "torchrun --nproc_per_node=2 train.py --lr 1",
            "bash -e run.sh --lr 1",
            "Rscript --vanilla fit.R --lr 1",
            "./train --lr 1",
            "src/train.py --lr 1",
        ] {
            assert_eq!(told(line), "--lr 1", "{line}");
        }
        assert_eq!(told("make LR=1"), "LR=1");
        for line in [
            "python -c print(1) 2",
            "bash -c ./run",
            "python -",
            "python",
        ] {
            assert_eq!(told(line), "", "{line}");
        }
    }
}
