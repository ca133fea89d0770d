"""The pure decision of people's commands: invariants over random histories, and the answers to those who come too late."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengsui.alerts.commands.answer import Refused
from fengsui.alerts.commands.decide import decide
from fengsui.alerts.commands.handling import STATES, Command, Handling, Same, Somebody, Step, after
from fengsui.alerts.commands.table import COMMANDS, DUTY

NOW = datetime(2026, 11, 18, 6, 33, tzinfo=UTC)
LI, WANG = Somebody("li", "李强", "duty"), Somebody("wang", "王敏", "manager")
ZHAO, WALL = Somebody("zhao", "赵静", "analyst"), Somebody("wall", "大屏", "wall")
PEOPLE = (LI, WANG, ZHAO, WALL, Somebody("chen", "陈晨", "duty"))

commands = st.builds(
    Command,
    name=st.sampled_from(sorted(COMMANDS)),
    seen=st.integers(-1, 1),  # relative; made absolute below
    params=st.fixed_dictionaries(
        {
            "reason": st.sampled_from(["busy", "fixed", ""]),
            "tier": st.integers(0, 4),
            "verdict": st.sampled_from(["real", "false", "good"]),
            "into": st.sampled_from(["other", None]),
            "step": st.sampled_from(["read", "call"]),
        }
    ),
    target=st.sampled_from([None, *PEOPLE]),
    note=st.sampled_from([None, "看过了"]),
)
histories = st.lists(st.tuples(commands, st.sampled_from(PEOPLE), st.booleans()), max_size=30)


@given(histories)
@settings(max_examples=300, deadline=None)
def test_random_histories_keep_the_promises(history):
    handling = Handling()
    for n, (command, by, machine_raises) in enumerate(history):
        if machine_raises:  # the machine's tier is beside, never in, the people's row
            handling = Handling(**{f: getattr(handling, f) for f in handling.__slots__} | {"episode_tier": 3})
        aimed = Command(command.name, handling.version + command.seen, command.params, command.target, command.note)
        step = decide(handling, aimed, by, NOW + timedelta(minutes=n))
        if not isinstance(step, Step):
            assert isinstance(step, Same) or step.code.startswith("alerts.refused.")
            continue
        assert by.role in DUTY, "whoever may not act never makes a step"
        assert handling.state in COMMANDS[command.name].states
        moved = after(handling, step, by, NOW)
        _check(handling, moved, step)
        handling = moved


def _check(before: Handling, now: Handling, step: Step) -> None:
    assert now.version == before.version + 1
    assert now.state in STATES
    assert now.state not in ("claimed", "in_progress") or now.owner is not None
    assert now.claimed_at is None or now.owner is not None
    if before.state == "reviewed":
        assert step.code in ("reopen", "note")
    if before.owner is not None and now.owner != before.owner:
        assert step.code in ("transfer", "claim", "claim_for", "give_back")
        assert step.code in ("transfer", "give_back") or before.state in ("new", "verified")
    if step.code != "regrade":
        assert (now.tier, now.machine_tier) == (before.tier, before.machine_tier)


def _do(handling: Handling, name: str, by: Somebody, seen: int | None = None, **fields) -> Handling:
    params = {k: v for k, v in fields.items() if k not in ("target", "note")}
    command = Command(name, handling.version if seen is None else seen, params, fields.get("target"), fields.get("note"))
    step = decide(handling, command, by, NOW)
    assert isinstance(step, Step), step
    return after(handling, step, by, NOW)


def test_the_second_to_claim_reads_who_was_first_and_when():
    claimed = _do(Handling(), "claim", LI)
    answer = decide(claimed, Command("claim", 0), WANG, NOW)
    assert answer == Refused("alerts.refused.after.claim", {"who": "李强", "at": NOW.isoformat(), "owner": "李强"})


def test_claiming_what_one_sees_claimed_names_the_owner():
    claimed = _do(Handling(), "claim", LI)
    assert decide(claimed, Command("claim", 1), WANG, NOW) == Refused("alerts.refused.owned", {"who": "李强"})


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("claim", {}),
        ("start", {}),
        ("note", {"note": "看过了"}),
        ("regrade", {"tier": 3, "reason": "wider"}),
        ("resolve", {"reason": "fixed"}),
        ("plan_step", {"step": "read"}),
        ("add_participant", {"target": WANG}),
        ("transfer", {"target": LI, "reason": "busy"}),
    ],
)
def test_a_double_click_is_done_once(name, fields):
    before = Handling() if name == "claim" else _do(Handling(), "claim", LI)
    seen = before.version
    done = _do(before, name, LI, **fields)
    params = {k: v for k, v in fields.items() if k not in ("target", "note")}
    again = Command(name, seen, params, fields.get("target"), fields.get("note"))
    assert isinstance(decide(done, again, LI, NOW), Same)


def test_the_same_note_by_somebody_else_is_a_note_of_its_own():
    noted = _do(Handling(), "note", LI, note="看过了")
    assert isinstance(decide(noted, Command("note", 0, note="看过了"), WANG, NOW), Step)


def test_only_the_owner_or_a_manager_resolves():
    claimed = _do(Handling(), "claim", LI)
    chen = PEOPLE[-1]
    assert decide(claimed, Command("resolve", 1, {"reason": "fixed"}), chen, NOW).code == "alerts.refused.not_owner"
    assert isinstance(decide(claimed, Command("resolve", 1, {"reason": "fixed"}), WANG, NOW), Step)


def test_an_alert_without_owner_is_resolved_by_nobody_but_may_be_reviewed_as_false():
    assert decide(Handling(), Command("resolve", 0, {"reason": "fixed"}), WANG, NOW).code == "alerts.refused.state.resolve"
    verified = _do(Handling(), "verify", LI)
    reviewed = _do(verified, "review", LI, verdict="false")
    assert (reviewed.state, reviewed.verdict, reviewed.owner) == ("reviewed", "false", None)


def test_reopened_goes_back_to_its_owner_or_to_verified():
    owned = _do(_do(_do(Handling(), "claim", LI), "resolve", LI, reason="fixed"), "reopen", LI, reason="came_back")
    assert (owned.state, owned.owner, owned.resolved_at) == ("claimed", "li", None)
    nobody = _do(_do(_do(Handling(), "verify", LI), "review", LI, verdict="false"), "reopen", LI, reason="by_mistake")
    assert (nobody.state, nobody.verdict) == ("verified", None)


def test_given_back_it_is_nobodys_and_the_next_claim_counts_from_its_own_time():
    held = _do(_do(Handling(), "claim", LI), "start", LI)
    refused = decide(held, Command("give_back", held.version, {"reason": "busy"}), Somebody("chen", "陈晨", "duty"), NOW)
    assert isinstance(refused, Refused) and refused.code == "alerts.refused.not_owner"
    free = _do(held, "give_back", LI, reason="busy")
    assert (free.state, free.owner, free.claimed_at) == ("verified", None, None)
    assert _do(free, "claim", WANG).owner == "wang"


def test_a_regrade_remembers_the_machines_opinion():
    graded = _do(Handling(episode_tier=2), "regrade", LI, tier=1, reason="narrower")
    assert (graded.tier, graded.machine_tier, graded.tier_reason) == (1, 2, "narrower")


@pytest.mark.parametrize(
    ("command", "by", "code"),
    [
        (Command("claim", 0), ZHAO, "alerts.refused.role"),
        (Command("claim_for", 0, target=ZHAO), LI, "alerts.refused.target_role"),
        (Command("claim_for", 0), LI, "alerts.refused.needs"),
        (Command("note", 0, note=""), LI, "alerts.refused.needs"),
        (Command("regrade", 0, {"tier": 4, "reason": "wider"}), LI, "alerts.refused.value"),
        (Command("review", 0, {"verdict": "nice"}), LI, "alerts.refused.value"),
        (Command("start", 0), LI, "alerts.refused.state.start"),
        (Command("claim", 5), LI, "alerts.refused.stale"),
    ],
)
def test_refusals_say_what_is_wrong(command, by, code):
    assert decide(Handling(), command, by, NOW).code == code
