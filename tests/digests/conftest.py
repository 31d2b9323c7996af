from email.message import EmailMessage
from typing import Any

import pytest

from tests.client import Client
from tests.factories import make_session, publish_programme
from tests.post import text_of
from tests.revisions.conftest import EDITION, edition, mailroom, organizer
from tests.revisions.test_mails import entries_of

__all__ = ["Programme", "edition", "entries_of", "mailroom", "organizer", "said", "subjects"]

AMINA = "amina@delegates.example"


class Programme:
    """Sessions on one day, an hour each, that stand in the calendar of everybody who is registered."""

    def __init__(self, manager: Client) -> None:
        self.manager = manager
        self.ids: dict[str, str] = {}

    async def add(self, *titles: str, **fields: Any) -> None:
        """A session for each title; the first at eight."""
        for title in titles:
            slot = _slot("13", 8 + len(self.ids))
            made = await make_session(self.manager, title={"en": title}, access="registered", **slot, **fields)
            self.ids[title] = made["id"]

    async def move(self, title: str, day: str = "14", hour: int = 8, **fields: Any) -> None:
        """It is at another time from the next release on."""
        answer = await self.manager.patch(f"{EDITION}/sessions/{self.ids[title]}", _slot(day, hour) | fields)
        assert answer.status_code == 200, answer.text

    async def cancel(self, title: str) -> None:
        """It is not held, from the next release on."""
        await self.manager.made(f"{EDITION}/sessions/{self.ids[title]}/cancel", None)

    async def publish(self) -> None:
        """The next release."""
        await publish_programme(self.manager)


def _slot(day: str, hour: int) -> dict[str, str]:
    return {"starts_at": f"2023-12-{day}T{hour:02}:00:00Z", "ends_at": f"2023-12-{day}T{hour:02}:50:00Z"}


@pytest.fixture
async def programme(organizer: Client) -> Programme:
    """A programme without a session."""
    return Programme(organizer)


def said(mail: EmailMessage) -> list[str]:
    """The lines of a mail's text."""
    return [line for line in text_of(mail).replace("\u202f", " ").splitlines() if line]


def subjects(mails: list[EmailMessage]) -> list[str]:
    """What the mails are about."""
    return [str(mail["Subject"]) for mail in mails]
