"""One event is one alert: parts of a firing whole, and other rules that see the same trouble, are its members.

Two alerts are of one event when both burn, their metrics speak of the same customers or the same work (``KINDREDS``), and
one scope holds the other, is the same, or is of the same category. A single record (a letter of the regulator), and words
that stand for such a risk of their own, are never grouped: another person answers them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from types import MappingProxyType

from sqlalchemy import select

from fengsui.alerts.bodies import DetectorRule, PhraseRule, RecordRule
from fengsui.alerts.desk import Desk, Row
from fengsui.alerts.leader import CLOSED, Leader, is_over
from fengsui.alerts.tell import effective_tier
from fengsui.store.slices import slice_levels
from fengsui.store.tables import episode, handling

KINDREDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            (
                *("complaints", "contacts", "negatives", "negative_share"),
                *("waiting_share", "repeated_share", "impatience_share", "churn_share"),
            ),
            "customers",
        ),
        **dict.fromkeys(
            ("response_time", "response_sla", "resolution_time", "sla_attainment", "backlog", "work_off", "at_risk"), "work"
        ),
        **dict.fromkeys(("calls", "answer_rate", "service_level_20", "waiting_time", "waiting_now"), "calls"),
    }
)
"""metric -> what it speaks of; a metric that is not here is kin to itself alone"""

RENAMED = "alerts.lead.fault_renamed"
LONERS = ("silence", "moved_profile", "doubled_counts", "batch_entry")
"""Detectors whose alerts are an event of their own: a channel that went silent is no part of a surge, and data that are wrong
are no complaints."""


def contains(whole: str, part: str) -> bool:
    """``channel=App`` contains ``channel=App|org.1=华南``, ``org.1=华南`` contains ``org.2=华南/广东``; none itself."""
    if whole == part:
        return False
    small = slice_levels(part)
    return all(_holds(level, value, small) for level, value in slice_levels(whole).items())


def _holds(level: str, value: str, part: Mapping[str, str]) -> bool:
    name = level.partition(".")[0]
    return any(
        other.partition(".")[0] == name and (found == value or found.startswith(f"{value}/")) for other, found in part.items()
    )


def same_category(one: str, other: str) -> bool:
    """Both name a category and the one lies in the other, whatever else they name."""
    here, there = ({k: v for k, v in slice_levels(key).items() if k.partition(".")[0] == "category"} for key in (one, other))
    pairs = [(a, b) for a in here.values() for b in there.values()]
    return any(a == b or a.startswith(f"{b}/") or b.startswith(f"{a}/") for a, b in pairs)


def has_whole(desk: Desk, metric: str, slice_key: str) -> bool:
    """Whether a series of the same metric burns around the slice: only then may its long tail speak (DESIGN §5)."""
    around = (one for one in desk.firing() if _burns(one) and one["series"] and one["metric"] == metric)
    return any(contains(one["slice_key"], slice_key) for one in around)


def parent_of(desk: Desk, row: Row) -> str | None:
    """The alert of the same event that ``row`` becomes a member of: the widest, then the oldest. Shadow episodes have and
    are no parents."""
    if row["mode"] != "on" or _alone(desk, row):
        return None
    leads = [one for one in desk.firing() if one["episode_id"] != row["episode_id"] and _may_lead(desk, one)]
    kin = [one for one in leads if _kin(one, row) and _holds_or_matches(one["slice_key"], row["slice_key"])]
    return min(kin, key=width)["episode_id"] if kin else None


def width(row: Row) -> tuple[int, object, str]:
    return len(slice_levels(row["slice_key"])), row["opened_at"], row["episode_id"]


def _holds_or_matches(whole: str, part: str) -> bool:
    return whole == part or contains(whole, part) or (not contains(part, whole) and same_category(whole, part))


def _kin(one: Row, other: Row) -> bool:
    if one["metric"] == other["metric"]:
        return bool(one["direction"] == other["direction"])
    kindred = KINDREDS.get(one["metric"])
    return kindred is not None and kindred == KINDREDS.get(other["metric"])


def _alone(desk: Desk, row: Row) -> bool:
    """A single record, or words that one record is enough of: media, regulator, safety. And a part that was renamed, and what
    loners say."""
    if row["reason"] == RENAMED:
        return True
    rule = desk.book.rule(row["rule_id"])
    if isinstance(rule, DetectorRule):
        return rule.detector in LONERS
    if isinstance(rule, PhraseRule):
        others = (held.body for held in desk.book.rules.values())
        return any(isinstance(other, RecordRule) and rule.cue in other.cues for other in others)
    return isinstance(rule, RecordRule)


def _may_lead(desk: Desk, row: Row) -> bool:
    over = is_over(row["state"], row["verdict"])
    silent = row["silence_id"] is not None
    return _burns(row) and row["parent_id"] is None and not over and not silent and not _alone(desk, row)


def _burns(row: Row) -> bool:
    return bool(row["mode"] == "on" and row["condition"] == "firing")


def adopt(desk: Desk, whole: Row) -> int:
    """Parts that fired a little earlier become members of ``whole``, with their own members. Returns the gravest tier that
    was told of them already, 0 where there were none; who closed a part has not heard of the whole."""
    if not _may_lead(desk, whole):
        return 0
    earliest = whole["last_at"] - timedelta(seconds=desk.book.policy.relate_s)
    burning = [one for one in desk.firing() if one["mode"] == "on" and one["episode_id"] != whole["episode_id"]]
    parts = [
        one
        for one in burning
        if one["parent_id"] is None and one["last_at"] >= earliest and not _alone(desk, one)
        if _kin(whole, one) and contains(whole["slice_key"], one["slice_key"])
    ]
    ids = {one["episode_id"] for one in parts}
    for one in [*parts, *(one for one in burning if one["parent_id"] in ids)]:
        join(desk, one, whole["episode_id"])
    return max((one["tier"] for one in parts if one["state"] not in CLOSED), default=0)


def join(desk: Desk, row: Row, parent_id: str) -> None:
    """``row`` becomes a member of ``parent_id``. Its deadlines end where that one speaks for it: nobody is late with what
    nobody was shown."""
    desk.change(row, parent_id=parent_id)
    if spoken_for(desk, row):
        desk.change(row, claim_due_at=None, handle_due_at=None)
    desk.append(row, "joined", row["condition"], row["condition"], {"parent": parent_id, "tier": row["tier"]})


def spoken_for(desk: Desk, row: Row) -> bool:
    """Its leader says all there is to say of it (``Leader.speaks_for``): one notice and one deadline are enough."""
    if row["parent_id"] is None:
        return False
    leader = leaders(desk, {row["parent_id"]}).get(row["parent_id"])
    return leader is not None and leader.speaks_for(tier_of(row), burns=row["condition"] != "cleared")


def tier_of(row: Row) -> int:
    """A person's re-grade while it holds, else the machine's."""
    return effective_tier({"tier": row["person_tier"], "machine_tier": row["person_machine_tier"], "episode_tier": row["tier"]})


def leaders(desk: Desk, ids: Collection[str]) -> dict[str, Leader]:
    """Those of ``ids`` that are there; one question for all that went out too long ago to lie on the desk."""
    rows = {one["episode_id"]: one for one in desk.live.values() if one["episode_id"] in ids}
    away = set(ids) - rows.keys()
    if away:
        rows |= {one["episode_id"]: one for one in _stored(desk, away)}
    return {id_: _leader(row) for id_, row in rows.items()}


def _leader(row: Row) -> Leader:
    tier = max(tier_of(row), row["tier"])
    return Leader(tier, row["condition"] != "cleared", row["state"], row["verdict"], row["silence_id"] is not None)


def _stored(desk: Desk, ids: Collection[str]) -> list[Row]:
    people = (
        handling.c.state,
        handling.c.verdict,
        handling.c.tier.label("person_tier"),
        handling.c.machine_tier.label("person_machine_tier"),
    )
    query = select(episode.c.episode_id, episode.c.tier, episode.c.condition, episode.c.silence_id, *people).join(
        handling, handling.c.episode_id == episode.c.episode_id
    )
    found = desk.conn.execute(query.where(episode.c.episode_id.in_(ids))).mappings()
    return [{str(name): value for name, value in row.items()} for row in found]
