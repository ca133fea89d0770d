"""What Alembic runs: always on the connection that ``migrate.upgrade`` or ``revise`` hands over, inside its transaction."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON

from fengsui.store.tables import METADATA
from fengsui.store.types import UtcDateTime


def frozen_types(kind: str, thing: Any, autogen: AutogenContext) -> str | Literal[False]:
    """A revision names plain SQL types, so that it stays as it was when ours change."""
    if kind == "type" and isinstance(thing, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(thing, JSON):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    compare_type=True,
    render_as_batch=True,  # SQLite cannot alter a column
    render_item=frozen_types,
    transactional_ddl=True,  # open_store begins SQLite's transactions itself, DDL included
)
with context.begin_transaction():
    context.run_migrations()
