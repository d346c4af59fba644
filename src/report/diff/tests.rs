//! What the six cases of the design look like in every form.

use super::Look;
use super::cases::{case_1, case_2, case_3, case_4, case_5, case_6};
use super::json::{DIFF_SCHEMA, json};
use super::markdown::markdown;
use super::short::short;
use super::text::text;
use crate::compare::{Comparison, Evidence, Side, compare};
use crate::model::{MetricValue, Number, Param, Run};
use crate::report::preflight;
use crate::settings::Lang;
use serde_json::{Value, json};
use unicode_width::UnicodeWidthStr;

fn look(lang: Lang) -> Look {
    Look {
        lang,
        ..Look::default()
    }
}

fn english(c: &Comparison<'_>) -> String {
    text(c, &look(Lang::En))
}

#[test]
fn case_1_only_the_config() {
    insta::assert_snapshot!(case_1(english), @r#"
    exp_001_baseline → exp_002_more_trees

    ONE FACTOR CHANGED: config model.n_estimators. The difference can be attributed to it.

    Metrics                       exp_001    exp_002    change
      roc_auc_val     ↑ primary     0.793      0.810    +0.017    better   noise unknown
      roc_auc_test    ↑             0.790      0.801    +0.011    better
      accuracy_val    ↑             0.751      0.762    +0.011    better
      train_time_sec                 15.1       45.3    +200.0 %  info

    Changed
      config   configs/experiment_v1.yaml   (1 of 9 keys)
                 model.n_estimators    100 → 300

    Same       eval, data (train_v1.csv 9f2c41d8), code (b2f1c0e, clean), seed (42),
               env (python 3.11.9, 64 packages)

    Neither run was repeated, so +0.017 can't be told from luck:
      git exp run --like exp_002 --seeds 1,2,3
    "#);
}

#[test]
fn case_2_code_and_config_at_once() {
    insta::assert_snapshot!(case_2(english), @r#"
    exp_003_new_features → exp_004_lightgbm

    3 FACTORS CHANGED AT ONCE (code, config × 2): the gain can't be attributed to any one of them.
    Declared at start: model.type.   Not declared: code, model.max_depth.

    Metrics                     exp_003    exp_004    change
      roc_auc_val   ↑ primary     0.842      0.861    +0.019   better   (n=3: noise ±0.004)
      roc_auc_test  ↑             0.835      0.815    -0.020   WORSE    (n=3: noise ±0.005)
      accuracy_val  ↑             0.780      0.792    +0.012   better
      ! val rose while test fell: the choice may be overfitted to validation.

    Changed
      code     a41c9d2 (clean) → a41c9d2 + uncommitted changes (frozen copy kept)
                 src/train.py           +31 -4    used by the command
                 src/features.py         +2 -2    cosmetic (comments, whitespace)
                 notebooks/eda.ipynb    1 cell    not used by the command; outputs ignored
      config   configs/experiment_v2.yaml   (2 of 11 keys)
                 model.max_depth    8 → -1
                 model.type         RandomForestClassifier → LGBMClassifier

    Same       eval, data (train_v2.csv 5d07ab13), seed (42), env (python 3.11.9, 64 packages)
    Unknown    hardware (not recorded in exp_003)

    Already have: exp_006 differs from exp_003 only in this code change (roc_auc_val +0.001).
    Still missing, one factor each (on exp_004's code):
      git exp run max_depth_only --like exp_006 --set model.max_depth=-1
      git exp run type_only      --like exp_006 --set model.type=LGBMClassifier
    See the lines: git exp diff exp_003 exp_004 --patch
    "#);
}

#[test]
fn case_3_another_version_of_the_data() {
    insta::assert_snapshot!(case_3(english), @r#"
    exp_002_more_trees → exp_003_new_features

    NOT COMPARABLE: the validation rows changed together with the training data (both are cut from the
    same file), so 0.810 and 0.842 were measured with different yardsticks.
    Also 1 config key changed.

    Metrics                     exp_002    exp_003     change
      roc_auc_val   ↑ primary     0.810      0.842    (+0.032)  not comparable
      roc_auc_test  ↑             0.801      0.835     +0.034   better       (data/test.csv is the same)
      accuracy_val  ↑             0.762      0.780    (+0.018)  not comparable

    Changed
      data     train: data/processed/train_v1.csv → train_v2.csv    9f2c41d8 → 5d07ab13
                 size       10,000 rows × 14 cols → 10,412 rows × 16 cols   (key: user_id)
                 rows       +512 added   -100 removed   37 changed   9,863 the same
                 columns    + age_bucket      text, 6 values, 0 % empty
                            + is_active_30d   0/1, mean 0.61
                 types      income: int → float (42 empty cells appeared)
                 cells      income 31 rows, city 6 rows
                 target     churn: positive 23.1 % → 24.8 %   (+1.7 points)
                 shifted    age mean 38.1 → 37.6;  income empty 0.0 % → 0.4 %
                 watch      rows also present in data/test.csv: 0 → 14   ← leak?
      config   features.list: + age_bucket, + is_active_30d     (1 of 9 keys)

    Same       code (b2f1c0e, clean), seed (42), env (python 3.11.9, 64 packages),
               split rule (train/val 80/20, stratified)

    Make it fair: keep the val rows in a file of their own, for both runs: --data val=FILE
    Rows:  git exp diff exp_002 exp_003 --data --rows 20
    "#);
}

#[test]
fn case_4_another_environment() {
    insta::assert_snapshot!(case_4(english), @r#"
    exp_003_new_features → exp_009_rerun_on_cluster

    ONE FACTOR CHANGED: environment (python, 2 direct packages, machine). The difference can be
    attributed to it only as a whole.

    Metrics                     exp_003    exp_009    change
      roc_auc_val   ↑ primary     0.842      0.838    -0.004   worse, within noise   (n=4: ±0.003)
      roc_auc_test  ↑             0.835      0.833    -0.002   worse, within noise   (n=4: ±0.003)
      accuracy_val  ↑             0.780      0.780         =   same

    Changed
      env      python 3.10.14 → 3.11.9
                 pandas          2.1.4 → 2.2.3     direct
                 scikit-learn    1.4.2 → 1.6.1     direct
                 11 more indirect packages         (--env to list)
      hardware laptop (8 cores, no GPU) → node g017 (64 cores, A100); n_jobs -1 means 8 → 64 threads

    Same       eval, data (train_v2.csv 5d07ab13), code (b2f1c0e, clean), config (9 keys), seed (42)

    Restore the older environment:  git exp show exp_003 --env > requirements.lock.txt
    "#);
}

#[test]
fn case_5_nothing_changed_but_the_metrics() {
    insta::assert_snapshot!(case_5(english), @r#"
    exp_003_new_features → exp_010_new_features

    UNEXPLAINED: every recorded input is identical, yet the metrics differ.

    Metrics                       exp_003    exp_010    change
      roc_auc_val     ↑ primary     0.842      0.836    -0.006
      train_time_sec                 45.3       44.9      -0.9 %  info

    Unknown    seed (not recorded in either run)

    Likely reasons, most checkable first
      1 seed      no seed in the config and none on the command line (random_state appears in
                  src/train.py:41 without a value)
      2 inputs    the program may read files that were not recorded: data/external/geo.csv changed
                  between the runs and is not listed under inputs
      3 threads   n_jobs = -1, OMP_NUM_THREADS unset: summation order varies
      4 run       exp_003 was finished 3 days after its metrics were written

    4 runs share these inputs: roc_auc_val 0.8407 ± 0.0034 (n=4). Treat differences below about 0.0095
    as noise until the seed is fixed.
    "#);
}

#[test]
fn case_6_identical() {
    insta::assert_snapshot!(case_6(english), @r#"
    exp_003_new_features → exp_011_again

    IDENTICAL: same inputs, same metrics (exp_011 repeats exp_003). Reproduced.
    "#);
}

#[test]
fn short_lines_of_all_cases() {
    let line = |c: &Comparison<'_>| short(c, &look(Lang::En));
    let lines = [
        case_1(line),
        case_2(line),
        case_3(line),
        case_4(line),
        case_5(line),
        case_6(line),
    ];
    insta::assert_snapshot!(lines.join("\n"), @r#"
    exp_001→exp_002  one-factor  roc_auc_val 0.793→0.810  config:1
    exp_003→exp_004  confounded  roc_auc_val 0.842→0.861  code config:2
    exp_002→exp_003  not-comparable  roc_auc_val 0.810→0.842  data:train config:1
    exp_003→exp_009  one-factor  roc_auc_val 0.842→0.838  env
    exp_003→exp_010  unexplained  roc_auc_val 0.842→0.836
    exp_003→exp_011  identical  roc_auc_val 0.842→0.842
    "#);
}

fn russian(c: &Comparison<'_>) -> String {
    text(c, &look(Lang::Ru))
}

#[test]
fn case_2_in_russian() {
    insta::assert_snapshot!(case_2(russian), @r#"
    exp_003_new_features → exp_004_lightgbm

    СРАЗУ ИЗМЕНЕНЫ 3 ФАКТОРА (код, конфиг × 2): улучшение нельзя приписать ни одному из них.
    Заявлено при старте: model.type.   Не заявлено: code, model.max_depth.

    Метрики                     exp_003    exp_004    разница
      roc_auc_val   ↑ главная     0.842      0.861     +0.019   лучше   (n=3: шум ±0.004)
      roc_auc_test  ↑             0.835      0.815     -0.020   ХУЖЕ    (n=3: шум ±0.005)
      accuracy_val  ↑             0.780      0.792     +0.012   лучше
      ! val выросла, а test упала: выбор мог переобучиться под валидацию.

    Изменено
      код      a41c9d2 (без правок) → a41c9d2 + незакоммиченные правки (копия сохранена)
                 src/train.py             +31 -4    используется командой
                 src/features.py           +2 -2    косметика (комментарии, пробелы)
                 notebooks/eda.ipynb    1 ячейка    командой не используется; выводы не учтены
      конфиг   configs/experiment_v2.yaml   (2 из 11 ключей)
                 model.max_depth    8 → -1
                 model.type         RandomForestClassifier → LGBMClassifier

    Так же        оценка, данные (train_v2.csv 5d07ab13), seed (42),
                  окружение (python 3.11.9, 64 пакета)
    Неизвестно    машина (не записано в exp_003)

    Уже есть: exp_006 отличается от exp_003 только этим: код (roc_auc_val +0.001).
    Не хватает запусков по одному фактору (на коде exp_004):
      git exp run max_depth_only --like exp_006 --set model.max_depth=-1
      git exp run type_only      --like exp_006 --set model.type=LGBMClassifier
    Посмотреть строки: git exp diff exp_003 exp_004 --patch
    "#);
}

#[test]
fn case_3_in_russian() {
    insta::assert_snapshot!(case_3(russian), @r#"
    exp_002_more_trees → exp_003_new_features

    НЕСРАВНИМЫ: валидационные строки изменились вместе с обучающими данными (те и другие взяты из одного
    файла), поэтому 0.810 и 0.842 измерены разными мерками.
    Кроме того, изменено: 1 ключ конфига.

    Метрики                     exp_002    exp_003    разница
      roc_auc_val   ↑ главная     0.810      0.842    (+0.032)  несравнимо
      roc_auc_test  ↑             0.801      0.835     +0.034   лучше        (data/test.csv тот же)
      accuracy_val  ↑             0.762      0.780    (+0.018)  несравнимо

    Изменено
      данные   train: data/processed/train_v1.csv → train_v2.csv    9f2c41d8 → 5d07ab13
                 размер      10 000 строк × 14 столбцов → 10 412 строк × 16 столбцов   (ключ: user_id)
                 строки      +512 добавлено   -100 удалено   37 изменено   9 863 без изменений
                 столбцы     + age_bucket      text, 6 значений, 0 % пустых
                             + is_active_30d   0/1, среднее 0.61
                 типы        income: int → float (появилось: 42 пустые ячейки)
                 ячейки      income 31 строка, city 6 строк
                 цель        churn: positive 23.1 % → 24.8 %   (+1.7 п.п.)
                 сдвиги      age среднее 38.1 → 37.6;  income пустых 0.0 % → 0.4 %
                 внимание    строки, которые есть и в data/test.csv: 0 → 14   ← утечка?
      конфиг   features.list: + age_bucket, + is_active_30d     (1 из 9 ключей)

    Так же        код (b2f1c0e, без правок), seed (42), окружение (python 3.11.9, 64 пакета),
                  правило разбиения (train/val 80/20, stratified)

    Чтобы сравнить честно, держите строки val в отдельном файле, одном на оба запуска: --data val=ФАЙЛ
    Строки данных:  git exp diff exp_002 exp_003 --data --rows 20
    "#);
}

#[test]
fn the_other_cases_in_russian() {
    let all = [
        case_1(russian),
        case_4(russian),
        case_5(russian),
        case_6(russian),
    ];
    insta::assert_snapshot!(all.join("\n---\n"), @r#"
    exp_001_baseline → exp_002_more_trees

    ИЗМЕНЁН ОДИН ФАКТОР: конфиг model.n_estimators. Разницу можно приписать ему.

    Метрики                       exp_001    exp_002    разница
      roc_auc_val     ↑ главная     0.793      0.810     +0.017    лучше     шум неизвестен
      roc_auc_test    ↑             0.790      0.801     +0.011    лучше
      accuracy_val    ↑             0.751      0.762     +0.011    лучше
      train_time_sec                 15.1       45.3     +200.0 %  справка

    Изменено
      конфиг   configs/experiment_v1.yaml   (1 из 9 ключей)
                 model.n_estimators    100 → 300

    Так же        оценка, данные (train_v1.csv 9f2c41d8), код (b2f1c0e, без правок), seed (42),
                  окружение (python 3.11.9, 64 пакета)

    Ни один запуск не повторяли, поэтому +0.017 не отличить от удачи:
      git exp run --like exp_002 --seeds 1,2,3

    ---
    exp_003_new_features → exp_009_rerun_on_cluster

    ИЗМЕНЁН ОДИН ФАКТОР: окружение (python, 2 прямых пакета, машина). Разницу можно приписать только ему
    целиком.

    Метрики                     exp_003    exp_009    разница
      roc_auc_val   ↑ главная     0.842      0.838     -0.004   хуже, в пределах шума   (n=4: ±0.003)
      roc_auc_test  ↑             0.835      0.833     -0.002   хуже, в пределах шума   (n=4: ±0.003)
      accuracy_val  ↑             0.780      0.780          =   так же

    Изменено
      окружение python 3.10.14 → 3.11.9
                  pandas          2.1.4 → 2.2.3     прямой
                  scikit-learn    1.4.2 → 1.6.1     прямой
                  ещё 11 косвенных пакетов         (--env: показать)
      машина    laptop (8 ядер, без GPU) → node g017 (64 ядра, A100); n_jobs -1 означает 8 → 64 потоков

    Так же        оценка, данные (train_v2.csv 5d07ab13), код (b2f1c0e, без правок), конфиг (9 ключей),
                  seed (42)

    Вернуть прежнее окружение:  git exp show exp_003 --env > requirements.lock.txt

    ---
    exp_003_new_features → exp_010_new_features

    НЕ ОБЪЯСНЕНО: все записанные входные данные одинаковы, а метрики различаются.

    Метрики                       exp_003    exp_010    разница
      roc_auc_val     ↑ главная     0.842      0.836     -0.006
      train_time_sec                 45.3       44.9       -0.9 %  справка

    Неизвестно    seed (не записано ни в одном из запусков)

    Вероятные причины, сначала те, что легче проверить
      1 seed      seed нет ни в конфиге, ни в командной строке (random_state в src/train.py:41 без
                  значения)
      2 входы     программа может читать незаписанные файлы: data/external/geo.csv менялся между
                  запусками и не указан среди входных данных
      3 потоки    n_jobs = -1, OMP_NUM_THREADS не задана: порядок суммирования меняется
      4 запуск    exp_003 завершён через 3 дня после записи метрик

    4 запуска с этими входными данными: roc_auc_val 0.8407 ± 0.0034 (n=4). Пока seed не зафиксирован,
    считайте разницу меньше 0.0095 шумом.

    ---
    exp_003_new_features → exp_011_again

    ОДИНАКОВЫ: те же входные данные и те же метрики (exp_011 повторяет exp_003). Воспроизведено.
    "#);
}

#[test]
fn a_narrow_console_without_unicode() {
    let plain = Look {
        width: 60,
        unicode: false,
        ..Look::default()
    };
    let shown = case_4(|c| text(c, &plain));
    assert!(shown.is_ascii(), "{shown}");
    insta::assert_snapshot!(shown, @r#"
    exp_003_new_features -> exp_009_rerun_on_cluster

    ONE FACTOR CHANGED: environment (python, 2 direct packages,
    machine). The difference can be attributed to it only as a
    whole.

    Metrics   exp_003    exp_009    change
      roc_auc_val  max primary
                0.842      0.838    -0.004   worse, within noise
        (n=4: +-0.003)
      roc_auc_test  max
                0.835      0.833    -0.002   worse, within noise
        (n=4: +-0.003)
      accuracy_val  max
                0.780      0.780         =   same

    Changed
      env      python 3.10.14 -> 3.11.9
                 pandas          2.1.4 -> 2.2.3     direct
                 scikit-learn    1.4.2 -> 1.6.1     direct
                 11 more indirect packages         (--env to
                   list)
      hardware laptop (8 cores, no GPU) -> node g017 (64
                 cores, A100); n_jobs -1 means 8 -> 64 threads

    Same       eval, data (train_v2.csv 5d07ab13),
               code (b2f1c0e, clean), config (9 keys), seed (42)

    Restore the older environment:
      git exp show exp_003 --env > requirements.lock.txt
    "#);
}

#[test]
fn no_line_of_the_table_is_wider_than_the_terminal() {
    for lang in [Lang::En, Lang::Ru] {
        let narrow = Look {
            width: 60,
            ..look(lang)
        };
        let told = case_2(|c| text(c, &narrow));
        let table = told
            .lines()
            .skip_while(|line| !line.contains("exp_003    exp_004"));
        let table: Vec<&str> = table.take_while(|line| !line.is_empty()).collect();
        assert!(table.len() > 5, "{told}");
        for line in table {
            assert!(line.width() <= 60, "{line}");
        }
    }
    let narrow = Look {
        width: 60,
        ..look(Lang::En)
    };
    let told = case_1(|c| text(c, &narrow));
    let table = told.lines().skip_while(|line| !line.starts_with("Metrics"));
    let table: Vec<&str> = table.take(5).collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    Metrics   exp_001    exp_002    change
      roc_auc_val  ↑ primary
                0.793      0.810    +0.017    better
        noise unknown
      roc_auc_test  ↑
    ");
}

#[test]
fn colours_add_nothing_but_colours() {
    let bare = case_2(english);
    let painted = case_2(|c| {
        text(
            c,
            &Look {
                color: true,
                ..Look::default()
            },
        )
    });
    assert!(painted.contains("\u{1b}["));
    assert_eq!(anstream::adapter::strip_str(&painted).to_string(), bare);
}

#[test]
fn everything_on_request() {
    let look = Look {
        all: true,
        ..Look::default()
    };
    let shown = case_6(|c| text(c, &look));
    insta::assert_snapshot!(shown, @r#"
    exp_003_new_features → exp_011_again

    IDENTICAL: same inputs, same metrics (exp_011 repeats exp_003). Reproduced.

    Metrics                     exp_003    exp_011    change
      roc_auc_val   ↑ primary     0.842      0.842         =   same
      roc_auc_test  ↑             0.835      0.835         =   same
      accuracy_val  ↑             0.780      0.780         =   same

    Same       eval, data (train_v2.csv 5d07ab13), code (b2f1c0e, clean), config (9 keys), seed (42),
               env (python 3.11.9, 64 packages), hardware (laptop (8 cores, no GPU)), command
    "#);
    let packages = case_4(|c| text(c, &look));
    assert!(
        packages.contains("dep07") && packages.contains("indirect"),
        "{packages}"
    );
}

#[test]
fn comments_for_a_pull_request() {
    let comment = |c: &Comparison<'_>| markdown(c, &look(Lang::En));
    insta::assert_snapshot!(case_2(comment), @r#"
    ### exp_003_new_features → exp_004_lightgbm

    **3 FACTORS CHANGED AT ONCE (code, config × 2): the gain can't be attributed to any one of them.**

    Declared at start: model.type.   Not declared: code, model.max_depth.

    | Metric | | exp_003 | exp_004 | change | |
    | --- | --- | ---: | ---: | ---: | --- |
    | roc_auc_val | ↑ primary | 0.842 | 0.861 | +0.019 | better (n=3: noise ±0.004) |
    | roc_auc_test | ↑ | 0.835 | 0.815 | -0.020 | WORSE (n=3: noise ±0.005) |
    | accuracy_val | ↑ | 0.780 | 0.792 | +0.012 | better |

    - **!** val rose while test fell: the choice may be overfitted to validation.

    **Changed**

    - **code** a41c9d2 (clean) → a41c9d2 + uncommitted changes (frozen copy kept)
      - `src/train.py` +31 -4 · used by the command
      - `src/features.py` +2 -2 · cosmetic (comments, whitespace)
      - `notebooks/eda.ipynb` 1 cell · not used by the command; outputs ignored
    - **config** configs/experiment_v2.yaml   (2 of 11 keys)
      - `model.max_depth` 8 → -1
      - `model.type` RandomForestClassifier → LGBMClassifier

    **Same:** eval, data (train_v2.csv 5d07ab13), seed (42), env (python 3.11.9, 64 packages)

    **Unknown:** hardware (not recorded in exp_003)

    Already have: exp_006 differs from exp_003 only in this code change (roc_auc_val +0.001).

    Still missing, one factor each (on exp_004's code):

    ```console
    git exp run max_depth_only --like exp_006 --set model.max_depth=-1
    git exp run type_only      --like exp_006 --set model.type=LGBMClassifier
    ```

    See the lines: `git exp diff exp_003 exp_004 --patch`
    "#);
    insta::assert_snapshot!(case_5(comment), @r#"
    ### exp_003_new_features → exp_010_new_features

    **UNEXPLAINED: every recorded input is identical, yet the metrics differ.**

    | Metric | | exp_003 | exp_010 | change | |
    | --- | --- | ---: | ---: | ---: | --- |
    | roc_auc_val | ↑ primary | 0.842 | 0.836 | -0.006 |  |
    | train_time_sec |  | 45.3 | 44.9 | -0.9 % | info |

    **Unknown:** seed (not recorded in either run)

    **Likely reasons**

    1. **seed**: no seed in the config and none on the command line (random_state appears in src/train.py:41 without a value)
    2. **inputs**: the program may read files that were not recorded: data/external/geo.csv changed between the runs and is not listed under inputs
    3. **threads**: n_jobs = -1, OMP_NUM_THREADS unset: summation order varies
    4. **run**: exp_003 was finished 3 days after its metrics were written

    4 runs share these inputs: roc_auc_val 0.8407 ± 0.0034 (n=4). Treat differences below about 0.0095 as noise until the seed is fixed.
    "#);
}

/// A run whose every text wants to be something else.
fn hostile() -> (Run, Run) {
    let (mut a, mut b) = (super::cases::exp_001(), super::cases::exp_002());
    let evil = "\u{1b}]0;x\u{7}|`<b>@team #1\n\u{202e}'$(id)";
    for (run, value) in [(&mut a, "old"), (&mut b, evil)] {
        run.params.insert(format!("k{evil}"), Param::text(value));
        run.params.insert("model.type".into(), Param::text(value));
        run.metrics
            .insert(evil.into(), MetricValue::Text(value.into()));
        run.metrics.insert(
            format!("auc{evil}"),
            MetricValue::Number(Number::from_i64(1)),
        );
        run.data[0].path = evil.into();
        run.data[0].role = format!("train{evil}");
        run.env
            .as_mut()
            .unwrap()
            .direct
            .insert(evil.into(), Some(value.into()));
        run.eval.split = Some(evil.into());
        run.process.as_mut().unwrap().host = Some(evil.into());
    }
    b.declared = vec![evil.into()];
    b.hardware.as_mut().unwrap().cores = Some(1);
    (a, b)
}

#[test]
fn text_of_a_record_stays_text() {
    let (a, b) = hostile();
    let c = compare(
        &Side::new(&a),
        &Side::new(&b),
        &Evidence::default(),
        &super::cases::rules(),
    );
    let all = Look {
        all: true,
        ..Look::default()
    };
    for shown in [
        text(&c, &all),
        short(&c, &all),
        preflight::lines(&c, &all).join("\n"),
    ] {
        assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{shown}");
    }
    let comment = markdown(&c, &all);
    assert!(!comment.contains(['\u{1b}', '\u{202e}']), "{comment}");
    for line in comment.lines() {
        // Every second piece between backticks that are not escaped is code, where nothing acts.
        let outside: String = line.replace("\\`", "").split('`').step_by(2).collect();
        assert!(
            !outside.contains("<b>") && !outside.contains("@team"),
            "{line}"
        );
    }
    // Of a command only what a shell takes literally is proposed, and never a line break.
    let commands: Vec<String> = super::told::told(&c, &all)
        .next
        .into_iter()
        .flat_map(|p| p.commands)
        .collect();
    assert!(
        !commands.iter().any(|line| line.contains(['\n', '\u{1b}'])),
        "{commands:?}"
    );
}

#[test]
fn json_has_the_fields_of_the_contract() {
    let value: Value = serde_json::from_str(&case_2(|c| json(c, &look(Lang::En)))).unwrap();
    assert_eq!(value["schema"], DIFF_SCHEMA);
    assert_eq!(
        (&value["a"], &value["b"]),
        (&json!("exp_003"), &json!("exp_004"))
    );
    assert_eq!(value["verdict"], "confounded");
    assert_eq!(value["factors"], 3);
    assert_eq!(
        value["undeclared"],
        json!(["code", "config:model.max_depth"])
    );
    assert_eq!(
        value["axes"],
        json!({"eval": "same", "data": "same", "code": "changed", "config": "changed",
               "seed": "same", "env": "same", "hardware": "unknown", "command": "same"})
    );
    let metric = &value["metrics"][0];
    assert_eq!(
        (&metric["name"], &metric["goal"]),
        (&json!("roc_auc_val"), &json!("max"))
    );
    assert_eq!(metric["a"].to_string(), "0.842");
    assert_eq!(metric["delta"].to_string(), "0.019");
    assert_eq!(metric["judgement"], "better");
    assert_eq!(metric["noise"]["n"], 3);
    assert_eq!(metric["noise"]["sd"].to_string(), "0.004");
    assert_eq!(value["closest"][0]["run"], "exp_006");
    assert_eq!(value["closest"][0]["isolates"], "code");
}

#[test]
fn every_explanation_fits_its_schema() {
    let schema = schemars::schema_for!(super::json::Diff).to_value();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let form = |c: &Comparison<'_>| json(c, &look(Lang::Ru));
    for text in [
        case_1(form),
        case_2(form),
        case_3(form),
        case_4(form),
        case_5(form),
        case_6(form),
    ] {
        let mut value: Value = serde_json::from_str(&text).unwrap();
        // `git exp schema` adds the version to the schema, as for every other file.
        assert!(value.as_object_mut().unwrap().remove("schema").is_some());
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

#[test]
fn what_start_says_of_a_run_without_metrics() {
    let before = |c: &Comparison<'_>| preflight::lines(c, &look(Lang::En)).join("\n");
    insta::assert_snapshot!(case_2(before), @r#"
    will change   config  model.type RandomForestClassifier → LGBMClassifier   declared
    also changes  code    src/train.py +31 -4                                  NOT declared
                  config  model.max_depth 8 → -1                               NOT declared
    3 factors: the result will be confounded. Accept with --changes, or undo them first.
    "#);
    insta::assert_snapshot!(case_3(before), @r#"
    will change   data    train: data/processed/train_v1.csv → train_v2.csv    9f2c41d8 → 5d07ab13
                  config  features.list + age_bucket, + is_active_30d
    the validation rows change too: the result will not be comparable with exp_002
    2 factors: the result will be confounded. Accept with --changes, or undo them first.
    "#);
    insta::assert_snapshot!([case_1(before), case_4(before), case_6(before)].join("\n--\n"), @r#"
      will change   config  model.n_estimators 100 → 300
      1 factor: a difference can be attributed to it.
    --
      will change   env     python, 2 direct packages, machine
      1 factor: a difference can be attributed to it.
    --
      nothing that counts differs from exp_003
    "#);
    let russian = |c: &Comparison<'_>| preflight::lines(c, &look(Lang::Ru)).join("\n");
    insta::assert_snapshot!(case_2(russian), @r#"
    изменится        конфиг  model.type RandomForestClassifier → LGBMClassifier   заявлено
    также изменится  код     src/train.py +31 -4                                  НЕ заявлено
                     конфиг  model.max_depth 8 → -1                               НЕ заявлено
    3 фактора: причину будет не установить. Примите через --changes или сначала отмените лишнее.
    "#);
}

/// The first sentences for a pair that differs from `exp_001` by `change`.
fn sentence_of(lang: Lang, change: impl Fn(&mut Run, &mut Run)) -> String {
    let (mut a, mut b) = (super::cases::exp_001(), super::cases::exp_001());
    (b.uid, b.number) = (crate::model::Uid::new(2, &[2; 10]), 2);
    change(&mut a, &mut b);
    let c = compare(
        &Side::new(&a),
        &Side::new(&b),
        &Evidence::default(),
        &super::cases::rules(),
    );
    let w = super::words::Words {
        lang,
        unicode: true,
    };
    super::sentence::verdict(&c, w).join(" ")
}

#[test]
fn sentences_admit_what_is_not_known() {
    use crate::compare::sample::{commit, data, metrics, params};
    let cases: [fn(&mut Run, &mut Run); 12] = [
        |_, b| b.hardware = None,
        |a, b| {
            (a.seed, b.seed) = (None, None);
            params(b, &[("model.max_depth", "9")]);
            metrics(b, &[("roc_auc_val", "0.9")]);
        },
        |_, b| {
            b.data.clear();
            params(b, &[("model.max_depth", "9")]);
        },
        |a, b| (a.data.clear(), b.data.clear()).0,
        |_, b| {
            b.seed = Some(Param::leaf(crate::model::param::ParamKind::Int, "7"));
            params(b, &[("seed", "7")]);
            metrics(b, &[("roc_auc_val", "0.9")]);
        },
        |_, b| params(b, &[("model.max_depth", "9")]),
        |_, b| {
            b.metrics.clear();
            b.status = crate::model::Status::Failed;
            commit(b, "cc");
            params(b, &[("model.max_depth", "9")]);
        },
        |a, b| (a.metrics.clear(), b.metrics.clear()).0,
        |_, b| {
            b.metrics.clear();
            metrics(b, &[("other_val", "1")]);
        },
        |_, b| {
            b.data[1] = data("test", "data/test.csv", "8888", 2_000);
            commit(b, "cc");
        },
        |a, b| {
            params(a, &[("split.ratio", "0.2")]);
            params(b, &[("split.ratio", "0.3"), ("model.max_depth", "9")]);
        },
        |_, b| b.command.as_mut().unwrap().argv.push("--fast".into()),
    ];
    let english: Vec<String> = cases
        .iter()
        .map(|case| sentence_of(Lang::En, case))
        .collect();
    insta::assert_snapshot!(english.join("\n"), @r#"
    IDENTICAL AS FAR AS RECORDED: same inputs, same metrics (exp_002 repeats exp_001; not known: hardware).
    ONE FACTOR CHANGED: config model.max_depth. As far as recorded, the difference can be attributed to it (not known: seed).
    INCOMPLETE: one factor is known to have changed (config model.max_depth), but the difference can't be attributed to it: data was not recorded in exp_002.
    INCOMPLETE: nothing that is recorded changed, but data was recorded in neither run.
    ONE FACTOR CHANGED: seed (42 → 7). The difference shows how much luck matters.
    ONE FACTOR CHANGED: config model.max_depth. The metrics are the same.
    INCOMPLETE: exp_002 failed and has no metrics. 2 factors changed at once: code, config.
    INCOMPLETE: neither run has metrics. Nothing that is recorded changed.
    INCOMPLETE: the runs have no metric in common. Nothing that is recorded changed.
    NOT COMPARABLE: the test rows changed, so 0.790 and 0.790 were measured with different yardsticks. roc_auc_val was measured alike and may be compared. Also code changed.
    NOT COMPARABLE: the split rule changed, so 0.793 and 0.793 were measured with different yardsticks. Also 1 config key changed.
    IDENTICAL AS FAR AS RECORDED: same inputs, same metrics (exp_002 repeats exp_001; the command lines differ too).
    "#);
    let russian: Vec<String> = cases
        .iter()
        .map(|case| sentence_of(Lang::Ru, case))
        .collect();
    insta::assert_snapshot!(russian.join("\n"), @r#"
    ОДИНАКОВЫ, НАСКОЛЬКО ЗАПИСАНО: те же входные данные и те же метрики (exp_002 повторяет exp_001; неизвестно: машина).
    ИЗМЕНЁН ОДИН ФАКТОР: конфиг model.max_depth. Насколько записано, разницу можно приписать ему (неизвестно: seed).
    НЕПОЛНО: известно, что изменён один фактор (конфиг model.max_depth), но разницу нельзя приписать ему: данные не записаны в exp_002.
    НЕПОЛНО: из записанного не изменилось ничего, но данные не записаны ни в одном из запусков.
    ИЗМЕНЁН ОДИН ФАКТОР: seed (42 → 7). Разница показывает, насколько важна случайность.
    ИЗМЕНЁН ОДИН ФАКТОР: конфиг model.max_depth. Метрики не изменились.
    НЕПОЛНО: exp_002 завершился ошибкой, метрик нет. Сразу изменены 2 фактора: код, конфиг.
    НЕПОЛНО: у обоих запусков нет метрик. Из записанного не изменилось ничего.
    НЕПОЛНО: у запусков нет общих метрик. Из записанного не изменилось ничего.
    НЕСРАВНИМЫ: тестовые строки изменились, поэтому 0.790 и 0.790 измерены разными мерками. roc_auc_val измерена одинаково, её сравнивать можно. Кроме того, изменено: код.
    НЕСРАВНИМЫ: изменилось правило разбиения, поэтому 0.793 и 0.793 измерены разными мерками. Кроме того, изменено: 1 ключ конфига.
    ОДИНАКОВЫ, НАСКОЛЬКО ЗАПИСАНО: те же входные данные и те же метрики (exp_002 повторяет exp_001; командные строки тоже различаются).
    "#);
}
