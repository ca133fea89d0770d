"""The one sentence that a person would say aloud: how much more, where it comes from, what is left over."""

from __future__ import annotations

from fengsui.board.explore import Finding, Part
from fengsui.store.slices import ALL, UNKNOWN, slice_levels
from pages.look.figures import together
from pages.look.house import house
from pages.look.visitor import Visitor

NAMED = 2
LIKE_USUAL = 1.0
"""In roots of what is usual: closer than this there is nothing to explain."""


def place(visitor: Visitor, key: str, whole: str = ALL) -> str:
    """A slice without what its whole says already; 未填 with the name of the dimension."""
    known = slice_levels(whole)
    left = {level: value for level, value in slice_levels(key).items() if known.get(level) != value}
    return short(visitor, left) if left else visitor.say("pages.alert.place", key=key)


def short(visitor: Visitor, levels: dict[str, str]) -> str:
    """``华南 · 支付失败``: of a path its last step, organisations and channels first."""
    order = sorted(levels, key=lambda level: (not level.startswith("org"), not level.startswith("channel"), level))
    return " · ".join(_value(visitor, level, levels[level]) for level in order)


def _value(visitor: Visitor, level: str, value: str) -> str:
    """What nobody filled in needs the name of what is missing."""
    last = value.rsplit("/", 1)[-1]
    if last != UNKNOWN or level.partition(".")[0] not in house().settings.dimension_names:
        return last
    name = house().settings.dimension(level.partition(".")[0]).level_title(level, visitor.lang)
    return visitor.say("explore.unknown", name=name)


def answer(visitor: Visitor, finding: Finding) -> str:
    if finding.state != "ok":
        return visitor.say(f"explore.state.{finding.state}", n=len(finding.windows))
    parts = _rate(visitor, finding) if finding.rated else _count(visitor, finding)
    joiner = "" if visitor.lang == "zh_CN" else " "
    out = finding.question.out
    return joiner.join(part for part in parts if part) + (visitor.say("explore.without", n=len(out)) if out else "")


def _count(visitor: Visitor, finding: Finding) -> list[str]:
    less = finding.deviation < 0
    say = {
        "metric": finding.question.metric,
        "observed": finding.observed,
        "expected": finding.expected,
        "excess": abs(finding.deviation),
    }
    first = visitor.say("explore.said.less" if less else "explore.said.more", **say)
    if abs(finding.deviation) <= LIKE_USUAL * max(finding.expected, 1.0) ** 0.5 and not finding.slices:
        return [visitor.say("explore.said.usual", **say)]
    if not finding.slices:
        everywhere = "explore.said.everywhere" if finding.question.slice_key == ALL else "explore.said.everywhere_here"
        code = everywhere if finding.everywhere else "explore.said.nothing"
        return [first, visitor.say(code, g=finding.g, rest=abs(finding.rest))]
    named = [
        visitor.say(
            "explore.said.part",
            place=place(visitor, one.slice_key, finding.question.slice_key),
            n=abs(one.excess),
            share=min(abs(one.share), 1.0),
            usual=one.usual_share,
        )
        for one in finding.slices[:NAMED]
    ]
    rest = visitor.say("explore.said.rest", g=finding.g, rest=abs(finding.rest), share=max(0.0, 1 - finding.explained))
    whole = visitor.say("explore.said.mostly", parts=visitor.say("explore.said.join").join(named))
    return [first, whole, visitor.say("explore.said.also", g=finding.g) if finding.everywhere else "", rest]


def _rate(visitor: Visitor, finding: Finding) -> list[str]:
    points = finding.deviation * 100
    first = visitor.say(
        "explore.said.rate" if points >= 0 else "explore.said.rate_less",
        what=visitor.say(f"explore.wrong.{finding.question.metric}"),
        observed=finding.observed,
        expected=finding.expected,
        points=abs(points),
    )
    split = visitor.say("explore.said.split", mix=_points(finding.mix), rate=_points(finding.rate))
    note = visitor.say("explore.said.simpson") if finding.mix * finding.rate < 0 and _both(finding) else ""
    if finding.slices:
        one: Part = finding.slices[0]
        where = visitor.say(
            "explore.said.wrong_part",
            place=place(visitor, one.slice_key, finding.question.slice_key),
            now=one.now,
            expected=one.expected,
        )
        return [first, split, where, note]
    if finding.mixed:
        most = finding.mixed[0]
        where = visitor.say(
            "explore.said.mix_part",
            place=place(visitor, most.slice_key, finding.question.slice_key),
            share=most.share,
            usual=most.usual_share,
        )
        return [first, split, where, note]
    return [first, split, visitor.say("explore.said.no_rate"), note]


def _both(finding: Finding) -> bool:
    """Each side is worth a word: more than a fifth of the other."""
    small, large = sorted((abs(finding.mix), abs(finding.rate)))
    return small > 0.2 * large and small > 0.002


def _points(value: float) -> str:
    number = f"{abs(value) * 100:.1f}"
    return f"±{number}" if float(number) == 0 else f"{'+' if value > 0 else '−'}{number}"


def amount(visitor: Visitor, finding: Finding, value: float | None) -> str:
    """A number of the finding in its unit."""
    shape = "share" if finding.rated else "count"
    return together(visitor, shape, "item", value)
