"""Takes apart a mail that somebody sent us: who it is from, and the calendar in it (RFC 2045, 6047).

Whatever a stranger sends is read in bounded time: what is nested, split or folded beyond anything that a calendar
application writes is refused before it costs. The structure is read by Python's own parser; a mail inside the mail is
not looked into, for a forwarded answer is nobody's.
"""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32
from typing import Any, Final

from forum.calendars.reply_types import NoReply

MOST_BYTES: Final = 2_000_000
MOST_LINES: Final = 60_000
"""A mail of `MOST_BYTES` in base64 has half as many."""
MOST_PARTS: Final = 100
MOST_MULTIPARTS: Final = 20
"""The parser compares each line with the boundary of every part that it is in."""
MOST_HEADER_CHARACTERS: Final = 20_000
MOST_CALENDAR_BYTES: Final = 256_000
_CALENDAR_TYPES: Final = ("text/calendar", "application/ics")
ADDRESS: Final = r"""[^\s<>()\[\]",;:@\\]+@[^\s<>()\[\]",;:@\\]+"""
_ALONE: Final = re.compile(rf"({ADDRESS})(?: ?\([^()]*\))?")
_NAMED: Final = re.compile(rf"""(?:"(?:[^"\\]|\\.)*"|[^<>",;:])*<({ADDRESS})>""")
_TEXT_CHARSETS: Final = re.compile(
    r"utf-?8|utf-?16(le|be)?|(us-)?ascii|iso-?8859-\d+|iso-2022-[a-z0-9]+|windows-\d+|cp\d+|koi8-[ru]|gb2312|gbk|gb18030"
    r"|big5|shift_jis|euc-[a-z]+"
)
"""Python also knows encodings that are none of mails', some of them slow on purpose-made bytes."""


def read_calendar(raw: bytes) -> tuple[str, str, str | None]:
    """The sender of a mail, the calendar in it, and the method that its part is said to have; raises `NoReply`."""
    if len(raw) > MOST_BYTES or raw.count(b"\n") + raw.count(b"\r") > 2 * MOST_LINES:
        raise NoReply("too_large")
    mail = _parse(raw)
    parts = [part for part in _leaves(mail) if part.get_content_type() in _CALENDAR_TYPES]
    if not parts:
        raise NoReply("not_a_calendar")
    chosen = min(parts, key=lambda part: _CALENDAR_TYPES.index(part.get_content_type()))
    method = chosen.get_param("method")
    return _sender(mail), _text(chosen), method if isinstance(method, str) else None


def _parse(raw: bytes) -> "Message[str, str]":
    """The mail as a tree, within the limits."""
    made = multiparts = 0

    class Bounded(Compat32):
        def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
            nonlocal multiparts
            if sum(map(len, sourcelines)) > MOST_HEADER_CHARACTERS:
                raise NoReply("too_large")
            name, value = super().header_source_parse(sourcelines)
            multiparts += name.lower() == "content-type" and "multipart" in value.lower()
            if multiparts > MOST_MULTIPARTS:
                raise NoReply("too_large")
            return name, value

    def make_part(policy: Any = None) -> "Message[str, str]":
        nonlocal made
        made += 1
        if made > MOST_PARTS + 1:  # the parser makes one to try
            raise NoReply("too_large")
        return Message(policy)

    return BytesParser(make_part, policy=Bounded()).parsebytes(raw)


def _leaves(part: "Message[str, str]") -> Iterator["Message[str, str]"]:
    """The parts that hold something, in their order; not those of a mail inside."""
    if part.get_content_maintype() == "message":
        return
    children = part.get_payload()
    if not isinstance(children, list):
        yield part
        return
    for child in children:
        if isinstance(child, Message):
            yield from _leaves(child)


def _sender(mail: "Message[str, str]") -> str:
    """The address of `From`, when there is exactly one. Read strictly: what can be read in two ways is nobody's."""
    named = [str(value) for name, value in mail.raw_items() if name.lower() == "from"]
    if len(named) != 1:
        return ""
    text = " ".join(named[0].encode("utf-8", "surrogateescape").decode("utf-8", "replace").split())
    found = _ALONE.fullmatch(text) or _NAMED.fullmatch(text)
    return found[1] if found else ""


def _text(part: "Message[str, str]") -> str:
    """The text of a part: in its charset, else in that of calendars (RFC 5545 section 3.1.4)."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        raise NoReply("malformed")
    if len(data) > MOST_CALENDAR_BYTES:
        raise NoReply("too_large")
    charset = (part.get_content_charset() or "utf-8").lower()
    if _TEXT_CHARSETS.fullmatch(charset):
        try:
            return data.decode(charset)
        except (LookupError, UnicodeError):
            pass
    return data.decode("utf-8", "replace")
