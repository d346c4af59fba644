//! Cautions, and what to do next.

use super::factors::describe;
use super::metrics::spread;
use super::told::Paragraph;
use super::words::Words;
use crate::compare::suggest::{Start, Suggestion, names};
use crate::compare::{Comparison, Sides, Verdict, Warning};
use crate::model::metric::Goal;
use crate::settings::Lang;
use crate::ui::number;

/// Cautions below the metrics.
pub fn warnings(c: &Comparison<'_>, w: Words) -> Vec<String> {
    let (a, b) = names(c.a, c.b);
    c.warnings
        .iter()
        .map(|warning| sentence(warning, (&a, &b), w))
        .collect()
}

fn sentence(warning: &Warning, names: (&str, &str), w: Words) -> String {
    match warning {
        Warning::ValBetterTestWorse { goal: Goal::Min, .. } => w
            .pick(
                "val fell while test rose: the choice may be overfitted to validation.",
                "val упала, а test выросла: выбор мог переобучиться под валидацию.",
            )
            .to_owned(),
        Warning::ValBetterTestWorse { .. } => w
            .pick(
                "val rose while test fell: the choice may be overfitted to validation.",
                "val выросла, а test упала: выбор мог переобучиться под валидацию.",
            )
            .to_owned(),
        Warning::PrimaryIsTest(name) => match w.lang {
            Lang::En => format!(
                "the primary metric {name} is a test metric: choosing by it makes test a validation set."
            ),
            Lang::Ru => format!(
                "главная метрика {name} тестовая: выбор по ней превращает test в валидацию."
            ),
        },
        Warning::YardstickUnknown(metrics) => {
            let list = w.and(metrics);
            match w.lang {
                Lang::En => format!(
                    "what {list} was measured on is not recorded in both runs: better and worse hold \
                     only if it is the same."
                ),
                Lang::Ru => format!(
                    "на чём измерено {list}, записано не в обоих запусках: «лучше» и «хуже» верны, \
                     только если это одно и то же."
                ),
            }
        }
        Warning::SeedMaySplit => w
            .pick(
                "validation rows are cut from the training data: they may have moved with the seed.",
                "валидационные строки берутся из обучающих данных и могли смениться вместе с seed.",
            )
            .to_owned(),
        Warning::NotFinished { sides, status } => {
            let partial = w.pick("its metrics may be partial.", "метрики могут быть неполными.");
            let who = match sides {
                Sides::A => names.0.to_owned(),
                Sides::B => names.1.to_owned(),
                Sides::Both => format!("{} {} {}", names.0, w.pick("and", "и"), names.1),
            };
            format!("{who}: {}; {partial}", w.status(*status))
        }
        Warning::Unstable { role, sides } => {
            let place = w.missing_in(*sides, names);
            match w.lang {
                Lang::En => format!("the {role} data changed while it was read {place}."),
                Lang::Ru => format!("данные {role} менялись во время чтения {place}."),
            }
        }
    }
}

/// What to do next, with commands to paste.
pub fn paragraphs(c: &Comparison<'_>, w: Words) -> Vec<Paragraph> {
    let mut list = Vec::new();
    list.extend(repeats(c, w));
    list.extend(c.closest.iter().map(|have| already(have, c, w)));
    list.extend(
        c.suggestions
            .iter()
            .map(|suggestion| paragraph(suggestion, c, w)),
    );
    list
}

/// `4 runs share these inputs: …`
fn repeats(c: &Comparison<'_>, w: Words) -> Option<Paragraph> {
    let spread_of = c
        .spread
        .as_ref()
        .filter(|_| c.verdict == Verdict::Unexplained)?;
    let n = spread_of.n;
    let mean = number::significant(spread_of.mean, 4);
    let sd = number::significant(spread_of.sd, 2);
    let bound = spread(spread_of.threshold());
    let (name, pm) = (&spread_of.metric, w.plus_minus());
    let text = match w.lang {
        Lang::En => format!(
            "{n} runs share these inputs: {name} {mean} {pm} {sd} (n={n}). Treat differences below \
             about {bound} as noise until the seed is fixed."
        ),
        Lang::Ru => {
            let runs = w.count(n as u64, ["", ""], ["запуск", "запуска", "запусков"]);
            format!(
                "{runs} с этими входными данными: {name} {mean} {pm} {sd} (n={n}). Пока seed не \
                 зафиксирован, считайте разницу меньше {bound} шумом."
            )
        }
    };
    Some(Paragraph {
        text,
        ..Paragraph::default()
    })
}

fn already(have: &crate::compare::Closest, c: &Comparison<'_>, w: Words) -> Paragraph {
    let (a, b) = names(c.a, c.b);
    let other = if have.from_first { a } else { b };
    let run = have.run.short();
    let delta = have.delta.as_ref().map(|(name, delta)| {
        // With as many digits as the table above has.
        let row = c.metrics.iter().find(|row| row.name == *name);
        let shown = match row.and_then(|row| row.numbers()) {
            Some((x, y)) => number::signed(delta.as_f64(), x, y),
            None => delta.to_string(),
        };
        format!(" ({name} {shown})")
    });
    let factor = describe(&have.factor, c, w);
    let text = match w.lang {
        Lang::En => {
            format!("Already have: {run} differs from {other} only in this {factor} change")
        }
        Lang::Ru => format!("Уже есть: {run} отличается от {other} только этим: {factor}"),
    };
    Paragraph {
        text: format!("{text}{}.", delta.unwrap_or_default()),
        ..Paragraph::default()
    }
}

fn paragraph(suggestion: &Suggestion, c: &Comparison<'_>, w: Words) -> Paragraph {
    let (a, b) = names(c.a, c.b);
    let below = |text: String, commands: &[Vec<String>]| Paragraph {
        text,
        commands: aligned(commands),
        inline: false,
    };
    let beside = |text: &str, argv: &[String]| Paragraph {
        text: text.to_owned(),
        commands: vec![command_line(argv)],
        inline: true,
    };
    match suggestion {
        Suggestion::Seeds { argv, metric } => {
            below(unrepeated(metric, c, w), std::slice::from_ref(argv))
        }
        Suggestion::Isolate { from, commands } => below(missing(from, (&a, &b), w), commands),
        Suggestion::Lines(argv) => beside(w.pick("See the lines:", "Посмотреть строки:"), argv),
        Suggestion::Rows(argv) => beside(w.pick("Rows: ", "Строки данных: "), argv),
        Suggestion::Environment(argv) => {
            let text = w.pick(
                "Restore the older environment: ",
                "Вернуть прежнее окружение: ",
            );
            let line = format!("{} > requirements.lock.txt", command_line(argv));
            Paragraph {
                text: text.to_owned(),
                commands: vec![line],
                inline: true,
            }
        }
        Suggestion::OwnFile { role } => {
            let text = match w.lang {
                Lang::En => format!(
                    "Make it fair: keep the {role} rows in a file of their own, for both runs: \
                     --data {role}=FILE"
                ),
                Lang::Ru => format!(
                    "Чтобы сравнить честно, держите строки {role} в отдельном файле, одном на оба \
                     запуска: --data {role}=ФАЙЛ"
                ),
            };
            Paragraph {
                text,
                ..Paragraph::default()
            }
        }
        Suggestion::RecordData(argv) => beside(
            w.pick(
                "Record the data next time:",
                "В следующий раз запишите данные:",
            ),
            argv,
        ),
        Suggestion::Finish(argv) => beside(
            w.pick("Give it its metrics:", "Запишите его метрики:"),
            argv,
        ),
    }
}

fn unrepeated(metric: &str, c: &Comparison<'_>, w: Words) -> String {
    let row = c.metrics.iter().find(|row| row.name == metric);
    let delta = row
        .and_then(|row| row.delta.as_ref().zip(row.numbers()))
        .map(|(delta, (x, y))| number::signed(delta.as_f64(), x, y))
        .unwrap_or_default();
    match w.lang {
        Lang::En => format!("Neither run was repeated, so {delta} can't be told from luck:"),
        Lang::Ru => format!("Ни один запуск не повторяли, поэтому {delta} не отличить от удачи:"),
    }
}

fn missing(from: &Start, (a, b): (&str, &str), w: Words) -> String {
    let head = w.pick(
        "Still missing, one factor each",
        "Не хватает запусков по одному фактору",
    );
    let detail = match (w.lang, from) {
        (Lang::En, Start::CodeOfSecond) => format!("on {b}'s code"),
        (Lang::Ru, Start::CodeOfSecond) => format!("на коде {b}"),
        (Lang::En, Start::First) => format!("each is {a} plus one change"),
        (Lang::Ru, Start::First) => format!("{a} плюс одно изменение"),
        (Lang::En, Start::Second) => format!("each is {b} less one change"),
        (Lang::Ru, Start::Second) => format!("{b} минус одно изменение"),
    };
    format!("{head} ({detail}):")
}

/// `git exp …` for each, with the first words in columns.
fn aligned(commands: &[Vec<String>]) -> Vec<String> {
    let width = commands
        .iter()
        .filter_map(|argv| argv.get(1))
        .map(|word| word.len())
        .max();
    let several = commands.len() > 1;
    commands
        .iter()
        .map(|argv| {
            let mut line = String::from("git exp");
            for (index, word) in argv.iter().enumerate() {
                line.push(' ');
                line.push_str(&shell_word(word));
                if several && index == 1 {
                    let padding = width.unwrap_or(0).saturating_sub(word.len());
                    line.push_str(&" ".repeat(padding));
                }
            }
            line
        })
        .collect()
}

fn command_line(argv: &[String]) -> String {
    let words: Vec<String> = argv.iter().map(|word| shell_word(word)).collect();
    format!("git exp {}", words.join(" "))
}

/// A word as a POSIX shell takes it for one.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./=:@%+,-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_record_never_act_in_a_shell() {
        assert_eq!(shell_word("model.type=LGBM"), "model.type=LGBM");
        assert_eq!(shell_word("a=$(rm -rf ~)"), "'a=$(rm -rf ~)'");
        assert_eq!(shell_word("it's"), "'it'\\''s'");
        assert_eq!(shell_word(""), "''");
    }
}
