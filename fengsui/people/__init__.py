"""Who may do what: persons, sign-in, sessions, roles, organisation scope, audit.

Pages call ``require_role`` first; the machine never asks who somebody is.
"""

from fengsui.people.claim_link import ClaimLink, make_claim_link, open_claim_link, use_claim_link
from fengsui.people.fault import LinkRefused, NotAllowed, NotSignedIn, PersonFault, SignInRefused
from fengsui.people.link import Link, admitted, enter, every_link, link_views, make_link, revoke_link
from fengsui.people.person import ROLES, Person, change, create, every_person, find, set_password
from fengsui.people.reach import Reach, every_reach, set_reach
from fengsui.people.role import at_least, in_scope, require_role
from fengsui.people.rota import Shift, on_duty, rota, save_rota, unmanned
from fengsui.people.rota_file import RotaMistakes, shifts_of
from fengsui.people.session import sign_out
from fengsui.people.signin import SignedIn, sign_in, visit
from fengsui.people.tries import Tries

__all__ = [
    "ROLES",
    "ClaimLink",
    "Link",
    "LinkRefused",
    "NotAllowed",
    "NotSignedIn",
    "Person",
    "PersonFault",
    "Reach",
    "RotaMistakes",
    "Shift",
    "SignInRefused",
    "SignedIn",
    "Tries",
    "admitted",
    "at_least",
    "change",
    "create",
    "enter",
    "every_link",
    "every_person",
    "every_reach",
    "find",
    "in_scope",
    "link_views",
    "make_claim_link",
    "make_link",
    "on_duty",
    "open_claim_link",
    "require_role",
    "revoke_link",
    "rota",
    "save_rota",
    "set_password",
    "set_reach",
    "shifts_of",
    "sign_in",
    "sign_out",
    "unmanned",
    "use_claim_link",
    "visit",
]
