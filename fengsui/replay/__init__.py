"""Replay: play a file of history through the whole road under a virtual clock, and tell what would have been seen, and when.

Nothing here detects or judges. A feeder turns the file into a channel store that knows at each virtual minute only what was
known then; the real connectors, ingest, metrics, engine and alerts do the rest in a scratch store.
"""
