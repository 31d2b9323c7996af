"""The contract between the API and the workers: every job is a value, tagged with its kind.

A job is stored in the outbox with the change that caused it, relayed to arq, and may run twice: what it does
must depend on the state that it finds, not on being called once.
"""

from datetime import date
from uuid import UUID

import msgspec


class Job(msgspec.Struct, frozen=True, tag_field="kind"):
    """What a worker is asked to do."""


class InviteRegistration(Job, frozen=True, tag="invite_registration"):
    """Bring one person's invitations in line with their registration, and tell them what became of it."""

    edition_id: UUID
    registration_id: UUID
    of_release: bool = False
    """The programme changed, and not the registration: there is nothing to tell of it."""


class InviteSpeaker(Job, frozen=True, tag="invite_speaker"):
    """Bring the calendar entries that a speaker holds without a registration in line with what they do."""

    edition_id: UUID
    speaker_id: UUID


class InviteEdition(Job, frozen=True, tag="invite_edition"):
    """Bring everybody's invitations in line with the release that was just published, and tell them of a revision."""

    edition_id: UUID
    release_number: int | None
    """None: the edition was revised, and no release came of it."""


class SendMessages(Job, frozen=True, tag="send_messages"):
    """Send the messages of one batch; an urgent one goes before all that wait."""

    batch_id: UUID
    urgent: bool = False


class ReportAttendance(Job, frozen=True, tag="report_attendance"):
    """Mail an edition's organizers the attendance statistics of one day."""

    edition_id: UUID
    on: date
    is_requested: bool = False
    """Somebody asked for it: the report at the end of the day comes all the same."""


class PushMessage(Job, frozen=True, tag="push_message"):
    """Push what somebody was told to one of the places where they take pushes; written by a trigger on messages."""

    subscription_id: UUID
    message_id: UUID
    attempts: int = 0
    """How often the push service was asked before."""


AnyJob = InviteRegistration | InviteSpeaker | InviteEdition | SendMessages | ReportAttendance | PushMessage
