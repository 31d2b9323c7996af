"""What is taken and answered about people who are registered by others."""

from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from forum.codes import Instant, Prose
from forum.registrations.types import NewRegistration, Registration

Decision = Literal["approve", "decline", "revoke"]


class Decisions(Struct, forbid_unknown_fields=True):
    """The same decision about many registrations."""

    decision: Decision
    registrations: Annotated[list[UUID], Meta(min_length=1, max_length=1000)]
    reason: Prose | None = None


class NewInvitation(Struct, forbid_unknown_fields=True):
    """Somebody is invited: a place is held for them until then."""

    registration: NewRegistration
    expires_at: Instant


class Replacement(Struct, forbid_unknown_fields=True):
    """One person of a delegation leaves for another."""

    withdraw: UUID
    nominate: NewRegistration


class Replaced(Struct):
    """Both registrations, as they are now."""

    withdrawn: Registration
    nominated: Registration
