//! Words and longer generated texts, in English and Russian.

use crate::model::Status;
use crate::settings::Lang;

/// How a run stands, in one word.
pub fn status(status: Status, lang: Lang) -> &'static str {
    match lang {
        Lang::En => status.word(),
        Lang::Ru => match status {
            Status::Running => "идёт",
            Status::Ok => "успешно",
            Status::Failed => "ошибка",
            Status::Aborted => "прерван",
            Status::Stale => "не завершён",
        },
    }
}

/// The first lines of a new exp.toml.
pub fn settings_head(lang: Lang) -> &'static str {
    lang.pick(
        "# Settings of `git exp` for this project. Yours to edit; explained by `git exp help settings`.\n\
         # [inputs] is what a run is given when the command line names nothing.\n\
         # [metrics] says which way is better: \"max\", \"min\", or \"info\" for what is not judged.\n",
        "# Настройки `git exp` для этого проекта. Правьте свободно; пояснения: `git exp help settings`.\n\
         # [inputs]: что получает запуск, если в команде ничего не указано.\n\
         # [metrics]: куда лучше: \"max\", \"min\" или \"info\", если метрика не оценивается.\n",
    )
}

/// `experiments/README.md`.
pub fn folder_readme(lang: Lang) -> &'static str {
    lang.pick(
        "# Experiments\n\
         \n\
         Each folder under `runs/` is one run: what was run, on which code, data and configuration, and\n\
         what came out. It is plain JSON and Markdown; commit it like code.\n\
         \n\
         - `experiments.md`, `experiments.csv`: all runs in one table (generated)\n\
         - `runs/exp_NNN_idea/README.md`: the log of one run; the conclusions in it are yours to write\n\
         - `runs/exp_NNN_idea/run.json`: the facts, for programs\n\
         - `exp.toml`: settings\n\
         \n\
         Look around: `git exp ls`, `git exp show @`, `git exp diff @-1 @` (`@` is the last run).\n",
        "# Эксперименты\n\
         \n\
         Каждая папка в `runs/` — один запуск: что запускали, на каком коде, данных и конфиге и что\n\
         получилось. Это обычные JSON и Markdown; коммитьте их вместе с кодом.\n\
         \n\
         - `experiments.md`, `experiments.csv`: все запуски одной таблицей (создаёт программа)\n\
         - `runs/exp_NNN_idea/README.md`: журнал запуска; выводы в нём пишете вы\n\
         - `runs/exp_NNN_idea/run.json`: факты, для программ\n\
         - `exp.toml`: настройки\n\
         \n\
         Посмотреть: `git exp ls`, `git exp show @`, `git exp diff @-1 @` (`@` — последний запуск).\n",
    )
}
