"""Steps about pledges: one is made, verified, announced in the plenary, and counted for everybody."""

from decimal import Decimal
from typing import Any

from forum.demo.checks import verify
from forum.demo.tour import EDITION, Tour

AMOUNT = Decimal("1250000.00")


async def announce_a_pledge(tour: Tour) -> str:
    """A delegation pledges; officers verify it; it is announced in the plenary, and its text of that moment stays."""
    before = await tour.anybody.get(f"{EDITION}/pledges/summary")
    pledge = await _submit(tour)
    path = f"{EDITION}/pledges/{pledge['id']}"
    await tour.anybody.send("GET", path, wants=404)
    await tour.organizer.post(f"{path}/verify")
    announced = await tour.organizer.post(
        f"{EDITION}/sessions/{tour.plenary['id']}/announcements",
        {"pledge": pledge["id"], "speaker": tour.speaker["id"]},
    )

    after = await tour.anybody.get(f"{EDITION}/pledges/summary")
    verify("pledges in the summary", before["total"] + 1, after["total"])
    gained = Decimal(after["usd_total"]) - Decimal(before["usd_total"])
    verify("US dollars in the summary", AMOUNT, gained)
    latest = (await tour.anybody.get(f"{EDITION}/pledges/{pledge['id']}"))["version"]
    await tour.organizer.patch(path, {"title": {"en": "A title of the day after"}}, latest)
    public = (await tour.anybody.get(f"{EDITION}/announcements"))["items"][0]
    expected = (announced["id"], tour.plenary["id"], pledge["title"])
    verify("the announcement", expected, (public["id"], public["session"], public["revision"]["title"]))
    return (
        f"{public['revision']['reference']} of {public['revision']['lead_entity_name']} is announced in the plenary; "
        f"{after['total']} public pledges come to {Decimal(after['usd_total']):,} US dollars. A later edit leaves the "
        "announced text as it was."
    )


async def _submit(tour: Tour) -> dict[str, Any]:
    """Make and submit a pledge; the frontend is not sure of its first answer and sends it again."""
    new = {
        "title": {"en": "School places for newcomers", "fr": "Places d'école pour les nouveaux arrivants"},
        "original_language": "en",
        "lead_entity": tour.delegations[-1]["entity"],
        "contribution_kinds": ["financial"],
        "focus_areas": ["education"],
        "amount": {"amount": str(AMOUNT), "currency": "USD"},
        "quantities": [{"value": "400", "unit": "school places"}],
        "need": "offers_support",
    }
    key = {"Idempotency-Key": "the pledge of the tour"}
    first, again = [await tour.frontend.post(f"{EDITION}/pledges", new, headers=key) for _ in range(2)]
    verify("the answer to the retry", first, again)
    submitted: dict[str, Any] = await tour.frontend.post(f"{EDITION}/pledges/{first['id']}/submit")
    verify("its status", "submitted", submitted["status"])
    return submitted
