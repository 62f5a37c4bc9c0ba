#!/usr/bin/env python3
"""What the engine plugin costs a pass: its own work in a fake engine, without and with it, in each mode. Run by hand:

    python3 tests/bench/engine_plugin.py [PASSES]

Every number is of one rank that makes nothing but passes; p99 needs idle cores to mean anything.
"""

import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "engines"))
import fake_engine  # noqa: E402
import runs  # noqa: E402


def measure(engine, mode, passes, agent):
    """Seconds of each pass, in a process of its own."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        try:
            with os.fdopen(write, "w") as out:
                out.write("\n".join(str(ns) for ns in passes_of(engine, mode, passes, agent)))
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as lines:
        times = sorted(int(line) for line in lines)
    os.waitpid(child, 0)
    return times


def passes_of(engine, mode, passes, agent):
    import torch.distributed as dist

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "agent")
        if mode:
            os.environ.update(MOESCOPE_SOCKET=path, MOESCOPE_MODE=mode)
        if agent:
            runs.Agent(path)
        dist.init(0, 1, folder)
        options = ["--engine", engine, "--folder", folder, "--ranks", "1", "--interval", str(10**9)]
        if not mode:
            options += ["--without", "0"]
        options = fake_engine.parse(options)
        rank = {"sglang": fake_engine.Sglang, "vllm": fake_engine.Vllm}[engine](options, 0, lambda ready: True)
        times, clock, step = [], time.perf_counter_ns, rank.step
        for _ in range(passes):
            begin = clock()
            step()
            times.append(clock() - begin)
        return times[passes // 10 :]


def main(passes):
    print(f"{'engine':8} {'plugin':22} {'mean us':>8} {'median':>8} {'p99':>8} {'max':>10}")
    for engine in ("sglang", "vllm"):
        for mode, agent in (("", False), ("observe", False), ("observe", True), ("apply", False), ("apply", True)):
            times = measure(engine, mode, passes, agent)
            figures = (sum(times) / len(times), times[len(times) // 2], times[len(times) * 99 // 100], times[-1])
            name = f"{mode or 'none'}{', agent' if agent else ''}"
            print(f"{engine:8} {name:22} " + " ".join(f"{ns / 1e3:{w}.2f}" for ns, w in zip(figures, (8, 8, 8, 10))))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
