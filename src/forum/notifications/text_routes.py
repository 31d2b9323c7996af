"""The HTTP side of an edition's own words in mails."""

from datetime import datetime
from uuid import UUID

from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from forum.db import Connection
from forum.http import IfMatch
from forum.notifications import message_texts as service
from forum.notifications.text_types import MessageText, NewMessageText, TextFilter
from forum.pagination import Page, Paging
from forum.permissions import Permission, needs

READ, WRITE = needs(Permission.MESSAGES_READ), needs(Permission.EDITIONS_WRITE)
TAGS = ["notifications"]
TEXTS = "/editions/{edition:str}/message-texts"
TEXT = f"{TEXTS}/{{key:str}}/{{language:str}}"


@get(TEXTS, opt=READ, operation_id="list_message_texts", tags=TAGS)
async def list_message_texts(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    key: FromQuery[str | None] = None,
    language: FromQuery[str | None] = None,
    is_own: FromQuery[bool | None] = None,
) -> Page[MessageText]:
    """The texts of which the edition's mails are made, by key and language, with what can be put into each.

    Those named `note_` and a kind of mail stand in no catalogue: an edition adds what it has to say to that kind.
    """
    return await service.list_texts(conn, edition_id, TextFilter(key, language, is_own), paging)


@get(TEXT, opt=READ, operation_id="get_message_text", tags=TAGS)
async def get_message_text(
    key: FromPath[str],
    language: FromPath[str],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
) -> MessageText:
    """One text, as mails say it and as the catalogue has it."""
    return await service.read_text(conn, edition_id, key, language)


@put(TEXT, opt=WRITE, operation_id="replace_message_text", tags=TAGS)
async def replace_message_text(
    data: JSONBody[NewMessageText],
    key: FromPath[str],
    language: FromPath[str],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> MessageText:
    """Say it in words of your own, the first time with the ETag `"0"`: one line of plain text, shown as it is written.

    `{name}` puts in what `placeholders` names; nothing else is put in, and no markup works.
    """
    return await service.replace_text(conn, edition_id, key, language, data, if_match, now)


@delete(TEXT, opt=WRITE, operation_id="delete_message_text", tags=TAGS)
async def delete_message_text(
    key: FromPath[str],
    language: FromPath[str],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> None:
    """Take your own words back: mails say what the catalogue says, and a note is left out."""
    await service.replace_text(conn, edition_id, key, language, None, if_match, now)


HANDLERS = [list_message_texts, get_message_text, replace_message_text, delete_message_text]
