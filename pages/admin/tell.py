"""Changes, fields and mistakes of definitions in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from fengsui.board import conditions, targets
from fengsui.board.changes import ORDER, Change
from fengsui.board.revision import Revision, Step
from fengsui.board.wrong import Mistake
from fengsui.locale import has
from pages.look import charts
from pages.look.figures import together
from pages.look.house import house, now
from pages.look.trouble import kept
from pages.look.visitor import Visitor

_SILENT = ("lines", "days", "hours", "tiers")
"""Parts of a path that say nothing to a reader."""
MOST = 6


def change(visitor: Visitor, kind: str, id_: str, one: Change) -> str:
    where = place(visitor, one.path) or kind_name(visitor, kind)
    before, after = (value(visitor, kind, id_, one.path, each) for each in (one.before, one.after))
    if one.before is None:
        return visitor.say("pages.admin.change.new", where=where, after=after)
    if one.after is None:
        return visitor.say("pages.admin.change.gone", where=where, before=before)
    return visitor.say("pages.admin.change.other", where=where, before=before, after=after)


def step(visitor: Visitor, one: Step) -> list[str]:
    """The changes of a version, at most some of them."""
    revision = one.revision
    lines = [change(visitor, revision.kind, revision.id, each) for each in one.changes[:MOST]]
    if len(one.changes) > MOST:
        lines.append(visitor.say("pages.admin.change.more", n=len(one.changes) - MOST))
    return lines or [visitor.say("pages.admin.change.first" if revision.version == 1 else "pages.admin.change.none")]


def when(visitor: Visitor, at: datetime) -> str:
    """With the year: definitions are old."""
    return f"{charts.wall_time(at, visitor.zone):%Y-%m-%d %H:%M}"


def kind_name(visitor: Visitor, name: str) -> str:
    code = f"pages.admin.kind.{name}"
    return visitor.say(code) if has(visitor.lang, code) else name


def thing(visitor: Visitor, kind: str, id_: str, body: Mapping[str, Any]) -> str:
    """What people call it: a figure, an event, a rule; else its id."""
    if kind in ("target", "metric", "goal"):
        return visitor.say("pages.admin.metric", metric=id_)
    name = body.get("name")
    if isinstance(name, Mapping):
        return str(name.get(visitor.lang) or id_)
    return str(name or ("" if id_ == "default" else id_))


def author(visitor: Visitor, revision: Revision) -> str:
    code = f"pages.admin.by.{revision.by}"
    return visitor.say(code) if has(visitor.lang, code) else revision.by_name


def place(visitor: Visitor, path: Sequence[str | int]) -> str:
    """``("lines", "vip", "resolution")`` -> ``vip · 解决时限``."""
    parts = [_part(visitor, part) for part in path if part not in _SILENT]
    return " · ".join(part for part in parts if part)


def _part(visitor: Visitor, part: str | int) -> str:
    if isinstance(part, int):
        return visitor.say("pages.admin.part.line", n=part)
    code = f"pages.admin.part.{part}"
    if has(visitor.lang, code):
        return visitor.say(code)
    cue = f"alerts.cue.{part}"
    return visitor.say(cue) if has(visitor.lang, cue) else conditions.title(house().settings, visitor.lang, part)


def value(visitor: Visitor, kind: str, id_: str, path: Sequence[str], given: Any) -> str:
    if given is None:
        return visitor.say("pages.admin.value.none")
    if kind == "target":
        return aim(visitor, id_, given)
    if kind == "view" and path[-1:] == ("panels",):
        return panels(visitor, given)
    if kind == "matrix" and path[-1:] == ("cells",):
        return "；".join(" / ".join("".join(map(str, row)) for row in sheet) for sheet in given)
    if isinstance(given, bool):
        return visitor.say(f"pages.admin.value.{'yes' if given else 'no'}")
    if isinstance(given, Mapping):
        return _thing(visitor, given)
    if isinstance(given, list | tuple):
        return _list(visitor, path, given)
    return _scalar(visitor, path, given)


def panels(visitor: Visitor, given: Sequence[Mapping[str, Any]]) -> str:
    """What a view of the wall shows."""
    return "；".join(_panel(visitor, one) for one in given)


def _panel(visitor: Visitor, given: Mapping[str, Any]) -> str:
    about = {"metric": given["metric"]} if "metric" in given else {}
    name = visitor.say(f"pages.admin.panel.{given['kind']}" + (f".{given['level']}" if "level" in given else ""), **about)
    figures = [visitor.say(f"locale.metric.{id_}") for id_ in given.get("metrics", ())]
    return visitor.say("pages.admin.panel.of", name=name, figures=figures) if figures else name


def aim(visitor: Visitor, id_: str, given: float | None) -> str:
    """A target in the unit of its figure."""
    metric = next((one.metric for one in aims() if one.metric.id == id_), None)
    if metric is None or given is None:
        return visitor.say("pages.admin.value.none")
    return together(visitor, metric.shape, metric.unit, given)


def aims() -> list[targets.Aim]:
    return kept("aims", None, lambda: targets.aims(house().reader, now()))


def limit(visitor: Visitor, given: Mapping[str, Any] | None) -> str:
    if not given:
        return visitor.say("pages.admin.value.none")
    words = visitor.say(f"pages.admin.limit.{given['unit']}", n=given["n"])
    return words + (visitor.say("pages.admin.limit.roll") if given.get("roll") else "")


def _thing(visitor: Visitor, given: Mapping[str, Any]) -> str:
    if "unit" in given:
        return limit(visitor, given)
    if "start" in given:
        note = f" {given['note']}" if given.get("note") else ""
        return f"{str(given['start'])[:16].replace('T', ' ')} ~ {str(given['end'])[:16].replace('T', ' ')}{note}"
    return str(given.get(visitor.lang) or given.get("zh_CN") or dict(given))


def _list(visitor: Visitor, path: Sequence[str], given: Sequence[Any]) -> str:
    if not given:
        return visitor.say("pages.admin.value.closed" if "hours" in path else "pages.admin.value.none")
    joiner = " → " if path[-1:] == (ORDER,) else "、" if visitor.lang == "zh_CN" else ", "
    return joiner.join(_thing(visitor, one) if isinstance(one, Mapping) else _scalar(visitor, path, one) for one in given)


def _scalar(visitor: Visitor, path: Sequence[str], given: Any) -> str:
    last = path[-1] if path else ""
    for code in (f"pages.admin.value.{last}.{given}", f"pages.admin.day.{given}" if "days" in path else ""):
        if code and has(visitor.lang, code):
            return visitor.say(code)
    if str(last).endswith("_s") and isinstance(given, int | float):
        return visitor.say("pages.span", s=given)
    if str(last).endswith("_at"):
        try:
            return when(visitor, datetime.fromisoformat(str(given)))
        except ValueError:
            return str(given)
    return f"{given:g}" if isinstance(given, float) else str(given)


def mistake(visitor: Visitor, one: Mistake) -> str:
    """The field, and what is wrong with it."""
    where = place(visitor, one.place)
    words = visitor.say(one.code, **one.params)
    return visitor.say("pages.admin.mistake", where=where, words=words) if where else words
