"""What becomes of a letter: issued as a document that never changes, declined, or cancelled."""

import secrets
from datetime import datetime
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct

from forum.codes import choose_language
from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import Conflict, NotFound
from forum.letters import queries
from forum.letters.letter_pdf import IssuedLetter, draw_letter
from forum.letters.types import (
    LetterCheck,
    LetterContent,
    LetterDetails,
    LetterDocument,
    LetterHolderCheck,
    LetterStatus,
    LockedLetter,
)
from forum.outbox import queue_message
from forum.permissions import Permission, Principal, token_sha256
from forum.printing.press import Press

Move = Literal["issue", "decline", "cancel"]
MOVES: Final[dict[Move, tuple[frozenset[LetterStatus], LetterStatus]]] = {
    "issue": (frozenset({"requested"}), "issued"),
    "decline": (frozenset({"requested"}), "declined"),
    "cancel": (frozenset({"requested", "issued"}), "cancelled"),
}
"""Every allowed change of status. A trigger cancels, too, when a registration in person ends."""
OVER: Final = frozenset({"ended", "archived", "cancelled"})


class RegistrationNotApproved(Conflict):
    """Letters are issued to people who have a place"""


class LetterNotIssued(Conflict):
    """There is no document of this letter"""


class Office(Struct, frozen=True):
    """With what letters are issued: a press, and the address under which anybody can check them."""

    press: Press
    public_url: str

    def check_url(self, token: str) -> str:
        """What the QR code of a letter holds."""
        return f"{self.public_url.rstrip('/')}/v1/letter-checks/{token}"


async def _lock(conn: Connection, principal: Principal, edition_id: UUID, letter_id: UUID, move: Move) -> LockedLetter:
    """The letter, locked; raises `WrongStatus` naming the moves that are allowed now."""
    writes_all = principal.may(Permission.REGISTRATIONS_WRITE, edition_id)
    locked = await queries.lock_letter(conn, edition_id, letter_id, writes_all, principal.person_id)
    if locked.status not in MOVES[move][0]:
        allowed = [name for name, (sources, _) in MOVES.items() if locked.status in sources]
        raise WrongStatus(f"It is {locked.status}.", allowed=allowed)
    return locked


async def issue_letter(
    conn: Connection, principal: Principal, edition_id: UUID, letter_id: UUID, office: Office, now: datetime
) -> LetterDetails:
    """Draw the letter, keep it as it is, and tell the person; raises `RegistrationNotApproved` and `WrongStatus`.

    The letter is locked while it is drawn: a registration that ends meanwhile cancels it afterwards.
    """
    await _lock(conn, principal, edition_id, letter_id, "issue")
    content = await queries.get_letter_content(conn, edition_id, letter_id)
    if content is None:
        raise WrongStatus("What it would say of the person was deleted.", allowed=["decline", "cancel"])
    _require_issuable(content)
    number = await queries.draw_letter_number(conn)
    reference, token = f"{content.edition_slug.upper()}-{number:06}", secrets.token_urlsafe(18)
    issued = IssuedLetter(content, reference, office.check_url(token), now.astimezone(ZoneInfo(content.timezone)))
    document = await office.press.render(draw_letter, issued)
    await queries.issue_letter(
        conn, edition_id, letter_id, reference, token_sha256(token), now, principal.token_id, document
    )
    await _tell(conn, edition_id, letter_id, "issued", reference, now)
    return await queries.find_letter(conn, edition_id, letter_id, True, None, now)


def _require_issuable(content: LetterContent) -> None:
    if content.edition_status in OVER:
        raise WrongStatus(f"The edition is {content.edition_status}.", allowed=["decline", "cancel"])
    if content.registration_status != "approved":
        raise RegistrationNotApproved(f"The registration is {content.registration_status}.")


async def decline_letter(
    conn: Connection, principal: Principal, edition_id: UUID, letter_id: UUID, reason: str, now: datetime
) -> LetterDetails:
    """Refuse a letter with a reason, and tell the person."""
    await _lock(conn, principal, edition_id, letter_id, "decline")
    await queries.close_letter(conn, edition_id, letter_id, "declined", reason, now, principal.token_id)
    await _tell(conn, edition_id, letter_id, "declined", None, now)
    return await queries.find_letter(conn, edition_id, letter_id, True, None, now)


async def cancel_letter(
    conn: Connection, principal: Principal, edition_id: UUID, letter_id: UUID, reason: str | None, now: datetime
) -> LetterDetails:
    """Take a request back, or make an issued letter void: who checks it is told so."""
    await _lock(conn, principal, edition_id, letter_id, "cancel")
    await queries.close_letter(conn, edition_id, letter_id, "cancelled", reason, now, principal.token_id)
    return await queries.find_letter(conn, edition_id, letter_id, True, None, now)


async def _tell(
    conn: Connection,
    edition_id: UUID,
    letter_id: UUID,
    outcome: Literal["issued", "declined"],
    reference: str | None,
    now: datetime,
) -> None:
    """Mail what became of a letter, with nothing of a passport and no reason: both are read after signing in."""
    news = await queries.get_letter_news(conn, edition_id, letter_id)
    title = news.edition_title[choose_language(news.edition_title, news.recipient_language)]
    payload = {
        "letter": str(letter_id),
        "outcome": outcome,
        "language": news.recipient_language,
        "edition": title,
        "reference": reference,
    }
    await queue_message(conn, "letter", news.recipient, payload, now, edition_id)


async def find_document(conn: Connection, principal: Principal, edition_id: UUID, letter_id: UUID) -> LetterDocument:
    """An issued letter, byte for byte as it was issued; raises `LetterNotIssued`, or `NotFound` once it was deleted."""
    reads_all = principal.may(Permission.REGISTRATIONS_READ, edition_id)
    found = await queries.find_letter_document(conn, edition_id, letter_id, reads_all, principal.person_id)
    if found.status != "issued":
        raise LetterNotIssued(f"It is {found.status}.")
    if found.document is None:
        raise NotFound
    return found


async def check_letter(conn: Connection, token: str) -> LetterCheck:
    """Whether a letter was issued by us and still holds; raises `NotFound` for any other secret."""
    return await queries.check_letter(conn, token_sha256(token))


async def compare_holder(conn: Connection, token: str, passport_name: str) -> LetterHolderCheck:
    """Whether a letter was issued for this person: a name is compared, and never told."""
    return await queries.compare_letter_holder(conn, token_sha256(token), passport_name)
