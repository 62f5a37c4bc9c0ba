#!/usr/bin/env bash
# Measures the speed goals as ratios within one run and prints a Markdown table.
# usage: tests/bench/ratios.sh BUILD_FOLDER TRACE.json [COPIES] [RUNS] > docs/results/parsing.md
set -euo pipefail
build=$1 trace=$2 copies=${3:-50} runs=${4:-7}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
big=$work/big.json

"$build/moescope_repeat_trace" "$trace" "$copies" "$big" >"$work/repeat.txt"
gzip -kc "$big" >"$big.gz"

# Best wall time in seconds of a command over the runs.
best() {
  local least=
  for _ in $(seq "$runs"); do
    /usr/bin/time -f %e -o "$work/time" "$@" >"$work/out" 2>"$work/err" || { cat "$work/err" >&2; exit 1; }
    least=$( { echo "${least:-999999}"; cat "$work/time"; } | sort -g | head -1)
  done
  echo "$least"
}
# Least processor time in seconds, user and system, of a command over the runs.
processor() {
  local TIMEFORMAT='%3U %3S'
  for _ in $(seq "$runs"); do
    { time "$@" >"$work/out" 2>"$work/err"; } 2>&1
  done | awk '{print $1 + $2}' | sort -g | head -1
}
# Best time the baseline prints for its walk alone.
baseline() {
  for _ in $(seq "$runs"); do "$build/moescope_simdjson_baseline" "$big" | cut -d' ' -f1; done | sort -g | head -1
}
# Peak memory of a command in MiB.
peak() {
  /usr/bin/time -f %M -o "$work/memory" "$@" >/dev/null 2>&1
  awk '{printf "%.0f", $1 / 1024}' "$work/memory"
}
ratio() { awk -v a="$1" -v b="$2" 'BEGIN {printf "%.2f", a / b}'; }

parse=$(baseline)
analyze=$(best "$build/moescope" analyze "$big" --json)
unzip=$(best gzip -dc "$big.gz")
analyze_gz=$(best "$build/moescope" analyze "$big.gz" --json)
worked=$(processor "$build/moescope" analyze "$big" --json)
worked_gz=$(processor "$build/moescope" analyze "$big.gz" --json)
import=$(best "$build/moescope" import "$big" -o "$work/out.moetrace")
memory=$(peak "$build/moescope" analyze "$big" --json)
memory_gz=$(peak "$build/moescope" analyze "$big.gz" --json)
json_bytes=$(stat -c %s "$big")
trace_bytes=$(stat -c %s "$work/out.moetrace")

cat <<TABLE
# Parsing: measured ratios

$(cat "$work/repeat.txt"), $json_bytes bytes, $(nproc) cores, best of $runs runs, whole processes except the baseline.

| what | measured | ratio | goal |
|---|---|---|---|
| simdjson baseline, parse alone | $parse s | 1 | |
| analyze | $analyze s | $(ratio "$analyze" "$parse") x baseline | at most 1.0 |
| gzip -dc alone | $unzip s | 1 | |
| analyze, gzip | $analyze_gz s | $(ratio "$analyze_gz" "$unzip") x gzip -dc | at most 1.3, plus analyze |
| analyze, processor time | $worked s | 1 | |
| analyze, gzip, processor time | $worked_gz s | $(ratio "$worked_gz" "$worked") x plain | at most 1.05 |
| import to .moetrace | $import s | $(ratio "$import" "$analyze") x analyze | at most 2 |
| size of .moetrace | $trace_bytes B | $(ratio "$((trace_bytes * 100))" "$json_bytes") % of the JSON | at most 8 % |
| peak memory of analyze | $memory MiB (gzip $memory_gz MiB) | | at most 300 MiB |
TABLE
