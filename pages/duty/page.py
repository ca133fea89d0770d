"""值守: 我的待办, 交接班, 值班表, 静默, 演练, 归档, 预警质量, 通知方式, 系统告警. One address each: ``?section=…``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pages.duty import archive, drill, handover, quality, reach, rota, said, silence, system, todo
from pages.look import sections, trouble
from pages.look.dress import dress
from pages.look.sections import Section
from pages.look.system import banner
from pages.look.visitor import DESK, require_role

HERE = Path(__file__).parent
SECTIONS: Mapping[str, Section] = {
    "todo": todo.section,
    "handover": handover.section,
    "rota": rota.section,
    "silence": silence.section,
    "drill": drill.section,
    "archive": archive.section,
    "quality": quality.section,
    "reach": reach.section,
    "system": system.section,
}


def page() -> None:
    visitor = require_role(DESK)
    dress(sheet=HERE / "duty.css")
    said.tell()
    banner(visitor)
    section = sections.chosen(visitor, "duty", "duty.bar.section", "duty.bar", SECTIONS)
    trouble.guarded(section)(visitor)
