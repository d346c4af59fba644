//! What the page must never hold, whatever the records say.

use super::*;
use crate::report::sample;

fn made() -> Time {
    chrono::DateTime::parse_from_rfc3339("2025-10-12T09:00:00+03:00").unwrap()
}

#[test]
fn records_can_not_write_markup_or_script() {
    let attack =
        "</script><script>alert(1)</script><img src=x onerror=alert(1)>\" onload=\"x\u{202e}";
    let mut runs = sample::runs();
    let hostile = &mut runs[1];
    hostile.title = attack.into();
    hostile.goal = Some(attack.into());
    hostile.conclusion = Some(attack.into());
    hostile.warnings = vec![attack.into()];
    hostile
        .links
        .insert("js".into(), "javascript:alert(1)".into());
    hostile
        .links
        .insert("ok".into(), "https://example.org/?a=\"><b>".into());
    hostile.code.remote = Some("javascript:alert(2)".into());
    hostile
        .params
        .insert(attack.into(), crate::model::Param::text(attack));
    let value = hostile.metrics["roc_auc_val"].clone();
    hostile.metrics.insert(format!("auc{attack}"), value);
    let settings = sample::settings();
    let facts = Facts::new(runs.iter().collect(), &settings, Lang::En);
    let curves = Curves::from([(
        runs[1].uid.clone(),
        BTreeMap::from([(attack.to_owned(), vec![Point { x: 0.0, y: 1.0 }])]),
    )]);
    let text = page(&facts, &curves, made());
    assert_eq!(
        text.matches("<script").count(),
        2,
        "our data and our script"
    );
    assert_eq!(text.matches("</script>").count(), 2);
    assert!(!text.contains("<img") && !text.contains("href=\"javascript"));
    assert!(!text.contains('\u{202e}'));
    assert!(text.contains(
        "href=\"https://example.org/?a=&quot;&gt;&lt;b&gt;\" rel=\"noopener noreferrer\""
    ));
}

#[test]
fn the_policy_names_what_is_in_the_page() {
    let runs = sample::runs();
    let settings = sample::settings();
    let facts = Facts::new(runs.iter().collect(), &settings, Lang::Ru);
    let text = page(&facts, &Curves::new(), made());
    let (_, rest) = text.split_once("<script>").unwrap();
    let script = rest.split_once("</script>").unwrap().0;
    let digest = STANDARD.encode(sha2::Sha256::digest(script.as_bytes()));
    assert!(text.contains(&format!("script-src 'sha256-{digest}'")));
    let style = text
        .split_once("<style>")
        .unwrap()
        .1
        .split_once("</style>")
        .unwrap()
        .0;
    let digest = STANDARD.encode(sha2::Sha256::digest(style.as_bytes()));
    assert!(text.contains(&format!("style-src 'sha256-{digest}'")));
    assert!(text.contains("default-src 'none'") && !text.contains("unsafe-"));
    assert!(
        !text.contains(" style=\""),
        "an inline style would be blocked"
    );
    assert!(text.contains("<html lang=\"ru\">"));
}

#[test]
fn a_page_without_runs_says_so() {
    let settings = sample::settings();
    let facts = Facts::new(Vec::new(), &settings, Lang::En);
    assert!(page(&facts, &Curves::new(), made()).contains("No runs are recorded yet."));
}

#[test]
fn data_for_the_script_is_json_without_any_tag() {
    let json = data::harmless(r#"{"a":"</script><!--&"}"#);
    assert!(!json.contains(['<', '>', '&']));
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["a"], "</script><!--&");
}
