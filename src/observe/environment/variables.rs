//! Environment variables that change results. The list is closed: no other variable is recorded.

use std::collections::BTreeMap;

use crate::ambient::Ambient;
use crate::observe::secrets::redact_text;

/// Variables that choose devices, threads, determinism, arithmetic and where code is loaded from.
#[rustfmt::skip]
const RECORDED: &[&str] = &[
    "CONDA_DEFAULT_ENV", "CUBLAS_WORKSPACE_CONFIG", "CUDA_DEVICE_ORDER", "CUDA_LAUNCH_BLOCKING",
    "CUDA_VISIBLE_DEVICES", "HF_DATASETS_OFFLINE", "HF_HUB_OFFLINE", "HIP_VISIBLE_DEVICES",
    "JAX_ENABLE_X64", "JAX_PLATFORMS", "JULIA_NUM_THREADS", "KMP_AFFINITY", "LOCAL_RANK",
    "LOKY_MAX_CPU_COUNT", "MKL_CBWR", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS",
    "NUMEXPR_NUM_THREADS", "NVIDIA_TF32_OVERRIDE", "OMP_NUM_THREADS", "OMP_PROC_BIND",
    "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "PYTHONHASHSEED", "PYTHONNOUSERSITE",
    "PYTHONOPTIMIZE", "PYTHONPATH", "PYTORCH_CUDA_ALLOC_CONF", "PYTORCH_ENABLE_MPS_FALLBACK",
    "RANK", "RAYON_NUM_THREADS", "ROCR_VISIBLE_DEVICES", "SLURM_CPUS_PER_TASK",
    "SLURM_GPUS_ON_NODE", "SLURM_JOB_PARTITION", "SLURM_NNODES", "SLURM_NTASKS",
    "TF_DETERMINISTIC_OPS", "TF_ENABLE_ONEDNN_OPTS", "TOKENIZERS_PARALLELISM",
    "TRANSFORMERS_OFFLINE", "VECLIB_MAXIMUM_THREADS", "VIRTUAL_ENV", "WORLD_SIZE", "XLA_FLAGS",
];

/// The recorded variables that are set; set and empty counts, for `CUDA_VISIBLE_DEVICES=` hides
/// every device. Values that are not UTF-8 are left out.
pub(super) fn read(ambient: &Ambient) -> BTreeMap<String, String> {
    ambient
        .vars()
        .filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)))
        .filter(|(name, _)| RECORDED.contains(name))
        .map(|(name, value)| (name.to_owned(), shown(name, value, ambient)))
        .collect()
}

fn shown(name: &str, value: &str, ambient: &Ambient) -> String {
    match name {
        // Where an environment lies is nobody's business; the interpreter's path tells enough.
        "VIRTUAL_ENV" | "CONDA_DEFAULT_ENV" => {
            let parts = value.trim_end_matches(['/', '\\']).rsplit(['/', '\\']);
            parts.into_iter().next().unwrap_or_default().to_owned()
        }
        "PYTHONPATH" => {
            let home = ambient.var("HOME").filter(|home| home.len() > 1);
            let value = home.map_or_else(|| value.to_owned(), |home| value.replace(home, "~"));
            redact_text(&value).into_owned()
        }
        _ => redact_text(value).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_listed_variables_are_read_and_without_secrets() {
        let vars = [
            ("OMP_NUM_THREADS", "4"),
            ("CUDA_VISIBLE_DEVICES", ""),
            ("HF_TOKEN", "not to be seen"),
            ("HOME", "/home/ann"),
            ("PYTHONPATH", "/home/ann/src:/opt/x"),
            ("VIRTUAL_ENV", "/home/ann/proj/.venv"),
            ("XLA_FLAGS", "--dump=https://ann:pw@host/x"),
        ];
        let expected = [
            ("CUDA_VISIBLE_DEVICES", ""),
            ("OMP_NUM_THREADS", "4"),
            ("PYTHONPATH", "~/src:/opt/x"),
            ("VIRTUAL_ENV", ".venv"),
            ("XLA_FLAGS", "--dump=https://[redacted]@host/x"),
        ];
        let read = read(&Ambient::fixed("/", &vars));
        let read: Vec<_> = read.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        assert_eq!(read, expected);
    }

    #[test]
    fn no_recorded_variable_is_named_like_a_secret() {
        for name in RECORDED {
            let clean =
                crate::observe::secrets::redact_argv(&[format!("{name}=k3J9dLx0Qw7Zp1Vb6")]);
            assert_eq!(clean[0], format!("{name}=k3J9dLx0Qw7Zp1Vb6"));
        }
        assert!(RECORDED.is_sorted(), "so that a reader finds what is there");
    }
}
