"""The figures of the wall: never a number without what it should be, its unit, and how old it is."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fengsui.board.alert import Alert
from fengsui.board.kpis import LETTERS
from fengsui.board.read import Picture
from pages.look.figures import figure, signed, together
from pages.look.pieces import badge, esc, line, stamp
from pages.look.visitor import Visitor

Tile = Mapping[str, Any]
Source = Mapping[str, Any]


def tiles(visitor: Visitor, picture: Picture, alerts: Sequence[Alert], place: str | None = None) -> str:
    sources = {source["source"]: source for source in picture.body["sources"]}
    shown = picture.view(visitor.scope, place)["tiles"]
    learning = bool(picture.body["learning"]["learning"])
    return '<div class="tiles">' + "".join(_tile(visitor, tile, alerts, sources, learning) for tile in shown) + "</div>"


def worst(tile: Tile, sources: Mapping[str, Source]) -> Source | None:
    """The source of a tile that is oldest against its own cadence: the tile is as old as that."""
    known = [sources[name] for name in tile["sources"] if name in sources and sources[name]["last_success_at"]]
    return max(known, key=lambda source: source["age_s"] / source["cadence_s"] if source["cadence_s"] else 0.0, default=None)


def tier_of(metric: str, alerts: Sequence[Alert]) -> int:
    return max((alert.tier for alert in alerts if alert.metric == metric), default=0)


def _tile(visitor: Visitor, tile: Tile, alerts: Sequence[Alert], sources: Mapping[str, Source], learning: bool) -> str:
    number, unit = figure(visitor, tile["shape"], tile["unit"], tile["value"], brief=True)
    tier = tier_of(tile["metric"], alerts)
    doubt = None if tier else _doubt(tile, learning)
    name = visitor.say(f"locale.metric.{tile['metric']}")
    color = "var(--mut)" if doubt or tile["state"] in ("no_data", "stale") else f"var(--t{tier})"
    aim = tile["target"] if tile["target"] is not None else None
    open_ = " open" if doubt else ""
    return (
        f'<div class="tile t{tier} {tile["state"]}{open_}" data-host="1"><div class="top"><span>{esc(name)}</span>{_state(visitor, tile, tier, doubt)}</div>'
        f'<div class="big"><b>{esc(number)}</b><span>{esc(unit)}</span><em>{esc(_window(visitor, tile))}</em></div>'
        f'<div class="aim"><span>{esc(_partner(visitor, tile))}</span>{_gap(visitor, tile)}</div>'
        f'<div class="cmp">{esc(_past(visitor, tile))}</div>{line(tile["spark"], color, aim, "var(--faint)", 300, 34)}'
        f'<div class="foot"><span>{esc(_sample(visitor, tile))}</span>{_age(visitor, worst(tile, sources))}</div></div>'
    )


def _state(visitor: Visitor, tile: Tile, tier: int, doubt: str | None) -> str:
    """A tier if an alert says so; else how the figure stands."""
    if doubt is None:
        return badge(visitor, tier)
    mark = "◔ " if tile.get("reading") else ""
    return f'<span class="badge off">{mark}{esc(visitor.say(doubt))}</span>'


def _sample(visitor: Visitor, tile: Tile) -> str:
    """While history is read, nothing counted yet is not a sample of 0."""
    unknown = not tile["n"] and (tile.get("reading") or tile["value"] is None)
    return visitor.say("pages.wall.n_unknown") if unknown else visitor.say("pages.wall.n", n=tile["n"])


def _doubt(tile: Tile, learning: bool) -> str | None:
    """Why a figure is not 正常 though no alert is on it: it is not there, short of its target, or nobody watches it yet."""
    if tile.get("reading"):
        return "pages.state.reading"
    if tile["state"] in ("no_data", "stale", "few"):
        return f"pages.state.{tile['state']}"
    if tile["standing"] in ("near", "missed"):
        return f"pages.standing.{tile['standing']}"
    return "pages.state.learning" if learning else None


def _window(visitor: Visitor, tile: Tile) -> str:
    if tile["shape"] == "gauge":
        return visitor.say("pages.window.now")
    words = visitor.say("pages.window.last", h=tile["window_s"] / 3600)
    letter = LETTERS.get(tile["metric"])
    return f"{words} {visitor.say('pages.kpi.letter', letter=letter)}" if letter else words


def _partner(visitor: Visitor, tile: Tile) -> str:
    for code, value in (("target", tile["target"]), ("expected", tile.get("expected"))):
        if value is not None:
            return visitor.say(f"pages.partner.{code}", value=together(visitor, tile["shape"], tile["unit"], value, brief=True))
    return visitor.say("pages.partner.none")


def _gap(visitor: Visitor, tile: Tile) -> str:
    """Coloured against a target only: a count that is a little above the usual is nothing yet, and whole like the count."""
    if tile["value"] is None:
        return ""
    if tile["target"] is None:
        usual = tile.get("expected")
        if usual is None:
            return ""
        return f"<b>{esc(signed(visitor, tile['shape'], tile['unit'], round(tile['value'] - usual), brief=True))}</b>"
    gap = tile["value"] - tile["target"]
    arrow = "▲" if gap > 0 else "▼" if gap < 0 else ""
    number, _ = figure(visitor, tile["shape"], tile["unit"], abs(gap), brief=True)
    colour = {"met": "c0", "near": "c2", "missed": "c2"}.get(tile["standing"], "")
    return f'<b class="{colour}">{arrow} {esc(number)}</b>'


def _past(visitor: Visitor, tile: Tile) -> str:
    parts = []
    for code in ("yesterday", "last_week"):
        then = tile.get(code)
        if then is not None and tile["value"] is not None:
            difference = signed(visitor, tile["shape"], tile["unit"], tile["value"] - then, brief=True)
            parts.append(visitor.say(f"pages.past.{code}", value=difference))
    return " · ".join(parts) or visitor.say("pages.past.none")


def _age(visitor: Visitor, source: Source | None) -> str:
    if source is None:
        return f"<span>{esc(visitor.say('pages.age.never'))}</span>"
    words = esc(visitor.say("pages.age.fetched", t="{t}"))
    return f'<span data-since="{stamp(source["last_success_at"])}" data-cadence="{source["cadence_s"]}" data-words="{words}"></span>'
