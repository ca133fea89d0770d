"""deadlines by index."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_feedback_due_at", "feedback", ["due_at"], unique=False)
