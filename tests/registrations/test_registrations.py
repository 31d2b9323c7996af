from typing import Any
from uuid import uuid4

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import (
    REGISTRATIONS,
    make_delegation,
    make_edition,
    make_entity,
    make_registration,
    registration_fields,
)

ADDRESS = "amina@delegates.example"


async def test_person_registers_themselves_and_reads_it_back(client: Client, edition: dict[str, Any]) -> None:
    person = await client.as_person("Amina@Delegates.example")

    answer = await person.post(REGISTRATIONS, registration_fields(consents=["photography"]))

    assert answer.status_code == 201, answer.text
    registration = answer.json()
    assert registration == {
        "id": registration["id"],
        "edition_id": edition["id"],
        "person": {
            "given_name": "Amina",
            "family_name": "Probe",
            "email": "Amina@Delegates.example",
            "language": "en",
            "timezone": "UTC",
        },
        "entity": None,
        "delegation": None,
        "country": None,
        "category": "ngo",
        "counts_against_quota": True,
        "mode": "in_person",
        "status": "approved",
        "waits_for": None,
        "offer_expires_at": None,
        "accessibility_needs": None,
        "consents": ["photography"],
        "source": "self",
        "waitlist_position": None,
        "external_id": None,
        "created_at": "2023-11-01T09:00:00Z",
        "version": 1,
    }
    assert answer.headers["Location"] == f"{REGISTRATIONS}/{registration['id']}"
    assert (await person.get(answer.headers["Location"])).json() == registration
    assert (await person.get("/v1/me/registrations")).json() == {"items": [registration], "next_cursor": None}


@pytest.mark.parametrize(
    ("given", "family"),
    [
        ("أمينة", "تجربة"),
        ("测试", "样本"),
        ("Проба", "Образцова"),
        (None, "Ñandú-O’Probe"),
        ("Zoë Anne", "van der Möglich"),
    ],
)
async def test_name_is_kept_as_it_was_given(registrar: Client, given: str | None, family: str) -> None:
    made = await make_registration(registrar, person={"given_name": given, "family_name": family})

    assert (made["person"]["given_name"], made["person"]["family_name"]) == (given, family)


async def test_registration_with_many_faults_names_each_and_writes_nothing(registrar: Client, conn: Connection) -> None:
    structure = await registrar.post(
        REGISTRATIONS,
        registration_fields(
            person={"email": "nobody", "family_name": "\u0007", "timezone": "CET", "nick": "A"},
            mode="by_pigeon",
            country="ZZ",
            accessibility_needs="x" * 5001,
        ),
    )
    consents = await registrar.post(REGISTRATIONS, registration_fields(consents=["photography", "photography"]))
    references = await registrar.post(
        REGISTRATIONS, registration_fields(category="pirates", entity=str(uuid4()), delegation=str(uuid4()))
    )

    assert pointers(structure) == {
        ("/person/email", "bad_email"),
        ("/person/family_name", "control_character"),
        ("/person/timezone", "unknown_timezone"),
        ("/person/nick", "unknown_field"),
        ("/mode", "unknown_value"),
        ("/country", "unknown_country"),
        ("/accessibility_needs", "too_long"),
    }
    assert pointers(consents) == {("/consents/1", "duplicate")}
    assert pointers(references) == {
        ("/category", "unknown_value"),
        ("/entity", "unknown_reference"),
        ("/delegation", "unknown_reference"),
    }
    for table in ("registrations", "outbox", "registration_transitions", "badges"):
        assert await conn.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_delegation_of_another_edition_is_unknown(client: Client, registrar: Client) -> None:
    other = await make_edition(client, slug="grf-other")
    stranger = await client.as_role("registrar", other["id"], email="stranger@staff.example")
    delegation = await make_delegation(stranger, await make_entity(stranger), edition="grf-other")

    answer = await registrar.post(REGISTRATIONS, registration_fields(delegation=delegation["id"]))

    assert pointers(answer) == {("/delegation", "unknown_reference")}


async def test_country_comes_from_the_entity_unless_it_is_told(registrar: Client) -> None:
    city = await make_entity(registrar)
    delegation = await make_delegation(registrar, city)
    named = {"entity": city["id"], "delegation": delegation["id"]}

    taken = await make_registration(registrar, "one@delegates.example", **named)
    told = await make_registration(registrar, "two@delegates.example", country="SY", **named)

    assert [(r["country"], r["entity"], r["delegation"]) for r in (taken, told)] == [
        ("CH", city["id"], delegation["id"]),
        ("SY", city["id"], delegation["id"]),
    ]


async def test_second_active_registration_is_refused_with_the_id_of_the_first(registrar: Client) -> None:
    first = await make_registration(registrar)

    again = await registrar.post(REGISTRATIONS, registration_fields("AMINA@delegates.example", mode="online"))
    await registrar.post(f"{REGISTRATIONS}/{first['id']}/withdraw")
    after = await registrar.post(REGISTRATIONS, registration_fields())

    assert (again.status_code, again.json()["code"], again.json()["id"]) == (409, "already_registered", first["id"])
    assert (after.status_code, after.json()["status"]) == (201, "approved")


async def test_external_id_is_taken_once(registrar: Client) -> None:
    await make_registration(registrar, external_id="un-1")

    answer = await registrar.post(REGISTRATIONS, registration_fields("other@delegates.example", external_id="un-1"))

    assert (answer.status_code, answer.json()["code"]) == (409, "external_id_taken")


async def test_nobody_registers_an_address_that_is_not_theirs(client: Client, edition: dict[str, Any]) -> None:
    person = await client.as_person("mallory@delegates.example")
    scanner = await client.as_client(edition["id"], "scans:record", kind="device")

    assert (await client.post(REGISTRATIONS, registration_fields())).status_code == 401
    assert (await person.post(REGISTRATIONS, registration_fields())).status_code == 403
    assert (await scanner.post(REGISTRATIONS, registration_fields())).status_code == 403


async def test_trusted_frontend_registers_for_its_own_edition_only(client: Client, edition: dict[str, Any]) -> None:
    await make_edition(client, slug="grf-other")
    frontend = await client.as_client(edition["id"], "registrations:create")

    here = await frontend.post(REGISTRATIONS, registration_fields())
    there = await frontend.post("/v1/editions/grf-other/registrations", registration_fields())

    assert (here.status_code, here.json()["source"]) == (201, "client")
    assert there.status_code == 403
    assert (await frontend.get(f"{REGISTRATIONS}/{here.json()['id']}")).status_code == 404
    assert (await frontend.get(REGISTRATIONS)).status_code == 403


async def test_draft_edition_is_not_there_for_a_person(client: Client) -> None:
    await make_edition(client, "draft", slug="grf-draft")
    person = await client.as_person(ADDRESS)

    answer = await person.post("/v1/editions/grf-draft/registrations", registration_fields())

    assert answer.status_code == 404


async def test_registration_of_somebody_else_is_not_there(client: Client, registrar: Client) -> None:
    other = await make_edition(client, slug="grf-other")
    stranger = await client.as_role("registrar", other["id"], email="stranger@staff.example")
    person = await client.as_person("mallory@delegates.example")
    path = f"{REGISTRATIONS}/{(await make_registration(registrar))['id']}"

    for caller in (stranger, person):
        assert (await caller.get(path)).status_code == 404
        assert (await caller.get(f"{path}/transitions")).status_code == 404
        assert (await caller.patch(path, {"consents": []})).status_code == 404
        assert (await caller.post(f"{path}/withdraw")).status_code == 404
        assert (await caller.post(f"{path}/switch-mode", {"mode": "online"})).status_code == 404
        assert (await caller.get("/v1/me/registrations")).json()["items"] == []
    assert (await person.get(REGISTRATIONS)).status_code == 403
    assert (await person.post(f"{path}/revoke")).status_code == 403
    assert (await registrar.get(path)).json()["status"] == "approved"


@pytest.mark.parametrize(
    ("window", "status"),
    [
        ({"opens_at": "2023-11-01T09:00:00Z"}, 201),
        ({"opens_at": "2023-11-01T09:00:01Z"}, 409),
        ({"closes_at": "2023-11-01T09:00:01Z"}, 201),
        ({"closes_at": "2023-11-01T09:00:00Z"}, 409),
    ],
)
async def test_window_binds_persons_and_frontends_but_no_registrar(
    client: Client, window: dict[str, str], status: int
) -> None:
    edition = await make_edition(client, registration={"in_person": window, "online": {}})
    person = await client.as_person(ADDRESS)
    frontend = await client.as_client(edition["id"], "registrations:create")
    registrar = await client.as_role("registrar", edition["id"])

    answers = [
        await person.post(REGISTRATIONS, registration_fields()),
        await frontend.post(REGISTRATIONS, registration_fields("two@delegates.example")),
        await frontend.post(REGISTRATIONS, registration_fields("three@delegates.example", mode="online")),
        await registrar.post(REGISTRATIONS, registration_fields("four@delegates.example")),
    ]

    assert [answer.status_code for answer in answers] == [status, status, 201, 201]
    assert {a.json()["code"] for a in answers if a.status_code == 409} <= {"registration_closed"}


async def test_closed_or_cancelled_edition_takes_nobody(client: Client, edition: dict[str, Any]) -> None:
    organizer = await client.as_role("organizer", edition["id"])
    person = await client.as_person(ADDRESS)

    await organizer.post("/v1/editions/grf-2023/close")
    closed = await person.post(REGISTRATIONS, registration_fields())
    late = await organizer.post(REGISTRATIONS, registration_fields("late@delegates.example"))
    await organizer.post("/v1/editions/grf-2023/cancel")
    cancelled = await organizer.post(REGISTRATIONS, registration_fields("later@delegates.example"))

    assert [closed.status_code, late.status_code, cancelled.status_code] == [409, 201, 409]
    assert closed.json()["code"] == cancelled.json()["code"] == "registration_closed"


async def test_mode_that_the_edition_lacks_is_refused(client: Client) -> None:
    edition = await make_edition(client, slug="hlom-2021", mode="online", in_person_capacity=None)
    registrar = await client.as_role("registrar", edition["id"])

    answer = await registrar.post("/v1/editions/hlom-2021/registrations", registration_fields())

    assert pointers(answer) == {("/mode", "mode_not_offered")}


async def test_owner_changes_own_details_and_registrar_the_rest(client: Client, registrar: Client) -> None:
    made = await make_registration(registrar)
    owner = await client.as_person(ADDRESS)
    path = f"{REGISTRATIONS}/{made['id']}"

    own = await owner.patch(
        path, {"person": {"given_name": None, "timezone": "Asia/Beirut"}, "consents": ["publish_name"]}, version=1
    )
    refused = await owner.patch(path, {"category": "state"}, version=2)
    same = await owner.patch(path, {"category": "ngo", "country": None}, version=2)
    other = await registrar.patch(path, {"category": "state", "country": "LB"}, version=3)
    wrong = await registrar.patch(path, {"category": "pirates", "entity": str(uuid4())})
    stale = await owner.patch(path, {"consents": []}, version=1)

    person = made["person"] | {"given_name": None, "timezone": "Asia/Beirut"}
    changed = made | {"person": person, "consents": ["publish_name"], "version": 2}
    assert own.json() == changed
    assert refused.status_code == 403
    assert same.json() == changed | {"version": 3}
    assert other.json() == changed | {"version": 4, "category": "state", "country": "LB"}
    assert pointers(wrong) == {("/category", "unknown_value"), ("/entity", "unknown_reference")}
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"4"')


async def test_registration_that_is_over_is_not_changed(registrar: Client) -> None:
    made = await make_registration(registrar)
    path = f"{REGISTRATIONS}/{made['id']}"
    await registrar.post(f"{path}/revoke")

    answer = await registrar.patch(path, {"country": "SY"})

    assert (answer.status_code, answer.json()["code"]) == (409, "registration_ended")


async def test_registrations_are_listed_with_filters_and_cursor(registrar: Client) -> None:
    city = await make_entity(registrar)
    delegation = await make_delegation(registrar, city)
    rows = {
        "a": await make_registration(registrar, "a@delegates.example", country="SY", external_id="x-1"),
        "b": await make_registration(registrar, "b@delegates.example", mode="online", category="state"),
        "c": await make_registration(registrar, "c@delegates.example", entity=city["id"], delegation=delegation["id"]),
        "d": await make_registration(registrar, "d@delegates.example"),
    }
    names = {row["id"]: name for name, row in rows.items()}

    async def listed(**filters: str) -> str:
        found, cursor = "", ""
        while cursor is not None:
            query = filters | {"limit": "1"} | ({"cursor": cursor} if cursor else {})
            page = (await registrar.get(REGISTRATIONS, params=query)).json()
            found += "".join(names[item["id"]] for item in page["items"])
            cursor = page["next_cursor"]
        total = (await registrar.get(REGISTRATIONS, params=filters | {"count": "true"})).json()["total"]
        assert total == len(found)
        return found

    assert await listed() == "abcd"
    assert await listed(status="waitlisted") == "d"
    assert await listed(mode="online") == "b"
    assert await listed(category="state") == "b"
    assert await listed(country="CH") == "c"
    assert await listed(delegation=delegation["id"]) == await listed(entity=city["id"]) == "c"
    assert await listed(email="A@delegates.example") == await listed(external_id="x-1") == "a"


async def test_history_tells_each_step_with_who_when_and_why(
    client: Client, registrar: Client, edition: dict[str, Any], clock: Timeline
) -> None:
    first = [await make_registration(registrar, f"{n}@delegates.example") for n in ("a", "b", "c")]
    owner = await client.as_person("a@delegates.example")
    token = (await registrar.get("/v1/me")).json()
    clock.forward(hours=1)
    await owner.post(f"{REGISTRATIONS}/{first[0]['id']}/withdraw", {"reason": "I am ill"})

    left = (await owner.get(f"{REGISTRATIONS}/{first[0]['id']}/transitions")).json()["items"]
    promoted = (await registrar.get(f"{REGISTRATIONS}/{first[2]['id']}/transitions")).json()["items"]

    assert token["kind"] == "person"
    assert [(s["number"], s["status"], s["mode"], s["at"], s["reason"]) for s in left] == [
        (1, "approved", "in_person", "2023-11-01T09:00:00Z", None),
        (2, "withdrawn", "in_person", "2023-11-01T10:00:00Z", "I am ill"),
    ]
    assert [(s["status"], s["reason"]) for s in promoted] == [
        ("waitlisted", None),
        ("approved", "A place became free."),
    ]
    assert left[0]["by_token"] == promoted[0]["by_token"] != left[1]["by_token"]
    page = await registrar.get(f"{REGISTRATIONS}/{first[2]['id']}/transitions", params={"limit": "1"})
    assert page.json()["items"] == promoted[:1]
    following = {"cursor": page.json()["next_cursor"]}
    rest = await registrar.get(f"{REGISTRATIONS}/{first[2]['id']}/transitions", params=following)
    assert rest.json() == {"items": promoted[1:], "next_cursor": None}
