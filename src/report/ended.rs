//! What `finish` says: how the run ended, its primary metric, and what to commit.

use crate::compare::noise::Noise;
use crate::compare::{Evidence, Judgement, Rules, Side, compare};
use crate::model::metric::Goal;
use crate::model::{Run, Status};
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
    let mut head = format!("{}  {}", run.id(), run.status.word());
    if let Some(seconds) = &run.seconds {
        head.push_str(&format!("  {}", number::duration(seconds.as_f64())));
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
    let goal = settings.goal(name)?;
    let better = |a: f64, b: f64| match goal {
        Goal::Max => a > b,
        Goal::Min => a < b,
        Goal::Info => false,
    };
    let finished: Vec<f64> = others
        .iter()
        .filter(|other| other.status == Status::Ok && other.uid != run.uid)
        .filter_map(|other| other.metrics.get(name)?.number().map(|n| n.as_f64()))
        .filter(|other| other.is_finite())
        .collect();
    if run.status == Status::Ok && value.is_finite() && goal != Goal::Info {
        let rank = 1 + finished
            .iter()
            .filter(|other| better(**other, value.as_f64()))
            .count();
        let total = finished.len() + 1;
        text.push_str(&format!(
            "   {} {rank} {} {total}",
            lang.pick("rank", "место"),
            lang.pick("of", "из")
        ));
    }
    Some(text)
}
