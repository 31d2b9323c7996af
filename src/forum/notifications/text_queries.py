"""One function for each statement of `notifications_texts.sql`."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from forum.db import Connection, execute, fetch_all, find
from forum.notifications.text_types import OwnText, WordedText
from forum.sqlfiles import load_statements

_SQL = load_statements("notifications_texts")


async def list_texts(conn: Connection, edition_id: UUID) -> list[OwnText]:
    """What an edition says in its own words."""
    return await fetch_all(conn, _SQL["list_texts"], OwnText, edition_id)


async def find_text(conn: Connection, edition_id: UUID, key: str, language: str) -> OwnText | None:
    """What an edition says in place of one text."""
    return await find(conn, _SQL["find_text"], OwnText, edition_id, key, language)


async def put_text(
    conn: Connection, edition_id: UUID, key: str, language: str, text: str | None, version: int, now: datetime
) -> OwnText | None:
    """Write a text, or take it back; None when it has another version by now."""
    return await find(conn, _SQL["put_text"], OwnText, edition_id, key, language, text, version, now)


async def list_wordings(conn: Connection, edition_ids: Sequence[UUID]) -> list[WordedText]:
    """What several editions say in their own words."""
    return await fetch_all(conn, _SQL["list_wordings"], WordedText, edition_ids)


async def copy_texts(conn: Connection, old: UUID, new: UUID, now: datetime) -> int:
    """What an edition says in its own words, said by another; how many texts."""
    return await execute(conn, _SQL["copy_texts"], old, new, now)
