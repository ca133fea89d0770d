"""指标: every KPI with its interval, its partners in time, its definition in words, and why it moved."""
