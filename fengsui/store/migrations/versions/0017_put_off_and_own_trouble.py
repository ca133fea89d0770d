"""alerts put off for a while, trouble of the house itself, and drills outside of what BI tools count.

It follows 0018, which was there first: the order is that of ``down_revision``.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "snooze",
        sa.Column("episode_id", sa.String(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tier", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("episode_id", name=op.f("pk_snooze")),
    )
    op.create_table(
        "system_alert",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("since_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("subjects", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("params", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("told", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("kind", "since_at", name=op.f("pk_system_alert")),
    )
    with op.batch_alter_table("system_alert", schema=None) as batch_op:
        batch_op.create_index("ix_system_alert_cleared", ["cleared_at"], unique=False)

    make_alert_view()


def make_alert_view() -> None:
    """Replaced and not dropped on PostgreSQL: whoever was granted the view keeps it. A migration that makes all views again
    (0014) calls this afterwards."""
    lite = op.get_bind().dialect.name == "sqlite"
    if lite:
        op.execute("drop view bi_alert")
    op.execute(f"""
        create {"" if lite else "or replace"} view bi_alert as
        select e.episode_id, e.day, e.day_n, e.rule_id, e.rule_version, e.mode, e.metric, e.slice_key, e.condition, e.direction,
          coalesce(h.tier, e.tier) as tier, e.tier as machine_tier, e.opened_at, e.started_at, e.last_at, e.cleared_at,
          e.observed, e.expected, e.n, e.customers, h.state, h.verdict, h.claimed_at, h.resolved_at, h.reviewed_at
        from episode e left join handling h on h.episode_id = e.episode_id
        where e.mode != 'drill'
    """)
