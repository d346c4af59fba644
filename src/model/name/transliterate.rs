//! Letters of other alphabets in a-z.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Cyrillic as passports have it: ICAO Doc 9303, part 3, section 6, table B, without the exceptions
/// for single languages, since a title does not say its language.
///
/// Never changed: a run's folder must come out the same in every version.
pub const CYRILLIC: [(char, &str); 49] = [
    ('а', "a"),
    ('б', "b"),
    ('в', "v"),
    ('г', "g"),
    ('д', "d"),
    ('е', "e"),
    ('ё', "e"),
    ('ж', "zh"),
    ('з', "z"),
    ('и', "i"),
    ('й', "i"),
    ('к', "k"),
    ('л', "l"),
    ('м', "m"),
    ('н', "n"),
    ('о', "o"),
    ('п', "p"),
    ('р', "r"),
    ('с', "s"),
    ('т', "t"),
    ('у', "u"),
    ('ф', "f"),
    ('х', "kh"),
    ('ц', "ts"),
    ('ч', "ch"),
    ('ш', "sh"),
    ('щ', "shch"),
    ('ъ', "ie"),
    ('ы', "y"),
    ('ь', ""),
    ('э', "e"),
    ('ю', "iu"),
    ('я', "ia"),
    ('і', "i"),
    ('ѵ', "y"),
    ('ґ', "g"),
    ('ў', "u"),
    ('ѫ', "u"),
    ('ѓ', "g"),
    ('ђ', "d"),
    ('ѕ', "dz"),
    ('ј', "j"),
    ('ќ', "k"),
    ('љ', "lj"),
    ('њ', "nj"),
    ('ћ', "c"),
    ('џ', "dz"),
    ('є', "ie"),
    ('ї', "i"),
];

/// Latin letters that Unicode does not take apart into a letter and a mark.
const LATIN: [(char, &str); 10] = [
    ('ß', "ss"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('ø', "o"),
    ('đ', "d"),
    ('ð', "d"),
    ('ħ', "h"),
    ('ł', "l"),
    ('þ', "th"),
    ('ı', "i"),
];

/// A title in `[a-z0-9_]`; what has no place there becomes `_`, marks and apostrophes vanish.
pub(super) fn ascii(title: &str) -> String {
    let mut text = String::new();
    // NFC first: macOS may hand over `й` as `и` and a breve, and they are one letter here.
    for c in title.nfc().flat_map(char::to_lowercase).nfc() {
        if !push(&mut text, c) {
            let before = text.len();
            // Taken apart: `é` is `e` and an accent, `ﬁ` is `f` and `i`.
            for part in std::iter::once(c).nfkd().flat_map(char::to_lowercase) {
                push(&mut text, part);
            }
            if text.len() == before && !is_silent(c) {
                text.push('_');
            }
        }
    }
    text
}

/// Adds what a letter or digit is written as; false if it isn't known.
fn push(text: &mut String, c: char) -> bool {
    if c.is_ascii_alphanumeric() {
        text.push(c);
        return true;
    }
    let known = CYRILLIC.iter().chain(&LATIN).find(|(from, _)| *from == c);
    if let Some((_, to)) = known {
        text.push_str(to);
    }
    known.is_some()
}

/// What stands inside a word without parting it.
fn is_silent(c: char) -> bool {
    is_combining_mark(c) || matches!(c, '\'' | '’' | 'ʼ' | '\u{ad}' | '\u{200d}' | '\u{feff}')
}
