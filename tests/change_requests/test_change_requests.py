"""Late changes: what the owner must ask for, what a registrar's yes does, and what it does not undo."""

import asyncio
from typing import Any
from uuid import UUID

from forum.change_requests import service
from forum.db import Connection
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, make_delegation, make_entity, make_registration
from tests.questions.conftest import make_question

POLICY = "/v1/editions/grf-2023/change-policy"
REQUESTS = "/v1/editions/grf-2023/change-requests"
NAMES = ["Ñandú-O’Probe", "أمينة", "测试", "Проба", "Δοκιμή", "דוגמה"]


async def ask(caller: Client, path: str, **changes: Any) -> dict[str, Any]:
    """A request for a change."""
    return await caller.made(f"{path}/change-requests", {"changes": changes, "reason": "Élection."})


def refusal(answer: Any) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()["code"]


async def test_owner_asks_and_registrar_approves(
    client: Client, registrar: Client, amina: Client, path: str, clock: Timeline
) -> None:
    entity = await make_entity(registrar)
    delegation = await make_delegation(registrar, entity)
    changes = {"category": "state", "delegation": delegation["id"], "person": {"family_name": "أمينة"}}
    answer = await amina.post(f"{path}/change-requests", {"changes": changes, "reason": "Élection."})
    assert answer.status_code == 201, answer.text
    request = answer.json()
    assert request == {
        "id": request["id"],
        "registration": path.rpartition("/")[2],
        "changes": changes,
        "before": {"category": "ngo", "delegation": None, "person": {"family_name": "Probe"}},
        "reason": "Élection.",
        "status": "open",
        "requested_at": "2023-11-01T09:00:00Z",
        "requested_by": request["requested_by"],
        "decided_at": None,
        "decided_by": None,
        "decision_reason": None,
        "version": 1,
    }
    assert (await amina.get(answer.headers["Location"])).json() == request
    clock.forward(hours=1)

    approved = await registrar.made(f"{answer.headers['Location']}/approve", {"reason": "Bien."})

    decision = {"status": "approved", "decided_at": "2023-11-01T10:00:00Z", "decision_reason": "Bien.", "version": 2}
    assert approved == request | decision | {"decided_by": approved["decided_by"]}
    assert approved["decided_by"] == (await registrar.get("/v1/me")).json()["person_id"]
    assert request["requested_by"] == (await amina.get("/v1/me")).json()["person_id"]
    after = (await amina.get(path)).json()
    assert (after["category"], after["delegation"], after["version"]) == ("state", delegation["id"], 2)
    assert (after["person"]["given_name"], after["person"]["family_name"]) == ("Amina", "أمينة")
    assert (await amina.get(f"{path}/change-requests")).json()["items"] == [approved]


async def test_name_and_given_answers_are_the_owners_until_registration_is_over(
    organizer: Client, amina: Client, path: str, clock: Timeline
) -> None:
    await make_question(organizer)
    await make_question(organizer, "topic")
    early = {"person": {"family_name": "Проба"}, "answers": {"diet": "vegan"}}
    assert (await amina.patch(path, early)).status_code == 200
    assert refusal(await amina.post(f"{path}/change-requests", {"changes": early, "reason": "x"})) == (422, "invalid")
    own = {"changes": {"person": {"family_name": "测试"}}, "reason": "x"}
    assert refusal(await amina.post(f"{path}/change-requests", own)) == (409, "approval_not_needed")
    clock.forward(days=19)

    late = {"person": {"given_name": None, "family_name": "测试"}, "answers": {"diet": "fish", "topic": "jobs"}}
    refused = await amina.patch(path, late)
    free = {"person": {"language": "ar"}, "answers": {"topic": "jobs"}, "consents": [], "accessibility_needs": "Lift."}
    allowed = await amina.patch(path, free)

    assert refusal(refused) == (409, "approval_needed")
    assert [(fault["pointer"], fault["code"]) for fault in refused.json()["errors"]] == [
        ("/person/given_name", "approval_needed"),
        ("/person/family_name", "approval_needed"),
        ("/answers/diet", "approval_needed"),
    ]
    assert allowed.status_code == 200, allowed.text
    request = await ask(amina, path, **late)
    assert request["before"]["answers"] == {"diet": "vegan", "topic": "jobs"}
    await organizer.made(f"{path}/change-requests/{request['id']}/approve", {})
    after = (await amina.get(path)).json()
    assert (after["person"]["family_name"], after["answers"]) == ("测试", {"diet": "fish", "topic": "jobs"})


async def test_organizers_can_want_to_approve_names_while_registration_is_open(
    client: Client, organizer: Client, registrar: Client, amina: Client, path: str
) -> None:
    assert (await client.get(POLICY)).json() == {"needs_approval": [], "version": 0}
    assert (await registrar.patch(POLICY, {"needs_approval": ["name"]})).status_code == 403
    assert pointers(await organizer.patch(POLICY, {"needs_approval": ["name", "shoe_size"]})) == {
        ("/needs_approval/1", "unknown_value")
    }
    assert pointers(await organizer.patch(POLICY, {"needs_approval": ["name", "name"]})) == {
        ("/needs_approval", "duplicate")
    }

    made = await organizer.patch(POLICY, {"needs_approval": ["name"]}, version=0)
    stale = await organizer.patch(POLICY, {"needs_approval": []}, version=0)

    assert made.json() == {"needs_approval": ["name"], "version": 1}
    assert stale.status_code == 412
    assert refusal(await amina.patch(path, {"person": {"family_name": "X"}})) == (409, "approval_needed")
    assert (await registrar.patch(path, {"person": {"family_name": "X"}})).status_code == 200
    assert (await ask(amina, path, person={"family_name": "Y"}))["status"] == "open"


async def test_bad_requests_are_refused_with_every_fault(amina: Client, path: str, organizer: Client) -> None:
    await make_question(organizer, "meal", "choice")
    url = f"{path}/change-requests"
    for name in NAMES:
        bad = {"person": {"family_name": f"{name}\u0007"}, "mode": name, "shoe_size": name, "country": name}
        assert pointers(await amina.post(url, {"changes": bad, "reason": " ", "extra": name})) == {
            ("/changes/person/family_name", "control_character"),
            ("/changes/mode", "unknown_value"),
            ("/changes/shoe_size", "unknown_field"),
            ("/changes/country", "bad_format"),
            ("/reason", "blank"),
            ("/extra", "unknown_field"),
        }
        unknown = {"category": "martian", "delegation": path.rpartition("/")[2]}
        assert pointers(await amina.post(url, {"changes": unknown, "reason": name})) == {
            ("/changes/category", "unknown_value"),
            ("/changes/delegation", "unknown_reference"),
        }
        wrong = {"category": "state", "answers": {"meal": name, "nothing": name}}
        assert pointers(await amina.post(url, {"changes": wrong, "reason": name})) == {
            ("/changes/answers/meal", "bad_format"),
            ("/changes/answers/nothing", "unknown_question"),
        }
    same = {"changes": {"category": "ngo", "person": {"given_name": "Amina"}}, "reason": "x"}
    assert pointers(await amina.post(url, same)) == {("/changes", "nothing_to_change")}
    assert pointers(await amina.post(url, {})) == {("/changes", "missing"), ("/reason", "missing")}
    assert (await amina.get(url)).json()["items"] == []
    assert (await amina.get(path)).json()["version"] == 1


async def test_one_request_is_open_at_a_time(amina: Client, path: str) -> None:
    body = {"changes": {"category": "state"}, "reason": "x"}

    answers = await asyncio.gather(*(amina.post(f"{path}/change-requests", body) for _ in range(6)))

    [made] = [answer.json() for answer in answers if answer.status_code == 201]
    refused = [answer.json() for answer in answers if answer.status_code != 201]
    assert [(one["code"], one["id"]) for one in refused] == [("change_request_open", made["id"])] * 5
    cancelled = await amina.made(f"{path}/change-requests/{made['id']}/cancel", None)
    assert (cancelled["status"], cancelled["decided_by"]) == ("cancelled", made["requested_by"])
    assert (await amina.post(f"{path}/change-requests", body)).status_code == 201


async def test_others_see_and_decide_nothing(client: Client, registrar: Client, amina: Client, path: str) -> None:
    request = await ask(amina, path, category="state")
    url = f"{path}/change-requests/{request['id']}"
    other = await make_registration(registrar, "bei@delegates.example", mode="online")
    stranger = await client.as_person("bei@delegates.example")
    scanner = await client.as_role("checkin_staff", other["edition_id"])
    body = {"changes": {"category": "state"}, "reason": "x"}

    for caller in (stranger, scanner):
        reads = [await caller.get(one) for one in (url, f"{path}/change-requests")]
        writes = [await caller.post(f"{url}/cancel"), await caller.post(f"{path}/change-requests", body)]
        decisions = [await caller.post(f"{url}/{verb}", {"reason": "x"}) for verb in ("approve", "decline")]
        assert [answer.status_code for answer in (*reads, *writes)] == [404] * 4
        assert [answer.status_code for answer in decisions] == [403, 403]
        assert (await caller.get(REQUESTS)).status_code == 403
    elsewhere = f"{REGISTRATIONS}/{other['id']}/change-requests/{request['id']}"
    assert (await stranger.get(elsewhere)).status_code == 404
    assert (await registrar.post(f"{elsewhere}/approve")).status_code == 404
    assert (await amina.post(f"{url}/approve")).status_code == 403
    assert (await registrar.post(f"{url}/cancel")).status_code == 404
    assert (await registrar.get(url)).json() == request


async def test_decided_request_stays_decided(registrar: Client, amina: Client, path: str) -> None:
    request = await ask(amina, path, category="state")
    url = f"{path}/change-requests/{request['id']}"

    unexplained = await registrar.post(f"{url}/decline", {})
    declined = await registrar.made(f"{url}/decline", {"reason": "Нет мандата."})

    assert pointers(unexplained) == {("/reason", "missing")}
    assert (declined["status"], declined["decision_reason"]) == ("declined", "Нет мандата.")
    for caller, verb in ((registrar, "approve"), (registrar, "decline"), (amina, "cancel")):
        body = {} if verb == "cancel" else {"reason": "x"}
        assert refusal(await caller.post(f"{url}/{verb}", body)) == (409, "wrong_status")
    assert (await amina.get(path)).json()["category"] == "ngo"


async def test_two_approvals_at_once_change_the_registration_once(
    client: Client, registrar: Client, organizer: Client, amina: Client, path: str
) -> None:
    request = await ask(amina, path, category="state", mode="in_person")
    url = f"{path}/change-requests/{request['id']}"

    answers = await asyncio.gather(
        *(
            caller.post(f"{url}/{verb}", {"reason": "x"})
            for verb in ("approve", "decline")
            for caller in (registrar, organizer) * 3
        )
    )

    won = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(won) == 1
    assert {refusal(answer) for answer in answers if answer.status_code != 200} == {(409, "wrong_status")}
    after = (await amina.get(path)).json()
    assert (after["category"], after["mode"], after["version"]) == (
        ("state", "in_person", 3) if won[0]["status"] == "approved" else ("ngo", "online", 1)
    )


async def test_registration_that_has_moved_on_is_not_changed_back(registrar: Client, amina: Client, path: str) -> None:
    request = await ask(amina, path, category="state", person={"family_name": "דוגמה"})
    url = f"{path}/change-requests/{request['id']}"
    await registrar.patch(path, {"category": "sport", "person": {"family_name": "Δοκιμή", "given_name": "A"}})

    moved = await registrar.post(f"{url}/approve")

    assert refusal(moved) == (409, "registration_changed")
    assert moved.json()["errors"] == [
        {
            "pointer": "/changes/person/family_name",
            "code": "changed_meanwhile",
            "detail": 'It was "Probe" when this was asked for, and is "Δοκιμή".',
        },
        {
            "pointer": "/changes/category",
            "code": "changed_meanwhile",
            "detail": 'It was "ngo" when this was asked for, and is "sport".',
        },
    ]
    assert (await registrar.get(url)).json() == request
    await registrar.patch(path, {"category": "ngo", "person": {"family_name": "Probe", "given_name": "B"}})
    assert (await registrar.post(f"{url}/approve")).status_code == 200
    assert (await registrar.get(path)).json()["person"]["given_name"] == "B"


async def test_mode_changes_with_its_places_or_waits_for_one(
    registrar: Client, amina: Client, path: str, conn: Connection
) -> None:
    holder = await make_registration(registrar, "bei@delegates.example")
    request = await ask(amina, path, mode="in_person", category="state")

    await registrar.made(f"{path}/change-requests/{request['id']}/approve", {})

    meanwhile = (await amina.get(path)).json()
    assert (meanwhile["mode"], meanwhile["waits_for"], meanwhile["category"]) == ("online", "in_person", "state")
    await registrar.made(f"{REGISTRATIONS}/{holder['id']}/withdraw", {})
    after = (await amina.get(path)).json()
    assert (after["status"], after["mode"], after["waits_for"]) == ("approved", "in_person", None)
    assert [tuple(row) for row in await conn.fetch("SELECT mode, taken FROM places ORDER BY mode")] == [
        ("in_person", 1), ("online", 0),
    ]  # fmt: skip
    moved = await ask(amina, path, mode="online")
    await registrar.made(f"{path}/switch-mode", {"mode": "online"})
    late = await registrar.post(f"{path}/change-requests/{moved['id']}/approve")
    assert refusal(late) == (409, "registration_changed")


async def test_place_that_is_used_up_leaves_everything_as_it_is(
    registrar: Client, amina: Client, path: str, conn: Connection
) -> None:
    delegation = await make_delegation(registrar, await make_entity(registrar))
    await conn.execute("UPDATE quotas SET quota = 0 WHERE delegation_id = $1", UUID(delegation["id"]))
    request = await ask(amina, path, delegation=delegation["id"], person={"family_name": "Проба"})
    url = f"{path}/change-requests/{request['id']}"

    refused = await registrar.post(f"{url}/approve")

    assert refusal(refused) == (409, "quota_reached")
    left = (await amina.get(path)).json()
    assert (left["delegation"], left["person"]["family_name"], left["version"]) == (None, "Probe", 1)
    assert (await amina.get(url)).json() == request


async def test_rules_are_those_of_the_moment_of_approval(organizer: Client, amina: Client, path: str) -> None:
    await make_question(organizer, "meal", "choice")
    request = await ask(amina, path, category="state", answers={"meal": "halal"})
    url = f"{path}/change-requests/{request['id']}/approve"
    option = {"value": "vegan", "label": {"en": "Vegan"}}
    await organizer.patch("/v1/editions/grf-2023/questions/meal", {"options": [option]})

    outdated = await organizer.post(url)
    assert refusal(outdated) == (409, "changes_outdated")
    assert [(one["pointer"], one["code"]) for one in outdated.json()["errors"]] == [
        ("/changes/answers/meal", "unknown_value")
    ]
    assert ((await amina.get(path)).json()["category"], (await amina.get(path)).json()["version"]) == ("ngo", 1)
    await organizer.made(f"{path}/withdraw", {})
    assert refusal(await organizer.post(url)) == (409, "registration_ended")
    again = await amina.post(f"{path}/change-requests", {"changes": {"mode": "online"}, "reason": "x"})
    assert refusal(again) == (409, "registration_ended")


async def test_list_is_filtered_for_registrars(client: Client, registrar: Client, amina: Client, path: str) -> None:
    first = await ask(amina, path, category="state")
    other = await make_registration(registrar, "bei@delegates.example", mode="online", category="sport")
    bei = await client.as_person("bei@delegates.example")
    second = await ask(bei, f"{REGISTRATIONS}/{other['id']}", mode="in_person")
    await registrar.made(f"{path}/change-requests/{first['id']}/decline", {"reason": "x"})

    async def found(**wanted: Any) -> list[str]:
        return [one["id"] for one in (await registrar.get(REQUESTS, params=wanted)).json()["items"]]

    assert await found() == [first["id"], second["id"]]
    assert await found(status="open") == await found(field="mode") == await found(category="sport") == [second["id"]]
    assert await found(status="declined") == await found(registration=first["registration"]) == [first["id"]]
    assert await found(delegation=first["id"]) == []
    page = (await registrar.get(REQUESTS, params={"limit": 1, "count": True})).json()
    assert (len(page["items"]), page["total"]) == (1, 2)
    assert await found(cursor=page["next_cursor"]) == [second["id"]]


async def test_answers_leave_requests_when_their_time_is_up_and_the_erased_have_asked_for_nothing(
    organizer: Client, amina: Client, path: str, clock: Timeline, conn: Connection
) -> None:
    await make_question(organizer)
    await make_question(organizer, "topic", retention="one_year_after")
    await amina.patch(path, {"answers": {"diet": "vegan", "topic": "jobs"}})
    request = await ask(amina, path, category="state", answers={"diet": "fish", "topic": None})
    url = f"{path}/change-requests/{request['id']}"
    clock.forward(days=46)

    assert await service.forget_due_changes(conn, clock()) == 1
    assert await service.forget_due_changes(conn, clock()) == 0

    left = (await organizer.get(url)).json()
    assert (left["changes"], left["before"]) == (
        {"category": "state", "answers": {"topic": None}},
        {"category": "ngo", "answers": {"topic": "jobs"}},
    )
    await organizer.made(f"{path}/erase", {"reason": "asked_by_the_person"})
    assert await conn.fetchval("SELECT count(*) FROM change_requests") == 0


async def test_nothing_is_changed_any_more_when_the_edition_is_over(client: Client, amina: Client, path: str) -> None:
    admin = await client.as_role("admin")
    await admin.made("/v1/editions/grf-2023/cancel", None)

    late = await amina.post(f"{path}/change-requests", {"changes": {"category": "state"}, "reason": "x"})

    assert refusal(late) == (409, "registration_closed")
