"""Where the invented customers live: 大区 / 省 / 网点, with each branch's share of all contacts."""

from __future__ import annotations

from typing import NamedTuple


class Branch(NamedTuple):
    region: str
    province: str
    name: str
    share: float


BRANCHES = (
    Branch("华南", "广东", "天河网点", 0.085),
    Branch("华南", "广东", "福田网点", 0.080),
    Branch("华南", "广西", "青秀网点", 0.030),
    Branch("华南", "海南", "龙华网点", 0.020),
    Branch("华东", "上海", "徐汇网点", 0.085),
    Branch("华东", "江苏", "玄武网点", 0.060),
    Branch("华东", "江苏", "姑苏网点", 0.045),
    Branch("华东", "浙江", "西湖网点", 0.065),
    Branch("华北", "北京", "朝阳网点", 0.080),
    Branch("华北", "河北", "长安网点", 0.040),
    Branch("华北", "山东", "历下网点", 0.055),
    Branch("华中", "湖北", "武昌网点", 0.050),
    Branch("华中", "湖南", "岳麓网点", 0.040),
    Branch("华中", "河南", "金水网点", 0.050),
    Branch("西南", "四川", "锦江网点", 0.060),
    Branch("西南", "重庆", "渝中网点", 0.045),
    Branch("西南", "云南", "五华网点", 0.025),
    Branch("东北", "辽宁", "和平网点", 0.040),
    Branch("东北", "吉林", "南关网点", 0.025),
    Branch("东北", "黑龙江", "道里网点", 0.020),
)

REGIONS = tuple(dict.fromkeys(b.region for b in BRANCHES))


def in_region(region: str) -> list[int]:
    """Positions in BRANCHES of the branches of a region."""
    return [n for n, branch in enumerate(BRANCHES) if branch.region == region]
