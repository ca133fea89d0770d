"""时限: open tickets by time left, with the chance of being late, and how departments stand."""
