"""Write the revision that the tables need. For developers: ``python -m fengsui.store.revise "what changed"``.

``--first`` writes 0001 anew from the tables; allowed until the first release, when no store out there has it yet.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from fengsui.store import migrate
from fengsui.store.database import open_store

VERSIONS = migrate.FOLDER / "versions"


def revise(message: str, *, first: bool = False) -> Path:
    """Compare a scratch store at the newest revision with the tables, write the difference, return the file."""
    known = sorted(VERSIONS.glob("[0-9]*.py"))
    if first:
        for path in known:
            path.unlink()
        known = []
    number = f"{int(known[-1].name[:4]) + 1 if known else 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        engine = open_store(f"sqlite:///{folder}/scratch.db")
        with engine.begin() as conn:
            if known:
                command.upgrade(migrate.config(conn), "head")
            command.revision(migrate.config(conn), message, autogenerate=True, rev_id=number)
        engine.dispose()
    path = next(VERSIONS.glob(f"{number}_*.py"))
    for step in (["format", "--quiet"], ["check", "--fix", "--quiet"], ["format", "--quiet"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, str(path)], check=True)
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("message", nargs="?", default="first tables")
    parser.add_argument("--first", action="store_true")
    given = parser.parse_args()
    print(revise(given.message, first=given.first))


if __name__ == "__main__":
    main()
