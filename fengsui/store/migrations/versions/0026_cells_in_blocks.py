"""roll-up cells in blocks: of one measure of a slice all cells of some hours or of a day in one row, as text.

``offset,bin,value`` three by three; the offset in buckets from the block's start, bin 0 for a plain count and one more than its
number for a log bin. ``bi_figure`` reads it in SQL; on PostgreSQL the view is replaced and not dropped: whoever was granted it
keeps it. A later migration that makes the views of 0014 and 0024 anew makes this one after them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

WIDTH = "case when bin = -32768 then case grain when 1 then 120 else 1440 end else case grain when 1 then 60 else 360 end end"


def upgrade() -> None:
    name = "pk_rollup" if op.get_bind().dialect.name == "sqlite" else "pk_rollup_in_blocks"
    op.create_table(
        "rollup_in_blocks",
        sa.Column("grain", sa.SmallInteger(), nullable=False),
        sa.Column("slice_id", sa.BigInteger(), nullable=False),
        sa.Column("measure", sa.String(), nullable=False),
        sa.Column("block", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cells", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("grain", "slice_id", "measure", "block", name=op.f(name)),
        sqlite_with_rowid=False,
    )
    fill()
    if op.get_bind().dialect.name == "sqlite":
        op.execute("drop view if exists bi_figure")
        op.drop_table("rollup")
        op.rename_table("rollup_in_blocks", "rollup")
        op.execute(f"create view bi_figure as {LITE}")
    else:
        op.execute(f"create or replace view bi_figure as {POSTGRES}")
        op.drop_table("rollup")
        op.execute("alter table rollup_in_blocks rename constraint pk_rollup_in_blocks to pk_rollup")
        op.rename_table("rollup_in_blocks", "rollup")


def fill() -> None:
    """Measure by measure of each slice, so that no database sorts more than one's cells at once."""
    bind = op.get_bind()
    joined = "group_concat" if bind.dialect.name == "sqlite" else "string_agg"
    numbers = ("(bucket - block) / grain", "case when bin = -32768 then 0 else bin + 1 end", "value")
    cell = " || ',' || ".join(f"cast({number} as text)" for number in numbers)
    statement = sa.text(f"""
        insert into rollup_in_blocks (grain, slice_id, measure, block, cells)
        select grain, slice_id, measure, block, {joined}({cell}, ',')
        from (select rollup.*, bucket - bucket % ({WIDTH}) as block from rollup
              where grain = :grain and slice_id = :slice_id and measure = :measure and value <> 0) each
        group by grain, slice_id, measure, block
    """)
    key = "grain, slice_id, measure"
    first = sa.text(f"select {key} from rollup order by {key} limit 1")
    after = sa.text(f"select {key} from rollup where ({key}) > (:grain, :slice_id, :measure) order by {key} limit 1")
    found = bind.execute(first).mappings().first()
    while found is not None:
        bind.execute(statement, dict(found))
        found = bind.execute(after, dict(found)).mappings().first()


NAMES_TOPIC = "'|' || s.slice_key like '%|topic=%' or '|' || s.slice_key like '%|topic.%=%'"
LITE = f"""
    select s.cuboid, s.slice_key, r.measure, datetime((r.block + c.key * 15) * 60, 'unixepoch') as start_at,
      sum(c.value) as value
    from rollup r join slice s on s.slice_id = r.slice_id
      join json_each((
        select json_group_object(at, value)
        from (select at, sum(value) as value
              from (select sum(case when key % 3 = 0 then value end) as at, sum(case when key % 3 = 2 then value end) as value
                    from json_each('[' || r.cells || ']') group by key / 3)
              group by at)
      )) c
    where r.grain = 15 and not ({NAMES_TOPIC})
    group by s.cuboid, s.slice_key, r.measure, r.block + c.key * 15
"""
"""One level of groups: whoever asks for one slice or measure reads no others."""
POSTGRES = f"""
    select s.cuboid, s.slice_key, r.measure, to_timestamp((r.block + c.n[i] * 15) * 60) as start_at, sum(c.n[i + 2]) as value
    from rollup_in_blocks r join slice s on s.slice_id = r.slice_id
      cross join lateral (select string_to_array(r.cells, ',')::bigint[] as n offset 0) c
      cross join lateral generate_series(1, cardinality(c.n), 3) i
    where r.grain = 15 and not ({NAMES_TOPIC})
    group by s.cuboid, s.slice_key, r.measure, r.block + c.n[i] * 15
"""
"""``offset 0``: else the text is taken apart anew for each of its cells."""
