"""The rules of appearances: who is in which session, what they answered, and who can be where."""

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from msgspec import UNSET, structs

from forum import exports
from forum.bodies import merge
from forum.codes import choose_language
from forum.db import Connection, Pool
from forum.editions.service import WrongStatus
from forum.errors import Conflict, TooManyRequests
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.problems import Clash
from forum.programme import service as programme
from forum.programme.conflict_types import NewOverride
from forum.programme.types import Session
from forum.speakers import appearance_queries as queries
from forum.speakers.appearance_types import (
    Appearance,
    AppearanceFilter,
    AppearancePatch,
    AppearanceRole,
    AppearanceRow,
    AppearanceStatus,
    CalendarAnswer,
    NewAppearance,
    Outcome,
    WrittenAppearance,
)
from forum.speakers.invitations import send_invitation
from forum.speakers.queries import lock_speaker

Move = Literal["confirm", "decline", "withdraw", "mark-spoke", "mark-absent"]
MOVES: Final[dict[Move, tuple[frozenset[AppearanceStatus], AppearanceStatus]]] = {
    "confirm": (frozenset({"invited", "declined", "withdrawn", "spoke", "absent"}), "confirmed"),
    "decline": (frozenset({"invited"}), "declined"),
    "withdraw": (frozenset({"invited", "confirmed"}), "withdrawn"),
    "mark-spoke": (frozenset({"confirmed", "absent"}), "spoke"),
    "mark-absent": (frozenset({"confirmed", "spoke"}), "absent"),
}
"""Every allowed change of status. Who declined or withdrew may come after all; what was marked can be put right."""
AGAIN_AFTER: Final = timedelta(minutes=1)
"""How long after a mail the speaker of an appearance can be written to again."""


class AlreadyAppears(Conflict, constraint="appearances_one_per_session_speaker_and_role"):
    """This speaker is in this session in this role already"""


async def create_appearance(
    conn: Connection, edition_id: UUID, session_id: UUID, new: NewAppearance, now: datetime
) -> Appearance:
    """Invite a speaker to a session, by mail if that is asked for.

    Raises `AlreadyAppears` with its id, `NotFound` without the session, and `SpeakerHasNoAddress`.
    """
    await programme.lock_session(conn, edition_id, session_id)
    await _refuse_second(conn, edition_id, session_id, new.speaker, new.role, None)
    made = await queries.insert_appearance(conn, edition_id, session_id, new_id(), new, now)
    if new.invite:
        await send_invitation(conn, edition_id, made, now)
    return made


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


async def list_edition_appearances(
    conn: Connection, edition_id: UUID, wanted: AppearanceFilter, paging: Paging
) -> Page[AppearanceRow]:
    """Who appears where in an edition, in the order in which they were added."""
    rows = await queries.list_edition_appearances(conn, edition_id, wanted, paging.after(UUID), paging.limit + 1)
    total = await queries.count_edition_appearances(conn, edition_id, wanted) if paging.count else None
    return paging.page(rows, lambda row: row.id, total)


async def read_rows(
    conn: Connection, edition_id: UUID, wanted: AppearanceFilter, after: UUID | None
) -> list[AppearanceRow]:
    """The next rows of a table; fewer than `ROWS_AT_ONCE` are the last ones."""
    return await queries.list_edition_appearances(conn, edition_id, wanted, after, exports.ROWS_AT_ONCE)


def encode_table(
    pool: Pool, edition_id: UUID, wanted: AppearanceFilter, rows: list[AppearanceRow], format: str
) -> AsyncIterator[bytes]:
    """A table in a format, of which the first `rows` were read before."""

    async def read_next(conn: Connection, last: AppearanceRow) -> list[AppearanceRow]:
        return await read_rows(conn, edition_id, wanted, last.id)

    pages = exports.read_pages(pool, rows, read_next)
    return exports.ENCODERS[format](AppearanceRow.__struct_fields__, pages, _cells)


def _cells(row: AppearanceRow) -> Iterator[Any]:
    for name, item in structs.asdict(row).items():
        yield item[choose_language(item, "en")] if name == "session_title" else item


async def update_appearance(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    appearance_id: UUID,
    patch: AppearancePatch,
    if_match: IfMatch,
    now: datetime,
    override: NewOverride | None = None,
) -> WrittenAppearance:
    """Change the role, place or time of an appearance; raises `AlreadyAppears`.

    Who becomes the chair meets the rule for chairs: raises `ChairDoubleBooked`.
    """
    session = await programme.lock_session(conn, edition_id, session_id)
    if patch.role == "chair":
        found = await queries.find_appearance(conn, edition_id, session_id, appearance_id)
        await lock_speaker(conn, edition_id, found.speaker)
    before = await queries.lock_appearance(conn, edition_id, session_id, appearance_id)
    if_match.require(before.version)
    after = merge(before, patch)
    await _refuse_second(conn, edition_id, session_id, after.speaker, after.role, appearance_id)
    written = await _write(conn, edition_id, after)
    if written.status != "confirmed" or written.role == before.role or written.role != "chair":
        return _told(written, [])
    return _told(written, await _claim(conn, edition_id, session, written, override, now))


async def move_appearance(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    appearance_id: UUID,
    move: Move,
    now: datetime,
    override: NewOverride | None = None,
) -> WrittenAppearance:
    """Confirm, decline or withdraw an appearance, or say whether the speaker was there.

    Raises `WrongStatus` naming the moves that are allowed now, and `SpeakerDoubleBooked` or `ChairDoubleBooked` when
    the speaker is confirmed in another confirmed session at that time and nobody overrides it.
    """
    sources, target = MOVES[move]

    def require(status: AppearanceStatus) -> None:
        if status not in sources:
            allowed = [name for name, (states, _) in MOVES.items() if status in states]
            raise WrongStatus(f"It is {status}.", allowed=allowed)

    place = (edition_id, session_id, appearance_id)
    appearance, clashes = await lock_for_move(conn, *place, target, require, now, override)
    appearance.status = target
    return _told(await _write(conn, edition_id, appearance), clashes)


async def lock_for_move(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    appearance_id: UUID,
    target: AppearanceStatus,
    require: Callable[[AppearanceStatus], None],
    now: datetime,
    override: NewOverride | None = None,
) -> tuple[Appearance, list[Clash]]:
    """An appearance that can get the status `target`, locked, and the conflicts that are let pass.

    `require` raises when it cannot come from the status that it has: before anything is said of conflicts, and again
    once nobody else can change it. Raises `SpeakerDoubleBooked` and `ChairDoubleBooked`. Locks in the order that
    `forum.programme.sessions` sets.
    """
    session = await programme.lock_session(conn, edition_id, session_id)
    appearance = await queries.find_appearance(conn, edition_id, session_id, appearance_id)
    require(appearance.status)
    claims = target == "confirmed"
    clashes = await _claim(conn, edition_id, session, appearance, override, now) if claims else []
    appearance = await queries.lock_appearance(conn, edition_id, session_id, appearance_id)
    require(appearance.status)
    return appearance, clashes


async def invite_appearance(
    conn: Connection, edition_id: UUID, session_id: UUID, appearance_id: UUID, now: datetime
) -> Appearance:
    """Mail a speaker what they are asked to and the link by which they answer, for the first time or again.

    Who declined or withdrew is invited anew. Raises `WrongStatus`, `SpeakerHasNoAddress`, and `TooManyRequests` within
    a minute of the mail before.
    """
    await programme.lock_session(conn, edition_id, session_id)
    appearance = await queries.lock_appearance(conn, edition_id, session_id, appearance_id)
    if appearance.status in ("spoke", "absent"):
        raise WrongStatus(f"It is {appearance.status}.", allowed=["confirm"])
    if appearance.invited_at is not None and now < appearance.invited_at + AGAIN_AFTER:
        raise TooManyRequests("A mail was sent a moment ago.", int(AGAIN_AFTER.total_seconds()))
    await send_invitation(conn, edition_id, appearance, now)
    if appearance.status != "confirmed":
        appearance.status = "invited"
    appearance.invited_at = now
    return await _write(conn, edition_id, appearance)


async def record_outcome(conn: Connection, edition_id: UUID, appearance_id: UUID, outcome: Outcome) -> None:
    """What became of an appearance in the hall: who spoke did so whatever they had answered.

    Who declined or withdrew is not absent; `confirmed` takes an absence back.
    """
    await queries.update_outcome(conn, edition_id, appearance_id, outcome)


async def record_calendar_answer(
    conn: Connection,
    edition_id: UUID,
    session_id: UUID,
    registration_id: UUID | None,
    address: str,
    answer: CalendarAnswer,
) -> None:
    """What the calendar of somebody who speaks answered to the invitation to a session.

    They are known by their registration, or without one by their address. It moves nothing: that is shown to the staff.
    """
    await queries.record_calendar_answer(conn, edition_id, session_id, registration_id, address, answer)


async def _refuse_second(
    conn: Connection, edition_id: UUID, session_id: UUID, speaker_id: UUID, role: AppearanceRole, but: UUID | None
) -> None:
    """Name the appearance that is there already. The caller has locked the session: no other can come meanwhile."""
    other = await queries.find_same_appearance(conn, edition_id, session_id, speaker_id, role, but)
    if other is not None:
        raise AlreadyAppears(id=other)


async def _claim(
    conn: Connection,
    edition_id: UUID,
    session: Session,
    appearance: Appearance,
    override: NewOverride | None,
    now: datetime,
) -> list[Clash]:
    """Have the speaker nowhere else while a confirmed session takes place; a draft takes nobody's time."""
    if session.status != "confirmed":
        return []
    return await programme.claim_speakers(conn, edition_id, session, [appearance.speaker], override, now)


def _told(appearance: Appearance, clashes: list[Clash]) -> WrittenAppearance:
    return WrittenAppearance(**structs.asdict(appearance), warnings=clashes or UNSET)


async def _write(conn: Connection, edition_id: UUID, appearance: Appearance) -> Appearance:
    return await queries.update_appearance(
        conn, edition_id, appearance.id, appearance.role, appearance.order, appearance.on_behalf_of,
        appearance.allotted_seconds, appearance.status, appearance.invited_at,
    )  # fmt: skip
