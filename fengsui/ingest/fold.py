"""Fold a batch into the records it touches: decide winners, mask, tag, replace events. No SQL here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connectors.base import EVENT_KINDS, BadRecord, Event, Feedback
from fengsui.ingest import policy
from fengsui.ingest.keys import Vault, canonical
from fengsui.ingest.living import Living
from fengsui.ingest.record import DELETED, Record, feedback_row
from fengsui.ingest.references import References
from fengsui.ingest.slices import LONGEST, longest
from fengsui.settings.dimension import TOPIC
from fengsui.text import clean, masks
from fengsui.text.garbled import garbled
from fengsui.text.tagger import Tagger

OLDEST, NEWEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC)
KINDS = frozenset(EVENT_KINDS)
ADVERTISED = frozenset({"[微信号]", "[QQ号]", "[邮箱]"})
"""Accounts that an advert wants to be written to are nobody's own."""
AHEAD = timedelta(days=1)
"""A record opened more than this after both clocks has a broken date."""
LATE = timedelta(hours=7)
"""A record opened more than this before the moment that its source had been read to was entered later."""


@dataclass(slots=True)
class Tools:
    """What folding needs besides the records: the same for a whole batch."""

    source: str
    feedback_source: str  # whose feedback the events are about (belongs_to)
    pace: str
    raw_text: bool
    text_chars: int
    now: datetime
    tick: int
    clock: datetime  # the later of the source's and ours
    read_to: (
        datetime | None
    )  # up to where the source had been read before this batch; None: it is being read for the first time
    vault: Vault
    references: References
    sla: policy.Sla
    tagger: Tagger
    as_dims: tuple[str, ...]  # tags that are slices, too
    living: Living = field(default_factory=Living)  # topics


@dataclass(slots=True)
class Folded:
    """What came of a batch besides the records themselves."""

    bad: list[BadRecord] = field(default_factory=list)
    same: int = 0
    customers: dict[str, str] = field(default_factory=dict)  # hash -> the source's own id
    gone: set[str] = field(default_factory=set)
    newest_at: datetime | None = None


def feedback_key(source: str, source_id: str) -> str:
    return f"{source}:{source_id}"


def fold_feedback(item: Feedback, record: Record | None, tools: Tools, out: Folded) -> None:
    """One version of one feedback. ``record`` None: it was erased, and stays so."""
    if record is None:
        return
    bad = _unfit(item, tools)
    if bad is not None:
        out.bad.append(bad)
        return
    content_hash = DELETED if item.deleted else _content_hash(item, tools.vault)
    if not record.wins(item.updated_at, content_hash):
        out.same += 1
        _history(record, item.events)
        return
    if item.deleted:
        fold_gone(record, tools, out, item.updated_at)
        return
    _replace(record, item, content_hash, tools, out)


def fold_event(item: Event, record: Record | None, tools: Tools, out: Folded) -> None:
    """One row of an event log; it may come before its feedback and waits for it then."""
    if record is None:
        return
    bad = _unfit_event(item, item)
    if bad is not None:
        out.bad.append(bad)
    elif record.put(item, masks.mask_value):
        record.touched = True
        record.kinds_by_source.add((item.kind, tools.source))
    else:
        out.same += 1


def fold_gone(record: Record | None, tools: Tools, out: Folded, updated_at: datetime | None = None) -> None:
    """Deleted at its source: the row stays, nothing of it counts, and any reappearance wins."""
    if record is None or record.row is None or record.row["deleted_at"] is not None:
        return
    record.row.update(deleted_at=tools.now, content_hash=DELETED)
    if updated_at is not None:
        record.row["updated_at"] = updated_at
    record.touched = True
    out.gone.add(record.key)


def settle(record: Record, tools: Tools) -> None:
    """After the last version: facts into columns, who stored it and when."""
    if record.row is None:
        return
    record.settle(tools.sla.clock(record.row))
    tools.sla.pause(record.row, record.events.values())
    record.row.update(stored_at=tools.now, seq=tools.tick)


def _replace(record: Record, item: Feedback, content_hash: str, tools: Tools, out: Folded) -> None:
    customer = tools.vault.customer(item.customer) if item.customer else None
    if customer is not None and item.customer is not None:
        out.customers[customer] = item.customer
    dims = tools.references.dims(item, customer)
    row = feedback_row(item, tools.source, record.key, content_hash, dims, customer, tools.pace)
    row["extra"] = masks.mask_value(item.extra)
    row["url"] = masks.mask_url(item.url, item.source_id) if item.url else None
    row["first_stored_at"] = record.row["first_stored_at"] if record.row else tools.now
    row["came_late_at"] = record.row["came_late_at"] if record.row else _came_late(item, tools)
    for name in ("repeat_of", "repeat_how"):
        row[name] = record.row[name] if record.row else None
    _say(record, row, item, tools)
    _keep_topic(record, row)
    row["calendar_version"] = record.row["calendar_version"] if record.row else None
    tools.sla.put(row, item.due_at)
    record.row = row
    record.touched = True
    record.replace_events(item.events, masks.mask_value)
    record.derive(item.state, item.updated_at)
    out.gone.discard(record.key)
    out.newest_at = max(out.newest_at or item.opened_at, item.opened_at)


def _came_late(item: Feedback, tools: Tools) -> datetime | None:
    """Not after an outage, when all that comes is late, but none is older than what had been read."""
    return tools.now if tools.read_to is not None and item.opened_at < tools.read_to - LATE else None


def _say(record: Record, row: dict[str, Any], item: Feedback, tools: Tools) -> None:
    """Text cleaned and masked, to be tagged with the whole batch; the raw one sealed, where the source keeps it."""
    said = clean.clean(item.text, tools.text_chars) if item.text else ""
    shown, hidden = masks.masked(said)
    row["tags"], record.untagged = {}, shown
    row["lang"] = item.dims.get("language") or clean.language(shown)
    record.text_dropped = not shown
    record.text = None
    if not shown:
        return
    keep = tools.raw_text and item.text is not None
    record.text = {
        "record_key": record.key,
        "text": shown,
        "mask_version": masks.MASK_VERSION,
        "text_hash": clean.equal_hash(shown, tools.vault.text_key),
        "raw": tools.vault.seal(str(item.text).encode("utf-8", "surrogatepass"), record.key) if keep else None,
        "key_id": tools.vault.key_id if keep else None,
        "own_hash": _own(shown, hidden, row["customer"] is not None, tools.vault),
    }


def _own(shown: str, hidden: list[tuple[str, str]], known: bool, vault: Vault) -> str | None:
    """Of the numbers and names that are a customer's own: where they differ, two people filled in one form. Where nobody knows
    who sent it (``known`` False) one of them is as easily changed as any word: it takes an order and a person."""
    personal = {clean.normal_form(value) for mask, value in hidden if mask not in ADVERTISED}
    ordered = set(masks.references(shown))
    own = personal | ordered if known or (personal and ordered) else set()
    return vault.hashed("own", "\0".join(sorted(own)), 16) if own else None


def _keep_topic(record: Record, row: dict[str, Any]) -> None:
    """The same words are of the same topic; a topic that is over would not be found in them again."""
    held = record.old["dims"].get(TOPIC) if record.old is not None else None
    same = record.text is not None and record.text["text_hash"] == record.old_text_hash
    if held and same and not row["dims"].get(TOPIC):
        row["dims"] = {**row["dims"], TOPIC: held}


def _history(record: Record, events: tuple[Event, ...]) -> None:
    """An older version has nothing to say of the present, but what its log rows tell did happen."""
    for event in events:
        if event.event_key.startswith("r:") and record.put(event, masks.mask_value):
            record.touched = True


def _content_hash(item: Feedback, vault: Vault) -> str:
    """Of everything that the source said but ``updated_at``. ``repr`` of plain values: five times as fast as JSON."""
    ratings = [(r.name, float(r.value), float(r.low), float(r.high), r.direction, r.aspect) for r in item.ratings]
    events = [(e.event_key, e.kind, e.at.timestamp(), e.actor, canonical(e.data) if e.data else "") for e in item.events]
    due = item.due_at.timestamp() if item.due_at else None
    said = (item.kind, item.opened_at.timestamp(), sorted(item.dims.items()), item.text, ratings, item.customer, due)
    extra = canonical(item.extra) if item.extra else ""
    return vault.hashed("content", repr((said, item.state, item.url, extra, events)))


def _unfit(item: Feedback, tools: Tools) -> BadRecord | None:
    """A date that no clock could have shown, or a time without zone, would break the store or every figure."""
    for name, at in (("opened_at", item.opened_at), ("updated_at", item.updated_at), ("due_at", item.due_at)):
        if at is None:
            continue
        if at.tzinfo is None:
            return _bad("ingest.bad.naive", item, field=name)
        if not OLDEST <= at < NEWEST or (name == "opened_at" and at > tools.clock + AHEAD):
            return _bad("ingest.bad.time", item, field=name, got=at.isoformat())
    for name, length in (("id", len(item.source_id)), ("dims", longest(item.dims))):
        if length > LONGEST:
            return _bad("ingest.bad.long", item, field=name, allowed=LONGEST)
    why = garbled(item.text[: tools.text_chars]) if item.text else None
    if why is not None:
        return _bad("ingest.bad.garbled", item, why=why)
    return next((bad for event in item.events if (bad := _unfit_event(event, item))), None)


def _unfit_event(event: Event, whole: Feedback | Event) -> BadRecord | None:
    if event.kind not in KINDS:
        return _bad("ingest.bad.event", whole, field="kind")
    if event.at.tzinfo is None:
        return _bad("ingest.bad.naive", whole, field=event.kind)
    if not OLDEST <= event.at < NEWEST:
        return _bad("ingest.bad.time", whole, field=event.kind, got=event.at.isoformat())
    if max(len(event.source_id), len(event.event_key) - len("r:")) > LONGEST:
        return _bad("ingest.bad.long", whole, field="id", allowed=LONGEST)
    return None


def _bad(code: str, whole: Feedback | Event, **params: Any) -> BadRecord:
    customer = getattr(whole, "customer", None)
    return BadRecord(code, _as_mapping(whole), source_id=whole.source_id[:LONGEST], customer=customer, **params)


def _as_mapping(item: Feedback | Event) -> dict[str, Any]:
    plain = {name: getattr(item, name) for name in item.__dataclass_fields__ if name not in ("events", "ratings")}
    return {**plain, "events": [[e.event_key, e.kind, e.at] for e in getattr(item, "events", ())]}
