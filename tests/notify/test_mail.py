"""Mail to a real SMTP server on this machine, and an SMS gateway with answers of its own."""

from __future__ import annotations

import base64
import socketserver
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import insert, select

from fengsui import notify, people
from fengsui.notify import email
from fengsui.notify.gateway import fill, text_at
from fengsui.settings.channel import Channel
from fengsui.settings.model import Notify, Server, Settings
from fengsui.store.tables import outbox
from tests.notify.words import PARAMS

NOW = datetime(2026, 11, 18, 6, 32, tzinfo=UTC)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    crt, private = folder / "server.crt", folder / "server.pk"
    crt.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return crt, private


class Office:
    """What the mail server does: ``refuse`` maps a command to its answer; ``starttls``: whether it offers it."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], bytes, bool]] = []
        self.logins: list[str] = []
        self.refuse: dict[str, str] = {}
        self.starttls, self.at_once = True, False
        self.context: ssl.SSLContext | None = None


class Talk(socketserver.StreamRequestHandler):
    """SMTP as far as a client needs it (RFC 5321, 3207, 4954)."""

    server: Post

    def handle(self) -> None:
        office, self.safe, self.sender, self.rcpt = self.server.office, False, "", []
        if office.at_once:
            self._secure()
        self._say("220 localhost")
        while line := self.rfile.readline():
            words = line.decode().strip()
            verb = words.split(" ")[0].split(":")[0].upper()
            if verb == "QUIT":
                self._say("221 bye")
                return
            if verb in office.refuse:
                self._say(office.refuse[verb])
            else:
                getattr(self, f"_{verb.lower()}")(words)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())
        self.wfile.flush()

    def _secure(self) -> None:
        self.request = self.server.office.context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb")
        self.safe = True

    def _ehlo(self, _: str) -> None:
        offers = ["localhost", "8BITMIME", *([] if self.safe or not self.server.office.starttls else ["STARTTLS"])]
        offers += ["AUTH PLAIN"] if self.safe else []
        for one in offers[:-1]:
            self._say(f"250-{one}")
        self._say(f"250 {offers[-1]}")

    def _starttls(self, _: str) -> None:
        self._say("220 go")
        self._secure()

    def _auth(self, words: str) -> None:
        told = base64.b64decode(words.split()[2]).decode()
        self.server.office.logins.append(told)
        self._say("235 ok" if told == "\0watch\0right" else "535 5.7.8 bad credentials")

    def _mail(self, words: str) -> None:
        self.sender = words
        self._say("250 ok")

    def _rcpt(self, words: str) -> None:
        self.rcpt.append(words.partition("<")[2].partition(">")[0])
        self._say("250 ok")

    def _rset(self, _: str) -> None:
        self._say("250 ok")

    def _data(self, _: str) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        self.server.office.mails.append((self.sender, self.rcpt, b"".join(lines), self.safe))
        self._say(self.server.office.refuse.get("END", "250 taken"))


class Post(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads = True, True

    def __init__(self, office: Office) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.office = office

    def handle_error(self, *_: object) -> None:
        """A client that does not trust the certificate hangs up: nothing to report."""


@pytest.fixture
def office(certificate, monkeypatch) -> Iterator[Office]:
    played = Office()
    played.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    played.context.load_cert_chain(*certificate)
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    monkeypatch.setattr(email, "_authorities", lambda: trusted)
    server = Post(played)
    played.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield played
    server.shutdown()
    server.server_close()


def mail(office: Office, **more) -> Channel:
    office.at_once = more.get("security") == "tls"
    given = {"kind": "email", "host": "localhost", "port": office.port, "sender": "烽燧 <watch@example.com>"}
    return Channel(**given | {"security": "starttls", "user": "watch", "password": "right"} | more)


def settings_of(tmp_path: Path, **channels: Channel) -> Settings:
    return Settings(home=tmp_path, server=Server(public_url="https://w.example.com"), notify=Notify(channels=channels))


def staff(store, **addresses):
    for name, address in addresses.items():
        people.create(store, name, name.title(), "duty", by="t", now=NOW)
        if address:
            people.set_reach(store, name, by="t", now=NOW, **{"email" if "@" in address else "mobile": address})


def put(store, *, recipient="duty", tier=3, prefix="n", channel="mail", kind="raised", **more):
    row = {"kind": kind, "channel": channel, "recipient": recipient, "created_at": NOW, "due_at": NOW, "state": "pending"}
    row |= {"notice_id": f"{prefix}1", "episode_id": "e1", "code": "alerts.notice.opened", "params": {**PARAMS, "tier": tier}}
    with store.begin() as conn:
        conn.execute(insert(outbox).values(**row | more))


def rows(store):
    with store.connect() as conn:
        return {(row.recipient, row.state, row.fault_code) for row in conn.execute(select(outbox))}


def go(store, settings, at=NOW, client=None):
    return notify.deliver(store, settings, at, lambda conn: None, client)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_each_person_of_the_role_gets_a_mail_over_tls(sqlite_store, tmp_path, office, security):
    staff(sqlite_store, wang="wang@example.com", li="li@example.com", zhao=None)
    put(sqlite_store)
    settings = settings_of(tmp_path, mail=mail(office, security=security))
    assert go(sqlite_store, settings).sent == 2
    assert rows(sqlite_store) == {("duty", "spread", None), ("person:li", "sent", None), ("person:wang", "sent", None)}
    assert [rcpt for _, rcpt, _, _ in office.mails] == [["li@example.com"], ["wang@example.com"]]
    assert all(safe for *_, safe in office.mails) and office.logins == ["\0watch\0right"] * 2
    letter = message_from_bytes(office.mails[0][2], policy=policy.default)
    assert letter["Subject"] == "◆ 严重 新预警｜华南 · App：支付投诉突增"
    assert (letter["Importance"], letter["Auto-Submitted"]) == ("high", "auto-generated")
    with sqlite_store.connect() as conn:
        mine = conn.scalar(select(outbox.c.notice_id).where(outbox.c.recipient == "person:li"))
    assert letter["Message-ID"] == f"<{mine}@example.com>"
    assert "\nhttps://w.example.com/claim/" in letter.get_body(("plain",)).get_content()
    assert '<a href="https://w.example.com/claim/' in letter.get_body(("html",)).get_content()
    assert go(sqlite_store, settings) == notify.Delivered()


@pytest.mark.parametrize(
    ("refuse", "more", "code", "state"),
    [
        ({}, {"password": "wrong"}, "notify.fault.login", "pending"),
        ({"STARTTLS": "454 no"}, {}, "notify.fault.tls", "pending"),
        ({"MAIL": "550 not yours"}, {}, "notify.fault.sender", "pending"),
        ({"RCPT": "550 no such user"}, {}, "notify.fault.recipient", "failed"),
        ({"RCPT": "450 grey list"}, {}, "notify.fault.busy", "pending"),
        ({"END": "554 spam"}, {}, "notify.fault.content", "failed"),
        ({"END": "452 disk full"}, {}, "notify.fault.busy", "pending"),
        ({}, {"port": 1}, "notify.fault.unreachable", "pending"),
        ({}, {"host": "127.0.0.1"}, "notify.fault.tls", "pending"),  # the certificate is of another name
    ],
)
def test_what_a_mail_server_refuses_is_named(sqlite_store, tmp_path, office, refuse, more, code, state):
    staff(sqlite_store, wang="wang@example.com")
    office.refuse = refuse
    put(sqlite_store, recipient="person:wang")
    go(sqlite_store, settings_of(tmp_path, mail=mail(office, **more)))
    assert rows(sqlite_store) == {("person:wang", state, code)}


def test_a_server_that_offers_no_encryption_gets_neither_password_nor_mail(sqlite_store, tmp_path, office):
    staff(sqlite_store, wang="wang@example.com")
    office.starttls = False
    put(sqlite_store)
    go(sqlite_store, settings_of(tmp_path, mail=mail(office)))
    assert (office.mails, office.logins) == ([], [])
    assert ("person:wang", "pending", "notify.fault.tls") in rows(sqlite_store)


def test_a_line_break_in_a_name_adds_no_header(sqlite_store, tmp_path, office):
    staff(sqlite_store, wang="wang@example.com")
    put(sqlite_store, params={**PARAMS, "metric": "x\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>", "tier": 3})
    assert go(sqlite_store, settings_of(tmp_path, mail=mail(office))).sent == 1
    letter = message_from_bytes(office.mails[0][2], policy=policy.default)
    assert letter["Bcc"] is None
    assert "<script>" not in letter.get_body(("html",)).get_content()
    assert office.mails[0][1] == ["wang@example.com"]


def test_a_role_that_nobody_is_reached_in_fails_visibly_or_falls_back(sqlite_store, tmp_path, office):
    staff(sqlite_store, zhao=None)
    put(sqlite_store)
    go(sqlite_store, settings_of(tmp_path, mail=mail(office)))
    assert rows(sqlite_store) == {("duty", "failed", "notify.fault.nobody")}
    put(sqlite_store, prefix="x")
    go(sqlite_store, settings_of(tmp_path, mail=mail(office, fallback="log"), log=Channel(kind="log")))
    assert ("duty", "rerouted", "notify.fault.nobody") in rows(sqlite_store)


def test_fixed_addresses_stand_for_roles_and_not_for_persons(sqlite_store, tmp_path, office):
    staff(sqlite_store, wang="wang@example.com")
    put(sqlite_store)
    put(sqlite_store, prefix="x", recipient="person:wang", kind="assigned")
    go(sqlite_store, settings_of(tmp_path, mail=mail(office, to=("duty@example.com", "boss@example.com"))))
    assert sorted(rcpt[0] for _, rcpt, _, _ in office.mails) == ["boss@example.com", "duty@example.com", "wang@example.com"]


# --- the gateway -----------------------------------------------------------------------------------------------------


def sms(**more) -> Channel:
    template = {"to": "{phone}", "content": "{text} {link}", "nested": [{"id": "{id}"}], "n": 1, "odd": "{ {what} {"}
    return Channel(**{"kind": "gateway", "url": "https://sms.test/send", "template": template, "success": "result.code"} | more)


@pytest.mark.parametrize("encoding", ["json", "form", "query"])
def test_a_gateway_gets_its_template_filled(sqlite_store, tmp_path, encoding):
    got: list[httpx.Request] = []
    answer = {"result": {"code": 0}}
    staff(sqlite_store, wang="13800000001")
    put(sqlite_store, channel="sms", params={**PARAMS, "metric": "{phone}{link}", "tier": 3})
    template = {"to": "{phone}", "content": "{text}"}
    channel = sms(encoding=encoding, template=template, headers={"Authorization": "Bearer k"}, text_chars=60)
    transport = httpx.MockTransport(lambda request: got.append(request) or httpx.Response(200, json=answer))
    with httpx.Client(transport=transport) as client:
        assert go(sqlite_store, settings_of(tmp_path, sms=channel), client=client).sent == 1
    (request,) = got
    assert request.headers["Authorization"] == "Bearer k"
    sent = str(request.url) if encoding == "query" else request.content.decode()
    assert "13800000001" in sent and sent.count("13800000001") == 1, "a word is never read as a template"


def test_filling_keeps_what_it_does_not_know():
    words = {"phone": "1", "text": "{phone}"}
    assert fill({"a": ["{phone}-{text}", 3, None], "b": "{ {what} {"}, words) == {
        "a": ["1-{phone}", 3, None],
        "b": "{ {what} {",
    }


@pytest.mark.parametrize(
    ("body", "path", "found"),
    [
        ({"code": 0}, "code", "0"),
        ({"a": [{"ok": True}]}, "a.0.ok", "true"),
        ({"a": "OK"}, "a", "OK"),
        ({"a": []}, "a.0", None),
        ({}, "a.b", None),
        ({"a": None}, "a", "null"),
    ],
)
def test_the_success_path(body, path, found):
    assert text_at(body, path) == found


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        (httpx.Response(200, json={"result": {"code": "isv.AMOUNT_NOT_ENOUGH"}}), "failed", "notify.fault.refused"),
        (httpx.Response(200, json={"result": None}), "failed", "notify.fault.refused"),
        (httpx.Response(200, text="<html>"), "pending", "notify.fault.no_answer"),
        (httpx.Response(401), "failed", "notify.fault.refused"),
        (httpx.Response(503), "pending", "notify.fault.busy"),
    ],
)
def test_what_a_gateway_refuses(sqlite_store, tmp_path, answer, state, code):
    staff(sqlite_store, wang="13800000001")
    put(sqlite_store, channel="sms")
    with httpx.Client(transport=httpx.MockTransport(lambda request: answer)) as client:
        go(sqlite_store, settings_of(tmp_path, sms=sms()), client=client)
    assert ("person:wang", state, code) in rows(sqlite_store)


def test_a_mail_holds_a_link_of_its_own_person_and_a_group_never_does(sqlite_store, tmp_path, office):
    staff(sqlite_store, wang="wang@example.com", li="li@example.com")
    put(sqlite_store)
    put(sqlite_store, channel="room", prefix="r")
    settings = settings_of(tmp_path, mail=mail(office), room=Channel(kind="webhook", url="https://room.test/"))
    got: list[bytes] = []
    transport = httpx.MockTransport(lambda request: got.append(request.content) or httpx.Response(200))
    with httpx.Client(transport=transport) as client:
        assert go(sqlite_store, settings, client=client).sent == 3
    assert b"/claim/" not in got[0]
    for (_, [address], letter, _), name in zip(office.mails, ("li", "wang"), strict=True):
        text = message_from_bytes(letter, policy=policy.default).get_body(("plain",)).get_content()
        token = text.partition("https://w.example.com/claim/")[2].split()[0]
        found = people.open_claim_link(sqlite_store, token, NOW)
        assert address == f"{name}@example.com"
        assert (found.person.person_id, found.episode_id, found.used) == (name, "e1", False)
        assert people.open_claim_link(sqlite_store, token, NOW + timedelta(hours=24)) is None


def test_without_a_public_address_there_is_no_personal_link(sqlite_store, tmp_path, office):
    staff(sqlite_store, wang="wang@example.com")
    put(sqlite_store)
    go(sqlite_store, Settings(home=tmp_path, notify=Notify(channels={"mail": mail(office)})))
    assert b"/claim/" not in office.mails[0][2]
