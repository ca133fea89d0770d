"""What is counted, how it is read back, and what a KPI means.

``measures`` says what one record adds to the roll-ups, ``facts`` computes the clocks of a record from its events, ``catalogue``
defines the metrics of wall and rules, ``read`` answers from roll-ups, ``watermarks`` says how far a series is complete. Nothing
here writes a roll-up (ingest does) and nothing here judges (detectors do).
"""
