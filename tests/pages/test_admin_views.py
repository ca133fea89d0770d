"""大屏视图 on the page 管理: made, changed, ordered, looked at before it is saved, refused with what is allowed, audited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from fengsui.board import revision, view_edit
from fengsui.metrics import view_body
from fengsui.store import tables as t
from pages.look.house import house
from tests.pages.test_admin import NOW, field, office, show, texts, versions

__all__ = ["office"]
Looks = Callable[[str | None], None]


@pytest.fixture
def seeded_views(office: Engine) -> Engine:
    with office.begin() as conn:
        view_body.seed(conn, NOW)
    return office


def save(app: Any, reason: str) -> Any:
    field(app, "reason").input(reason).run()
    return app.button(key="adm_save").click().run()


def preview(app: Any) -> str:
    return "".join(str(one.proto) for one in app.get("bidi_component"))


@pytest.mark.parametrize("lang", ["zh_CN", "en"])
def test_the_table_names_views_in_their_order_with_what_they_show(seeded_views: Engine, looks: Looks, lang: str) -> None:
    looks("gao")
    app = show("views", lang)
    assert not app.exception
    said = texts(app)
    names = [body["name"][lang] for body in view_body.SEEDS.values()]
    assert [said.index(f"<b>{name}</b>") for name in names] == sorted(said.index(f"<b>{name}</b>") for name in names)
    assert ("各渠道（投诉量、SLA 达成率" if lang == "zh_CN" else "Channels (") in said and "«" not in said


def test_a_view_is_changed_with_a_reason_and_stands_in_the_audit(seeded_views: Engine, looks: Looks) -> None:
    looks("gao")
    app = show("views")
    app.selectbox(key="adm_view").set_value("sla").run()
    assert app.button(key="adm_save").disabled
    field(app, "seconds").input("45").run()
    assert "停留秒数：20 → 45" in texts(app)
    app.button(key="adm_save").click().run()
    assert "原因：不能为空" in texts(app) and versions(seeded_views, "view", "sla") == 1
    save(app, "早会要看久一点")
    assert not app.exception and "已保存「SLA」" in texts(app)
    one = revision.of(seeded_views, "view", "sla")[-1].revision
    assert (one.version, one.by, one.reason, one.body["seconds"]) == (2, "gao", "早会要看久一点", 45)
    with seeded_views.connect() as conn:
        assert (
            conn.scalar(select(t.audit.c.by).where(t.audit.c.action == "definition.save").order_by(t.audit.c.at.desc()))
            == "gao"
        )


@pytest.mark.parametrize(
    ("seconds", "says"),
    [("70", "「70」不能大于 60"), ("5", "「5」不能小于 15"), ("半分钟", "「半分钟」不是数字"), ("", "不是数字")],
)
def test_a_dwell_time_that_will_not_do_is_refused_with_what_is_allowed(
    seeded_views: Engine, looks: Looks, seconds: str, says: str
) -> None:
    looks("gao")
    app = show("views")
    field(app, "seconds").input(seconds).run()
    field(app, "zh_CN").input("总览二").run()
    save(app, "试试")
    assert "停留秒数：" in texts(app) and says in texts(app)
    assert versions(seeded_views, "view", "overview") == 1
    assert field(app, "seconds").value == seconds and field(app, "zh_CN").value == "总览二", "what was typed stays"


def test_a_new_view_comes_where_it_was_put_and_others_make_room(seeded_views: Engine, looks: Looks) -> None:
    with seeded_views.begin() as conn:  # no room between the first two
        body = {**view_body.SEEDS["channel"], "order": 11}
        conn.execute(t.definition.update().where(t.definition.c.id == "channel").values(body=body))
    looks("gao")
    app = show("views")
    app.selectbox(key="adm_view").set_value("").run()
    field(app, "zh_CN").input("<b>早会</b>").run()
    field(app, "en").input("Morning").run()
    field(app, "at").set_value(1).run()
    field(app, "kind0").set_value("by").run()
    field(app, "level0").set_value("org").run()
    field(app, "scope").set_value("华南").run()
    assert not app.exception and "SLA" in texts(app)
    save(app, "早会用")
    assert not app.exception, app.exception
    newest = revision.newest(house().reader, "view")
    made = newest["morning"]
    assert made.body["panels"] == [{"kind": "by", "level": "org", "metrics": ["complaints", "csat"]}]
    assert made.body["scope"] == "华南" and made.body["name"]["zh_CN"] == "<b>早会</b>"
    with seeded_views.connect() as conn:
        assert list(view_body.load(conn, NOW))[:3] == ["overview", "morning", "channel"]
    assert "<b><b>" not in texts(app), "a name is text"
    assert revision.of(seeded_views, "view", "channel")[-1].revision.reason == "早会用", "saved together"


def test_a_view_is_taken_off_the_screens_and_comes_back(seeded_views: Engine, looks: Looks) -> None:
    looks("gao")
    app = show("views")
    app.selectbox(key="adm_view").set_value("voice").run()
    field(app, "withdrawn").check().run()
    save(app, "暂时不用")
    with seeded_views.connect() as conn:
        assert "voice" not in view_body.load(conn, NOW)
    app.selectbox(key="adm_view").set_value("voice").run()
    field(app, "withdrawn").uncheck().run()
    save(app, "又要用")
    with seeded_views.connect() as conn:
        assert "voice" in view_body.load(conn, NOW)


def test_two_administrators_at_once_and_one_of_an_organisation(seeded_views: Engine, looks: Looks) -> None:
    looks("gao")
    first, second = show("views"), show("views")
    field(first, "seconds").input("30").run()
    field(second, "seconds").input("40").run()
    save(first, "一")
    looks("lin")
    save(second, "二")
    assert "高岩" in texts(second) and versions(seeded_views, "view", "overview") == 2
    with seeded_views.begin() as conn:
        conn.execute(t.person.update().where(t.person.c.person_id == "lin").values(scope=["华南"]))
    app = show("views")
    field(app, "seconds").input("50").run()
    assert app.button(key="adm_save").disabled and not preview(app).count("data-view"), "figures of the centre are not theirs"


def test_an_outage_keeps_what_was_typed_and_a_version_to_come_says_from_when(
    seeded_views: Engine, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("select", {}, Exception("database is locked"))

    looks("gao")
    app = show("views")
    with monkeypatch.context() as broken:
        broken.setattr(view_edit, "preview", away)
        broken.setattr(revision, "save", away)
        field(app, "seconds").input("50").run()
        save(app, "试试")
    assert not app.exception and "没有存上" in texts(app) and field(app, "seconds").value == "50"
    field(app, "starts").input("2026-12-01").run()
    app.button(key="adm_save").click().run()
    assert not app.exception and "2026-12-01 起生效" in texts(app)
    with seeded_views.connect() as conn:
        assert view_body.load(conn, NOW)["overview"].seconds == 20, "until then as it was"
