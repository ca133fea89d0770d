"""预警台: take an alert, understand it, act, say what became of it."""
