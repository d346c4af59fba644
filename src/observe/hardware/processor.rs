//! The processor's name, from `/proc/cpuinfo` (proc(5)).

use std::io::Read;
use std::path::Path;

/// Only the first processor is read: the kernel writes this file as it is asked for, one processor
/// at a time, and on a machine of 256 the whole takes longer than everything else here.
const BEGINNING: u64 = 4096;

/// Keys that hold a name, by architecture: x86 and others, POWER, s390.
const NAMES: &[&str] = &["model name", "cpu", "processor 0"];

pub(super) fn name(root: &Path) -> Option<String> {
    let mut text = Vec::new();
    let file = std::fs::File::open(root.join("proc/cpuinfo")).ok()?;
    file.take(BEGINNING).read_to_end(&mut text).ok()?;
    parse(&String::from_utf8_lossy(&text))
}

fn parse(text: &str) -> Option<String> {
    let field = |wanted: &str| {
        text.lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(key, value)| key.trim() == wanted && !value.trim().is_empty())
            .map(|(_, value)| value.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    NAMES.iter().find_map(|key| field(key)).or_else(|| {
        // ARM has numbers only; they name the core as exactly as a marketing name would.
        let (maker, part) = (field("CPU implementer")?, field("CPU part")?);
        Some(format!("ARM implementer {maker} part {part}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_several_architectures() {
        for (text, expected) in [
            (
                "processor\t: 0\nmodel\t\t: 17\nmodel name\t: Intel(R)  Xeon(R) CPU @ 2.20GHz\n",
                Some("Intel(R) Xeon(R) CPU @ 2.20GHz"),
            ),
            (
                "processor\t: 0\nBogoMIPS\t: 50.00\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n",
                Some("ARM implementer 0x41 part 0xd0c"),
            ),
            (
                "processor\t: 0\ncpu\t\t: POWER9, altivec supported\n",
                Some("POWER9, altivec supported"),
            ),
            ("processor\t: 0\nmodel name\t:\n", None),
            ("", None),
        ] {
            assert_eq!(parse(text).as_deref(), expected);
        }
    }
}
