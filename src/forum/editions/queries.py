"""One function for each statement of `editions.sql`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from forum.db import Connection, execute, fetch_all, find, get, value
from forum.editions.types import Edition, Series
from forum.sqlfiles import load_statements

_SQL = load_statements("editions")


async def insert_series(conn: Connection, code: str, title: dict[str, str]) -> None:
    """A new series."""
    await execute(conn, _SQL["insert_series"], code, title)


async def update_series(conn: Connection, code: str, title: dict[str, str]) -> None:
    """Rename a series."""
    await execute(conn, _SQL["update_series"], code, title)


async def upsert_terms(conn: Connection, series_code: str, terms: Sequence[dict[str, Any]]) -> None:
    """The values of a series' vocabularies: `vocabulary, value, label, position` each."""
    await execute(conn, _SQL["upsert_terms"], series_code, terms)


async def list_series(conn: Connection, after: str | None, limit: int) -> list[Series]:
    """Every series with its vocabularies."""
    return await fetch_all(conn, _SQL["list_series"], Series, after, limit)


async def find_series(conn: Connection, code: str) -> Series | None:
    """One series with its vocabularies."""
    return await find(conn, _SQL["find_series"], Series, code)


async def list_terms(conn: Connection, edition_id: UUID, vocabulary: str) -> list[str]:
    """The values that a vocabulary of the edition's series allows."""
    return await fetch_all(conn, _SQL["list_terms"], str, edition_id, vocabulary)


async def insert_edition(conn: Connection, *fields: Any) -> None:
    """A new edition, as a draft; the fields stand in the statement's order."""
    await execute(conn, _SQL["insert_edition"], *fields)


async def insert_places(conn: Connection, edition_id: UUID, in_person: int | None, online: int | None) -> None:
    """The places of a new edition."""
    await execute(conn, _SQL["insert_places"], edition_id, in_person, online)


async def find_edition(conn: Connection, edition_id: UUID) -> Edition:
    """An edition by id; raises `NotFound`."""
    return await get(conn, _SQL["find_edition"], Edition, edition_id)


async def lock_edition(conn: Connection, edition_id: UUID) -> UUID:
    """Lock an edition until the transaction ends; raises `NotFound`."""
    return await get(conn, _SQL["lock_edition"], UUID, edition_id)


async def find_edition_id(conn: Connection, slug: str, edition_id: UUID | None) -> UUID | None:
    """The id of the edition that has a slug or an id."""
    return await find(conn, _SQL["find_edition_id"], UUID, slug, edition_id)


async def list_editions(
    conn: Connection,
    own: Sequence[UUID],
    sees_all: bool,
    series: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[Edition]:
    """Editions by id, drafts only for those who may see them."""
    return await fetch_all(conn, _SQL["list_editions"], Edition, own, sees_all, series, status, after, limit)


async def count_editions(
    conn: Connection, own: Sequence[UUID], sees_all: bool, series: str | None, status: str | None
) -> int:
    """How many editions the list has."""
    return int(await value(conn, _SQL["count_editions"], own, sees_all, series, status))


async def update_edition(conn: Connection, *fields: Any) -> None:
    """Write every field that can change; the version rises."""
    await execute(conn, _SQL["update_edition"], *fields)


async def shift_windows(conn: Connection, edition_id: UUID, days: int, old_zone: str, new_zone: str) -> None:
    """Move the registration windows by days of the edition's own clocks."""
    await execute(conn, _SQL["shift_windows"], edition_id, days, old_zone, new_zone)


async def update_status(conn: Connection, edition_id: UUID, status: str) -> None:
    """Move an edition to another status; the version rises."""
    await execute(conn, _SQL["update_status"], edition_id, status)


async def lock_places(conn: Connection, edition_id: UUID) -> None:
    """Lock the places of both modes in a fixed order until the transaction ends."""
    await execute(conn, _SQL["lock_places"], edition_id)


async def update_capacity(conn: Connection, edition_id: UUID, mode: str, capacity: int | None) -> None:
    """Set how many places a mode has."""
    await execute(conn, _SQL["update_capacity"], edition_id, mode, capacity)


async def update_priorities(conn: Connection, edition_id: UUID) -> None:
    """Put everybody who waits into the class that their category has now."""
    await execute(conn, _SQL["update_priorities"], edition_id)


async def promote_waiting(conn: Connection, edition_id: UUID, now: datetime) -> None:
    """Leave no place free for which somebody waits who may have it."""
    await execute(conn, _SQL["promote_waiting"], edition_id, now)
