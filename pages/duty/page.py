"""值守: 我的待办, 交接班, 值班表, 静默, 预警质量. One address each: ``?section=…``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pages.duty import handover, quality, reach, rota, said, silence, todo
from pages.look import sections, trouble
from pages.look.dress import dress
from pages.look.sections import Section
from pages.look.visitor import DESK, require_role

HERE = Path(__file__).parent
SECTIONS: Mapping[str, Section] = {
    "todo": todo.section,
    "handover": handover.section,
    "rota": rota.section,
    "silence": silence.section,
    "quality": quality.section,
    "reach": reach.section,
}


def page() -> None:
    visitor = require_role(DESK)
    dress(sheet=HERE / "duty.css")
    said.tell()
    section = sections.chosen(visitor, "duty", "duty.bar.section", "duty.bar", SECTIONS)
    trouble.guarded(section)(visitor)
