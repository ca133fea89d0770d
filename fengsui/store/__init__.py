"""The store: tables, connections, upserts, migrations. The only place that knows SQLAlchemy dialects.

Two databases, one set of tables: SQLite (embedded default) and PostgreSQL (production). Nothing here knows a metric, an
alert or a person beyond their columns.
"""
