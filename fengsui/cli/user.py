"""``fengsui user``: persons from the command line. The first administrator is made here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from fengsui.cli.table import print_table
from fengsui.cli.where import Where, pass_where, utc_now

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from fengsui.people import PersonFault

BY = "cli"
ROLES = ("wall", "duty", "manager", "analyst", "admin", "auditor")
_stdin = click.option("--password-stdin", is_flag=True, help="从标准输入读密码 · read the password from standard input")
_once = click.option(
    "--once", is_flag=True, help="只能登录一次，登录时须改成自己的 · works once: a new one must be chosen then"
)


@click.group(short_help="人员：添加、列出、停用、改密码 · persons who may sign in")
def user() -> None:
    """登录人员 · persons who may sign in."""


@user.command()
@click.argument("person_id")
@click.option("--name", help="姓名，默认同账号 · display name")
@click.option("--role", type=click.Choice(ROLES), default="duty", show_default=True)
@click.option(
    "--scope", multiple=True, metavar="ORG", help="可见机构，如 华南 或 华东/上海，可多次 · organisation scope, repeatable"
)
@click.option("--title", help="职务 · title")
@_stdin
@_once
@pass_where
def add(
    where: Where,
    person_id: str,
    name: str | None,
    role: str,
    scope: tuple[str, ...],
    title: str | None,
    password_stdin: bool,
    once: bool,
) -> None:
    """添加人员并设密码 · add a person with a password."""
    from fengsui.people import PersonFault, create

    settings = where.settings()
    store = where.store(settings)
    secret, least = _password(where, stdin=password_stdin), settings.sign_in.password_least
    try:
        create(
            store,
            person_id,
            name or person_id,
            role,
            by=BY,
            now=utc_now(),
            scope=scope,
            title=title,
            password=secret,
            must_change=once,
            least=least,
        )
    except PersonFault as fault:
        _refused(where, fault)
    where.tell("cli.user.added", person=person_id, role=where.say(f"locale.role.{role}"))


@user.command("list")
@pass_where
def list_(where: Where) -> None:
    """列出人员 · list persons."""
    from fengsui.people import every_person

    rows = [
        (who.person_id, who.name, where.say(f"locale.role.{who.role}"), " ".join(who.scope), _state(where, who.active))
        for who in every_person(_store(where))
    ]
    print_table([where.say(f"cli.user.head_{name}") for name in ("id", "name", "role", "scope", "state")], rows)


@user.command()
@click.argument("person_id")
@click.option("--undo", is_flag=True, help="重新启用 · enable again")
@pass_where
def disable(where: Where, person_id: str, undo: bool) -> None:
    """停用人员并结束其全部登录 · switch a person off and end their sessions."""
    from fengsui.people import PersonFault, change

    try:
        change(_store(where), person_id, by=BY, now=utc_now(), active=undo)
    except PersonFault as fault:
        _refused(where, fault)
    where.tell("cli.user.enabled" if undo else "cli.user.disabled", person=person_id)


@user.command()
@click.argument("person_id")
@_stdin
@_once
@pass_where
def password(where: Where, person_id: str, password_stdin: bool, once: bool) -> None:
    """重设密码并结束其全部登录 · set a new password and end their sessions."""
    from fengsui.people import PersonFault, set_password

    settings = where.settings()
    store, secret = where.store(settings), _password(where, stdin=password_stdin)
    least = settings.sign_in.password_least
    try:
        set_password(store, person_id, secret, by=BY, now=utc_now(), must_change=once, least=least)
    except PersonFault as fault:
        _refused(where, fault)
    where.tell("cli.user.password_set", person=person_id)


@user.command("second-factor")
@click.argument("person_id")
@click.option("--remove", is_flag=True, help="手机丢了：重置，下次登录重新设置 · the phone is lost: set it up anew")
@pass_where
def second_factor(where: Where, person_id: str, remove: bool) -> None:
    """查看或重置两步验证 · two-step verification: is it on, or reset it."""
    from fengsui.people import PersonFault, factor_of, remove_factor

    store = _store(where)
    try:
        if remove:
            remove_factor(store, person_id, by=BY, now=utc_now())
    except PersonFault as fault:
        _refused(where, fault)
    found = factor_of(store, person_id)
    where.tell("cli.user.second_on" if found else "cli.user.second_off", person=person_id, n=found.codes_left if found else 0)


@user.command()
@click.argument("person_id")
@click.option("--email", help="邮箱 · e-mail")
@click.option("--mobile", help="手机号 · mobile number")
@click.option("--wecom", help="企业微信 userid")
@click.option("--dingtalk", help="钉钉 userId")
@click.option("--feishu", help="飞书 open_id")
@click.option("--quiet", help="免打扰时段，如 22:00-07:00；严重预警照发 · quiet hours; severe news come all the same")
@pass_where
def reach(where: Where, /, person_id: str, **given: str | None) -> None:
    """设置或查看联系方式，空文字清除 · where a person is reached; an empty text takes one away."""
    from fengsui.people import PersonFault, Reach, every_reach, set_reach

    store, wanted = _store(where), {name: value for name, value in given.items() if value is not None}
    try:
        found = (
            set_reach(store, person_id, by=BY, now=utc_now(), **wanted)
            if wanted
            else every_reach(store).get(person_id, Reach())
        )
    except PersonFault as fault:
        _refused(where, fault)
    for name in given:
        where.tell("cli.user.reach", name=name, value=getattr(found, name) or "—")


def _store(where: Where) -> Engine:
    return where.store(where.settings())


def _state(where: Where, active: bool) -> str:
    return where.say("cli.user.active" if active else "cli.user.inactive")


def _password(where: Where, *, stdin: bool) -> str:
    if stdin:
        return sys.stdin.readline().rstrip("\r\n")
    typed: str = click.prompt(
        where.say("cli.user.prompt"), type=str, hide_input=True, confirmation_prompt=where.say("cli.user.prompt_again")
    )
    return typed


def _refused(where: Where, fault: PersonFault) -> None:
    where.fail(fault.code, fault.params)
