"""What a scanner that is offline must know: which badges are no longer good."""

from typing import Any
from uuid import UUID

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, make_edition, make_registration

BADGES = "/v1/editions/grf-2023/badges"
REVOKED = f"{BADGES}/revoked"


@pytest.fixture
async def scanner(client: Client, edition: dict[str, Any]) -> Client:
    """A device that may scan for the edition."""
    return await client.as_client(edition["id"], "scans:record", kind="device")


async def revoke_badge(registrar: Client, email: str) -> str:
    """The id of a badge that was made and revoked."""
    registration = await make_registration(registrar, email)
    (badge,) = (await registrar.get(BADGES, params={"registration": registration["id"]})).json()["items"]
    await registrar.made(f"{REGISTRATIONS}/{registration['id']}/withdraw", {})
    badge_id: str = badge["id"]
    return badge_id


async def test_revoked_badges_are_listed_by_revocation_and_nothing_else_is_told(
    client: Client, registrar: Client, scanner: Client, clock: Timeline
) -> None:
    await make_registration(registrar, "live@delegates.example")
    revoked = []
    for name in "cab":
        clock.forward(hours=1)
        revoked.append({"id": await revoke_badge(registrar, f"{name}@delegates.example"), "revoked_at": _text(clock)})
    await make_edition(client, slug="imrf-2022")

    answer = await scanner.get(REVOKED, params={"count": True})

    assert answer.json() == {"items": revoked, "next_cursor": None, "total": 3}
    elsewhere = await (await client.as_role("admin")).get("/v1/editions/imrf-2022/badges/revoked")
    assert elsewhere.json()["items"] == []


def _text(clock: Timeline) -> str:
    return clock().isoformat().replace("+00:00", "Z")


async def test_scanner_goes_on_where_it_stopped(registrar: Client, scanner: Client, clock: Timeline) -> None:
    same_instant = [await revoke_badge(registrar, f"{n}@delegates.example") for n in range(4)]
    clock.forward(hours=1)
    same_instant.sort(key=lambda badge_id: UUID(badge_id).bytes)
    last = await revoke_badge(registrar, "last@delegates.example")

    seen, cursor = [], None
    while True:
        page = (await scanner.get(REVOKED, params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [badge["id"] for badge in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break

    assert seen == [*same_instant, last]


async def test_scanner_hears_of_what_was_seen_late(
    registrar: Client, scanner: Client, clock: Timeline, conn: Connection
) -> None:
    old = await revoke_badge(registrar, "old@delegates.example")
    clock.forward(minutes=10)
    known = await revoke_badge(registrar, "known@delegates.example")
    since = _text(clock)
    late = await revoke_badge(registrar, "late@delegates.example")
    await conn.execute("UPDATE badges SET revoked_at = revoked_at - interval '100 seconds' WHERE id = $1", UUID(late))
    clock.forward(minutes=10)
    new = await revoke_badge(registrar, "new@delegates.example")

    answer = (await scanner.get(REVOKED, params={"since": since, "count": True})).json()

    assert [badge["id"] for badge in answer["items"]] == [late, known, new]
    assert answer["total"] == 3
    assert old not in str(answer)


async def test_list_is_for_those_who_scan(client: Client, registrar: Client, edition: dict[str, Any]) -> None:
    allowed = [await client.as_role("checkin_staff", edition["id"]), await client.as_role("organizer", edition["id"])]
    refused = [
        registrar,
        await client.as_role("analyst", edition["id"]),
        await client.as_person("amina@delegates.example"),
        await client.as_client(edition["id"], "registrations:create"),
    ]

    assert [(await caller.get(REVOKED)).status_code for caller in allowed] == [200, 200]
    assert [(await caller.get(REVOKED)).status_code for caller in refused] == [403] * 4


@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"since": "yesterday"}, ("since", "bad_parameter")),
        ({"since": "2023-12-13T08:00:00"}, ("since", "timezone_missing")),
        ({"since": "2023-02-30T08:00:00Z"}, ("since", "bad_parameter")),
        ({"since": "0001-01-01T00:00:00+14:00"}, ("since", "out_of_range")),
        ({"cursor": "W10"}, ("cursor", "bad_cursor")),
        ({"cursor": "WyIyMDIzLTEyLTEzVDA4OjAwOjAwIiwieCJd"}, ("cursor", "bad_cursor")),
        ({"limit": 0}, ("limit", "bad_parameter")),
    ],
)
async def test_bad_question_is_refused(scanner: Client, parameters: dict[str, Any], fault: tuple[str, str]) -> None:
    assert pointers(await scanner.get(REVOKED, params=parameters)) == {fault}


async def test_cursor_of_no_time_is_refused(scanner: Client) -> None:
    # ["0001-01-01T00:00:00+14:00", "00000000-0000-0000-0000-000000000000"]
    cursor = "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzE0OjAwIiwgIjAwMDAwMDAwLTAwMDAtMDAwMC0wMDAwLTAwMDAwMDAwMDAwMCJd"

    assert (await scanner.get(REVOKED, params={"cursor": cursor})).status_code == 422
