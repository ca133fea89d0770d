"""The duty roster of the demo centre: three shifts a day, invented names, as rows of a file that a centre would import."""

from __future__ import annotations

from datetime import date, timedelta

OFFICERS = (("张晓雯", "8021"), ("陈立", "8022"), ("赵倩", "8023"), ("吴磊", "8024"), ("孙悦", "8025"), ("周航", "8026"))
MANAGERS = (("王敏", "8001"), ("李建国", "8002"), ("刘芳", "8003"))
SHIFTS = (("00:00", "08:00"), ("08:00", "16:00"), ("16:00", "24:00"))


def rota_rows(first: date, days: int) -> list[dict[str, str]]:
    """日期, 开始, 结束, 角色, 姓名, 分机; everybody in turn."""
    rows = []
    for n in range(days):
        day = (first + timedelta(days=n)).isoformat()
        for k, (start, end) in enumerate(SHIFTS):
            turn = n * len(SHIFTS) + k
            for role, (name, extension) in (
                ("值班员", OFFICERS[turn % len(OFFICERS)]),
                ("值班主管", MANAGERS[(turn + n) % len(MANAGERS)]),
            ):
                rows.append({"日期": day, "开始": start, "结束": end, "角色": role, "姓名": name, "分机": extension})
    return rows
