"""What an administrator has changed and not saved yet, in the session: survives reruns, and somebody else's saving."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from fengsui.board.revision import Revision

_HELD, _TURN = "adm_drafts", "adm_turn"


@dataclass(frozen=True, slots=True)
class Held:
    """``seen``: the version that ``first`` was read from, 0 for none. ``body``: as it would be saved."""

    kind: str
    id: str
    seen: int
    first: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def changed(self) -> bool:
        return self.body != self.first

    def key(self, name: str) -> str:
        """Of a widget: another one after saving, giving up or loading anew."""
        return f"adm_{self.kind}_{self.id}_{turn()}_{name}"


def held(
    kind: str,
    id_: str,
    last: Revision | None,
    plain: Callable[[Mapping[str, Any]], Mapping[str, Any]] = dict,
    *,
    follow: bool = True,
) -> Held:
    """What is being edited; begun with the last version, and again while nothing was changed."""
    found: Held | None = _all().get((kind, id_))
    if found is None or (follow and not found.changed and last is not None and last.version != found.seen):
        body = plain(last.body) if last else {}
        found = Held(kind, id_, last.version if last else 0, body, body)
        _all()[kind, id_] = found
    return found


def put(one: Held, body: Mapping[str, Any]) -> None:
    _all()[one.kind, one.id] = replace(one, body=body)


def drop(kind: str, id_: str) -> None:
    """Forget it: the next look begins with the last version."""
    _all().pop((kind, id_), None)
    renew()


def renew() -> None:
    """Every widget of a form is a new one."""
    st.session_state[_TURN] = turn() + 1


def turn() -> int:
    return int(st.session_state.get(_TURN, 0))


def _all() -> dict[tuple[str, str], Held]:
    found: dict[tuple[str, str], Held] = st.session_state.setdefault(_HELD, {})
    return found
