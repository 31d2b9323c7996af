"""Personal calendars behind secret addresses: who makes, rotates and revokes them, and what they show.

Calendar applications cannot sign in: whoever knows the address reads the calendar. So it is random, told once, kept as
a hash, and replaceable; and the calendar names nobody.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

from msgspec.structs import asdict

from forum.calendars import queries
from forum.calendars.feed_types import CalendarFeed, CalendarFeedAddress, NewCalendarFeed, Subscription
from forum.calendars.service import CalendarAddresses, personal_calendar
from forum.codes import Mode
from forum.db import Connection
from forum.editions import service as editions
from forum.errors import Conflict, NotFound
from forum.ids import new_id
from forum.kept import KeptBytes
from forum.pagination import Page, Paging
from forum.permissions import Principal
from forum.programme.service import Keeper, KeptRelease
from forum.registrations import service as registrations
from forum.registrations.types import Registration

GRACE: Final = timedelta(days=14)
"""How long the address before a rotation is good, so that no device loses its calendar before it has the new one."""
MOST_FEEDS: Final = 10
"""For one registration: a person has so many devices."""
MOST_KEPT: Final = 2_000
PRIVATE: Final = "private, no-cache"

_Connect = Callable[[], Awaitable[Connection]]
_Own = tuple[tuple[UUID, ...], tuple[UUID, ...]]


class NotPublished(Conflict):
    """The programme is not published yet"""


class TooManyFeeds(Conflict):
    """This registration has as many calendar addresses as it can have"""


async def create_feed(
    conn: Connection, principal: Principal, new: NewCalendarFeed, public_url: str, now: datetime
) -> CalendarFeedAddress:
    """A new address for one's own registration; raises `NotFound` without one, `NotPublished` and `TooManyFeeds`."""
    person_id = principal.require_person()
    edition_id = await editions.find_id(conn, new.edition)
    own = await registrations.lock_own_registration(conn, edition_id, person_id, principal.registration_id)
    if own is None or not own.is_active:
        raise NotFound
    if not await queries.is_programme_published(conn, edition_id):
        raise NotPublished("There is something to subscribe to once it is.")
    if await queries.count_feeds(conn, edition_id, own.id) >= MOST_FEEDS:
        raise TooManyFeeds("Revoke one that is not used any more.")
    feed_id, secret = new_id(), _new_secret()
    await queries.insert_feed(conn, edition_id, feed_id, own.id, new.label, _sha256(secret), now)
    return await _tell(conn, principal, feed_id, secret, public_url)


async def list_feeds(conn: Connection, principal: Principal, edition: str | None, paging: Paging) -> Page[CalendarFeed]:
    """One's own feeds, in the order in which they were made."""
    chosen = (principal.require_person(), principal.registration_id, edition)
    rows = await queries.list_own_feeds(conn, *chosen, paging.after(UUID), paging.limit + 1)
    total = await queries.count_own_feeds(conn, *chosen) if paging.count else None
    return paging.page(rows, lambda feed: feed.id, total)


async def rotate_feed(
    conn: Connection, principal: Principal, feed_id: UUID, public_url: str, now: datetime
) -> CalendarFeedAddress:
    """Another address for a feed; the one before is good for `GRACE`. Raises `NotFound` for a feed of others."""
    feed = await queries.find_own_feed(conn, feed_id, principal.require_person(), principal.registration_id)
    secret = _new_secret()
    await queries.rotate_feed(conn, feed.id, _sha256(secret), now, now + GRACE)
    return await _tell(conn, principal, feed.id, secret, public_url)


async def revoke_feed(conn: Connection, principal: Principal, feed_id: UUID) -> None:
    """The addresses of a feed are good no more, at once; raises `NotFound` for a feed of others."""
    feed = await queries.find_own_feed(conn, feed_id, principal.require_person(), principal.registration_id)
    await queries.delete_feed(conn, feed.id)


async def take_away(
    conn: Connection, release: KeptRelease, addresses: CalendarAddresses, registration: Registration
) -> bytes:
    """What concerns a registration, as it stands."""
    own = await queries.get_personal_sessions(conn, registration.edition_id, registration.id)
    has_place = registration.status == "approved"
    language = registration.person.language
    shown = Subscription(registration.edition_id, language, registration.mode, has_place, own.sessions, own.booked)
    return personal_calendar(release, addresses, shown, release.language(language) or "en")


class PersonalFeeds:
    """The calendars that secret addresses showed last, as bytes; many people share one: it names nobody."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[KeptRelease, OrderedDict[tuple[str, Mode, bool, _Own], KeptBytes]] = (
            WeakKeyDictionary()
        )

    async def read(
        self, keeper: Keeper, connect: _Connect, secret: str, addresses: CalendarAddresses, now: datetime
    ) -> KeptBytes:
        """What an address shows of the last release; raises `NotFound` for one that is not good."""
        shown = await queries.find_subscription(await connect(), _sha256(secret), now)
        if shown is None:
            raise NotFound
        release = await keeper.read(shown.edition_id, connect)
        return self._render(release, shown, addresses)

    def _render(self, release: KeptRelease, shown: Subscription, addresses: CalendarAddresses) -> KeptBytes:
        kept = self._kept.setdefault(release, OrderedDict())
        language = release.language(shown.language) or "en"
        key = (language, shown.mode, shown.has_place, (tuple(shown.sessions), tuple(shown.booked)))
        if key not in kept:
            body = personal_calendar(release, addresses, shown, language)
            kept[key] = KeptBytes(body, "text/calendar", f"{release.tag}-{language}", caching=PRIVATE)
        kept.move_to_end(key)
        while len(kept) > MOST_KEPT:
            kept.popitem(last=False)
        return kept[key]


async def _tell(
    conn: Connection, principal: Principal, feed_id: UUID, secret: str, public_url: str
) -> CalendarFeedAddress:
    feed = await queries.find_own_feed(conn, feed_id, principal.require_person(), principal.registration_id)
    return CalendarFeedAddress(**asdict(feed), url=f"{public_url.rstrip('/')}/v1/calendars/{secret}/calendar.ics")


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


def _sha256(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
