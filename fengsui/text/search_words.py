"""Words under which a text is found: every two neighbouring Chinese characters, every Latin word and number, all folded.

Chinese has no blanks, so no word index of a database finds 等待 inside a sentence; its bigrams do. A query goes the same way.
"""

from __future__ import annotations

import re

from fengsui.text.fold import fold

MOST_CHARS = 4_000
"""Of a longer text the beginning is indexed."""
_RUN = re.compile(r"[\u3400-\u9fff]+|[a-z0-9]+")


def indexed(text: str) -> str:
    """What the search column holds.

    >>> indexed("退貨ABC123，等待处理")
    '退货 货 abc123 等待 待处 处理 理'
    """
    return " ".join(word for run in _RUN.findall(fold(text[:MOST_CHARS])) for word in _words(run))


def phrases(query: str) -> list[list[str]]:
    """One list of neighbouring words for each run of the query; all runs must be found, each as it stands.

    >>> phrases("没到账 App"), phrases("！")
    ([['没到', '到账'], ['app']], [])
    """
    return [_asked(run) for run in _RUN.findall(fold(query[:200]))]


def _words(run: str) -> list[str]:
    """The last character stands alone, too: so a single one is found as the beginning of a word."""
    if run[0] < "\u3400":
        return [run]
    return [run[i : i + 2] for i in range(len(run))]


def _asked(run: str) -> list[str]:
    return [run] if run[0] < "\u3400" or len(run) < 3 else [run[i : i + 2] for i in range(len(run) - 1)]
