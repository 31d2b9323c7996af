"""One function for each statement of `registrations_links.sql`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection, execute, find, get
from forum.registrations.link_types import Linked
from forum.sqlfiles import load_statements

_SQL = load_statements("registrations_links")


async def ensure_links(conn: Connection, edition_id: UUID, registration_ids: Sequence[UUID], now: datetime) -> None:
    """Make a link for each of these registrations that has none."""
    await execute(conn, _SQL["ensure_links"], edition_id, registration_ids, now)


async def find_linked(conn: Connection, link_id: UUID, days_after: int) -> Linked | None:
    """The registration that a link leads to, until so many days after its edition."""
    return await find(conn, _SQL["find_linked"], Linked, link_id, days_after)


async def find_link_age(conn: Connection, edition_id: UUID, registration_id: UUID) -> datetime | None:
    """When the link of a registration was made, if it has one."""
    return await find(conn, _SQL["find_link_age"], datetime, edition_id, registration_id)


async def renew_link(conn: Connection, edition_id: UUID, registration_id: UUID, now: datetime) -> None:
    """Put another link in the place of the one that there is, and end the tokens that were had for it."""
    await execute(conn, _SQL["renew_link"], edition_id, registration_id, now)


async def get_source(conn: Connection, edition_id: UUID, registration_id: UUID, person_id: UUID | None) -> str:
    """Who registered a person; raises `NotFound` for anybody else's registration."""
    return await get(conn, _SQL["get_source"], str, edition_id, registration_id, person_id)


async def insert_objection(conn: Connection, edition_id: UUID, registration_id: UUID, now: datetime) -> None:
    """The person of a registration does not want to be registered by others for this edition."""
    await execute(conn, _SQL["insert_objection"], edition_id, registration_id, now)


async def delete_objection(conn: Connection, edition_id: UUID, registration_id: UUID) -> None:
    """The person of a registration may be registered by others again."""
    await execute(conn, _SQL["delete_objection"], edition_id, registration_id)
