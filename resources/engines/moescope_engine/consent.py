"""All ranks install the same plan at the same pass, or none does: two-phase commit over the job's own key-value store.

    lead   publishes the plan and a pass that lies ahead
    rank   checks and prepares it, notes it, looks at its own pass, says yes or no
    lead   decides commit when all said yes before it reached that pass itself, else abort

The store is a private connection to the TCPStore that the job has anyway; everything here runs in a thread of its own,
and a pass costs one addition and one comparison. A rank that said yes must not decide alone afterwards: at that pass,
and only there, it waits for a decision that has not come yet. It waits for the lead's thread, as the next collective
of the engine would wait for the lead. A rank without the plugin, of another version, or past that pass never says yes.

tests/model/engine_plan.pml is the model of this.
"""

import json
import threading
import time
import zlib
from dataclasses import replace

from .plans import Plan, map_bytes, problem_of, rows_of

VERSION = 1
PERIOD = 0.05  # s between looks at the store
LOST = 30.0  # s without an answer of the store after which the job counts as gone
LEAST_AHEAD = 8  # passes between a proposal and its pass, whatever the rate

COMMIT, ABORT = b"commit", b"abort"


class StoreLost(RuntimeError):
    """The store does not answer any more: so its process is gone, and the job ends."""


class Consent(threading.Thread):
    """One per rank. `rank`: place in the group, 0 leads. `prepare(rows)` gives what the pass will need and raises
    what speaks against the plan. `next_plan()` gives the lead a Plan, or None. `tell(plan, state, reason)`: what
    became of a plan, in the lead. All run in this thread."""

    def __init__(self, store, name, rank, size, shape, prepare, next_plan, tell, settings, faults):
        super().__init__(daemon=True, name="moescope-consent")
        self._store, self._name, self._rank, self._size = store, name, rank, size
        self._shape, self._prepare, self._next_plan = shape, prepare, next_plan
        self._settings, self._faults = settings, faults
        self._tell = self._guarded(tell)
        self.passes = 0
        self.waits = 0  # passes that waited for a decision
        self._pending = None  # _Noted: the plan that this rank has said yes to, or is about to
        self._seen = 0  # number of the last proposal that this rank looked at
        self._stopped = threading.Event()
        self._mark, self._rate = (time.monotonic(), 0), 0.0

    def tick(self):
        """Called by every rank once a pass. The plan that this pass begins with, or None."""
        self.passes += 1
        noted = self._pending
        if noted is None or self.passes < noted.plan.at:
            return None
        if not noted.decided.is_set():
            self.waits += 1
            noted.decided.wait()
        if noted.word != COMMIT:
            return None  # the thread has dropped it, and may have noted the next one meanwhile
        self._pending = None
        return noted.plan

    def stop(self):
        self._stopped.set()

    def run(self):
        while not self._stopped.wait(PERIOD):
            try:
                if self._rank == 0:
                    self._lead()
                elif self._pending is None:
                    self._follow()
            except StoreLost as error:
                self._faults.note("store", error)
                self._end(ABORT)
                return
            except Exception as error:  # none after a plan was noted: what follows raises StoreLost only
                self._faults.note("consent", error)

    # The lead

    def _lead(self):
        self._measure_rate()
        if self._pending is not None:
            return
        plan = self._next_plan()
        if plan is not None:
            self._propose(plan)

    def _measure_rate(self):
        """Passes per second: of the last whole second, or of the present one where that is faster."""
        now, (since, before) = time.monotonic(), self._mark
        if now - since < 0.2:
            return
        rate = (self.passes - before) / (now - since)
        if now - since > 1:
            self._rate, self._mark = rate, (now, self.passes)
        self._rate = max(self._rate, rate)

    def _propose(self, plan):
        try:
            plan = replace(plan, prepared=self._prepare(plan.rows))
        except Exception as error:
            self._tell(plan, "refused", str(error))
            return
        number = self._seen + 1
        ahead = LEAST_AHEAD + int((self._rate or 100.0) * self._settings.margin)
        plan = replace(plan, at=max(plan.at, self.passes + ahead))
        body = map_bytes(plan.rows)
        head = json.dumps([VERSION, plan.ident, plan.at, plan.hold, plan.dry, zlib.crc32(body)]).encode()
        self._note(plan)
        self._until_done(lambda: self._store.set(self._key("plan", number), head + b"\n" + body))
        self._until_done(lambda: self._store.set(self._key("last", 0), str(number).encode()))
        self._seen = number
        self._tell(plan, "voting", "")
        reason = self._count_votes(plan, number)
        if reason is None and plan.dry:
            word, state, reason = ABORT, "agreed", "every rank would take it"
        elif reason is None:
            word, state, reason = COMMIT, "committed", ""
        else:
            word, state = ABORT, "aborted"
        self._until_done(lambda: self._store.set(self._key("word", number), word))
        self._end(word)
        self._tell(plan, state, reason)
        self._forget(number - 1)

    def _count_votes(self, plan, number):
        """None when all said yes in time, else why not."""
        end = time.monotonic() + self._settings.patience
        yes = no = 0
        while True:
            no = self._until_done(lambda: self._store.add(self._key("no", number), 0))
            yes = self._until_done(lambda: self._store.add(self._key("yes", number), 0))
            if no:
                return f"{no} of {self._size} ranks said no; {self._objection(number)}"
            if self.passes >= plan.at:
                return f"pass {plan.at} came before the votes: {yes + 1} of {self._size} ranks had said yes"
            if yes == self._size - 1:
                return None
            if time.monotonic() >= end or self._stopped.is_set():
                return f"{yes + 1} of {self._size} ranks said yes within {self._settings.patience:g} s"
            time.sleep(PERIOD / 5)

    def _objection(self, number):
        """What one of the ranks that said no gave as its reason."""
        return self._until_done(lambda: bytes(self._store.get(self._key("why", number)))).decode(errors="replace")

    def _forget(self, number):
        """Removes a proposal that is over, so that the store does not grow; nothing depends on it."""
        try:
            for what in ("plan", "yes", "no", "why"):
                self._store.delete_key(self._key(what, number))
        except Exception as error:
            self._faults.note("store", error)

    # Every other rank

    def _follow(self):
        if not self._store.check([self._key("last", 0)]):
            return
        number = int(bytes(self._store.get(self._key("last", 0))))
        if number <= self._seen:
            return
        self._seen = number
        plan, reason = self._read(number)
        if reason is None:
            self._note(plan)  # before the look at the pass: so the pass cannot slip through in between
            if self.passes >= plan.at:
                reason = f"it came at pass {self.passes}, for pass {plan.at}"
        if reason is not None:
            self._end(ABORT)
            self._store.set(self._key("why", number), f"rank {self._rank}: {reason}".encode())
            self._store.add(self._key("no", number), 1)
            return
        try:
            self._store.add(self._key("yes", number), 1)
        except Exception as error:  # it may have counted: from here on only the lead decides
            self._faults.note("store", error)
        self._end(self._until_done(lambda: self._read_word(number)))

    def _read(self, number):
        """The proposal and why this rank will not take it, or None."""
        plan = None
        try:
            head, body = bytes(self._store.get(self._key("plan", number))).split(b"\n", 1)
            version, ident, at, hold, dry, crc = json.loads(head)
            if version != VERSION:
                return plan, f"this rank speaks version {VERSION} of the agreement, the lead {version}"
            plan = Plan(ident, at, hold, dry, [])
            if crc != zlib.crc32(body):
                return plan, "the plan was damaged on its way"
            rows = rows_of(body, self._shape)
            return replace(plan, rows=rows, prepared=self._prepare(rows)), None
        except Exception as error:
            return plan, str(error)

    def _read_word(self, number):
        if not self._store.check([self._key("word", number)]):
            return None
        return bytes(self._store.get(self._key("word", number)))

    # Both

    def _until_done(self, call):
        """Repeats a call of the store until it gives something other than None: a decision is neither left unwritten nor
        guessed because a connection had a bad moment. Raises StoreLost, nothing else."""
        failing = None
        while True:
            try:
                answer = call()
                failing = None
                if answer is not None:
                    return answer
            except Exception as error:
                self._faults.note("store", error)
                failing = failing or time.monotonic()
                if time.monotonic() - failing > LOST:
                    raise StoreLost(str(error)) from error
            time.sleep(PERIOD / 5)

    def _guarded(self, report):
        def call(*arguments):
            try:
                report(*arguments)
            except Exception as error:
                self._faults.note("report", error)

        return call

    def _key(self, what, number):
        return f"moescope/{self._name}/{what}/{number}"

    def _note(self, plan):
        self._pending = _Noted(plan)

    def _end(self, word):
        noted = self._pending
        if noted is None:
            return
        if word != COMMIT:
            self._pending = None  # else the pass takes it
        noted.word = word
        noted.decided.set()


class _Noted:
    """A plan with the decision about it. Each has its own: a pass that waits for one must not see that of the next."""

    def __init__(self, plan):
        self.plan, self.word, self.decided = plan, None, threading.Event()


def check_and_prepare(shape, prepare):
    """A `prepare` for Consent that first looks whether the plan can be served at all."""

    def whole(rows):
        problem = problem_of(rows, shape)
        if problem is not None:
            raise ValueError(problem)
        return prepare(rows)

    return whole


class JobStore:
    """The job's torch.distributed store by a connection of our own: a call that blocks on the shared one would hold up
    the engine. Calls that torch answers with None answer True here."""

    def __init__(self, store):
        self._store = store

    def set(self, key, value):
        self._store.set(key, value)
        return True

    def get(self, key):
        return self._store.get(key)

    def add(self, key, amount):
        return self._store.add(key, amount)

    def check(self, keys):
        return self._store.check(keys)

    def delete_key(self, key):
        return self._store.delete_key(key)


def job_store():
    """Raises what torch raises when there is no TCPStore under the default process group."""
    from datetime import timedelta

    import torch.distributed as dist
    from torch.distributed.distributed_c10d import _get_default_store

    store = _get_default_store()
    while isinstance(store, dist.PrefixStore):
        store = store.underlying_store
    if hasattr(store, "clone"):
        return JobStore(store.clone())
    return JobStore(
        dist.TCPStore(store.host, store.port, is_master=False, wait_for_workers=False, timeout=timedelta(seconds=10))
    )
