"""What people are told of their registrations, in their language, and who registered them."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from forum.db import Connection, Pool
from forum.notifications.texts import phrase
from forum.settings import Settings
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import (
    REGISTRATIONS,
    make_delegation,
    make_edition,
    make_entity,
    make_registration,
    registration_fields,
)
from tests.post import Post, link_in, post_office, text_of

ADDRESS = "amina@delegates.example"


@pytest.fixture
async def post(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Post]:
    """What workers mail."""
    async with post_office(pool, settings, clock) as made:
        yield made


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`, with one place in the hall."""
    return await make_edition(client, in_person_capacity=1)


@pytest.fixture
async def registrar(client: Client, edition: dict[str, Any]) -> Client:
    """A registrar of the edition."""
    return await client.as_role("registrar", edition["id"])


async def news(conn: Connection) -> list[tuple[str, str]]:
    """Everything that was queued about registrations: what it says, and what became of it."""
    rows = await conn.fetch(
        "SELECT payload ->> 'news', status FROM messages WHERE kind = 'registration' ORDER BY number"
    )
    return [(row[0], row[1]) for row in rows]


async def test_every_change_is_told_once_with_a_link(
    client: Client, edition: dict[str, Any], registrar: Client, post: Post, conn: Connection
) -> None:
    holder = await make_registration(registrar, "holder@delegates.example")
    await post.deliver()
    person = await client.as_person(ADDRESS)
    own = await person.made(REGISTRATIONS, registration_fields(ADDRESS))
    path = f"{REGISTRATIONS}/{own['id']}"
    (waiting,) = await post.deliver()
    await registrar.post(f"{REGISTRATIONS}/{holder['id']}/withdraw")
    left, promoted = sorted(await post.deliver(), key=lambda mail: ADDRESS in mail["To"])
    await person.post(f"{path}/switch-mode", {"mode": "online"})
    await person.patch(path, {"consents": ["photography"]})
    (switched,) = await post.deliver()

    assert await post.deliver() == []

    told = [text_of(mail).splitlines()[2] for mail in (waiting, left, promoted, switched)]
    assert told == [
        "No place is free at the moment: you are on the waiting list. We write to you when you have a place.",
        "Your registration was withdrawn. You have no place any more.",
        "A place became free: you are off the waiting list and have a place.",
        "The way in which you take part was changed.",
    ]
    assert len({link_in(mail) for mail in (waiting, promoted, switched)}) == 1
    assert waiting["Subject"] == "Your registration: Global Refugee Forum 2023"
    assert waiting["To"] == f"Amina Probe <{ADDRESS}>"
    assert waiting["From"] == "Global Refugee Forum 2023 <secretariat@forum.example>"
    assert waiting["Auto-Submitted"] == "auto-generated"
    assert "https://forum.test/r#" in text_of(waiting)
    assert "register yourself" not in text_of(waiting)
    assert [one for one, _ in await news(conn)] == [
        "approved", "waitlisted", *sorted(["withdrawn", "promoted"], key=lambda n: n != "withdrawn"), "switched",
    ]  # fmt: skip


async def test_changes_before_the_first_mail_collapse_into_the_last(
    registrar: Client, post: Post, conn: Connection
) -> None:
    registration = await make_registration(registrar, ADDRESS)
    await post.plan()
    await registrar.post(f"{REGISTRATIONS}/{registration['id']}/revoke")

    (mail,) = await post.deliver()

    assert await news(conn) == [("approved", "superseded"), ("revoked", "sent")]
    assert "took your place back" in text_of(mail)
    assert "the organizers registered you" in text_of(mail)


@pytest.mark.parametrize(
    ("language", "words", "direction"),
    [
        ("en", "the organizers registered you", "ltr"),
        ("fr-CH", "les organisateurs vous ont inscrit", "ltr"),
        ("es", "le inscribieron los organizadores", "ltr"),
        ("ru", "вас зарегистрировали организаторы", "ltr"),
        ("zh", "主办方为您办理了注册", "ltr"),
        ("ar", "سجّلكم المنظمون", "rtl"),
    ],
)
async def test_who_is_registered_by_others_is_told_so_once_and_how_to_object(
    registrar: Client, post: Post, clock: Timeline, language: str, words: str, direction: str
) -> None:
    delegation = await make_delegation(registrar, await make_entity(registrar))
    person = {"given_name": "أمينة", "language": language}
    registration = await make_registration(registrar, ADDRESS, delegation=delegation["id"], person=person)

    (mail,) = await post.deliver()

    assert words in text_of(mail)
    assert "City of Probe" in text_of(mail)
    assert "registrar@staff.example" not in mail.as_string()
    page = mail.get_body(("html",))
    assert page is not None
    assert f'dir="{direction}"' in page.get_content()
    assert f'<a href="https://forum.test/r#{link_in(mail)}">' in page.get_content()
    clock.forward(minutes=1)
    await registrar.post(f"{REGISTRATIONS}/{registration['id']}/withdraw")
    (later,) = await post.deliver()
    assert words not in text_of(later)


@pytest.mark.parametrize(
    ("language", "invited", "listed"),
    [
        ("en", "the organizers invited you", "registered you with a list of people"),
        ("fr", "les organisateurs vous ont invité", "au moyen d’une liste de personnes"),
        ("es", "le invitaron los organizadores", "mediante una lista de personas"),
        ("ru", "вас пригласили организаторы", "зарегистрировали вас по списку"),
        ("zh", "主办方邀请了您", "通过名单为您办理了注册"),
        ("ar", "دعاكم المنظمون", "ضمن قائمة أسماء"),
    ],
)
async def test_who_was_invited_or_listed_is_told_so_and_how_to_object(
    registrar: Client, post: Post, language: str, invited: str, listed: str
) -> None:
    person = {"language": language}
    guest = registration_fields("guest@delegates.example", person=person)
    await registrar.made(f"{REGISTRATIONS}:invite", {"registration": guest, "expires_at": "2023-11-05T09:00:00Z"})
    row = registration_fields("row@delegates.example", person=person, external_id="x-1", mode="online")
    imported = await registrar.post(f"{REGISTRATIONS}:import", {"rows": [row]})
    assert [one["status"] for one in imported.json()["items"]] == ["created"]

    mails = {str(mail["To"]).partition("<")[2][0]: text_of(mail) for mail in await post.deliver()}

    assert invited in mails["g"]
    assert listed in mails["r"]
    objection = phrase(language, "objection")
    assert [objection in mails[name] for name in "gr"] == [True, True]
    assert phrase(language, "by_others") not in mails["g"] + mails["r"]


async def test_links_lead_to_the_frontend_that_is_configured(
    registrar: Client, pool: Pool, settings: Settings, clock: Timeline
) -> None:
    configured = msgspec.structs.replace(settings, frontend_url="https://register.example/mine")
    await make_registration(registrar, ADDRESS)

    async with post_office(pool, configured, clock) as post:
        (mail,) = await post.deliver()

    assert f"https://register.example/mine#{link_in(mail)}" in text_of(mail)


async def test_secret_of_a_link_stands_in_no_table(registrar: Client, post: Post, conn: Connection) -> None:
    await make_registration(registrar, ADDRESS)
    link = await post.link()

    for table in ("messages", "outbox", "registration_links", "registrations", "persons"):
        rows = await conn.fetchval(f"SELECT string_agg(t::text, ' ') FROM {table} t")
        assert link not in rows


async def test_place_that_is_offered_is_told_with_its_deadline(client: Client, post: Post) -> None:
    edition = await make_edition(client, slug="offering", in_person_capacity=1, promotion="offer", offer_hours=24)
    registrar = await client.as_role("registrar", edition["id"])
    holder = await make_registration(registrar, "holder@delegates.example", edition="offering")
    await make_registration(registrar, ADDRESS, edition="offering", person={"timezone": "Asia/Tokyo"})
    await post.deliver()
    await registrar.post(f"/v1/editions/offering/registrations/{holder['id']}/withdraw")

    (mail,) = [mail for mail in await post.deliver() if ADDRESS in mail["To"]]

    assert "A place is held for you." in text_of(mail)
    assert "Held until: Thursday, November 2, 2023, 10:00\u202fAM (Europe/Zurich)" in text_of(mail)
    assert "Your time: Thursday, November 2, 2023, 6:00\u202fPM (Asia/Tokyo)" in text_of(mail)
    opened = await client.made("/v1/auth/registration-link", {"token": link_in(mail)})
    path = f"/v1/editions/offering/registrations/{opened['registration_id']}/accept-offer"
    assert (await client.with_token(opened["token"]).post(path)).json()["status"] == "approved"


async def test_place_in_the_line_is_told_as_it_was_when_the_mail_was_queued(registrar: Client, post: Post) -> None:
    holder = await make_registration(registrar, "holder@delegates.example")
    for name, language in (("first", "en"), ("second", "ru"), ("third", "ar")):
        await make_registration(registrar, f"{name}@delegates.example", person={"language": language})
    await post.plan()
    await registrar.post(f"{REGISTRATIONS}/{holder['id']}/withdraw")  # everybody moves up; the mails wait already
    mails = {
        str(mail["To"]).partition("<")[2].partition("@")[0]: text_of(mail).splitlines() for mail in await post.deliver()
    }

    assert mails["first"][2] == "A place became free: you are off the waiting list and have a place."
    assert mails["second"][4:7:2] == ["Ваше место в листе ожидания: 2", "Перед вами 1 человек."]
    assert mails["third"][4:7:2] == ["ترتيبكم في قائمة الانتظار: 3", "قبلكم شخصان."]


async def test_first_in_line_is_told_of_nobody_before_them(registrar: Client, post: Post) -> None:
    await make_registration(registrar, "holder@delegates.example")
    await make_registration(registrar, ADDRESS)

    (mail,) = [mail for mail in await post.deliver() if ADDRESS in mail["To"]]

    assert text_of(mail).splitlines()[4] == "Your place in the line: 1"
    assert "before you" not in text_of(mail)
