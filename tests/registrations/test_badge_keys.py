"""The keys of badges: where scanners find them, and how they are changed."""

import base64

from forum.db import Connection
from forum.registrations.badges import KeyRing, ensure_badge_key, rotate_badge_key, verify
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import badge_token, make_registration

KEYS, WELL_KNOWN = "/v1/badge-keys", "/.well-known/forum-badge-keys"
PUBLIC_CACHING = "public, max-age=30, stale-while-revalidate=300"


async def test_keys_are_public_at_two_addresses_and_can_be_cached(client: Client, conn: Connection) -> None:
    listed, known = await client.get(KEYS), await client.get(WELL_KNOWN)

    assert listed.json() == known.json()
    assert [set(key) for key in known.json()["items"]] == [{"id", "algorithm", "public_key"}]
    assert {answer.headers["Cache-Control"] for answer in (listed, known)} == {PUBLIC_CACHING}
    assert known.headers["Content-Type"] == "application/json"
    private = await conn.fetchval("SELECT private_key FROM badge_keys")
    assert private not in known.content


async def test_scanner_that_has_the_keys_is_told_so_until_they_change(
    client: Client, conn: Connection, clock: Timeline
) -> None:
    etag = (await client.get(WELL_KNOWN)).headers["ETag"]

    same = await client.get(WELL_KNOWN, headers={"If-None-Match": etag})
    await rotate_badge_key(conn, clock())
    changed = await client.get(WELL_KNOWN, headers={"If-None-Match": etag})

    assert (same.status_code, same.content) == (304, b"")
    assert (changed.status_code, len(changed.json()["items"])) == (200, 2)


async def test_new_key_signs_and_the_old_one_verifies(
    client: Client, registrar: Client, conn: Connection, clock: Timeline
) -> None:
    ring = KeyRing()
    before = await make_registration(registrar)
    old_token = await badge_token(registrar, before)
    assert await verify(conn, old_token, ring)

    key_id = await rotate_badge_key(conn, clock())
    new_token = await badge_token(registrar, await make_registration(registrar, "b@delegates.example"))

    assert [key["id"] for key in (await client.get(KEYS)).json()["items"]] == [key_id - 1, key_id]
    assert await badge_token(registrar, before) == old_token
    assert all([await verify(conn, token, ring) for token in (old_token, new_token)])
    assert _key_of(old_token) == key_id - 1
    assert _key_of(new_token) == key_id


def _key_of(token: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(token[:4])[1:3])


async def test_start_after_a_rotation_makes_no_key(conn: Connection, clock: Timeline) -> None:
    await rotate_badge_key(conn, clock())

    await ensure_badge_key(conn, clock())

    assert await conn.fetchval("SELECT count(*) FROM badge_keys") == 2
