"""Photos of speakers, over HTTP: who may give one, who sees it, and what is refused before it is all there."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from time import perf_counter
from typing import Any

from tests.client import Client, pointers
from tests.contract.test_every_operation import assert_problem
from tests.factories import make_speaker
from tests.speakers.test_pictures import SVG, opened, png_that_claims, saved, two_halves

SPEAKERS = "/v1/editions/grf-2023/speakers"
JPEG = "image/jpeg"


async def put_photo(client: Client, speaker: dict[str, Any], content: Any, media_type: str = JPEG, **how: Any) -> Any:
    """Send a file as the photo of a speaker."""
    headers = {"Content-Type": media_type, "If-Match": "*"} | how
    return await client.request("PUT", f"{SPEAKERS}/{speaker['id']}/photo", content=content, headers=headers)


async def test_photo_is_public_only_while_the_speaker_agrees(client: Client, manager: Client) -> None:
    speaker = await make_speaker(manager)
    path = f"{SPEAKERS}/{speaker['id']}/photo"
    assert (await manager.get(path)).status_code == 404

    kept = await put_photo(manager, speaker, saved(two_halves(2400, 1200)), **{"If-Match": '"1"'})

    edition = (await client.get("/v1/editions/grf-2023")).json()["id"]
    address = f"/v1/editions/{edition}/speakers/{speaker['id']}/photo"
    assert (kept.status_code, kept.json(), kept.headers["ETag"]) == (200, {"photo": address, "version": 2}, '"2"')
    seen = await manager.get(address)
    assert (seen.status_code, seen.headers["Cache-Control"]) == (200, "private, no-store")
    assert (await client.get(path)).status_code == 404
    await manager.patch(f"{SPEAKERS}/{speaker['id']}", {"published": True})

    large, small = await client.get(path), await client.get(path, params={"size": "small"})

    assert (await client.get(f"{SPEAKERS}/{speaker['id']}")).json()["photo"] == address
    assert (opened(large.content).size, opened(small.content).size) == ((1200, 600), (240, 120))
    assert large.content == seen.content
    for answer in (large, small):
        assert (answer.headers["Content-Type"], answer.headers["X-Content-Type-Options"]) == (JPEG, "nosniff")
        assert answer.headers["Cache-Control"].startswith("public, max-age=30")
        again = await client.get(str(answer.request.url), headers={"If-None-Match": f"W/{answer.headers['ETag']}"})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
    other = await client.get(path, headers={"If-None-Match": small.headers["ETag"]})
    assert other.content == large.content
    assert pointers(await client.get(path, params={"size": "huge"})) == {("size", "bad_parameter")}
    await manager.patch(f"{SPEAKERS}/{speaker['id']}", {"published": False})
    assert (await client.get(path, headers={"If-None-Match": large.headers["ETag"]})).status_code == 404
    assert (await client.get(path, headers={"If-None-Match": "*"})).status_code == 404


async def test_photo_is_replaced_and_deleted_by_the_version_of_the_speaker(client: Client, manager: Client) -> None:
    speaker = await make_speaker(manager, published=True)
    path = f"{SPEAKERS}/{speaker['id']}/photo"
    await put_photo(manager, speaker, saved(two_halves()))
    first = (await client.get(path)).headers["ETag"]

    replaced = await put_photo(manager, speaker, saved(two_halves(100, 100), "PNG"), "image/png", **{"If-Match": '"2"'})
    stale = await put_photo(manager, speaker, saved(two_halves()), **{"If-Match": '"2"'})

    assert (replaced.status_code, stale.status_code, stale.headers["ETag"]) == (200, 412, '"3"')
    assert opened((await client.get(path, headers={"If-None-Match": first})).content).size == (100, 100)
    assert (await manager.delete(path, 2)).status_code == 412
    assert (await manager.delete(path, 3)).status_code == 204
    assert (await client.get(path)).status_code == 404
    shown = (await manager.get(f"{SPEAKERS}/{speaker['id']}")).json()
    assert (shown["photo"], shown["version"]) == (None, 4)
    assert (await manager.delete(path)).status_code == 204
    assert (await manager.get(f"{SPEAKERS}/{speaker['id']}")).json()["version"] == 4


async def test_photo_is_given_by_those_who_look_after_speakers_only(client: Client, manager: Client) -> None:
    speaker = await make_speaker(manager, published=True)
    edition = (await client.get("/v1/editions/grf-2023")).json()["id"]
    await put_photo(manager, speaker, saved(two_halves()))
    for role in ("analyst", "registrar", "checkin_staff"):
        stranger = await client.as_role(role, edition)  # type: ignore[arg-type]
        assert (await put_photo(stranger, speaker, saved(two_halves()))).status_code == 403
        assert (await stranger.delete(f"{SPEAKERS}/{speaker['id']}/photo")).status_code == 403
    assert (await put_photo(client, speaker, saved(two_halves()))).status_code == 401
    nobody = {"id": "00000000-0000-7000-8000-000000000000"}
    assert (await put_photo(manager, nobody, saved(two_halves()))).status_code == 404
    assert (await client.get(f"{SPEAKERS}/{speaker['id']}/photo")).status_code == 200


async def test_20_megabytes_are_refused_before_they_are_all_read(client: Client, manager: Client) -> None:
    speaker = await make_speaker(manager)
    told = await put_photo(manager, speaker, saved(two_halves()) + bytes(20_000_000))
    sent = 0

    async def untold() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(20):
            sent += 1_000_000
            yield bytes(1_000_000)

    streamed = await put_photo(manager, speaker, untold())

    for answer in (told, streamed):
        assert_problem(answer, 413, "too_large")
        assert answer.json()["detail"] == "Send at most 10,000,000 bytes."
    assert sent == 11_000_000
    assert (await manager.get(f"{SPEAKERS}/{speaker['id']}")).json() == speaker


async def test_what_is_no_photo_is_refused_and_nothing_changes(manager: Client) -> None:
    speaker = await make_speaker(manager)

    for media_type in ("image/svg+xml", "text/html", "application/octet-stream", "multipart/form-data; boundary=x"):
        assert_problem(await put_photo(manager, speaker, SVG, media_type), 415, "unsupported_media_type")
    for content, code in ((SVG, "unreadable_picture"), (b"", "unreadable_picture"),
                          (png_that_claims(40_000, 40_000), "too_many_pixels")):  # fmt: skip
        assert pointers(await put_photo(manager, speaker, content, "image/png")) == {("", code)}

    assert (await manager.get(f"{SPEAKERS}/{speaker['id']}")).json() == speaker


async def test_others_are_served_while_a_photo_is_worked_on(client: Client, manager: Client) -> None:
    speaker = await make_speaker(manager)
    heavy = saved(two_halves(6000, 6000), "PNG")
    began = perf_counter()
    working = asyncio.create_task(put_photo(manager, speaker, heavy, "image/png"))
    answered = [began]

    while not working.done():
        assert (await client.get("/v1/editions/grf-2023")).status_code == 200
        answered.append(perf_counter())

    assert working.result().status_code == 200
    longest = max(later - earlier for earlier, later in pairwise(answered))
    assert longest < (answered[-1] - began) / 2
