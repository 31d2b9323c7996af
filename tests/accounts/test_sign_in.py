from forum.db import Connection
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_edition


async def mailed_code(conn: Connection) -> str:
    code: str = await conn.fetchval("SELECT payload ->> 'code' FROM messages ORDER BY number DESC LIMIT 1")
    return code


async def test_code_signs_in_once(client: Client, conn: Connection) -> None:
    sent = await client.post("/v1/auth/codes", {"email": "amina@delegates.example"})
    code = await mailed_code(conn)
    body = {"email": "Amina@delegates.example", "code": code}

    first, second = await client.post("/v1/auth/tokens", body), await client.post("/v1/auth/tokens", body)

    assert sent.status_code == 202
    assert (first.status_code, second.status_code) == (201, 401)
    me = await client.with_token(first.json()["token"]).get("/v1/me")
    assert (me.json()["email"], me.json()["grants"]) == ("amina@delegates.example", [])


async def test_answer_to_a_code_request_is_the_same_for_known_and_unknown(client: Client) -> None:
    await client.as_person("known@delegates.example")

    known = await client.post("/v1/auth/codes", {"email": "known@delegates.example"})
    unknown = await client.post("/v1/auth/codes", {"email": "unknown@delegates.example"})

    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)


async def test_code_is_too_old_after_fifteen_minutes(client: Client, conn: Connection, clock: Timeline) -> None:
    await client.post("/v1/auth/codes", {"email": "late@delegates.example"})
    code = await mailed_code(conn)
    clock.forward(minutes=15)

    answer = await client.post("/v1/auth/tokens", {"email": "late@delegates.example", "code": code})

    assert (answer.status_code, answer.json()["code"]) == (401, "wrong_code")


async def test_code_is_dead_after_five_wrong_attempts(client: Client, conn: Connection) -> None:
    await client.post("/v1/auth/codes", {"email": "guess@delegates.example"})
    code = await mailed_code(conn)
    wrong = f"{(int(code) + 1) % 10**8:08d}"

    for _ in range(5):
        assert (
            await client.post("/v1/auth/tokens", {"email": "guess@delegates.example", "code": wrong})
        ).status_code == 401

    assert (await client.post("/v1/auth/tokens", {"email": "guess@delegates.example", "code": code})).status_code == 401


async def test_codes_are_limited_to_five_an_hour_without_telling(client: Client, conn: Connection) -> None:
    answers = [await client.post("/v1/auth/codes", {"email": "often@delegates.example"}) for _ in range(7)]

    assert {answer.status_code for answer in answers} == {202}
    assert await conn.fetchval("SELECT count(*) FROM messages") == 5


async def test_signing_out_ends_the_token(client: Client) -> None:
    person = await client.as_person("leaving@delegates.example")

    assert (await person.post("/v1/auth/sign-out")).status_code == 204
    assert (await person.get("/v1/me")).status_code == 401


async def test_only_the_hash_of_a_token_is_stored(client: Client, conn: Connection) -> None:
    person = await client.as_person("secret@delegates.example")

    rows = await conn.fetch("SELECT t::text AS row FROM tokens t")

    assert all(person.token not in row["row"] for row in rows)


async def test_organizer_makes_client_tokens_for_own_edition_only(client: Client) -> None:
    edition = await make_edition(client)
    other = await make_edition(client, slug="imrf-2022")
    organizer = await client.as_role("organizer", edition["id"])
    body = {"kind": "client", "edition": "grf-2023", "label": "Website", "scopes": ["registrations:create"]}

    issued = await organizer.post("/v1/tokens", body)
    refused = await organizer.post("/v1/tokens", body | {"edition": other["slug"]})

    assert (issued.status_code, refused.status_code) == (201, 404)
    listed = (await organizer.get("/v1/editions/grf-2023/tokens")).json()["items"]
    assert [(token["label"], "token" in token) for token in listed] == [("Website", False)]
    assert (await organizer.post(f"/v1/editions/grf-2023/tokens/{listed[0]['id']}/revoke")).status_code == 200
    assert (await client.with_token(issued.json()["token"]).get("/v1/me")).status_code == 401


async def test_organizer_gives_and_takes_roles_but_never_admin(client: Client) -> None:
    edition = await make_edition(client)
    organizer = await client.as_role("organizer", edition["id"])

    given = await organizer.post("/v1/grants", {"email": "r@staff.example", "role": "registrar", "edition": "grf-2023"})
    admin = await organizer.post("/v1/grants", {"email": "r@staff.example", "role": "admin"})

    assert (given.status_code, admin.status_code) == (201, 403)
    assert (await organizer.delete(f"/v1/editions/grf-2023/grants/{given.json()['id']}")).status_code == 204
    roles = [grant["role"] for grant in (await organizer.get("/v1/editions/grf-2023/grants")).json()["items"]]
    assert roles == ["organizer"]
