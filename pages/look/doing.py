"""Whether a person is doing something, or a fragment is only asking by itself for news."""

from __future__ import annotations

from streamlit.runtime.scriptrunner_utils.script_run_context import RunLocation, ThreadState


def doing() -> bool:
    """Whole pages are opened by people, and callbacks follow their clicks; fragments run every few seconds."""
    try:
        return ThreadState.get().run_location is not RunLocation.FRAGMENT
    except RuntimeError:  # no script is running: tests of single functions
        return False
