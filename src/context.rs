//! What every command gets: the surroundings, the repository, the project and the terminal.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use crate::ambient::{self, Ambient};
use crate::error::{Failure, Result};
use crate::git::Repo;
use crate::settings::{Lang, ProjectSettings};
use crate::store::Project;
use crate::store::stage::{self, Stage};
use crate::ui::{ColorChoice, Ui, UiOptions};

/// Options that stand before or after any verb.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct GlobalArgs {
    /// Run as if started in DIR
    #[arg(
        short = 'C',
        value_name = "DIR",
        global = true,
        help_heading = "Global options"
    )]
    pub directory: Option<PathBuf>,
    /// Write machine-readable JSON to standard output
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Say only what went wrong
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// Say more about what is done
    #[arg(short, long, global = true, help_heading = "Global options")]
    pub verbose: bool,
    /// When to use colour
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        hide_default_value = true,
        global = true,
        help_heading = "Global options"
    )]
    pub color: ColorChoice,
    /// Don't pipe long output into a pager
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_pager: bool,
    /// Language of generated text
    #[arg(long, value_enum, global = true, help_heading = "Global options")]
    pub lang: Option<Lang>,
}

/// The surroundings of one command. Repository, project and settings are found on first use.
#[derive(Debug)]
pub struct Ctx {
    /// Environment, clock, process.
    pub ambient: Ambient,
    /// The terminal.
    pub ui: Ui,
    /// Options common to all verbs.
    pub globals: GlobalArgs,
    repo: OnceCell<Repo>,
    project: OnceCell<Project>,
    settings: OnceCell<ProjectSettings>,
}

impl Ctx {
    /// Puts a command's surroundings together.
    pub fn new(ambient: Ambient, globals: GlobalArgs) -> Result<Self> {
        let ambient = match &globals.directory {
            Some(directory) => {
                let moved = ambient.in_directory(directory);
                if !moved.cwd().is_dir() {
                    return Err(Failure::new(format!(
                        "cannot change to `{}`: no such directory",
                        directory.display()
                    )));
                }
                moved
            }
            None => ambient,
        };
        let ui = Ui::new(ui_options(&ambient, &globals));
        Ok(Self {
            ambient,
            ui,
            globals,
            repo: OnceCell::new(),
            project: OnceCell::new(),
            settings: OnceCell::new(),
        })
    }

    /// The repository around the current directory.
    pub fn repo(&self) -> Result<&Repo> {
        if self.repo.get().is_none() {
            let repo = Repo::discover(self.ambient.cwd())?;
            ambient::share_like(&repo.common_dir);
            let _ = self.repo.set(repo);
        }
        self.repo
            .get()
            .ok_or_else(|| Failure::new("the repository went away"))
    }

    /// The project around the current directory.
    pub fn project(&self) -> Result<&Project> {
        if self.project.get().is_none() {
            let top = self.repo()?.top().map_err(|error| {
                Failure::from(error)
                    .hint("go to a clone with a working tree: git clone, then cd")
                    .hint("what needs none: git exp check, git exp ls --elsewhere")
            })?;
            let _ = self.project.set(Project::find(self.ambient.cwd(), top));
        }
        self.project
            .get()
            .ok_or_else(|| Failure::new("the project went away"))
    }

    /// The project's settings.
    pub fn settings(&self) -> Result<&ProjectSettings> {
        if self.settings.get().is_none() {
            let file = self.project()?.settings_file();
            let _ = self.settings.set(ProjectSettings::read(&file)?);
        }
        self.settings
            .get()
            .ok_or_else(|| Failure::new("the settings went away"))
    }

    /// The stages. One that can't be told is warned of, and left out.
    pub fn stages(&self) -> Vec<Stage> {
        let Ok(project) = self.project() else {
            return Vec::new();
        };
        let (stages, doubts) = stage::all(project);
        for doubt in &doubts {
            self.ui.doubt(doubt);
        }
        stages
    }

    /// The language of generated text: `--lang`, then exp.toml, then English.
    pub fn lang(&self) -> Result<Lang> {
        Ok(match self.globals.lang {
            Some(lang) => lang,
            None => self.settings()?.lang.unwrap_or_default(),
        })
    }

    /// Prints data; on a terminal through git's pager, unless git pages us already.
    pub fn page(&self, text: &str) -> Result<()> {
        let paged = self.globals.no_pager || self.ambient.var("GIT_PAGER_IN_USE").is_some();
        if !self.ui.stdout_is_terminal() || paged || self.ambient.var("TERM") == Some("dumb") {
            return self.ui.out(text);
        }
        let Ok(Some(pager)) = crate::git::user::pager(self.ambient.cwd()) else {
            return self.ui.out(text);
        };
        let defaults = [("LESS", "FRX"), ("LV", "-c")];
        let unset = |(name, _): &(&str, &str)| self.ambient.var(name).is_none();
        let variables: Vec<(&str, &str)> = defaults.into_iter().filter(unset).collect();
        crate::ui::pager::page(&pager, &variables, text)
    }

    /// A path that the user typed, made absolute without following links.
    pub fn absolute(&self, typed: &Path) -> PathBuf {
        crate::store::layout::normalize(&self.ambient.cwd().join(typed))
    }
}

fn ui_options(ambient: &Ambient, globals: &GlobalArgs) -> UiOptions {
    let set = |name| ambient.var(name).is_some();
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| ambient.var(name));
    let unicode = match locale {
        Some(name) => {
            let name = name.to_ascii_lowercase();
            name.contains("utf-8") || name.contains("utf8")
        }
        None => !cfg!(windows),
    };
    let paged_by_git = ambient
        .var("GIT_PAGER_IN_USE")
        .is_some_and(|value| value != "false");
    UiOptions {
        color: globals.color,
        no_color: set("NO_COLOR") || ambient.var("TERM") == Some("dumb"),
        force_color: set("CLICOLOR_FORCE") || paged_by_git,
        unicode,
        quiet: globals.quiet,
        verbose: globals.verbose,
        columns: ambient.var("COLUMNS").and_then(|text| text.parse().ok()),
    }
}
