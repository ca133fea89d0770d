"""Notices to people: where they are reached, links to claim with, and the pace of each channel."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _json() -> sa.types.TypeEngine[Any]:
    return sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def _at(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("fault_params", _json(), nullable=True))
    op.create_table(
        "reach",
        sa.Column("person_id", sa.String(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=True) for name in ("email", "mobile", "wecom", "dingtalk", "feishu", "quiet")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_reach")),
    )
    op.create_table(
        "channel_pace",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("tries", _json(), nullable=False),
        _at("blocked_until"),
        sa.Column("fault_code", sa.String(), nullable=True),
        sa.Column("fault_params", _json(), nullable=True),
        _at("fault_since"),
        _at("sent_at"),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_pace")),
    )
    op.create_table(
        "claim_link",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("token_hash", "person_id", "episode_id", "notice_id")),
        _at("made_at", nullable=False),
        _at("expires_at", nullable=False),
        _at("used_at"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_claim_link")),
    )
    with op.batch_alter_table("claim_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_claim_link_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_claim_link_episode_id"), ["episode_id"], unique=False)
