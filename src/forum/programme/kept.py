"""The last release of each edition, kept in this process as bytes that are ready to be sent.

The database tells of new releases (NOTIFY forum_releases). While nothing is heard, every read asks the database for
the number of the last release, so that nothing stale is ever served.
"""

import asyncio
import hashlib
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from forum.codes import choose_language
from forum.db import Connection
from forum.errors import NotFound
from forum.kept import KeptBytes
from forum.programme import release_queries as queries
from forum.programme.release_types import PublishedRoom, PublishedSession, PublishedTrack, ReleaseHead, Selection
from forum.programme.selections import select
from forum.requests import ForumRequest
from forum.transactions import unit_of

Connect = Callable[[], Awaitable[Connection]]
Render = Callable[[list[PublishedSession]], KeptBytes]

MAX_PARTS: Final = 200
MAX_BYTES_OF_PARTS: Final = 32_000_000
_WHOLE: Final = Selection()
_CODE: Final = b"".join(
    hashlib.sha256(path.read_bytes()).digest() for path in sorted(Path(__file__).parent.glob("*.py"))
)
"""What renders releases: by another version of it they may read otherwise."""


class KeptRelease:
    """A release, and the renderings of it that were asked for: same release and language, same bytes."""

    def __init__(
        self, head: ReleaseHead, sessions: Sequence[PublishedSession], before: "KeptRelease | None" = None
    ) -> None:
        self.head = head
        self.sessions = sessions
        self.tag = f"r{head.number}"
        self.zone = ZoneInfo(head.edition.timezone)
        self.texts: dict[UUID, str] | None = None
        """What a search looks through, by session, once somebody has searched."""
        self.changes: dict[int, tuple[frozenset[UUID], list[UUID]]] = {}
        """The sessions that differ from another release, and those of it that are not here."""
        self._seal = hashlib.sha256(_CODE + msgspec.json.encode(head)).digest()
        self._languages = frozenset(tag for texts in self._all_texts() for tag in texts)
        self._whole: dict[tuple[str, str | None], KeptBytes] = {}
        self._parts: OrderedDict[tuple[str, str | None, Selection], KeptBytes] = OrderedDict()
        self._fragments: dict[tuple[UUID, str], tuple[PublishedSession, bytes]] = {}
        if before is not None and before.head.edition == head.edition:
            self._fragments = before._fragments

    def language(self, wanted: str | None) -> str | None:
        """The language in which this release answers one who asks for `wanted`; None is all of them."""
        return None if wanted is None else choose_language(self._languages, wanted)

    def tag_of(self, kind: str, language: str | None, selection: Selection) -> str:
        """What tells a rendering from all others, before it is made: release, language, and what was asked for."""
        asked = hashlib.sha256(self._seal + msgspec.json.encode((kind, language, selection))).hexdigest()[:12]
        return f"{self.tag}-{language or 'all'}-{asked}"

    def select(self, selection: Selection, found: Collection[UUID] | None = None) -> list[PublishedSession]:
        """The sessions that are asked for, as far as they are among those that were `found`."""
        return select(self.sessions, selection, self.zone, found)

    def rendering(self, kind: str, language: str | None, selection: Selection, render: Render) -> KeptBytes:
        """What `render` makes of the selected sessions, made once."""
        return self.keep(kind, language, selection, lambda: render(self.select(selection)))

    def keep(self, kind: str, language: str | None, selection: Selection, make: Callable[[], KeptBytes]) -> KeptBytes:
        """A rendering that is kept, or else made.

        Of the whole there are as many as languages. Parts can be asked for in so many ways that no more of them are
        kept than a limit, the last that were asked for; and none where each question is another.
        """
        if selection == _WHOLE:
            return self._whole.get((kind, language)) or self._whole.setdefault((kind, language), make())
        if selection.is_endless:
            return make()
        key = (kind, language, selection)
        kept = self._parts.get(key) or make()
        self._parts[key] = kept
        self._parts.move_to_end(key)
        while len(self._parts) > MAX_PARTS or self._size_of_parts() > MAX_BYTES_OF_PARTS:
            self._parts.popitem(last=False)
        return kept

    def _size_of_parts(self) -> int:
        return sum(len(part.made or b"") for part in self._parts.values())

    def fragment(self, session: PublishedSession, language: str, render: Callable[[], bytes]) -> bytes:
        """A session's part of a rendering; it is made again only when the session differs from the release before."""
        known = self._fragments.get((session.id, language))
        if known is None or known[0] != session:
            known = (session, render())
            self._fragments[session.id, language] = known
        return known[1]

    @cached_property
    def by_room(self) -> list[tuple[PublishedRoom, list[datetime], list[PublishedSession]]]:
        """Each room that is named, by venue and name, with the starts of its confirmed sessions, and these, by time."""
        rooms: dict[UUID, tuple[PublishedRoom, list[datetime], list[PublishedSession]]] = {}
        for session in self.sessions:
            if session.room is not None:
                _, starts, held = rooms.setdefault(session.room.id, (session.room, [], []))
                if session.status == "confirmed" and session.starts_at is not None:
                    starts.append(session.starts_at)
                    held.append(session)
        return sorted(rooms.values(), key=lambda room: (room[0].venue or "", room[0].name, room[0].id))

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


def forget_release(request: ForumRequest, edition_id: UUID) -> None:
    """Have this process ask for an edition's last release again once the request's changes are lasting."""
    keeper: Keeper = request.app.state.keeper
    unit_of(request.scope).after_commit.append(lambda: keeper.forget(edition_id))


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
