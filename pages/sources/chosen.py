"""The chosen source: what happened, what is safe, how much came each hour; and what could not be read at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from fengsui.board.read import SourceDetail
from fengsui.board.read.completeness import PLAIN, Completeness
from fengsui.board.read.sources import Held
from fengsui.locale import has
from pages.look import charts, standing
from pages.look.house import house
from pages.look.pieces import esc, heading
from pages.look.tokens import mode
from pages.look.visitor import Visitor
from pages.sources import ask
from pages.sources.listing import problem

Source = Mapping[str, Any]


def panel(visitor: Visitor, source: Source, found: SourceDetail, filled: Completeness) -> None:
    title = house().settings.title(source["source"], visitor.lang)
    st.html(heading(title, standing.words(visitor, source)) + f'<p class="pr">{_story(visitor, source)}</p>')
    st.html(heading(visitor.say("pages.sources.hours"), visitor.say("pages.unit.item"), esc(_coverage(visitor, found))))
    rows = [{"x": charts.wall_time(at, visitor.zone).strftime("%H"), "y": n} for at, n in found.hours]
    st.vega_lite_chart(pd.DataFrame(rows), charts.bars(visitor.lang, mode(), 300), key="hours", theme=None, width="stretch")
    st.html(f'<p class="foot">{esc(_polls(visitor, found))}</p>{_fields(visitor, filled)}')
    if visitor.handles and not source["pushed"]:
        with st.container(key="sb", horizontal=True):
            st.button(visitor.say("pages.sources.poll_now"), key="poll_now", on_click=ask.poll_now, args=(source["source"],))
            st.button(visitor.say("pages.sources.sweep"), key="sweep", on_click=ask.sweep, args=(source["source"],))


def _story(visitor: Visitor, source: Source) -> str:
    words = problem(visitor, source) if source["fault_code"] else ""
    purpose = esc(visitor.say("pages.sources.purpose", purpose=house().settings.sources[source["source"]].purpose))
    if not words:
        state = "well" if source["standing"] in ("ok", "held") else source["standing"]
        state = {"well": "pushed", "never": "pushed_never"}.get(state, state) if source["pushed"] else state
        return f"<b>{esc(visitor.say(f'pages.story.{state}'))}</b> {purpose}"
    since = visitor.say("pages.story.since", at=source["fault_since"], n=source["fault_n"]) if source["fault_since"] else ""
    following = visitor.say("pages.story.next", at=source["next_poll_at"]) if source["next_poll_at"] else ""
    safe = visitor.say("pages.story.stopped_safe" if source["fault"] == "config" else "pages.story.safe")
    return f"<b>{esc(words)}</b> {esc(since)}{esc(following)}{esc(safe)} {purpose}"


def _coverage(visitor: Visitor, found: SourceDetail) -> str:
    if not found.coverage:
        return ""
    theirs, ours = sum(day.theirs for day in found.coverage), sum(day.ours for day in found.coverage)
    share = ours / theirs if theirs else 1.0
    return visitor.say("pages.sources.coverage", share=share, days=len(found.coverage))


def _polls(visitor: Visitor, found: SourceDetail) -> str:
    if not found.polls:
        return visitor.say("pages.sources.no_polls")
    seconds = sorted(poll.seconds for poll in found.polls)
    new = sum(poll.new_n for poll in found.polls)
    words = visitor.say("pages.sources.polls", n=len(seconds), new=new, median=seconds[len(seconds) // 2], longest=seconds[-1])
    if found.swept_at:
        words += visitor.say("pages.sources.swept", at=found.swept_at, n=found.missed)
    return words


def _fields(visitor: Visitor, filled: Completeness) -> str:
    """Which fields are filled, the emptiest first."""
    if not filled.n:
        return ""
    shares = [visitor.say("pages.sources.filled", field=_field(visitor, name), share=share) for name, share in filled.shares]
    words = visitor.say("pages.sources.fields", n=filled.n) + visitor.say("pages.sources.and").join(shares)
    if filled.never:
        missing = visitor.say("pages.sources.and").join(_field(visitor, name) for name in filled.never)
        words += visitor.say("pages.sources.never_filled", fields=missing)
    return f'<p class="foot">{esc(words)}</p>'


def _field(visitor: Visitor, name: str) -> str:
    if name in PLAIN:
        return visitor.say(f"pages.sources.field.{name}")
    return house().settings.dimension(name).title.say(visitor.lang)


def quarantine(visitor: Visitor, held: Sequence[Held]) -> str:
    total = sum(one.n for one in held)
    right = esc(visitor.say("pages.quarantine.rows", n=total)) if total else ""
    head = heading(visitor.say("pages.quarantine.title"), visitor.say("pages.quarantine.second"), right)
    if not held:
        return head + f'<p class="pr">✓ {esc(visitor.say("pages.quarantine.none"))}</p>'
    rows = "".join(_held(visitor, one) for one in held[:6])
    days = house().settings.retention.quarantine_days
    return f'{head}<div>{rows}</div><p class="kept">{esc(visitor.say("pages.quarantine.kept", days=days))}</p>'


def _held(visitor: Visitor, one: Held) -> str:
    words = visitor.say(one.code, **one.params) if has(visitor.lang, one.code) else one.code
    title = house().settings.title(one.source, visitor.lang)
    at = visitor.say("pages.alerts.since", at=one.first_at)
    n = visitor.say("pages.quarantine.rows", n=one.n)
    return f'<div class="q"><b>{esc(n)}</b><div>{esc(words)}<small>{esc(title)}</small></div><span>{esc(at)}</span></div>'
