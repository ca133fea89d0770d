"""topics' names are customers' words: ``bi_figure`` leaves their slices out, ``bi_alert`` shows such a slice as ``topic``.

Replaced on PostgreSQL and not dropped: whoever was granted the views keeps them. A later migration that makes the views of 0014
anew makes these two after them.
"""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    make_views()


def make_views() -> None:
    lite = op.get_bind().dialect.name == "sqlite"
    bucket = "datetime(r.bucket * 60, 'unixepoch')" if lite else "to_timestamp(r.bucket::bigint * 60)"
    _make(
        "bi_figure",
        f"""
        select s.cuboid, s.slice_key, r.measure, {bucket} as start_at, sum(r.value) as value
        from rollup r join slice s on s.slice_id = r.slice_id
        where r.grain = 15 and not ({_names_topic("s.slice_key")})
        group by s.cuboid, s.slice_key, r.measure, r.bucket
        """,
        lite,
    )
    _make(
        "bi_alert",
        f"""
        select e.episode_id, e.day, e.day_n, e.rule_id, e.rule_version, e.mode, e.metric,
          case when {_names_topic("e.slice_key")} then 'topic' else e.slice_key end as slice_key, e.condition, e.direction,
          coalesce(h.tier, e.tier) as tier, e.tier as machine_tier, e.opened_at, e.started_at, e.last_at, e.cleared_at,
          e.observed, e.expected, e.n, e.customers, h.state, h.verdict, h.claimed_at, h.resolved_at, h.reviewed_at
        from episode e left join handling h on h.episode_id = e.episode_id
        """,
        lite,
    )


def _names_topic(key: str) -> str:
    """``topic=…`` or ``topic.1=…`` among the levels of a slice key; in a value ``|`` and ``=`` are escaped."""
    return f"'|' || {key} like '%|topic=%' or '|' || {key} like '%|topic.%=%'"


def _make(view: str, query: str, lite: bool) -> None:
    if lite:
        op.execute(f"drop view if exists {view}")
    op.execute(f"create {'' if lite else 'or replace '}view {view} as {query}")
