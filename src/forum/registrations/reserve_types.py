"""What reserves take and answer."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.codes import Instant, Mode, Term

ReservedPlaces = Annotated[int, Meta(ge=1, le=2_000_000)]


class NewReserve(Struct, forbid_unknown_fields=True, kw_only=True):
    """Places of a mode that only one category may take, until they are released for all."""

    mode: Mode
    category: Term
    places: ReservedPlaces
    release_at: Instant | None = None


class ReservePatch(Struct, forbid_unknown_fields=True):
    """Changes of a reserve (JSON Merge Patch, RFC 7396)."""

    places: ReservedPlaces | UnsetType = UNSET
    release_at: Instant | UnsetType | None = UNSET


class Reserve(Struct):
    """A reserve; `taken` counts everybody of the category who has a place, and may be more than are reserved."""

    id: UUID
    mode: Mode
    category: Term
    places: ReservedPlaces
    taken: int
    release_at: datetime | None
    released_at: datetime | None
    version: int


class ReserveFilter(Struct, frozen=True):
    """Which reserves to list; in the order of the statement's parameters."""

    mode: Mode | None = None
    category: str | None = None
    is_released: bool | None = None
