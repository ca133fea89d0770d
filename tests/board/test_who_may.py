"""Every command x role x organisation scope, executed against the board: who may is not left to a page."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from sqlalchemy import Engine, func, insert, select, update

from fengsui import people
from fengsui.alerts import commands
from fengsui.alerts.commands import Refused, Wanted
from fengsui.board import (
    backtest,
    correct,
    customer,
    deadline_trial,
    export,
    handover,
    report,
    reveal,
    revision,
    rota_change,
    rules,
    tier_trial,
    trail,
    watch,
)
from fengsui.board.correct import Correction
from fengsui.board.explore import views
from fengsui.board.revision import Draft
from fengsui.board.rota_change import Who
from fengsui.board.wrong import Wrong
from fengsui.people import ROLES, NotAllowed, Person, PersonFault, Shift
from fengsui.people.rota import preview
from fengsui.settings import Settings
from fengsui.store import tables as t
from fengsui.store.database import open_store
from fengsui.store.slices import slice_levels
from fengsui.store.tables import METADATA
from tests.pages.conftest import seeded_module

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)
HOUR = timedelta(hours=1)
HERE, OUTSIDE = ("华南",), ("华东",)
PLACE = "org.1=华南"
DUTY = {"duty", "manager", "admin"}
MANAGER = {"manager", "admin"}
DESK = DUTY | {"analyst"}
EITHER = {"board.wrong.rule_role", "board.rota.not_yours", "board.rota.not_asked", "alerts.refused.not_owner"}
"""Refusals that name who may, by role and place."""
NO_ROLE = {"alerts.refused.role", "people.fault.not_allowed", "board.wrong.role", "alerts.refused.silence_manager", *EITHER}
NO_PLACE = {"alerts.refused.scope", "alerts.refused.gone", "people.fault.part", "people.fault.unknown", "people.fault.within"}
NO_PLACE |= {"board.wrong.centre_wide", "people.fault.no_session", "board.backtest.place", "board.rota.team", *EITHER}


@dataclass
class House:
    """``n``: of the cell, so that each has an alert of its own."""

    store: Engine
    settings: Settings
    n: int = 0

    def alert(self, **more: Any) -> str:
        self.n += 1
        episode, hand = seeded_module().alert(1000 + self.n, NOW, **{"slice_key": PLACE, "rule_id": f"r{self.n}", **more})
        episode |= {"day_n": None, "day": None}
        with self.store.begin() as conn:
            conn.execute(insert(t.episode).values(**episode))
            conn.execute(insert(t.handling).values(**hand))
        return str(episode["episode_id"])


Call: TypeAlias = Callable[[House, Person], Any]


@dataclass(frozen=True)
class Row:
    """``place``: ``here`` (one of 华南: whoever is bound to 华东 may not), ``whole`` (nobody who is bound), ``own`` (one's own
    thing, wherever one is)."""

    name: str
    roles: set[str]
    place: str
    call: Call


def on_alert(
    name: str, roles: set[str], verb: Callable[..., Any], /, *, state: Mapping[str, Any] | None = None, **fields: Any
) -> Row:
    def call(house: House, who: Person) -> Any:
        held = dict(state or {})
        if held.get("owner") == "me":
            held["owner"] = who.person_id
        return verb(house.store, house.alert(**held), held.get("handling_version", 0), who, NOW, **fields)

    return Row(name, roles, "here", call)


MINE = {"state": "claimed", "owner": "me", "claimed_at": NOW, "handling_version": 1}
THEIRS = {"state": "claimed", "owner": "zhou", "claimed_at": NOW, "handling_version": 1}


def _silence(house: House, who: Person, **more: Any) -> Any:
    house.n += 1
    wanted = Wanted(f"r{house.n}", {"org.1": "华南"}, 2, NOW, NOW + HOUR, None, "演习")
    return commands.add_silence(house.store, who, NOW, replace(wanted, **more))


def _end_silence(house: House, who: Person) -> Any:
    house.n += 1
    values = {"silence_id": f"s{house.n}", "where": {"org.1": "华南"}, "tier": 2, "start_at": NOW, "end_at": NOW + HOUR}
    with house.store.begin() as conn:
        conn.execute(insert(t.silence).values(**values, reason="x", by="zhou", at=NOW))
    return commands.end_silence(house.store, f"s{house.n}", who, NOW)


def _task(house: House, who: Person, act: Callable[..., Any], held: str, **fields: Any) -> Any:
    house.n += 1
    row = {"task_id": f"t{house.n}", "kind": "promise", "slice_key": PLACE, "text": "x", "owner": held, "due_at": NOW + HOUR}
    with house.store.begin() as conn:
        conn.execute(insert(t.task).values(**row, by="zhou", at=NOW, state="open", version=1))
    return act(house.store, f"t{house.n}", 1, who, NOW, **fields)


def _give(house: House, who: Person) -> Any:
    with house.store.begin() as conn:
        conn.execute(t.handover.delete())
    return handover.give(house.store, who, NOW, "交代")


def _take(house: House, who: Person) -> Any:
    house.n += 1
    body = {"alerts": [], "tasks": [], "undelivered": 0}
    row = {"handover_id": f"h{house.n}", "given_by": "zhou", "given_at": NOW, "scope": ["华南"], "note": "", "body": body}
    with house.store.begin() as conn:
        conn.execute(insert(t.handover).values(**row))
    return handover.take(house.store, f"h{house.n}", who, NOW, "")


def _call_back(house: House, who: Person) -> Any:
    house.n += 1
    body = {"alerts": [], "tasks": [], "undelivered": 0}
    row = {"handover_id": f"h{house.n}", "given_by": who.person_id, "given_at": NOW, "scope": [], "note": "", "body": body}
    with house.store.begin() as conn:
        conn.execute(insert(t.handover).values(**row))
    return handover.call_back(house.store, f"h{house.n}", who, NOW)


def _shifts(house: House, who: str = "zhou") -> tuple[Shift, Shift]:
    house.n += 1
    start = NOW + HOUR * (2 + 4 * (house.n % 400))
    one = Shift("duty", who, start, start + HOUR, "华南", person_id=who)
    two = Shift("duty", "路人", start + HOUR, start + 2 * HOUR, "华南")
    people.save_rota(house.store, [one, two], by="t", now=NOW)
    return one, two


def _swap(house: House, who: Person) -> Any:
    return rota_change.swap(house.store, *_shifts(house), who, NOW, reason="")


def _own_swap(house: House, who: Person) -> Any:
    with house.store.begin() as conn:
        conn.execute(update(t.person).where(t.person.c.person_id == who.person_id).values(name=who.person_id))
    return rota_change.swap(house.store, *_shifts(house, who.person_id), who, NOW, reason="")


def _leave(house: House, who: Person) -> Any:
    one, _ = _shifts(house)
    with house.store.begin() as conn:
        conn.execute(update(t.person).where(t.person.c.person_id == "zhou").values(name="zhou"))
    return rota_change.leave(house.store, Who("zhou", "zhou"), one.start_at, one.end_at, None, who, NOW, reason="")


def _take_over(house: House, who: Person) -> Any:
    one, two = _shifts(house)
    with house.store.connect() as conn:
        seen = preview(conn, [one, two]).seen
    return rota_change.take_over(house.store, [one, two], seen, who, NOW)


def _newest(house: House, kind: str, id_: str) -> Any:
    """``id_`` empty: the first rule of a detector."""
    found = revision.newest(house.store, kind)
    return found[id_] if id_ else next(one for one in found.values() if one.body.get("kind") == "detector")


def _definition(kind: str, id_: str, **change: Any) -> Call:
    def call(house: House, who: Person) -> Any:
        house.n += 1
        held = _newest(house, kind, id_)
        body = {**held.body, **change} if change else {**held.body, "name": {"zh_CN": f"名{house.n}", "en": f"n{house.n}"}}
        if change:
            body[next(iter(change))] = held.body[next(iter(change))] + 60
        return revision.save(house.store, house.settings, [Draft(kind, held.id, body, held.version, "试")], who, NOW)

    return call


def _graded(kind: str, id_: str, **change: Any) -> Call:
    """Definitions by which alerts are graded."""

    def call(house: House, who: Person) -> Any:
        held = revision.newest(house.store, kind)[id_]
        return revision.save(
            house.store, house.settings, [Draft(kind, id_, {**held.body, **change}, held.version, "试")], who, NOW
        )

    return call


def _rehearse(house: House, who: Person) -> Any:
    house.n += 1
    body = next(iter(revision.newest(house.store, "rule").values())).body
    return rules.rehearse(house.store, {**body, "n": house.n}, 7, 3.0, who, NOW)


def _export(house: House, who: Person) -> Any:
    table = export.Table("alerts", "预警", "华南", ("a",), [("1",)])
    return export.export(house.store, house.settings, who, table, "csv_utf8", "试一下", "zh_CN", NOW)


def _correct(house: House, who: Person) -> Any:
    house.n += 1
    row = {"record_key": f"x:{house.n}", "source": "x", "kind": "complaint", "opened_at": NOW, "updated_at": NOW, "seq": 1}
    more = {"stored_at": NOW, "first_stored_at": NOW, "dims": {"org": "华南"}, "tags": {"sentiment": "neutral"}}
    with house.store.begin() as conn:
        conn.execute(insert(t.feedback).values(**row, **more, content_hash="h", state="open", ratings={}, extra={}))
    found = correct.correct(house.store, [Correction(row["record_key"], "sentiment", "negative")], "chosen", who, NOW)
    return found if found.changed else Refused("alerts.refused.scope")


def _watch(house: House, who: Person) -> Any:
    house.n += 1
    return watch.add(house.store, f"词语{house.n}", who, NOW)


def _view(house: House, who: Person) -> Any:
    return views.keep(house.store, who, "我的", {"metric": ["complaints"]}, NOW)


def _customer(house: House, who: Person) -> Any:
    return customer.find(house.store, house.settings, "C-1", who)


def _reveal(house: House, who: Person) -> Any:
    return reveal.reveal(house.store, house.settings, house.alert(), "nobody", who, "要联系客户", NOW)


class Kept:
    def put(self, delivery: Any, now: datetime) -> Any:
        return delivery


def _report(house: House, who: Person) -> Any:
    answers = report.Answers(words="排长队", dims={}, customers="1", urgency="grumble")
    return report.send(Kept(), "staff", who, answers, "k", NOW)  # type: ignore[arg-type]


def _stretch(house: House, who: Person) -> Any:
    house.n += 1
    about = {"start": NOW - HOUR * (house.n + 1), "end": NOW - HOUR * house.n, "levels": slice_levels(PLACE)}
    return commands.mark_stretch(house.store, who, NOW, metric="complaints", slice_key=PLACE, verdict="missed", **about)


def _watch_slice(house: House, who: Person) -> Any:
    return commands.watch_slice(
        house.store, who, NOW, metric="complaints", slice_key=PLACE, name="看着", cuboids=["org.1"],
        judge={"detector": "count_surprise", "parameters": {}, "budget_per_week": 0.1, "direction": "up", "step_s": 60},
    )  # fmt: skip


def _staff(act: Callable[[House, Person, str], Any]) -> Call:
    """Somebody of 华南, made anew for each cell."""

    def call(house: House, who: Person) -> Any:
        house.n += 1
        people.create(house.store, f"p{house.n}", f"新人{house.n}", "duty", by="cli", now=NOW, scope=HERE)
        return act(house, who, f"p{house.n}")

    return call


def _create(house: House, who: Person) -> Any:
    house.n += 1
    return people.create(house.store, f"q{house.n}", "新人", "duty", by=who.person_id, now=NOW, scope=HERE)


def _end_session(house: House, who: Person, id_: str) -> Any:
    people.set_password(house.store, id_, "correct horse battery", by="cli", now=NOW)
    tries = people.Tries(house.store, 5, HOUR)
    people.sign_in(house.store, tries, id_, "correct horse battery", None, NOW)
    (one,) = people.living_sessions(house.store, NOW, of=id_)
    return people.end_session(house.store, one.ref, by=who.person_id, now=NOW)


def _backtest(house: House, who: Person) -> Any:
    trial = backtest.Trial("complaints", (PLACE,), 1, "count_surprise", {}, 0.1, "up")
    with house.store.begin() as conn:
        conn.execute(update(t.request).values(state="done"))
    return backtest.begin(house.store, house.settings, who, trial, NOW)


ADMIN = {"admin"}
ROWS = [
    on_alert("claim", DUTY, commands.claim),
    on_alert("verify", DUTY, commands.verify),
    on_alert("claim_for", DUTY, commands.claim_for, person="zhou"),
    on_alert("note", DUTY, commands.note, note="已联系机房"),
    on_alert("start", DUTY, commands.start, state=MINE),
    on_alert("start of somebody else's", MANAGER, commands.start, state=THEIRS),
    on_alert("transfer", DUTY, commands.transfer, state=MINE, person="zhou", reason="shift_ends"),
    on_alert("transfer of somebody else's", MANAGER, commands.transfer, state=THEIRS, person="zhang", reason="shift_ends"),
    on_alert("give_back", DUTY, commands.give_back, state=MINE, reason="not_mine"),
    on_alert("snooze", DUTY, commands.snooze, state={**MINE, "tier": 2}, until=NOW + HOUR / 2, reason="waiting"),
    on_alert("add_participant", DUTY, commands.add_participant, person="zhou"),
    on_alert("escalate", DUTY, commands.escalate, reason="too_big"),
    on_alert("regrade", DUTY, commands.regrade, tier=2, reason="smaller"),
    on_alert("resolve", DUTY, commands.resolve, state=MINE, reason="fixed", note="恢复了"),
    on_alert("review", DUTY, commands.review, state=MINE, verdict="real"),
    on_alert("reopen", DUTY, commands.reopen, state={**MINE, "state": "resolved", "resolved_at": NOW}, reason="again"),
    on_alert("plan_step", DUTY, commands.plan_step, step="1"),
    Row("consult", DUTY, "here", lambda h, w: commands.consult(
        h.store, h.alert(), 0, w, NOW, assessors={"zhou": "product"}, decider="zhou")),
    Row("log_contact", DUTY, "here", lambda h, w: commands.log_contact(
        h.store, h.alert(), w, NOW, customers=["c"], way="call", outcome="reached")),
    Row("add_task", DUTY, "here", lambda h, w: commands.add_task(
        h.store, w, NOW, kind="promise", text=f"回电{h.n}", owner="zhou", due_at=NOW + HOUR, episode_id=h.alert())),
    Row("close_task, one's own", DESK, "own", lambda h, w: _task(h, w, commands.close_task, w.person_id, result="好了")),
    Row("close_task, another's", MANAGER, "here", lambda h, w: _task(h, w, commands.close_task, "zhou", result="好了")),
    Row("hand_task, one's own", DESK, "own", lambda h, w: _task(h, w, commands.hand_task, w.person_id, owner="zhou")),
    Row("hand_task, another's", MANAGER, "here", lambda h, w: _task(h, w, commands.hand_task, "zhou", owner="zhang")),
    Row("add_silence", DUTY, "here", _silence),
    Row("add_silence, severe", MANAGER, "here", lambda h, w: _silence(h, w, tier=3)),
    Row("end_silence", DUTY, "here", _end_silence),
    Row("pin", DESK, "here", lambda h, w: commands.pin(h.store, w, NOW, h.alert(), "slice", PLACE, {})),
    Row("unpin", DESK, "here", lambda h, w: commands.unpin(h.store, w, NOW, h.alert(), "none")),
    Row("mark_stretch", {"manager", "admin", "analyst"}, "here", _stretch),
    Row("watch_slice", {"manager", "admin", "analyst"}, "here", _watch_slice),
    Row("start_drill", MANAGER, "here", lambda h, w: _drill(h, w)),
    Row("handover.give", DUTY, "own", _give),
    Row("handover.take", DUTY, "here", _take),
    Row("handover.call_back", DUTY, "own", _call_back),
    Row("rota swap of others", MANAGER, "here", _swap),
    Row("rota swap of one's own", DUTY, "own", _own_swap),
    Row("rota leave of another", MANAGER, "here", _leave),
    Row("rota file", MANAGER, "here", _take_over),
    Row("save a rule", MANAGER, "whole", _definition("rule", "")),
    Row("save the tier policy", ADMIN, "whole", _definition("tier_policy", "default", storm_s=1)),
    Row("save the matrix", ADMIN, "whole", _graded("matrix", "default", cells=[[[1, 1, 1]] * 3] * 3)),
    Row("save the weights", ADMIN, "whole", _graded("weights", "default", asking_share=0.3)),
    Row("save a floor", ADMIN, "whole", _graded("floor", "safety", customers=3)),
    Row("save a plan", ADMIN, "whole", _graded("plan", "tier-3", contacts=["机房 8021"])),
    Row("try another matrix", ADMIN, "whole", lambda h, w: tier_trial.tiers(
        h.store, "matrix", "default", revision.newest(h.store, "matrix")["default"].body, w, NOW)),
    Row("try other deadlines", ADMIN, "whole", lambda h, w: deadline_trial.deadlines(
        h.store, revision.newest(h.store, "tier_policy")["default"].body, w, NOW)),
    Row("rehearse a rule", MANAGER, "whole", _rehearse),
    Row("back-test", {"manager", "admin", "analyst"}, "here", _backtest),
    Row("export", {"manager", "admin", "analyst", "auditor"}, "own", _export),
    Row("correct a tag", DESK, "here", _correct),
    Row("watch a phrase", {"manager", "admin", "analyst"}, "whole", _watch),
    Row("keep a question", DESK, "own", _view),
    Row("find a customer", ADMIN, "whole", _customer),
    Row("send a report", set(ROLES) - {"wall"}, "own", _report),
    Row("make a person", ADMIN, "here", _create),
    Row("change a person", ADMIN, "here", _staff(
        lambda h, w, p: people.change(h.store, p, by=w.person_id, now=NOW, title="组长"))),
    Row("reset a password", ADMIN, "here", _staff(lambda h, w, p: people.reset_password(h.store, p, by=w.person_id, now=NOW))),
    Row("set another's reach", ADMIN, "here", _staff(
        lambda h, w, p: people.set_reach(h.store, p, by=w.person_id, now=NOW, mobile="13800000001"))),
    Row("release a lock-out", ADMIN, "here", _staff(
        lambda h, w, p: people.release(h.store, people.Tries(h.store, 5, HOUR), p, by=w.person_id, now=NOW))),
    Row("end another's session", ADMIN, "here", _staff(_end_session)),
]  # fmt: skip


def _drill(house: House, who: Person) -> Any:
    with house.store.begin() as conn:
        conn.execute(update(t.episode).where(t.episode.c.mode == "drill").values(condition="cleared"))
    house.n += 1
    return commands.start_drill(house.store, who, NOW, tier=1, where={"org.1": "华南"}, scenario=f"演练{house.n}")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A seeded centre, made once: one person of each role and scope."""
    home = tmp_path_factory.mktemp("who") / "house"
    seeded = seeded_module()
    settings = seeded.settings(home)
    store = open_store(settings.store.url)
    METADATA.create_all(store)
    seeded.seed(store, NOW, 1, people=True)
    for role in ROLES:
        for place, scope in PLACES.items():
            people.create(store, f"{role}-{place}", f"{role} {place}", role, by="cli", now=NOW, scope=scope)
    for name in ("zhou", "zhang"):
        if people.find(store, name) is None:
            people.create(store, name, name, "duty", by="cli", now=NOW)
    store.dispose()
    return home


PLACES: Mapping[str, tuple[str, ...]] = {"whole": (), "here": HERE, "outside": OUTSIDE}


def outcome(call: Call, house: House, who: Person) -> str:
    """done, role, place, either, or what else was said."""
    try:
        answer = call(house, who)
    except NotAllowed as fault:
        return "place" if fault.code == "people.fault.part" else "role"
    except (PersonFault, watch.NotAPhrase) as fault:
        return _kind(fault.code)
    except Wrong as fault:
        return _kind(fault.mistakes[0].code)
    if isinstance(answer, Refused):
        return _kind(answer.code)
    return "done"


def _kind(code: str) -> str:
    return "either" if code in EITHER else "role" if code in NO_ROLE else "place" if code in NO_PLACE else code


TRACES = (t.transition, t.outbox, t.definition, t.request, t.label, t.topic, t.rota_change, t.contact)


def traces(store: Engine) -> tuple[int, ...]:
    with store.connect() as conn:
        return tuple(conn.scalar(select(func.count()).select_from(one)) or 0 for one in TRACES)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_who_may(row: Row, template: Path, tmp_path: Path) -> None:
    home = tmp_path / "house"
    shutil.copytree(template, home)
    settings = seeded_module().settings(home)
    store = open_store(settings.store.url)
    house = House(store, settings)
    wrong = []
    for role in ROLES:
        for place, scope in PLACES.items():
            who = Person(f"{role}-{place}", f"{role} {place}", role, scope)
            before = traces(store)
            found = outcome(row.call, house, who)
            may = role in row.roles and (row.place == "own" or not scope or (row.place == "here" and place == "here"))
            if (found == "done") is not may or (not may and found not in ("role", "place", "either")):
                wrong.append((role, place, found))
            if not may and traces(store) != before:
                wrong.append((role, place, "left a trace"))
    store.dispose()
    assert wrong == []


def test_every_command_stands_in_the_table() -> None:
    """A new command needs its row: those that stand nowhere are named here, each with who holds it."""
    elsewhere = {
        "assess": "tests/alerts/test_consultation.py: only whom was asked",
        "conclude": "tests/alerts/test_consultation.py: only whom was named",
        "end_drill": "tests/alerts/test_drill.py: of a drill",
        "merge_into": "tests/alerts: of two alerts",
        "plan_undo": "as plan_step",
        "wake": "tests/alerts/test_put_off.py: of one put off",
    }
    names = {row.name.partition(",")[0].split()[0] for row in ROWS}
    public = {one for one in commands.__all__ if one[0].islower()}
    assert public - names == set(elsewhere)
    assert set(trail.ROLES) == {"admin", "auditor"}
