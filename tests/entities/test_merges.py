"""Two entities that turned out to be one: nothing is left behind, and what is refused changes nothing."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import (
    REGISTRATIONS,
    make_delegation,
    make_edition,
    make_entity,
    make_pledge,
    make_registration,
    make_session,
    make_speaker,
    registration_fields,
)
from tests.proposals.conftest import make_proposal, put_call

ENTITIES, DELEGATIONS = "/v1/entities", "/v1/editions/grf-2023/delegations"
REFERENCES = """
    SELECT c.conrelid::regclass::text AS of_table, a.attname AS of_column
    FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'f' AND c.confrelid = 'entities'::regclass
      AND (c.conrelid::regclass::text, a.attname) NOT IN (('entity_merges', 'entity_id'), ('entity_merges', 'into_id'),
                                                         ('entities', 'merged_into'), ('entity_names', 'entity_id'))
"""
"""Every column that names an entity, but those that tell of merges and names."""


class Pair:
    """One entity under two names, and what names it."""

    def __init__(self, organizer: Client, gone: dict[str, Any], kept: dict[str, Any]) -> None:
        self.organizer, self.gone, self.kept = organizer, gone, kept

    async def merge(self, **fields: Any) -> dict[str, Any]:
        """The entity that is left."""
        return await self.organizer.made(f"{ENTITIES}/{self.gone['id']}/merge", {"into": self.kept["id"]} | fields)


@pytest.fixture
async def pair(organizer: Client) -> Pair:
    """The City of Geneva, and a second entry of it."""
    gone = await make_entity(organizer, "Geneva, City of", alternative_names=["Genf", "Ginevra"], external_id="g-2")
    kept = await make_entity(organizer, "Ville de Genève", alternative_names=["Genève"])
    return Pair(organizer, gone, kept)


async def test_old_names_find_the_entity_that_is_left(client: Client, pair: Pair) -> None:
    left = await pair.merge()

    assert left == pair.kept | {"alternative_names": ["Genève", "Geneva, City of", "Genf", "Ginevra"], "version": 2}
    for words in ("geneva", "GENF", "ville", "ginevra", "geneve"):
        assert (await client.get(ENTITIES, params={"q": words})).json()["items"] == [left]
    again = await pair.organizer.post(ENTITIES, {"name": "GENF", "category": left["category"]})
    assert (again.status_code, again.json()["id"]) == (409, left["id"])


async def test_old_id_is_redirected_in_one_step_however_often_it_moved(client: Client, pair: Pair) -> None:
    last = await make_entity(pair.organizer, "République et canton")
    await pair.merge()
    await pair.organizer.made(f"{ENTITIES}/{pair.kept['id']}/merge", {"into": last["id"]})

    for old in (pair.gone, pair.kept):
        answer = await client.get(f"{ENTITIES}/{old['id']}")
        assert (answer.status_code, answer.headers["Location"]) == (308, f"{ENTITIES}/{last['id']}")
        assert answer.json() == (await client.get(answer.headers["Location"])).json()
        refused = await pair.organizer.patch(f"{ENTITIES}/{old['id']}", {"country": "FR"})
        assert (refused.status_code, refused.json()["code"]) == (409, "entity_merged")
        assert refused.json()["id"] == last["id"]


async def test_everything_that_names_the_old_one_names_the_new_one(pair: Pair, conn: Connection) -> None:
    organizer, gone, kept = pair.organizer, pair.gone, pair.kept
    child = await make_entity(organizer, "Port", parent=gone["id"])
    delegation = await make_delegation(organizer, gone)
    registration = await make_registration(organizer, entity=gone["id"])
    speaker = await make_speaker(organizer, entity=gone["id"])
    session = await make_session(organizer, organisers=[child["id"], gone["id"], kept["id"]])
    led = await make_pledge(organizer, gone, "verified", partners=[child["id"], kept["id"]])
    joined = await make_pledge(organizer, child, partners=[gone["id"], kept["id"]])
    hosted = await make_pledge(organizer, kept, partners=[child["id"], gone["id"]])
    await put_call(organizer)
    await make_proposal(organizer, gone, speakers=[{"display_name": "Amal", "entity": gone["id"]}])
    list_path = f"/v1/editions/grf-2023/sessions/{session['id']}/speakers-list"
    window = {"opens_at": "2023-11-01T08:00:00Z", "closes_at": "2023-12-01T12:00:00Z"}
    await organizer.request("PUT", list_path, json=window, headers={"If-Match": "*"})
    asked = {"display_name": "Mayor", "rank": "other", "language": "fr", "delegation": delegation["id"]}
    request = await organizer.made(f"{list_path}/requests", asked)
    columns = [(row["of_table"], row["of_column"]) for row in await conn.fetch(REFERENCES)]

    async def counts(entity: dict[str, Any]) -> dict[str, int]:
        named = {f"{t}.{c}": f"SELECT count(*) FROM {t} WHERE {c}::text = $1" for t, c in columns}
        named["organisers"] = "SELECT count(*) FROM sessions WHERE $1 = ANY (organiser_ids::text[])"
        return {name: await conn.fetchval(sql, entity["id"]) for name, sql in named.items()}

    assert 0 not in (await counts(gone)).values(), "make something of the table that is new, and see that it moves"
    await pair.merge()
    assert set((await counts(gone)).values()) == {0}

    async def read(path: str, *fields: str) -> tuple[Any, ...]:
        thing = (await organizer.get(path)).json()
        return tuple(thing[field] for field in fields)

    at, old = "/v1/editions/grf-2023", kept["id"]
    assert await read(f"{ENTITIES}/{child['id']}", "parent", "version") == (old, 2)
    assert await read(f"{DELEGATIONS}/{delegation['id']}", "entity", "version") == (old, 2)
    assert await read(f"{REGISTRATIONS}/{registration['id']}", "entity", "version") == (old, 2)
    assert await read(f"{at}/speakers/{speaker['id']}", "entity", "version") == (old, 2)
    assert await read(f"{at}/sessions/{session['id']}", "organisers", "version") == ([child["id"], old], 3)
    assert await read(f"{at}/pledges/{led['id']}", "lead_entity", "partners") == (old, [child["id"]])
    assert await read(f"{at}/pledges/{led['id']}", "version") == (led["version"] + 1,)
    assert await read(f"{at}/pledges/{joined['id']}", "partners", "version") == ([old], joined["version"] + 1)
    assert await read(f"{at}/pledges/{hosted['id']}", "lead_entity", "partners") == (old, [child["id"]])
    assert await read(f"{list_path}/requests/{request['id']}", "entity", "version") == (old, 2)


async def test_partner_that_accepted_under_one_name_has_accepted(pair: Pair) -> None:
    lead = await make_entity(pair.organizer, "Lead")
    pledge = await make_pledge(pair.organizer, lead, partners=[pair.gone["id"], pair.kept["id"]])
    path = f"/v1/editions/grf-2023/pledges/{pledge['id']}"
    await pair.organizer.made(f"{path}/partners/{pair.gone['id']}/accept", {})

    await pair.merge()

    after = (await pair.organizer.get(path)).json()
    assert (after["partners"], after["pending_partners"]) == ([pair.kept["id"]], [])


async def test_two_delegations_become_one(
    client: Client, edition: dict[str, Any], pair: Pair, clock: Timeline, conn: Connection
) -> None:
    organizer = pair.organizer
    old, new = await make_delegation(organizer, pair.gone), await make_delegation(organizer, pair.kept)
    moved = await make_registration(organizer, "head@ge.example", delegation=old["id"])
    settled = await make_registration(organizer, "settled@ge.example", delegation=new["id"])
    await organizer.patch(f"{DELEGATIONS}/{old['id']}", {"head": moved["id"]})
    focal_point = await client.as_focal_point(old["id"], edition["id"])
    await client.as_focal_point(new["id"], edition["id"])
    await client.as_focal_point(old["id"], edition["id"], "second@staff.example")
    clock.forward(hours=1)

    await pair.merge(reason="The same city.")

    after = (await organizer.get(f"{DELEGATIONS}/{new['id']}")).json()
    assert (after["entity"], after["head"]) == (pair.kept["id"], moved["id"])
    assert after["people"] == [{"mode": "in_person", "status": "approved", "count": 2}]
    assert {point["email"] for point in after["focal_points"]} == {"focal@staff.example", "second@staff.example"}
    assert len(after["focal_points"]) == 2
    listed = (await organizer.get(DELEGATIONS, params={"count": "true"})).json()
    assert (listed["total"], [item["id"] for item in listed["items"]]) == (1, [new["id"]])
    redirect = await organizer.get(f"{DELEGATIONS}/{old['id']}")
    assert (redirect.status_code, redirect.headers["Location"]) == (308, f"{DELEGATIONS}/{new['id']}")
    assert redirect.json() == after
    people = (await focal_point.get(REGISTRATIONS)).json()["items"]
    assert [(one["id"], one["delegation"]) for one in people] == [
        (moved["id"], new["id"]), (settled["id"], new["id"]),
    ]  # fmt: skip
    step = await conn.fetchrow(
        "SELECT delegation_id, is_move, at, reason FROM registration_transitions WHERE registration_id = $1"
        " ORDER BY number DESC LIMIT 1",
        UUID(moved["id"]),
    )
    assert tuple(step) == (UUID(new["id"]), False, clock.now, "The same city.")


async def test_united_people_keep_their_places_under_the_quota_that_is_left(pair: Pair, conn: Connection) -> None:
    organizer = pair.organizer
    old, new = await make_delegation(organizer, pair.gone), await make_delegation(organizer, pair.kept)

    async def set_quota(delegation: dict[str, Any], quota: int) -> None:
        await conn.execute(
            "UPDATE quotas SET quota = $2 WHERE delegation_id::text = $1 AND mode = 'in_person'",
            delegation["id"],
            quota,
        )

    async def counters() -> list[tuple[int, int, int]]:
        rows = await conn.fetch(
            "SELECT quota, taken, kept_over_quota FROM quotas WHERE quota IS NOT NULL ORDER BY quota"
        )
        return [tuple(row) for row in rows]

    await set_quota(old, 1)
    await set_quota(new, 2)
    people = [
        await make_registration(organizer, f"p{n}@ge.example", delegation=delegation["id"])
        for n, delegation in enumerate((old, old, new, new))
    ]
    assert [person["status"] for person in people] == ["approved", "waitlisted", "approved", "approved"]

    await pair.merge()

    assert await counters() == [(1, 0, 0), (2, 3, 1)]
    listed = (await organizer.get(REGISTRATIONS)).json()["items"]
    assert [one["status"] for one in listed] == ["approved", "waitlisted", "approved", "approved"]
    for person in (people[0], people[2]):
        await organizer.made(f"{REGISTRATIONS}/{person['id']}/withdraw", {})
    assert await counters() == [(1, 0, 0), (2, 2, 0)]


async def test_who_waited_for_the_other_quota_may_have_a_place(pair: Pair, conn: Connection) -> None:
    organizer = pair.organizer
    old = await make_delegation(organizer, pair.gone)
    await make_delegation(organizer, pair.kept)
    await conn.execute("UPDATE quotas SET quota = 0 WHERE delegation_id::text = $1", old["id"])
    waiting = await make_registration(organizer, delegation=old["id"])

    await pair.merge()

    assert waiting["status"] == "waitlisted"
    assert (await organizer.get(f"{REGISTRATIONS}/{waiting['id']}")).json()["status"] == "approved"


async def test_figures_of_the_past_keep_their_delegation(client: Client, pair: Pair, clock: Timeline) -> None:
    organizer = pair.organizer
    old, new = await make_delegation(organizer, pair.gone), await make_delegation(organizer, pair.kept)
    await make_registration(organizer, "a@ge.example", delegation=old["id"])
    asked = {"by": "delegation", "as_of": clock.now.isoformat().replace("+00:00", "Z")}
    clock.forward(hours=1)
    path = "/v1/editions/grf-2023/statistics/registrations"
    before = (await organizer.get(path, params=asked)).json()

    await pair.merge()

    assert (await organizer.get(path, params=asked)).json() == before
    now = (await organizer.get(path, params={"by": "delegation"})).json()
    assert [row["value"] for row in now["items"]] == [new["id"]]


async def test_merge_is_refused(client: Client, pair: Pair) -> None:
    organizer, gone, kept = pair.organizer, pair.gone, pair.kept
    child = await make_entity(organizer, "Port", parent=gone["id"])
    grandchild = await make_entity(organizer, "Pier", parent=child["id"])
    state = await make_entity(organizer, "Geneva Republic", category="state")
    path = f"{ENTITIES}/{gone['id']}/merge"

    itself = await organizer.post(path, {"into": gone["id"]})
    nobody = await organizer.post(path, {"into": str(uuid4())})
    absent = await organizer.post(f"{ENTITIES}/{uuid4()}/merge", {"into": kept["id"]})
    inside = await organizer.post(path, {"into": grandchild["id"]})
    other = await organizer.post(path, {"into": state["id"]})

    assert pointers(itself) == {("/into", "same_entity")}
    assert pointers(nobody) == {("/into", "unknown_reference")}
    assert absent.status_code == 404
    assert (inside.status_code, inside.json()["code"]) == (409, "entity_inside")
    assert (other.status_code, other.json()["code"]) == (409, "different_categories")
    assert (await client.get(f"{ENTITIES}/{gone['id']}")).json() == gone
    assert (await organizer.get("/v1/entity-merges")).json()["items"] == []
    await pair.merge()
    for into, old in ((gone, kept), (child, gone)):
        again = await organizer.post(f"{ENTITIES}/{old['id']}/merge", {"into": into["id"]})
        assert (again.status_code, again.json()["code"], again.json()["id"]) == (409, "entity_merged", kept["id"])
    registrar = await client.as_role("registrar", (await client.get("/v1/editions/grf-2023")).json()["id"])
    assert (await registrar.post(path, {"into": kept["id"]})).status_code == 403


async def test_delegations_of_somebody_elses_edition_are_not_united(
    client: Client, edition: dict[str, Any], pair: Pair
) -> None:
    other = await make_edition(client, slug="grf-other")
    stranger = await client.as_role("organizer", other["id"], email="stranger@staff.example")
    for entity in (pair.gone, pair.kept):
        await make_delegation(pair.organizer, entity)
    path = f"{ENTITIES}/{pair.gone['id']}/merge"

    refused = await stranger.post(path, {"into": pair.kept["id"]})

    assert (refused.status_code, edition["slug"] in refused.text) == (403, False)
    assert (await pair.organizer.get(DELEGATIONS, params={"count": "true"})).json()["total"] == 2
    assert (await (await client.as_role("admin")).post(path, {"into": pair.kept["id"]})).status_code == 200


async def test_merges_are_remembered_and_listed(pair: Pair, clock: Timeline) -> None:
    organizer = pair.organizer
    other = [await make_entity(organizer, name, category="ngo") for name in ("ICMC", "I.C.M.C.")]
    await pair.merge(reason="One mayor, two forms.")
    clock.forward(minutes=1)
    await organizer.made(f"{ENTITIES}/{other[1]['id']}/merge", {"into": other[0]["id"]})

    async def listed(**query: str) -> list[dict[str, Any]]:
        page = (await organizer.get("/v1/entity-merges", params=query | {"count": "true"})).json()
        assert page["total"] == len(page["items"])
        items: list[dict[str, Any]] = page["items"]
        return items

    first, second = await listed()
    assert first == {
        "id": first["id"],
        "entity": pair.gone["id"],
        "name": "Geneva, City of",
        "into": pair.kept["id"],
        "merged_at": "2023-11-01T09:00:00Z",
        "by_token": first["by_token"],
        "reason": "One mayor, two forms.",
    }
    assert (second["name"], second["reason"], second["merged_at"]) == ("I.C.M.C.", None, "2023-11-01T09:01:00Z")
    assert await listed(entity=pair.gone["id"]) == await listed(into=pair.kept["id"]) == [first]
    assert await listed(into=pair.gone["id"]) == await listed(by_token=str(uuid4())) == []
    assert await listed(by_token=first["by_token"]) == [first, second]


async def test_nothing_new_names_what_was_merged_away(pair: Pair) -> None:
    organizer, gone = pair.organizer, pair.gone
    old = await make_delegation(organizer, gone)
    await make_delegation(organizer, pair.kept)
    mine = await make_registration(organizer, "mine@ge.example")
    await pair.merge()
    at, entity = "/v1/editions/grf-2023", {"entity": gone["id"]}
    pledge = {"title": {"en": "Hours"}, "original_language": "en"}
    session = {"title": {"en": "Talk"}, "type": "plenary", "mode": "hybrid", "organisers": [gone["id"]]}

    refused = {
        "/parent": await organizer.post(ENTITIES, {"name": "Port", "category": "ngo", "parent": gone["id"]}),
        "/entity": await organizer.post(DELEGATIONS, entity),
        "/entity ": await organizer.post(REGISTRATIONS, registration_fields("a@ge.example", **entity)),
        "/entity  ": await organizer.patch(f"{REGISTRATIONS}/{mine['id']}", entity),
        "/delegation": await organizer.patch(f"{REGISTRATIONS}/{mine['id']}", {"delegation": old["id"]}),
        "/entity   ": await organizer.post(f"{at}/speakers", {"display_name": "A"} | entity),
        "/lead_entity": await organizer.post(f"{at}/pledges", pledge | {"lead_entity": gone["id"]}),
        "/partners/0": await organizer.post(
            f"{at}/pledges", pledge | {"lead_entity": pair.kept["id"], "partners": [gone["id"]]}
        ),
        "/organisers/0": await organizer.post(f"{at}/sessions", session),
        "/delegation ": await organizer.post(
            "/v1/grants",
            {"email": "f@x.example", "role": "focal_point", "edition": "grf-2023", "delegation": old["id"]},
        ),
    }

    for pointer, answer in refused.items():
        assert pointers(answer) == {(pointer.strip(), "unknown_reference")}, pointer


async def test_who_registers_while_a_merge_is_under_way_is_not_left_behind(pair: Pair, conn: Connection) -> None:
    organizer, gone = pair.organizer, pair.gone
    await make_delegation(organizer, pair.kept)
    old = await make_delegation(organizer, gone)
    named = {"entity": gone["id"], "delegation": old["id"]}
    people = [registration_fields(f"p{n}@ge.example", mode="online", **named) for n in range(12)]

    first = [organizer.post(REGISTRATIONS, person) for person in people[:6]]
    merge = organizer.post(f"{ENTITIES}/{gone['id']}/merge", {"into": pair.kept["id"]})
    last = [organizer.post(REGISTRATIONS, person) for person in people[6:]]
    answers = await asyncio.gather(*first, merge, *last)

    assert answers.pop(6).status_code == 200
    assert {answer.status_code for answer in answers} <= {201, 422}
    left = "SELECT count(*) FROM registrations WHERE entity_id::text = $1 OR delegation_id::text = $2"
    assert await conn.fetchval(left, gone["id"], old["id"]) == 0


async def test_entity_cannot_be_named_before_a_merge_under_way_is_decided(
    pair: Pair, conn: Connection, pool: Any
) -> None:
    """The lock that the trigger takes: without it this insert would not wait, and would be left behind."""
    edition = await conn.fetchval("SELECT id FROM editions")
    gone, kept = UUID(pair.gone["id"]), UUID(pair.kept["id"])
    insert = (
        "INSERT INTO speakers (edition_id, id, display_name, entity_id, created_at) VALUES ($1, $2, 'A', $3, now())"
    )
    async with pool.acquire() as merging:
        transaction = merging.transaction()
        await transaction.start()
        await merging.execute("SELECT FROM entities WHERE id IN ($1, $2) ORDER BY id FOR UPDATE", gone, kept)
        naming = asyncio.create_task(conn.execute(insert, edition, uuid4(), gone))
        await merging.execute("SELECT merge_entity($1, $2, now())", gone, kept)
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        while not naming.done() and await merging.fetchval(waiting) == 0:  # noqa: ASYNC110 (a lock has no event)
            await asyncio.sleep(0)
        assert not naming.done()
        await transaction.commit()
    with pytest.raises(Exception, match="that entity was merged"):
        await naming
