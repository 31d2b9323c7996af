"""What the statements of erasure answer."""

from typing import Literal
from uuid import UUID

from msgspec import Struct

from forum.registrations.types import RegistrationStatus

KeptOn = Literal["statistics", "official_record", "accountability"]


class KeptRows(Struct, frozen=True):
    """How many rows of a table stay, and on what basis. They name nobody."""

    rows: int
    basis: KeptOn


class ErasableKey(Struct, frozen=True):
    """A registration that can be erased."""

    edition_id: UUID
    id: UUID


class Erasable(Struct, frozen=True):
    """A registration that is about to be erased, locked. The last two fields are what history remembers."""

    person_id: UUID
    status: RegistrationStatus
    token_id: str
    reason: str


class EmptiedRows(Struct, frozen=True):
    """Out of how many rows it was taken whose they were."""

    registrations: int
    registration_transitions: int
