"""No table of shares: a pooled test of the tail keeps them in its state."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("profile")
