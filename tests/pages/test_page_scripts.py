"""Every page, role and language as a script: no exception, the words that matter, nothing for whom it is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from streamlit.testing.v1 import AppTest

from fengsui.alerts import definitions
from fengsui.alerts.commands.table import COMMANDS, MACHINE
from fengsui.board import read, snapshot
from fengsui.board.read.timeline import Happened
from fengsui.locale import has
from fengsui.settings import load
from fengsui.settings.model import Wall
from fengsui.store import tables as t
from fengsui.store.database import open_store
from pages.alerts import body
from pages.look import figures, standing
from pages.look import house as house_module
from pages.look.bar import me
from pages.look.pieces import plain
from pages.look.visitor import who
from pages.wall import deadlines, heat, rows, tiles
from pages.wall.sound import sound

Looks = Callable[[str | None], None]
NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)


def texts(app: Any) -> str:
    """Everything a page shows, components included."""
    shown = [str(element.value) for element in app.html]
    shown += [json.dumps(json.loads(element.proto.json), ensure_ascii=False) for element in app.get("bidi_component")]
    shown += [button.label for button in app.button]
    return "\n".join(shown)


def _wall() -> None:
    from pages.wall.page import page

    page()


def _alerts() -> None:
    from pages.alerts.page import page

    page()


def _kpi() -> None:
    from pages.kpi.page import page

    page()


def _due() -> None:
    from pages.due.page import page

    page()


def _sources() -> None:
    from pages.sources.page import page

    page()


def _running() -> None:
    from pages.running.page import page

    page()


def _explore() -> None:
    from pages.explore.page import page

    page()


def _backtest() -> None:
    from pages.backtest.page import page

    page()


def _records() -> None:
    from pages.records.page import page

    page()


def _quality() -> None:
    from pages.quality.page import page

    page()


def _customer() -> None:
    from pages.customer.page import page

    page()


PAGES = {
    "records": _records,
    "quality": _quality,
    "customer": _customer,
    "wall": _wall,
    "alerts": _alerts,
    "explore": _explore,
    "backtest": _backtest,
    "kpi": _kpi,
    "due": _due,
    "sources": _sources,
    "running": _running,
}
WORDS = {
    ("records", "zh_CN"): ("标签", "这位客户的经过", "支付失败", "回车＝对"),
    ("records", "en"): ("Tags", "Right", "Older"),
    ("quality", "zh_CN"): ("混淆表", "把握可信吗", "清洗", "还没有核对过的抽查"),
    ("quality", "en"): ("Confusion", "Cleaning", "Fit now"),
    ("wall", "zh_CN"): ("服务质量预警大屏", "当前预警", "投诉量", "大区 × 渠道"),
    ("wall", "en"): ("Service quality wall", "Current alerts", "Complaints"),
    ("alerts", "zh_CN"): ("投诉量突增", "认领", "为什么是严重", "经过", "原始反馈", "客户提到媒体或监管"),
    ("alerts", "en"): ("Claim", "Why severe", "History"),
    ("sources", "zh_CN"): ("电话话务平台", "隔离数据", "14 行", "上传 Excel / CSV", "节假日表 43 天后到期"),
    ("sources", "en"): ("Held rows", "Upload Excel / CSV", "table of holidays ends in 43 days"),
    ("explore", "zh_CN"): ("投诉量走势", "突发说法", "同时变化", "典型原话"),
    ("explore", "en"): ("Sudden phrases", "Typical words"),
    ("backtest", "zh_CN"): ("试什么", "开始回测", "最近的回测"),
    ("backtest", "en"): ("What to try", "Recent back-tests"),
    ("kpi", "zh_CN"): ("响应与接通", "处理与闭环", "SLA 达成率", "95% 区间", "定义第 1 版"),
    ("kpi", "en"): ("Answering", "SLA attainment", "95% interval"),
    ("due", "zh_CN"): ("未办结", "按部门", "积压", "没有这样的工单"),
    ("due", "en"): ("overdue", "By department", "Backlog"),
    ("running", "zh_CN"): ("甲机", "每轮处理耗时", "最近事件"),
    ("running", "en"): ("Leader", "Time per round"),
}


def show(name: str, lang: str = "zh_CN", **query: str) -> AppTest:
    app = AppTest.from_function(PAGES[name], default_timeout=30)
    app.query_params["lang"] = lang
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


@pytest.mark.parametrize(("name", "lang"), list(WORDS))
def test_a_page_says_what_it_must_in_both_languages(home: Path, looks: Looks, name: str, lang: str) -> None:
    looks("wang")
    app = show(name, lang)
    assert not app.exception
    shown = texts(app)
    missing = [word for word in WORDS[name, lang] if word not in shown]
    assert not missing
    if name != "wall":  # the bar stands above every other page
        assert 'form method="post" action="signout"' in me(who())
    assert "«" not in shown, "a code or parameter without words"


@pytest.mark.parametrize("name", list(PAGES))
def test_nobody_sees_a_page_signed_out(home: Path, looks: Looks, name: str) -> None:
    looks(None)
    app = show(name)
    assert not app.exception
    assert "重新登录" in texts(app)
    assert "投诉" not in texts(app) and "甲机" not in texts(app)


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("alerts", "screen"),
        ("sources", "screen"),
        ("running", "li"),
        ("explore", "screen"),
        ("backtest", "li"),
        ("records", "screen"),
        ("customer", "wang"),
    ],
)
def test_a_role_that_may_not_gets_a_sentence_and_nothing_else(home: Path, looks: Looks, name: str, person: str) -> None:
    looks(person)
    app = show(name)
    assert not app.exception and not app.button
    assert "可用角色：值班" in texts(app) or "可用角色：管理员" in texts(app), "by their names, not by their codes"
    assert "投诉量突增" not in texts(app) and "甲机" not in texts(app)


def test_an_analyst_reads_and_has_no_command(home: Path, looks: Looks) -> None:
    looks("ana")
    app = show("alerts")
    assert "只能查看" in texts(app)
    assert not [button for button in app.button if button.key and button.key.startswith("do_")]


def test_a_scoped_person_sees_own_rows_and_a_foreign_link_looks_like_none(home: Path, looks: Looks) -> None:
    looks("nan")
    app = show("alerts", id="e5")
    assert "找不到这条预警" in texts(app)
    assert "客户提到媒体或监管" not in texts(app), "the whole centre is not hers"


def test_a_scoped_wall_counts_the_loop_of_its_scope_and_marks_no_figure_for_another_place(home: Path, looks: Looks) -> None:
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(update(t.person).where(t.person.c.person_id == "nan").values(scope=["西北", "华南"]))
    looks("nan")
    app = show("wall")
    loop = next(one for one in texts(app).splitlines() if "panel loop" in one)
    raised = read.today(house_module.house().reader, ("西北", "华南"), "Asia/Shanghai", NOW)["raised"]
    whole = read.today(house_module.house().reader, (), "Asia/Shanghai", NOW)["raised"]
    assert raised < whole and f'<b class=\\"\\">{raised}</b>' in loop
    tiles = next(one for one in texts(app).splitlines() if 'class=\\"tiles' in one)
    assert "tile t3" not in tiles and "tile t2" not in tiles


def test_a_figure_is_not_normal_because_its_alert_is_told_by_another(home: Path, looks: Looks) -> None:
    """Grouped under a phrase of customers, the complaints' own alert has no row; its tile and its place still burn."""
    looks("wang")
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    before = read.burning(store, ())
    mine = next(alert for alert in before.rows if alert.metric == "complaints")
    other = next(alert for alert in before.rows if alert.metric != "complaints")
    with store.begin() as conn:
        conn.execute(update(t.episode).where(t.episode.c.metric == "complaints").values(parent_id=other.episode_id))
        conn.execute(update(t.episode).where(t.episode.c.episode_id == other.episode_id).values(tier=3))
    after = read.burning(store, ())
    assert mine.episode_id not in {alert.episode_id for alert in after.rows}
    assert mine.episode_id in {alert.episode_id for alert in after.every}
    tiles = next(one for one in texts(show("wall")).splitlines() if "投诉量" in one and "tiles" in one)
    assert f"tile t{mine.tier}" in tiles


def test_only_a_figure_that_is_normal_has_the_edge_of_calm(home: Path, looks: Looks) -> None:
    looks("wang")
    tiles = next(one for one in texts(show("wall")).splitlines() if "投诉量" in one and "tiles" in one)
    each = tiles.split('<div class=\\"tile ')[1:]
    doubted = ["badge off" in one for one in each]
    assert any(doubted) and not all(doubted)
    edges = [one.partition('\\"')[0].split() for one in each]
    assert [bool({"open", "no_data", "stale"} & set(one)) for one in edges] == doubted


def test_names_and_steps_are_never_markdown() -> None:
    assert plain("![x](http://evil) :red[a] $b$ *c*") == r"\!\[x\]\(http\://evil\) \:red\[a\] \$b\$ \*c\*"
    assert plain("华东 上海，4 人") == "华东 上海，4 人"


def test_a_link_opens_its_alert_and_rubbish_opens_none(home: Path, looks: Looks) -> None:
    looks("wang")
    assert "20 秒接通率为 71.4%" in texts(show("alerts", id="e3"))
    assert "找不到这条预警" in texts(show("alerts", id="<script>'; drop table episode"))


def test_customers_words_are_text_never_markup(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("alerts", id="e1")
    records = next(element.value for element in app.html if "原始反馈" in element.value)
    assert "&lt;b&gt;一直转圈&lt;/b&gt;" in records
    assert "<b>一直转圈" not in records


def test_claiming_is_one_click_and_the_store_knows(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("alerts", id="e1")
    app.button(key="do_claim").click().run()
    assert not app.exception
    assert "已认领" in "".join(toast.value for toast in app.toast)
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.connect() as conn:
        owner, state = conn.execute(select(t.handling.c.owner, t.handling.c.state).where(t.handling.c.episode_id == "e1")).one()
    assert (owner, state) == ("wang", "claimed")
    assert app.button(key="do_claim").disabled


def test_who_comes_second_reads_who_was_first(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("alerts", id="e1")
    looks("li")
    other = show("alerts", id="e1")
    other.button(key="do_claim").click().run()
    looks("wang")
    app.button(key="do_claim").click().run()
    assert "李强" in "".join(toast.value for toast in app.toast)


def test_a_transfer_goes_through_its_dialog(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("alerts", id="e1")
    app.button(key="do_transfer").click().run()
    assert not app.exception
    app.session_state["f_person"] = "li"
    app.session_state["f_reason"] = "their_field"
    app.button(key="dlg_ok").click().run()
    assert not app.exception
    assert "已转派" in "".join(toast.value for toast in app.toast)
    assert "李强" in texts(app)


def test_an_empty_dialog_says_what_is_missing_and_stays_open(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("alerts", id="e1")
    app.button(key="do_regrade").click().run()
    app.button(key="dlg_ok").click().run()
    assert "还缺一项：级别" in texts(app)
    assert "dialog" in app.session_state


def test_a_verdict_that_is_missing_verifies_nothing(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("alerts", id="e1")
    app.button(key="do_judge").click().run()
    app.button(key="dlg_ok").click().run()
    assert "还缺一项：判定" in texts(app)
    app.button(key="dlg_no").click().run()
    assert "核实" not in "".join(toast.value for toast in app.toast)


def test_a_cancelled_dialog_writes_nothing(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("alerts", id="e1")
    app.button(key="do_note").click().run()
    app.button(key="dlg_no").click().run()
    assert not app.exception and "dialog" not in app.session_state


@pytest.mark.parametrize(("out", "says"), [((), "1 条关联预警仍在持续"), (("e8",), "还没有恢复"), (("e1", "e8"), None)])
def test_who_closes_an_alert_that_burns_reads_it_before(
    home: Path, looks: Looks, out: tuple[str, ...], says: str | None
) -> None:
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(update(t.handling).where(t.handling.c.episode_id == "e1").values(state="in_progress", owner="wang"))
        gone = update(t.episode).where(t.episode.c.episode_id.in_(out))
        conn.execute(gone.values(condition="cleared", cleared_at=NOW))
    looks("wang")
    app = show("alerts", id="e1")
    app.button(key="do_resolve").click().run()
    assert not app.exception
    assert ("还没有恢复" in texts(app)) is (says is not None)
    assert (says or "") in texts(app)


def test_every_command_of_people_has_a_way_on_the_desk_and_its_words(home: Path, looks: Looks) -> None:
    """A command without a button is one that nobody gives at night."""
    offered: set[str] = set()
    looks("wang")
    for id_, state in (("e1", "new"), ("e1", "claimed"), ("e1", "put off"), ("e1", "resolved"), ("e1", "drill")):
        store = open_store(f"sqlite:///{home / 'fengsui.db'}")
        with store.begin() as conn:
            if state == "put off":
                row = {"until_at": NOW + timedelta(minutes=2), "tier": 3, "by": "wang", "at": NOW, "reason": "busy"}
                conn.execute(insert(t.snooze).values(episode_id=id_, **row))
                conn.execute(update(t.episode).values(claim_due_at=NOW + timedelta(minutes=9)))
            elif state == "drill":
                conn.execute(update(t.episode).where(t.episode.c.episode_id == id_).values(mode="drill"))
            else:
                conn.execute(update(t.handling).where(t.handling.c.episode_id == id_).values(state=state, owner="wang"))
        app = show("alerts", id=id_)
        offered |= {button.key.removeprefix("do_") for button in app.button if button.key and button.key.startswith("do_")}
        offered |= {"plan_step", "plan_undo"} if [box for box in app.checkbox if (box.key or "").startswith("plan_")] else set()
    theirs = {name for name, rule in COMMANDS.items() if rule.roles != (MACHINE,)}
    assert offered - {"judge"} == theirs - {"review"}, "judge is how a page says review"
    for name in offered - {"judge"}:
        for lang in ("zh_CN", "en"):
            codes = [f"pages.done.{name}"] + ([] if name == "claim" else [f"pages.did.person.{name}"])
            assert all(has(lang, code) for code in codes), name


@pytest.mark.parametrize("axis", ["person", "machine"])
def test_every_transition_has_words_in_the_history(home: Path, looks: Looks, axis: str) -> None:
    machine = ["opened", "raised", "worsened", "data_back", "no_data", "cleared", "refired", "rule_changed", "escalated"]
    codes = (
        list(COMMANDS) if axis == "person" else [*machine, "overdue", "muted", "unmuted", "woken", "drill_began", "drill_over"]
    )
    params = {"who": "王敏", "owner": "李强", "reason": "busy", "verdict": "real", "tier": 2, "late": 900, "to": ["manager"]}
    params |= {"until": NOW.isoformat()}
    looks("wang")
    visitor = who()
    for code in codes:
        for lang in ("zh_CN", "en"):
            move = Happened(NOW, axis, 1, "wang", None, code, None, "2", {**params, "step": "read"}, None, "1118-03")
            said = body.did(replace(visitor, lang=lang), move, {"read": "看原文"})
            assert "«" not in said and "_" not in said, said
            assert said != replace(visitor, lang=lang).say("pages.did.other", who="wang", what=code), code


def test_an_owner_gives_back_with_a_reason_and_it_waits_again(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("alerts", id="e1")
    app.button(key="do_claim").click().run()
    app.button(key="do_give_back").click().run()
    app.button(key="dlg_ok").click().run()
    assert "还缺一项：原因" in texts(app)
    app.session_state["f_reason"] = "shift_ends"
    app.button(key="dlg_ok").click().run()
    assert not app.exception
    assert "已退回" in "".join(toast.value for toast in app.toast)
    shown = texts(app)
    assert "王敏 退回待认领：交班" in shown
    assert not app.button(key="do_claim").disabled


def test_one_alert_goes_into_another_and_both_say_so(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("alerts", id="e1")
    app.button(key="do_merge_into").click().run()
    assert not [name for name in app.radio(key="f_into").options if "1118-01" in name], "not into itself"
    app.session_state["f_into"] = "e3"
    app.session_state["f_reason"] = "same_cause"
    app.button(key="dlg_ok").click().run()
    assert not app.exception
    assert "把这条并入 1118-03：同一原因" in texts(show("alerts", id="e1"))
    assert "把 1118-01 并入这条：同一原因" in texts(show("alerts", id="e3"))


def test_a_step_of_the_plan_is_ticked_once_with_who_and_when(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("alerts", id="e1")
    assert "严重预警预案 · 第 1 版" in texts(app) and "0 / 6" in texts(app)
    app.checkbox(key="plan_e1_call").check().run()
    assert not app.exception
    shown = texts(app.run())
    assert "1 / 6" in shown and "完成预案：电话通知值班主管和责任部门" in shown
    box = app.checkbox(key="plan_e1_call_done")
    assert box.value and "王敏 14:32" in box.label.replace("\\", "")


def test_a_step_ticked_by_mistake_is_taken_back_and_both_stay_in_the_history(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("alerts", id="e1")
    app.checkbox(key="plan_e1_call").check().run()
    app.run().checkbox(key="plan_e1_call_done").uncheck().run()
    shown = texts(app.run())
    assert not app.exception and "0 / 6" in shown and not app.checkbox(key="plan_e1_call").value
    assert "完成预案：电话通知" in shown and "撤销「电话通知" in shown
    app.checkbox(key="plan_e1_call").check().run()
    assert "1 / 6" in texts(app.run())


def test_a_plan_that_names_the_rule_goes_before_the_one_of_the_tier(home: Path, looks: Looks) -> None:
    steps = [{"id": "flow", "text": {"zh_CN": "抽查三单支付流水", "en": "Check three payments"}}]
    body_ = {"name": {"zh_CN": "支付故障", "en": "Payments"}, "tier": 3, "owner_role": "duty", "rules": ["complaints_cell"]}
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        definitions.save(conn, "plan", "payment", {**body_, "steps": steps}, "wang", NOW)
    looks("wang")
    app = show("alerts", id="e1")
    assert [box.label for box in app.checkbox] == ["抽查三单支付流水"]
    looks("ana")
    reader = show("alerts", id="e1")
    assert not reader.checkbox and "抽查三单支付流水" in texts(reader), "an analyst reads the plan and ticks nothing"


def test_replay_and_fetch_now_are_requests_to_the_worker(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("sources", source="survey")
    app.button(key="replay_survey").click().run()
    app.button(key="poll_now").click().run()
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.connect() as conn:
        kinds = set(conn.execute(select(t.request.c.kind)).scalars())
    assert kinds == {"quarantine_replay", "poll_now"}


def test_a_preview_is_asked_for_waited_for_and_shown(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("sources", source="survey")
    app.button(key="preview").click().run()
    assert "处理中" in texts(app)
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    rows = [
        {
            "raw": {"评分": "很好"},
            "fault": {"code": "connectors.bad.rating", "params": {"field": "评分", "allowed": "1–5", "got": "文字"}},
        },
        {"raw": {"评分": "5"}, "shape": "feedback", "stored": {"kind": "survey", "ratings": [{"name": "csat", "value": 5}]}},
    ]
    with store.begin() as conn:
        conn.execute(update(t.request).values(state="done", result={"columns": ["评分"], "rows": rows, "good": 1, "bad": 1}))
    app.run()
    assert not app.exception
    assert "1 行可入库，1 行读不了" in texts(app)
    frame = app.dataframe[0].value
    assert list(frame["结果"]) == ["✖ 读不了", "✓ 可入库"]
    assert list(frame["种类"]) == ["", "回访"] and frame["评分"][1] == "满意度 5"
    assert app.button(key="preview"), "nothing below the table is lost"
    assert "第 1 行： " in texts(app) and "评分" in texts(app).split("第 1 行：")[1], "the reason in full, below the table"


def test_a_preview_without_a_bad_row_is_drawn_to_its_end(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("sources", source="survey")
    app.button(key="preview").click().run()
    rows = [
        {"raw": {"评分": "5"}, "shape": "feedback", "stored": {"kind": "survey", "dims": {"channel": "电话"}, "deleted": False}}
    ]
    with open_store(f"sqlite:///{home / 'fengsui.db'}").begin() as conn:
        conn.execute(update(t.request).values(state="done", result={"columns": ["评分"], "rows": rows, "good": 1, "bad": 0}))
    app.run()
    assert "1 行可入库，0 行读不了" in texts(app) and app.button(key="preview")
    assert list(app.dataframe[0].value.columns) == ["结果", "种类", "渠道"]


def test_only_rows_of_the_chosen_source_are_shown_as_held(home: Path, looks: Looks) -> None:
    looks("wang")
    other = next(
        name for name in ("hotline", "tickets", "app") if f"replay_{name}" not in str(show("sources", source=name).button)
    )
    app = show("sources", source=other)
    assert "没有读不了的行" in texts(app) and not [button for button in app.button if "replay" in (button.key or "")]
    assert [button.key for button in show("sources", source="survey").button if "replay" in (button.key or "")] == [
        "replay_survey"
    ]


def test_a_source_that_is_pushed_to_was_not_fetched_but_not_heard_of() -> None:
    assert standing.name({"standing": "never", "pushed": True}) == "never_pushed"
    assert standing.name({"standing": "never", "pushed": False}) == "never"
    assert standing.name({"standing": "gone", "pushed": True}) == "gone"


def test_a_request_that_failed_says_so(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("sources", source="survey")
    app.button(key="preview").click().run()
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(update(t.request).values(state="failed", fault_code="no.such.code", result={"params": {}}))
    app.run()
    assert "没有成功" in texts(app)


def test_before_the_first_picture_pages_say_so(home: Path, looks: Looks) -> None:
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(t.snapshot.delete())
    looks("wang")
    for name in ("wall", "sources"):
        app = show(name)
        assert not app.exception
        assert "还没有第一张画面" in texts(app)


def test_a_calm_wall_says_that_it_looked(home: Path, looks: Looks) -> None:
    """Silence must be told from blindness."""
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(update(t.handling).values(state="reviewed"))
        conn.execute(update(t.source_state).values(last_success_at=NOW, fault=None, fault_code=None))
    snapshot.build(store, load(home / "fengsui.toml", {}), 99_999, NOW + timedelta(seconds=5), lambda conn: None)
    looks("screen")
    shown = texts(show("wall"))
    assert "无预警" in shown and "前检查" in shown


def told(app: Any) -> dict[str, Any]:
    """What the wall's component was given."""
    (found,) = [data for data in (json.loads(each.proto.json) for each in app.get("bidi_component")) if data.get("feed")]
    return dict(found)


def test_the_wall_rings_for_severe_alerts_that_nobody_claimed_and_is_quiet_when_it_should_be(home: Path, looks: Looks) -> None:
    looks("wang")
    heard = told(show("wall"))["sound"]
    assert heard["ids"] == ["e1"] and heard["off"] == "" and heard["every_s"] == 60
    assert told(show("wall", sound="0"))["feed"]["muted"] and not told(show("wall", sound="1"))["feed"]["muted"]
    fires = read.burning(house_module.house().reader, ()).rows
    for rules, off in ((Wall(quiet="14:00-15:00"), "quiet"), (Wall(quiet="22:00-07:00"), ""), (Wall(sound=False), "muted")):
        found = replace(house_module.house(), settings=house_module.house().settings.model_copy(update={"wall": rules}))
        assert sound(who(), fires, found, NOW)["off"] == off, "it is 14:32 in Shanghai"
    taken = [replace(alert, state="claimed") for alert in fires]
    assert sound(who(), taken, house_module.house(), NOW)["ids"] == []


def test_a_drill_is_seen_and_heard_apart_from_what_is_real(home: Path, looks: Looks) -> None:
    looks("wang")
    fires = read.burning(house_module.house().reader, ()).rows
    real = next(alert for alert in fires if alert.tier == 3 and alert.waiting)
    drill = replace(real, episode_id="d1", mode="drill", opened_at=NOW)
    heard = sound(who(), [drill, real], house_module.house(), NOW)
    assert (heard["ids"], heard["soft"]) == ([real.episode_id], ["d1"])
    assert [one.episode_id for one in rows.laid([drill, *fires], NOW)[0]][-1] == "d1", "below all that is real"
    drawn, other = (rows._row(who(), one) for one in (drill, real))
    assert 'class="row t3 drill"' in drawn and ">演练<" in drawn and ">严重<" not in drawn
    assert 'class="row t3 new"' in other and ">严重<" in other
    many = [replace(drill, episode_id=f"d{n}") for n in range(9)]
    assert "urgent" not in rows._rest(who(), many)


def test_too_many_alerts_become_a_row_with_their_count(home: Path, looks: Looks, seeded: ModuleType) -> None:
    rows = [seeded.alert(n, NOW) for n in range(20, 26)]
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(t.episode.insert(), [base for base, _ in rows])
        conn.execute(t.handling.insert(), [hand for _, hand in rows])
    looks("screen")
    assert "其余 6 条在预警台" in texts(show("wall"))


def test_what_lasts_for_days_shares_a_row_and_what_is_severe_and_unclaimed_keeps_its_own(home: Path, looks: Looks) -> None:
    """Seven rows at most, the shared row and the count of the rest among them, whatever burns."""
    severe, taken, *_ = read.burning(house_module.house().reader, ()).rows
    days = {"opened_at": NOW - timedelta(days=3), "started_at": NOW - timedelta(days=3)}
    stale = [replace(taken, episode_id=f"s{n}", **days) for n in range(12)]
    new = [replace(taken, episode_id=f"n{n}") for n in range(9)]
    forgotten = replace(severe, episode_id="f", condition="cleared", **days)

    for fires in (
        [],
        [severe],
        stale[:1],
        stale,
        [*stale, severe],
        [*new, *stale, forgotten],
        [severe, *new],
        new[:7],
        [forgotten] * 9,
    ):
        shown, long, rest = rows.laid(fires, NOW)
        assert len(shown) + bool(long) + bool(rest) <= rows.MOST
        assert len(shown) + len(long) + len(rest) == len(fires), "nothing is lost"
        assert len(long) != 1, "a row for one is its own row"
    assert rows.laid(new[:7], NOW) == (new[:7], [], [])
    assert rows.laid(stale[:1], NOW)[0] == stale[:1]
    shown, long, rest = rows.laid([*new, *stale, forgotten], NOW)
    assert shown[0] is forgotten and (len(shown), len(long), len(rest)) == (5, 12, 5)

    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        old = t.episode.c.episode_id.in_(["e1", "e2", "e4", "e5"])
        conn.execute(update(t.episode).where(old).values(opened_at=NOW - timedelta(days=2, hours=3)))
    looks("screen")
    app = texts(show("wall"))
    assert "3 条超过 24 小时未办结，最久 2 天 3 小时" in app and "1 条超时" in app
    assert app.count("投诉量突增") == 1, "severe and unclaimed: not in the shared row, however old"
    assert "客户提到媒体或监管" not in app


def test_an_alert_on_the_whole_centre_says_where_most_of_it_is(home: Path, looks: Looks) -> None:
    """The queue has the largest share, but people ask for the place first; a part below the line is not named."""
    parts = [("queue=支付服务组", 1.0), ("category.1=支付", 0.97), ("org.1=华南", 0.95), ("channel=App", 0.6)]
    explained = [
        {"slice_key": key, "observed": 56, "expected": 1.0, "share": share, "usual_share": 0.2} for key, share in parts
    ]
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(update(t.episode).where(t.episode.c.episode_id == "e1").values(slice_key="all", explained=explained))
    looks("wang")
    assert "全中心 · 主要在 华南 · 支付<" in texts(show("wall"))
    desk = texts(show("alerts", id="e1"))
    assert "主要来自 华南（占 95%）、支付（占 97%）。" in desk


@pytest.mark.parametrize(
    ("ready", "read", "says"),
    [(1, True, "学习中 · 1/2 个序列就绪"), (None, False, "学习中 · 正在读取历史"), (None, True, "学习中 · 正在积累数据")],
)
def test_a_learning_house_claims_nothing(home: Path, looks: Looks, ready: int | None, read: bool, says: str) -> None:
    """Before the detectors are ready neither wall nor desk may say 正常 or 无预警."""
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(update(t.source_state).where(t.source_state.c.source == "tickets").values(backfilled=read))
        conn.execute(update(t.handling).values(state="reviewed"))
        one = t.series.c.slice_key == "all"
        conn.execute(update(t.series).values(ready=False).where(one) if ready else t.series.delete())
    settings = load(home / "fengsui.toml", {})
    snapshot.build(store, settings, 99_999, NOW + timedelta(seconds=30), lambda conn: None)
    looks("wang")
    for name in ("wall", "alerts"):
        shown = texts(show(name))
        assert says in shown
        assert "无预警" not in shown and "✓ 正常" not in shown


def test_while_history_is_read_the_wall_shows_no_zero(home: Path, looks: Looks) -> None:
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(t.rollup.delete())
        conn.execute(update(t.source_state).where(t.source_state.c.source == "tickets").values(backfilled=False))
    snapshot.build(store, load(home / "fengsui.toml", {}), 99_999, NOW + timedelta(seconds=30), lambda conn: None)
    looks("screen")
    shown = texts(show("wall"))
    assert "读取历史" in shown and "件数还不全" in shown
    assert "<b>0</b><em>" not in shown


@pytest.mark.parametrize(
    ("tile", "shown"),
    [
        ({"value": 34.0, "expected": 33.5}, "<b>±0</b>"),
        ({"value": 41.0, "expected": 33.6}, "<b>+7</b>"),
        ({"value": None, "expected": 33.6}, ""),
        ({"value": 34.0}, ""),
        ({"value": 34.0, "target": 20.0, "standing": "missed"}, '<b class="c2">▲ 14</b>'),
        ({"value": 18.0, "target": 20.0, "standing": "met"}, '<b class="c0">▼ 2</b>'),
    ],
)
def test_a_little_above_the_usual_is_no_warning(home: Path, looks: Looks, tile: dict[str, Any], shown: str) -> None:
    looks("screen")
    about = {"shape": "count", "unit": "item", "target": None, "standing": "none", **tile}
    assert tiles._gap(who(), about) == shown


def test_long_counts_of_the_wall_are_in_ten_thousands_and_pages_to_work_with_stay_exact(home: Path, looks: Looks) -> None:
    looks("wang")
    visitor = who()
    assert figures.figure(visitor, "count", "item", 12_345, brief=True) == ("1.23 万", "件")
    assert figures.signed(visitor, "count", "item", -12_345, brief=True) == "−1.23 万"
    assert figures.together(visitor, "count", "item", 9_999, brief=True) == "9,999 件"
    assert figures.figure(visitor, "count", "item", 12_345) == ("12,345", "件")
    long = {
        "target": None,
        "expected": 10_100.0,
        "value": 12_345.0,
        "shape": "count",
        "unit": "item",
        "n": 12_345,
        "metric": "x",
    }
    assert (tiles._partner(visitor, long), tiles._sample(visitor, long)) == ("平时约 1.01 万 件", "样本 1.23 万")
    cell = {"observed": 12_345, "expected": 100.0, "deviation": 0.0, "org": "华南", "channel": "电话"}
    assert "<b>1.23 万</b><em>+1.22 万</em>" in heat._cell(visitor, cell, ())
    assert "1.23 万" in deadlines._cells(visitor, [12_345, 0, 0, 0, 0])


def test_in_its_first_seconds_a_centre_waits_and_shows_no_fault(home: Path, looks: Looks) -> None:
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        for table in (t.rollup, t.slice_source, t.source_state):
            conn.execute(table.delete())
    snapshot.build(store, load(home / "fengsui.toml", {}), 99_999, NOW + timedelta(seconds=30), lambda conn: None)
    looks("screen")
    shown = texts(show("wall"))
    assert "等待首次取数" in shown and "还没有数据" in shown
    assert 'class=\\"src\\" data-level=\\"2\\"' not in shown and "<b>0</b><span>件" not in shown
    with store.begin() as conn:
        fault = {"source": "tickets", "fault": "later", "fault_code": "connectors.fault.no_answer", "fault_params": {}}
        conn.execute(
            t.source_state.insert(), [{**fault, "rows_n": 0, "bad_n": 0, "fault_n": 1, "more": False, "backfilled": False}]
        )
    snapshot.build(store, load(home / "fengsui.toml", {}), 100_000, NOW + timedelta(seconds=40), lambda conn: None)
    assert 'class=\\"src\\" data-level=\\"2\\"' in texts(show("wall")), "it was asked and did not answer"


def test_who_has_two_organisations_chooses_one_for_the_figures(home: Path, looks: Looks) -> None:
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(update(t.person).where(t.person.c.person_id == "nan").values(scope=["华南", "华东"]))
    snapshot.build(store, load(home / "fengsui.toml", {}), 99_999, NOW + timedelta(seconds=30), lambda conn: None)
    looks("nan")
    app = show("wall")
    assert not app.exception and "华南客服中心 · 华南" in texts(app)
    app = show("wall", org="华东")
    assert "华南客服中心 · 华东" in texts(app)
    assert "华南客服中心 · 华南" in texts(show("wall", org="华北")), "not hers"


def test_a_false_alarm_is_looked_at_and_judged_in_one_dialog(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("alerts", id="e1")
    app.button(key="do_judge").click().run()
    app.session_state["f_verdict"] = "false"
    app.button(key="dlg_ok").click().run()
    assert not app.exception
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.connect() as conn:
        found = conn.execute(select(t.handling.c.state, t.handling.c.verdict).where(t.handling.c.episode_id == "e1")).one()
        codes = conn.execute(
            select(t.transition.c.code)
            .where(t.transition.c.episode_id == "e1", t.transition.c.axis == "person")
            .order_by(t.transition.c.n)
        )
        assert list(codes.scalars()) == ["verify", "review"]
    assert tuple(found) == ("reviewed", "false")


def test_an_upload_is_looked_at_before_it_is_stored(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("sources")
    app.button(key="up").click().run()
    assert not app.exception
    assert app.button(key="up_store").disabled, "nothing was looked at yet"
    app.file_uploader(key="up_file").upload("问卷 11 月.csv", "编号,评分\n1,5\n".encode())
    app.run()
    app.button(key="up_look").click().run()
    assert not app.exception
    app.button(key="up_store").click().run()
    assert not app.exception and not app.toast
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.connect() as conn:
        asked = {row.kind: row.params for row in conn.execute(select(t.request))}
    assert set(asked) == {"upload_preview", "upload"}
    assert asked["upload"] == asked["upload_preview"] == {"path": asked["upload"]["path"], "source": "survey"}
    assert (home / "uploads" / asked["upload"]["path"]).read_text(encoding="utf-8").startswith("编号")


def test_another_file_is_looked_at_again_before_it_is_stored(home: Path, looks: Looks) -> None:
    """What was seen says nothing of the file that is chosen now: that one would have been stored in its place."""
    looks("wang")
    app = show("sources")
    app.button(key="up").click().run()
    app.file_uploader(key="up_file").upload("a.csv", "编号,评分\n1,5\n".encode())
    app.run()
    app.button(key="up_look").click().run()
    assert not app.button(key="up_store").disabled
    app.file_uploader(key="up_file").upload("b.csv", "编号,评分\n2,4\n".encode())
    app.run()
    assert app.button(key="up_store").disabled


def test_a_file_that_cannot_be_read_is_refused_before_any_request(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show("sources")
    app.button(key="up").click().run()
    app.file_uploader(key="up_file").upload("empty.csv", b"")
    app.run()
    app.button(key="up_look").click().run()
    assert "是空的" in texts(app)
    assert not app.toast, "a toast would take the dialog's place in the browser"
    app.button(key="up_close").click().run()
    assert not app.exception and "upload_open" not in app.session_state


def test_the_outside_watcher_is_off_silent_or_well(home: Path, looks: Looks) -> None:
    """Nobody outside looks, nobody takes our signs of life, all is well: three different things."""
    looks("wang")
    assert "未设置外部监控地址" in texts(show("running"))
    text = (home / "fengsui.toml").read_text(encoding="utf-8")
    (home / "fengsui.toml").write_text(text + '\n[heartbeat]\nurl = "https://watch.test/x"\n', encoding="utf-8")
    house_module.house.cache_clear()
    assert "还没报过" in texts(show("running"))
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(t.watermark.insert().values(name="heartbeat", at=NOW, seq=3, tag="ConnectError"))
    shown = texts(show("running"))
    assert "送不到：ConnectError，连续 3 次" in shown and "watch.test" not in shown
    with store.begin() as conn:
        conn.execute(update(t.watermark).where(t.watermark.c.name == "heartbeat").values(seq=0, tag=None))
    assert "每 5 分报一次" in texts(show("running")).replace("5 分钟", "5 分")


def test_a_wall_with_a_source_cut_off_never_says_calm_and_nothing_else(home: Path, looks: Looks) -> None:
    """The mail has been silent for longer than six of its rounds."""
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    with store.begin() as conn:
        conn.execute(update(t.handling).values(state="reviewed"))
    looks("screen")
    shown = texts(show("wall"))
    assert "无预警，但 1 个数据源中断" in shown and "前检查" not in shown


def administrator(home: Path, scope: list[str]) -> None:
    with open_store(f"sqlite:///{home / 'fengsui.db'}").begin() as conn:
        conn.execute(update(t.person).where(t.person.c.person_id == "wang").values(role="admin", scope=scope))


def test_the_customer_of_the_address_is_the_one_that_is_shown_and_acted_on(home: Path, looks: Looks) -> None:
    administrator(home, [])
    with open_store(f"sqlite:///{home / 'fengsui.db'}").begin() as conn:
        keys = conn.scalars(select(t.feedback.c.record_key).limit(2)).all()
        for key, customer in zip(keys, ("first0000", "second000"), strict=True):
            conn.execute(update(t.feedback).where(t.feedback.c.record_key == key).values(customer=customer))
    looks("wang")
    app = show("customer")
    app.text_input(key="cust_id").input("first0000")
    app.button(key="cust_look").click().run()
    app.text_input(key="cust_reason").input("客户书面申请")
    app.button(key="cust_out").click().run()
    assert "first0000" in texts(app) and [one.key for one in app.get("download_button")] == ["cust_file_down"]
    app.query_params["customer"] = "second000"
    app.run()
    assert "second000" in texts(app) and "first0000" not in texts(app) and not app.get("download_button")
    app.button(key="cust_out").click().run()
    assert len(app.get("download_button")) == 1, "the file of this customer"
    app.button(key="cust_erase").click().run()
    app.button(key="cust_erase_do").click().run()
    with open_store(f"sqlite:///{home / 'fengsui.db'}").connect() as conn:
        (asked,) = conn.scalars(select(t.request.c.params).where(t.request.c.kind == "erase")).all()
    assert not app.exception and asked["customer_ref"] == "second000"
    assert not [one for one in app.button if one.key == "cust_out"], "what goes is not shown as if it were held"


def test_what_is_of_the_whole_centre_is_not_for_who_is_bound_to_an_organisation(home: Path, looks: Looks) -> None:
    administrator(home, [])
    looks("wang")
    assert [one for one in show("quality").button if one.key == "quality_refit"]
    administrator(home, ["华南"])
    quality, customer = show("quality"), show("customer")
    assert not quality.exception and not [one for one in quality.button if one.key == "quality_refit"]
    assert not customer.exception and not customer.button and "全中心的事" in texts(customer)


def test_a_version_that_cannot_be_read_is_said_to_be_lost(home: Path, looks: Looks) -> None:
    administrator(home, [])
    common = {"name": "issue", "made_at": NOW, "made_by": "nightly", "labels_until": NOW, "labels_n": 80, "changed_at": NOW}
    row = {**common, "version": 1, "state": "in_force", "taxonomy_version": 1, "metrics": {}, "changed_by": "nightly"}
    with open_store(f"sqlite:///{home / 'fengsui.db'}").begin() as conn:
        conn.execute(insert(t.model).values(**row, body=b"of an older program"))
    looks("wang")
    app = show("quality")
    shown = texts(app)
    assert not app.exception and "旧版程序学的" in shown and "现在由规则打标" in shown
