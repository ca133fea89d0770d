"""What Fengsui saw in twenty real events: replays the files of ``$FENGSUI_REAL_DATA`` and writes docs/real-events.md."""
