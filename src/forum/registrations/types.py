"""What the registrations slice takes and answers."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from forum.codes import Country, Email, ExternalId, LanguageTag, Line, Mode, Prose, Term, TimeZoneName
from forum.errors import Fault
from forum.questions.types import Answers, AnswersPatch

RegistrationStatus = Literal["submitted", "approved", "declined", "waitlisted", "withdrawn", "revoked", "erased"]
Consent = Literal["publish_name", "photography", "contact_after"]
Consents = Annotated[list[Consent], Meta(max_length=3)]
Source = Literal["self", "registrar", "client", "focal_point", "import", "invitation"]


class NewPerson(Struct, forbid_unknown_fields=True):
    """Who is to take part, as they write their name."""

    family_name: Line
    email: Email
    given_name: Line | None = None
    language: LanguageTag = "en"
    timezone: TimeZoneName = "UTC"


class NewRegistration(Struct, forbid_unknown_fields=True, kw_only=True):
    """Somebody asks to take part."""

    person: NewPerson
    category: Term
    mode: Mode
    entity: UUID | None = None
    delegation: UUID | None = None
    country: Country | None = None
    counts_against_quota: bool = True
    """Not for assistants and interpreters: the quota of their delegation is for others."""
    online_while_waiting: bool = False
    """Take part online until there is a place in the hall."""
    accessibility_needs: Prose | None = None
    consents: Consents = []
    answers: Answers = {}
    """To the edition's questions, by their keys."""
    external_id: ExternalId | None = None

    def faults(self) -> Iterator[Fault]:
        """Each consent is given once."""
        yield from _repeated(self.consents)


def _repeated(consents: list[Consent]) -> Iterator[Fault]:
    for index, consent in enumerate(consents):
        if consent in consents[:index]:
            yield Fault(pointer=f"/consents/{index}", code="duplicate", detail="This consent stands twice.")


class Person(Struct):
    """The person of a registration, as this registration names them."""

    given_name: Line | None
    family_name: Line
    email: str
    language: LanguageTag
    timezone: TimeZoneName


class Registration(Struct, kw_only=True):
    """A person at an edition: as whom, how, and whether they have a place."""

    id: UUID
    edition_id: UUID
    person: Person
    entity: UUID | None
    delegation: UUID | None
    country: Country | None
    category: Term
    counts_against_quota: bool
    mode: Mode
    status: RegistrationStatus
    accessibility_needs: Prose | None
    consents: Consents
    source: Source
    waits_for: Mode | None
    """In which line the person stands: somebody who takes part online may wait for the hall."""
    waitlist_position: int | None
    offer_expires_at: datetime | None
    """Until when a place is held for the person, who has yet to accept it."""
    external_id: str | None
    created_at: datetime
    version: int
    answers: Answers

    def faults(self) -> Iterator[Fault]:
        """Each consent is given once."""
        yield from _repeated(self.consents)


class PersonPatch(Struct, forbid_unknown_fields=True):
    """Changes of a person's details in one registration."""

    given_name: Line | UnsetType | None = UNSET
    family_name: Line | UnsetType = UNSET
    language: LanguageTag | UnsetType = UNSET
    timezone: TimeZoneName | UnsetType = UNSET


class RegistrationPatch(Struct, forbid_unknown_fields=True):
    """Changes of a registration (JSON Merge Patch). Whose and as what it counts is for registrars."""

    person: PersonPatch | UnsetType = UNSET
    entity: UUID | UnsetType | None = UNSET
    delegation: UUID | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    category: Term | UnsetType = UNSET
    counts_against_quota: bool | UnsetType = UNSET
    accessibility_needs: Prose | UnsetType | None = UNSET
    consents: Consents | UnsetType = UNSET
    answers: AnswersPatch | UnsetType = UNSET


class ModeSwitch(Struct, forbid_unknown_fields=True):
    """How the person wants to take part from now on."""

    mode: Mode
    reason: Prose | None = None


class MoveReason(Struct, forbid_unknown_fields=True):
    """Why a registration is moved, for its history."""

    reason: Prose | None = None


class Places(Struct, frozen=True):
    """The edition's rules for a mode whose places are locked. The last two fields are what history remembers."""

    mode: Mode
    status: str
    edition_mode: str
    approval: Literal["automatic", "review"]
    opens_at: datetime | None
    closes_at: datetime | None
    token_id: str
    reason: str

    @property
    def is_offered(self) -> bool:
        """Whether the edition is held in this mode."""
        return self.edition_mode in ("hybrid", self.mode)

    def is_open(self, now: datetime) -> bool:
        """Whether people may register themselves at this moment."""
        begun = self.opens_at is None or self.opens_at <= now
        return self.status in ("open", "live") and begun and (self.closes_at is None or now < self.closes_at)


class Transition(Struct):
    """One step in the history of a registration."""

    number: int
    status: RegistrationStatus
    mode: Mode
    waits_for: Mode | None
    offer_expires_at: datetime | None
    at: datetime
    by_token: UUID | None
    reason: str | None


class OwnRegistration(Struct, frozen=True):
    """What decides what a person can do by their registration."""

    id: UUID
    status: RegistrationStatus
    mode: Mode
    entity: UUID | None
    delegation: UUID | None

    @property
    def is_active(self) -> bool:
        """Whether they take part, or wait for it."""
        return self.status in ("submitted", "approved", "waitlisted")


class RegistrationReferences(Struct, frozen=True):
    """What is known of the things that a new registration names."""

    edition_status: str
    is_category_known: bool
    is_entity_known: bool
    is_delegation_known: bool
    is_delegation_guarded: bool
    """Somebody looks after the delegation, or it has a quota: nobody counts themselves among its people."""
    is_own_address: bool
    active_id: UUID | None
    """The active registration of the address."""
    is_external_id_taken: bool
    has_questions: bool
    has_objected: bool
    """To being registered by others."""


class NamedReferences(Struct, frozen=True):
    """The things that a new registration names, and the person who asks."""

    number: int
    category: Term
    entity: UUID | None
    delegation: UUID | None
    asked_by: UUID | None
    email: str
    external_id: str | None


class NamedRegistration(Struct, frozen=True):
    """A registration and what a partner system calls it."""

    id: UUID
    external_id: str


class RegistrationRow(Struct, frozen=True, kw_only=True):
    """A person who is registered; `number` is the order in which they came, among many."""

    number: int
    id: UUID
    new_person_id: UUID
    """The id of the person, unless the address is known."""
    email: str
    given_name: str | None
    family_name: str
    language: str
    timezone: str
    entity: UUID | None
    delegation: UUID | None
    country: str | None
    category: str
    counts_against_quota: bool
    wants_place: bool
    """A place, or else to wait for one; not when staff decides first."""
    online_while_waiting: bool
    offer_expires_at: datetime | None
    """Until when a place is held for somebody who is invited; without a place they are not registered."""
    accessibility_needs: str | None
    consents: list[Consent]
    source: Source
    external_id: str | None
    token_id: UUID
    """Who registers them."""
    at: datetime


class LockedRegistration(Struct, frozen=True):
    """What decides how a registration can move; it stays so until the transaction ends."""

    id: UUID
    delegation: UUID | None
    source: Source
    status: RegistrationStatus
    mode: Mode
    waits_for: Mode | None
    offer_expires_at: datetime | None
    online_while_waiting: bool
    version: int

    @property
    def holds_place(self) -> bool:
        """Whether somebody else could have a place when this registration moves."""
        return self.status == "approved" or self.offer_expires_at is not None


class ChangeRules(Struct, frozen=True):
    """What decides whether the owner of a registration may change it directly."""

    status: str
    closes_at: datetime | None
    needs_approval: list[str]

    def is_late(self, now: datetime) -> bool:
        """Whether registration in the mode is over."""
        return self.status not in ("draft", "announced", "open", "live") or (
            self.closes_at is not None and self.closes_at <= now
        )
