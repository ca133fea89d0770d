"""The rows: state in a word, how long since the last fetch against one cadence, lag, count, usual count, last problem."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fengsui.board.read import Picture
from fengsui.locale import has
from fengsui.locale.formats import MINUS
from pages.look import standing
from pages.look.house import house
from pages.look.living import living
from pages.look.pieces import esc, stamp
from pages.look.visitor import Visitor

HERE = Path(__file__).parent
MARKS = {
    "ok": ("✓ ", "c0"),
    "held": ("", ""),
    "late": ("⚠ ", "c2"),
    "gone": ("✖ ", "c3"),
    "stopped": ("✖ ", "c3"),
    "never": ("", "mut"),
    "filling": ("◔ ", "c1"),
}
COLUMNS = ("state", "source", "age", "lag", "today", "usual", "held", "problem")
Source = Mapping[str, Any]


def summary(visitor: Visitor, picture: Picture) -> str:
    sources = picture.body["sources"]
    counts = Counter(standing.name(source) for source in sources)
    parts = [visitor.say("pages.sources.count", n=len(sources))]
    parts += [visitor.say(f"pages.sources.count_{name}", n=counts[name]) for name in (*MARKS, "never_pushed") if counts[name]]
    return f'<div class="pt">{esc(visitor.say("pages.title.sources"))}<em>{esc(" · ".join(parts))}</em></div>'


def calendar(visitor: Visitor, picture: Picture) -> str:
    """The table of holidays ends soon, or has ended; empty while it reaches far enough."""
    end = picture.body["slow"].get("calendar")
    if end is None:
        return ""
    code = "pages.sources.calendar_ends" if end["days"] >= 0 else "pages.sources.calendar_ended"
    return f'<p class="cal">⚠ {esc(visitor.say(code, until=end["until"], days=abs(end["days"])))}</p>'


def rows(visitor: Visitor, picture: Picture, chosen: str | None) -> str | None:
    head = "".join(f"<span>{esc(visitor.say(f'pages.sources.column.{name}'))}</span>" for name in COLUMNS)
    body = "".join(_row(visitor, source) for source in picture.body["sources"])
    css = (HERE / "rows.css").read_text(encoding="utf-8")
    return living("source_list", f'<div class="hd">{head}</div>{body}', css, visitor, key="source_rows", sel=chosen)


def problem(visitor: Visitor, source: Source) -> str:
    """The last fault as a sentence; held rows where there is no fault; else empty."""
    if source["fault_code"]:
        params = dict(source["fault_params"] or {})
        return (
            visitor.say(source["fault_code"], **params)
            if has(visitor.lang, source["fault_code"])
            else str(source["fault_code"])
        )
    return visitor.say("pages.sources.held", n=source["held"]) if source["held"] else ""


def _row(visitor: Visitor, source: Source) -> str:
    mark, color = MARKS[source["standing"]]
    name = esc(house().settings.title(source["source"], visitor.lang))
    kind = esc(_kind_and_cadence(visitor, source))
    words = problem(visitor, source)
    behind = visitor.say("pages.span", s=source["behind_s"]) if source["behind_s"] is not None else "—"
    unknown = source["today"] is None or (source["today"] == 0 and not source["backfilled"])  # 0 of a history not read yet
    today = "—" if unknown else f"{source['today']:,.0f}"
    return (
        f'<div class="row" data-id="{esc(source["source"])}" data-host="1">'
        f'<span class="{color}">{mark}{esc(standing.words(visitor, source))}</span>'
        f"<b>{name}<small>{kind}</small></b>{_age(source)}"
        f'<span class="m">{esc(behind)}</span><span>{today}</span><span class="m">{esc(against_usual(visitor, source))}</span>'
        f'<span class="m">{source["held"] or "—"}</span><span class="e">{esc(words) or "<i>—</i>"}</span></div>'
    )


def _kind_and_cadence(visitor: Visitor, source: Source) -> str:
    """A pushed source that promised no cadence has none to show."""
    kind = _kind(visitor, source)
    return visitor.say("pages.sources.kind", kind=kind, cadence=source["cadence_s"]) if source["cadence_s"] else kind


def _kind(visitor: Visitor, source: Source) -> str:
    code = f"pages.sources.kind.{source['kind']}"
    return visitor.say(code) if has(visitor.lang, code) else str(source["kind"])


def _age(source: Source) -> str:
    """The bar is as long as three cadences, its mark stands at one; it grows with the words, in the browser."""
    if not source["last_success_at"] and not source["cadence_s"]:
        return '<div class="fr"><span>—</span></div>'
    if not source["last_success_at"]:
        return '<div class="fr"><span>—</span><div class="bar"><u style="left:33.3%"></u></div></div>'
    since = f'<span data-since="{stamp(source["last_success_at"])}" data-cadence="{source["cadence_s"]}"></span>'
    if not source["cadence_s"]:
        return f'<div class="fr">{since}</div>'
    return f'<div class="fr">{since}<div class="bar"><u style="left:33.3%"></u><i></i></div></div>'


def against_usual(visitor: Visitor, source: Source) -> str:
    """``+14%`` against the same stretch of the same weekday; from ±3 % on, below that 持平."""
    if not source["usual"] or source["today"] is None or not source["backfilled"]:
        return "—"
    change = source["today"] / source["usual"] - 1
    if abs(change) < 0.03:
        return visitor.say("pages.sources.as_usual")
    return f"{'+' if change > 0 else MINUS}{abs(change):.0%}"
