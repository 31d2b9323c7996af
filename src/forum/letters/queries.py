"""One function for each statement of `letters.sql`."""

from datetime import date, datetime
from uuid import UUID

from forum.db import Connection, columns, execute, fetch_all, find, get, value
from forum.letters.types import (
    Letter,
    LetterCheck,
    LetterContent,
    LetterCount,
    LetterDetails,
    LetterDocument,
    LetterFilter,
    LetterHolderCheck,
    LetterNews,
    LetterRow,
    LetterRules,
    LockedLetter,
    Particulars,
    RequestTerms,
)
from forum.sqlfiles import load_statements

_SQL = load_statements("letters")


async def find_letter_rules(conn: Connection, edition_id: UUID) -> LetterRules:
    """The rules of an edition; raises `NotFound`."""
    return await get(conn, _SQL["find_letter_rules"], LetterRules, edition_id)


async def ensure_letter_rules(conn: Connection, edition_id: UUID) -> None:
    """The rules of an edition as a row that can be locked."""
    await execute(conn, _SQL["ensure_letter_rules"], edition_id)


async def lock_letter_rules(conn: Connection, edition_id: UUID) -> LetterRules:
    """Lock the rules of an edition until the transaction ends."""
    return await get(conn, _SQL["lock_letter_rules"], LetterRules, edition_id)


async def update_letter_rules(
    conn: Connection, edition_id: UUID, due_days: int, signatory_name: str | None, signatory_function: str | None
) -> LetterRules:
    """Write every field; the version rises."""
    fields = (due_days, signatory_name, signatory_function)
    return await get(conn, _SQL["update_letter_rules"], LetterRules, edition_id, *fields)


async def find_request_terms(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    asks_for_all: bool,
    person_id: UUID | None,
    kind: str,
    now: datetime,
) -> RequestTerms:
    """What a request must fit; raises `NotFound` for a registration that one may not see."""
    key = (edition_id, registration_id, asks_for_all, person_id, kind, now)
    return await get(conn, _SQL["find_request_terms"], RequestTerms, *key)


async def insert_letter(
    conn: Connection,
    edition_id: UUID,
    letter_id: UUID,
    registration_id: UUID,
    kind: str,
    language: str,
    due_on: date,
    now: datetime,
    token_id: UUID,
    particulars: Particulars,
) -> UUID | None:
    """A new request; None when the registration is no longer active and in person."""
    fields = (letter_id, registration_id, kind, language, due_on, now, token_id, *columns(particulars))
    return await find(conn, _SQL["insert_letter"], UUID, edition_id, *fields)


async def find_letter(
    conn: Connection, edition_id: UUID, letter_id: UUID, reads_all: bool, person_id: UUID | None, now: datetime
) -> LetterDetails:
    """A letter that is the person's, or any for who reads all; raises `NotFound`."""
    key = (edition_id, letter_id, reads_all, person_id, now)
    return await get(conn, _SQL["find_letter"], LetterDetails, *key)


async def list_registration_letters(
    conn: Connection,
    edition_id: UUID,
    registration_id: UUID,
    reads_all: bool,
    person_id: UUID | None,
    now: datetime,
    after: UUID | None,
    limit: int,
) -> list[Letter]:
    """The letters of a registration that is the person's, or of any for who reads all."""
    key = (edition_id, registration_id, reads_all, person_id, now, after, limit)
    return await fetch_all(conn, _SQL["list_registration_letters"], Letter, *key)


async def list_letters(
    conn: Connection,
    edition_id: UUID,
    now: datetime,
    wanted: LetterFilter,
    after_day: date | None,
    after_id: UUID | None,
    limit: int,
) -> list[Letter]:
    """Letters of an edition, the most pressing first."""
    chosen = (edition_id, now, *columns(wanted), after_day, after_id, limit)
    return await fetch_all(conn, _SQL["list_letters"], Letter, *chosen)


async def count_letters(conn: Connection, edition_id: UUID, now: datetime, wanted: LetterFilter) -> int:
    """How many letters the list has."""
    return int(await value(conn, _SQL["count_letters"], edition_id, now, *columns(wanted)))


async def list_letter_rows(
    conn: Connection,
    edition_id: UUID,
    now: datetime,
    wanted: LetterFilter,
    after_day: date | None,
    after_id: UUID | None,
    limit: int,
) -> list[LetterRow]:
    """The same letters as lines of a table."""
    chosen = (edition_id, now, *columns(wanted), after_day, after_id, limit)
    return await fetch_all(conn, _SQL["list_letter_rows"], LetterRow, *chosen)


async def count_letters_by(conn: Connection, edition_id: UUID, now: datetime) -> list[LetterCount]:
    """How many letters of each kind have which status."""
    return await fetch_all(conn, _SQL["count_letters_by"], LetterCount, edition_id, now)


async def lock_letter(
    conn: Connection, edition_id: UUID, letter_id: UUID, writes_all: bool, person_id: UUID | None
) -> LockedLetter:
    """Lock a letter until the transaction ends; raises `NotFound` for one that is not the person's."""
    return await get(conn, _SQL["lock_letter"], LockedLetter, edition_id, letter_id, writes_all, person_id)


async def update_letter(
    conn: Connection, edition_id: UUID, letter_id: UUID, language: str, due_on: date, particulars: Particulars
) -> None:
    """Write what can be corrected; the version rises."""
    await execute(conn, _SQL["update_letter"], edition_id, letter_id, language, due_on, *columns(particulars))


async def get_letter_content(conn: Connection, edition_id: UUID, letter_id: UUID) -> LetterContent | None:
    """What is written into a letter; None when what it says of the person was deleted."""
    return await find(conn, _SQL["get_letter_content"], LetterContent, edition_id, letter_id)


async def get_letter_news(conn: Connection, edition_id: UUID, letter_id: UUID) -> LetterNews:
    """Whom to tell what became of a letter."""
    return await get(conn, _SQL["get_letter_news"], LetterNews, edition_id, letter_id)


async def draw_letter_number(conn: Connection) -> int:
    """A number that no other letter has or will have."""
    return int(await value(conn, _SQL["draw_letter_number"]))


async def issue_letter(
    conn: Connection,
    edition_id: UUID,
    letter_id: UUID,
    reference: str,
    token_sha256: bytes,
    now: datetime,
    token_id: UUID,
    document: bytes,
) -> None:
    """A letter is issued, and its document kept."""
    fields = (reference, token_sha256, now, token_id, document)
    await execute(conn, _SQL["issue_letter"], edition_id, letter_id, *fields)


async def close_letter(
    conn: Connection,
    edition_id: UUID,
    letter_id: UUID,
    status: str,
    reason: str | None,
    now: datetime,
    token_id: UUID,
) -> None:
    """A letter is declined or cancelled."""
    await execute(conn, _SQL["close_letter"], edition_id, letter_id, status, reason, now, token_id)


async def find_letter_document(
    conn: Connection, edition_id: UUID, letter_id: UUID, reads_all: bool, person_id: UUID | None
) -> LetterDocument:
    """The document of a letter that is the person's, or any for who reads all; raises `NotFound`."""
    return await get(conn, _SQL["find_letter_document"], LetterDocument, edition_id, letter_id, reads_all, person_id)


async def check_letter(conn: Connection, token_sha256: bytes) -> LetterCheck:
    """What the holder of a letter's secret may know; raises `NotFound`."""
    return await get(conn, _SQL["check_letter"], LetterCheck, token_sha256)


async def compare_letter_holder(conn: Connection, token_sha256: bytes, passport_name: str) -> LetterHolderCheck:
    """Whether an issued letter names this person; raises `NotFound`."""
    return await get(conn, _SQL["compare_letter_holder"], LetterHolderCheck, token_sha256, passport_name)


async def delete_old_particulars(conn: Connection, now: datetime) -> int:
    """Forget what letters say of people of the editions that were over 90 days ago; of how many letters."""
    return await execute(conn, _SQL["delete_old_particulars"], now)
