"""系统告警: each kind after its own time, a storm as one, told to administrators, over by itself, and in no figure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, insert, select, update

from fengsui.alerts import definitions
from fengsui.alerts.seed import seed
from fengsui.alerts.system import Held, Ill, Look, decide, stand
from fengsui.board import loop
from fengsui.board.alert import alerts, select_alerts
from fengsui.board.read import lasting, system_alerts
from fengsui.notify.deliver import deliver
from fengsui.notify.message import Frame, message
from fengsui.notify.undelivered import undelivered
from fengsui.settings.model import Notify, Settings
from fengsui.store import tables as t
from fengsui.worker.vitals import watch

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TITLE = {"zh_CN": "话题", "en": "Topic"}
NAMES = ("phone", "mail", "app", "shop", "bank", "web", "chat", "sms", "desk")
ROOM = (1000, 900)


class House:
    def __init__(self, store: Engine, home: Path, no_fence: Any) -> None:
        sources = {name: {"kind": "sql", "purpose": "test", "cadence": "1min"} for name in NAMES}
        self.store, self.fence, self.now, self.disk = store, no_fence, NOW, ROOM
        self.settings = Settings.model_validate({"home": home, "source": sources})
        with store.begin() as conn:
            seed(conn, self.settings, NOW - timedelta(days=1))
            for name in NAMES:
                row = {"rows_n": 1, "bad_n": 0, "fault_n": 0, "backfilled": True, "more": False}
                conn.execute(insert(t.source_state).values(source=name, last_success_at=NOW, **row))

    def look(self, minutes: int = 1, *, well: tuple[str, ...] = NAMES) -> None:
        """So many minutes, one look each; ``well``: sources that deliver meanwhile."""
        for _ in range(minutes):
            self.now += MINUTE
            with self.store.begin() as conn:
                mine = t.source_state.c.source.in_(well)
                conn.execute(update(t.source_state).where(mine).values(last_success_at=self.now))
            watch(self.store, self.settings, self.now, self.fence, lambda place: self.disk)

    def tick(self, n: int, at: datetime, seconds: float | None = 0.1) -> None:
        with self.store.begin() as conn:
            conn.execute(insert(t.tick).values(tick=n, now=at, seconds=seconds, counts={}))

    def told(self) -> list[str]:
        with self.store.connect() as conn:
            rows = conn.execute(select(t.outbox).where(t.outbox.c.kind == "system").order_by(t.outbox.c.created_at)).all()
        assert {row.recipient for row in rows} <= {"admin"}
        return [row.code.rpartition(".")[2] for row in rows]


@pytest.fixture
def house(store: Engine, tmp_path: Path, no_fence: Any) -> House:
    return House(store, tmp_path, no_fence)


def test_while_all_is_well_there_is_nothing(house: House) -> None:
    house.look(30)
    assert house.told() == [] and system_alerts(house.store, house.now) == []


def test_a_source_that_is_down_is_told_after_its_time_once_and_when_it_is_over(house: House) -> None:
    rest = tuple(name for name in NAMES if name != "phone")
    house.look(10, well=rest)
    assert house.told() == []  # late after two minutes, and then its own ten
    house.look(5, well=rest)
    assert house.told() == ["system_source"]
    (one,) = lasting(house.store)
    assert (one.kind, one.subjects) == ("source", ("phone",))
    house.look(60, well=rest)
    assert house.told() == ["system_source"]  # not each minute
    house.look(4)
    assert lasting(house.store)  # one good poll is not the end
    house.look(3)
    assert house.told() == ["system_source", "system_source_over"]
    assert lasting(house.store) == [] and not system_alerts(house.store, house.now)[0].lasts


def test_a_network_that_is_away_is_one_alert_and_not_nine(house: House) -> None:
    house.look(15, well=NAMES[:6])
    assert house.told() == ["system_source"]
    house.look(20, well=())
    assert house.told() == ["system_source", "system_source"]  # six more lasted as long: told again, in the same row
    (one,) = system_alerts(house.store, house.now)
    assert set(one.subjects) == set(NAMES)


def test_a_second_outage_is_told_although_one_source_was_never_mended(house: House) -> None:
    house.look(20, well=())
    house.look(60, well=NAMES[1:])
    assert house.told() == ["system_source"]
    house.look(20, well=())
    assert house.told() == ["system_source", "system_source"]  # as many as the first time, and not the same news
    house.look(60, well=())
    assert house.told() == ["system_source", "system_source"]


def test_one_that_fails_while_the_first_is_mended_is_told_and_one_that_flickers_is_not(house: House) -> None:
    house.look(20, well=NAMES[1:])
    house.look(20, well=(NAMES[0], *NAMES[2:]))
    assert house.told() == ["system_source", "system_source"]
    with house.store.connect() as conn:
        told = select(t.outbox.c.params).where(t.outbox.c.kind == "system").order_by(t.outbox.c.created_at)
        assert [one["names"] for one in conn.scalars(told)] == [house.settings.title(name, "zh_CN") for name in NAMES[:2]]
    for _ in range(5):
        house.look(5, well=(NAMES[0], *NAMES[3:]))
        house.look(8, well=(NAMES[0], *NAMES[2:]))
    assert house.told() == ["system_source", "system_source"]


def test_a_row_of_before_is_read_and_goes_on(house: House) -> None:
    house.look(20, well=NAMES[2:])
    with house.store.begin() as conn:
        conn.execute(update(t.system_alert).values(subjects=list(NAMES[:2])))
    assert lasting(house.store)[0].subjects == NAMES[:2]
    house.look(20, well=NAMES[2:])
    assert house.told() == ["system_source"] and lasting(house.store)[0].subjects == tuple(sorted(NAMES[:2]))


def test_a_source_that_comes_and_goes_within_its_time_wakes_nobody(house: House) -> None:
    rest = NAMES[1:]
    for _ in range(10):
        house.look(5, well=rest)
        house.look(8)
    assert house.told() == []


def test_a_disk_nearly_full(house: House) -> None:
    house.disk = (1000, 101)
    house.look(10)
    assert house.told() == []
    house.disk = (1000, 99)
    house.look(3)
    assert house.told() == ["system_disk"]
    house.disk = ROOM
    house.look(8)
    assert house.told() == ["system_disk", "system_disk_over"]


def test_notices_that_do_not_get_through_and_never_news_of_themselves(house: House) -> None:
    def notice(id_: str, kind: str) -> None:
        row = {"notice_id": id_, "kind": kind, "channel": "wecom", "recipient": "admin", "state": "pending", "code": "x"}
        with house.store.begin() as conn:
            conn.execute(insert(t.outbox).values(**row, created_at=NOW, due_at=NOW, params={}))

    notice("own", "system")  # a word that a word did not arrive must not keep itself alive
    house.look(20)
    assert [one for one in house.told() if one != "x"] == []
    notice("news", "raised")
    house.look(8)
    assert [one for one in house.told() if one != "x"] == ["system_undelivered"]
    with house.store.begin() as conn:
        conn.execute(update(t.outbox).values(state="sent"))
    house.look(8)
    assert house.told()[-1] == "system_undelivered_over"


def test_a_setting_that_cannot_be_carried_out_is_told_until_it_is_saved_again(house: House) -> None:
    def stored(version: int, body: dict[str, Any]) -> None:
        row = {"kind": "weights", "id": "default", "version": version, "valid_from": house.now, "by": "x"}
        with house.store.begin() as conn:
            conn.execute(insert(t.definition).values(**row, body=body))

    with house.store.connect() as conn:
        good = conn.scalar(select(t.definition.c.body).where(t.definition.c.kind == "weights"))
    stored(2, {**good, "asking_share": "half"})
    house.look(3)
    with house.store.connect() as conn:
        assert definitions.passed_over(conn, house.now) == ["weights/default v2"]
        assert definitions.book(conn, house.now).weights.asking_share == 0.25
    assert house.told() == ["system_definition"]
    stored(3, good)
    house.look(8)
    assert house.told() == ["system_definition", "system_definition_over"]


def test_a_channel_that_cannot_be_reached_is_told_until_an_hour_after_it_was_given_up(house: House) -> None:
    channels = {"log": {"kind": "log"}, "hook": {"kind": "webhook", "url": "http://ops.test/x"}}
    house.settings = house.settings.model_copy(update={"notify": Notify.model_validate({"channels": channels})})
    row = {"notice_id": "n", "kind": "assigned", "channel": "hook", "recipient": "duty", "state": "pending"}
    with house.store.begin() as conn:
        conn.execute(
            insert(t.outbox).values(**row, params={"tier": 3}, code="alerts.notice.transfer", created_at=NOW, due_at=NOW)
        )

    def away(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    def minute(client: httpx.Client) -> Any:
        deliver(house.store, house.settings, house.now, house.fence, client)
        house.look()
        with house.store.connect() as conn:
            return conn.execute(select(t.outbox).where(t.outbox.c.notice_id == "n")).one()

    with httpx.Client(transport=httpx.MockTransport(away)) as client:
        for _ in range(8):
            minute(client)
        assert house.told() == ["system_undelivered"]
        with house.store.begin() as conn:  # most of a day later
            conn.execute(update(t.outbox).where(t.outbox.c.notice_id == "n").values(created_at=house.now - timedelta(days=1)))
        while minute(client).state != "failed":
            assert lasting(house.store)
        with house.store.connect() as conn:
            assert undelivered(conn, house.now).failed == 1  # the wall shows it from then on
        for _ in range(55):
            minute(client)
        assert lasting(house.store) and house.told() == ["system_undelivered"]
        for _ in range(15):
            minute(client)
    assert house.told() == ["system_undelivered", "system_undelivered_over"]


def test_a_worker_that_was_away_tells_the_gap_when_it_is_back(house: House) -> None:
    house.tick(1, NOW)
    house.tick(2, NOW + 20 * MINUTE, None)
    house.now = NOW + 20 * MINUTE
    house.look()
    assert house.told() == ["system_tick"]
    (one,) = lasting(house.store)
    assert (one.since_at, one.params["late"]) == (NOW, 1200)
    for n in range(12):
        house.tick(3 + n, house.now + timedelta(seconds=5))
        house.look()
    assert house.told() == ["system_tick", "system_tick_over"]


def test_the_gap_is_told_although_many_ticks_came_before_the_first_look(house: House) -> None:
    for n in range(30):
        house.tick(n, NOW + n * timedelta(seconds=1))
    back = NOW + 40 * MINUTE
    for n in range(240):  # four a second while it catches up
        house.tick(100 + n, back + n * timedelta(seconds=0.25))
    house.now = back
    house.look()
    assert house.told() == ["system_tick"]
    (one,) = lasting(house.store)
    assert (one.since_at, one.params["late"]) == (NOW + timedelta(seconds=29), 2371)


def test_slow_rounds_are_told_and_reading_history_is_not(house: House) -> None:
    for n in range(5):
        house.tick(n, NOW + n * timedelta(seconds=12), 12.0)
    house.look(4)
    assert house.told() == ["system_tick"]


def test_they_are_no_alerts_of_customers_and_every_word_of_them_is_there(house: House) -> None:
    house.disk = (1000, 10)
    house.look(5, well=())
    house.look(20, well=())
    with house.store.connect() as conn:
        assert alerts(conn, select_alerts(drills=True), ()) == []
        assert loop.today(conn, "Asia/Shanghai", house.now)["raised"] == 0
        rows = conn.execute(select(t.outbox).where(t.outbox.c.kind == "system")).mappings().all()
    assert len(rows) == 2
    for lang in ("zh_CN", "en"):
        for row in rows:
            said = message(row, Frame(lang, "Asia/Shanghai", "https://x", house.now))
            assert "«" not in said.title and said.link == "https://x/duty?section=system"
    assert all(name in rows[0]["params"]["names"] or name in rows[1]["params"]["names"] for name in ("app",))


def test_the_patience_is_the_centres_own(house: House) -> None:
    with house.store.begin() as conn:
        body = definitions.in_force(conn, "tier_policy", NOW)["default"].body.model_dump(mode="json")
        system = {**body["system"], "disk_s": 1200, "tell": ["manager"]}
        definitions.save(conn, "tier_policy", "default", {**body, "system": system}, "root", NOW)
    house.disk = (1000, 10)
    house.look(19)
    assert system_alerts(house.store, house.now) == []
    house.look(3)
    with house.store.connect() as conn:
        assert conn.scalars(select(t.outbox.c.recipient)).all() == ["manager"]


NEVER = NOW - timedelta(days=1)
looks = st.lists(st.frozensets(st.sampled_from("abcd")), max_size=60)  # which subjects are ill at each minute


@given(looks, st.integers(0, 15), st.integers(1, 10))
def test_on_every_road_all_that_lasts_its_time_is_told_once_and_it_ends_only_after_calm(
    road: list[frozenset[str]], wait: int, calm: int
) -> None:
    held: Held | None = None
    now = NOW
    began: dict[str, datetime] = {}  # of the stretch that lasts, or was not yet over for the calm time
    last, known = dict.fromkeys("abcd", NEVER), set[str]()
    for ill in road:
        now += MINUTE
        over = {name for name in last if now - last[name] >= calm * MINUTE}
        known -= over
        began = {name: now if name in over else began[name] for name in ill} | {
            name: at for name, at in began.items() if name not in ill and name not in over
        }
        ripe = {name for name in ill if now - began[name] >= wait * MINUTE}
        quiet = all(now - at >= calm * MINUTE for at in last.values())
        last |= dict.fromkeys(ill, now)
        look = Look("source", ill) if ill else None
        step = decide(held, look, wait * MINUTE, calm * MINUTE, now)
        code = step.code if step is not None else None
        if code in ("cleared", "forgotten"):
            assert quiet
            held = None
            continue
        if look is None or step is None:
            assert not ill
            continue
        if code == "opened":
            assert (held is None or not held.open) and now - step.since >= wait * MINUTE
        if held is not None and held.open:
            assert (code == "grew") == bool(ripe - known)
        standing = stand(held, look, calm * MINUTE, now)
        if code in ("opened", "grew"):
            known |= ill
            standing = {name: Ill(one.since, one.seen, one.told or name in ill) for name, one in standing.items()}
        held = Held(step.since, now, standing, code == "opened" or (held is not None and held.open))
        assert {name for name, one in standing.items() if one.told} == known
