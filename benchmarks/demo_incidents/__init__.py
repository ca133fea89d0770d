"""The demo centre's incidents under a virtual clock: what is raised, when, and on which tier."""
