"""Where each key of a TOML file stands.

``tomllib`` gives values without places. This scanner walks the same text once more and notes the line of every key,
table header and array element. It runs only on text that ``tomllib`` has accepted, so it need not check anything.
"""

from __future__ import annotations

import tomllib

from fengsui.settings.mistakes import Path

_SPACE = " \t\r\n"


def key_lines(text: str) -> dict[Path, int]:
    """``{("server",): 3, ("server", "port"): 4, ("cuboids", 0): 1, …}``; lines count from 1."""
    scanner = _Scanner(text)
    scanner.document()
    return scanner.lines


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of ``path``, or of the nearest table around it; 1 where nothing around it is in the file."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return 1


def line_of_key(lines: dict[Path, int], key: str) -> int:
    """``line_of`` for a path as connectors write it: ``source.tickets.map.0.id``."""
    dotted = {".".join(map(str, path)): line for path, line in lines.items()}
    parts = key.split(".")
    heads = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((dotted[head] for head in heads if head in dotted), 1)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Path, int] = {}
        self.rows: dict[Path, int] = {}  # arrays of tables: index of the newest row

    def document(self) -> None:
        table: Path = ()
        self.blank()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self.header()
            else:
                self.pair(table)
            self.blank()

    def header(self) -> Path:
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        keys = self.key()
        self.at = self.text.index("]", self.at) + (2 if array else 1)
        if array:
            place = (*self.inside(keys[:-1]), keys[-1])
            self.rows[place] = self.rows.get(place, -1) + 1
        path = self.inside(keys)
        self.note(path)
        return path

    def inside(self, keys: list[str]) -> Path:
        """The path of ``keys``, entering the newest row of each array of tables on the way."""
        path: Path = ()
        for key in keys:
            path = (*path, key)
            if path in self.rows:
                path = (*path, self.rows[path])
        return path

    def pair(self, table: Path) -> None:
        path = table
        line = self.line()
        for key in self.key():
            path = (*path, key)
            self.lines.setdefault(path, line)
        self.at = self.text.index("=", self.at) + 1
        self.value(path)

    def key(self) -> list[str]:
        """A dotted key; quoted parts are read by tomllib, which knows the escapes."""
        parts = []
        while True:
            self.blank()
            start = self.at
            if self.text[start] in "\"'":
                self.string()
                parts.append(next(iter(tomllib.loads(f"{self.text[start : self.at]} = 0"))))
            else:
                while self.text[self.at] not in " \t.=]":
                    self.at += 1
                parts.append(self.text[start : self.at])
            self.blank()
            if self.text[self.at] != ".":
                return parts
            self.at += 1

    def value(self, path: Path) -> None:
        self.blank()
        match self.text[self.at]:
            case "[":
                self.array(path)
            case "{":
                self.inline(path)
            case '"' | "'":
                self.string()
            case _:
                while self.at < len(self.text) and self.text[self.at] not in ",]}#\n":
                    self.at += 1

    def array(self, path: Path) -> None:
        index = 0
        while self.more("]"):
            self.note((*path, index))
            self.value((*path, index))
            index += 1

    def inline(self, path: Path) -> None:
        while self.more("}"):
            self.pair(path)

    def more(self, closing: str) -> bool:
        """Step over the bracket or comma before the next element; False once the closing bracket is behind us."""
        self.blank()
        if self.text[self.at] in "[{,":
            self.at += 1
            self.blank()
        if self.text[self.at] == closing:
            self.at += 1
            return False
        return True

    def string(self) -> None:
        quote = self.text[self.at]
        long = self.text.startswith(quote * 3, self.at)
        ending = quote * 3 if long else quote
        self.at += len(ending)
        while not self.text.startswith(ending, self.at):
            self.at += 2 if quote == '"' and self.text[self.at] == "\\" else 1
        self.at += len(ending)
        while long and self.text.startswith(quote, self.at):  # up to two quotes may end the content itself
            self.at += 1

    def blank(self) -> None:
        """Skip white space, line ends and comments."""
        while self.at < len(self.text) and (self.text[self.at] in _SPACE or self.text[self.at] == "#"):
            if self.text[self.at] == "#":
                end = self.text.find("\n", self.at)
                self.at = len(self.text) if end < 0 else end
            else:
                self.at += 1

    def note(self, path: Path) -> None:
        line = self.line()
        for end in range(1, len(path) + 1):
            self.lines.setdefault(path[:end], line)

    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1
