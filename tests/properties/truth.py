"""What every calendar should show: read from the rows with the plainest of statements, and put together by loops."""

from typing import Any
from uuid import UUID

from forum.db import Connection
from tests.mailboxes import Entry

RELEASES = "SELECT number, edition FROM releases WHERE edition_id = $1 ORDER BY number"
SESSIONS = """
SELECT id, number, status, access, mode, starts_at, ends_at, held_on, room
FROM release_sessions WHERE edition_id = $1
"""
SEQUENCES = "SELECT id, max(calendar_sequence) FROM release_sessions WHERE edition_id = $1 GROUP BY id"
PEOPLE = """
SELECT r.id, p.email, r.status, r.mode FROM registrations r JOIN persons p ON p.id = r.person_id WHERE r.edition_id = $1
"""
BOOKINGS = "SELECT registration_id, session_id, status FROM bookings WHERE edition_id = $1"
SPEAKERS = "SELECT id, registration_id, email FROM speakers WHERE edition_id = $1"
APPEARANCES = "SELECT speaker_id, session_id, status FROM appearances WHERE edition_id = $1"


async def read_truth(conn: Connection, edition_id: UUID, domain: str) -> dict[str, dict[str, Entry]]:
    """By address and UID, what each calendar should show."""
    truth: dict[str, dict[str, Entry]] = {}
    releases = await conn.fetch(RELEASES, edition_id)
    if not releases:
        return truth
    last = releases[-1]
    sessions = [row for row in await conn.fetch(SESSIONS, edition_id) if is_held(row, last["number"])]
    booked = {(row[0], row[1]) for row in await conn.fetch(BOOKINGS, edition_id) if row["status"] == "confirmed"}
    speakers = await conn.fetch(SPEAKERS, edition_id)
    people = {person["id"]: person for person in await conn.fetch(PEOPLE, edition_id)}
    speaking = {
        (row["speaker_id"], row["session_id"])
        for row in await conn.fetch(APPEARANCES, edition_id)
        if row["status"] in ("confirmed", "spoke")
    }
    for person in people.values():
        own = truth.setdefault(person["email"], {})
        theirs = [speaker["id"] for speaker in speakers if speaker["registration_id"] == person["id"]]
        for session in sessions if person["status"] == "approved" else []:
            fits = session["mode"] in ("hybrid", person["mode"])
            for_all = session["access"] == "registered" and fits
            has_seat = session["access"] == "booking" and fits and (person["id"], session["id"]) in booked
            if for_all or has_seat or any((speaker, session["id"]) in speaking for speaker in theirs):
                own[f"{session['id']}@{domain}"] = entry(session, last["edition"], person["mode"])
    for speaker in speakers:
        holder = people.get(speaker["registration_id"])
        address = speaker["email"] or (holder["email"] if holder else None)
        if address is None or (holder and holder["status"] not in ("submitted", "waitlisted")):
            continue  # an approved registration holds it, and whose registration has ended does not come
        own = truth.setdefault(address, {})
        for session in sessions:
            if (speaker["id"], session["id"]) in speaking:  # who is registered there holds it as they take part
                own.setdefault(f"{session['id']}@{domain}", entry(session, last["edition"], "in_person"))
    return truth


async def read_sequences(conn: Connection, edition_id: UUID, domain: str) -> dict[str, int]:
    """By UID, the highest SEQUENCE of feeds: what moves and moves back untold leaves a calendar behind, never ahead."""
    return {f"{row[0]}@{domain}": row[1] for row in await conn.fetch(SEQUENCES, edition_id)}


def is_held(session: Any, number: int) -> bool:
    """Whether readers see it in this release, with a date."""
    is_dated = session["starts_at"] is not None or session["held_on"] is not None
    return bool(session["number"] == number and session["status"] == "confirmed" and is_dated)


def entry(session: Any, edition: dict[str, Any], mode: str) -> Entry:
    """When and where somebody is asked to."""
    start, end = session["starts_at"], session["ends_at"]
    if start is None:
        start = session["held_on"]
        end = start.fromordinal(start.toordinal() + 1)
    if "online" in (mode, session["mode"]):
        return Entry(start, end, "Online", "CONFIRMED")
    room = [session["room"]["name"]] if session["room"] else []
    return Entry(start, end, ", ".join([*room, edition["venue"], edition["city"]]), "CONFIRMED")
