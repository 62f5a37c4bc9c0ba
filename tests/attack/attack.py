"""What the attacks share: where the programs are, how one is killed, how the outcome is reported."""
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("MOESCOPE_BUILD", "build")).absolute()
MOESCOPE = str(BUILD / "moescope")
NODE = str(BUILD / "moescope-node")
SECONDS = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
SEED = int(os.environ.get("MOESCOPE_ATTACK_SEED", "1"))


class Failed(Exception):
    """The program did not hold."""


class Skipped(Exception):
    """This machine does not let the attack run."""


def check(good, what):
    if not good:
        raise Failed(what)


def run(*command, timeout=120, **options):
    """Runs a command to its end; text of stdout and stderr are kept."""
    return subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=timeout, **options)


def start(*command, **options):
    """Starts a command whose output is not looked at."""
    options.setdefault("stdout", subprocess.DEVNULL)
    options.setdefault("stderr", subprocess.DEVNULL)
    return subprocess.Popen([str(part) for part in command], **options)


def kill(process):
    """SIGKILL; returns the Unix time in ns of just before."""
    now = time.time_ns()
    process.send_signal(signal.SIGKILL)
    process.wait()
    return now


def end(process, timeout=60):
    """Asks a process to end and waits for it."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    return process.wait(timeout)


def wait_until(condition, seconds=240):
    """Whether `condition()` became true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return False


def info(path):
    """`moescope info --json` of a file, which must open."""
    result = run(MOESCOPE, "info", path, "--json")
    check(result.returncode == 0, f"{path} does not open: {result.stderr.strip()}")
    return json.loads(result.stdout)


def main(name, attack):
    """Runs attack(folder, rounds), prints `name | result | detail`, exits 0 when it held.

    `rounds` yields 1, 2, ... until the time is over; attack returns the detail.
    """
    random.seed(SEED)
    until = time.monotonic() + SECONDS

    def rounds():
        number = 1
        while number == 1 or time.monotonic() < until:
            yield number
            number += 1

    folder = pathlib.Path(tempfile.mkdtemp(prefix="moescope-attack-"))
    try:
        detail = attack(folder, rounds())
        result, code = "held", 0
    except Skipped as reason:
        result, detail, code = "skipped", str(reason), 0
    except Failed as reason:
        result, detail, code = "FAILED", str(reason), 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{name} | {result} | {detail}")
    sys.exit(code)
