"""Calendars of the last release, joined from entries that are rendered once and kept with it."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from forum.calendars.feed_types import Subscription
from forum.calendars.ical import InvitationTemplate as InvitationTemplate
from forum.calendars.ical import render_event, render_feed, years_of
from forum.calendars.mails import MOST_BYTES as MOST_BYTES
from forum.calendars.replies import read_reply as read_reply
from forum.calendars.types import CalendarEdition, CalendarSession, text_in
from forum.codes import Mode
from forum.errors import NotFound
from forum.kept import KeptBytes
from forum.programme.release_types import PublishedEdition, PublishedSession, Selection
from forum.programme.service import KeptRelease

HELD_ELSEWHERE: Final = frozenset({"linked_event", "preparatory"})


class CalendarAddresses(Struct, frozen=True):
    """Where calendars point to."""

    public_url: str
    domain: str


def feed(release: KeptRelease, addresses: CalendarAddresses, lang: str | None, selection: Selection) -> KeptBytes:
    """The dated sessions of a release in one language, English unless told otherwise.

    Cancelled ones stay, marked, until the edition is archived. Raises `NotFound` for a single session that is not
    there or has no date.
    """
    language = release.language(lang or "en") or "en"
    return release.rendering(
        "ics", language, selection, lambda sessions: _render(release, addresses, language, selection, sessions)
    )


def personal_calendar(release: KeptRelease, addresses: CalendarAddresses, shown: Subscription, language: str) -> bytes:
    """The sessions that concern somebody with a place, told for their way of taking part; empty for who has none.

    Those are the same that they are invited to by mail, and what they have starred. Nothing in it names the person.
    """
    published = release.head.edition
    edition = edition_of(published, addresses)
    entries = [
        (session, entry_of(session, published, addresses))
        for session in release.sessions
        if shown.has_place and _concerns(session, shown) and _is_shown(release, session)
    ]
    events = _events(release, entries, edition, language, shown.mode)
    years = years_of(entry for _, entry in entries)
    return render_feed(events, edition, language, text_in(published.title, language)[0], years)


def _concerns(session: PublishedSession, shown: Subscription) -> bool:
    """What is for all who are registered in that way, what they have a place in, and what is otherwise their own.

    But for what is starred, `changed_entries` in the database decides by the same rule who is invited by mail.
    """
    if session.id in shown.sessions:
        return True
    is_open = session.access == "registered" or (session.access == "booking" and session.id in shown.booked)
    return is_open and session.mode in ("hybrid", shown.mode)


def _events(
    release: KeptRelease,
    shown: list[tuple[PublishedSession, CalendarSession]],
    edition: CalendarEdition,
    language: str,
    mode: Mode | None = None,
) -> list[bytes]:
    return [
        release.fragment(
            session,
            f"{language}-{mode or 'all'}",
            lambda entry=entry: render_event(entry, edition, language, mode),  # type: ignore[misc]
        )
        for session, entry in shown
    ]


def _render(
    release: KeptRelease,
    addresses: CalendarAddresses,
    language: str,
    selection: Selection,
    sessions: list[PublishedSession],
) -> KeptBytes:
    published = release.head.edition
    edition = edition_of(published, addresses)
    shown = [(session, entry_of(session, published, addresses)) for session in sessions if _is_shown(release, session)]
    if selection.session is not None and not shown:
        raise NotFound
    events = _events(release, shown, edition, language)
    name = text_in(published.title, language)[0]
    body = render_feed(events, edition, language, name, years_of(entry for _, entry in shown))
    return KeptBytes(body, "text/calendar", f"{release.tag}-{language}")


def edition_of(published: PublishedEdition, addresses: CalendarAddresses) -> CalendarEdition:
    """The edition that calendar entries belong to, as a release has it."""
    return CalendarEdition(published.title, published.timezone, published.organizer_email, addresses.domain)


def entry_of(session: PublishedSession, edition: PublishedEdition, addresses: CalendarAddresses) -> CalendarSession:
    """What a calendar entry is rendered from.

    The place is the room's venue, else the edition's; but linked and preparatory events are held elsewhere, so that
    where nobody has told their place, there is none. The edition's city goes with its own venue only.
    """
    room = session.room
    at_home = session.type not in HELD_ELSEWHERE
    venue = (room.venue if room else None) or (edition.venue if at_home else None)
    return CalendarSession(
        session_id=session.id,
        title=session.title,
        abstract=session.abstract,
        starts_at=session.starts_at,
        ends_at=session.ends_at,
        held_on=session.held_on,
        room=room.name if room else None,
        venue=venue,
        city=edition.city if venue == edition.venue and (at_home or venue) else None,
        track=session.track.name if session.track else None,
        parent_id=session.parent,
        status=session.status,
        mode=session.mode,
        calendar_sequence=session.calendar_sequence,
        revised_at=session.revised_at,
        url=session_url(addresses.public_url, edition.slug, session.id),
    )


def session_url(public_url: str, slug: str, session_id: UUID) -> str:
    """The address of a session's own calendar."""
    return f"{public_url.rstrip('/')}/v1/editions/{slug}/sessions/{session_id}/calendar.ics"


def _is_shown(release: KeptRelease, session: PublishedSession) -> bool:
    dated = session.starts_at is not None or session.held_on is not None
    return dated and not (release.head.is_archived and session.status == "cancelled")
