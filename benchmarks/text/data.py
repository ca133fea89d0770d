"""Labelled texts: JSON lines of {source, sentiment, category, text}, gzipped; split so that near copies lie on one side."""

from __future__ import annotations

import gzip
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

from fengsui.text.clean import normal_form
from fengsui.text.fitting import sides

MOODS = {"neg": "negative", "pos": "positive", "neu": "neutral"}


@dataclass(frozen=True)
class Text:
    source: str
    text: str
    mood: str
    category: str
    aside: bool


def folder() -> Path:
    named = os.environ.get("FENGSUI_TEXT_DATA", "")
    if not named or not Path(named).is_dir():
        sys.exit("set FENGSUI_TEXT_DATA to a folder of labelled texts (*.jsonl.gz, pii/*.jsonl)")
    return Path(named)


def texts(*names: str) -> list[Text]:
    """One fifth, by its rarest-looking trigram, is ``aside``: never fitted on. Equal texts once."""
    rows = []
    for name in names:
        with gzip.open(folder() / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            rows += [json.loads(line) for line in file]
    rows = list({normal_form(row["text"]): row for row in rows}.values())
    aside = (sides([row["text"] for row in rows]) == 0).tolist()
    return [
        Text(row["source"], row["text"], MOODS.get(row["sentiment"], ""), row["category"], out)
        for row, out in zip(rows, aside, strict=True)
    ]
