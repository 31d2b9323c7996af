"""Finds the SQL that ships with Forum and loads its named statements.

A statement begins with `-- name: find_room`, then a comment that describes it, then SQL with native `$1`
parameters. Statement name = Python function name = what one searches for.
"""

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: ([a-z_0-9]+)\s*$", re.MULTILINE)


def sql_folder() -> Path:
    """The folder with `migrations/` and `queries/`: inside the installed package, else in the checkout."""
    here = Path(__file__).resolve().parent
    for folder in (here / "sql", here.parents[1] / "sql"):
        if (folder / "queries").is_dir():
            return folder
    raise FileNotFoundError("forum/sql is missing: install Forum from its wheel or run it from a checkout.")


def load_statements(slice_name: str) -> dict[str, str]:
    """The statements of `queries/<slice_name>.sql` by name; raises ValueError when a name stands twice."""
    text = (sql_folder() / "queries" / f"{slice_name}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)[1:]
    names, bodies = parts[0::2], parts[1::2]
    if len(set(names)) != len(names):
        raise ValueError(f"{slice_name}.sql names a statement twice.")
    return {name: body.strip() for name, body in zip(names, bodies, strict=True)}
