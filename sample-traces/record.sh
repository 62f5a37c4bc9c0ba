#!/usr/bin/env bash
# Records the samples of the start page with the embedded runtime (model tiny, CPU ranks).
# usage: sample-traces/record.sh BUILD_FOLDER [OUTPUT_FOLDER]
set -euo pipefail
moescope=$(realpath "$1")/moescope
out=$(realpath "${2:-$(dirname "${BASH_SOURCE[0]}")}")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Long prompts, one token of output: the prefill unit works, the decode unit hardly.
"$moescope" record --steps 14 --workload rate=200,prompt=32:64,output=1:1,seed=1 -o "$out/prefill.moetrace"
# Short prompts, long outputs.
"$moescope" record --steps 30 --workload rate=400,prompt=8:16,output=24:48,seed=1 -o "$out/decode.moetrace"
# A plan with 16 redundant experts, made for the loads of the decode sample, replaces the contiguous one.
"$moescope" plan solve --loads "$out/decode.moetrace" --unit decode --gpus 4 --nodes 2 --slots 80 -o "$work/redundant-16.json"
cd "$work"  # the recording names the plan as it was given
"$moescope" record --ranks 8 --steps 70 --workload rate=60,prompt=8:16,output=16:32,seed=2 \
  --next-plan redundant-16.json --next-plan-at 0.5 --bytes-per-step 4000000 -o "$out/plan-change.moetrace"
ls -l "$out"/*.moetrace
