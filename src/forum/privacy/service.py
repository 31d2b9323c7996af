"""The rules of privacy: what a person may have shown and erased, what of it stays, and that it is written down.

Each slice empties its own tables; what becomes of the rows of each stands in the table `erasure_rules`. What was said
in a plenary, and a pledge that was announced, are records of the forum: who spoke stays named as a speaker.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from msgspec import to_builtins
from msgspec.structs import asdict

from forum.accounts import service as accounts
from forum.db import Connection
from forum.errors import Invalid
from forum.ids import new_id
from forum.notifications import service as notifications
from forum.pagination import Page, Paging
from forum.permissions import Principal
from forum.privacy import queries
from forum.privacy.types import Erasure, ErasureReason, PersonalData
from forum.proposals import service as proposals
from forum.pushes import service as pushes
from forum.registrations import service as registrations
from forum.speakers import service as speakers


async def read_personal_data(conn: Connection, principal: Principal, now: datetime) -> PersonalData:
    """What is held of the person who asks; raises `Forbidden` for a machine."""
    return PersonalData(now, await queries.get_personal_data(conn, principal.require_person()))


async def erase_own(conn: Connection, principal: Principal, email: str, now: datetime) -> Erasure:
    """Erase the person who asks: every registration, then the account. The token that asked is good no more.

    Raises `Invalid` unless the address is theirs, and `Forbidden` for a machine.
    """
    person_id = principal.require_person()
    address = await accounts.find_person_email(conn, person_id)
    if address is None or address.lower() != email.lower():
        raise Invalid.at("/email", "not_yours", "Give the address that you signed in with.")
    for edition_id, registration_id in await registrations.list_erasable(conn, person_id):
        await erase_registration(conn, principal, edition_id, registration_id, "asked_by_the_person", now)
    removed = await _erase_person(conn, person_id, now)
    return await _write_down(conn, principal, None, None, "asked_by_the_person", now, removed, {})


async def erase_registration(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    registration_id: UUID,
    reason: ErasureReason,
    now: datetime,
) -> Erasure:
    """Erase one registration, and its person too when nothing else refers to them; raises `WrongStatus`, `NotFound`."""
    speaking = await _erase_speakers(conn, edition_id, registration_id, None, now)
    done = await registrations.erase_registration(conn, principal, edition_id, registration_id, now)
    mails = await notifications.forget_messages(conn, edition_id, registration_id, None)
    removed = Counter(done.removed) + speaking + Counter(messages=mails.dropped + mails.emptied)
    if not await registrations.is_person_needed(conn, done.person_id):
        removed += await _erase_person(conn, done.person_id, now)
    kept = to_builtins(done.kept)
    return await _write_down(conn, principal, edition_id, registration_id, reason, now, removed, kept)


async def list_erasures(conn: Connection, edition_id: UUID, paging: Paging) -> Page[Erasure]:
    """What was erased of an edition, oldest first."""
    rows = await queries.list_erasures(conn, edition_id, paging.after(UUID), paging.limit + 1)
    total = await queries.count_erasures(conn, edition_id) if paging.count else None
    return paging.page(rows, lambda erasure: erasure.id, total)


async def _erase_speakers(
    conn: Connection, edition_id: UUID | None, registration_id: UUID | None, person_id: UUID | None, now: datetime
) -> Counter[str]:
    found = await speakers.list_speakers_of_person(conn, edition_id, registration_id, person_id)
    removed = Counter(await speakers.erase_speakers(conn, found, now))
    for speaker in found:
        mails = await notifications.forget_speaker(conn, speaker.edition_id, speaker.id)
        removed["messages"] += mails.dropped + mails.emptied
    return removed


async def _erase_person(conn: Connection, person_id: UUID, now: datetime) -> Counter[str]:
    await registrations.forget_objections(conn, person_id)
    speaking = await _erase_speakers(conn, None, None, person_id, now)
    proposed = await proposals.forget_person(conn, person_id)
    mails = await notifications.forget_messages(conn, None, None, person_id)
    pushed = await pushes.forget_person(conn, person_id)
    gone = await accounts.pseudonymise_person(conn, person_id, now)
    return (
        Counter({**asdict(gone), **asdict(pushed), **proposed})
        + speaking
        + Counter(messages=mails.dropped + mails.emptied)
    )


async def _write_down(
    conn: Connection,
    principal: Principal,
    edition_id: UUID | None,
    registration_id: UUID | None,
    reason: ErasureReason,
    now: datetime,
    removed: Mapping[str, int],
    kept: Mapping[str, object],
) -> Erasure:
    row = (new_id(), edition_id, registration_id, reason, now, principal.token_id, dict(+Counter(removed)), kept)
    return await queries.insert_erasure(conn, *row)
