"""since when records carry their topic, and a keyed hash of the numbers that are a customer's own."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("topic", sa.Column("marked_from", sa.DateTime(timezone=True), nullable=True))
    op.add_column("feedback_text", sa.Column("own_hash", sa.String(), nullable=True))


def downgrade() -> None:
    op.drop_column("feedback_text", "own_hash")
    op.drop_column("topic", "marked_from")
