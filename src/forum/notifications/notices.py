"""The mail that tells somebody what became of their registration."""

from datetime import datetime

from forum.calendars.types import text_in
from forum.notifications import texts
from forum.notifications.mime import compose_notice
from forum.notifications.texts import STANDARD, Wording
from forum.notifications.types import Noticed


def render_notice(
    message_id: str,
    recipient: str,
    noticed: Noticed,
    news: str,
    by_others: bool,
    link: str | None,
    sent_at: datetime,
    position: int | None = None,
    wording: Wording = STANDARD,
) -> bytes:
    """The mail about a registration: what became of it, who made it if not the person, and the link to it."""
    language = texts.known_language(noticed.language)
    edition = text_in(noticed.title, language)[0]
    subject = wording.phrase(language, "registration", edition=edition)
    (first, *others) = notice_lines(language, noticed, news, by_others, link, wording)
    lines = [("", edition), first, *wording.note(language, _kind(news), edition)]
    lines += [*_line(language, position, wording), *others]
    if noticed.session_title:
        title = text_in(noticed.session_title, language)[0]
        subject = wording.phrase(language, news, title=title)
        lines.insert(1, ("", title))
    return compose_notice(message_id, recipient, noticed, subject, lines, sent_at)


def notice_lines(
    language: str, noticed: Noticed, news: str | None, by_others: bool, link: str | None, wording: Wording = STANDARD
) -> list[tuple[str, str]]:
    """How somebody takes part, what is new of it (None: nothing), who registered them if not they, and the link."""

    def say(key: str) -> str:
        return wording.phrase(language, key if texts.knows(key) else "registration_link")

    lines = [*([("", say(f"registration_{news}"))] if news else []), (say("how"), say(noticed.mode))]
    if until := noticed.offer_expires_at:
        lines.append((say("until"), texts.moment(language, until, None, noticed.timezone)))
        if noticed.own_timezone != noticed.timezone:
            lines.append((say("your_time"), texts.moment(language, until, None, noticed.own_timezone)))
    elif noticed.waits_for and noticed.waits_for != noticed.mode:
        lines.append((say("also_waiting"), say(noticed.waits_for)))
    if by_others:
        who = f"by_{noticed.source}"
        lines.append(("", wording.phrase(language, who if texts.knows(who) else "by_others")))
        if noticed.delegation:
            lines.append((say("delegation"), noticed.delegation))
        lines.append(("", say("objection")))
    return [*lines, (say("open"), link), ("", say("open_note"))] if link else lines


def _line(language: str, position: int | None, wording: Wording) -> list[tuple[str, str]]:
    """The place in the line, and how many are before it, as it was when the mail was queued."""
    if not position:
        return []
    ahead = [("", wording.counted(language, "line_ahead", position - 1))] if position > 1 else []
    return [(wording.phrase(language, "line_position"), str(position)), *ahead]


def _kind(news: str) -> str:
    """Of which kind the mail is that tells it."""
    if news.startswith("change_"):
        return "change_request"
    return "booking" if news == "seat_offered" else "registration"
