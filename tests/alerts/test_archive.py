"""归档: closed alerts are found by what people read and wrote, in their scope only, and nothing is missing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from fengsui.alerts import commands
from fengsui.alerts.commands.handling import Somebody
from fengsui.board.archive import Wish, owners, search

LI, WANG = Somebody("li", "李强", "duty"), Somebody("wang", "王敏", "manager")
DAY = timedelta(days=1)


@pytest.fixture
def past(centre: Any) -> Any:
    """App in 华南 was resolved and reviewed; the whole of 华东 is open; a drill was ended."""
    for one in (LI, WANG):
        centre.person(one.person_id, one.name, one.role)
    for place, key in (("华南/广东", "channel=App|org.1=华南"), ("华东/上海", "org.1=华东")):
        centre.record(n=30, dims={"channel": "App", "org": place, "category": "支付/支付失败"})
        centre.sees(key, rule="complaints-channel", observed=30, expected=1)
        centre.advance(timedelta(minutes=1))
    south = next(row for row in centre.episodes() if "华南" in row["slice_key"])["episode_id"]
    commands.claim(centre.store, south, 0, LI, centre.now)
    commands.note(centre.store, south, 1, LI, centre.now, note="ＶＩＰ客户已安抚，网关厂商确认证书过期")
    commands.resolve(centre.store, south, 2, LI, centre.now, reason="fixed", note="换了证书")
    commands.review(centre.store, south, 3, LI, centre.now, verdict="real", cause="supplier", lesson="证书到期前一月提醒")
    commands.start_drill(centre.store, WANG, centre.now, tier=3, where={"org.1": "华南"}, scenario="支付演习", minutes=10)
    centre.advance(timedelta(minutes=11))
    return centre, south


def ids(centre: Any, scope: tuple[str, ...] = (), lang: str = "zh_CN", **wish: Any) -> list[str]:
    return [one.alert.episode_id for one in search(centre.store, scope, Wish(**wish), lang).rows]


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"words": "证书"},
        {"words": "vip 网关"},  # full width, upper case, any order
        {"words": "到期前"},  # of the lesson
        {"words": "李强"},
        {"words": "华南"},
        {"tiers": (3,)},
        {"verdict": "real"},
        {"owner": "li"},
        {"where": {"org.1": "华南"}},
        {"where": {"channel": "App"}},
    ],
    ids=str,
)
def test_it_is_found(past: Any, wish: Any) -> None:
    centre, south = past
    assert ids(centre, **wish) == [south]


@pytest.mark.parametrize(
    "wish",
    [
        {"words": "证书 物流"},  # both must be there
        {"words": "%"},
        {"words": "' or 1=1 --"},
        {"tiers": (1, 2)},
        {"verdict": "false"},
        {"verdict": "none"},
        {"owner": "wang"},
        {"where": {"org.1": "华东"}},
        {"where": {"org.2": "华南/广西"}},
    ],
    ids=str,
)
def test_and_not_by_what_it_is_not(past: Any, wish: Any) -> None:
    centre, _ = past
    assert ids(centre, **wish) == []


def test_times_are_half_open_and_open_ones_only_where_asked(past: Any) -> None:
    centre, south = past
    opened = next(row for row in centre.episodes() if row["episode_id"] == south)["opened_at"]
    assert ids(centre, start=opened) == [south] and ids(centre, end=opened) == []
    assert ids(centre, start=opened + timedelta(seconds=1)) == []
    assert len(ids(centre, closed=False)) == 2


def test_nobody_finds_what_another_organisation_had(past: Any) -> None:
    centre, south = past
    assert ids(centre, ("华南",)) == [south]
    assert ids(centre, ("华东",)) == []
    assert ids(centre, ("华东",), words="证书") == []
    assert owners(centre.store, ("华东",)) == {} and owners(centre.store, ()) == {"li": "李强"}


def test_drills_are_apart(past: Any) -> None:
    centre, south = past
    assert south not in ids(centre, nature="drill", closed=False)
    assert len(ids(centre, nature="drill", closed=False, words="支付演习")) == 1


def test_what_people_left_comes_with_it(past: Any) -> None:
    centre, _ = past
    (one,) = search(centre.store, (), Wish(), "zh_CN").rows
    assert (one.cure, one.cause, one.lesson) == ("fixed", "supplier", "证书到期前一月提醒")
    assert one.notes == ("ＶＩＰ客户已安抚，网关厂商确认证书过期", "换了证书")


def test_the_limit_counts_what_is_in_scope_and_place_only_and_is_told(past: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    centre, south = past
    east = next(row for row in centre.episodes() if "华东" in row["slice_key"])["episode_id"]
    monkeypatch.setattr("fengsui.board.archive.MOST", 1)  # two alerts, the younger one in 华东
    assert ids(centre, closed=False) == [east] and search(centre.store, (), Wish(closed=False), "zh_CN").cut
    for scope, wish in ((("华南",), {}), ((), {"where": {"org.1": "华南"}}), (("华南/广东", "华北"), {})):
        found = search(centre.store, scope, Wish(closed=False, **wish), "zh_CN")
        assert ([one.alert.episode_id for one in found.rows], found.cut) == (
            [south] if scope != ("华南/广东", "华北") else [],
            False,
        )


def test_as_many_as_are_shown_are_read_and_all_are_counted(past: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    centre, _ = past
    monkeypatch.setattr("fengsui.board.archive.AT_ONCE", 1)
    every = ids(centre, closed=False)
    for words in ("", "渠道", "app"):
        whole = search(centre.store, (), Wish(closed=False, words=words), "zh_CN")
        some = search(centre.store, (), Wish(closed=False, words=words), "zh_CN", 1)
        assert some.rows == whole.rows[:1] and some.n == whole.n == len(whole.rows)
    assert len(every) == 2
