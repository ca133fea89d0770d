"""The bodies of the definitions that alerts own, as types: what may be in a rule, a matrix, a floor, a policy.

Kinds: ``rule`` (four sorts, told apart by ``kind``), ``matrix``, ``floor``, ``weights``, ``tier_policy``, ``plan``.
docs/alerts.md explains each field.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator
from pydantic_core import PydanticCustomError

from fengsui.metrics.calendar_body import CalendarBody
from fengsui.metrics.classifier import Checked
from fengsui.metrics.event_body import KnownEventBody
from fengsui.metrics.goal import Goal
from fengsui.metrics.sla_body import PolicyBody
from fengsui.metrics.target_body import TargetBody
from fengsui.metrics.view_body import ViewBody
from fengsui.text.taxonomy import Taxonomy

Factor = Annotated[int, Field(ge=1, le=3)]
TierNumber = Annotated[int, Field(ge=1, le=3)]
Positive = Annotated[int, Field(gt=0, le=1_000_000_000)]  # what any store takes as a number
Seconds = Annotated[int, Field(gt=0, le=366 * 86_400)]  # added to a time: a year at most, else there is no such time
Share = Annotated[float, Field(ge=0, le=1)]


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Names(Body):
    zh_CN: str = Field(min_length=1)  # noqa: N815  (the language's own name)
    en: str = Field(min_length=1)


class RuleBase(Body):
    name: Names
    mode: Literal["off", "shadow", "on"] = "on"
    metric: str = Field(min_length=1)
    cuboid: str = "all"
    where: dict[str, str] = Field(default_factory=dict)


class DetectorRule(RuleBase):
    """A detector over the series of a cuboid. ``budget_per_week``: false episodes a week of ONE series."""

    kind: Literal["detector"]
    role: Literal["head", "tail"] = "head"
    step_s: Annotated[int, Field(ge=60, le=366 * 86_400, multiple_of=60)] = 60
    detector: str = Field(min_length=1)
    parameters: dict[str, float | int | str] = Field(default_factory=dict)
    budget_per_week: Annotated[float, Field(gt=0, le=10)]
    max_series: Positive = 50
    direction: Literal["up", "down", "both"] = "both"  # which side is bad; the other side opens nothing
    clear_score: float = 0.5  # calm means: no grade and a score below this

    @model_validator(mode="after")
    def _where_in_cuboid(self) -> DetectorRule:
        _levels_of(self.cuboid, self.where)
        return self


class ThresholdRule(RuleBase):
    """A figure beyond ``value`` for ``for_s``; calm again beyond ``clear_value``. ``window_s``: of a KPI; gauges have none.

    ``times``: of a KPI, and beyond so many times what it was at the same time yesterday and a week ago (of a share that should
    be high: so many times as many missed); before there is a week of history such a rule is silent. ``every_s``: how often a
    KPI is looked at; with ``for_s`` below it one look is enough. ``tier``: always this one, for warnings in stages.
    """

    kind: Literal["threshold"]
    op: Literal[">", ">=", "<", "<="]
    value: float
    clear_value: float
    for_s: Seconds = 300
    window_s: Seconds = 900
    min_n: Annotated[int, Field(ge=0)] = 0
    grade: TierNumber = 2
    times: Annotated[float, Field(ge=1, le=100)] | None = None
    every_s: Annotated[int, Field(ge=60, le=3600, multiple_of=60)] = 60
    tier: TierNumber | None = None

    @model_validator(mode="after")
    def _clear_on_the_good_side(self) -> ThresholdRule:
        wrong = self.clear_value > self.value if self.op in (">", ">=") else self.clear_value < self.value
        if wrong:
            raise ValueError(f"clear_value {self.clear_value} lies beyond value {self.value} for {self.op}")
        return self


class PhraseRule(RuleBase):
    """Many customers with one cue: ``count`` records of ``customers`` distinct ones within ``within_s``.

    ``ratio``: and at least so many times the usual number of the last week, so that a routine complaint that happens to use
    the word does not fire every noon. ``step_s`` of calm: one tick.
    """

    kind: Literal["phrase"]
    cue: str = Field(min_length=1)
    count: Positive
    customers: Positive
    within_s: Annotated[int, Field(ge=60, le=86400)] = 3600
    ratio: Annotated[float, Field(ge=1)] = 4.0
    grade: TierNumber = 3


class RecordRule(RuleBase):
    """One record is enough. ``kinds`` or ``cues``: either matches. ``quiet_s`` without another one clears it."""

    kind: Literal["record"]
    kinds: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    tier: TierNumber = 1  # at least
    quiet_s: Seconds = 86_400
    max_age_s: Seconds = 86_400  # older records (history, back-fill) are noted, not raised

    @model_validator(mode="after")
    def _matches_something(self) -> RecordRule:
        if not self.kinds and not self.cues:
            raise ValueError("kinds and cues are both empty: the rule matches nothing")
        return self


Rule: TypeAlias = DetectorRule | ThresholdRule | PhraseRule | RecordRule


class Matrix(Body):
    """27 cells: ``cells[loss - 1][likelihood - 1][impact - 1]`` is a tier. Never falls along a row, column or sheet."""

    cells: tuple[tuple[tuple[TierNumber, TierNumber, TierNumber], ...], ...]

    @model_validator(mode="after")
    def _whole_and_rising(self) -> Matrix:
        if len(self.cells) != 3 or any(len(sheet) != 3 for sheet in self.cells):
            raise ValueError("three sheets (loss) of three rows (likelihood) of three cells (impact)")
        steps = [(0, 0, 1), (0, 1, 0), (1, 0, 0)]
        for x, y, z in ((x, y, z) for x in range(3) for y in range(3) for z in range(3)):
            for a, b, c in steps:
                if max(x + a, y + b, z + c) < 3 and self.cells[x][y][z] > self.cells[x + a][y + b][z + c]:
                    place = {"loss": x + 1, "likelihood": y + 1, "impact": z + 1}
                    raise PydanticCustomError(
                        "alerts.body.matrix_falls",
                        "the tier falls from loss {loss}, likelihood {likelihood}, impact {impact}",
                        place,
                    )
        return self


class Floor(Body):
    """A tier that holds whatever the matrix says, where the window shows enough of ``cues`` or enough customers."""

    cues: tuple[str, ...] = ()
    customers: Positive = 1  # distinct customers with the cue; without cues: distinct customers in the complaint window
    ratio: Annotated[float, Field(ge=0)] = 0.0  # and so many times the usual share of the cue
    within_s: Seconds = 3600
    tier: TierNumber
    enabled: bool = True
    rests_on: Literal["content", "counts"] | None = None  # counts: only on a series that has learned its usual level

    @property
    def statistical(self) -> bool:
        """It rests on how many there are, not on what they say; a floor without cues always does."""
        return self.rests_on == "counts" or not self.cues


class Weights(Body):
    """What makes a loss high: cues, categories, customer tiers, kinds. Keys are values of dimensions or cue names."""

    cues: dict[str, Factor] = Field(default_factory=dict)
    categories: dict[str, Factor] = Field(default_factory=dict)
    customer_tiers: dict[str, Factor] = Field(default_factory=dict)
    kinds: dict[str, Factor] = Field(default_factory=dict)
    negative_share: Share = 0.5  # from here on a negative window weighs 2
    asking_kinds: tuple[str, ...] = ("inquiry",)  # of these the tagger's opinion alone counts as no dissatisfaction
    asking_share: Share = 0.25  # who only asks counts so much of a customer affected
    category_share: Share = 0.4  # a category counts when it is this share of the window
    tier_share: Share = 0.3
    cue_customers: Positive = 3
    impact_customers: tuple[Positive, Positive] = (5, 25)  # affected customers for impact 2 and 3
    impact_share: Share = 0.3  # excess as a share of the window's volume, from which on it is said
    impact_breadth: tuple[Positive, Positive] = (2, 3)  # organisations or channels touched
    persistence_s: tuple[Seconds, Seconds] = (900, 3600)
    target_margin: Annotated[float, Field(ge=1)] = 1.25  # shares, durations: so many times the target are well past it
    change: tuple[float, float] = (1.5, 3.0)  # without a target: times the usual for impact 2 and 3
    staff_channels: tuple[str, ...] = ()
    staff_kinds: tuple[str, ...] = ("staff_report",)
    batch_lag_s: Seconds = 21_600
    genuine_share: Share = 0.25  # below this share of the excess from distinct customers: copies or batch entry
    batch_tier: TierNumber = 1  # the cap for such a window

    @field_validator("impact_customers", "persistence_s", "change")
    @classmethod
    def _rising(cls, pair: tuple[float, float]) -> tuple[float, float]:
        if pair[0] > pair[1]:
            raise PydanticCustomError("alerts.body.pair_falls", "the second number is below the first")
        return pair


class Deadline(Body):
    claim_s: Seconds
    handle_s: Seconds
    tell: tuple[str, ...]  # roles, or person:<id>
    lapse_s: Seconds | None = None  # in hand and nothing done for so long: back to the queue; None: never


LAPSE_S: Mapping[str, int] = MappingProxyType({"1": 12 * 3600, "2": 2 * 3600, "3": 3600})
"""Where a policy says nothing of it: those written before claims lapsed, too."""


class SystemPatience(Body):
    """系统告警: for how long each trouble of the house lasts before its administrators are told, and how long calm ends it."""

    source_s: Seconds = 600
    undelivered_s: Seconds = 300
    tick_s: Seconds = 120
    disk_s: Seconds = 60
    definition_s: Seconds = 60
    calm_s: Seconds = 300
    disk_free: Annotated[float, Field(gt=0, lt=1)] = 0.1  # less of the volume than this is nearly full
    tell: tuple[str, ...] = ("admin",)


class TierPolicy(Body):
    """Deadlines and life by tier. ``tiers`` has the keys "1", "2", "3"."""

    tiers: dict[Literal["1", "2", "3"], Deadline]
    departments: dict[str, tuple[str, ...]] = Field(default_factory=dict)  # department -> who hears, too, of what is surely its
    escalate_to: tuple[str, ...] = ("manager",)
    escalate_times: Annotated[int, Field(ge=0, le=10)] = 3  # each a claim deadline after the last
    alive_hour: Annotated[int, Field(ge=0, le=23)] = 8  # local hour of the daily sign of life
    channels: tuple[str, ...] = ("log",)
    channel_tiers: dict[str, TierNumber] = Field(default_factory=dict)
    report_s: Seconds | None = 1800  # severe and in hand: a 续报 at least so often; None: not asked for
    hold_s: Seconds = 600  # an alert lives at least so long
    calm_s: Seconds = 600  # and clears after so much complete calm …
    calm_steps: Positive = 2  # … in at least so many steps
    blind_s: Seconds = 900  # without complete data for so long: condition no_data
    refire_s: Seconds = 1800  # fires again within: the same alert goes on
    relate_s: Seconds = 3600  # parent and child open within
    storm_n: Positive = 10
    storm_s: Seconds = 300
    per_minute: Positive | None = None  # an upper limit for every channel; None: what each bears
    system: SystemPatience = SystemPatience()

    @model_validator(mode="before")
    @classmethod
    def _lapse_by_tier(cls, body: Any) -> Any:
        """``null`` is kept: claims of that tier never lapse."""
        tiers = body.get("tiers") if isinstance(body, Mapping) else None
        if not isinstance(tiers, Mapping) or not all(isinstance(one, Mapping) for one in tiers.values()):
            return body
        filled = {name: {"lapse_s": LAPSE_S.get(str(name)), **one} for name, one in tiers.items()}
        return {**body, "tiers": filled}

    @model_validator(mode="after")
    def _all_tiers(self) -> TierPolicy:
        if set(self.tiers) != {"1", "2", "3"}:
            raise ValueError("tiers needs the keys 1, 2 and 3")
        return self


class PlanStep(Body):
    id: str
    text: Names


class Plan(Body):
    """预案: what to do, in order, for a tier; with ``rules`` only for alerts of these, before the plan of the tier alone.
    ``contacts``: who to reach and how, a line each; ``wording``: what customers are told."""

    name: Names
    tier: TierNumber
    owner_role: str
    rules: tuple[str, ...] = ()
    steps: tuple[PlanStep, ...]
    contacts: tuple[str, ...] = ()
    wording: Names | None = None


def _levels_of(cuboid: str, where: Mapping[str, str]) -> None:
    levels = set() if cuboid == "all" else set(cuboid.split("|"))
    unknown = set(where) - levels
    if unknown:
        raise ValueError(f"where names {sorted(unknown)}; the cuboid has {sorted(levels) or 'no level'}")


RULE: TypeAdapter[Rule] = TypeAdapter(Annotated[Rule, Field(discriminator="kind")])

ADAPTERS: Mapping[str, TypeAdapter[Any]] = MappingProxyType(
    {
        "rule": RULE,
        "matrix": TypeAdapter(Matrix),
        "floor": TypeAdapter(Floor),
        "weights": TypeAdapter(Weights),
        "tier_policy": TypeAdapter(TierPolicy),
        "plan": TypeAdapter(Plan),
    }
)
"""Kinds that alerts decide by."""

CHECKED: Mapping[str, TypeAdapter[Any]] = MappingProxyType(
    {
        **ADAPTERS,
        "calendar": TypeAdapter(CalendarBody),
        "sla_policy": TypeAdapter(PolicyBody),
        "classifier": TypeAdapter(Checked),
        "goal": TypeAdapter(Goal),
        "target": TypeAdapter(TargetBody),
        "known_event": TypeAdapter(KnownEventBody),
        "view": TypeAdapter(ViewBody),
        "taxonomy": TypeAdapter(Taxonomy),
    }
)
"""Kinds whose bodies are checked when a person saves one."""
