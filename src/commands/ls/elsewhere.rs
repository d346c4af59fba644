//! Runs that have no folder here: all of them on request, the newest below every plain list.

use crate::context::Ctx;
use crate::error::{ExitCode, Result};
use crate::report::elsewhere::{COLUMNS, cells, json};
use crate::store::catalog::Catalog;
use crate::store::{Project, elsewhere, others};
use crate::ui::style::Style;
use crate::ui::table::{Align, Table, fit};

/// So many are shown below a list; more are counted.
const SHOWN: usize = 5;

/// Lists all runs that have no folder here, as branches, refs and notes know them.
pub fn list(ctx: &Ctx) -> Result<ExitCode> {
    let repo = ctx.repo()?;
    let known = match &repo.work_tree {
        Some(_) => {
            let project = ctx.project()?;
            let all = elsewhere::all(repo, project)?;
            let primary = ctx.settings()?.primary.as_deref();
            // Only saves the next plain list from knowing less than this one.
            let _ = others::remember(&repo.exp_dir(), project, &all, |run| {
                cells(run, primary).into()
            });
            elsewhere::without_folder(project, all)?
        }
        // Nothing is checked out, so every run is elsewhere.
        None => elsewhere::all(repo, &Project::at(&repo.git_dir, &repo.git_dir))?,
    };
    if ctx.globals.json {
        let document = json(&known);
        ctx.ui.out(format!("{document:#}\n"))?;
        return Ok(ExitCode::OK);
    }
    if known.is_empty() {
        ctx.ui
            .say("every known run has a folder here; get those of others: git exp pull");
        return Ok(ExitCode::OK);
    }
    let primary = match &repo.work_tree {
        Some(_) => ctx.settings()?.primary.as_deref(),
        None => None,
    };
    let rows = known.iter().map(|run| cells(run, primary).to_vec());
    let lines = lay_out(rows, ctx.ui.width()).join("\n");
    ctx.ui.out(format!("{lines}\n"))?;
    Ok(ExitCode::OK)
}

/// The runs that the last pull saw and that have no folder here, the newest first; nothing when
/// there are none.
pub fn seen(ctx: &Ctx, catalog: &Catalog) -> Result<String> {
    let here = catalog.uids();
    let exp_dir = ctx.repo()?.exp_dir();
    let seen = others::recall(&exp_dir, ctx.project()?, |uid| here.contains(uid.as_str()));
    if seen.is_empty() {
        return Ok(String::new());
    }
    let width = ctx.ui.width();
    let title = "---- not in this working tree, as of the last git exp pull ----";
    let mut text = format!("{}\n", ctx.ui.paint(Style::Dim, fit(title, width)));
    let rows = seen.iter().rev().take(SHOWN).map(|run| run.cells.clone());
    // Without headings: the words say what they are, and the list above has its own.
    for line in lay_out(rows, width).iter().skip(1) {
        text.push_str(&format!("{line}\n"));
    }
    if seen.len() > SHOWN {
        let more = format!("and {} more: git exp ls --elsewhere\n", seen.len() - SHOWN);
        text.push_str(&more);
    }
    Ok(text)
}

fn lay_out(rows: impl Iterator<Item = Vec<String>>, width: usize) -> Vec<String> {
    let mut table = Table::new(&COLUMNS.map(|name| (name, Align::Left)));
    for row in rows {
        table.row(&row);
    }
    table.lines(width)
}
