//! What a name promises about its value, read word by word.

use super::generated;

/// How sure a name makes it that its value is a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Secrecy {
    /// The name says nothing, or says the opposite.
    No,
    /// Only a value that looks generated is one.
    Possible,
    /// Any value but a small number is one.
    Likely,
    /// Any value is one.
    Certain,
}

/// Words before `token` or `key` that make it a credential.
#[rustfmt::skip]
const ISSUERS: &[&str] = &[
    "access", "account", "admin", "anthropic", "api", "app", "auth", "aws", "azure", "bearer",
    "bot", "ci", "clearml", "client", "cohere", "comet", "dagshub", "databricks", "deploy",
    "discord", "docker", "encryption", "gcp", "gh", "git", "github", "gitlab", "groq", "hf",
    "hmac", "hub", "huggingface", "face", "jwt", "kaggle", "master", "mistral", "mlflow",
    "modal", "neptune", "ngrok", "npm", "oauth", "openai", "personal", "private", "pypi",
    "refresh", "registry", "replicate", "secret", "security", "service", "session", "shared",
    "signing", "slack", "ssh", "storage", "subscription", "telegram", "user", "vault", "wandb",
];

/// Of these the ones whose `key` is as often the column of a table.
const COLUMNS: &[&str] = &[
    "app", "bot", "client", "git", "hub", "service", "session", "user",
];

/// Words that make a `token` a piece of text, a row of a data set or a count.
#[rustfmt::skip]
const TEXT: &[&str] = &[
    "audio", "avg", "begin", "bos", "by", "class", "cls", "count", "decoder", "delimiter",
    "empty", "end", "eos", "eot", "first", "flops", "image", "img", "input", "instance",
    "label", "lang", "language", "last", "mask", "max", "mean", "memory", "min", "multi", "n",
    "new", "next", "num", "oov", "output", "pad", "padding", "patch", "per", "pool", "pooling",
    "prefix", "prev", "prompt", "query", "reasoning", "register", "sample", "scene", "sep",
    "separator", "single", "special", "start", "stop", "sub", "suffix", "target", "text",
    "think", "total", "trigger", "unk", "unknown", "video", "vision", "vocab", "word",
];

/// Words before `pass` that make it a password and not one over the data.
const ACCOUNTS: &[&str] = &[
    "admin", "auth", "db", "docker", "email", "ftp", "http", "mail", "mongo", "mysql", "pg",
    "postgres", "proxy", "redis", "registry", "root", "smtp", "ssh", "user",
];

/// What a flag, a key or a variable says about its value.
pub(super) fn secrecy(name: &str) -> Secrecy {
    // `wandb.api_key` and `+hub/token` are told by their last part; the rest says where, not what.
    let last_part = name.rsplit(['.', '/', ':']).next().unwrap_or(name);
    let words = words(last_part);
    let Some((last, before)) = words.split_last() else {
        return Secrecy::No;
    };
    let before_last = before.last().map(String::as_str).unwrap_or_default();
    match last.as_str() {
        "password" | "passwd" | "passphrase" | "secret" | "apikey" | "apitoken" | "accesskey"
        | "secretkey" | "privatekey" | "accountkey" | "authtoken" | "accesstoken" => {
            Secrecy::Certain
        }
        // `PWD` and `OLDPWD` are directories.
        "pwd" => match before {
            [] => Secrecy::Possible,
            _ => Secrecy::Certain,
        },
        "pass" => match before {
            [] => Secrecy::Likely,
            _ if ACCOUNTS.contains(&before_last) => Secrecy::Certain,
            _ => Secrecy::No,
        },
        "key" if COLUMNS.contains(&before_last) => Secrecy::Possible,
        "key" if before_last == "account" => Secrecy::Likely,
        "key" if ISSUERS.contains(&before_last) => Secrecy::Certain,
        "token" => token(before),
        "tokens" | "keys" if ISSUERS.contains(&before_last) => Secrecy::Possible,
        "secrets" | "passwords" | "credential" | "credentials" | "creds" | "auth"
        | "authorization" | "bearer" | "cookie" => Secrecy::Possible,
        _ => Secrecy::No,
    }
}

fn token(before: &[String]) -> Secrecy {
    let is_text = |word: &String| TEXT.contains(&word.as_str());
    match before.last() {
        None => Secrecy::Likely,
        // The parties of a dialogue have tokens of text, and a client's is often a request's number.
        Some(word) if ["bot", "client", "user"].contains(&word.as_str()) => Secrecy::Possible,
        Some(word) if ISSUERS.contains(&word.as_str()) => Secrecy::Certain,
        Some(_) if before.iter().any(is_text) => Secrecy::No,
        Some(_) => Secrecy::Possible,
    }
}

/// Splits at everything that is not a letter or digit, and where a capital begins a word. Lower
/// case; digits at the end of a word are dropped (`password2`).
fn words(name: &str) -> Vec<String> {
    let bytes = name.as_bytes();
    let mut words = Vec::new();
    let mut word = String::new();
    for (i, &b) in bytes.iter().enumerate() {
        let next_is_lower = bytes.get(i + 1).is_some_and(u8::is_ascii_lowercase);
        let begins = b.is_ascii_uppercase()
            && i > 0
            && (bytes[i - 1].is_ascii_lowercase()
                || (bytes[i - 1].is_ascii_uppercase() && next_is_lower));
        if begins || !b.is_ascii_alphanumeric() {
            push_word(&mut words, &mut word);
        }
        if b.is_ascii_alphanumeric() {
            word.push(char::from(b.to_ascii_lowercase()));
        }
    }
    push_word(&mut words, &mut word);
    words
}

fn push_word(words: &mut Vec<String>, word: &mut String) {
    let trimmed = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if !trimmed.is_empty() {
        words.push(trimmed.to_owned());
    }
    word.clear();
}

/// Whether a value under a name of that secrecy has to go.
pub(super) fn is_secret_value(secrecy: Secrecy, value: &str) -> bool {
    if is_harmless(value) {
        return false;
    }
    match secrecy {
        Secrecy::No => false,
        Secrecy::Possible => generated::is_generated(value.as_bytes()),
        Secrecy::Likely => !(value.len() <= 4 && value.bytes().all(|b| b.is_ascii_digit())),
        Secrecy::Certain => true,
    }
}

/// Switches (`--use-auth-token True`), references to a value that is elsewhere, and what has been
/// redacted already.
fn is_harmless(value: &str) -> bool {
    let bare = value.trim_matches(['"', '\'']);
    let switches = ["", "true", "false", "none", "null", "yes", "no"];
    switches.iter().any(|word| bare.eq_ignore_ascii_case(word))
        || bare == super::REDACTED
        || (bare.starts_with("${") && bare.ends_with('}'))
        || is_variable(bare)
}

/// `$HF_TOKEN` in the text of a script: the secret itself is elsewhere.
fn is_variable(value: &str) -> bool {
    let upper = |b: u8| b.is_ascii_uppercase() || b == b'_';
    value
        .strip_prefix('$')
        .is_some_and(|name| !name.is_empty() && name.bytes().all(upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets() {
        for name in "
            --password DB_PASSWORD password2 dbPassword mysql-pwd smtp_pass --api-key apiKey
            OPENAI_API_KEY wandb.api_key HF_TOKEN HFToken aws_secret_access_key
            AWS_SESSION_TOKEN client_secret hub.auth_token x-api-key SSH_PASSPHRASE
            --auth-token"
            .split_whitespace()
        {
            assert_eq!(secrecy(name), Secrecy::Certain, "{name}");
        }
        assert_eq!(secrecy("--token"), Secrecy::Likely);
        assert_eq!(secrecy("--pass"), Secrecy::Likely);
        assert_eq!(secrecy("AccountKey"), Secrecy::Likely);
        assert_eq!(secrecy("--user-key"), Secrecy::Possible);
        assert_eq!(secrecy("acme_token"), Secrecy::Possible);
    }

    #[test]
    fn names_of_ordinary_things() {
        for name in "
            --num_tokens --max-tokens --tokenizer token_type_ids num_memory_tokens
            max_new_tokens pad_token eos_token_id image_token tokens n_token tokens_per_second
            --forward-pass num_pass key primary_key sort_key public_key password_file token_path
            secretary bypass keyboard sample_token monkey compass passwordless --stop-token"
            .split_whitespace()
        {
            assert_eq!(secrecy(name), Secrecy::No, "{name}");
        }
    }
}
