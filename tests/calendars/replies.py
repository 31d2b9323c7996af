"""Mails that answer invitations, in the shapes in which calendar applications send them."""

import base64
import quopri
from collections.abc import Callable

SESSION = "018c1111-2222-7333-8444-555566667777"
DOMAIN = "calendar.forum.test"


def calendar(
    session: str = SESSION,
    attendee: str = "amina@delegates.example",
    answer: str = "DECLINED",
    *,
    sequence: int = 0,
    stamp: str = "20231101T100000Z",
    **changes: str,
) -> str:
    """The calendar of a reply; `changes` replaces whole lines by name, and leaves out those that are empty."""
    lines = {
        "begin": "BEGIN:VCALENDAR",
        "prodid": "PRODID:-//Probe//Probe 1//EN",
        "version": "VERSION:2.0",
        "method": "METHOD:REPLY",
        "begin_event": "BEGIN:VEVENT",
        "uid": f"UID:{session}@{DOMAIN}",
        "dtstamp": f"DTSTAMP:{stamp}",
        "sequence_line": f"SEQUENCE:{sequence}",
        "organizer": "ORGANIZER:mailto:secretariat@forum.example",
        "attendee_line": f'ATTENDEE;CN="Probe, Amina";PARTSTAT={answer};ROLE=REQ-PARTICIPANT:mailto:{attendee}',
        "end_event": "END:VEVENT",
        "end": "END:VCALENDAR",
    } | changes
    return "".join(f"{line}\r\n" for line in lines.values() if line)


def google(text: str, sender: str = "Amina Probe <amina@delegates.example>") -> bytes:
    """Nested: the calendar in plain view among the alternatives, and once more attached."""
    attached = base64.encodebytes(text.encode()).replace(b"\n", b"\r\n").decode()
    return (
        f"From: {sender}\r\nTo: secretariat@forum.example\r\nSubject: Declined: Opening @ Wed Dec 13\r\n"
        "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="000000000000aa"\r\n\r\n'
        '--000000000000aa\r\nContent-Type: multipart/alternative; boundary="000000000000bb"\r\n\r\n'
        '--000000000000bb\r\nContent-Type: text/plain; charset="UTF-8"; format=flowed; delsp=yes\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\nSGFzIGRlY2xpbmVkLg==\r\n\r\n"
        '--000000000000bb\r\nContent-Type: text/html; charset="UTF-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\n<b>Declined</b>\r\n\r\n"
        '--000000000000bb\r\nContent-Type: text/calendar; charset="UTF-8"; method=REPLY\r\n'
        f"Content-Transfer-Encoding: 7bit\r\n\r\n{text}\r\n--000000000000bb--\r\n"
        '--000000000000aa\r\nContent-Type: application/ics; name="invite.ics"\r\n'
        'Content-Disposition: attachment; filename="invite.ics"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        f"{attached}\r\n--000000000000aa--\r\n"
    ).encode()


def outlook(text: str, sender: str = '"Probe, Amina" <amina@delegates.example>') -> bytes:
    """Base64, with a time zone of its own names, and parameters in an order of its own."""
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:W. Europe Standard Time\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\n"
        "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
    )
    text = text.replace("BEGIN:VEVENT\r\n", f"{zone}BEGIN:VEVENT\r\n")
    encoded = base64.encodebytes(text.encode()).replace(b"\n", b"\r\n").decode()
    return (
        f"Received: from EX01.delegates.example (10.0.0.1)\r\nFrom: {sender}\r\n"
        "To: Global Refugee Forum <secretariat@forum.example>\r\nSubject: =?utf-8?B?QWJnZWxlaG50OiBFcsO2ZmZudW5n?=\r\n"
        "Content-Class: urn:content-classes:calendarmessage\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative;\r\n\tboundary="_000_AM0PR01MB0001_"\r\n\r\n'
        '--_000_AM0PR01MB0001_\r\nContent-Type: text/plain; charset="iso-8859-1"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nLeider verhindert, Gr=FC=DFe\r\n\r\n"
        '--_000_AM0PR01MB0001_\r\nContent-Type: text/calendar; name="meeting.ics"; method=REPLY; charset="utf-8"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--_000_AM0PR01MB0001_--\r\n"
    ).encode()


def apple(text: str, sender: str = "Amina Probe <amina@delegates.example>") -> bytes:
    """Quoted-printable, and a calendar without a method on the part."""
    encoded = quopri.encodestring(text.replace("\r\n", "\n").encode()).replace(b"\n", b"\r\n").decode()
    return (
        f"From: {sender}\r\nTo: secretariat@forum.example\r\nSubject: Accepted: Opening\r\nMime-Version: 1.0 (1.0)\r\n"
        "Content-Type: multipart/mixed; boundary=Apple-Mail-5A\r\n\r\n"
        "--Apple-Mail-5A\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n\r\n"
        "--Apple-Mail-5A\r\nContent-Type: text/calendar; charset=utf-8; name=iCal-20231101.ics\r\n"
        f"Content-Transfer-Encoding: quoted-printable\r\n\r\n{encoded}\r\n--Apple-Mail-5A--\r\n"
    ).encode()


def bare(text: str, sender: str = "amina@delegates.example (Amina Probe)") -> bytes:
    """Nothing but the calendar."""
    return (
        f"From: {sender}\r\nMIME-Version: 1.0\r\nContent-Type: text/calendar; method=REPLY; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\n{text}"
    ).encode()


SHAPES: list[Callable[[str], bytes]] = [google, outlook, apple, bare]
