"""equal texts are looked for together with whose they are: a form has as many equal ones as customers filled it in."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_feedback_text_said", "feedback_text", ["text_hash", "own_hash"])
    op.drop_index("ix_feedback_text_text_hash", "feedback_text")


def downgrade() -> None:
    op.create_index("ix_feedback_text_text_hash", "feedback_text", ["text_hash"])
    op.drop_index("ix_feedback_text_said", "feedback_text")
