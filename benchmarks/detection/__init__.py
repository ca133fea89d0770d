"""Suites, judges, peers and the oracle behind the figures of docs/detection-benchmark.md."""
