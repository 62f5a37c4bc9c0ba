"""A run of the fake engine for a test, and agents of every kind for it to talk to."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

from fake_engine import EXPERTS, HERE, LAYERS, PLUGIN, SLOTS  # finds the plugin too

from moescope_engine.frames import FrameError, Reader, encode
from moescope_engine.plans import map_bytes

LIMIT = 60  # s after which a test has failed


def a_plan(turn=1):
    """Every expert has a slot; differs from what the engines compute and for every `turn`."""
    return [[(slot * 3 + turn + layer) % EXPERTS for slot in range(SLOTS)] for layer in range(LAYERS)]


class Agent(threading.Thread):
    """Listens at `path` and keeps what the ranks say. `kind`: good, silent, dripping, garbage."""

    def __init__(self, path, kind="good"):
        super().__init__(daemon=True)
        self._kind = kind
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(path)
        self._listening.listen(16)
        self._changed = threading.Condition()
        self._links = {}  # rank -> socket
        self._accepted = []
        self.messages = []  # (rank, header, payload)
        self.start()

    def run(self):
        while True:
            try:
                link, _ = self._listening.accept()
            except OSError:
                return
            self._accepted.append(link)
            threading.Thread(target=self._talk, args=(link,), daemon=True).start()

    def _talk(self, link):
        try:
            if self._kind == "silent":
                time.sleep(LIMIT)
            if self._kind == "garbage":
                link.sendall(b"HTTP/1.1 200 OK\r\n\r\n" * 100)
            if self._kind == "dripping":
                for byte in plan_frame("drip", a_plan()):
                    link.sendall(bytes([byte]))
                    time.sleep(0.05)
            self._read(link)
        except (OSError, FrameError):
            return

    def _read(self, link):
        reader, rank = Reader(), None
        while True:
            data = link.recv(1 << 16)
            if not data:
                return
            for header, payload in reader.feed(data):
                if header["t"] == "hello":
                    rank = header["rank"]
                with self._changed:
                    self._links[rank] = link
                    self.messages.append((rank, header, payload))
                    self._changed.notify_all()

    def propose(self, ident, rows, **more):
        """Sends a plan to the lead, as soon as that is there."""
        self.wait(lambda: 0 in self._links, "the lead")
        self._links[0].sendall(plan_frame(ident, rows, **more))

    def states(self, ident):
        return [h["state"] for rank, h, _ in self.of("plan") if h["id"] == ident and rank == 0]

    def of(self, kind):
        return [message for message in list(self.messages) if message[1]["t"] == kind]

    def wait(self, condition, what):
        with self._changed:
            if not self._changed.wait_for(condition, LIMIT):
                raise AssertionError(f"waited {LIMIT} s for {what}; got {[h for _, h, _ in self.messages][-20:]}")

    def wait_state(self, ident, *states):
        self.wait(lambda: any(state in self.states(ident) for state in states), f"{ident} to be {states}")

    def die(self):
        """As when the process is killed."""
        if self._listening.fileno() < 0:
            return
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for link in self._accepted:
            link.close()


def plan_frame(ident, rows, **more):
    return encode(dict(t="plan", id=ident, **more), map_bytes(rows))


class Engine:
    """The fake engine in processes of its own, in a private folder with the agent's socket."""

    def __init__(self, engine, *options, mode="apply", socket_path=None, margin="1.1", patience="1"):
        self._folder = tempfile.TemporaryDirectory(prefix="moescope-engine-")
        self.folder = self._folder.name
        self.socket = os.path.join(self.folder, "agent")
        environment = dict(
            os.environ, MOESCOPE_MODE=mode, MOESCOPE_MARGIN_S=margin, MOESCOPE_PATIENCE_S=patience,
            MOESCOPE_SOCKET=self.socket if socket_path is None else socket_path,
        )
        command = [sys.executable, os.path.join(HERE, "fake_engine.py"), "--engine", engine, "--folder", self.folder]
        self._process = subprocess.Popen(
            command + list(options), env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
        )

    def kill(self):
        """All of its processes, when a test has failed."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.communicate()
        self._folder.cleanup()

    def stop(self):
        """What every rank saw."""
        with open(os.path.join(self.folder, "stop"), "w"):
            pass
        return self.results()

    def results(self):
        _, self.errors = self._process.communicate(timeout=LIMIT)
        if self._process.returncode != 0:
            raise AssertionError(self.errors)
        ranks, found = 0, []
        while os.path.exists(os.path.join(self.folder, f"rank-{ranks}.json")):
            with open(os.path.join(self.folder, f"rank-{ranks}.json")) as file:
                found.append(json.load(file))
            ranks += 1
        return found
