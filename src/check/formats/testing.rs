//! Findings of every kind, with hostile text in them.

use crate::check::Checked;
use crate::check::facts::Looked;
use crate::check::finding::Finding;
use crate::error::ExitCode;

/// One finding of each kind.
pub fn sample() -> Checked {
    let findings = vec![
        Finding::broken(
            "E-report",
            "roc_auc_val of exp_003 is written as 0.83, the record says 0.842",
        )
        .of("exp_003_new_features")
        .at("отчёт 1/report.md")
        .line(41, 52)
        .detail("no run has 0.83 for this metric")
        .fix("git exp report --update report.md"),
        Finding::broken("W-nogoal", "no goal")
            .of("exp_003_new_features")
            .at("a/run.json"),
        Finding::unverifiable("E-data", "data/train.csv is not in this clone")
            .of("exp_001_baseline")
            .at("experiments/runs/exp_001_baseline/run.json"),
        Finding::note(
            "E-commit",
            "a41c9d2 is on no branch; 77e01fa on main has the same code",
        )
        .of("exp_003_new_features")
        .fix("keep the original: git exp push"),
        Finding::ok("E-schema").of("exp_001_baseline").at("x"),
    ];
    checked(findings)
}

/// Text that would do harm where it is not escaped.
pub const HOSTILE: &str =
    "x\u{1b}[2J</failure>]]>&\"'<script>|`%0A::error::\r\n::set-output name=a::b\u{0}";

/// A finding with hostile text everywhere.
pub fn hostile() -> Checked {
    checked(vec![
        Finding::broken("E-name", HOSTILE)
            .of(HOSTILE)
            .at(HOSTILE)
            .line(1, 1)
            .detail(HOSTILE)
            .fix(HOSTILE),
    ])
}

/// A check of these findings.
pub fn checked(findings: Vec<Finding>) -> Checked {
    Checked {
        findings,
        runs: 5,
        asked: 5,
        finished: 4,
        looked: Looked::default(),
        exit: ExitCode::NO,
        strict: false,
        not_asked: Vec::new(),
    }
}
