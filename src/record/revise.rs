//! Changes what may be changed of a record after its run: names, tags, conclusions.

use std::path::Path;

use super::end;
use crate::context::Ctx;
use crate::error::Result;
use crate::model::Run;
use crate::store::{contain, format, tables};

/// Writes the next version of a record, and whatever is derived from it.
pub fn revise(ctx: &Ctx, folder: &Path, run: &mut Run) -> Result<()> {
    tables::check_writable(ctx.project()?, &ctx.repo()?.exp_dir())?;
    write(ctx, folder, run)?;
    end::republish(ctx, run)
}

/// Like [`revise`] for one of many: the table is left to the caller, to be made once.
pub fn write(ctx: &Ctx, folder: &Path, run: &mut Run) -> Result<()> {
    contain::real_folder(folder)?;
    run.rev += 1;
    format::write_run(folder, run)?;
    end::refresh_readme(ctx, folder, run, None)
}
