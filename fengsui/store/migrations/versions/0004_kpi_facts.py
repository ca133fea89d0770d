"""facts of KPIs: told, archived, asked, transfers; open tickets by deadline."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SINCE = "(feedback.reopened_at IS NULL OR event.at >= feedback.reopened_at)"
_LAST = "(SELECT max(event.at) FROM event WHERE event.record_key = feedback.record_key AND event.kind = '{}' AND {})"
_COUNT = "(SELECT count(*) FROM event WHERE event.record_key = feedback.record_key AND event.kind = 'transferred')"


def upgrade() -> None:
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        for name in ("told_at", "archived_at", "asked_at"):
            batch_op.add_column(sa.Column(name, sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("transfers_n", sa.Integer(), server_default="0", nullable=False))
    is_open = sa.text("state = 'open'")
    op.create_index("ix_feedback_open", "feedback", ["due_at"], sqlite_where=is_open, postgresql_where=is_open)
    # What the columns would hold had they been there: computed from events, as ingest does (metrics.facts).
    told, archived, asked = (
        _LAST.format(*part) for part in (("told", _SINCE), ("archived", _SINCE), ("survey_asked", "1 = 1"))
    )
    changed = f"told_at = {told}, archived_at = {archived}, asked_at = {asked}, transfers_n = {_COUNT}"
    kinds = "('told', 'archived', 'survey_asked', 'transferred')"
    op.execute(f"UPDATE feedback SET {changed} WHERE record_key IN (SELECT record_key FROM event WHERE kind IN {kinds})")
