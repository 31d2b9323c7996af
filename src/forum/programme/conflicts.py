"""Conflicts in a programme: what an edition does about each, what stands open, and who went on in spite of one.

That two sessions are in one room is no rule of the edition's: the database does not allow it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from forum.db import Connection
from forum.errors import Conflict, Fault, Forbidden, Invalid
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.problems import Clash
from forum.programme import conflict_queries as queries
from forum.programme.conflict_types import (
    OVERRIDABLE,
    ConflictFilter,
    ConflictLevels,
    ConflictOverride,
    ConflictRules,
    NewOverride,
)
from forum.programme.rooms import RoomOccupied
from forum.programme.types import Session

NO_SUBJECT: Final = UUID(int=0)
"""Stands in a cursor for the speaker or team of a conflict that has neither."""


class SpeakerDoubleBooked(Conflict):
    """A confirmed speaker would be in two places at once"""


class ChairDoubleBooked(Conflict):
    """A confirmed speaker would be in two places at once, and chairs one of them"""


class InterpretationDoubleBooked(Conflict):
    """An interpretation team would be in two places at once"""


class PlenaryParallel(Conflict):
    """Something else would go on during a plenary"""


class CapacityBelowBookings(Conflict):
    """More people have booked than there would be places"""


class OutsideOpeningHours(Conflict):
    """The room is not open then"""


class OutsideEdition(Conflict):
    """The session is not on the edition's own days"""


class SetupTime(Conflict):
    """There is no time to set the room up, or to clear it, between two sessions"""


_REFUSALS: Final[dict[str, type[Conflict]]] = {
    refusal.code: refusal
    for refusal in (
        RoomOccupied,
        SpeakerDoubleBooked,
        ChairDoubleBooked,
        InterpretationDoubleBooked,
        PlenaryParallel,
        CapacityBelowBookings,
        OutsideOpeningHours,
        OutsideEdition,
        SetupTime,
    )
}

_GRAVITY: Final = {rule: place for place, rule in enumerate(_REFUSALS)}


def by_gravity(clash: Clash) -> tuple[int, list[UUID]]:
    """By what conflicts are sorted: the one that names a refusal comes first."""
    return _GRAVITY[clash.rule], clash.sessions


def override_of(principal: Principal, edition_id: UUID, override: bool, reason: str | None) -> NewOverride | None:
    """What a request asks for with `?override=true&reason=...`; raises `Forbidden`, or `Invalid` without a reason."""
    if not override:
        return None
    if not principal.may(Permission.PROGRAMME_OVERRIDE, edition_id):
        raise Forbidden("Only an organizer goes on in spite of a conflict.")
    if reason is None or not reason.strip():
        raise Invalid([Fault(parameter="reason", code="missing", detail="Say why, in `reason`.")])
    if not reason.isprintable():
        detail = "Control characters and line breaks are not allowed here."
        raise Invalid([Fault(parameter="reason", code="control_character", detail=detail)])
    return NewOverride(reason.strip(), principal.token_id)


async def settle_clashes(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    clashes: Sequence[Clash],
    override: NewOverride | None,
    now: datetime,
) -> None:
    """Let a confirmed session be where it is in spite of its conflicts, or raise the gravest that forbids it.

    With an override, conflicts of people and teams are passed over, and that is kept. `clashes` are sorted
    `by_gravity`.
    """
    refused = [clash for clash in clashes if clash.level == "refuse"]
    standing = [clash for clash in refused if override is None or clash.rule not in OVERRIDABLE]
    if standing:
        gravest = standing[0]
        other = next((session for session in gravest.sessions if session != session_id), None)
        detail = f"`conflicts` names all that stands in the way{'' if other is None else ', `id` the other session'}."
        raise _REFUSALS[gravest.rule](detail, id=other, conflicts=clashes)
    if refused and override is not None:
        rows = [
            {"id": new_id(), "rule": clash.rule, "other": clash.sessions[1], "subject": clash.speaker or clash.team}
            for clash in refused
        ]
        await queries.insert_overrides(
            conn, edition_id, session_id, override.reason, override.token_id, now, rows
        )  # fmt: skip


async def claim_speakers(
    conn: Connection,
    edition_id: UUID,
    session: Session,
    speaker_ids: list[UUID],
    override: NewOverride | None,
    now: datetime,
) -> list[Clash]:
    """Make sure that these speakers are nowhere else while a confirmed session takes place; the conflicts let pass.

    Raises `SpeakerDoubleBooked` or `ChairDoubleBooked` where the edition refuses that and nobody overrides it. The
    speakers stay locked until the transaction ends. The caller has locked the session.
    """
    if session.starts_at is None or not speaker_ids:
        return []
    await queries.lock_speakers(conn, edition_id, speaker_ids)
    slot = (session.parent, session.starts_at, session.ends_at)
    clashes = await queries.list_speaker_clashes(conn, edition_id, session.id, *slot, speaker_ids)
    clashes.sort(key=by_gravity)
    await settle_clashes(conn, edition_id, session.id, clashes, override, now)
    return clashes


async def find_conflict_rules(conn: Connection, edition_id: UUID) -> ConflictRules:
    """What an edition does about each kind of conflict."""
    return await queries.get_conflict_rules(conn, edition_id)


async def replace_conflict_rules(
    conn: Connection, edition_id: UUID, levels: ConflictLevels, if_match: IfMatch
) -> ConflictRules:
    """Decide anew about each kind of conflict. What is there stays; it is told by the list of open conflicts."""
    before = await queries.lock_conflict_rules(conn, edition_id)
    if_match.require(before.version, before, levels)
    return await queries.update_conflict_rules(conn, edition_id, levels)


async def list_conflicts(conn: Connection, edition_id: UUID, wanted: ConflictFilter, paging: Paging) -> Page[Clash]:
    """The open conflicts of an edition by rule and sessions."""
    rule, sessions, subject = paging.after(tuple[str, list[UUID], UUID]) or (None, None, None)
    rows = await queries.list_conflicts(conn, edition_id, wanted, rule, sessions, subject, paging.limit + 1)
    total = await queries.count_conflicts(conn, edition_id, wanted) if paging.count else None
    return paging.page(rows, _place, total)


async def list_overrides(
    conn: Connection, edition_id: UUID, session: UUID | None, paging: Paging
) -> Page[ConflictOverride]:
    """When organizers went on in spite of a conflict, in that order."""
    rows = await queries.list_overrides(conn, edition_id, session, paging.after(UUID), paging.limit + 1)
    total = await queries.count_overrides(conn, edition_id, session) if paging.count else None
    return paging.page(rows, lambda override: override.id, total)


def _place(clash: Clash) -> tuple[str, list[UUID], UUID]:
    """Where a conflict stands in the list, as the statement has it."""
    return clash.rule, clash.sessions, clash.speaker or clash.team or NO_SUBJECT
