"""facts of KPIs: a second evaluation asked for, and how long later messages of customers waited."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("feedback", schema=None) as batch_op:
        batch_op.add_column(sa.Column("second_asked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("waits", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=True))
