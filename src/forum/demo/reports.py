"""The last step: the figures of the day, as the organizers get them by mail and as the API answers them."""

import csv
import io
from typing import Any

from forum.demo.checks import until, verify
from forum.demo.mailbox import Mail
from forum.demo.tour import DAY, EDITION, Tour


async def mail_the_attendance_report(tour: Tour) -> str:
    """The organizer gets the report of the day as text, HTML and CSV; its figures are what the tour did."""
    tour.mailbox.read_new()
    await tour.organizer.post(f"{EDITION}/reports", {"on": DAY})
    mails: list[Mail] = []

    async def arrived() -> int:
        mails.extend(mail for mail in tour.mailbox.read_new() if mail.table)
        return len(mails)

    await until("reports in the mail folder", 1, arrived)
    (report,) = mails
    verify("who got it", tour.organizer_email, report.recipient)
    parts = {"text/plain", "text/html", "text/csv"}
    verify("its parts", parts, parts & set(report.parts))

    cast = tour.cast
    on_site, plenary = (cast.gate_scans + cast.offline, cast.signed_in), (cast.inside, cast.signed_in)
    rows = {(row["by"], row["value"]): row for row in csv.DictReader(io.StringIO(report.table))}
    for what, key, expected in (
        ("the day in the CSV", ("day", DAY), on_site),
        ("the plenary in the CSV", ("session", tour.plenary["id"]), plenary),
    ):
        found = rows.get(key, {})
        verify(what, [str(number) for number in expected], [found.get("in_person"), found.get("online")])
    figures = await tour.organizer.get(f"{EDITION}/statistics/attendance", by="session", day=DAY)
    verify("the plenary in the figures", [plenary], _of(figures, tour.plenary["id"]))
    verify("the day in the figures", on_site, (figures["total"]["in_person"], figures["total"]["online"]))
    return (
        f"{report.subject}: {on_site[0]} on site and {on_site[1]} online, {plenary[0]} and {plenary[1]} of them in the "
        "plenary. The mail, its CSV and the API say the same."
    )


def _of(figures: Any, value: str) -> list[tuple[int, int]]:
    return [(item["in_person"], item["online"]) for item in figures["items"] if item["value"] == value]
