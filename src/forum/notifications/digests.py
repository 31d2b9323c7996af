"""The mails that bring several calendar entries: of a revised edition, and of a programme of which much changed.

Each entry is a calendar of its own: a REQUEST is about one session (RFC 5546 section 3.2.2), and a mail may bring
several (RFC 6047 section 4.5).
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Final

from msgspec import Struct

from forum.calendars.types import Method, text_in
from forum.notifications import texts
from forum.notifications.mime import Times, compose_notice
from forum.notifications.notices import notice_lines
from forum.notifications.texts import STANDARD, Wording
from forum.notifications.types import Holding, Noticed, Revised

Lines = list[tuple[str, str]]

CHANGES_IN_DIGEST: Final = 2
"""So many updates and cancellations for one person go out together: one mail for what changed at once."""
MOST_ALONE: Final = 3
"""So many first invitations go out one by one: alone in its mail, an entry has a button to answer in mail programs."""
MOST_IN_DIGEST: Final = 50
"""With its zone and a long text an entry has up to 20 kB: so a mail stays below a megabyte, which all servers take."""


class DigestEntry(Struct, frozen=True):
    """A calendar entry in base64, with what the text says of it."""

    method: Method
    title: dict[str, str]
    now: Times
    before: Times | None
    calendar: bytes
    timezone: str
    """Where the person is."""
    place: str = ""
    place_before: str = ""
    """Where they were told that it would be, if elsewhere."""


class RevisionNotice(Struct, frozen=True):
    """Everything that one person is told of revisions, at once."""

    noticed: Noticed
    revised: Revised
    news: str | None
    by_others: bool
    link: str | None
    entries: Sequence[DigestEntry]


def render_revision(
    message_id: str, recipient: str, notice: RevisionNotice, sent_at: datetime, wording: Wording = STANDARD
) -> bytes:
    """The mail."""
    noticed, language = notice.noticed, texts.known_language(notice.noticed.language)
    edition = text_in(noticed.title, language)[0]
    lines = [("", edition), ("", wording.phrase(language, "revision_lead", edition=edition))]
    lines += wording.note(language, "revision", edition)
    lines += _revised_lines(language, notice.revised, wording)
    lines += notice_lines(language, noticed, notice.news, notice.by_others, notice.link, wording)
    lines += _entry_lines(language, notice, wording)
    subject = wording.phrase(language, "revision", edition=edition)
    body = compose_notice(message_id, recipient, noticed, subject, lines, sent_at)
    return _with_calendars(message_id, body, notice.entries) if notice.entries else body


def _revised_lines(language: str, revised: Revised, wording: Wording) -> Lines:
    """When, where and how it is held; what it was before, where that changed; and why."""
    before, after = revised.before, revised.after
    lines: Lines = []
    for label, then, now in (
        ("when", _dates(language, before), _dates(language, after)),
        ("where", _place(before), _place(after)),
        ("held", wording.phrase(language, before.mode), wording.phrase(language, after.mode)),
    ):
        lines += [(wording.phrase(language, label), now)] if now else []
        lines += [(wording.phrase(language, "before"), then)] if then and then != now else []
    lines += [(wording.phrase(language, "why"), text_in(reason, language)[0]) for reason in revised.reasons]
    if after.mode == "online" and before.mode != "online":
        lines.append(("", wording.phrase(language, "revision_online")))
    return lines


def _dates(language: str, holding: Holding) -> str:
    days = [texts.day(language, on) for on in dict.fromkeys((holding.starts_on, holding.ends_on))]
    return f"{' – '.join(days)} ({holding.timezone})"


def _place(holding: Holding) -> str:
    return ", ".join(part for part in (holding.venue, holding.city) if part)


def _entry_lines(language: str, notice: RevisionNotice, wording: Wording) -> Lines:
    """When each session is and, where that changed, when it was: where it is held, and where the person is."""
    lines: Lines = []
    for entry in notice.entries:
        title = text_in(entry.title, language)[0]
        if entry.method == "CANCEL":
            lines.append(("", wording.phrase(language, "cancellation", title=title)))
            continue
        told = [(title, "your_time", entry.now)]
        if entry.before and entry.before != entry.now:
            told.append((wording.phrase(language, "before"), "your_time_before", entry.before))
        for label, own_label, times in told:
            lines.append((label, _moment(language, times, notice.noticed.timezone)))
            if times.starts_at and entry.timezone != notice.noticed.timezone:
                lines.append((wording.phrase(language, own_label), _moment(language, times, entry.timezone)))
    return [*lines, ("", wording.phrase(language, "revision_entries"))] if lines else []


@lru_cache(maxsize=20_000)
def _moment(language: str, times: Times, zone: str) -> str:
    """As text; kept, because thousands are told the same and writing a date costs more than the rest of a line."""
    if times.starts_at:
        return texts.moment(language, times.starts_at, times.ends_at, zone)
    return texts.day(language, times.held_on) if times.held_on else ""


def render_programme_change(
    message_id: str,
    recipient: str,
    noticed: Noticed,
    entries: Sequence[DigestEntry],
    sent_at: datetime,
    wording: Wording = STANDARD,
) -> bytes:
    """The mail that tells somebody what changed in their programme, or which sessions they have a place in."""
    if not entries:
        raise ValueError("a digest without entries says nothing")
    language = texts.known_language(noticed.language)
    edition = text_in(noticed.title, language)[0]
    is_new = all(entry.method == "REQUEST" and entry.before is None for entry in entries)
    key = "programme_places" if is_new else "programme_change"
    lines = [("", edition), ("", wording.phrase(language, f"{key}_lead", edition=edition))]
    lines += wording.note(language, "programme_change", edition)
    for entry in entries:
        lines += _changed_lines(language, entry, noticed.timezone, wording)
    lines.append(("", wording.phrase(language, "revision_entries")))
    subject = wording.phrase(language, key, edition=edition)
    return _with_calendars(message_id, compose_notice(message_id, recipient, noticed, subject, lines, sent_at), entries)


def _changed_lines(language: str, entry: DigestEntry, timezone: str, wording: Wording) -> Lines:
    """What became of a session; when and where it is, and was as the person knew it, by the clocks here and there."""
    before, is_gone = entry.before, entry.method == "CANCEL"
    kind = "cancellation" if is_gone else "update" if before else "invitation"
    told = [] if is_gone else [("when", "your_time", entry.now)]
    if before and (is_gone or before != entry.now):
        told.append(("before", "your_time_before", before))
    lines = [("", wording.phrase(language, kind, title=text_in(entry.title, language)[0]))]
    for label, own_label, times in told:
        lines.append((wording.phrase(language, label), _moment(language, times, timezone)))
        if times.starts_at and entry.timezone != timezone:
            lines.append((wording.phrase(language, own_label), _moment(language, times, entry.timezone)))
    places = [] if is_gone else [("where", entry.place), ("before", entry.place_before)]
    return lines + [(wording.phrase(language, label), place) for label, place in places if place]


def _with_calendars(message_id: str, mail: bytes, entries: Sequence[DigestEntry]) -> bytes:
    """The same mail with the entries after its text."""
    head, _, text = mail.partition(b"MIME-Version: 1.0\r\n")
    outer = b"m" + hashlib.sha256(message_id.encode()).hexdigest()[:24].encode()
    parts = [
        head,
        b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s\r\n' % (outer, outer),
        text,
    ]
    for number, entry in enumerate(entries, 1):
        parts += (
            b"--%s\r\nContent-Type: text/calendar; method=%s; charset=UTF-8; name=%d.ics\r\n"
            % (outer, entry.method.encode(), number),
            b"Content-Disposition: attachment; filename=%d.ics\r\nContent-Transfer-Encoding: base64\r\n\r\n" % number,
            entry.calendar,
        )
    return b"".join((*parts, b"--%s--\r\n" % outer))
