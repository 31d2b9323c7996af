"""Links in mails that somebody can do without: no sign-in, and only a POST has an effect (RFC 2369, RFC 8058).

Mails about a registration, calendar entries and codes have no such link: who takes part has to hear of them. A link is
the id of its mail, signed as the link to a registration is, for a purpose of its own.
"""

import html
from datetime import datetime
from typing import Final
from uuid import UUID

from forum.calendars.types import text_in
from forum.db import Connection
from forum.errors import NotFound
from forum.notifications import texts
from forum.notifications import unsubscribing_queries as queries
from forum.notifications.delivery_types import Unsubscribing
from forum.registrations import service as registrations

OPTIONAL: Final = frozenset({"attendance_report", "reminder", "pledge_update"})
"""The kinds of mails that one can do without."""
_OFFERED: Final = ("unsubscribing_not", "unsubscribing_do")
_DONE: Final = ("unsubscribing_done", "unsubscribing_undo")
_PURPOSE: Final = b"forum unsubscribe"


async def sign_token(conn: Connection, message_id: UUID, ring: registrations.KeyRing) -> str:
    """What a mail's link ends with; the same each time."""
    return registrations.sign(message_id, await ring.newest(conn), _PURPOSE)


def list_headers(address: str) -> bytes:
    """The two header fields that let a mail program unsubscribe with one click."""
    return f"List-Unsubscribe: <{address}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n".encode("ascii")


async def show_page(conn: Connection, token: str, ring: registrations.KeyRing) -> str:
    """The page of a link; raises `NotFound`."""
    return _page(await _find(conn, token, ring))


async def unsubscribe(conn: Connection, token: str, ring: registrations.KeyRing, now: datetime) -> str:
    """Send no more of these mails; the page that says so. Raises `NotFound`."""
    found = await _find(conn, token, ring)
    await queries.insert_unsubscription(conn, found.edition_id, found.person_id, found.kind, now)
    return _page(await _find(conn, token, ring))


async def subscribe_again(conn: Connection, token: str, ring: registrations.KeyRing) -> str:
    """Send these mails again; the page that says so. Raises `NotFound`."""
    found = await _find(conn, token, ring)
    await queries.delete_unsubscription(conn, found.edition_id, found.person_id, found.kind)
    return _page(await _find(conn, token, ring))


async def _find(conn: Connection, token: str, ring: registrations.KeyRing) -> Unsubscribing:
    message_id = await registrations.verify(conn, token, ring, _PURPOSE)
    found = await queries.find_unsubscribing(conn, message_id) if message_id else None
    if found is None or found.kind not in OPTIONAL:
        raise NotFound
    return found


def _page(found: Unsubscribing) -> str:
    language = texts.known_language(found.language)
    what = texts.phrase(language, f"unsubscribing_{found.kind}", edition=text_in(found.title, language)[0])
    said, offered = (texts.phrase(language, key) for key in (_DONE if found.is_unsubscribed else _OFFERED))
    action = ' action="undo"' if found.is_unsubscribed else ""
    return (
        f'<!doctype html><html lang="{language}" dir="{texts.direction(language)}"><head><meta charset="utf-8">'
        f'<title>{html.escape(what)}</title><meta name="viewport" content="width=device-width"></head>'
        f"<body><main><h1>{html.escape(what)}</h1><p>{said}</p>"
        f'<form method="post"{action}><button>{offered}</button></form></main></body></html>'
    )
