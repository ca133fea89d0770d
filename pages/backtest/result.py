"""What came of it: alerts a week by grade, delay for what people marked, the picture; and how it becomes a rule."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from fengsui.board import backtest
from fengsui.board.backtest import Trial
from fengsui.board.requests import Asked
from pages.backtest import form
from pages.look.charts import Spec, finished, wall_time
from pages.look.house import house, now
from pages.look.pieces import esc, heading
from pages.look.tokens import TOKENS, mode
from pages.look.visitor import Visitor

HEIGHT = 300
TIERS = (3, 2, 1)
EVENTS_SHOWN = 12


def about(visitor: Visitor, asked: Asked) -> str:
    """What was tried, in one line."""
    trial = backtest.tried(asked)
    places = [visitor.say("pages.alert.place", key=key) for key in trial.slice_keys]
    where = places[0] if len(places) == 1 else visitor.say("backtest.n_places", first=places[0], n=len(places))
    detector = visitor.say(f"detectors.name.{trial.detector}")
    return visitor.say("backtest.about", metric=trial.metric, where=where, weeks=trial.weeks, detector=detector)


def panel(visitor: Visitor, asked: Asked) -> None:
    st.html(heading(visitor.say("backtest.title"), about(visitor, asked)))
    if asked.state != "done" or not asked.result or not asked.result.get("slices"):
        st.html(f'<p class="none">{esc(_why_not(visitor, asked))}</p>')
        return
    trial, found = backtest.tried(asked), asked.result["slices"]
    st.html(f'<p class="ans">{esc(_sentence(visitor, found))}</p>{_table(visitor, found)}')
    one = _chosen(visitor, found)
    st.html(
        heading(visitor.say("backtest.picture"), visitor.say("pages.alert.place", key=one["slice_key"]), _legend(visitor, one))
    )
    st.vega_lite_chart(_rows(visitor, one), _spec(visitor.lang, mode(), HEIGHT), key="bt_picture", theme=None, width="stretch")
    st.html(_events(visitor, one))
    _become(visitor, trial)


def _why_not(visitor: Visitor, asked: Asked) -> str:
    if asked.state == "cancelled":
        return visitor.say("backtest.cancelled")
    if asked.fault_code:
        return visitor.say(asked.fault_code, **(asked.result or {}).get("params", {}))
    return visitor.say("backtest.empty")


def _sentence(visitor: Visitor, found: Sequence[Mapping[str, Any]]) -> str:
    mine, ruling = _sum(found, "asked"), _sum(found, "ruling")
    if mine is None:
        return visitor.say("backtest.not_ready")
    words = visitor.say("backtest.sum", n=mine)
    return words + (visitor.say("backtest.sum_none") if ruling is None else visitor.say("backtest.sum_ruling", n=ruling))


def _sum(found: Sequence[Mapping[str, Any]], side: str) -> float | None:
    """Alerts a week over all places; None where no detector was ready."""
    known = [sum(one[side]["per_week"].values()) for one in found if one.get(side) and one[side]["per_week"]]
    return sum(known) if known else None


def _table(visitor: Visitor, found: Sequence[Mapping[str, Any]]) -> str:
    tiers = "".join(f'<th class="n">{esc(visitor.say(f"locale.tier.{tier}"))}</th>' for tier in TIERS)
    names = ("alarms", "heard", "delay", "wrong", "opened")
    heads = "".join(f'<th class="n">{esc(visitor.say(f"backtest.head.{name}"))}</th>' for name in names)
    rows = "".join(_line(visitor, one, side) for one in found for side in ("asked", "ruling"))
    first = f"<th>{esc(visitor.say('backtest.head.place'))}</th><th>{esc(visitor.say('backtest.head.side'))}</th>"
    return f'<div class="sc"><table class="tb"><tr>{first}{tiers}{heads}</tr>{rows}</table></div>'


def _line(visitor: Visitor, one: Mapping[str, Any], side: str) -> str:
    place = esc(visitor.say("pages.alert.place", key=one["slice_key"])) if side == "asked" else ""
    told = one.get(side)
    name = visitor.say(f"backtest.side.{side}")
    if told is None:
        return f'<tr class="r"><td>{place}</td><td>{esc(name)}</td><td colspan="8" class="mut">{esc(visitor.say("backtest.no_rule"))}</td></tr>'
    detector = visitor.say(f"detectors.name.{told['detector']}")
    kind = f"<td>{esc(name)}<small>{esc(detector)}{esc(visitor.say('backtest.version', n=told['rule_version']) if told['rule_id'] else '')}</small></td>"
    if not told["per_week"]:
        return f'<tr class="{"r" if side == "ruling" else ""}"><td>{place}</td>{kind}<td colspan="8" class="mut">{esc(visitor.say("backtest.not_ready"))}</td></tr>'
    numbers = "".join(f'<td class="n">{told["per_week"][str(tier)]:.1f}</td>' for tier in TIERS)
    heard = [event for event in told["events"] if event["delay_s"] is not None]
    delays = sorted(event["delay_s"] for event in heard)
    delay = visitor.say("backtest.span", s=delays[len(delays) // 2]) if delays else "—"
    of = f"{len(heard)}/{len(told['events'])}" if told["events"] else "—"
    opened = str(len(one.get("opened", []))) if side == "ruling" else ""
    cells = "".join(f'<td class="n">{esc(cell)}</td>' for cell in (len(told["alarms"]), of, delay, told["wrong"], opened))
    return f'<tr class="{"r" if side == "ruling" else ""}"><td>{place}</td>{kind}{numbers}{cells}</tr>'


def _chosen(visitor: Visitor, found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    if len(found) == 1:
        return found[0]
    picked = st.pills(
        visitor.say("backtest.head.place"),
        range(len(found)),
        default=0,
        required=True,
        format_func=lambda n: visitor.say("pages.alert.place", key=found[n]["slice_key"]),
        label_visibility="collapsed",
        key="bt_place",
    )
    return found[picked or 0]


def _legend(visitor: Visitor, one: Mapping[str, Any]) -> str:
    names = [("l1", "pages.legend.actual"), ("l2", "pages.legend.expected"), ("bt-a", "backtest.side.asked")]
    names += [("bt-r", "backtest.side.ruling")] if one.get("ruling") else []
    names += [("bt-e", "backtest.legend.event")] if one["asked"]["events"] else []
    parts = "".join(f'<span><i class="{css}"></i>{esc(visitor.say(code))}</span>' for css, code in names)
    return f'<span class="lg">{parts}</span>'


def _at(minute: float) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)


def _rows(visitor: Visitor, one: Mapping[str, Any]) -> pd.DataFrame:
    def wall(minute: float) -> pd.Timestamp:
        return pd.Timestamp(wall_time(_at(minute), visitor.zone))

    rows: list[dict[str, Any]] = [{"kind": "p", "t": wall(at), "y": y, "e": e} for at, y, e in one["points"]]
    for kind, side in (("a", "asked"), ("r", "ruling")):
        for start, end, grade in (one.get(side) or {}).get("alarms", []):
            rows.append({"kind": kind, "t": wall(start), "t2": wall(end), "grade": grade})
    rows += [{"kind": "w", "t": wall(event["start"]), "t2": wall(event["end"])} for event in one["asked"]["events"]]
    frame = pd.DataFrame(rows, columns=["kind", "t", "t2", "y", "e", "grade"])
    return frame.astype({"y": float, "e": float, "grade": float, "t2": "datetime64[ns]"})


@cache
def _spec(lang: str, theme: str, height: int) -> Spec:
    """Rows by ``kind``: ``p`` a point, ``a`` and ``r`` alarms of the one tried and of the rule in force, ``w`` what was marked."""
    token = TOKENS[theme]
    base = alt.Chart(alt.NamedData("d"))
    points = base.transform_filter("datum.kind == 'p'")
    x = alt.X("t:T", title=None, axis=alt.Axis(format="%m-%d", tickCount=9, grid=False))
    scale = alt.Scale(domain=alt.DomainUnionWith(unionWith=[0, 1]), nice=True)
    y = alt.Y("y:Q", title=None, scale=scale, axis=alt.Axis(tickCount=4, domain=False, ticks=False, format="~s"))
    marked = base.transform_filter("datum.kind == 'w'").mark_rect(color=token["t3"], opacity=0.16)
    shade = marked.encode(x=x, x2="t2:T", y=alt.value(0), y2=alt.value("height"))
    expected = points.mark_line(color=token["cmp"], strokeDash=[5, 4], strokeWidth=1.2).encode(x=x, y="e:Q")
    actual = points.mark_line(color=token["text"], strokeWidth=1.4).encode(x=x, y=y)
    colors = alt.Scale(domain=[1, 2, 3], range=[token[f"t{tier}"] for tier in (1, 2, 3)])
    color = alt.Color("grade:O", scale=colors, legend=None)

    def strip(kind: str, top: int) -> Any:
        alarms = base.transform_filter(f"datum.kind == '{kind}'").mark_rect(strokeWidth=2)  # an hour of weeks is still seen
        stroke = alt.Stroke("grade:O", scale=colors, legend=None)
        return alarms.encode(x=x, x2="t2:T", y=alt.value(top), y2=alt.value(top + 9), color=color, stroke=stroke)

    return finished(alt.layer(shade, expected, actual, strip("a", 2), strip("r", 15)), theme, height, 12)


def _events(visitor: Visitor, one: Mapping[str, Any]) -> str:
    mine, ruling = one["asked"]["events"], (one.get("ruling") or {}).get("events", [])
    if not mine:
        return f'<p class="none">{esc(visitor.say("backtest.no_events"))}</p>'
    others = {event["start"]: event for event in ruling}
    rows = "".join(
        f"<tr><td>{esc(visitor.say('backtest.at', at=_at(event['start']), day=_at(event['start'])))}</td>"
        f'<td class="n">{esc(_heard(visitor, event))}</td><td class="n">{esc(_heard(visitor, others.get(event["start"])))}</td></tr>'
        for event in mine[:EVENTS_SHOWN]
    )
    heads = f"<th>{esc(visitor.say('backtest.head.event'))}</th>" + "".join(
        f'<th class="n">{esc(visitor.say(f"backtest.side.{side}"))}</th>' for side in ("asked", "ruling")
    )
    return f'<div class="sc"><table class="tb"><tr>{heads}</tr>{rows}</table></div>'


def _heard(visitor: Visitor, event: Mapping[str, Any] | None) -> str:
    if event is None:
        return "—"
    if event["delay_s"] is None:
        return visitor.say("backtest.missed")
    return visitor.say("backtest.after", s=event["delay_s"], tier=visitor.say(f"locale.tier.{event['grade']}"))


def _become(visitor: Visitor, trial: Trial) -> None:
    with st.container(key="bt_become", horizontal=True, vertical_alignment="bottom"):
        st.button(
            visitor.say("backtest.watch"),
            key="bt_watch",
            on_click=form.watch,
            args=(trial,),
            help=visitor.say("backtest.watch_hint"),
        )
        if visitor.person.role in form.ADMIN and not visitor.scope:
            seen = backtest.ruling(house().reader, trial.metric, trial.slice_keys[0], now(), trial.detector)
            if seen is not None:
                st.text_input(
                    visitor.say("pages.admin.save.reason"),
                    key="bt_reason",
                    max_chars=200,
                    placeholder=visitor.say("backtest.reason_hint"),
                )
                label = visitor.say(
                    "backtest.adopt", name=seen.body.name.model_dump()[visitor.lang if visitor.lang == "en" else "zh_CN"]
                )
                st.button(label, key="bt_adopt", type="primary", on_click=form.adopt, args=(trial, seen))
