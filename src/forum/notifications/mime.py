"""Builds mails as bytes ready for SMTP (RFC 5322, 2045), with the calendar inside as iMIP wants it (RFC 6047).

What many recipients share is encoded once: a part is cached by what it depends on, and one mail is then a few
headers, shared bytes and the person's own calendar.
"""

import binascii
import hashlib
import html
import logging
from datetime import UTC, date, datetime
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

from msgspec import Struct

from forum.calendars.service import InvitationTemplate
from forum.calendars.types import Attendee, CalendarEdition, CalendarSession, Method, text_in
from forum.codes import Mode
from forum.notifications import texts
from forum.notifications.headers import encoded, headers_of, one_line
from forum.notifications.texts import STANDARD, Wording
from forum.notifications.types import LetterNews, Noticed, ReportMail

log = logging.getLogger("forum")

Lines = list[tuple[str, str]]
"""What a mail says, as (label, text); a line without a label stands alone."""


class Times(Struct, frozen=True):
    """When a session is, or was when the person last heard of it; `held_on` while only the day is known."""

    starts_at: datetime | None
    ends_at: datetime | None
    held_on: date | None = None


class Invitation(Struct, frozen=True):
    """One person's invitation, changed invitation, or its withdrawal."""

    message_id: str
    method: Method
    attendee: Attendee
    language: str
    timezone: str
    sequence: int
    stamp: datetime
    sent_at: datetime
    previous: Times | None
    """The times that the person was told before, when this is news of the same entry."""


class InvitationMailer:
    """Renders the invitations of one session: each shared piece once, each mail from pieces."""

    def __init__(self, session: CalendarSession, edition: CalendarEdition, wording: Wording = STANDARD) -> None:
        self.session, self.edition, self.wording = session, edition, wording
        self._calendars: dict[tuple[Method, Mode, str, int], InvitationTemplate] = {}
        self._bodies: dict[object, tuple[bytes, bytes]] = {}

    @property
    def rendered(self) -> int:
        """How many calendar entries the library has rendered."""
        return len(self._calendars)

    def render(self, invitation: Invitation) -> bytes:
        """The mail."""
        language = texts.known_language(invitation.language)
        subject, alternatives = self._body(invitation, language)
        calendar = self.calendar(invitation)
        outer = hashlib.sha256(invitation.message_id.encode()).hexdigest()[:24]
        sender = (text_in(self.edition.title, language)[0], self.edition.organizer_email)
        recipient = (invitation.attendee.name, invitation.attendee.email)
        head = headers_of(sender, recipient, invitation.message_id, invitation.sent_at)
        return b"".join(
            (
                head,
                subject,
                b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="m%s"\r\n\r\n' % outer.encode(),
                b'--m%s\r\nContent-Type: multipart/alternative; boundary="a%s"\r\n\r\n' % ((outer.encode(),) * 2),
                alternatives.replace(b"@@", b"--a" + outer.encode()),
                b"--a%s\r\nContent-Type: text/calendar; method=%s; charset=UTF-8\r\n"
                % (outer.encode(), invitation.method.encode()),
                b"Content-Transfer-Encoding: base64\r\n\r\n",
                calendar,
                b"--a%s--\r\n--m%s\r\nContent-Type: application/ics; name=invite.ics\r\n" % ((outer.encode(),) * 2),
                b"Content-Disposition: attachment; filename=invite.ics\r\nContent-Transfer-Encoding: base64\r\n\r\n",
                calendar,
                b"--m%s--\r\n" % outer.encode(),
            )
        )

    def calendar(self, invitation: Invitation) -> bytes:
        """The person's own entry, in base64."""
        language = texts.known_language(invitation.language)
        key = (invitation.method, invitation.attendee.mode, language, invitation.sequence)
        if key not in self._calendars:
            method, mode, _, sequence = key
            self._calendars[key] = InvitationTemplate(method, self.session, self.edition, mode, language, sequence)
            log.info("session %s rendered: %s, %s, %s, sequence %s", self.session.session_id, *key)
        return _base64(self._calendars[key].render(invitation.attendee, invitation.stamp))

    def _body(self, invitation: Invitation, language: str) -> tuple[bytes, bytes]:
        """Subject and text parts: they depend on language, zone, mode and news, not on the person."""
        key = (invitation.method, language, invitation.timezone, invitation.attendee.mode, invitation.previous)
        if key not in self._bodies:
            kind = (
                "cancellation" if invitation.method == "CANCEL" else "update" if invitation.previous else "invitation"
            )
            title = text_in(self.session.title, language)[0]
            subject = encoded("Subject", self.wording.phrase(language, kind, title=title))
            lines = self._lines(kind, invitation, language, title)
            self._bodies[key] = (subject, _part("plain", _plain(lines)) + _part("html", _html(lines, language)))
        return self._bodies[key]

    def _lines(self, kind: str, invitation: Invitation, language: str, title: str) -> Lines:
        """What both texts say, as (label, text); a line without a label stands alone."""
        edition = text_in(self.edition.title, language)[0]
        lines = [("", title), ("", self.wording.phrase(language, f"{kind}_lead", edition=edition))]
        lines += self.wording.note(language, "invitation", edition)
        lines += self.facts(language, invitation.timezone, invitation.attendee.mode, invitation.previous)
        return [*lines, ("", self.wording.phrase(language, "note"))] if kind != "cancellation" else lines

    def facts(self, language: str, timezone: str, mode: Mode, previous: Times | None = None) -> Lines:
        """When it is and, in news, when it was, where it is held and where the person is; and the place."""

        def say(key: str) -> str:
            return self.wording.phrase(language, key)

        now = Times(self.session.starts_at, self.session.ends_at, self.session.held_on)
        told = [("when", "your_time", now)]
        if previous and previous != now:
            told.append(("before", "your_time_before", previous))
        lines = []
        for label, own_label, times in told:
            if times.starts_at:
                here = texts.moment(language, times.starts_at, times.ends_at, self.edition.timezone)
                lines.append((say(label), here))
                if timezone != self.edition.timezone:
                    there = texts.moment(language, times.starts_at, times.ends_at, timezone)
                    lines.append((say(own_label), there))
            elif times.held_on:
                lines.append((say(label), texts.day(language, times.held_on)))
        place = place_of(self.session, mode, language, self.wording)
        return [*lines, (say("where"), place)] if place else lines


def place_of(session: CalendarSession, mode: Mode, language: str, wording: Wording) -> str:
    """Where a session is for somebody who takes part in this way; empty while nobody knows."""
    if mode == "online" or session.mode == "online":
        return wording.phrase(language, "online")
    return ", ".join(part for part in (session.room, session.venue, session.city) if part)


def render_sign_in(message_id: str, sender: str, recipient: str, code: str, language: str, sent_at: datetime) -> bytes:
    """The mail with a one-time code."""
    lead, note = texts.phrase(language, "sign_in_lead"), texts.phrase(language, "sign_in_note")
    mail = _mail(message_id, sender, recipient, texts.phrase(language, "sign_in"), sent_at)
    mail.set_content(f"{lead}\n\n    {code}\n\n{note}\n")
    lines = [("", lead), ("", code), ("", note)]
    mail.add_alternative(_html(lines, texts.known_language(language)), subtype="html")
    return _as_bytes(mail, message_id)


def compose_notice(
    message_id: str, recipient: str, noticed: Noticed, subject: str, lines: list[tuple[str, str]], sent_at: datetime
) -> bytes:
    """A mail from an edition to somebody who is registered, of lines as (label, text)."""
    language = texts.known_language(noticed.language)
    name = " ".join(part for part in (noticed.given_name, noticed.family_name) if part)
    sender = (text_in(noticed.title, language)[0], noticed.organizer_email)
    head = headers_of(sender, (name, recipient), message_id, sent_at)
    return in_two_forms(head, message_id, subject, lines, language)


def in_two_forms(head: bytes, message_id: str, subject: str, lines: list[tuple[str, str]], language: str) -> bytes:
    """A mail that says the same as text and as a page: (label, text) by line."""
    boundary = hashlib.sha256(message_id.encode()).hexdigest()[:24].encode()
    parts = _part("plain", _plain(lines)) + _part("html", _html(lines, language))
    return b"".join(
        (
            head,
            encoded("Subject", subject),
            b'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="a%s"\r\n\r\n' % boundary,
            parts.replace(b"@@", b"--a" + boundary),
            b"--a%s--\r\n" % boundary,
        )
    )


def render_letter_news(
    message_id: str, sender: str, recipient: str, news: LetterNews, sent_at: datetime, wording: Wording = STANDARD
) -> bytes:
    """The mail that says that a letter can be downloaded, or that there will be none."""
    key, language = f"letter_{news.outcome}", texts.known_language(news.language)
    parts = {"edition": news.edition} | ({"reference": news.reference} if news.reference else {})
    lines = [("", wording.phrase(language, f"{key}_lead", **parts)), *wording.note(language, "letter", news.edition)]
    subject = wording.phrase(language, key, edition=news.edition)
    return render_news(message_id, sender, recipient, subject, lines, language, sent_at)


def render_news(
    message_id: str,
    sender: str,
    recipient: str,
    subject: str,
    lines: list[tuple[str, str]],
    language: str,
    sent_at: datetime,
) -> bytes:
    """A mail of a few lines, each (label, text); a line without a label stands alone."""
    mail = _mail(message_id, sender, recipient, subject, sent_at)
    mail.set_content(_plain(lines).replace("\r\n", "\n"))
    mail.add_alternative(_html(lines, language), subtype="html")
    return _as_bytes(mail, message_id)


def render_report(message_id: str, sender: str, recipient: str, report: ReportMail, sent_at: datetime) -> bytes:
    """The mail with a report: text, HTML, and the figures as CSV attached."""
    mail = _mail(message_id, sender, recipient, report.subject, sent_at)
    mail.set_content(report.text)
    mail.add_alternative(report.html, subtype="html")
    mail.add_attachment(report.csv, maintype="text", subtype="csv", filename=report.name, params={"charset": "utf-8"})
    return _as_bytes(mail, message_id)


def _mail(message_id: str, sender: str, recipient: str, subject: str, sent_at: datetime) -> EmailMessage:
    mail = EmailMessage(policy=SMTP if sender.isascii() and recipient.isascii() else SMTPUTF8)
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, one_line(subject)
    mail["Date"], mail["Message-ID"] = sent_at.astimezone(UTC), message_id
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 section 5: no holiday notes in answer
    return mail


def _as_bytes(mail: EmailMessage, message_id: str) -> bytes:
    """The mail; its boundaries follow from its id, so that the same mail is the same bytes."""
    for depth, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"{'abc'[depth]}{hashlib.sha256(message_id.encode()).hexdigest()[:24]}")
    return mail.as_bytes()


def _base64(data: bytes) -> bytes:
    """In lines of 76 characters (RFC 2045 section 6.8)."""
    encoded = binascii.b2a_base64(data, newline=False)
    return b"".join(encoded[start : start + 76] + b"\r\n" for start in range(0, len(encoded), 76))


def _part(subtype: str, text: str) -> bytes:
    head = f"@@\r\nContent-Type: text/{subtype}; charset=UTF-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return head.encode() + _base64(text.encode("utf-8"))


def _plain(lines: list[tuple[str, str]]) -> str:
    return "\r\n\r\n".join(f"{label}: {text}" if label else text for label, text in lines) + "\r\n"


def _html(lines: list[tuple[str, str]], language: str) -> str:
    def line(label: str, text: str) -> str:
        shown = f"<bdi>{html.escape(text)}</bdi>"
        if text.startswith(("https://", "http://")):
            shown = f'<a href="{html.escape(text)}">{shown}</a>'
        return f"<p><strong>{html.escape(label)}:</strong> {shown}</p>" if label else f"<p>{shown}</p>"

    title = html.escape(lines[0][1])
    return (
        f'<!doctype html><html lang="{language}" dir="{texts.direction(language)}"><head><meta charset="utf-8">'
        f"<title>{title}</title></head><body>{''.join(line(*entry) for entry in lines)}</body></html>\r\n"
    )
