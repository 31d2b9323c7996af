"""Mails that the staff looks at: every kind in six languages, in the edition's own words, about nobody."""

import html
import re
from typing import Any

import pytest

from forum.db import Connection
from forum.notifications import texts
from forum.notifications.samples import VARIANTS, Sample, render_sample
from forum.notifications.texts import LANGUAGES, Wording, placeholders
from forum.notifications.transport import open_transport
from tests.calendars.samples import edition as calendar_edition
from tests.calendars.samples import session as calendar_session
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_edition, make_room, make_session
from tests.sinks import sink

PREVIEW = "/v1/editions/grf-2023/messages:preview"
EVERY = [(kind, variant) for kind, variants in VARIANTS.items() for variant in variants]
OVERRIDES = re.compile(r"[\u202a-\u202e]")


class Recording(Wording):
    """Words that remember which of them were said."""

    def __init__(self) -> None:
        super().__init__()
        self.said: set[str] = set()

    def phrase(self, language: str, key: str, **parts: str) -> str:
        """The phrase; `parts` are those that its key takes."""
        self.said.add(key)
        assert set(parts) == placeholders()[key], key
        return super().phrase(language, key, **parts)

    def counted(self, language: str, key: str, count: int) -> str:
        """The phrase with its number."""
        self.said.add(key)
        return super().counted(language, key, count)


@pytest.fixture
async def registrar(client: Client) -> Client:
    """A registrar of the edition `grf-2023`."""
    edition = await make_edition(client)
    return await client.as_role("registrar", edition["id"])


def sample(variant: str, language: str, clock: Timeline, **changes: Any) -> Sample:
    """What is rendered, of a session in Geneva."""
    fields = {"title": {"en": "Opening <b>"}, "room": "Room K", "venue": "Palexpo", "city": "Geneva"} | changes
    wording = changes.pop("wording", texts.STANDARD)
    fields.pop("wording", None)
    return Sample(variant, language, calendar_edition(), calendar_session(**fields), wording, clock())


def test_every_phrase_is_said_by_some_mail_and_every_mail_says_what_is_there(
    clock: Timeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = Recording()
    monkeypatch.setattr(texts, "phrase", recording.phrase)  # mails with codes come from no edition

    for kind, variant in EVERY:
        for place in ({}, {"room": None, "venue": None, "city": None, "mode": "online"}):
            render_sample(kind, sample(variant, "fr", clock, wording=recording, **place))

    elsewhere = {key for key in placeholders() if key.startswith("unsubscribing")} | {"report"}  # a page, and the feed
    assert recording.said == set(placeholders()) - elsewhere


def test_same_sample_is_the_same_bytes(clock: Timeline) -> None:
    for kind, variant in EVERY:
        first, again = (render_sample(kind, sample(variant, "ar", clock)) for _ in range(2))
        assert first == again, (kind, variant)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_main_mail_of_every_kind_arrives_in_every_language(language: str, clock: Timeline) -> None:
    async with sink() as server:
        transport = open_transport(server.url, None)
        for number, (kind, (variant, *_)) in enumerate(VARIANTS.items()):
            mail = render_sample(kind, sample(variant, language, clock))
            await transport.send(f"<{number}@x.example>", "a@x.example", "b@x.example", mail)
        await transport.close()
        mails = server.mails()

    assert len(mails) == len(VARIANTS)
    for kind, mail in zip(VARIANTS, mails, strict=True):
        plain, page = mail.get_body(("plain",)), mail.get_body(("html",))
        assert plain is not None
        assert page is not None
        assert [defect for part in mail.walk() for defect in part.defects] == []
        shown = page.get_content()
        assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in shown, kind
        subject = re.sub("[\u2068\u2069]", "", str(mail["Subject"]))
        assert subject.strip(), kind
        assert "<b>" not in shown
        said = html.unescape(re.sub(r"<[^>]+>", "", shown))
        for line in plain.get_content().split("\n"):
            assert line.strip() in said, (kind, line)
        if kind not in ("sign_in", "letter", "proposal", "registration", "change_request", "revision", "answer",
                            "pledge_update"):  # fmt: skip
            assert "(Europe/Zurich)" in said, kind
            assert "(Asia/Amman)" in said, kind


async def test_preview_shows_every_kind_and_sends_nothing(registrar: Client, conn: Connection) -> None:
    for kind, variant in [*EVERY, ("attendance_report", "day")]:
        answer = await registrar.post(PREVIEW, {"kind": kind, "variant": variant, "language": "ar-EG"})
        assert answer.status_code == 200, answer.text
        shown = answer.json()
        language, direction = ("en", "ltr") if kind == "attendance_report" else ("ar", "rtl")
        assert (shown["kind"], shown["variant"]) == (kind, variant)
        assert (shown["language"], shown["direction"]) == (language, direction)
        assert shown["subject"].strip()
        assert shown["text"].strip()
        assert f'<html lang="{language}"' in shown["html"]
        assert (f'dir="{direction}"' in shown["html"]) == (language == "ar")

    assert await conn.fetchval("SELECT count(*) FROM messages") == 0


async def test_preview_shows_a_session_of_the_edition_with_times_here_and_there(
    client: Client, registrar: Client
) -> None:
    manager = await client.as_role("admin")
    room = await make_room(manager)
    session = await make_session(manager, "draft", room=room["id"], title={"en": "Evil\u00adtitle <script>"})
    body = {"kind": "reminder", "variant": "hour", "language": "en", "session": session["id"]}

    shown = (await registrar.post(PREVIEW, body)).json()

    assert shown["subject"] == "Reminder: Evil\u00adtitle <script>"
    assert shown["text"] == (
        "Evil\u00adtitle <script>\n\n"
        "This session of Global Refugee Forum 2023 begins in 1 hour.\n\n"
        "When: Wednesday, December 13, 2023, 9:00\u202fAM – 1:00\u202fPM (Europe/Zurich)\n\n"
        "Your time: Wednesday, December 13, 2023, 11:00\u202fAM – 3:00\u202fPM (Asia/Amman)\n\n"
        "Where: Room K, Palexpo, Geneva\n"
    )
    assert "<script>" not in shown["html"]


async def test_waiting_list_mail_tells_the_position(registrar: Client) -> None:
    body = {"kind": "registration", "variant": "waitlisted", "language": "en"}

    text = (await registrar.post(PREVIEW, body)).json()["text"]

    assert "Your place in the line: 12\n\n11 people are before you.\n" in text


async def test_what_cannot_be_shown_is_named(client: Client, registrar: Client) -> None:
    unknown = {"kind": "letter", "variant": "promoted", "language": "en"}
    strange = {"kind": "reminder", "language": "en", "session": "00000000-0000-7000-8000-000000000000"}
    analyst = await client.as_role("checkin_staff", (await client.get("/v1/editions/grf-2023")).json()["id"])

    assert pointers(await registrar.post(PREVIEW, unknown)) == {("/variant", "unknown_variant")}
    assert pointers(await registrar.post(PREVIEW, strange)) == {("/session", "unknown_reference")}
    assert (await analyst.post(PREVIEW, {"kind": "letter", "language": "en"})).status_code == 403
