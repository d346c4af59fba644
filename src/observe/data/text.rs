//! Bytes of a file turned into UTF-8, and what is seen on the way: encoding and line ends.

use encoding_rs::{Decoder, Encoding, UTF_16BE, UTF_16LE, WINDOWS_1251};

use sha2::Digest;

use crate::model::card::LineEndings;

/// How a text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Script {
    /// A name of [`crate::model::card::Table::encoding`].
    pub name: Option<&'static str>,
    /// Length of the byte-order mark.
    pub bom: usize,
}

/// Tells the encoding from the beginning of a file.
pub fn detect(sample: &[u8], whole: bool) -> Script {
    let script = |name, bom| Script {
        name: Some(name),
        bom,
    };
    match sample {
        [0xef, 0xbb, 0xbf, ..] => return script("utf-8", 3),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => return script("utf-32", 4),
        [0xff, 0xfe, ..] => return script("utf-16le", 2),
        [0xfe, 0xff, ..] => return script("utf-16be", 2),
        _ => {}
    }
    if let Some(name) = utf16_without_mark(sample) {
        return script(name, 0);
    }
    match std::str::from_utf8(sample) {
        Ok(_) => script("utf-8", 0),
        // A letter cut by the end of the sample is no fault.
        Err(error) if error.error_len().is_none() && !whole => script("utf-8", 0),
        Err(_) if is_cyrillic(sample) => script("windows-1251", 0),
        Err(_) => Script { name: None, bom: 0 },
    }
}

/// Text in Latin script has a zero in every other byte.
fn utf16_without_mark(sample: &[u8]) -> Option<&'static str> {
    let pairs = sample.len() / 2;
    if pairs < 2 {
        return None;
    }
    let zeros = |offset: usize| {
        let bytes = sample.iter().skip(offset).step_by(2);
        bytes.filter(|&&byte| byte == 0).count()
    };
    match (zeros(0) * 10 > pairs * 4, zeros(1) * 10 > pairs * 4) {
        (false, true) => Some("utf-16le"),
        (true, false) => Some("utf-16be"),
        _ => None,
    }
}

/// In Russian text of windows-1251 letters stand together and are mostly small ones (E0-FF). In
/// Latin alphabets letters above ASCII stand alone; in KOI8-R small ones are C0-DF.
fn is_cyrillic(sample: &[u8]) -> bool {
    let letter = |b: u8| b >= 0xc0 || b == 0xa8 || b == 0xb8;
    let high = sample.iter().filter(|&&b| b >= 0x80).count();
    let joined = sample
        .windows(2)
        .filter(|pair| letter(pair[0]) && letter(pair[1]))
        .count();
    let letters = sample.iter().filter(|&&b| letter(b)).count();
    let small = sample.iter().filter(|&&b| b >= 0xe0 || b == 0xb8).count();
    letters * 10 > high * 9 && joined * 2 > letters && small * 2 > letters
}

/// Turns a text into UTF-8 piece by piece.
pub enum Recoder {
    /// It is UTF-8, or taken as it is.
    Plain(Utf8Check),
    /// It is something else.
    Other(Box<Decoder>),
}

impl Recoder {
    /// Starts after the byte-order mark.
    pub fn new(script: Script) -> Self {
        let decoder = |encoding: &'static Encoding| {
            Self::Other(Box::new(encoding.new_decoder_without_bom_handling()))
        };
        match script.name {
            Some("utf-16le") => decoder(UTF_16LE),
            Some("utf-16be") => decoder(UTF_16BE),
            Some("windows-1251") => decoder(WINDOWS_1251),
            _ => Self::Plain(Utf8Check::default()),
        }
    }

    /// Passes the next bytes on as UTF-8.
    pub fn recode(&mut self, bytes: &[u8], last: bool, mut next: impl FnMut(&[u8])) {
        match self {
            Self::Plain(check) => {
                check.see(bytes);
                next(bytes);
            }
            Self::Other(decoder) => {
                let mut buffer = [0; 4096];
                let mut rest = bytes;
                loop {
                    let (result, read, written, _) =
                        decoder.decode_to_utf8(rest, &mut buffer, last);
                    next(&buffer[..written]);
                    rest = &rest[read..];
                    if result == encoding_rs::CoderResult::InputEmpty {
                        return;
                    }
                }
            }
        }
    }

    /// Whether all of it was valid.
    pub fn is_valid(&self) -> bool {
        match self {
            Self::Plain(check) => !check.invalid && check.kept == 0,
            Self::Other(_) => true,
        }
    }
}

/// Checks UTF-8 that comes in pieces.
#[derive(Debug, Default)]
pub struct Utf8Check {
    carry: [u8; 4],
    kept: usize,
    invalid: bool,
}

impl Utf8Check {
    fn see(&mut self, mut bytes: &[u8]) {
        while self.kept > 0 && !self.invalid && !bytes.is_empty() {
            self.carry[self.kept] = bytes[0];
            self.kept += 1;
            bytes = &bytes[1..];
            match std::str::from_utf8(&self.carry[..self.kept]) {
                Ok(_) => self.kept = 0,
                Err(error) => self.invalid = error.error_len().is_some(),
            }
        }
        if self.invalid {
            return;
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            let tail = &bytes[error.valid_up_to()..];
            self.invalid = error.error_len().is_some();
            if !self.invalid {
                self.carry[..tail.len()].copy_from_slice(tail);
                self.kept = tail.len();
            }
        }
    }
}

/// Counts line ends in a text that comes in pieces.
#[derive(Debug, Default)]
pub struct LineEnds {
    lf: u64,
    crlf: u64,
    cr: u64,
    after_cr: bool,
}

impl LineEnds {
    /// Looks at the next piece.
    pub fn see(&mut self, bytes: &[u8]) {
        let Some(&last) = bytes.last() else { return };
        for at in memchr::memchr_iter(b'\n', bytes) {
            let after_cr = match at {
                0 => self.after_cr,
                _ => bytes[at - 1] == b'\r',
            };
            self.lf += 1;
            self.crlf += u64::from(after_cr);
        }
        self.cr += memchr::memchr_iter(b'\r', bytes).count() as u64;
        self.after_cr = last == b'\r';
    }

    /// What they were.
    pub fn answer(&self) -> Option<LineEndings> {
        let (lf, cr) = (self.lf - self.crlf, self.cr - self.crlf);
        match (lf, self.crlf, cr) {
            (0, 0, 0) => None,
            (_, 0, 0) => Some(LineEndings::Lf),
            (0, _, 0) => Some(LineEndings::Crlf),
            (0, 0, _) => Some(LineEndings::Cr),
            _ => Some(LineEndings::Mixed),
        }
    }
}

/// The digest that a file with CRLF would have if it were written with LF.
///
/// A file whose first line does not end with CRLF is not followed: where it has no CRLF at all, its
/// own digest is the answer and costs nothing.
#[derive(Default)]
pub struct LfDigest {
    state: LfState,
    plain: Vec<u8>,
}

#[derive(Default)]
enum LfState {
    /// Bytes before the first line end.
    #[default]
    Start,
    On {
        digest: Box<sha2::Sha256>,
        after_cr: bool,
    },
    Off,
}

impl LfDigest {
    /// A longer first line is not waited for.
    const LONGEST_LINE: usize = 64 * 1024;

    /// Takes the next bytes.
    pub fn take(&mut self, bytes: &[u8]) {
        match &mut self.state {
            LfState::Off => {}
            LfState::On { digest, after_cr } => {
                without_cr(bytes, after_cr, &mut self.plain);
                digest.update(&self.plain);
            }
            LfState::Start => self.start(bytes),
        }
    }

    fn start(&mut self, bytes: &[u8]) {
        let known = self.plain.len();
        self.plain.extend_from_slice(bytes);
        let end = memchr::memchr(b'\n', &self.plain[known..]).map(|end| known + end);
        match end {
            Some(end) if end <= Self::LONGEST_LINE && self.plain[..end].ends_with(b"\r") => {
                self.state = LfState::On {
                    digest: Box::default(),
                    after_cr: false,
                };
                let first = std::mem::take(&mut self.plain);
                self.take(&first);
            }
            None if self.plain.len() <= Self::LONGEST_LINE => {}
            _ => (self.state, self.plain) = (LfState::Off, Vec::new()),
        }
    }

    /// The digest, if the file was followed.
    pub fn answer(self) -> Option<[u8; 32]> {
        match self.state {
            LfState::On {
                mut digest,
                after_cr,
            } => {
                if after_cr {
                    digest.update(b"\r");
                }
                Some(digest.finalize().into())
            }
            _ => None,
        }
    }
}

/// Puts the bytes without the CR of each CRLF into `plain`; a CR at the end is kept back.
fn without_cr(bytes: &[u8], after_cr: &mut bool, plain: &mut Vec<u8>) {
    plain.clear();
    let Some(&last) = bytes.last() else { return };
    if *after_cr && bytes[0] != b'\n' {
        plain.push(b'\r');
    }
    *after_cr = last == b'\r';
    let body = &bytes[..bytes.len() - usize::from(*after_cr)];
    let mut start = 0;
    for at in memchr::memchr_iter(b'\n', body) {
        let end = at - usize::from(at > start && body[at - 1] == b'\r');
        plain.extend_from_slice(&body[start..end]);
        start = at;
    }
    plain.extend_from_slice(&body[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(sample: &[u8]) -> Option<&'static str> {
        detect(sample, true).name
    }

    #[test]
    fn encodings_are_told_apart() {
        let russian = "город,возраст\nМосква,38\nНижний Новгород,41\n";
        let (cp1251, ..) = WINDOWS_1251.encode(russian);
        let (koi8, ..) = encoding_rs::KOI8_R.encode(russian);
        let (latin, ..) = encoding_rs::WINDOWS_1252.encode("caf\u{e9},na\u{ef}ve\n1,2\n");
        assert_eq!(name(russian.as_bytes()), Some("utf-8"));
        assert_eq!(name(&cp1251), Some("windows-1251"));
        assert_eq!(name(&koi8), None);
        assert_eq!(name(&latin), None);
        let wide: Vec<u8> = "a,b\n1,2\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(name(&wide), Some("utf-16le"));
        assert_eq!(
            detect(b"\xef\xbb\xbfa", true),
            Script {
                name: Some("utf-8"),
                bom: 3
            }
        );
        let cut = &"я".as_bytes()[..1];
        assert_eq!(detect(cut, false).name, Some("utf-8"));
        assert_eq!(detect(cut, true).name, None);
    }

    proptest! {
        #[test]
        fn pieces_are_as_good_as_the_whole(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                ".{0,20}".prop_map(String::into_bytes),
                "[a\r\n]{0,20}".prop_map(String::into_bytes),
            ], step in 1_usize..5) {
            let mut recoder = Recoder::new(Script { name: Some("utf-8"), bom: 0 });
            let (mut ends, mut whole) = (LineEnds::default(), LineEnds::default());
            for piece in bytes.chunks(step) {
                recoder.recode(piece, false, |bytes| ends.see(bytes));
            }
            whole.see(&bytes);
            let mut lf = LfDigest::default();
            bytes.chunks(step).for_each(|piece| lf.take(piece));
            let first = bytes.iter().position(|&b| b == b'\n');
            let expected = first.filter(|&end| end > 0 && bytes[end - 1] == b'\r').map(|_| {
                let text: Vec<u8> = bytes.iter().enumerate()
                    .filter(|(i, b)| !(**b == b'\r' && bytes.get(i + 1) == Some(&b'\n')))
                    .map(|(_, b)| *b).collect();
                <[u8; 32]>::from(sha2::Sha256::digest(text))
            });
            prop_assert_eq!(lf.answer(), expected);
            prop_assert_eq!(recoder.is_valid(), std::str::from_utf8(&bytes).is_ok());
            prop_assert_eq!(ends.answer(), whole.answer());
        }
    }
}
