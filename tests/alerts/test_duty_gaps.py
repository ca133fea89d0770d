"""Where nobody is on duty: told a week ahead, and after an hour of it; who hears of an alert by the rota."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from fengsui.alerts.duty_gaps import gaps
from fengsui.metrics import calendars
from fengsui.notify.recipients import People, climbed, everybody
from fengsui.people import Shift, create, save_rota, set_reach
from fengsui.store.tables import outbox

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def staffed(centre):
    """Three people and the manager, and a plan that ended yesterday."""
    for id_, role in (("li", "duty"), ("zhou", "duty"), ("wang", "manager"), ("gao", "manager")):
        create(centre.store, id_, id_, role, by="cli", now=centre.now)
    shift(centre, "li", centre.now - 2 * DAY, centre.now)
    return centre


def shift(centre, person, start, end, team="", role="duty"):
    save_rota(centre.store, [Shift(role, person, start, end, team, "8001", person)], by="gao", now=centre.now)


def told(centre, code):
    query = select(outbox).where(outbox.c.kind == "rota", outbox.c.code == f"alerts.notice.{code}")
    with centre.store.connect() as conn:
        return conn.execute(query.order_by(outbox.c.created_at, outbox.c.recipient)).all()


def minutes(centre, n, step=1):
    for _ in range(0, n, step):
        centre.advance(timedelta(minutes=step))


def test_without_a_plan_nobody_is_missing(centre):
    minutes(centre, 180, 10)
    assert told(centre, "rota_empty") == [] == told(centre, "rota_gap")


def test_an_hour_without_anybody_is_told_and_again_ever_more_rarely(staffed):
    start = staffed.now
    minutes(staffed, 590, 5)
    found = told(staffed, "rota_empty")
    assert sorted({row.recipient for row in found}) == ["admin", "manager"]
    assert sorted({(row.created_at - start) // HOUR for row in found}) == [1, 2, 4, 8]
    assert found[0].params["team"] == "" and found[0].params["tier"] == 2 and 3600 <= found[0].params["late"] < 3960


def test_somebody_on_duty_ends_it_and_a_gap_of_less_than_an_hour_is_none(staffed):
    start = staffed.now
    shift(staffed, "li", start, start + 4 * HOUR)
    shift(staffed, "zhou", start + 4 * HOUR + timedelta(minutes=55), start + 9 * HOUR)
    minutes(staffed, 530, 10)
    assert told(staffed, "rota_empty") == []
    minutes(staffed, 90, 10)
    assert [row.recipient for row in told(staffed, "rota_empty")] == ["admin", "manager"], "at nine nobody came"


def test_a_sleep_of_hours_says_it_once(staffed):
    staffed.advance(timedelta(minutes=1))
    staffed.advance(6 * HOUR)
    assert len({row.created_at for row in told(staffed, "rota_empty")}) == 1


def test_a_team_of_office_hours_is_not_missed_at_night_or_on_a_weekend(centre):
    zone = centre.settings.centre.tz
    with centre.store.begin() as conn:
        calendars.seed(conn, "CN", zone.key, centre.now)
        body = calendars.load(conn, "none", zone.key, centre.now).newest.body
    usual = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-18:00",)) | {"sat": (), "sun": (), "holiday": ()}
    hours = {**body.hours, "热线": body.hours["default"].model_copy(update=usual)}
    table = calendars.Calendar(1, centre.now - DAY, body.model_copy(update={"hours": hours}), zone)
    shift(centre, "li", centre.now - 2 * DAY, centre.now - DAY, "热线")
    with centre.store.connect() as conn, pytest.MonkeyPatch.context() as patch:
        patch.setattr(calendars, "load", lambda *args: calendars.Calendars([table]))
        (found,) = gaps(conn, zone, centre.now, centre.now + 7 * DAY, centre.now)
    local = [(a.astimezone(zone), b.astimezone(zone)) for a, b in found.spans]
    assert all(a.date() == b.date() and a.weekday() < 5 for a, b in local)
    assert all((a.hour, b.hour) == (9, 18) for a, b in local[1:-1]) and 4 <= len(local) <= 6


def test_who_is_named_for_the_whole_centre_is_there_for_each_team(staffed):
    now = staffed.now
    shift(staffed, "zhou", now - DAY, now + HOUR, "华南")
    shift(staffed, "li", now + HOUR, now + 3 * HOUR)
    with staffed.store.connect() as conn:
        found = {one.team: one.spans for one in gaps(conn, staffed.settings.centre.tz, now, now + 4 * HOUR, now)}
    assert found == {"": ((now + 3 * HOUR, now + 4 * HOUR),), "华南": ((now + 3 * HOUR, now + 4 * HOUR),)}


def test_a_week_ahead_the_gaps_are_told_once_a_day(staffed):
    start = staffed.now
    for n in range(9):
        shift(staffed, "li", start + n * DAY - 9 * HOUR, start + n * DAY + 3 * HOUR)
        if n != 4:
            shift(staffed, "zhou", start + n * DAY + 3 * HOUR, start + n * DAY + 15 * HOUR)
    for _ in range(4):
        staffed.advance(DAY)
        staffed.advance(timedelta(minutes=5))
    found = [row for row in told(staffed, "rota_gap") if row.recipient == "manager"]
    assert len(found) == 4 and len({row.created_at for row in found}) == 4
    assert {row.params["start"] for row in found} == {(start + 4 * DAY + 3 * HOUR).isoformat()}
    assert found[0].params["hours"] == 12 and found[0].params["n"] == 1


# --- who hears of it -------------------------------------------------------------------------------------------------


def people(centre) -> People:
    with centre.store.connect() as conn:
        return everybody(conn, centre.now)


def ids(found):
    return [one.person_id for one in found]


def test_a_role_is_who_stands_in_the_rota_or_everybody_of_it(staffed):
    now = staffed.now
    assert ids(people(staffed).behind("duty", "all")) == ["li", "zhou"], "nobody is on duty: all are asked"
    both = [Shift(role, id_, now - HOUR, now + HOUR, person_id=id_) for role, id_ in (("duty", "zhou"), ("manager", "wang"))]
    save_rota(staffed.store, both, by="gao", now=now)
    for place in ("all", "org.1=华南", None):
        assert ids(people(staffed).behind("duty", place)) == ["zhou"]
        assert ids(people(staffed).behind("manager", place)) == ["wang"]
    assert ids(people(staffed).behind("duty", "all", wide=True)) == ["li", "zhou"]
    assert ids(people(staffed).behind("person:li", "all")) == ["li"]
    assert climbed({"params": {"step": 2}}) and not climbed({"params": {"step": 1}}) and not climbed({"params": {}})


def test_a_place_is_told_to_its_own_team_and_never_outside_the_scope(staffed):
    now = staffed.now
    create(staffed.store, "nan", "何佳", "duty", by="cli", now=now, scope=["华南"])
    create(staffed.store, "bei", "北", "duty", by="cli", now=now, scope=["华北"])
    shift(staffed, "zhou", now - HOUR, now + HOUR)
    shift(staffed, "nan", now - HOUR, now + HOUR, "华南")
    save_rota(staffed.store, [Shift("duty", "北", now - HOUR, now + HOUR, "华南/广东")], by="gao", now=now)
    assert ids(people(staffed).behind("duty", "org.1=华南")) == ["nan"]
    assert ids(people(staffed).behind("duty", "org.2=华南/广西")) == ["nan"]
    assert ids(people(staffed).behind("duty", "org.1=华南区")) == ["zhou"]
    assert "bei" not in ids(people(staffed).behind("duty", "org.2=华南/广东")), "by name, but may not see it"


def test_who_has_no_address_here_does_not_silence_the_role(staffed, tmp_path):
    from fengsui.notify.spread import _recipients
    from fengsui.settings.model import Channel

    now, mail = staffed.now, Channel(kind="email", host="mail.test", sender="a@b.test")
    shift(staffed, "zhou", now - HOUR, now + HOUR)
    set_reach(staffed.store, "li", by="cli", now=now, email="li@example.com")
    row = {"recipient": "duty", "params": {"slice": "all"}}
    assert _recipients(row, mail, "email", people(staffed)) == ["person:li"]
    set_reach(staffed.store, "zhou", by="cli", now=now, email="zhou@example.com")
    assert _recipients(row, mail, "email", people(staffed)) == ["person:zhou"]
    second = {**row, "params": {"slice": "all", "step": 2}}
    assert _recipients(second, mail, "email", people(staffed)) == ["person:li", "person:zhou"]
