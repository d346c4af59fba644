//! A report that people write and that holds generated sections between markers.
//!
//! `<!-- exp:begin table -->` … `<!-- exp:end table -->`, each alone on its line. Everything else
//! in the file stays byte for byte, but for the numbers that are bound to a record.

use super::bound;
use super::diff::next::shell_word;
use super::facts::Facts;
use super::sections::Section;
use crate::error::{Failure, Result};

/// A report after an update.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updated {
    /// The whole text.
    pub text: String,
    /// Sections whose text changed.
    pub sections: Vec<Section>,
    /// Numbers outside the sections that were wrong: `exp_003 roc_auc_val 0.83 → 0.842`.
    pub numbers: Vec<String>,
    /// Bound numbers whose run or metric is in no record.
    pub unknown: Vec<String>,
}

/// Where a section stands: the bytes between the two marker lines.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    section: Section,
    body: std::ops::Range<usize>,
}

/// The line that opens a section.
pub fn begin(section: Section) -> String {
    format!("<!-- exp:begin {} -->", section.name())
}

/// The line that closes a section.
pub fn end(section: Section) -> String {
    format!("<!-- exp:end {} -->", section.name())
}

/// A section with its heading and markers, as it is added to a report.
pub fn framed(section: Section, facts: &Facts<'_>) -> String {
    format!(
        "## {}\n\n{}\n{}{}\n",
        section.title(facts.lang),
        begin(section),
        section.markdown(facts),
        end(section)
    )
}

/// A new report with these sections.
pub fn new(sections: &[Section], facts: &Facts<'_>) -> String {
    let title = facts.lang.pick("Report", "Отчёт");
    let parts: Vec<String> = sections
        .iter()
        .map(|section| framed(*section, facts))
        .collect();
    format!("# {title}\n\n{}", parts.join("\n"))
}

/// Adds the sections that a report doesn't have yet at its end.
///
/// # Errors
/// Markers that are broken are an error here too.
pub fn append(text: &str, sections: &[Section], facts: &Facts<'_>) -> Result<String> {
    let present = places(text)?;
    let newline = newline_of(text);
    let mut whole = text.to_owned();
    for section in sections {
        if present.iter().any(|place| place.section == *section) {
            continue;
        }
        if !whole.is_empty() && !whole.ends_with('\n') {
            whole.push_str(newline);
        }
        if !whole.is_empty() {
            whole.push_str(newline);
        }
        whole.push_str(&framed(*section, facts).replace('\n', newline));
    }
    Ok(whole)
}

/// Rewrites the sections that stand in a report, or only the wanted ones, and the bound numbers. `file`
/// is how the report's file is typed, for the hint.
///
/// # Errors
/// Broken markers, a wanted section that is not there, or nothing at all to update.
pub fn update(text: &str, wanted: &[Section], facts: &Facts<'_>, file: &str) -> Result<Updated> {
    let places = places(text)?;
    for section in wanted {
        if !places.iter().any(|place| place.section == *section) {
            return Err(missing(&[*section], "the report has no section", file));
        }
    }
    if places.is_empty() && bound::find(text).is_empty() {
        return Err(missing(
            &Section::ALL,
            "the report has no place for a section",
            file,
        ));
    }
    let mut updated = Updated {
        text: String::with_capacity(text.len()),
        sections: Vec::new(),
        numbers: Vec::new(),
        unknown: Vec::new(),
    };
    let newline = newline_of(text);
    let mut at = 0;
    for place in &places {
        updated.prose(&text[at..place.body.start], facts);
        let before = &text[place.body.clone()];
        let after = if wanted.is_empty() || wanted.contains(&place.section) {
            place.section.markdown(facts).replace('\n', newline)
        } else {
            before.to_owned()
        };
        if after != before {
            updated.sections.push(place.section);
        }
        updated.text.push_str(&after);
        at = place.body.end;
    }
    updated.prose(&text[at..], facts);
    Ok(updated)
}

impl Updated {
    /// Copies text that is the user's own, with its bound numbers put right.
    fn prose(&mut self, text: &str, facts: &Facts<'_>) {
        let mut at = 0;
        let code = code_blocks(text);
        for number in bound::find(text) {
            if code.iter().any(|block| block.contains(&number.range.start)) {
                continue;
            }
            let run = facts.find(None, number.run);
            let value = run.and_then(|run| facts.number(run, &number.metric));
            let Some(value) = value else {
                self.unknown
                    .push(format!("{} {}", number.run, number.metric));
                continue;
            };
            let right = bound::corrected(number.text, value);
            if right != number.text {
                self.numbers.push(format!(
                    "{} {} {} → {right}",
                    number.run,
                    number.metric,
                    number.text.trim()
                ));
                self.text.push_str(&text[at..number.range.start]);
                self.text.push_str(&right);
                at = number.range.end;
            }
        }
        self.text.push_str(&text[at..]);
    }
}

fn newline_of(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

fn missing(sections: &[Section], what: &str, file: &str) -> Failure {
    let names: Vec<&str> = sections.iter().map(|section| section.name()).collect();
    let what = match sections {
        [one] => format!("{what} `{}`", one.name()),
        _ => what.to_owned(),
    };
    let example = sections[0];
    Failure::new(what)
        .because(format!("a section stands between two lines: {} and {}", begin(example), end(example)))
        .hint(format!(
            "put these lines where the section should stand, or add it at the end: git exp report --update {} --append{}",
            shell_word(file),
            if sections.len() == 1 { format!(" --section {}", names[0]) } else { String::new() }
        ))
}

/// Finds the sections, in the order of the text.
fn places(text: &str) -> Result<Vec<Place>> {
    let mut places: Vec<Place> = Vec::new();
    let mut open: Option<(Section, usize, usize)> = None;
    let code = code_blocks(text);
    let mut start = 0;
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let number = index + 1;
        let (from, to) = (start, start + line.len());
        start = to;
        let Some(marker) = Marker::read(line, number)? else {
            continue;
        };
        if code.iter().any(|block| block.contains(&from)) {
            continue;
        }
        match (marker, open.take()) {
            (Marker::Begin(section), None) => {
                if places.iter().any(|place| place.section == section) {
                    return Err(broken(
                        number,
                        &format!("the section `{}` begins a second time", section.name()),
                    ));
                }
                open = Some((section, to, number));
            }
            (Marker::Begin(section), Some((before, _, line))) => {
                let what = format!(
                    "the section `{}` begins before `{}` (line {line}) has ended",
                    section.name(),
                    before.name()
                );
                return Err(broken(number, &what));
            }
            (Marker::End(section), Some((before, body, _))) if section == before => {
                places.push(Place {
                    section,
                    body: body..from,
                });
            }
            (Marker::End(section), _) => {
                return Err(broken(
                    number,
                    &format!("the section `{}` ends without a beginning", section.name()),
                ));
            }
        }
    }
    match open {
        Some((section, _, line)) => Err(broken(
            line,
            &format!("the section `{}` has no end", section.name()),
        )),
        None => Ok(places),
    }
}

fn broken(line: usize, what: &str) -> Failure {
    Failure::new(format!("line {line} of the report: {what}"))
        .because("it is not known what may be overwritten, so nothing was")
        .hint("each section stands between `<!-- exp:begin NAME -->` and `<!-- exp:end NAME -->`, each alone on its line")
}

enum Marker {
    Begin(Section),
    End(Section),
}

impl Marker {
    fn read(line: &str, number: usize) -> Result<Option<Self>> {
        let inner = line
            .trim()
            .strip_prefix("<!--")
            .and_then(|rest| rest.strip_suffix("-->"))
            .map(str::trim);
        let Some(inner) = inner else { return Ok(None) };
        let begin = inner
            .strip_prefix("exp:begin")
            .filter(|rest| !rest.is_empty());
        let end = inner
            .strip_prefix("exp:end")
            .filter(|rest| !rest.is_empty());
        let Some(name) = begin.or(end).map(str::trim) else {
            return Ok(None);
        };
        let section = Section::named(name).map_err(|failure| {
            Failure::new(format!(
                "line {number} of the report: {}",
                failure.message()
            ))
            .hint(failure.hints().join("; "))
        })?;
        Ok(Some(if begin.is_some() {
            Self::Begin(section)
        } else {
            Self::End(section)
        }))
    }
}

/// Fenced code blocks: what stands in them is shown, not meant.
fn code_blocks(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, char, usize)> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let from = start;
        start += line.len();
        let body = line.trim_start_matches(' ');
        let indent = line.len() - body.len();
        let Some(sign) = body.chars().next().filter(|c| matches!(c, '`' | '~')) else {
            continue;
        };
        let length = body.chars().take_while(|c| *c == sign).count();
        if length < 3 || indent > 3 {
            continue;
        }
        match open {
            None => open = Some((from, sign, length)),
            Some((begun, fence, count)) if fence == sign && length >= count => {
                if body[length..].trim().is_empty() {
                    blocks.push(begun..start);
                    open = None;
                }
            }
            Some(_) => {}
        }
    }
    blocks.extend(open.map(|(begun, ..)| begun..text.len()));
    blocks
}
