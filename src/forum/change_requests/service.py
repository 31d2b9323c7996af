"""The rules of change requests: what must be asked for, and what a registrar's yes does.

Whoever decides locks, in this order: the request, the places when the mode is to change, the registration.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from msgspec import UNSET, json, to_builtins
from msgspec.structs import asdict, replace

from forum.bodies import check
from forum.change_requests import queries
from forum.change_requests.types import (
    ChangePolicy,
    ChangePolicyPatch,
    ChangeRequest,
    ChangeRequestFilter,
    NewChangeRequest,
    RequestedChanges,
)
from forum.db import Connection
from forum.editions import service as editions
from forum.editions.service import WrongStatus
from forum.errors import Conflict, Fault, Invalid, NotFound, from_exception
from forum.http import IfMatch
from forum.ids import new_id
from forum.notifications import service as notifications
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal
from forum.registrations import service as registrations
from forum.registrations.service import RegistrationClosed
from forum.registrations.types import Registration, RegistrationPatch

OVER: Final = frozenset({"ended", "archived", "cancelled"})
"""The statuses of an edition for which nothing is changed any more."""


class ChangeRequestOpen(Conflict, constraint="change_requests_one_open_per_registration"):
    """A change of this registration is asked for already"""


class ApprovalNotNeeded(Conflict):
    """You can change this yourself"""


class RegistrationChanged(Conflict):
    """The registration has been changed since this was asked for"""


class ChangesOutdated(Conflict):
    """What was asked for is not valid any more"""


async def create_change_request(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    registration_id: UUID,
    new: NewChangeRequest,
    now: datetime,
) -> ChangeRequest:
    """Ask for a change of one's own registration.

    It must be one that could be approved now: raises `Invalid` with all faults. Raises `ApprovalNotNeeded` when the
    owner can make every change directly, and `ChangeRequestOpen` with the id of the request that is waiting.
    """
    if principal.person_id is None:
        raise NotFound
    owner = replace(principal, grants=[])  # registrars change other people's registrations directly
    edition = await editions.find_edition(conn, principal, edition_id)
    current = await registrations.lock_registration(conn, owner, edition_id, registration_id, new.changes)
    if edition.status in OVER:
        raise RegistrationClosed(f"The edition is {edition.status}.")
    if (waiting := await queries.find_open_change_request(conn, edition_id, registration_id)) is not None:
        raise ChangeRequestOpen(id=waiting)
    changes = registrations.list_changes(current, new.changes)
    if not changes:
        raise Invalid.at("/changes", "nothing_to_change", "The registration is like that already.")
    if not await registrations.list_guarded(conn, edition_id, current, changes, now):
        raise ApprovalNotNeeded("Send a PATCH of the registration.")
    if new.changes.mode is not UNSET and edition.mode not in ("hybrid", new.changes.mode):
        raise Invalid.at("/changes/mode", "mode_not_offered", f"This edition is {edition.mode}.")
    await _try_changes(conn, edition_id, current, new.changes, now)
    return await queries.insert_change_request(
        conn, edition_id, new_id(), registration_id, to_builtins(new.changes), _same_fields(current, new.changes),
        new.reason, now, principal.person_id,
    )  # fmt: skip


async def _try_changes(
    conn: Connection, edition_id: UUID, current: Registration, changes: RequestedChanges, now: datetime
) -> None:
    """Make the changes and undo them: what is not valid now would not be when it is approved."""
    mode = current.mode if changes.mode is UNSET else changes.mode
    attempt = conn.transaction()
    await attempt.start()
    try:
        await registrations.apply_changes(conn, edition_id, replace(current, mode=mode), _patch_of(changes), now)
    except Exception as error:
        refusal = from_exception(error)
        if isinstance(refusal, Invalid):
            raise Invalid(_in_changes(refusal.errors)) from None
        if not isinstance(refusal, Conflict):  # what is full now need not be when somebody decides
            raise
    finally:
        await attempt.rollback()


def _in_changes(faults: Sequence[Fault]) -> list[Fault]:
    return [fault.inside("/changes") for fault in faults]


def _patch_of(changes: RequestedChanges) -> RegistrationPatch:
    """The changes without the mode, which is no detail: places hang on it."""
    return RegistrationPatch(**{name: value for name, value in asdict(changes).items() if name != "mode"})


def _same_fields(current: Registration, changes: RequestedChanges) -> dict[str, Any]:
    """What a registration has in the fields that are to be changed; null for an answer that was not given."""
    now: dict[str, Any] = to_builtins(current)
    return {
        name: {part: now[name].get(part) for part in value} if isinstance(value, dict) else now[name]
        for name, value in to_builtins(changes).items()
    }


async def find_change_request(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, request_id: UUID
) -> ChangeRequest:
    """One request, for the owner of the registration and for registrars; raises `NotFound` for everybody else."""
    reads_all = principal.may(Permission.REGISTRATIONS_READ, edition_id)
    key = (registration_id, request_id, reads_all, principal.person_id)
    return await queries.find_change_request(conn, edition_id, *key)


async def list_change_requests(
    conn: Connection, edition_id: UUID, wanted: ChangeRequestFilter, paging: Paging
) -> Page[ChangeRequest]:
    """The requests of an edition in the order in which they came."""
    rows = await queries.list_change_requests(conn, edition_id, wanted, paging.after(UUID), paging.limit + 1)
    total = await queries.count_change_requests(conn, edition_id, wanted) if paging.count else None
    return paging.page(rows, lambda request: request.id, total)


async def list_own_change_requests(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, paging: Paging
) -> Page[ChangeRequest]:
    """The requests about one registration, for its owner and for registrars; raises `NotFound`."""
    await registrations.find_registration(conn, principal, edition_id, registration_id)
    return await list_change_requests(conn, edition_id, ChangeRequestFilter(registration_id), paging)


async def approve_change_request(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    registration_id: UUID,
    request_id: UUID,
    reason: str | None,
    now: datetime,
) -> ChangeRequest:
    """Make the changes that were asked for, under the rules as they are now.

    Raises `RegistrationChanged`, showing each field as it was and as it is, when one of them has been changed since;
    `ChangesOutdated` for what is not valid any more; `QuotaReached` or `NoPlaceFree` for want of a place. Nothing is
    changed then, and the request stays open. Who has a place keeps it while the other mode is full, and waits there.
    """
    request = await _lock_open(conn, principal, edition_id, registration_id, request_id)
    mode = request.changes.mode
    if mode is not UNSET:
        _require_unchanged(request, await registrations.find_registration(conn, principal, edition_id, registration_id))
        await registrations.switch_mode(conn, principal, edition_id, registration_id, mode, reason, now)
    patch = _patch_of(request.changes)
    current = await registrations.lock_registration(conn, principal, edition_id, registration_id, patch)
    _require_unchanged(request, current, but="mode")
    try:
        await registrations.apply_changes(conn, edition_id, current, patch, now)
    except Invalid as error:
        raise ChangesOutdated(errors=_in_changes(error.errors)) from None
    await notifications.queue_change_news(conn, edition_id, registration_id, "change_approved", now)
    decision = ("approved", now, principal.person_id, reason)
    return await queries.decide_change_request(conn, edition_id, request_id, *decision)


async def decline_change_request(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    registration_id: UUID,
    request_id: UUID,
    reason: str,
    now: datetime,
) -> ChangeRequest:
    """Leave the registration as it is, say why, and tell the person; raises `WrongStatus` once it was decided."""
    await _lock_open(conn, principal, edition_id, registration_id, request_id)
    await notifications.queue_change_news(conn, edition_id, registration_id, "change_declined", now)
    decision = ("declined", now, principal.person_id, reason)
    return await queries.decide_change_request(conn, edition_id, request_id, *decision)


async def cancel_change_request(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, request_id: UUID, now: datetime
) -> ChangeRequest:
    """Take one's own request back; raises `WrongStatus` once it was decided."""
    owner = replace(principal, grants=[])
    await _lock_open(conn, owner, edition_id, registration_id, request_id)
    decision = ("cancelled", now, principal.person_id, None)
    return await queries.decide_change_request(conn, edition_id, request_id, *decision)


async def _lock_open(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, request_id: UUID
) -> ChangeRequest:
    writes_all = principal.may(Permission.REGISTRATIONS_WRITE, edition_id)
    key = (registration_id, request_id, writes_all, principal.person_id)
    request = await queries.lock_change_request(conn, edition_id, *key)
    if request.status != "open":
        raise WrongStatus(f"It is {request.status}.")
    return request


def _require_unchanged(request: ChangeRequest, current: Registration, but: str | None = None) -> None:
    """Raise `RegistrationChanged` unless the fields are as they were when the change was asked for."""
    now = _same_fields(current, request.changes)
    faults = [
        Fault(
            pointer=f"/changes/{'/'.join(path)}",
            code="changed_meanwhile",
            detail=f"It was {_json(was)} when this was asked for, and is {_json(has)}.",
        )
        for path, was, has in _differences(request.before, now)
        if path[0] != but
    ]
    if faults:
        raise RegistrationChanged(
            "See what it was and is in `errors`; decline the request, or undo that.", errors=faults
        )


def _json(value: Any) -> str:
    return json.encode(value).decode()


def _differences(before: dict[str, Any], now: dict[str, Any]) -> list[tuple[tuple[str, ...], Any, Any]]:
    found: list[tuple[tuple[str, ...], Any, Any]] = []
    for name, has in now.items():
        was = before.get(name)
        if isinstance(has, dict):
            found += [((name, part), (was or {}).get(part), value) for part, value in has.items()]
        else:
            found.append(((name,), was, has))
    return [(path, was, has) for path, was, has in found if was != has]


async def find_change_policy(conn: Connection, principal: Principal, edition_id: UUID) -> ChangePolicy:
    """What people may not change by themselves; raises `NotFound` for a draft that is not one's own."""
    await editions.find_edition(conn, principal, edition_id)
    return await queries.get_change_policy(conn, edition_id)


async def update_change_policy(
    conn: Connection, edition_id: UUID, patch: ChangePolicyPatch, if_match: IfMatch
) -> ChangePolicy:
    """Decide what organizers approve from now on; changes that were made before stay."""
    await queries.lock_change_policy(conn, edition_id)
    policy = await queries.get_change_policy(conn, edition_id)
    if_match.require(policy.version)
    if patch.needs_approval is not UNSET:
        policy.needs_approval = patch.needs_approval
    check(policy, ChangePolicy)
    return await queries.upsert_change_policy(conn, edition_id, policy.needs_approval)


async def forget_due_changes(conn: Connection, now: datetime) -> int:
    """Take answers whose retention is over out of the requests to change them; how many requests."""
    return await queries.forget_due_changes(conn, now)
