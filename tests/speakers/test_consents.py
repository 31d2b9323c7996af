"""Consent is a history: who said it, when, by which way; what was said last holds at once."""

from typing import Any

from forum.db import Connection
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_appearance, make_edition, make_session, make_speaker, publish_programme
from tests.post import Post
from tests.speakers.test_invitations import ADDRESS, came_by, invite

SPEAKERS = "/v1/editions/grf-2023/speakers"


def without_tokens(consents: list[dict[str, Any]]) -> list[tuple[bool, str, str, str | None]]:
    """What was said, by which way, when and with which note, oldest first."""
    assert sorted(consents, key=lambda consent: consent["number"]) == consents
    return [(one["agreed"], one["way"], one["decided_at"], one["note"]) for one in consents]


async def test_every_word_of_staff_and_speaker_is_kept(
    client: Client, manager: Client, post: Post, clock: Timeline, conn: Connection
) -> None:
    speaker = await make_speaker(manager, email=ADDRESS, published=True)
    await invite(manager, await make_session(manager), speaker)
    holder, path = await came_by(client, await post.link()), f"{SPEAKERS}/{speaker['id']}"
    clock.forward(hours=1)
    await manager.patch(path, {"published": False})
    await manager.patch(path, {"published": False, "function": "Mayor"})
    clock.forward(hours=1)
    noted = await manager.made(f"{path}/consent", {"agreed": True, "note": "By telephone, 1 November"})
    clock.forward(hours=1)
    own = await holder.made(f"{path}/consent", {"agreed": False})

    listed = (await manager.get(f"{path}/consents")).json()["items"]

    assert without_tokens(listed) == [
        (True, "staff", "2023-11-01T09:00:00Z", None),
        (False, "staff", "2023-11-01T10:00:00Z", None),
        (True, "staff", "2023-11-01T11:00:00Z", "By telephone, 1 November"),
        (False, "link", "2023-11-01T12:00:00Z", None),
    ]
    assert (listed[2], listed[3]) == (noted, own)
    kinds = await conn.fetch("SELECT c.way, t.kind FROM speaker_consents c JOIN tokens t ON t.id = c.by_token")
    assert {tuple(row) for row in kinds} == {("staff", "person"), ("link", "speaker")}
    assert (await holder.get(f"{path}/consents")).json()["items"] == listed
    page = (await manager.get(f"{path}/consents", params={"limit": "3"})).json()
    rest = await manager.get(f"{path}/consents", params={"cursor": page["next_cursor"]})
    assert page["items"] + rest.json()["items"] == listed
    shown = (await manager.get(path)).json()
    assert (shown["published"], shown["function"], shown["version"]) == (False, "Mayor", 6)


async def test_speaker_who_takes_consent_back_leaves_every_release_at_once(
    client: Client, manager: Client, post: Post
) -> None:
    session, speaker = await make_session(manager), await make_speaker(manager, email=ADDRESS, published=True)
    await make_appearance(manager, session, speaker)
    appearance = await invite(manager, session, speaker, role="chair")
    assert appearance["status"] == "invited"
    holder, path = await came_by(client, await post.link()), f"{SPEAKERS}/{speaker['id']}"
    await publish_programme(manager)
    read = ("/v1/editions/grf-2023/programme", "/v1/editions/grf-2023/programme/releases/1", path)
    for address in read:
        assert "Amal Probe" in (await client.get(address)).text

    await holder.made(f"{path}/consent", {"agreed": False})

    for address in read:
        assert "Amal Probe" not in (await client.get(address)).text
    assert (await client.get(path)).status_code == 404
    await holder.made(f"{path}/consent", {"agreed": True})
    for address in read:
        assert "Amal Probe" in (await client.get(address)).text


async def test_consent_is_said_for_a_speaker_by_those_who_look_after_them_only(client: Client, manager: Client) -> None:
    speaker = await make_speaker(manager)
    other = await make_edition(client, slug="elsewhere")
    stranger = await client.as_role("programme_manager", other["id"], "stranger@staff.example")
    path = f"{SPEAKERS}/{speaker['id']}"

    assert (await client.post(f"{path}/consent", {"agreed": True})).status_code == 401
    assert (await stranger.post(f"{path}/consent", {"agreed": True})).status_code == 403
    foreign = f"/v1/editions/elsewhere/speakers/{speaker['id']}"
    assert (await stranger.post(f"{foreign}/consent", {"agreed": True})).status_code == 404
    assert (await stranger.get(f"{foreign}/consents")).status_code == 404

    assert (await manager.get(f"{path}/consents")).json()["items"] == []
    assert (await manager.get(path)).json() == speaker
