"""A name in both languages."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class BothLanguages(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    zh_CN: str = Field(min_length=1)  # noqa: N815  the language's own code
    en: str = Field(min_length=1)

    def say(self, lang: str) -> str:
        """The name in ``lang``; Chinese where the language is not ours."""
        return self.en if lang == "en" else self.zh_CN


def _before(value: Any) -> Any:
    return {"zh_CN": value, "en": value} if isinstance(value, str) else value


Words = Annotated[BothLanguages, BeforeValidator(_before)]
"""``{zh_CN = "电话", en = "Phone"}``, or one string for both."""
