#!/bin/sh
# `git exp diff` beside `dvc exp diff`: two experiments among RUNS in a repository of FILES files.
#
#   DVC=path/to/dvc GIT_EXP=path/to/git-exp benches/peers_diff.sh
#
# Prints the median of the ratios of ROUNDS pairs, run in turn. Each tool has its own repository with
# the same files, parameters and metrics. DVC saves only the two experiments that are compared: more
# would favour git exp, which has RUNS records to look for repeats in.
set -eu
DVC=${DVC:-dvc}
GIT_EXP=${GIT_EXP:-git-exp}
FILES=${FILES:-10000}
RUNS=${RUNS:-1000}
ROUNDS=${ROUNDS:-7}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME="$work" GIT_CONFIG_NOSYSTEM=1 DVC_NO_ANALYTICS=1 GIT_PAGER=cat
export GIT_AUTHOR_NAME=b GIT_AUTHOR_EMAIL=b@example.com
export GIT_COMMITTER_NAME=b GIT_COMMITTER_EMAIL=b@example.com

repository() {
    mkdir "$1" && cd "$1"
    python3 - "$FILES" <<'EOF'
import os, sys
for index in range(int(sys.argv[1])):
    folder = f"d{index // 100:03}"
    os.makedirs(folder, exist_ok=True)
    with open(f"{folder}/f{index}.py", "w") as file:
        file.write(f"x = {index}\n")
EOF
    git init -q . && git add -A && git commit -q -m files
}

experiment() {
    printf 'lr: 0.%s\nmodel:\n  depth: 4\n' "$1" > params.yaml
    printf '{"auc_val": 0.%s}\n' "$1" > metrics.json
}

repository "$work/theirs"
"$DVC" init -q
printf 'params: [params.yaml]\nmetrics: [metrics.json]\n' > dvc.yaml
experiment 1 && git add -A && git commit -q -m dvc
for number in 1 2; do
    experiment $number
    "$DVC" exp save -q -f -n "e$number"
done

repository "$work/ours"
for number in 1 2; do
    experiment $number
    "$GIT_EXP" start "idea $number x" --config params.yaml > "$work/log"
    experiment $number
    "$GIT_EXP" finish --metrics metrics.json > "$work/log"
done
python3 - "$RUNS" <<'EOF'
import json, os, sys
runs = "experiments/runs"
first = open(f"{runs}/exp_001_idea_1_x/run.json").read()
uid = json.loads(first)["uid"]
for number in range(3, int(sys.argv[1]) + 1):
    folder = f"{runs}/exp_{number:03}_more"
    os.mkdir(folder)
    text = first.replace('"number": 1,', f'"number": {number},').replace(uid, f"{number:032}")
    text = text.replace('"slug": "idea_1_x"', '"slug": "more"').replace('"lr": 0.1', f'"lr": 0.1{number}')
    open(f"{folder}/run.json", "w").write(text)
EOF

python3 - "$ROUNDS" "$DVC" "$GIT_EXP" "$work" <<'EOF'
import statistics, subprocess, sys, time
rounds, dvc, ours, work = int(sys.argv[1]), *sys.argv[2:]

def seconds(command, folder):
    started = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started

def pair():
    return (seconds([ours, "diff", "exp_001", "exp_002"], f"{work}/ours"),
            seconds([dvc, "exp", "diff", "e1", "e2"], f"{work}/theirs"))

pair()  # warms caches
pairs = [pair() for _ in range(rounds)]
median = lambda values: statistics.median(values)
print(f"git exp diff   {median([a for a, _ in pairs]) * 1000:8.1f} ms")
print(f"dvc exp diff   {median([b for _, b in pairs]) * 1000:8.1f} ms")
print(f"ratio          {median([b / a for a, b in pairs]):8.1f}   (promised: 10 or more)")
EOF
