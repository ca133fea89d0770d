"""What a detector would have said of one series in a file, step by step, and how that compares with known events."""
