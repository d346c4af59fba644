//! The explanation as a pull-request comment.

use super::Look;
use super::told::{Block, Paragraph, Told, told};
use super::words::Words;
use crate::compare::Comparison;
use crate::report::markers;

/// GitHub-flavoured Markdown, ending with a line break.
pub fn markdown(c: &Comparison<'_>, look: &Look) -> String {
    let w = Words {
        lang: look.lang,
        unicode: look.unicode,
    };
    let told = told(c, look);
    let mut parts = vec![format!("### {}", safe(&told.title)), verdict(&told)];
    parts.extend(metrics(&told, w));
    if !told.series.is_empty() {
        let block = Block {
            label: w.pick("Series", "Кривые").to_owned(),
            head: String::new(),
            rows: told.series.clone(),
        };
        parts.push(self::block(&block));
    }
    parts.extend(list(&told.warnings, |warning| {
        format!("- **!** {}", safe(warning))
    }));
    parts.extend(changed(&told, w));
    for (heading, items) in [
        (w.pick("Same", "Так же"), &told.same),
        (w.pick("Unknown", "Неизвестно"), &told.unknown),
    ] {
        let items: Vec<String> = items.iter().map(|item| safe(item)).collect();
        if !items.is_empty() {
            parts.push(format!("**{heading}:** {}", items.join(", ")));
        }
    }
    let reasons = told.reasons.iter().enumerate();
    let reasons: Vec<String> = reasons
        .map(|(index, (word, text))| format!("{}. **{word}**: {}", index + 1, safe(text)))
        .collect();
    if !reasons.is_empty() {
        let heading = w.pick("Likely reasons", "Вероятные причины");
        parts.push(format!("**{heading}**\n\n{}", reasons.join("\n")));
    }
    parts.extend(told.next.iter().map(paragraph));
    let mut text = parts.join("\n\n");
    text.push('\n');
    text
}

/// Text that can't end a cell, open a tag or link, or call a person or an issue by name.
fn safe(text: &str) -> String {
    // A forge looks for `@name` and `#12` in the rendered text: an empty comment parts them.
    markers::markdown(text)
        .replace('@', "@<!-- -->")
        .replace('#', "#<!-- -->")
        .replace('~', "\\~")
        .replace('$', "<span>$</span>")
}

fn list<T>(items: &[T], line: impl Fn(&T) -> String) -> Option<String> {
    let lines: Vec<String> = items.iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn verdict(told: &Told) -> String {
    let mut lines: Vec<String> = told
        .verdict
        .iter()
        .map(|sentence| format!("**{}**", safe(sentence)))
        .collect();
    lines.extend(told.declared.as_deref().map(safe));
    lines.join("\n\n")
}

fn metrics(told: &Told, w: Words) -> Option<String> {
    if told.metrics.is_empty() {
        return None;
    }
    let mut lines = vec![
        format!(
            "| {} | | {} | {} | {} | |",
            w.pick("Metric", "Метрика"),
            told.names.0,
            told.names.1,
            w.pick("change", "разница")
        ),
        "| --- | --- | ---: | ---: | ---: | --- |".to_owned(),
    ];
    lines.extend(told.metrics.iter().map(|cells| {
        let note = [cells.word.as_str(), &cells.note].join(" ");
        format!(
            "| {} | {} | {} | {} | {}{} | {} |",
            safe(&cells.name),
            cells.mark,
            safe(&cells.a),
            safe(&cells.b),
            cells.change,
            cells.hang,
            safe(note.trim())
        )
    }));
    Some(lines.join("\n"))
}

fn changed(told: &Told, w: Words) -> Option<String> {
    let blocks = list(&told.changed, block)?;
    let heading = w.pick("Changed", "Изменено");
    Some(format!("**{heading}**\n\n{blocks}"))
}

fn block(block: &Block) -> String {
    let mut lines = vec![format!("- **{}** {}", block.label, safe(&block.head))];
    lines.extend(block.rows.iter().map(|row| {
        let name = match row.name.as_str() {
            "" => String::new(),
            name => format!("{} ", markers::code(name)),
        };
        let words = [row.count.as_str(), &row.text];
        let words: Vec<String> = words
            .iter()
            .filter(|text| !text.is_empty())
            .map(|text| safe(&squeezed(text)))
            .collect();
        format!("  - {name}{}", words.join(" · "))
    }));
    lines.join("\n")
}

/// Runs of spaces, which align things on a terminal, are one space here.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn paragraph(paragraph: &Paragraph) -> String {
    let text = safe(paragraph.text.trim_end());
    if paragraph.commands.is_empty() {
        return text;
    }
    if let ([only], true) = (&paragraph.commands[..], paragraph.inline) {
        return format!("{text} {}", markers::code(only));
    }
    let commands: Vec<String> = paragraph
        .commands
        .iter()
        .map(|line| crate::ui::escape::printable(line).into_owned())
        .collect();
    let commands = commands.join("\n");
    let longest = commands
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{text}\n\n{fence}console\n{commands}\n{fence}")
}
