"""Migrations are applied once, in order, by whoever comes first, and history is not rewritten."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from forum import migrations
from forum.db import Connection, open_connection
from forum.embedded import Services
from forum.migrations import MigrationError, count_pending, list_migrations, migrate

NAMES = ["0001_one", "0002_two"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two migrations of our own, in place of Forum's."""
    made = tmp_path / "sql" / "migrations"
    made.mkdir(parents=True)
    for name in NAMES:
        (made / f"{name}.sql").write_text(f"CREATE TABLE t{name} (id integer); -- ü\n", encoding="utf-8")
    monkeypatch.setattr(migrations, "sql_folder", lambda: tmp_path / "sql")
    return made


@pytest.fixture
async def empty_url(servers: Services) -> AsyncIterator[str]:
    """A database without any table."""
    name = f"forum_empty_{secrets.token_hex(6)}"
    admin = await asyncpg.connect(servers.database_url)
    await admin.execute(f"CREATE DATABASE {name}")
    try:
        yield urlsplit(servers.database_url)._replace(path=f"/{name}").geturl()
    finally:
        await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await admin.close()


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Connection]:
    """A connection to that database."""
    connection = await open_connection(empty_url)
    yield connection
    await connection.close()


async def test_migrations_are_applied_once_in_order(folder: Path, empty: Connection) -> None:
    said: list[str] = []

    assert await count_pending(empty) == 2
    assert await migrate(empty, said.append) == NAMES == said
    assert await migrate(empty) == []
    assert await count_pending(empty) == 0
    (folder / "0003_three.sql").write_text("CREATE TABLE three (id integer);")
    assert await count_pending(empty) == 1
    assert await migrate(empty) == ["0003_three"]
    rows = await empty.fetch("SELECT number, name, sha256 FROM migrations ORDER BY number")
    assert [tuple(row) for row in rows] == [(m.number, m.name, m.sha256) for m in list_migrations(folder)]


async def test_two_processes_at_once_apply_each_migration_once(folder: Path, empty_url: str) -> None:
    connections = [await open_connection(empty_url) for _ in range(4)]
    try:
        applied = await asyncio.gather(*(migrate(connection) for connection in connections))
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))

    assert sorted(applied) == [[], [], [], NAMES]


async def test_migration_that_fails_leaves_nothing_behind(folder: Path, empty: Connection) -> None:
    (folder / "0003_three.sql").write_text("CREATE TABLE three (id integer); SELECT 1 / 0;")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty)

    assert await empty.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    assert await count_pending(empty) == 3


async def test_file_that_was_edited_after_it_was_applied_is_refused(folder: Path, empty: Connection) -> None:
    await migrate(empty)
    (folder / "0001_one.sql").write_text("CREATE TABLE other (id integer);")

    with pytest.raises(MigrationError, match="0001_one was edited after it was applied"):
        await migrate(empty)


async def test_database_that_is_newer_is_refused(folder: Path, empty: Connection) -> None:
    await migrate(empty)
    (folder / "0002_two.sql").unlink()

    with pytest.raises(MigrationError, match="at 0002_two, newer than this Forum"):
        await migrate(empty)
    assert await count_pending(empty) <= 0


@pytest.mark.parametrize("name", ["0004_four.sql", "0002_again.sql", "0000_zero.sql"])
def test_gap_or_a_number_that_stands_twice_is_refused(folder: Path, name: str) -> None:
    (folder / name).write_text("")

    with pytest.raises(MigrationError, match="gap"):
        list_migrations(folder)


def test_file_that_is_not_named_like_a_migration_is_refused(folder: Path) -> None:
    (folder / "3_three.sql").write_text("")

    with pytest.raises(MigrationError, match=r"3_three.sql is not named like 0001_accounts.sql"):
        list_migrations(folder)


def test_forum_has_migrations_without_a_gap() -> None:
    assert [migration.number for migration in list_migrations()] == list(range(1, len(list_migrations()) + 1))
