"""Reads mails that come back (RFC 3464) and complaints (RFC 5965): which mail it is about, and what became of it."""

import email
import re
from collections.abc import Iterator
from email.message import Message
from typing import Final

from forum.notifications.delivery_types import Bounce, BounceKind

_STATUS: Final = re.compile(r"\b[45]\.\d{1,3}\.\d{1,3}\b")
_ADDRESS_IS_GONE: Final = re.compile(r"5\.1\.\d+|5\.2\.1|5\.4\.4|5\.4\.310")
"""Statuses (RFC 3463) that say something of the address. A mailbox that is full, or a mail that is not liked, says
nothing of whether the next one arrives."""
_COMPLAINTS: Final = frozenset({"abuse", "fraud", "opt-out"})
"""Types of feedback (RFC 5965 section 7.3) by which a recipient wants no such mail; the others are about filters."""


def read_bounce(raw: bytes) -> Bounce | None:
    """What a mail says of one of ours that failed or was unwanted; None for what says no such thing.

    Of a report about several recipients, the first that failed: each of our mails has one.
    """
    mail = email.message_from_bytes(raw)
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        return None
    if (message_id := _original_id(mail)) is None:
        return None
    if feedback := _feedback(mail):
        return Bounce(message_id, "complained", None, feedback) if feedback in _COMPLAINTS else None
    failed = next((block for block in _recipients(mail) if _field(block, "Action").lower() == "failed"), None)
    if failed is None:
        return None
    words = _typed(failed, "Diagnostic-Code")
    status = _status(_field(failed, "Status"), words)
    recipient = _typed(failed, "Original-Recipient") or _typed(failed, "Final-Recipient")
    return Bounce(message_id, _kind(status), recipient or None, words or status)


def _feedback(mail: Message) -> str | None:
    """Of which type a report of feedback is."""
    for part in mail.walk():
        if part.get_content_type() == "message/feedback-report" and isinstance(blocks := part.get_payload(), list):
            return _field(blocks[0], "Feedback-Type").lower() if blocks and isinstance(blocks[0], Message) else None
    return None


def _status(field: str, words: str) -> str:
    """The status of a recipient, or the one in the server's words where the report knows no more than the class."""
    told, said = _STATUS.search(field), _STATUS.search(words)
    if said and (told is None or told[0].endswith(".0.0")):
        return said[0]
    return told[0] if told else ""


def _kind(status: str) -> BounceKind:
    return "bounced_permanently" if _ADDRESS_IS_GONE.fullmatch(status) else "bounced_temporarily"


def _recipients(mail: Message) -> Iterator[Message]:
    """The blocks of fields about recipients; the first block of each report is about the mail."""
    for part in mail.walk():
        if part.get_content_type() == "message/delivery-status" and isinstance(blocks := part.get_payload(), list):
            yield from (block for block in blocks[1:] if isinstance(block, Message))


def _original_id(mail: Message) -> str | None:
    """The Message-ID of the mail that is sent back, whole or its header alone; else what the report answers to."""
    for part in mail.walk():
        if part.get_content_type() == "message/rfc822" and isinstance(inner := part.get_payload(), list) and inner:
            if isinstance(inner[0], Message) and (found := _field(inner[0], "Message-ID")):
                return found
        elif part.get_content_type() == "text/rfc822-headers":
            body = part.get_payload(decode=True)
            head = email.message_from_bytes(body) if isinstance(body, bytes) else Message()
            if found := _field(head, "Message-ID"):
                return found
    return _field(mail, "In-Reply-To") or None


def _field(block: Message, name: str) -> str:
    return " ".join(str(block.get(name, "")).split())


def _typed(block: Message, name: str) -> str:
    """What stands behind the type of a field, as in `rfc822; somebody@domain`."""
    text = _field(block, name)
    return text.partition(";")[2].strip() if ";" in text else text
