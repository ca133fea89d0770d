"""规则: what raises alerts, rehearsed before it counts."""
