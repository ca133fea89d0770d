"""回测 as a script: who may, what is asked of the worker, what the answer says, and how it becomes a rule."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, update
from streamlit.testing.v1 import AppTest

from fengsui.backtest.trial import trial
from fengsui.backtest.wish import Place, Wish
from fengsui.people.session import token_hash
from fengsui.store import tables as t
from fengsui.store.database import open_store
from tests.pages.conftest import NOW

Looks = Callable[[str | None], None]


def _page() -> None:
    from pages.backtest.page import page

    page()


def show(**query: str) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=30)
    app.query_params["lang"] = query.pop("lang", "zh_CN")
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


def texts(app: Any) -> str:
    shown = [str(element.value) for element in app.html]
    return "\n".join(shown + [button.label for button in app.button])


@pytest.fixture
def store(home: Path) -> Engine:
    """The seeded house with an administrator."""
    found = open_store(f"sqlite:///{home / 'fengsui.db'}")
    row = {"person_id": "gao", "name": "高岩", "role": "admin", "scope": [], "active": True, "created_at": NOW}
    until = {"created_at": NOW, "expires_at": NOW + timedelta(days=1)}
    with found.begin() as conn:
        conn.execute(insert(t.person).values(**row, lang=None))
        conn.execute(insert(t.session).values(token_hash=token_hash("token-gao"), person_id="gao", **until))
    return found


def asked(store: Engine) -> Any:
    with store.connect() as conn:
        return conn.execute(select(t.request).where(t.request.c.kind == "backtest").order_by(t.request.c.at)).one_or_none()


def answered(store: Engine) -> str:
    """What the worker would write, worked out on the seeded store."""
    row = asked(store)
    with store.connect() as conn:
        found = list(trial(conn, Wish.of(row.params), Place("Asia/Shanghai", "CN", 8), NOW))[-1]
    with store.begin() as conn:
        conn.execute(
            update(t.request).values(state="done", progress=1.0, result=json.loads(json.dumps(found)), finished_at=NOW)
        )
    return str(row.request_id)


def test_only_who_reads_rules_may_and_the_rest_get_nothing(store: Engine, looks: Looks) -> None:
    for person in (None, "screen", "li"):
        looks(person)
        app = show()
        assert not app.exception and "试什么" not in texts(app)


@pytest.mark.parametrize(("lang", "words"), [("zh_CN", "开始回测"), ("en", "Run")])
def test_a_click_hands_it_to_the_worker_and_a_second_one_waits(store: Engine, looks: Looks, lang: str, words: str) -> None:
    looks("ana")
    app = show(lang=lang, metric="complaints", at="channel=电话")
    assert words in [button.label for button in app.button]
    app.button(key="bt_go").click().run()
    assert not app.exception
    row = asked(store)
    assert (row.by, row.state, row.params["slice_keys"], row.params["detector"]) == (
        "ana",
        "new",
        ["channel=电话"],
        "count_surprise",
    )
    app.button(key="bt_go").click().run()
    assert asked(store).request_id == row.request_id, "one at a time"
    app.button(key="bt_stop").click().run()
    assert asked(store).state == "cancelled" and not app.exception
    assert "«" not in texts(app)


def test_rubbish_is_said_field_by_field_and_nothing_is_asked(store: Engine, looks: Looks) -> None:
    looks("ana")
    app = show()
    app.text_input(key="bt_budget_complaints").set_value("viel").run()
    app.button(key="bt_go").click().run()
    assert "viel" in texts(app) and asked(store) is None
    app.text_input(key="bt_budget_complaints").set_value("99").run()
    app.text_input(key="bt_p_count_surprise_step_s").set_value("7").run()
    app.button(key="bt_go").click().run()
    assert "0.001" in texts(app) and "step_s" in texts(app) and asked(store) is None


def test_a_scoped_person_sees_no_run_of_another_place(store: Engine, looks: Looks) -> None:
    looks("ana")
    show().button(key="bt_go").click().run()
    run = answered(store)
    looks("wang")
    assert "每周约" in texts(show(run=run))
    with store.begin() as conn:
        conn.execute(update(t.person).where(t.person.c.person_id == "ana").values(scope=["华南"]))
    looks("ana")
    app = show(run=run)
    assert not app.exception and "每周约" not in texts(app) and "近 4 周" not in texts(app)


def test_the_answer_becomes_a_rule_in_shadow_or_the_next_version_of_the_rule(store: Engine, looks: Looks) -> None:
    looks("ana")
    app = show(at="channel=电话")
    app.text_input(key="bt_budget_complaints").set_value("0.5").run()
    app.button(key="bt_go").click().run()
    run = answered(store)
    app = show(run=run)
    assert not app.exception and "现行规则" in texts(app)
    assert not [one for one in app.button if one.key == "bt_adopt"], "an analyst does not switch on"
    app.button(key="bt_watch").click().run()
    rules = _rules(store)
    shadow = next(body for id_, _, body in rules if id_.startswith("watch-"))
    assert (shadow["mode"], shadow["where"], shadow["detector"]) == ("shadow", {"channel": "电话"}, "count_surprise")
    looks("gao")
    app = show(run=run)
    app.button(key="bt_adopt").click().run()
    assert "没有保存" in app.toast[0].value, "a reason is needed"
    app.text_input(key="bt_reason").set_value("回测更安静").run()
    app.button(key="bt_adopt").click().run()
    assert not app.exception
    assert "第 2 版" in app.toast[0].value
    changed = {id_: body for id_, version, body in _rules(store) if version == 2}
    assert [(id_, body["budget_per_week"], body["mode"]) for id_, body in changed.items()] == [
        ("complaints-channel", 0.5, "on")
    ]
    with store.connect() as conn:
        told = conn.execute(select(t.audit.c.by, t.audit.c.params).where(t.audit.c.action == "definition.save")).all()
    assert ("gao", "回测更安静") in [(by, params.get("reason")) for by, params in told]


def _rules(store: Engine) -> list[Any]:
    with store.connect() as conn:
        query = select(t.definition.c.id, t.definition.c.version, t.definition.c.body).where(t.definition.c.kind == "rule")
        return [row._tuple() for row in conn.execute(query)]
