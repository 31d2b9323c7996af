"""Steps about mails: everybody is invited once, and told once when the plenary moves."""

from collections import Counter

from forum.demo.checks import until, verify
from forum.demo.mailbox import Mail, read_calendar
from forum.demo.tour import EDITION, Tour

SAMPLE = 50
"""How many calendars of a wave are read whole by icalendar; of the others its fields are looked at."""


async def mail_the_invitations(tour: Tour) -> str:
    """Everybody who has a place is invited to the opening plenary, once."""
    everybody = [*tour.hall, *tour.line]
    mails = await _wave(tour, "invitations", len(everybody))
    verify(
        "who is invited", {r["person"]["email"]: 1 for r in everybody}, dict(Counter(mail.recipient for mail in mails))
    )
    _verify_entries(tour, mails, "REQUEST", 0, "20231213T090000")
    foreign = sum(r["person"]["language"] != "en" for r in everybody)
    return f"{len(mails):,} invitations, one a person, each with its own Message-ID; {foreign:,} not in English."


async def tell_who_was_promoted(tour: Tour) -> str:
    """Who withdrew gets a CANCEL, who has the seat now an invitation; nobody else hears of it."""
    mails = await _wave(tour, "mails", 2)
    told = {mail.recipient: mail.method for mail in mails}
    verify("who is told", {_address(tour.left): "CANCEL", _address(tour.promoted): "REQUEST"}, told)
    return "The one who left got a CANCEL, the one who was promoted an invitation, and nobody else a mail."


async def move_the_plenary(tour: Tour) -> str:
    """The opening plenary begins an hour later: everybody gets the new time, under a higher SEQUENCE."""
    path = f"{EDITION}/sessions/{tour.plenary['id']}"
    later = {"starts_at": "2023-12-13T09:00:00Z", "ends_at": "2023-12-13T13:00:00Z"}
    tour.plenary = await tour.organizer.get(path)
    tour.plenary = await tour.organizer.patch(path, later, tour.plenary["version"])
    preview = await tour.organizer.post(f"{EDITION}/programme/publish", params={"dry_run": "true"})
    verify("what the release will change", [tour.plenary["id"]], [change["id"] for change in preview["changed"]])
    await tour.organizer.post(f"{EDITION}/programme/publish", {"note": "The opening begins at 10:00"})

    everybody = [*tour.hall[1:], *tour.line, tour.promoted]
    mails = await _wave(tour, "updates", len(everybody))
    verify("who is told", {_address(r): 1 for r in everybody}, dict(Counter(mail.recipient for mail in mails)))
    _verify_entries(tour, mails, "REQUEST", 1, "20231213T100000")
    english = {_address(r) for r in everybody if r["person"]["language"] == "en"}
    told_both = {mail.recipient for mail in mails if "9:00\u202fAM" in mail.text and "10:00\u202fAM" in mail.text}
    verify("English mails that say both times", len(english), len(english & told_both))
    feed = read_calendar((await tour.anybody.send("GET", f"{EDITION}/programme.ics")).content)
    moved = [entry for entry in feed.events if str(entry["UID"]).startswith(tour.plenary["id"])]
    verify("the entry in the feed", [1], [entry["SEQUENCE"] for entry in moved])
    return f"{len(mails):,} updates with SEQUENCE 1 tell both times; the public feed has the same entry."


async def _wave(tour: Tour, words: str, count: int) -> list[Mail]:
    """Wait until so many more invitations were sent, and read them from the mail folder as they come."""
    before = tour.invitations_sent
    mails: list[Mail] = []

    async def count_sent() -> int:
        sent = await tour.organizer.count(f"{EDITION}/messages", kind="invitation", status="sent")
        mails.extend(mail for mail in tour.mailbox.read_new() if mail.calendar)
        return sent - before

    with tour.counting(f"{words} sent", count) as told:
        await until(f"{words} sent", count, count_sent, told=told)
    tour.invitations_sent = before + count
    verify("mails in the folder", count, len(mails))
    verify("different Message-IDs", count, len({mail.message_id for mail in mails}))
    return mails


def _verify_entries(tour: Tour, mails: list[Mail], method: str, sequence: int, starts: str) -> None:
    """Every mail brings the plenary's entry with this method, sequence and local start, to its recipient alone."""
    uid = mails[0].field("UID")
    verify("the entry", True, uid.startswith(tour.plenary["id"]))
    entry = (method, method, uid, str(sequence), starts)
    names = ("METHOD", "UID", "SEQUENCE", "DTSTART")
    found = Counter((mail.method, *(mail.field(name) for name in names)) for mail in mails)
    verify("entries", {entry: len(mails)}, dict(found))
    for mail in mails[:: max(1, len(mails) // SAMPLE)]:
        (event,) = read_calendar(mail.calendar.replace("\r\n", "\n")).events
        verify("the attendee", f"mailto:{mail.recipient}", str(event["ATTENDEE"]))


def _address(registration: dict[str, dict[str, str]]) -> str:
    return registration["person"]["email"]
