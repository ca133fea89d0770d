"""The worker: leads or stands by, fetches in threads, walks the road with one writer (docs/engine.md)."""
