"""Applies `sql/migrations` in order, under an advisory lock, and refuses when history was rewritten."""

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from forum.db import Connection
from forum.sqlfiles import sql_folder

_LOCK_KEY = 0x464F52554D  # "FORUM"
_FILE = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")
_LEDGER = """
CREATE TABLE IF NOT EXISTS migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE migrations IS 'What was applied to this database, with the checksum of each file.';
"""


class MigrationError(Exception):
    """The files and the database tell different histories."""


class Migration(msgspec.Struct, frozen=True):
    """One file of `sql/migrations`."""

    number: int
    name: str
    sha256: str
    sql: str


def list_migrations(folder: Path | None = None) -> list[Migration]:
    """Every migration in order; raises `MigrationError` for a gap or a name that is no migration."""
    found = []
    for path in sorted((folder or sql_folder() / "migrations").glob("*.sql")):
        match = _FILE.match(path.name)
        if not match:
            raise MigrationError(f"{path.name} is not named like 0001_accounts.sql.")
        text = path.read_text(encoding="utf-8")
        found.append(Migration(int(match[1]), path.stem, hashlib.sha256(text.encode()).hexdigest(), text))
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise MigrationError("The numbers of sql/migrations have a gap.")
    return found


async def migrate(connection: Connection, say: Callable[[str], None] = lambda _: None) -> list[str]:
    """Bring the database up to date in one transaction; the names applied, in order."""
    applied = []
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK_KEY)
        for migration in await _pending(connection):
            say(migration.name)
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO migrations (number, name, sha256) VALUES ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.sha256,
            )
            applied.append(migration.name)
    return applied


async def is_empty(connection: Connection) -> bool:
    """Whether the database holds nothing yet."""
    found = await connection.fetchval("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    return int(found) == 0


async def drop_everything(connection: Connection) -> None:
    """Take everything out of the database, for a rehearsal that begins anew."""
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")


async def count_pending(connection: Connection) -> int:
    """How many migrations the database still lacks, without changing anything."""
    if await connection.fetchval("SELECT to_regclass('migrations')") is None:
        return len(list_migrations())
    known = await connection.fetchval("SELECT count(*) FROM migrations")
    return len(list_migrations()) - int(known)


async def _pending(connection: Connection) -> list[Migration]:
    await connection.execute(_LEDGER)
    rows = await connection.fetch("SELECT number, name, sha256 FROM migrations ORDER BY number")
    files = list_migrations()
    if len(rows) > len(files):
        raise MigrationError(f"The database is at {rows[-1]['name']}, newer than this Forum. Install a newer one.")
    for row, migration in zip(rows, files, strict=False):
        if row["sha256"] != migration.sha256:
            raise MigrationError(f"{migration.name} was edited after it was applied. Restore it; add a new file.")
    return files[len(rows) :]
