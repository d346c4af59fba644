//! Credentials that can be told by their own look: prefixes that issuers gave them, key blocks.
//!
//! Prefixes, alphabets and lengths follow the issuers' documentation and tokens as they are handed
//! out; lengths are lower bounds where an issuer has changed them before.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::{Match, generated};

/// How the rest of a credential is told from text that only begins like one. All of them look no
/// further than [`REACH`] to either side, which is what lets a stream be read in pieces.
enum Rule {
    /// At least so many characters of an alphabet.
    Run(fn(u8) -> bool, usize),
    /// Exactly so many.
    Exactly(fn(u8) -> bool, usize),
    /// A rule of its own: bytes and the prefix's place in, the secret's place out.
    Own(fn(&[u8], Range<usize>) -> Option<Range<usize>>),
}

struct Shape {
    prefix: &'static str,
    kind: &'static str,
    rule: Rule,
}

/// The longest look to either side of a prefix, in bytes.
pub(super) const REACH: usize = 4096;

const fn shape(prefix: &'static str, kind: &'static str, rule: Rule) -> Shape {
    Shape { prefix, kind, rule }
}

fn alphanumeric(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

fn word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

fn url_safe(b: u8) -> bool {
    word(b) || b == b'-'
}

fn dashed(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-'
}

fn dotted(b: u8) -> bool {
    url_safe(b) || b == b'.'
}

fn base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"+/=".contains(&b)
}

fn upper(b: u8) -> bool {
    b.is_ascii_uppercase() || b.is_ascii_digit()
}

fn lower_hex(b: u8) -> bool {
    b.is_ascii_digit() || (b'a'..=b'f').contains(&b)
}

const GITHUB: &str = "GitHub token";
const OPENAI: &str = "OpenAI key";
const SLACK: &str = "Slack token";

#[rustfmt::skip]
const SHAPES: &[Shape] = &[
    shape("ghp_", GITHUB, Rule::Run(alphanumeric, 36)),
    shape("gho_", GITHUB, Rule::Run(alphanumeric, 36)),
    shape("ghu_", GITHUB, Rule::Run(alphanumeric, 36)),
    shape("ghs_", GITHUB, Rule::Run(alphanumeric, 36)),
    shape("ghr_", GITHUB, Rule::Run(alphanumeric, 36)),
    shape("github_pat_", GITHUB, Rule::Run(word, 40)),
    shape("glpat-", "GitLab token", Rule::Run(dotted, 20)),
    shape("gldt-", "GitLab token", Rule::Run(dotted, 20)),
    shape("sk-ant-", "Anthropic key", Rule::Run(url_safe, 24)),
    shape("sk-proj-", OPENAI, Rule::Run(url_safe, 24)),
    shape("sk-svcacct-", OPENAI, Rule::Run(url_safe, 24)),
    shape("sk-admin-", OPENAI, Rule::Run(url_safe, 24)),
    shape("sk-or-v1-", "OpenRouter key", Rule::Run(alphanumeric, 32)),
    shape("sk-", OPENAI, Rule::Own(bare_openai)),
    shape("AKIA", "AWS access key", Rule::Exactly(upper, 16)),
    shape("ASIA", "AWS access key", Rule::Exactly(upper, 16)),
    shape("hf_", "Hugging Face token", Rule::Run(alphanumeric, 30)),
    shape("api_org_", "Hugging Face token", Rule::Run(alphanumeric, 30)),
    shape("xoxb-", SLACK, Rule::Run(dashed, 20)),
    shape("xoxp-", SLACK, Rule::Run(dashed, 20)),
    shape("xoxa-", SLACK, Rule::Run(dashed, 20)),
    shape("xoxr-", SLACK, Rule::Run(dashed, 20)),
    shape("xoxs-", SLACK, Rule::Run(dashed, 20)),
    shape("xoxe-", SLACK, Rule::Run(dashed, 20)),
    shape("xapp-", SLACK, Rule::Run(dashed, 20)),
    shape("hooks.slack.com/services/T", "Slack webhook", Rule::Own(slack_webhook)),
    shape("/api/webhooks/", "Discord webhook", Rule::Own(discord_webhook)),
    shape("AIza", "Google API key", Rule::Exactly(url_safe, 35)),
    shape("ya29.", "Google access token", Rule::Run(url_safe, 30)),
    shape("npm_", "npm token", Rule::Run(alphanumeric, 36)),
    shape("pypi-AgE", "PyPI token", Rule::Run(url_safe, 50)),
    shape("dckr_pat_", "Docker token", Rule::Run(url_safe, 24)),
    shape("sk_live_", "Stripe key", Rule::Run(alphanumeric, 20)),
    shape("rk_live_", "Stripe key", Rule::Run(alphanumeric, 20)),
    shape("r8_", "Replicate token", Rule::Exactly(alphanumeric, 37)),
    shape("gsk_", "Groq key", Rule::Run(alphanumeric, 40)),
    shape("nvapi-", "NVIDIA key", Rule::Run(url_safe, 40)),
    shape("pplx-", "Perplexity key", Rule::Run(alphanumeric, 40)),
    shape("xai-", "xAI key", Rule::Run(alphanumeric, 60)),
    shape("dapi", "Databricks token", Rule::Exactly(lower_hex, 32)),
    shape("hvs.", "Vault token", Rule::Run(url_safe, 24)),
    shape("dop_v1_", "DigitalOcean token", Rule::Exactly(lower_hex, 64)),
    shape("SG.", "SendGrid key", Rule::Own(sendgrid)),
    shape(":AA", "Telegram bot token", Rule::Own(telegram)),
    shape("wandb_v1_", "Weights & Biases key", Rule::Run(word, 40)),
    // The beginning of `{"api_address":` in base64, which is what Neptune's tokens are.
    shape("eyJhcGlfYWRkcmVzcyI6", "Neptune token", Rule::Run(base64, 40)),
    shape("eyJ", "JSON web token", Rule::Own(web_token)),
    shape("-----BEGIN ", "private key", Rule::Own(key_block)),
    shape("Bearer ", "bearer token", Rule::Own(bearer)),
    shape("bearer ", "bearer token", Rule::Own(bearer)),
    shape("Basic ", "basic authorization", Rule::Own(basic)),
    shape("wandb", "Weights & Biases key", Rule::Own(wandb)),
    shape("WANDB", "Weights & Biases key", Rule::Own(wandb)),
    shape("\"username\"", "Kaggle key", Rule::Own(kaggle)),
];

static PREFIXES: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(SHAPES.iter().map(|shape| shape.prefix))
        .ok()
});

/// Finds every credential that tells itself.
pub(super) fn find(bytes: &[u8]) -> Vec<Match> {
    let Some(prefixes) = PREFIXES.as_ref() else {
        return Vec::new();
    };
    prefixes
        .find_iter(bytes)
        .filter_map(|hit| {
            let shape = &SHAPES[hit.pattern().as_usize()];
            let range = shape.rule.apply(bytes, hit.range())?;
            Some(Match {
                kind: shape.kind,
                range,
            })
        })
        .collect()
}

impl Rule {
    fn apply(&self, bytes: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
        let (alphabet, length, exact) = match self {
            Self::Own(rule) => return rule(bytes, prefix),
            Self::Run(alphabet, length) => (alphabet, *length, false),
            Self::Exactly(alphabet, length) => (alphabet, *length, true),
        };
        let end = run(bytes, prefix.end, *alphabet);
        let body = &bytes[prefix.end..end];
        let long_enough = body.len() >= length && (!exact || body.len() == length);
        let whole = !bytes.get(end).is_some_and(|&b| exact && word(b));
        let real = is_varied(body) && !body.ends_with(b"EXAMPLE");
        (long_enough && whole && real && begins_word(bytes, prefix.start))
            .then_some(prefix.start..end)
    }
}

/// Where a run over an alphabet ends; it is followed for [`REACH`] bytes at the most.
fn run(bytes: &[u8], start: usize, alphabet: fn(u8) -> bool) -> usize {
    let limit = bytes.len().min(start + REACH);
    let length = bytes[start..limit]
        .iter()
        .take_while(|&&b| alphabet(b))
        .count();
    start + length
}

/// Documentation writes `xxxx…` and `0000…` where a secret goes.
fn is_varied(body: &[u8]) -> bool {
    let mut seen = [false; 256];
    body.iter().for_each(|&b| seen[usize::from(b)] = true);
    seen.iter().filter(|&&seen| seen).count() >= 7
}

/// Whether no letter, digit or underscore stands before. The `n` of an escaped line end, as in
/// notebooks, is not a letter.
fn begins_word(bytes: &[u8], start: usize) -> bool {
    match bytes[..start] {
        [.., b'\\', b'n' | b'r' | b't'] => true,
        [.., before] => !word(before),
        [] => true,
    }
}

/// The oldest form, whose short prefix manuals follow by letters in their order.
fn bare_openai(bytes: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let end = run(bytes, prefix.end, alphanumeric);
    let body = &bytes[prefix.end..end];
    let real = body.len() >= 32 && is_varied(body) && !generated::is_sequence(body);
    (real && begins_word(bytes, prefix.start)).then_some(prefix.start..end)
}

fn slack_webhook(bytes: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let end = run(bytes, prefix.end, |b| alphanumeric(b) || b == b'/');
    let mut parts = bytes[prefix.end..end].split(|&b| b == b'/');
    let lengths = [parts.next()?, parts.next()?, parts.next()?].map(<[u8]>::len);
    let secret = &bytes[end - lengths[2]..end];
    (lengths[0] >= 6 && lengths[1] >= 6 && lengths[2] >= 20 && is_varied(secret))
        .then_some(prefix.start..end)
}

fn discord_webhook(bytes: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let id_end = run(bytes, prefix.end, |b| b.is_ascii_digit());
    let secret = id_end + 1;
    if id_end - prefix.end < 16 || bytes.get(id_end) != Some(&b'/') {
        return None;
    }
    let end = run(bytes, secret, url_safe);
    (end - secret >= 60).then_some(secret..end)
}

fn sendgrid(bytes: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let middle = run(bytes, prefix.end, url_safe);
    if middle - prefix.end != 22 || bytes.get(middle) != Some(&b'.') {
        return None;
    }
    let end = run(bytes, middle + 1, url_safe);
    (end - middle - 1 == 43 && begins_word(bytes, prefix.start)).then_some(prefix.start..end)
}

/// `<digits>:AA<33 characters>`
fn telegram(bytes: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let digits = bytes[..prefix.start]
        .iter()
        .rev()
        .take(12)
        .take_while(|b| b.is_ascii_digit())
        .count();
    let end = run(bytes, prefix.end, url_safe);
    let body = &bytes[prefix.end..end];
    ((8..=10).contains(&digits) && body.len() == 33 && is_varied(body))
        .then_some(prefix.start - digits..end)
}

/// Three parts of base64url, the first two being JSON objects (RFC 7519).
fn web_token(bytes: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let header = run(bytes, prefix.end, url_safe);
    let rest = bytes.get(header..)?.strip_prefix(b".eyJ")?;
    let claims = run(bytes, bytes.len() - rest.len(), url_safe);
    if bytes.get(claims) != Some(&b'.') || header - prefix.end < 8 || claims - header < 12 {
        return None;
    }
    let end = run(bytes, claims + 1, url_safe);
    (end - claims > 20 && begins_word(bytes, prefix.start)).then_some(prefix.start..end)
}

/// A PEM block (RFC 7468) of a private key. The marker alone is what programs that read keys hold,
/// so something of the key must follow: at once, or as an escaped line.
fn key_block(bytes: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let label_end = run(bytes, prefix.end, |b| b.is_ascii_uppercase() || b == b' ');
    let label = &bytes[prefix.end..label_end];
    if !(label.ends_with(b"PRIVATE KEY") || label.ends_with(b"PRIVATE KEY BLOCK")) {
        return None;
    }
    let after = bytes.get(label_end..)?.strip_prefix(b"-----")?;
    let gap = after
        .iter()
        .take(16)
        .take_while(|b| b" \t\r\n\\nr\"'+".contains(b))
        .count();
    let body = &after[gap..];
    let key = body.iter().take(16).take_while(|&&b| base64(b)).count() == 16;
    let headers = [&b"Proc-Type:"[..], b"Version:", b"Comment:"];
    if !key && !headers.iter().any(|header| body.starts_with(header)) {
        return None;
    }
    Some(prefix.start..key_block_end(bytes, bytes.len() - body.len()))
}

/// The end of the closing marker. Without one nearby (the longest RSA keys take 7 kB) the block was
/// cut, and the key is what still looks like base64.
fn key_block_end(bytes: &[u8], body: usize) -> usize {
    const MARKER: &[u8] = b"-----END ";
    let window = &bytes[body..bytes.len().min(body + 2 * REACH)];
    let Some(marker) = memchr::memmem::find(window, MARKER) else {
        return run(bytes, body, |b| {
            base64(b) || b.is_ascii_whitespace() || b == b'\\'
        });
    };
    let label = body + marker + MARKER.len();
    let dashes = run(bytes, label, |b| b.is_ascii_uppercase() || b == b' ');
    run(bytes, dashes, |b| b == b'-')
}

fn bearer(bytes: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let end = run(bytes, prefix.end, |b| dotted(b) || base64(b));
    generated::is_generated(&bytes[prefix.end..end]).then_some(prefix.end..end)
}

fn basic(bytes: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let header = bytes[prefix.start.saturating_sub(24)..prefix.start].to_ascii_lowercase();
    let end = run(bytes, prefix.end, base64);
    (memchr::memmem::find(&header, b"authorization").is_some() && end - prefix.end >= 8)
        .then_some(prefix.end..end)
}

/// 40 hexadecimal digits, which a commit id is too: only after `wandb login` or `wandb…key`.
fn wandb(bytes: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let line = run(bytes, prefix.end, |b| b != b'\n').min(prefix.end + 120);
    let rest = &bytes[prefix.end..line];
    let lower = rest.to_ascii_lowercase();
    let asked = ["login", "key"]
        .iter()
        .filter_map(|word| memchr::memmem::find(&lower, word.as_bytes()))
        .min()?;
    let mut at = prefix.end + asked;
    while at < line {
        let end = run(bytes, at, lower_hex);
        if end - at == 40 && begins_word(bytes, at) && !bytes.get(end).is_some_and(|&b| word(b)) {
            return is_varied(&bytes[at..end]).then_some(at..end);
        }
        at = end + 1;
    }
    None
}

/// kaggle.json: `{"username":"…","key":"<32 hexadecimal digits>"}`
fn kaggle(bytes: &[u8], prefix: Range<usize>) -> Option<Range<usize>> {
    let window = &bytes[prefix.end..bytes.len().min(prefix.end + 160)];
    let key = memchr::memmem::find(window, b"\"key\"")? + 5;
    let gap = window[key..]
        .iter()
        .take_while(|b| b" \t\r\n:\"".contains(b))
        .count();
    let start = prefix.end + key + gap;
    let end = run(bytes, start, lower_hex);
    (end - start == 32 && bytes.get(end) == Some(&b'"')).then_some(start..end)
}
