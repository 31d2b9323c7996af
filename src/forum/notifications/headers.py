"""The headers of a mail, as bytes ready for SMTP (RFC 5322, 2047)."""

import binascii
import unicodedata
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, formataddr
from functools import lru_cache


def headers_of(sender: tuple[str, str], recipient: tuple[str, str], message_id: str, sent_at: datetime) -> bytes:
    """The headers of a mail, short of its subject; sender and recipient are a name and an address."""
    lines = (
        f"From: {_address(sender)}",
        f"To: {_address(recipient)}",
        f"Date: {_date(sent_at)}",
        f"Message-ID: {message_id}",
        "Auto-Submitted: auto-generated",
    )
    return "".join(f"{line}\r\n" for line in lines).encode("utf-8")


@lru_cache(maxsize=64)
def _date(sent_at: datetime) -> str:
    return format_datetime(sent_at.astimezone(UTC))


def _address(named: tuple[str, str]) -> str:
    name, address = one_line(named[0]), one_line(named[1])
    if name.isascii() and "=?" not in name and len(name) + len(address) < 60:
        quoted = formataddr((name, "@")).removesuffix("<@>").strip() if name else ""
        return f"{quoted} <{address}>".strip()  # the address may lie outside ASCII (RFC 6532), which formataddr refuses
    return f"{_in_words(name)}\r\n <{address}>"


def _in_words(text: str) -> str:
    """Text as encoded words (RFC 2047): lines of at most 75 characters, none of which cuts a character."""
    data, words, start = text.encode(), [], 0
    while start < len(data):
        end = start + 42
        while end < len(data) and data[end] & 0xC0 == 0x80:  # inside a character
            end -= 1
        words.append(f"=?utf-8?b?{binascii.b2a_base64(data[start:end], newline=False).decode()}?=")
        start = end
    return "\r\n ".join(words)


def encoded(name: str, text: str) -> bytes:
    """One header of text."""
    value = Header(one_line(text), "utf-8", header_name=name, maxlinelen=75).encode(linesep="\r\n")
    return f"{name}: {value}\r\n".encode("ascii")


def one_line(text: str) -> str:
    """No line break may end a header early (RFC 5322 section 2.2), and no other control character is allowed."""
    if not text.isprintable():
        text = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
    return " ".join(text.split())
