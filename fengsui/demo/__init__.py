"""The built-in demo centre 「示例客服中心」: an invented contact centre that writes into real channel stores.

A seeded plan of each local day (``plan``) is a pure function of seed, date and incidents; the centre (``centre``) writes what
has happened up to ``now`` into a SQL database, a drop folder and the store behind a small paged HTTP API. Fengsui reads these
through its connectors and knows nothing else of this room. Everything here is invented; docs/demo.md says what it simulates.
"""
