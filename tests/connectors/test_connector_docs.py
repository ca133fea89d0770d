"""The examples of docs/connectors.md build."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from connectors.registry import CONNECTORS, build
from tests.connectors.channel import common

TEXT = (Path(__file__).parents[2] / "docs" / "connectors.md").read_text("utf-8")


@pytest.mark.parametrize("kind", sorted(CONNECTORS))
def test_the_example_of_each_chapter_builds(kind: str, tmp_path: Path) -> None:
    chapter = TEXT.split(f"\n## {kind}\n")[1].split("\n## ")[0]
    (example,) = re.findall(r"```toml\n(.*?)```", chapter, re.DOTALL)
    ((name, source),) = tomllib.loads(example)["source"].items()
    options = {key: "sqlite:///x.db" if value == "env:HOTLINE_URL" else value for key, value in source["options"].items()}
    dimensions = ("channel", "org", "category", "queue")
    connector = build(source["kind"], common(tmp_path, name=name, dimensions=dimensions), options, source["map"])
    assert connector.kind == kind
    connector.close()
