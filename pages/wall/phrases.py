"""What customers suddenly say: phrases of several of them, never a sentence of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pages.look.pieces import esc, heading, line
from pages.look.visitor import Visitor

MOST = 8


def panel(visitor: Visitor, data: Mapping[str, Any]) -> str:
    second = visitor.say("pages.wall.phrases_second", h=data["hours"], n=data["texts"]) if data else ""
    head = heading(visitor.say("pages.wall.phrases"), second)
    living = data.get("topics", [])[:MOST]
    shown = [one["text"].casefold() for one in living]
    said = [one for one in data.get("phrases", []) if not any(one["text"].casefold() in text for text in shown)]
    if living or said:
        rows = [_topic(visitor, one) for one in living] + [_phrase(visitor, one) for one in said]
        body = f'<div class="said">{"".join(rows[:MOST])}</div>'
    else:
        body = f'<p class="empty">{esc(visitor.say("pages.wall.no_phrases" if data else "pages.wall.soon"))}</p>'
    return f'<div class="panel curve">{head}{body}</div>'


def _topic(visitor: Visitor, one: Mapping[str, Any]) -> str:
    code = "pages.wall.topic" if one["usual"] is not None else "explore.topics.people"
    words = visitor.say(code, n=one["now"], **({"usual": one["usual"]} if one["usual"] is not None else {}))
    color = "var(--t2)" if one["kind"] == "burst" else "var(--mut)"
    drawn = line(one["line"], color, None, "", 64, 28)
    kind = visitor.say(f"pages.wall.topic.{one['kind']}")
    return (
        f'<div class="tp {esc(one["kind"])}"><i>{esc(kind)}</i><b>{esc(one["text"])}</b>{drawn}<span>{esc(words)}</span></div>'
    )


def _phrase(visitor: Visitor, one: Mapping[str, Any]) -> str:
    code = "pages.wall.phrase_new" if one["usual"] < 1 else "pages.wall.phrase_usual"
    words = visitor.say(code, n=one["now"], usual=one["usual"])
    return f"<div><b>{esc(one['text'])}</b><span>{esc(words)}</span></div>"
