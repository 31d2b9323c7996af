"""Databases for tests: each test has one of its own, emptied and lent to the next when only its rows have changed.

A clone of a migrated database is some five hundred files, which takes longer than most tests.
"""

import secrets
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from forum.migrations import migrate
from forum.pushes.service import ensure_push_key
from forum.registrations.service import ensure_badge_key

MOST_LOANS: Final = 40
"""So that rows that are deleted, and not yet cleaned up by the server, stay few."""

_SCHEMA: Final = """
SELECT jsonb_agg(jsonb_build_array(part, rows, latest) ORDER BY part)::text FROM (
    SELECT 'attributes' AS part, count(*) AS rows, max(xmin::text::bigint) AS latest FROM pg_attribute
    UNION ALL SELECT 'relations', count(*), max(xmin::text::bigint) FROM pg_class
    UNION ALL SELECT 'constraints', count(*), max(xmin::text::bigint) FROM pg_constraint
    UNION ALL SELECT 'triggers', count(*), max(xmin::text::bigint) FROM pg_trigger
    UNION ALL SELECT 'functions', count(*), max(xmin::text::bigint) FROM pg_proc
    UNION ALL SELECT 'settings', count(*), 0 FROM pg_db_role_setting
) found
"""
_FILLED: Final = """
SELECT c.oid::regclass::text AS name FROM pg_class c
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND pg_relation_size(c.oid) > 0 ORDER BY name
"""
_DRAWN: Final = "SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences WHERE last_value IS NOT NULL"


class Databases:
    """Databases with every migration, on one server, for one test after the other."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._template = f"forum_template_{secrets.token_hex(8)}"
        self._clean: list[str] = []
        self._loans: dict[str, int] = {}

    async def open(self) -> None:
        """Make the database that all others are clones of."""
        await self._run(f"CREATE DATABASE {self._template}")
        conn = await asyncpg.connect(self.url(self._template))
        await migrate(conn)
        await ensure_badge_key(conn, datetime.now(UTC))
        await ensure_push_key(conn, datetime.now(UTC))
        await conn.execute("VACUUM")
        self._schema = await conn.fetchval(_SCHEMA)
        self._drawn = {row[0] for row in await conn.fetch(_DRAWN)}
        filled = [row[0] for row in await conn.fetch(_FILLED)]
        self._seeds = {name: await self._latest(conn, name) for name in filled}
        await conn.close()

    async def close(self) -> None:
        """Drop all of them."""
        for name in (*self._loans, self._template):
            await self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    async def lend(self) -> str:
        """The name of an empty database."""
        if not self._clean:
            name = f"forum_{secrets.token_hex(8)}"
            await self._run(f"CREATE DATABASE {name} TEMPLATE {self._template}")
            self._clean.append(name)
            self._loans[name] = 0
        name = self._clean.pop()
        self._loans[name] += 1
        return name

    async def take_back(self, name: str) -> None:
        """Empty a database for the next test; drop one that is more than rows away from a new one."""
        try:
            is_clean = self._loans[name] < MOST_LOANS and await self._empty(name)
        except (asyncpg.PostgresError, OSError):
            is_clean = False
        if is_clean:
            self._clean.append(name)
        else:
            await self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            del self._loans[name]

    def url(self, name: str) -> str:
        """Where a database is."""
        parts = urlsplit(self._server_url)
        return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))

    async def _empty(self, name: str) -> bool:
        conn = await asyncpg.connect(self.url(name))
        try:
            await conn.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
            if await conn.fetchval(_SCHEMA) != self._schema:
                return False
            filled = [row[0] for row in await conn.fetch(_FILLED)]
            for seeded, latest in self._seeds.items():
                if await self._latest(conn, seeded) != latest:
                    return False
            await conn.execute("SET session_replication_role = replica")
            for table in filled:
                if table not in self._seeds:
                    await conn.execute(f"DELETE FROM {table}")
            for (sequence,) in await conn.fetch(_DRAWN):
                if sequence not in self._drawn:
                    await conn.execute(f"SELECT setval('{sequence}', 1, false)")
            return True
        finally:
            await conn.close()

    async def _latest(self, conn: "asyncpg.Connection[asyncpg.Record]", table: str) -> tuple[int, int]:
        """How many rows a table has, and the last transaction that wrote one: what changes when somebody writes."""
        row = await conn.fetchrow(f"SELECT count(*), coalesce(max(xmin::text::bigint), 0) FROM {table}")
        assert row is not None
        return row[0], row[1]

    async def _run(self, sql: str) -> None:
        conn = await asyncpg.connect(self._server_url)
        try:
            await conn.execute(sql)
        finally:
            await conn.close()
