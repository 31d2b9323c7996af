"""The last release of each edition, kept in this process as bytes that are ready to be sent.

The database tells of new releases (NOTIFY forum_releases). While nothing is heard, every read asks the database for
the number of the last release, so that nothing stale is ever served.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from forum.codes import choose_language
from forum.db import Connection
from forum.errors import NotFound
from forum.kept import KeptBytes
from forum.programme import release_queries as queries
from forum.programme.release_types import Programme, PublishedSession, PublishedTrack, ReleaseHead, Selection

Connect = Callable[[], Awaitable[Connection]]
Render = Callable[[list[PublishedSession]], KeptBytes]

_INSTANT: Final = timedelta(microseconds=1)


class KeptRelease:
    """A release, and every rendering of it that was asked for: same release and language, same bytes."""

    def __init__(
        self, head: ReleaseHead, sessions: Sequence[PublishedSession], before: "KeptRelease | None" = None
    ) -> None:
        self.head = head
        self.sessions = sessions
        self.tag = f"r{head.number}"
        self._zone = ZoneInfo(head.edition.timezone)
        self._languages = frozenset(tag for texts in self._all_texts() for tag in texts)
        self._renderings: dict[tuple[str, str | None, Selection], KeptBytes] = {}
        self._fragments: dict[tuple[UUID, str], tuple[PublishedSession, bytes]] = {}
        if before is not None and before.head.edition == head.edition:
            self._fragments = before._fragments

    def language(self, wanted: str | None) -> str | None:
        """The language in which this release answers one who asks for `wanted`; None is all of them."""
        return None if wanted is None else choose_language(self._languages, wanted)

    def rendering(self, kind: str, language: str | None, selection: Selection, render: Render) -> KeptBytes:
        """What `render` makes of the selected sessions, made once.

        Where there is no session nothing is kept, so that nobody can fill the memory by asking for what is not.
        """
        key = (kind, language, selection)
        if (kept := self._renderings.get(key)) is None:
            sessions = [session for session in self.sessions if self._is_in(session, selection)]
            kept = render(sessions)
            if sessions:
                self._renderings[key] = kept
        return kept

    def fragment(self, session: PublishedSession, language: str, render: Callable[[], bytes]) -> bytes:
        """A session's part of a rendering; it is made again only when the session differs from the release before."""
        known = self._fragments.get((session.id, language))
        if known is None or known[0] != session:
            known = (session, render())
            self._fragments[session.id, language] = known
        return known[1]

    def programme(self, wanted: str | None, selection: Selection) -> KeptBytes:
        """The release as JSON."""
        language = self.language(wanted)
        return self.rendering("json", language, selection, lambda sessions: self._encode(sessions, language))

    def _encode(self, sessions: list[PublishedSession], language: str | None) -> KeptBytes:
        if language is not None:
            sessions = [in_language(session, language) for session in sessions]
        programme = Programme(self.head.edition, self.head.number, self.head.published_at, language, sessions)
        return KeptBytes(msgspec.json.encode(programme), "application/json", f"{self.tag}-{language or 'all'}")

    def _is_in(self, session: PublishedSession, selection: Selection) -> bool:
        return (
            (selection.session is None or session.id == selection.session)
            and (selection.day is None or self._is_on(session, selection.day))
            and (selection.track is None or (session.track is not None and session.track.id == selection.track))
            and (selection.type is None or session.type == selection.type)
        )

    def _is_on(self, session: PublishedSession, day: date) -> bool:
        """Whether a session touches a day of the edition's zone."""
        if session.starts_at is None:
            return session.held_on == day
        last = session.ends_at - _INSTANT if session.ends_at else session.starts_at  # what ends at midnight is over
        return session.starts_at.astimezone(self._zone).date() <= day <= last.astimezone(self._zone).date()

    def _all_texts(self) -> list[dict[str, str]]:
        texts = [self.head.edition.title]
        for session in self.sessions:
            texts += [session.title, session.abstract or {}, session.track.name if session.track else {}]
        return texts


def in_language(session: PublishedSession, language: str) -> PublishedSession:
    """A session whose texts are in one language each."""
    track = session.track and PublishedTrack(session.track.id, _only(session.track.name, language))
    abstract = session.abstract and _only(session.abstract, language)
    return msgspec.structs.replace(session, title=_only(session.title, language), abstract=abstract, track=track)


def _only(texts: dict[str, str], language: str) -> dict[str, str]:
    chosen = choose_language(texts, language)
    return {chosen: texts[chosen]}


class Keeper:
    """The last release of each edition, and whether it can be trusted without asking the database."""

    channel = "forum_releases"

    def __init__(self) -> None:
        self._kept: dict[UUID, KeptRelease] = {}
        self._trusted: set[UUID] = set()
        self._is_listening = False
        self._losses = 0
        self._news: Counter[UUID] = Counter()
        self._loading = asyncio.Lock()

    def find(self, edition_id: UUID) -> KeptRelease | None:
        """The last release, when it is kept and can be trusted."""
        return self._kept[edition_id] if edition_id in self._trusted else None

    def forget(self, edition_id: UUID) -> None:
        """Ask the database the next time whether the edition has a newer release."""
        self._news[edition_id] += 1
        self._trusted.discard(edition_id)

    async def read(self, edition_id: UUID, connect: Connect) -> KeptRelease:
        """The last release; takes a connection only when it must ask. Raises `NotFound` when there is none."""
        if (kept := self.find(edition_id)) is not None:
            return kept
        state, conn = self._state_of(edition_id), await connect()
        head = await queries.find_release_head(conn, edition_id, None)
        if head is None:
            raise NotFound
        async with self._loading:
            kept = self._kept.get(edition_id)
            if kept is None or kept.head != head:
                numbered = (edition_id, head.number, head.hidden_speakers)
                kept = KeptRelease(head, await queries.list_release_sessions(conn, *numbered), before=kept)
            if state == self._state_of(edition_id):  # else what was read may be older than what is kept
                self._kept[edition_id] = kept
                if self._is_listening:
                    self._trusted.add(edition_id)
            return kept

    def _state_of(self, edition_id: UUID) -> tuple[int, int]:
        """Differs once there was news of an edition, or may have been."""
        return self._losses, self._news[edition_id]

    def begin(self) -> None:
        """Every release is heard of from now on; what was read before is not what would have been heard of."""
        self._losses += 1
        self._is_listening = True

    def hear(self, payload: str) -> None:
        """An edition has a new release."""
        self.forget(UUID(payload))

    def lose(self) -> None:
        """Nothing is heard of new releases from now on."""
        self._is_listening = False
        self._losses += 1
        self._trusted.clear()
