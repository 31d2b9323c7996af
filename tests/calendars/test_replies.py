"""Answers of calendars are read in every shape in which they are sent; whatever else comes is named, and soon."""

import base64
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forum.calendars.reply_types import NoReply, NoReplyReason, Reply
from forum.calendars.service import read_reply
from tests.calendars.replies import DOMAIN, SESSION, SHAPES, bare, calendar, google

AMINA = "amina@delegates.example"


def outcome(raw: bytes, domain: str = DOMAIN) -> Reply | NoReplyReason:
    """What a mail is read as; anything but a `NoReply` is let through."""
    try:
        return read_reply(raw, domain)
    except NoReply as error:
        return error.reason


@pytest.mark.parametrize("shape", SHAPES)
def test_answer_is_read_in_every_shape(shape: Callable[[str], bytes]) -> None:
    text = calendar(answer="TENTATIVE", sequence=3, end_event="COMMENT;LANGUAGE=ar:ربما\\, قليلاً\r\nEND:VEVENT")

    assert read_reply(shape(text), DOMAIN) == Reply(
        AMINA, UUID(SESSION), AMINA, "tentative", 3, datetime(2023, 11, 1, 10, tzinfo=UTC), "ربما, قليلاً"
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"method": "METHOD:REQUEST"}, "not_a_reply"),
        ({"method": "METHOD:COUNTER"}, "not_a_reply"),
        ({"method": "METHOD:REPLY\r\nMETHOD:REQUEST"}, "not_a_reply"),
        ({"uid": f"UID:{SESSION}@calendar.other.test"}, "unknown_uid"),
        ({"uid": f"UID:opening@{DOMAIN}"}, "unknown_uid"),
        ({"uid": ""}, "malformed"),
        ({"uid": f"UID:{SESSION}@{DOMAIN}\r\nUID:{SESSION}@{DOMAIN}"}, "malformed"),
        ({"dtstamp": ""}, "malformed"),
        ({"dtstamp": "DTSTAMP:20231301T100000Z"}, "malformed"),
        ({"dtstamp": "DTSTAMP;VALUE=DATE:20231201"}, "malformed"),
        ({"dtstamp": "DTSTAMP:99991231T235959Z"}, "malformed"),
        ({"sequence_line": "SEQUENCE:-1"}, "malformed"),
        ({"sequence_line": "SEQUENCE:99999999999"}, "malformed"),
        ({"attendee_line": ""}, "no_attendee"),
        ({"attendee_line": "ATTENDEE;PARTSTAT=DECLINED:invalid:nomail"}, "no_attendee"),
        ({"attendee_line": "ATTENDEE;PARTSTAT=DECLINED:mailto:a%00b@delegates.example"}, "no_attendee"),
        ({"attendee_line": f"ATTENDEE;PARTSTAT=DECLINED:mailto:{'a' * 12_000}@x"}, "too_large"),
        ({"attendee_line": f"ATTENDEE:mailto:{AMINA}"}, "no_answer"),
        ({"attendee_line": f"ATTENDEE;PARTSTAT=DELEGATED:mailto:{AMINA}"}, "no_answer"),
        ({"begin_event": "BEGIN:VTODO", "end_event": "END:VTODO"}, "malformed"),
        ({"end": ""}, "malformed"),
        ({"end_event": f"END:VEVENT\r\nBEGIN:VEVENT\r\nUID:{SESSION}@{DOMAIN}\r\nEND:VEVENT"}, "several_events"),
        ({"comment": f"X-{'A' * 300_000}:b"}, "too_large"),
    ],
)
def test_what_is_no_answer_is_named(changes: dict[str, str], reason: str) -> None:
    assert outcome(bare(calendar(**changes))) == reason
    assert isinstance(outcome(bare(calendar())), Reply)


def test_second_attendee_is_no_answer_of_either() -> None:
    two = calendar().replace("END:VEVENT", f"ATTENDEE;PARTSTAT=ACCEPTED:mailto:{AMINA}\r\nEND:VEVENT")

    assert outcome(bare(two)) == "several_attendees"


def test_sequence_that_is_left_out_is_the_first_and_names_are_read_in_any_case() -> None:
    attendee = "attendee;partstat=accepted:MAILTO:A%2Bb@delegates.example?subject=x"
    text = calendar(sequence_line="", attendee_line=attendee, method="Method:reply", begin_event="begin:vevent")

    read = read_reply(bare(text), DOMAIN.upper())

    assert (read.sequence, read.attendee, read.answer) == (0, "A+b@delegates.example", "accepted")


@pytest.mark.parametrize(
    ("sender", "address"),
    [
        (AMINA, AMINA),
        (f"<{AMINA}>", AMINA),
        (f'"Probe, \\"Amina\\"" <{AMINA}>', AMINA),
        (f"=?utf-8?q?Amina_=3Cevil=40x=2Eexample=3E?= <{AMINA}>", AMINA),
        (f'"{AMINA}" <evil@x.example>', "evil@x.example"),
        (f"{AMINA} <evil@x.example>", "evil@x.example"),
        (f"{AMINA})evil@x.example", ""),
        (f"{AMINA}, evil@x.example", ""),
        (f"evil@x.example, Amina <{AMINA}>", ""),
        (f"{AMINA}\r\nFrom: evil@x.example", ""),
        (f"Group: {AMINA};", ""),
        ("", ""),
        ("نور@مثال.إختبار", "نور@مثال.إختبار"),
    ],
)
def test_sender_is_the_one_address_of_from_or_nobody(sender: str, address: str) -> None:
    assert read_reply(bare(calendar(), sender), DOMAIN).sender == address


def test_answer_inside_a_forwarded_mail_is_nobodys() -> None:
    inside = google(calendar()).decode()
    forwarded = (
        'From: bei@delegates.example\r\nContent-Type: multipart/mixed; boundary="f"\r\n\r\n--f\r\n'
        f"Content-Type: message/rfc822\r\n\r\n{inside}\r\n--f--\r\n"
    )

    assert outcome(forwarded.encode()) == "not_a_calendar"


def test_charset_is_the_mails_or_that_of_calendars() -> None:
    text = calendar().replace("END:VEVENT", "COMMENT:Grüße\r\nEND:VEVENT")
    for charset, data in (
        ("iso-8859-1", text.encode("latin-1")),
        ("utf-16", text.encode("utf-16")),
        ("us-ascii", text.encode()),
        ("punycode", text.encode()),
        ("zip", text.encode()),
    ):
        head = f"From: {AMINA}\r\nContent-Type: text/calendar; charset={charset}\r\nContent-Transfer-Encoding: base64"
        assert read_reply(head.encode() + b"\r\n\r\n" + base64.encodebytes(data), DOMAIN).comment == "Grüße"


def _nested(depth: int, line: str = "x") -> bytes:
    heads = [f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)]
    return "".join(heads).encode() + f"{line}\r\n".encode() * 200


BOMBS: dict[str, tuple[bytes, str]] = {
    "2 MB and a byte": (b"x" * 2_000_001, "too_large"),
    "line breaks": (b"From: a@b\r\n\r\n" + b"\r\n" * 900_000, "too_large"),
    "nested mixed": (_nested(5_000), "too_large"),
    "nested mails": (b"Content-Type: message/rfc822\r\n\r\n" * 20_000, "too_large"),
    "many parts": (b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + b"--b\r\n\r\nx\r\n" * 10_000, "too_large"),
    "parameters": (b"Content-Type: text/calendar; a=" + b'";' * 500_000 + b"\r\n\r\n", "too_large"),
    "folded header": (b"From: a@b\r\n" + b" c@d,\r\n" * 50_000 + b"\r\n", "too_large"),
    "folds": (bare("BEGIN:VCALENDAR\r\n" + "\r\n " * 40_000), "malformed"),
    "begins": (bare("BEGIN:VCALENDAR\r\n" * 14_000), "malformed"),
    "quotes": (bare(calendar(attendee_line='ATTENDEE;CN="' + '";"' * 3_000 + ":mailto:a@b")), "malformed"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bomb_is_refused_before_it_costs(name: str) -> None:
    raw, reason = BOMBS[name]
    began = time.process_time()

    assert outcome(raw) == reason

    assert time.process_time() - began < 2.0


_PIECES = st.sampled_from(
    [
        *calendar().splitlines(keepends=True), "BEGIN:VCALENDAR\r\n", "ATTENDEE;PARTSTAT=ACCEPTED", ":", ";", '"', "\\",
        " ", "\r\n", "\x00", "\ufeff", "\ud7ff", "٣", "=", "mailto:", "%", "@", "DTSTAMP:00000000T000000Z\r\n",
        "SEQUENCE:٣\r\n",
    ]
)  # fmt: skip
_HEADS = st.sampled_from(
    [
        "Content-Type: text/calendar\r\n", "Content-Type: multipart/mixed; boundary=b\r\n", "--b\r\n", "\r\n",
        "From: a@b\r\n", "begin 6 x\r\n",
        "Content-Transfer-Encoding: base64\r\n", "Content-Type: text/calendar; charset*0=utf; charset*1=-8\r\n",
        "Content-Type: =?utf-8?q?text/calendar?=\r\n", "Content-Transfer-Encoding: x-uuencode\r\n", "From: <\r\n",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.one_of(
        st.binary(max_size=2_000),
        st.lists(_PIECES, max_size=30).map(lambda pieces: bare("".join(pieces))),
        st.lists(st.one_of(_HEADS, _PIECES), max_size=30).map(lambda pieces: "".join(pieces).encode()),
    )
)
def test_whatever_comes_is_read_or_named(raw: bytes) -> None:
    assert outcome(raw)
