"""A fitted base model: linear over hashed n-grams, softmax over its classes, calibrated. Plain arrays, read without pickle."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass

import numpy as np

from fengsui.text.features import BITS, Bags, Ints
from fengsui.text.table import BucketTable, Floats

FORMAT = 1


class ModelUnreadable(Exception):
    """These bytes are no model of this program: another format, or damaged."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.code, self.params = "text.model.unreadable", {"why": why}


@dataclass(frozen=True, slots=True)
class Base:
    """``weights[:, :-1]`` of each bucket for each class; the last column is the square of the bucket's scale, for a text counts
    by its length. ``sharpness`` x margins are the calibrated ones."""

    classes: tuple[str, ...]
    buckets: Ints
    weights: Floats
    bias: Floats
    sharpness: float
    table: BucketTable

    @classmethod
    def of(cls, classes: tuple[str, ...], buckets: Ints, weights: Floats, bias: Floats, sharpness: float = 1.0) -> Base:
        return cls(classes, buckets, weights, bias, sharpness, BucketTable(weights.shape[1], buckets, weights))

    def margins(self, bags: Bags) -> Floats:
        """(texts, classes), calibrated: their softmax are probabilities."""
        sums = self.table.sums(bags)
        length = np.sqrt(np.maximum(sums[:, -1:], 1e-9))
        return np.asarray((sums[:, :-1] / length + self.bias) * self.sharpness, dtype=np.float32)

    def sharpened(self, sharpness: float) -> Base:
        return Base(self.classes, self.buckets, self.weights, self.bias, sharpness, self.table)

    def to_bytes(self) -> bytes:
        head = {"format": FORMAT, "bits": BITS, "classes": list(self.classes), "sharpness": self.sharpness}
        file = io.BytesIO()
        np.savez_compressed(
            file,
            head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8),
            buckets=self.buckets.astype(np.int32),
            weights=self.weights.astype(np.float16),
            bias=self.bias,
        )
        return file.getvalue()

    @classmethod
    def from_bytes(cls, body: bytes) -> Base:
        """Raises ``ModelUnreadable``."""
        try:
            with np.load(io.BytesIO(body), allow_pickle=False) as held:
                head = json.loads(held["head"].tobytes())
                buckets, weights, bias = held["buckets"].astype(np.int64), held["weights"], held["bias"]
        except (ValueError, KeyError, OSError, EOFError) as fault:
            raise ModelUnreadable(type(fault).__name__) from fault
        if head.get("format") != FORMAT or head.get("bits") != BITS:
            raise ModelUnreadable("format")
        return cls.of(tuple(head["classes"]), buckets, weights.astype(np.float32), bias.astype(np.float32), head["sharpness"])


def softmax(margins: Floats) -> Floats:
    """Rows that sum to 1."""
    risen = np.exp(margins - margins.max(axis=1, keepdims=True))
    found: Floats = risen / risen.sum(axis=1, keepdims=True)
    return found
