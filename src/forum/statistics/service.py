"""The rules of figures: as of when they hold, what is counted, and what the report of a day says.

Registrations are counted by their transitions up to an instant, attendance by what was recorded up to it: neither is
ever rewritten, so the same instant gives the same figures. What is recorded at an instant is there a little later, when
its transaction commits: until then figures are not settled, and say so.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError

from forum.codes import choose_language
from forum.db import Connection
from forum.editions import service as editions
from forum.errors import Fault, Invalid
from forum.jobs import ReportAttendance
from forum.notifications.types import ReportMail
from forum.outbox import publish
from forum.permissions import Principal
from forum.registrations.types import RegistrationStatus
from forum.statistics import queries
from forum.statistics.chart import render_chart
from forum.statistics.report import render_report
from forum.statistics.types import (
    AttendanceBy,
    DayFigures,
    Figure,
    FigureRow,
    Figures,
    RegistrationsBy,
    RequestedReport,
    Total,
)
from forum.tables import encode_csv

SETTLED_AFTER: Final = timedelta(minutes=2)
"""Four statements of the longest kind (30 s each): more than any transaction that records something takes."""
EVERYBODY: Final = "edition"
COLUMNS: Final = ("as_of", "definition", "settled", "value", "label", "in_person", "online", "total")


async def count_registrations(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    by: RegistrationsBy,
    status: RegistrationStatus | None,
    as_of: datetime | None,
    lang: str | None,
    now: datetime,
) -> Figures:
    """Registrations of a status as they were: approved ones when none is named, all of them by status."""
    await editions.find_edition(conn, principal, edition_id)
    at = _instant(as_of, now)
    wanted = status or (None if by == "status" else "approved")
    rows = await queries.count_registrations(conn, edition_id, by, at, wanted)
    total = _total(await queries.count_registrations(conn, edition_id, EVERYBODY, at, wanted))
    definition = f"registrations/1 by={by} status={wanted or 'any'}"
    return Figures(at, definition, _is_settled(at, now), [_figure(row, by, lang) for row in rows], total)


async def count_attendance(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    by: AttendanceBy,
    day: date | None,
    as_of: datetime | None,
    lang: str | None,
    now: datetime,
) -> Figures:
    """People who attended, on a day or at all, as it was known then."""
    await editions.find_edition(conn, principal, edition_id)
    at = _instant(as_of, now)
    items = await _attendance(conn, edition_id, by, at, day, lang)
    total = _total(await queries.count_attendance(conn, edition_id, EVERYBODY, at, day))
    definition = f"attendance/1 by={by} day={day or 'any'}"
    return Figures(at, definition, _is_settled(at, now), items, total)


async def draw_attendance(
    conn: Connection,
    principal: Principal,
    edition_id: UUID,
    day: date | None,
    as_of: datetime | None,
    lang: str | None,
    now: datetime,
) -> bytes:
    """Who was in the room: people by session, in the hall and online, as SVG."""
    figures = await count_attendance(conn, principal, edition_id, "session", day, as_of, lang, now)
    edition = await queries.find_reported_edition(conn, edition_id)
    return render_chart(_in_language(edition.title, lang), figures.items, figures.as_of)


def encode_figures(figures: Figures) -> bytes:
    """Figures as CSV; every row says as of when it holds and by which definition."""
    head = (figures.as_of, figures.definition, str(figures.settled).lower())
    rows = ((*head, item.value, item.label, item.in_person, item.online, item.total) for item in figures.items)
    return encode_csv(COLUMNS, rows)


async def request_report(conn: Connection, edition_id: UUID, on: date, now: datetime) -> RequestedReport:
    """Have the report of a day mailed to every organizer; raises `Invalid` for a day that has not begun there."""
    edition = await queries.find_reported_edition(conn, edition_id)
    if on > now.astimezone(ZoneInfo(edition.timezone)).date():
        raise Invalid.at("/on", "in_the_future", "That day has not begun where the edition is held.")
    await publish(conn, ReportAttendance(edition_id, on, is_requested=True))
    return RequestedReport(on)


async def report(conn: Connection, edition_id: UUID, on: date, as_of: datetime) -> ReportMail:
    """The report of a day: the same instant gives the same report."""
    edition = await queries.find_reported_edition(conn, edition_id)
    return render_report(
        DayFigures(
            edition,
            on,
            as_of,
            _total(await queries.count_attendance(conn, edition_id, EVERYBODY, as_of, on)),
            await _attendance(conn, edition_id, "session", as_of, on, "en"),
            await _attendance(conn, edition_id, "category", as_of, on, "en"),
            await _attendance(conn, edition_id, "country", as_of, on, "en"),
        )
    )


async def sample_report(conn: Connection, edition_id: UUID, on: date, as_of: datetime) -> ReportMail:
    """A report of made-up figures, to see what one looks like."""
    edition = await queries.find_reported_edition(conn, edition_id)
    sessions = [Figure("sample", "Opening plenary", 120, 80, 190), Figure("other", "Side event", 30, 15, 45)]
    categories = [Figure("state", "State", 90, 40, 125), Figure(None, None, 35, 50, 80)]
    countries = [Figure("CH", "Switzerland", 70, 20, 85), Figure("JO", "Jordan", 55, 70, 120)]
    return render_report(DayFigures(edition, on, as_of, Total(125, 90, 205), sessions, categories, countries))


async def _attendance(
    conn: Connection, edition_id: UUID, by: AttendanceBy, as_of: datetime, day: date | None, lang: str | None
) -> list[Figure]:
    rows = await queries.count_attendance(conn, edition_id, by, as_of, day)
    return [_figure(row, by, lang) for row in rows]


def _instant(as_of: datetime | None, now: datetime) -> datetime:
    if as_of is None:
        return now
    if as_of.tzinfo is None:
        raise Invalid([Fault(parameter="as_of", code="timezone_missing", detail="Say in which zone, such as `Z`.")])
    if not 1900 <= as_of.year <= 2200:
        raise Invalid([Fault(parameter="as_of", code="out_of_range", detail="Give a time between 1900 and 2200.")])
    if as_of > now:
        raise Invalid([Fault(parameter="as_of", code="in_the_future", detail="Nobody knows the figures of then.")])
    return as_of.astimezone(UTC)


def _is_settled(as_of: datetime, now: datetime) -> bool:
    return as_of <= now - SETTLED_AFTER


def _total(rows: Sequence[FigureRow]) -> Total:
    return Total(rows[0].in_person, rows[0].online, rows[0].total) if rows else Total(0, 0, 0)


def _figure(row: FigureRow, by: RegistrationsBy | AttendanceBy, lang: str | None) -> Figure:
    label = _in_language(row.label, lang) if row.label else None
    if by == "country" and row.value:
        label = _country(row.value, lang)
    return Figure(row.value, label, row.in_person, row.online, row.total)


def _in_language(texts: dict[str, str], lang: str | None) -> str:
    return texts[choose_language(texts, lang or "en")]


def _country(code: str, lang: str | None) -> str | None:
    try:
        locale = Locale.parse(lang or "en", sep="-")
    except (UnknownLocaleError, ValueError):
        locale = Locale("en")
    return locale.territories.get(code)
