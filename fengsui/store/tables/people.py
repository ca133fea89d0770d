"""People, their sessions, and what they did."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Integer, String, Table

from fengsui.store.tables.metadata import METADATA
from fengsui.store.types import Json, UtcDateTime

person = Table(
    "person",
    METADATA,
    Column("person_id", String, primary_key=True),  # the sign-in name
    Column("name", String, nullable=False),
    Column("role", String, nullable=False),  # wall, duty, manager, analyst, admin
    Column("password", String),  # argon2id; NULL: cannot sign in
    Column("title", String),  # 值班主管
    Column("extension", String),
    Column("scope", Json, nullable=False),  # organisation scope: [] = all, ["华南", "华东/上海"]
    Column("lang", String),
    Column("active", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
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
