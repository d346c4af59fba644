//! The words of an explanation, in both languages and with or without signs beyond ASCII.

use crate::compare::{Axis, Sides};
use crate::model::Status;
use crate::settings::Lang;

/// Picks words for one reader.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// The language.
    pub lang: Lang,
    /// Whether signs beyond ASCII can be shown.
    pub unicode: bool,
}

impl Words {
    /// For what is said in English alone.
    pub const ENGLISH: Self = Self {
        lang: Lang::En,
        unicode: true,
    };

    /// One of two fixed phrases.
    pub fn pick(self, english: &'static str, russian: &'static str) -> &'static str {
        self.lang.pick(english, russian)
    }

    fn sign(self, sign: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { sign } else { ascii }
    }

    /// From this to that.
    pub fn arrow(self) -> &'static str {
        self.sign("→", "->")
    }

    /// Look here.
    pub fn back_arrow(self) -> &'static str {
        self.sign("←", "<-")
    }

    /// So many times.
    pub fn times(self) -> &'static str {
        self.sign("×", "x")
    }

    /// Give or take.
    pub fn plus_minus(self) -> &'static str {
        self.sign("±", "+-")
    }

    /// Nothing here.
    pub fn dash(self) -> &'static str {
        self.sign("–", "-")
    }

    /// Higher is better.
    pub fn up(self) -> &'static str {
        self.sign("↑", "max")
    }

    /// Lower is better.
    pub fn down(self) -> &'static str {
        self.sign("↓", "min")
    }

    /// `a → b`
    pub fn change(self, a: &str, b: &str) -> String {
        format!("{a} {} {b}", self.arrow())
    }

    /// A number with its noun, by the language's own plural rule.
    pub fn count(self, n: u64, english: [&str; 2], russian: [&str; 3]) -> String {
        let noun = match self.lang {
            Lang::En => english[usize::from(n != 1)],
            Lang::Ru => russian[plural_ru(n)],
        };
        format!("{} {noun}", self.number(n))
    }

    /// A count, by thousands as the language parts them: `10,412`, `10 412`.
    pub fn number(self, n: u64) -> String {
        let text = crate::ui::number::count(n);
        match self.lang {
            Lang::En => text,
            // A space at which no line is broken.
            Lang::Ru => text.replace(',', "\u{a0}"),
        }
    }

    /// An axis as a label.
    pub fn axis(self, axis: Axis) -> &'static str {
        match axis {
            Axis::Eval => self.pick("eval", "оценка"),
            Axis::Data => self.pick("data", "данные"),
            Axis::Code => self.pick("code", "код"),
            Axis::Config => self.pick("config", "конфиг"),
            Axis::Seed => self.pick("seed", "seed"),
            Axis::Env => self.pick("env", "окружение"),
            Axis::Hardware => self.pick("hardware", "машина"),
            Axis::Command => self.pick("command", "команда"),
        }
    }

    /// How a run stands.
    pub fn status(self, status: Status) -> &'static str {
        match status {
            Status::Running => self.pick("is still running", "ещё идёт"),
            Status::Ok => self.pick("ended well", "завершён успешно"),
            Status::Failed => self.pick("failed", "завершился ошибкой"),
            Status::Aborted => self.pick("was stopped", "остановлен"),
            Status::Stale => self.pick("was never finished", "так и не завершён"),
        }
    }

    /// `in exp_003`, `in either run`.
    pub fn missing_in(self, sides: Sides, names: (&str, &str)) -> String {
        match sides {
            Sides::A => format!("{} {}", self.pick("in", "в"), names.0),
            Sides::B => format!("{} {}", self.pick("in", "в"), names.1),
            Sides::Both => self
                .pick("in either run", "ни в одном из запусков")
                .to_owned(),
        }
    }

    /// `a, b and c`
    pub fn and(self, items: &[String]) -> String {
        match items {
            [] => String::new(),
            [only] => only.clone(),
            [first @ .., last] => {
                format!("{} {} {last}", first.join(", "), self.pick("and", "и"))
            }
        }
    }
}

/// Which of the three Russian plural forms a number takes (CLDR: one, few, many).
fn plural_ru(n: u64) -> usize {
    match (n % 10, n % 100) {
        (1, rest) if rest != 11 => 0,
        (2..=4, rest) if !(12..=14).contains(&rest) => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_follow_the_language() {
        let en = Words {
            lang: Lang::En,
            unicode: true,
        };
        let ru = Words {
            lang: Lang::Ru,
            unicode: true,
        };
        let rows = |w: Words, n| w.count(n, ["row", "rows"], ["строка", "строки", "строк"]);
        assert_eq!(
            (rows(en, 1), rows(en, 0)),
            ("1 row".into(), "0 rows".into())
        );
        let russian: Vec<String> = [1, 3, 5, 11, 12, 21, 1000].map(|n| rows(ru, n)).to_vec();
        assert_eq!(
            russian,
            [
                "1 строка",
                "3 строки",
                "5 строк",
                "11 строк",
                "12 строк",
                "21 строка",
                "1\u{a0}000 строк"
            ]
        );
    }
}
