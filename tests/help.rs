//! `git exp help` and what every command line has in common.

use crate::common::TestEnv;

#[test]
fn help_lists_the_verbs_and_an_unknown_topic_is_an_error() {
    let env = TestEnv::new();
    assert!(env.exp(&["help"]).ok().contains("Usage: git exp"));
    assert!(
        env.exp(&["help", "nonsense"])
            .error()
            .contains("hint: see the verbs: git exp help")
    );
    assert_eq!(env.exp(&["--no-such-flag"]).code, 2);
}
