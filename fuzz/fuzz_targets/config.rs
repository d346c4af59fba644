//! Any bytes as a configuration file: an error, or values that have one spelling each.
#![no_main]

use git_exp::observe::config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for name in ["c.yaml", "c.json", "c.toml", "c.ini"] {
        let once = config::read(&name.into(), bytes);
        let twice = config::read(&name.into(), bytes);
        assert_eq!(once.ok(), twice.ok(), "{name}");
    }
});
