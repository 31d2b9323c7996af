"""Who looks after a list of speakers, and the list of the opening plenary."""

from typing import Any

import pytest

from tests.client import Client
from tests.factories import make_delegation, make_edition, make_entity, make_registration, make_session

EDITION = "/v1/editions/grf-2023"
Json = dict[str, Any]
WINDOW = {"opens_at": "2023-11-01T08:00:00Z", "closes_at": "2023-12-01T12:00:00Z"}


def list_of(session: Json) -> str:
    """Where the list of a session is."""
    return f"{EDITION}/sessions/{session['id']}/speakers-list"


async def put_list(manager: Client, session: Json, version: int | str = "*", **fields: Any) -> Any:
    """The answer to a PUT of a list that is open now, unless told otherwise."""
    etag = version if version == "*" else f'"{version}"'
    return await manager.request("PUT", list_of(session), json=WINDOW | fields, headers={"If-Match": etag})


async def make_list(manager: Client, session: Json, **fields: Any) -> Json:
    """A list of speakers of a session."""
    answer = await put_list(manager, session, **fields)
    assert answer.status_code == 200, answer.text
    made: Json = answer.json()
    return made


async def ask(
    caller: Client, session: Json, name: str | None = "Somebody", rank: str = "minister", **fields: Any
) -> Json:
    """A request for the floor."""
    named = {} if name is None else {"display_name": name}
    return await caller.made(f"{list_of(session)}/requests", {"rank": rank, "language": "en"} | named | fields)


async def move_on(manager: Client, session: Json, request: Json, *moves: str) -> Json:
    """A request after moves, the last of which is answered."""
    for move in moves:
        request = await manager.made(f"{list_of(session)}/requests/{request['id']}/{move}", None)
    return request


async def line_of(manager: Client, session: Json) -> list[str]:
    """The names of those who stand in line, in order; places are those of the order, without a gap or a double."""
    items = (await manager.get(f"{list_of(session)}/requests", params={"limit": "200"})).json()["items"]
    standing = [item for item in items if item["position"] is not None]
    assert [item["position"] for item in standing] == list(range(1, len(standing) + 1))
    return [item["name"] for item in standing]


@pytest.fixture
async def edition(client: Client) -> Json:
    """The edition `grf-2023`, open."""
    return await make_edition(client)


@pytest.fixture
async def manager(client: Client, edition: Json) -> Client:
    """A programme manager, who looks after lists of speakers."""
    return await client.as_role("programme_manager", edition["id"])


@pytest.fixture
async def registrar(client: Client, edition: Json) -> Client:
    """A registrar of the edition."""
    return await client.as_role("registrar", edition["id"])


@pytest.fixture
async def plenary(manager: Client) -> Json:
    """The first plenary: 13 December, 8 to 12 o'clock (UTC)."""
    return await make_session(manager)


@pytest.fixture
async def second_plenary(manager: Client) -> Json:
    """The next one: from 14 to 17 o'clock."""
    return await make_session(manager, starts_at="2023-12-13T14:00:00Z", ends_at="2023-12-13T17:00:00Z")


@pytest.fixture
async def chad(registrar: Client) -> Json:
    """The delegation of Chad."""
    entity = await make_entity(registrar, "Chad", category="state", country="TD")
    return await make_delegation(registrar, entity)


@pytest.fixture
async def delegate(client: Client, registrar: Client, chad: Json) -> Client:
    """Somebody of that delegation, whose registration is approved."""
    await make_registration(registrar, "amina@delegates.example", delegation=chad["id"], category="state")
    return await client.as_person("amina@delegates.example")
