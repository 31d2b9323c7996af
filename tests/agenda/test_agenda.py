"""What somebody has starred and booked: theirs alone, of what is published, with what overlaps."""

import asyncio
from typing import Any

import pytest

from forum.db import Connection, Pool
from forum.settings import Settings
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import (
    REGISTRATIONS,
    make_booking,
    make_edition,
    make_registration,
    make_session,
    publish_programme,
)
from tests.post import post_office

EDITION = "/v1/editions/grf-2023"
AGENDA = f"{EDITION}/agenda"
ADDRESS = "amina@delegates.example"


def star_of(session: dict[str, Any]) -> str:
    """Where the star of a session is."""
    return f"{EDITION}/sessions/{session['id']}/star"


@pytest.fixture
async def organizer(client: Client) -> Client:
    """An organizer of an open edition."""
    edition = await make_edition(client)
    return await client.as_role("organizer", edition["id"])


@pytest.fixture
async def amina(client: Client, organizer: Client) -> Client:
    """Somebody who is registered, signed in."""
    await make_registration(organizer, ADDRESS)
    return await client.as_person(ADDRESS)


def slot(day: int, start: int, end: int) -> dict[str, str]:
    """A time in December 2023, in UTC."""
    return {"starts_at": f"2023-12-{day}T{start:02}:00:00Z", "ends_at": f"2023-12-{day}T{end:02}:00:00Z"}


async def test_agenda_has_stars_and_bookings_by_time_with_overlaps(organizer: Client, amina: Client) -> None:
    day = await make_session(organizer, title={"en": "Day"}, type="constituency_day", access="open", **slot(13, 8, 17))
    talk = await make_session(organizer, title={"en": "Talk"}, access="open", parent=day["id"], **slot(13, 9, 11))
    lunch = await make_session(organizer, title={"en": "Lunch"}, access="booking", **slot(13, 10, 12))
    after = await make_session(organizer, title={"en": "After"}, access="open", **slot(13, 12, 13))
    undated = await make_session(organizer, title={"en": "Undated"}, access="open", starts_at=None, ends_at=None)
    other = await make_session(organizer, title={"en": "Other"}, access="open", **slot(13, 9, 12))
    await publish_programme(organizer)
    own = (await amina.get("/v1/me/registrations")).json()["items"][0]
    booking = await make_booking(organizer, lunch, own)

    for session in (undated, after, talk):
        assert (await amina.request("PUT", star_of(session))).status_code == 200
    answer = await amina.request("PUT", star_of(day))

    assert answer.json() == {
        "session": day["id"], "starred_at": "2023-11-01T09:00:00Z", "overlaps": [lunch["id"], after["id"]]
    }  # fmt: skip
    page = (await amina.get(AGENDA, params={"count": "true"})).json()
    assert [(item["title"]["en"], item["overlaps"]) for item in page["items"]] == [
        ("Day", [lunch["id"], after["id"]]),
        ("Talk", [lunch["id"]]),
        ("Lunch", [day["id"], talk["id"]]),
        ("After", [day["id"]]),
        ("Undated", []),
    ]
    assert page["total"] == 5
    assert page["items"][2]["booking"] == {"id": booking["id"], "mode": "in_person", "status": "confirmed"}
    assert [item["starred_at"] is None for item in page["items"]] == [False, False, True, False, False]
    assert other["id"] not in str(page)


async def test_agenda_pages_and_is_asked_for_by_day(organizer: Client, amina: Client) -> None:
    sessions = [
        await make_session(organizer, access="open", title={"en": "Late"}, **slot(13, 21, 23)),  # to midnight in Geneva
        await make_session(
            organizer, access="open", title={"en": "Night"}, starts_at="2023-12-14T23:30:00Z", ends_at=None
        ),
        await make_session(
            organizer, access="open", title={"en": "Some time"}, starts_at=None, ends_at=None, held_on="2023-12-14"
        ),
        await make_session(organizer, access="open", title={"en": "Never"}, starts_at=None, ends_at=None),
    ]
    await publish_programme(organizer)
    for session in sessions:
        await amina.request("PUT", star_of(session))

    async def titles(**query: str) -> list[str]:
        items = (await amina.get(AGENDA, params=query)).json()["items"]
        return [item["title"]["en"] for item in items]

    read: list[str] = []
    cursor: str | None = None
    while True:
        page = (await amina.get(AGENDA, params={"limit": 1} | ({"cursor": cursor} if cursor else {}))).json()
        read += [item["title"]["en"] for item in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert read == ["Late", "Some time", "Night", "Never"]
    assert await titles(day="2023-12-13") == ["Late"]
    assert await titles(day="2023-12-14") == ["Some time"]
    assert await titles(day="2023-12-15") == ["Night"]


async def test_fifty_stars_at_once_are_one(organizer: Client, amina: Client, conn: Connection) -> None:
    session = await make_session(organizer, access="open")
    await publish_programme(organizer)

    answers = await asyncio.gather(*(amina.request("PUT", star_of(session)) for _ in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert await conn.fetchval("SELECT count(*) FROM stars") == 1
    undone = await asyncio.gather(*(amina.request("DELETE", star_of(session)) for _ in range(5)))
    assert {answer.status_code for answer in undone} == {204}
    assert (await amina.get(AGENDA)).json()["items"] == []


async def test_only_what_is_published_can_be_starred_and_cancelled_sessions_stay_marked(
    organizer: Client, amina: Client
) -> None:
    session = await make_session(organizer, access="open")
    draft = await make_session(organizer, "draft", access="open", title={"en": "Draft"})
    assert (await amina.request("PUT", star_of(session))).status_code == 404
    await publish_programme(organizer)
    assert (await amina.request("PUT", star_of(session))).status_code == 200
    assert (await amina.request("PUT", star_of(draft))).status_code == 404
    await organizer.patch(f"{EDITION}/sessions/{session['id']}", {"title": {"en": "Secret new title"}})

    [item] = (await amina.get(AGENDA)).json()["items"]
    assert (item["title"]["en"], item["status"]) == ("Opening plenary", "confirmed")
    await organizer.post(f"{EDITION}/sessions/{session['id']}/cancel")
    await publish_programme(organizer)

    [item] = (await amina.get(AGENDA)).json()["items"]
    assert (item["title"]["en"], item["status"]) == ("Secret new title", "cancelled")


async def test_agenda_is_its_persons_alone(client: Client, organizer: Client, amina: Client) -> None:
    session = await make_session(organizer, access="open")
    await publish_programme(organizer)
    await amina.request("PUT", star_of(session))
    frontend = await client.as_client((await amina.get(EDITION)).json()["id"], "registrations:create")
    stranger = await client.as_person("stranger@delegates.example")
    await make_registration(organizer, "bei@delegates.example")
    bei = await client.as_person("bei@delegates.example")

    for nobody, status in ((organizer, 409), (stranger, 409), (frontend, 403)):
        assert (await nobody.get(AGENDA)).status_code == status
        assert (await nobody.request("PUT", star_of(session))).status_code == status
    assert (await stranger.get(AGENDA)).json()["code"] == "not_registered"
    assert (await bei.get(AGENDA)).json()["items"] == []
    assert (await bei.request("DELETE", star_of(session))).status_code == 204
    assert len((await amina.get(AGENDA)).json()["items"]) == 1
    assert pointers(await amina.get(AGENDA, params={"cursor": "W10"})) == {("cursor", "bad_cursor")}


async def test_link_of_a_registration_opens_its_own_agenda(
    client: Client, organizer: Client, pool: Pool, settings: Settings, clock: Timeline
) -> None:
    session = await make_session(organizer, access="open")
    await publish_programme(organizer)
    await make_registration(organizer, ADDRESS)
    async with post_office(pool, settings, clock) as post:
        link = await post.link()
    opened = await client.made("/v1/auth/registration-link", {"token": link})
    linked = client.with_token(opened["token"])

    assert (await linked.request("PUT", star_of(session))).status_code == 200
    assert [item["session"] for item in (await linked.get(AGENDA)).json()["items"]] == [session["id"]]
    other = await make_edition(client, slug="grf-2027")
    assert (await linked.get(f"/v1/editions/{other['slug']}/agenda")).status_code == 404


async def test_interest_is_a_number_and_never_of_fewer_than_five(
    client: Client, organizer: Client, conn: Connection
) -> None:
    session = await make_session(organizer, access="open")
    await publish_programme(organizer)
    path = f"{EDITION}/sessions/{session['id']}/interest"
    people = []
    for number in range(5):
        assert (await organizer.get(path)).json() == {"session": session["id"], "stars": None}
        people.append(await make_registration(organizer, f"p{number}@delegates.example"))
        person = await client.as_person(f"p{number}@delegates.example")
        await person.request("PUT", star_of(session))

    assert (await organizer.get(path)).json()["stars"] == 5
    assert (await person.get(path)).status_code == 403
    erased = await organizer.post(f"{REGISTRATIONS}/{people[0]['id']}/erase", {"reason": "asked_by_the_person"})
    assert erased.status_code == 200, erased.text
    assert await conn.fetchval("SELECT count(*) FROM stars") == 4
    assert (await organizer.get(path)).json()["stars"] is None
