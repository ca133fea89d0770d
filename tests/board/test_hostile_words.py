"""Hostile text in every field that people fill: kept as harmless text, or refused with field, value or limit."""

from __future__ import annotations

import ast
import json
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, String, Text, insert, select

from fengsui import people
from fengsui.alerts import commands
from fengsui.alerts.bodies import CHECKED
from fengsui.alerts.commands import Refused, Wanted
from fengsui.board import correct, customer, export, handover, report, reveal, revision, rota_change, silences, watch
from fengsui.board.correct import Correction
from fengsui.board.explore import views
from fengsui.board.revision import Draft
from fengsui.board.rota_change import Who
from fengsui.board.wrong import Wrong
from fengsui.ingest import policy
from fengsui.metrics import calendars
from fengsui.people import Person, PersonFault, RotaMistakes
from fengsui.people.reach import NAMES
from fengsui.store import tables as t
from fengsui.store.database import open_store
from fengsui.store.slices import slice_levels
from fengsui.store.tables import METADATA
from fengsui.text import taxonomy
from tests.board.test_who_may import HOUR, MINE, NOW, PLACE, House, _shifts
from tests.pages.conftest import seeded_module

ROOT = Person("root", "根", "admin")
TEXTS = {
    "script": "<script>alert(1)</script>",
    "formula": "=cmd|'/c calc'!A1",
    "direction": "投\u202e诉\u2066突增\u2069\u202c",
    "ten thousand": "名" * 10_000,
    "zero width": "投\u200b诉\ufeff\u2060突\u200e增",
    "nul": "投\x00诉\x1b[31m",
}
LONGEST = 2_000
Put = Callable[[House, str], Any]


def newest(house: House, column: Any, order: Any) -> Any:
    with house.store.connect() as conn:
        return conn.scalar(select(column).order_by(order.desc()).limit(1))


def _note(house: House, text: str) -> Any:
    answer = commands.note(house.store, house.alert(), 0, ROOT, NOW, note=text)
    return answer if isinstance(answer, Refused) else newest(house, t.transition.c.note, t.transition.c.decision_seq)


def _opinion(house: House, text: str) -> Any:
    id_ = house.alert()
    asked = commands.consult(house.store, id_, 0, ROOT, NOW, assessors={"root": "product"}, decider="root")
    assert not isinstance(asked, Refused)
    answer = commands.assess(house.store, id_, 1, ROOT, NOW, likelihood=1, impact=1, loss=1, note=text)
    return answer if isinstance(answer, Refused) else newest(house, t.assessment.c.opinion, t.assessment.c.at)


def _conclusion(house: House, text: str) -> Any:
    id_ = house.alert()
    commands.consult(house.store, id_, 0, ROOT, NOW, assessors={"zhou": "product"}, decider="root")
    answer = commands.conclude(house.store, id_, 1, ROOT, NOW, tier=2, note=text)
    return answer if isinstance(answer, Refused) else newest(house, t.transition.c.note, t.transition.c.decision_seq)


def _result(house: House, text: str) -> Any:
    row = {"task_id": "t", "kind": "promise", "slice_key": PLACE, "text": "x", "owner": "root", "due_at": NOW + HOUR}
    with house.store.begin() as conn:
        conn.execute(insert(t.task).values(**row, by="zhou", at=NOW, state="open", version=1))
    answer = commands.close_task(house.store, "t", 1, ROOT, NOW, result=text)
    return answer if isinstance(answer, Refused) else newest(house, t.task.c.result, t.task.c.at)


def _of_alert(verb: Callable[..., Any], state: dict[str, Any], **fields: Any) -> Put:
    def put(house: House, text: str) -> Any:
        given = {name: text if value is ... else value for name, value in fields.items()}
        answer = verb(house.store, house.alert(**state), state.get("handling_version", 0), ROOT, NOW, **given)
        if isinstance(answer, Refused):
            return answer
        with house.store.connect() as conn:
            row = conn.execute(select(t.transition).order_by(t.transition.c.decision_seq.desc()).limit(1)).mappings().one()
        return [row["note"], *(str(value) for value in row["params"].values())]

    return put


def _task(house: House, text: str) -> Any:
    due = NOW + HOUR
    answer = commands.add_task(
        house.store, ROOT, NOW, kind="promise", text=text, owner="zhou", due_at=due, episode_id=house.alert()
    )
    return answer if isinstance(answer, Refused) else newest(house, t.task.c.text, t.task.c.at)


def _silence(house: House, text: str) -> Any:
    wanted = Wanted(None, {"org.1": "华南"}, 2, NOW, NOW + HOUR, None, text)
    answer = commands.add_silence(house.store, ROOT, NOW, wanted)
    return answer if isinstance(answer, Refused) else newest(house, t.silence.c.reason, t.silence.c.at)


def _silent_place(house: House, text: str) -> Any:
    wanted = Wanted(None, {"org.1": text}, 2, NOW, NOW + HOUR, None, "演习")
    answer = commands.add_silence(house.store, ROOT, NOW, wanted)
    return answer if isinstance(answer, Refused) else newest(house, t.silence.c.where, t.silence.c.at)["org.1"]


def _silent_hours(house: House, text: str) -> Any:
    weekly = {"days": [0], "start": text, "end": "06:00"}
    answer = commands.add_silence(house.store, ROOT, NOW, Wanted(None, {}, 2, NOW, NOW + HOUR, weekly, "演习"))
    return answer if isinstance(answer, Refused) else newest(house, t.silence.c.weekly, t.silence.c.at)["start"]


def _place(house: House, text: str) -> Any:
    """As forms of silences, drills, rules and the archive read it."""
    return list(silences.where_of(house.store, house.settings, f"渠道 = {text}").values())


def _give(house: House, text: str) -> Any:
    answer = handover.give(house.store, ROOT, NOW, text)
    return answer if isinstance(answer, Refused) else newest(house, t.handover.c.note, t.handover.c.given_at)


def _take(house: House, text: str) -> Any:
    body = {"alerts": [], "tasks": [], "undelivered": 0}
    row = {"handover_id": "h", "given_by": "zhou", "given_at": NOW, "scope": [], "note": "", "body": body}
    with house.store.begin() as conn:
        conn.execute(insert(t.handover).values(**row))
    answer = handover.take(house.store, "h", ROOT, NOW, text)
    return answer if isinstance(answer, Refused) else newest(house, t.handover.c.reply, t.handover.c.given_at)


def _contact(house: House, text: str) -> Any:
    fields = {"customers": ["c"], "way": "call", "outcome": "reached"}
    answer = commands.log_contact(house.store, house.alert(), ROOT, NOW, note=text, **fields)
    return answer if isinstance(answer, Refused) else newest(house, t.contact.c.note, t.contact.c.at)


def _drill(house: House, text: str) -> Any:
    answer = commands.start_drill(house.store, ROOT, NOW, tier=1, where={}, scenario=text)
    return answer if isinstance(answer, Refused) else str(newest(house, t.audit.c.params, t.audit.c.audit_id))


def _drill_place(house: House, text: str) -> Any:
    answer = commands.start_drill(house.store, ROOT, NOW, tier=1, where={"org.1": text}, scenario="演习")
    return answer if isinstance(answer, Refused) else str(newest(house, t.episode.c.slice_key, t.episode.c.opened_at))


def _reach(name: str) -> Put:
    def put(house: House, text: str) -> Any:
        return getattr(people.set_reach(house.store, "zhou", by="root", now=NOW, **{name: text}), name)

    return put


def _scope(house: House, text: str) -> Any:
    made = people.create(house.store, "fresh", "新人", "duty", by="cli", now=NOW, scope=[text])
    return list(made.scope)


def _sign_in(house: House, text: str) -> Any:
    tries = people.Tries(house.store, 5, HOUR)
    with pytest.raises(people.SignInRefused):
        people.sign_in(house.store, tries, text, "wrong", None, NOW)
    with house.store.connect() as conn:
        return [*conn.scalars(select(t.sign_in_slate.c.person_id)), str(conn.scalars(select(t.audit.c.params)).all())]


def _reveal(house: House, text: str) -> Any:
    return reveal.reveal(house.store, house.settings, house.alert(), "nobody", ROOT, text, NOW)


def _audited(house: House) -> Any:
    return newest(house, t.audit.c.params, t.audit.c.audit_id)


def _export_reason(house: House, text: str) -> Any:
    table = export.Table("alerts", "预警", "华南", ("a",), [("1",)])
    file = export.export(house.store, house.settings, ROOT, table, "csv_utf8", text, "zh_CN", NOW)
    first = file.content.decode("utf-8-sig").splitlines()[0]
    return [_audited(house)["reason"], first]


def _customer(house: House, text: str) -> Any:
    return customer.erase(house.store, "nobody", text, ROOT, NOW)


def _tag(house: House, text: str) -> Any:
    return correct.correct(house.store, [Correction("x:1", "sentiment", text)], "chosen", ROOT, NOW)


def _person(name: str) -> Put:
    def put(house: House, text: str) -> Any:
        fields = {"name": "新人", name: text}
        made = people.create(house.store, "fresh", fields.pop("name"), "duty", by="cli", now=NOW, **fields)
        changed = people.change(house.store, "fresh", by="cli", now=NOW, **{name: text})
        return [getattr(made, name), getattr(changed, name)]

    return put


def _account(house: House, text: str) -> Any:
    return people.create(house.store, text, "新人", "duty", by="cli", now=NOW).person_id


def _rota(head: str) -> Put:
    def put(house: House, text: str) -> Any:
        row = {"日期": "2026-11-19", "开始": "08:00", "结束": "20:00", "姓名": "张三", head: text}
        (one,) = people.shifts_of([row], "Asia/Shanghai")
        return [one.name, one.extension, one.team, one.person_id]

    return put


def _swap(house: House, text: str) -> Any:
    answer = rota_change.swap(house.store, *_shifts(house), ROOT, NOW, reason=text)
    return answer if isinstance(answer, Refused) else newest(house, t.rota_change.c.reason, t.rota_change.c.at)


def _deputy(house: House, text: str) -> Any:
    one, _ = _shifts(house)
    return rota_change.leave(house.store, Who("zhou", "zhou"), one.start_at, one.end_at, Who(text), ROOT, NOW, reason="")


def _rule(field: str) -> Put:
    def put(house: House, text: str) -> Any:
        held = next(one for one in revision.newest(house.store, "rule").values() if one.body.get("kind") == "detector")
        body = {**held.body, "name": {"zh_CN": text, "en": "x"}} if field == "name" else dict(held.body)
        if field != "name":
            body["name"] = {"zh_CN": "改过", "en": "changed"}
        reason = text if field == "reason" else "试"
        revision.save(house.store, house.settings, [Draft("rule", held.id, body, held.version, reason)], ROOT, NOW)
        after = revision.newest(house.store, "rule")[held.id]
        return after.body["name"]["zh_CN"] if field == "name" else str(newest(house, t.audit.c.params, t.audit.c.audit_id))

    return put


def _report(house: House, text: str) -> Any:
    report.check(report.Answers(words=text, dims={}, customers="1", urgency="grumble"), {})
    kept: list[Any] = []

    class Slot:
        def put(self, delivery: Any, now: Any) -> Any:
            kept.append(delivery.rows[0]["text"])

    report.send(Slot(), "staff", ROOT, report.Answers(words=text, dims={}, customers="1", urgency="grumble"), "k", NOW)  # type: ignore[arg-type]
    return None  # cleaned by ingest like every text: tests/ingest


def _view(house: House, text: str) -> Any:
    views.keep(house.store, ROOT, text, {"metric": ["complaints"]}, NOW)
    return [one.name for one in views.views(house.store, ROOT.person_id)]


def _watch(house: House, text: str) -> Any:
    watch.add(house.store, text, ROOT, NOW)
    row = "".join(f"{newest(house, t.topic.c[name], t.topic.c.topic_id)}" for name in ("phrase", "shown"))
    return [row, _audited(house)["phrase"]]


def _export(house: House, text: str) -> Any:
    table = export.Table("alerts", text[:200], text[:200], ("a",), [(text,)])
    file = export.export(house.store, house.settings, ROOT, table, "csv_utf8", "试一下", "zh_CN", NOW)
    cells = file.content.decode("utf-8-sig").splitlines()
    assert not [line for line in cells if line.startswith(("=", "+", "-", "@"))]
    return None


def _stretch(field: str) -> Put:
    def put(house: House, text: str) -> Any:
        fields = {"verdict": "expected", "name": "促销", "note": "x", field: text}
        span = {"start": NOW - HOUR, "end": NOW, "levels": slice_levels(PLACE)}
        answer = commands.mark_stretch(house.store, ROOT, NOW, metric="complaints", slice_key=PLACE, **span, **fields)
        if isinstance(answer, Refused):
            return answer
        with house.store.connect() as conn:
            kinds = t.definition.c.kind.in_(("stretch", "known_event"))
            return [body[field] for body in conn.scalars(select(t.definition.c.body).where(kinds))]

    return put


FIELDS: dict[str, Put] = {
    "desk: note": _note,
    "desk: regrade, reason": _of_alert(commands.regrade, {}, tier=2, reason=...),
    "desk: resolve, final report": _of_alert(commands.resolve, MINE, reason="fixed", note=...),
    "desk: transfer, reason": _of_alert(commands.transfer, MINE, person="zhou", reason=...),
    "desk: review, lesson": _of_alert(commands.review, MINE, verdict="real", lesson=..., cause="x"),
    "desk: escalate, reason": _of_alert(commands.escalate, {}, reason=...),
    "desk: promise": _task,
    "desk: contact": _contact,
    "desk: snooze, reason": _of_alert(commands.snooze, {**MINE, "tier": 2}, until=NOW + HOUR / 2, reason=...),
    "desk: promise, result": _result,
    "consultation: opinion": _opinion,
    "consultation: conclusion": _conclusion,
    "consultation: note": _of_alert(commands.consult, {}, assessors={"zhou": "product"}, decider="zhou", note=...),
    "silence: reason": _silence,
    "silence: place": _silent_place,
    "silence: hours": _silent_hours,
    "place in a form": _place,
    "handover: note": _give,
    "handover: reply": _take,
    "drill: scenario": _drill,
    "drill: place": _drill_place,
    "people: scope": _scope,
    "sign-in: name": _sign_in,
    **{f"reach: {name}": _reach(name) for name in NAMES},
    "people: name": _person("name"),
    "people: title": _person("title"),
    "people: extension": _person("extension"),
    "people: account": _account,
    "rota: name": _rota("姓名"),
    "rota: extension": _rota("分机"),
    "rota: team": _rota("班组"),
    "rota: account": _rota("账号"),
    "rota: day": _rota("日期"),
    "rota: role": _rota("角色"),
    "rota: reason": _swap,
    "rota: deputy": _deputy,
    "rules: name": _rule("name"),
    "rules: reason": _rule("reason"),
    "report: words": _report,
    "explore: question": _view,
    "explore: stretch, name": _stretch("name"),
    "explore: stretch, note": _stretch("note"),
    "watch: phrase": _watch,
    "export: cells": _export,
    "export: reason": _export_reason,
    "reveal: reason": _reveal,
    "customer: reason": _customer,
    "records: tag": _tag,
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hostile") / "house"
    seeded = seeded_module()
    store = open_store(seeded.settings(home).store.url)
    METADATA.create_all(store)
    seeded.seed(store, NOW, 1, people=True)
    with store.begin() as conn:
        calendars.seed(conn, "CN", "Asia/Shanghai", NOW)
        policy.seed(conn, seeded.settings(home).sla, NOW)
        taxonomy.seed(conn, NOW)
    for name, role in (("zhou", "duty"), ("root", "admin")):
        if people.find(store, name) is None:
            people.create(store, name, name, role, by="cli", now=NOW)
    store.dispose()
    return home


@pytest.mark.parametrize("field", FIELDS)
def test_hostile_text_is_harmless_or_refused(field: str, template: Path, tmp_path: Path) -> None:
    for name, text in TEXTS.items():
        home = tmp_path / name.replace(" ", "")
        shutil.copytree(template, home)
        house = House(open_store(seeded_module().settings(home).store.url), seeded_module().settings(home))
        try:
            kept = FIELDS[field](house, text)
        except (PersonFault, Wrong, RotaMistakes, watch.NotAPhrase, report.NotReported, correct.NotAValue) as fault:
            assert _says(fault), (name, fault)
            continue
        finally:
            house.store.dispose()
        if isinstance(kept, Refused):
            assert kept.params or kept.code, name
            continue
        harmless(name, kept)


def harmless(name: str, kept: Any) -> None:
    """Short enough to be read, and nothing in it that does not show or turns what follows."""
    for one in kept if isinstance(kept, list) else [kept]:
        if isinstance(one, str):
            assert len(one) <= LONGEST, (name, len(one))
            assert not [sign for sign in one if unicodedata.category(sign) in ("Cf", "Cc") and sign != "\n"], (name, one)


def _says(fault: Any) -> bool:
    """What is wrong, with the value, the limit or what is allowed."""
    said = getattr(fault, "mistakes", None)
    code = said[0].code if said else fault.code
    return code.count(".") >= 2


# --- every text of every definition -----------------------------------------------------------------------------------------

BODIES: dict[str, dict[str, Any]] = {
    "view": {"name": {"zh_CN": "一", "en": "one"}, "panels": [{"kind": "complaints"}], "order": 500},
    "known_event": {
        "name": {"zh_CN": "大促", "en": "Sale"},
        "start_at": "2026-12-01T00:00:00+08:00",
        "end_at": "2026-12-02T00:00:00+08:00",
        "where": {"channel": "App"},
        "note": "说明",
    },
    "goal": {"start": "2026-11-01", "end": "2027-05-01", "start_value": 0.6, "end_value": 0.95},
    "classifier": {"positives": 10, "found": 9, "negatives": 10, "cleared": 9},
}
"""Of kinds that a new centre has none of."""
MOST_TEXTS = 30


def _texts(body: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(body, str):
        yield place
    for key, value in body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else ():
        yield from _texts(value, (*place, key))


def _put(body: Any, place: tuple[Any, ...], text: str) -> Any:
    copy = json.loads(json.dumps(body))
    inner = copy
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = text
    return copy


@pytest.mark.parametrize("kind", sorted(CHECKED))
def test_no_text_of_a_definition_is_kept_as_it_must_not_be_read(kind: str, template: Path, tmp_path: Path) -> None:
    """``matrix``, ``plan``, ``tier_policy`` and all the others, walked through as they stand: a new field is walked, too."""
    shutil.copytree(template, tmp_path / "home")
    settings = seeded_module().settings(tmp_path / "home")
    store = open_store(settings.store.url)
    found = sorted(revision.newest(store, kind).items())
    some = {id_: dict(one.body) for id_, one in found} or {revision.ONLY.get(kind, "complaints"): BODIES[kind]}
    some = dict(list(some.items())[:: max(1, len(some) // 4)])  # a few of each kind
    versions = {id_: one.version for id_, one in found}
    turns = list(TEXTS.items())
    for id_, body in some.items():
        for n, place in enumerate(_texts(body)):
            for name, text in (turns[n % len(turns)], turns[(n + 3) % len(turns)]):
                draft = Draft(kind, id_, _put(body, place, text), versions.get(id_, 0), "试")
                try:
                    answer = revision.save(store, settings, [draft], ROOT, NOW)
                except Wrong as fault:
                    assert _says(fault), (id_, place, name)
                    continue
                assert isinstance(answer, revision.Saved)
                versions[id_] = answer.version
                mine = (t.definition.c.kind == kind) & (t.definition.c.id == id_) & (t.definition.c.version == answer.version)
                with store.connect() as conn:
                    kept = conn.scalar(select(t.definition.c.body).where(mine))
                for one in _texts(kept):
                    harmless(f"{kind} {id_} {one} {name}", _at(kept, one))
            if n == MOST_TEXTS:
                break
    store.dispose()


def _at(body: Any, place: tuple[Any, ...]) -> Any:
    for part in place:
        body = body[part]
    return body


# --- nothing is left out ----------------------------------------------------------------------------------------------------

TYPED: dict[str, str] = {
    "assessment.opinion": "consultation: opinion",
    "audit.params": "export: reason, rules: reason, drill: scenario, watch: phrase",
    "contact.note": "desk: contact",
    "definition.body": "definitions, explore: question, explore: stretch, name",
    "episode.slice_key": "drill: place",
    "episode.reason_params": "drill: scenario",
    "handling.tier_reason": "desk: regrade, reason",
    "handover.note": "handover: note",
    "handover.reply": "handover: reply",
    "label.new": "records: tag",
    "person.person_id": "people: account",
    "person.name": "people: name",
    "person.title": "people: title",
    "person.extension": "people: extension",
    "person.scope": "people: scope",
    **{f"reach.{name}": f"reach: {name}" for name in NAMES},
    "request.params": "customer: reason, definitions",
    "rota_change.reason": "rota: reason",
    "rota_change.name": "rota: deputy",
    "rota_change.other_name": "rota: deputy",
    "rota_change.team": "rota: team",
    "rota_shift.name": "rota: name",
    "rota_shift.extension": "rota: extension",
    "rota_shift.team": "rota: team",
    "rota_shift.role": "rota: role",
    "rota_shift.person_id": "rota: account",
    "silence.where": "silence: place",
    "silence.weekly": "silence: hours",
    "silence.reason": "silence: reason",
    "sign_in_slate.person_id": "sign-in: name",
    "snooze.reason": "desk: snooze, reason",
    "task.text": "desk: promise",
    "task.result": "desk: promise, result",
    "topic.phrase": "watch: phrase",
    "topic.shown": "watch: phrase",
    "transition.note": "desk: note, desk: resolve, final report",
    "transition.params": "desk: review, lesson, desk: transfer, reason, desk: escalate, reason",
}
"""Text column -> the fields above through which people fill it."""
DELIVERED = ("customer", "event", "feedback", "feedback_text", "gauge", "inbox", "measurement", "quarantine", "reference")
DELIVERED += ("rollup", "search_text")
"""Filled from channel stores: ``ingest/test_ingest_hostile.py``."""
MADE: dict[str, str] = {
    "assessment": "episode_id person role",
    "audit": "by action",
    "channel_pace": "channel tries fault_code fault_params",
    "claim_link": "token_hash person_id episode_id notice_id",
    "contact": "contact_id episode_id customer by way outcome",
    "coverage_day": "source",
    "definition": "kind id by",
    "detector_state": "series state",
    "detector_tail": "series reading",
    "episode": "episode_id rule_id mode series metric parent_id condition direction floor factors reason explained silence_id",
    "handling": "episode_id state owner verdict participants plan_done",
    "handover": "handover_id given_by taken_by scope body",
    "label": "label_id record_key tag by old old_by why",
    "leader": "holder",
    "model": "name state made_by metrics changed_by",
    "outbox": "notice_id kind episode_id channel recipient state fault_code fault_params code params merged_into",
    "person": "role password lang",
    "poll": "source code",
    "reach": "person_id",
    "recovery_code": "person_id code_hash",
    "reminder": "record_key name department",
    "request": "request_id kind by state result fault_code",
    "rota_change": "change_id kind role person_id other_id by state decided_by",
    "rota_shift": "instead_of",
    "rule_record": "rule_id record_key episode_id",
    "sample": "week record_key",
    "second_factor": "person_id key_id",
    "series": "series metric slice_key rule_id role parent",
    "session": "token_hash person_id ip stage",
    "sign_in_slate": "slate ip tries",
    "silence": "silence_id rule_id by ended_by",
    "slice": "cuboid slice_key dims",
    "slice_source": "measure source",
    "snapshot": "body",
    "snooze": "episode_id by",
    "source_state": "source cursor fault fault_code fault_params",
    "system_alert": "kind subjects params",
    "task": "task_id kind episode_id slice_key owner by state closed_by",
    "tick": "counts fault_code fault_params",
    "tombstone": "record_key by reason",
    "topic": "topic_id slice_key kind examples",
    "transition": "episode_id axis by for_person code before after",
    "verdict": "series direction reason reason_params",
    "wall_link": "person_id token_hash addresses views",
    "watermark": "name tag",
}
"""Ids, codes, names of things that are there already, and what the house itself writes."""


def test_every_text_column_that_people_fill_is_in_the_table() -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in METADATA.tables.values()
        for column in table.columns
        if isinstance(column.type, String | Text | JSON) or type(column.type).__name__ == "Json"
    }
    made = {f"{table}.{name}" for table, names in MADE.items() for name in names.split()}
    mine = {one for one in columns if one.partition(".")[0] not in DELIVERED}
    assert sorted(mine - made - set(TYPED)) == [], "a new text column: is it typed by people (FIELDS, TYPED) or MADE?"
    assert sorted((made | set(TYPED)) - mine) == []
    known = (*FIELDS, "definitions")
    for column, names in TYPED.items():
        assert any(name in names for name in known), column


FORMS: dict[str, int] = {
    "admin/calendar.py": 5,
    "admin/events.py": 10,
    "admin/moved.py": 1,
    "admin/policy.py": 3,
    "admin/saving.py": 2,
    "admin/targets.py": 1,
    "admin/taxonomy.py": 3,
    "admin/tiers.py": 2,
    "admin/views.py": 2,
    "alerts/command.py": 1,
    "audit/page.py": 1,
    "backtest/form.py": 2,
    "backtest/result.py": 1,
    "customer/page.py": 2,
    "duty/archive.py": 2,
    "duty/drill.py": 2,
    "duty/handover.py": 2,
    "duty/reach.py": 1,
    "duty/rota.py": 4,
    "duty/silence.py": 4,
    "duty/todo.py": 1,
    "explore/mark.py": 2,
    "explore/saved.py": 1,
    "explore/topics.py": 1,
    "kpi/typed.py": 4,
    "kpi/window.py": 1,
    "look/export.py": 1,
    "people/chosen.py": 3,
    "people/fresh.py": 1,
    "people/links.py": 2,
    "records/detail.py": 1,
    "records/page.py": 1,
    "rules/form.py": 4,
}
"""Page -> its inputs of free text. All of them end in a command above, are numbers or times that are read strictly, or are only
looked for."""


def test_every_input_of_free_text_is_known() -> None:
    root = Path(__file__).parents[2] / "pages"
    made = ("text_input", "text_area", "data_editor", "chat_input")
    found: dict[str, int] = {}
    for file in sorted(root.rglob("*.py")):
        called = [node.func for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
        n = sum(isinstance(one, ast.Attribute) and one.attr in made for one in called)
        if n:
            found[file.relative_to(root).as_posix()] = n
    assert found == FORMS, "a new input: through which field of FIELDS is what is typed there kept?"
