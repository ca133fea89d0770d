"""What customers said: bursts beside the weeks before, typical words first, one customer's way."""

# ruff: noqa: E501  a line of markup reads best as a line

from __future__ import annotations

from collections.abc import Sequence

from fengsui.board.explore import Journey, Said, Voices
from fengsui.locale import has
from pages.look.living import living
from pages.look.pieces import esc, heading
from pages.look.visitor import Visitor

SHOWN = 8
_SAID = """
.v{padding:8px 0;border-top:1px solid var(--line);font-size:13px;line-height:21px}.v:first-child{border-top:0}
.v small{display:block;color:var(--faint);font-size:12px;font-variant-numeric:tabular-nums}.v small a{color:var(--acct)}
"""


def bursts(visitor: Visitor, found: Voices) -> str:
    head = heading(visitor.say("explore.bursts.title"), visitor.say("explore.bursts.second", n=found.before))
    most = max((one.now for one in found.topics[:SHOWN]), default=1)
    rows = "".join(
        f'<div><span>{esc(one.shown)}</span><u class="bar {"hot" if one.first else ""}"><i style="width:{100 * one.now / most:.0f}%"></i></u>'
        f"<b>{one.now}</b><em>{esc(_usual(visitor, one.usual))}</em></div>"
        for one in found.topics[:SHOWN]
    )
    if not rows:
        code = "explore.bursts.few" if found.texts < 5 else "explore.bursts.none"
        return f'{head}<p class="none">{esc(visitor.say(code, n=found.texts))}</p>'
    columns = "".join(f"<em>{esc(visitor.say(f'explore.bursts.{name}'))}</em>" for name in ("now", "usual"))
    numbers = "、".join(f"{one.shown}（{one.now}）" for one in found.numbers)
    below = f'<p class="none">{esc(visitor.say("explore.bursts.numbers", words=numbers))}</p>' if numbers else ""
    return f'{head}<div class="bu"><div class="bh"><span></span><u></u>{columns}</div>{rows}</div>{below}'


def _usual(visitor: Visitor, usual: float) -> str:
    if usual == 0:
        return visitor.say("explore.bursts.first")
    return "<1" if usual < 0.95 else f"{usual:.0f}"


def said(visitor: Visitor, found: Voices, key: str, *, pins: bool = False) -> str | None:
    """The picked ``who:CUSTOMER`` or (where there is an alert to pin to) ``pin:RECORD``, if any."""
    rows = "".join(_one(visitor, one, [phrase.shown for phrase in found.topics], pins) for one in found.said)
    body = rows or f'<p class="none">{esc(visitor.say("pages.records.none"))}</p>'
    return living("ex_said", body, _SAID, visitor, key=f"ex_said_{key}", presses=True)


def _one(visitor: Visitor, one: Said, phrases: Sequence[str], pins: bool) -> str:
    text = marked(one.text, phrases) if one.text else f'<i class="faint">{esc(visitor.say("pages.records.no_text"))}</i>'
    who = visitor.say("pages.records.customer", tail=one.customer[-4:]) if one.customer else ""
    facts = [visitor.say("pages.time", at=one.at), one.channel or ""]
    typical = visitor.say("explore.typical", share=one.typical) if one.typical else ""
    way = f'<a data-id="who:{esc(one.customer)}">{esc(who)}</a>' if one.customer else ""
    keep = f'<a data-id="pin:{esc(one.record_key)}">{esc(visitor.say("explore.pin.one"))}</a>' if pins else ""
    parts = [*(esc(fact) for fact in facts if fact), way, esc(typical), keep]
    line = " · ".join(part for part in parts if part)
    return f'<div class="v">{text}<small>{line}</small></div>'


def marked(text: str, phrases: Sequence[str]) -> str:
    """Bursts highlighted; longer ones first, so that none is marked inside another."""
    spans: list[tuple[int, int]] = []
    folded = text.casefold()
    for phrase in sorted(phrases, key=len, reverse=True):
        at = folded.find(phrase.casefold()) if len(folded) == len(text) else text.find(phrase)
        if at >= 0 and not any(at < end and start < at + len(phrase) for start, end in spans):
            spans.append((at, at + len(phrase)))
    shown, done = "", 0
    for start, end in sorted(spans):
        shown += f"{esc(text[done:start])}<mark>{esc(text[start:end])}</mark>"
        done = end
    return shown + esc(text[done:])


def way(visitor: Visitor, found: Journey) -> str:
    """One customer's records over channels, oldest first."""
    rows = "".join(
        f'<div class="{"hot" if step.here else ""}"><em>{esc(visitor.say("explore.way.at", day=step.at, at=step.at))}</em><i></i>'
        f"<div>{esc(' · '.join(part for part in (step.channel, _kind(visitor, step.kind), (step.place or '').replace('/', ' ')) if part))}"
        f"<small>{esc(step.text or '')}</small></div></div>"
        for step in found.steps
    )
    return f'<div class="tl">{rows}</div>'


def _kind(visitor: Visitor, kind: str) -> str:
    code = f"explore.kind.{kind}"
    return visitor.say(code) if has(visitor.lang, code) else kind
