#!/bin/sh
# `git exp ls` beside `dvc exp show` and MLflow's `search_runs`, each over the same 1,000 experiments.
#
#   PEERS=venv/bin GIT_EXP=target/release/git-exp RUNS=1000 benches/peers_ls.sh [FOLDER]
#
# PEERS is the bin folder of a Python environment with dvc and mlflow. The experiments are made once in
# FOLDER: a record that git-exp wrote, copied with other numbers; the same numbers as DVC experiments
# (commits below refs/exps) and as MLflow runs in SQLite. Then the commands take turns for ROUNDS rounds.
set -eu
root=${1:-${TMPDIR:-/tmp}/git-exp-peers}
export PEERS="${PEERS:?the bin folder with dvc, mlflow and python}" RUNS="${RUNS:-1000}" ROUNDS="${ROUNDS:-3}"
GIT_EXP=$(realpath "${GIT_EXP:-target/release/git-exp}"); PEERS=$(realpath "$PEERS"); export GIT_EXP
export DVC_NO_ANALYTICS=1 MLFLOW_TRACKING_URI=sqlite:///mlflow.db GIT_PAGER=cat PATH="$PEERS:$PATH"
mkdir -p "$root" && cd "$root"

if ! [ -e "made-$RUNS" ]; then
  rm -rf repo && git init -q -b main repo && cd repo
  git config user.name T && git config user.email t@example.com
  dvc init -q
  printf 'lr: 0.1\ndepth: 8\n' > params.yaml
  printf 'stages:\n  train:\n    cmd: sh train.sh\n    params: [lr, depth]\n    metrics:\n    - metrics.json:\n        cache: false\n' > dvc.yaml
  printf 'printf "{\\"auc_val\\": 0.5, \\"auc_test\\": 0.5}" > metrics.json\n' > train.sh
  sh train.sh && git add -A && git commit -qm project
  "$GIT_EXP" -q run idea_1 --config params.yaml --metrics metrics.json -- sh train.sh
  python - <<'PY'
import copy, json, os, random, subprocess
runs, head = int(os.environ["RUNS"]), subprocess.check_output(["git", "rev-parse", "HEAD"], text=True).strip()
first = json.load(open("experiments/runs/exp_001_idea_1/run.json"))
random.seed(1)
numbers = [(round(random.random(), 6), round(random.random(), 6), i % 9 + 1) for i in range(1, runs + 1)]
stream = []
for i, (val, test, depth) in enumerate(numbers, 1):
    record = copy.deepcopy(first)
    record.update(number=i, slug=f"idea_{i}", title=f"idea_{i}", uid=first["uid"][:-8] + f"{i:08}")
    record["metrics"].update(auc_val=val, auc_test=test)
    record["params"]["depth"] = depth
    folder = f"experiments/runs/exp_{i:03}_idea_{i}"
    os.makedirs(folder, exist_ok=True)
    json.dump(record, open(f"{folder}/run.json", "w"), indent=2, sort_keys=True)
    files = {"params.yaml": f"lr: 0.1\ndepth: {depth}\n", "metrics.json": json.dumps({"auc_val": val, "auc_test": test})}
    stream.append(f"commit refs/exps/{head[:2]}/{head[2:]}/idea-{i}\ncommitter T <t@example.com> {1700000000 + i} +0000\n"
                  f"data <<E\nidea {i}\nE\nfrom {head}\n" + "".join(f"M 100644 inline {n}\ndata <<E\n{t}\nE\n" for n, t in files.items()))
subprocess.run(["git", "fast-import", "--quiet"], input="".join(stream), text=True, check=True)
import mlflow
from mlflow.entities import Metric, Param
client = mlflow.MlflowClient()
for i, (val, test, depth) in enumerate(numbers, 1):
    run = client.create_run("0", run_name=f"idea_{i}").info.run_id
    client.log_batch(run, [Metric("auc_val", val, 0, 0), Metric("auc_test", test, 0, 0)], [Param("lr", "0.1"), Param("depth", str(depth))])
    client.set_terminated(run)
PY
  cd .. && touch "made-$RUNS"
fi

cd repo && exec python - <<'PY'
import os, resource, shutil, subprocess, sys, time
exp = os.environ["GIT_EXP"]
search = "import mlflow; print(len(mlflow.search_runs(max_results=100000)))"
def fresh():
    shutil.rmtree(".git/exp/index", ignore_errors=True)
def empty():
    shutil.rmtree(".dvc/tmp", ignore_errors=True)
cases = [
    ("git exp ls --all", [exp, "ls", "--all"], None),
    ("git exp ls --all, no index", [exp, "ls", "--all"], fresh),
    ("dvc exp show --csv", ["dvc", "exp", "show", "--csv"], None),
    ("dvc exp show --csv, no cache", ["dvc", "exp", "show", "--csv"], empty),
    ("mlflow.search_runs", ["python", "-c", search], None),
]
best = {}
for turn in range(int(os.environ["ROUNDS"]) + 1):
    for name, command, prepare in cases:
        if prepare: prepare()
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode: sys.exit(f"{name}: {done.stderr}")
        lines = int(done.stdout) if "search" in name else done.stdout.count("idea")
        assert lines >= int(os.environ["RUNS"]), f"{name} lists {lines}"
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        if turn: best[name] = tuple(map(min, best.get(name, (1e9, 1e9)), (wall, cpu)))
ours = best[cases[0][0]]
print(f"{'':32}{'wall':>10}{'CPU':>10}   ratio of wall, CPU")
for name, (wall, cpu) in best.items():
    print(f"{name:32}{wall * 1000:7.0f} ms{cpu * 1000:7.0f} ms   {wall / ours[0]:.1f}x, {cpu / ours[1]:.1f}x")
PY
