"""What people and those who act for them may do with a letter: ask for one, correct it, read it, take it back."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Final, get_args
from uuid import UUID

from forum.bodies import check, merge
from forum.codes import choose_language
from forum.db import Connection
from forum.editions.service import WrongStatus
from forum.errors import Conflict, Fault, Forbidden, Invalid
from forum.http import IfMatch
from forum.ids import new_id
from forum.letters import queries
from forum.letters.types import Letter, LetterDetails, LetterLanguage, LetterPatch, NewLetter, RequestTerms
from forum.pagination import Page, Paging
from forum.permissions import Permission, Principal

LANGUAGES: Final[tuple[LetterLanguage, ...]] = get_args(LetterLanguage)
EVERYWHERE: Final[frozenset[LetterLanguage]] = frozenset({"en", "fr"})
"""What consulates read whatever the languages of the edition."""
ACTIVE: Final = frozenset({"submitted", "approved", "waitlisted"})


class LetterExists(Conflict, constraint="letters_one_live_per_registration_and_kind"):
    """There is a letter of this kind for this registration"""


class NotComingInPerson(Conflict):
    """Letters are for active registrations in person"""


async def create_letter(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, new: NewLetter, now: datetime
) -> LetterDetails:
    """Ask for a letter for oneself, or for others as a registrar or a client that registers people.

    Raises `NotComingInPerson`, and `LetterExists` with the id of the letter that there is.
    """
    asks_for_all = principal.may(Permission.REGISTRATIONS_CREATE, edition_id)
    if principal.person_id is None and not asks_for_all:
        raise Forbidden("This token may not ask for letters for this edition.")
    terms = await queries.find_request_terms(
        conn, edition_id, registration_id, asks_for_all, principal.person_id, new.kind, now
    )
    if terms.live_id:
        raise LetterExists("Cancel it before you ask for another.", id=terms.live_id)
    language = new.language or _language_for(terms)
    due_on = new.due_on or terms.today + timedelta(days=terms.due_days)
    _check_terms(terms, language, due_on, new.particulars.born_on)
    letter_id = await queries.insert_letter(
        conn, edition_id, new_id(), registration_id, new.kind, language, due_on, now, principal.token_id,
        new.particulars,
    )  # fmt: skip
    if letter_id is None:
        raise NotComingInPerson(f"The registration is {terms.status}, mode {terms.mode}.")
    return await queries.find_letter(conn, edition_id, letter_id, True, None, now)


def _language_for(terms: RequestTerms) -> LetterLanguage:
    """The person's language where letters are written in it, else English."""
    offered = [language for language in LANGUAGES if _is_offered(language, terms.languages)]
    chosen = choose_language(offered, terms.language)
    return next(language for language in offered if language == chosen)


def _is_offered(language: LetterLanguage, languages: list[str]) -> bool:
    return language in EVERYWHERE or language in {tag.partition("-")[0].lower() for tag in languages}


def _check_terms(terms: RequestTerms, language: LetterLanguage, due_on: date, born_on: date | None) -> None:
    """Raise `Invalid` with everything that a request can say and that cannot be."""
    if faults := list(_faults(terms, language, due_on, born_on)):
        raise Invalid(faults)


def _faults(terms: RequestTerms, language: LetterLanguage, due_on: date, born_on: date | None) -> Iterator[Fault]:
    if not _is_offered(language, terms.languages):
        detail = "Letters are written in English, French and the languages of the edition."
        yield Fault(pointer="/language", code="language_not_offered", detail=detail)
    if due_on < terms.today:
        yield Fault(pointer="/due_on", code="in_the_past", detail="It cannot be due before today.")
    if born_on and born_on >= terms.today:
        yield Fault(pointer="/particulars/born_on", code="in_the_future", detail="Give the day of birth.")


async def find_letter(
    conn: Connection, principal: Principal, edition_id: UUID, letter_id: UUID, now: datetime
) -> LetterDetails:
    """A letter with what it says of the person, for that person and for registrars; raises `NotFound`."""
    reads_all = principal.may(Permission.REGISTRATIONS_READ, edition_id)
    return await queries.find_letter(conn, edition_id, letter_id, reads_all, principal.person_id, now)


async def list_registration_letters(
    conn: Connection, principal: Principal, edition_id: UUID, registration_id: UUID, now: datetime, paging: Paging
) -> Page[Letter]:
    """The letters of a registration, oldest first; none for who may not see it."""
    reads_all = principal.may(Permission.REGISTRATIONS_READ, edition_id)
    key = (edition_id, registration_id, reads_all, principal.person_id, now, paging.after(UUID), paging.limit + 1)
    return paging.page(await queries.list_registration_letters(conn, *key), lambda letter: letter.id)


async def update_letter(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    letter_id: UUID,
    patch: LetterPatch,
    if_match: IfMatch,
    now: datetime,
) -> LetterDetails:
    """Correct a letter before it is issued; raises `WrongStatus` afterwards."""
    writes_all = principal.may(Permission.REGISTRATIONS_WRITE, edition_id)
    locked = await queries.lock_letter(conn, edition_id, letter_id, writes_all, principal.person_id)
    if_match.require(locked.version)
    before = await queries.find_letter(conn, edition_id, letter_id, True, None, now)
    if locked.status != "requested" or before.particulars is None:
        raise WrongStatus(f"It is {locked.status}: cancel it, and ask for another.")
    after = merge(before, patch)
    check(after, LetterDetails)
    terms = await queries.find_request_terms(conn, edition_id, before.registration, True, None, before.kind, now)
    assert after.particulars is not None, "a patch cannot take them away"
    due_on = after.due_on if after.due_on != before.due_on else terms.today
    _check_terms(terms, after.language, due_on, after.particulars.born_on)
    await queries.update_letter(conn, edition_id, letter_id, after.language, after.due_on, after.particulars)
    return await queries.find_letter(conn, edition_id, letter_id, True, None, now)
