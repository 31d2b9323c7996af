"""Two hundred want one slot of one room at the same moment."""

import asyncio

from tests.client import Client
from tests.factories import make_edition, make_room, make_session

SESSIONS = "/v1/editions/grf-2023/sessions"
ATTEMPTS = 200


async def test_two_hundred_simultaneous_confirms_of_one_slot_leave_exactly_one(client: Client) -> None:
    edition = await make_edition(client)
    manager = await client.as_role("programme_manager", edition["id"])
    room = await make_room(manager)
    drafts = await asyncio.gather(*(make_session(manager, "draft", room=room["id"]) for _ in range(ATTEMPTS)))

    answers = await asyncio.gather(*(manager.post(f"{SESSIONS}/{draft['id']}/confirm") for draft in drafts))

    winners = [answer.json()["id"] for answer in answers if answer.status_code == 200]
    refusals = [answer.json() for answer in answers if answer.status_code != 200]
    assert len(winners) == 1
    assert [(refusal["status"], refusal["code"], refusal["id"]) for refusal in refusals] == (
        [(409, "room_occupied", winners[0])] * (ATTEMPTS - 1)
    )
    confirmed = (await manager.get(SESSIONS, params={"status": "confirmed"})).json()["items"]
    assert [session["id"] for session in confirmed] == winners
