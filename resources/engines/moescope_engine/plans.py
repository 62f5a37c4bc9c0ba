"""A plan on its way into an engine: which logical expert every slot of every layer holds."""

import sys
import zlib
from array import array
from dataclasses import dataclass


@dataclass(frozen=True)
class Shape:
    """`layers` as the engine counts them (SGLang: dense ones too), `slots` of a layer over all ranks, `experts`:
    logical ones, `ranks` that the slots are spread over."""

    layers: int
    slots: int
    experts: int
    ranks: int


@dataclass(frozen=True)
class Plan:
    """`ident` names it for the agent; `hold`: afterwards the engine leaves the map alone; `dry`: it is only voted on.

    `rows`: [layer][slot] -> logical expert. `prepared`: what the engine's side made of the rows before this rank said
    yes, so that nothing can fail at the pass.
    """

    ident: str
    at: int
    hold: bool
    dry: bool
    rows: list
    prepared: object = None


def map_bytes(rows):
    """int32 little endian, row after row."""
    flat = array("i", (slot for row in rows for slot in row))
    if sys.byteorder == "big":
        flat.byteswap()
    return flat.tobytes()


def rows_of(payload, shape):
    """[layer][slot] of what map_bytes() wrote. Raises ValueError when the bytes are of another shape."""
    flat = array("i")
    if flat.itemsize != 4 or len(payload) != 4 * shape.layers * shape.slots:
        raise ValueError(f"{len(payload)} bytes, expected {shape.layers} layers of {shape.slots} slots")
    flat.frombytes(payload)
    if sys.byteorder == "big":
        flat.byteswap()
    return [flat[i * shape.slots : (i + 1) * shape.slots].tolist() for i in range(shape.layers)]


def count_bytes(rows):
    """int64 little endian, row after row: tokens by layer and expert."""
    flat = array("q", (int(value) for row in rows for value in row))
    if sys.byteorder == "big":
        flat.byteswap()
    return flat.tobytes()


def digest(rows):
    """CRC-32 of map_bytes(): ranks compare maps by it."""
    return zlib.crc32(map_bytes(rows))


def problem_of(rows, shape):
    """Why the engine cannot serve under these rows, or None.

    A call a row and in C, because this runs in a thread beside the engine: it gives the interpreter back in between.
    """
    if len(rows) != shape.layers or any(len(row) != shape.slots for row in rows):
        return f"it is not of {shape.layers} layers with {shape.slots} slots"
    if shape.slots % shape.ranks:
        return f"{shape.slots} slots do not spread over {shape.ranks} ranks"
    for layer, row in enumerate(rows):
        if min(row) < 0 or max(row) >= shape.experts:
            return f"layer {layer} names an expert outside 0..{shape.experts - 1}"
        if len(set(row)) != shape.experts:
            return f"layer {layer} leaves {shape.experts - len(set(row))} experts without a slot"
    return None


def logical_to_slots(rows, experts):
    """[layer][expert] -> its slots, ascending, padded with -1 to the most replicas of any layer; and their counts."""
    slots = []
    for row in rows:
        of = [[] for _ in range(experts)]
        for slot, expert in enumerate(row):
            of[expert].append(slot)
        slots.append(of)
    width = max(len(places) for layer in slots for places in layer)
    counts = [[len(places) for places in layer] for layer in slots]
    return [[places + [-1] * (width - len(places)) for places in layer] for layer in slots], counts
