"""What every calendar should show: read from the rows with the plainest of statements, and put together by loops."""

from typing import Any
from uuid import UUID

from forum.db import Connection
from tests.mailboxes import Entry

RELEASES = "SELECT number, edition FROM releases WHERE edition_id = $1 ORDER BY number"
SESSIONS = """
SELECT id, number, status, access, mode, starts_at, ends_at, held_on, room FROM release_sessions WHERE edition_id = $1
"""
PEOPLE = """
SELECT r.id, p.email, r.status, r.mode FROM registrations r JOIN persons p ON p.id = r.person_id WHERE r.edition_id = $1
"""
BOOKINGS = "SELECT registration_id, session_id, status FROM bookings WHERE edition_id = $1"
SPEAKERS = "SELECT id, registration_id FROM speakers WHERE edition_id = $1"
APPEARANCES = "SELECT speaker_id, session_id, status FROM appearances WHERE edition_id = $1"


async def read_truth(conn: Connection, edition_id: UUID, domain: str) -> dict[str, dict[str, Entry]]:
    """By address and UID, what each person's calendar should show."""
    truth: dict[str, dict[str, Entry]] = {}
    releases = await conn.fetch(RELEASES, edition_id)
    sessions = await conn.fetch(SESSIONS, edition_id)
    booked = {(row[0], row[1]) for row in await conn.fetch(BOOKINGS, edition_id) if row["status"] == "confirmed"}
    registrations = dict(await conn.fetch(SPEAKERS, edition_id))
    speaking = {
        (registrations[row["speaker_id"]], row["session_id"])
        for row in await conn.fetch(APPEARANCES, edition_id)
        if row["status"] in ("confirmed", "spoke")
    }
    for person in await conn.fetch(PEOPLE, edition_id):
        own = truth.setdefault(person["email"], {})
        if person["status"] != "approved" or not releases:
            continue
        last = releases[-1]
        for session in sessions:
            if session["number"] != last["number"] or session["status"] != "confirmed":
                continue
            if session["starts_at"] is None and session["held_on"] is None:
                continue
            fits = session["mode"] in ("hybrid", person["mode"])
            for_all = session["access"] == "registered" and fits
            has_seat = session["access"] == "booking" and fits and (person["id"], session["id"]) in booked
            if for_all or has_seat or (person["id"], session["id"]) in speaking:
                own[f"{session['id']}@{domain}"] = entry(session, last["edition"], person["mode"])
    return truth


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
