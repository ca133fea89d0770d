"""值守: what waits for me, the change of shifts, silences, and how good our alerts are."""
