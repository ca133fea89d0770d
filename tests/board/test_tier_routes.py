"""Who else is told, by owning department: a line for each in the form, somebody in each line."""

from __future__ import annotations

from typing import Any

import pytest

from fengsui.alerts.seeds import TIER_POLICY
from fengsui.board import tier_edit
from fengsui.board.wrong import Wrong


def drafted(text: str) -> Any:
    cells = {**tier_edit.written("tier_policy", TIER_POLICY), "departments": text}
    return tier_edit.drafted("tier_policy", TIER_POLICY, cells)["departments"]


def test_routes_come_back_as_they_were_written() -> None:
    said = {"tech": ["person:li", "duty"], "finance": ["manager"]}
    text = "tech = person:li，duty\n\n finance=manager "
    assert drafted(text) == said
    shown = tier_edit.written("tier_policy", {**TIER_POLICY, "departments": said})["departments"]
    assert shown == "tech = person:li, duty\nfinance = manager" and drafted(shown) == said
    assert drafted("") == {}


@pytest.mark.parametrize(
    ("text", "code"),
    [("tech", "routes"), ("tech =", "routes"), ("= duty", "routes"), ("tech = nobody", "choice"), ("tech = <b>", "choice")],
)
def test_a_line_that_would_tell_nobody_is_refused(text: str, code: str) -> None:
    with pytest.raises(Wrong) as refused:
        drafted(text)
    assert [(one.place, one.code) for one in refused.value.mistakes] == [(("departments",), f"board.wrong.{code}")]
