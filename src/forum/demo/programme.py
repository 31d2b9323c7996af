"""Steps about the programme: published, read as a calendar, a speaker in it, and how it changes afterwards."""

from forum.demo.checks import verify
from forum.demo.mailbox import read_calendar
from forum.demo.tour import EDITION, Tour


async def publish_the_programme(tour: Tour) -> str:
    """Publish all confirmed sessions, and read them back as JSON and as a calendar."""
    confirmed = await tour.organizer.count(f"{EDITION}/sessions", status="confirmed")
    published = await tour.organizer.post(f"{EDITION}/programme/publish", {"note": "The programme of 2023"})
    verify("sessions in the release", confirmed, published["release"]["session_count"])

    programme = await tour.anybody.get(f"{EDITION}/programme")
    verify("sessions that everybody reads", confirmed, len(programme["sessions"]))
    day = [s for s in programme["sessions"] if s["title"]["en"] == "Local and Regional Governments Day"]
    verify(
        "times of the Local and Regional Governments Day", [(None, None)], [(s["starts_at"], s["held_on"]) for s in day]
    )
    plenaries = await tour.organizer.get(f"{EDITION}/sessions", external_id="grf-2023-002")
    tour.plenary = plenaries["items"][0]

    dated = [s for s in programme["sessions"] if s["starts_at"] or s["held_on"]]
    feed = await tour.anybody.send("GET", f"{EDITION}/programme.ics")
    calendar = read_calendar(feed.content)
    verify("METHOD of the feed", "PUBLISH", str(calendar["METHOD"]))
    verify("entries in the feed", len(dated), len(calendar.events))
    etag = {"If-None-Match": feed.headers["ETag"]}
    await tour.anybody.send("GET", f"{EDITION}/programme.ics", headers=etag, wants=304)
    return (
        f"Release {published['release']['number']} has {confirmed} sessions; {len(dated)} have a date and are in the "
        "feed, which answers 304 to who has it already. The Local and Regional Governments Day is there without a date."
    )


async def confirm_a_speaker(tour: Tour) -> str:
    """A speaker who agreed to be named is confirmed for the plenary; readers see the name with the next release."""
    sessions = f"{EDITION}/sessions/{tour.plenary['id']}"
    new = {"display_name": "Amal Exampleton", "function": "Mayor of a sample city", "country": "CH", "published": True}
    tour.speaker = await tour.organizer.post(f"{EDITION}/speakers", new)
    role = {"speaker": tour.speaker["id"], "role": "statement", "allotted_seconds": 180}
    appearance = await tour.organizer.post(f"{sessions}/appearances", role)
    await tour.organizer.post(f"{sessions}/appearances/{appearance['id']}/confirm")
    await tour.organizer.post(f"{EDITION}/programme/publish")

    programme = await tour.anybody.get(f"{EDITION}/programme")
    named = [
        a["display_name"] for s in programme["sessions"] if s["id"] == tour.plenary["id"] for a in s["appearances"]
    ]
    verify("speakers of the plenary", ["Amal Exampleton"], named)
    return "Amal Exampleton is confirmed, and named in the plenary for everybody."
