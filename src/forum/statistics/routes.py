"""The HTTP side of figures, the chart and reports."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from forum.db import Connection
from forum.http import AsOf, ForumResponse, instant_of
from forum.parameters import Language
from forum.permissions import Permission, Principal, needs
from forum.registrations.types import RegistrationStatus
from forum.statistics import service
from forum.statistics.types import AttendanceBy, Figures, Format, NewReport, RegistrationsBy, RequestedReport
from forum.tables import CSV_TYPE

READ = needs(Permission.STATISTICS_READ)
TAGS = ["statistics"]


def _answer(figures: Figures, format: Format) -> ForumResponse[Any]:
    if format == "json":
        return ForumResponse(figures)
    name = f"{figures.definition.partition('/')[0]}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return ForumResponse(service.encode_figures(figures), media_type=CSV_TYPE, headers=headers)


@get(
    "/editions/{edition:str}/statistics/registrations", opt=READ, operation_id="get_registration_statistics", tags=TAGS
)
async def get_registration_statistics(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    by: FromQuery[RegistrationsBy] = "status",
    status: FromQuery[RegistrationStatus | None] = None,
    as_of: AsOf = None,
    lang: Language = None,
    format: FromQuery[Format] = "json",
) -> ForumResponse[Figures]:
    """How many registrations there are, or were at `as_of`: by status all, by anything else the approved ones.

    Equal `as_of` and `definition` give equal figures; `settled` is false in the first two minutes after `as_of`. With
    `format=csv` the items as text/csv, each with `as_of` and `definition`; cells that a spreadsheet would run as a
    formula begin with an apostrophe.
    """
    wanted = (by, status, instant_of(as_of), lang, now)
    return _answer(await service.count_registrations(conn, principal, edition_id, *wanted), format)


@get("/editions/{edition:str}/statistics/attendance", opt=READ, operation_id="get_attendance_statistics", tags=TAGS)
async def get_attendance_statistics(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    by: FromQuery[AttendanceBy] = "session",
    day: FromQuery[date | None] = None,
    as_of: AsOf = None,
    lang: Language = None,
    format: FromQuery[Format] = "json",
) -> ForumResponse[Figures]:
    """How many people attended, in the hall and online, as it was known at `as_of`; on a day, or at all.

    By session with a `day`: the sessions of that day. Who attended both ways is in both columns and once in `total`.
    Equal `as_of` and `definition` give equal figures; `settled` is false in the first two minutes after `as_of`. With
    `format=csv` the items as text/csv, as for registrations.
    """
    wanted = (by, day, instant_of(as_of), lang, now)
    return _answer(await service.count_attendance(conn, principal, edition_id, *wanted), format)


@get(
    "/editions/{edition:str}/statistics/attendance.svg",
    opt=READ,
    media_type="image/svg+xml",
    operation_id="get_attendance_chart",
    tags=TAGS,
)
async def get_attendance_chart(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    day: FromQuery[date | None] = None,
    as_of: AsOf = None,
    lang: Language = None,
) -> bytes:
    """Who was in the room: a bar for each session, in the hall and online, as one SVG file."""
    return await service.draw_attendance(conn, principal, edition_id, day, instant_of(as_of), lang, now)


@post(
    "/editions/{edition:str}/reports",
    opt=needs(Permission.EDITIONS_WRITE),
    status_code=202,
    operation_id="request_report",
    tags=TAGS,
)
async def request_report(
    data: JSONBody[NewReport],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
) -> RequestedReport:
    """Have the attendance report of a day mailed to every organizer of the edition, as it is known when it is made."""
    return await service.request_report(conn, edition_id, data.on, now)


HANDLERS = [get_registration_statistics, get_attendance_statistics, get_attendance_chart, request_report]
