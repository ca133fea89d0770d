"""What users of other alerting systems suffer, and the test that keeps it from us: the table of docs/lessons.md is
complete, and each test that it names is there and runs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [
    line.split(" | ") for line in (ROOT / "docs" / "lessons.md").read_text(encoding="utf-8").splitlines() if line[2:3].isdigit()
]
LESSONS = {int(row[0].strip("| ")): re.findall(r"`([^`]+)`", row[-1]) for row in ROWS}


def test_there_are_27_and_each_has_a_test() -> None:
    assert list(LESSONS) == list(range(1, 28))
    assert all(LESSONS.values())


@pytest.mark.parametrize("place", sorted({place for places in LESSONS.values() for place in places}))
def test_a_test_that_is_named_is_there_and_is_not_left_out(place: str) -> None:
    file, _, name = place.partition("::")
    tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    (found,) = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == name]
    assert "skip" not in "".join(ast.unparse(mark) for mark in found.decorator_list)
    said = ast.unparse(found)
    assert any(word in said for word in ("assert ", "raises(", ".wait_for")), "it looks at something"
