"""The texts of statements: what is taken, and who reads it.

A text is what it says it is, and nothing else besides: a file that two programs read in two ways is refused.
"""

import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec.structs import replace

from forum.bodies import merge
from forum.checks import complaints
from forum.codes import LanguageTag
from forum.db import Connection
from forum.errors import Fault, Forbidden, Invalid, NotFound, UnsupportedMediaType
from forum.http import IfMatch
from forum.permissions import Permission, Principal
from forum.requests import OCTET_STREAM
from forum.speakers_lists import lists
from forum.speakers_lists import request_queries as queries
from forum.speakers_lists.request_types import MediaType, SpeakingRequest
from forum.speakers_lists.requests import read_request, reader_of
from forum.speakers_lists.statement_types import StatementFile, StatementPatch, Upload
from forum.speakers_lists.types import Change

FILE_ENDINGS: Final[Mapping[MediaType, str]] = {"text/plain": "txt", "application/pdf": "pdf"}
_PDF: Final = re.compile(rb"%PDF-[12]\.\d[\r\n]")
_MARKUP: Final = re.compile(rb"<\s*(!doctype|html|head|body|script|svg|iframe|\?xml|\?php)", re.IGNORECASE)
_ARCHIVE_END: Final = b"PK\x05\x06"
"""By which archives are found from behind, whatever stands before them (APPNOTE.TXT 4.3.16)."""
_HEAD_BYTES: Final = 1024
_TAIL_BYTES: Final = 66_000
"""An archive's end may be followed by a comment of 65,535 bytes."""


async def put_statement(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    session_id: UUID,
    request_id: UUID,
    upload: Upload,
    if_match: IfMatch,
    now: datetime,
) -> SpeakingRequest:
    """Hand in the text of a statement, in place of the one before; in the language of the statement unless told.

    Raises `UnsupportedMediaType`, `Invalid` for content that is not of its type, and `Forbidden` for who publishes and
    may not; `NotFound` without a request that is theirs.
    """
    media_type = read_media_type(upload.media_type, upload.content)
    faults = [replace(fault, parameter="language", pointer=None) for fault in complaints(upload.language, LanguageTag)]
    if faults := [*faults, *find_content_faults(media_type, upload.content)]:
        raise Invalid(faults)
    _require_publisher(principal, edition_id, upload.published)
    stored = await lists.find_stored(conn, principal, edition_id, session_id)
    await queries.find_request(conn, edition_id, stored.id, request_id, *reader_of(principal, edition_id))
    stored = await lists.lock(conn, edition_id, session_id, Change(principal.token_id, now))
    row = await queries.find_request(conn, edition_id, stored.id, request_id, None, None)
    if_match.require(row.statement.version if row.statement else 0)
    if row.statement is not None:
        _require_publisher(principal, edition_id, row.statement.published)
    text = (upload.language or row.language, media_type, upload.content, upload.published)
    await queries.upsert_statement(conn, edition_id, request_id, *text, now)
    is_staff = principal.may(Permission.PROGRAMME_WRITE, edition_id)
    return await read_request(conn, edition_id, stored, request_id, now, is_staff)


async def update_statement(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    session_id: UUID,
    request_id: UUID,
    patch: StatementPatch,
    if_match: IfMatch,
    now: datetime,
) -> SpeakingRequest:
    """Publish a text or take it back, or correct its language; raises `NotFound` without one."""
    stored = await lists.lock(conn, edition_id, session_id, Change(principal.token_id, now))
    row = await queries.find_request(conn, edition_id, stored.id, request_id, None, None)
    if row.statement is None:
        raise NotFound
    if_match.require(row.statement.version)
    after = merge(row.statement, patch)
    await queries.update_statement(conn, edition_id, request_id, after.language, after.published)
    return await read_request(conn, edition_id, stored, request_id, now)


async def find_statement(
    conn: Connection, principal: Principal, edition_id: UUID, session_id: UUID, request_id: UUID
) -> StatementFile:
    """The text of a statement: a published one for everybody, else for who may see the request; raises `NotFound`."""
    stored = await lists.find_stored(conn, principal, edition_id, session_id)
    return await queries.find_statement(conn, edition_id, stored.id, request_id, *reader_of(principal, edition_id))


def describe_file(file: StatementFile, request_id: UUID) -> dict[str, str]:
    """The headers of a text: it is saved, not shown, and runs nothing should a browser show it all the same."""
    ending = FILE_ENDINGS[file.media_type]
    return {
        "Content-Disposition": f'attachment; filename="statement-{request_id}.{ending}"',
        "Content-Language": file.language,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "ETag": f'"{file.file_version}"',
    }


def read_media_type(declared: str, content: bytes) -> MediaType:
    """The type of a text, from its header, or from the first bytes of an octet stream.

    Raises `UnsupportedMediaType`.
    """
    name, _, parameters = declared.lower().partition(";")
    is_utf8 = parameters.replace(" ", "").replace('"', "") in ("", "charset=utf-8")
    if name.strip() == OCTET_STREAM:
        return "application/pdf" if _PDF.match(content) else "text/plain"
    if name.strip() == "text/plain" and is_utf8:
        return "text/plain"
    if name.strip() == "application/pdf":
        return "application/pdf"
    raise UnsupportedMediaType("Send text/plain in UTF-8, or application/pdf.")


def find_content_faults(media_type: MediaType, content: bytes) -> list[Fault]:
    """What is wrong with a text of that type; none for one that is what it says."""
    if not content:
        return [Fault(code="too_short", detail="It is empty.")]
    complaint = _complain_of_pdf(content) if media_type == "application/pdf" else _complain_of_text(content)
    return [Fault(code="wrong_content", detail=complaint)] if complaint else []


def _complain_of_pdf(content: bytes) -> str | None:
    if not _PDF.match(content):
        return "It does not begin as a PDF file does."
    if not content.rstrip(b"\r\n\0 ").endswith(b"%%EOF"):
        return "It does not end as a PDF file does: it is cut off, or something stands behind it."
    if _MARKUP.search(content[:_HEAD_BYTES]):
        return "It could be taken for a web page."
    if _ARCHIVE_END in content[-_TAIL_BYTES:]:
        return "It could be taken for an archive."
    return None


def _complain_of_text(content: bytes) -> str | None:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return "It is not text in UTF-8."
    if any(unicodedata.category(character) == "Cc" and character not in "\t\r\n\f" for character in set(text)):
        return "It holds control characters."
    if b"%PDF-" in content[:_HEAD_BYTES]:
        return "It could be taken for a PDF file."
    return "It could be taken for a web page." if _MARKUP.search(content[:_HEAD_BYTES]) else None


def _require_publisher(principal: Principal, edition_id: UUID, published: bool) -> None:
    """What is published is the staff's to give, and to change."""
    if published and not principal.may(Permission.PROGRAMME_WRITE, edition_id):
        raise Forbidden("The staff of the edition publishes statements.")
