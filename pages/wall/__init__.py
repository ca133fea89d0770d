"""大屏: the whole centre on one screen, readable from across the room, without a hand on it."""
