"""27 cells: likelihood x impact x loss -> tier."""

from __future__ import annotations

from fengsui.alerts.bodies import Matrix


def tier_of(matrix: Matrix, likelihood: int, impact: int, loss: int) -> int:
    """Each factor 1..3; the sheet of the loss, its row of the likelihood, its cell of the impact."""
    return matrix.cells[loss - 1][likelihood - 1][impact - 1]
