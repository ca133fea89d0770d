"""What users of other alerting systems suffer, and the test that keeps it from us. Who renames a test renames it here."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LESSONS: dict[str, tuple[str, ...]] = {
    "more alerts than anybody reads: a budget, and alerts a day are shown before a rule is switched on": (
        "alerts/test_definitions.py::test_a_full_house_of_head_series_costs_about_one_false_alarm_a_week",
        "backtest/test_rehearsal.py::test_too_many_are_met_by_a_higher_threshold_and_never_by_leaving_alerts_out",
        "pages/test_rules_page.py::test_a_rule_is_changed_only_after_a_rehearsal_of_what_is_saved",
    ),
    "thousands of messages of one event: one alert with members": (
        "alerts/test_machine_road.py::test_a_part_that_burns_inside_a_whole_is_its_child_and_is_not_told_apart",
        "notify/test_robots.py::test_five_hundred_alerts_in_a_minute_with_the_robots_limit",
    ),
    "a limit that stops all notices: it becomes a summary": (
        "notify/test_deliver.py::test_five_hundred_alerts_in_a_minute_become_ten_notices_and_one_summary_and_none_is_lost",
        "notify/test_deliver.py::test_a_full_minute_delays_and_drops_nothing",
    ),
    "flapping: own thresholds to open and to clear, hold, and rare telling": (
        "alerts/test_life.py::test_between_the_thresholds_starts_the_calm_row_again",
        "alerts/test_machine_road.py::test_burning_again_is_told_and_a_flapping_alert_does_not_ring_all_day",
    ),
    "missing data counted as recovery": (
        "alerts/test_life.py::test_nothing_but_complete_calm_clears",
        "alerts/test_machine_road.py::test_silence_of_the_data_is_its_own_condition_and_never_clears",
    ),
    "acknowledge in the core, with deadline and escalation": (
        "alerts/test_machine_road.py::test_unclaimed_past_the_deadline_climbs_and_a_claim_stops_it",
    ),
    "races of two who acknowledge": (
        "alerts/test_commands_store.py::test_two_people_click_at_one_moment_one_wins_and_the_other_is_told_who",
        "alerts/test_commands_store.py::test_a_hundred_machine_updates_between_opening_and_clicking_and_the_click_wins",
    ),
    "notices that were queued before the acknowledgement": (
        "notify/test_deliver.py::test_what_was_claimed_meanwhile_is_not_sent_but_later_news_of_it_is",
    ),
    "an acknowledgement that is forgotten: it climbs, and its owner is reminded": (
        "alerts/test_machine_road.py::test_claimed_but_not_done_by_the_deadline_climbs_too_and_the_owner_hears_it",
        "alerts/test_tasks.py::test_the_owner_of_an_alert_is_reminded_before_its_deadline",
        "alerts/test_tasks.py::test_a_severe_alert_in_hand_asks_for_a_report_and_says_when_it_is_missing",
    ),
    "after an acknowledgement a worse problem stays silent": (
        "alerts/test_machine_road.py::test_a_member_that_becomes_graver_is_told",
        "alerts/test_succession.py::test_closing_a_leader_that_burns_leaves_one_alert_told_once_with_a_deadline_from_now",
    ),
    "a new event wipes notes and dismissals": ("alerts/test_machine_road.py::test_machine_updates_never_touch_handling",),
    "working days of China, and a table of holidays that ends": (
        "alerts/test_calendar_notice.py::test_administrators_hear_of_it_each_monday_and_daily_in_the_last_week",
    ),
    "a scheduler that runs twice or not at all": (
        "worker/test_worker_exactly_once.py::test_a_process_that_is_killed_again_and_again_ends_in_the_same_tables",
    ),
    "a watcher that died and nobody noticed": ("alerts/test_machine_road.py::test_the_daily_sign_of_life_is_one_row_a_day",),
    "robots that answer 200 and drop the message": (
        "notify/test_robots.py::test_an_answer_of_200_with_an_error_is_an_error_and_named",
        "notify/test_robots.py::test_the_fallback_takes_over_what_the_robot_refuses_and_the_count_stays_true",
        "notify/test_robots.py::test_a_restart_forgets_no_try",
    ),
    "one anomaly, many notices": (
        "alerts/test_machine_road.py::test_the_same_tick_again_changes_nothing",
        "alerts/test_machine_road.py::test_what_burns_again_soon_is_the_same_alert_and_later_a_new_one",
    ),
    "a mute ends and nothing is said; a mute hides what grew": (
        "alerts/test_silence.py::test_under_a_silence_an_alert_opens_and_nobody_is_told_until_it_ends",
        "alerts/test_silence.py::test_what_grows_graver_than_the_silence_is_told_at_once",
        "alerts/test_silence.py::test_a_restart_under_a_silence_ends_in_the_same_rows",
    ),
    "mute calendars that nobody can foresee": (
        "alerts/test_silence.py::test_a_weekly_silence_over_midnight_is_half_open_and_belongs_to_the_day_it_begins",
        "alerts/test_shift.py::test_what_a_silence_would_have_hidden_is_counted_from_the_last_four_weeks",
    ),
    "history that vanishes": ("alerts/test_commands_store.py::test_every_decision_has_its_place_in_one_line_and_in_the_audit",),
    "a channel that hangs": (
        "worker/test_courier.py::test_a_receiver_that_hangs_holds_no_tick_and_is_asked_once",
        "notify/test_deliver.py::test_a_receiver_that_hangs_is_asked_once_and_not_for_each_notice",
    ),
}


@pytest.mark.parametrize("lesson", list(LESSONS))
def test_a_lesson_has_a_test_that_is_there(lesson: str) -> None:
    for place in LESSONS[lesson]:
        file, _, name = place.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), place
