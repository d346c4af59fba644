//! The values that a run logged over steps, as numbers to be drawn.

use std::io::BufReader;
use std::path::Path;

use super::series::{self, SeriesRead};
use crate::error::{Context, Failure, Result};
use crate::model::Run;

/// The folder of finished series and the log of a running one, inside a run's folder.
const FOLDER: &str = "series";
const LOG: &str = "series.jsonl";

/// Steps and values of one metric.
pub type Curve = Vec<(f64, f64)>;

/// The curves of a run, read one at a time; a running run's come from its log.
#[derive(Debug)]
pub struct Curves<'r> {
    folder: &'r Path,
    run: &'r Run,
    log: Option<SeriesRead>,
}

impl<'r> Curves<'r> {
    /// Opens what a run logged.
    ///
    /// # Errors
    /// A log that can't be read.
    pub fn open(folder: &'r Path, run: &'r Run) -> Result<Self> {
        let path = folder.join(LOG);
        let is_log = run.series.is_empty() && is_file(&path);
        let log = if is_log {
            let file =
                std::fs::File::open(&path).context(|| format!("cannot read {}", path.display()))?;
            let read = series::read(BufReader::new(file));
            Some(read.context(|| format!("cannot read {}", path.display()))?)
        } else {
            None
        };
        Ok(Self { folder, run, log })
    }

    /// The metrics that were logged.
    pub fn names(&self) -> Vec<String> {
        match &self.log {
            Some(log) => log.series.keys().cloned().collect(),
            None => self.run.series.keys().cloned().collect(),
        }
    }

    /// The values of one metric.
    ///
    /// # Errors
    /// The file is missing, or a line of it is no step and value.
    pub fn read(&self, metric: &str) -> Result<Curve> {
        if let Some(log) = &self.log {
            let points = log
                .series
                .get(metric)
                .into_iter()
                .flat_map(|series| series.points());
            // Steps beyond 2^53 are not met in training; a plot could not show them apart anyway.
            return Ok(points.map(|(step, value)| (step as f64, value)).collect());
        }
        let path = self.folder.join(FOLDER).join(series::file_name(metric));
        if !is_file(&path) {
            return Err(
                Failure::new(format!("{} has no values of `{metric}`", self.run.id()))
                    .because(format!("{} is missing", path.display())),
            );
        }
        let bytes = std::fs::read(&path).context(|| format!("cannot read {}", path.display()))?;
        parse(&bytes).map_err(|line| {
            Failure::new(format!("{} is damaged", path.display()))
                .because(format!("line {line} is not a step and a value"))
                .hint(format!(
                    "get the committed version back: git checkout HEAD -- {}",
                    path.display()
                ))
        })
    }
}

/// Links are not followed: a record must not make us read elsewhere.
fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_file())
}

/// Parses `step,value[,time]` lines below a heading; the error is the number of the bad line.
fn parse(bytes: &[u8]) -> std::result::Result<Curve, usize> {
    let mut curve = Vec::with_capacity(bytes.len() / 16);
    for (index, line) in bytes.split(|&b| b == b'\n').enumerate().skip(1) {
        let text = std::str::from_utf8(line)
            .map_err(|_| index + 1)?
            .trim_end_matches('\r');
        if text.is_empty() {
            continue;
        }
        let mut cells = text.split(',');
        let mut number = || cells.next().and_then(|cell| cell.parse::<f64>().ok());
        let (Some(step), Some(value)) = (number(), number()) else {
            return Err(index + 1);
        };
        curve.push((step, value));
    }
    Ok(curve)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_are_no_numbers_are_kept_and_damage_is_located() {
        let curve = parse(b"step,value\n1,0.5\r\n2,nan\n3,-inf,2025\n").unwrap();
        assert_eq!(curve[0], (1.0, 0.5));
        assert!(curve[1].1.is_nan() && curve[2].1 == f64::NEG_INFINITY);
        assert_eq!(parse(b"step,value\n1,0.5\nx,1\n"), Err(3));
        assert_eq!(parse(b"step,value\n1\n"), Err(2));
        assert_eq!(parse(b""), Ok(Vec::new()));
    }
}
