"""会商, 承诺, customers on the desk: dialogs beside the commands, hostile words, and what is revealed to whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from streamlit.testing.v1 import AppTest

from fengsui.alerts import commands
from fengsui.alerts.commands.handling import Somebody
from fengsui.board import read
from fengsui.board.reveal import reveal
from fengsui.board.wrong import Wrong
from fengsui.ingest.keys import Vault
from fengsui.people import Person
from fengsui.settings import open_keys
from fengsui.store import tables as t
from tests.conftest import NOW

Looks = Callable[[str | None], None]
EVIL = "<script>alert(1)</script>=HYPERLINK(1)\u202e"
WANG = Somebody("wang", "王敏", "manager")


def _alerts() -> None:
    from pages.alerts.page import page

    page()


def show() -> AppTest:
    app = AppTest.from_function(_alerts, default_timeout=30)
    app.query_params["id"] = "e1"
    return app.run()


def store() -> Any:
    from pages.look.house import house

    return house().writer


def html(app: AppTest) -> str:
    return "\n".join(str(one.value) for one in app.html)


def test_a_promise_is_made_and_kept_on_the_desk_and_its_words_stay_text(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show()
    app.button(key="add_promise").click().run()
    app.button(key="dlg_ok").click().run()
    assert "还缺一项：时限" in html(app), "the dialog stays and says what is missing"
    app.session_state["f_until"] = 60
    app.session_state["f_note"] = f"回电 {EVIL}"
    app.button(key="dlg_ok").click().run()
    with store().connect() as conn:
        (row,) = conn.execute(select(t.task)).all()
    assert (row.owner, row.kind, row.state) == ("wang", "promise", "open")
    assert "\u202e" not in row.text
    assert "<script" not in html(app) and "&lt;script" in html(app)
    app.button(key=f"close_{row.task_id}").click().run()
    app.session_state["f_note"] = "已回电"
    app.button(key="dlg_ok").click().run()
    with store().connect() as conn:
        (row,) = conn.execute(select(t.task)).all()
    assert (row.state, row.result) == ("done", "已回电")


def test_customers_are_masked_and_contact_is_logged(home: Path, looks: Looks) -> None:
    looks("wang")
    app = show()
    found = read.detail(store(), "e1", (), NOW)
    assert found is not None
    people = found.records.people.rows
    assert len(people) == found.records.customers and all(one.customer not in html(app) for one in people if one.known)
    app.button(key="people_contact").click().run()
    app.session_state["f_customers"] = [people[0].customer]
    app.session_state["f_way"] = "call"
    app.session_state["f_outcome"] = "told"
    app.button(key="dlg_ok").click().run()
    after = read.detail(store(), "e1", (), NOW)
    assert after is not None and (after.records.people.told, after.records.people.reached) == (1, 1)
    assert "已告知结果 1" in html(app)


def test_an_opinion_is_given_by_who_was_asked_and_shown_beside_the_matrix(home: Path, looks: Looks) -> None:
    commands.consult(store(), "e1", 0, WANG, NOW, assessors={"ana": "product"}, decider="wang")
    looks("ana")
    app = show()
    app.button(key="do_assess").click().run()
    for field, level in (("likelihood", 3), ("impact", 2), ("loss", 3)):
        app.session_state[f"f_{field}"] = level
    app.session_state["f_note"] = EVIL
    app.button(key="dlg_ok").click().run()
    assert "意见已齐" in html(app) and "<script" not in html(app)
    assert not [one for one in app.button if one.key == "do_claim"], "an analyst gives an opinion and no order"


@pytest.fixture
def sealed(home: Path) -> str:
    """A customer behind the alert whose own id the store keeps sealed."""
    from pages.look.house import house

    found = read.detail(store(), "e1", (), NOW)
    assert found is not None
    hashed = next(one.customer for one in found.records.people.rows if one.known)
    vault = Vault(open_keys(house().settings))
    with store().begin() as conn:
        row = {"customer": hashed, "source_id": vault.seal("会员 8848".encode(), hashed), "key_id": vault.key_id}
        conn.execute(insert(t.customer).values(**row, first_seen_at=NOW))
    return hashed


def ask(hashed: str, by: Person, reason: str = "客户要求回电", episode_id: str = "e1") -> str:
    from pages.look.house import house

    return reveal(store(), house().settings, episode_id, hashed, by, reason, NOW)


def test_who_a_customer_is_is_revealed_by_role_with_a_reason_and_in_the_audit(sealed: str) -> None:
    manager = Person("wang", "王敏", "manager")
    assert ask(sealed, manager) == "会员 8848"
    refused = [
        (sealed, Person("li", "李强", "duty"), "客户要求回电", "e1"),
        (sealed, Person("ana", "陈晨", "analyst"), "客户要求回电", "e1"),
        (sealed, manager, " ", "e1"),
        (sealed, manager, "长" * 201, "e1"),
        (sealed, Person("far", "远方", "manager", ("东北",)), "客户要求回电", "e1"),
        (sealed, manager, "客户要求回电", "none"),
        ("unknown", manager, "客户要求回电", "e1"),
    ]
    for hashed, by, reason, episode_id in refused:
        with pytest.raises(Wrong):
            ask(hashed, by, reason, episode_id)
    with store().connect() as conn:
        rows = conn.execute(select(t.audit.c.by, t.audit.c.params).where(t.audit.c.action == "customer.reveal")).all()
    assert [(row.by, row.params["reason"]) for row in rows] == [("wang", "客户要求回电")]
    assert "8848" not in str(rows)


def test_what_is_revealed_is_shown_in_its_dialog_and_gone_with_it(sealed: str, looks: Looks) -> None:
    looks("wang")
    app = show()
    app.button(key="people_reveal").click().run()
    app.session_state["f_customer"] = sealed
    app.button(key="dlg_ok").click().run()
    assert "请写明原因" in html(app) and "8848" not in html(app)
    app.session_state["f_note"] = "客户要求回电"
    app.button(key="dlg_ok").click().run()
    assert "会员 8848" in html(app)
    app.button(key="dlg_no").click().run()
    assert "8848" not in html(app)
    looks("li")
    assert not [one for one in show().button if one.key == "people_reveal"]
