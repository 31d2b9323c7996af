"""What stands in files to import, and what is told about each row.

Files keep the names that editors use (`date`, `start`, `participation_mode`), not those of the API. In every row null
and absent are the same: not known. They never clear what is there.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from forum.codes import (
    Capacity,
    Country,
    Currency,
    Day,
    DecimalText,
    Email,
    ExternalId,
    HttpUrl,
    LanguageTag,
    Line,
    Prose,
    Slug,
    Term,
    TimeZoneName,
)
from forum.editions.types import EditionMode
from forum.pledges.types import Need, QuantityText, RateText, Stage
from forum.programme.types import SessionLanguages

Text = str | dict[str, str]
"""Text in English, or in several languages keyed by BCP 47."""
Clock = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""Hours and minutes in the row's time zone."""
Number = Annotated[int, Meta(ge=0)] | QuantityText
Source = Annotated[list[Line], Meta(max_length=20)]
Certainty = Literal["high", "medium", "low"]
Kind = Literal["series", "edition", "entity", "room", "session", "pledge"]
Outcome = Literal["created", "updated", "unchanged"]
"""What became of a row that was not refused."""


class EditionRow(Struct, forbid_unknown_fields=True, kw_only=True):
    """An edition; `id` becomes its slug. With dates it is announced, and moved on to `status` where one is told."""

    id: Slug
    name: Text
    series: Slug | None = None
    start: Day | None = None
    end: Day | None = None
    linked_events_from: Day | None = None
    timezone: TimeZoneName
    venue: Line | None = None
    city: Line | None = None
    country: Country | None = None
    mode: EditionMode | None = None
    languages: list[LanguageTag] | None = None
    in_person_capacity: Capacity | None = None
    online_capacity: Capacity | None = None
    organizer_email: Email | None = None
    status: Literal["draft", "announced", "open", "closed", "live", "ended"] | None = None
    previously_announced: dict[str, str] | None = None
    source: Line | Source | None = None
    note: Prose | None = None


class EntityRow(Struct, forbid_unknown_fields=True, kw_only=True):
    """An organization that the rows name, with its category."""

    name: Line
    category: Term
    country: Country | None = None
    source: Line | Source | None = None


class RoomRow(Struct, forbid_unknown_fields=True, kw_only=True):
    """A room of a venue: made in every edition that is held there, and where a session names it."""

    venue: Line
    room: Line
    capacity: Capacity | None = None
    wheelchair_accessible: bool | None = None
    hearing_loop: bool | None = None
    use: Line | None = None
    source: Line | Source | None = None
    note: Prose | None = None


class SessionRow(Struct, forbid_unknown_fields=True, kw_only=True):
    """A session; `id` becomes its `external_id`, and `parent` is the id of the row inside which it is held."""

    id: ExternalId
    edition: Slug
    title: Text
    alt_titles: Annotated[list[Line], Meta(max_length=20)] | None = None
    abstract: Text | None = None
    type: Line
    parent: ExternalId | None = None
    date: Day | None = None
    weekday: Line | None = None
    start: Clock | None = None
    end: Clock | None = None
    timezone: TimeZoneName | None = None
    start_utc: Line | None = None
    end_utc: Line | None = None
    venue: Line | None = None
    room: Line | None = None
    languages: list[LanguageTag] | SessionLanguages | None = None
    participation_mode: Line | None = None
    access: Line | None = None
    organisers: Annotated[list[Line], Meta(max_length=100)] | None = None
    agenda: Annotated[list[Annotated[list[Line], Meta(min_length=2, max_length=2)]], Meta(max_length=200)] | None = None
    livestream_url: HttpUrl | None = None
    status: Literal["draft", "confirmed"] | None = None
    certainty: Certainty | None = None
    source: Line | Source | None = None
    note: Prose | None = None


class QuantityRow(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is pledged besides money, and how much of it was delivered by when."""

    value: Number
    unit: Line
    at_least: bool = False
    delivered: Number | None = None
    delivered_in: Annotated[int, Meta(ge=1900, le=2200)] | None = None


class PledgeRow(Struct, forbid_unknown_fields=True, kw_only=True):
    """A pledge; `id` becomes its `external_id`. It is submitted, and verified where `status` says so.

    The page is its `source`; what the API has no field for is told in a description, unless there is one.
    """

    id: ExternalId
    edition: Slug
    lead: Line
    category: Term
    title: Text | None = None
    description: Text | None = None
    original_language: LanguageTag | None = None
    topic: Line | None = None
    partners: Annotated[list[Line], Meta(max_length=500)] | None = None
    partners_count: Annotated[int, Meta(ge=1)] | None = None
    amount: DecimalText | None = None
    currency: Currency | None = None
    usd_rate: RateText | None = None
    usd_rate_on: Day | None = None
    quantities: Annotated[list[QuantityRow], Meta(max_length=20)] | None = None
    years: Annotated[int, Meta(ge=1, le=100)] | None = None
    start: Day | None = None
    end: Day | None = None
    contribution_kinds: Annotated[list[Term], Meta(max_length=50)] | None = None
    objectives: Annotated[list[Term], Meta(max_length=50)] | None = None
    focus_areas: Annotated[list[Term], Meta(max_length=50)] | None = None
    multistakeholder_pledges: Annotated[list[Line], Meta(max_length=50)] | None = None
    """By name or by value."""
    countries: Annotated[list[Country], Meta(max_length=250)] | None = None
    need: Need | None = None
    status: Literal["draft", "submitted", "verified"] | None = None
    stage: Stage | None = None
    announced_in: Line | None = None
    announced_by: Line | None = None
    announced_on: Day | None = None
    source: Line | None = None
    note: Prose | None = None


class Finding(Struct, frozen=True):
    """Something to know of a row: why it was refused, or which rule was applied to it."""

    kind: Kind
    row: str
    """The row's own id, or where it stands in the file."""
    field: str
    """JSON Pointer (RFC 6901) into the row."""
    code: str
    detail: str


class Tally(Struct):
    """How many rows of a kind became what."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0

    def add(self, other: "Tally") -> None:
        """Count those of another import too."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Report(Struct):
    """What an import did, or in a dry run would do."""

    dry_run: bool
    tallies: dict[Kind, Tally] = field(default_factory=dict)
    refusals: list[Finding] = field(default_factory=list)
    remarks: list[Finding] = field(default_factory=list)
    """Rows that were taken, but not just as they stand."""

    @property
    def refused(self) -> int:
        """How many rows were refused, of all kinds."""
        return sum(tally.refused for tally in self.tallies.values())


Row = dict[str, Any]
"""A row as the JSON has it."""
