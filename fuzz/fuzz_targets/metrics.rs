//! Any bytes as a metrics file, under each name that is understood.
#![no_main]

use git_exp::observe::metrics;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for name in ["metrics.json", "metrics.csv", "metrics.yaml"] {
        let _ = metrics::read(&name.into(), bytes);
    }
});
