"""What customers wrote: cleaned, masked, tagged. Pure functions over strings; the only store access is seeding cue lists."""
