//! Which axis a path counts on. Every path is on exactly one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::path::{Places, RecordPath};

/// A dimension in which two runs can differ, as far as paths go.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Axis {
    /// Program code.
    Code,
    /// A configuration file.
    Config,
    /// A data file.
    Data,
    /// A dependency list or lock file.
    Env,
    /// What runs write: models, metrics, reports. Never an input.
    Output,
    /// Documentation, the `experiments/` folder, git's own files: counts for nothing.
    None,
}

/// What the runs at hand say about paths, plus the project's own rules.
///
/// Paths are relative to the top of the working tree.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    /// The project's `experiments/` folder.
    pub experiments: RecordPath,
    /// Paths given as configuration.
    pub config: Vec<RecordPath>,
    /// Paths (or folders) given as data.
    pub data: Vec<RecordPath>,
    /// Metrics files, models and artifacts that runs wrote.
    pub output: Places,
    /// `[code] ignore` of exp.toml, matched by the caller's glob engine.
    pub ignore: Option<globset::GlobSet>,
    /// `[code] paths` of exp.toml: when given, code outside them counts for nothing.
    pub only: Vec<RecordPath>,
}

const DATA_EXTENSIONS: [&str; 38] = [
    "csv", "tsv", "parquet", "feather", "arrow", "jsonl", "ndjson", "npy", "npz", "h5", "hdf5",
    "xlsx", "xls", "db", "sqlite", "sqlite3", "txt", "gz", "bz2", "xz", "zst", "zip", "tar", "png",
    "jpg", "jpeg", "gif", "bmp", "tif", "tiff", "wav", "mp3", "flac", "ogg", "mp4", "dvc", "mat",
    "avi",
];
const CONFIG_EXTENSIONS: [&str; 8] = [
    "yaml",
    "yml",
    "json",
    "toml",
    "ini",
    "cfg",
    "conf",
    "properties",
];
const MODEL_EXTENSIONS: [&str; 14] = [
    "pkl",
    "pickle",
    "joblib",
    "pt",
    "pth",
    "ckpt",
    "safetensors",
    "onnx",
    "gguf",
    "keras",
    "pb",
    "tflite",
    "cbm",
    "pdf",
];
const DOC_EXTENSIONS: [&str; 5] = ["md", "rst", "adoc", "org", "tex"];
const ENV_FILES: [&str; 12] = [
    "pyproject.toml",
    "setup.cfg",
    "pipfile",
    "pipfile.lock",
    "poetry.lock",
    "uv.lock",
    "pdm.lock",
    "environment.yml",
    "environment.yaml",
    "conda-lock.yml",
    "pixi.lock",
    "pixi.toml",
];
const OUTPUT_FILES: [&str; 6] = [
    "metrics.json",
    "metrics.csv",
    "metrics.yaml",
    "nohup.out",
    "results.json",
    "results.csv",
];
const OUTPUT_FOLDERS: [&str; 8] = [
    "models",
    "reports",
    "mlruns",
    "wandb",
    "lightning_logs",
    "outputs",
    "checkpoints",
    "__pycache__",
];

impl Claims {
    /// The one axis of a path.
    ///
    /// What a run claims goes first; then the project's rules; then the kind of file, so that an
    /// edited CSV or YAML that nobody claimed is still never taken for code.
    pub fn axis_of(&self, path: &RecordPath) -> Axis {
        let within = |list: &[RecordPath]| list.iter().any(|claimed| path.is_within(claimed));
        if path.is_within(&self.experiments) && !self.experiments.as_bytes().is_empty() {
            return Axis::None;
        }
        if within(&self.config) {
            return Axis::Config;
        }
        if within(&self.data) {
            return Axis::Data;
        }
        if self.output.cover(path) {
            return Axis::Output;
        }
        let ignore = self.ignore.as_ref().filter(|set| !set.is_empty());
        if ignore.is_some_and(|set| set.is_match(path.to_path())) {
            return Axis::None;
        }
        let kind = axis_by_kind(path);
        let outside = !self.only.is_empty() && !within(&self.only);
        if kind == Axis::Code && outside {
            Axis::None
        } else {
            kind
        }
    }
}

/// Whether a file's extension is one that models are saved under.
pub fn is_model(path: &RecordPath) -> bool {
    MODEL_EXTENSIONS.contains(&path.extension().as_str()) && path.extension() != "pdf"
}

/// The axis that a path's name alone suggests.
fn axis_by_kind(path: &RecordPath) -> Axis {
    let mut text = path.display();
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        text.to_mut().make_ascii_lowercase();
    }
    let (folder, name) = text.rsplit_once('/').unwrap_or(("", &text));
    let folders = || folder.split('/').filter(|part| !part.is_empty());
    let extension = match name.rfind('.') {
        Some(dot) if dot > 0 => &name[dot + 1..],
        _ => "",
    };
    let is = |list: &[&str]| list.contains(&extension);
    let is_doc =
        |stem: &str| ["license", "licence", "copying", "notice", "authors"].contains(&stem);
    if name.starts_with(".git")
        || name.starts_with(".exp")
        || folders().any(|part| part.starts_with('.'))
    {
        return Axis::None;
    }
    if ENV_FILES.contains(&name) || (name.starts_with("requirements") && is(&["txt", "in", "lock"]))
    {
        return Axis::Env;
    }
    if OUTPUT_FILES.contains(&name)
        || extension != "py" && folders().any(|part| OUTPUT_FOLDERS.contains(&part))
        || is(&MODEL_EXTENSIONS)
        || extension == "log"
    {
        return Axis::Output;
    }
    if is(&DOC_EXTENSIONS)
        || is_doc(name.split('.').next().unwrap_or(name))
        || folders().next() == Some("docs")
    {
        return Axis::None;
    }
    if is(&DATA_EXTENSIONS) {
        return Axis::Data;
    }
    if is(&CONFIG_EXTENSIONS) {
        return Axis::Config;
    }
    Axis::Code
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(path: &str) -> Axis {
        let claims = Claims {
            experiments: "experiments".into(),
            config: vec!["src/defaults.py".into()],
            data: vec!["vocab".into()],
            ..Claims::default()
        };
        claims.axis_of(&path.into())
    }

    #[test]
    fn every_path_has_the_axis_people_expect() {
        for (path, expected) in [
            ("src/train.py", Axis::Code),
            ("Makefile", Axis::Code),
            ("train", Axis::Code),
            ("src/models/resnet.py", Axis::Code),
            ("src/defaults.py", Axis::Config),
            ("configs/base.yaml", Axis::Config),
            ("data/processed/train.csv", Axis::Data),
            ("vocab/words", Axis::Data),
            ("requirements-dev.txt", Axis::Env),
            ("pyproject.toml", Axis::Env),
            ("models/checkpoints/model.bin", Axis::Output),
            ("metrics.json", Axis::Output),
            ("experiments/runs/exp_001_a/run.json", Axis::None),
            ("README.md", Axis::None),
            ("LICENSE", Axis::None),
            (".github/workflows/ci.yml", Axis::None),
        ] {
            assert_eq!(axis(path), expected, "{path}");
        }
    }
}
