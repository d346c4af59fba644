//! `git exp schema`: JSON Schemas of the files and outputs, for other programs.

use super::doctor::Report;
use crate::check::formats::json;
use crate::context::Ctx;
use crate::doctor::DOCTOR_SCHEMA;
use crate::error::{ExitCode, Failure, Result};
use crate::model::card::CARD_SCHEMA;
use crate::model::table_diff::{DATA_DIFF_SCHEMA, DataDiff};
use crate::model::{Card, Run};
use crate::report::diff::json::{DIFF_SCHEMA, Diff};
use crate::report::history::{LOG_SCHEMA, Log};
use crate::store::format::RUN_SCHEMA;
use crate::store::stage::{STAGE_SCHEMA, Stage};
use crate::store::tombstone::{TOMBSTONE_SCHEMA, Tombstone};

/// Arguments of `git exp schema`.
#[derive(Debug, clap::Args)]
pub struct SchemaArgs {
    /// Which file or output; all names when not given
    pub kind: Option<String>,
}

/// A file or output that has a schema.
struct Kind {
    name: &'static str,
    version: &'static str,
    schema: fn() -> schemars::Schema,
}

/// All of them; a new one is one line here.
const KINDS: &[Kind] = &[
    Kind {
        name: "run",
        version: RUN_SCHEMA,
        schema: || schemars::schema_for!(Run),
    },
    Kind {
        name: "diff",
        version: DIFF_SCHEMA,
        schema: || schemars::schema_for!(Diff),
    },
    Kind {
        name: "log",
        version: LOG_SCHEMA,
        schema: || schemars::schema_for!(Log),
    },
    Kind {
        name: "data",
        version: CARD_SCHEMA,
        schema: || schemars::schema_for!(Card),
    },
    Kind {
        name: "data-diff",
        version: DATA_DIFF_SCHEMA,
        schema: || schemars::schema_for!(DataDiff),
    },
    Kind {
        name: "doctor",
        version: DOCTOR_SCHEMA,
        schema: || schemars::schema_for!(Report),
    },
    Kind {
        name: "check",
        version: json::SCHEMA,
        schema: || schemars::schema_for!(json::Document),
    },
    Kind {
        name: "stage",
        version: STAGE_SCHEMA,
        schema: || schemars::schema_for!(Stage),
    },
    Kind {
        name: "tombstone",
        version: TOMBSTONE_SCHEMA,
        schema: || schemars::schema_for!(Tombstone),
    },
];

/// Prints a schema, or the list of kinds.
pub fn schema(ctx: &Ctx, args: &SchemaArgs) -> Result<ExitCode> {
    let Some(wanted) = &args.kind else {
        let names: String = KINDS
            .iter()
            .map(|kind| format!("{}\t{}\n", kind.name, kind.version))
            .collect();
        ctx.ui.out(names)?;
        return Ok(ExitCode::OK);
    };
    let Some(kind) = KINDS.iter().find(|kind| kind.name == wanted) else {
        return Err(
            Failure::new(format!("no schema for `{wanted}`")).hint("see the kinds: git exp schema")
        );
    };
    let mut schema = (kind.schema)().to_value();
    schema["$id"] = serde_json::json!(format!("urn:{}", kind.version.replace('/', ":")));
    schema["properties"]["schema"] = serde_json::json!({"const": kind.version});
    if let Some(required) = schema["required"].as_array_mut() {
        required.push("schema".into());
    }
    ctx.ui.out(format!("{schema:#}\n"))?;
    Ok(ExitCode::OK)
}
