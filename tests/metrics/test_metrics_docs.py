"""docs/metrics.md explains every measure and every metric, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from fengsui.board.beside import BESIDE
from fengsui.locale import say
from fengsui.metrics.catalogue import METRICS
from fengsui.metrics.measures import MEASURES
from fengsui.text.cues import CUES

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")


def table(heading: str) -> dict[str, list[str]]:
    """First cell's names -> the cells of their row."""
    part = PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
    return {name: cells for cells in lines for name in re.findall(r"`([^`]+)`", cells[0])}


def test_every_measure_has_its_row_with_its_grain() -> None:
    found = {name: cells for name, cells in table("Measures").items() if not name.startswith((".", "m."))}
    assert found.keys() == {measure.id for measure in MEASURES}
    for measure in MEASURES:
        assert ("yes" in found[measure.id][3]) is measure.minutes, measure.id
        assert measure.width in found[measure.id][4], measure.id


def test_every_metric_has_its_row_with_formula_and_direction() -> None:
    found = table("Metrics")
    assert found.keys() == METRICS.keys()
    for metric in METRICS.values():
        assert metric.good in found[metric.id][2], metric.id
        assert all(name in found[metric.id][1] for name in metric.measures() if not metric.gauge), metric.id


def test_every_figure_beside_the_roll_ups_has_its_row() -> None:
    found = table("Figures beside the roll-ups")
    metrics = {metric.id: metric for group in BESIDE.values() for metric in group}
    assert found.keys() == metrics.keys()
    assert all(metric.good in found[id_][2] for id_, metric in metrics.items())


def test_what_is_shown_has_words_in_both_languages() -> None:
    codes = [f"locale.metric.{metric}" for metric in METRICS]
    codes += [f"metrics.state.{state}" for state in ("ok", "provisional", "few", "no_data", "stale")]
    codes += [f"metrics.unit.{metric.unit}" for metric in METRICS.values()]
    codes += [f"text.cue.{cue}" for cue in CUES]
    codes += [f"text.sentiment.{tone}" for tone in ("negative", "neutral", "positive")]
    for lang in ("zh_CN", "en"):
        assert [code for code in codes if say(lang, code).startswith("«")] == []


def test_the_catalogue_and_the_words_name_a_metric_the_same() -> None:
    for metric in METRICS.values():
        for lang in ("zh_CN", "en"):
            assert say(lang, f"locale.metric.{metric.id}") == metric.names[lang]
