"""Who may do what: persons, sign-in, sessions, roles, organisation scope, audit.

Pages call ``require_role`` first; the machine never asks who somebody is.
"""

from fengsui.people.claim_link import ClaimLink, make_claim_link, open_claim_link, use_claim_link
from fengsui.people.fault import LinkRefused, NotAllowed, NotSignedIn, PersonFault, SignInRefused
from fengsui.people.link import Link, admitted, enter, every_link, link_views, make_link, reporter, revoke_link
from fengsui.people.person import (
    ROLES,
    Person,
    change,
    create,
    every_person,
    find,
    must_change,
    reset_password,
    set_password,
    without_password,
)
from fengsui.people.reach import Reach, every_reach, set_reach
from fengsui.people.role import at_least, in_scope, require_role, whole_centre
from fengsui.people.rota import Shift, on_duty, rota, save_rota, unmanned
from fengsui.people.rota_file import RotaMistakes, shifts_of
from fengsui.people.second import Factor, Offer, every_factor, factor_of, offer
from fengsui.people.second import remove as remove_factor
from fengsui.people.session import Session, inside, sign_out, touch
from fengsui.people.session import end as end_session
from fengsui.people.session import living as living_sessions
from fengsui.people.signin import SignedIn, sign_in, visit
from fengsui.people.steps import (
    change_own_password,
    check_own_password,
    choose,
    enrol,
    enrol_own,
    halfway,
    prove,
    release,
    renew_own_codes,
)
from fengsui.people.tries import Locked, Tries

__all__ = [
    "ROLES",
    "ClaimLink",
    "Factor",
    "Link",
    "LinkRefused",
    "Locked",
    "NotAllowed",
    "NotSignedIn",
    "Offer",
    "Person",
    "PersonFault",
    "Reach",
    "RotaMistakes",
    "Session",
    "Shift",
    "SignInRefused",
    "SignedIn",
    "Tries",
    "admitted",
    "at_least",
    "change",
    "change_own_password",
    "check_own_password",
    "choose",
    "create",
    "end_session",
    "enrol",
    "enrol_own",
    "enter",
    "every_factor",
    "every_link",
    "every_person",
    "every_reach",
    "factor_of",
    "find",
    "halfway",
    "in_scope",
    "inside",
    "link_views",
    "living_sessions",
    "make_claim_link",
    "make_link",
    "must_change",
    "offer",
    "on_duty",
    "open_claim_link",
    "prove",
    "release",
    "remove_factor",
    "renew_own_codes",
    "reporter",
    "require_role",
    "reset_password",
    "revoke_link",
    "rota",
    "save_rota",
    "set_password",
    "set_reach",
    "shifts_of",
    "sign_in",
    "sign_out",
    "touch",
    "unmanned",
    "use_claim_link",
    "visit",
    "whole_centre",
    "without_password",
]
