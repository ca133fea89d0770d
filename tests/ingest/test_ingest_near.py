"""Nearly equal texts point at the first of them, the same after a restart, and never at what was erased or not stored."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from fengsui.board.read.cleaning import cleaned
from fengsui.ingest import bulk, near
from fengsui.ingest.erase import erase
from fengsui.ingest.take import Ingest
from fengsui.store.tables import feedback, feedback_text

SAID = "转发有礼：凡转发本条消息到三个群并截图发给客服，均可领取现金红包"
OTHER = "我的包裹三天没有更新物流，客服说已经送到，到现在也没有收到"


def links(store: Engine) -> dict[str, tuple[str | None, str | None]]:
    with store.connect() as conn:
        rows = conn.execute(select(feedback.c.record_key, feedback.c.repeat_of, feedback.c.repeat_how))
        return {row.record_key.partition(":")[2]: (row.repeat_of, row.repeat_how) for row in rows}


def edited(n: int, text: str = SAID) -> str:
    draw, chars = Random(n), list(text)
    chars[draw.randrange(len(chars))] = draw.choice("的了吧")
    return "".join(chars)


def test_near_texts_point_at_the_first_and_equal_ones_of_a_near_one_too(
    store: Engine, take: Callable[..., Any], centre: SimpleNamespace
) -> None:
    changed = SAID.replace("三个群", "五个群")
    take(centre.feedback("1", 1, text=SAID), centre.feedback("2", 2, text=changed), centre.feedback("3", 3, text=OTHER))
    take(centre.feedback("4", 4, text=changed), centre.feedback("5", 5, text=SAID), centre.feedback("6", 6), tick=2)
    take(centre.feedback("7", 7, text=SAID + "快来"), tick=3, source="calls")
    old = centre.now - timedelta(days=2)
    take(centre.feedback("8", text=SAID + "呀呀", opened_at=old, updated_at=old), tick=4)
    first = "tickets:1"
    assert links(store) == {
        "1": (None, None),
        "2": (first, "near"),
        "3": (None, None),
        "4": (first, "near"),
        "5": (first, "equal"),
        "6": (None, None),
        "7": (None, None),
        "8": (None, None),
    }
    found = cleaned(store, centre.now - timedelta(days=1), centre.now)[1]
    assert found.source == "tickets" and [round(one.value * one.n) for one in (found.equal, found.near)] == [1, 2]
    take(centre.feedback("2", 2, text=OTHER + "了", updated_at=centre.now), tick=5)
    take(centre.feedback("1", 1, updated_at=centre.now), tick=6)
    assert links(store)["2"] == ("tickets:3", "near") and links(store)["1"] == (None, None)
    take(centre.feedback("9", 9, text=edited(1)), tick=7)
    assert links(store)["9"] == (None, None), "its first one says nothing any more, and nobody else's root speaks for it"


@pytest.mark.parametrize("fresh", [False, True], ids=["one worker", "a new worker each time"])
def test_a_restart_finds_the_same(
    store: Engine, centre: SimpleNamespace, no_fence: Any, fresh: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(near, "MOST", 12)
    draw, ingest = Random(3), None
    for tick in range(1, 13):
        if fresh or ingest is None:
            ingest = Ingest(store, centre.settings, centre.keys)
        texts = [edited(draw.randrange(10**6), draw.choice((SAID, OTHER, f"{draw.randrange(10**9)} 号订单 {draw.random()}")))
                 for _ in range(4)]  # fmt: skip
        batch = [centre.feedback(f"{tick}-{n}", 5 * tick + n, text=text) for n, text in enumerate(texts)]
        gone = (f"{tick - 1}-1",) if tick % 4 == 0 else ()
        ingest.take("tickets", centre.batch(*batch, gone=gone), tick, centre.now, no_fence)
    found = links(store)
    counted = {how: sum(one == how for _, one in found.values()) for how in (None, "equal", "near")}
    assert counted["near"] > 15 and counted[None] > 10
    assert found == _BEFORE.setdefault(store.dialect.name, found)


_BEFORE: dict[str, Any] = {}


def test_nothing_points_at_what_was_erased_or_not_stored(
    store: Engine, ingest: Ingest, take: Callable[..., Any], centre: SimpleNamespace, no_fence: Any
) -> None:
    take(centre.feedback("1", 1, text=SAID))
    erase(store, centre.settings, centre.keys, "admin", "asked", centre.now, no_fence, record_key="tickets:1")
    ingest.forget_texts()

    def lost(_conn: Any) -> None:
        raise RuntimeError("the lead is lost")

    with pytest.raises(RuntimeError):
        ingest.take("tickets", centre.batch(centre.feedback("2", 2, text=edited(2))), 2, centre.now, lost)
    take(centre.feedback("3", 3, text=edited(3)), tick=3)
    assert links(store) == {"3": (None, None)}


FORM = "宽带无法上网，已经重启过光猫，要求今天之内上门维修，订单号 {}"


def test_a_form_of_ones_own_is_no_copy_of_one_from_before_own_numbers_were_told_apart(
    store: Engine, take: Callable[..., Any], centre: SimpleNamespace
) -> None:
    """Rows of an older program have no ``own_hash``: neither years ago nor within the day are they the root of new forms."""

    def form(n: int, minute: float, **changes: Any) -> Any:
        text = f"客户王先生来电，电话 {13800000000 + n}，宽带断了三天没人来修"
        return centre.feedback(str(n), minute, text=text, customer=f"c{n}", **changes)

    old = centre.now - timedelta(days=90)
    take(form(1, 0, opened_at=old, updated_at=old), form(2, 0))
    with store.begin() as conn:
        conn.execute(update(feedback_text).values(own_hash=None))
    again = Ingest(store, centre.settings, centre.keys)
    batch = centre.batch(form(3, 3), form(4, 4), centre.feedback("5", 5, text=form(3, 3).text, customer="c3"))
    again.take("tickets", batch, 2, centre.now, lambda _conn: None)
    found = links(store)
    assert found["3"] == found["4"] == (None, None) and found["5"] == ("tickets:3", "equal")


def test_of_a_form_that_many_filled_in_only_ones_own_is_read(
    store: Engine, take: Callable[..., Any], centre: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def form(name: str, n: int) -> Any:
        text = f"客户王先生来电，电话 {13800000000 + n}，宽带断了三天没人来修"
        return centre.feedback(name, n, text=text, customer=f"c{n}")

    take(*(form(str(n), n) for n in range(40)))
    read, rows_in = [], bulk.rows_in

    def counted(*given: Any) -> Any:
        for row in rows_in(*given):
            read.append(row)
            yield row

    monkeypatch.setattr(bulk, "rows_in", counted)
    take(form("new", 41), form("again", 7), tick=2)
    assert [row["record_key"] for row in read if "own_hash" in row] == ["tickets:7"]
    assert links(store)["again"] == ("tickets:7", "equal") and links(store)["new"] == (None, None)


def test_a_chain_of_near_texts_does_not_join_two_peoples_forms(
    store: Engine, take: Callable[..., Any], centre: SimpleNamespace
) -> None:
    """The variant between them gave no number; and a variant held from an older program points at another one's form."""
    blank = FORM.format("")
    first, second = (centre.feedback(f"{n}", 2 * n, text=FORM.format(30000000 + n), customer=f"c{n}") for n in (1, 2))
    take(first, centre.feedback("between", 3, text=blank, customer="c3"), second)
    assert links(store)["1"] == links(store)["2"] == (None, None)
    one = near.prints([blank])[0]
    window = near.Window(centre.now)
    window.hold("a", near.Held(centre.now, one, "a", "hers"))
    window.hold("b", near.Held(centre.now, one, "a", "his"))
    assert window.first("c", centre.now, one, "his") == "c"
    assert window.first("d", centre.now, one, "hers") == "a"
