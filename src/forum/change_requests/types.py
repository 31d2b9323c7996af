"""What the change requests slice takes and answers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.codes import Mode, Prose
from forum.errors import Fault
from forum.registrations.types import RegistrationPatch

ChangeRequestStatus = Literal["open", "approved", "declined", "cancelled"]
ChangedField = Literal[
    "person",
    "entity",
    "delegation",
    "country",
    "category",
    "counts_against_quota",
    "mode",
    "answers",
    "accessibility_needs",
    "consents",
]
GuardedField = Literal["name", "answers"]


class RequestedChanges(RegistrationPatch, forbid_unknown_fields=True):
    """Changes of a registration (JSON Merge Patch), the mode among them."""

    mode: Mode | UnsetType = UNSET


class NewChangeRequest(Struct, forbid_unknown_fields=True):
    """What the owner of a registration wants changed, and why."""

    changes: RequestedChanges
    reason: Prose


class ChangeRequest(Struct, kw_only=True):
    """A change that somebody asked for, with the same fields as they were then, and what was decided."""

    id: UUID
    registration: UUID
    changes: RequestedChanges
    before: dict[str, Any]
    reason: str
    status: ChangeRequestStatus
    requested_at: datetime
    requested_by: UUID
    decided_at: datetime | None
    decided_by: UUID | None
    decision_reason: str | None
    version: int


class ChangeRequestFilter(Struct, frozen=True):
    """Which requests to list; in the order of the statement's parameters."""

    registration: UUID | None = None
    status: ChangeRequestStatus | None = None
    field: ChangedField | None = None
    """A field that is to be changed."""
    category: str | None = None
    delegation: UUID | None = None


class Approval(Struct, forbid_unknown_fields=True):
    """What a registrar says to a change that is made."""

    reason: Prose | None = None


class Refusal(Struct, forbid_unknown_fields=True):
    """Why a change is not made."""

    reason: Prose


class ChangePolicy(Struct):
    """What people may not change by themselves even while registration is open, beside what they never may."""

    needs_approval: Annotated[list[GuardedField], Meta(max_length=2)]
    version: int

    def faults(self) -> Iterator[Fault]:
        """Each field stands once."""
        if len(set(self.needs_approval)) < len(self.needs_approval):
            yield Fault(pointer="/needs_approval", code="duplicate", detail="A field stands twice.")


class ChangePolicyPatch(Struct, forbid_unknown_fields=True):
    """Changes of the policy."""

    needs_approval: Annotated[list[GuardedField], Meta(max_length=2)] | UnsetType = UNSET
