//! The overview table of all runs, with the course note's seven columns.

use super::lang;
use super::listing::{self, Column, Item};
use super::markers::markdown;
use super::sheet::csv_line;
use super::typed::shown as one_line;
use crate::model::{Brief, Number, RunId};
use crate::query::{Attribute, Subject, Target, Value};
use crate::settings::{Lang, ProjectSettings};
use crate::ui::escape::printable;
use crate::ui::number;

/// The course note's columns. Programs find them by the English names.
pub fn columns(lang: Lang) -> [&'static str; 7] {
    match lang {
        Lang::En => [
            "id",
            "description",
            "data_version",
            "config",
            "model_path",
            "metrics",
            comment(lang),
        ],
        Lang::Ru => [
            "id",
            "описание",
            "версия данных",
            "конфиг",
            "файл модели",
            "метрики",
            comment(lang),
        ],
    }
}

/// The column that people type into: a run's conclusion.
pub fn comment(lang: Lang) -> &'static str {
    lang.pick("comment", "комментарий")
}

/// Whether a heading is that of [`comment`], in any language.
pub fn is_comment(heading: &str) -> bool {
    let heading = heading.trim().to_lowercase();
    [Lang::En, Lang::Ru]
        .map(comment)
        .contains(&heading.as_str())
}

/// Metrics shown in one cell; the rest is in the run's folder.
const METRICS_SHOWN: usize = 5;

/// The seven cells of a run.
pub fn cells(run: &Brief, settings: &ProjectSettings, lang: Lang) -> [String; 7] {
    [
        run.id().short(),
        description(run),
        data_version(run),
        list(
            run.config
                .iter()
                .map(|file| file.path.display().into_owned()),
        ),
        list(
            run.models
                .iter()
                .map(|model| model.path.display().into_owned()),
        ),
        metrics(run, settings, lang),
        one_line(run.conclusion.as_deref()),
    ]
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join("; ")
}

fn description(run: &Brief) -> String {
    let title = if run.title.is_empty() {
        run.slug.replace('_', " ")
    } else {
        run.title.clone()
    };
    let whole = match &run.goal {
        Some(goal) if *goal != title => format!("{title}: {goal}"),
        _ => title,
    };
    one_line(Some(&whole))
}

/// `train_v2 5d07ab13` for each training input; all inputs when none is called `train`.
fn data_version(run: &Brief) -> String {
    let train = run.data.iter().any(|input| input.role == "train");
    let shown = run
        .data
        .iter()
        .filter(|input| !train || input.role == "train");
    list(shown.map(|input| {
        let name = String::from_utf8_lossy(input.path.file_name()).into_owned();
        let stem = name.split('.').next().unwrap_or(&name).to_owned();
        match &input.sha256 {
            Some(digest) => format!("{stem} {}", digest.short()),
            None => format!("{stem} ?"),
        }
    }))
}

fn metrics(run: &Brief, settings: &ProjectSettings, lang: Lang) -> String {
    let mut numbers: Vec<_> = run
        .metrics
        .iter()
        .filter_map(|(name, value)| Some((name, value.number()?)))
        .filter(|(name, _)| settings.goal(name) != Some(crate::model::metric::Goal::Info))
        .collect();
    let primary = settings.primary.as_deref();
    numbers.sort_by_key(|(name, _)| Some(name.as_str()) != primary);
    let more = numbers.len().saturating_sub(METRICS_SHOWN);
    numbers.truncate(METRICS_SHOWN);
    let mut text = numbers
        .iter()
        .map(|(name, value)| {
            format!(
                "{name} {}",
                number::mean(value, run.scatter.get(name.as_str()).copied())
            )
        })
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        text.push_str(&format!(", +{more}"));
    }
    if text.is_empty() {
        lang::status(run.status, lang).to_owned()
    } else {
        text
    }
}

/// The table of all runs, ready to be written in any form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// Column headings.
    pub headings: Vec<String>,
    /// Which columns hold numbers.
    pub numeric: Vec<bool>,
    /// Folder names of the runs, one a row.
    pub ids: Vec<RunId>,
    /// Cells by row.
    pub rows: Vec<Vec<String>>,
    /// What leads from the table to `experiments/`, if it is to stand elsewhere: `../experiments/`.
    pub way: String,
    /// The reader's language.
    pub lang: Lang,
}

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digits {
    /// As recorded, for programs.
    Exact,
    /// As people read them.
    Short,
}

impl Overview {
    /// The course note's seven columns.
    pub fn standard(runs: &[&Brief], settings: &ProjectSettings, lang: Lang) -> Self {
        let headings = columns(lang).map(str::to_owned).to_vec();
        Self {
            numeric: vec![false; headings.len()],
            headings,
            ids: runs.iter().map(|run| run.id()).collect(),
            rows: runs
                .iter()
                .map(|run| cells(run, settings, lang).to_vec())
                .collect(),
            way: String::new(),
            lang,
        }
    }

    /// Columns of one's own, a comment last so that it can be typed and read back.
    pub fn of(rows: &[Item], columns: &[Column], digits: Digits, lang: Lang) -> Self {
        let is_number = |column: &Column| match column {
            Column::Value(Target::Metric(_)) => true,
            Column::Value(target @ Target::Param(_)) => rows
                .iter()
                .all(|item| matches!(item.run.value(target), Value::Number(..) | Value::Missing)),
            _ => false,
        };
        let conclusion = Column::Value(Target::Attribute(Attribute::Conclusion));
        let mut headings: Vec<String> = columns.iter().map(Column::heading).collect();
        let mut numeric: Vec<bool> = columns.iter().map(is_number).collect();
        let with_comment = columns.contains(&conclusion);
        if let Some(at) = columns.iter().position(|column| *column == conclusion) {
            headings[at] = comment(lang).to_owned();
        } else {
            headings.push(comment(lang).to_owned());
            numeric.push(false);
        }
        let row = |item: &Item| {
            let mut row: Vec<String> = columns
                .iter()
                .map(|column| match column {
                    Column::Value(Target::Attribute(Attribute::Id)) => item.run.id().short(),
                    column if *column == conclusion => one_line(item.run.conclusion.as_deref()),
                    Column::Value(Target::Metric(name)) if digits == Digits::Short => {
                        match item.run.metric(name) {
                            Some(number) => number::metric(number),
                            None => listing::exact(column, item),
                        }
                    }
                    column => listing::exact(column, item),
                })
                .collect();
            if !with_comment {
                row.push(one_line(item.run.conclusion.as_deref()));
            }
            row
        };
        Self {
            headings,
            numeric,
            ids: rows.iter().map(|item| item.run.id()).collect(),
            rows: rows.iter().map(row).collect(),
            way: String::new(),
            lang,
        }
    }

    /// Puts another comment into a run's row.
    pub fn comment(&mut self, run: &RunId, comment: &str) {
        let row = self.ids.iter().position(|id| id == run);
        let column = self.headings.iter().position(|heading| is_comment(heading));
        if let (Some(row), Some(column)) = (row, column) {
            comment.clone_into(&mut self.rows[row][column]);
        }
    }

    /// `experiments.md`
    pub fn markdown(&self) -> String {
        let lang = self.lang;
        let mut text = format!(
            "# {}\n\n{}\n\n",
            lang.pick("Experiments", "Эксперименты"),
            lang.pick(
                "Generated by `git exp` from the records in `runs/`. Comments may be typed here: \
                 `git exp table --absorb` takes them into the records.",
                "Файл создаёт `git exp` по записям в `runs/`. Комментарии можно писать прямо здесь: \
                 `git exp table --absorb` перенесёт их в записи."
            )
        );
        let headings: Vec<String> = self.headings.iter().map(|h| markdown(h)).collect();
        let rules: String = self
            .numeric
            .iter()
            .map(|n| if *n { " ---: |" } else { " --- |" })
            .collect();
        text.push_str(&format!("| {} |\n|{rules}\n", headings.join(" | ")));
        let id = self.headings.iter().position(|heading| heading == "id");
        for (run, row) in self.ids.iter().zip(&self.rows) {
            let mut row: Vec<String> = row.iter().map(|cell| markdown(cell)).collect();
            if let Some(id) = id {
                row[id] = format!("[{}]({}runs/{run}/README.md)", row[id], self.way);
            }
            text.push_str(&format!("| {} |\n", row.join(" | ")));
        }
        text
    }

    /// `experiments.csv`: RFC 4180 with commas and points.
    pub fn csv(&self) -> String {
        let rows = self.rows.iter().map(|row| csv_line(row, ','));
        std::iter::once(csv_line(&self.headings, ','))
            .chain(rows)
            .collect()
    }

    /// CSV as a Russian Excel opens it by a double click: a byte order mark, `;`, decimal commas.
    pub fn csv_for_excel(&self) -> String {
        let comma = |cell: &String| match Number::parse(cell) {
            Some(number) if number.is_finite() => cell.replace('.', ","),
            _ => cell.clone(),
        };
        let mut text = String::from("\u{feff}");
        text.push_str(&csv_line(&self.headings, ';').replace('\n', "\r\n"));
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(comma).collect();
            let line = csv_line(&cells, ';');
            text.push_str(line.strip_suffix('\n').unwrap_or(&line));
            text.push_str("\r\n");
        }
        text
    }

    /// A LaTeX table for `\\usepackage{booktabs}`.
    pub fn latex(&self) -> String {
        let line = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| latex(cell)).collect();
            format!("{} \\\\\n", cells.join(" & "))
        };
        let kinds: String = self
            .numeric
            .iter()
            .map(|n| if *n { 'r' } else { 'l' })
            .collect();
        let mut text = format!("\\begin{{tabular}}{{{kinds}}}\n\\toprule\n");
        text.push_str(&line(&self.headings));
        text.push_str("\\midrule\n");
        for row in &self.rows {
            text.push_str(&line(row));
        }
        text.push_str("\\bottomrule\n\\end{tabular}\n");
        text
    }

    /// The table as `git-exp/table/1`.
    pub fn json(&self) -> serde_json::Value {
        let object = |row: &Vec<String>| -> serde_json::Map<String, serde_json::Value> {
            let cells = self.headings.iter().zip(row).zip(&self.numeric);
            cells
                .map(|((heading, cell), numeric)| {
                    let number = Number::parse(cell).filter(|_| *numeric);
                    let value = match number {
                        Some(number) => serde_json::to_value(number).unwrap_or_default(),
                        None => serde_json::Value::from(cell.as_str()),
                    };
                    (heading.clone(), value)
                })
                .collect()
        };
        serde_json::json!({
            "schema": "git-exp/table/1",
            "columns": self.headings,
            "rows": self.rows.iter().map(object).collect::<Vec<_>>(),
        })
    }
}

/// Text that LaTeX prints as it is.
fn latex(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => safe.extend(['\\', c]),
            '~' => safe.push_str("\\textasciitilde{}"),
            '^' => safe.push_str("\\textasciicircum{}"),
            '\\' => safe.push_str("\\textbackslash{}"),
            '<' => safe.push_str("\\textless{}"),
            '>' => safe.push_str("\\textgreater{}"),
            '|' => safe.push_str("\\textbar{}"),
            '–' => safe.push_str("--"),
            // `[` after `\\` would be taken for a length.
            '[' => safe.push_str("{[}"),
            c => safe.push(c),
        }
    }
    safe
}
