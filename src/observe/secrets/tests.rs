//! Tables of what is a secret and what only looks like one. Tokens are put together at run time, so
//! that no scanner, ours included, stops at this file.

use std::io::Read;

use proptest::prelude::*;

use super::scan::scan_pieces;
use super::*;

/// Characters as a generator would draw them: always the same, never a token of anybody's.
fn noise(alphabet: &str, length: usize) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut state = 12345_usize;
    let draw = |_| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12345) % (1 << 31);
        letters[(state >> 8) % letters.len()]
    };
    (0..length).map(draw).collect()
}

const ALNUM: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const HEX: &str = "0123456789abcdef";

fn alnum(length: usize) -> String {
    noise(ALNUM, length)
}

fn key_block(label: &str) -> String {
    let body = format!("{}\n{}\n", alnum(64), alnum(40));
    format!("-----BEGIN {label}-----\n{body}-----END {label}-----")
}

/// Kind, text before, the secret itself, text after.
fn tokens() -> Vec<(&'static str, String, String, String)> {
    let plain = [
        ("GitHub token", format!("ghp{}", "_"), alnum(36)),
        ("GitHub token", format!("ghs{}", "_"), alnum(36)),
        ("GitHub token", format!("github{}", "_pat_"), alnum(82)),
        ("GitLab token", format!("glpat{}", "-"), alnum(20)),
        ("OpenAI key", format!("sk{}", "-"), alnum(48)),
        ("OpenAI key", format!("sk{}", "-proj-"), alnum(100)),
        // Letters in their order are how people try it out, and no issuer's prefix is chance.
        (
            "OpenAI key",
            format!("sk{}", "-proj-"),
            ALNUM[..36].to_owned(),
        ),
        (
            "GitHub token",
            format!("ghp{}", "_"),
            ALNUM[..36].to_owned(),
        ),
        ("Anthropic key", format!("sk{}", "-ant-api03-"), alnum(90)),
        ("AWS access key", format!("AK{}", "IA"), noise(UPPER, 16)),
        ("AWS access key", format!("AS{}", "IA"), noise(UPPER, 16)),
        ("Hugging Face token", format!("hf{}", "_"), alnum(34)),
        (
            "Slack token",
            format!("xox{}", "b-"),
            "2871940563-".to_owned() + &alnum(24),
        ),
        ("Google API key", format!("AI{}", "za"), alnum(35)),
        ("npm token", format!("npm{}", "_"), alnum(36)),
        (
            "PyPI token",
            format!("pypi{}", "-AgEIcHlwaS5vcmc"),
            alnum(80),
        ),
        ("Replicate token", format!("r8{}", "_"), alnum(37)),
        ("Databricks token", format!("da{}", "pi"), noise(HEX, 32)),
        (
            "Telegram bot token",
            format!("123456789:{}", "AA"),
            alnum(33),
        ),
        (
            "Slack webhook",
            format!("hooks.slack.com/{}", "services/T"),
            "12345678/B12345678/".to_owned() + &alnum(24),
        ),
        (
            "JSON web token",
            format!("eyJ{}", "hbGciOiJIUzI1NiJ9"),
            format!(".eyJ{}.{}", alnum(30), alnum(43)),
        ),
        ("private key", String::new(), key_block("RSA PRIVATE KEY")),
        (
            "private key",
            String::new(),
            key_block("PRIVATE KEY").replace('\n', "\\n"),
        ),
    ];
    let mut all: Vec<_> = plain
        .into_iter()
        .map(|(kind, prefix, body)| (kind, "x = '".to_owned(), prefix + &body, "'\n".to_owned()))
        .collect();
    let mut add = |kind, before: &str, secret: String, after: &str| {
        all.push((kind, before.to_owned(), secret, after.to_owned()));
    };
    let assignment = "password or key in an assignment";
    add("bearer token", "Authorization: Bearer ", alnum(40), "\n");
    add(
        "basic authorization",
        "-H 'Authorization: Basic ",
        alnum(16) + "==",
        "'",
    );
    add(
        "Weights & Biases key",
        "wandb.login(key=\"",
        noise(HEX, 40),
        "\")",
    );
    add("Weights & Biases key", "wandb login ", noise(HEX, 40), "\n");
    add(
        "Kaggle key",
        "{\"username\":\"ann\",\"key\":\"",
        noise(HEX, 32),
        "\"}",
    );
    add(assignment, "aws_secret_access_key = ", alnum(40), "\n");
    add(assignment, "DB_PASSWORD=", alnum(20), "\n");
    add(assignment, "api_key: str = \"", noise(HEX, 32), "\"");
    add(assignment, "{\"client_secret\": \"", alnum(24), "\"}");
    add(
        assignment,
        "os.environ['OPENAI_API_KEY'] = '",
        alnum(32),
        "'",
    );
    add(assignment, "train.py --api-key ", alnum(32), " --lr 1");
    add(assignment, "WANDB_TOKEN: ", alnum(40), "\n");
    add(assignment, "\\\"apiKey\\\": \\\"", alnum(40), "\\\"");
    all
}

#[test]
fn secrets_are_found_where_they_are_and_taken_out() {
    for (kind, before, secret, after) in tokens() {
        let text = format!("# a line\n\n{before}{secret}{after}");
        let line = 3;
        assert_eq!(scan(text.as_bytes()), [Finding { kind, line }], "{text}");
        let clean = redact_text(&text);
        assert_eq!(clean, format!("# a line\n\n{before}{REDACTED}{after}"));
    }
}

#[test]
fn ordinary_text_of_ml_projects_is_left_alone() {
    let sha1 = noise(HEX, 40);
    let sha256 = noise(HEX, 64);
    for text in [
        "num_tokens=512 max_new_tokens: 2048 tokenizer=\"bert-base-uncased\"".to_owned(),
        "{\"pad_token\": \"<|endoftext|>\", \"eos_token_id\": 50256}".to_owned(),
        format!("commit {sha1}"),
        format!("{sha256}  data/train.csv"),
        format!("\"sha256\": \"{sha256}\", \"key\": \"{sha1}\""),
        format!(
            "{{\"token\": \"{}\", \"sample_token\": \"{}\"}}",
            noise(HEX, 32),
            noise(HEX, 32)
        ),
        "token = os.environ[\"HF_TOKEN\"]\npassword = getpass.getpass()".to_owned(),
        "HF_TOKEN=${HF_TOKEN}\nHF_TOKEN=$HF_TOKEN\nHF_TOKEN=".to_owned(),
        "api_key = \"YOUR_API_KEY_GOES_HERE_123\"\napi_key='<your key>'".to_owned(),
        "AKIAIOSFODNN7".to_owned() + "EXAMPLE is what the manual says",
        format!("ghp_{}", "x".repeat(36)),
        "hf_hub_download(repo_id) sk-learn sk-image sk_live".to_owned(),
        "if text.startswith('-----BEGIN PRIVATE KEY-----'):".to_owned(),
        "wandb.init(project='churn') # the key is elsewhere".to_owned(),
        format!("wandb: run at commit {sha1}"),
        "access_token = request.headers.get(\"Authorization\")".to_owned(),
        "secret_key = self.settings.secret_key_v2".to_owned(),
        "the password is in the vault; ask for a token".to_owned(),
        "from transformers import AutoTokenizer  # token classification".to_owned(),
        "token: \"hf-internal-testing/tiny-random-bert-0042\"".to_owned(),
        "https://huggingface.co/org/model?download=true#usage".to_owned(),
        "ssh://git@github.com/org/repo.git git@github.com:org/repo".to_owned(),
        "https://org@dev.azure.com/org/project".to_owned(),
        "PRIVATE_KEY_PATH=/home/ann/keys/deploy2024Key".to_owned(),
        format!(
            "arn:aws:secretsmanager:us-west-2:1:secret:My-{}",
            &sha1[..16]
        ),
        format!("\"AWS::IAM::AccessKey\": \"{}\"", &sha1[..16]),
        "def sign(self, private_key: x25519.X25519PrivateKey, n: int)".to_owned(),
        format!("use sk{}1234567890abcdefghijklmnopqrstuvwxyz here", "-"),
        format!("id,password_hash_md5_len\n1,32\n{sha1},5"),
    ] {
        assert_eq!(scan(text.as_bytes()), [], "{text}");
        assert_eq!(redact_text(&text), text);
    }
}

#[test]
fn command_lines() {
    let token = format!("hf{}{}", "_", alnum(34));
    for (given, kept) in [
        (
            "train.py --lr 1e-3 --num_tokens 512",
            "train.py --lr 1e-3 --num_tokens 512",
        ),
        (
            "--max-tokens=100 --tokenizer gpt2",
            "--max-tokens=100 --tokenizer gpt2",
        ),
        (
            "token_type_ids=1 num_memory_tokens=16",
            "token_type_ids=1 num_memory_tokens=16",
        ),
        (
            "--pad-token <pad> --stop-token ###",
            "--pad-token <pad> --stop-token ###",
        ),
        ("--password hunter2 --lr 1", "--password [redacted] --lr 1"),
        ("--password=hunter2", "--password=[redacted]"),
        ("--password --lr 1", "--password --lr 1"),
        ("--db-password -hunter22", "--db-password [redacted]"),
        ("--token abc123", "--token [redacted]"),
        ("--token=abc123", "--token=[redacted]"),
        (
            "--api-key k1 --secret k2",
            "--api-key [redacted] --secret [redacted]",
        ),
        ("API_KEY=k1 python", "API_KEY=[redacted] python"),
        ("+wandb.api_key=k1", "+wandb.api_key=[redacted]"),
        (
            "hub.token=${oc.env:HF_TOKEN}",
            "hub.token=${oc.env:HF_TOKEN}",
        ),
        ("--use_auth_token True", "--use_auth_token True"),
        ("model.token=5", "model.token=5"),
        (
            "--conn host=db;password=pw1;port=5",
            "--conn host=db;password=[redacted];port=5",
        ),
        (
            "{\"password\":\"hunter2\",\"lr\":1}",
            "{\"password\":\"[redacted]\",\"lr\":1}",
        ),
        (
            "postgres://ann:pw@db:5432/x",
            "postgres://[redacted]@db:5432/x",
        ),
        (
            "--uri=https://ann:p@ss@host/x?y=1",
            "--uri=https://[redacted]@host/x?y=1",
        ),
        (
            "https://h/x?access_token=q1&n=2",
            "https://h/x?access_token=[redacted]&n=2",
        ),
        (
            "https://b.s3.io/x?X-Amz-Signature=q1",
            "https://b.s3.io/x?X-Amz-Signature=[redacted]",
        ),
        (
            "--url http://localhost:8080/a@b",
            "--url http://localhost:8080/a@b",
        ),
        ("--hub $T", "--hub [redacted]"),
    ] {
        let argv: Vec<String> = given
            .split(' ')
            .map(|word| word.replace("$T", &token))
            .collect();
        assert_eq!(redact_argv(&argv).join(" "), kept);
    }
}

#[test]
fn a_command_within_an_argument_is_read_word_by_word() {
    let argv = |script: &str| vec!["sh".to_owned(), "-c".to_owned(), script.to_owned()];
    for (given, kept) in [
        (
            "HF_TOKEN=abc python t.py --password 'a b' --n 3",
            "HF_TOKEN=[redacted] python t.py --password [redacted] --n 3",
        ),
        (
            "HF_TOKEN=$HF_TOKEN python t.py --token \"$TOKEN\"",
            "HF_TOKEN=$HF_TOKEN python t.py --token \"$TOKEN\"",
        ),
        (
            "the secret was not to use a token",
            "the secret was not to use a token",
        ),
        (
            "python  t.py\n\t--max-tokens 5",
            "python  t.py\n\t--max-tokens 5",
        ),
    ] {
        assert_eq!(redact_argv(&argv(given))[2], kept);
    }
}

#[test]
fn addresses() {
    let token = alnum(30);
    for (given, kept) in [
        (
            "https://ann:pw@github.com/o/r.git",
            "https://[redacted]@github.com/o/r.git",
        ),
        (
            "https://T@github.com/o/r.git",
            "https://[redacted]@github.com/o/r.git",
        ),
        ("https://github.com/o/r.git", "https://github.com/o/r.git"),
        ("git@github.com:o/r.git", "git@github.com:o/r.git"),
        ("https://ann:pa/ss@host/r", "https://[redacted]@host/r"),
        ("http://[::1]:5000/x@y", "http://[::1]:5000/x@y"),
    ] {
        assert_eq!(redact_url(&given.replace('T', &token)), kept);
    }
}

#[test]
fn binary_files_are_searched_for_shapes_only() {
    let assignment = format!("\0password = {}", alnum(24));
    assert_eq!(scan(assignment.as_bytes()), []);
    let shape = format!("\0\n hf{}{}", "_", alnum(34));
    assert_eq!(scan(shape.as_bytes()).len(), 1);
}

#[test]
fn our_own_sources_hold_no_secret() {
    let mut folders = vec![std::path::PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/src"
    ))];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            assert_eq!(
                scan(&std::fs::read(&path).unwrap()),
                [],
                "{}",
                path.display()
            );
        }
    }
    assert!(files > 20);
}

/// Gives a few bytes at a time, as pipes do.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.0.len().min(buffer.len()).min(777);
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

/// Pieces that secrets are made of, and what stands between them.
fn fragment() -> impl Strategy<Value = String> {
    let fixed: Vec<String> = tokens()
        .into_iter()
        .flat_map(|(_, before, secret, after)| [before, secret, after])
        .chain(
            [
                "--password",
                "--token=",
                "password=",
                "://",
                "a:b@",
                "?sig=",
                "&",
                "\"",
                "'",
                " ",
                "\n",
                "\\n",
                "é",
                "[redacted]",
                "${",
                "}",
                ":",
                "/",
                "@",
                "=",
                "-----BEGIN ",
            ]
            .map(str::to_owned),
        )
        .collect();
    prop_oneof![
        4 => prop::sample::select(fixed),
        1 => "[ -~]{0,12}",
        1 => "\\PC{0,6}",
    ]
}

fn soup(parts: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = String> {
    prop::collection::vec(fragment(), parts).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn what_is_redacted_stays_as_it_is(argv in prop::collection::vec(soup(0..8), 0..4)) {
        let once = redact_argv(&argv);
        prop_assert_eq!(&redact_argv(&once), &once);
        for text in &argv {
            let clean = redact_text(text).into_owned();
            prop_assert_eq!(redact_text(&clean), clean.as_str());
            prop_assert_eq!(scan(clean.as_bytes()), []);
        }
    }

    #[test]
    fn any_bytes_can_be_scanned(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let whole = scan(&bytes);
        prop_assert_eq!(scan_reader(&bytes[..]).unwrap(), whole);
    }

    #[test]
    fn a_stream_is_found_the_same_as_a_whole(parts in prop::collection::vec((soup(0..3), 0..9000_usize), 0..8)) {
        let text: String = parts
            .iter()
            .map(|(soup, gap)| format!("{soup}{}\n", "lorem ".repeat(gap / 6)))
            .collect();
        let pieces = scan_pieces(Drip(text.as_bytes()), 5000).unwrap();
        prop_assert_eq!(pieces, scan(text.as_bytes()));
    }
}
