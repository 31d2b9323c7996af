"""What the letters slice takes and answers. What a passport says is in `Particulars`, and nowhere else."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.codes import Country, Day, Line, Prose
from forum.errors import Fault

LetterKind = Literal["visa", "invitation"]
LetterStatus = Literal["requested", "issued", "declined", "cancelled"]
LetterLanguage = Literal["en", "fr", "es", "ru", "zh", "ar"]
DocumentType = Literal["passport", "refugee_travel_document", "stateless_travel_document", "other"]
"""With what somebody travels: travel documents of the Conventions of 1951 and 1954 among them."""
PassportNumber = Annotated[str, Meta(min_length=1, max_length=30, pattern="^[A-Za-z0-9][A-Za-z0-9 /-]*$")]


class Particulars(Struct, forbid_unknown_fields=True, kw_only=True):
    """What a consulate needs to know of a person, as it stands in what they travel with."""

    passport_name: Line
    document_type: DocumentType = "passport"
    nationality: Country | None = None
    passport_number: PassportNumber | None = None
    born_on: Day | None = None
    consulate_city: Line | None = None


def _gaps(particulars: Particulars, kind: LetterKind) -> Iterator[Fault]:
    if particulars.document_type == "passport" and particulars.nationality is None:
        yield Fault(pointer="/particulars/nationality", code="missing", detail="A passport has a nationality.")
    if kind == "visa" and particulars.consulate_city is None:
        detail = "Say in which city the consulate is that the letter is for."
        yield Fault(pointer="/particulars/consulate_city", code="missing", detail=detail)


class NewLetter(Struct, forbid_unknown_fields=True, kw_only=True):
    """Somebody who comes in person needs a letter. Without `due_on` it is due as the edition promises."""

    kind: LetterKind
    particulars: Particulars
    language: LetterLanguage | None = None
    due_on: Day | None = None

    def faults(self) -> Iterator[Fault]:
        """A passport has a nationality, and a letter for a visa goes to a consulate."""
        yield from _gaps(self.particulars, self.kind)


class Letter(Struct):
    """A letter, without what a passport says."""

    id: UUID
    edition_id: UUID
    registration: UUID
    given_name: str | None
    family_name: str
    kind: LetterKind
    language: LetterLanguage
    status: LetterStatus
    due_on: date
    is_overdue: bool
    reference: str | None
    reason: str | None
    requested_at: datetime
    issued_at: datetime | None
    closed_at: datetime | None
    version: int


class LetterDetails(Letter):
    """A letter with what it says of the person; null once that was deleted."""

    particulars: Particulars | None
    particulars_kept_until: date | None

    def faults(self) -> Iterator[Fault]:
        """A passport has a nationality, and a letter for a visa goes to a consulate."""
        if self.particulars:
            yield from _gaps(self.particulars, self.kind)


class ParticularsPatch(Struct, forbid_unknown_fields=True):
    """Corrections of what a consulate needs to know."""

    passport_name: Line | UnsetType = UNSET
    document_type: DocumentType | UnsetType = UNSET
    nationality: Country | UnsetType | None = UNSET
    passport_number: PassportNumber | UnsetType | None = UNSET
    born_on: Day | UnsetType | None = UNSET
    consulate_city: Line | UnsetType | None = UNSET


class LetterPatch(Struct, forbid_unknown_fields=True):
    """Corrections of a letter that is not issued yet (JSON Merge Patch, RFC 7396)."""

    language: LetterLanguage | UnsetType = UNSET
    due_on: Day | UnsetType = UNSET
    particulars: ParticularsPatch | UnsetType = UNSET


class LetterRefusal(Struct, forbid_unknown_fields=True):
    """Why a letter is not issued; the person can read it."""

    reason: Prose


class Cancellation(Struct, forbid_unknown_fields=True):
    """Why a letter is no longer needed."""

    reason: Prose | None = None


class LetterFilter(Struct, frozen=True):
    """Which letters to list; in the order of the statement's parameters."""

    status: LetterStatus | None = None
    kind: LetterKind | None = None
    overdue: bool | None = None
    due_before: date | None = None
    registration: UUID | None = None


class LetterRow(Struct, frozen=True):
    """A letter as a line of a table. Nothing of a passport is in it: a file is passed on."""

    id: UUID
    reference: str | None
    kind: str
    status: str
    due_on: date
    overdue: str
    language: str
    registration: UUID
    given_name: str | None
    family_name: str
    email: str
    country: str | None
    category: str
    delegation_name: str | None
    requested_at: datetime
    issued_at: datetime | None
    closed_at: datetime | None
    reason: str | None


class LetterCount(Struct):
    """How many letters of a kind have a status, and how many of them should be issued by now."""

    kind: LetterKind
    status: LetterStatus
    count: int
    overdue: int


class LetterCounts(Struct):
    """Letters of an edition, counted."""

    items: list[LetterCount]
    total: int
    overdue: int


class RequestTerms(Struct, frozen=True):
    """What a request for a letter must fit."""

    status: str
    mode: str
    language: str
    languages: list[str]
    today: date
    due_days: int
    live_id: UUID | None


class LockedLetter(Struct, frozen=True):
    """What decides what may become of a letter; it stays so until the transaction ends."""

    id: UUID
    status: LetterStatus
    version: int


class LetterContent(Struct, frozen=True):
    """What is written into a letter; the last two fields tell whether it may be."""

    kind: LetterKind
    language: LetterLanguage
    passport_name: str
    document_type: DocumentType
    nationality: str | None
    passport_number: str | None
    born_on: date | None
    consulate_city: str | None
    representing: str | None
    edition_title: dict[str, str]
    edition_slug: str
    starts_on: date | None
    ends_on: date | None
    venue: str | None
    city: str | None
    country: str | None
    timezone: str
    organizer_email: str
    signatory_name: str | None
    signatory_function: str | None
    recipient: str
    recipient_language: str
    registration_status: str
    edition_status: str


class LetterNews(Struct, frozen=True):
    """Whom to tell what became of a letter."""

    kind: LetterKind
    recipient: str
    recipient_language: str
    edition_title: dict[str, str]


class LetterDocument(Struct, frozen=True):
    """An issued letter as it is kept."""

    status: LetterStatus
    reference: str | None
    document: bytes | None


class LetterRules(Struct):
    """Within how many days an edition issues letters, and who signs them."""

    due_days: Annotated[int, Meta(ge=0, le=365)]
    signatory_name: Line | None
    signatory_function: Line | None
    version: int


class LetterRulesPatch(Struct, forbid_unknown_fields=True):
    """Changes of an edition's rules for letters (JSON Merge Patch, RFC 7396)."""

    due_days: Annotated[int, Meta(ge=0, le=365)] | UnsetType = UNSET
    signatory_name: Line | UnsetType | None = UNSET
    signatory_function: Line | UnsetType | None = UNSET


class LetterCheck(Struct):
    """What a consulate learns of a letter from its QR code: whether it was issued, and whether it still holds."""

    reference: str
    kind: LetterKind
    status: Literal["valid", "cancelled"]
    issued_on: date
    edition_title: dict[str, str]
    starts_on: date | None
    ends_on: date | None


class LetterHolder(Struct, forbid_unknown_fields=True):
    """A name, as a passport has it."""

    passport_name: Line


class LetterHolderCheck(Struct):
    """Whether a letter was issued for this person; null when what it said of the person was deleted."""

    is_holder: bool | None
