"""The rules that hold the house together, as tests: layers, page folders, sizes, types, style, documents."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from fengsui.settings import Settings
from fengsui.settings.explain import keys_at

ROOT = Path(__file__).parent.parent
PACKAGES = ("fengsui", "connectors", "detectors", "pages")
MOST_LINES_OF_A_FILE, MOST_LINES_OF_A_FUNCTION = 400, 60
WRITTEN_BY_MACHINE = ROOT / "fengsui" / "store" / "migrations" / "versions"

# contracts §1: what the window may see of the house. store.database opens the store, store.slices names scopes,
# store.faults says what is wrong with it; no table.
PAGES_MAY_SEE = (
    "fengsui.board",
    "fengsui.alerts.commands",
    "fengsui.people",
    "fengsui.locale",
    "fengsui.settings",
    "fengsui.store.database",
    "fengsui.store.faults",
    "fengsui.store.slices",
)
# Nobody else's machine has these. Split, so that this file does not contain them.
NOT_OURS = ("/wor" + "k/", "/ro" + "ot/", "python" + "hosted", "pypi" + ".org")
TEXT = {".py", ".md", ".toml", ".po", ".css", ".js", ".cfg", ".ini", ".mako", ".json", ".html", ".lock", ".yml", ".yaml", ""}


def tracked() -> list[Path]:
    """Files of the project: what git knows, or everything where there is no git."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not any(part.startswith(".") for part in path.parts)]


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (path for path in (ROOT / package).rglob("*.py") if WRITTEN_BY_MACHINE not in path.parents)
    yield from ROOT.glob("*.py")


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


# --- layers ----------------------------------------------------------------------------------------------------------


def test_rooms_import_downwards_only():
    """In a process of its own: the linter sets up logging and switches off every logger that is there."""
    program = "import sys; from importlinter.cli import lint_imports; "
    program += "sys.exit(lint_imports(config_filename='.importlinter', no_cache=True))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout


def imported(path: Path) -> Iterator[str]:
    """Modules that a file names; ``from fengsui.board import read`` is ``fengsui.board.read``."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_pages_see_only_what_is_meant_for_them():
    window = [*(ROOT / "pages").rglob("*.py")]
    assert window
    strange = [
        f"{short(path)}: {name}"
        for path in window
        for name in imported(path)
        if name.split(".")[0] in ("fengsui", "connectors", "detectors", "sqlalchemy")
        and not any(f"{name}.".startswith(f"{allowed}.") for allowed in PAGES_MAY_SEE)
    ]
    assert strange == []


def test_no_page_lies_where_streamlit_would_find_it_without_sign_in():
    """A script directly in pages/ is served to anybody, whatever st.navigation says."""
    assert [path.name for path in (ROOT / "pages").glob("*.py") if not path.name.startswith("_")] == []


# --- the form of the code --------------------------------------------------------------------------------------------


def test_every_room_is_a_package():
    """Without __init__.py a folder is invisible to the layers above."""
    folders = {path.parent for package in PACKAGES[:3] for path in (ROOT / package).rglob("*.py")} - {WRITTEN_BY_MACHINE}
    assert sorted(short(folder) for folder in folders if not (folder / "__init__.py").exists()) == []


def test_no_init_below_tests():
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_files_and_functions_stay_small():
    large = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        if text.count("\n") >= MOST_LINES_OF_A_FILE:
            large.append(f"{short(path)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of(node) > MOST_LINES_OF_A_FUNCTION:
                large.append(f"{short(path)}: {node.name} {lines_of(node)} lines")
    assert large == []


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Without the docstring."""
    first = node.body[0]
    told = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if told else 0
    return (node.end_lineno or 0) - node.lineno + 1 - docstring


def test_every_module_says_what_it_is():
    silent = [
        short(path)
        for path in sources()
        if path.name not in ("__main__.py", "__init__.py")
        and not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_only_named_boundaries_catch_everything():
    """``except Exception`` stands where it raises again, or where a comment on its line says which recovery is meant."""
    found = []
    for path in sources():
        text = path.read_text(encoding="utf-8")
        found += [f"{short(path)}:{line}" for line in catching_everything(text)]
    assert found == []


def catching_everything(text: str) -> list[int]:
    """Lines of handlers of everything that neither raise again nor say why."""
    handlers = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ExceptHandler)]
    broad = [one for one in handlers if one.type is None or ast.unparse(one.type) in ("Exception", "BaseException")]
    said = text.splitlines()
    return [one.lineno for one in broad if not isinstance(one.body[-1], ast.Raise) and "#" not in said[one.lineno - 1]]


def test_the_search_for_broad_handlers_is_not_blind():
    text = "try:\n    x()\nexcept Exception:\n    pass\ntry:\n    x()\nexcept:\n    y()\n    raise\n"
    assert catching_everything(text) == [3]


@pytest.mark.parametrize("step", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_ruff_is_content(step: list[str]):
    ran = subprocess.run([sys.executable, "-m", "ruff", *step, "."], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.timeout(600)
def test_types_hold():
    ran = subprocess.run([sys.executable, "-m", "mypy"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


# --- what is in the project ------------------------------------------------------------------------------------------


def test_nothing_of_one_machine_is_in_the_project():
    found = [
        f"{short(path)}: {word}"
        for path in tracked()
        if path.suffix in TEXT
        for word in NOT_OURS
        if word in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert found == []


def test_no_data_and_no_secret_is_in_the_project():
    kinds = (".db", ".key", ".pem", ".parquet", ".part", ".sqlite")
    assert [short(path) for path in tracked() if path.suffix in kinds] == []


# --- documents -------------------------------------------------------------------------------------------------------


def keys_of(path: tuple[str | int, ...] = ()) -> Iterator[tuple[str, str]]:
    """(table, key) of every key of fengsui.toml; a free name in a path is written NAME."""
    for key in keys_at(path):
        yield ".".join("NAME" if part == "*" else str(part) for part in path if part != 0), key
        for inner in ((*path, key), (*path, key, "*"), (*path, key, 0)):
            yield from keys_of(inner)


def test_the_configuration_page_explains_every_key():
    """Each table has a heading, and under it each key stands first in a row of the table: | `key` | …"""
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    sections = {
        match[1].replace("[", "").replace("]", ""): match[2]
        for match in re.finditer(r"^## `?(\[{0,2}[\w.]*\]{0,2})`?[^\n]*\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    }
    missing = []
    for table, key in keys_of():
        if table.endswith((".title", ".levels")):  # the two languages of a name, explained once
            continue
        known = sections.get(table or "top", "")
        if f"| `{key}` |" not in known and f"`[{key}]`" not in known and f"`[[{key}]]`" not in known:
            missing.append(f"[{table}] {key}")
    assert missing == []


def test_the_configuration_page_explains_no_key_that_is_gone():
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    known = {key for _, key in keys_of()}
    assert sorted(set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) - known) == []


def test_the_search_for_keys_is_not_blind():
    found = set(keys_of())
    assert {
        ("", "cuboids"),
        ("server", "port"),
        ("source.NAME", "cadence"),
        ("notify.channels.NAME", "url"),
        ("dimension", "name"),
    } <= found
    assert len(found) > len(Settings.model_fields) + 40
    assert issubclass(Settings, BaseModel)


def test_a_dashboard_does_not_carry_what_no_page_needs_to_begin() -> None:
    """SciPy's distributions and scikit-learn are 55 MB that every dashboard process would hold."""
    heavy = "[name for name in ('scipy.stats', 'sklearn', 'river.drift', 'matplotlib') if name in sys.modules]"
    program = f"import sys, app, pages.look.shell; print({heavy})"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"
