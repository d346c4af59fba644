//! Any bytes as a table: the card is the same however the file is cut into pieces.
#![no_main]

use git_exp::observe::data::hash::Tee;
use git_exp::observe::data::profile::{Profiler, Shape, Wanted};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (step, bytes) = input;
    for name in ["t.csv", "t.tsv", "t.jsonl", "t.csv.gz"] {
        let Some(shape) = Shape::of(std::path::Path::new(name)) else {
            continue;
        };
        let profile = |step: usize| {
            let mut profiler = Profiler::new(shape, Wanted { full: true, ..Wanted::default() });
            bytes.chunks(step.max(1)).for_each(|chunk| profiler.take(chunk));
            profiler.finish().table
        };
        assert_eq!(profile(step.into()), profile(usize::MAX), "{name}");
    }
});
