"""What customers suddenly say: phrases of several of them, never a sentence of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor

MOST = 8


def panel(visitor: Visitor, data: Mapping[str, Any]) -> str:
    second = visitor.say("pages.wall.phrases_second", h=data["hours"], n=data["texts"]) if data else ""
    head = heading(visitor.say("pages.wall.phrases"), second)
    said = data.get("phrases", [])
    if said:
        body = f'<div class="said">{"".join(_phrase(visitor, one) for one in said[:MOST])}</div>'
    else:
        body = f'<p class="empty">{esc(visitor.say("pages.wall.no_phrases" if data else "pages.wall.soon"))}</p>'
    return f'<div class="panel curve">{head}{body}</div>'


def _phrase(visitor: Visitor, one: Mapping[str, Any]) -> str:
    code = "pages.wall.phrase_new" if one["usual"] < 1 else "pages.wall.phrase_usual"
    words = visitor.say(code, n=one["now"], usual=one["usual"])
    return f"<div><b>{esc(one['text'])}</b><span>{esc(words)}</span></div>"
