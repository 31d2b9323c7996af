"""When people are reminded of sessions."""

from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

LeadMinutes = Annotated[int, Meta(ge=5, le=20_160)]
"""From five minutes to two weeks before a session begins."""
Leads = Annotated[list[LeadMinutes], Meta(max_length=5)]


class Reminders(Struct, frozen=True):
    """How long before sessions the people of an edition are reminded of them; never while there are no minutes."""

    reminder_minutes: list[int]
    registered: bool
    """Whether of sessions for all who are registered, too."""
    version: int
    """0 until somebody has decided."""


class NewReminders(Struct, frozen=True, forbid_unknown_fields=True):
    """How long before its sessions an edition reminds people of them: at most five times. An empty list: never."""

    reminder_minutes: Leads
    registered: bool = False
    """Also of sessions of access `registered`, which nobody has booked: a mail to everybody."""


class SessionReminders(Struct, frozen=True):
    """How long before a session its people are reminded of it. None: as the edition says."""

    session: UUID
    reminder_minutes: list[int] | None
    version: int
    """0 until somebody has decided."""


class NewSessionReminders(Struct, frozen=True, forbid_unknown_fields=True):
    """The same for one session, whatever the edition says: an empty list reminds nobody."""

    reminder_minutes: Leads
