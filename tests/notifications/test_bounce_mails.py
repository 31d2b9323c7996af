"""Mails that come back, as servers write them (RFC 3464)."""

import pytest

from forum.notifications.delivery_types import Bounce
from forum.notifications.service import read_bounce

MESSAGE_ID = "<0190c7a2-7b1e-7c3d-8f00-1234567890ab@calendar.forum.test>"
REPORT = """\
From: MAILER-DAEMON@mx.example\r
To: secretariat@forum.example\r
Subject: Undelivered Mail Returned to Sender\r
{head}MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
I'm sorry to have to inform you that your message could not be delivered.\r
--b\r
Content-Type: message/delivery-status\r
\r
Reporting-MTA: dns; mx.example\r
Arrival-Date: Wed, 13 Dec 2023 09:00:00 +0000\r
\r
{block}\r
--b\r
{original}--b--\r
"""
RETURNED = (
    f"Content-Type: message/rfc822\r\n\r\nMessage-ID: {MESSAGE_ID}\r\nSubject: Your registration\r\n\r\nHello\r\n"
)
HEADERS = f"Content-Type: text/rfc822-headers\r\n\r\nSubject: Hi\r\nMessage-Id:\r\n {MESSAGE_ID}\r\n"


def report(status: str, words: str, action: str = "failed", original: str = RETURNED, head: str = "") -> bytes:
    """A report about one recipient."""
    block = (
        f"Final-Recipient: rfc822; amal@person.example\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {words}\r\n"
    )
    return REPORT.format(block=block, original=original, head=head).encode()


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        ("5.1.1", "550 5.1.1 no such user; see example", "bounced_permanently"),
        ("5.1.10", "550 5.1.10 recipient not found", "bounced_permanently"),
        ("5.2.1", "550 5.2.1 mailbox disabled", "bounced_permanently"),
        ("5.4.4", "unable to route", "bounced_permanently"),
        ("5.0.0", "550 5.1.1 unknown user", "bounced_permanently"),
        ("5.0.0", "550 no", "bounced_temporarily"),
        ("5.2.2", "552 5.2.2 mailbox full", "bounced_temporarily"),
        ("5.7.1", "550 5.7.1 looks like spam", "bounced_temporarily"),
        ("4.4.7", "delivery time expired", "bounced_temporarily"),
    ],
)
@pytest.mark.parametrize("original", [RETURNED, HEADERS])
def test_report_of_a_failure_says_which_mail_and_whether_the_address_is_gone(
    status: str, words: str, kind: str, original: str
) -> None:
    found = read_bounce(report(status, words, original=original))

    assert found == Bounce(MESSAGE_ID, kind, "amal@person.example", words)  # type: ignore[arg-type]


def test_report_without_the_mail_names_it_in_what_it_answers_to() -> None:
    raw = report("5.1.1", "no", original="Content-Type: text/plain\r\n\r\n-\r\n", head=f"In-Reply-To: {MESSAGE_ID}\r\n")

    found = read_bounce(raw)

    assert found is not None
    assert found.message_id == MESSAGE_ID
    assert read_bounce(raw.replace(b"In-Reply-To", b"X-In-Reply")) is None


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded"])
def test_report_of_a_mail_that_is_late_or_arrived_is_no_bounce(action: str) -> None:
    assert read_bounce(report("4.4.1", "later", action)) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"Subject: Re: Your registration\r\n\r\nI am on holiday\r\n",
        b"Content-Type: multipart/report; report-type=delivery-status\r\n\r\nno parts",
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n--b--",
        report("5.1.1", "no").replace(b"Action: failed", b"Action: \xff"),
    ],
)
def test_anything_else_is_no_bounce(raw: bytes) -> None:
    assert read_bounce(raw) is None


def test_report_that_is_cut_off_anywhere_never_raises() -> None:
    whole = report("5.1.1", "550 5.1.1 no such user")

    for end in range(len(whole)):
        read_bounce(whole[:end])


FEEDBACK = """\
From: <abusedesk@provider.example>\r
Subject: complaint\r
MIME-Version: 1.0\r
Content-Type: multipart/report; report-type=feedback-report; boundary="b"\r
\r
--b\r
Content-Type: text/plain\r
\r
This is an email abuse report.\r
--b\r
Content-Type: message/feedback-report\r
\r
Feedback-Type: {type}\r
User-Agent: SomeGenerator/1.0\r
Version: 1\r
\r
--b\r
{original}--b--\r
"""


@pytest.mark.parametrize("original", [RETURNED, HEADERS])
@pytest.mark.parametrize("kind", ["abuse", "Fraud", "opt-out"])
def test_complaint_names_the_mail_that_was_unwanted(kind: str, original: str) -> None:
    found = read_bounce(FEEDBACK.format(type=kind, original=original).encode())

    assert found == Bounce(MESSAGE_ID, "complained", None, kind.lower())


@pytest.mark.parametrize("kind", ["not-spam", "virus", "", "other"])
def test_feedback_that_is_no_complaint_is_nothing(kind: str) -> None:
    assert read_bounce(FEEDBACK.format(type=kind, original=RETURNED).encode()) is None
