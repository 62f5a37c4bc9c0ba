"""What an operator sets, all in the environment, because that is what reaches every rank of an engine."""

import os
from dataclasses import dataclass

from .faults import log

MODES = ("observe", "suggest", "apply")


@dataclass(frozen=True)
class Settings:
    """`socket`: where the agent listens; empty: the plugin stays out of the engine.

    `mode`: observe reports and takes no plan; suggest lets every rank check a plan and vote on it, and never installs
    one; apply installs what all ranks agreed on. `margin`: seconds between a proposal and its pass. `patience`:
    seconds in which all ranks must have voted; below `margin`, so that no pass waits for a vote.
    """

    socket: str = ""
    mode: str = "observe"
    margin: float = 3.0
    patience: float = 2.0


def read_settings(environment=os.environ):
    """Settings of MOESCOPE_SOCKET, MOESCOPE_MODE, MOESCOPE_MARGIN_S and MOESCOPE_PATIENCE_S.

    A value that means nothing is logged and the default taken: an engine must start.
    """
    default = Settings()
    mode = environment.get("MOESCOPE_MODE", default.mode)
    if mode not in MODES:
        log.warning("MOESCOPE_MODE is %r, expected one of %s; observing only", mode, ", ".join(MODES))
        mode = default.mode
    return Settings(
        environment.get("MOESCOPE_SOCKET", ""),
        mode,
        _seconds(environment, "MOESCOPE_MARGIN_S", default.margin),
        _seconds(environment, "MOESCOPE_PATIENCE_S", default.patience),
    )


def _seconds(environment, name, default):
    text = environment.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 3600:
        log.warning("%s is %r, expected seconds from 0 to 3600; taking %g", name, text, default)
        return default
    return value
