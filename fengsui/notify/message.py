"""A row of the outbox in words, in the channel's language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from fengsui.locale.say import say
from fengsui.locale.words import tier_name
from fengsui.notify.recipients import Addressee
from fengsui.settings.dimension import TOPIC
from fengsui.store.slices import slice_key, slice_levels

RINGS_FROM = 2
"""Of lesser tiers nobody is called by name."""
REASONS = 3
_TOPIC: Final = re.compile(rf"(?:^|\|){TOPIC}(?:\.\d+)?=")


@dataclass(frozen=True, slots=True)
class Message:
    """``text`` holds no customer's words: what, where, since when, how much, why this tier, for whom, by when.
    ``sending``: now, for signatures; ``people``: whoever stands behind the recipient."""

    notice_id: str
    kind: str
    tier: int
    title: str
    text: str
    recipient: str
    episode_id: str | None
    at: str
    link: str
    lang: str
    sending: datetime
    people: tuple[Addressee, ...] = ()
    address: str | None = None  # of a channel that reaches one person at a time

    @property
    def mentioned(self) -> tuple[Addressee, ...]:
        """Whom a robot calls by name: of what is at least important, and always the one person it is for."""
        return self.people if self.tier >= RINGS_FROM or self.recipient.startswith("person:") else ()

    @property
    def whole(self) -> str:
        """Title and text; news of one sentence are said once."""
        return self.title if self.text == self.title else f"{self.title}\n{self.text}"

    def plain(self, sign: str, instead: str) -> Message:
        """Without a sign that the receiver reads as more than text."""
        return replace(self, title=self.title.replace(sign, instead), text=self.text.replace(sign, instead))

    def body(self) -> dict[str, Any]:
        """What a webhook receives as JSON."""
        return {
            "id": self.notice_id,
            "kind": self.kind,
            "tier": self.tier,
            "tier_name": tier_name(self.lang, self.tier) if self.tier else None,
            "title": self.title,
            "text": self.text,
            "recipient": self.recipient,
            "alert": self.episode_id,
            "at": self.at,
            "link": self.link,
        }


@dataclass(frozen=True, slots=True)
class Frame:
    """What all messages of a channel share. ``root``: the public address, or the path where none is set."""

    lang: str
    zone: str
    root: str
    now: datetime


def message(
    row: Mapping[str, Any],
    frame: Frame,
    alert: Mapping[str, Any] | None = None,
    people: Sequence[Addressee] = (),
    link: str | None = None,
    address: str | None = None,
) -> Message:
    """``alert``: its episode and handling as they are now; ``link``: a personal one."""
    params: Mapping[str, Any] = row["params"]
    head = _say(frame, row["code"], params)
    if params.get("drill"):  # first of all words, whatever the news are
        head = ("" if frame.lang == "zh_CN" else " ").join((_say(frame, "notify.drill", {}), head))
    lines = [_say(frame, params[part], params) for part in ("title", "lead") if params.get(part)]
    more = _about(frame, row, alert) if alert is not None else []
    return Message(
        notice_id=row["notice_id"],
        kind=row["kind"],
        tier=int(params.get("tier") or 0),
        title=("｜" if frame.lang == "zh_CN" else " | ").join([head, *lines[:1]]),
        text="\n".join([lines[1] if len(lines) > 1 else head, *more]),
        recipient=row["recipient"],
        episode_id=row["episode_id"],
        at=row["created_at"].isoformat(),
        link=link or _place(row, frame.root),
        lang=frame.lang,
        sending=frame.now,
        people=tuple(people),
        address=address,
    )


def _place(row: Mapping[str, Any], root: str) -> str:
    if row["kind"] == "system":
        return f"{root}/duty?section=system"
    if row["kind"] == "due":
        return f"{root}/due"
    if row["kind"] == "rota":
        return f"{root}/duty?section=rota"
    if row["kind"] == "drift":
        return f"{root}/quality"
    if row["kind"] == "task" and not row["episode_id"]:
        return f"{root}/duty"
    return f"{root}/alerts" + (f"?id={row['episode_id']}" if row["episode_id"] else "")


def _about(frame: Frame, row: Mapping[str, Any], alert: Mapping[str, Any]) -> list[str]:
    """Why this tier, and until when it must be in whose hands: as of sending."""
    if row["kind"] == "cleared":
        return []
    facts = [fact for name in ("floor", "impact", "loss", "likelihood") for fact in alert["factors"].get(name, ())]
    reasons = [_say(frame, fact["code"], fact.get("params", {})) for fact in facts[:REASONS]]
    why = [_say(frame, "notify.line.why", {"why": ("；" if frame.lang == "zh_CN" else "; ").join(reasons)})] if reasons else []
    return why + _until(frame, alert)


def _until(frame: Frame, alert: Mapping[str, Any]) -> list[str]:
    if alert["owner"] is None:
        due, code = alert["claim_due_at"], "notify.line.claim_by"
    else:
        due, code = alert["handle_due_at"], "notify.line.handle_by"
    return [_say(frame, code, {"due": due, "who": alert["owner_name"]})] if due is not None else []


def _say(frame: Frame, code: str, params: Mapping[str, Any]) -> str:
    return say(frame.lang, code, _visible(params, frame.lang), zone=frame.zone)


def _visible(params: Mapping[str, Any], lang: str) -> Mapping[str, Any]:
    """Cues are named, not coded, where a sentence shows one; a topic is not: its name is customers' words."""
    cue = params.get("cue")
    quiet = {name: _wordless(value, lang) for name, value in params.items()}
    return {**quiet, "cue": say(lang, f"alerts.cue.{cue}")} if cue else quiet


def _wordless(value: Any, lang: str) -> Any:
    """A slice key of a topic (or a list of slices) without the phrase."""
    if isinstance(value, list | tuple):
        return [_wordless(one, lang) for one in value]
    if not isinstance(value, str) or not _TOPIC.search(value):
        return value
    levels = slice_levels(value)
    word = say(lang, "notify.topic")
    return slice_key({level: word if level.partition(".")[0] == TOPIC else said for level, said in levels.items()})
