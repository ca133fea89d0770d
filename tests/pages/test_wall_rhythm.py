"""How often a wall asks anew."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages.wall import rhythm


def _screen() -> None:
    import streamlit as st

    from pages.wall import rhythm

    if "went" not in st.session_state:
        st.session_state["went"] = 0
    st.session_state["went"] += 1
    rhythm.every()
    st.text(str(st.session_state["rhythm_every"]))


def _refresh() -> None:
    import streamlit as st

    from pages.wall import rhythm

    st.session_state["went"] = st.session_state.get("went", 0) + 1
    if "rhythm_every" not in st.session_state:
        rhythm.every()
    if st.session_state["went"] > 5:
        return  # it must settle by itself
    if st.session_state.get("late"):
        st.session_state["rhythm_every"] = 9.0
        st.session_state["late"] = False
    elif st.session_state["rhythm_every"] == 9.0:
        rhythm.every()
    rhythm.follow()


def test_few_walls_ask_every_two_seconds_and_many_share_a_part_of_a_core() -> None:
    assert [rhythm.rhythm(n) for n in (1, 20, 50, 100, 200)] == pytest.approx([2, 2.4, 6, 10, 10])
    cost_s = 0.04
    assert all(n * cost_s / rhythm.rhythm(n) <= 0.4 for n in range(1, 101))


@pytest.fixture(autouse=True)
def alone() -> None:
    rhythm._seen().clear()


def test_each_screen_has_its_own_beat_and_those_that_left_are_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(rhythm, "monotonic", lambda: now)
    screens = [AppTest.from_function(_screen).run() for _ in range(60)]
    beats = [float(each.text[0].value) for each in screens]
    assert 2 <= beats[0] <= 2.6 and 7.2 <= beats[-1] <= 9.4
    assert len(set(beats)) > 30, "they do not all ask at once"
    now += 61
    assert 2 <= float(screens[0].run().text[0].value) <= 2.6, "it is alone again"


def test_a_screen_follows_when_many_came_or_went() -> None:
    app = AppTest.from_function(_refresh).run()
    assert app.session_state["went"] == 1, "nothing changed, nothing is begun anew"
    app.session_state["late"] = True
    app.run()
    assert app.session_state["went"] == 3, "its beat was one for ninety walls: the page is begun anew, once"
    assert app.session_state["rhythm_every"] <= 2.6
