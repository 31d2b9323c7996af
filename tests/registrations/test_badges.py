import base64
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from forum.db import Connection
from forum.registrations.badges import KeyRing, ensure_badge_key, verify
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, make_registration

BADGES = "/v1/editions/grf-2023/badges"


async def badges(caller: Client, registration: dict[str, Any]) -> list[dict[str, Any]]:
    """The badges of a registration as a caller sees them."""
    answer = await caller.get(BADGES, params={"registration": registration["id"]})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def test_badge_is_there_as_soon_as_a_place_in_the_hall_is(client: Client, registrar: Client) -> None:
    held = await make_registration(registrar)
    await make_registration(registrar, "b@delegates.example")
    waiting = await make_registration(registrar, "c@delegates.example")
    online = await make_registration(registrar, "d@delegates.example", mode="online")
    owner = await client.as_person("amina@delegates.example")

    (badge,) = await badges(owner, held)

    assert (badge["registration"], badge["status"]) == (held["id"], "live")
    assert [badge] == await badges(registrar, held)
    assert await badges(registrar, waiting) == await badges(registrar, online) == []
    assert await badges(await client.as_person("mallory@delegates.example"), held) == []
    assert pointers(await registrar.get(BADGES)) == {("registration", "missing")}


async def test_badge_is_verified_with_the_public_key_alone(client: Client, registrar: Client) -> None:
    (badge,) = await badges(registrar, await make_registration(registrar))
    (key,) = (await client.get("/v1/badge-keys")).json()["items"]

    data = decoded(badge["token"])
    Ed25519PublicKey.from_public_bytes(decoded(key["public_key"])).verify(data[19:], b"forum badge" + data[:19])

    assert (data[0], int.from_bytes(data[1:3]), UUID(bytes=data[3:19])) == (1, key["id"], UUID(badge["id"]))
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(decoded(key["public_key"])).verify(data[19:], b"forum badge" + bytes(19))


async def test_token_that_was_not_signed_here_is_nobodys(registrar: Client, conn: Connection) -> None:
    (badge,) = await badges(registrar, await make_registration(registrar))
    data, ring = decoded(badge["token"]), KeyRing()
    forged = [
        data[:-1] + bytes([data[-1] ^ 1]),
        bytes([2]) + data[1:],
        data[:1] + b"\x00\x63" + data[3:],
        data[:19],
        b"",
    ]

    assert await verify(conn, badge["token"], ring) == UUID(badge["id"])
    for bad in [*(base64.urlsafe_b64encode(f).decode().rstrip("=") for f in forged), "é", "!", badge["token"] + "AAAA"]:
        assert await verify(conn, bad, ring) is None


@pytest.mark.parametrize("leaving", ["withdraw", "revoke", "switch-mode"])
async def test_badge_is_revoked_with_the_place_and_a_new_one_made_on_return(registrar: Client, leaving: str) -> None:
    registration = await make_registration(registrar)
    path = f"{REGISTRATIONS}/{registration['id']}"

    await registrar.post(f"{path}/{leaving}", {"mode": "online"} if leaving == "switch-mode" else {})
    after = await badges(registrar, registration)
    await registrar.post(f"{path}/switch-mode", {"mode": "in_person"})
    returned = await badges(registrar, registration)

    assert [badge["status"] for badge in after] == ["revoked"]
    expected = ["live", "revoked"] if leaving == "switch-mode" else ["revoked"]
    assert sorted(badge["status"] for badge in returned) == expected
    assert len({badge["token"] for badge in returned}) == len(returned)


async def test_changing_a_name_keeps_the_badge(registrar: Client) -> None:
    registration = await make_registration(registrar)
    before = await badges(registrar, registration)

    await registrar.patch(f"{REGISTRATIONS}/{registration['id']}", {"person": {"family_name": "Other"}})

    assert await badges(registrar, registration) == before


async def test_signing_key_is_made_once(conn: Connection, clock: Timeline) -> None:
    before = await conn.fetch("SELECT public_key FROM badge_keys")

    await ensure_badge_key(conn, clock())

    assert await conn.fetch("SELECT public_key FROM badge_keys") == before
