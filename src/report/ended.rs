//! What `finish` says: how the run ended, its primary metric, and what to commit.

use super::facts::Facts;
use super::lang;
use super::yardsticks::Groups;
use crate::compare::noise::Noise;
use crate::compare::{Evidence, Judgement, Rules, Side, compare};
use crate::model::Run;
use crate::model::metric::Goal;
use crate::settings::{Lang, ProjectSettings};
use crate::ui::number;

/// The closing lines. `others` are all readable runs of the project, for the rank.
pub fn lines(
    run: &Run,
    others: &[&Run],
    settings: &ProjectSettings,
    lang: Lang,
    experiments: &str,
) -> Vec<String> {
    let mut head = format!("{}  {}", run.id(), lang::status(run.status, lang));
    if let Some(seconds) = &run.seconds {
        head.push_str(&format!(
            "  {}",
            number::duration_in(seconds.as_f64(), lang)
        ));
    }
    if let Some(text) = primary(run, others, settings, lang) {
        head.push_str(&format!("   {text}"));
    }
    let mut wrote = vec!["run.json".to_owned(), "README.md".to_owned()];
    wrote.extend(run.metrics_file.iter().map(|file| file.copy.clone()));
    wrote.extend((!run.repeats.is_empty()).then(|| "repeats/".to_owned()));
    wrote.extend((!run.series.is_empty()).then(|| "series/".to_owned()));
    let title = run.slug.replace('_', " ");
    vec![
        head,
        format!(
            "  {} {}; {}",
            lang.pick("wrote", "записаны"),
            wrote.join(", "),
            lang.pick("table updated", "таблица обновлена")
        ),
        format!(
            "  {}:  git add {experiments} && git commit -m \"{}: {title}\"",
            lang.pick("not committed", "не закоммичено"),
            run.id().short()
        ),
    ]
}

/// What the difference to the base means, and whether luck alone explains it; the latter is `None`
/// without repeats on either side.
fn judged(
    run: &Run,
    base: &Run,
    others: &[&Run],
    metric: &str,
    settings: &ProjectSettings,
) -> Option<(Judgement, Option<bool>)> {
    let evidence = Evidence {
        runs: others,
        ..Evidence::default()
    };
    let rules = Rules::from(settings);
    let comparison = compare(&Side::new(base), &Side::new(run), &evidence, &rules);
    let row = comparison.metrics.iter().find(|row| row.name == metric)?;
    Some((row.judgement, row.noise.as_ref().map(Noise::within)))
}

/// `roc_auc_val 0.861 (+0.019 vs exp_003)   rank 1 of 4`
fn primary(run: &Run, others: &[&Run], settings: &ProjectSettings, lang: Lang) -> Option<String> {
    let name = settings.primary.as_ref()?;
    let value = run.metrics.get(name)?.number()?;
    let mut text = format!("{name} {}", number::mean(value, run.scatter(name)));
    let base = run
        .base
        .as_ref()
        .and_then(|base| others.iter().find(|run| run.uid == base.uid));
    if let Some(base) = base
        && let Some(before) = base.metrics.get(name).and_then(|value| value.number())
    {
        let delta = value.as_f64() - before.as_f64();
        let against = lang.pick("vs", "к");
        let delta = number::signed(delta, value, before);
        let base_id = base.id().short();
        text.push_str(&match judged(run, base, others, name, settings) {
            Some((Judgement::NotComparable, _)) => {
                let not = lang.pick("not comparable with", "несравнимо с");
                format!(" ({not} {base_id})")
            }
            Some((_, Some(true))) => {
                let noise = lang.pick("within noise", "в пределах шума");
                format!(" ({delta} {against} {base_id}, {noise})")
            }
            _ => format!(" ({delta} {against} {base_id})"),
        });
    }
    if let Some(rank) = rank(run, others, name, settings, lang) {
        text.push_str(&format!("   {rank}"));
    }
    Some(text)
}

/// The place among the finished runs that were measured on the same data; those that were not are not
/// counted, and it is said that there are some.
fn rank(
    run: &Run,
    others: &[&Run],
    metric: &str,
    settings: &ProjectSettings,
    lang: Lang,
) -> Option<String> {
    let mut runs: Vec<&Run> = others.to_vec();
    runs.retain(|other| other.uid != run.uid);
    runs.push(run);
    let facts = Facts::new(runs, settings, lang);
    if !matches!(facts.goal(metric), Some(Goal::Max | Goal::Min)) {
        return None;
    }
    let groups = Groups::of(&facts, metric);
    let own = groups.index(run)?;
    let ranked = facts.ranked(metric);
    let all = ranked.len();
    let same: Vec<(&Run, f64)> = ranked
        .into_iter()
        .filter(|(other, _)| groups.index(other) == Some(own))
        .collect();
    let (_, value) = *same.iter().find(|(other, _)| other.uid == run.uid)?;
    let better = |other: &&(&Run, f64)| facts.better(metric, other.1, value);
    let place = 1 + same.iter().filter(better).count();
    let mut text = format!(
        "{} {place} {} {}",
        lang.pick("rank", "место"),
        lang.pick("of", "из"),
        same.len()
    );
    if same.len() < all {
        text.push_str(lang.pick(" comparable", " сравнимых"));
    }
    Some(text)
}
