"""Ids that are the same in every store and after every restart."""

from __future__ import annotations

from hashlib import blake2b


def episode_id(rule_id: str, slice_key: str, bucket: int) -> str:
    """``bucket``: minutes since the epoch of the first firing step (record rules: of the record's ``opened_at``)."""
    text = "\x1f".join((rule_id, slice_key, str(bucket)))
    return blake2b(text.encode(), digest_size=16).hexdigest()
