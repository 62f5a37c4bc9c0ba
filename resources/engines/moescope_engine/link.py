"""A rank's contact with the agent: one thread, one Unix socket, every wait bounded, and no pass ever waits for it."""

import collections
import os
import socket
import stat
import struct
import threading
import time

from .frames import Reader, encode

PERIOD = 0.02  # s between turns of the thread
TIMEOUT = 0.02  # s that a send or a receive may take
ALIVE = 1.0  # s between signs of life
SLOWEST = 1.0  # s between attempts to connect
WAITING = 256  # messages that wait for an agent; the oldest fall out


class Link(threading.Thread):
    """`hello()` gives the first message of a connection, `alive()` the sign of life, `take(header, payload)` gets what
    the agent sends. All three run in this thread; what they raise is a fault and costs the connection."""

    def __init__(self, path, hello, alive, take, faults):
        super().__init__(daemon=True, name="moescope-link")
        self._path, self._hello, self._alive, self._take, self._faults = path, hello, alive, take, faults
        self._out = collections.deque(maxlen=WAITING)
        self._socket, self._reader = None, Reader()
        self._unsent = b""
        self._told_alive = 0.0
        self._stopped = threading.Event()
        self.connections = 0

    def say(self, header, payload=b""):
        """Queues a message; `payload` may be a function that makes the bytes. From any thread, never waits."""
        self._out.append((header, payload))

    def connected(self):
        return self._socket is not None

    def stop(self):
        self._stopped.set()

    def run(self):
        wait = PERIOD
        while not self._stopped.wait(wait):
            try:
                self._turn()
                wait = PERIOD
            except Exception as error:  # absent, slow, closed, or talking nonsense
                self._faults.note("agent", error)
                self._close()
                wait = min(SLOWEST, wait * 2)
        self._close()

    def _turn(self):
        if self._socket is None:
            self._connect()
        now = time.monotonic()
        if now - self._told_alive >= ALIVE:
            self._told_alive = now
            self.say(*self._alive())
        self._send()
        self._receive()

    def _connect(self):
        check_private(os.path.dirname(os.path.abspath(self._path)))
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.settimeout(TIMEOUT)
            link.connect(self._path)
            check_peer(link)
        except BaseException:
            link.close()
            raise
        self._socket, self._reader, self._unsent = link, Reader(), encode(*self._hello())
        self.connections += 1

    def _send(self):
        while True:
            while self._unsent:
                try:
                    sent = self._socket.send(self._unsent)
                except (TimeoutError, socket.timeout):
                    return  # the agent does not read now: what is queued waits, and the oldest of it falls out
                self._unsent = self._unsent[sent:]
            if not self._out:
                return
            header, payload = self._out.popleft()
            self._unsent = encode(header, payload() if callable(payload) else payload)

    def _receive(self):
        try:
            data = self._socket.recv(1 << 20)
        except (TimeoutError, socket.timeout):
            return
        if not data:
            raise ConnectionError("the agent closed the connection")
        for header, payload in self._reader.feed(data):
            self._take(header, payload)

    def _close(self):
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        # What was answered to the connection before means nothing to the next one, which begins with the whole state.
        self._out.clear()


def check_private(folder):
    """Raises PermissionError unless the folder is this user's alone: in another, anybody could pose as the agent."""
    status = os.stat(folder)
    if status.st_uid != os.geteuid() or stat.S_IMODE(status.st_mode) & 0o077:
        raise PermissionError(f"{folder} must belong to this user and have mode 0700")


def check_peer(link):
    """Raises PermissionError unless the process at the other end belongs to this user."""
    raw = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", raw)
    if user != os.geteuid():
        raise PermissionError(f"the agent runs as user {user}, this engine as {os.geteuid()}")
