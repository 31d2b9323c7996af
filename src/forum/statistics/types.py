"""What the statistics slice takes and answers: numbers of people, never who they are."""

from datetime import date, datetime
from typing import Literal

from msgspec import Struct

from forum.codes import Day

RegistrationsBy = Literal["status", "mode", "category", "country", "delegation"]
AttendanceBy = Literal["session", "day", "mode", "category", "country"]
Format = Literal["json", "csv"]


class Total(Struct, frozen=True):
    """People in the hall, people online, and people: who did both counts once in `total`."""

    in_person: int
    online: int
    total: int


class Figure(Struct, frozen=True):
    """How many people there are of one kind. A null value: of those nobody has said it."""

    value: str | None
    label: str | None
    in_person: int
    online: int
    total: int


class Figures(Struct, frozen=True):
    """Figures as of an instant. The same `as_of` and `definition` give the same figures, once they are settled."""

    as_of: datetime
    definition: str
    """What was counted, by what, and under which version of the rules."""
    settled: bool
    """False while something that happened before `as_of` may still be on its way into the database."""
    items: list[Figure]
    total: Total
    """People in all. Items may overlap: who was in two sessions counts in both, and here once."""


class FigureRow(Struct, frozen=True):
    """A figure with its label in every language."""

    value: str | None
    label: dict[str, str] | None
    in_person: int
    online: int
    total: int


class ReportedEdition(Struct, frozen=True):
    """What a report says of its edition."""

    slug: str
    title: dict[str, str]
    timezone: str


class NewReport(Struct, forbid_unknown_fields=True):
    """Which day to report on."""

    on: Day


class RequestedReport(Struct, frozen=True):
    """A report that will be mailed to every organizer of the edition."""

    on: date


class DayFigures(Struct, frozen=True):
    """What a daily report is made of."""

    edition: ReportedEdition
    on: date
    as_of: datetime
    total: Total
    sessions: list[Figure]
    categories: list[Figure]
    countries: list[Figure]
