"""What reviewers give a proposal."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from forum.codes import Prose, Term
from forum.proposals.call_types import ScoreCriterion
from forum.proposals.types import ProposalStatus

Points = Annotated[int, Meta(ge=0, le=100)]


class NewScoreSheet(Struct, forbid_unknown_fields=True):
    """Points for every criterion of the call, by its id."""

    points: Annotated[dict[Term, Points], Meta(max_length=20)]
    comment: Prose | None = None


class ScoreSheet(Struct):
    """What one reviewer gave a proposal."""

    reviewer: UUID
    points: dict[str, int]
    comment: str | None
    score: float | None
    """Of 100: the mean of the criteria, each by its weight."""
    scored_at: datetime
    version: int


class Scoring(Struct, frozen=True):
    """What a reviewer must fit; it stays so until the transaction ends."""

    status: ProposalStatus
    criteria: list[ScoreCriterion]
    is_own: bool
    """Whether the reviewer acts for the proposal, or belongs to one of its organisers."""
    version: int
    """Of the reviewer's sheet; 0: there is none."""
