"""People, their sessions, and what they did."""

from __future__ import annotations

from sqlalchemy import DDL, BigInteger, Boolean, Column, Integer, LargeBinary, String, Table, Text, event

from fengsui.store.tables.metadata import METADATA
from fengsui.store.types import Json, UtcDateTime

person = Table(
    "person",
    METADATA,
    Column("person_id", String, primary_key=True),  # the sign-in name
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),  # wall, duty, manager, analyst, admin, auditor
    Column("password", String),  # argon2id; NULL: cannot sign in
    Column("title", String),  # 值班主管
    Column("extension", String),
    Column("scope", Json, nullable=False),  # organisation scope: [] = all, ["华南", "华东/上海"]
    Column("lang", String),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("must_change", Boolean),  # somebody else chose the password: it opens nothing but the form for a new one
)

# The second factor of a person (RFC 6238). It counts once it was confirmed.
second_factor = Table(
    "second_factor",
    METADATA,
    Column("person_id", String, primary_key=True),
    Column("secret", LargeBinary, nullable=False),  # encrypted, bound to the person
    Column("key_id", String, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("last_step", BigInteger),  # of the newest code taken: one of it or before is never taken again
)

recovery_code = Table(
    "recovery_code",
    METADATA,
    Column("person_id", String, primary_key=True),
    Column("code_hash", String, primary_key=True),  # sha256 of 80 random bits
    Column("used_at", UtcDateTime),
)

# Where a person is reached outside of the dashboard; one row at most, every column may be missing.
reach = Table(
    "reach",
    METADATA,
    Column("person_id", String, primary_key=True),
    Column("email", String),
    Column("mobile", String),
    Column("wecom", String),  # userid
    Column("dingtalk", String),  # userId
    Column("feishu", String),  # open_id
    Column("quiet", String),  # 22:00-07:00, in the centre's zone: below severe waits until its end
)

session = Table(
    "session",
    METADATA,
    Column("token_hash", String, primary_key=True),  # sha256 of the random token in the cookie
    Column("person_id", String, nullable=False, index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
    Column("ip", String),
    Column("stage", String),  # code, change, enrol: half way in, and no page opens yet; NULL: signed in
    Column("seen_at", UtcDateTime),  # when its person last did something
    Column("idle_at", UtcDateTime),  # ends here unless its person does something; NULL: never for that reason
)

wall_link = Table(
    "wall_link",
    METADATA,
    Column("person_id", String, primary_key=True),  # of role wall, without a password: the screen behind the link
    Column("token_hash", String, nullable=False, unique=True),  # sha256 of the random token in the link
    Column("expires_at", UtcDateTime),
    Column("addresses", Json, nullable=False),  # networks from which it opens: [] = all
    Column("used_at", UtcDateTime),  # first
    Column("revoked_at", UtcDateTime),
    Column("views", Json, nullable=False, server_default="[]"),  # ids, in order: [] = the first
    Column("turn_s", Integer, nullable=False, server_default="0"),  # how long each stays; 0: as the view says
)

# 值班表: planned by the centre, imported from its file. A person may stand here who cannot sign in.
rota_shift = Table(
    "rota_shift",
    METADATA,
    Column("team", String, primary_key=True),  # organisation path; empty: the whole centre
    Column("role", String, primary_key=True),  # duty, manager
    Column("start_at", UtcDateTime, primary_key=True),
    Column("name", String, primary_key=True),
    Column("end_at", UtcDateTime, nullable=False, index=True),
    Column("extension", String),
    Column("person_id", String),  # the sign-in name, where there is one
    Column("instead_of", String),  # whose shift the file planned; NULL: as planned
)

# 换班 and 请假: asked, and then done to the shifts themselves, refused or withdrawn.
rota_change = Table(
    "rota_change",
    METADATA,
    Column("change_id", String, primary_key=True),  # hash of what was asked: the same click twice is one
    Column("kind", String, nullable=False),  # swap, leave
    Column("team", String, nullable=False),  # of the swapped shifts; of a leave: empty
    Column("role", String),  # of the swapped shifts
    Column("name", String, nullable=False),  # who gives the shift, or is away
    Column("person_id", String),
    Column("start_at", UtcDateTime, nullable=False),  # of the shift that is given, or of the leave
    Column("end_at", UtcDateTime, nullable=False, index=True),
    Column("other_name", String),  # who gives the other shift, or stands in; NULL: nobody stands in
    Column("other_id", String),
    Column("other_start_at", UtcDateTime),  # of the shift that is got in return
    Column("reason", Text, nullable=False),  # masked
    Column("by", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("state", String, nullable=False),  # asked, done, refused, withdrawn
    Column("decided_by", String),
    Column("decided_at", UtcDateTime),
)

# How often somebody has tried to sign in of late: shared by all dashboards of the store. A slate is a person at an address, an
# address, or the codes of a person; a name that nobody has is a short hash, for people type passwords there.
sign_in_slate = Table(
    "sign_in_slate",
    METADATA,
    Column("slate", String, primary_key=True),
    Column("person_id", String, index=True),  # NULL: of an address, or of a name that nobody has
    Column("ip", String),
    Column("tries", Json, nullable=False),  # seconds since 1970
    Column("last_at", UtcDateTime, nullable=False, index=True),
)

audit = Table(
    "audit",
    METADATA,
    Column("audit_id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("by", String, nullable=False),
    Column("action", String, nullable=False),
    Column("params", Json, nullable=False),
)

AUDIT_KEPT_DAYS = 180
"""What is younger than this before the newest row is removed by nobody (a network log is kept for six months at least)."""

_SQLITE = (
    """create trigger audit_is_appended before update on audit
begin select raise(abort, 'audit rows are never changed'); end""",
    f"""create trigger audit_is_kept before delete on audit
when old.at > datetime((select max(at) from audit), '-{AUDIT_KEPT_DAYS} days')
begin select raise(abort, 'audit rows are kept'); end""",
    """create trigger audit_is_not_replaced before insert on audit when new.audit_id in (select audit_id from audit)
begin select raise(abort, 'audit rows are never changed'); end""",  # INSERT OR REPLACE fires no trigger of a delete
)
_POSTGRES = (
    f"""create or replace function audit_is_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    if old.at <= (select max(at) from audit) - interval '{AUDIT_KEPT_DAYS} days' then return old; end if;
    raise exception 'audit rows are kept';
  end if;
  raise exception 'audit rows are never changed';
end $$""",
    "create trigger audit_is_kept before update or delete on audit for each row execute function audit_is_kept()",
    "create trigger audit_is_not_emptied before truncate on audit for each statement execute function audit_is_kept()",
)
GUARDS = {"sqlite": _SQLITE, "postgresql": _POSTGRES}
"""The database itself refuses to change or remove an audit row, whoever asks through the application."""

for _dialect, _statements in GUARDS.items():
    for _statement in _statements:
        _made = DDL(_statement.replace("%", "%%"))  # type: ignore[no-untyped-call]
        event.listen(audit, "after_create", _made.execute_if(dialect=_dialect))
