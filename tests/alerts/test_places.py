"""Places whose values hold blanks or signs that nobody can type: what is typed finds them; what is in no data is refused."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import insert, select

from fengsui.alerts import definitions
from fengsui.alerts.commands import Done, Refused, Wanted, add_silence, start_drill
from fengsui.alerts.places import legible
from fengsui.alerts.silence import silence_of
from fengsui.board import silences
from fengsui.metrics.event_body import KnownEventBody
from fengsui.store.slices import slice_id, slice_key, slice_levels
from fengsui.store.tables import definition, episode, silence, slice_

WANG = SimpleNamespace(person_id="wang", name="王敏", role="manager", scope=())
VALUES = ["手机\u3000银行", "手机\u00a0银行", "手机\u200b 银行", " 手机  银行"]
TYPED = "手机 银行"


def has(centre: Any, *wheres: dict[str, str]) -> None:
    keys = [slice_key(where) for where in wheres]
    rows = [
        {"slice_id": slice_id(key), "cuboid": "|".join(slice_levels(key)), "slice_key": key, "dims": {}, "first_at": centre.now}
        for key in keys
    ]
    with centre.store.begin() as conn:
        conn.execute(insert(slice_), rows)


@pytest.mark.parametrize("value", VALUES)
def test_what_is_typed_on_the_pages_finds_the_place_of_the_data(centre: Any, value: str) -> None:
    """The trap: it was folded as it is read, and no alert of that channel fell silent any more."""
    has(centre, {"channel": value})
    where = silences.where_of(centre.store, centre.settings, f"渠道 = {TYPED}")
    assert where == {"channel": value}
    assert silences.where_of(centre.store, centre.settings, f"渠道 = {value}") == where, "pasted as it is"


@pytest.mark.parametrize("given", [TYPED, VALUES[2]])
def test_it_is_kept_silent_and_drilled(centre: Any, given: str) -> None:
    has(centre, {"channel": VALUES[2]})
    wanted = Wanted(None, {"channel": given}, 2, centre.now, centre.now + timedelta(hours=1), None, "演习")
    assert isinstance(add_silence(centre.store, WANG, centre.now, wanted), Done)
    assert isinstance(start_drill(centre.store, WANG, centre.now, tier=1, where={"channel": given}, scenario="演习"), Done)
    with centre.store.connect() as conn:
        kept = silence_of(conn.execute(select(silence)).one())
        drilled = conn.scalar(select(episode.c.slice_key))
    assert kept.where == {"channel": VALUES[2]} and slice_levels(drilled) == kept.where
    assert kept.covers("complaints-channel", slice_key({"channel": VALUES[2]}), 2)


def test_what_is_in_no_data_is_refused_where_it_does_not_show(centre: Any) -> None:
    has(centre, {"channel": VALUES[2]})
    wanted = Wanted(None, {"channel": "手\u202e机"}, 2, centre.now, centre.now + timedelta(hours=1), None, "演习")
    answer = add_silence(centre.store, WANG, centre.now, wanted)
    assert isinstance(answer, Refused) and answer.params["allowed"] == ["手机"]
    assert isinstance(start_drill(centre.store, WANG, centre.now, tier=1, where={"org.1": VALUES[2]}, scenario="演习"), Refused)


def test_a_scope_is_asked_of_the_place_that_is_meant(centre: Any) -> None:
    """What is typed reads like the scope; the place of the data is another one."""
    has(centre, {"org.1": "华\u200b南"})
    li = SimpleNamespace(person_id="li", name="李", role="manager", scope=("华 南",))
    answer = start_drill(centre.store, li, centre.now, tier=1, where={"org.1": "华\u200b南"}, scenario="演习")
    assert isinstance(answer, Refused) and answer.code == "alerts.refused.scope"


def test_of_two_places_that_read_the_same_the_one_that_was_typed_is_meant(centre: Any) -> None:
    has(centre, {"channel": VALUES[0]}, {"channel": TYPED})
    assert silences.where_of(centre.store, centre.settings, f"渠道 = {TYPED}") == {"channel": TYPED}


def test_definitions_keep_the_places_of_the_data_and_nothing_else_that_does_not_show(centre: Any) -> None:
    has(centre, {"channel": VALUES[0], "org.1": "华南"}, {"channel": VALUES[2]})
    span = {"start_at": centre.now.isoformat(), "end_at": (centre.now + timedelta(hours=1)).isoformat()}
    event = KnownEventBody.model_validate({"name": "大\u3000促", "where": {"channel": TYPED}, **span}).model_dump(mode="json")
    with centre.store.begin() as conn:
        definitions.save(conn, "known_event", "e", event, "wang", centre.now)
        body = conn.scalar(select(definition.c.body).where(definition.c.id == "e"))
        assert (body["where"], body["name"]) == ({"channel": VALUES[2]}, "大 促")
        policy = {"lines": [{"when": {"channel": [VALUES[0], "柜\u200b台"], "kind": ["complaint"]}}], "note": VALUES[0]}
        assert legible(conn, policy) == {
            "lines": [{"when": {"channel": [VALUES[0], "柜台"], "kind": ["complaint"]}}],
            "note": TYPED,
        }
        key = slice_key({"channel": VALUES[0], "org.1": "华南"})
        assert legible(conn, {"slice_key": key}) == {"slice_key": key}
        assert legible(conn, {"slice_key": "柜\u200b台"}) == {"slice_key": "柜台"}
