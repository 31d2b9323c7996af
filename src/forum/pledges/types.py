"""What the pledges slice takes and answers about pledges."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from forum.codes import (
    Country,
    Currency,
    Day,
    DecimalText,
    ExternalId,
    HttpUrl,
    LanguageTag,
    Line,
    LinePatch,
    LocalizedLine,
    LocalizedProse,
    Money,
    ProsePatch,
    Term,
)
from forum.errors import Fault

PledgeStatus = Literal["draft", "submitted", "verified", "announced", "withdrawn"]
Stage = Literal["not_reported", "planning", "in_progress", "fulfilled"]
Need = Literal["offers_support", "needs_support", "none"]
RateText = Annotated[str, Meta(max_length=19, pattern=r"^(0|[1-9]\d{0,9})(\.\d{1,8})?$")]
"""US dollars for one unit of a currency, as a decimal string."""
QuantityText = Annotated[str, Meta(max_length=24, pattern=r"^(0|[1-9]\d{0,16})(\.\d{1,6})?$")]
"""A number of things as a decimal string: half an hour and a million hours are both exact."""
Terms = Annotated[list[Term], Meta(max_length=50)]
Countries = Annotated[list[Country], Meta(max_length=250)]
Partners = Annotated[list[UUID], Meta(max_length=500)]

LISTS: Final = (
    "partners",
    "contribution_kinds",
    "objectives",
    "focus_areas",
    "multistakeholder_pledges",
    "countries",
)
"""The fields in which nothing may stand twice, or it would count twice."""


class Quantity(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is promised besides money, such as 1000000 pro bono hours."""

    value: QuantityText
    unit: Line
    at_least: bool = False
    delivered: QuantityText | None = None
    """What has been delivered so far; it may exceed what was promised. Null: nobody has said."""


Quantities = Annotated[list[Quantity], Meta(max_length=20)]


class PledgeFields(Struct, forbid_unknown_fields=True, kw_only=True):
    """What can be said of a pledge."""

    title: LocalizedLine
    description: LocalizedProse | None = None
    original_language: LanguageTag
    """The language in which the pledge was made; its title is there in this language."""
    lead_entity: UUID
    partners: Partners = []
    """Entities that join the pledge. Others see them only once they have accepted."""
    contribution_kinds: Terms = []
    objectives: Terms = []
    focus_areas: Terms = []
    multistakeholder_pledges: Terms = []
    countries: Countries = []
    """Where it is to help."""
    amount: Money | None = None
    """Null when there is no money in it, or when it is unknown; never 0."""
    usd_rate: RateText | None = None
    """US dollars for one unit of the currency, on `usd_rate_on`; set by pledge officers. Dollars need none."""
    usd_rate_on: Day | None = None
    quantities: Quantities = []
    starts_on: Day | None = None
    ends_on: Day | None = None
    need: Need = "none"
    source_url: HttpUrl | None = None
    external_id: ExternalId | None = None

    def faults(self) -> Iterator[Fault]:
        """The rules that span fields."""
        if self.original_language not in self.title:
            detail = "The title is needed in the original language too."
            yield Fault(pointer="/original_language", code="title_missing", detail=detail)
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            yield Fault(pointer="/ends_on", code="ends_before_start", detail="It ends before it starts.")
        for name in LISTS:
            yield from _twice(name, getattr(self, name))
        if self.lead_entity in self.partners:
            pointer = f"/partners/{self.partners.index(self.lead_entity)}"
            yield Fault(pointer=pointer, code="is_lead", detail="The lead entity is no partner beside itself.")
        yield from self._money_faults()
        for index, quantity in enumerate(self.quantities):
            if Decimal(quantity.value) == 0:
                detail = "Promise more than nothing, or leave the quantity out."
                yield Fault(pointer=f"/quantities/{index}/value", code="too_small", detail=detail)

    def _money_faults(self) -> Iterator[Fault]:
        if self.amount and Decimal(self.amount.amount) == 0:
            detail = "An amount is more than 0; leave it null when it is unknown."
            yield Fault(pointer="/amount/amount", code="too_small", detail=detail)
        if self.usd_rate is None:
            if self.usd_rate_on is not None:
                yield Fault(pointer="/usd_rate", code="missing", detail="A day without a rate says nothing.")
            return
        if self.usd_rate_on is None:
            yield Fault(pointer="/usd_rate_on", code="missing", detail="Say on which day the rate held.")
        if self.amount is None:
            yield Fault(pointer="/usd_rate", code="rule_broken", detail="There is no amount to which a rate belongs.")
        elif self.amount.currency == "USD" and Decimal(self.usd_rate) != 1:
            yield Fault(pointer="/usd_rate", code="rule_broken", detail="The rate of US dollars is 1.")
        if Decimal(self.usd_rate) == 0:
            yield Fault(pointer="/usd_rate", code="too_small", detail="A rate is more than 0.")


def _twice(name: str, values: Sequence[Any]) -> Iterator[Fault]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield Fault(pointer=f"/{name}/{index}", code="duplicate", detail="This value stands twice.")


class NewPledge(PledgeFields, forbid_unknown_fields=True, kw_only=True):
    """A new pledge; it begins as a draft that only its owner and the pledge officers see."""

    stage: Stage = "not_reported"
    """How far it was carried out when it came here; set by pledge officers."""


class MoneyPatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of an amount."""

    amount: DecimalText | UnsetType = UNSET
    currency: Currency | UnsetType = UNSET


class PledgePatch(Struct, forbid_unknown_fields=True, kw_only=True):
    """Changes of a pledge (JSON Merge Patch, RFC 7396)."""

    title: LinePatch | UnsetType = UNSET
    description: ProsePatch | UnsetType | None = UNSET
    original_language: LanguageTag | UnsetType = UNSET
    lead_entity: UUID | UnsetType = UNSET
    partners: Partners | UnsetType = UNSET
    contribution_kinds: Terms | UnsetType = UNSET
    objectives: Terms | UnsetType = UNSET
    focus_areas: Terms | UnsetType = UNSET
    multistakeholder_pledges: Terms | UnsetType = UNSET
    countries: Countries | UnsetType = UNSET
    amount: MoneyPatch | UnsetType | None = UNSET
    usd_rate: RateText | UnsetType | None = UNSET
    usd_rate_on: Day | UnsetType | None = UNSET
    quantities: Quantities | UnsetType = UNSET
    starts_on: Day | UnsetType | None = UNSET
    ends_on: Day | UnsetType | None = UNSET
    need: Need | UnsetType = UNSET
    source_url: HttpUrl | UnsetType | None = UNSET
    external_id: ExternalId | UnsetType | None = UNSET


class Pledge(PledgeFields, kw_only=True):
    """A pledge. `partners` are those that have accepted; for its owner and the pledge officers, all."""

    id: UUID
    number: int
    reference: str
    """Such as GRF-2023-0001: counted through the edition without gaps, never used again."""
    lead_entity_name: str
    pending_partners: list[UUID]
    """Those of the partners who have not accepted yet; empty for everybody else."""
    usd_equivalent: str | None
    """The amount in US dollars by `usd_rate`, rounded to cents; null while there is no rate."""
    stage: Stage
    status: PledgeStatus
    submitted_at: datetime | None
    verified_at: datetime | None
    """Since when it is public."""
    withdrawn_at: datetime | None
    version: int


class PledgeReferences(Struct, frozen=True):
    """What is wrong with the things that a pledge names."""

    is_lead_entity_known: bool
    unknown_partners: list[UUID]
    unknown_contribution_kinds: list[str]
    unknown_objectives: list[str]
    unknown_focus_areas: list[str]
    unknown_multistakeholder_pledges: list[str]


class Viewer(Struct, frozen=True):
    """Who reads: the pledge officers see all; an owner, what is public and what is their own."""

    sees_all: bool
    id: UUID | None


class PledgeFilter(Struct, frozen=True, kw_only=True):
    """Which pledges to list; in the order of the statement's parameters."""

    status: PledgeStatus | None = None
    stage: Stage | None = None
    lead_entity: UUID | None = None
    partner: UUID | None = None
    objective: str | None = None
    focus_area: str | None = None
    contribution_kind: str | None = None
    multistakeholder_pledge: str | None = None
    country: str | None = None
    external_id: str | None = None
    q: str | None = None


class SummaryRow(Struct, frozen=True):
    """The pledges that share a value."""

    value: str
    count: int
    usd: str | None
    """What is known of them in US dollars; null when nothing is known."""


class Breakdown(Struct, frozen=True, kw_only=True):
    """The same pledges, counted under each value. Where a pledge has several values it stands under each."""

    status: list[SummaryRow] = field(default_factory=list)
    stage: list[SummaryRow] = field(default_factory=list)
    contribution_kind: list[SummaryRow] = field(default_factory=list)
    objective: list[SummaryRow] = field(default_factory=list)
    focus_area: list[SummaryRow] = field(default_factory=list)
    multistakeholder_pledge: list[SummaryRow] = field(default_factory=list)
    stakeholder_category: list[SummaryRow] = field(default_factory=list)
    """Of the lead entity."""
    lead_country: list[SummaryRow] = field(default_factory=list)
    """Of the lead entity, where it has one."""


class Summary(Struct, frozen=True):
    """What the public pledges of an edition come to: each counts once, however many have joined it."""

    total: int
    usd_total: str | None
    by: Breakdown
    as_of: datetime
