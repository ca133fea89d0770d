"""Every step of the machine's axis, as a table, and its promises over random roads."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.alerts.bodies import TierPolicy
from fengsui.alerts.life import Life, decide, needed
from fengsui.alerts.seeds import TIER_POLICY
from fengsui.alerts.sight import Sight

POLICY = TierPolicy(**TIER_POLICY)
T0 = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)


def sight(minute: float, grade: int = 0, **more) -> Sight:
    end = T0 + timedelta(minutes=minute)
    return Sight(
        **{
            "rule_id": "r",
            "slice_key": "all",
            "metric": "complaints",
            "shape": "count",
            "start": end - timedelta(minutes=1),
            "end": end,
            "window_start": end - timedelta(minutes=10),
            "grade": grade,
            "calm": grade == 0,
            "direction": "up" if grade else "none",
            **more,
        }
    )


def life(condition="firing", calm_n=0, tier=2, grade=2, last=20, cleared=None, ended=False) -> Life:
    at = T0 + timedelta(minutes=cleared) if cleared is not None else None
    return Life(condition, tier, grade, calm_n, T0, T0 + timedelta(minutes=last), at, ended)


BLIND = {"complete": False, "calm": True}
NOTHING = {"known": False, "calm": True, "complete": False}
NEARLY = {"calm": False}

TABLE = [
    # what lives, what is seen, the tier it would have -> condition, code (None, None: nothing happens)
    ("a grade opens", None, sight(21, 1), 1, "firing", "opened"),
    ("no grade opens nothing", None, sight(21), 1, None, None),
    ("still learning opens nothing", None, sight(21, 3, ready=False), 3, None, None),
    ("too little for lack of a source opens nothing", None, sight(21, 3, complete=False, direction="down"), 3, None, None),
    ("too much although a source is missing opens", None, sight(21, 3, complete=False), 3, "firing", "opened"),
    ("a higher tier raises", life(), sight(21, 2), 3, "firing", "raised"),
    ("the same tier says nothing", life(), sight(21, 2), 2, "firing", None),
    ("a lower tier says nothing", life(tier=3), sight(21, 2), 1, "firing", None),
    ("a clearer grade worsens", life(), sight(21, 3), 2, "firing", "worsened"),
    ("an old sight changes nothing", life(last=30), sight(21, 3), 3, None, None),
    ("calm counts", life(), sight(21), 1, "firing", None),
    ("the last calm step clears", life(calm_n=9), sight(21), 1, "cleared", "cleared"),
    ("not before the hold is over", Life("firing", 2, 2, 9, T0 + timedelta(minutes=15), T0 + timedelta(minutes=20)),
     sight(21), 1, "firing", None),
    ("incomplete calm does not clear", life(calm_n=9), sight(21, **BLIND), 1, None, None),
    ("unknown does not clear", life(calm_n=9), sight(21, **NOTHING), 1, None, None),
    ("blind for long is said", life(last=5), sight(21, **NOTHING), 1, "no_data", "no_data"),
    ("and said once", life("no_data", last=5), sight(40, **NOTHING), 1, None, None),
    ("data that come back burning", life("no_data"), sight(21, 2), 2, "firing", "data_back"),
    ("data that come back worse", life("no_data"), sight(21, 3), 3, "firing", "raised"),
    ("data that come back calm", life("no_data"), sight(21), 1, "firing", "data_back"),
    ("between the thresholds is the same fire", life(calm_n=9), sight(21, **NEARLY), 1, "firing", None),
    ("soon again is the same alert", life("cleared", cleared=20), sight(40, 2), 2, "firing", "refired"),
    ("later is a new one", life("cleared", cleared=20), sight(51, 2), 2, "firing", "opened"),
    ("after people ended it, a new one", life("cleared", cleared=20, ended=True), sight(25, 2), 2, "firing", "opened"),
    ("cleared and calm stays", life("cleared", cleared=20), sight(25), 1, None, None),
]  # fmt: skip


@pytest.mark.parametrize(("why", "known", "seen", "tier", "condition", "code"), TABLE, ids=[row[0] for row in TABLE])
def test_each_step(why, known, seen, tier, condition, code):
    step = decide(known, seen, tier, POLICY)
    assert (step.condition if step else None, step.code if step else None) == (condition, code)
    assert step is None or step.new == (code == "opened")


def test_between_the_thresholds_starts_the_calm_row_again():
    assert decide(life(calm_n=9), sight(21, **NEARLY), 1, POLICY).calm_n == 0


@pytest.mark.parametrize(("step_s", "steps"), [(60, 10), (900, 2), (300, 2), (120, 5)])
def test_slow_series_need_at_least_two_calm_steps(step_s, steps):
    assert needed(step_s, POLICY) == steps


sights = st.builds(
    lambda grade, complete, known, calm: (grade, {"complete": complete, "known": known, "calm": calm and grade == 0}),
    st.integers(0, 3), st.booleans(), st.booleans(), st.booleans(),
)  # fmt: skip


@given(st.lists(st.tuples(sights, st.integers(1, 3)), max_size=60))
def test_nothing_but_complete_calm_clears(road):
    known = None
    calm_in_a_row = 0
    for minute, ((grade, more), tier) in enumerate(road):
        seen = sight(minute, grade, **more)
        step = decide(known, seen, tier, POLICY)
        if seen.calm and seen.complete and seen.known:
            calm_in_a_row += 1
        elif seen.grade > 0 or (seen.complete and seen.known):
            calm_in_a_row = 0
        if step is None:
            continue
        if step.code == "cleared":
            assert calm_in_a_row >= 10
            known = None
            continue
        trusted = (seen.complete and seen.known) or grade > 0
        last = seen.end if trusted or known is None else known.last_at
        started = known.started_at if known else seen.window_start
        new_tier = max(tier if grade else 1, known.tier if known else 1)
        assert known is None or step.code != "raised" or tier > known.tier
        known = Life(step.condition, new_tier, max(grade, known.peak_grade if known else 0), step.calm_n, started, last)
