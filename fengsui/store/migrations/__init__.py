"""Alembic's revisions, run by ``fengsui.store.migrate`` and written by ``fengsui.store.revise``."""
