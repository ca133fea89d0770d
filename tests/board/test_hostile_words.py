"""Hostile text in every field that people fill: kept as harmless text, or refused with field, value or limit."""

from __future__ import annotations

import shutil
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from fengsui import people
from fengsui.alerts import commands
from fengsui.alerts.commands import Refused, Wanted
from fengsui.board import export, handover, report, revision, rota_change, watch
from fengsui.board.explore import views
from fengsui.board.revision import Draft
from fengsui.board.rota_change import Who
from fengsui.board.wrong import Wrong
from fengsui.people import Person, PersonFault, RotaMistakes
from fengsui.store import tables as t
from fengsui.store.database import open_store
from fengsui.store.slices import slice_levels
from fengsui.store.tables import METADATA
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
    return views.keep(house.store, ROOT, text, {"metric": ["complaints"]}, NOW)


def _watch(house: House, text: str) -> Any:
    return watch.add(house.store, text, ROOT, NOW) and None


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
        return commands.mark_stretch(house.store, ROOT, NOW, metric="complaints", slice_key=PLACE, **span, **fields)

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
    "consultation: note": _of_alert(commands.consult, {}, assessors={"zhou": "product"}, decider="zhou", note=...),
    "silence: reason": _silence,
    "handover: note": _give,
    "handover: reply": _take,
    "drill: scenario": _drill,
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
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hostile") / "house"
    seeded = seeded_module()
    store = open_store(seeded.settings(home).store.url)
    METADATA.create_all(store)
    seeded.seed(store, NOW, 1, people=True)
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
        except (PersonFault, Wrong, RotaMistakes, watch.NotAPhrase, report.NotReported) as fault:
            assert _says(fault), (name, fault)
            continue
        finally:
            house.store.dispose()
        if isinstance(kept, Refused):
            assert kept.params or kept.code, name
            continue
        for one in kept if isinstance(kept, list) else [kept]:
            if isinstance(one, str):
                assert len(one) <= LONGEST, (name, len(one))
                assert not [sign for sign in one if unicodedata.category(sign) in ("Cf", "Cc") and sign != "\n"], (name, one)


def _says(fault: Any) -> bool:
    """What is wrong, with the value, the limit or what is allowed."""
    said = getattr(fault, "mistakes", None)
    code = said[0].code if said else fault.code
    return code.count(".") >= 2
