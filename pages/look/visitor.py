"""Who is looking, and in which language. The first line of every page and of every fragment asks here."""

from __future__ import annotations

import html
from collections.abc import Collection
from dataclasses import dataclass

import streamlit as st

from fengsui import people
from fengsui.locale import language, say
from fengsui.people import NotAllowed, NotSignedIn, Person
from fengsui.store.faults import trouble as trouble_of
from pages.look import trouble
from pages.look.doing import doing
from pages.look.house import house, now

COOKIE = "fengsui"
EVERYBODY = frozenset(people.ROLES)
DESK = frozenset({"duty", "manager", "admin", "analyst"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with the language and zone of this screen."""

    person: Person
    lang: str
    zone: str

    @property
    def scope(self) -> tuple[str, ...]:
        return self.person.scope

    @property
    def handles(self) -> bool:
        """May command alerts; an analyst only reads."""
        return self.person.role in ("duty", "manager", "admin")

    def say(self, code: str, /, **params: object) -> str:
        return say(self.lang, code, params, zone=self.zone)

    def why(self, fault: Exception) -> str:
        """In words, what kept a press from being stored.

        Whoever pressed must read that it was not done, whatever was raised: Streamlit would show nothing or a trace. So presses
        catch ``Exception`` and come here; what is not the store's own goes to the log under the number they read."""
        code, params = trouble.words(fault)
        return self.say(code, **params)


def token() -> str | None:
    """The session cookie as it came with the connection. A seam: AppTest has no browser."""
    return st.context.cookies.get(COOKIE)


def who(roles: Collection[str] = EVERYBODY, *, whole: bool = False) -> Visitor:
    """Raises ``NotSignedIn`` or ``NotAllowed``; asks the session table, so a revoked person gets nothing more. While the store
    is away whoever sat here stays, and sees what was seen last. ``whole``: only who is bound to no organisation."""
    shown = token()
    person = _person(shown)
    if doing():
        _touch(shown)
    if person.role not in roles:
        raise NotAllowed("people.fault.not_allowed", role=person.role, allowed=in_order(roles))
    if whole:
        people.whole_centre(person)
    wish = st.query_params.get("lang")
    lang = language(wish, person.lang, st.context.locale) if wish or person.lang else house().settings.centre.language
    return Visitor(person, lang, house().zone)


def _person(shown: str | None) -> Person:
    try:
        return trouble.kept("person", shown, lambda: people.require_role(house().reader, shown, EVERYBODY, now()))
    except NotSignedIn:
        trouble.forget()
        raise


def _touch(shown: str | None) -> None:
    """A session that ends when it is not used goes on. Where that cannot be noted it ends a little early."""
    try:
        people.touch(house().reader, house().writer, shown, house().settings.sign_in, now())
    except Exception as fault:  # the store's are met, others go on
        if trouble_of(fault) is None:
            raise


def require_role(roles: Collection[str], *, whole: bool = False) -> Visitor:
    """The visitor, or a sentence in place of the page (or fragment) and nothing else of it."""
    try:
        return who(roles, whole=whole)
    except NotSignedIn:
        entrance()
        st.stop()
    except NotAllowed as fault:
        not_allowed(_lang(), fault)
        st.stop()


def in_order(roles: Collection[str]) -> list[str]:
    return [role for role in people.ROLES if role in roles]


def not_allowed(lang: str, fault: NotAllowed) -> None:
    href, words = f"{start()}/wall", html.escape(say(lang, "pages.missing.wall"))
    told = html.escape(say(lang, fault.code, fault.params))
    st.html(f'<p class="note">{told} <a href="{href}" target="_self">{words}</a></p>')


def entrance() -> None:
    """Shown when a session ended while the page was open; a page request never comes this far (pages.gate.door)."""
    href = f"{start()}/signin"
    words = say(_lang(), "pages.entrance.ended"), say(_lang(), "pages.entrance.again")
    st.html(f'<p class="note">{words[0]} <a href="{href}" target="_self">{words[1]}</a></p>')


def start() -> str:
    """``/fengsui`` or empty: before every address of a deployment under a prefix."""
    prefix = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{prefix}" if prefix else ""


def _lang() -> str:
    return language(st.query_params.get("lang"), "zh")
