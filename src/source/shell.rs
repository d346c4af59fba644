//! Shell words, as far as POSIX sh and bash agree (POSIX.1-2024, "Shell Command Language", 2.3).
//!
//! A word is kept as it is written, quotes and expansions included; what lies between words shrinks
//! to blanks and line ends. Comments that a batch system reads (`#SBATCH`) are kept as words.

/// The words of a script, with `"\n"` for ends of lines; `None` when a quote or a here-document is
/// left open, or the script does something that this lexer does not follow.
pub fn words(text: &[u8]) -> Option<Vec<&[u8]>> {
    let mut lexer = Lexer {
        text,
        at: 0,
        words: Vec::new(),
        heredocs: Vec::new(),
    };
    lexer.run()?;
    Some(lexer.words)
}

/// What queues read in comments: Slurm, PBS, LSF, SGE, OAR, Cobalt, Flux, Moab, PJM.
const DIRECTIVES: [&str; 9] = [
    "#SBATCH", "#PBS", "#BSUB", "#$", "#OAR", "#COBALT", "#FLUX", "#MSUB", "#PJM",
];

/// Substitutions inside substitutions.
const DEEPEST: usize = 32;

struct Lexer<'s> {
    text: &'s [u8],
    at: usize,
    words: Vec<&'s [u8]>,
    /// Here-documents that begin on the next line: their delimiter, and whether tabs go.
    heredocs: Vec<(Vec<u8>, bool)>,
}

fn is_operator(byte: u8) -> bool {
    matches!(byte, b'|' | b'&' | b';' | b'(' | b')' | b'<' | b'>')
}

impl<'s> Lexer<'s> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    fn run(&mut self) -> Option<()> {
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\\' if self.peek(1) == Some(b'\n') => self.at += 2,
                b'\n' => {
                    self.at += 1;
                    self.end_line()?;
                }
                b'#' => self.comment(),
                byte if is_operator(byte) => self.operator()?,
                _ => self.word()?,
            }
        }
        self.heredocs.is_empty().then_some(())
    }

    fn end_line(&mut self) -> Option<()> {
        if self.words.last().is_some_and(|last| *last != b"\n") {
            self.words.push(b"\n");
        }
        for (delimiter, tabs) in std::mem::take(&mut self.heredocs) {
            let start = self.at;
            loop {
                let rest = &self.text[self.at..];
                if rest.is_empty() {
                    return None;
                }
                let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                let mut line = &rest[..end];
                while tabs && line.first() == Some(&b'\t') {
                    line = &line[1..];
                }
                self.at += (end + 1).min(rest.len());
                if line == delimiter {
                    break;
                }
            }
            self.words.push(&self.text[start..self.at]);
            self.words.push(b"\n");
        }
        Some(())
    }

    fn comment(&mut self) {
        let rest = &self.text[self.at..];
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = &rest[..end];
        let interpreter = self.at == 0 && line.starts_with(b"#!");
        let directive = DIRECTIVES
            .iter()
            .any(|word| line.starts_with(word.as_bytes()));
        if interpreter || directive {
            self.words.push(line);
        }
        self.at += end;
    }

    fn operator(&mut self) -> Option<()> {
        let start = self.at;
        let rest = &self.text[start..];
        if rest.starts_with(b"<<") && !rest.starts_with(b"<<<") {
            let tabs = rest.get(2) == Some(&b'-');
            self.at += if tabs { 3 } else { 2 };
            self.words.push(&self.text[start..self.at]);
            while matches!(self.peek(0), Some(b' ' | b'\t')) {
                self.at += 1;
            }
            let from = self.at;
            self.word()?;
            let word = &self.text[from..self.at];
            // A delimiter is taken literally, without its quotes.
            let plain = word.iter().filter(|b| !matches!(b, b'\'' | b'"' | b'\\'));
            let delimiter: Vec<u8> = plain.copied().collect();
            if delimiter.is_empty() {
                return None;
            }
            self.heredocs.push((delimiter, tabs));
            return Some(());
        }
        // Process substitution is part of no word here; its inside is read as commands.
        let same = rest.iter().take_while(|b| **b == rest[0]).count();
        let long = match rest[0] {
            b'(' | b')' => 1,
            _ => same.min(3),
        };
        self.at += long;
        if matches!(rest[0], b'<' | b'>' | b'&' | b'|') {
            while self
                .peek(0)
                .is_some_and(|b| matches!(b, b'&' | b'|' | b'>' | b'-'))
            {
                self.at += 1;
            }
        }
        self.words.push(&self.text[start..self.at]);
        Some(())
    }

    fn word(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(byte) = self.peek(0) {
            match byte {
                b' ' | b'\t' | b'\n' => break,
                byte if is_operator(byte) => {
                    // `name=(a b)`, `*(glob)`: arrays and patterns hold what looks like operators.
                    if byte == b'(' && self.at > start && self.text[self.at - 1] != b')' {
                        let before = self.text[self.at - 1];
                        if matches!(before, b'=' | b'?' | b'*' | b'+' | b'@' | b'!') {
                            self.at += 1;
                            self.nested(b')', 1)?;
                            continue;
                        }
                    }
                    break;
                }
                _ => self.part(0)?,
            }
        }
        if self.at == start {
            return None;
        }
        self.words.push(&self.text[start..self.at]);
        Some(())
    }

    /// Passes over one character, quotation or expansion.
    fn part(&mut self, depth: usize) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        match self.peek(0)? {
            b'\\' => {
                self.peek(1)?;
                self.at += 2;
            }
            b'\'' => {
                let close = memchr::memchr(b'\'', &self.text[self.at + 1..])?;
                self.at += close + 2;
            }
            b'$' if self.peek(1) == Some(b'\'') => {
                self.at += 2;
                while self.peek(0)? != b'\'' {
                    self.at += if self.peek(0)? == b'\\' { 2 } else { 1 };
                }
                self.at += 1;
            }
            b'"' => {
                self.at += 1;
                while self.peek(0)? != b'"' {
                    match self.peek(0)? {
                        b'$' | b'`' | b'\\' => self.part(depth + 1)?,
                        _ => self.at += 1,
                    }
                }
                self.at += 1;
            }
            b'`' => {
                self.at += 1;
                while self.peek(0)? != b'`' {
                    self.at += if self.peek(0)? == b'\\' { 2 } else { 1 };
                }
                self.at += 1;
            }
            b'$' if self.peek(1) == Some(b'(') => {
                self.at += 2;
                self.nested(b')', depth + 1)?;
            }
            b'$' if self.peek(1) == Some(b'{') => {
                self.at += 2;
                self.nested(b'}', depth + 1)?;
            }
            _ => self.at += 1,
        }
        Some(())
    }

    /// Passes over everything up to the closing bracket of a kind.
    fn nested(&mut self, close: u8, depth: usize) -> Option<()> {
        let mut open = 1;
        loop {
            match self.peek(0)? {
                byte if byte == close => {
                    open -= 1;
                    self.at += 1;
                    if open == 0 {
                        return Some(());
                    }
                }
                b'(' if close == b')' => {
                    open += 1;
                    self.at += 1;
                }
                // A comment, a here-document or a `case` inside: it may hold a bracket of its own.
                b'#' if close == b')' && self.text[self.at - 1].is_ascii_whitespace() => {
                    return None;
                }
                b'<' if close == b')' && self.peek(1) == Some(b'<') => return None,
                b'c' if close == b')' && self.text[self.at..].starts_with(b"case ") => return None,
                _ => self.part(depth)?,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lexed(text: &str) -> Vec<String> {
        let words = words(text.as_bytes()).expect(text);
        let show = |word: &&[u8]| String::from_utf8_lossy(word).into_owned();
        words.iter().map(show).collect()
    }

    #[test]
    fn only_a_hash_that_begins_a_word_begins_a_comment() {
        assert_eq!(
            lexed("echo a#b ${#x} $# '#' \"# $(echo ')')\" # gone\n\n# too\nls"),
            [
                "echo",
                "a#b",
                "${#x}",
                "$#",
                "'#'",
                "\"# $(echo ')')\"",
                "\n",
                "ls"
            ]
        );
        assert_eq!(lexed("a;# c\nb"), ["a", ";", "\n", "b"]);
    }

    #[test]
    fn blanks_shrink_and_lines_stay_lines() {
        assert_eq!(
            lexed("python3  train.py \\\n   --lr 1\n"),
            lexed("python3 train.py --lr 1\n")
        );
        assert_ne!(lexed("a\nb\n"), lexed("a b\n"));
        assert_ne!(lexed("echo 'a  b'"), lexed("echo 'a b'"));
        assert_ne!(lexed("a>b"), lexed("a> >b"));
        assert_eq!(lexed("x=(1 \n2)").len(), 1);
    }

    #[test]
    fn here_documents_are_taken_as_they_are() {
        let text = "cat <<EOF # c\n# no comment\n  x\nEOF\nls\n";
        assert_eq!(
            lexed(text),
            [
                "cat",
                "<<",
                "EOF",
                "\n",
                "# no comment\n  x\nEOF\n",
                "\n",
                "ls",
                "\n"
            ]
        );
        let tabs = "cat <<-'E O'\n\tx\n\tE O\n";
        assert_eq!(lexed(tabs)[4], "\tx\n\tE O\n");
        assert_eq!(words(b"cat <<EOF\nx\n"), None);
    }

    #[test]
    fn what_a_queue_or_the_kernel_reads_is_no_comment() {
        assert_eq!(
            lexed("#!/bin/sh\n#SBATCH --gres=gpu:1\n# note\nls\n")[..3],
            ["#!/bin/sh", "\n", "#SBATCH --gres=gpu:1"]
        );
        assert_ne!(lexed("#!/bin/sh\nls"), lexed("#!/bin/bash\nls"));
    }

    #[test]
    fn what_is_left_open_is_not_known() {
        for text in [
            "echo 'a", "echo \"a", "echo $(a", "echo ${a", "echo `a", "echo \\",
        ] {
            assert_eq!(words(text.as_bytes()), None, "{text}");
        }
        assert_eq!(words(b"x=$(ls # )\n)"), None);
        assert_eq!(words(b"x=(1 # )\n2)"), None);
        let deep = "$(".repeat(1000) + &")".repeat(1000);
        assert_eq!(words(deep.as_bytes()), None);
    }
}
