"""Channel connectors: one file per kind of channel store.

What belongs here: reading rows out of somebody else's store and turning them into the four shapes of ``connectors.base``.
What does not: our own database, masking, roll-ups, clocks. This package imports nothing of ours (import-linter holds it).
"""
