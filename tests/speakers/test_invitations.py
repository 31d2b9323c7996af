"""Speakers are asked by mail and answer by its link: what it opens, what it does not, and when it is over."""

import asyncio
import base64
import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.contract.test_every_operation import V1, assert_problem
from tests.factories import (
    make_appearance,
    make_edition,
    make_registration,
    make_room,
    make_session,
    make_speaker,
    publish_programme,
)
from tests.post import Post, link_in, text_of
from tests.registrations.test_links import OPEN as OPEN_REGISTRATION
from tests.speakers.test_appearances import SESSIONS, SLOT, path_of
from tests.speakers.test_photos import put_photo
from tests.speakers.test_pictures import opened, saved, two_halves

ADDRESS = "amal@person.example"
OPEN = "/v1/auth/speaker-link"
SPEAKERS = "/v1/editions/grf-2023/speakers"
MESSAGES = "/v1/editions/grf-2023/messages"
SPAN = {"from": "2023-12-13T08:00:00Z", "until": "2023-12-13T12:00:00Z"}


async def invite(manager: Client, session: dict[str, Any], speaker: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """An appearance of which the speaker is told by mail."""
    body = {"speaker": speaker["id"], "role": "panellist", "invite": True} | fields
    return await manager.made(f"{SESSIONS}/{session['id']}/appearances", body)


async def came_by(client: Client, link: str) -> Client:
    """Somebody who opened a link."""
    return client.with_token((await client.made(OPEN, {"token": link}))["token"])


async def test_speaker_is_asked_by_mail_in_their_language_by_the_clocks_of_the_edition(
    client: Client, manager: Client, post: Post
) -> None:
    room = await make_room(manager, venue="Hall 2")
    session = await make_session(manager, "draft", room=room["id"], **SLOT)
    speaker = await make_speaker(manager, email=ADDRESS, language="fr")

    appearance = await invite(
        manager, session, speaker, role="keynote", allotted_seconds=180, on_behalf_of="The Cities"
    )
    (mail,) = await post.deliver()

    assert (appearance["status"], appearance["invited_at"]) == ("invited", "2023-11-01T09:00:00Z")
    assert (mail["To"], mail["Subject"]) == (
        f"Amal Probe <{ADDRESS}>",
        "Invitation à prendre la parole : Plénière d'ouverture",
    )
    said = text_of(mail).split("\r\n\r\n") if "\r\n" in text_of(mail) else text_of(mail).split("\n\n")
    assert said[:7] == [
        "Plénière d'ouverture",
        "Vous êtes invité à prendre la parole à cette séance : Global Refugee Forum 2023.",
        "Quand: mercredi 13 décembre 2023, 09:00 – 10:00 (Europe/Zurich)",
        "Lieu: Room K, Hall 2, Geneva",
        "Votre rôle: Discours principal",
        "Vous parlez au nom de: The Cities",
        "Temps de parole: 3 minutes",
    ]
    assert said[7] == (f"Répondre, et dire ce qui peut être publié sur vous: https://forum.test/s#{link_in(mail)}")
    html = mail.get_body(("html",))
    assert html is not None
    assert 'lang="fr" dir="ltr"' in html.get_content()


async def test_speaker_who_is_registered_reads_the_time_by_their_own_clocks_too(
    client: Client, manager: Client, post: Post
) -> None:
    admin = await client.as_role("admin")
    session = await make_session(manager, "draft", **SLOT)
    registration = await make_registration(admin, ADDRESS, person={"timezone": "Asia/Tokyo"})
    speaker = await make_speaker(manager, registration=registration["id"], email=ADDRESS)
    await post.deliver()

    await invite(manager, session, speaker)
    (mail,) = await post.deliver()

    assert text_of(mail).splitlines()[4:8:2] == [
        "When: Wednesday, December 13, 2023, 9:00\u202fAM – 10:00\u202fAM (Europe/Zurich)",
        "Your time: Wednesday, December 13, 2023, 5:00\u202fPM – 6:00\u202fPM (Asia/Tokyo)",
    ]


@pytest.mark.parametrize("language", ["en", "es", "ru", "zh", "ar"])
async def test_mail_is_complete_in_every_language(manager: Client, post: Post, language: str) -> None:
    session = await make_session(manager, "draft", starts_at=None, ends_at=None, held_on="2023-12-13", mode="online")
    speaker = await make_speaker(manager, email=ADDRESS, language=language)
    await invite(manager, session, speaker, allotted_seconds=90)

    (mail,) = await post.deliver()

    html = mail.get_body(("html",))
    assert html is not None
    assert f'lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"' in html.get_content()
    assert len([line for line in text_of(mail).splitlines() if line]) == 8


async def test_link_opens_what_the_speaker_is_asked_to_and_reading_changes_nothing(
    client: Client, manager: Client, post: Post, conn: Connection
) -> None:
    session = await make_session(manager, "draft", **SLOT)
    unasked = await make_session(manager, "draft", title={"en": "Not for them yet"})
    speaker = await make_speaker(manager, email=ADDRESS, biography={"en": "Mayor"}, availabilities=[SPAN])
    appearance = await invite(manager, session, speaker, allotted_seconds=180)
    await make_appearance(manager, unasked, speaker, "invited")
    link = link_in((await post.deliver())[0])

    holder = await came_by(client, link)
    for _ in range(2):  # a scanner of mails opens links too
        read = await holder.get(f"{SPEAKERS}/{speaker['id']}/invitation")

    assert read.json() == {
        "display_name": "Amal Probe", "honorific": None, "function": None, "biography": {"en": "Mayor"},
        "published": False, "language": "en", "availabilities": [SPAN], "photo": None, "version": 1,
        "edition_title": (await client.get("/v1/editions/grf-2023")).json()["title"], "timezone": "Europe/Zurich",
        "appearances": [{
            "id": appearance["id"], "title": session["title"], "starts_at": SLOT["starts_at"],
            "ends_at": SLOT["ends_at"], "held_on": None, "room": None, "venue": "Palexpo", "mode": "hybrid",
            "role": "panellist", "on_behalf_of": None, "allotted_seconds": 180, "status": "invited",
            "is_session_cancelled": False,
        }],
    }  # fmt: skip
    assert (await manager.get(path_of(appearance))).json() == appearance
    assert (await manager.get(f"{SPEAKERS}/{speaker['id']}")).json() == speaker
    assert await conn.fetchval("SELECT count(*) FROM speaker_consents") == 0
    assert await conn.fetchval("SELECT count(*) FROM tokens WHERE sha256::text LIKE '%' || $1 || '%'", link) == 0


async def test_speaker_accepts_changes_their_mind_and_says_why(client: Client, manager: Client, post: Post) -> None:
    session, speaker = await make_session(manager, **SLOT), await make_speaker(manager, email=ADDRESS)
    appearance = await invite(manager, session, speaker)
    holder = await came_by(client, await post.link())
    own = f"{SPEAKERS}/{speaker['id']}/appearances/{appearance['id']}"

    async def answer(verb: str, note: str | None = None) -> str:
        answered = await holder.made(f"{own}/{verb}", {"note": note} if note else {})
        status: str = answered["appearances"][0]["status"]
        return status

    assert await answer("decline", "I am away.") == "declined"
    (row,) = (await manager.get("/v1/editions/grf-2023/appearances", params={"status": "declined"})).json()["items"]
    assert (row["note"], row["answered_at"]) == ("I am away.", "2023-11-01T09:00:00Z")
    assert await answer("accept") == "confirmed"
    assert await answer("decline") == "withdrawn"
    refused = await holder.post(f"{own}/accept", {})
    assert_problem(refused, 409, "wrong_status")
    assert (await manager.post(f"{path_of(appearance)}/invite")).status_code == 429
    assert pointers(await holder.post(f"{own}/accept", {"note": "a\u0000b"})) == {("/note", "control_character")}
    stranger = await make_appearance(manager, session, await make_speaker(manager), "invited")
    assert (await holder.post(f"{SPEAKERS}/{speaker['id']}/appearances/{stranger['id']}/accept", {})).status_code == 404


async def test_speaker_who_is_elsewhere_is_not_told_of_what_is_not_public(
    client: Client, manager: Client, post: Post
) -> None:
    speaker = await make_speaker(manager, email=ADDRESS)
    await make_appearance(manager, await make_session(manager, title={"en": "Secret talks"}, **SLOT), speaker)
    appearance = await invite(manager, await make_session(manager, **SLOT), speaker)
    holder = await came_by(client, await post.link())

    own = f"{SPEAKERS}/{speaker['id']}/appearances/{appearance['id']}"
    refused = [await holder.post(f"{own}/accept", {}) for _ in range(2)]

    for answer in refused:
        assert_problem(answer, 409, "speaker_double_booked")
        assert "id" not in answer.json()
        assert "Session" not in answer.text
    assert "id" in (await manager.post(f"{path_of(appearance)}/confirm")).json()
    assert (await manager.get(path_of(appearance))).json()["status"] == "invited"


async def test_twelve_accepts_of_one_slot_by_one_link_leave_one(client: Client, manager: Client, post: Post) -> None:
    speaker = await make_speaker(manager, email=ADDRESS)
    asked = [await invite(manager, await make_session(manager, **SLOT), speaker) for _ in range(12)]
    holder = await came_by(client, link_in((await post.deliver())[0]))

    paths = [f"{SPEAKERS}/{speaker['id']}/appearances/{one['id']}/accept" for one in asked]
    answers = await asyncio.gather(*(holder.post(path, {}) for path in paths))

    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 11]
    listed = (await manager.get("/v1/editions/grf-2023/appearances", params={"status": "confirmed"})).json()["items"]
    assert len(listed) == 1


async def test_speaker_says_what_may_be_known_of_them(client: Client, manager: Client, post: Post) -> None:
    session, speaker = await make_session(manager), await make_speaker(manager, email=ADDRESS, biography={"fr": "B"})
    await invite(manager, session, speaker)
    holder = await came_by(client, await post.link())
    own = f"{SPEAKERS}/{speaker['id']}"

    patch = {"honorific": "H.E.", "function": "Mayor", "biography": {"ar": "ج"}, "availabilities": [SPAN]}
    changed = await holder.patch(f"{own}/profile", patch, 1)
    photo = await put_photo(holder, speaker, saved(two_halves()), **{"If-Match": '"2"'})

    shown = changed.json()
    assert {name: shown[name] for name in patch} == patch | {"biography": {"ar": "ج", "fr": "B"}}
    assert shown["version"] == 2
    assert photo.status_code == 200
    assert opened((await holder.get(f"{own}/photo")).content).size == (400, 300)
    assert (await client.get(f"{own}/photo")).status_code == 404
    assert (await holder.patch(f"{own}/profile", patch, 1)).status_code == 412
    for field, text in (("display_name", "Other"), ("published", True), ("email", "x@y.example"), ("country", "CH")):
        assert pointers(await holder.patch(f"{own}/profile", {field: text})) == {(f"/{field}", "unknown_field")}
    kept = (await manager.get(own)).json()
    assert (kept["email"], kept["display_name"], kept["published"]) == (ADDRESS, "Amal Probe", False)
    assert (await holder.delete(f"{own}/photo", 3)).status_code == 204


OWN = {
    "accept_invitation", "decline_invitation", "delete_photo", "get_speaker_invitation", "list_consents",
    "record_consent", "replace_photo", "update_own_profile",
}  # fmt: skip
"""What is open to who comes by a speaker's link. An operation belongs here only if it looks at one speaker."""


async def test_link_is_good_for_that_speaker_alone(client: Client, manager: Client, post: Post) -> None:
    speaker, other = await make_speaker(manager, email=ADDRESS), await make_speaker(manager, email="b@person.example")
    appearance = await invite(manager, await make_session(manager), speaker)
    link = await post.link()
    holder = await came_by(client, link)
    hidden = await make_edition(client, "draft", slug="elsewhere")

    for operation in (operation for operation in V1 if not operation.public):
        url, method = operation.url("grf-2023"), operation.method.upper()
        body: dict[str, Any] = {"json": {}} if operation.has_body else {}
        answer = await holder.request(method, url, params=operation.needed(), headers={"If-Match": "*"}, **body)
        wanted = {403} if operation.id not in OWN else {404, 415, 422}
        assert answer.status_code in wanted, (operation.id, answer.text)
    for theirs in (other, {"id": speaker["id"], "edition": hidden["slug"]}):
        base = f"/v1/editions/{theirs.get('edition', 'grf-2023')}/speakers/{theirs['id']}"
        for method, path, body in (
            ("GET", "invitation", None), ("POST", "consent", {"agreed": True}), ("GET", "consents", None),
            ("POST", f"appearances/{appearance['id']}/accept", {}), ("PATCH", "profile", {"function": "x"}),
            ("DELETE", "photo", None), ("GET", "photo", None),
        ):  # fmt: skip
            answer = await holder.request(method, f"{base}/{path}", headers={"If-Match": "*"}, json=body)
            assert answer.status_code == 404, (path, answer.text)
    assert (await put_photo(holder, other, saved(two_halves()))).status_code == 404
    assert (await holder.get(f"{SPEAKERS}/{other['id']}")).status_code == 404
    assert (await holder.get(f"{SPEAKERS}/{speaker['id']}")).status_code == 404  # nor is it public for them
    assert (await client.post(OPEN_REGISTRATION, {"token": link})).status_code == 401
    assert (await manager.get(f"{SPEAKERS}/{speaker['id']}/invitation")).status_code == 404


async def test_wrong_and_outlived_links_get_the_same_answer(
    client: Client, manager: Client, post: Post, clock: Timeline
) -> None:
    registrar = await client.as_role("admin")
    await make_registration(registrar, "other@person.example")
    foreign = await post.link()
    speaker = await make_speaker(manager, email=ADDRESS)
    await invite(manager, await make_session(manager), speaker)
    link = await post.link()
    forged = bytearray(base64.urlsafe_b64decode(link + "="))
    forged[-1] ^= 1
    answers = [await client.post(OPEN, {"token": token}) for token in
               ("x", "é", base64.urlsafe_b64encode(bytes(forged)).decode().rstrip("="), foreign)]  # fmt: skip
    clock.now = datetime(2024, 3, 14, 22, 59, tzinfo=UTC)  # 90 days after the edition, by the clocks of Zurich
    token = (await client.made(OPEN, {"token": link}))["token"]
    clock.forward(minutes=1)

    answers.append(await client.post(OPEN, {"token": link}))

    for answer in answers:
        assert_problem(answer, 401, "wrong_link")
        assert answer.json() == answers[0].json()
    ended = await client.with_token(token).get(f"{SPEAKERS}/{speaker['id']}/invitation")
    assert_problem(ended, 401, "unauthenticated")


async def test_link_ends_with_the_address_it_was_mailed_to(
    client: Client, manager: Client, post: Post, clock: Timeline, conn: Connection
) -> None:
    registration = await make_registration(await client.as_role("admin"), "reg@person.example")
    await post.deliver()
    speaker = await make_speaker(manager, registration=registration["id"])
    appearance = await invite(manager, await make_session(manager), speaker)
    (mail,) = await post.deliver()
    assert "reg@person.example" in mail["To"]
    link, path = link_in(mail), f"{SPEAKERS}/{speaker['id']}"
    holder = await came_by(client, link)
    await manager.patch(path, {"function": "Mayor"})
    assert (await holder.get(f"{path}/invitation")).status_code == 200
    clock.forward(minutes=2)
    await manager.made(f"{path_of(appearance)}/invite", None)

    await manager.patch(path, {"email": ADDRESS})

    assert await post.deliver() == []
    assert (await holder.get(f"{path}/invitation")).status_code == 401
    assert (await client.post(OPEN, {"token": link})).status_code == 401
    clock.forward(minutes=2)
    await manager.made(f"{path_of(appearance)}/invite", None)
    (mail,) = await post.deliver()
    assert ADDRESS in mail["To"]
    await manager.patch(path, {"email": None})
    clock.forward(minutes=2)
    await manager.made(f"{path_of(appearance)}/invite", None)
    link = link_in((await post.deliver())[0])
    await conn.execute("UPDATE persons SET email = 'new@person.example' WHERE email = 'reg@person.example'")
    assert (await client.post(OPEN, {"token": link})).status_code == 401


async def test_speaker_is_invited_again_but_not_twice_in_a_minute_nor_without_an_address(
    client: Client, manager: Client, post: Post, clock: Timeline
) -> None:
    session = await make_session(manager, **SLOT)
    unknown = await make_speaker(manager)
    body = {"speaker": unknown["id"], "role": "chair", "invite": True}
    refused = await manager.post(f"{SESSIONS}/{session['id']}/appearances", body)
    assert_problem(refused, 409, "speaker_has_no_address")
    assert (await manager.get(f"{SESSIONS}/{session['id']}/appearances")).json()["items"] == []
    speaker = await make_speaker(manager, email=ADDRESS)
    appearance = await make_appearance(manager, session, speaker, "invited")
    assert await post.deliver() == []

    answers = await asyncio.gather(*(manager.post(f"{path_of(appearance)}/invite") for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200, *[429] * 5]
    first = await post.link()
    await manager.made(f"{path_of(appearance)}/decline", None)
    clock.forward(minutes=1)
    again = await manager.made(f"{path_of(appearance)}/invite", None)
    assert (again["status"], await post.link()) == ("invited", first)
    for move in ("confirm", "mark-spoke"):
        await manager.made(f"{path_of(appearance)}/{move}", None)
    clock.forward(minutes=1)
    assert_problem(await manager.post(f"{path_of(appearance)}/invite"), 409, "wrong_status")


async def test_addresses_tokens_and_words_of_speakers_are_neither_public_nor_logged(
    client: Client, manager: Client, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fields = {"email": ADDRESS, "published": True, "availabilities": [SPAN]}
    session, speaker = await make_session(manager), await make_speaker(manager, **fields)
    appearance = await invite(manager, session, speaker)
    link = await post.link()
    token = (await client.made(OPEN, {"token": link}))["token"]
    holder = client.with_token(token)
    base = f"{SPEAKERS}/{speaker['id']}"
    await holder.made(f"{base}/appearances/{appearance['id']}/accept", {"note": "Secret words"})
    await holder.made(f"{base}/consent", {"agreed": True, "note": "Secret reason"})
    await publish_programme(manager)
    analyst = await client.as_role("analyst", (await client.get("/v1/editions/grf-2023")).json()["id"])

    for path in (SPEAKERS, base, "/v1/editions/grf-2023/programme", "/v1/editions/grf-2023/programme.ics",
                 f"{SESSIONS}/{session['id']}/appearances", path_of(appearance)):  # fmt: skip
        for reader in (client, analyst):
            answer = await reader.get(path)
            assert not [word for word in (ADDRESS, "Secret", "availab", "2023-12-13T12:00:00Z\",\"until")
                        if word in answer.text], path  # fmt: skip
    assert (await analyst.get("/v1/editions/grf-2023/appearances")).status_code == 403
    assert (await analyst.get(f"{base}/consents")).status_code == 403
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(("forum", "uvicorn")))
    assert not [word for word in (ADDRESS, link, token, "Secret", "Amal") if word in ours]
