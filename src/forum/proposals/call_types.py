"""What a call for proposals is made of."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from forum.codes import Day, Instant, LocalizedLine, LocalizedProse, Term
from forum.errors import Fault

Proposers = Literal["anyone", "own_entity"]
"""Who may propose: anyone who is signed in, or for the entities of which they are a focal point or registered."""
Weight = Annotated[int, Meta(ge=1, le=100)]
MaxScore = Annotated[int, Meta(ge=1, le=100)]


class ScoreCriterion(Struct, frozen=True, forbid_unknown_fields=True):
    """By what proposals are scored: from 0 to `max_score` points, which weigh as much as `weight` beside the others."""

    id: Term
    label: LocalizedLine
    weight: Weight = 1
    max_score: MaxScore = 5


class NewProposalCall(Struct, forbid_unknown_fields=True, kw_only=True):
    """From when to when an edition takes proposals, of which types, and by what they are scored."""

    opens_at: Instant
    closes_at: Instant
    decides_on: Day | None = None
    session_types: Annotated[list[Term], Meta(min_length=1, max_length=50)]
    max_per_entity: Annotated[int, Meta(ge=1, le=1000)] = 1
    """How many submitted, shortlisted or accepted proposals an entity may lead."""
    proposers: Proposers = "anyone"
    criteria: Annotated[list[ScoreCriterion], Meta(max_length=20)] = []
    instructions: LocalizedProse | None = None

    def faults(self) -> Iterator[Fault]:
        """It closes after it opens, and nothing stands twice."""
        if self.closes_at <= self.opens_at:
            yield Fault(pointer="/closes_at", code="ends_before_start", detail="It closes before it opens.")
        for index, value in enumerate(self.session_types):
            if value in self.session_types[:index]:
                yield Fault(pointer=f"/session_types/{index}", code="duplicate", detail="This type stands twice.")
        ids = [criterion.id for criterion in self.criteria]
        for index, value in enumerate(ids):
            if value in ids[:index]:
                yield Fault(pointer=f"/criteria/{index}/id", code="duplicate", detail="This id stands twice.")


class ProposalCall(Struct):
    """A call for proposals as everybody reads it."""

    opens_at: datetime
    closes_at: datetime
    decides_on: date | None
    session_types: list[str]
    max_per_entity: int
    proposers: Proposers
    criteria: list[ScoreCriterion]
    instructions: dict[str, str] | None
    is_open: bool
    """Whether proposals are taken now."""
    version: int


class CallState(Struct, frozen=True):
    """What decides whether a call may be changed. Version 0: there is none."""

    timezone: str
    criteria: list[ScoreCriterion]
    is_scored: bool
    version: int


class CallTerms(Struct, frozen=True):
    """What somebody who proposes must fit. `opens_at` is null where an edition has no call."""

    edition_status: str
    is_open: bool
    opens_at: datetime | None
    closes_at: datetime | None
    decides_on: date | None
    session_types: list[str]
    max_per_entity: int
    proposers: Proposers


class ProposalReferences(Struct, frozen=True):
    """What is wrong with the things that a proposal names."""

    unknown_entities: list[UUID]
    outside_slots: list[int]
    """Which of the slots, counted from 0, lie outside the edition's days."""
    is_own_entity: bool
