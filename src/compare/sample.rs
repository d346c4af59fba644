//! Hand-made runs for the tests of comparing and telling.

use crate::model::data::{ConfigFile, DataInput};
use crate::model::environment::{Environment, Hardware};
use crate::model::param::ParamKind;
use crate::model::run::{Command, Process, Time};
use crate::model::{MetricValue, Number, Oid, Param, Run, RunId, Sha256, Status, Uid};

/// A moment, `hour` hours after the first.
pub fn at(hour: u32) -> Time {
    let start = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:00:00+03:00").unwrap();
    start + chrono::TimeDelta::hours(i64::from(hour))
}

/// A finished run in which everything is recorded.
pub fn run(number: u32, slug: &str) -> Run {
    let id = RunId {
        number,
        slug: slug.to_owned(),
    };
    let mut run = Run::new(Uid::new(u64::from(number), &[7; 10]), id, at(number));
    run.status = Status::Ok;
    run.finished = Some(at(number) + chrono::TimeDelta::seconds(45));
    run.seconds = Number::parse("45");
    run.command = Some(Command {
        argv: [
            "python",
            "train.py",
            "--config",
            "configs/experiment_v1.yaml",
        ]
        .map(str::to_owned)
        .to_vec(),
        cwd: "".into(),
        exit_code: Some(0),
        signal: None,
    });
    commit(&mut run, "b2f1c0e");
    config(&mut run, "configs/experiment_v1.yaml");
    run.seed = Some(Param::leaf(ParamKind::Int, "42"));
    run.env = Some(Environment {
        python: Some("3.11.9".into()),
        packages: Some(64),
        lock: Some("env.txt".into()),
        sha256: Some(Sha256::of(b"env")),
        direct: [("scikit-learn".to_owned(), Some("1.4.2".to_owned()))].into(),
        ..Environment::default()
    });
    run.hardware = Some(Hardware {
        cores: Some(8),
        gpus: Some(Vec::new()),
        ..Hardware::default()
    });
    run.process = Some(Process {
        host: Some("laptop".into()),
        ..Process::default()
    });
    run
}

/// An object id that starts with the given digits.
pub fn oid(start: &str) -> Oid {
    Oid::parse(&format!("{start:0<40}")).unwrap()
}

/// A digest that starts with the given digits.
pub fn sha(start: &str) -> Sha256 {
    Sha256::parse(&format!("{start:0<64}")).unwrap()
}

/// A clean tree at a commit.
pub fn commit(run: &mut Run, start: &str) {
    run.code.commit = Some(oid(start));
    run.code.tree = Some(oid(&format!("{start}a")));
    run.code.code_tree = Some(oid(&format!("{start}c")));
    run.code.dirty = false;
}

/// The configuration file, with a digest of its name.
pub fn config(run: &mut Run, path: &str) {
    run.config = vec![ConfigFile {
        derived: false,
        path: path.into(),
        sha256: Sha256::of(path.as_bytes()),
        blob: None,
        copy: None,
        unread: None,
    }];
}

/// Parameters; integers, floats and lists are seen as such.
pub fn params(run: &mut Run, pairs: &[(&str, &str)]) {
    for (key, value) in pairs {
        run.params.insert((*key).to_owned(), param(value));
    }
}

/// One value as YAML would read it.
pub fn param(text: &str) -> Param {
    if let Some(inner) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let items = inner
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        return Param::List(items.map(param).collect());
    }
    if text.parse::<i64>().is_ok() {
        Param::leaf(ParamKind::Int, text)
    } else if text.parse::<f64>().is_ok() && text.contains('.') {
        Param::leaf(ParamKind::Float, text)
    } else {
        Param::text(text)
    }
}

/// A data input; `rows` 0 means that they are not known.
pub fn data(role: &str, path: &str, start: &str, rows: u64) -> DataInput {
    DataInput {
        role: role.to_owned(),
        path: path.into(),
        kind: crate::model::data::DataKind::File,
        sha256: Some(sha(start)),
        blob: None,
        bytes: Some(1000),
        rows: (rows > 0).then_some(rows),
        files: None,
        external: false,
        pointer: None,
        unstable: false,
        card: false,
    }
}

/// Metrics.
pub fn metrics(run: &mut Run, pairs: &[(&str, &str)]) {
    for (name, value) in pairs {
        let number = Number::parse(value).unwrap();
        run.metrics
            .insert((*name).to_owned(), MetricValue::Number(number));
    }
}
