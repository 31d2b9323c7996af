"""Steps on a second, small edition: a thousand people fight for one seat, and a session is cancelled."""

from collections import Counter
from typing import Any

from forum.demo.caller import Caller, crowd
from forum.demo.checks import until, verify
from forum.demo.delegates import register
from forum.demo.tour import Tour
from forum.samples import people

SMALL = "/editions/sample-2023"


async def fight_over_the_last_seat(tour: Tour) -> str:
    """A thousand people ask at the same moment for the one seat that a small edition has left."""
    seats, many = tour.cast.small_hall, tour.cast.fighters
    frontend = await _open_small_edition(tour)
    for person in people.people_waiting(seats - 1, seed=26):
        await register(frontend, SMALL, person, "in_person", None)
    fighters = people.people_online(many, seed=1000)
    with tour.counting("asking for one seat", many) as told:
        ask = lambda person: register(frontend, SMALL, person, "in_person", None)  # noqa: E731
        answers = await crowd(fighters, ask, at_once=many, told=told)

    results = dict(Counter(answer["status"] for answer in answers))
    verify("answers", {"approved": 1, "waitlisted": many - 1}, results)
    approved = await tour.admin.count(f"{SMALL}/registrations", status="approved")
    verify("seats taken", seats, approved)
    return f"Of {many:,} at once exactly one got the last of {seats} seats; {many - 1} wait."


async def cancel_a_session(tour: Tour) -> str:
    """Cancel the session that everybody in the small edition was invited to: each gets a CANCEL for what they hold."""
    seats = tour.cast.small_hall
    session = (await tour.admin.get(f"{SMALL}/sessions"))["items"][0]
    invited = {"kind": "invitation", "status": "sent", "session": session["id"]}
    await until("invitations sent", seats, lambda: tour.admin.count(f"{SMALL}/messages", **invited))
    requests = {mail.recipient: mail for mail in tour.mailbox.read_new() if mail.method == "REQUEST"}
    await tour.admin.post(f"{SMALL}/sessions/{session['id']}/cancel")
    await tour.admin.post(f"{SMALL}/programme/publish")

    await until("mails sent", 2 * seats, lambda: tour.admin.count(f"{SMALL}/messages", **invited))
    cancels = {mail.recipient: mail for mail in tour.mailbox.read_new() if mail.method == "CANCEL"}
    verify("who is told", sorted(requests), sorted(cancels))
    verify("methods", {"CANCEL": seats}, dict(Counter(mail.method for mail in cancels.values())))
    same = sum(mail.field("UID") == requests[who].field("UID") for who, mail in cancels.items())
    verify("for the entry that they hold", seats, same)
    return f"{seats} people held an invitation, and {len(cancels)} CANCEL mails for the same entry were sent."


async def _open_small_edition(tour: Tour) -> Caller:
    """An edition of 26 seats, with one session that everybody registered is invited to; its frontend."""
    new = {
        "slug": "sample-2023",
        "series": "grf",
        "title": {"en": "A small sample edition"},
        "starts_on": "2023-12-18",
        "ends_on": "2023-12-18",
        "timezone": "Europe/Zurich",
        "city": "Geneva",
        "country": "CH",
        "mode": "in_person",
        "languages": ["en"],
        "in_person_capacity": tour.cast.small_hall,
        "organizer_email": "small@sample-2023.example",
    }
    session: dict[str, Any] = {
        "title": {"en": "A sample session"},
        "type": "panel",
        "starts_at": "2023-12-18T09:00:00Z",
        "ends_at": "2023-12-18T10:00:00Z",
        "access": "registered",
    }
    await tour.admin.post("/editions", new)
    for move in ("announce", "open"):
        await tour.admin.post(f"{SMALL}/{move}")
    made = await tour.admin.post(f"{SMALL}/sessions", session)
    await tour.admin.post(f"{SMALL}/sessions/{made['id']}/confirm")
    await tour.admin.post(f"{SMALL}/programme/publish")
    client = {"kind": "client", "edition": "sample-2023", "label": "small", "scopes": ["registrations:create"]}
    return tour.anybody.bearing((await tour.admin.post("/tokens", client))["token"])
