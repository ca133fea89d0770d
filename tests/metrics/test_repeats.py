"""Who came again: the matured cohort, the same customer and topic, seven days, and nobody who was not helped."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sqlalchemy import Engine, insert

from fengsui.metrics.classifier import Checked, corrected
from fengsui.metrics.repeats import Repeats, fcr, repeat_contact, repeats
from fengsui.store.tables import feedback

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
START, END = NOW - timedelta(days=14), NOW - timedelta(days=7)


def contact(n: int, day: float, customer: str | None, category: str | None = "支付/扣款", **more: Any) -> dict[str, Any]:
    at = START + timedelta(days=day)
    times = dict.fromkeys(("opened_at", "updated_at", "stored_at", "first_stored_at"), at)
    dims = {"org": "华南/广东", "channel": "电话"} | ({"category": category} if category else {})
    plain = {
        "source": "s",
        "kind": "complaint",
        "seq": 1,
        "content_hash": "h",
        "state": "open",
        "ratings": [],
        "tags": {},
        "extra": {},
    }
    none = dict.fromkeys(("answered_at", "abandoned_at", "deleted_at"))
    return {"record_key": f"s:{n}", "customer": customer, "dims": dims, **plain, **times, **none, **more}


def told(store: Engine, *rows: dict[str, Any]) -> Repeats:
    with store.begin() as conn:
        conn.execute(insert(feedback), list(rows))
    with store.connect() as conn:
        return repeats(conn, "all", START, END, NOW)


def test_the_same_customer_and_topic_within_seven_days(store: Engine) -> None:
    found = told(
        store,
        contact(1, 0.5, "a"),
        contact(2, 7.4, "a"),  # followed 1 within 7 days; lies after the window itself
        contact(3, 1, "b"),
        contact(4, 1.5, "b", "物流/慢"),  # another topic
        contact(5, 2, "c"),
        contact(6, 9.1, "c"),  # too late
        contact(7, -6, "d"),
        contact(8, 0.9, "d"),  # comes again, to this window
        contact(9, 3, None),
        contact(10, 3.1, None),  # two unknown people are not one
        contact(11, 4, "e", None),
        contact(12, 4.1, "e", None),  # without a category: one topic
    )
    assert found == Repeats(contacts=9, known=7, again=2, cohort=7, followed=2)


def test_who_gave_up_was_not_helped_and_a_survey_is_no_contact(store: Engine) -> None:
    gone = {"abandoned_at": START + timedelta(days=1)}
    found = told(
        store,
        contact(1, 1, "a", **gone),
        contact(2, 1.1, "a", answered_at=START + timedelta(days=1.1)),
        contact(3, 2, "b"),
        contact(4, 2.5, "b", kind="survey"),
        contact(5, 3, "c"),
        contact(6, 3.5, "c", **gone),  # gave up the second time, but did come again
        contact(7, 4, "f"),
        contact(8, 4.5, "f", state="cancelled"),
        contact(9, 4.6, "f", deleted_at=NOW),
    )
    assert found == Repeats(contacts=6, known=6, again=2, cohort=4, followed=1)


def test_a_place_has_its_own_contacts_and_a_return_elsewhere_counts(store: Engine) -> None:
    elsewhere = {"dims": {"org": "华东/上海", "channel": "App", "category": "支付/扣款"}}
    told(store, contact(1, 1, "a"), contact(2, 2, "a", **elsewhere), contact(3, 1, "b", dims={"category": "支付/扣款"}))
    with store.connect() as conn:

        def seen(place: str) -> tuple[int, int]:
            found = repeats(conn, place, START, END, NOW)
            return found.contacts, found.followed

        assert (seen("org.1=华南"), seen("org.2=华南/广东"), seen("org.1=华"), seen("channel=App")) == (
            (1, 1),
            (1, 1),
            (0, 0),
            (1, 0),
        )
        assert (seen("org.1=未填"), seen("all")) == ((1, 0), (3, 1))


def test_a_young_cohort_is_provisional_and_nobody_is_no_data() -> None:
    found = Repeats(100, 90, 9, 80, 8)
    assert (fcr(found, END, NOW).value, fcr(found, END, NOW).state, fcr(found, END, NOW).n) == (0.9, "ok", 80)
    assert fcr(found, END + timedelta(seconds=1), NOW).state == "provisional"
    assert repeat_contact(found).value == pytest.approx(0.1)
    assert fcr(Repeats(5, 0, 0, 0, 0), END, NOW).state == "no_data" and fcr(Repeats(9, 9, 0, 9, 0), END, NOW).state == "few"


# --- a classifier, and what it says ----------------------------------------------------------------------------------


def test_calling_everything_neutral_is_no_classifier() -> None:
    with pytest.raises(ValidationError, match="coin"):
        Checked(positives=8, found=0, negatives=92, cleared=92)
    with pytest.raises(ValidationError):
        Checked(positives=8, found=9, negatives=92, cleared=92)


@given(st.floats(0.02, 0.6), st.floats(0.6, 0.99), st.floats(0.7, 0.99))
def test_the_corrected_share_is_the_true_one(true: float, se: float, sp: float) -> None:
    checked = Checked(positives=10_000, found=round(se * 10_000), negatives=10_000, cleared=round(sp * 10_000))
    n = 1_000_000
    reported = round(n * (true * checked.sensitivity + (1 - true) * (1 - checked.specificity)))
    found = corrected(reported, n, checked)
    assert found is not None and found.share == pytest.approx(true, abs=1e-4) and found.lower < true < found.upper


def test_a_small_hand_checked_sample_makes_a_wide_interval() -> None:
    small, large = (
        corrected(120, 1000, Checked(positives=k, found=k * 8 // 10, negatives=k, cleared=k * 19 // 20)) for k in (20, 2000)
    )
    assert small is not None and large is not None
    assert small.share == pytest.approx(large.share) and small.upper - small.lower > 2 * (large.upper - large.lower)
    assert corrected(0, 0, Checked(positives=1, found=1, negatives=1, cleared=1)) is None
    assert corrected(0, 100, Checked(positives=9, found=9, negatives=10, cleared=9)).share == 0.0  # type: ignore[union-attr]
