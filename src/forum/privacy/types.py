"""What the privacy slice takes and answers."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from forum.codes import Email
from forum.registrations.erasure_types import KeptRows

ErasureReason = Literal["asked_by_the_person", "registered_without_consent", "registered_in_error", "retention_is_over"]
"""Never words: they could hold what was erased."""


class ErasureRequest(Struct, forbid_unknown_fields=True):
    """You want to be erased. Your address says that you mean it, and that it is you: this cannot be undone."""

    email: Email


class NewErasure(Struct, forbid_unknown_fields=True):
    """Why a registration is erased, as the evidence will say."""

    reason: ErasureReason


class Erasure(Struct, frozen=True):
    """Evidence that somebody was erased: when, by which token, how much went, and what stays on what basis."""

    id: UUID
    registration_id: UUID | None
    reason: ErasureReason
    erased_at: datetime
    by_token: UUID
    removed: dict[str, int]
    kept: dict[str, KeptRows]


class PersonalData(Struct, frozen=True):
    """Every row that belongs to you, by the name of its table, as it is stored."""

    as_of: datetime
    tables: dict[str, list[dict[str, Any]]]
