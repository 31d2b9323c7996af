"""One function for each statement of `privacy.sql`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, fetch_all, get, value
from forum.privacy.types import Erasure
from forum.sqlfiles import load_statements

_SQL = load_statements("privacy")


async def get_personal_data(conn: Connection, person_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that belongs to a person."""
    data: dict[str, list[dict[str, Any]]] = await value(conn, _SQL["get_personal_data"], person_id)
    return data


async def insert_erasure(
    conn: Connection,
    id: UUID,
    edition_id: UUID | None,
    registration_id: UUID | None,
    reason: str,
    now: datetime,
    by_token: UUID,
    removed: Any,
    kept: Any,
) -> Erasure:
    """Write down that somebody was erased."""
    row = (id, edition_id, registration_id, reason, now, by_token, removed, kept)
    return await get(conn, _SQL["insert_erasure"], Erasure, *row)


async def list_erasures(conn: Connection, edition_id: UUID, after: UUID | None, limit: int) -> list[Erasure]:
    """What was erased of an edition."""
    return await fetch_all(conn, _SQL["list_erasures"], Erasure, edition_id, after, limit)


async def count_erasures(conn: Connection, edition_id: UUID) -> int:
    """How many erasures the list has."""
    return int(await value(conn, _SQL["count_erasures"], edition_id))
