from datetime import UTC, datetime
from typing import Any

import pytest

from tests.client import Client
from tests.conftest import Timeline
from tests.factories import (
    badge_token,
    make_delegation,
    make_edition,
    make_entity,
    make_registration,
    make_session,
    scan_fields,
)

EDITION = "/v1/editions/grf-2023"
STATISTICS = f"{EDITION}/statistics"
MORNING = "2023-12-14T08:00:00Z"


@pytest.fixture
async def edition(client: Client, clock: Timeline) -> dict[str, Any]:
    """The edition `grf-2023`, on its first day at 12:00Z."""
    made = await make_edition(client, "live")
    clock.now = datetime(2023, 12, 13, 12, tzinfo=UTC)
    return made


@pytest.fixture
async def organizer(client: Client, edition: dict[str, Any]) -> Client:
    """An organizer of the edition."""
    return await client.as_role("organizer", edition["id"])


@pytest.fixture
async def analyst(client: Client, edition: dict[str, Any]) -> Client:
    """An analyst of the edition."""
    return await client.as_role("analyst", edition["id"])


class Day:
    """A small day of the forum: an opening, a side event later that day and one the next day.

    A and B come to the hall, C follows online, D comes to the hall after having followed online, E does not come.
    A (ngo, CH) was in the opening and, the next day, on site; B (state, JO, in a delegation) at the gate only.
    """

    def __init__(self, client: Client, organizer: Client, clock: Timeline) -> None:
        self.client, self.organizer, self.clock = client, organizer, clock
        self.people: dict[str, dict[str, Any]] = {}

    async def play(self) -> "Day":
        """Let it happen; the clock stands at 12:00Z of the next day afterwards."""
        state = await make_entity(self.organizer, "Kingdom of Probe", category="state", country="JO")
        self.delegation = await make_delegation(self.organizer, state)
        self.opening = await make_session(self.organizer, title={"en": "Opening", "ar": "الافتتاح"})
        self.side = await make_session(
            self.organizer, title={"en": "=1+1", "fr": "Fin"}, starts_at="2023-12-13T14:00:00Z", ends_at=None
        )
        self.later = await make_session(self.organizer, title={"en": "Later"}, starts_at=MORNING, ends_at=None)
        await self._register("a", "in_person", country="CH")
        await self._register("b", "in_person", category="state", delegation=self.delegation["id"], country="JO")
        await self._register("c", "online", category="refugee_led")
        await self._register("d", "online", country="CH")
        await self._register("e", "in_person")
        await self.scan("a", "07:00")
        await self.scan("b", "07:01")
        await self.scan("a", "08:00", self.opening)
        await self.join("c", self.opening)
        await self.join("d", self.opening)
        await self._switch("d", "in_person")
        await self.scan("d", "09:00", self.opening)
        await self.join("c", self.side)
        self.clock.forward(days=1)
        await self.scan("a", "07:00", self.later, day=14)
        return self

    async def _register(self, name: str, mode: str, **fields: Any) -> None:
        person = {"given_name": "Secretive", "family_name": f"Surname{name}"}
        address = f"{name}@delegates.example"
        self.people[name] = await make_registration(self.organizer, address, mode=mode, person=person, **fields)

    async def _switch(self, name: str, mode: str) -> None:
        path = f"{EDITION}/registrations/{self.people[name]['id']}/switch-mode"
        await self.organizer.made(path, {"mode": mode})

    async def scan(self, name: str, at: str, session: dict[str, Any] | None = None, day: int = 13) -> None:
        """Somebody is let in, at the gate or into a session."""
        place = {"gate": None, "session": session["id"]} if session else {}
        badge = await badge_token(self.organizer, self.people[name])
        body = scan_fields(badge, f"{name} {day} {at} {place}"[:90], at, occurred_at=f"2023-12-{day}T{at}:00Z", **place)
        assert (await self.organizer.made(f"{EDITION}/scans", body))["result"] == "accepted"

    async def join(self, name: str, session: dict[str, Any]) -> None:
        """Somebody joins online."""
        person = await self.client.as_person(f"{name}@delegates.example")
        await person.made(f"{EDITION}/sessions/{session['id']}/presence", {"action": "join"})


@pytest.fixture
async def day(client: Client, organizer: Client, clock: Timeline) -> Day:
    """The small day, over."""
    return await Day(client, organizer, clock).play()
