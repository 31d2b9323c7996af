"""What the owner of a registration changes directly, and what needs a registrar's approval.

Entity, delegation, country and category are for registrars always: places and quotas hang on them. The name, and
answers that were given, are the owner's to change until registration in their mode closes, unless the organizers want
to approve those too. Language, zone, accessibility needs, consents and first answers are always the owner's.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct, to_builtins

from forum.db import Connection
from forum.errors import Conflict, Fault, Forbidden
from forum.registrations import queries
from forum.registrations.types import Registration, RegistrationPatch

FOR_REGISTRARS: Final = ("entity", "delegation", "country", "category", "counts_against_quota")
"""The fields of a registration that its owner reads but does not write."""
_NESTED: Final = ("person", "answers")

Path = tuple[str, ...]
"""A field, or a part of one: `("person", "family_name")`."""


class ApprovalNeeded(Conflict):
    """A registrar must approve this change"""


def list_changes(before: Registration, patch: Struct) -> list[Path]:
    """The fields in which a patch differs from a registration; parts of the person and answers one by one."""
    old = to_builtins(before)
    found: list[Path] = []
    for name, value in to_builtins(patch).items():
        if name in _NESTED:
            found += [(name, part) for part, new in value.items() if old[name].get(part) != new]
        elif old[name] != value:
            found.append((name,))
    return found


async def require_direct(
    conn: Connection,
    edition_id: UUID,
    before: Registration,
    patch: RegistrationPatch,
    barred: Sequence[str],
    now: datetime,
) -> None:
    """Raise `Forbidden` for the fields that are barred to somebody, or `ApprovalNeeded` with every field concerned."""
    changes = list_changes(before, patch)
    if any(path[0] in barred for path in changes):
        raise Forbidden(f"Ask a registrar to change {', '.join(barred)}; its owner can send a change request.")
    if guarded := await _list_late(conn, edition_id, before, changes, now):
        detail = "Registration is over, or the organizers want to approve this: send a change request."
        faults = [Fault(pointer=f"/{'/'.join(path)}", code="approval_needed", detail=detail) for path in guarded]
        raise ApprovalNeeded(errors=faults)


async def list_guarded(
    conn: Connection, edition_id: UUID, before: Registration, changes: list[Path], now: datetime
) -> list[Path]:
    """Of the changes that the owner of a registration wants, those that a registrar must approve."""
    found = [path for path in changes if path[0] in (*FOR_REGISTRARS, "mode")]
    return found + await _list_late(conn, edition_id, before, changes, now)


async def _list_late(
    conn: Connection, edition_id: UUID, before: Registration, changes: list[Path], now: datetime
) -> list[Path]:
    names = dict(_guarded_when_late(before, changes))
    if not names:
        return []
    rules = await queries.get_change_rules(conn, edition_id, before.mode)
    return [path for path, name in names.items() if rules.is_late(now) or name in rules.needs_approval]


def _guarded_when_late(before: Registration, changes: list[Path]) -> Iterator[tuple[Path, str]]:
    """Changes of the name and of answers that were given, with what a policy calls them."""
    for path in changes:
        if path[0] == "answers" and path[1] in before.answers:
            yield path, "answers"
        elif path[0] == "person" and path[1] in ("given_name", "family_name"):
            yield path, "name"
