"""The rules of copying: the frame goes along, and nothing of what happened in it.

This slice alone writes tables of several others: a frame is copied by one statement for each table, and what refers to
what is kept by one list of new ids. What mails say is copied by who writes them.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from forum.bodies import check
from forum.copies import queries
from forum.copies.types import Copied, EditionCopy, NewCopy, Part
from forum.db import Connection
from forum.editions import service as editions
from forum.editions.types import Edition, EditionFields, NewEdition
from forum.ids import new_id
from forum.notifications import service as notifications
from forum.permissions import Permission, Principal

Copy = Callable[[], Awaitable[int]]


async def copy_edition(
    conn: Connection, principal: Principal, edition_id: UUID, new: NewCopy, now: datetime
) -> EditionCopy:
    """A new edition, as a draft, with the frame of another; raises `SlugTaken`.

    Sessions, registration windows and the release of reserves move by the days between the two first days. People,
    registrations, speakers and releases stay where they are.
    """
    source = await editions.find_edition(conn, principal, edition_id, Permission.EDITIONS_CREATE)
    made = await editions.create_edition(conn, _fields_of(source, new), now)
    days = (new.starts_on - source.starts_on).days if source.starts_on else 0
    zones = (source.timezone, made.timezone)
    await editions.shift_windows(conn, made.id, days, *zones)
    ids = {
        str(one.id): str(new_id()) for one in await queries.list_frame_ids(conn, edition_id) if one.part in new.with_
    }
    pair = (edition_id, made.id)
    await queries.copy_levels(conn, *pair)
    copies: dict[Part, Copy] = {
        "rooms": lambda: queries.copy_rooms(conn, *pair, ids, now),
        "tracks": lambda: queries.copy_tracks(conn, *pair, ids, now),
        "interpretation_teams": lambda: queries.copy_teams(conn, *pair, ids, now),
        "sessions": lambda: queries.copy_sessions(conn, *pair, ids, now, days, *zones),
        "questions": lambda: queries.copy_questions(conn, *pair, now),
        "reserves": lambda: _copy_reserves(conn, *pair, days, *zones),
        "message_texts": lambda: notifications.copy_texts(conn, *pair, now),
        "reminders": lambda: notifications.copy_reminders(conn, *pair, ids, now),
        "delegations": lambda: _copy_delegations(conn, *pair, ids, now),
    }
    counts = {part: await copy() for part, copy in copies.items() if part in new.with_}
    return EditionCopy(await editions.find_edition(conn, principal, made.id), Copied(**counts))


async def _copy_reserves(conn: Connection, old: UUID, new: UUID, days: int, old_zone: str, new_zone: str) -> int:
    ids = {name: str(new_id()) for name in await queries.list_reserved(conn, old)}
    await editions.lock_places(conn, new)
    return await queries.copy_reserves(conn, old, new, ids, days, old_zone, new_zone)


async def _copy_delegations(conn: Connection, old: UUID, new: UUID, ids: dict[str, str], now: datetime) -> int:
    copied = await queries.copy_delegations(conn, old, new, ids, now)
    await queries.copy_quotas(conn, old, new, ids)
    return copied


def _fields_of(source: Edition, new: NewCopy) -> NewEdition:
    """The next edition with all that organizers have decided about this one, but its name and dates."""
    fields = {name: getattr(source, name) for name in EditionFields.__struct_fields__}
    fields |= {"title": new.title, "starts_on": new.starts_on, "ends_on": new.ends_on}
    fields |= {"timezone": new.timezone or source.timezone, "slug": new.slug, "series": source.series}
    edition = NewEdition(**fields)
    check(edition, NewEdition)
    return edition
