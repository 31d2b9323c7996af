"""Whom a session concerns is decided twice, for mails and for personal calendars: case by case the same."""

from itertools import product
from typing import Any

import pytest

from forum.db import Connection
from tests.calendars.samples import entries_of
from tests.client import Client
from tests.factories import (
    REGISTRATIONS,
    make_appearance,
    make_booking,
    make_edition,
    make_registration,
    make_speaker,
    publish_programme,
    session_fields,
)

SESSIONS = "/v1/editions/grf-2023/sessions"
ACCESS = ("open", "registered", "booking", "invitation", "media")
SESSION_MODES, MODES = ("in_person", "hybrid", "online"), ("in_person", "online")
RELATIONS = ("none", "booked", "speaks")
Case = tuple[str, str, str]
CASES: list[Case] = list(product(ACCESS, SESSION_MODES, RELATIONS))


def concerns(case: Case, mode: str) -> bool:
    """Who speaks comes in any case; a place counts where one books, in the mode that its holder is registered for."""
    access, session_mode, relation = case
    if relation == "speaks":
        return True
    return session_mode in ("hybrid", mode) and (access == "registered" or (access, relation) == ("booking", "booked"))


@pytest.fixture
async def organizer(client: Client) -> Client:
    """An organizer of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("organizer", edition["id"])


async def make_cases(organizer: Client, people: list[dict[str, Any]]) -> dict[str, Case]:
    """A confirmed session for each case: what was booked has since become one of another access and mode."""
    rows = [
        {"external_id": "-".join(case)} | session_fields(type="side_event", access="booking", mode="hybrid")
        for case in CASES
    ]
    made = (await organizer.made(f"{SESSIONS}:import?atomic=true", {"rows": rows}))["items"]
    speakers = [await make_speaker(organizer, registration=one["id"]) for one in people]
    rules = "/v1/editions/grf-2023/programme/conflict-rules"
    levels = (await organizer.get(rules)).json() | {"speaker_double_booked": "ignore"}
    levels.pop("version")
    await organizer.request("PUT", rules, json=levels, headers={"If-Match": "*"})
    for row, (_, _, relation) in zip(made, CASES, strict=True):
        await organizer.made(f"{SESSIONS}/{row['id']}/confirm", None)
        for person, speaker in zip(people, speakers, strict=True):
            if relation == "booked":
                await make_booking(organizer, row, person)
            elif relation == "speaks":
                await make_appearance(organizer, row, speaker)
    edits = [
        {"id": row["id"], "patch": {"access": access, "mode": mode}}
        for row, (access, mode, _) in zip(made, CASES, strict=True)
    ]
    await organizer.made(f"{SESSIONS}:edit?atomic=true", {"sessions": edits})
    return {row["id"]: case for row, case in zip(made, CASES, strict=True)}


async def test_mails_and_personal_calendars_agree_on_whom_a_session_concerns(
    organizer: Client, conn: Connection
) -> None:
    people = [await make_registration(organizer, f"{mode}@delegates.example", mode=mode) for mode in MODES]
    cases = await make_cases(organizer, people)
    await publish_programme(organizer)

    for person, mode in zip(people, MODES, strict=True):
        invited = await conn.fetch(
            "SELECT session_id::text FROM changed_entries("
            "(SELECT edition_id FROM registrations WHERE id::text = $1), "
            "ARRAY(SELECT id FROM registrations WHERE id::text = $1)) WHERE method = 'REQUEST'",
            person["id"],
        )
        calendar = await organizer.get(f"{REGISTRATIONS}/{person['id']}/calendar.ics")
        shown = [uid.partition("@")[0] for uid in entries_of(calendar.content)]

        wanted = sorted(case for case in CASES if concerns(case, mode))
        assert sorted(cases[session] for (session,) in invited) == wanted
        assert sorted(cases[session] for session in shown) == wanted
