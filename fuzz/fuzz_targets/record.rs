//! Any bytes as `run.json`: a clear error, or a record that survives being written and read.
#![no_main]

use std::path::Path;

use git_exp::store::format::{RUN_SCHEMA, parse_run, to_json};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let origin = Path::new("run.json");
    let Ok(run) = parse_run(bytes, origin) else {
        return;
    };
    let written = to_json(RUN_SCHEMA, &run, None).expect("what was read can be written");
    let again = parse_run(&written, origin).expect("what was written can be read");
    assert_eq!(again, run);
});
