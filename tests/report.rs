//! `git exp report` and `git exp plot`: files, errors, and the page in a real browser.
#![allow(clippy::print_stderr)]

use std::time::Instant;

use git_exp::model::run::{AtStep, Base, SeriesSummary};
use git_exp::model::{MetricValue, Number, Oid, Param, Run, RunId, Sha256, Status, Uid};
use git_exp::store::format::write_run;

use crate::browser::Browser;
use crate::common::TestEnv;

/// A finished run with its folder and series, as `git exp run` leaves it.
fn record(env: &TestEnv, number: u32, slug: &str, val: f64, data: &str, steps: u32) -> Run {
    let id = RunId::parse(&format!("exp_{number:03}_{slug}")).unwrap();
    let started = chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap();
    let mut run = Run::new(Uid::new(u64::from(number), &[7; 10]), id.clone(), started);
    run.status = Status::Ok;
    run.seconds = Some(Number::from_f64(45.3));
    let metrics = [
        ("roc_auc_val", val),
        ("roc_auc_test", val - 0.01),
        ("logloss_val", 1.0 - val),
    ];
    for (name, value) in metrics {
        let text = format!("{value:.4}");
        run.metrics.insert(
            name.into(),
            MetricValue::Number(Number::parse(&text).unwrap()),
        );
    }
    let input = serde_json::json!({"role": "train", "path": format!("data/{data}.csv"),
        "sha256": Sha256::of(data.as_bytes()).as_str(), "rows": 10_000});
    run.data.push(serde_json::from_value(input).unwrap());
    run.params.insert(
        "model.depth".into(),
        Param::leaf(git_exp::model::param::ParamKind::Int, number.to_string()),
    );
    run.code.commit = Oid::parse(&"a".repeat(40));
    run.code.code_tree = Oid::parse(&"b".repeat(40));
    let folder = env.path(&format!("experiments/runs/{id}"));
    std::fs::create_dir_all(folder.join("series")).unwrap();
    for name in ["loss_train", "loss_val"].iter().filter(|_| steps > 0) {
        let value = |step: u32| 1.0 / (1.0 + f64::from(step) * val);
        let lines: String = (0..steps)
            .map(|step| format!("{step},{}\n", value(step)))
            .collect();
        std::fs::write(
            folder.join(format!("series/{name}.csv")),
            format!("step,value\n{lines}"),
        )
        .unwrap();
        let last = Number::from_f64(value(steps - 1));
        let at = AtStep {
            step: i64::from(steps) - 1,
            value: last.clone(),
        };
        let summary = SeriesSummary {
            count: steps.into(),
            last_step: at.step,
            last,
            min: Some(at.clone()),
            max: Some(at),
        };
        run.series.insert((*name).to_owned(), summary);
    }
    if number > 1 {
        let base = Uid::new(u64::from(number - 1), &[7; 10]);
        run.base = Some(Base {
            id: format!("exp_{:03}", number - 1),
            uid: base,
        });
    }
    write_run(&folder, &run).unwrap();
    run
}

/// Four runs, of which the last two had other training data.
fn four(env: &TestEnv) {
    record(env, 1, "baseline", 0.793, "train_v1", 50);
    record(env, 2, "more_trees", 0.810, "train_v1", 50);
    record(env, 3, "new_features", 0.842, "train_v2", 50);
    record(env, 4, "lightgbm", 0.861, "train_v2", 50);
    env.write("experiments/exp.toml", "primary = \"roc_auc_val\"\n");
}

#[test]
fn a_report_is_made_updated_and_left_alone() {
    let env = TestEnv::new();
    four(&env);
    let said = env.exp(&["report", "--update"]);
    assert!(
        said.stderr
            .contains("report.md: design, table, choice, checklist"),
        "{}",
        said.stderr
    );
    let made = env.read("report.md");
    assert!(
        made.contains("<!-- exp:exp_003.roc_auc_val -->0.8420<!-- /exp -->"),
        "{made}"
    );
    assert!(
        env.exp(&["report", "--update"])
            .stderr
            .contains("says what the records say")
    );
    assert_eq!(env.read("report.md"), made);
    // By hand: a wrong number in a sentence, a wrong number in the table, and words of one's own.
    let own = "\nROC-AUC <!-- exp:exp_003.roc_auc_val -->0.83<!-- /exp --> is fine; <!-- exp:exp_9.x -->1<!-- /exp -->\n";
    env.write("report.md", made.replace("0.8420", "0.9999") + own);
    let dry = env.exp(&["report", "--update", "--dry-run"]);
    assert!(dry.stderr.contains("would update") && env.read("report.md").contains("0.9999"));
    let said = env.exp(&["report", "--update", "report.md"]);
    assert!(
        said.stderr
            .contains("number: exp_003 roc_auc_val 0.83 → 0.84"),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr.contains("no record has exp_9 x"),
        "{}",
        said.stderr
    );
    assert_eq!(env.read("report.md"), made + &own.replace("0.83", "0.84"));
}

#[test]
fn what_can_not_be_updated_is_said_with_the_way_out() {
    let env = TestEnv::new();
    four(&env);
    env.write("report.md", "# mine\n");
    let error = env.exp(&["report", "--update"]).error();
    assert!(
        error.contains("no place for a section") && error.contains("--append"),
        "{error}"
    );
    assert_eq!(env.read("report.md"), "# mine\n");
    env.exp(&["report", "--update", "--append", "--section", "choice"])
        .ok();
    let text = env.read("report.md");
    assert!(
        text.starts_with("# mine\n\n## Choice of the model\n\n<!-- exp:begin choice -->\n"),
        "{text}"
    );
    let error = env
        .exp(&["report", "--update", "--section", "table"])
        .error();
    assert!(error.contains("no section `table`"), "{error}");
    env.write("report.md", text.replace("<!-- exp:end choice -->", ""));
    let error = env.exp(&["report", "--update"]).error();
    assert!(
        error.contains("line 5 of the report: the section `choice` has no end"),
        "{error}"
    );
    env.write("report.md", b"# \xee\xf2\xf7\xb8\xf2\n");
    let error = env.exp(&["report", "--update"]).error();
    assert!(
        error.contains("not UTF-8") && error.contains("iconv"),
        "{error}"
    );
    let error = env.exp(&["report", "--section", "chioce"]).error();
    assert!(error.contains("did you mean `choice`?"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_read_only_report_is_not_replaced_and_permissions_are_kept() {
    use std::os::unix::fs::PermissionsExt;
    let env = TestEnv::new();
    four(&env);
    let text = "<!-- exp:begin table -->\n<!-- exp:end table -->\n";
    env.write("report.md", text);
    let mode = |mode| {
        std::fs::set_permissions(env.path("report.md"), std::fs::Permissions::from_mode(mode))
            .unwrap()
    };
    mode(0o444);
    let error = env.exp(&["report", "--update"]).error();
    assert!(
        error.contains("read-only") && error.contains("chmod u+w"),
        "{error}"
    );
    assert_eq!(env.read("report.md"), text);
    mode(0o664);
    env.exp(&["report", "--update"]).ok();
    let now = std::fs::metadata(env.path("report.md"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(now & 0o777, 0o664);
}

#[test]
fn the_checklist_speaks_russian() {
    let env = TestEnv::new();
    four(&env);
    let text = env
        .exp(&["report", "--section", "checklist", "--lang", "ru"])
        .ok();
    let answers: Vec<&str> = text
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
        .filter_map(|line| line.split_whitespace().last())
        .collect();
    assert_eq!(answers, ["да", "да", "НЕТ", "НЕТ", "НЕТ", "да"], "{text}");
    assert!(text.starts_with("1 Место для экспериментов: experiments/ (4 запуска, завершено: 4)"));
    let json = env.exp(&["report", "--json"]).ok();
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value["checklist"][3]["answer"], "no");
    assert_eq!(value["schema"], "git-exp/report/1");
}

#[test]
fn plots_name_what_they_can_not_draw() {
    let env = TestEnv::new();
    four(&env);
    let text = env.exp(&["plot", "3", "4", "loss_val", "--ascii"]).ok();
    assert!(
        text.is_ascii()
            && text.contains("* exp_003_new_features")
            && text.contains("+ exp_004_lightgbm"),
        "{text}"
    );
    assert!(env.exp(&["plot", "roc_auc_val"]).ok().contains('●'));
    let error = env.exp(&["plot", "3", "los_val"]).error();
    assert!(
        error.contains("no metric is called `los_val`")
            && error.contains("did you mean `loss_val`?"),
        "{error}"
    );
    assert!(
        env.exp(&["plot", "exp_9", "loss_val"])
            .error()
            .contains("no run named `exp_9`")
    );
    record(&env, 5, "silent", 0.5, "train_v1", 0);
    assert!(
        env.exp(&["plot", "5"])
            .error()
            .contains("logged nothing over steps")
    );
    env.exp(&["plot", "3", "4", "loss_val", "--svg", "loss.svg", "--log"])
        .ok();
    assert!(
        env.read("loss.svg")
            .starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\"")
    );
    // Each of several plots has a file of its own.
    env.exp(&["plot", "3", "4", "--svg", "all.svg"]).ok();
    assert!(env.read("all_loss_val.svg").contains("loss_val"));
    let error = env.exp(&["plot", "3", "4", "--svg", "-"]).error();
    assert!(error.contains("holds one plot"), "{error}");
    env.write(
        "experiments/runs/exp_003_new_features/series/loss_val.csv",
        "step,value\n1,0.5\n2,x\n",
    );
    let error = env.exp(&["plot", "3", "loss_val"]).error();
    assert!(
        error.contains("is damaged") && error.contains("line 3"),
        "{error}"
    );
}

#[test]
fn the_table_becomes_a_workbook() {
    let env = TestEnv::new();
    four(&env);
    env.exp(&["table", "--format", "xlsx"]).ok();
    let bytes = std::fs::read(env.path("experiments/experiments.xlsx")).unwrap();
    assert!(bytes.starts_with(b"PK\x03\x04"));
    // Links lead from the workbook's own place.
    let other = "experiments/other.xlsx";
    env.exp(&["table", "--format", "xlsx", "-o", other]).ok();
    assert_eq!(std::fs::read(env.path(other)).unwrap(), bytes);
    env.exp(&["table", "--format", "csv", "-o", "t.csv"]).ok();
    assert!(env.read("t.csv").starts_with("id,"));
}

#[test]
fn the_page_works_in_a_browser() {
    let env = TestEnv::new();
    four(&env);
    env.exp(&["report", "--html", "page.html"]).ok();
    let Some(browser) = Browser::start() else {
        return;
    };
    let page = env.path("page.html");
    for (width, theme) in [(390, "light"), (1280, "dark"), (1280, "light")] {
        browser.open(&page, width, theme);
        assert_eq!(
            browser.js("return document.documentElement.dataset.ready"),
            "yes"
        );
        let overflow = browser.js("return document.documentElement.scrollWidth - innerWidth");
        assert!(
            overflow.as_i64().unwrap() <= 0,
            "{width}: {overflow} px too wide"
        );
        let dark = browser.js("return getComputedStyle(document.body).backgroundColor")
            != "rgb(255, 255, 255)";
        assert_eq!(dark, theme == "dark");
        assert!(
            browser.screenshot().len() > 10_000,
            "a blank picture is small"
        );
        assert_eq!(browser.console(), Vec::<String>::new());
    }
    assert_eq!(
        browser.js("return performance.getEntriesByType('resource').length"),
        0
    );
    sorting_and_filtering(&browser);
    pointing_and_unfolding(&browser);
    assert_eq!(browser.console(), Vec::<String>::new());
    browser.js("const s = document.createElement('script'); s.textContent = 'window.foreign = 1'; document.body.append(s)");
    assert!(
        browser.js("return window.foreign ?? null").is_null(),
        "the policy stops foreign script"
    );
    assert!(
        browser
            .console()
            .concat()
            .contains("Content Security Policy")
    );
}

const ROWS: &str = "return [...document.querySelectorAll('#table tbody tr:not([hidden]) th a')].map(a => a.textContent).join(' ')";

fn sorting_and_filtering(browser: &Browser) {
    assert_eq!(browser.js(ROWS), "exp_004 exp_003 exp_002 exp_001");
    let metric = "#table thead th:nth-child(3)";
    assert_eq!(
        browser.label(&format!("{metric} button")),
        "roc_auc_val , higher is better"
    );
    browser.click(&format!("{metric} button"));
    assert_eq!(
        browser.js(ROWS),
        "exp_004 exp_003 exp_002 exp_001",
        "the best first"
    );
    browser.click(&format!("{metric} button"));
    assert_eq!(browser.js(ROWS), "exp_001 exp_002 exp_003 exp_004");
    let sort = format!("return document.querySelector('{metric}').ariaSort");
    assert_eq!(browser.js(&sort), "ascending");
    assert_eq!(browser.label("#filter"), "Filter the runs");
    browser.type_into("#filter", "roc_auc_val>0.8 train_v1");
    assert_eq!(browser.js(ROWS), "exp_002");
    assert_eq!(
        browser.js("return document.querySelector('#count').textContent"),
        "1 of 4"
    );
    browser.js("const f = document.querySelector('#filter'); f.value = ''; f.dispatchEvent(new Event('input'))");
}

fn pointing_and_unfolding(browser: &Browser) {
    let tip = "return document.querySelector('.panel .tip').textContent";
    browser.type_into(".panel .chart", "\u{e014}\u{e014}");
    assert_eq!(
        browser.js(tip),
        "exp_002_more_trees  0.8100",
        "two times the right arrow key"
    );
    browser.type_into(".panel .chart", "\u{e007}");
    let open =
        "return [...document.querySelectorAll('details[open] article')].map(a => a.id).join()";
    assert_eq!(
        browser.js(open),
        "exp_002_more_trees",
        "Enter opens the run"
    );
    let lines = "return [...document.querySelectorAll('#curves figure:first-of-type .area path.line')].filter(p => getComputedStyle(p).display !== 'none').length";
    assert_eq!(browser.js(lines), 4);
    browser.click("#curves figure:first-of-type input[data-l='1']");
    assert_eq!(browser.js(lines), 3);
    browser.click(".pills label:nth-of-type(2)");
    let shown = "return [...document.querySelectorAll('.panel')].map(p => getComputedStyle(p).display).join()";
    assert_eq!(browser.js(shown), "none,block,none");
}

#[test]
fn a_thousand_runs_stay_usable() {
    let env = TestEnv::new();
    for number in 1..=1000 {
        let val = 0.6 + f64::from(number * 7919 % 1000) / 4000.0 + f64::from(number) / 10_000.0;
        record(
            &env,
            number,
            "sweep",
            val,
            if number < 400 { "train_v1" } else { "train_v2" },
            40,
        );
    }
    let started = Instant::now();
    env.exp(&["report", "--html", "page.html"]).ok();
    let written = started.elapsed();
    let size = std::fs::metadata(env.path("page.html")).unwrap().len();
    eprintln!("1,000 runs: page of {size} bytes written in {written:?}");
    assert!(size < 8_000_000, "{size}");
    let Some(browser) = Browser::start() else {
        return;
    };
    for width in [390, 1280] {
        browser.open(&env.path("page.html"), width, "light");
        let ready =
            browser.js("return performance.getEntriesByType('navigation')[0].domInteractive");
        let sort = browser.js(
            "const b = document.querySelector('#table thead th:nth-child(3) button'); const t = performance.now(); \
             b.click(); document.body.offsetHeight; return performance.now() - t",
        );
        let filter = browser.js(
            "const f = document.querySelector('#filter'); const t = performance.now(); f.value = 'roc_auc_val>0.9'; \
             f.dispatchEvent(new Event('input')); document.body.offsetHeight; return performance.now() - t",
        );
        eprintln!(
            "{width} px: interactive after {ready} ms, sorted in {sort} ms, filtered in {filter} ms"
        );
        let visible = "return document.querySelectorAll('#table tbody tr:not([hidden])').length";
        browser.js("const f = document.querySelector('#filter'); f.value = ''; f.dispatchEvent(new Event('input'))");
        assert_eq!(browser.js(visible), 200, "a page of rows at first");
        browser.click("#more");
        assert_eq!(browser.js(visible), 1000);
        let ms = |value: &serde_json::Value| value.as_f64().unwrap();
        // Ten times what it takes on two busy cores: a bound for a wrong order of growth.
        assert!(ms(&ready) < 10_000.0 && ms(&sort) < 3_000.0 && ms(&filter) < 2_000.0);
        assert_eq!(browser.console(), Vec::<String>::new());
    }
}
