"""Steps about people: delegations, a full house, a waiting list, and a place that is freed."""

from collections import Counter
from typing import Any

from forum.demo.caller import Caller, crowd
from forum.demo.checks import verify
from forum.demo.tour import EDITION, Tour
from forum.samples import people
from forum.samples.people import SamplePerson


async def invite_the_delegations(tour: Tour) -> str:
    """Open registration, give a frontend its token, and make the delegations of 168 governments and 427 others."""
    edition = await tour.organizer.get(EDITION)
    if edition["in_person_capacity"] != tour.cast.in_person:
        edition = await tour.organizer.patch(EDITION, {"in_person_capacity": tour.cast.in_person}, edition["version"])
    edition = await tour.organizer.post(f"{EDITION}/open")
    verify("status and seats", ("open", tour.cast.in_person), (edition["status"], edition["in_person_capacity"]))
    scopes = ["registrations:create", "pledges:submit"]
    client = {"kind": "client", "edition": "grf-2023", "label": "registration frontend", "scopes": scopes}
    tour.frontend = tour.anybody.bearing((await tour.organizer.post("/tokens", client))["token"])

    async def invite(sender: people.SampleDelegation) -> dict[str, Any]:
        new = {"name": sender.name, "category": sender.category, "country": sender.country}
        entity = await tour.organizer.post("/entities", new)
        delegation: dict[str, Any] = await tour.organizer.post(f"{EDITION}/delegations", {"entity": entity["id"]})
        return delegation

    sending = people.delegations()[: tour.cast.delegations]
    with tour.counting("delegations", len(sending)) as told:
        tour.delegations = await crowd(sending, invite, told=told)
    verify("delegations", len(sending), await tour.organizer.count(f"{EDITION}/delegations"))
    states = await tour.organizer.count("/entities", category="state", name="Sample delegation of")
    verify("government delegations", sum(sender.category == "state" for sender in sending), states)
    return f"{states} government delegations and {len(sending) - states} others are there."


async def fill_the_hall_and_the_line(tour: Tour) -> str:
    """Register 4,200 people in person and 10,000 online, many at once."""
    hall, line = list(people.people_in_person(tour.cast.in_person)), list(people.people_online(tour.cast.online))
    with tour.counting("in person", len(hall)) as told:
        tour.hall = await crowd(hall, lambda person: _into_the_hall(tour, person), told=told)
    with tour.counting("online", len(line)) as told:
        tour.line = list(
            await crowd(line, lambda person: register(tour.frontend, EDITION, person, "online", None), told=told)
        )

    verify("answers", {"approved": len(hall) + len(line)}, dict(Counter(r["status"] for r in [*tour.hall, *tour.line])))
    path = f"{EDITION}/registrations"
    for mode, expected in (("in_person", len(hall)), ("online", len(line))):
        verify(f"approved {mode}", expected, await tour.organizer.count(path, mode=mode, status="approved"))
    countries = len({person.country for person in line})
    return f"{len(hall):,} have a seat, {len(line):,} from {countries} countries take part online."


async def turn_nobody_away(tour: Tour) -> str:
    """200 more ask for the hall: each gets a position in line, and nobody a seat."""
    seats, many = tour.cast.in_person, tour.cast.late
    late = people.people_waiting(many, among=tour.cast.delegations)
    answers = await crowd(late, lambda person: _into_the_hall(tour, person))
    verify("answers", {"waitlisted": many}, dict(Counter(answer["status"] for answer in answers)))
    verify("positions in line", list(range(1, many + 1)), sorted(answer["waitlist_position"] for answer in answers))

    path = f"{EDITION}/registrations"
    approved = await tour.organizer.count(path, mode="in_person", status="approved")
    verify("seats taken", tour.cast.in_person, approved)
    verify("waiting", many, await tour.organizer.count(path, mode="in_person", status="waitlisted"))
    first = next(answer for answer in answers if answer["waitlist_position"] == 1)
    tour.promoted = first
    return f"{approved:,} of {seats:,} seats are taken and {many} people wait, in the order in which they came."


async def withdraw_and_promote(tour: Tour) -> str:
    """Somebody withdraws, and whoever was first in line has the seat in the same instant."""
    path = f"{EDITION}/registrations"
    leaving = tour.hall[0]
    tour.left = await tour.organizer.post(f"{path}/{leaving['id']}/withdraw", {"reason": "Visa refused"})
    tour.promoted = await tour.organizer.get(f"{path}/{tour.promoted['id']}")

    verify(
        "who left, and who was first in line", ("withdrawn", "approved"), (tour.left["status"], tour.promoted["status"])
    )
    approved = await tour.organizer.count(path, mode="in_person", status="approved")
    verify("seats taken", tour.cast.in_person, approved)
    verify("waiting", tour.cast.late - 1, await tour.organizer.count(path, mode="in_person", status="waitlisted"))
    badges = [
        (await tour.organizer.get(f"{EDITION}/badges", registration=r["id"]))["items"]
        for r in (tour.left, tour.promoted)
    ]
    verify("their badges", [["revoked"], ["live"]], [[badge["status"] for badge in one] for one in badges])
    return f"{approved:,} seats are taken as before; the badge of who left is revoked, who was first in line has one."


async def _into_the_hall(tour: Tour, person: SamplePerson) -> Any:
    assert person.delegation is not None
    return await register(tour.frontend, EDITION, person, "in_person", tour.delegations[person.delegation])


async def register(
    caller: Caller, edition: str, person: SamplePerson, mode: str, delegation: dict[str, Any] | None
) -> Any:
    """Register somebody as a trusted frontend does."""
    body = {
        "person": {
            "given_name": person.given_name,
            "family_name": person.family_name,
            "email": person.email,
            "language": person.language,
            "timezone": person.timezone,
        },
        "category": person.category,
        "country": person.country,
        "mode": mode,
    }
    if delegation is not None:
        body |= {"delegation": delegation["id"], "entity": delegation["entity"]}
    return await caller.post(f"{edition}/registrations", body)
