#!/usr/bin/env bash
# Fills fuzz/corpus/<target>/ from the project's own fixtures, to start fuzzing from what is real.
set -euo pipefail
shopt -s globstar
cd "$(dirname "${BASH_SOURCE[0]}")"
fill() { # target, then files
    local target=$1 file
    shift
    mkdir -p "corpus/$target"
    for file in "$@"; do
        [[ ! -f $file ]] || cp "$file" "corpus/$target/$(printf '%s' "${file#../fixtures/}" | tr '/' '_')"
    done
}
fill record ../fixtures/records/v1/*.json
fill metrics ../fixtures/metrics/**
fill config ../fixtures/configs/** ../fixtures/course-project/configs/*
fill table ../fixtures/data/** ../fixtures/course-project/data/**/*.csv
