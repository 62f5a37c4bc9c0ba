"""What both engines share: a rank's state, its link to the agent, and its part in the agreement."""

import collections
import os
import threading
import time
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version

from . import __version__
from .consent import Consent, check_and_prepare
from .faults import Faults
from .link import Link
from .plans import Plan, count_bytes, digest, map_bytes, rows_of

PROTOCOL = 1
RECENT = 8  # outcomes of plans that a new connection begins with


def version_of(engine):
    """Version of the installed package, or an empty text."""
    try:
        return version(engine)
    except PackageNotFoundError:
        return ""


class Control:
    """One per rank and model. `facts`: engine, version, rank (place in its group), size, instance (names the group on
    this job), layers of the model that rows stand for may come later. `read_map()` gives [layer][slot]."""

    def __init__(self, settings, facts, shape, read_map, prepare, store):
        self.faults = Faults()
        self.settings, self.facts, self.shape = settings, facts, shape
        self.lead = facts["rank"] == 0
        self.passes = 0
        self.hold = False
        self.agree = None
        self._lock = threading.Lock()
        self._rows = read_map()  # as last reported
        self._crc = digest(self._rows)
        self._epoch = 0  # changes of the map that this rank saw
        self._offered = None
        self._recent = collections.deque(maxlen=RECENT)
        self._moe_layers = None
        self.link = Link(settings.socket, self._hello, self._alive, self._take, self.faults)
        if settings.mode != "observe" and facts["refuses"] is None:
            self.agree = Consent(
                store(), facts["instance"], facts["rank"], facts["size"], shape, check_and_prepare(shape, prepare), self._next_plan,
                self._plan_state, settings, self.faults,
            )

    def start(self):
        self.link.start()
        if self.agree is not None:
            self.agree.start()

    def stop(self):
        self.link.stop()
        if self.agree is not None:
            self.agree.stop()

    def tick(self):
        """Once a pass: the plan that it begins with, or None."""
        self.passes += 1
        return self.agree.tick() if self.agree is not None else None

    # What the engine's side reports

    def layers_known(self, layers):
        """Model layers of the rows that hold experts."""
        if self._moe_layers is None:
            self._moe_layers = list(layers)
            self.link.say({"t": "layers", "moe_layers": self._moe_layers})

    def map_is(self, rows, started, plan=None):
        """After the engine moved experts, `started` (perf_counter_ns) until now. `plan`: what should be in force. Gives
        whether it is."""
        now = time.perf_counter_ns()
        applied = plan is not None and self._same_where_experts_are(rows, plan.rows)
        moved = sum(a != b for old, new in zip(self._rows, rows) for a, b in zip(old, new))
        with self._lock:
            self._epoch += moved > 0
            self._rows, self._crc = rows, digest(rows)
            header = self._map_header()
        header.update(
            cause="plan" if plan is not None else "engine",
            id=plan.ident if plan is not None else "",
            ms=(now - started) / 1e6,
            moved=moved,
        )
        self.link.say(header, (lambda: map_bytes(rows)) if self.lead else b"")
        if plan is not None:
            self.hold = plan.hold and applied
            self._plan_state(
                plan, "installed" if applied else "not_installed", "" if applied else "the engine kept another map"
            )
        return applied

    def loads_are(self, rows, passes):
        """Tokens by layer and logical expert, of all ranks, over the last `passes` passes (0: not known)."""
        if not self.lead:
            return
        header = {
            "t": "loads", "at": self.passes, "ns": time.time_ns(), "passes": passes,
            "layers": len(rows), "experts": len(rows[0]),
        }
        self.link.say(header, lambda: count_bytes(rows))

    def _same_where_experts_are(self, rows, plan):
        layers = self._moe_layers if self._moe_layers is not None else range(len(rows))
        return all(rows[layer] == plan[layer] for layer in layers)

    # What the link asks

    def _hello(self):
        shape = self.shape
        with self._lock:
            header = dict(
                self.facts, t="hello", protocol=PROTOCOL, plugin=__version__, mode=self.settings.mode, pid=os.getpid(),
                layers=shape.layers, slots=shape.slots, experts=shape.experts, moe_layers=self._moe_layers,
                hold=self.hold, passes=self.passes, epoch=self._epoch, crc=self._crc, ns=time.time_ns(),
                recent=[list(outcome) for outcome in self._recent],
            )
            return header, map_bytes(self._rows)

    def _alive(self):
        return {
            "t": "alive", "passes": self.passes, "ns": time.time_ns(), "hold": self.hold,
            "waits": self.agree.waits if self.agree is not None else 0,
            "faults": sum(self.faults.counts().values()),
        }, b""

    def _map_header(self):
        return {"t": "map", "at": self.passes, "ns": time.time_ns(), "epoch": self._epoch, "crc": self._crc}

    def _take(self, header, payload):
        """Only plans come from the agent, and only the lead gets them."""
        if header.get("t") != "plan" or not self.lead:
            return
        ident = header["id"]
        if not isinstance(ident, str) or not 0 < len(ident) <= 64:
            raise ValueError("a plan without a name")
        plan = Plan(ident, int(header.get("at", 0)), bool(header.get("hold", True)), bool(header.get("dry")), [])
        why = self.facts["refuses"]
        if why is None and self.settings.mode == "observe":
            why = "the engine runs with MOESCOPE_MODE=observe"
        if why is None:
            try:
                plan = replace(plan, rows=rows_of(payload, self.shape))
            except ValueError as error:
                why = str(error)
        if why is None and self.settings.mode == "suggest":
            plan = replace(plan, dry=True)
        with self._lock:
            if why is None and self._offered is not None:
                why = "another plan waits for the vote of the ranks"
            if why is None:
                self._offered = plan
                self._recent.append((plan.ident, "received", ""))
        if why is not None:
            self._plan_state(plan, "refused", why)
        else:  # an agent that comes back and does not find it among the recent ones knows that it never came
            self.link.say({"t": "plan", "id": ident, "state": "received", "reason": "", "at": plan.at})

    def _next_plan(self):
        with self._lock:
            plan, self._offered = self._offered, None
        return plan

    def _plan_state(self, plan, state, reason):
        if not self.lead:
            return  # what this rank has in force is in its map
        with self._lock:
            self._recent.append((plan.ident, state, reason[:500]))
        self.link.say({"t": "plan", "id": plan.ident, "state": state, "reason": reason[:500], "at": plan.at})
