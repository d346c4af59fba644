//! Colours that people with any colour vision can tell apart, and signs for those who see none.
//!
//! The hues are those of M. Okabe and K. Ito, "Color Universal Design", 2008, made darker on white
//! and lighter on black until each has a contrast of at least 3:1 with the paper.

/// Lines that can be told apart in one plot; a ninth would repeat the first.
pub const COUNT: usize = 8;

/// On a light page.
pub const LIGHT: [&str; COUNT] = [
    "#0064a6", "#c24a00", "#00805c", "#a8447c", "#2b83b8", "#8f6b00", "#5b5fc7", "#444b54",
];

/// On a dark page.
pub const DARK: [&str; COUNT] = [
    "#56b4e9", "#f0894a", "#2fc79b", "#e08fbb", "#8ecbf0", "#e6c229", "#a5a8f5", "#c3c9d1",
];

/// Dash patterns, so that lines differ in print and without colour.
pub const DASHES: [&str; COUNT] = [
    "none",
    "7 3",
    "2 3",
    "9 3 2 3",
    "12 4",
    "4 2",
    "6 2 2 2 2 2",
    "1 2",
];

/// Signs for points and for terminals without colour.
pub const SIGNS: [char; COUNT] = ['●', '▲', '■', '◆', '○', '△', '□', '◇'];

/// The same for terminals that know ASCII only.
pub const ASCII_SIGNS: [char; COUNT] = ['*', '+', 'o', 'x', '#', '@', '%', '&'];

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance by WCAG 2.1.
    fn luminance(hex: &str) -> f64 {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.03928 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    }

    fn contrast(a: &str, b: &str) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn every_colour_stands_out_from_its_paper() {
        for (colours, paper) in [(LIGHT, "#ffffff"), (DARK, "#14171c")] {
            for colour in colours {
                assert!(contrast(colour, paper) >= 3.0, "{colour} on {paper}");
            }
        }
    }
}
