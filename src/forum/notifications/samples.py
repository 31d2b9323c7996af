"""Every kind of mail about made-up people, rendered by what renders the real ones: for the staff to look at."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from forum.calendars.types import Attendee, CalendarEdition, CalendarSession, text_in
from forum.notifications.digests import DigestEntry, RevisionNotice, render_programme_change, render_revision
from forum.notifications.mime import Invitation, InvitationMailer, Times, place_of, render_letter_news, render_sign_in
from forum.notifications.notices import render_notice
from forum.notifications.pledge_update_mail import render_pledge_update
from forum.notifications.pledge_update_types import NamedPledge, PledgesDue
from forum.notifications.proposal_news import render_proposal_news
from forum.notifications.reminder_mail import render_reminder
from forum.notifications.seat_question import render_seat_question
from forum.notifications.speaker_mail import render_speaker_mail
from forum.notifications.texts import Wording
from forum.notifications.types import (
    AskedSpeaker,
    Holding,
    Invited,
    LetterNews,
    Noticed,
    ProposalNews,
    Revised,
)

VARIANTS: Final[Mapping[str, tuple[str, ...]]] = {
    "invitation": ("new", "update", "cancellation"),
    "sign_in": ("code",),
    "registration": (
        "approved", "submitted", "waitlisted", "approved_and_waiting", "offered", "promoted", "declined", "withdrawn",
        "revoked", "switched", "link", "by_registrar", "by_focal_point", "by_invitation", "by_import", "by_others",
    ),
    "letter": ("issued", "declined"),
    "proposal": ("submitted", "accepted", "rejected", "merged", "joined", "reopened"),
    "speaker": ("panellist", "chair", "moderator", "keynote", "statement"),
    "change_request": ("change_approved", "change_declined"),
    "booking": ("seat_offered",),
    "revision": ("moved", "online"),
    "answer": ("declined",),
    "reminder": ("day", "hour"),
    "programme_change": ("changes", "places"),
    "pledge_update": ("due",),
}  # fmt: skip
"""What each kind of mail can say; the first is shown when none is named."""
TITLE: Final = {
    "en": "Opening plenary",
    "fr": "Plénière d’ouverture",
    "es": "Plenaria de apertura",
    "ru": "Открытие",
    "zh": "开幕全体会议",
    "ar": "الجلسة العامة الافتتاحية",
}
ADDRESS: Final = "sample@delegate.example"
_NOBODY: Final = UUID(int=0)
_HOUR: Final = timedelta(hours=1)


class Sample(Struct, frozen=True):
    """What a sample is about: an edition and a session, in which language and words, and when it is looked at."""

    variant: str
    language: str
    edition: CalendarEdition
    session: CalendarSession
    wording: Wording
    now: datetime

    @property
    def message_id(self) -> str:
        """The same for every sample."""
        return f"<sample@{self.edition.domain}>"

    @property
    def timezone(self) -> str:
        """Where the made-up reader is: elsewhere, so that both times are told."""
        return "Asia/Amman" if self.edition.timezone != "Asia/Amman" else "Asia/Tokyo"

    @property
    def link(self) -> str:
        """The address behind the link, which opens nothing."""
        return f"https://{self.edition.domain}/sample#sample"


def render_sample(kind: str, sample: Sample) -> bytes:
    """The mail of a kind."""
    return _RENDERERS[kind](sample)


def _invitation(sample: Sample) -> bytes:
    return InvitationMailer(sample.session, sample.edition, sample.wording).render(_invite(sample))


def _invite(sample: Sample) -> Invitation:
    return Invitation(
        sample.message_id,
        "CANCEL" if sample.variant == "cancellation" else "REQUEST",
        Attendee(ADDRESS, "Sample Delegate", "in_person"),
        sample.language,
        sample.timezone,
        sample.session.calendar_sequence,
        sample.now,
        sample.now,
        _earlier(sample.session) if sample.variant == "update" else None,
    )


def _earlier(session: CalendarSession) -> Times:
    assert session.starts_at is not None
    return Times(session.starts_at - _HOUR, session.ends_at and session.ends_at - _HOUR)


def _sign_in(sample: Sample) -> bytes:
    mailbox = sample.edition.organizer_email
    return render_sign_in(sample.message_id, mailbox, ADDRESS, "000000", sample.language, sample.now)


def _noticed(sample: Sample, **changes: Any) -> Noticed:
    fields: dict[str, Any] = {
        "message_id": _NOBODY,
        "given_name": "Sample",
        "family_name": "Delegate",
        "language": sample.language,
        "source": "self",
        "mode": "in_person",
        "waits_for": None,
        "offer_expires_at": None,
        "title": sample.edition.title,
        "timezone": sample.edition.timezone,
        "own_timezone": sample.timezone,
        "organizer_email": sample.edition.organizer_email,
        "delegation": None,
        "link_id": None,
        "session_title": None,
    }
    return Noticed(**fields | changes)


def _registration(sample: Sample) -> bytes:
    news, position, changes = sample.variant, None, dict[str, Any]()
    if news == "waitlisted":
        position, changes = 12, {"waits_for": "in_person"}
    elif news == "approved_and_waiting":
        news, changes = "approved", {"mode": "online", "waits_for": "in_person"}
    elif news == "offered":
        changes = {"offer_expires_at": sample.now + 48 * _HOUR}
    elif news.startswith("by_"):
        news, changes = "approved", {"source": news.removeprefix("by_"), "delegation": "Sample City"}
    told = news, sample.variant.startswith("by_"), sample.link, sample.now, position
    return render_notice(sample.message_id, ADDRESS, _noticed(sample, **changes), *told, sample.wording)


def _change_request(sample: Sample) -> bytes:
    told = sample.variant, False, sample.link, sample.now, None
    return render_notice(sample.message_id, ADDRESS, _noticed(sample), *told, sample.wording)


def _booking(sample: Sample) -> bytes:
    noticed = _noticed(sample, session_title=sample.session.title, offer_expires_at=sample.now + 48 * _HOUR)
    told = sample.variant, False, sample.link, sample.now, None
    return render_notice(sample.message_id, ADDRESS, noticed, *told, sample.wording)


def _letter(sample: Sample) -> bytes:
    edition = text_in(sample.edition.title, sample.language)[0]
    reference = "SAMPLE-000001" if sample.variant == "issued" else None
    news = LetterNews("issued" if reference else "declined", sample.language, edition, reference)
    mailbox = sample.edition.organizer_email
    return render_letter_news(sample.message_id, mailbox, ADDRESS, news, sample.now, sample.wording)


def _proposal(sample: Sample) -> bytes:
    title, edition = (text_in(it.title, sample.language)[0] for it in (sample.session, sample.edition))
    variant: Any = sample.variant  # one of VARIANTS
    news = ProposalNews(
        variant,
        sample.language,
        edition,
        title,
        text_in(TITLE, sample.language)[0] if sample.variant in ("merged", "joined") else None,
        "…" if sample.variant == "rejected" else None,
        sample.now.date() + timedelta(days=30) if sample.variant == "submitted" else None,
    )
    mailbox = sample.edition.organizer_email
    return render_proposal_news(sample.message_id, mailbox, ADDRESS, news, sample.now, sample.wording)


def _speaker(sample: Sample) -> bytes:
    session, edition = sample.session, sample.edition
    place = ", ".join(part for part in (session.room, session.venue, session.city) if part) or None
    asked = AskedSpeaker(
        _NOBODY, "Sample Speaker", sample.language, sample.variant, "Sample City", 300, session.title,
        session.starts_at, session.ends_at, session.held_on, place, session.mode == "online",
        edition.title, edition.timezone, sample.timezone, edition.organizer_email, None,
    )  # fmt: skip
    return render_speaker_mail(sample.message_id, ADDRESS, asked, sample.link, sample.now, sample.wording)


def _revision(sample: Sample) -> bytes:
    before = Holding(*_days(sample), sample.edition.timezone, "hybrid", sample.session.venue, sample.session.city, None)
    if sample.variant == "online":
        after = replace(before, mode="online", venue=None, city=None)
    else:
        after = replace(before, starts_on=before.starts_on + 7 * 24 * _HOUR, ends_on=before.ends_on + 7 * 24 * _HOUR)
    session, kept = sample.session, Times(sample.session.starts_at, sample.session.ends_at)
    entries = [
        DigestEntry("REQUEST", session.title, kept, _earlier(session), b"", sample.timezone),
        DigestEntry("CANCEL", TITLE, kept, None, b"", sample.timezone),
    ]
    revised = Revised(_NOBODY, before, after, [{"en": "…"}])
    news = "switched" if sample.variant == "online" else None
    noticed = _noticed(sample, mode="online" if news else "in_person")
    notice = RevisionNotice(noticed, revised, news, False, sample.link, entries)
    return render_revision(sample.message_id, ADDRESS, notice, sample.now, sample.wording)


def _programme_change(sample: Sample) -> bytes:
    session, words = sample.session, sample.wording
    now, earlier = Times(session.starts_at, session.ends_at), _earlier(session)
    place = place_of(session, "in_person", sample.language, words)
    entries = [DigestEntry("REQUEST", session.title, now, None, b"", sample.timezone, place)]
    if sample.variant == "changes":
        moved = replace(entries[0], before=earlier, place_before="…" if place else "")
        entries = [moved, replace(entries[0], method="CANCEL", title=TITLE, before=earlier)]
    return render_programme_change(sample.message_id, ADDRESS, _noticed(sample), entries, sample.now, words)


def _days(sample: Sample) -> tuple[date, date]:
    assert sample.session.starts_at is not None
    first = sample.session.starts_at.astimezone(UTC).date()
    return first, first + timedelta(days=2)


def _answer(sample: Sample) -> bytes:
    title = text_in(sample.session.title, sample.language)[0]
    told = title, sample.link, sample.now, sample.wording
    return render_seat_question(sample.message_id, ADDRESS, _noticed(sample), *told)


def _reminder(sample: Sample) -> bytes:
    assert sample.session.starts_at is not None
    sent_at = sample.session.starts_at - (24 * _HOUR if sample.variant == "day" else _HOUR)
    person = Invited(_NOBODY, "Sample", "Delegate", sample.language, sample.timezone, None)
    mailer = InvitationMailer(sample.session, sample.edition, sample.wording)
    return render_reminder(sample.message_id, ADDRESS, mailer, person, "in_person", sent_at)


def _pledge_update(sample: Sample) -> bytes:
    pledges = [NamedPledge(f"SAMPLE-{number:04}", TITLE) for number in (1, 2)]
    due = PledgesDue(sample.now.date() + timedelta(days=14), sample.language, sample.edition.title, pledges, 3)
    mailbox = sample.edition.organizer_email
    return render_pledge_update(sample.message_id, mailbox, ADDRESS, due, sample.now, sample.wording)


_RENDERERS: Final = {
    "invitation": _invitation,
    "sign_in": _sign_in,
    "registration": _registration,
    "letter": _letter,
    "proposal": _proposal,
    "speaker": _speaker,
    "change_request": _change_request,
    "booking": _booking,
    "revision": _revision,
    "answer": _answer,
    "reminder": _reminder,
    "programme_change": _programme_change,
    "pledge_update": _pledge_update,
}
