"""Measurements: each prints a figure beside its peer or floor in the same run. Not part of the suite."""
