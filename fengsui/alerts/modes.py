"""What an alert is: real, silent, or an exercise. Figures count ``ON`` alone; people act on all of ``SEEN``."""

from __future__ import annotations

ON, SHADOW, DRILL = "on", "shadow", "drill"
SEEN = (ON, DRILL)
