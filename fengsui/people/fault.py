"""Faults of people's part, by what to do next: sign in, ask somebody who may, wait and try again, write it differently."""

from __future__ import annotations

from typing import Any


class _Coded(Exception):
    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params


class NotSignedIn(_Coded):
    """No session, an expired or a revoked one: show the sign-in page."""

    def __init__(self) -> None:
        super().__init__("people.fault.not_signed_in")


class NotAllowed(_Coded):
    """Signed in, but this role, or whoever is bound to some organisations, may not: say so, and who may."""


class SignInRefused(_Coded):
    """Wrong name or password (never which), or too many tries; then ``params["wait_s"]`` says how long to wait."""


class PersonFault(_Coded):
    """A person cannot be made or changed like this; ``params`` name what is allowed."""


class LinkRefused(_Coded):
    """This link opens no wall: unknown, expired or revoked (never which), or not from this address."""


class RotaFault(_Coded):
    """A shift cannot be planned or changed like this; ``params`` name whose and when."""
