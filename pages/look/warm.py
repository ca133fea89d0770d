"""What the first visitor would otherwise wait for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from fengsui.locale import LANGUAGES, say
from pages.look import charts, pictures
from pages.look.house import house


def warm() -> None:
    """Settings (a mistake stops the start here, with every line of it), store, templates, words."""
    with _nobody_is_looking():
        house()
        for lang in LANGUAGES:
            say(lang, "pages.bar.name")
            for theme in ("dark", "light"):
                charts.band(lang, theme, 164)
        with suppress(Exception):  # a store that is away now: pages say so themselves, and heal
            pictures.newest()


@contextmanager
def _nobody_is_looking() -> Iterator[None]:
    """Streamlit warns at each shared thing that is made before the first visitor came, which is just what is wanted here."""
    log = logging.getLogger("streamlit.runtime.scriptrunner_utils.script_run_context")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
