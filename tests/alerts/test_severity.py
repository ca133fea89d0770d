"""Matrix, factors, floors and the cap: pure functions, as tables."""

from datetime import UTC, datetime, timedelta
from itertools import count, product

import pytest

from fengsui.alerts import batch, factors, floors
from fengsui.alerts.assess import assess
from fengsui.alerts.bodies import Floor, Matrix, Weights
from fengsui.alerts.definitions import book
from fengsui.alerts.gap import gap_of
from fengsui.alerts.matrix import tier_of
from fengsui.alerts.seed import seed
from fengsui.alerts.seeds import FLOORS, MATRIX, WEIGHTS
from fengsui.alerts.sight import Sight
from fengsui.alerts.voices import Heard, crowd, mood_of
from fengsui.settings import Settings

NOW = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
SEEDED = Matrix(**MATRIX)
WEIGHED = Weights(**WEIGHTS)
TRUTH = {  # (loss, likelihood): tiers of impact 1, 2, 3
    (1, 1): "111", (1, 2): "112", (1, 3): "112",
    (2, 1): "112", (2, 2): "122", (2, 3): "123",
    (3, 1): "122", (3, 2): "223", (3, 3): "233",
}  # fmt: skip


@pytest.mark.parametrize(("likelihood", "impact", "loss"), product((1, 2, 3), repeat=3))
def test_the_27_cells(likelihood, impact, loss):
    assert tier_of(SEEDED, likelihood, impact, loss) == int(TRUTH[loss, likelihood][impact - 1])


def test_a_matrix_that_falls_somewhere_is_refused():
    cells = [[list(row) for row in sheet] for sheet in MATRIX["cells"]]
    cells[2][2][2] = 1
    with pytest.raises(ValueError, match="falls"):
        Matrix(cells=cells)


KEYS = count()


def heard(n=1, customer=None, **more):
    """``n`` complaints of five minutes ago, each by a customer of its own; ``customer``: one name for all, "" for none."""
    base = {
        "kind": "complaint", "opened_at": NOW - timedelta(minutes=5), "lag_s": 1.0, "repeat_of": None,
        "customer_tier": None, "dims": {"channel": "App"}, "cues": (), "mood": None, "rated": False,
    }  # fmt: skip
    keys = [f"k{next(KEYS)}" for _ in range(n)]
    return [
        Heard(**{**base, "record_key": key, "customer": (key if customer is None else customer or None), **more})
        for key in keys
    ]


def people(*groups):
    flat = [one for group in groups for one in group]
    return crowd(flat, len(flat), WEIGHED)


def sight(**more):
    base = {
        "rule_id": "r", "slice_key": "all", "metric": "complaints", "shape": "count", "start": NOW, "end": NOW,
        "window_start": NOW - timedelta(hours=1), "grade": 3, "calm": False, "direction": "up",
        "observed": 60.0, "expected": 6.0,
    }  # fmt: skip
    return Sight(**{**base, **more})


@pytest.mark.parametrize(
    ("grade", "age_s", "level"),
    [(1, 60, 1), (1, 3600, 2), (2, 60, 2), (2, 3600, 3), (3, 60, 2), (3, 900, 3), (3, 9000, 3)],
)
def test_likelihood_grows_with_grade_and_time(grade, age_s, level):
    assert factors.likelihood(sight(grade=grade), age_s, WEIGHED).level == level


def test_a_single_letter_need_not_last():
    assert factors.likelihood(sight(shape="record", grade=3), 0, WEIGHED).level == 3


@pytest.mark.parametrize(
    ("affected", "observed", "expected", "level"),
    [(4, 100, 96, 1), (5, 100, 95, 2), (24, 100, 76, 2), (25, 100, 75, 3), (13, 15, 2, 2), (13, 100, 87, 2)],
)
def test_impact_grows_with_the_customers_and_not_with_their_share(affected, observed, expected, level):
    seen = sight(observed=float(observed), expected=float(expected))
    assert factors.impact(seen, people(heard(3)), affected, WEIGHED).level == level


@pytest.mark.parametrize(
    ("records", "people_n", "level", "code"),
    [
        (heard(40, kind="inquiry"), 40, 2, "askers"),
        (heard(40, kind="inquiry", cues=("outage",)), 40, 3, "customers"),
        (heard(40, kind="inquiry", mood="negative", attested=True), 40, 3, "customers"),
        (heard(120, kind="inquiry"), 120, 3, "customers"),
        (heard(40), 40, 3, "customers"),
    ],
)
def test_who_only_asks_counts_in_part_and_it_is_said(records, people_n, level, code):
    found = factors.impact(sight(observed=people_n, expected=0.0), people(records), people_n, WEIGHED)
    assert found.level == level
    assert code in {reason["code"].rpartition(".")[2] for reason in found.reasons}


def test_few_people_in_many_regions_are_more_than_few():
    spread = people(*[heard(dims={"channel": "App", "org": f"{place}/x"}) for place in ("华南", "华东", "华北")])
    assert factors.impact(sight(), spread, 3, WEIGHED).level == 2
    assert factors.impact(sight(), spread, 2, WEIGHED).level == 1


REFUND = {"category": "退款退货/进度"}
LOSSES = [
    ("complaints", heard(10), 2, "kind"),
    ("questions", heard(10, kind="inquiry"), 1, "mild"),
    ("questions that sound angry", heard(10, kind="inquiry", mood="negative"), 1, "only_asking"),
    ("angry questions", heard(10, kind="inquiry", mood="negative", attested=True), 2, "negative"),
    ("angry reviews", heard(10, kind="review", mood="negative"), 2, "negative"),
    ("rated well", heard(10, mood="positive", rated=True), 1, "cheerful"),
    ("payment", heard(10, dims={"category": "支付/支付失败"}), 3, "category"),
    ("questions about refunds", heard(10, kind="inquiry", dims=REFUND), 1, "asked"),
    ("questions about payment", heard(10, kind="inquiry", dims={"category": "支付/怎么付"}), 2, "asked"),
    ("sounding angry about refunds", heard(10, kind="inquiry", mood="negative", dims=REFUND), 1, "asked"),
    ("angry about refunds", heard(10, kind="inquiry", mood="negative", attested=True, dims=REFUND), 2, "category"),
    ("key customers", heard(10, customer_tier="VIP"), 3, "customer_tier"),
    ("media", heard(10, cues=("media",)), 3, "cue"),
    ("cheerful but the regulator is named", heard(10, mood="positive", cues=("regulator",)), 3, "cue"),
]


@pytest.mark.parametrize(("why", "records", "level", "code"), LOSSES, ids=[row[0] for row in LOSSES])
def test_loss_weighs_what_is_in_the_window(why, records, level, code):
    found = factors.loss(people(records), WEIGHED)
    assert found.level == level
    assert f"alerts.factor.{code}" in [reason["code"] for reason in found.reasons]


def test_one_odd_word_in_a_large_window_weighs_nothing():
    found = factors.loss(people(heard(97), heard(3, cues=("safety",))), WEIGHED)
    assert found.level == 2


@pytest.mark.parametrize(
    ("shape", "direction", "observed", "expected", "affected"),
    [
        ("count", "up", 60.0, 6.0, 44),
        ("count", "down", 6.0, 60.0, 0),
        ("share", "down", 0.5, 0.9, 20),
        ("duration", "up", 90.0, 30.0, 25),
        ("gauge", "up", 45.0, 30.0, 50),
        ("phrase", "up", 50.0, 1.0, 50),
        ("count", "up", 60.0, None, 50),
    ],
)
def test_affected_are_those_beyond_the_usual_number(shape, direction, observed, expected, affected):
    seen = sight(shape=shape, direction=direction, observed=observed, expected=expected)
    assert factors.affected(seen, people(heard(50)), 0.0) == affected


def test_copies_that_pile_up_in_a_stock_affect_one():
    seen = sight(shape="stock", metric="backlog", observed=534.0, expected=131.0)
    assert factors.affected(seen, people(heard(300)), 0.0) == 300
    assert factors.affected(seen, people(heard(300), heard(413, "one author")), 0.0) <= 1


def test_old_news_without_a_customer_is_staff_entry():
    late = people(heard(30, customer="", lag_s=90_000.0), heard(5))
    assert (late.staff_n, late.customers()) == (30, 5)


@pytest.mark.parametrize(
    ("records", "seen", "usual", "code"),
    [
        (heard(60), sight(), 0.0, None),
        (heard(60, customer="", dims={"channel": "system"}), sight(), 0.0, "staff_entry"),
        (heard(60, customer="", repeat_of="crm:1"), sight(), 0.0, "copies"),
        (heard(9, kind="staff_report"), sight(shape="share"), 0.0, "staff_entry"),
        (heard(9, kind="staff_report"), sight(shape="record"), 0.0, None),
        ([], sight(), 0.0, None),
    ],
)
def test_paper_is_told_from_people(records, seen, usual, code):
    window = people(records)
    found = batch.paper(seen, window, factors.affected(seen, window, usual), usual, WEIGHED)
    assert (found["code"] if found else None) == (f"alerts.factor.{code}" if code else None)


@pytest.mark.parametrize(
    ("shape", "good", "observed", "expected", "target", "direction", "wanted"),
    [
        ("duration", "down", 91.0, 30.0, 1800.0, "up", (1, 1, "inside_duration")),
        ("duration", "down", 1900.0, 600.0, 1800.0, "up", (2, 3, "past_duration")),
        ("duration", "down", 7200.0, 600.0, 1800.0, "up", (3, 3, "past_duration")),
        ("duration", "down", 7200.0, 9000.0, 1800.0, "down", (1, 1, "improving")),
        ("share", "up", 0.96, 0.99, 0.95, "down", (1, 1, "inside_share")),
        ("share", "up", 0.94, 0.99, 0.95, "down", (2, 3, "past_share")),
        ("share", "up", 0.80, 0.99, 0.95, "down", (3, 3, "past_share")),
        ("share", "down", 0.04, 0.02, 0.05, "up", (1, 1, "inside_share")),
        ("share", "down", 0.20, 0.18, None, "up", (1, 3, "no_target")),
        ("share", "down", 0.36, 0.18, None, "up", (2, 3, "no_target")),
        ("duration", "down", 91.0, 30.0, None, "up", (3, 3, "no_target")),
        ("share", "up", 0.5, 1.0, 1.0, "down", (3, 3, "past_share")),
        ("count", "down", 91.0, 30.0, 40.0, "up", None),
        ("limit_duration", "down", 91.0, 30.0, 1800.0, "up", None),
    ],
)
def test_a_drift_is_as_grave_as_its_distance_to_the_target(shape, good, observed, expected, target, direction, wanted):
    seen = sight(shape=shape, good=good, observed=observed, expected=expected, target=target, direction=direction)
    gap = gap_of(seen, WEIGHED)
    assert (gap and (gap.impact, gap.loss, gap.reason["code"].removeprefix("alerts.factor."))) == wanted


def test_a_hundred_copies_by_one_author_do_not_make_the_window_about_payment():
    spam = heard(100, customer="bot", dims={"category": "支付/支付失败"}, mood="negative")
    calm = heard(10, kind="inquiry", mood="neutral", dims={"category": "物流/查询"})
    assert factors.loss(people(spam, calm), WEIGHED).level == 1  # one of eleven
    assert factors.loss(people(heard(8, dims={"category": "支付/支付失败"}), calm), WEIGHED).level == 3


FLOORED = {id_: Floor(**body) for id_, body in FLOORS.items()}


@pytest.mark.parametrize(
    ("records", "affected", "usual", "floor"),
    [
        (heard(6, cues=("outage",)), 6, 0.0, "core-outage"),
        (heard(5, cues=("outage",)), 5, 0.0, None),
        (heard(6, cues=("outage",)), 6, 2.0, None),
        (heard(6, cues=("outage",), customer="one"), 1, 0.0, None),
        (heard(3, cues=("media",)), 3, 0.0, "media-regulator"),
        (heard(2, cues=("safety",)), 2, 0.0, "safety"),
        (heard(6, cues=("outage",), opened_at=NOW - timedelta(hours=2)), 6, 0.0, None),
        (heard(9), 200, 0.0, "mass-complaints"),
        (heard(9, kind="review"), 200, 0.0, None),
    ],
)
def test_floors(records, affected, usual, floor):
    found = floors.highest(FLOORED, sight(), people(records), affected, lambda cues, length: usual)
    assert (found.id if found else None) == floor


@pytest.mark.parametrize(
    ("records", "affected", "more", "floor", "tier"),
    [
        (heard(9), 200, {"reason_params": {"young": True}}, "mass-complaints", 2),
        (heard(9), 200, {"ready": False}, "mass-complaints", 1),
        (heard(40, cues=("churn",)), 40, {"reason_params": {"young": True}}, "mass-churn", 2),
        (heard(40, cues=("churn",)), 40, {"shape": "phrase"}, "mass-churn", 1),
        (heard(40, cues=("churn",)), 40, {}, "mass-churn", 3),
        (heard(6, cues=("outage",)), 6, {"reason_params": {"young": True}}, "core-outage", 3),
        (heard(3, cues=("regulator",)), 3, {"ready": False}, "media-regulator", 3),
    ],
)
def test_a_mass_is_known_after_a_week_and_an_outage_from_the_first_minute(records, affected, more, floor, tier):
    found = floors.highest(FLOORED, sight(**more), people(records), affected, lambda cues, length: 0.0)
    assert found is not None
    assert (found.id, found.tier) == (floor, tier)


def test_a_floor_that_is_off_holds_nothing():
    off = {"safety": FLOORED["safety"].model_copy(update={"enabled": False})}
    assert floors.highest(off, sight(), people(heard(5, cues=("safety",))), 5, lambda cues, length: 0.0) is None


@pytest.mark.parametrize(
    ("ratings", "sentiment", "mood"),
    [
        ([], None, (None, False)),
        ([], "negative", ("negative", False)),
        ([{"value": 5, "low": 1, "high": 5, "direction": "up"}], "negative", ("positive", True)),
        ([{"value": 5, "low": 1, "high": 5, "direction": "down"}], None, ("negative", True)),
        ([{"value": 0, "low": -1, "high": 1, "direction": "up"}], None, ("neutral", True)),
        ([{"value": 1, "low": 1, "high": 1}], "neutral", ("neutral", False)),
    ],
)
def test_the_customers_own_rating_comes_before_the_tagger(ratings, sentiment, mood):
    assert mood_of({"sentiment": sentiment}, ratings) == mood


@pytest.mark.parametrize(("young", "tier"), [({}, 3), ({"young": True}, 2)])
def test_a_series_in_its_first_week_says_important_at_most(sqlite_store, tmp_path, young, tier):
    """A collection that began yesterday looks like a flood of the whole scope."""
    with sqlite_store.begin() as conn:
        seed(conn, Settings(home=tmp_path), NOW)
        flood = people(heard(60, cues=("money",), mood=True))
        found = assess(conn, book(conn, NOW), sight(reason_params=young), NOW - timedelta(hours=1), flood)
    assert found.floor is None
    assert found.tier == tier
    assert ("cap" in found.factors) is bool(young)


def test_a_collection_that_began_on_tuesday_is_no_mass_of_customers(sqlite_store, tmp_path):
    """Two thousand records where there were none: the floor of 200 customers counts on a level that nobody has learned."""
    with sqlite_store.begin() as conn:
        seed(conn, Settings(home=tmp_path), NOW)
        flood, seen = people(heard(2000)), sight(observed=2000.0, expected=2.0, reason_params={"young": True})
        found = assess(conn, book(conn, NOW), seen, NOW - timedelta(hours=1), flood)
    assert (found.tier, found.factors["cap"][0]["code"]) == (2, "alerts.factor.young")
