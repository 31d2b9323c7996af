"""From a message, which names rows, to the bytes of a mail: what many share is read and rendered once."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, Protocol
from uuid import UUID

from msgspec import convert

from forum.calendars.types import Attendee, CalendarEdition, CalendarSession
from forum.db import Connection
from forum.notifications import digest_queries, message_texts, queries, speaking_queries
from forum.notifications.digests import DigestEntry, RevisionNotice, render_programme_change, render_revision
from forum.notifications.mailers import Mailers
from forum.notifications.mime import (
    Invitation,
    InvitationMailer,
    Times,
    place_of,
    render_letter_news,
    render_report,
    render_sign_in,
)
from forum.notifications.notices import render_notice
from forum.notifications.pledge_update_mail import render_pledge_update
from forum.notifications.pledge_update_types import PledgesDue
from forum.notifications.proposal_news import render_proposal_news
from forum.notifications.reminder_mail import render_reminder
from forum.notifications.seat_question import render_seat_question
from forum.notifications.speaker_mail import render_speaker_mail
from forum.notifications.texts import STANDARD, Wording, known_language
from forum.notifications.types import (
    AskedSpeaker,
    Entry,
    Invited,
    LetterNews,
    Noticed,
    Outgoing,
    ProposalNews,
    ReportMail,
    Revised,
)
from forum.notifications.unsubscribing import OPTIONAL, list_headers

NOTICES: Final = frozenset({"registration", "change_request", "booking"})
"""The kinds of mails that tell somebody about their registration, or what they booked with it."""


class Content(Protocol):
    """What mails are about; other slices know it."""

    async def session(self, conn: Connection, edition_id: UUID, release: int, session_id: UUID) -> CalendarSession:
        """A session as a release has it."""
        ...

    async def edition(self, conn: Connection, edition_id: UUID, release: int) -> CalendarEdition:
        """The edition as a release has it."""
        ...

    async def mailbox(self, conn: Connection, edition_id: UUID) -> str:
        """The address from which an edition writes to its organizers."""
        ...

    async def link(self, conn: Connection, link_id: UUID) -> str:
        """The address by which a person reaches their registration."""
        ...

    async def speaker_link(self, conn: Connection, link_id: UUID) -> str:
        """The address by which a speaker answers."""
        ...

    async def unsubscribe_link(self, conn: Connection, message_id: UUID) -> str:
        """The address by which the recipient of a mail gets no more of its kind."""
        ...

    async def report(self, conn: Connection, edition_id: UUID, on: date, as_of: datetime) -> ReportMail:
        """The attendance statistics of a day, as known at an instant."""
        ...


def message_id_of(message: Outgoing, domain: str) -> str:
    """The Message-ID: the same however often the mail is sent."""
    return f"<{message.id}@{domain}>"


class Renderer:
    """Renders the messages of one job. Reads stand in savepoints, so that one that fails spoils no other."""

    def __init__(self, conn: Connection, content: Content, sender: str, domain: str, mailers: Mailers) -> None:
        self._conn, self._content, self._mailers = conn, content, mailers
        self._sender, self._domain = sender, domain
        self._invited: dict[UUID, Invited] = {}
        self._noticed: dict[UUID, Noticed] = {}
        self._asked: dict[UUID, AskedSpeaker] = {}
        self._revised: dict[UUID, Revised] = {}
        self._entries: dict[UUID, list[Entry]] = {}
        self._wordings: dict[UUID, Wording] = {}
        self._reports: dict[tuple[UUID, str, str], tuple[str, ReportMail]] = {}

    async def prepare(self, messages: Sequence[Outgoing]) -> None:
        """Read whom the mails are for and in which words they are written, all at once."""
        self._wordings = await message_texts.read_wordings(self._conn, {m.edition_id for m in messages if m.edition_id})
        digests = [message.id for message in messages if message.kind in ("revision", "programme_change")]
        if digests:
            self._revised = {row.message_id: row for row in await queries.list_revised(self._conn, digests)}
            for entry in await digest_queries.list_entries(self._conn, digests):
                self._entries.setdefault(entry.digest_id, []).append(entry)
        ids = [message.id for message in messages if message.kind in ("invitation", "reminder")]
        ids += [entry.id for entries in self._entries.values() for entry in entries]
        self._invited = {row.message_id: row for row in await queries.list_attendees(self._conn, ids)}
        if others := [one for one in ids if one not in self._invited]:
            rows = await speaking_queries.list_speaking_attendees(self._conn, others)
            self._invited |= {row.message_id: row for row in rows}
        ids = [*digests, *(message.id for message in messages if message.kind in (*NOTICES, "answer"))]
        self._noticed = {row.message_id: row for row in await queries.list_noticed(self._conn, ids)} if ids else {}
        ids = [message.id for message in messages if message.kind == "speaker"]
        self._asked = {row.message_id: row for row in await queries.list_asked_speakers(self._conn, ids)} if ids else {}

    async def render(self, message: Outgoing) -> bytes:
        """The mail; raises whatever goes wrong with it."""
        mail = await self._render(message_id_of(message, self._domain), message)
        if message.kind in OPTIONAL:
            mail = list_headers(await self._content.unsubscribe_link(self._conn, message.id)) + mail
        return mail

    async def _render(self, message_id: str, message: Outgoing) -> bytes:
        if message.kind == "invitation":
            return await self._invitation(message_id, message)
        if message.kind == "reminder":
            return await self._reminder(message_id, message)
        if message.kind == "attendance_report":
            sender, report = await self._report(message)
            return render_report(message_id, sender, message.recipient, report, message.created_at)
        if message.kind in NOTICES:
            return await self._notice(message_id, message)
        if message.kind == "answer":
            return await self._seat_question(message_id, message)
        if message.kind == "revision":
            return await self._revision(message_id, message)
        if message.kind == "programme_change":
            return await self._programme_change(message_id, message)
        if message.kind == "letter":
            return await self._letter_news(message_id, message)
        if message.kind == "speaker":
            return await self._speaker(message_id, message)
        if message.kind == "proposal":
            return await self._proposal_news(message_id, message)
        if message.kind == "pledge_update":
            return await self._pledge_update(message_id, message)
        code, language = message.payload["code"], message.payload["language"]
        return render_sign_in(message_id, self._sender, message.recipient, code, language, message.created_at)

    async def _invitation(self, message_id: str, message: Outgoing) -> bytes:
        mailer = await self._mailer(message, int(message.payload["release"]))
        return mailer.render(self._invite(message_id, message))

    async def _reminder(self, message_id: str, message: Outgoing) -> bytes:
        mailer = await self._mailer(message, int(message.payload["release"]))
        person, payload = self._invited[message.id], message.payload
        told_at = datetime.fromisoformat(payload["told_at"]) if "told_at" in payload else message.created_at
        return render_reminder(message_id, message.recipient, mailer, person, payload["mode"], told_at)

    def _invite(self, message_id: str, message: Outgoing) -> Invitation:
        payload, person = message.payload, self._invited[message.id]
        name = " ".join(part for part in (person.given_name, person.family_name) if part)
        return Invitation(
            message_id,
            payload["method"],
            Attendee(message.recipient, name, payload["mode"]),
            person.language,
            person.timezone,
            int(payload["sequence"]),
            datetime.fromisoformat(payload["stamp"]),
            message.created_at,
            _previous(person.previous),
        )

    async def _revision(self, message_id: str, message: Outgoing) -> bytes:
        noticed, payload = self._noticed[message.id], message.payload
        entries = [await self._entry(message_id, entry) for entry in self._entries.get(message.id, [])]
        link = await self._content.link(self._conn, noticed.link_id) if noticed.link_id else None
        revised, by_others = self._revised[message.id], bool(payload["by_others"])
        notice = RevisionNotice(noticed, revised, payload["news"], by_others, link, entries)
        return render_revision(message_id, message.recipient, notice, message.created_at, self._words(message))

    async def _programme_change(self, message_id: str, message: Outgoing) -> bytes:
        noticed, words = self._noticed[message.id], self._words(message)
        entries = [await self._entry(message_id, entry) for entry in self._entries.get(message.id, [])]
        return render_programme_change(message_id, message.recipient, noticed, entries, message.created_at, words)

    async def _entry(self, message_id: str, entry: Entry) -> DigestEntry:
        mailer = await self._mailer(entry, int(entry.payload["release"]))
        invitation, session = self._invite(message_id, entry), mailer.session
        now = Times(session.starts_at, session.ends_at, session.held_on)
        told = invitation.method, session.title, now, invitation.previous, mailer.calendar(invitation)
        language, mode = known_language(invitation.language), invitation.attendee.mode
        place = place_of(session, mode, language, mailer.wording)
        before = await self._place_before(entry, language) if invitation.previous else ""
        return DigestEntry(*told, invitation.timezone, place, before if before != place else "")

    async def _place_before(self, entry: Entry, language: str) -> str:
        """Where the person was told that it is held; empty where that is the same room and way of taking part."""
        before, now = self._invited[entry.id].previous or {}, entry.payload
        if all(before.get(name) == now.get(name) for name in ("place", "is_online")):
            return ""
        mailer = await self._mailer(entry, int(before["release"]))
        return place_of(mailer.session, before["mode"], language, mailer.wording)

    async def _notice(self, message_id: str, message: Outgoing) -> bytes:
        noticed, news = self._noticed[message.id], message.payload["news"]
        link = await self._content.link(self._conn, noticed.link_id) if noticed.link_id else None
        told = news, bool(message.payload["by_others"]), link, message.created_at, message.payload.get("position")
        return render_notice(message_id, message.recipient, noticed, *told, self._words(message))

    async def _seat_question(self, message_id: str, message: Outgoing) -> bytes:
        noticed, title = self._noticed[message.id], str(message.payload["title"])
        link = await self._content.link(self._conn, noticed.link_id) if noticed.link_id else None
        words = self._words(message)
        return render_seat_question(message_id, message.recipient, noticed, title, link, message.created_at, words)

    async def _speaker(self, message_id: str, message: Outgoing) -> bytes:
        asked = self._asked[message.id]
        link = await self._content.speaker_link(self._conn, asked.link_id) if asked.link_id else None
        return render_speaker_mail(message_id, message.recipient, asked, link, message.created_at, self._words(message))

    async def _mailer(self, message: Outgoing, release: int) -> InvitationMailer:
        assert message.session_id is not None
        if kept := self._mailers.find(message.session_id, release, wording := self._words(message)):
            return kept
        async with self._conn.transaction():
            session = await self._content.session(self._conn, _edition(message), release, message.session_id)
            edition = await self._content.edition(self._conn, _edition(message), release)
        return self._mailers.keep(release, InvitationMailer(session, edition, wording))

    async def _letter_news(self, message_id: str, message: Outgoing) -> bytes:
        mailbox = await self._mailbox(message)
        news = convert(message.payload, LetterNews)
        words = self._words(message)
        return render_letter_news(message_id, mailbox, message.recipient, news, message.created_at, words)

    async def _proposal_news(self, message_id: str, message: Outgoing) -> bytes:
        mailbox = await self._mailbox(message)
        news = convert(message.payload, ProposalNews)
        words = self._words(message)
        return render_proposal_news(message_id, mailbox, message.recipient, news, message.created_at, words)

    async def _pledge_update(self, message_id: str, message: Outgoing) -> bytes:
        mailbox = await self._mailbox(message)
        due, words = convert(message.payload, PledgesDue), self._words(message)
        return render_pledge_update(message_id, mailbox, message.recipient, due, message.created_at, words)

    async def _mailbox(self, message: Outgoing) -> str:
        async with self._conn.transaction():
            return await self._content.mailbox(self._conn, _edition(message))

    def _words(self, message: Outgoing) -> Wording:
        return self._wordings.get(_edition(message), STANDARD)

    async def _report(self, message: Outgoing) -> tuple[str, ReportMail]:
        payload = message.payload
        key = (_edition(message), payload["on"], payload["as_of"])
        if key not in self._reports:
            on, as_of = date.fromisoformat(payload["on"]), datetime.fromisoformat(payload["as_of"])
            async with self._conn.transaction():
                mailbox = await self._content.mailbox(self._conn, key[0])
                self._reports[key] = mailbox, await self._content.report(self._conn, key[0], on, as_of)
        return self._reports[key]


def _edition(message: Outgoing) -> UUID:
    assert message.edition_id is not None
    return message.edition_id


def _previous(payload: dict[str, Any] | None) -> Times | None:
    """The times that were told before, unless the entry had been withdrawn since."""
    return None if payload is None or payload["method"] == "CANCEL" else convert(payload, Times)
