"""The list: when and where, the words in a line, tags, mood; above it what can be said about the rows."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from fengsui.board.read.voice import Voice
from pages.look.house import house, now
from pages.look.pieces import esc
from pages.look.visitor import Visitor
from pages.records import words

HERE = Path(__file__).parent
KEYS, LINE = 9, 160
KEY = "rec_rows"


def rows(
    visitor: Visitor,
    found: Sequence[Voice],
    tag: str,
    chosen: str | None,
    done: int,
    hear: Callable[[], None],
    *,
    may: bool,
    empty: str,
) -> None:
    """Shows the list; ``hear`` is called with each word or pick, which stand in ``st.session_state[KEY]["news"]``."""
    body = "".join(_row(visitor, one, tag) for one in found) or f'<p class="none">{esc(empty)}</p>'
    head = _palette(visitor, found, tag) if may and found else ""
    mount = st.components.v2.component(
        "fengsui_say",
        html='<div id="r" role="listbox" aria-multiselectable="true"></div>\n',
        css=_read("rows.css"),
        js=_read("say.js"),
    )
    data = {
        "html": f'{head}<div class="rows">{body}</div>',
        "sel": chosen,
        "tag": tag,
        "done": done,
        "list": "|".join(one.record_key for one in found),
    }
    mount(data=data, key=KEY, default={"news": None}, on_news_change=hear)


def _palette(visitor: Visitor, found: Sequence[Voice], tag: str) -> str:
    """At most nine values under the number keys: those that this list speaks of most; the rest in a choice."""
    known = list(words.names().values.get(tag, {}))
    spoken = Counter(value for one in found for value, _ in one.choices(tag))
    first = known if len(known) <= KEYS else sorted(known, key=lambda value: (-spoken[value], known.index(value)))[:KEYS]
    keys = "".join(
        _press(str(n), value, words.value(visitor, tag, value)) for n, value in enumerate(sorted(first, key=known.index), 1)
    )
    right = _press("enter", "=", visitor.say("pages.inbox.right"), "⏎")
    none = _press("0", "0", visitor.say("pages.inbox.none_fits"))
    rest = [value for value in known if value not in first]
    options = "".join(f'<option value="{esc(value)}">{esc(words.value(visitor, tag, value))}</option>' for value in rest)
    more = f'<select data-more aria-label="{esc(visitor.say("pages.inbox.more"))}"><option value="">{esc(visitor.say("pages.inbox.more"))}</option>{options}</select>'
    undo = f"<button data-undo>u {esc(visitor.say('pages.inbox.undo'))}</button>"
    every = f"<button data-every>{esc(visitor.say('pages.inbox.every'))}</button>"
    many = f'<em data-many="{esc(visitor.say("pages.inbox.many", n="{n}"))}"></em>'
    return f'<div class="pal">{right}{keys}{none}{more if rest else ""}<span>{many}{every}{undo}</span></div>'


def _press(key: str, value: str, name: str, sign: str = "") -> str:
    return f'<button data-say="{esc(value)}" data-key="{key}" data-words="{esc(name)}"><kbd>{sign or key}</kbd>{esc(name)}</button>'


def _row(visitor: Visitor, one: Voice, tag: str) -> str:
    said = one.said.get(tag)
    told = f"✓ {words.value(visitor, tag, said.new) if said.new else visitor.say('pages.inbox.none_fits')}" if said else ""
    text = words.shown(" ".join(one.text.split())[:LINE]) or visitor.say("pages.inbox.no_words")
    channel = str(one.dims.get("channel") or visitor.say(f"pages.inbox.kind.{one.kind}"))
    when = _when(visitor, one)
    return (
        f'<div class="row" data-id="{esc(one.record_key)}" {"data-said=1" if said else ""}>'
        f'<i class="mk" data-mark role="checkbox" aria-checked="false" title="{esc(visitor.say("pages.inbox.mark"))}"></i>'
        f'<div class="w"><b title="{esc(visitor.say("pages.day_time", at=one.opened_at))}">{esc(when)}</b><span>{esc(words.shown(channel))}</span></div>'
        f'<div class="t"><b>{esc(text)}</b><div class="tags">{_tags(visitor, one, tag)}</div></div>'
        f'<div class="r"><b class="{"neg" if one.tags.get("sentiment") == "negative" else ""}">{esc(mood(visitor, one))}</b><span data-told="{esc(told)}">{esc(told)}</span></div></div>'
    )


def _when(visitor: Visitor, one: Voice) -> str:
    """The time of today, the day before."""
    tz = house().settings.centre.tz
    today = now().astimezone(tz).date() == one.opened_at.astimezone(tz).date()
    return visitor.say("pages.time" if today else "pages.inbox.day", at=one.opened_at)


def _tags(visitor: Visitor, one: Voice, tag: str) -> str:
    if one.tags.get("untagged"):
        return f'<i class="chip">{esc(visitor.say("pages.inbox.untagged." + str(one.tags["untagged"])))}</i>'
    found = [_chip(visitor, one, tag) for tag in ("issue", "demand")]
    if tag == "sentiment":
        found.append(_chip(visitor, one, tag))
    found.append(dispatch(visitor, one))
    found += [f'<i class="chip cue">{esc(words.cue(visitor, str(name)))}</i>' for name in list(one.tags.get("cues", {}))[:3]]
    if one.repeat_of:
        found.append(f'<i class="chip">{esc(visitor.say("pages.inbox.repeat." + str(one.repeat_how or "equal")))}</i>')
    return "".join(found)


def _chip(visitor: Visitor, one: Voice, tag: str) -> str:
    found = one.tag(tag)
    if found.value is None:
        return f'<i class="chip ask">{esc(visitor.say("pages.inbox.no_issue"))}</i>' if tag == "issue" else ""
    name = words.value(visitor, tag, found.value)
    if tag == "demand":
        name = visitor.say("pages.inbox.wants", what=name)
    if tag != "demand" and words.doubtful(found):
        return f'<i class="chip ask">{esc(visitor.say("pages.inbox.doubt", what=name, sure=words.sure(found)))}</i>'
    return "" if tag == "sentiment" else f'<i class="chip">{esc(name)}</i>'


def dispatch(visitor: Visitor, one: Voice) -> str:
    """To whom: one department where that is sure, else up to three."""
    choices = one.choices("department")
    if not choices:
        return ""
    names = " / ".join(words.value(visitor, "department", value) for value, _ in choices)
    return f'<i class="chip to">→ {esc(names)}</i>'


def mood(visitor: Visitor, one: Voice) -> str:
    found = one.tags.get("sentiment")
    if not found:
        return ""
    band = one.tags.get("band") or 0
    strong = visitor.say(f"pages.inbox.band.{band}") if found == "negative" and band in (1, 2, 3) else ""
    return " ".join(part for part in (words.value(visitor, "sentiment", str(found)), strong) if part)


def news() -> Any:
    """What the list sent last; the browser may send anything."""
    held: Any = st.session_state.get(KEY)
    return held.get("news") if hasattr(held, "get") else None


def picked() -> str | None:
    sent = news()
    found = sent.get("sel") if isinstance(sent, dict) else None
    return found if isinstance(found, str) else None


@cache
def _read(name: str) -> str:
    base = "#r{font-family:var(--font);color:var(--text);font-size:14px;line-height:1.45}"
    return (base if name.endswith("css") else "") + (HERE / name).read_text(encoding="utf-8")
