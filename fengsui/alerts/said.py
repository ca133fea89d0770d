"""One reason of a tier as it is stored: a code of the catalogue with its parameters."""

from __future__ import annotations

from typing import Any


def said(code: str, **params: Any) -> dict[str, Any]:
    return {"code": f"alerts.factor.{code}", "params": params}
