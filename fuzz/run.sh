#!/usr/bin/env bash
# Runs each fuzz target for a while: fuzz/run.sh [SECONDS] [TARGET...]
#
# The stable compiler is enough, and cargo-fuzz is not needed: libFuzzer wants the coverage counters
# below and nothing else. Crashing inputs are left in fuzz/artifacts/<target>/, what was learnt in
# fuzz/corpus/<target>/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
seconds=${1:-60}
shift || true
targets=("$@")
((${#targets[@]})) || targets=(record metrics config table)
./seeds.sh
counters=(-sanitizer-coverage-level=4 -sanitizer-coverage-inline-8bit-counters
    -sanitizer-coverage-pc-table -sanitizer-coverage-trace-compares)
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module ${counters[*]/#/-Cllvm-args=}"
# A named platform keeps the counters out of build scripts.
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
cargo build --locked --release --target "$host"
for target in "${targets[@]}"; do
    mkdir -p "corpus/$target" "artifacts/$target"
    "$CARGO_TARGET_DIR/$host/release/$target" "corpus/$target" -max_total_time="$seconds" \
        -timeout=10 -rss_limit_mb=2048 -max_len=65536 -artifact_prefix="artifacts/$target/" \
        -print_final_stats=1
done
