"""The scanner must find every key where a person would point, on any text that tomllib accepts."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengsui.settings.lines import key_lines, line_of, line_of_key


def test_tables_keys_and_dotted_keys():
    lines = key_lines('# head\na = 1\n[server]\nport = 1\n\nb.c = 2\n[x.y]\n"q.r" = 3\n')
    assert lines[("a",)] == 2
    assert lines[("server",)] == 3
    assert lines[("server", "port")] == 4
    assert lines[("server", "b", "c")] == 6
    assert lines[("x",)] == lines[("x", "y")] == 7
    assert lines[("x", "y", "q.r")] == 8


def test_each_row_of_an_array_of_tables_has_its_own_line():
    lines = key_lines(
        "[[dimension]]\nname = 'a'\n[[dimension]]\nname = 'b'\n[dimension.more]\nk = 1\n[[dimension.part]]\nn = 1\n"
    )
    assert lines[("dimension", 0, "name")] == 2
    assert lines[("dimension", 1)] == 3
    assert lines[("dimension", 1, "name")] == 4
    assert lines[("dimension", 1, "more", "k")] == 6
    assert lines[("dimension", 1, "part", 0, "n")] == 8


def test_arrays_and_inline_tables_over_several_lines():
    text = 'c = [ # [ "no"\n  "a", # ]\n  { k = "x, y = 1", z = [1,\n 2] },\n]\nd = {}\ne = []\nf = [[1], [2,\n3]]\n'
    lines = key_lines(text)
    assert lines[("c", 0)] == 2
    assert lines[("c", 1)] == 3
    assert lines[("c", 1, "z", 1)] == 4
    assert lines[("d",)] == 6
    assert lines[("f", 1, 1)] == 9
    assert ("e", 0) not in lines


@pytest.mark.parametrize(
    "value",
    [
        '"a # [x] = \\" \\\\"',
        "'a \\'",
        '"""\n[no]\nx = 1\\""" y = 2\n"""',
        '"""ends in quotes"""""',
        "'''\n'x' = 2\n'''",
        "2026-11-01T08:00:00+08:00",
        "1_000",
        "true",
    ],
)
def test_nothing_inside_a_value_is_taken_for_a_key(value: str):
    text = f"a = {value} # b = 1\nlast = 1"
    assert set(tomllib.loads(text)) == {"a", "last"}
    assert set(key_lines(text)) == {("a",), ("last",)}
    assert key_lines(text)[("last",)] == text.count("\n") + 1


def test_a_quoted_key_may_hold_escapes_and_brackets():
    assert key_lines('["a]\\u4e2d"]\n"=" = 1\n') == {("a]中",): 1, ("a]中", "="): 2}


def test_a_missing_key_is_shown_at_the_table_that_lacks_it():
    lines = key_lines("[a]\nx = 1\n[b]\ny = 2\n")
    assert line_of(lines, ("b", "missing", "deep")) == 3
    assert line_of(lines, ("nowhere",)) == 1


def test_a_path_of_a_connector_is_found_as_deep_as_the_file_goes():
    lines = key_lines("[source.a]\nmap = [\n{ id = 1 },\n{ kind.value = 2 }]\n")
    assert line_of_key(lines, "source.a.map.1.kind.value.more") == 4
    assert line_of_key(lines, "source.a.options.url") == 1
    assert line_of_key(lines, "source.b") == 1


def _paths(value: Any, path: tuple[Any, ...] = ()) -> set[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {found for key, inner in items for found in {(*path, key)} | _paths(inner, (*path, key))}


_KEYS = st.sampled_from(["a", "b-1", '"c.d"', "'e f'", '"\\u00e9="'])
_SCALARS = st.sampled_from(["1", '"x]"', "'y}'", '"""m\n#"""', "true", "1979-05-27"])
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[\n" + ", # c ]\n".join(items) + "\n]"),
        st.dictionaries(_KEYS, inner, max_size=3).map(lambda d: "{" + ", ".join(f"{k} = {v}" for k, v in d.items()) + "}"),
    ),
    max_leaves=6,
)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["[t{}]", "[[rows]]", "[[rows]]\n[rows.sub]", "[p.q{}]"]),
            st.dictionaries(_KEYS, _VALUES, max_size=3),
        )
    )
)
def test_every_path_that_tomllib_sees_has_a_line_and_no_other(tables: list[tuple[str, dict[str, str]]]):
    text = "".join(
        header.format(n) + "\n" + "".join(f"{key} = {value}\n" for key, value in pairs.items())
        for n, (header, pairs) in enumerate(tables)
    )
    assert set(key_lines(text)) == _paths(tomllib.loads(text))
