#!/usr/bin/env python3
"""Makes vectors.json: random placement problems, the plan of the reference greedy procedure (eplb_baseline.py) and the
figures of the reference evaluator (evalplan.py).

usage: make_vectors.py FOLDER_OF_THE_TOOLS > vectors.json
"""
import json, random, sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from eplb_baseline import plan
from evalplan import measure

SHAPES = [  # experts, groups, gpus, nodes, slots, policy
    (16, 4, 4, 2, 20, "auto"), (16, 4, 8, 4, 24, "auto"), (12, 3, 4, 2, 20, "auto"), (32, 8, 8, 4, 40, "auto"),
    (64, 8, 8, 2, 72, "global"), (64, 8, 8, 1, 80, "auto"), (24, 6, 6, 3, 24, "auto"), (10, 5, 5, 5, 30, "auto"),
    (20, 10, 10, 5, 40, "auto"), (48, 8, 24, 2, 72, "hierarchical"), (6, 1, 6, 1, 6, "global"), (8, 2, 2, 2, 64, "auto")]

rng, out = random.Random(20261124), []
for n in range(24):
    experts, groups, gpus, nodes, slots, policy = SHAPES[n % len(SHAPES)]
    kind = n % 4
    loads = [[0 if kind == 3 and rng.random() < 0.3 else
              rng.randrange(4) if kind == 1 else  # many ties
              int(1000 * rng.lognormvariate(0, 1.2)) if kind == 2 else rng.randrange(1, 100000)
              for _ in range(experts)] for _ in range(2)]
    made = plan(loads, slots, groups, nodes, gpus, policy)
    previous = [[rng.randrange(experts) for _ in range(slots)] for _ in loads]
    weights = []
    for row in made["physical_to_logical_map"]:
        raw = [rng.random() + 0.1 for _ in row]
        weights.append([w / sum(r for r, x in zip(raw, row) if x == e) for w, e in zip(raw, row)])
    made["replica_weight"] = weights
    summary, layers = measure(made, loads, gpus, nodes, groups, {"physical_to_logical_map": previous})
    out.append({"experts": experts, "num_gpus": gpus, "num_nodes": nodes, "num_groups": groups, "slots": slots, "policy": policy,
                "logical_count": loads, "previous": previous, "physical_to_logical_map": made["physical_to_logical_map"],
                "replica_weight": [[round(w, 9) for w in row] for row in weights],
                "equal": layers["equal"], "weighted": layers["weight"], "best_split": layers["lp"], "bound": layers["bound"],
                "bound_hierarchical": layers["hier"], "duplicate_slots": summary["duplicate_slots"],
                "components": summary["components"][0] * len(loads), "off_node_copies": summary["off_node_copies"],
                "copies": summary["moves"]})
print("[" + ",\n".join(json.dumps(v, separators=(",", ":")) for v in out) + "]")
