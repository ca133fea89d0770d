"""转派 / 加派 from a phone: colleagues with role and load, why, and one button each. Plain HTML, no script."""

from __future__ import annotations

import html
from collections.abc import Sequence

from fengsui.alerts.commands.chips import CHIPS
from fengsui.board.read.people import Colleague
from pages.look.visitor import Visitor

MOST = 12
COMMANDS = ("transfer", "add_participant")


def foot(visitor: Visitor, colleagues: Sequence[Colleague], seen: int, action: str) -> str:
    """``action``: the address of the alert's page; the form goes there, too."""

    def say(code: str, **params: object) -> str:
        return html.escape(visitor.say(code, **params))

    back = f'<a href="{html.escape(action, quote=True)}">{say("pages.claim.back")}</a>'
    others = [one for one in colleagues if one.person_id != visitor.person.person_id][:MOST]
    if not others:
        return f'<div class="foot"><p class="owner">{say("pages.form.nobody")}</p>{back}</div>'
    people = "".join(
        f'<label class="who"><input type="radio" name="person" value="{html.escape(one.person_id, quote=True)}"><span>'
        f"<b>{html.escape(one.name)}</b><em>{html.escape(one.title or visitor.say(f'locale.role.{one.role}'))}"
        f"{say('pages.form.load', n=one.load) if one.load else ''}</em></span></label>"
        for one in others
    )
    chips = "".join(
        f'<label><input type="radio" name="reason" value="{one}"><span>{say(f"alerts.chip.transfer.{one}")}</span></label>'
        for one in CHIPS["transfer"]
    )
    buttons = "".join(f'<button name="do" value="{one}">{say(f"pages.confirm.{one}")}</button>' for one in COMMANDS)
    return (
        f'<form class="foot" method="post" action="{html.escape(action, quote=True)}">'
        f'<input type="hidden" name="seen" value="{seen}"><p class="q">{say("pages.form.person")}</p>{people}'
        f'<p class="q">{say("pages.form.reason")}</p><div class="chips">{chips}</div>'
        f'<div class="two">{buttons}</div>{back}</form>'
    )
