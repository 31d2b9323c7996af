"""All appearances of an edition: who has not answered, who cannot be there, and as a table."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from forum.db import Connection
from forum.errors import NotFound
from forum.speakers import service
from tests.client import Client, pointers
from tests.contract.test_every_operation import assert_problem
from tests.factories import make_appearance, make_edition, make_registration, make_session, make_speaker
from tests.speakers.test_appearances import SLOT, path_of

APPEARANCES = "/v1/editions/grf-2023/appearances"
SPEAKERS = "/v1/editions/grf-2023/speakers"


async def make_three(manager: Client) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[dict[str, Any]]]:
    """Two sessions, two speakers and three appearances, of which one is confirmed."""
    sessions = [await make_session(manager, title={"fr": "=Un", "en": "=One"}, **SLOT)]
    sessions.append(await make_session(manager, starts_at=None, ends_at=None))
    speakers = [await make_speaker(manager), await make_speaker(manager, display_name="Bo Second")]
    made = [await make_appearance(manager, sessions[0], speakers[0])]
    made += [await make_appearance(manager, session, speakers[1], "invited") for session in sessions]
    return sessions, speakers, made


async def test_appearances_of_an_edition_are_listed_by_answer_speaker_and_session(manager: Client) -> None:
    sessions, speakers, made = await make_three(manager)

    async def listed(**wanted: str) -> list[str]:
        page = (await manager.get(APPEARANCES, params=wanted | {"count": "true"})).json()
        assert page["total"] == len(page["items"])
        return [item["id"] for item in page["items"]]

    first, second, third = [one["id"] for one in made]
    assert await listed() == [first, second, third]
    assert await listed(status="invited") == [second, third]
    assert await listed(status="invited", session=sessions[0]["id"]) == [second]
    assert await listed(speaker=speakers[0]["id"]) == [first]
    assert await listed(speaker=str(uuid4())) == []
    page = (await manager.get(APPEARANCES, params={"limit": "2"})).json()
    rest = (await manager.get(APPEARANCES, params={"cursor": page["next_cursor"]})).json()
    assert [item["id"] for item in page["items"] + rest["items"]] == [first, second, third]
    assert page["items"][0] == made[0] | {
        "session_title": sessions[0]["title"], "starts_at": SLOT["starts_at"], "display_name": "Amal Probe",
        "answered_at": None, "note": None, "is_available": True, "calendar_answer": None, "calendar_answered_at": None,
    }  # fmt: skip
    assert pointers(await manager.get(APPEARANCES, params={"status": "late"})) == {("status", "bad_parameter")}


async def test_table_holds_all_that_was_asked_for_and_no_formulas(client: Client, manager: Client) -> None:
    _, _, made = await make_three(manager)

    answer = await manager.get(APPEARANCES, params={"format": "csv", "status": "invited", "limit": "1"})

    rows = answer.content.decode("utf-8-sig").splitlines()
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert rows[0].startswith("id,session,session_title,starts_at,speaker,display_name,role,order")
    assert len(rows) == 3
    assert [row.partition(",")[0] for row in rows[1:]] == [one["id"] for one in made[1:]]
    assert ",'=One," in rows[1]
    edition = (await client.get("/v1/editions/grf-2023")).json()["id"]
    for role in ("analyst", "registrar"):
        other = await client.as_role(role, edition)  # type: ignore[arg-type]
        assert (await other.get(APPEARANCES, params={"format": "csv"})).status_code == 403


async def test_speaker_is_available_inside_what_they_said_and_everywhere_when_they_said_nothing(
    manager: Client, conn: Connection
) -> None:
    edition = UUID((await manager.get("/v1/editions/grf-2023")).json()["id"])
    spans = [{"from": "2023-12-13T08:00:00Z", "until": "2023-12-13T09:00:00Z"},
             {"from": "2023-12-13T09:00:00Z", "until": "2023-12-13T10:00:00Z"}]  # fmt: skip
    said, silent = await make_speaker(manager, availabilities=spans), await make_speaker(manager)

    async def is_available(speaker: dict[str, Any], begin: int | None, end: int | None) -> bool:
        times = [None if hour is None else datetime(2023, 12, 13, hour, tzinfo=UTC) for hour in (begin, end)]
        return await service.is_available(conn, edition, UUID(speaker["id"]), *times)

    asked = [(8, 10), (8, 9), (9, None), (None, None), (7, 9), (9, 11), (10, None), (10, 11)]
    assert [await is_available(said, *slot) for slot in asked] == [True] * 4 + [False] * 4
    assert [await is_available(silent, *slot) for slot in asked] == [True] * 8
    with pytest.raises(NotFound):
        await is_available({"id": str(uuid4())}, 8, 9)
    for session, wanted in ((await make_session(manager, **SLOT), True), (await make_session(manager), False)):
        await make_appearance(manager, session, said, "invited")
        rows = (await manager.get(APPEARANCES, params={"session": session["id"]})).json()["items"]
        assert [row["is_available"] for row in rows] == [wanted]


async def test_speaker_is_a_registration_of_the_same_edition_and_no_two_are_the_same(
    client: Client, manager: Client
) -> None:
    admin = await client.as_role("admin")
    registration = await make_registration(admin)
    await make_edition(client, slug="elsewhere")
    foreign = await make_registration(admin, edition="elsewhere")
    speaker = await make_speaker(manager, registration=registration["id"])

    taken = await manager.post(SPEAKERS, {"display_name": "Other", "registration": registration["id"]})

    assert_problem(taken, 409, "registration_has_speaker")
    for unknown in (foreign["id"], str(uuid4())):
        answer = await manager.post(SPEAKERS, {"display_name": "Other", "registration": unknown})
        assert pointers(answer) == {("/registration", "unknown_reference")}
        answer = await manager.patch(f"{SPEAKERS}/{speaker['id']}", {"registration": unknown})
        assert pointers(answer) == {("/registration", "unknown_reference")}
    cleared = await manager.patch(f"{SPEAKERS}/{speaker['id']}", {"registration": None})
    assert cleared.json()["registration"] is None


async def test_who_was_marked_can_be_put_right_and_is_named_only_when_there(client: Client, manager: Client) -> None:
    session, speaker = await make_session(manager, **SLOT), await make_speaker(manager, published=True)
    appearance = await make_appearance(manager, session, speaker)

    for move, named in (("mark-spoke", True), ("mark-absent", False), ("mark-spoke", True), ("confirm", True)):
        await manager.made(f"{path_of(appearance)}/{move}", None)
        await manager.made("/v1/editions/grf-2023/programme/publish", {})
        programme = (await client.get("/v1/editions/grf-2023/programme")).text
        assert ("Amal Probe" in programme) is named, move
