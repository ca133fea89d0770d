"""Is the house well: how long each round took, who leads, disk, notices, and what went wrong last."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import streamlit as st

from fengsui.board import read
from fengsui.board.read import Running
from fengsui.board.read.running import Trouble
from fengsui.locale import has
from pages.look import charts, standing, trouble
from pages.look.dress import dress
from pages.look.house import house, now
from pages.look.living import living
from pages.look.pictures import every, newest
from pages.look.pieces import esc, heading, stamp
from pages.look.tokens import mode
from pages.look.visitor import Visitor, require_role

HERE = Path(__file__).parent
READERS = frozenset({"manager", "admin", "analyst"})
SLOW_S = 5.0
SILENT_S = 60
GIB = 2**30


def page() -> None:
    require_role(READERS)
    dress(sheet=HERE / "running.css")
    st.fragment(trouble.guarded(_live), run_every=every())()


def _live() -> None:
    visitor = require_role(READERS)
    found = trouble.kept("running", None, lambda: read.running(house().reader, house().settings.home, now()))
    css = (HERE / "boxes.css").read_text(encoding="utf-8")
    st.html(f'<div class="pt">{esc(visitor.say("pages.title.running"))}<em>{esc(_sentence(visitor, found))}</em></div>')
    with st.container(border=True, key="p_boxes"):
        living("running_boxes", _boxes(visitor, found), css, visitor, key="boxes")
    left, right = st.columns([760, 636], gap="small")
    with left:
        with st.container(border=True, key="p_ticks"):
            _ticks(visitor, found)
        with st.container(border=True, key="p_low_lags", height="stretch"):
            st.html(_lags(visitor))
    with right, st.container(border=True, key="p_low_events", height="stretch"):
        st.html(_events(visitor, found))


def _sentence(visitor: Visitor, found: Running) -> str:
    if found.seen_at is None:
        return visitor.say("pages.running.never")
    age = (now() - found.seen_at).total_seconds()
    state = "silent" if age >= SILENT_S else "faulty" if found.faulty else "well"
    return visitor.say(f"pages.running.{state}", span=age, tick=_last(found))


def _last(found: Running) -> int:
    return found.ticks[-1].tick if found.ticks else 0


def _boxes(visitor: Visitor, found: Running) -> str:
    disk = found.disk
    queue = found.ticks[-1].counts.get("waiting", 0) if found.ticks else None
    seen = f'<b data-since="{stamp(found.seen_at)}"></b>' if found.seen_at else "<b>—</b>"
    since = visitor.say("pages.running.leads", span=(now() - found.leader_since).total_seconds()) if found.leader_since else ""
    ago = esc(visitor.say("pages.age.ago", t="{t}"))
    alive = f'<b data-since="{stamp(found.alive_at)}" data-words="{ago}"></b>' if found.alive_at else "<b>—</b>"
    boxes = [
        ("leader", f"<b>{esc(found.leader or '—')}</b>", since),
        ("seen", seen, visitor.say("pages.running.limit", s=60)),
        (
            "queue",
            f"<b>{'—' if queue is None else queue}</b>",
            visitor.say("pages.running.queue_limit", n=house().settings.limits.queue_batches),
        ),
        ("undelivered", f'<b class="{"c3" if found.undelivered else ""}">{found.undelivered}</b>', _sent(visitor, found)),
        ("disk", f"<b>{disk.used_share:.0%}</b>", visitor.say("pages.running.free", gib=disk.free / GIB)),
        ("alive", alive, visitor.say("pages.running.daily")),
        ("heartbeat", *_beat(visitor, found)),
    ]
    cells = "".join(
        f"<div><span>{esc(visitor.say(f'pages.box.{name}'))}</span>{value}<small>{esc(second)}</small></div>"
        for name, value, second in boxes
    )
    return f'<div class="stt">{cells}</div>'


def _beat(visitor: Visitor, found: Running) -> tuple[str, str]:
    """The figure and its second line: off, none yet, not taken (and why), or how long ago it was taken."""
    settings, beat = house().settings.heartbeat, found.beat
    if not settings.url:
        return "<b>—</b>", visitor.say("pages.running.beat_off")
    often = visitor.say("pages.running.beat_every", s=settings.every.total_seconds())
    if beat is None:
        return "<b>—</b>", visitor.say("pages.running.beat_none")
    ago = esc(visitor.say("pages.age.ago", t="{t}"))
    at = f'<b data-since="{stamp(beat.at)}" data-words="{ago}"></b>' if beat.at else '<b class="c3">✖</b>'
    failed = visitor.say("pages.running.beat_failed", fault=beat.fault, n=beat.failed_n) if beat.failed_n else ""
    return at, failed or often


def _sent(visitor: Visitor, found: Running) -> str:
    return visitor.say("pages.running.sent", n=found.notices.get("sent", 0))


def _ticks(visitor: Visitor, found: Running) -> None:
    shown = [tick for tick in found.ticks if tick.seconds is not None]
    st.html(heading(visitor.say("pages.running.ticks"), visitor.say("pages.running.ticks_second", n=len(shown))))
    if not shown:
        st.html(f'<p class="none">{esc(visitor.say("pages.state.no_data"))}</p>')
        return
    rows = [{"x": charts.wall_time(tick.now, visitor.zone).strftime("%H:%M:%S"), "y": tick.seconds} for tick in shown]
    spec = charts.bars(visitor.lang, mode(), 380, SLOW_S)
    st.vega_lite_chart(pd.DataFrame(rows), spec, key="ticks", theme=None, width="stretch")


def _lags(visitor: Visitor) -> str:
    picture = newest()
    head = heading(visitor.say("pages.running.lags"), visitor.say("pages.running.lags_second"))
    rows = "".join(_lag(visitor, source) for source in (picture.body["sources"] if picture else []))
    return f'{head}<div class="lags">{rows or esc(visitor.say("pages.state.no_data"))}</div>'


def _lag(visitor: Visitor, source: dict[str, float]) -> str:
    name = house().settings.title(str(source["source"]), visitor.lang)
    behind = visitor.say("pages.span", s=source["behind_s"]) if source["behind_s"] is not None else "—"
    cadence = visitor.say("pages.running.cadence", s=source["cadence_s"]) if source["cadence_s"] else ""
    state = standing.words(visitor, source)
    return f"<div><b>{esc(name)}</b><span>{esc(state)}</span><span>{esc(cadence)}</span><em>{esc(behind)}</em></div>"


def _events(visitor: Visitor, found: Running) -> str:
    rows = "".join(_event(visitor, trouble) for trouble in found.troubles)
    body = rows or f'<p class="none">✓ {esc(visitor.say("pages.running.no_events"))}</p>'
    return heading(visitor.say("pages.running.events"), visitor.say("pages.running.events_second")) + f"<div>{body}</div>"


def _event(visitor: Visitor, trouble: Trouble) -> str:
    words = visitor.say(trouble.code, **trouble.params) if has(visitor.lang, trouble.code) else trouble.code
    subject = f"{house().settings.title(trouble.subject, visitor.lang)}：" if trouble.subject else ""
    often = f"<em>{esc(visitor.say('pages.running.often', n=trouble.n))}</em>" if trouble.n > 1 else ""
    return f'<div class="lg2"><span class="faint num">{esc(_when(visitor, trouble.at))}</span><span>{esc(subject)}{esc(words)}</span>{often}</div>'


def _when(visitor: Visitor, at: datetime) -> str:
    today = charts.wall_time(now(), visitor.zone).date() == charts.wall_time(at, visitor.zone).date()
    return visitor.say("pages.time" if today else "pages.day_time", at=at)
