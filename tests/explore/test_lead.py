"""Which of two series moved first is told where it can be told, and only there."""

from __future__ import annotations

import numpy as np
import pytest

from fengsui.explore.lead import lead


def remembering(seed: int, n: int, memory: float) -> list[float | None]:
    rng = np.random.default_rng(seed)
    values = [0.0]
    for step in rng.normal(size=n - 1):
        values.append(memory * values[-1] + float(step))
    return list(values)


@pytest.mark.parametrize("steps", [-3, 0, 4])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_shift_and_its_sign_are_found(steps: int, sign: float) -> None:
    rng = np.random.default_rng(3)
    whole = rng.normal(size=120)
    one = [float(value) for value in whole[12 : 12 + 96]]
    other = [sign * float(value) + 0.3 * float(rng.normal()) for value in whole[12 + steps : 12 + steps + 96]]
    found = lead(one, other)
    assert found is not None and found.steps == steps and found.r * sign > 0.8


@pytest.mark.parametrize("memory", [0.0, 0.6, 0.9])
def test_strangers_are_rarely_told_to_move_together_however_long_they_remember(memory: float) -> None:
    told = sum(lead(remembering(2 * n, 96, memory), remembering(2 * n + 1, 96, memory)) is not None for n in range(200))
    assert told <= 8, "one in a hundred was asked for; four in a hundred is the end"


def test_nothing_is_told_of_a_few_steps_of_gaps_or_of_a_flat_line() -> None:
    line: list[float | None] = [float(n % 5) for n in range(12)]
    assert lead(line, line) is None
    assert lead([1.0] * 96, remembering(1, 96, 0.0)) is None
    assert lead([None] * 96, remembering(1, 96, 0.0)) is None
    assert lead([], []) is None


def test_what_is_unknown_is_left_out_and_not_taken_for_nothing() -> None:
    one = remembering(5, 96, 0.0)
    gaps = [None if n % 3 == 0 else value for n, value in enumerate(one)]
    found = lead(one, gaps)
    assert found is not None and found.steps == 0 and found.r == pytest.approx(1.0)
