"""For whom the leading alert of an event speaks: one rule for notices, for deadlines and for the rows that people see."""

from __future__ import annotations

from dataclasses import dataclass

TAKEN = ("claimed", "in_progress")
CLOSED = ("resolved", "reviewed")
NOTHING = ("expected", "false", "new_normal")
"""Verdicts of people that an alert is no trouble: so are its parts, while it burns."""


@dataclass(frozen=True, slots=True)
class Leader:
    """``tier``: the gravest that the machine or a person gave it, so that a re-grade downwards uncovers no members."""

    tier: int
    burns: bool  # its condition is not ``cleared``
    state: str
    verdict: str | None
    silent: bool = False  # under a silence it says nothing, so its members speak for themselves

    @property
    def stands(self) -> bool:
        """It burns and people are not done with it, or somebody has it in hand."""
        return not self.silent and (self.state in TAKEN or (self.burns and not is_over(self.state, self.verdict)))

    def speaks_for(self, tier: int, *, burns: bool) -> bool:
        """Whether it says all there is to say of a member: it is as grave and stands. Of what went out it says all, also once
        it is closed itself."""
        return self.tier >= tier and (self.stands or not burns)


def is_over(state: str, verdict: str | None) -> bool:
    """People are done with it: what fires now is news to them."""
    return state in CLOSED and verdict not in NOTHING
