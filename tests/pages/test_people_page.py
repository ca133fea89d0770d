"""人员 and 审计: what an administrator does there, once and for the right people; an auditor reads."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from sqlalchemy import Engine, insert, select
from streamlit.testing.v1 import AppTest

from fengsui import people
from fengsui.board import trail
from fengsui.board.trail import Question
from fengsui.people import Person, audit
from fengsui.people.link import REPORT, START
from fengsui.people.session import token_hash
from fengsui.store import tables as t
from fengsui.store.database import open_store
from pages.gate import door, signin
from pages.gate.qr import svg

Looks = Callable[[str | None], None]
NOW = datetime(2026, 11, 18, 6, 32, 6, tzinfo=UTC)


NEW: tuple[tuple[str, str, str, list[str]], ...] = (
    ("gao", "高岩", "admin", []),
    ("sui", "隋南", "admin", ["华南"]),
    ("shen", "沈默", "auditor", []),
)
WORDS = {"zh_CN": ("高岩", "登录中", "审计员", "没有密码"), "en": ("Signed in now", "auditor")}


def _people() -> None:
    from pages.people.page import page

    page()


def _audit() -> None:
    from pages.audit.page import page

    page()


@pytest.fixture
def office(home: Path) -> Iterator[Engine]:
    store = open_store(f"sqlite:///{home / 'fengsui.db'}")
    signin.tries.cache_clear()
    with store.begin() as conn:
        for id_, name, role, scope in (
            ("gao", "高岩", "admin", []),
            ("sui", "隋南", "admin", ["华南"]),
            ("shen", "沈默", "auditor", []),
        ):
            row = {"person_id": id_, "name": name, "role": role, "scope": scope, "active": True, "created_at": NOW}
            conn.execute(insert(t.person).values(**row))
            session = {"token_hash": token_hash(f"token-{id_}"), "person_id": id_, "created_at": NOW}
            conn.execute(insert(t.session).values(**session, expires_at=NOW + timedelta(days=9)))
    yield store
    store.dispose()


def show(script: Callable[[], None], lang: str = "zh_CN") -> AppTest:
    app = AppTest.from_function(script, default_timeout=40)
    app.query_params["lang"] = lang
    return app.run()


def texts(app: Any) -> str:
    return "\n".join(
        [*(str(one.value) for one in app.html), *(one.label for one in app.button), *(one.value for one in app.toast)]
    )


def pick(app: AppTest, person: str) -> AppTest:
    return app.selectbox(key="ppl_pick").set_value(person).run()


def press(app: AppTest, key: str) -> AppTest:
    return next(one for one in app.button if one.key == key).click().run()


def actions(store: Engine) -> list[tuple[str, str]]:
    with store.connect() as conn:
        return [(row.by, row.action) for row in conn.execute(select(t.audit).order_by(t.audit.c.audit_id))]


@pytest.mark.parametrize(
    ("lang", "words"), [("zh_CN", ("高岩", "登录中", "审计员", "没有密码")), ("en", ("Signed in now", "auditor"))]
)
def test_an_administrator_sees_everybody(office: Engine, looks: Looks, lang: str, words: tuple[str, ...]):
    looks("gao")
    app = show(_people, lang)
    assert not app.exception
    assert not [word for word in WORDS[lang] if word not in texts(app)]


def test_links_of_every_kind_are_no_persons(office: Engine, looks: Looks, monkeypatch: pytest.MonkeyPatch):
    """The trap: a link to report counted as somebody with an account, and the demo's visitors stood before a locked door."""
    made = [
        people.make_link(office, name, by="cli", now=NOW, start=start)[0] for name, start in (("东墙", START), ("柜台", REPORT))
    ]
    looks("gao")
    app = show(_people)
    tables = "".join(one.value for one in app.html if 'class="tb ppl"' in one.value)
    shown = tables + "".join(app.selectbox(key="ppl_pick").options)
    assert "高岩" in shown and "东墙" not in shown and "柜台" not in shown
    monkeypatch.setattr(door, "loopback", lambda: True)
    monkeypatch.setattr(door.people, "every_person", lambda store: tuple(one.person for one in made))
    assert door.demo_open()


def link_address(app: AppTest) -> str | None:
    shown = next((one.value for one in app.html if 'class="url"' in one.value), "")
    return shown.partition('class="url">')[2].partition("</b>")[0] or None


def test_a_link_to_report_is_made_shown_once_and_revoked(office: Engine, looks: Looks):
    looks("gao")
    app = show(_people)
    assert link_address(app) is None and "上报链接" in texts(app)
    app.text_input(key="ppl_link0_name").set_value("天河<b>柜台</b>\u202e")
    app.text_input(key="ppl_link0_scope").set_value("华南")
    app = press(app, "ppl_link_make")
    address = link_address(app)
    shown = next(one.value for one in app.html if 'class="qr"' in one.value)
    code = b64decode(shown.partition("base64,")[2].partition('"')[0]).decode()
    assert not app.exception and address and code == svg(address, "QR")
    assert ElementTree.fromstring(code).tag == "{http://www.w3.org/2000/svg}svg", (
        "a picture of its own, not only part of a page"
    )
    who = people.reporter(office, address.rpartition("/")[2], NOW)
    assert who is not None and (who.name, who.scope) == ("天河<b>柜台</b>", ("华南",))
    assert people.reporter(office, address.rpartition("/")[2], NOW + timedelta(days=91)) is None, "ninety days unless asked"
    assert "天河&lt;b&gt;柜台" in texts(app) and "<b>柜台" not in texts(app).replace("<b>天河", "")
    app = press(app, "ppl_link_revoke")
    assert link_address(app) is None and "已收回" in texts(app)
    assert people.reporter(office, address.rpartition("/")[2], NOW) is None
    assert [one for one in actions(office) if one[1].startswith("link.")] == [("gao", "link.make"), ("gao", "link.revoke")]
    app = press(app, "ppl_link_make")
    assert "姓名不能为空" in texts(app) and len(people.every_link(office, REPORT)) == 1


def test_links_to_report_stay_inside_the_scope_of_who_makes_them(office: Engine, looks: Looks):
    far, _ = people.make_link(office, "华北柜台", by="cli", now=NOW, start=REPORT, scope=["华北"])
    looks("sui")
    app = show(_people)
    assert "华北柜台" not in texts(app)
    for scope in ("", "华北"):
        app.text_input(key="ppl_link0_name").set_value("甲")
        app.text_input(key="ppl_link0_scope").set_value(scope)
        app = press(app, "ppl_link_make")
        assert link_address(app) is None and 'class="bad"' in texts(app)
    with pytest.raises(people.PersonFault):
        people.revoke_link(office, far.person.person_id, by="sui", now=NOW, within=("华南",))
    with pytest.raises(people.NotAllowed):
        people.make_link(office, "乙", by="shen", now=NOW, start=REPORT)
    assert [one.person.person_id for one in people.every_link(office, REPORT)] == [far.person.person_id]
    looks("shen")
    assert "华北柜台" not in texts(show(_people)), "an auditor reads of it in the audit"


def test_a_person_is_added_with_a_password_told_once(office: Engine, looks: Looks):
    looks("gao")
    app = show(_people)
    app.text_input(key="ppl_new0_account").set_value("Zhao.Lei")
    app.text_input(key="ppl_new0_name").set_value("赵<b>磊</b>")
    app.text_input(key="ppl_new0_scope").set_value("华南，华东/上海")
    app = press(app, "ppl_add")
    found = people.find(office, "zhao.lei")
    assert found == Person("zhao.lei", "赵<b>磊</b>", "duty", ("华南", "华东/上海"))
    shown = next(one.value for one in app.html if 'class="once"' in one.value)
    secret = shown.partition("<b>")[2].partition("</b>")[0]
    entry = people.sign_in(office, signin.tries(), "zhao.lei", secret, None, NOW)
    assert entry.stage == "change" and "<b>磊" not in texts(app)
    app = press(app, "ppl_add")  # pressed again: an empty form, and no second person
    assert "账号" in texts(app) and len(people.every_person(office)) == 10
    assert secret not in texts(app), "told once"
    assert ("gao", "person.create") in actions(office)


def test_a_role_is_changed_and_the_last_administrator_stays(office: Engine, looks: Looks):
    looks("gao")
    app = pick(show(_people), "li")
    app.selectbox(key="ppl_li_role").set_value("manager")
    app = press(app, "ppl_save")
    assert people.find(office, "li").role == "manager" and "已保存" in texts(app)  # type: ignore[union-attr]
    app = press(app, "ppl_save")
    assert actions(office).count(("gao", "person.change")) == 1 and "没有改动" in texts(app)
    people.change(office, "sui", by="cli", now=NOW, active=False)
    app = press(pick(app, "gao"), "ppl_disable")
    assert "最后一位管理员" in texts(app) and people.find(office, "gao").active  # type: ignore[union-attr]


def test_switched_off_and_on_reset_and_unlocked(office: Engine, looks: Looks):
    people.set_password(office, "li", "correct horse battery", by="cli", now=NOW)
    for _ in range(5):
        with pytest.raises(people.SignInRefused):
            people.sign_in(office, signin.tries(), "li", "wrong", "10.0.0.1", NOW)
    looks("gao")
    app = pick(show(_people), "li")
    assert "密码错误太多" in texts(app) and "5 次密码不对" in texts(app) and "1 人暂时锁定" in texts(app)
    app = press(app, "ppl_release")
    assert people.sign_in(office, signin.tries(), "li", "correct horse battery", "10.0.0.1", NOW).stage is None
    app = press(app, "ppl_reset")
    with pytest.raises(people.SignInRefused):
        people.sign_in(office, signin.tries(), "li", "correct horse battery", "10.0.0.1", NOW)
    app = press(app, "ppl_disable")
    assert not people.find(office, "li").active and "已停用" in texts(app)  # type: ignore[union-attr]
    press(app, "ppl_enable")
    assert people.find(office, "li").active  # type: ignore[union-attr]
    assert {"person.release", "person.password", "person.change"} <= {action for _, action in actions(office)}


def test_a_session_is_ended(office: Engine, looks: Looks):
    looks("gao")
    app = show(_people)
    ref = next(one.ref for one in people.living_sessions(office, NOW) if one.person_id == "wang")
    app.selectbox(key="ppl_session").set_value(ref)
    app = press(app, "ppl_end_one")
    assert "已结束" in texts(app)
    assert "wang" not in {one.person_id for one in people.living_sessions(office, NOW)}


def test_an_administrator_of_a_part_sees_and_changes_no_other(office: Engine, looks: Looks):
    looks("sui")
    app = show(_people)
    shown = texts(app)
    assert "何佳" in shown and "王敏" not in shown and "高岩" not in shown
    app.text_input(key="ppl_new0_account").set_value("new")
    app.text_input(key="ppl_new0_name").set_value("新")
    app.text_input(key="ppl_new0_scope").set_value("")
    app = press(app, "ppl_add")
    assert "范围内的人" in texts(app) and people.find(office, "new") is None


def test_an_auditor_reads_and_presses_nothing(office: Engine, looks: Looks):
    looks("shen")
    app = show(_people)
    assert "高岩" in texts(app) and not app.button and not app.selectbox
    looks("gao")
    app = pick(show(_people), "li")
    looks("shen")  # the rights went while the page was open
    app = press(app, "ppl_save")
    assert "你的角色不能使用这一页" in texts(app) or not app.exception
    assert ("shen", "person.change") not in actions(office)


def test_the_audit_is_asked_by_who_what_and_words(office: Engine, looks: Looks):
    with office.begin() as conn:
        audit.record(conn, "gao", "export", {"view": "kpi", "reason": "<script>alert(1)</script>"}, NOW - timedelta(hours=2))
        audit.record(conn, "wang", "customer.reveal", {"customer": "abc", "reason": "回访"}, NOW - timedelta(hours=1))
        audit.record(conn, "nan", "alert.claim", {"episode_id": "e3"}, NOW - timedelta(days=40))
    looks("shen")
    app = show(_audit)
    shown = texts(app)
    assert "揭示客户" in shown and "回访" in shown and "<script>" not in shown and "认领预警" not in shown
    app.selectbox(key="aud_span").set_value("all").run()
    assert "认领预警" in texts(app)
    app.selectbox(key="aud_group").set_value("seen").run()
    assert "认领预警" not in texts(app) and "导出" in texts(app)
    app.selectbox(key="aud_by").set_value("wang").run()
    app.text_input(key="aud_about").set_value("%").run()
    assert "没有记录" in texts(app), "a sign of LIKE is a sign"


def test_a_reader_of_a_part_sees_what_its_people_did(office: Engine):
    with office.begin() as conn:
        for by in ("gao", "nan", "machine"):
            audit.record(conn, by, "export", {}, NOW)
    assert {one.by for one in trail.entries(office, ("华南",), Question(), 50)} == {"nan"}
    assert {one.by for one in trail.entries(office, (), Question(), 50)} == {"gao", "nan", "machine"}
    assert trail.entries(office, ("西北",), Question(), 50) == ()
    newest = trail.entries(office, (), Question(), 1)
    assert len(trail.entries(office, (), Question(), 50, before=newest[0].audit_id)) == 2


@pytest.mark.parametrize("script", [_people, _audit])
@pytest.mark.parametrize("who", [None, "screen", "li", "nan", "wang", "ana"])
def test_nobody_else_gets_anything(office: Engine, looks: Looks, who: str | None, script: Callable[[], None]):
    looks(who)
    app = show(script)
    assert not app.button and not app.selectbox and "高岩" not in texts(app) and len(app.html) == 1
