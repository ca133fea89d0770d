"""A fitted base model over hashed n-grams: a line, and beside it a hidden layer where there were examples enough; softmax over
its classes, calibrated. Plain arrays, read without pickle."""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fengsui.text.features import BITS, Bags, Ints
from fengsui.text.hidden import Layer
from fengsui.text.table import BucketTable, Floats

FORMAT = 2
"""1: a line alone."""
_DAMAGED = (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile, zlib.error)


class ModelUnreadable(Exception):
    """These bytes are no model of this program: another format, or damaged."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.code, self.params = "text.model.unreadable", {"why": why}


@dataclass(frozen=True, slots=True)
class Base:
    """``weights`` of each bucket: one for each class, then the square of the bucket's scale, for a text counts by its length;
    with a layer its row of units follows, and the square of its scale there. ``sharpness``: of the line's margins and of the
    layer's, under which their sum is calibrated."""

    classes: tuple[str, ...]
    buckets: Ints
    weights: Floats
    bias: Floats
    layer: Layer | None
    sharpness: tuple[float, float]
    table: BucketTable

    @classmethod
    def of(
        cls,
        classes: tuple[str, ...],
        buckets: Ints,
        weights: Floats,
        bias: Floats,
        layer: Layer | None = None,
        sharpness: tuple[float, float] = (1.0, 1.0),
    ) -> Base:
        return cls(classes, buckets, weights, bias, layer, sharpness, BucketTable(weights.shape[1], buckets, weights))

    def margins(self, bags: Bags) -> Floats:
        """(texts, classes), calibrated: their softmax are probabilities."""
        line, hidden = self.parts(bags)
        return np.asarray(line * self.sharpness[0] + hidden * self.sharpness[1], dtype=np.float32)

    def parts(self, bags: Bags) -> tuple[Floats, Floats]:
        """Margins of the line and of the layer (zeros where there is none), as they were fitted."""
        sums, k = self.table.sums(bags), len(self.classes)
        line: Floats = (sums[:, :k] / _length(sums[:, k : k + 1]) + self.bias).astype(np.float32)
        if self.layer is None:
            return line, np.zeros_like(line)
        inside: Floats = (sums[:, k + 1 : -1] / _length(sums[:, -1:])).astype(np.float32)
        return line, self.layer.margins(inside)

    def sharpened(self, line: float, hidden: float) -> Base:
        return replace(self, sharpness=(line, hidden))

    def to_bytes(self) -> bytes:
        head = {"format": FORMAT, "bits": BITS, "classes": list(self.classes), "sharpness": list(self.sharpness)}
        arrays: dict[str, Any] = {
            "head": np.frombuffer(json.dumps(head).encode(), dtype=np.uint8),
            "buckets": self.buckets.astype(np.int32),
            "weights": self.weights.astype(np.float16),
            "bias": self.bias,
        }
        if self.layer is not None:
            arrays |= {"inner_bias": self.layer.bias, "out": self.layer.out, "out_bias": self.layer.out_bias}
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)
        return file.getvalue()

    @classmethod
    def from_bytes(cls, body: bytes) -> Base:
        """Raises ``ModelUnreadable``."""
        try:
            with np.load(io.BytesIO(body), allow_pickle=False) as held:
                head = _head(held)
                buckets, weights, bias = held["buckets"].astype(np.int64), held["weights"], held["bias"]
                layer = Layer(held["inner_bias"], held["out"], held["out_bias"]) if "out" in held else None
        except _DAMAGED as fault:
            raise ModelUnreadable(type(fault).__name__) from fault
        first, second = head["sharpness"]
        return cls.of(
            tuple(head["classes"]), buckets, weights.astype(np.float32), bias.astype(np.float32), layer, (first, second)
        )


def readable(body: bytes) -> bool:
    """Whether ``Base.from_bytes`` knows this format. Only the head is unpacked."""
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as held:
            _head(held)
    except (*_DAMAGED, ModelUnreadable):
        return False
    return True


def _head(held: Any) -> dict[str, Any]:
    """Of an open file. Raises ``ModelUnreadable`` for another program's."""
    head: dict[str, Any] = json.loads(held["head"].tobytes())
    if head.get("format") != FORMAT or head.get("bits") != BITS:
        raise ModelUnreadable("format")
    return head


def _length(squares: Floats) -> Floats:
    found: Floats = np.sqrt(np.maximum(squares, np.float32(1e-9)))
    return found


def softmax(margins: Floats) -> Floats:
    """Rows that sum to 1."""
    risen = np.exp(margins - margins.max(axis=1, keepdims=True))
    found: Floats = risen / risen.sum(axis=1, keepdims=True)
    return found
