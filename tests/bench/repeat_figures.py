"""A repeated trace has N times the figures of the single one: proves the generator and, at scale, the analysis.

usage: repeat_figures.py PROGRAM REPEATER TRACE.json COPIES      exit 77: the trace is absent
"""
import json
import os
import subprocess
import sys
import tempfile

program, repeater, trace, copies = sys.argv[1:5]
if not os.path.exists(trace):
    print(f"skipped: {trace} is absent")
    sys.exit(77)
copies = int(copies)


def analyze(path):
    text = subprocess.run([program, "analyze", path, "--json"], check=True, capture_output=True).stdout
    (device,) = json.loads(text)["devices"]
    return device


with tempfile.TemporaryDirectory() as folder:
    big = os.path.join(folder, "big.json")
    subprocess.run([repeater, trace, str(copies), big], check=True, capture_output=True)
    one, many = analyze(trace), analyze(big)

wrong = []


def compare(name, single, repeated):
    if repeated != copies * single:
        wrong.append(f"{name}: {repeated}, expected {copies} x {single} = {copies * single}")


for key in ("comm", "compute", "memory"):
    compare(f"events.{key}", one["events"][key], many["events"][key])
for key in ("busy_ns", "compute_ns", "comm_ns", "memory_ns", "overlap_ns", "exposed_comm_ns", "comm_wait_ns"):
    compare(key, one[key], many[key])
for key in ("comm_sm_ns", "compute_sm_ns", "oversubscribed_ns"):
    compare(f"sm.{key}", one["sm"][key], many["sm"][key])
if many["overlap_pct"] != one["overlap_pct"]:
    wrong.append(f"overlap_pct: {many['overlap_pct']}, expected {one['overlap_pct']}")

# Between the copies nothing runs: only the pair (0, 0) may grow by more than a multiple.
pairs = [{(p["comm"], p["compute"]): p["ns"] for p in d["sm"]["pairs"]} for d in (one, many)]
for pair in sorted(set(pairs[0]) | set(pairs[1])):
    if pair != (0, 0):
        compare(f"sm.pairs{pair}", pairs[0].get(pair, 0), pairs[1].get(pair, 0))

print("\n".join(wrong) if wrong else f"{copies} copies: every figure is {copies} times that of one")
sys.exit(1 if wrong else 0)
