"""What the proposals slice takes and answers about proposals. Who should speak is seen by proposers and staff alone."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.checks import complaints
from forum.codes import (
    MAX_LANGUAGES,
    Capacity,
    Country,
    Email,
    Instant,
    LanguageTag,
    Line,
    LinePatch,
    LocalizedLine,
    LocalizedProse,
    Prose,
    ProsePatch,
    Term,
)
from forum.errors import Fault
from forum.programme.types import SessionMode
from forum.speakers.appearance_types import AppearanceRole

ProposalStatus = Literal["draft", "submitted", "shortlisted", "accepted", "rejected", "merged", "withdrawn"]
ProposalSort = Literal["created", "score"]


def _note(text: str) -> tuple[str, str] | None:
    """A long text is looked at as prose is."""
    found = complaints(text, Prose)
    return (found[0].code, found[0].detail) if found else None


Note = Annotated[str, Meta(min_length=1, max_length=10_000, extra={"check": _note})]
LocalizedNote = Annotated[dict[LanguageTag, Note], Meta(min_length=1, max_length=MAX_LANGUAGES)]
NotePatch = Annotated[dict[LanguageTag, Note | None], Meta(max_length=MAX_LANGUAGES)]
Organisers = Annotated[list[UUID], Meta(min_length=1, max_length=20)]
Tags = Annotated[list[LanguageTag], Meta(max_length=20)]


class PreferredSlot(Struct, frozen=True, forbid_unknown_fields=True):
    """When a proposed session could be held."""

    starts_at: Instant
    ends_at: Instant


class ProposedSpeaker(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who should speak. They are invited only once the proposal is accepted."""

    display_name: Line
    function: Line | None = None
    entity: UUID | None = None
    country: Country | None = None
    role: AppearanceRole = "panellist"


class ProposalContact(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """To whom the staff writes, and in which language. Who signs in with this address acts for the proposal too."""

    name: Line
    email: Email
    language: LanguageTag = "en"


class ProposalContactPatch(Struct, forbid_unknown_fields=True):
    """Changes of the contact."""

    name: Line | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    language: LanguageTag | UnsetType = UNSET


Slots = Annotated[list[PreferredSlot], Meta(max_length=10)]
Speakers = Annotated[list[ProposedSpeaker], Meta(max_length=30)]


class ProposalFields(Struct, forbid_unknown_fields=True, kw_only=True):
    """What proposers say of the session that they would like to hold."""

    title: LocalizedLine
    abstract: LocalizedProse | None = None
    """What the programme says of it, if it is accepted."""
    concept_note: LocalizedNote
    """For those who decide; never published."""
    type: Term
    preferred_slots: Slots = []
    """The most wanted first."""
    lead_entity: UUID
    organisers: Organisers
    """All who organise it, the lead among them."""
    speakers: Speakers = []
    mode: SessionMode = "in_person"
    expected_attendance: Capacity | None = None
    languages: Tags = []
    contact: ProposalContact | None

    def faults(self) -> Iterator[Fault]:
        """The rules that span fields."""
        if self.lead_entity not in self.organisers:
            yield Fault(pointer="/lead_entity", code="not_an_organiser", detail="Name the lead among the organisers.")
        for index, entity in enumerate(self.organisers):
            if entity in self.organisers[:index]:
                yield Fault(pointer=f"/organisers/{index}", code="duplicate", detail="This entity stands twice.")
        for index, slot in enumerate(self.preferred_slots):
            pointer = f"/preferred_slots/{index}"
            if slot.ends_at <= slot.starts_at:
                yield Fault(pointer=f"{pointer}/ends_at", code="ends_before_start", detail="It ends before it starts.")
            if slot in self.preferred_slots[:index]:
                yield Fault(pointer=pointer, code="duplicate", detail="This slot stands twice.")


class NewProposal(ProposalFields, forbid_unknown_fields=True, kw_only=True):
    """A new proposal; it is a draft until it is submitted."""

    contact: ProposalContact


class ProposalPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a proposal (JSON Merge Patch, RFC 7396)."""

    title: LinePatch | UnsetType = UNSET
    abstract: ProsePatch | UnsetType | None = UNSET
    concept_note: NotePatch | UnsetType = UNSET
    type: Term | UnsetType = UNSET
    preferred_slots: Slots | UnsetType = UNSET
    lead_entity: UUID | UnsetType = UNSET
    organisers: Organisers | UnsetType = UNSET
    speakers: Speakers | UnsetType = UNSET
    mode: SessionMode | UnsetType = UNSET
    expected_attendance: Capacity | UnsetType | None = UNSET
    languages: Tags | UnsetType = UNSET
    contact: ProposalContactPatch | UnsetType = UNSET


class Proposal(ProposalFields, kw_only=True):
    """A proposal as those who act for it and the staff read it. The contact is null once it was forgotten."""

    id: UUID
    status: ProposalStatus
    reason: str | None
    """Why it was rejected."""
    session: UUID | None
    """What became of it in the programme."""
    merged_into: UUID | None
    created_at: datetime
    submitted_at: datetime | None
    decided_at: datetime | None
    average_score: float | None
    """Of 100, the mean over all score sheets; for the staff only."""
    score_count: int | None
    version: int


class Viewer(Struct, frozen=True):
    """Who looks at proposals: the staff sees all, others those for which they act."""

    sees_all: bool
    person_id: UUID | None
    delegation_ids: list[UUID]


class ProposalFilter(Struct, frozen=True, kw_only=True):
    """Which proposals to list; in the order of the statement's parameters."""

    status: ProposalStatus | None = None
    type: str | None = None
    organiser: UUID | None = None
    min_score: float | None = None
    sort: ProposalSort = "created"


class LockedProposal(Struct, frozen=True):
    """What decides what may become of a proposal; it stays so until the transaction ends."""

    id: UUID
    status: ProposalStatus
    lead_entity: UUID
    session: UUID | None
    version: int


class ProposalRow(Struct, frozen=True):
    """A proposal as a line of a table."""

    id: UUID
    status: str
    title: str
    type: str
    lead_entity: UUID
    lead_entity_name: str
    organisers: str
    mode: str
    expected_attendance: int | None
    languages: list[str]
    preferred_start: datetime | None
    speaker_count: int
    contact_name: str | None
    contact_email: str | None
    average_score: str | None
    score_count: int | None
    submitted_at: datetime | None
    decided_at: datetime | None
    session: UUID | None
    merged_into: UUID | None
    reason: str | None


class ProposalTransition(Struct):
    """A step in the life of a proposal."""

    number: int
    before: ProposalStatus | None
    status: ProposalStatus
    at: datetime
    by_token: UUID | None
    reason: str | None


class ProposalSubmission(Struct, forbid_unknown_fields=True):
    """Hand a proposal in. The staff may enter one while the call is closed, and says why."""

    reason: Prose | None = None


class ProposalDecision(Struct, forbid_unknown_fields=True):
    """A move of a proposal, with a reason for its history where there is one."""

    reason: Prose | None = None


class ProposalRefusal(Struct, forbid_unknown_fields=True):
    """Why a proposal is rejected; its contact is told so."""

    reason: Prose


class ProposalAcceptance(Struct, forbid_unknown_fields=True):
    """Take a proposal into the programme."""

    slot: Annotated[int, Meta(ge=0, le=9)] | None = None
    """Which of its preferred slots it gets, counted from 0; null: its time is not decided yet."""
    reason: Prose | None = None


class ProposalMerge(Struct, forbid_unknown_fields=True):
    """Unite a proposal with another, whose organisers and speakers it joins."""

    into: UUID
    reason: Prose | None = None


class ProposalNotice(Struct, frozen=True):
    """Whom to tell what became of a proposal, and of what."""

    recipient: str
    language: str
    title: dict[str, str]
    edition_title: dict[str, str]


class ForgottenRows(Struct, frozen=True):
    """Out of how many rows of each table it was taken who somebody was."""

    proposals: int
    proposal_contacts: int
    proposal_scores: int
    proposal_transitions: int
