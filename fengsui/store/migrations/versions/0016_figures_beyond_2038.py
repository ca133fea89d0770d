"""figures beyond 2038: ``bi_figure`` of stores made by the first 0014 multiplied minutes by 60 in 32 bits on PostgreSQL.

Replaced and not dropped: whoever was granted the view keeps it.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":  # counts in 64 bits
        return
    op.execute("""
        create or replace view bi_figure as
        select s.cuboid, s.slice_key, r.measure, to_timestamp(r.bucket::bigint * 60) as start_at, sum(r.value) as value
        from rollup r join slice s on s.slice_id = r.slice_id
        where r.grain = 15 group by s.cuboid, s.slice_key, r.measure, r.bucket
    """)
