"""views for BI tools: what happened, how often, and which alerts; no words of customers, no names, no keys of persons.

A later migration that rebuilds ``feedback``, ``rollup``, ``slice``, ``episode`` or ``handling`` on SQLite drops these views
first and makes them again (``drop_views``, ``make_views``, then ``make_views`` of 0024).
"""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

VIEWS = ("bi_feedback", "bi_figure", "bi_alert")
DIMENSIONS = ("channel", "org", "category", "queue", "product", "region")


def upgrade() -> None:
    make_views()


def make_views() -> None:
    lite = op.get_bind().dialect.name == "sqlite"

    def of(document: str, name: str) -> str:
        return f"json_extract({document}, '$.{name}')" if lite else f"{document} ->> '{name}'"

    dims = ", ".join(f"{of('dims', name)} as {name}" for name in DIMENSIONS)
    bucket = "datetime(r.bucket * 60, 'unixepoch')" if lite else "to_timestamp(r.bucket::bigint * 60)"
    op.execute(f"""
        create view bi_feedback as
        select source, kind, state, {dims}, {of("tags", "sentiment")} as sentiment, customer_tier,
          opened_at, acknowledged_at, first_response_at, solved_at, due_at, reopened_n, transfers_n,
          response_s, resolution_s, resolution_net_s, response_target_s,
          case when due_at is null then null when solved_at <= due_at then 1 else 0 end as met_deadline
        from feedback where deleted_at is null and state != 'cancelled'
    """)
    op.execute(f"""
        create view bi_figure as
        select s.cuboid, s.slice_key, r.measure, {bucket} as start_at, sum(r.value) as value
        from rollup r join slice s on s.slice_id = r.slice_id
        where r.grain = 15 group by s.cuboid, s.slice_key, r.measure, r.bucket
    """)
    op.execute("""
        create view bi_alert as
        select e.episode_id, e.day, e.day_n, e.rule_id, e.rule_version, e.mode, e.metric, e.slice_key, e.condition, e.direction,
          coalesce(h.tier, e.tier) as tier, e.tier as machine_tier, e.opened_at, e.started_at, e.last_at, e.cleared_at,
          e.observed, e.expected, e.n, e.customers, h.state, h.verdict, h.claimed_at, h.resolved_at, h.reviewed_at
        from episode e left join handling h on h.episode_id = e.episode_id
    """)


def drop_views() -> None:
    for name in reversed(VIEWS):
        op.execute(f"drop view {name}")
