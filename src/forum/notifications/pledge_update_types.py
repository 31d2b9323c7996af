"""When updates on pledges are due, and what the mail that asks for them says."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from forum.codes import Day


class PledgeUpdatesDue(Struct, frozen=True):
    """On which days those who keep pledges are to say how far they are, and how many days before they are asked."""

    due_on: list[date]
    remind_days: int
    version: int
    """0 until somebody has decided."""


class NewPledgeUpdatesDue(Struct, frozen=True, forbid_unknown_fields=True):
    """The days on which updates are due, such as two in each year; without any, nobody is asked."""

    due_on: Annotated[list[Day], Meta(max_length=40)]
    remind_days: Annotated[int, Meta(ge=0, le=90)] = 14
    """How many days before each."""


class NamedPledge(Struct, frozen=True):
    """A pledge as a mail names it."""

    reference: str
    title: dict[str, str]


class PledgesDue(Struct, frozen=True):
    """What somebody is asked to say something about, and by when."""

    due_on: date
    language: str
    edition: dict[str, str]
    """Its title."""
    pledges: list[NamedPledge]
    more: int
    """How many pledges there are beside those."""
