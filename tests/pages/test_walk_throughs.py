"""Three real days, from the alert to the right slice or words in at most three clicks, in a browser.

F06 a browser stops working all over the world, F05 people are angry at a redesign, B01 a hurricane. Needs the folder of
``FENGSUI_REAL_DATA`` (real records are no part of this repository). The weeks before are read as first history, a few hours
are played through the real road. Pictures go to ``FENGSUI_PICTURES``, without what anybody wrote.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from fengsui.alerts.seeds.rules import rules_for
from fengsui.board import snapshot
from fengsui.people.session import token_hash
from fengsui.replay.main import Stage
from fengsui.settings import parse
from fengsui.store import tables as t
from fengsui.store.tables import episode
from tests.pages.conftest import Server, free_port
from tests.pages.test_browser import browser, screen

__all__ = ["browser", "screen"]
pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(600)]
MAPPINGS = Path(__file__).parents[2] / "benchmarks" / "real_events"
SUMO, BOSTON = ("sumo_firefox_2020-10_2022-12.csv.gz", "sumo.toml"), ("boston311_2011-07_2011-12.csv.gz", "boston311.toml")
HIDDEN = ".st-key-p_low_said{visibility:hidden!important}"


@dataclass(frozen=True)
class Day:
    """``live``: from here on it is played minute by minute; ``start``: history before it."""

    file: tuple[str, str]
    start: str
    live: str
    end: str
    rule: str
    place: str


F06 = Day(SUMO, "2021-12-16T07:30", "2022-01-13T07:00", "2022-01-13T09:15", "complaints-all", "all")
F05 = Day(SUMO, "2021-05-04T12:00", "2021-06-01T13:00", "2021-06-02T18:00", "complaints-all", "all")
B01 = Day(BOSTON, "2011-07-31T07:00", "2011-08-28T08:00", "2011-08-28T14:30", "complaints-channel", "channel=phone")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@contextmanager
def walked(day: Day, home: Path) -> Iterator[tuple[Server, str]]:
    """A house in which the day has happened, and the alert on it."""
    folder = os.environ.get("FENGSUI_REAL_DATA")
    if not folder:
        pytest.skip("FENGSUI_REAL_DATA names no folder with the real records")
    mapping = MAPPINGS / day.file[1]
    home.mkdir()
    file = Path(folder) / day.file[0]
    stage = Stage(file, mapping, home, at(day.start), at(day.end), _only(day, mapping, home), at(day.live))
    for now in stage.play():
        last = now
    mine = (episode.c.rule_id == day.rule) & (episode.c.slice_key == day.place)
    with stage.store.begin() as conn:
        alert = conn.execute(
            select(episode.c.episode_id).where(mine).order_by(episode.c.started_at.desc()).limit(1)
        ).scalar_one()
        person = {"person_id": "wang", "name": "王敏", "role": "manager", "scope": [], "active": True, "created_at": last}
        conn.execute(insert(t.person).values(**person, lang="zh_CN"))
        until = {"created_at": last, "expires_at": datetime.now(UTC) + timedelta(days=1)}
        conn.execute(insert(t.session).values(token_hash=token_hash("walk"), person_id="wang", **until))
    snapshot.build(stage.store, stage.settings, 1, last, lambda conn: None)
    stage.close()
    (home / "fengsui.toml").write_text(_as_connected(mapping.read_text(encoding="utf-8")), encoding="utf-8")
    server = Server(home, free_port())
    server.start()
    try:
        yield server, alert
    finally:
        server.stop()


def _only(day: Day, mapping: Path, home: Path) -> Path:
    """The rule that raised the alert; the others of the house are off: what they would learn of the weeks before is most of a
    replay's work, and no click leads there."""
    house = parse(mapping.read_text(encoding="utf-8"), home, os.environ)
    every = rules_for(house.cuboids, house.engine.max_head_series)
    off = [{"kind": "rule", "id": id_, "body": {**body, "mode": "off"}} for id_, body in every.items() if id_ != day.rule]
    assert len(off) == len(every) - 1, day.rule
    path = home / "rules.json"
    path.write_text(json.dumps(off), encoding="utf-8")
    return path


def _as_connected(text: str) -> str:
    """The mapping of a replay as the settings of a house whose source is switched off: only its past is looked at."""
    without = re.sub(r"\[replay\].*?(?=\n\[)", "", text, flags=re.DOTALL)
    options = 'url = "sqlite:///history.db", table = "history", id_column = "row_id", cursor_column = "updated_at"'
    return without.replace('purpose = "replay"', f'purpose = "past"\nenabled = false\noptions = {{ {options} }}')


def from_the_alert(screen: Any, server: Server, alert: str) -> None:
    """The first click: 探查原因."""
    screen.context.add_cookies([{"name": "fengsui", "value": "walk", "url": server.url}])
    screen.goto(f"{server.url}/alerts?id={alert}", wait_until="domcontentloaded")
    link = screen.get_by_role("link", name="探查原因")
    link.wait_for(timeout=90_000)
    link.click()
    screen.wait_for_selector(".an p", timeout=90_000)
    screen.wait_for_selector(".bu", timeout=60_000)


def kept(screen: Any, name: str) -> None:
    """A picture without the words of people."""
    if folder := os.environ.get("FENGSUI_PICTURES"):
        screen.set_viewport_size({"width": 1920, "height": 1080})
        screen.add_style_tag(content=HIDDEN)
        screen.wait_for_timeout(1500)
        screen.screenshot(path=str(Path(folder) / f"{name}.png"))


def phrases(screen: Any) -> list[str]:
    return [text.casefold() for text in screen.locator(".bu > div:not(.bh) > span").all_inner_texts()]


def test_an_outage_is_everywhere_and_the_words_say_what_fails(screen: Any, tmp_path: Path) -> None:
    """F06: no topic, no slice: one click to "everything rises", whatever rises most, and to pages that do not load."""
    with walked(F06, tmp_path / "house") as (server, alert):
        from_the_alert(screen, server, alert)
        assert "各处" in screen.locator(".an p").inner_text()
        assert any(re.search("load|working|internet", one) for one in phrases(screen)[:5])
        kept(screen, "explore-outage")


def test_a_redesign_is_named_by_the_words_of_those_who_dislike_it(screen: Any, tmp_path: Path) -> None:
    """F05: release day of a new look; the words name what changed."""
    with walked(F05, tmp_path / "house") as (server, alert):
        from_the_alert(screen, server, alert)
        found = phrases(screen)
        assert any(re.search(r"proton|design|look|\btabs?\b|theme|interface|spacing|revert", one) for one in found), found
        kept(screen, "explore-redesign")


def test_a_hurricane_is_found_in_two_clicks(screen: Any, tmp_path: Path) -> None:
    """B01: the alert is on calls by phone; without that condition the slice of the fallen trees is named."""
    with walked(B01, tmp_path / "house") as (server, alert):
        from_the_alert(screen, server, alert)
        assert any("tree" in one for one in phrases(screen)[:3])
        screen.locator('a[data-id="drop:channel"]').click()
        screen.wait_for_url(re.compile("at=all"), timeout=60_000)
        screen.wait_for_selector('[data-id="into:category=Tree Emergencies"]', timeout=60_000)
        screen.wait_for_selector('.row.on b[data-id="into:category=Tree Emergencies"]', timeout=10_000)
        assert "Tree Emergencies" in screen.locator(".an p").inner_text()
        kept(screen, "explore-hurricane")
