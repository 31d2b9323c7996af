"""Mails as Python's own parser reads them: what stands in them, and that nothing else can be put in."""

import email
import email.policy
import html
import re
from datetime import UTC, date, datetime, timedelta
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any, cast

import pytest
from icalendar import Calendar

from forum.calendars.types import Attendee
from forum.notifications import texts
from forum.notifications.mime import (
    Invitation,
    InvitationMailer,
    ReportMail,
    Times,
    render_letter_news,
    render_report,
    render_sign_in,
)
from forum.notifications.types import LetterNews
from tests.calendars.samples import ARABIC, NINE, edition, session

SENT = datetime(2023, 11, 2, 8, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)
ADDRESS = "amal@person.example"
NAMES = [
    "Amal Probe",
    'Dr. "Q", Jr. <x@y.example>; z:',
    "Back\\slash (comment)",
    "evil\r\nBcc: x@y.example\r\n\r\nbody",
    "evil\nX-Evil: 1",
    "evil\rX-Evil: 1\x00\x0b\x0c\x1b\u2028\u0085end",
    "=?utf-8?q?Bcc=3A?=",
    "محمد تجربة",
    "王小明",
    "Иван Пробный, мэр " * 16,
    "A" * 300,
    "Zoë Ñandú",
    "",
]


def read(mail: bytes) -> EmailMessage:
    """The mail; every line is as RFC 5322 wants it, and the parser has nothing to complain of."""
    assert mail.count(b"\n") == mail.count(b"\r\n") == mail.count(b"\r")
    assert max(len(line) for line in mail.split(b"\r\n")) <= 200
    found = cast("EmailMessage", email.message_from_bytes(mail, policy=email.policy.default))
    assert [defect for part in found.walk() for defect in part.defects] == []
    assert len(set(found.keys())) == len(found.keys())
    return found


def names_of(mail: EmailMessage) -> set[str]:
    """The names of the headers."""
    return {name.lower() for name in mail}


def part(mail: EmailMessage, subtype: str) -> str:
    """The text of the part of that subtype."""
    (found,) = [part for part in mail.walk() if part.get_content_type() == f"text/{subtype}"]
    return str(found.get_content()).replace("\r\n", "\n")


def invitation(language: str = "en", timezone: str = "Europe/Zurich", **changes: Any) -> Invitation:
    """A person's invitation."""
    fields: dict[str, Any] = {
        "message_id": "<0b1c@calendar.forum.test>",
        "method": "REQUEST",
        "attendee": Attendee(ADDRESS, "Amal Probe", "in_person"),
        "language": language,
        "timezone": timezone,
        "sequence": 2,
        "stamp": SENT,
        "sent_at": SENT,
        "previous": None,
    }
    return Invitation(**fields | changes)


def mailer(**changes: Any) -> InvitationMailer:
    """The mailer of a session in Geneva."""
    place = {"room": "Room K", "venue": "Palexpo", "city": "Geneva", "title": {"en": "Opening <b>", "ar": ARABIC}}
    return InvitationMailer(session(**place | changes), edition())


def test_invitation_has_the_parts_that_clients_expect_in_their_order() -> None:
    mail = read(mailer().render(invitation()))

    assert names_of(mail) == {
        "from",
        "to",
        "date",
        "message-id",
        "auto-submitted",
        "subject",
        "mime-version",
        "content-type",
    }
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == ("<0b1c@calendar.forum.test>", "auto-generated")
    assert mail["Date"].datetime == SENT
    assert mail["From"].addresses[0].display_name == 'Forum "2023", a^b; c\\d'
    assert mail["From"].addresses[0].addr_spec == "office@forum.example"
    assert [address.addr_spec for address in mail["To"].addresses] == [ADDRESS]
    assert mail["Subject"] == "Invitation: Opening <b>"
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    *_, inline, attached = mail.walk()
    assert dict(inline["Content-Type"].params) == {"method": "REQUEST", "charset": "UTF-8"}
    assert (inline.get_content_disposition(), attached.get_content_disposition()) == (None, "attachment")
    assert attached.get_filename() == "invite.ics"
    assert inline.get_payload(decode=True) == attached.get_payload(decode=True)


@pytest.mark.parametrize("name", NAMES)
def test_name_of_a_recipient_stays_a_name(name: str) -> None:
    mail = read(mailer().render(invitation(attendee=Attendee(ADDRESS, name, "in_person"))))

    ((told, address),) = getaddresses([str(dict(mail.raw_items())["To"])])
    shown = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", name).split())
    assert address == ADDRESS
    assert str(make_header(decode_header(told))) == shown
    assert not names_of(mail) & {"bcc", "x-evil"}
    calendar = Calendar.from_ical(list(mail.walk())[-1].get_payload(decode=True))
    (event,) = calendar.walk("VEVENT")
    assert event["ATTENDEE"].params.get("CN", "") == shown


@pytest.mark.parametrize("title", ["a\r\nBcc: x@y.example", ARABIC, "全体会议" * 75, "x" * 300])
def test_title_of_a_session_stays_a_title(title: str) -> None:
    mail = read(mailer(title={"en": title}).render(invitation()))

    assert mail["Subject"] == f"Invitation: {' '.join(title.split())}"
    assert "bcc" not in names_of(mail)


def test_address_outside_ascii_is_written_as_it_is() -> None:
    address = "дима@почта.example"

    invited = read(mailer().render(invitation(attendee=Attendee(address, "Dima", "online"))))
    sign_in = read(render_sign_in("<1@x.example>", "forum@forum.example", address, "123456", "ru", SENT))

    for mail in (invited, sign_in):
        written = mail["To"].addresses[0].addr_spec.encode("ascii", "surrogateescape")  # how Python reads raw UTF-8
        assert written.decode("utf-8") == address


@pytest.mark.parametrize("language", ["en", "fr", "es", "ru", "zh", "ar"])
def test_change_tells_old_and_new_time_here_and_where_the_reader_is(language: str) -> None:
    before = Times(NINE - 2 * HOUR, NINE - HOUR)

    mail = read(mailer().render(invitation(language, "Asia/Tokyo", previous=before)))

    assert mail["Subject"] == texts.phrase(
        language, "update", title=ARABIC.strip() if language == "ar" else "Opening <b>"
    )
    text = part(mail, "plain")
    for label, start, zone in (
        ("when", NINE, "Europe/Zurich"),
        ("your_time", NINE, "Asia/Tokyo"),
        ("before", NINE - 2 * HOUR, "Europe/Zurich"),
        ("your_time_before", NINE - 2 * HOUR, "Asia/Tokyo"),
    ):
        assert f"{texts.phrase(language, label)}: {texts.moment(language, start, start + HOUR, zone)}\n" in text
    assert f"{texts.phrase(language, 'where')}: Room K, Palexpo, Geneva\n" in text


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
@pytest.mark.parametrize("language", ["en", "fr", "es", "ru", "zh", "ar"])
def test_page_runs_in_the_direction_of_its_language_and_says_what_the_text_says(language: str, method: str) -> None:
    mail = read(mailer().render(invitation(language, method=method)))

    page, text = part(mail, "html"), part(mail, "plain")
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert "<b>" not in page
    said = [html.unescape(re.sub(r"<[^>]+>", "", line)) for line in re.findall(r"<p>.*?</p>", page)]
    assert said == [line for line in text.removesuffix("\n").split("\n\n") if line]
    lead = "cancellation_lead" if method == "CANCEL" else "invitation_lead"
    title = "المنتدى العالمي للاجئين ٢٠٢٣" if language == "ar" else 'Forum "2023", a^b; c\\d'
    assert texts.phrase(language, lead, edition=title) in text


def test_time_of_a_reader_in_the_same_zone_is_told_once() -> None:
    text = part(read(mailer().render(invitation(previous=Times(NINE - HOUR, NINE)))), "plain")

    assert "Your time" not in text
    assert (text.count("When: "), text.count("Before: ")) == (1, 1)


def test_time_that_did_not_change_is_not_told_as_the_old_one() -> None:
    text = part(read(mailer().render(invitation(previous=Times(NINE, NINE + HOUR)))), "plain")

    assert text.startswith("Opening <b>\n\nThis session of")
    assert "Before" not in text


def test_session_that_lost_its_hour_tells_the_day_and_the_old_time() -> None:
    day = mailer(starts_at=None, ends_at=None, held_on=date(2023, 12, 14))

    text = part(read(day.render(invitation(timezone="Asia/Tokyo", previous=Times(NINE, None)))), "plain")

    assert "When: Thursday, December 14, 2023\n" in text
    assert "Before: Wednesday, December 13, 2023, 9:00\u202fAM (Europe/Zurich)\n" in text
    assert "Before, in your time: Wednesday, December 13, 2023, 5:00\u202fPM (Asia/Tokyo)\n" in text


def test_session_that_got_its_hour_tells_the_day_that_was_known() -> None:
    mail = read(mailer().render(invitation(previous=Times(None, None, date(2023, 12, 13)))))

    text = part(mail, "plain")
    assert mail["Subject"] == "Changed: Opening <b>"
    assert "When: Wednesday, December 13, 2023, 9:00\u202fAM – 10:00\u202fAM (Europe/Zurich)\n" in text
    assert "Before: Wednesday, December 13, 2023\n" in text


def test_reader_online_is_not_sent_to_a_room() -> None:
    text = part(read(mailer().render(invitation(attendee=Attendee(ADDRESS, "Amal", "online")))), "plain")

    assert "Where: Online\n" in text
    assert "Room K" not in text


def test_pieces_are_rendered_once_for_all_who_share_them() -> None:
    shared = mailer()

    mails = {shared.render(invitation(attendee=Attendee(f"p{n}@x.example", f"P {n}", "in_person"))) for n in range(50)}

    assert (len(mails), shared.rendered) == (50, 1)


@pytest.mark.parametrize("language", ["en", "fr", "es", "ru", "zh", "ar-EG"])
def test_sign_in_mail_holds_the_code(language: str) -> None:
    mail = read(render_sign_in("<7@calendar.forum.test>", "forum@forum.example", ADDRESS, "314159", language, SENT))

    assert [part.get_content_type() for part in mail.walk()] == ["multipart/alternative", "text/plain", "text/html"]
    assert mail["Subject"] == texts.phrase(language, "sign_in")
    assert (mail["Message-ID"], mail["Auto-Submitted"]) == ("<7@calendar.forum.test>", "auto-generated")
    assert "\n    314159\n" in part(mail, "plain")
    assert ">314159<" in part(mail, "html")
    assert f'dir="{texts.direction(language)}"' in part(mail, "html")
    assert "314159" not in str(mail["Subject"])


def test_report_mail_holds_text_page_and_table() -> None:
    table = b"mode,count\r\nhall,42\r\n"
    report = ReportMail("Attendance\r\nBcc: x@y.example", "Hall: 42\n", "<p>Hall: 42</p>", table, "a.csv")

    mail = read(render_report("<8@calendar.forum.test>", "office@forum.example", ADDRESS, report, SENT))

    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/csv",
    ]
    assert mail["Subject"] == "Attendance Bcc: x@y.example"
    assert "bcc" not in names_of(mail)
    assert mail["Message-ID"] == "<8@calendar.forum.test>"
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "a.csv"
    assert attached.get_payload(decode=True) == table


@pytest.mark.parametrize("language", ["en", "ar", "de"])
def test_news_of_a_letter_say_its_reference_or_that_there_is_none(language: str) -> None:
    issued = LetterNews("issued", language, "GRF 2023", "GRF-2023-000042")
    declined = LetterNews("declined", language, "GRF 2023", None)
    mails = [
        read(render_letter_news("<9@calendar.forum.test>", "forum@forum.example", ADDRESS, news, SENT))
        for news in (issued, declined)
    ]

    for mail, key in zip(mails, ("letter_issued", "letter_declined"), strict=True):
        assert mail["Subject"] == texts.phrase(language, key, edition="GRF 2023")
        assert mail["To"] == ADDRESS
    plain = [mail.get_body(("plain",)).get_content() for mail in mails]
    assert ["GRF-2023-000042" in text for text in plain] == [True, False]
    assert all("GRF 2023" in text for text in plain)
