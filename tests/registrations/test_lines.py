"""Lines: who is next, who may have which place, what is offered, and who takes part online meanwhile."""

from typing import Any

import pytest

from forum.db import Connection, Pool
from forum.registrations import service
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, make_edition, make_registration, registration_fields
from tests.registrations.test_places import fill, states

EDITION = "/v1/editions/grf-2023"
BLOCKS = "SELECT mode, priority, block, waiting FROM line_blocks WHERE waiting > 0 ORDER BY 1, 2, 3"
WAITING = (
    "SELECT waits_for, waitlist_priority, waitlist_ticket / 512, count(*)::integer FROM registrations"
    " WHERE waits_for IS NOT NULL AND offer_expires_at IS NULL GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
)
LONG_LINE = """
    WITH people AS (INSERT INTO persons (id, email, created_at)
        SELECT gen_random_uuid(), n || '@example.org', now() FROM generate_series(1, 2000) AS n RETURNING id)
    INSERT INTO registrations (edition_id, id, person_id, family_name, language, timezone, category, mode, status,
                               waits_for, source, created_at, placed_at)
    SELECT e.id, gen_random_uuid(), p.id, 'Waiting', 'en', 'UTC', CASE WHEN random() < 0.3 THEN 'ngo' ELSE 'state' END,
           'in_person', 'waitlisted', 'in_person', 'self', now(), now()
    FROM people p, editions e
"""
POSITIONS = """
    SELECT d.id, d.waitlist_position, row_number() OVER (ORDER BY r.waitlist_priority, r.waitlist_ticket) AS counted
    FROM registration_details d JOIN registrations r USING (edition_id, id)
    WHERE d.waits_for IS NOT NULL AND d.offer_expires_at IS NULL
"""


async def counters(conn: Connection) -> dict[str, tuple[int, int]]:
    """Places taken and held back per mode; the former as the registrations have them, too."""
    rows = await conn.fetch(
        "SELECT p.mode, p.taken, p.held_back, (SELECT count(*) FROM registrations r WHERE"
        " (r.status = 'approved' AND r.mode = p.mode) OR (r.offer_expires_at IS NOT NULL AND r.waits_for = p.mode))"
        " AS recount FROM places p"
    )
    assert all(row["taken"] == row["recount"] for row in rows)
    assert await conn.fetch(BLOCKS) == await conn.fetch(WAITING)
    return {row["mode"]: (row["taken"], row["held_back"]) for row in rows}


async def make_hall(client: Client, seats: int, **changes: Any) -> tuple[Client, Client]:
    """An edition with so many seats: its organizer and a registrar."""
    edition = await make_edition(client, in_person_capacity=seats, **changes)
    return await client.as_role("organizer", edition["id"]), await client.as_role("registrar", edition["id"])


async def make_delegation(registrar: Client, quota: int | None, name: str = "State of Uruguay") -> str:
    """A delegation that may have so many people in the hall."""
    entity = await registrar.post("/v1/entities", {"name": name, "category": "state", "country": "UY"})
    fields = {"entity": entity.json()["id"], "in_person_quota": quota}
    made = await registrar.post(f"{EDITION}/delegations", fields)
    assert (made.status_code, made.json()["in_person_quota"]) == (201, quota), made.text
    return str(made.json()["id"])


async def expire(pool: Pool, clock: Timeline) -> None:
    """What the worker does each minute."""
    async with pool.acquire() as conn, conn.transaction():
        await service.lapse_offers(conn, clock())


async def test_classes_wait_one_after_the_other_and_each_in_order(client: Client) -> None:
    organizer, registrar = await make_hall(client, 0, priority_classes=[["refugee_led"], ["state"]])
    for name, category in (("a", "ngo"), ("b", "state"), ("c", "refugee_led"), ("d", "state"), ("e", "refugee_led")):
        await fill(registrar, name, category=category)
    positions = {name: state[2] for name, state in (await states(registrar)).items()}

    await organizer.patch(EDITION, {"in_person_capacity": 3})
    first = {name for name, state in (await states(registrar)).items() if state[0] == "approved"}
    await organizer.patch(EDITION, {"priority_classes": [["ngo"]]})
    await organizer.patch(EDITION, {"in_person_capacity": 4})

    assert positions == {"c": 1, "e": 2, "b": 3, "d": 4, "a": 5}
    assert first == {"c", "e", "b"}
    assert (await states(registrar))["a"] == ("approved", "in_person", None)


async def test_position_told_at_registration_is_that_of_the_class(client: Client) -> None:
    _, registrar = await make_hall(client, 0, priority_classes=[["refugee_led"]])
    told = []
    for name, category in (("a", "ngo"), ("b", "refugee_led"), ("c", "ngo"), ("d", "refugee_led")):
        made = await make_registration(registrar, f"{name}@delegates.example", category=category)
        told.append(made["waitlist_position"])

    assert told == [1, 1, 3, 2]


async def test_class_of_an_unknown_or_doubled_category_is_refused(client: Client) -> None:
    organizer, _ = await make_hall(client, 1)

    answer = await organizer.patch(EDITION, {"priority_classes": [["ngo", "nonsense"]]})
    doubled = await organizer.patch(EDITION, {"priority_classes": [["ngo"], ["ngo"]]})

    assert pointers(answer) == {("/priority_classes/0/1", "unknown_value")}
    assert pointers(doubled) == {("/priority_classes/1/0", "duplicate")}


async def test_quota_makes_its_people_wait_and_nobody_else(client: Client, conn: Connection) -> None:
    _, registrar = await make_hall(client, 4)
    delegation = await make_delegation(registrar, 1)
    paths = await fill(registrar, "a", "b", delegation=delegation)
    await fill(registrar, "assistant", delegation=delegation, counts_against_quota=False)
    await fill(registrar, "c")
    before = await states(registrar)

    await registrar.post(f"{paths[0]}/withdraw")
    after = await states(registrar)

    assert {name: state[0] for name, state in before.items()} == {
        "a": "approved", "b": "waitlisted", "assistant": "approved", "c": "approved",
    }  # fmt: skip
    assert (after["a"][0], after["b"][0]) == ("withdrawn", "approved")
    assert await conn.fetchval("SELECT taken FROM quotas WHERE mode = 'in_person'") == 1


async def test_place_passes_by_who_may_not_have_it_and_they_keep_theirs_in_line(
    client: Client, conn: Connection
) -> None:
    organizer, registrar = await make_hall(client, 1)
    delegation = await make_delegation(registrar, 1)
    paths = await fill(registrar, "head", "member", delegation=delegation)
    await fill(registrar, "c")

    await organizer.patch(EDITION, {"in_person_capacity": 2})
    passed = await states(registrar)
    await registrar.post(f"{paths[0]}/withdraw")

    assert (passed["member"], passed["c"]) == (("waitlisted", "in_person", 1), ("approved", "in_person", None))
    assert (await states(registrar))["member"] == ("approved", "in_person", None)


async def test_moving_somebody_into_a_full_delegation_is_refused_and_out_of_it_promotes(
    client: Client, conn: Connection
) -> None:
    _, registrar = await make_hall(client, 5)
    delegation = await make_delegation(registrar, 1)
    inside, waiting = await fill(registrar, "a", "b", delegation=delegation)
    (outside,) = await fill(registrar, "c")

    refused = await registrar.patch(outside, {"delegation": delegation})
    left = await registrar.patch(inside, {"delegation": None})

    assert (refused.status_code, refused.json()["code"]) == (409, "quota_reached")
    assert left.status_code == 200
    assert (await registrar.get(waiting)).json()["status"] == "approved"
    assert await conn.fetchval("SELECT taken FROM quotas WHERE mode = 'in_person'") == 1


async def test_person_does_not_decide_that_they_do_not_count(client: Client) -> None:
    await make_hall(client, 5)
    person = await client.as_person("amina@delegates.example")

    answer = await person.post(REGISTRATIONS, registration_fields(counts_against_quota=False))

    assert pointers(answer) == {("/counts_against_quota", "not_allowed")}


async def test_offered_place_is_held_until_it_is_accepted(client: Client, conn: Connection) -> None:
    _, registrar = await make_hall(client, 1, promotion="offer", offer_hours=24)
    first, second, _third = await fill(registrar, "a", "b", "c")

    await registrar.post(f"{first}/withdraw")
    offered = (await registrar.get(second)).json()
    newcomer = await make_registration(registrar, "d@delegates.example")
    nobody = await registrar.post(f"{_third}/accept-offer")
    accepted = await registrar.post(f"{second}/accept-offer")

    assert (offered["status"], offered["waitlist_position"]) == ("waitlisted", None)
    assert offered["offer_expires_at"] == "2023-11-02T09:00:00Z"
    assert (newcomer["status"], newcomer["waitlist_position"]) == ("waitlisted", 2)
    assert (nobody.status_code, nobody.json()["code"]) == (409, "no_offer")
    assert (accepted.json()["status"], accepted.json()["offer_expires_at"]) == ("approved", None)
    assert (await counters(conn))["in_person"] == (1, 0)


@pytest.mark.parametrize("ending", ["decline-offer", "withdraw", "decline", "expire"])
async def test_offer_that_is_not_taken_goes_to_the_next(
    client: Client, conn: Connection, pool: Pool, clock: Timeline, ending: str
) -> None:
    _, registrar = await make_hall(client, 1, promotion="offer", offer_hours=24)
    first, second, third = await fill(registrar, "a", "b", "c")
    await registrar.post(f"{first}/withdraw")

    if ending == "expire":
        clock.forward(hours=24)
        late = await registrar.post(f"{second}/accept-offer")
        assert (late.status_code, late.json()["code"]) == (409, "no_offer")
        await expire(pool, clock)
    else:
        await registrar.post(f"{second}/{ending}")

    assert (await states(registrar))["b"][0] == ("declined" if ending == "decline" else "withdrawn")
    assert (await registrar.get(third)).json()["offer_expires_at"] is not None
    assert (await counters(conn))["in_person"] == (1, 0)


async def test_offer_is_left_alone_before_its_time(client: Client, pool: Pool, clock: Timeline) -> None:
    _, registrar = await make_hall(client, 1, promotion="offer", offer_hours=24)
    first, second = await fill(registrar, "a", "b")
    await registrar.post(f"{first}/withdraw")

    clock.forward(hours=23)
    await expire(pool, clock)

    assert (await registrar.post(f"{second}/accept-offer")).json()["status"] == "approved"


async def test_who_waits_for_the_hall_takes_part_online_meanwhile(client: Client, conn: Connection) -> None:
    _, registrar = await make_hall(client, 1, online_capacity=1)
    (seated,) = await fill(registrar, "a")
    (meanwhile,) = await fill(registrar, "b", online_while_waiting=True)
    await fill(registrar, "c", online_while_waiting=True)
    await fill(registrar, "d", mode="online")
    before = await states(registrar)

    await registrar.post(f"{seated}/withdraw")
    after = await states(registrar)

    assert before == {
        "a": ("approved", "in_person", None),
        "b": ("approved", "online", 1),
        "c": ("waitlisted", "in_person", 2),
        "d": ("waitlisted", "online", 1),
    }
    assert after == {
        "a": ("withdrawn", "in_person", None),
        "b": ("approved", "in_person", None),
        "c": ("waitlisted", "in_person", 1),
        "d": ("approved", "online", None),
    }
    assert (await registrar.get(meanwhile)).json()["waits_for"] is None
    assert await counters(conn) == {"in_person": (1, 0), "online": (1, 0)}
    assert await conn.fetchval("SELECT count(*) FROM badges WHERE revoked_at IS NULL") == 1


async def test_switch_to_a_full_hall_waits_for_it_and_can_be_taken_back(client: Client, conn: Connection) -> None:
    _, registrar = await make_hall(client, 1)
    await fill(registrar, "a")
    (path,) = await fill(registrar, "b", mode="online")

    waits = (await registrar.post(f"{path}/switch-mode", {"mode": "in_person"})).json()
    again = (await registrar.post(f"{path}/switch-mode", {"mode": "in_person"})).json()
    stays = (await registrar.post(f"{path}/switch-mode", {"mode": "online"})).json()

    assert (waits["status"], waits["mode"], waits["waits_for"]) == ("approved", "online", "in_person")
    assert (waits["waitlist_position"], again["version"]) == (1, waits["version"])
    assert (stays["mode"], stays["waits_for"], stays["waitlist_position"]) == ("online", None, None)
    history = (await registrar.get(f"{path}/transitions")).json()["items"]
    assert [(step["mode"], step["waits_for"]) for step in history] == [
        ("online", None), ("online", "in_person"), ("online", None),
    ]  # fmt: skip


async def test_online_place_is_no_help_where_the_edition_has_none(client: Client) -> None:
    _, registrar = await make_hall(client, 1, mode="in_person")

    answer = await registrar.post(REGISTRATIONS, registration_fields(online_while_waiting=True))

    assert pointers(answer) == {("/online_while_waiting", "mode_not_offered")}


async def test_approval_can_differ_online(client: Client) -> None:
    edition = await make_edition(client, approval="review", online_approval="automatic")
    frontend = await client.as_client(edition["id"], "registrations:create")

    hall = await make_registration(frontend, "a@delegates.example")
    online = await make_registration(frontend, "b@delegates.example", mode="online")

    assert (hall["status"], online["status"]) == ("submitted", "approved")


async def test_status_moves_of_code_and_database_are_the_same(conn: Connection) -> None:
    rows = await conn.fetch("SELECT from_status, to_status FROM registration_moves")

    told = {(before, after) for before, targets in service.STATUS_MOVES.items() for after in targets}
    asked = {(before, after) for sources, after in service.MOVES.values() for before in sources}
    assert {tuple(row) for row in rows} == told
    assert asked <= told


async def test_switching_to_the_hall_accepts_the_place_that_is_offered_there(client: Client, conn: Connection) -> None:
    _, registrar = await make_hall(client, 1, promotion="offer")
    (seated,) = await fill(registrar, "a")
    (path,) = await fill(registrar, "b", online_while_waiting=True)
    await registrar.post(f"{seated}/withdraw")

    answer = (await registrar.post(f"{path}/switch-mode", {"mode": "in_person"})).json()

    assert (answer["status"], answer["mode"], answer["waits_for"]) == ("approved", "in_person", None)
    assert await counters(conn) == {"in_person": (1, 0), "online": (0, 0)}


async def test_raised_quota_promotes_and_lowered_quota_keeps_people_and_lets_in_nobody(
    client: Client, conn: Connection
) -> None:
    _, registrar = await make_hall(client, 5)
    delegation = await make_delegation(registrar, 1)
    path = f"{EDITION}/delegations/{delegation}"
    paths = await fill(registrar, "a", "b", "c", delegation=delegation)

    raised = await registrar.patch(path, {"in_person_quota": 3})
    inside = {name: state[0] for name, state in (await states(registrar)).items()}
    lowered = await registrar.patch(path, {"in_person_quota": 1})
    await fill(registrar, "d", delegation=delegation)
    await registrar.post(f"{paths[0]}/withdraw")
    after = {name: state[0] for name, state in (await states(registrar)).items()}

    assert (raised.json()["in_person_quota"], lowered.json()["in_person_quota"]) == (3, 1)
    assert inside == dict.fromkeys("abc", "approved")
    assert after == {"a": "withdrawn", "b": "approved", "c": "approved", "d": "waitlisted"}
    assert tuple(await conn.fetchrow("SELECT taken, kept_over_quota FROM quotas WHERE mode = 'in_person'")) == (2, 1)


async def test_position_in_a_long_line_is_what_counting_everybody_gives(client: Client, conn: Connection) -> None:
    organizer, registrar = await make_hall(client, 0, priority_classes=[["state"]])
    await conn.execute(LONG_LINE)
    rows = await conn.fetch(POSITIONS)
    assert {row["waitlist_position"] - row["counted"] for row in rows} == {0}
    assert await counters(conn) == {"in_person": (0, 0), "online": (0, 0)}
    for row in rows[:1500:100]:
        await registrar.made(f"{EDITION}/registrations/{row['id']}/withdraw", {})

    await organizer.patch(EDITION, {"in_person_capacity": 300, "priority_classes": [["ngo"]]})

    rows = await conn.fetch(POSITIONS)
    assert len(rows) == 2000 - 15 - 300
    assert {row["waitlist_position"] - row["counted"] for row in rows} == {0}
    assert await counters(conn) == {"in_person": (300, 0), "online": (0, 0)}
