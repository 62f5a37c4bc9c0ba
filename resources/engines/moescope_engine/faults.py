"""Errors of the plugin itself: caught, counted, and each kind logged once. None reaches the engine."""

import logging
import threading

log = logging.getLogger("moescope")


class Faults:
    def __init__(self):
        self._lock = threading.Lock()
        self._counts = {}

    def note(self, place, error):
        """Counts `error` at `place`; the first of its kind there is logged with where it happened."""
        key = f"{place}: {type(error).__name__}"
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + 1
            first = self._counts[key] == 1
        if first:
            log.warning("moescope: %s: %r; further ones are only counted", place, error)

    def counts(self):
        with self._lock:
            return dict(self._counts)
