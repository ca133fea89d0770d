"""What became of a report from the front line: the alert that it raised, and where else its words stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, insert, update

from fengsui.board import report
from fengsui.store import tables as t

NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)
SOURCE, STAFF, WORDS = "frontline", "of-the-front", "of-words"


def _reported(store: Engine, rules: dict[str, str]) -> report.Report:
    """A report that was taken. ``rules``: alert -> the rule that raised it; they all hold the record."""
    at = NOW
    row = {"inbox_id": "in1", "kind": report.KIND, "source": SOURCE, "by": "wang", "received_at": at, "state": "taken"}
    record = {"record_key": f"{SOURCE}:in1", "source": SOURCE, "kind": report.RECORD, "state": "open", "content_hash": "x"}
    record |= dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), at)
    body = {"name": {"zh_CN": "一线上报", "en": "Report"}, "kind": "record", "kinds": [report.RECORD], "cues": []}
    with store.begin() as conn:
        conn.execute(insert(t.inbox).values(**row))
        conn.execute(insert(t.feedback).values(**record, seq=1, dims={}, ratings=[], tags={}, extra={}))
        conn.execute(insert(t.definition).values(kind="rule", id=STAFF, version=1, valid_from=at, by="seed", body=body))
        for alert, rule in rules.items():
            held = {"rule_id": rule, "record_key": record["record_key"], "episode_id": alert}
            conn.execute(insert(t.rule_record).values(**held, at=at - timedelta(seconds=1)))
            conn.execute(update(t.episode).where(t.episode.c.episode_id == alert).values(rule_id=rule))
    (found,) = report.mine(store, SOURCE, "wang")
    return found


def test_the_reporter_sees_the_alert_of_his_report_first_and_the_graver_ones_as_others(afternoon: Engine) -> None:
    """The trap: a severe alert that counts the same words stood in place of the report's own."""
    found = _reported(afternoon, {"e6": STAFF, "e1": WORDS, "e3": WORDS + "2"})
    assert (found.number, found.alert) == ("1118-06", "in_progress")
    assert found.also == ("1118-01", "1118-03"), "the gravest first"


@pytest.mark.parametrize(("rules", "number", "also"), [({}, None, ()), ({"e1": WORDS}, "1118-01", ())])
def test_without_an_alert_of_its_own_another_one_or_none_is_named(
    afternoon: Engine, rules: dict[str, str], number: str | None, also: tuple[str, ...]
) -> None:
    found = _reported(afternoon, rules)
    assert (found.state, found.number, found.also) == ("taken", number, also)


def _answers(**dims: str) -> report.Answers:
    return report.Answers("机器吞卡", "1", "grumble", dims)


def test_inside_a_scope_a_report_has_an_organisation() -> None:
    """The trap: a form posted without one left the scope of its link."""
    one, two = {"org": ("华南",), "channel": ("App",)}, {"org": ("华南", "华东")}
    assert report.check(_answers(channel="App"), one, ("华南",)).dims == {"channel": "App", "org": "华南"}
    assert report.check(_answers(org="华东"), two, ("华南", "华东")).dims == {"org": "华东"}
    for dims, offered in (({}, two), ({"org": "华北"}, two), ({"org": ""}, one)):
        with pytest.raises(report.NotReported) as refused:
            report.check(_answers(**dims), offered, ("华南", "华东"))
        assert refused.value.field == "org" and refused.value.params["allowed"] == list(offered["org"])
    assert report.check(_answers(), two).dims == {}, "who may report of everything may leave it open"
    assert report.check(_answers(), {"channel": ("App",)}, ("华南",)).dims == {}, "a centre without organisations"
