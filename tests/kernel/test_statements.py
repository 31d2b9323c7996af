"""PostgreSQL is the type checker of our SQL: every statement is prepared against the migrated database."""

import importlib
import importlib.util
import inspect
import pkgutil
import re
import types
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from forum.db import Connection
from forum.sqlfiles import load_statements, sql_folder

KERNEL = {"permissions", "transactions", "outbox"}
SLICES = sorted(path.stem for path in (sql_folder() / "queries").glob("*.sql"))


def _functions(slice_name: str) -> dict[str, Any]:
    """Every function of the modules that run the slice's statements."""
    if slice_name in KERNEL:
        modules = [importlib.import_module(f"forum.{slice_name}")]
    else:
        package_name = _package_of(slice_name)
        package = importlib.import_module(package_name)
        folder = next(iter(package.__path__))
        names = [n for n in _modules(folder) if "queries" in n]
        modules = [importlib.import_module(f"{package_name}.{name}") for name in names]
        modules = [module for module in modules if f'load_statements("{slice_name}")' in inspect.getsource(module)]
    return {name: f for module in modules for name, f in inspect.getmembers(module, inspect.iscoroutinefunction)}


def _package_of(file: str) -> str:
    """A file of statements is named after its slice, or after it and one subject: `registrations_links`."""
    slice_name = file
    while not importlib.util.find_spec(f"forum.{slice_name}"):
        slice_name = slice_name.rpartition("_")[0]
    return f"forum.{slice_name}"


def _modules(folder: str) -> Iterator[str]:
    for module in pkgutil.iter_modules([folder]):
        yield module.name


def _struct_of(hint: Any) -> Any:
    """The struct inside `Struct | None` or `list[Struct]`, or None."""
    if get_origin(hint) in (list, Union, types.UnionType):
        return next((found for argument in get_args(hint) if (found := _struct_of(argument))), None)
    return hint if isinstance(hint, type) and issubclass(hint, msgspec.Struct) else None


def _parameter_count(function: Any) -> int | None:
    """How many parameters a statement gets; None where the function passes them on as they come."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    if any(parameter.kind is inspect.Parameter.VAR_POSITIONAL for parameter in parameters):
        return None
    hints = get_type_hints(function)
    count = 0
    for parameter in parameters:
        struct = _struct_of(hints[parameter.name]) if get_origin(hints[parameter.name]) is None else None
        count += len(struct.__struct_fields__) if struct else 1
    return count


@pytest.mark.parametrize("slice_name", SLICES)
async def test_every_statement_fits_the_database_and_its_function(conn: Connection, slice_name: str) -> None:
    statements = load_statements(slice_name)
    functions = _functions(slice_name)
    source = "".join(inspect.getsource(f) for f in functions.values())
    problems = []
    for name, sql in statements.items():
        if not sql.startswith("-- "):
            problems.append(f"{name}: no description")
        prepared = await conn.prepare(sql)
        if f'_SQL["{name}"]' not in source:
            problems.append(f"{name}: no function runs it")
        function = functions.get(name)
        if function is None:
            if slice_name not in KERNEL:
                problems.append(f"{name}: no function of that name")
            continue
        wanted, given = len(prepared.get_parameters()), _parameter_count(function)
        if slice_name not in KERNEL and given is not None and given != wanted:
            problems.append(f"{name}: {wanted} parameters, the function gives {given}")
        struct = _struct_of(get_type_hints(function)["return"])
        columns = tuple(attribute.name for attribute in prepared.get_attributes())
        fields = struct.__struct_fields__ if struct else ()
        by_name = struct and any(_struct_of(hint) for hint in get_type_hints(struct).values())
        if struct and (sorted(columns) != sorted(fields) if by_name else columns != fields):
            problems.append(f"{name}: columns {columns} are not {struct.__name__}{struct.__struct_fields__}")
    assert problems == []


@pytest.mark.parametrize("slice_name", SLICES)
def test_no_statement_selects_all_columns(slice_name: str) -> None:
    text = (sql_folder() / "queries" / f"{slice_name}.sql").read_text()

    found = [
        name
        for name, sql in load_statements(slice_name).items()
        if re.match(r"(--[^\n]*\n)*SELECT \*", sql) and "FROM" in sql
    ]

    assert found == []
    assert "%s" not in text
