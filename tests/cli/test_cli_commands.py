"""What an operator types, and what is answered."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, insert, select, text

from connectors.base import EVENT_KINDS, FEEDBACK_KINDS
from fengsui.alerts import definitions as alert_definitions
from fengsui.cli import COMMANDS, main, processes
from fengsui.cli.processes import safe_host
from fengsui.cli.table import print_table, width
from fengsui.cli.where import Where
from fengsui.locale import has
from fengsui.people import create, every_link, every_person, reporter
from fengsui.people.link import START
from fengsui.settings import open_keys, parse
from fengsui.store.database import open_store
from fengsui.store.migrate import head, upgrade
from fengsui.store.slices import NO_BIN
from fengsui.store.tables import customer, definition, person
from pages.gate.qr import svg
from tests import rollups

GOOD = "correct horse battery"
TICKETS = '[source.tickets]\nkind = "sql"\npurpose = "投诉监测"\n'
OPTIONS = '[source.tickets.options]\nurl = "sqlite:///tickets.db"\ntable = "tickets"\n'
MAP = """[source.tickets.map]
id = "id"
kind = { field = "kind", values = { "投诉" = "complaint" } }
opened_at = "opened_at"
updated_at = "updated_at"
text = "body"
[source.tickets.map.dims]
channel = "channel"
"""

DAY_ONE = datetime(2022, 1, 13, tzinfo=UTC)

Fengsui = Callable[..., Result]


@pytest.fixture
def fengsui(tmp_path: Path) -> Fengsui:
    def run(*words: str, settings: str | None = "", stdin: str | None = None, lang: str = "en") -> Result:
        if settings is not None:
            (tmp_path / "fengsui.toml").write_text(settings, encoding="utf-8")
        return CliRunner().invoke(
            main, ["--home", str(tmp_path), "--lang", lang, *words], input=stdin, env={"FENGSUI_PORT": ""}
        )

    return run


# --- help ------------------------------------------------------------------------------------------------------------


def test_help_names_every_command_and_imports_nothing_heavy():
    """That is what keeps it under half a second."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "fengsui.cli", "--help"], capture_output=True, text=True, check=True
    )
    listed = [line.split()[0] for line in ran.stdout.partition("Commands:\n")[2].splitlines() if line[2:3].strip()]
    assert listed == list(COMMANDS)
    for heavy in ("sqlalchemy", "pydantic", "babel", "pandas", "streamlit"):
        assert f" {heavy}\n" not in ran.stderr


def test_every_command_has_help(fengsui: Fengsui):
    for name in COMMANDS:
        assert fengsui(name, "--help").exit_code == 0


def test_the_language_follows_the_terminal(tmp_path: Path):
    for env, words in (({"LC_ALL": "en_GB.UTF-8"}, "cannot be read"), ({"LC_ALL": "C"}, "读不了")):
        ran = CliRunner().invoke(main, ["--home", str(tmp_path), "check"], env={"FENGSUI_LANG": None, **env})
        assert words in ran.stderr


# --- check -----------------------------------------------------------------------------------------------------------


def test_every_mistake_of_the_file_is_told_with_its_line(fengsui: Fengsui):
    ran = fengsui("check", settings="[server]\nhots = 1\n[centre]\nzone = 'Asia/Shangai'\n")
    assert ran.exit_code == 2
    assert ran.stderr.splitlines() == [
        'fengsui.toml:2 server.hots: unknown key; nearest: "host". '
        "Allowed here: host, port, base_path, public_url, allowed_hosts, proxies",
        'fengsui.toml:4 centre.zone: no time zone "Asia/Shangai"; nearest: "Asia/Shanghai". Example: Asia/Shanghai',
    ]


def test_mistakes_are_told_in_chinese_too(fengsui: Fengsui):
    ran = fengsui("check", settings="[server]\nport = '1'\n", lang="zh_CN")
    assert ran.stderr == "fengsui.toml:2 server.port: 「1」应是整数，不带引号\n"


def test_a_file_that_is_not_there_is_told(fengsui: Fengsui):
    ran = fengsui("check", settings=None)
    assert ran.exit_code == 2
    assert "cannot be read" in ran.stderr


def test_all_is_well(fengsui: Fengsui, tmp_path: Path):
    ran = fengsui("check", settings=TICKETS + OPTIONS + MAP + '[source.off]\nkind = "x"\npurpose = "y"\nenabled = false\n')
    assert ran.exit_code == 0, ran.output
    assert "✓ source tickets (sql)" in ran.output
    assert "– source off (x) is switched off" in ran.output
    assert "made when the first process starts" in ran.output
    assert not (tmp_path / "keys").exists()


def test_a_mistake_in_options_or_map_is_told_with_the_line_of_its_key(fengsui: Fengsui):
    ran = fengsui("check", settings=TICKETS + OPTIONS + 'tabel = "x"\n' + MAP)
    assert ran.exit_code == 1
    assert ran.stderr.startswith("fengsui.toml:7 source.tickets.options.tabel: ")
    assert "table" in ran.stderr
    ran = fengsui("check", settings=TICKETS + OPTIONS + MAP.replace("opened_at =", "openedat ="))
    assert ran.stderr.startswith("fengsui.toml:10 source.tickets.map.openedat: ")
    ran = fengsui("check", settings=TICKETS.replace("sql", "sqll") + OPTIONS + MAP)
    assert ran.stderr.startswith("fengsui.toml:2 source.tickets.kind: ")


def test_keys_that_are_no_keys_are_told(fengsui: Fengsui, tmp_path: Path):
    (tmp_path / "keys").mkdir()
    for name in ("customer", "data"):
        (tmp_path / "keys" / f"{name}.key").write_text("not a key")
    ran = fengsui("check")
    assert ran.exit_code == 1
    assert "keys.customer" in ran.stderr


def test_keys_that_are_made_are_right_and_nobody_else_reads_what_we_write(fengsui: Fengsui, tmp_path: Path):
    open_keys(parse("", tmp_path, {}), {})
    fengsui("migrate")
    assert "✓ keys" in fengsui("check").stdout
    assert (tmp_path / "fengsui.db").stat().st_mode & 0o077 == 0


def test_an_old_key_is_told_to_be_needed_free_or_missing(fengsui: Fengsui, tmp_path: Path):
    given = '[keys]\ndata_key_id = "k2"\nretired = { k1 = "file:keys/data.key" }\n'
    open_keys(parse("", tmp_path, {}), {})
    fengsui("migrate")
    free = fengsui("check", settings=given)
    assert free.exit_code == 0 and "nothing needs the retired key “k1”" in free.stdout
    store = open_store(f"sqlite:///{tmp_path}/fengsui.db")
    for key_id, code, told in (("k1", 0, "“k1”: 1;"), ("k0", 1, "k0")):
        with store.begin() as conn:
            conn.execute(delete(customer))
            conn.execute(insert(customer).values(customer="c", source_id=b"x", key_id=key_id, first_seen_at=datetime.now(UTC)))
        ran = fengsui("check", settings=given)
        assert ran.exit_code == code and told in ran.stdout + ran.stderr
    store.dispose()


def test_a_store_of_a_newer_program_is_told_and_left_alone(fengsui: Fengsui, tmp_path: Path):
    assert fengsui("migrate").exit_code == 0
    assert "✓ store" in fengsui("check").output
    store = open_store(f"sqlite:///{tmp_path}/fengsui.db")
    with store.begin() as conn:
        conn.execute(text("update alembic_version set version_num = '9999'"))
    for words in (["check"], ["migrate"], ["user", "list"]):
        ran = fengsui(*words)
        assert ran.exit_code == 1
        assert "newer version (9999)" in ran.stderr


def test_a_store_out_of_reach_is_told_without_its_password(fengsui: Fengsui, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STORE", "postgresql+psycopg://u:hunter2@127.0.0.1:1/x")
    for words in (["check"], ["migrate"]):
        ran = fengsui(*words, settings='[store]\nurl = "env:STORE"\n')
        assert ran.exit_code == 1
        assert "cannot be opened" in ran.stderr
        assert "hunter2" not in ran.output


# --- check source ----------------------------------------------------------------------------------------------------


@pytest.fixture
def tickets(tmp_path: Path) -> Path:
    store = open_store(f"sqlite:///{tmp_path}/tickets.db")
    rows = [
        ("T1", "投诉", "2026-11-18T14:00:00+08:00", "App", "请回电 13812345678"),
        ("T2", "吐槽", "2026-11-18T14:01:00+08:00", "App", "不在表里的类型"),
    ]
    with store.begin() as conn:
        conn.execute(
            text("create table tickets (id text, kind text, opened_at text, updated_at text, channel text, body text)")
        )
        for id_, kind, at, channel, body in rows:
            values = {"id": id_, "kind": kind, "at": at, "channel": channel, "body": body}
            conn.execute(text("insert into tickets values (:id, :kind, :at, :at, :channel, :body)"), values)
    store.dispose()
    return tmp_path


def test_a_source_shows_its_rows_masked_and_what_is_wrong(fengsui: Fengsui, tickets: Path):
    ran = fengsui("check", "source", "tickets", settings=TICKETS + OPTIONS + MAP)
    assert ran.exit_code == 1, ran.output
    row = next(line for line in ran.stdout.splitlines() if "T1" in line)
    assert "complaint" in row
    assert "2026-11-18 14:00:00" in row
    assert "channel=App" in row
    assert "13812345678" not in ran.output
    assert "1 rows would be stored, 1 go to the quarantine" in ran.stdout
    assert "✖ row 2:" in ran.stdout


def test_a_chinese_operator_reads_chinese_kinds_and_fields(fengsui: Fengsui, tickets: Path):
    ran = fengsui("check", "source", "tickets", settings=TICKETS + OPTIONS + MAP, lang="zh_CN")
    row = next(line for line in ran.stdout.splitlines() if "T1" in line)
    assert "反馈" in row and "投诉" in row and "complaint" not in row and "feedback" not in row
    assert "「种类 kind」的取值没有对应关系" in ran.stdout


def test_every_kind_that_a_source_may_deliver_has_a_word():
    kinds = {f"cli.preview.kind.{kind}" for kind in (*FEEDBACK_KINDS, *EVENT_KINDS, "customer", "product", "organisation")}
    assert [code for code in kinds for lang in ("zh_CN", "en") if not has(lang, code)] == []


def test_an_empty_source_says_so(fengsui: Fengsui, tickets: Path):
    store = open_store(f"sqlite:///{tickets}/tickets.db")
    with store.begin() as conn:
        conn.execute(text("delete from tickets"))
    ran = fengsui("check", "source", "tickets", settings=TICKETS + OPTIONS + MAP)
    assert (ran.exit_code, ran.stdout) == (0, "0 rows: the source answers but has nothing to show\n")


def test_a_source_that_does_not_answer_or_exist_is_told(fengsui: Fengsui):
    assert fengsui("check", "source", "tickets", settings=TICKETS + OPTIONS + MAP).exit_code == 1
    ran = fengsui("check", "source", "tikets", settings=TICKETS + OPTIONS + MAP)
    assert "Configured: tickets" in ran.stderr
    ran = fengsui("check", "source", "tickets", settings=TICKETS + OPTIONS + "x = 1\n" + MAP)
    assert ran.exit_code == 1
    assert "fengsui.toml:7" in ran.stderr


def test_every_shape_has_a_row(fengsui: Fengsui):
    from zoneinfo import ZoneInfo

    from connectors.base import Event, Measurement, Reference
    from fengsui.cli.preview import _row

    at = datetime(2026, 11, 18, 6, 0, tzinfo=UTC)
    zone = ZoneInfo("Asia/Shanghai")
    assert _row(Event("T1", "solved", at, "c:solved"), zone, 9)[:4] == ("event", "T1", "solved", "2026-11-18 14:00:00")
    assert _row(Measurement("calls", at, at, {"queue": "q"}, 3, 4), zone, 9)[-2:] == ("queue=q", "3/4")
    assert _row(Measurement("waiting", at, None, gauge=2.0), zone, 9)[-1] == "2"
    assert _row(Reference("customer", "c1", {"tier": "A"}, at.date()), zone, 9)[-1] == "tier=A"


# --- check store -----------------------------------------------------------------------------------------------------


def test_differing_cells_are_shown(fengsui: Fengsui, tmp_path: Path):
    assert fengsui("check", "store").exit_code == 0
    store = open_store(f"sqlite:///{tmp_path}/fengsui.db")
    cell = {"grain": 15, "slice_id": 1, "measure": "feedback.n", "bin": NO_BIN, "bucket": 29_000_010, "value": 3}
    with store.begin() as conn:
        rollups.put(conn, [cell])
    store.dispose()
    ran = fengsui("check", "store")
    assert ran.exit_code == 1
    assert "feedback.n" in ran.stdout
    assert "1 of 1" in ran.stderr


def test_the_roll_ups_of_a_new_store_are_right(fengsui: Fengsui):
    ran = fengsui("check", "store")
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.startswith("✓")


# --- notices ---------------------------------------------------------------------------------------------------------


def test_a_channel_is_tried_and_what_is_wrong_is_said(fengsui: Fengsui):
    text = '[notify.channels.log]\nkind = "log"\n[notify.channels.ops]\nkind = "webhook"\nurl = "http://127.0.0.1:9/"\n'
    assert fengsui("check", "notify", "log", settings=text).stdout == "log (log): test notice sent\n"
    ran = fengsui("check", "notify", settings=text)
    assert (ran.exit_code, "log (log): test notice sent" in ran.stdout) == (1, True)
    assert "ops: not sent. Unreachable" in ran.stderr
    assert 'No channel "room". Allowed: log, ops' in fengsui("check", "notify", "room", settings=text).stderr


# --- users -----------------------------------------------------------------------------------------------------------


def test_the_first_administrator_is_made_from_a_pipe(fengsui: Fengsui, tmp_path: Path):
    ran = fengsui(
        "user", "add", "root", "--role", "admin", "--name", "王敏", "--scope", "华南", "--password-stdin", stdin=f"{GOOD}\n"
    )
    assert ran.exit_code == 0, ran.output
    (who,) = every_person(open_store(f"sqlite:///{tmp_path}/fengsui.db"))
    assert (who.person_id, who.name, who.role, who.scope) == ("root", "王敏", "admin", ("华南",))
    listed = fengsui("user", "list").stdout.splitlines()
    assert listed[1].split()[:2] == ["root", "王敏"]
    assert listed[1].split()[-2:] == ["华南", "active"]
    assert GOOD not in ran.output


def test_a_password_is_asked_twice(fengsui: Fengsui):
    assert fengsui("user", "add", "li", stdin=f"{GOOD}\n{GOOD}\n").exit_code == 0
    assert fengsui("user", "password", "li", stdin=f"{GOOD}\nother\n").exit_code != 0
    assert fengsui("user", "password", "li", stdin=f"{GOOD}2\n{GOOD}2\n").exit_code == 0
    shown = fengsui("user", "reach", "li", "--email", "li@example.com", "--quiet", "22:00-07:00").stdout
    assert "email: li@example.com" in shown
    assert "quiet: 22:00-07:00" in fengsui("user", "reach", "li").stdout
    assert "e-mail" in fengsui("user", "reach", "li", "--email", "li").stderr


def test_refusals_are_told(fengsui: Fengsui):
    assert "10 to 256" in fengsui("user", "add", "li", "--password-stdin", stdin="short\n").stderr
    assert 'No person "li"' in fengsui("user", "disable", "li").stderr
    assert 'No person "li"' in fengsui("user", "password", "li", "--password-stdin", stdin=f"{GOOD}\n").stderr
    fengsui("user", "add", "root", "--role", "admin", "--password-stdin", stdin=f"{GOOD}\n")
    assert "last administrator" in fengsui("user", "disable", "root").stderr


def test_disable_and_enable(fengsui: Fengsui, tmp_path: Path):
    fengsui("user", "add", "li", "--password-stdin", stdin=f"{GOOD}\n")
    assert "switched off" in fengsui("user", "disable", "li").stdout
    store = open_store(f"sqlite:///{tmp_path}/fengsui.db")
    assert not every_person(store)[0].active
    assert "enabled" in fengsui("user", "disable", "li", "--undo").stdout
    assert every_person(store)[0].active


# --- links of walls --------------------------------------------------------------------------------------------------


def test_a_wall_link_is_made_listed_and_revoked(fengsui: Fengsui, tmp_path: Path):
    """The address is told once; the store holds a hash of it and nothing that opens."""
    options = ("--name", "大厅东墙", "--scope", "华南", "--days", "30", "--address", "10.1.2.0/16")
    made = fengsui("wall", "link", "make", *options, "--url", "https://fengsui.example/qm")
    assert made.exit_code == 0, made.output
    shown = made.stdout.splitlines()[1]
    assert shown.startswith("https://fengsui.example/qm/wall/enter/")
    token = shown.rpartition("/")[2]
    assert len(token) >= 43 and token.encode() not in (tmp_path / "fengsui.db").read_bytes()
    (link,) = every_link(open_store(f"sqlite:///{tmp_path}/fengsui.db"))
    assert (link.person.name, link.person.role, link.person.scope) == ("大厅东墙", "wall", ("华南",))
    row = fengsui("wall", "link", "list").stdout.splitlines()[1].split()
    assert row[:4] == [link.person.person_id, "大厅东墙", "华南", "10.1.0.0/16"] and row[-2:] == ["—", "open"]
    assert token not in fengsui("wall", "link", "list").output
    assert "show nothing more" in fengsui("wall", "link", "revoke", link.person.person_id).stdout
    assert fengsui("wall", "link", "list").stdout.splitlines()[1].split()[-1] == "revoked"


def test_what_a_wall_link_cannot_be_is_told(fengsui: Fengsui):
    make = ("wall", "link", "make", "--name", "x")
    assert '"10.1.2" is no network address' in fengsui(*make, "--address", "10.1.2").stderr
    assert "must begin with http://" in fengsui(*make, "--url", "fengsui.example").stderr
    assert "--days" in fengsui(*make, "--days", "0").stderr
    assert fengsui("wall", "link", "make", "--name", " ").exit_code == 1
    assert 'no wall link "wall-1"' in fengsui("wall", "link", "revoke", "wall-1").stderr
    assert len(fengsui("wall", "link", "list").stdout.splitlines()) == 1, "nothing was made"


def test_a_link_for_reports_is_made_with_its_code_listed_and_revoked(fengsui: Fengsui, tmp_path: Path):
    code, options = tmp_path / "code.svg", ("--name", "柜台", "--scope", "华南", "--url", "https://fengsui.example/qm")
    made = fengsui("report", "link", "make", *options, "--qr", str(code))
    assert made.exit_code == 0, made.output
    address = made.stdout.splitlines()[1]
    assert address.startswith("https://fengsui.example/qm/tell/")
    assert code.read_text(encoding="utf-8") == svg(address, "QR")
    token, store = address.rpartition("/")[2], open_store(f"sqlite:///{tmp_path}/fengsui.db")
    assert token.encode() not in (tmp_path / "fengsui.db").read_bytes()
    now = datetime.now(UTC)
    who = reporter(store, token, now)
    assert who is not None and (who.name, who.scope) == ("柜台", ("华南",)) and every_link(store, START) == ()
    assert fengsui("report", "link", "list").stdout.splitlines()[1].split()[0] == who.person_id
    assert fengsui("report", "link", "revoke", who.person_id).exit_code == 0
    assert reporter(store, token, now) is None
    store.dispose()


# --- definitions -----------------------------------------------------------------------------------------------------


def save(home: Path, body: dict[str, Any]) -> None:
    store = open_store(f"sqlite:///{home}/fengsui.db")
    upgrade(store)
    with store.begin() as conn:
        alert_definitions.save(conn, "roster", "ours", body, "root", datetime(2026, 11, 18, tzinfo=UTC))
    store.dispose()


def versions(home: Path) -> list[tuple[int, str, Any]]:
    with open_store(f"sqlite:///{home}/fengsui.db").connect() as conn:
        rows = conn.execute(select(definition).order_by(definition.c.version)).mappings()
        return [(row["version"], row["by"], row["body"]) for row in rows]


def test_definitions_travel_and_only_add_versions(fengsui: Fengsui, tmp_path: Path):
    save(tmp_path, {"days": 1})
    save(tmp_path, {"days": 2})
    file = tmp_path / "out.json"
    assert fengsui("export", str(file)).exit_code == 0
    given = json.loads(file.read_text(encoding="utf-8"))
    assert given["definitions"] == [{"kind": "roster", "id": "ours", "version": 2, "body": {"days": 2}}]
    assert "0 new versions; 1" in fengsui("import", str(file)).stdout
    given["definitions"][0]["body"] = {"days": 3}
    file.write_text(json.dumps(given), encoding="utf-8")
    assert "1 new versions" in fengsui("import", str(file), "--by", "li").stdout
    assert versions(tmp_path) == [(1, "root", {"days": 1}), (2, "root", {"days": 2}), (3, "li", {"days": 3})]


def test_one_kind_goes_to_the_terminal(fengsui: Fengsui, tmp_path: Path):
    save(tmp_path, {"days": 1})
    assert json.loads(fengsui("export", "--kind", "rule").stdout)["definitions"] == []
    assert len(json.loads(fengsui("export", "--kind", "roster").stdout)["definitions"]) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "line 1"),
        ("[]", "fengsui.definitions"),
        ('{"format": "fengsui.definitions", "version": 2}', "version 1"),
        ('{"format": "fengsui.definitions", "version": 1}', "definition 1"),
        ('{"format": "fengsui.definitions", "version": 1, "definitions": [{"kind": "x", "id": 5}]}', "id, body"),
    ],
)
def test_a_file_that_is_none_is_refused(fengsui: Fengsui, tmp_path: Path, content: str, told: str):
    (tmp_path / "in.json").write_text(content, encoding="utf-8")
    ran = fengsui("import", str(tmp_path / "in.json"))
    assert ran.exit_code == 1
    assert told in ran.stderr


def test_one_bad_definition_stops_all(fengsui: Fengsui, tmp_path: Path):
    rows = [{"kind": "roster", "id": "a", "body": {}}, {"kind": "rule", "id": "b", "body": {"kind": "nonsense"}}]
    file = tmp_path / "in.json"
    file.write_text(json.dumps({"format": "fengsui.definitions", "version": 1, "definitions": rows}), encoding="utf-8")
    ran = fengsui("import", str(file))
    assert ran.exit_code == 1
    assert "rule b" in ran.stderr
    assert versions(tmp_path) == []


# --- processes -------------------------------------------------------------------------------------------------------


def test_the_dashboard_stays_on_this_machine_until_somebody_can_sign_in(
    fengsui: Fengsui, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    started: list[list[str]] = []
    app = tmp_path / "app.py"
    app.touch()
    monkeypatch.setattr(processes, "app_file", lambda: app)
    monkeypatch.setattr(processes.os, "execve", lambda path, command, env: started.append(command))
    monkeypatch.chdir(tmp_path)
    text = '[server]\nhost = "0.0.0.0"\nport = 9000\nbase_path = "/fs/"\nallowed_hosts = ["a.example"]\n'
    ran = fengsui("dashboard", settings=text)
    assert "--server.address=127.0.0.1" in started[0]
    assert "user add" in ran.output
    fengsui("user", "add", "li", "--password-stdin", stdin=f"{GOOD}\n", settings=text)
    fengsui("dashboard", settings=text)
    assert started[1][4:] == [
        str(app),
        "--server.address=0.0.0.0",
        "--server.port=9000",
        "--server.baseUrlPath=fs",
        "--server.headless=true",
        "--server.maxUploadSize=50",
        "--server.allowedHosts=a.example",
    ]
    with open_store(f"sqlite:///{tmp_path}/fengsui.db").begin() as conn:
        conn.execute(person.update().values(password=None))
    fengsui("dashboard", settings=text)
    assert "--server.address=127.0.0.1" in started[2]


def test_where_the_app_is():
    if Path(processes.__file__).parents[2].joinpath("app.py").exists():
        assert processes.app_file().name == "app.py"


@pytest.fixture
def own_signals() -> Iterator[None]:
    """The worker listens to signals; afterwards the test run does again."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_signals")
def test_the_worker_says_what_stops_it(fengsui: Fengsui, tmp_path: Path):
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "customer.key").write_text("no key")
    ran = fengsui("worker")
    assert ran.exit_code == 2
    assert "keys.customer" in ran.stderr
    (tmp_path / "keys" / "customer.key").unlink()
    fengsui("migrate")
    with open_store(f"sqlite:///{tmp_path}/fengsui.db").begin() as conn:
        conn.execute(text("update alembic_version set version_num = '9999'"))
    ran = fengsui("worker")
    assert ran.exit_code == 1
    assert f"knows up to {head()}" in ran.stderr


# --- demo ------------------------------------------------------------------------------------------------------------


def test_incidents_are_listed_and_refused_when_nobody_serves(fengsui: Fengsui):
    assert "payment-outage" in fengsui("demo").stdout
    assert fengsui("demo", "--incident", "nonsense").exit_code == 1
    assert fengsui("demo", "--incident", "payment-outage").exit_code == 1


def test_an_incident_reaches_the_demo_centre(fengsui: Fengsui, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from fengsui.demo import main as demo_main

    asked: list[Any] = []
    monkeypatch.setattr(demo_main, "trigger", lambda home, name: asked.append((home, name)))
    monkeypatch.setattr(demo_main, "serve", lambda home, port: asked.append((home, port)))
    assert fengsui("demo", "--incident", "branch").exit_code == 0
    assert fengsui("demo", "serve", settings="[server]\nport = 9100\n").exit_code == 0
    assert fengsui("demo", "serve", "--port", "7").exit_code == 0
    assert asked == [(tmp_path, "branch"), (tmp_path, 9101), (tmp_path, 7)]


def test_two_demo_centres_in_one_home_are_refused(fengsui: Fengsui, monkeypatch: pytest.MonkeyPatch):
    from fengsui.demo import main as demo_main

    def taken(home: Path, port: int) -> None:
        raise demo_main.AlreadyServed("demo.fault.already_served", home=str(home))

    monkeypatch.setattr(demo_main, "serve", taken)
    assert fengsui("demo", "serve").exit_code == 1


# --- replay ----------------------------------------------------------------------------------------------------------


def test_replay_hands_over_what_was_typed(fengsui: Fengsui, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from fengsui.replay import main as replay_main

    asked: list[dict[str, Any]] = []

    def played(file: Path, mapping: Path, **more: Any) -> replay_main.Played:
        asked.append({"file": file, "mapping": mapping, **more})
        return replay_main.Played(DAY_ONE, DAY_ONE + timedelta(days=1), 12, 900, 3)

    monkeypatch.setattr(replay_main, "run", played)
    for name in ("f.csv", "m.toml"):
        (tmp_path / name).write_text("", encoding="utf-8")
    words = ["replay", str(tmp_path / "f.csv"), "--mapping", str(tmp_path / "m.toml")]
    times = ("--start", "2022-01-13", "--end", "2022-01-14T08:00:00+0800", "--live-from", "2022-01-13T20:00")
    ran = fengsui(*words, *times, "--out", "a.csv")
    assert ran.stdout == "replayed 12 records over 1,440 minutes: 3 transitions in a.csv\n"
    assert asked[0]["start"] == datetime(2022, 1, 13, tzinfo=UTC)
    assert asked[0]["end"] == datetime(2022, 1, 14, tzinfo=UTC)
    assert asked[0]["live_from"] == datetime(2022, 1, 13, 20, tzinfo=UTC)
    assert fengsui(*words).exit_code == 0
    assert asked[1]["start"] is None


def test_replay_tells_mistakes_of_the_mapping_and_an_empty_stretch(
    fengsui: Fengsui, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from fengsui.replay import main as replay_main
    from fengsui.replay.history import BadHistory

    (tmp_path / "f.csv").write_text("", encoding="utf-8")
    (tmp_path / "m.toml").write_text("", encoding="utf-8")

    def wrong(file: Path, mapping: Path, **_: Any) -> None:
        parse("nonsense = 1", tmp_path, {})

    def empty(file: Path, mapping: Path, **_: Any) -> None:
        raise BadHistory("nothing", file=file.name)

    words = ["replay", str(tmp_path / "f.csv"), "--mapping", str(tmp_path / "m.toml")]
    monkeypatch.setattr(replay_main, "run", wrong)
    ran = fengsui(*words)
    assert (ran.exit_code, ran.stderr.partition(" ")[0]) == (2, "m.toml:1")
    monkeypatch.setattr(replay_main, "run", empty)
    assert "f.csv" in fengsui(*words).stderr


# --- tables ----------------------------------------------------------------------------------------------------------


def test_chinese_is_two_columns_wide_and_long_cells_are_cut(capsys: pytest.CaptureFixture[str]):
    print_table(["名", "x"], [["a", "1"], ["长" * 50, "b\nc"]])
    lines = capsys.readouterr().out.splitlines()
    assert width(lines[1].partition("1")[0]) == width(lines[2].partition("b")[0]) == 41
    assert lines[2].endswith("…   b c") or lines[2].endswith("…  b c")


@pytest.mark.parametrize(
    ("host", "public", "account", "listens", "told"),
    [
        ("0.0.0.0", "", True, "0.0.0.0", "没有 TLS"),
        ("0.0.0.0", "http://watch.example.com", True, "0.0.0.0", "没有 TLS"),
        ("0.0.0.0", "https://watch.example.com", True, "0.0.0.0", ""),
        ("0.0.0.0", "", False, "127.0.0.1", "还没有人能登录"),
        ("127.0.0.1", "", True, "127.0.0.1", ""),
    ],
)
def test_passwords_in_clear_on_the_network_are_warned_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str, public: str, account: bool, listens: str, told: str
) -> None:
    (tmp_path / "fengsui.toml").write_text(f'[server]\nhost = "{host}"\npublic_url = "{public}"\n', encoding="utf-8")
    where = Where(tmp_path, "zh_CN")
    settings = where.settings()
    store = where.store(settings)
    upgrade(store)
    if account:
        create(store, "wang", "王敏", "admin", by="t", now=datetime.now(UTC), password=GOOD)
    store.dispose()
    assert safe_host(where, settings) == listens
    out = capsys.readouterr().out
    assert told in out if told else not out.strip()
