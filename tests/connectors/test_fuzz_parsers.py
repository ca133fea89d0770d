"""A short run of ``benchmarks.fuzz_parsers``: every parser ends in a record or a stated fault."""

from __future__ import annotations

import pytest

from benchmarks.fuzz_parsers import PARSERS, round_of


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_rubbish_never_ends_in_anything_but_a_fault(name: str) -> None:
    round_of(name, 7, 30)
