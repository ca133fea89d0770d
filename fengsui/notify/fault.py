"""What can go wrong with a notice, by recovery: wait, have a person mend the channel, or give this notice up."""

from __future__ import annotations

SAID_CHARS = 120


class NotSent(Exception):
    """``code``: in words, who must mend what; ``said``: what the receiver answered, shortened."""

    def __init__(self, code: str, said: str = "") -> None:
        super().__init__(code)
        self.code, self.said = code, said[:SAID_CHARS]


class Undeliverable(NotSent):
    """Nothing but a person can mend it, and this notice is lost for this channel: it fails and stays visible."""


class Later(NotSent):
    """Passes by itself: try again, after ``delay`` seconds where the receiver said so. ``whole``: nobody else on this
    channel is sent meanwhile either, for the channel itself is held."""

    def __init__(self, code: str, delay: float | None = None, said: str = "", *, whole: bool = False) -> None:
        super().__init__(code, said)
        self.delay, self.whole = delay, whole


class Mend(Later):
    """The channel is set up wrongly (signature, keyword, address list): every notice of it waits until a person mended it, and
    is looked at again every ten minutes. Where there is a fallback it takes over at once."""

    AGAIN_S = 600.0

    def __init__(self, code: str, said: str = "") -> None:
        super().__init__(code, self.AGAIN_S, said, whole=True)
