"""A row of the outbox in words, in the channel's language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fengsui.locale.say import say
from fengsui.locale.words import tier_name


@dataclass(frozen=True, slots=True)
class Message:
    """``text`` holds no customer's words: what, where, since when, how much, for whom, where to look."""

    notice_id: str
    kind: str
    tier: int
    title: str
    text: str
    recipient: str
    episode_id: str | None
    at: str
    link: str

    def body(self, lang: str) -> dict[str, Any]:
        """What a webhook receives as JSON."""
        return {
            "id": self.notice_id,
            "kind": self.kind,
            "tier": self.tier,
            "tier_name": tier_name(lang, self.tier) if self.tier else None,
            "title": self.title,
            "text": self.text,
            "recipient": self.recipient,
            "alert": self.episode_id,
            "at": self.at,
            "link": self.link,
        }


def message(row: Mapping[str, Any], lang: str, zone: str, base_path: str) -> Message:
    params: Mapping[str, Any] = row["params"]
    head = say(lang, row["code"], params, zone=zone)
    lines = [say(lang, params[part], _visible(params, lang), zone=zone) for part in ("title", "lead") if params.get(part)]
    return Message(
        notice_id=row["notice_id"],
        kind=row["kind"],
        tier=int(params.get("tier") or 0),
        title="｜".join([head, *lines[:1]]) if lang == "zh_CN" else " | ".join([head, *lines[:1]]),
        text=lines[1] if len(lines) > 1 else head,
        recipient=row["recipient"],
        episode_id=row["episode_id"],
        at=row["created_at"].isoformat(),
        link=f"{base_path}/due" if row["kind"] == "due" else _alert(row, base_path),
    )


def _alert(row: Mapping[str, Any], base_path: str) -> str:
    return f"{base_path}/alerts" + (f"?id={row['episode_id']}" if row["episode_id"] else "")


def _visible(params: Mapping[str, Any], lang: str) -> Mapping[str, Any]:
    """Cues are named, not coded, where a sentence shows one."""
    cue = params.get("cue")
    return {**params, "cue": say(lang, f"alerts.cue.{cue}")} if cue else params
