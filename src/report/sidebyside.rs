//! `git exp compare`: several runs side by side, a column each, only what differs.

use std::collections::BTreeSet;

use crate::model::{Param, Run};
use crate::ui::number;

/// A line of the comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The part of the record: `code`, `data`, `config`, `seed`, `env`, `hardware`, `metrics`.
    pub axis: &'static str,
    /// The name inside it.
    pub name: String,
    /// One value a run; `None` was not recorded.
    pub values: Vec<Option<String>>,
}

impl Line {
    /// Whether the runs differ here.
    pub fn differs(&self) -> bool {
        self.values.iter().any(|value| *value != self.values[0])
    }
}

/// Everything in a fixed order; metrics last, so that causes stand above effects.
pub fn lines(runs: &[&Run]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut put = |axis, name: &str, value: &dyn Fn(&Run) -> Option<String>| {
        let values = runs.iter().map(|run| value(run)).collect();
        lines.push(Line {
            axis,
            name: name.to_owned(),
            values,
        });
    };
    let short = |text: &str| text.chars().take(8).collect::<String>();
    put("code", "commit", &|run| {
        run.code.commit.as_ref().map(|c| c.short().to_owned())
    });
    put("code", "code tree", &|run| {
        run.code.code_tree.as_ref().map(|t| t.short().to_owned())
    });
    put("code", "uncommitted", &|run| {
        Some(
            if run.code.code_is_dirty() {
                "yes"
            } else {
                "no"
            }
            .to_owned(),
        )
    });
    for role in names(runs, |run| {
        run.data.iter().map(|input| input.role.clone()).collect()
    }) {
        put("data", &role, &|run| {
            let input = run.data.iter().find(|input| input.role == role)?;
            let name = String::from_utf8_lossy(input.path.file_name()).into_owned();
            Some(format!("{name} {}", short(input.sha256.as_ref()?.as_str())))
        });
    }
    put("eval", "split", &|run| run.eval.split.clone());
    for name in names(runs, |run| run.params.keys().cloned().collect()) {
        put("config", &name, &|run| {
            run.params.get(&name).map(Param::spelling)
        });
    }
    put("seed", "seed", &|run| {
        run.seed.as_ref().map(Param::spelling)
    });
    put("env", "python", &|run| run.env.as_ref()?.python.clone());
    let direct = |run: &Run| -> Vec<String> {
        run.env
            .iter()
            .flat_map(|env| env.direct.keys().cloned())
            .collect()
    };
    for name in names(runs, direct) {
        put("env", &name, &|run| {
            run.env.as_ref()?.direct.get(&name)?.clone()
        });
    }
    put("hardware", "cpu", &|run| run.hardware.as_ref()?.cpu.clone());
    put("hardware", "gpus", &|run| {
        Some(run.hardware.as_ref()?.gpus.as_ref()?.join(", "))
    });
    put("command", "argv", &|run| {
        Some(run.command.as_ref()?.argv.join(" "))
    });
    put("status", "status", &|run| {
        Some(run.status.word().to_owned())
    });
    put("status", "seconds", &|run| {
        run.seconds
            .as_ref()
            .map(|seconds| number::duration(seconds.as_f64()))
    });
    for name in names(runs, |run| run.metrics.keys().cloned().collect()) {
        put("metrics", &name, &|run| {
            use crate::model::MetricValue::{Bool, Null, Number, Text};
            match run.metrics.get(&name)? {
                Number(value) => Some(number::mean(value, run.scatter(&name))),
                Text(text) => Some(text.clone()),
                Bool(yes) => Some(yes.to_string()),
                Null => None,
            }
        });
    }
    lines.retain(|line| line.values.iter().any(Option::is_some));
    lines
}

fn names(runs: &[&Run], of: impl Fn(&Run) -> Vec<String>) -> BTreeSet<String> {
    runs.iter().flat_map(|run| of(run)).collect()
}
