"""The engine: series, warm-up, and transaction 1 of every tick. Judges nothing itself: detectors do (docs/engine.md)."""

from fengsui.engine.advance import Advance, Engine, Fence, Warmed
from fengsui.engine.notice import Notice

__all__ = ["Advance", "Engine", "Fence", "Notice", "Warmed"]
