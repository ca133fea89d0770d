"""A table on a terminal. Chinese characters are two columns wide."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import click

WIDEST = 40


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    cells = [[_cut(cell) for cell in row] for row in (head, *rows)]
    widths = [max(width(row[n]) for row in cells) for n in range(len(head))]
    for row in cells:
        click.echo("  ".join(cell + " " * (size - width(cell)) for cell, size in zip(row, widths, strict=True)).rstrip())


def width(text: str) -> int:
    """Columns that a terminal needs."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _cut(text: str) -> str:
    """One line of at most ``WIDEST`` columns."""
    flat = " ".join(text.split())
    if width(flat) <= WIDEST:
        return flat
    while width(flat) > WIDEST - 1:
        flat = flat[:-1]
    return flat + "…"
