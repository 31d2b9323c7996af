"""Pushes what people were told: what still stands, what it says, and what follows from a push service's answer.

A push is a job of the outbox and has no other state. A worker that is killed pushes at most the pushes of its job once
more, each under the same Topic and tag, so that it takes the place of itself.
"""

import asyncio
import base64
import hashlib
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec

from forum.clock import system_clock
from forum.db import Connection
from forum.jobs import PushMessage
from forum.notifications import service as notifications
from forum.notifications.headline_types import Headline
from forum.outbox import publish_later
from forum.pushes import queries
from forum.pushes.courier import Courier, Outcome, Parcel, Round
from forum.pushes.feed import NO_EDITION
from forum.pushes.keys import private_key_of
from forum.pushes.types import Push, PushPayload

AT_ONCE: Final = 20
PUSH_WITHIN_SECONDS: Final = 8.0
"""How long one job goes on taking up pushes: mails wait for the same workers."""
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (0.5, 2, 10, 30, 120, 360))
"""After each try that was put off; after the last one it is given up."""
KEPT_FOR: Final = timedelta(days=3)
"""How long a push service keeps what it cannot deliver: later it is read in the feed."""
SHORTEST: Final = timedelta(minutes=1)
MOST_TITLE_BYTES, MOST_TEXT_BYTES = 600, 1_500
URGENT: Final = frozenset({"reminder", "booking", "revision"})
_TOPICS: Final = {"revision": "registration"}
Keys = dict[int, ec.EllipticCurvePrivateKey]
log = logging.getLogger("forum")


async def send_pushes(
    conn: Connection, jobs: Sequence[PushMessage], courier: Courier, now: datetime, closing: asyncio.Event
) -> None:
    """Push what still stands of these jobs; what is put off, or not reached in time, is published once more.

    `now`: by the clock of what is told; push services run by the real one.
    """
    attempts = {(job.subscription_id, job.message_id): job.attempts for job in jobs}
    pairs = sorted(attempts)
    rows = await queries.list_pushes(conn, [pair[0] for pair in pairs], [pair[1] for pair in pairs])
    latest = {(row.subscription_id, topic_of(row)): row for row in rows}
    batch = _Batch(await _pack(conn, list(latest.values()), now), closing)
    keys = {key.id: private_key_of(key) for key in await queries.list_push_keys(conn)}
    async with courier.round() as round_, asyncio.TaskGroup() as group:
        for _ in range(min(AT_ONCE, len(batch.waiting))):
            group.create_task(batch.work(round_, keys))
    await batch.record(conn, attempts, now)


class _Batch:
    """The pushes of one job, taken up one by one by whoever is free."""

    def __init__(self, parcels: list[tuple[Push, Parcel]], closing: asyncio.Event) -> None:
        self.waiting = parcels[::-1]
        self._closing = closing
        self._now = asyncio.get_running_loop().time
        self._deadline = self._now() + PUSH_WITHIN_SECONDS
        self._outcomes: list[tuple[Push, Outcome]] = []
        self._away: dict[str, Outcome] = {}

    async def work(self, round_: Round, keys: Keys) -> None:
        """Push for as long as there is something to push, and time."""
        while self.waiting and self._now() < self._deadline and not self._closing.is_set():
            push, parcel = self.waiting.pop()
            service = "/".join(push.endpoint.split("/", 3)[:3])
            outcome = self._away.get(service) or await self._send(round_, push, parcel, keys)
            if outcome.is_away:
                self._away[service] = outcome
            self._outcomes.append((push, outcome))

    async def _send(self, round_: Round, push: Push, parcel: Parcel, keys: Keys) -> Outcome:
        """A fault of our own concerns no other push, and is told by its kind."""
        try:
            return await round_.send(parcel, keys[push.key_id], system_clock())
        except Exception as error:
            log.error("message %s cannot be pushed", push.message_id, exc_info=error)
            return Outcome("refused", f"it cannot be pushed: {type(error).__name__}")

    async def record(self, conn: Connection, attempts: dict[tuple[UUID, UUID], int], now: datetime) -> None:
        """Delete what is gone, keep what services said, and publish once more what is put off or was not reached."""
        gone = {push.subscription_id: push.endpoint for push, outcome in self._outcomes if outcome.fate == "gone"}
        if gone:
            await queries.delete_gone_subscriptions(conn, list(gone), list(gone.values()))
        failed = {p.subscription_id: o.words for p, o in self._outcomes if o.fate in ("later", "refused")}
        if failed:
            ids = sorted(failed)
            await queries.record_failures(conn, ids, [failed[one] for one in ids], now)
        again = [(_job(push, attempts, 0), timedelta(0)) for push, _ in self.waiting]
        for push, outcome in self._outcomes:
            tries = attempts[push.subscription_id, push.message_id]
            if outcome.fate == "later" and tries < len(PAUSES):
                again.append((_job(push, attempts, 1), max(PAUSES[tries], outcome.pause)))
        if again:
            await publish_later(conn, again)


def _job(push: Push, attempts: dict[tuple[UUID, UUID], int], more: int) -> PushMessage:
    tries = attempts[push.subscription_id, push.message_id] + more
    return PushMessage(push.subscription_id, push.message_id, tries)


async def _pack(conn: Connection, rows: Sequence[Push], now: datetime) -> list[tuple[Push, Parcel]]:
    """The pushes that are not over, with what they say."""
    wordings = await notifications.read_wordings(conn, {row.edition_id for row in rows if row.edition_id})
    packed = []
    for row in rows:
        ttl = _ends_at(row) - now
        if ttl > timedelta(0):
            wording = wordings.get(row.edition_id or NO_EDITION, notifications.STANDARD)
            body = payload_of(row, notifications.headline(row, None, wording))
            place = (row.endpoint, row.p256dh, row.auth, body, topic_of(row))
            packed.append((row, Parcel(*place, max(ttl, SHORTEST), _urgency(row))))
    return packed


def _ends_at(push: Push) -> datetime:
    """Until when it is worth being told: of a reminder, until the session begins."""
    if push.kind == "reminder":
        return datetime.fromisoformat(push.payload["starts_at"])
    return push.created_at + KEPT_FOR


def _urgency(push: Push) -> Literal["low", "normal", "high"]:
    if push.kind == "attendance_report":
        return "low"
    return "high" if push.kind in URGENT else "normal"


def topic_of(push: Push) -> str:
    """The same for all news of one thing: the later takes the place of what was not delivered (RFC 8030, 5.4)."""
    kind = _TOPICS.get(push.kind, push.kind)
    about = (push.registration_id, push.session_id) if push.registration_id else (push.message_id,)
    digest = hashlib.sha256("|".join((kind, *map(str, about))).encode()).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def payload_of(push: Push, said: Headline) -> bytes:
    """What is encrypted: small enough for every push service, whatever is told."""
    payload = PushPayload(
        push.message_id,
        push.kind,
        _shortened(said.title, MOST_TITLE_BYTES),
        _shortened(said.text, MOST_TEXT_BYTES),
        said.language,
        notifications.direction(said.language),
        topic_of(push),
        push.created_at,
        push.edition,
        push.session_id,
        push.registration_id,
    )
    return msgspec.json.encode(payload)


def _shortened(text: str, most: int) -> str:
    data = text.encode()
    return text if len(data) <= most else data[: most - 3].decode(errors="ignore") + "…"
