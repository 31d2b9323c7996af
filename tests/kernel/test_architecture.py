"""The shape of the code: who may import whom, where SQL stands, and how long things may be."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "forum"
COMPOSERS = ("app", "cli", "__main__", "commands", "demo", "imports", "samples")
"""Parts of the package that know slices: they put things together, or use them from outside."""
LAYERS = ("types", "queries", "service", "routes")
OUTSIDE = {"__main__", "cli", "commands.*", "demo.*", "imports.*", "workers.*"}
"""What runs Forum, beside the API."""
ONLY_IN = {
    "litestar": {
        "app",
        "docs",
        "health",
        "http",
        "kept",
        "openapi",
        "parameters",
        "permissions",
        "requests",
        "transactions",
        "*.routes",
    },
    "arq": {"outbox", "workers.*"},
    "icalendar": {"calendars.*", "demo.*"},
    "aiosmtpd": {"workers.*"},
    "aiosmtplib": {"notifications.*"},
    "smtplib": set(),
    "asyncpg": {"db", "embedded.*", "errors", "listening", "logs", "migrations", "transactions", *OUTSIDE},
    "http_ece": {"pushes.courier"},
    "py_vapid": {"pushes.courier"},
    "click": OUTSIDE,
    "rich": OUTSIDE,
    "PIL": {"speakers.pictures"},
    "fpdf": {"printing.*"},
    "segno": {"printing.*", "registrations.*"},
    "uharfbuzz": {"printing.*"},
    "uvicorn": OUTSIDE,
}
"""Which modules may use a library; `*.routes` are those of every slice."""
_SQL = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|WITH \w+ AS|CREATE|ALTER|DROP|LISTEN|NOTIFY)\s")
SQL_IN = {"db", "migrations", "embedded.postgres"}
CLOCKS = re.compile(r"\b(datetime\.(now|utcnow|today)|date\.today|time\.time)\(")
MAX_LINES, MAX_TEST_LINES, MAX_FUNCTION_LINES = 300, 500, 60


def _name(path: Path) -> str:
    """`programme.service` for src/forum/programme/service.py, `workers.main` for workers/main.py."""
    inside = path.relative_to(SOURCE if path.is_relative_to(SOURCE) else ROOT).with_suffix("")
    return ".".join(inside.parts).removesuffix(".__init__")


FILES = {_name(path): path for folder in (SOURCE, ROOT / "workers") for path in sorted(folder.rglob("*.py"))}
SLICES = sorted(path.parent.name for path in SOURCE.glob("*/routes.py"))


@cache
def tree(module: str) -> ast.Module:
    """A module, parsed."""
    return ast.parse(FILES[module].read_text(encoding="utf-8"))


@cache
def imported(module: str) -> frozenset[str]:
    """Every module that a module imports, as a full name."""
    found = set()
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: imports are absolute"
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name.removeprefix("forum.") in FILES else str(node.module) for name in inner}
    return frozenset(found)


def own(module: str) -> list[str]:
    """The modules of ours that a module imports, without `forum.`."""
    names = (name.removeprefix("forum.") for name in imported(module) if name.split(".")[0] in ("forum", "workers"))
    return sorted({name for name in names if name in FILES})


def layer(module: str) -> int:
    """How far to the right a slice's module stands; what is not named after a layer holds rules."""
    last = module.rpartition(".")[2]
    return next((n for n, name in enumerate(LAYERS) if last == name or last.endswith(f"_{name}")), 2)


def slice_of(module: str) -> str:
    """The slice of a module, or nothing for the kernel."""
    first = module.partition(".")[0]
    return first if first in SLICES else ""


def test_kernel_imports_no_slice() -> None:
    wrong = [
        f"{module} imports {name}"
        for module in FILES
        if not slice_of(module) and module.partition(".")[0] not in (*COMPOSERS, "workers")
        for name in own(module)
        if slice_of(name)
    ]
    assert wrong == []


def test_slices_import_leftwards_and_others_only_through_service_or_types() -> None:
    wrong = []
    for module in (module for module in FILES if slice_of(module)):
        for name in (name for name in own(module) if slice_of(name)):
            door = LAYERS[layer(name)] if name.rpartition(".")[2] != "service" else "service"
            same = slice_of(name) == slice_of(module)
            is_door = door == "types" or name.endswith(".service")
            if layer(name) > layer(module) or not (same or is_door):
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_slices_and_modules_form_no_cycle() -> None:
    for graph in (
        {module: set(own(module)) - {module} for module in FILES},
        {
            one: {slice_of(name) for module in FILES if slice_of(module) == one for name in own(module)} - {one, ""}
            for one in SLICES
        },
    ):
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            pytest.fail(f"a circle of imports: {' > '.join(error.args[1])}")


def test_nobody_imports_the_composers() -> None:
    wrong = [
        f"{module} imports {name}"
        for module in FILES
        if module.partition(".")[0] not in (*COMPOSERS, "workers")
        for name in own(module)
        if name.partition(".")[0] in COMPOSERS
    ]
    assert wrong == []


def test_libraries_are_used_only_where_they_belong() -> None:
    def allowed(module: str, places: set[str]) -> bool:
        named = {module, f"{module.partition('.')[0]}.*", f"{module}.*"}
        if slice_of(module) and layer(module) == 3:
            named.add("*.routes")
        return bool(named & places)

    wrong = [
        f"{module} imports {name}"
        for module in FILES
        for name in imported(module)
        if (places := ONLY_IN.get(name.partition(".")[0])) is not None and not allowed(module, places)
    ]
    assert wrong == []


@cache
def _explanations(module: str) -> frozenset[int]:
    """The strings that stand alone: they say what something is."""
    return frozenset(id(node.value) for node in ast.walk(tree(module)) if isinstance(node, ast.Expr))


def test_sql_stands_in_its_own_files() -> None:
    wrong = [
        f"{module}:{node.lineno} {node.value[:40]!r}"
        for module in FILES
        if module not in SQL_IN
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in _explanations(module)
        and _SQL.match(node.value)
    ]
    assert wrong == []


def test_only_settings_read_the_environment_and_only_the_clock_the_time() -> None:
    wrong = []
    for module in FILES:
        code = ast.unparse(tree(module))
        if module.partition(".")[0] not in ("settings", "commands") and "os.environ" in code:
            wrong.append(f"{module} reads the environment")
        if module.partition(".")[0] not in ("clock", "commands") and CLOCKS.search(code):
            wrong.append(f"{module} reads the time")
    assert wrong == []


def test_files_and_functions_are_short() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {lines} lines"
        for path in (*FILES.values(), *(ROOT / "tests").rglob("*.py"))
        if (lines := len(path.read_text(encoding="utf-8").splitlines()))
        > (MAX_TEST_LINES if "tests" in path.relative_to(ROOT).parts else MAX_LINES)
    ]
    wrong += [
        f"{module}.{node.name}: {node.end_lineno - node.lineno} lines"
        for module in FILES
        for node in ast.walk(tree(module))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and node.end_lineno is not None
        and node.end_lineno - node.lineno > MAX_FUNCTION_LINES
    ]
    assert wrong == []


def _public(body: list[ast.stmt], prefix: str) -> Iterator[tuple[str, ast.AST]]:
    """Public classes and functions, and the public methods of public classes, with their names."""
    for node in body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("_"):
            yield f"{prefix}.{node.name}", node
            if isinstance(node, ast.ClassDef) and "Protocol" not in ast.unparse(ast.Tuple(node.bases)):
                yield from _public(node.body, f"{prefix}.{node.name}")


def test_everything_public_says_what_it_does() -> None:
    wrong = [module for module in FILES if module != "__init__" and ast.get_docstring(tree(module)) is None]
    wrong += [
        name
        for module in FILES
        for name, node in _public(tree(module).body, module)
        if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(node) is None
    ]
    assert wrong == []


def test_names_say_what_is_inside() -> None:
    vague = {"utils", "util", "common", "helpers", "helper", "base", "core", "manager", "repository", "misc"}

    assert [module for module in FILES if vague & set(module.split("."))] == []
