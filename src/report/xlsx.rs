//! The table of runs as a workbook: typed cells, so that no text can become a formula.

use std::collections::BTreeSet;

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, Url, Workbook, Worksheet, XlsxError,
};

use super::facts::Facts;
use super::yardsticks::Groups;
use super::{lang, overview};
use crate::error::{Failure, Result};
use crate::model::param::ParamKind;
use crate::model::{Brief, MetricValue, Number, Param, Run};
use crate::settings::{Lang, ProjectSettings};
use crate::ui::escape::printable;

/// Characters that a cell can hold, less room for an ellipsis.
const LONGEST: usize = 32_000;
/// Integers beyond this are text, for a spreadsheet would round them.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// The workbook's bytes. Links lead to each run's own folder; `way` leads from the workbook to
/// `experiments/` and ends in `/`, unless it is empty.
///
/// # Errors
/// More runs or columns than a sheet can hold.
pub fn xlsx(runs: &[&Run], settings: &ProjectSettings, lang: Lang, way: &str) -> Result<Vec<u8>> {
    let facts = Facts::new(runs.to_vec(), settings, lang);
    workbook(&facts, way)
        .map_err(|error| Failure::new("the workbook could not be made").because(error))
}

fn workbook(facts: &Facts<'_>, way: &str) -> std::result::Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    // The same records make the same bytes: the date is the records', not today's.
    if let Some(latest) = facts.runs.iter().map(|run| run.started.timestamp()).max() {
        let date = ExcelDateTime::from_timestamp(latest)?;
        book.set_properties(&DocProperties::new().set_creation_datetime(&date));
    }
    runs_sheet(book.add_worksheet(), facts, way)?;
    if facts.runs.iter().any(|run| !run.params.is_empty()) {
        parameters_sheet(book.add_worksheet(), facts, way)?;
    }
    book.save_to_buffer()
}

/// A sheet that is written row by row.
struct Sheet<'s> {
    sheet: &'s mut Worksheet,
    row: u32,
    column: u16,
    dates: BTreeSet<u16>,
}

impl<'s> Sheet<'s> {
    fn new(
        sheet: &'s mut Worksheet,
        name: &str,
        headings: &[String],
    ) -> std::result::Result<Self, XlsxError> {
        sheet.set_name(name)?;
        let bold = Format::new()
            .set_bold()
            .set_background_color(Color::RGB(0xE8_EB_EF))
            .set_align(FormatAlign::Top)
            .set_text_wrap();
        for (column, heading) in (0u16..).zip(headings) {
            sheet.write_string_with_format(0, column, shown(heading), &bold)?;
        }
        sheet.set_freeze_panes(1, 1)?;
        Ok(Self {
            sheet,
            row: 0,
            column: 0,
            dates: BTreeSet::new(),
        })
    }

    fn next_row(&mut self) {
        self.row += 1;
        self.column = 0;
    }

    fn text(&mut self, text: &str) -> std::result::Result<(), XlsxError> {
        if !text.is_empty() {
            self.sheet
                .write_string(self.row, self.column, shown(text))?;
        }
        self.column += 1;
        Ok(())
    }

    /// A number as a number, or as text where a spreadsheet can't hold it.
    fn number(&mut self, number: &Number, best: bool) -> std::result::Result<(), XlsxError> {
        let value = number.as_f64();
        let rounded = number.is_integer() && value.abs() > EXACT;
        if !value.is_finite() || rounded {
            return self.text(&crate::ui::number::metric(number));
        }
        let format = Format::new()
            .set_bold()
            .set_background_color(Color::RGB(0xDD_F1_E7));
        if best {
            self.sheet
                .write_number_with_format(self.row, self.column, value, &format)?;
        } else {
            self.sheet.write_number(self.row, self.column, value)?;
        }
        self.column += 1;
        Ok(())
    }

    fn date(&mut self, run: &Run) -> std::result::Result<(), XlsxError> {
        // The place's own clock, as people remember it; a sheet knows no time zones.
        let local = run.started.naive_local().and_utc().timestamp();
        let format = Format::new().set_num_format("yyyy-mm-dd hh:mm");
        let date = ExcelDateTime::from_timestamp(local)?;
        self.sheet
            .write_datetime_with_format(self.row, self.column, &date, &format)?;
        self.dates.insert(self.column);
        self.column += 1;
        Ok(())
    }

    fn link(&mut self, target: &str, text: &str) -> std::result::Result<(), XlsxError> {
        let url = Url::new(format!("file:///{target}")).set_text(text);
        self.sheet.write_url(self.row, self.column, url)?;
        self.column += 1;
        Ok(())
    }

    fn finish(self, columns: usize) -> std::result::Result<(), XlsxError> {
        let last = u16::try_from(columns.saturating_sub(1)).unwrap_or(u16::MAX);
        self.sheet.autofilter(0, 0, self.row, last)?;
        self.sheet.set_autofit_max_width(420);
        self.sheet.autofit();
        for column in self.dates {
            // The fit takes dates for ten digits; without room for the time they show as `####`.
            self.sheet.set_column_width(column, 17)?;
        }
        Ok(())
    }
}

/// Text that a person reads: what can't be seen is spelled out, what is too long is cut.
fn shown(text: &str) -> String {
    let clean: String = text.lines().map(printable).collect::<Vec<_>>().join("\n");
    if clean.chars().count() <= LONGEST {
        return clean;
    }
    clean
        .chars()
        .take(LONGEST)
        .chain(std::iter::once('…'))
        .collect()
}

/// The course note's seven columns, with a column for each metric in the place of one for all.
fn runs_sheet(
    sheet: &mut Worksheet,
    facts: &Facts<'_>,
    way: &str,
) -> std::result::Result<(), XlsxError> {
    let metrics = metric_columns(facts);
    let groups: Vec<Groups> = metrics.iter().map(|name| Groups::of(facts, name)).collect();
    let lettered = groups.first().filter(|groups| groups.differ());
    let lang = facts.lang;
    let [id, description, data, config, model, _, comment] = overview::columns(lang);
    let mut headings: Vec<String> = [id, description, data, config, model]
        .map(str::to_owned)
        .to_vec();
    headings.extend(lettered.map(|_| lang.pick("measured_on", "измерено на").to_owned()));
    headings.extend(metrics.iter().cloned());
    let more = [
        comment,
        lang.pick("status", "статус"),
        lang.pick("started", "начат"),
        lang.pick("seconds", "секунды"),
        lang.pick("base", "основа"),
        lang.pick("commit", "коммит"),
    ];
    headings.extend(more.map(str::to_owned));
    let name = lang.pick("Experiments", "Эксперименты");
    let mut table = Sheet::new(sheet, name, &headings)?;
    for run in &facts.runs {
        table.next_row();
        let [_, description, data, config, model, _, comment] =
            overview::cells(&Brief::from(*run), facts.settings, lang);
        table.link(
            &format!("{way}runs/{}/README.md", run.id()),
            &facts.label(run),
        )?;
        for text in [description, data, config, model] {
            table.text(&text)?;
        }
        if let Some(groups) = lettered {
            table.text(
                &groups
                    .group(run)
                    .map(|g| format!("{} {}", g.letter, g.data))
                    .unwrap_or_default(),
            )?;
        }
        for (name, groups) in metrics.iter().zip(&groups) {
            match run.metrics.get(name) {
                Some(MetricValue::Number(number)) => table.number(number, groups.is_best(run))?,
                Some(MetricValue::Text(text)) => table.text(text)?,
                Some(MetricValue::Bool(yes)) => table.text(&yes.to_string())?,
                Some(MetricValue::Null) | None => table.text("")?,
            }
        }
        table.text(&comment)?;
        table.text(lang::status(run.status, lang))?;
        table.date(run)?;
        match &run.seconds {
            Some(seconds) => table.number(seconds, false)?,
            None => table.text("")?,
        }
        table.text(
            &run.base
                .as_ref()
                .map(|base| base.id.clone())
                .unwrap_or_default(),
        )?;
        let commit = run.code.commit.as_ref().map_or("", |commit| commit.short());
        let edits = match run.code.code_is_dirty() {
            true => lang.pick(" + uncommitted", " + правки"),
            false => "",
        };
        table.text(&format!("{commit}{edits}"))?;
    }
    table.finish(headings.len())
}

/// Judged metrics first, then whatever else the runs measured.
fn metric_columns(facts: &Facts<'_>) -> Vec<String> {
    let mut names = facts.metrics();
    let all: BTreeSet<&String> = facts
        .runs
        .iter()
        .flat_map(|run| run.metrics.keys())
        .collect();
    let rest: Vec<String> = all
        .into_iter()
        .filter(|name| !names.contains(name))
        .cloned()
        .collect();
    names.extend(rest);
    names
}

fn parameters_sheet(
    sheet: &mut Worksheet,
    facts: &Facts<'_>,
    way: &str,
) -> std::result::Result<(), XlsxError> {
    let names: BTreeSet<&String> = facts
        .runs
        .iter()
        .flat_map(|run| run.params.keys())
        .collect();
    let headings: Vec<String> = std::iter::once("id".to_owned())
        .chain(names.iter().map(|n| (*n).clone()))
        .collect();
    let name = facts.lang.pick("Parameters", "Параметры");
    let mut table = Sheet::new(sheet, name, &headings)?;
    for run in &facts.runs {
        table.next_row();
        table.link(
            &format!("{way}runs/{}/README.md", run.id()),
            &facts.label(run),
        )?;
        for name in &names {
            match run.params.get(*name) {
                Some(value) => parameter(&mut table, value)?,
                None => table.text("")?,
            }
        }
    }
    table.finish(headings.len())
}

fn parameter(table: &mut Sheet<'_>, value: &Param) -> std::result::Result<(), XlsxError> {
    let number = match value {
        Param::Leaf {
            kind: ParamKind::Int | ParamKind::Float,
            ..
        } => value.number(),
        _ => None,
    };
    match number {
        Some(number) => table.number(&number, false),
        None => table.text(&value.spelling()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::report::sample;

    /// The text of one file in a ZIP archive, found by its central directory.
    fn unzipped(archive: &[u8], wanted: &str) -> String {
        let number = |at: usize, size: usize| {
            archive[at..at + size]
                .iter()
                .rev()
                .fold(0, |sum, byte| sum * 256 + usize::from(*byte))
        };
        let entries = archive
            .windows(4)
            .enumerate()
            .filter(|(_, bytes)| *bytes == b"PK\x01\x02");
        for (at, _) in entries {
            let name = &archive[at + 46..at + 46 + number(at + 28, 2)];
            if name != wanted.as_bytes() {
                continue;
            }
            let local = number(at + 42, 4);
            let start = local + 30 + number(local + 26, 2) + number(local + 28, 2);
            let packed = &archive[start..start + number(at + 20, 4)];
            let mut text = String::new();
            flate2::read::DeflateDecoder::new(packed)
                .read_to_string(&mut text)
                .unwrap();
            return text;
        }
        panic!("no {wanted}");
    }

    fn book(runs: &[Run]) -> Vec<u8> {
        xlsx(
            &runs.iter().collect::<Vec<_>>(),
            &sample::settings(),
            Lang::En,
            "",
        )
        .unwrap()
    }

    #[test]
    fn cells_are_typed_and_no_text_is_a_formula() {
        let mut runs = sample::runs();
        runs[1].title = "=HYPERLINK(\"http://x\",\"y\")".into();
        runs[1].conclusion = Some("@SUM(1)\t-2+3".into());
        runs[1]
            .params
            .insert("=1+1".into(), Param::text("+cmd|' /C calc'!A0"));
        let nan = Number::parse("nan").unwrap();
        runs[2]
            .metrics
            .insert("roc_auc_val".into(), MetricValue::Number(nan));
        let big = Number::parse("18446744073709551617").unwrap();
        runs[2]
            .metrics
            .insert("n_params".into(), MetricValue::Number(big));
        let bytes = book(&runs);
        for name in ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"] {
            let sheet = unzipped(&bytes, name);
            assert!(!sheet.contains("<f>") && !sheet.contains("<f "), "{name}");
            assert!(
                sheet.contains("<pane xSplit=\"1\" ySplit=\"1\"")
                    && sheet.contains("state=\"frozen\"")
            );
            assert!(sheet.contains("<autoFilter ref=\"A1:"));
        }
        let sheet = unzipped(&bytes, "xl/worksheets/sheet1.xml");
        assert!(sheet.contains("<v>0.861</v>"), "numbers are numbers");
        let strings = unzipped(&bytes, "xl/sharedStrings.xml");
        assert!(strings.contains("=HYPERLINK(") && strings.contains("NaN"));
        assert!(
            strings.contains("18446744073709551617"),
            "what would be rounded stays text"
        );
        let links = unzipped(&bytes, "xl/worksheets/_rels/sheet1.xml.rels");
        assert!(
            links.contains("runs/exp_003_new_features/README.md"),
            "{links}"
        );
        assert!(!links.contains("http://x"));
    }

    #[test]
    fn the_best_of_each_yardstick_stands_out() {
        let bytes = book(&sample::runs());
        let sheet = unzipped(&bytes, "xl/worksheets/sheet1.xml");
        // Column G is roc_auc_val: rows 3 and 5 are the best on train_v1 and on train_v2.
        let style = |cell: &str| {
            let (_, rest) = sheet.split_once(&format!("<c r=\"{cell}\"")).unwrap();
            rest.split_once('>').unwrap().0.to_owned()
        };
        assert_eq!(style("G3"), style("G5"));
        assert_eq!(style("G2"), style("G4"));
        assert_ne!(style("G2"), style("G3"));
    }

    #[test]
    fn the_same_records_make_the_same_bytes() {
        assert_eq!(book(&sample::runs()), book(&sample::runs()));
    }
}
