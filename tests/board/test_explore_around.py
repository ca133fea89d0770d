"""What began around a window: the alert on the figure that is asked about is its zero, not one of the others."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine

from fengsui.board import explore
from fengsui.board.alert import alerts, select_alerts
from fengsui.board.explore.question import Question
from fengsui.board.scope import EVERYTHING
from tests.conftest import NOW

HOUR = timedelta(hours=1)


def test_the_alert_on_the_same_figure_is_the_zero_and_no_other(afternoon: Engine) -> None:
    with afternoon.connect() as conn:
        rows = {one.episode_id: one for one in alerts(conn, select_alerts(), EVERYTHING)}
    asked = Question("complaints", rows["e1"].slice_key, NOW - HOUR, NOW)
    own, others = explore.events(afternoon, asked, EVERYTHING, None)
    assert own == rows["e1"]
    assert "e1" not in {one.episode_id for one in others} and {"e2", "e3", "e4"} <= {one.episode_id for one in others}


def test_a_figure_without_an_alert_has_no_zero_and_an_alert_that_led_here_keeps_it(afternoon: Engine) -> None:
    asked = Question("complaints", "channel=邮件", NOW - HOUR, NOW)
    own, others = explore.events(afternoon, asked, EVERYTHING, None)
    assert own is None and "e1" in {one.episode_id for one in others}
    led = next(one for one in others if one.episode_id == "e3")
    own, others = explore.events(afternoon, asked, EVERYTHING, led)
    assert own == led and "e3" not in {one.episode_id for one in others}
