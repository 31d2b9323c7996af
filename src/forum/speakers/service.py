"""The rules of speakers and their appearances: who is named in public, and who can be where."""

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from forum.bodies import merge
from forum.db import Connection
from forum.editions import service as editions
from forum.editions.service import WrongStatus
from forum.errors import Conflict
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.programme import service as programme
from forum.speakers import queries
from forum.speakers.types import (
    Appearance,
    AppearancePatch,
    AppearanceRole,
    AppearanceStatus,
    NewAppearance,
    NewSpeaker,
    Outcome,
    Speaker,
    SpeakerFilter,
    SpeakerPatch,
)

Move = Literal["confirm", "decline", "withdraw"]
MOVES: Final[dict[Move, tuple[frozenset[AppearanceStatus], AppearanceStatus]]] = {
    "confirm": (frozenset({"invited", "declined", "withdrawn"}), "confirmed"),
    "decline": (frozenset({"invited"}), "declined"),
    "withdraw": (frozenset({"invited", "confirmed"}), "withdrawn"),
}
"""Every allowed change of status. Who declined or withdrew may come after all."""


class AlreadyAppears(Conflict, constraint="appearances_one_per_session_speaker_and_role"):
    """This speaker is in this session in this role already"""


async def create_speaker(conn: Connection, edition_id: UUID, new: NewSpeaker, now: datetime) -> Speaker:
    """A new speaker, named in public only when `published` says that they agreed."""
    return await queries.insert_speaker(conn, edition_id, new_id(), new, now)


async def find_speaker(conn: Connection, principal: Principal, edition_id: UUID, speaker_id: UUID) -> Speaker:
    """A speaker; who has not agreed to be named is there for those who look after speakers only."""
    sees_all = principal.may(Permission.PROGRAMME_WRITE, edition_id)
    return await queries.find_speaker(conn, edition_id, speaker_id, sees_all)


async def list_speakers(
    conn: Connection, principal: Principal, edition_id: UUID, wanted: SpeakerFilter, paging: Paging
) -> Page[Speaker]:
    """Speakers in the order in which they were added; raises `NotFound` for a draft that is not one's own."""
    await editions.find_edition(conn, principal, edition_id)
    chosen = (edition_id, principal.may(Permission.PROGRAMME_WRITE, edition_id), wanted)
    rows = await queries.list_speakers(conn, *chosen, paging.after(UUID), paging.limit + 1)
    total = await queries.count_speakers(conn, *chosen) if paging.count else None
    return paging.page(rows, lambda speaker: speaker.id, total)


async def update_speaker(
    conn: Connection, edition_id: UUID, speaker_id: UUID, patch: SpeakerPatch, if_match: IfMatch
) -> Speaker:
    """Change a speaker. With `published` taken back, the name leaves every public answer at once."""
    before = await queries.lock_speaker(conn, edition_id, speaker_id)
    if_match.require(before.version)
    after = merge(before, patch)
    return await queries.update_speaker(
        conn, edition_id, speaker_id, after.display_name, after.honorific, after.function, after.entity,
        after.country, after.biography, after.published, after.external_id,
    )  # fmt: skip


async def create_appearance(
    conn: Connection, edition_id: UUID, session_id: UUID, new: NewAppearance, now: datetime
) -> Appearance:
    """Invite a speaker to a session; raises `AlreadyAppears` with its id, or `NotFound` without the session."""
    await programme.lock_session(conn, edition_id, session_id)
    await _refuse_second(conn, edition_id, session_id, new.speaker, new.role, None)
    return await queries.insert_appearance(conn, edition_id, session_id, new_id(), new, now)


async def find_appearance(conn: Connection, edition_id: UUID, session_id: UUID, appearance_id: UUID) -> Appearance:
    """One appearance in a session; raises `NotFound`."""
    return await queries.find_appearance(conn, edition_id, session_id, appearance_id)


async def list_appearances(conn: Connection, edition_id: UUID, session_id: UUID, paging: Paging) -> Page[Appearance]:
    """Who appears in a session, in their order; raises `NotFound` without the session."""
    await programme.find_session(conn, edition_id, session_id)
    after_order, after_id = paging.after(tuple[int, UUID]) or (None, None)
    rows = await queries.list_appearances(conn, edition_id, session_id, after_order, after_id, paging.limit + 1)
    total = await queries.count_appearances(conn, edition_id, session_id) if paging.count else None
    return paging.page(rows, lambda appearance: (appearance.order, appearance.id), total)


async def update_appearance(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    appearance_id: UUID,
    patch: AppearancePatch,
    if_match: IfMatch,
) -> Appearance:
    """Change the role, place or time of an appearance; raises `AlreadyAppears`."""
    await programme.lock_session(conn, edition_id, session_id)
    before = await queries.lock_appearance(conn, edition_id, session_id, appearance_id)
    if_match.require(before.version)
    after = merge(before, patch)
    await _refuse_second(conn, edition_id, session_id, after.speaker, after.role, appearance_id)
    return await _write(conn, edition_id, after)


async def move_appearance(
    conn: Connection, edition_id: UUID, session_id: UUID, appearance_id: UUID, move: Move
) -> Appearance:
    """Confirm, decline or withdraw an appearance.

    Raises `WrongStatus` naming the moves that are allowed now, and `SpeakerDoubleBooked` when the speaker is
    confirmed in another confirmed session at that time. Locks in the order that `forum.programme.sessions` sets.
    """
    session = await programme.lock_session(conn, edition_id, session_id)
    appearance = await queries.find_appearance(conn, edition_id, session_id, appearance_id)
    sources, target = MOVES[move]
    if target == "confirmed" and session.status == "confirmed":
        await programme.claim_speakers(conn, edition_id, session, [appearance.speaker])
    appearance = await queries.lock_appearance(conn, edition_id, session_id, appearance_id)
    if appearance.status not in sources:
        allowed = [name for name, (states, _) in MOVES.items() if appearance.status in states]
        raise WrongStatus(f"It is {appearance.status}.", allowed=allowed)
    appearance.status = target
    return await _write(conn, edition_id, appearance)


async def confirm_appearance(conn: Connection, edition_id: UUID, session_id: UUID, appearance_id: UUID) -> Appearance:
    """Confirm an appearance; raises `SpeakerDoubleBooked` with the id of the other session."""
    return await move_appearance(conn, edition_id, session_id, appearance_id, "confirm")


async def record_outcome(conn: Connection, edition_id: UUID, appearance_id: UUID, outcome: Outcome) -> None:
    """What became of an appearance in the hall: who spoke did so whatever they had answered.

    Who declined or withdrew is not absent; `confirmed` takes an absence back.
    """
    await queries.update_outcome(conn, edition_id, appearance_id, outcome)


async def _refuse_second(
    conn: Connection, edition_id: UUID, session_id: UUID, speaker_id: UUID, role: AppearanceRole, but: UUID | None
) -> None:
    """Name the appearance that is there already. The caller has locked the session: no other can come meanwhile."""
    other = await queries.find_same_appearance(conn, edition_id, session_id, speaker_id, role, but)
    if other is not None:
        raise AlreadyAppears(id=other)


async def _write(conn: Connection, edition_id: UUID, appearance: Appearance) -> Appearance:
    return await queries.update_appearance(
        conn, edition_id, appearance.id, appearance.role, appearance.order, appearance.on_behalf_of,
        appearance.allotted_seconds, appearance.status,
    )  # fmt: skip
