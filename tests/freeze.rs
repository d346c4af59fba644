//! The freeze: what is frozen is what comes back, and nothing of the user's is touched.

use git_exp::git::snapshot::{Frozen, Keep, Kept, Scope};
use git_exp::git::{Repo, freeze};
use git_exp::model::{RecordPath, Uid};

use crate::common::TestEnv;

fn uid(n: u8) -> Uid {
    Uid::new(1_700_000_000_000, &[n; 10])
}

fn frozen(env: &TestEnv) -> (Repo, Frozen, Kept) {
    let repo = Repo::discover(env.repo()).unwrap();
    let no_secret = |_: &RecordPath| false;
    let scope = Scope {
        experiments: vec!["experiments".into()],
        max_file_bytes: 1 << 20,
        max_total_bytes: 1 << 24,
        filters: true,
        secret_path: &no_secret,
    };
    let uid = uid(1);
    let keep = Keep {
        uid: &uid,
        title: "exp_004: snapshot of uncommitted work",
        date: chrono::DateTime::parse_from_rfc3339("2025-10-10T14:02:11+03:00").unwrap(),
        run_json: b"{}\n",
    };
    let (frozen, kept) = freeze(&repo, &scope, &keep).unwrap();
    (repo, frozen, kept)
}

#[test]
fn a_clean_tree_needs_no_object_and_a_dirty_one_gets_a_commit() {
    let env = TestEnv::new();
    env.write("a.py", "1\n");
    env.commit("a");
    let objects = env.git(&["count-objects"]);
    let (_, clean, kept) = frozen(&env);
    assert_eq!(kept.snapshot, None);
    assert!(!clean.is_dirty());
    assert_eq!(env.git(&["count-objects"]), objects);
    let name = format!("refs/exp/{}", uid(1));
    assert_eq!(
        env.git(&["rev-parse", &name]),
        env.git(&["rev-parse", "HEAD"])
    );
    env.git(&["update-ref", "-d", &name]);

    env.write("a.py", "2\n");
    env.write("experiments/runs/exp_001_x/run.json", "2\n");
    env.write("new \n file", "2\n");
    let (repo, dirty, kept) = frozen(&env);
    let letters: Vec<_> = dirty
        .changes
        .iter()
        .map(|c| (c.path.display().into_owned(), c.status))
        .collect();
    assert_eq!(
        letters,
        [("a.py".to_owned(), 'M'), ("new \n file".to_owned(), '?')]
    );
    assert!(dirty.patch(&repo).unwrap().is_some());
    assert_eq!(
        env.git(&["rev-parse", &name]).trim(),
        kept.snapshot.unwrap().as_str()
    );
}
