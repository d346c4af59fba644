//! CSV for spreadsheet programs: no cell may be an instruction.

/// Makes a cell harmless: what a spreadsheet program would compute gets a leading `'`, unless it is
/// a plain number.
pub fn cell(text: &str) -> String {
    let hazard = |c: char| {
        matches!(
            c,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '＝' | '＋' | '－' | '＠'
        )
    };
    // A text that looks guarded already is guarded once more, so that each reads back as it was.
    let bare = text.trim_start_matches('\'');
    if bare.starts_with(hazard) && bare.parse::<f64>().is_err() {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}

/// Takes the leading `'` of [`cell`] away again.
pub fn uncell(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if cell(rest) == text => rest,
        _ => text,
    }
}

/// One line of RFC 4180 CSV, with a line feed at its end.
pub fn csv_line<T: AsRef<str>>(cells: &[T], delimiter: char) -> String {
    let quoted = |text: &str| {
        let safe = cell(text);
        if safe.contains([delimiter, '"', '\n', '\r']) {
            format!("\"{}\"", safe.replace('"', "\"\""))
        } else {
            safe
        }
    };
    let cells: Vec<String> = cells.iter().map(|text| quoted(text.as_ref())).collect();
    format!("{}\n", cells.join(&delimiter.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text_and_numbers_stay_numbers() {
        assert_eq!(cell("=1+2"), "'=1+2");
        assert_eq!(cell("-0.5"), "-0.5");
        assert_eq!(cell("-cmd|' /C calc'!A0"), "'-cmd|' /C calc'!A0");
        assert_eq!(cell("＝HYPERLINK(1)"), "'＝HYPERLINK(1)");
        for text in ["=1+2", "'=1+2", "''", "'quoted'", "-0.5", "'-0.5"] {
            assert_eq!(uncell(&cell(text)), text);
        }
        assert_eq!(
            csv_line(&["a\"b", "c,d", "e"], ','),
            "\"a\"\"b\",\"c,d\",e\n"
        );
    }
}
