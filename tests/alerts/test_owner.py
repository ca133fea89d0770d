"""Whose an alert is: proposed by what its customers say, told to that department only where it is sure."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from fengsui.alerts import definitions, owner
from fengsui.alerts.voices import Crowd, Heard
from fengsui.store.tables import definition, feedback
from tests.alerts.conftest import Centre


def says(centre: Centre, keys: list[str], department: str | None, sure: float = 0.9) -> None:
    with centre.store.begin() as conn:
        for key in keys:
            tags = conn.execute(select(feedback.c.tags).where(feedback.c.record_key == key)).scalar_one()
            own = {"department": department, "sure": {"department": sure}} if department else {}
            conn.execute(update(feedback).where(feedback.c.record_key == key).values(tags={**tags, **own}))


def routed(centre: Centre, **departments: tuple[str, ...]) -> None:
    with centre.store.begin() as conn:
        mine = (definition.c.kind == "tier_policy") & (definition.c.id == "default")
        body = conn.execute(select(definition.c.body).where(mine).order_by(definition.c.version.desc()).limit(1)).scalar_one()
        routes = {name: list(told) for name, told in departments.items()}
        definitions.save(conn, "tier_policy", "default", {**body, "departments": routes}, "wang", centre.now)


def raised(centre: Centre, **counts: int) -> dict[str, Any]:
    for department, n in counts.items():
        says(centre, centre.record(n=n), None if department == "none" else department)
    centre.sees(observed=float(sum(counts.values())), expected=1.0)
    centre.advance()
    return next(row for row in centre.episodes() if row["rule_id"] == "complaints-all")


@pytest.mark.parametrize(
    ("counts", "choices", "sure"),
    [
        ({"tech": 18, "finance": 2}, ["tech"], True),
        ({"tech": 12, "finance": 5, "ops": 2, "shop": 1}, ["tech", "finance", "ops"], False),
        ({"tech": 8, "none": 12}, ["tech"], False),
        ({"tech": 2, "none": 18}, None, False),
    ],
    ids=["sure", "three choices", "most say nothing", "too few"],
)
def test_one_department_where_that_is_sure_else_three(
    centre: Centre, counts: dict[str, int], choices: list[str] | None, sure: bool
) -> None:
    routed(centre, tech=("person:li", "duty"))
    found = raised(centre, **counts)["factors"].get("owner")
    told = [one["recipient"] for one in centre.notices("raised")]
    assert told.count("person:li") == (1 if sure else 0) and told.count("duty") == 1, "nobody is told twice"
    if choices is None:
        assert not found
    else:
        assert [name for name, _ in found[0]["params"]["choices"]] == choices and found[0]["params"]["sure"] is sure


def test_one_author_is_one_voice_and_a_guess_half_a_word(centre: Centre) -> None:
    flood = [Heard(**{**_plain(centre), "record_key": f"f{n}", "customer": "spam", "department": "ops"}) for n in range(50)]
    people = [Heard(**{**_plain(centre), "record_key": f"p{n}", "customer": f"c{n}", "department": "tech"}) for n in range(9)]
    crowd = Crowd((*flood, *people), 59, 0, None)  # type: ignore[arg-type]
    (found,) = owner.proposal(crowd)
    assert found["params"]["choices"] == [["tech", 0.9]] and found["params"]["sure"]
    guesses = [Heard(**{**_plain(centre), "record_key": f"g{n}", "customer": f"g{n}", "department": "shop",
                        "department_sure": 0.45}) for n in range(9)]  # fmt: skip
    (mixed,) = owner.proposal(Crowd((*people, *guesses), 18, 0, None))  # type: ignore[arg-type]
    assert mixed["params"]["choices"] == [["tech", 0.67], ["shop", 0.33]] and not mixed["params"]["sure"]


def _plain(centre: Centre) -> dict[str, Any]:
    return {"kind": "complaint", "opened_at": centre.now, "lag_s": 0.0, "repeat_of": None, "customer_tier": None, "dims": {},
            "cues": (), "mood": None, "rated": False, "department_sure": 0.9}  # fmt: skip
