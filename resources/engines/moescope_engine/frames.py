"""Frames on the socket to the agent: a tag, two lengths, a JSON object, and bytes.

    "MOES" | header bytes, u32 LE | payload bytes, u32 LE | header: a JSON object | payload: an array, little endian

The C++ side is core/agent/engine_frames.cpp.
"""

import json
import struct

TAG = b"MOES"
_PREFIX = struct.Struct("<4sII")
MOST_HEADER = 1 << 16
MOST_PAYLOAD = 16 << 20


class FrameError(ValueError):
    """What came is not a frame, or larger than a frame may be."""


def encode(header, payload=b""):
    """Bytes of one frame."""
    text = json.dumps(header, separators=(",", ":")).encode()
    if len(text) > MOST_HEADER or len(payload) > MOST_PAYLOAD:
        raise FrameError(f"a frame of {len(text)} and {len(payload)} bytes is too large")
    return _PREFIX.pack(TAG, len(text), len(payload)) + text + payload


class Reader:
    """Takes bytes as they come and gives whole frames."""

    def __init__(self):
        self._held = bytearray()

    def feed(self, data):
        """List of (header, payload) that `data` completes. Raises FrameError; the connection is of no use then."""
        self._held += data
        frames = []
        while len(self._held) >= _PREFIX.size:
            tag, header, payload = _PREFIX.unpack_from(self._held)
            if tag != TAG or header > MOST_HEADER or payload > MOST_PAYLOAD:
                raise FrameError("not a frame of a moescope-agent")
            end = _PREFIX.size + header + payload
            if len(self._held) < end:
                break
            text = bytes(self._held[_PREFIX.size : _PREFIX.size + header])
            body = bytes(self._held[_PREFIX.size + header : end])
            del self._held[:end]
            frames.append((_object(text), body))
        return frames


def _object(text):
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FrameError(f"a header that is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise FrameError("a header that is not an object")
    return value
