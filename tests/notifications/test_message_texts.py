"""What an edition says in its mails in words of its own: what it may write, and that nothing else can be put in."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from forum.db import Pool
from forum.notifications.mailers import Mailers
from forum.notifications.message_texts import NOTED, own_texts
from forum.settings import Settings
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_edition, make_registration, make_session, publish_programme
from tests.post import Post, post_office, text_of

TEXTS = "/v1/editions/grf-2023/message-texts"
APPROVED = f"{TEXTS}/registration_approved/en"


@pytest.fixture
async def post(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Post]:
    """What workers mail."""
    async with post_office(pool, settings, clock) as made:
        yield made


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`."""
    return await make_edition(client)


@pytest.fixture
async def organizer(client: Client, edition: dict[str, Any]) -> Client:
    """An organizer of the edition."""
    return await client.as_role("organizer", edition["id"])


async def put(caller: Client, path: str, text: str, version: int | str = "*") -> Any:
    """Write a text that has `version`, or whatever is there."""
    etag = version if version == "*" else f'"{version}"'
    return await caller.request("PUT", path, json={"text": text}, headers={"If-Match": etag})


async def test_text_is_the_catalogues_until_it_is_written_and_again_when_that_is_taken_back(organizer: Client) -> None:
    standard = (await organizer.get(APPROVED)).json()
    written = await put(organizer, APPROVED, "Welcome!", 0)
    stale = await put(organizer, APPROVED, "Late", 0)
    read = await organizer.get(APPROVED)
    removed = await organizer.delete(APPROVED, 1)
    again = (await organizer.get(APPROVED)).json()

    assert standard == {
        "key": "registration_approved",
        "language": "en",
        "text": "You are registered and have a place.",
        "standard": "You are registered and have a place.",
        "placeholders": [],
        "is_own": False,
        "version": 0,
    }
    assert (written.status_code, written.json()) == (
        200, standard | {"text": "Welcome!", "is_own": True, "version": 1},
    )  # fmt: skip
    assert (stale.status_code, stale.headers["ETag"]) == (412, '"1"')
    assert (read.json(), read.headers["ETag"]) == (written.json(), '"1"')
    assert removed.status_code == 204
    assert again == standard | {"version": 2}
    assert (await organizer.request("PUT", APPROVED, json={"text": "x"})).status_code == 428


async def test_texts_that_cannot_be_mailed_are_refused(organizer: Client) -> None:
    lead = f"{TEXTS}/invitation_lead/fr"
    refused = {
        "Hello {name} of {edition}": ("/text", "unknown_placeholder"),
        "{title}": ("/text", "unknown_placeholder"),
        "{edition.__class__}": ("/text", "bad_placeholder"),
        "{edition!r} and {}": ("/text", "bad_placeholder"),
        "{{edition}}": ("/text", "bad_placeholder"),
        "a\r\nBcc: x@y.example": ("/text", "control_character"),
        "a\u2028b": ("/text", "control_character"),
        "\u202eevil": ("/text", "control_character"),
        " ": ("/text", "blank"),
        "": ("/text", "too_short"),
        "x" * 1001: ("/text", "too_long"),
    }

    found = {text: pointers(await put(organizer, lead, text)) for text in refused}

    assert found == {text: {fault} for text, fault in refused.items()}
    assert (await organizer.get(lead)).json()["version"] == 0


async def test_texts_of_no_edition_and_unknown_ones_are_not_there(organizer: Client) -> None:
    for path in ("sign_in/en", "no_such_key/en", "note_sign_in/en", "update/de", "update/EN"):
        for answer in (
            await organizer.get(f"{TEXTS}/{path}"),
            await put(organizer, f"{TEXTS}/{path}", "x"),
            await organizer.delete(f"{TEXTS}/{path}"),
        ):
            assert answer.status_code == 404, path


async def test_registrars_read_and_only_organizers_write(client: Client, edition: dict[str, Any]) -> None:
    registrar = await client.as_role("registrar", edition["id"])
    stranger = await client.as_person("a@b.example")

    assert (await registrar.get(APPROVED)).status_code == 200
    assert (await put(registrar, APPROVED, "x")).status_code == 403
    assert (await registrar.delete(APPROVED)).status_code == 403
    assert (await stranger.get(APPROVED)).status_code == 403


async def test_list_has_every_text_once_page_by_page(organizer: Client) -> None:
    await put(organizer, f"{TEXTS}/note_letter/fr", "Apportez {edition}")
    wanted = [(key, language) for key in own_texts() for language in ("ar", "en", "es", "fr", "ru", "zh")]
    found, cursor = [], None
    while True:
        page = (await organizer.get(TEXTS, params={"limit": 200} | ({"cursor": cursor} if cursor else {}))).json()
        found += [(text["key"], text["language"]) for text in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break

    assert found == wanted
    own = (await organizer.get(TEXTS, params={"is_own": True, "count": True})).json()
    assert [(text["key"], text["text"], text["standard"]) for text in own["items"]] == [
        ("note_letter", "Apportez {edition}", None)
    ]
    assert own["total"] == 1
    of_key = (await organizer.get(TEXTS, params={"key": "update", "language": "ru"})).json()["items"]
    assert [text["text"] for text in of_key] == ["Изменено: {title}"]
    assert {key.removeprefix("note_") for key in own_texts() if key.startswith("note_")} == set(NOTED)


async def test_mails_say_it_in_the_editions_words_as_they_are_written(organizer: Client, post: Post) -> None:
    await put(organizer, f"{TEXTS}/registration/en", "<b>Welcome</b> & good morning: {edition}")
    await put(organizer, APPROVED, "<script>alert(1)</script> %s %(edition)s $edition")
    await put(organizer, f"{TEXTS}/note_registration/en", "Bring a passport to {edition}.")
    await make_registration(organizer)

    (mail,) = await post.deliver()

    title = "Global Refugee Forum 2023"
    assert mail["Subject"] == f"<b>Welcome</b> & good morning: {title}"
    assert text_of(mail).splitlines()[:5:2] == [
        title, "<script>alert(1)</script> %s %(edition)s $edition", f"Bring a passport to {title}.",
    ]  # fmt: skip
    page = mail.get_body(("html",))
    assert page is not None
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.get_content()
    assert "<script" not in page.get_content()


async def test_words_of_one_edition_are_not_those_of_another(client: Client, organizer: Client, post: Post) -> None:
    await put(organizer, APPROVED, "Only here.")
    await make_edition(client, slug="other")
    admin = await client.as_role("admin")
    await make_registration(admin, "b@delegates.example", edition="other")
    await make_registration(admin, "a@delegates.example")

    mails = {str(mail["To"]): text_of(mail) for mail in await post.deliver()}

    assert [("Only here." in text) for _, text in sorted(mails.items())] == [True, False]


async def test_hostile_title_and_arabic_words_stay_inside_their_header(organizer: Client, post: Post) -> None:
    await put(organizer, f"{TEXTS}/invitation/ar", "دعوة مهمة: {title} " + "ن" * 300)
    session = await make_session(organizer, access="registered", title={"en": "Bcc: x@y.example {edition}"})
    await publish_programme(organizer)
    await make_registration(organizer, person={"language": "ar"})
    await post.deliver()

    (mail,) = [mail for mail in post.server.mails() if mail.get_content_type() == "multipart/mixed"]

    assert mail["Subject"] == "دعوة مهمة: \u2068Bcc: x@y.example {edition}\u2069 " + "ن" * 300
    assert mail["Bcc"] is None
    page = mail.get_body(("html",))
    assert page is not None
    assert '<html lang="ar" dir="rtl">' in page.get_content()
    assert session["title"]["en"] in page.get_content()


async def test_what_was_rendered_is_kept_until_the_words_change(
    organizer: Client, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[Any] = []
    keep = Mailers.keep
    monkeypatch.setattr(Mailers, "keep", lambda self, *args: kept.append(args) or keep(self, *args))
    await make_session(organizer, access="registered")
    await publish_programme(organizer)

    async def invite(email: str) -> str:
        await make_registration(organizer, email)
        before = len(post.server.taken)
        await post.deliver()
        (mail,) = [m for m in post.server.mails()[before:] if m.get_content_type() == "multipart/mixed"]
        return text_of(mail)

    first, second = await invite("a@delegates.example"), await invite("b@delegates.example")
    await put(organizer, f"{TEXTS}/invitation_lead/en", "Come to {edition}!")
    third, fourth = await invite("c@delegates.example"), await invite("d@delegates.example")

    assert (first, third) == (second, fourth)
    assert third == first.replace(
        "You have a place in this session of Global Refugee Forum 2023.", "Come to Global Refugee Forum 2023!"
    )
    assert len(kept) == 2
