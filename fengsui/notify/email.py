"""E-mail: one message to one person, plain text with the same in simple HTML. Its Message-ID is the notice's id."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from email.utils import format_datetime
from functools import cache
from html import escape

import httpx

from fengsui.notify.fault import Later, Mend, NotSent, Undeliverable
from fengsui.notify.message import Message
from fengsui.notify.post import BUSY, UNREACHABLE
from fengsui.settings.channel import Channel

TIMEOUT_S = 5.0
PORTS = {"tls": 465, "starttls": 587, "none": 25}
GRAVE = 3


def to_email(channel: Channel, message: Message, client: httpx.Client) -> None:
    if not message.address:
        raise Undeliverable("notify.fault.nobody")
    letter = letter_of(str(channel.sender), message)
    try:
        server = _connected(channel)
    except NotSent:
        raise
    except (OSError, smtplib.SMTPException) as fault:
        raise _away(fault) from fault
    try:
        server.send_message(letter)
    except (OSError, smtplib.SMTPException) as fault:
        raise _refused(fault) from fault
    finally:
        with suppress(OSError, smtplib.SMTPException):  # it has been taken, or the fault is known already
            server.quit()


def letter_of(sender: str, message: Message) -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"] = sender, message.address
    letter["Subject"] = " ".join(message.title.split())
    letter["Date"] = format_datetime(message.sending)
    letter["Message-ID"] = f"<{message.notice_id}@{sender.rpartition('@')[2].strip(' >')}>"
    letter["Auto-Submitted"] = "auto-generated"  # nobody's out-of-office answers it
    if message.tier >= GRAVE:
        letter["Importance"] = "high"
    letter.set_content(f"{message.whole}\n\n{message.link}\n")
    lines = "".join(f"<p>{escape(line)}</p>" for line in message.whole.splitlines()[1:])
    link = escape(message.link, quote=True)
    letter.add_alternative(f'<h3>{escape(message.title)}</h3>{lines}<p><a href="{link}">{link}</a></p>', subtype="html")
    return letter


def _connected(channel: Channel) -> smtplib.SMTP:
    host, port = str(channel.host), channel.port or PORTS[channel.security]
    if channel.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=_authorities())
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    try:
        if channel.security == "starttls":
            _start_tls(server)
        if channel.user:
            _log_in(server, channel)
    except BaseException:
        server.close()
        raise
    return server


def _start_tls(server: smtplib.SMTP) -> None:
    try:
        server.starttls(context=_authorities())
    except (smtplib.SMTPNotSupportedError, smtplib.SMTPResponseException) as fault:  # going on in clear is no choice of ours
        raise Mend("notify.fault.tls", str(fault)) from fault


def _log_in(server: smtplib.SMTP, channel: Channel) -> None:
    try:
        server.login(str(channel.user), str(channel.password or ""))
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as fault:
        raise Mend("notify.fault.login", _words(fault)) from fault


def _away(fault: Exception) -> NotSent:
    if isinstance(fault, ssl.SSLError):
        return Mend("notify.fault.tls", str(fault.reason or type(fault).__name__))
    return Later(UNREACHABLE, said=type(fault).__name__, whole=True)


def _refused(fault: Exception) -> NotSent:
    """4xx passes by itself (grey lists, full boxes); 5xx is for the address, the sender or the content."""
    if isinstance(fault, smtplib.SMTPRecipientsRefused):
        number, words = next(iter(fault.recipients.values()))
        said = f"{number} {words.decode(errors='replace')}"
        return Later(BUSY, said=said) if number < 500 else Undeliverable("notify.fault.recipient", said)
    if isinstance(fault, smtplib.SMTPResponseException):
        if fault.smtp_code < 500:
            return Later(BUSY, said=_words(fault))
        sender = isinstance(fault, smtplib.SMTPSenderRefused)
        return Mend("notify.fault.sender", _words(fault)) if sender else Undeliverable("notify.fault.content", _words(fault))
    return _away(fault)


def _words(fault: Exception) -> str:
    if not isinstance(fault, smtplib.SMTPResponseException):
        return type(fault).__name__
    said = fault.smtp_error
    return f"{fault.smtp_code} {said.decode(errors='replace') if isinstance(said, bytes) else said}"


@cache
def _authorities() -> ssl.SSLContext:
    return ssl.create_default_context()
