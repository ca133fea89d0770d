"""Taking a view away as a file: who may is asked again, a reason is needed, and the file is made when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from fengsui.board import export as exporter
from fengsui.board.export import FORMATS, PNG, REASON_MAX, ROLES, File, Picture, Table
from fengsui.board.wrong import Wrong
from pages.look import trouble
from pages.look.house import house, now
from pages.look.pieces import esc
from pages.look.tokens import FONT, TOKENS, mode
from pages.look.visitor import Visitor, require_role

_OPEN, _ASKED, _FILE, _TOLD = "export_open", "export_asked", "export_file", "export_told"
Make = Callable[[Visitor], Table]


@dataclass(frozen=True, slots=True)
class Chart:
    """How a chart is called on the picture, what must be said of it, and what its colours mean."""

    title: str
    second: str = ""
    keys: Sequence[tuple[str, str]] = ()


Charts = Mapping[str, Chart]
"""Key of the box that holds a chart on the page -> the chart."""
NO_CHARTS: Charts = {}
HERE = Path(__file__).parent


def button(visitor: Visitor, view: str) -> None:
    """Only for those who may."""
    if visitor.person.role in ROLES:
        st.button(visitor.say("pages.export.button"), key=f"export_{view}", on_click=_show, args=(view,))


def dialog(visitor: Visitor, view: str, make: Make, charts: Charts = NO_CHARTS) -> None:
    """Where it is open. ``make``: the table as it is then, in the visitor's scope. ``charts``: those that a picture shows."""
    if st.session_state.get(_OPEN) == view and visitor.person.role in ROLES:
        st.dialog(visitor.say("pages.export.title"), on_dismiss=close)(trouble.guarded(_form))(visitor, make, charts)


def asked() -> bool:
    """Once after the press, for a button that stands in a fragment."""
    return bool(st.session_state.pop(_ASKED, False))


def _show(view: str) -> None:
    close()
    st.session_state[_OPEN] = view
    st.session_state[_ASKED] = True


def close() -> None:
    for name in (_OPEN, _ASKED, _FILE, _TOLD):
        st.session_state.pop(name, None)


def _form(visitor: Visitor, make: Make, charts: Charts) -> None:
    if _OPEN not in st.session_state:
        st.rerun()  # closed by its own button, which reran only the dialog
    st.html(f'<p class="xp">{esc(visitor.say("pages.export.second", n=house().settings.limits.export_rows))}</p>')
    st.segmented_control(
        visitor.say("pages.export.format"),
        [*FORMATS, *([PNG] if charts else [])],
        default="xlsx",
        required=True,
        format_func=lambda name: visitor.say(f"pages.export.format.{name}"),
        key="export_format",
    )
    st.text_input(
        visitor.say("pages.export.reason"),
        key="export_reason",
        max_chars=REASON_MAX,
        placeholder=visitor.say("pages.export.reason_hint"),
    )
    told = st.session_state.get(_TOLD)
    if told:
        st.html(f'<p class="xp" role="alert"><b class="c3">✖</b> {esc(told)}</p>')
    file: File | Picture | None = st.session_state.get(_FILE)
    if isinstance(file, Picture):
        st.html(f'<p class="xp" role="status">✓ {esc(visitor.say("pages.export.drawn", name=file.name))}</p>')
    elif file is not None:
        words = visitor.say("pages.export.ready", name=file.name, n=file.rows)
        more = visitor.say("pages.export.cut") if file.cut else ""
        st.html(f'<p class="xp" role="status">✓ {esc(words)} {esc(more)}</p>')
    with st.container(horizontal=True, key="export_row"):
        st.button(
            visitor.say("pages.export.make"),
            key="export_make",
            type="primary" if file is None else "secondary",
            on_click=_make,
            args=(make, charts),
        )
        if isinstance(file, Picture):
            _draw(visitor, file, charts)
        elif file is not None:
            _download(visitor, file)
        st.button(visitor.say("pages.form.close"), key="export_close", on_click=close)


def _download(visitor: Visitor, file: File) -> None:
    st.download_button(
        visitor.say("pages.export.download"),
        file.content,
        file_name=file.name,
        mime=file.mime,
        key="export_download",
        type="primary",
        on_click="ignore",
    )


def _draw(visitor: Visitor, picture: Picture, charts: Charts) -> None:
    """The browser puts the charts as it shows them under their names, and the mark below."""
    token = TOKENS[mode()]
    data = {
        "name": picture.name,
        "mark": picture.mark,
        "charts": [{"key": key, **asdict(one)} for key, one in charts.items()],
        "go": visitor.say("pages.export.download"),
        "nothing": visitor.say("pages.export.no_chart"),
        "look": {"font": FONT, "panel": token["panel"], "text": token["text"], "mut": token["mut"]},
    }
    script, sheet = ((HERE / f"picture.{kind}").read_text(encoding="utf-8") for kind in ("js", "css"))
    st.components.v2.component("fengsui_picture", html='<div id="r"></div>\n', css=sheet, js=script)(
        data=data, key="export_picture", width="content"
    )


def _make(make: Make, charts: Charts) -> None:
    visitor = require_role(ROLES)
    kind, reason = (str(st.session_state.get(f"export_{name}") or "") for name in ("format", "reason"))
    st.session_state.pop(_FILE, None)
    st.session_state.pop(_TOLD, None)
    try:
        table = make(visitor)
        asked = (house().writer, house().settings, visitor.person)
        if kind == PNG and charts:
            about = (f"{table.view}_charts", table.title, table.about)
            st.session_state[_FILE] = exporter.picture(*asked, *about, reason, visitor.lang, now())
        else:
            st.session_state[_FILE] = exporter.export(*asked, table, kind, reason, visitor.lang, now())
    except Wrong as fault:
        st.session_state[_TOLD] = " ".join(_words(visitor, one) for one in fault.mistakes)
    except Exception as fault:  # told, and no file leaves without its audit row
        st.session_state[_TOLD] = visitor.say("pages.trouble.not_stored", why=visitor.why(fault))


def _words(visitor: Visitor, one: Any) -> str:
    return visitor.say(f"pages.export.wrong.{one.place[0]}", why=visitor.say(one.code, **one.params))
