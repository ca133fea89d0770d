"""The base model: a line and a hidden layer, the same for the same examples, and the same after it was stored."""

from __future__ import annotations

import io
import json
from random import Random

import numpy as np
import pytest

from fengsui.text import hidden
from fengsui.text.features import BITS, bags
from fengsui.text.fitting import Examples, bags_of, calibrated, fit, scores
from fengsui.text.model import Base, ModelUnreadable
from fengsui.text.table import BucketTable

FILLING = "快递包裹客服退款订单发票会员账户物流师傅"


def either_or(n: int, seed: int = 1) -> Examples:
    """甲 with 乙, or 丙 with 丁, is good; crosswise it is bad: each word alone says nothing, and none stands beside another."""
    draw = Random(seed)
    texts, labels = [], []
    for _ in range(n):
        first, second = draw.choice("甲丙"), draw.choice("乙丁")
        texts.append("，".join([first, *draw.sample(FILLING, 3), second]))
        labels.append("positive" if (first, second) in (("甲", "乙"), ("丙", "丁")) else "negative")
    return Examples(texts, labels)


def right(base: Base, examples: Examples) -> float:
    p = scores(base, examples.texts)
    return float(np.mean([base.classes[at] == label for at, label in zip(p.argmax(axis=1), examples.labels, strict=True)]))


@pytest.fixture(scope="module")
def learned() -> Base:
    return fit(either_or(8000))


def test_a_hidden_layer_learns_what_no_line_can(learned: Base) -> None:
    alone = fit(either_or(hidden.LEAST - 1))
    assert alone.layer is None and right(alone, either_or(400, 2)) < 0.6
    assert learned.layer is not None and right(learned, either_or(400, 2)) > 0.95


def test_the_same_examples_give_the_same_base_and_storing_changes_nothing(learned: Base) -> None:
    texts = list(either_or(50, 3).texts)
    again = fit(either_or(8000))
    assert np.array_equal(again.margins(bags(texts)), learned.margins(bags(texts)))
    kept = calibrated(learned, either_or(200, 4))
    stored = Base.from_bytes(kept.to_bytes())
    assert stored.sharpness == kept.sharpness and stored.classes == ("negative", "positive")
    assert np.allclose(stored.margins(bags(texts)), kept.margins(bags(texts)), atol=0.05)


def test_calibration_believes_the_half_that_is_right(learned: Base) -> None:
    line, layer = calibrated(learned, either_or(400, 5)).sharpness
    said, heard = learned.parts(bags_of(either_or(400, 6).texts))
    assert layer * np.abs(heard).mean() > 3 * line * np.abs(said).mean()
    p = scores(calibrated(learned, either_or(400, 5)), either_or(400, 6).texts).max(axis=1)
    assert abs(p.mean() - right(learned, either_or(400, 6))) < 0.05


def test_a_base_of_an_older_program_is_unreadable() -> None:
    file = io.BytesIO()
    head = {"format": 1, "bits": BITS, "classes": ["a", "b"], "sharpness": 1.0}
    np.savez(file, head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8), weights=np.zeros((1, 3), np.float16))
    for body in (file.getvalue(), b"rubbish", learned_cut()):
        with pytest.raises(ModelUnreadable):
            Base.from_bytes(body)


def learned_cut() -> bytes:
    return fit(either_or(40)).to_bytes()[:-80]


def test_sums_of_many_texts_are_those_of_each() -> None:
    texts = [*either_or(1203).texts, "", "甲"]
    table = BucketTable(2, np.arange(0, 1 << BITS, 7), np.random.default_rng(1).random((149_797, 2)).astype(np.float32))
    whole = table.sums(bags(texts))
    for row in (0, 499, 500, 1000, 1203, 1204):
        assert np.allclose(whole[row], table.sums(bags([texts[row]]))[0], atol=1e-5)
    assert not whole[1203].any()


@pytest.mark.parametrize("places", [(0,), (9,), (0, 9), (499,), (500,), (499, 500), (498, 499, 500, 501), (999,), (1000, 1001)])
def test_a_score_depends_on_its_own_text_only(places: tuple[int, ...]) -> None:
    """Also before an empty text, first, last, and where one slice of a batch ends."""
    n = max(places) + 1 if max(places) != 500 else 700
    texts = list(either_or(n, 7).texts)
    for at in places:
        texts[at] = ""
    draw = np.random.default_rng(2)
    base = Base.of(
        ("bad", "good"),
        np.arange(1 << BITS),
        draw.random((1 << BITS, 3)).astype(np.float32),
        np.array([0.1, -0.1], dtype=np.float32),
    )
    whole = base.margins(bags(texts))
    near = sorted({row for at in (*places, 0, n - 1) for row in range(max(0, at - 1), min(n, at + 2))})
    for row in near:
        assert np.array_equal(whole[row], base.margins(bags([texts[row]]))[0]), row
