from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.factories import REGISTRATIONS, make_edition, make_registration, registration_fields


async def states(registrar: Client) -> dict[str, tuple[str, str, int | None]]:
    """Status, mode and position of each registration, by the first word of its address."""
    page = (await registrar.get(REGISTRATIONS)).json()
    return {
        r["person"]["email"].partition("@")[0]: (r["status"], r["mode"], r["waitlist_position"]) for r in page["items"]
    }


async def fill(registrar: Client, *names: str, **changes: Any) -> list[str]:
    """Registrations of these names, in this order; their paths."""
    made = [await make_registration(registrar, f"{name}@delegates.example", **changes) for name in names]
    return [f"{REGISTRATIONS}/{registration['id']}" for registration in made]


async def invited(conn: Connection) -> set[str]:
    """The first words of the addresses of those whose calendars are to be looked at."""
    rows = await conn.fetch(
        "SELECT split_part(p.email, '@', 1) AS name FROM outbox o "
        "JOIN registrations r ON r.id = (o.payload ->> 'registration_id')::uuid JOIN persons p ON p.id = r.person_id"
    )
    return {row["name"] for row in rows}


async def test_places_go_in_order_of_arrival_and_the_rest_waits(registrar: Client) -> None:
    await fill(registrar, "a", "b", "c", "d")
    await fill(registrar, "e", mode="online")

    assert await states(registrar) == {
        "a": ("approved", "in_person", None),
        "b": ("approved", "in_person", None),
        "c": ("waitlisted", "in_person", 1),
        "d": ("waitlisted", "in_person", 2),
        "e": ("approved", "online", None),
    }


@pytest.mark.parametrize("leaving", ["withdraw", "revoke", "switch"])
async def test_place_that_is_freed_goes_to_who_has_waited_longest(
    registrar: Client, conn: Connection, leaving: str
) -> None:
    paths = await fill(registrar, "a", "b", "c", "d")
    await conn.execute("DELETE FROM outbox")

    if leaving == "switch":
        answer = await registrar.post(f"{paths[0]}/switch-mode", {"mode": "online"})
    else:
        answer = await registrar.post(f"{paths[0]}/{leaving}")

    outcome = {"withdraw": "withdrawn", "revoke": "revoked", "switch": "approved"}[leaving]
    mode = "online" if leaving == "switch" else "in_person"
    assert (answer.json()["status"], answer.json()["mode"], answer.json()["version"]) == (outcome, mode, 2)
    assert await states(registrar) == {
        "a": (outcome, mode, None),
        "b": ("approved", "in_person", None),
        "c": ("approved", "in_person", None),
        "d": ("waitlisted", "in_person", 1),
    }
    assert await invited(conn) == {"a", "c"}


async def test_leaving_the_waiting_list_moves_up_the_others_and_frees_nothing(registrar: Client) -> None:
    paths = await fill(registrar, "a", "b", "c", "d", "e")

    await registrar.post(f"{paths[2]}/withdraw")
    await registrar.post(f"{paths[3]}/decline")

    assert await states(registrar) == {
        "a": ("approved", "in_person", None),
        "b": ("approved", "in_person", None),
        "c": ("withdrawn", "in_person", None),
        "d": ("declined", "in_person", None),
        "e": ("waitlisted", "in_person", 1),
    }


async def test_raised_capacity_promotes_and_lowered_capacity_drops_nobody(
    client: Client, registrar: Client, edition: dict[str, Any], conn: Connection
) -> None:
    organizer = await client.as_role("organizer", edition["id"])
    paths = await fill(registrar, "a", "b", "c", "d", "e")

    await organizer.patch("/v1/editions/grf-2023", {"in_person_capacity": 4})
    raised = await states(registrar)
    await organizer.patch("/v1/editions/grf-2023", {"in_person_capacity": 1})
    lowered = await states(registrar)
    for path in paths[:3]:
        await registrar.post(f"{path}/withdraw")
    at_capacity = await states(registrar)
    await registrar.post(f"{paths[3]}/withdraw")
    below = await states(registrar)

    approved = lambda found: "".join(name for name, state in found.items() if state[0] == "approved")  # noqa: E731
    assert [approved(found) for found in (raised, lowered, at_capacity, below)] == ["abcd", "abcd", "d", "e"]
    row = await conn.fetchrow("SELECT taken, kept_over_capacity FROM places WHERE mode = 'in_person'")
    assert tuple(row or ()) == (1, 0)


async def test_unlimited_capacity_takes_everybody_who_waits(
    client: Client, registrar: Client, edition: dict[str, Any]
) -> None:
    organizer = await client.as_role("organizer", edition["id"])
    await fill(registrar, "a", "b", "c", "d")

    await organizer.patch("/v1/editions/grf-2023", {"in_person_capacity": None})

    assert {state[0] for state in (await states(registrar)).values()} == {"approved"}


async def test_review_submits_first_and_approval_takes_the_place(client: Client) -> None:
    edition = await make_edition(client, in_person_capacity=1, approval="review")
    registrar = await client.as_role("registrar", edition["id"])
    frontend = await client.as_client(edition["id"], "registrations:create")
    paths = await fill(frontend, "a", "b", "c")
    before = await states(registrar)

    first = await registrar.post(f"{paths[1]}/approve")
    second = await registrar.post(f"{paths[0]}/approve")
    declined = await registrar.post(f"{paths[2]}/decline", {"reason": "not invited"})
    again = await registrar.post(f"{paths[1]}/approve")

    assert {state[0] for state in before.values()} == {"submitted"}
    assert [a.json()["status"] for a in (first, second, declined)] == ["approved", "waitlisted", "declined"]
    assert (again.status_code, again.json()["code"]) == (409, "wrong_status")
    assert again.json()["allowed"] == ["withdraw", "revoke"]


async def test_waiting_person_who_switches_online_has_a_place_at_once(registrar: Client) -> None:
    paths = await fill(registrar, "a", "b", "c", "d")

    answer = await registrar.post(f"{paths[2]}/switch-mode", {"mode": "online"})

    assert (answer.json()["status"], answer.json()["mode"]) == ("approved", "online")
    assert (await states(registrar))["d"] == ("waitlisted", "in_person", 1)


async def test_waiting_person_who_switches_to_another_full_mode_is_refused(registrar: Client, conn: Connection) -> None:
    await conn.execute("UPDATE places SET capacity = 0 WHERE mode = 'online'")
    await fill(registrar, "a", "b")
    (path,) = await fill(registrar, "c")
    await conn.execute("DELETE FROM outbox")

    answer = await registrar.post(f"{path}/switch-mode", {"mode": "online"})

    assert (answer.status_code, answer.json()["code"]) == (409, "no_place_free")
    assert (await states(registrar))["c"] == ("waitlisted", "in_person", 1)
    assert await invited(conn) == set()


async def test_switch_to_the_same_mode_changes_nothing(registrar: Client) -> None:
    (path,) = await fill(registrar, "a")

    answer = await registrar.post(f"{path}/switch-mode", {"mode": "in_person"})

    assert (answer.status_code, answer.json()["version"]) == (200, 1)


async def test_own_switch_needs_an_open_window_and_a_review_where_staff_decides(client: Client) -> None:
    edition = await make_edition(
        client, approval="review", registration={"in_person": {}, "online": {"closes_at": "2023-10-01T00:00:00Z"}}
    )
    registrar = await client.as_role("registrar", edition["id"])
    hall, online = await fill(registrar, "hall"), await fill(registrar, "online", mode="online")
    to_online, to_hall = {"mode": "online"}, {"mode": "in_person"}

    closed = await (await client.as_person("hall@delegates.example")).post(f"{hall[0]}/switch-mode", to_online)
    review = await (await client.as_person("online@delegates.example")).post(f"{online[0]}/switch-mode", to_hall)
    staff = await registrar.post(f"{online[0]}/switch-mode", to_hall)

    assert (closed.status_code, closed.json()["code"]) == (409, "registration_closed")
    assert review.status_code == 403
    assert (staff.status_code, staff.json()["mode"]) == (200, "in_person")


async def test_switch_to_a_mode_that_is_not_offered_is_refused(client: Client) -> None:
    edition = await make_edition(client, mode="in_person")
    registrar = await client.as_role("registrar", edition["id"])
    (path,) = await fill(registrar, "a")

    assert pointers(await registrar.post(f"{path}/switch-mode", {"mode": "online"})) == {("/mode", "mode_not_offered")}


async def test_capacity_of_zero_lets_everybody_wait(client: Client) -> None:
    edition = await make_edition(client, in_person_capacity=0)
    registrar = await client.as_role("registrar", edition["id"])

    answer = await registrar.post(REGISTRATIONS, registration_fields())

    assert (answer.status_code, answer.json()["status"], answer.json()["waitlist_position"]) == (201, "waitlisted", 1)


async def test_wrong_moves_name_those_that_are_allowed(registrar: Client) -> None:
    approved, waiting = await fill(registrar, "a"), await fill(registrar, "b", "c")
    await registrar.post(f"{approved[0]}/withdraw")

    for path, move, allowed in (
        (approved[0], "withdraw", []),
        (approved[0], "approve", []),
        (waiting[0], "decline", ["withdraw", "revoke"]),
    ):
        answer = await registrar.post(f"{path}/{move}")
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_status")
        assert answer.json().get("allowed", []) == allowed
    switch = await registrar.post(f"{approved[0]}/switch-mode", {"mode": "online"})
    assert (switch.status_code, switch.json()["code"]) == (409, "wrong_status")
