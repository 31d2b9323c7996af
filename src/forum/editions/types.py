"""What the editions slice takes and answers."""

from collections.abc import Iterator
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.codes import (
    Capacity,
    Country,
    Day,
    Email,
    Instant,
    LanguageTag,
    Line,
    LinePatch,
    LocalizedLine,
    Seconds,
    Slug,
    Term,
    TimeZoneName,
)
from forum.errors import Fault

EditionMode = Literal["in_person", "hybrid", "online"]
Approval = Literal["automatic", "review"]
Promotion = Literal["automatic", "offer"]
OfferHours = Annotated[int, Meta(ge=1, le=720)]
PriorityClass = Annotated[list[Term], Meta(min_length=1, max_length=50)]
PriorityClasses = Annotated[list[PriorityClass], Meta(max_length=9)]
"""Categories that wait before all others: those of the first class before those of the second."""
EditionStatus = Literal["draft", "announced", "open", "closed", "live", "ended", "archived", "cancelled"]
Vocabulary = Literal[
    "session_type",
    "stakeholder_category",
    "objective",
    "focus_area",
    "contribution_kind",
    "multistakeholder_pledge",
]
Languages = Annotated[list[LanguageTag], Meta(min_length=1, max_length=20)]


class VocabularyTerm(Struct, forbid_unknown_fields=True):
    """One value of a vocabulary, with its label."""

    value: Term
    label: LocalizedLine


class NewSeries(Struct, forbid_unknown_fields=True):
    """A forum that is held again and again, with the vocabularies that it owns."""

    code: Slug
    title: LocalizedLine
    vocabularies: dict[Vocabulary, Annotated[list[VocabularyTerm], Meta(min_length=1, max_length=200)]]

    def faults(self) -> Iterator[Fault]:
        """Each value stands once in its vocabulary."""
        for vocabulary, terms in self.vocabularies.items():
            seen: set[str] = set()
            for index, term in enumerate(terms):
                if term.value in seen:
                    pointer = f"/vocabularies/{vocabulary}/{index}/value"
                    yield Fault(pointer=pointer, code="duplicate", detail="This value stands twice.")
                seen.add(term.value)


class Series(Struct):
    """A series with its vocabularies."""

    code: str
    title: dict[str, str]
    vocabularies: dict[str, list[VocabularyTerm]]


class Window(Struct, frozen=True, forbid_unknown_fields=True):
    """When registration is open; null is without limit on that side."""

    opens_at: Instant | None = None
    closes_at: Instant | None = None


class RegistrationWindows(Struct, frozen=True, forbid_unknown_fields=True):
    """The window of each mode."""

    in_person: Window
    online: Window


class EditionFields(Struct, forbid_unknown_fields=True, kw_only=True):
    """What organizers decide about an edition."""

    title: LocalizedLine
    starts_on: Day | None = None
    ends_on: Day | None = None
    timezone: TimeZoneName
    venue: Line | None = None
    city: Line | None = None
    country: Country | None = None
    mode: EditionMode
    languages: Languages
    in_person_capacity: Capacity | None = None
    online_capacity: Capacity | None = None
    registration: RegistrationWindows = RegistrationWindows(Window(), Window())
    approval: Approval = "automatic"
    online_approval: Approval | None = None
    """Where it differs from `approval`."""
    promotion: Promotion = "automatic"
    """Whether a place that becomes free is given to the first in line, or offered for `offer_hours`."""
    offer_hours: OfferHours = 48
    priority_classes: PriorityClasses = []
    statement_seconds: Seconds = 180
    organizer_email: Email

    def faults(self) -> Iterator[Fault]:
        """The rules that span fields."""
        if (self.starts_on is None) != (self.ends_on is None):
            detail = "Give both dates, or neither while they are not known."
            yield Fault(pointer="/ends_on", code="rule_broken", detail=detail)
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            yield Fault(pointer="/ends_on", code="ends_before_start", detail="It ends before it starts.")
        for name in ("in_person", "online"):
            window: Window = getattr(self.registration, name)
            if window.opens_at and window.closes_at and window.closes_at <= window.opens_at:
                pointer = f"/registration/{name}/closes_at"
                yield Fault(pointer=pointer, code="ends_before_start", detail="It closes before it opens.")
        named: set[str] = set()
        for number, categories in enumerate(self.priority_classes):
            for index, category in enumerate(categories):
                if category in named:
                    pointer = f"/priority_classes/{number}/{index}"
                    yield Fault(pointer=pointer, code="duplicate", detail="This category stands twice.")
                named.add(category)


class NewEdition(EditionFields, forbid_unknown_fields=True, kw_only=True):
    """A new edition; it begins as a draft that only its staff see."""

    slug: Slug
    series: Slug


class WindowPatch(Struct, forbid_unknown_fields=True):
    """Changes of a window."""

    opens_at: Instant | UnsetType | None = UNSET
    closes_at: Instant | UnsetType | None = UNSET


class RegistrationWindowsPatch(Struct, forbid_unknown_fields=True):
    """Changes of the windows."""

    in_person: WindowPatch | UnsetType = UNSET
    online: WindowPatch | UnsetType = UNSET


class EditionPatch(Struct, forbid_unknown_fields=True):
    """Changes of an edition (JSON Merge Patch, RFC 7396)."""

    title: LinePatch | UnsetType = UNSET
    starts_on: Day | UnsetType | None = UNSET
    ends_on: Day | UnsetType | None = UNSET
    timezone: TimeZoneName | UnsetType = UNSET
    venue: Line | UnsetType | None = UNSET
    city: Line | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    mode: EditionMode | UnsetType = UNSET
    languages: Languages | UnsetType = UNSET
    in_person_capacity: Capacity | UnsetType | None = UNSET
    online_capacity: Capacity | UnsetType | None = UNSET
    registration: RegistrationWindowsPatch | UnsetType = UNSET
    approval: Approval | UnsetType = UNSET
    online_approval: Approval | UnsetType | None = UNSET
    promotion: Promotion | UnsetType = UNSET
    offer_hours: OfferHours | UnsetType = UNSET
    priority_classes: PriorityClasses | UnsetType = UNSET
    statement_seconds: Seconds | UnsetType = UNSET
    organizer_email: Email | UnsetType = UNSET


class Edition(EditionFields, kw_only=True):
    """An edition as everybody reads it."""

    id: UUID
    slug: str
    series: str
    status: EditionStatus
    version: int


class EditionFilter(Struct, frozen=True):
    """Which editions to list."""

    series: str | None
    status: EditionStatus | None
