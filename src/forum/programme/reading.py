"""What the public reads of releases: whole or in part, in several formats, as JSON unless told otherwise.

The ETag of each answer is known from the release, the language and what was asked for, before anything is looked up
or rendered.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct

from forum.errors import Fault, Invalid
from forum.kept import KeptBytes, LazyBytes
from forum.programme import release_queries as queries
from forum.programme.conference import encode_schedule_json, encode_schedule_xml
from forum.programme.kept import Connect, KeptRelease, in_language
from forum.programme.release_types import NowAndNext, Programme, PublishedSession, RoomNow, Selection
from forum.programme.selections import is_running
from forum.programme.tables import encode_table
from forum.tables import CSV_TYPE

MAX_COMPARED: Final = 16
NOW_CACHING: Final = "public, max-age=10"
Encode = Callable[[KeptRelease, str | None, list[PublishedSession], list[UUID] | None], bytes]


class Format(Struct, frozen=True):
    """How a release can be written."""

    kind: str
    media_type: str
    encode: Encode
    language: str | None = None
    """The language of those who ask for none; None is all of them at once."""


def _encode_json(
    release: KeptRelease, language: str | None, sessions: list[PublishedSession], removed: list[UUID] | None
) -> bytes:
    if language is not None:
        sessions = [in_language(session, language) for session in sessions]
    head = release.head
    absent = UNSET if removed is None else removed
    return msgspec.json.encode(Programme(head.edition, head.number, head.published_at, language, sessions, absent))


JSON: Final = Format("json", "application/json", _encode_json)
CSV: Final = Format("csv", CSV_TYPE, lambda release, language, sessions, _: encode_table(sessions, language), "en")


def schedule_formats(public_url: str) -> dict[str, Format]:
    """The open format of conference applications, as XML and as JSON, for a server of this address."""
    address = public_url.rstrip("/")
    return {
        "xml": Format(
            "xml", "application/xml", lambda r, lang, s, _: encode_schedule_xml(r.head, lang, s, address), "en"
        ),
        "json": Format(
            "schedule", "application/json", lambda r, lang, s, _: encode_schedule_json(r.head, lang, s, address), "en"
        ),
    }


async def read_release_as(
    release: KeptRelease,
    format: Format,
    wanted: str | None,
    selection: Selection,
    connect: Connect,
    if_none_match: str | None,
) -> KeptBytes:
    """The sessions that are asked for, in a format.

    The database is asked only for what a search or a comparison needs, and not even for that when the client has the
    answer already. Raises `Invalid` for a release to compare with that is not there.
    """
    language = release.language(wanted or format.language)
    tag = release.tag_of(format.kind, language, selection)
    found: Collection[UUID] | None = None
    removed: list[UUID] | None = None
    if selection.since_release is not None or selection.q is not None:
        _require_release(release, selection.since_release)
        nothing_new = LazyBytes(bytes, format.media_type, tag)
        if nothing_new.is_known(if_none_match):
            return nothing_new
        found, removed = await _look_up(release, selection, connect)

    def encode() -> bytes:
        return format.encode(release, language, release.select(selection, found), removed)

    return release.keep(format.kind, language, selection, lambda: LazyBytes(encode, format.media_type, tag))


def _require_release(release: KeptRelease, number: int | None) -> None:
    if number is not None and not 0 <= number <= release.head.number:
        detail = f"The last release is {release.head.number}; 0 is before the first."
        raise Invalid([Fault(parameter="since_release", code="unknown_release", detail=detail)])


async def _look_up(
    release: KeptRelease, selection: Selection, connect: Connect
) -> tuple[Collection[UUID], list[UUID] | None]:
    """The sessions that a search finds and that differ from another release, and those that only that one has."""
    found: Collection[UUID] = {session.id for session in release.sessions}
    removed: list[UUID] | None = None
    if selection.since_release is not None:
        found, removed = await _compare(release, selection.since_release, connect)
    if selection.q is not None:
        texts = await _texts_of(release, connect)
        words = await queries.list_folded_words(await connect(), selection.q)
        found = {one for one in found if all(word in texts[one] for word in words)}
    return found, removed


async def _compare(release: KeptRelease, other: int, connect: Connect) -> tuple[frozenset[UUID], list[UUID]]:
    if other not in release.changes:
        head = release.head
        numbers = (head.edition.id, other, head.number)
        rows = await queries.list_differences(await connect(), *numbers, head.hidden_speakers)
        while len(release.changes) >= MAX_COMPARED:
            release.changes.pop(next(iter(release.changes)), None)
        changed = frozenset(row.id for row in rows if row.change != "removed")
        release.changes[other] = changed, [row.id for row in rows if row.change == "removed"]
    return release.changes[other]


async def _texts_of(release: KeptRelease, connect: Connect) -> dict[UUID, str]:
    if release.texts is None:
        head = release.head
        rows = await queries.list_searched_texts(await connect(), head.edition.id, head.number, head.hidden_speakers)
        release.texts = {row.id: row.text for row in rows}
    return release.texts


def now_and_next(release: KeptRelease, at: datetime, wanted: str | None) -> KeptBytes:
    """What runs in every room at an instant, and what starts there next."""
    language = release.language(wanted)

    def encode() -> bytes:
        rooms = []
        for room, starts, held in release.by_room:
            after = bisect_right(starts, at)
            running = held[after - 1] if after and is_running(held[after - 1], at) else None
            following = held[after] if after < len(held) else None
            rooms.append(RoomNow(room, *(one and _only_in(one, language) for one in (running, following))))
        return msgspec.json.encode(NowAndNext(at, release.head.number, language, rooms))

    tag = release.tag_of("now", language, Selection(at=at))
    return LazyBytes(encode, "application/json", tag, NOW_CACHING)


def _only_in(session: PublishedSession, language: str | None) -> PublishedSession:
    return session if language is None else in_language(session, language)
