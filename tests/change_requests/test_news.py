"""People are told what was decided about the changes that they asked for, in their language, and told once."""

from collections.abc import AsyncIterator

import pytest

from forum.db import Connection, Pool
from forum.settings import Settings
from tests.change_requests.test_change_requests import ask
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import REGISTRATIONS, make_registration
from tests.post import Post, post_office, text_of


@pytest.fixture
async def post(pool: Pool, settings: Settings, clock: Timeline) -> AsyncIterator[Post]:
    """What workers mail."""
    async with post_office(pool, settings, clock) as made:
        yield made


@pytest.mark.parametrize(
    ("language", "approved", "declined"),
    [
        ("en", "asked for was approved and made", "Sign in to read why"),
        ("fr", "a été approuvée et faite", "pour en lire la raison"),
        ("es", "se ha aprobado y realizado", "para leer el motivo"),
        ("ru", "одобрено и внесено", "чтобы узнать причину"),
        ("zh", "已获批准并已生效", "请登录查看原因"),
        ("ar", "قُبل التغيير الذي طلبتموه", "لقراءة السبب"),
    ],
)
async def test_decision_is_told_once_without_its_reason(
    registrar: Client, amina: Client, post: Post, language: str, approved: str, declined: str
) -> None:
    made = await make_registration(registrar, mode="online", person={"language": language})
    path = f"{REGISTRATIONS}/{made['id']}"
    await post.deliver()
    told = []
    for move in ("approve", "decline"):
        request = await ask(amina, path, category="state" if move == "approve" else "ngo")
        await registrar.made(f"{path}/change-requests/{request['id']}/{move}", {"reason": "Because of Ñandú."})
        (mail,) = await post.deliver()
        assert mail["To"] == "Amina Probe <amina@delegates.example>"
        assert "https://forum.test/r#" in text_of(mail)
        assert "Ñandú" not in mail.as_string() + text_of(mail)
        told.append(text_of(mail))

    assert [(approved in text, declined in text) for text in told] == [(True, False), (False, True)]
    assert await post.deliver() == []


async def test_nobody_is_told_of_what_was_not_decided(
    registrar: Client, amina: Client, path: str, post: Post, conn: Connection
) -> None:
    await post.deliver()
    request = await ask(amina, path, category="state")
    await amina.made(f"{path}/change-requests/{request['id']}/cancel", None)
    request = await ask(amina, path, category="state")
    await registrar.patch(path, {"category": "academia"})

    refused = await registrar.post(f"{path}/change-requests/{request['id']}/approve")

    assert refused.status_code == 409
    assert await post.deliver() == []
    assert await conn.fetchval("SELECT count(*) FROM messages WHERE kind = 'change_request'") == 0


async def test_decision_that_is_not_yet_told_survives_what_becomes_of_the_registration(
    registrar: Client, amina: Client, path: str, post: Post
) -> None:
    await post.deliver()
    request = await ask(amina, path, category="state")
    await registrar.made(f"{path}/change-requests/{request['id']}/approve", None)
    await registrar.made(f"{path}/revoke", None)

    told = sorted(text_of(mail).splitlines()[2] for mail in await post.deliver())

    assert told == [
        "The change of your registration that you asked for was approved and made.",
        "The organizers took your place back.",
    ]
