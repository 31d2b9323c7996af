"""The rules of letters that are of an edition as a whole, and everything that others may ask of this slice."""

from datetime import datetime
from uuid import UUID

from forum.bodies import check, merge
from forum.db import Connection
from forum.http import IfMatch
from forum.letters import queries
from forum.letters.decisions import (
    MOVES,
    LetterNotIssued,
    Move,
    Office,
    RegistrationNotApproved,
    cancel_letter,
    check_letter,
    compare_holder,
    decline_letter,
    find_document,
    issue_letter,
)
from forum.letters.lists import count_letters, encode_table, list_letters, read_rows
from forum.letters.requests import (
    LetterExists,
    NotComingInPerson,
    create_letter,
    find_letter,
    list_registration_letters,
    update_letter,
)
from forum.letters.types import LetterRules, LetterRulesPatch

__all__ = [
    "MOVES",
    "LetterExists",
    "LetterNotIssued",
    "Move",
    "NotComingInPerson",
    "Office",
    "RegistrationNotApproved",
    "cancel_letter",
    "check_letter",
    "compare_holder",
    "count_letters",
    "create_letter",
    "decline_letter",
    "encode_table",
    "find_document",
    "find_letter",
    "find_rules",
    "forget_particulars",
    "issue_letter",
    "list_letters",
    "list_registration_letters",
    "read_rows",
    "update_letter",
    "update_rules",
]


async def find_rules(conn: Connection, edition_id: UUID) -> LetterRules:
    """Within how many days an edition issues letters, and who signs them."""
    return await queries.find_letter_rules(conn, edition_id)


async def update_rules(conn: Connection, edition_id: UUID, patch: LetterRulesPatch, if_match: IfMatch) -> LetterRules:
    """Change the rules of an edition. Letters that were asked for keep their day."""
    await queries.ensure_letter_rules(conn, edition_id)
    before = await queries.lock_letter_rules(conn, edition_id)
    if_match.require(before.version)
    after = merge(before, patch)
    check(after, LetterRules)
    signatory = (after.signatory_name, after.signatory_function)
    return await queries.update_letter_rules(conn, edition_id, after.due_days, *signatory)


async def forget_particulars(conn: Connection, now: datetime) -> int:
    """Delete what letters say of people, documents included, 90 days after the edition; of how many letters."""
    return await queries.delete_old_particulars(conn, now)
