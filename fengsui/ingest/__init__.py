"""From a batch of a connector to rows and roll-ups, in one transaction.

``take.Ingest.take`` is the way in. What it promises: a row counts once however often it is delivered; the newest version
wins; facts come from events only; roll-ups equal their recomputation; what cannot be read is kept apart, encrypted, and
never stops the others; cursor and rows are committed together.
"""
