"""One function for each statement of `pledges.sql` about pledges."""

from datetime import datetime
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.pledges.types import (
    NewPledge,
    Pledge,
    PledgeFields,
    PledgeFilter,
    PledgeReferences,
    PledgeStatus,
    Summary,
    Viewer,
)
from forum.sqlfiles import load_statements

_SQL = load_statements("pledges")
_WRITTEN = len(PledgeFields.__struct_fields__)


async def get_pledge_references(
    conn: Connection,
    edition_id: UUID,
    lead_entity: UUID,
    partners: list[UUID],
    contribution_kinds: list[str],
    objectives: list[str],
    focus_areas: list[str],
    multistakeholder_pledges: list[str],
) -> PledgeReferences:
    """Which of the entities and values that a pledge names are not there; raises `NotFound` without the edition."""
    named = (lead_entity, partners, contribution_kinds, objectives, focus_areas, multistakeholder_pledges)
    return await get(conn, _SQL["get_pledge_references"], PledgeReferences, edition_id, *named)


async def insert_pledge(
    conn: Connection, edition_id: UUID, pledge_id: UUID, new: NewPledge, owner_id: UUID | None, now: datetime
) -> None:
    """A new pledge, as a draft, under the next reference of its edition."""
    await execute(conn, _SQL["insert_pledge"], edition_id, pledge_id, *columns(new), owner_id, now)


async def lock_pledge(conn: Connection, edition_id: UUID, pledge_id: UUID, owner_id: UUID | None) -> bool | None:
    """Lock a pledge until the transaction ends, and tell whether it is the owner's; None when there is none."""
    return await find(conn, _SQL["lock_pledge"], bool, edition_id, pledge_id, owner_id)


async def find_pledge(conn: Connection, edition_id: UUID, pledge_id: UUID, viewer: Viewer) -> Pledge:
    """One pledge as the viewer may see it; raises `NotFound` where they may not."""
    return await get(conn, _SQL["find_pledge"], Pledge, edition_id, pledge_id, *columns(viewer))


async def find_external_pledge(conn: Connection, edition_id: UUID, external_id: str) -> UUID | None:
    """The pledge that has an external_id."""
    return await find(conn, _SQL["find_external_pledge"], UUID, edition_id, external_id)


async def list_pledges(
    conn: Connection, edition_id: UUID, viewer: Viewer, wanted: PledgeFilter, after: int | None, limit: int
) -> list[Pledge]:
    """Pledges by number."""
    chosen = (edition_id, *columns(viewer), *columns(wanted), after, limit)
    return await fetch_all(conn, _SQL["list_pledges"], Pledge, *chosen)


async def count_pledges(conn: Connection, edition_id: UUID, viewer: Viewer, wanted: PledgeFilter) -> int:
    """How many pledges the list has."""
    return int(await value(conn, _SQL["count_pledges"], edition_id, *columns(viewer), *columns(wanted)))


async def update_pledge(conn: Connection, edition_id: UUID, pledge_id: UUID, fields: PledgeFields) -> None:
    """Write every field that can change; partners that stay keep their acceptance; the version rises."""
    await execute(conn, _SQL["update_pledge"], edition_id, pledge_id, *columns(fields)[:_WRITTEN])


async def update_pledge_status(
    conn: Connection, edition_id: UUID, pledge_id: UUID, status: PledgeStatus, now: datetime
) -> None:
    """Move a pledge to another status; the version rises."""
    await execute(conn, _SQL["update_pledge_status"], edition_id, pledge_id, status, now)


async def accept_partner(conn: Connection, edition_id: UUID, pledge_id: UUID, entity_id: UUID, now: datetime) -> None:
    """A partner joins a pledge in public; nothing happens when it has accepted before."""
    await execute(conn, _SQL["accept_partner"], edition_id, pledge_id, entity_id, now)


async def get_summary(conn: Connection, edition_id: UUID, now: datetime) -> Summary:
    """What the public pledges of an edition come to."""
    return await get(conn, _SQL["get_summary"], Summary, edition_id, now)
