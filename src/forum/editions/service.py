"""The rules of editions: what may change when, and what follows from it."""

from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

from forum.bodies import check, merge
from forum.codes import Mode, as_uuid
from forum.db import Connection
from forum.editions import queries
from forum.editions.types import (
    Edition,
    EditionFilter,
    EditionPatch,
    EditionStatus,
    NewEdition,
    NewSeries,
    PriorityClasses,
    Series,
)
from forum.errors import Conflict, Fault, Invalid, NotFound
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal

Move = Literal["announce", "open", "close", "start", "end", "archive", "cancel"]
MOVES: Final[dict[Move, tuple[frozenset[EditionStatus], EditionStatus]]] = {
    "announce": (frozenset({"draft"}), "announced"),
    "open": (frozenset({"announced", "closed"}), "open"),
    "close": (frozenset({"open"}), "closed"),
    "start": (frozenset({"open", "closed"}), "live"),
    "end": (frozenset({"live"}), "ended"),
    "archive": (frozenset({"ended", "cancelled"}), "archived"),
    "cancel": (frozenset({"draft", "announced", "open", "closed", "live"}), "cancelled"),
}
"""Every allowed change of status: from where, and to what."""


RUNNING: Final = frozenset({"announced", "open", "closed", "live"})
"""The statuses of an edition in which places are given: at the edition, and in its sessions."""
UNKNOWN_CATEGORY: Final = "The series has no such stakeholder_category."


class SlugTaken(Conflict, constraint="editions_slug_is_unique"):
    """Another edition has this slug"""


class SeriesExists(Conflict, constraint="series_pkey"):
    """A series has this code already"""


class NeedsRevision(Conflict):
    """The dates and the mode of an announced edition change by a revision"""


class WrongStatus(Conflict):
    """This cannot be done in its present status"""


async def create_series(conn: Connection, new: NewSeries) -> Series:
    """A new series with its vocabularies."""
    await queries.insert_series(conn, new.code, new.title)
    await queries.upsert_terms(conn, new.code, _terms(new))
    return await find_series(conn, new.code)


async def revise_series(conn: Connection, new: NewSeries) -> Series:
    """Bring the title and labels of a series in line, and add the values that it lacks; none is taken away."""
    await queries.update_series(conn, new.code, new.title)
    await queries.upsert_terms(conn, new.code, _terms(new))
    return await find_series(conn, new.code)


async def find_series(conn: Connection, code: str) -> Series:
    """One series; raises `NotFound`."""
    if (series := await queries.find_series(conn, code)) is None:
        raise NotFound
    return series


async def list_series(conn: Connection, paging: Paging) -> Page[Series]:
    """Every series."""
    rows = await queries.list_series(conn, paging.after(str), paging.limit + 1)
    return paging.page(rows, lambda series: series.code)


async def find_id(conn: Connection, edition: str) -> UUID:
    """The id of an edition that was named by id or slug; raises `NotFound` when there is none."""
    if (found := await queries.find_edition_id(conn, edition, as_uuid(edition))) is None:
        raise NotFound
    return found


async def find_manageable(conn: Connection, principal: Principal, permission: Permission, edition: str) -> UUID:
    """The id of an edition named in a body; `NotFound` where the principal lacks the permission."""
    edition_id = await find_id(conn, edition)
    if not principal.may(permission, edition_id):
        raise NotFound
    return edition_id


async def find_edition(
    conn: Connection, principal: Principal, edition_id: UUID, reader: Permission = Permission.PROGRAMME_READ
) -> Edition:
    """An edition; a draft is there for its staff only: for those with the permission `reader`."""
    edition = await queries.find_edition(conn, edition_id)
    if edition.status == "draft" and not principal.may(reader, edition_id):
        raise NotFound
    return edition


async def find_mailbox(conn: Connection, edition_id: UUID) -> str:
    """The address that an edition's mails come from; raises `NotFound`."""
    return (await queries.find_edition(conn, edition_id)).organizer_email


async def list_editions(conn: Connection, principal: Principal, wanted: EditionFilter, paging: Paging) -> Page[Edition]:
    """Editions in the order in which they were made."""
    own = [grant.edition_id for grant in principal.grants if grant.edition_id and not grant.delegation_id]
    sees_all = principal.may(Permission.EDITIONS_CREATE)
    chosen = (own, sees_all, wanted.series, wanted.status)
    rows = await queries.list_editions(conn, *chosen, paging.after(UUID), paging.limit + 1)
    total = await queries.count_editions(conn, *chosen) if paging.count else None
    return paging.page(rows, lambda edition: edition.id, total)


async def create_edition(conn: Connection, new: NewEdition, now: datetime) -> Edition:
    """A new edition, as a draft."""
    if await queries.find_series(conn, new.series) is None:
        raise Invalid.at("/series", "unknown_reference", "There is no such series.")
    edition_id = new_id()
    await queries.insert_edition(
        conn, edition_id, new.slug, new.series, new.title, new.starts_on, new.ends_on, new.timezone,
        new.venue, new.city, new.country, new.mode, new.languages,
        new.registration.in_person.opens_at, new.registration.in_person.closes_at,
        new.registration.online.opens_at, new.registration.online.closes_at,
        new.approval, new.online_approval, new.promotion, new.offer_hours, new.priority_classes,
        new.statement_seconds, new.organizer_email, now,
    )  # fmt: skip
    await queries.insert_places(conn, edition_id, new.in_person_capacity, new.online_capacity)
    await _check_priorities(conn, edition_id, new.priority_classes)
    return await queries.find_edition(conn, edition_id)


async def update_edition(
    conn: Connection, edition_id: UUID, patch: EditionPatch, if_match: IfMatch, now: datetime
) -> Edition:
    """Change an edition; a raised capacity promotes who waits, in the same transaction.

    Raises `NeedsRevision` for dates and mode once it is announced: people count on them.
    """
    before = await _lock(conn, edition_id, if_match)
    after = merge(before, patch)
    check(after, Edition)
    if after.starts_on is None and after.status != "draft":
        raise Invalid.at("/starts_on", "rule_broken", "An announced edition keeps its dates.")
    if before.status != "draft" and _promised(before) != _promised(after):
        raise NeedsRevision("Send `POST /v1/editions/{e}/revise` with a reason: it tells everybody who is registered.")
    await write_edition(conn, after)
    if before.priority_classes != after.priority_classes:
        await _check_priorities(conn, edition_id, after.priority_classes)
    await _settle_places(conn, before, after, now)
    return await queries.find_edition(conn, edition_id)


async def lock_edition(conn: Connection, edition_id: UUID) -> Edition:
    """An edition that stays as it is until the transaction ends; raises `NotFound`."""
    return await _lock(conn, edition_id, IfMatch(None))


async def write_edition(conn: Connection, after: Edition) -> None:
    """Write every field that can change but the capacities; the caller has locked the edition and checked them."""
    await queries.update_edition(
        conn, after.id, after.title, after.starts_on, after.ends_on, after.timezone,
        after.venue, after.city, after.country, after.mode, after.languages,
        after.registration.in_person.opens_at, after.registration.in_person.closes_at,
        after.registration.online.opens_at, after.registration.online.closes_at,
        after.approval, after.online_approval, after.promotion, after.offer_hours, after.priority_classes,
        after.statement_seconds, after.organizer_email,
    )  # fmt: skip


async def shift_windows(conn: Connection, edition_id: UUID, days: int, old_zone: str, new_zone: str) -> None:
    """Move the registration windows by so many days: they open and close at the same time of day."""
    await queries.shift_windows(conn, edition_id, days, old_zone, new_zone)


async def move_edition(conn: Connection, edition_id: UUID, move: Move) -> Edition:
    """Move an edition to its next status; raises `WrongStatus` naming the moves that are allowed now."""
    before = await _lock(conn, edition_id, IfMatch(None))
    sources, target = MOVES[move]
    if before.status not in sources:
        allowed = [name for name in get_args(Move) if before.status in MOVES[name][0]]
        raise WrongStatus(f"It is {before.status}.", allowed=allowed)
    if target == "announced" and before.starts_on is None:
        raise Invalid.at("/starts_on", "missing", "Give the dates before you announce it.")
    await queries.update_status(conn, edition_id, target)
    return await queries.find_edition(conn, edition_id)


async def list_terms(conn: Connection, edition_id: UUID, vocabulary: str) -> frozenset[str]:
    """The values that a vocabulary of the edition's series allows."""
    return frozenset(await queries.list_terms(conn, edition_id, vocabulary))


def _promised(edition: Edition) -> tuple[object, ...]:
    """What people who are registered have planned by."""
    return edition.starts_on, edition.ends_on, edition.mode


def _terms(new: NewSeries) -> list[dict[str, Any]]:
    return [
        {"vocabulary": vocabulary, "value": term.value, "label": term.label, "position": position}
        for vocabulary, values in new.vocabularies.items()
        for position, term in enumerate(values)
    ]


async def _lock(conn: Connection, edition_id: UUID, if_match: IfMatch) -> Edition:
    await queries.lock_edition(conn, edition_id)
    edition = await queries.find_edition(conn, edition_id)
    if_match.require(edition.version)
    return edition


async def _check_priorities(conn: Connection, edition_id: UUID, classes: PriorityClasses) -> None:
    known = await list_terms(conn, edition_id, "stakeholder_category") if classes else frozenset()
    faults = [
        Fault(pointer=f"/priority_classes/{number}/{index}", code="unknown_value", detail=UNKNOWN_CATEGORY)
        for number, categories in enumerate(classes)
        for index, category in enumerate(categories)
        if category not in known
    ]
    if faults:
        raise Invalid(faults)


async def _settle_places(conn: Connection, before: Edition, after: Edition, now: datetime) -> None:
    """Let capacities and priorities take effect; whoever can have a place then gets it."""
    capacities: dict[Mode, int | None] = {}
    if before.in_person_capacity != after.in_person_capacity:
        capacities["in_person"] = after.in_person_capacity
    if before.online_capacity != after.online_capacity:
        capacities["online"] = after.online_capacity
    if not capacities and before.priority_classes == after.priority_classes:
        return
    await queries.lock_places(conn, before.id)
    if before.priority_classes != after.priority_classes:
        await queries.update_priorities(conn, before.id)
    for mode, capacity in capacities.items():
        await queries.update_capacity(conn, before.id, mode, capacity)
    await queries.promote_waiting(conn, before.id, now)


async def lock_places(conn: Connection, edition_id: UUID) -> None:
    """Lock the places of both modes until the transaction ends: nobody else gives or frees one meanwhile."""
    await queries.lock_places(conn, edition_id)


async def promote_waiting(conn: Connection, edition_id: UUID, now: datetime) -> None:
    """Leave no place free for which somebody waits who may have it; the caller holds the lock on the places."""
    await queries.promote_waiting(conn, edition_id, now)
