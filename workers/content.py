"""What mails are about, put together from the slices that know it."""

from datetime import date, datetime
from typing import Final
from uuid import UUID

from forum.calendars import service as calendars
from forum.calendars.types import CalendarEdition, CalendarSession
from forum.db import Connection
from forum.editions import service as editions
from forum.notifications.service import ReportMail, sign_unsubscribe
from forum.programme import service as programme
from forum.programme.release_types import PublishedEdition, PublishedSession
from forum.registrations import service as registrations
from forum.settings import Settings
from forum.speakers import service as speakers
from forum.statistics import service as statistics

RELEASES_KEPT: Final = 16


class MailContent:
    """Implements `forum.notifications.service.Content`; releases, which never change, are read once."""

    def __init__(self, settings: Settings) -> None:
        self._addresses = calendars.CalendarAddresses(settings.public_url, settings.calendar_domain)
        self._page = settings.frontend_url or f"{settings.public_url.rstrip('/')}/r"
        self._speaker_page = settings.speaker_page_url or f"{settings.public_url.rstrip('/')}/s"
        self._unsubscribe = f"{settings.public_url.rstrip('/')}/v1/unsubscribe"
        self._ring = registrations.KeyRing()
        self._releases: dict[tuple[UUID, int], tuple[PublishedEdition, dict[UUID, PublishedSession]]] = {}

    async def session(self, conn: Connection, edition_id: UUID, release: int, session_id: UUID) -> CalendarSession:
        """A session as a release has it; raises KeyError for one that is not in it."""
        edition, sessions = await self._release(conn, edition_id, release)
        return calendars.entry_of(sessions[session_id], edition, self._addresses)

    async def edition(self, conn: Connection, edition_id: UUID, release: int) -> CalendarEdition:
        """The edition as a release has it."""
        return calendars.edition_of((await self._release(conn, edition_id, release))[0], self._addresses)

    async def mailbox(self, conn: Connection, edition_id: UUID) -> str:
        """The address from which an edition writes to its organizers."""
        return await editions.find_mailbox(conn, edition_id)

    async def link(self, conn: Connection, link_id: UUID) -> str:
        """The address by which a person reaches their registration; no server sees what stands behind its `#`."""
        return f"{self._page}#{await registrations.sign_link(conn, link_id, self._ring)}"

    async def speaker_link(self, conn: Connection, link_id: UUID) -> str:
        """The address by which a speaker answers, built as the other."""
        return f"{self._speaker_page}#{await speakers.sign_link(conn, link_id, self._ring)}"

    async def unsubscribe_link(self, conn: Connection, message_id: UUID) -> str:
        """The address by which the recipient of a mail gets no more of its kind; only a POST to it has an effect."""
        return f"{self._unsubscribe}/{await sign_unsubscribe(conn, message_id, self._ring)}"

    async def report(self, conn: Connection, edition_id: UUID, on: date, as_of: datetime) -> ReportMail:
        """The attendance statistics of a day, as known at an instant."""
        return await statistics.report(conn, edition_id, on, as_of)

    async def _release(
        self, conn: Connection, edition_id: UUID, number: int
    ) -> tuple[PublishedEdition, dict[UUID, PublishedSession]]:
        key = (edition_id, number)
        if key not in self._releases:
            release = await programme.read_release(conn, edition_id, number)
            while len(self._releases) >= RELEASES_KEPT:
                del self._releases[next(iter(self._releases))]
            self._releases[key] = release.head.edition, {session.id: session for session in release.sessions}
        return self._releases[key]
