"""changes of the rota, and tries to sign in that all dashboards count together."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "rota_change",
        sa.Column("change_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("team", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("start_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("end_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("other_name", sa.String(), nullable=True),
        sa.Column("other_id", sa.String(), nullable=True),
        sa.Column("other_start_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("change_id", name=op.f("pk_rota_change")),
    )
    with op.batch_alter_table("rota_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_rota_change_end_at"), ["end_at"], unique=False)

    with op.batch_alter_table("rota_shift", schema=None) as batch_op:
        batch_op.add_column(sa.Column("instead_of", sa.String(), nullable=True))

    op.create_table(
        "sign_in_slate",
        sa.Column("slate", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=True),
        sa.Column("ip", sa.String(), nullable=True),
        sa.Column("tries", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("slate", name=op.f("pk_sign_in_slate")),
    )
    with op.batch_alter_table("sign_in_slate", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sign_in_slate_last_at"), ["last_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sign_in_slate_person_id"), ["person_id"], unique=False)
