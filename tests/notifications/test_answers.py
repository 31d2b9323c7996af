"""What mail servers say, and what follows from it."""

from datetime import timedelta
from itertools import pairwise

import pytest

from forum.notifications.answers import OF_DOMAIN, PAUSES, AnswerKind, pause_after, read_answer


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        (450, "4.7.1 <a@b.example>: Recipient address rejected: Greylisted", "greylisted"),
        (451, "4.7.1 Please try again later", "greylisted"),
        (450, "4.2.0 address graylisted for 300 seconds", "greylisted"),
        (452, "4.2.2 The email account that you tried to reach is over quota", "mailbox_full"),
        (452, "Requested action not taken: insufficient storage", "mailbox_full"),
        (451, "4.2.2 mailbox full", "mailbox_full"),
        (452, "4.5.3 Too many recipients", "busy"),
        (421, "4.7.0 Try again later, closing connection", "rate"),
        (421, "4.7.28 Our system has detected an unusual rate of mail", "rate"),
        (450, "4.7.28 unusual rate of unsolicited mail", "rate"),
        (421, "Service not available", "domain_down"),
        (421, "4.3.2 going down", "domain_down"),
        (451, "4.4.1 connection timed out", "domain_down"),
        (450, "4.4.3 host not found, try again", "domain_down"),
        (451, "4.3.2 not accepting mail at present", "domain_down"),
        (450, "4.2.1 mailbox busy", "busy"),
        (451, "4.3.0 local error", "busy"),
        (451, "", "busy"),
        (550, "5.1.1 no such user", "refused"),
        (552, "5.2.2 mailbox full", "refused"),
        (554, "5.7.1 greylisted for ever", "refused"),
        (354, "go on", "busy"),
    ],
)
def test_answer_is_about(code: int, words: str, kind: AnswerKind) -> None:
    assert read_answer(code, words) == kind


def test_pauses_grow_and_end() -> None:
    for kind in PAUSES:
        waits = [pause_after(kind, attempts) for attempts in range(len(PAUSES[kind]))]
        assert all(one and two and one <= two for one, two in pairwise(waits))
        assert pause_after(kind, len(waits)) is None
    assert pause_after("refused", 0) is None
    assert {kind: pause_after(kind, 0) for kind in PAUSES if kind != "refused"} == {
        "busy": timedelta(minutes=1),
        "greylisted": timedelta(minutes=5),
        "mailbox_full": timedelta(hours=1),
        "rate": timedelta(minutes=10),
        "domain_down": timedelta(minutes=5),
        "silent": timedelta(minutes=5),
    }
    assert PAUSES.keys() >= OF_DOMAIN
