"""A settings file is read whole, or every mistake in it is told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from fengsui.settings import Mistake, Secret, Settings, SettingsFault, load, parse, parse_span

HOME = Path("/srv/fengsui")


def read(text: str, **env: str) -> Settings:
    return parse(text, HOME, env)


def mistakes(text: str, **env: str) -> list[Mistake]:
    with pytest.raises(SettingsFault) as fault:
        read(text, **env)
    return list(fault.value.mistakes)


def only(text: str, **env: str) -> Mistake:
    found = mistakes(text, **env)
    assert len(found) == 1, found
    return found[0]


SOURCE = '[source.tickets]\nkind = "sql"\npurpose = "处理投诉"\n'


def test_an_empty_file_is_a_centre_in_shanghai_with_its_store_at_home():
    settings = read("")
    assert settings.centre.zone == "Asia/Shanghai"
    assert settings.store.url == "sqlite:////srv/fengsui/fengsui.db"
    assert settings.cuboids[0] == "all"
    assert "org.1" in settings.cuboids
    assert settings.server.host == "127.0.0.1"
    assert not settings.sources


def test_home_is_the_folder_of_the_file_unless_the_environment_says_otherwise(tmp_path: Path):
    file = tmp_path / "fengsui.toml"
    file.write_text("\ufeff[centre]\nname = '客服'\n", encoding="utf-8")
    assert load(file, {}).home == tmp_path
    assert load(file, {"FENGSUI_HOME": "/elsewhere"}).home == Path("/elsewhere")


def test_a_file_that_is_not_there_is_a_mistake_too(tmp_path: Path):
    with pytest.raises(SettingsFault) as fault:
        load(tmp_path / "none.toml", {})
    assert fault.value.mistakes[0].code == "settings.mistake.unreadable"


def test_the_home_cannot_be_set_in_the_file():
    assert only('home = "/x"').code == "settings.mistake.unknown_key"


def test_a_relative_sqlite_file_lies_in_the_home_and_a_server_url_stays():
    assert read('[store]\nurl = "sqlite:///data/f.db"').store.url == "sqlite:////srv/fengsui/data/f.db"
    assert read('[store]\nurl = "sqlite:////var/f.db"').store.url == "sqlite:////var/f.db"
    assert read('[store]\nurl = "postgresql+psycopg://u@h/d"').store.url == "postgresql+psycopg://u@h/d"


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines():
    found = mistakes(
        '[server]\nport = "80"\nhots = "x"\n[centre]\nzone = "Asia/Shangai"\n' + SOURCE + 'cadence = 5\ncadense = "5s"\n'
    )
    assert [(m.line, m.key, m.code.removeprefix("settings.mistake.")) for m in found] == [
        (2, "server.port", "want_whole"),
        (3, "server.hots", "unknown_key"),
        (5, "centre.zone", "zone"),
        (9, "source.tickets.cadence", "span"),
        (10, "source.tickets.cadense", "unknown_key"),
    ]
    assert found[1].params["nearest"] == "host"
    assert found[2].params["nearest"] == "Asia/Shanghai"
    assert found[4].params["nearest"] == "cadence"
    assert "lateness" in found[4].params["allowed"]


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("[centra]\nname='x'", "centre"),
        ("[sources.a]\nkind='x'", "source"),
        ("[notify.channels.a]\nkind='log'\nmintier=1", "min_tier"),
        ("[keys]\ndata_keyid='x'", "data_key_id"),
        ("[[dimension]]\nname='a'\ntitel='x'\ntitle='y'", "title"),
        ("[[dimension]]\nname='a'\ntitle={zh_cn='x',zh_CN='x',en='x'}", "zh_CN"),
        ("[[dimension]]\nname='a'\ntitle='x'\nlevels=[{zh_CN='x',en='x',em='x'}]", "en"),
        ("[keys.retired]\nk0='file:x'\n[keyz]\na=1", "keys"),
    ],
)
def test_an_unknown_key_names_the_nearest(text: str, nearest: str):
    assert only(text).params["nearest"] == nearest


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[engine]\ntick = '5'", "span"),
        ("[engine]\ntick = '5 minutes'", "span"),
        ("[engine]\nmax_head_series = 0", "bounds"),
        ("[engine]\nmax_head_series = true", "want_whole"),
        ("[centre]\ndemo = 'yes'", "want_true_false"),
        ("[wall]\nsound = 'on'", "want_true_false"),
        ("[wall]\nquiet = '22-7'", "quiet"),
        ("[wall]\nquiet = '07:00-07:00'", "quiet"),
        ("[centre]\nname = 1", "want_text"),
        ("[centre]\nlanguage = 'zh'", "choice"),
        ("[centre]\ncalendar = 'XX'", "calendar"),
        ("[centre]\nzone = '../../etc/passwd'", "zone"),
        ("centre = 1", "want_table"),
        ("cuboids = 'all'", "want_array"),
        ("notify = 3", "want_table"),
        ("source = 3", "want_table"),
        ("source = {a = 3}", "want_table"),
        ("dimension = 3", "want_array"),
        ("dimension = [3]", "want_table"),
        ("[server]\nport = 70000", "bounds"),
        ("[server]\nbase_path = 'a b'", "bounds"),
        ("server = 5", "want_table"),
        ("[keys]\ndata = 'hunter2'", "secret_inline"),
        ("[notify.channels.w]\nkind = 'webhook'", "missing"),
        ("[notify.channels]\nw = 1", "want_table"),
        (SOURCE + "pace = 'fast'", "choice"),
        (SOURCE + "belongs_to = 'ticket'", "belongs_to"),
        (SOURCE + "belongs_to = 'tickets'", "belongs_to"),
        ("[source.Bad]\nkind='x'\npurpose='y'", "source_name"),
        ("[source.a]\nkind='x'", "missing"),
        ("[[dimension]]\nname='a'\ntitle='x'\n[[dimension]]\nname='a'\ntitle='y'", "twice"),
    ],
)
def test_a_wrong_value_is_named_by_what_is_wrong(text: str, code: str):
    assert only(text).code == f"settings.mistake.{code}"


def test_a_choice_names_what_is_allowed_and_the_nearest():
    mistake = only(SOURCE + "pace = 'batsh'")
    assert mistake.params == {"allowed": "live, batch", "nearest": "batch"}
    assert mistake.words() == {"key": "source.tickets.pace", "value": "batsh", "allowed": "live, batch", "nearest": "batch"}


@pytest.mark.parametrize("value", ["5s", "tickts", "上海"])
def test_belongs_to_offers_the_other_sources(value: str):
    mistake = only(SOURCE + f"[source.log]\nkind='sql'\npurpose='x'\nbelongs_to='{value}'")
    assert mistake.line == 7
    assert mistake.params["allowed"] == "tickets"


def test_broken_toml_is_told_with_its_line_and_never_with_a_value():
    mistake = only("[server]\nport = 1\npassword = hunter2\n")
    assert (mistake.line, mistake.code) == (3, "settings.mistake.toml")
    assert "hunter2" not in str(mistake)
    assert only("[a\n").line == 1
    assert only("a = ").line == 1


# --- cuboids ---------------------------------------------------------------------------------------------------------


def test_cuboids_are_kept_sorted_once_and_with_all():
    found = read('cuboids = ["org.1|channel", "channel", "channel|org.1"]').cuboids
    assert found == ("all", "channel|org.1", "channel", "topic"), "topics are always counted"


@pytest.mark.parametrize(
    ("cuboid", "code", "nearest"),
    [("chanel", "cuboid", "channel"), ("org", "cuboid", "org.1"), ("org.4", "cuboid", "org.1"), ("", "cuboid", "")],
)
def test_a_cuboid_names_levels_of_the_dimensions(cuboid: str, code: str, nearest: str):
    mistake = only(f'cuboids = ["all",\n "{cuboid}"]')
    assert (mistake.line, mistake.key) == (2, "cuboids[1]")
    assert mistake.code == f"settings.mistake.{code}"
    if nearest:
        assert mistake.params["nearest"].startswith(nearest.partition(".")[0])


def test_two_levels_of_one_dimension_in_a_cuboid_are_refused():
    assert only('cuboids = ["org.1|org.2"]').code == "settings.mistake.cuboid_twice"


def test_cuboids_follow_the_dimensions_of_the_file():
    text = "[[dimension]]\nname = 'shop'\ntitle = {zh_CN = '门店', en = 'Shop'}\nlevels = ['城市', '门店']\n"
    settings = read(text)
    assert settings.cuboids == ("all", "shop.1", "topic")
    assert settings.dimension_names == ("shop", "topic") and settings.delivered == ("shop",)
    assert settings.dimension("shop").level_title("shop.2", "en") == "门店"
    assert only("cuboids = ['channel']\n" + text).params["allowed"] == "all, shop.1, shop.2, topic"


def test_a_file_that_names_topics_keeps_their_title():
    text = "[[dimension]]\nname = 'topic'\ntitle = {zh_CN = '热点', en = 'Hot'}\n"
    settings = read("cuboids = ['topic', 'all']\n" + text)
    assert settings.dimension_names == ("topic",) and settings.cuboids == ("all", "topic")
    assert settings.dimension("topic").title.say("zh_CN") == "热点"


def test_titles_follow_the_language():
    settings = read(SOURCE + "title = {zh_CN = '工单', en = 'Tickets'}")
    assert settings.title("tickets", "en") == "Tickets"
    assert settings.title("tickets", "zh_CN") == "工单"
    assert settings.title("gone", "en") == "gone"
    channel = settings.dimension("channel")
    assert channel.level_title("channel", "zh_CN") == "渠道"
    assert channel.depth == 1
    one = read("[[dimension]]\nname='q'\ntitle='Q'\nlevels=['技能组']").dimension("q")
    assert one.level_title("q", "en") == "技能组"


# --- sources ---------------------------------------------------------------------------------------------------------


def test_a_source_says_how_it_is_polled():
    text = SOURCE + 'cadence = "30s"\nlateness = "2min"\noverlap = "1h30min"\ntimezone = "UTC"\n'
    settings = read(text + 'map = [{ shape = "feedback" }, { shape = "event" }]\n')
    source = settings.sources["tickets"]
    assert source.stall == timedelta(seconds=3 * 30 + 120)
    assert len(source.map) == 2
    assert settings.common("tickets") == {
        "name": "tickets",
        "zone": "UTC",
        "cadence_s": 30,
        "lateness_s": 120,
        "overlap_s": 5400,
        "home": HOME,
        "dimensions": settings.dimension_names,
    }


def test_sums_over_a_span_are_awaited_a_minute_unless_told_otherwise():
    measured = '{ shape = "measurement", name = "calls", start = "at", span_s = 300 }'
    assert read(SOURCE + f"map = {measured}\n").sources["tickets"].lateness == timedelta(seconds=60)
    assert read(SOURCE + f"map = [{measured}]\nlateness = '3s'\n").sources["tickets"].lateness == timedelta(seconds=3)
    gauge = '{ shape = "measurement", name = "waiting", start = "at", gauge = "n" }'
    assert read(SOURCE + f"map = [{gauge}, 7]\n").sources["tickets"].lateness == timedelta(0)
    assert read(SOURCE).sources["tickets"].lateness == timedelta(0)


def test_common_has_exactly_the_fields_that_connectors_want():
    from dataclasses import fields

    from connectors.base import Common

    assert set(read(SOURCE).common("tickets")) == {field.name for field in fields(Common)}


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_references_in_options_become_secrets_that_never_show(tmp_path: Path):
    (tmp_path / "pw").write_text("s3cret\n", encoding="utf-8")
    text = (
        SOURCE
        + '[source.tickets.options]\nurl = "env:URL"\nauth = { header = "X", value = "file:pw" }\nkeys = ["env:URL", 1]\n'
    )
    settings = parse(text, tmp_path, {"URL": "https://x"})
    options = settings.sources["tickets"].options
    assert options["url"] == "https://x"
    assert options["auth"]["value"] == "s3cret"
    assert options["keys"] == ["https://x", 1]
    assert isinstance(options["auth"]["value"], Secret)
    assert "s3cret" not in repr(settings)


def test_the_password_of_the_store_never_shows():
    settings = read('[store]\nurl = "env:DB"\n[heartbeat]\nurl = "env:HB"\n', DB="postgresql://u:pw@h/d", HB="https://hb/123")
    assert settings.store.url == "postgresql://u:pw@h/d"
    assert "pw" not in repr(settings)
    assert "hb/123" not in repr(settings)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('password = "hunter2"', "secret_inline"),
        ('url = "mysql://u:hunter2@h/d"', "secret_inline"),
        ('token = "env:hunter2"', "secret_env"),
        ('token = "file:hunter2"', "secret_file"),
    ],
)
def test_a_secret_in_clear_or_not_found_is_a_mistake_that_hides_it(line: str, code: str):
    mistake = only(SOURCE + f"[source.tickets.options]\n{line}\n")
    assert mistake.code == f"settings.mistake.{code}"
    assert mistake.line == 5
    assert "hunter2" not in mistake.value


def test_a_source_that_is_switched_off_needs_no_secrets():
    assert not read(SOURCE + 'enabled = false\n[source.tickets.options]\ntoken = "env:NONE"\n').sources["tickets"].enabled


def test_a_file_url_is_no_reference():
    settings = read(SOURCE + '[source.tickets.options]\nurl = "file:///drop/in"\n')
    assert settings.sources["tickets"].options["url"] == "file:///drop/in"


def test_long_values_are_cut_and_tables_not_printed():
    assert len(only(f"[centre]\nlanguage = '{'x' * 300}'").value) <= 60
    assert only("[centre]\nname = { a = 1 }").value == "{…}"
    assert only("[centre]\nname = [1]").value == "[…]"
    assert only("[server]\nport = true").value == "true"


# --- environment -----------------------------------------------------------------------------------------------------


def test_the_port_of_the_environment_wins():
    assert read("[server]\nport = 1", FENGSUI_PORT="9000").server.port == 9000
    assert read("", FENGSUI_PORT="9001").server.port == 9001
    assert only("", FENGSUI_PORT="x").code == "settings.mistake.port_env"
    assert only("", FENGSUI_PORT="99999").params == {"given": "99999"}
    assert only("server = 5", FENGSUI_PORT="9000").code == "settings.mistake.want_table"


# --- lengths of time -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("5s", 5), ("15min", 900), ("1.5h", 5400), ("8d", 691200), ("1h30min", 5400), ("1h 30min", 5400)],
)
def test_spans(text: str, seconds: float):
    assert parse_span(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "5", "m", "5m", "-5s", "5s!", "٥s"])
def test_what_could_mean_two_things_is_no_span(text: str):
    with pytest.raises(ValueError, match="length of time"):
        parse_span(text)


def test_nothing_changes_settings_after_loading():
    with pytest.raises(ValueError, match="frozen"):
        read("").centre.name = "x"  # type: ignore[misc]


def test_a_centre_keeps_the_holidays_of_its_country_and_its_zone():
    settings = read("[centre]\ncalendar = 'DE'\nzone = 'Europe/Berlin'\n")
    assert settings.centre.calendar == "DE"
    assert settings.centre.tz.key == "Europe/Berlin"
    assert only("[centre]\ncalendar = 'CNN'").params["nearest"] == "CN"
