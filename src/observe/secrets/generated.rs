//! Whether a value is the work of a generator: what tells a key from a word, a path or a placeholder.

/// Whether a literal looks like the work of a random generator and not of a person: long, of mixed
/// characters, and not made of words.
pub(super) fn is_generated(value: &[u8]) -> bool {
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"_-+/=.~:%!@#$^&*".contains(b);
    if !(16..=512).contains(&value.len()) || !value.iter().all(allowed) {
        return false;
    }
    if is_path(value) || is_placeholder(value) || is_wordy(value) {
        return false;
    }
    let digits = value.iter().any(u8::is_ascii_digit);
    let letters = value.iter().any(u8::is_ascii_alphabetic);
    // 16 possible characters reach 4 bits at the most, so hexadecimal has a bar of its own.
    let hexadecimal = value.len() >= 32 && value.iter().all(u8::is_ascii_hexdigit);
    digits && letters && entropy(value) >= if hexadecimal { 3.0 } else { 3.4 }
}

/// Both cases and digits: needed of a bare `token`, because data sets name rows by hexadecimal ones.
pub(super) fn has_three_classes(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_lowercase)
        && value.iter().any(u8::is_ascii_uppercase)
}

fn is_path(value: &[u8]) -> bool {
    let rooted = [&b"/"[..], b"./", b"../", b"~"];
    rooted.iter().any(|root| value.starts_with(root))
        || memchr::memmem::find(value, b"://").is_some()
}

fn is_placeholder(value: &[u8]) -> bool {
    const MARKS: &[&str] = &[
        "xxxx",
        "your",
        "example",
        "changeme",
        "placeholder",
        "dummy",
        "insecure",
        "redacted",
        "replace",
        "1234567890",
        "abcdef",
        "${",
        "{{",
    ];
    let lower = String::from_utf8_lossy(value).to_ascii_lowercase();
    MARKS.iter().any(|mark| lower.contains(mark)) || value.starts_with(b"arn:")
}

/// Made of words and small numbers: `tiny-random-bert-v2`, `self.cfg.token`.
fn is_wordy(value: &[u8]) -> bool {
    value.split(|b| !b.is_ascii_alphanumeric()).all(|part| {
        let letters = part.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let rest = &part[letters..];
        rest.len() <= 4 && rest.iter().all(u8::is_ascii_digit)
    })
}

/// Whether a literal without quotes reads as a name in code: `x25519.X25519PrivateKey`. Its words are
/// three letters long on average; those that a generator makes of mixed characters come to two.
pub(super) fn is_identifier(value: &[u8]) -> bool {
    let mixed = value
        .iter()
        .any(|b| b.is_ascii_uppercase() || b"_.".contains(b));
    let named = value
        .iter()
        .all(|&b| b.is_ascii_alphanumeric() || b"_.".contains(&b));
    let letters = value.iter().filter(|b| b.is_ascii_alphabetic()).count();
    let words = (0..value.len()).filter(|&i| begins_word(value, i)).count();
    mixed && named && letters >= 3 * words
}

/// A letter after something else, or a capital that begins a word of its own.
fn begins_word(value: &[u8], i: usize) -> bool {
    let before = i.checked_sub(1).map_or(b' ', |i| value[i]);
    let after = value.get(i + 1).copied().unwrap_or(b' ');
    value[i].is_ascii_alphabetic()
        && (!before.is_ascii_alphabetic()
            || (value[i].is_ascii_uppercase()
                && (before.is_ascii_lowercase() || after.is_ascii_lowercase())))
}

/// Whether the characters are counted up as in manuals and not drawn.
pub(super) fn is_sequence(value: &[u8]) -> bool {
    ["1234567890", "abcdefgh", "xxxxxx"]
        .iter()
        .any(|known| memchr::memmem::find(&value.to_ascii_lowercase(), known.as_bytes()).is_some())
}

/// Shannon entropy of the bytes, in bits for each.
fn entropy(value: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for &b in value {
        counts[usize::from(b)] += 1;
    }
    let total = value.len() as f64;
    counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| f64::from(count) / total)
        .map(|share| -share * share.log2())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_code_are_told_from_keys() {
        for name in [
            "x25519.X25519PrivateKey",
            "PKCS7PrivateKeyTypes",
            "X509HardwareKeyUsageFlags",
            "self.ai21labs_api_key",
        ] {
            assert!(is_identifier(name.as_bytes()), "{name}");
        }
        for key in [
            "k3J9dLx0Qw7Zp1Vb6Nt5",
            "9f86d081884c7d659a2feaa0c55ad015",
            "k1zPZM6uVxMQ3oxqgoYlNuJPyRTZ1vREs76zTQE3eJk",
            "8bklk8bl1k3sb38d9b3l0enywt8c09b30lkq0blk",
        ] {
            assert!(!is_identifier(key.as_bytes()), "{key}");
        }
    }

    #[test]
    fn generated_values_are_told_from_words() {
        for value in [
            "9f86d081884c7d659a2feaa0c55ad015",
            "Zq8!xP2m#Lw9vT4k",
            "k3J9dLx0Qw7Zp1Vb6Nt5",
        ] {
            assert!(is_generated(value.as_bytes()), "{value}");
        }
        for value in [
            "hf_internal_testing_tiny_random_v2",
            "your-api-key-goes-here-42",
            "short1",
            "/data/run7/token2/abcDEF019x",
            "AAAAAAAAAAAAAAAAAAAAAAAA1",
            "self.config.tokens2",
            "bert-base-uncased-2019",
            "https://x1.io/a9Bc3De4Fg5",
            "hello world this is 1 text",
        ] {
            assert!(!is_generated(value.as_bytes()), "{value}");
        }
    }
}
