"""What a mail server's refusal is about, how long to wait after it, and whom it concerns: one table, without state.

Codes are those of RFC 5321 section 4.2, enhanced ones of RFC 3463; what large providers say with them is their own.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Literal

AnswerKind = Literal["refused", "rate", "greylisted", "mailbox_full", "domain_down", "silent", "busy"]

_TABLE: Final[tuple[tuple[AnswerKind, str], ...]] = (
    ("refused", r"5\d\d\b"),
    ("rate", r"421[ -]4\.7\.|4\d\d[ -]4\.7\.28\b"),  # ours is too much for them, whoever it is for
    ("greylisted", r"45[01][ -]4\.7\.|4\d\d\b.*\bgr[ae]y-?list"),
    ("mailbox_full", r"452(?![ -]4\.5\.)|4\d\d[ -]4\.2\.2\b"),
    ("domain_down", r"421\b|4\d\d[ -]4\.(4\.\d|3\.2\b)"),
    ("busy", r"4\d\d\b"),
)
"""The first line that fits says it; `silent` is the answer of who gives none."""


def _minutes(*waits: int) -> tuple[timedelta, ...]:
    return tuple(timedelta(minutes=wait) for wait in waits)


PAUSES: Final[Mapping[AnswerKind, tuple[timedelta, ...]]] = {
    "busy": _minutes(1, 5, 15, 60, 240, 480, 960),
    "greylisted": _minutes(5, 10, 20, 60, 240, 480, 960),  # most let a mail pass after five minutes
    "mailbox_full": _minutes(60, 240, 480, 960, 1440, 1440, 1440),  # somebody has to tidy up first
    "rate": _minutes(10, 20, 60, 120, 240, 480, 960),
    "domain_down": _minutes(5, 15, 60, 240, 480, 960, 1440),
    "silent": _minutes(5, 15, 60, 240, 480, 960, 1440),
    "refused": (),
}
"""How long a message waits after each attempt; after the last it is given up."""
OF_DOMAIN: Final = frozenset({"rate", "domain_down", "silent"})
"""What concerns everybody at the domain, so that none of them is tried meanwhile."""
UNREACHABLE_PAUSE: Final = timedelta(minutes=1)
"""While no mail server at all takes mails, nothing is tried, and no message blamed."""


def read_answer(code: int, words: str) -> AnswerKind:
    """What an answer is about; what is neither 4xx nor 5xx (a server that breaks the rules) is `busy`."""
    text = f"{code} {words}"
    return next((kind for kind, pattern in _TABLE if re.match(pattern, text, re.IGNORECASE)), "busy")


def pause_after(kind: AnswerKind, attempts: int) -> timedelta | None:
    """How long to wait, when so many attempts came before this one; None: not at all, it is given up."""
    pauses = PAUSES[kind]
    return pauses[attempts] if attempts < len(pauses) else None


def without_addresses(words: str, recipient: str = "") -> str:
    """Words on one line, at most 300 characters, without addresses and what a server knows its user by."""
    known = recipient.rpartition("@")[0].lower() or "@"
    return " ".join("<address>" if "@" in word or known in word.lower() else word for word in words.split())[:300]
