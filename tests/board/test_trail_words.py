"""Every action and field that is written to the audit has words, so that its page is read in the reader's language."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import fengsui
from fengsui.alerts.commands.table import COMMANDS
from fengsui.board.requests import KINDS
from fengsui.board.trail import GROUPS
from fengsui.locale import has

ROOT = Path(fengsui.__file__).parent
CALLED = {"record", "_audit", "values"}


def calls() -> Iterator[tuple[ast.Call, ast.AST]]:
    """Each call that writes the audit, with the function it stands in."""
    for path in ROOT.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        if "audit" not in text:
            continue
        for function in ast.walk(ast.parse(text)):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and _writes(node):
                        yield node, function


def _writes(node: ast.Call) -> bool:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name == "record":
        return isinstance(node.func, ast.Attribute) and getattr(node.func.value, "id", "") == "audit"
    return name == "_audit" or (name == "values" and any(one.arg == "action" for one in node.keywords))


def fields(node: ast.Call, function: ast.AST) -> Iterator[str]:
    """Keys of the dictionaries written there, or put into a variable of the function."""
    parts = [part for arg in (*node.args, *(one.value for one in node.keywords)) for part in ast.walk(arg)]
    named = {part.id for part in parts if isinstance(part, ast.Name)} - {"row"}
    for one in ast.walk(function):
        goals = one.targets if isinstance(one, ast.Assign) else ()
        if any(isinstance(goal, ast.Name) and goal.id in named for goal in goals):
            parts += list(ast.walk(one.value))  # type: ignore[attr-defined]
    for part in parts:
        if isinstance(part, ast.Dict):
            yield from (key.value for key in part.keys if isinstance(key, ast.Constant) and isinstance(key.value, str))


def actions() -> set[str]:
    found = {f"alert.{name}" for name in COMMANDS} | {f"request.{kind}" for kind in KINDS}
    for node, _ in calls():
        for arg in (*node.args, *(one.value for one in node.keywords if one.arg == "action")):
            if isinstance(arg, ast.Constant) and isinstance(arg.value, str) and "." in arg.value:
                found.add(arg.value)
    return found


def test_every_action_has_words_and_a_group() -> None:
    found = actions()
    assert len(found) > 60, "the reading of the source still works"
    assert [one for one in sorted(found) if not all(has(lang, f"pages.audit.action.{one}") for lang in ("zh_CN", "en"))] == []
    starts = tuple(start for group in GROUPS.values() for start in group)
    assert [one for one in sorted(found) if not one.startswith(starts)] == []


def test_every_field_has_words() -> None:
    found = {name for node, function in calls() for name in fields(node, function)}
    assert len(found) > 40, "the reading of the source still works"
    assert [one for one in sorted(found) if not all(has(lang, f"pages.audit.key.{one}") for lang in ("zh_CN", "en"))] == []
