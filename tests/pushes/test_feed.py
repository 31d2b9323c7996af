"""A person's own feed: what they were told, once, in their language; and nothing of anybody else."""

from typing import Any, get_args
from uuid import UUID, uuid4

from forum.db import Connection
from forum.notifications.headlines import _TELL
from forum.notifications.service import plan_edition
from forum.notifications.types import MessageKind
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.contract.test_every_operation import assert_problem
from tests.factories import (
    REGISTRATIONS,
    make_appearance,
    make_edition,
    make_registration,
    make_session,
    make_speaker,
    publish_programme,
)
from tests.post import Post, link_in
from tests.pushes.conftest import ADDRESS, NOTIFICATIONS

FEED_KEYS = {
    "id", "kind", "edition_id", "edition", "session_id", "registration_id", "title", "text", "language", "created_at",
    "read_at",
}  # fmt: skip


async def told(reader: Client, **params: Any) -> list[dict[str, Any]]:
    """What somebody reads."""
    answer = await reader.get(NOTIFICATIONS, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_person_reads_what_they_were_told_latest_first_and_nobody_else_does(
    client: Client, organizer: Client, post: Post, clock: Timeline
) -> None:
    session = await make_session(organizer, access="registered")
    await publish_programme(organizer)
    registration = await make_registration(organizer, ADDRESS)
    await make_registration(organizer, "bei@delegates.example")
    await post.deliver()
    person = await client.as_person(ADDRESS)

    items = await told(person)

    assert all(item.keys() == FEED_KEYS for item in items)
    assert [(item["kind"], item["session_id"], item["registration_id"]) for item in items] == [
        ("registration", None, registration["id"]),
        ("invitation", session["id"], registration["id"]),
    ]
    assert [(item["title"], item["edition"], item["language"]) for item in items] == [
        ("Your registration: Global Refugee Forum 2023", "grf-2023", "en"),
        ("Invitation: Opening plenary", "grf-2023", "en"),
    ]
    assert items[0]["text"] == "You are registered and have a place."
    assert items[1]["text"].startswith("You have a place in this session of Global Refugee Forum 2023. Wednesday, ")
    assert items[1]["text"].endswith("(Europe/Zurich)")
    stranger = await client.as_person("nobody@delegates.example")
    assert await told(stranger) == []
    assert_problem(await stranger.post(f"{NOTIFICATIONS}/{items[0]['id']}/read"), 404, "not_found")
    assert_problem(await person.post(f"{NOTIFICATIONS}/{uuid4()}/read"), 404, "not_found")
    machine = await client.as_client(registration["edition_id"], "registrations:create")
    assert (await machine.get(NOTIFICATIONS)).status_code == 403


async def test_feed_is_paged_filtered_and_in_six_languages(
    client: Client, organizer: Client, post: Post, clock: Timeline
) -> None:
    for hour in (8, 10, 12):
        times = {"starts_at": f"2023-12-13T{hour:02}:00:00Z", "ends_at": f"2023-12-13T{hour + 1:02}:00:00Z"}
        await make_session(organizer, access="registered", room=None, **times)
    await publish_programme(organizer)
    await make_registration(organizer, ADDRESS)
    await post.deliver()
    await make_edition(client, slug="elsewhere")
    clock.forward(hours=1)
    await make_registration(await client.as_role("admin"), ADDRESS, edition="elsewhere")
    await post.deliver()
    person = await client.as_person(ADDRESS)

    everything = await told(person)
    pages, cursor = list[Any](), None
    while True:
        params = {"limit": 2, "count": True} | ({"cursor": cursor} if cursor else {})
        page = (await person.get(NOTIFICATIONS, params=params)).json()
        pages, cursor = [*pages, *page["items"]], page["next_cursor"]
        assert page["total"] == 5
        if cursor is None:
            break

    assert pages == everything
    assert len(everything) == 5
    assert {item["kind"] for item in await told(person, kind="invitation")} == {"invitation"}
    (late,) = await told(person, since="2023-11-01T09:30:00Z")
    assert [late] == await told(person, edition="elsewhere") == await told(person, edition=late["edition_id"])
    titles = [(await told(person, lang=tag, edition="elsewhere"))[0]["title"] for tag in ("ar", "es", "fr", "ru", "zh")]
    assert len({late["title"], *titles}) == 6
    assert (await told(person, lang="pt", edition="elsewhere"))[0] == late
    assert pointers(await person.get(NOTIFICATIONS, params={"since": "2023-11-01T09:30:00"})) == {
        ("since", "timezone_missing")
    }


async def test_what_was_superseded_taken_back_or_sent_again_is_told_once(
    client: Client, organizer: Client, post: Post, conn: Connection
) -> None:
    session = await make_session(organizer, access="registered")
    await publish_programme(organizer)
    registration = await make_registration(organizer, ADDRESS)
    await post.plan()
    person = await client.as_person(ADDRESS)
    assert [item["title"][:10] for item in await told(person, kind="invitation")] == ["Invitation"]
    moved = {"starts_at": "2023-12-13T15:00:00Z", "ends_at": "2023-12-13T16:00:00Z"}
    await organizer.patch(f"/v1/editions/grf-2023/sessions/{session['id']}", moved)
    await publish_programme(organizer)
    await plan_edition(conn, UUID(registration["edition_id"]))
    await post.deliver()

    (invitation,) = await told(person, kind="invitation")
    assert ("4:00" in invitation["text"], "9:00" in invitation["text"]) == (True, False)
    messages = "/v1/editions/grf-2023/messages"
    (sent,) = [m for m in (await organizer.get(messages)).json()["items"] if m["kind"] == "registration"]
    again = await organizer.made(f"{messages}/{sent['id']}/resend", None)
    assert [item["id"] for item in await told(person, kind="registration")] == [sent["id"]]
    assert (await organizer.post(f"{messages}/{again['id']}/cancel")).status_code == 200
    withdrawn = await person.post(f"{REGISTRATIONS}/{registration['id']}/withdraw")
    assert withdrawn.status_code == 200
    await post.deliver()
    latest = await told(person)
    assert {item["title"] for item in latest if item["kind"] == "invitation"} == {
        "Invitation: Opening plenary",
        "Cancelled: Opening plenary",
    }
    assert "Your registration was withdrawn. You have no place any more." in {item["text"] for item in latest}


async def test_read_marks_are_kept_once_and_count_what_is_unread(
    client: Client, organizer: Client, post: Post, clock: Timeline
) -> None:
    await make_session(organizer, access="registered")
    await publish_programme(organizer)
    await make_registration(organizer, ADDRESS)
    await post.plan()
    person = await client.as_person(ADDRESS)
    newest, oldest = await told(person)
    clock.forward(minutes=1)

    read = await person.made(f"{NOTIFICATIONS}/{newest['id']}/read", None)
    clock.forward(minutes=1)
    again = await person.made(f"{NOTIFICATIONS}/{newest['id']}/read", None)

    assert read == again == newest | {"read_at": "2023-11-01T09:01:00Z"}
    assert await told(person, unread=True) == [oldest]
    assert [item["id"] for item in await told(person, unread=False)] == [newest["id"]]
    both = f"{NOTIFICATIONS}:read"
    assert await person.made(both, {"until": "2023-11-01T08:59:59Z"}) == {"marked": 0}
    assert await person.made(both, {"until": "2023-11-01T09:02:00Z"}) == {"marked": 1}
    assert await told(person, unread=True) == []
    answer = await person.get(NOTIFICATIONS, params={"unread": True, "count": True, "limit": 1})
    assert answer.json()["total"] == 0
    assert pointers(await person.post(both, {})) == {("/until", "missing")}


async def test_link_of_a_registration_reads_what_is_about_it_alone(
    client: Client, organizer: Client, post: Post
) -> None:
    registration = await make_registration(organizer, ADDRESS)
    link = await post.link()
    await make_edition(client, slug="elsewhere")
    await make_registration(await client.as_role("admin"), ADDRESS, edition="elsewhere")
    await post.deliver()
    holder = client.with_token((await client.made("/v1/auth/registration-link", {"token": link}))["token"])
    person = await client.as_person(ADDRESS)

    (item,) = await told(holder)

    assert item["registration_id"] == registration["id"]
    foreign, own = await told(person)
    assert own == item
    assert_problem(await holder.post(f"{NOTIFICATIONS}/{foreign['id']}/read"), 404, "not_found")
    assert await holder.made(f"{NOTIFICATIONS}:read", {"until": "2024-01-01T00:00:00Z"}) == {"marked": 1}
    assert [one["id"] for one in await told(person, unread=True)] == [foreign["id"]]


async def test_what_was_mailed_to_the_address_alone_is_told_too_but_no_code(
    client: Client, organizer: Client, post: Post
) -> None:
    session = await make_session(organizer)
    speaker = await make_speaker(organizer, email=ADDRESS.upper())
    await make_appearance(organizer, session, speaker, invite=True)
    await client.post("/v1/auth/codes", {"email": ADDRESS})
    await post.deliver()
    assert sorted(mail["Subject"].partition(":")[0] for mail in post.server.mails()) == [
        "Invitation to speak",
        "Your sign-in code",
    ]
    assert link_in(next(mail for mail in post.server.mails() if "speak" in mail["Subject"]))

    (item,) = await told(await client.as_person(ADDRESS))

    assert (item["kind"], item["session_id"], item["title"]) == (
        "speaker",
        session["id"],
        "Invitation to speak: Opening plenary",
    )


def test_every_kind_of_message_but_a_code_has_a_headline_of_its_own() -> None:
    assert set(_TELL) == set(get_args(MessageKind)) - {"sign_in"}
