//! Files that hold secrets by what they are, whatever is in them.

use crate::model::RecordPath;

/// Names that tools keep passwords and keys under.
#[rustfmt::skip]
const NAMES: &[&str] = &[
    ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".git-credentials", ".htpasswd",
    ".dockercfg", ".boto", ".s3cfg", ".envrc", "credentials.json", "kaggle.json",
    "application_default_credentials.json", "secrets.toml", "secrets.yaml", "secrets.yml",
    "secrets.json",
];

/// Ordinary names that are secret in one folder.
const PLACES: &[(&str, &str)] = &[
    (".aws", "credentials"),
    (".docker", "config.json"),
    (".dvc", "config.local"),
    ("huggingface", "token"),
    (".huggingface", "token"),
];

const EXTENSIONS: &[&str] = &["pem", "key", "p12", "pfx", "keystore", "jks", "kdbx", "ppk"];

/// Default names of SSH's private keys; `id_*` would take `id_to_label.json` with them.
const SSH_KEYS: &[&str] = &["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"];

/// Whether a file is left out of snapshots because of what it is called: `.env`, private keys,
/// credentials of tools. Patterns to copy, such as `.env.example`, are not.
pub fn is_secret_path(path: &RecordPath) -> bool {
    let name = String::from_utf8_lossy(path.file_name()).to_ascii_lowercase();
    let extension = path.extension();
    NAMES.contains(&name.as_str())
        || is_env(&name)
        || EXTENSIONS.contains(&extension.as_str())
        || (SSH_KEYS.iter().any(|key| name.starts_with(key)) && extension != "pub")
        || (name.starts_with("client_secret") && extension == "json")
        || is_placed(path, &name)
}

fn is_env(name: &str) -> bool {
    let is_env = name == ".env" || name.starts_with(".env.") || name.ends_with(".env");
    let patterns = ["example", "sample", "template", "dist", "defaults"];
    is_env
        && !name
            .split(['.', '-', '_'])
            .any(|part| patterns.contains(&part))
}

fn is_placed(path: &RecordPath, name: &str) -> bool {
    let folder = path.as_bytes().rsplit(|&b| b == b'/').nth(1);
    let folder = String::from_utf8_lossy(folder.unwrap_or_default()).to_ascii_lowercase();
    PLACES
        .iter()
        .any(|(place, file)| *place == folder && *file == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_secrets() {
        for path in "
            .env app/.env.local .env.production prod.env .ENV .envrc server.pem keys/deploy.key
            id_rsa .ssh/id_ed25519 id_rsa_work .netrc .npmrc .pypirc .aws/credentials
            .kaggle/kaggle.json store.p12 a.jks client_secret_42.apps.json
            .streamlit/secrets.toml .dvc/config.local .cache/huggingface/token Cert.PFX"
            .split_whitespace()
        {
            assert!(is_secret_path(&path.into()), "{path}");
        }
    }

    #[test]
    fn files_that_only_sound_like_it() {
        for path in "
            .env.example .env.sample config/.env.template example.env id_rsa.pub
            id_to_label.json keys.py tokenizer.json environment.yml src/env.py data/token
            credentials monkey config.json .dvc/config env/lib.py .environment"
            .split_whitespace()
        {
            assert!(!is_secret_path(&path.into()), "{path}");
        }
    }
}
