//! How many pixels an image has, from its header.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Cursor, Seek};

use crate::model::card::{Extent, PictureSize, Pictures, Pixels};

/// Formats whose header is understood, by the extensions of files in them.
const EXTENSIONS: [&[u8]; 11] = [
    b"png", b"jpg", b"jpeg", b"gif", b"bmp", b"webp", b"tif", b"tiff", b"heic", b"heif", b"avif",
];
/// Sizes that are told of a folder.
const FREQUENT: usize = 16;

/// Whether a file is named like an image.
pub fn is_named_so(path: &[u8]) -> bool {
    let extension = path.iter().rposition(|&byte| byte == b'.');
    let extension = extension.map_or(&b""[..], |dot| &path[dot + 1..]);
    EXTENSIONS
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// The size that stands in the first bytes of a file.
pub fn pixels(head: &[u8]) -> Option<Pixels> {
    read(Cursor::new(head))
}

/// The size that stands anywhere in a file.
pub fn pixels_of(file: &File) -> Option<Pixels> {
    read(BufReader::new(file))
}

fn read(header: impl std::io::BufRead + Seek) -> Option<Pixels> {
    let size = imagesize::reader_size(header).ok()?;
    let side = |pixels| u32::try_from(pixels).ok().filter(|&pixels| pixels > 0);
    Some(Pixels {
        width: side(size.width)?,
        height: side(size.height)?,
    })
}

/// Counts the images of a folder.
#[derive(Debug, Default)]
pub struct Tally {
    sizes: BTreeMap<Pixels, u64>,
    unknown: u64,
}

impl Tally {
    /// Counts one more image.
    pub fn add(&mut self, pixels: Option<Pixels>) {
        match pixels {
            Some(pixels) => *self.sizes.entry(pixels).or_default() += 1,
            None => self.unknown += 1,
        }
    }

    /// What was counted; `None` where there is no image.
    pub fn answer(self) -> Option<Pictures> {
        let files: u64 = self.sizes.values().sum();
        let mut frequent: Vec<_> = self.sizes.iter().collect();
        // Stable: of equally frequent sizes, the smaller first.
        frequent.sort_by_key(|(_, files)| std::cmp::Reverse(**files));
        let size = |(&pixels, &files): (&Pixels, &u64)| PictureSize { pixels, files };
        (files + self.unknown > 0).then(|| Pictures {
            files,
            unknown: self.unknown,
            sizes: self.sizes.len() as u64,
            frequent: frequent.into_iter().take(FREQUENT).map(size).collect(),
            width: extent(&self.sizes, |pixels| pixels.width),
            height: extent(&self.sizes, |pixels| pixels.height),
        })
    }
}

fn extent(sizes: &BTreeMap<Pixels, u64>, side: fn(&Pixels) -> u32) -> Option<Extent> {
    let mut sides: BTreeMap<u32, u64> = BTreeMap::new();
    for (pixels, files) in sizes {
        *sides.entry(side(pixels)).or_default() += files;
    }
    let half = sides.values().sum::<u64>().div_ceil(2);
    let mut seen = 0;
    let median = sides.iter().find(|(_, files)| {
        seen += **files;
        seen >= half
    });
    Some(Extent {
        least: *sides.first_key_value()?.0,
        median: *median?.0,
        most: *sides.last_key_value()?.0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend_from_slice(&width.to_be_bytes());
        bytes.extend_from_slice(&height.to_be_bytes());
        bytes.extend_from_slice(&[8, 2, 0, 0, 0]);
        bytes
    }

    #[test]
    fn headers_are_read_and_nothing_else_is_taken_for_one() {
        let size = |width, height| Some(Pixels { width, height });
        assert_eq!(pixels(&png(640, 480)), size(640, 480));
        assert_eq!(pixels(b"GIF89a\x07\0\x05\0\0\0\0"), size(7, 5));
        assert_eq!(pixels(&png(0, 480)), None);
        assert_eq!(pixels(&png(640, 480)[..20]), None);
        assert_eq!(pixels(b"a,b\n1,2\n"), None);
        assert_eq!(pixels(b""), None);
        assert!(is_named_so(b"a/b.c/x.JPEG"));
        assert!(!is_named_so(b"a.png/x") && !is_named_so(b"png") && !is_named_so(b"x.csv"));
    }

    #[test]
    fn sizes_are_counted_most_frequent_first() {
        let mut tally = Tally::default();
        for (width, height) in [(3, 9), (5, 5), (5, 5), (1, 7)] {
            tally.add(Some(Pixels { width, height }));
        }
        tally.add(None);
        let told = tally.answer().unwrap();
        assert_eq!((told.files, told.unknown, told.sizes), (4, 1, 3));
        let first = told.frequent[0];
        assert_eq!((first.pixels.width, first.files), (5, 2));
        let extent = |least, median, most| {
            Some(Extent {
                least,
                median,
                most,
            })
        };
        assert_eq!(told.width, extent(1, 3, 5));
        assert_eq!(told.height, extent(5, 5, 9));
        assert_eq!(Tally::default().answer(), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn no_header_is_too_broken(start in prop::sample::select(vec![
                &b"\x89PNG\r\n\x1a\n"[..], b"\xff\xd8\xff", b"GIF89a", b"BM", b"RIFF\x20\0\0\0WEBPVP8",
                b"II*\0", b"MM\0*", b"\0\0\0\x18ftypheic", b"\0\0\0\x18ftypavif"]),
            rest in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = pixels(&[start, &rest].concat());
        }
    }
}
