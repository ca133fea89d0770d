"""How good a classifier is on records that people have checked by hand, and what that says of a share it reports.

W. J. Rogan, B. Gladen: "Estimating prevalence from the results of a screening test", American Journal of Epidemiology 107 (1),
1978, pp. 71-76: of q reported, (q + sp - 1) / (se + sp - 1) are real. With 8 % negatives an accuracy of 92 % is met by calling
everything neutral; sensitivity and specificity are not.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, model_validator

from fengsui.metrics.intervals import Z95


class Checked(BaseModel):
    """Body of a definition of kind ``classifier``: of ``positives`` records that people call positive it found ``found``; of
    ``negatives`` it left ``cleared`` alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    positives: int = Field(ge=1)
    found: int = Field(ge=0)
    negatives: int = Field(ge=1)
    cleared: int = Field(ge=0)

    @model_validator(mode="after")
    def _tells_them_apart(self) -> Checked:
        if self.found > self.positives or self.cleared > self.negatives:
            raise ValueError("found is at most positives, cleared at most negatives")
        if self.sensitivity + self.specificity <= 1:
            raise ValueError("found/positives + cleared/negatives must exceed 1: else the classifier is no better than a coin")
        return self

    @property
    def sensitivity(self) -> float:
        return self.found / self.positives

    @property
    def specificity(self) -> float:
        return self.cleared / self.negatives


@dataclass(frozen=True, slots=True)
class Corrected:
    share: float
    lower: float
    upper: float


def corrected(reported: int, n: int, checked: Checked) -> Corrected | None:
    """The real share where ``reported`` of ``n`` were called positive, with a 95 % interval by the delta method that also
    bears how small the hand-checked sample is; None without ``n``."""
    if n <= 0:
        return None
    q, se, sp = reported / n, checked.sensitivity, checked.specificity
    scale = se + sp - 1
    share = min(max((q + sp - 1) / scale, 0.0), 1.0)
    variance = (
        q * (1 - q) / n + share**2 * se * (1 - se) / checked.positives + (1 - share) ** 2 * sp * (1 - sp) / checked.negatives
    )
    half = Z95 * math.sqrt(variance) / scale
    return Corrected(share, max(share - half, 0.0), min(share + half, 1.0))
