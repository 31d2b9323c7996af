"""The rules of an edition's own words in mails: which texts it may write, and what may stand in them."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final
from uuid import UUID

from forum.db import Connection
from forum.errors import Fault, Invalid, NotFound, Stale
from forum.http import IfMatch
from forum.notifications import text_queries as queries
from forum.notifications.text_types import MessageText, NewMessageText, OwnText, TextFilter
from forum.notifications.texts import LANGUAGES, PLACEHOLDER, Wording, placeholders, standard
from forum.pagination import Page, Paging

NOTED: Final = (
    "answer", "booking", "change_request", "invitation", "letter", "pledge_update", "programme_change", "proposal",
    "registration", "reminder", "revision", "speaker",
)  # fmt: skip
"""The kinds of mails to which an edition can add a note of its own."""


def own_texts() -> dict[str, frozenset[str]]:
    """The keys that an edition may write, with what can be put in; codes and pages come from no edition."""
    keys = {key: parts for key, parts in placeholders().items() if not key.startswith(("sign_in", "unsubscribing"))}
    return dict(sorted((keys | {f"note_{kind}": frozenset({"edition"}) for kind in NOTED}).items()))


async def list_texts(conn: Connection, edition_id: UUID, wanted: TextFilter, paging: Paging) -> Page[MessageText]:
    """All texts by key and language, as the edition's mails have them."""
    own = {(row.key, row.language): row for row in await queries.list_texts(conn, edition_id)}
    texts = [
        text
        for key in own_texts()
        for language in LANGUAGES
        if wanted.key in (None, key) and wanted.language in (None, language)
        and wanted.is_own in (None, (text := _text(key, language, own.get((key, language)))).is_own)
    ]  # fmt: skip
    after = paging.after(tuple[str, str]) or ("", "")
    rest = [text for text in texts if (text.key, text.language) > after]
    page = rest[: paging.limit + 1]
    return paging.page(page, lambda text: (text.key, text.language), len(texts) if paging.count else None)


async def read_text(conn: Connection, edition_id: UUID, key: str, language: str) -> MessageText:
    """One text; raises `NotFound` for a key or a language that there is not."""
    _check_known(key, language)
    return _text(key, language, await queries.find_text(conn, edition_id, key, language))


async def replace_text(
    conn: Connection,
    edition_id: UUID,
    key: str,
    language: str,
    new: NewMessageText | None,
    if_match: IfMatch,
    now: datetime,
) -> MessageText:
    """Write a text in the edition's own words, or (None) take them back; mails that wait are sent in the new ones.

    Raises `NotFound`, and `Invalid` for placeholders that the key does not have.
    """
    _check_known(key, language)
    if new is not None and (faults := list(_faults(new.text, own_texts()[key]))):
        raise Invalid(faults)
    version = (await read_text(conn, edition_id, key, language)).version
    if_match.require(version)
    put = await queries.put_text(conn, edition_id, key, language, new.text if new else None, version, now)
    if put is None:
        raise Stale((await read_text(conn, edition_id, key, language)).version)
    return _text(key, language, put)


async def read_wordings(conn: Connection, edition_ids: Collection[UUID]) -> dict[UUID, Wording]:
    """The words of those among these editions that have words of their own; once for many mails."""
    own: dict[UUID, dict[str, dict[str, str]]] = {}
    for row in await queries.list_wordings(conn, sorted(edition_ids)):
        own.setdefault(row.edition_id, {}).setdefault(row.key, {})[row.language] = row.text
    return {edition_id: Wording(texts) for edition_id, texts in own.items()}


async def copy_texts(conn: Connection, old: UUID, new: UUID, now: datetime) -> int:
    """Have an edition that has said nothing yet say what another says in its own words; how many texts."""
    return await queries.copy_texts(conn, old, new, now)


def _check_known(key: str, language: str) -> None:
    if language not in LANGUAGES or key not in own_texts():
        raise NotFound


def _faults(text: str, known: Collection[str]) -> Iterator[Fault]:
    """Braces stand around the names of what is put in, and for nothing else."""
    can = f"What can be put in: {', '.join(f'{{{name}}}' for name in sorted(known)) or 'nothing'}."
    for name in sorted(set(PLACEHOLDER.findall(text)) - set(known)):
        yield Fault(pointer="/text", code="unknown_placeholder", detail=f"{{{name}}} is not known here. {can}")
    if {"{", "}"} & set(PLACEHOLDER.sub("", text)):
        yield Fault(pointer="/text", code="bad_placeholder", detail=f"Braces stand around a name only. {can}")


def _text(key: str, language: str, own: OwnText | None) -> MessageText:
    default = None if key.startswith("note_") else standard(language, key)
    text = own.text if own else None
    parts = sorted(own_texts()[key])
    return MessageText(key, language, text or default, default, parts, text is not None, own.version if own else 0)
