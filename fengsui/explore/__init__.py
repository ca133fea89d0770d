"""Which slices make a deviation: a gated scan over all dimensions and hierarchies at once (docs/explore.md).

The scan may answer "nothing in particular" and "everywhere". It reads no clock and no page; ``board`` asks it for the pages.
"""
