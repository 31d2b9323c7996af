import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from forum.db import Pool
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_edition, make_entity, make_pledge, make_session, make_speaker

EDITION = "/v1/editions/grf-2023"
PLEDGES = f"{EDITION}/pledges"
ANNOUNCEMENTS = f"{EDITION}/announcements"
Json = dict[str, Any]


def in_session(session: Json) -> str:
    """Where a session's announcements are made."""
    return f"{EDITION}/sessions/{session['id']}/announcements"


@pytest.fixture
async def manager(client: Client, edition: Json) -> Client:
    """A programme manager of the edition."""
    return await client.as_role("programme_manager", edition["id"])


async def test_announcement_keeps_the_text_of_its_moment(
    client: Client, officer: Client, lead: Json, plenary: Json, clock: Timeline
) -> None:
    partners = [(await make_entity(officer, name))["id"] for name in ("First", "Second")]
    pledge = await make_pledge(
        officer, lead, "verified",
        title={"en": "A million hours", "ar": "مليون ساعة"}, partners=partners, objectives=["self_reliance"],
        amount={"amount": "5", "currency": "EUR"}, usd_rate="1.1", usd_rate_on="2023-12-13",
        quantities=[{"value": "1000000", "unit": "hours"}],
    )  # fmt: skip
    path = f"{PLEDGES}/{pledge['id']}"
    await officer.made(f"{path}/partners/{partners[1]}/accept", None)
    clock.forward(hours=1)
    answer = await officer.post(in_session(plenary), {"pledge": pledge["id"]})
    assert answer.status_code == 201, answer.text
    announced = (await client.get(path)).json()
    title = {"en": "Two million hours", "ar": None}
    await officer.patch(path, {"title": title, "lead_entity": partners[0], "partners": []})

    shown = ("title", "description", "original_language", "contribution_kinds", "objectives", "focus_areas")
    shown += ("multistakeholder_pledges", "countries", "amount", "usd_rate", "usd_rate_on", "usd_equivalent")
    shown += (
        "quantities",
        "starts_on",
        "ends_on",
        "need",
        "source_url",
        "reference",
        "lead_entity",
        "lead_entity_name",
    )
    announcement = answer.json()
    assert announcement == {
        "id": announcement["id"],
        "number": 1,
        "session": plenary["id"],
        "pledge": pledge["id"],
        "pledge_status": "announced",
        "speaker": None,
        "announced_at": "2023-11-01T10:00:00Z",
        "revision": {name: pledge[name] for name in shown} | {"partners": [partners[1]], "version": 5},
    }
    assert (announced["status"], announced["version"]) == ("announced", 5)
    assert (await client.get(answer.headers["Location"])).json() == announcement
    assert (await client.get(ANNOUNCEMENTS)).json()["items"] == [announcement]
    assert (await client.get(path)).json()["title"] == {"en": "Two million hours"}


async def test_pledge_that_is_not_verified_is_not_announced(officer: Client, lead: Json, plenary: Json) -> None:
    for status, allowed in (
        ("draft", ["submit", "withdraw"]),
        ("submitted", ["verify", "withdraw"]),
        ("withdrawn", []),
    ):
        pledge = await make_pledge(officer, lead, status)

        refused = await officer.post(in_session(plenary), {"pledge": pledge["id"]})

        assert (refused.status_code, refused.json()["code"]) == (409, "wrong_status")
        assert refused.json().get("allowed", []) == allowed, status
        assert (await officer.get(f"{PLEDGES}/{pledge['id']}")).json() == pledge


async def test_pledge_is_not_announced_in_a_session_that_is_not_confirmed(
    officer: Client, manager: Client, lead: Json
) -> None:
    pledge = await make_pledge(officer, lead, "verified")
    for status in ("draft", "cancelled"):
        session = await make_session(manager, status)

        refused = await officer.post(in_session(session), {"pledge": pledge["id"]})

        assert (refused.status_code, refused.json()["code"]) == (409, "wrong_status"), status
        assert refused.json()["allowed"] == ["confirm"]


async def test_announcement_of_what_the_edition_has_not_names_each(
    client: Client, officer: Client, lead: Json, plenary: Json
) -> None:
    other = await make_edition(client, slug="grf-2027")
    elsewhere = await client.as_role("pledge_officer", other["id"], email="other@staff.example")
    foreign = await make_pledge(elsewhere, lead, "verified", edition="grf-2027")
    pledge = await make_pledge(officer, lead, "verified")

    refused = await officer.post(in_session(plenary), {"pledge": foreign["id"], "speaker": str(uuid4())})
    nowhere = await officer.post(in_session({"id": uuid4()}), {"pledge": pledge["id"]})
    crossed = await elsewhere.post(
        f"/v1/editions/grf-2027/sessions/{plenary['id']}/announcements", {"pledge": foreign["id"]}
    )
    stranger = await elsewhere.post(in_session(plenary), {"pledge": pledge["id"]})

    assert pointers(refused) == {("/pledge", "unknown_reference"), ("/speaker", "unknown_reference")}
    assert [answer.status_code for answer in (nowhere, crossed, stranger)] == [404, 404, 403]


async def test_frontend_cannot_announce(frontend: Client, officer: Client, lead: Json, plenary: Json) -> None:
    pledge = await make_pledge(officer, lead, "verified")

    assert (await frontend.post(in_session(plenary), {"pledge": pledge["id"]})).status_code == 403


async def test_second_announcement_is_409_with_the_id_of_the_first(
    officer: Client, manager: Client, lead: Json, plenary: Json
) -> None:
    other = await make_session(manager, title={"en": "Corner"}, type="side_event")
    pledge = await make_pledge(officer, lead, "verified")
    first = await officer.made(in_session(plenary), {"pledge": pledge["id"]})
    again = await officer.post(in_session(other), {"pledge": pledge["id"]})
    await officer.made(f"{PLEDGES}/{pledge['id']}/withdraw", None)
    after = await officer.post(in_session(other), {"pledge": pledge["id"]})

    for refused in (again, after):
        assert (refused.status_code, refused.json()["code"]) == (409, "already_announced")
        assert refused.json()["id"] == first["id"]


async def test_withdrawn_pledge_marks_its_announcement_and_leaves_the_totals(
    client: Client, officer: Client, lead: Json, plenary: Json
) -> None:
    pledge = await make_pledge(officer, lead, "verified", amount={"amount": "2", "currency": "USD"})
    announcement = await officer.made(in_session(plenary), {"pledge": pledge["id"]})
    before = (await client.get(f"{PLEDGES}/summary")).json()
    await officer.made(f"{PLEDGES}/{pledge['id']}/withdraw", None)
    after = (await client.get(f"{PLEDGES}/summary")).json()

    assert (before["total"], before["by"]["status"]) == (1, [{"value": "announced", "count": 1, "usd": "2.00"}])
    assert (after["total"], after["usd_total"]) == (0, None)
    marked = announcement | {"pledge_status": "withdrawn"}
    assert (await client.get(ANNOUNCEMENTS)).json()["items"] == [marked]
    assert (await client.get(f"{PLEDGES}/{pledge['id']}")).json()["status"] == "withdrawn"


async def test_speaker_is_told_only_where_they_agreed_to_be_named(
    client: Client, officer: Client, manager: Client, lead: Json, plenary: Json
) -> None:
    speaker = await make_speaker(manager)
    pledge = await make_pledge(officer, lead, "verified")
    made = await officer.made(in_session(plenary), {"pledge": pledge["id"], "speaker": speaker["id"]})
    hidden = await client.get(ANNOUNCEMENTS)
    await manager.patch(f"{EDITION}/speakers/{speaker['id']}", {"published": True})
    told = await client.get(f"{in_session(plenary)}/{made['id']}")

    assert made["speaker"] == speaker["id"]
    assert hidden.json()["items"] == [made | {"speaker": None}]
    assert speaker["id"] not in hidden.text
    assert told.json() == made


async def test_announcements_are_listed_newest_first_and_by_session(
    client: Client, officer: Client, manager: Client, lead: Json, plenary: Json
) -> None:
    corner = await make_session(manager, title={"en": "Corner"}, type="side_event")
    for session in (plenary, corner, plenary):
        pledge = await make_pledge(officer, lead, "verified")
        await officer.made(in_session(session), {"pledge": pledge["id"]})

    first = (await client.get(ANNOUNCEMENTS, params={"limit": 2, "count": True})).json()
    second = (await client.get(ANNOUNCEMENTS, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    of_plenary = (await client.get(ANNOUNCEMENTS, params={"session": plenary["id"]})).json()

    assert [item["number"] for item in first["items"] + second["items"]] == [3, 2, 1]
    assert (first["total"], second["next_cursor"]) == (3, None)
    assert [item["number"] for item in of_plenary["items"]] == [3, 1]


async def test_announced_text_cannot_be_changed_in_the_database(
    officer: Client, lead: Json, plenary: Json, pool: Pool
) -> None:
    pledge = await make_pledge(officer, lead, "verified")
    await officer.made(in_session(plenary), {"pledge": pledge["id"]})

    for statement in ("UPDATE announcements SET revision = '{}'", "DELETE FROM announcements"):
        with pytest.raises(asyncpg.CheckViolationError, match="rows of announcements are immutable"):
            await pool.execute(statement)


async def test_of_50_parallel_announcements_of_a_pledge_one_is_made(
    officer: Client, manager: Client, lead: Json, plenary: Json, pool: Pool
) -> None:
    sessions = [plenary, *[await make_session(manager, title={"en": "Corner"}, type="side_event") for _ in range(9)]]
    pledge = await make_pledge(officer, lead, "verified")

    answers = await asyncio.gather(
        *(officer.post(in_session(sessions[index % 10]), {"pledge": pledge["id"]}) for index in range(50))
    )

    made = [answer.json() for answer in answers if answer.status_code == 201]
    refused = [(answer.status_code, answer.json().get("id")) for answer in answers if answer.status_code != 201]
    assert len(made) == 1
    assert refused == [(409, made[0]["id"])] * 49
    assert await pool.fetchval("SELECT count(*) FROM announcements") == 1
    assert await pool.fetchval("SELECT last_announcement FROM pledge_numbers") == 1
    assert (await officer.get(f"{PLEDGES}/{pledge['id']}")).json()["version"] == 4


async def test_50_parallel_pledges_have_50_references_without_gaps(officer: Client, lead: Json, edition: Json) -> None:
    body = {"title": {"en": "Hours"}, "original_language": "en", "lead_entity": lead["id"]}
    bodies = [body if index % 5 else body | {"external_id": "the same"} for index in range(60)]

    answers = await asyncio.gather(*(officer.post(PLEDGES, body) for body in bodies))

    made = sorted(answer.json()["reference"] for answer in answers if answer.status_code == 201)
    assert made == [f"GRF-2023-{number:04}" for number in range(1, 50)]
    assert [answer.status_code for answer in answers].count(409) == 11
