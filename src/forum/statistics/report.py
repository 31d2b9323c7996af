"""The daily report as a mail: text, a page without images, and the figures as CSV. Pure: no clock, no database."""

import html
from collections.abc import Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date

from forum.codes import choose_language
from forum.notifications.types import ReportMail
from forum.statistics.types import DayFigures, Figure
from forum.tables import Cell, encode_csv

COLUMNS = ("as_of", "on", "by", "value", "label", "in_person", "online", "total")
_BAR_PIXELS = 200


def render_report(day: DayFigures) -> ReportMail:
    """The mail of a day's figures, in English; titles stay as they are."""
    title = day.edition.title[choose_language(day.edition.title, "en")]
    subject = f"{title}: attendance on {format_date(day.on, 'full', 'en')}"
    return ReportMail(subject, _text(subject, day), _html(subject, day), _csv(day), _name(day.edition.slug, day.on))


def _name(slug: str, on: date) -> str:
    return f"attendance-{slug}-{on}.csv"


def _parts(day: DayFigures) -> list[tuple[str, str, list[Figure]]]:
    return [
        ("session", "Sessions of the day", day.sessions),
        ("category", "Categories", day.categories),
        ("country", "Countries", day.countries),
    ]


def _stamp(day: DayFigures) -> str:
    there = day.as_of.astimezone(ZoneInfo(day.edition.timezone))
    return (
        f"As of {_minute(day.as_of.astimezone(UTC))} UTC ({_minute(there)} {day.edition.timezone}). "
        "Scans that arrive later are not in it."
    )


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _label(figure: Figure) -> str:
    return figure.label or figure.value or "not stated"


def _text(subject: str, day: DayFigures) -> str:
    lines = [subject, "", f"{day.total.in_person} on site, {day.total.online} online, {day.total.total} people in all."]
    for _, heading, figures in _parts(day):
        lines += ["", heading]
        lines += [f"- {_label(f)}: {f.in_person} in the hall, {f.online} online" for f in figures] or ["- none"]
    return "\n".join([*lines, "", _stamp(day), ""])


def _html(subject: str, day: DayFigures) -> str:
    tables = "".join(_table(heading, figures) for _, heading, figures in _parts(day))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(subject)}</title></head>"
        '<body style="font-family:sans-serif;color:#1a1a1a;max-width:50em">'
        f"<h1><bdi>{html.escape(subject)}</bdi></h1>"
        f"<p>{day.total.in_person} on site, {day.total.online} online, {day.total.total} people in all.</p>"
        f"{tables}<p>{html.escape(_stamp(day))}</p></body></html>\n"
    )


def _table(heading: str, figures: Sequence[Figure]) -> str:
    most = max((figure.in_person + figure.online for figure in figures), default=0)
    rows = "".join(_row(figure, most) for figure in figures) or '<tr><td colspan="4">none</td></tr>'
    return (
        f'<h2>{heading}</h2><table cellpadding="4" style="border-collapse:collapse">'
        '<tr><th align="left">&nbsp;</th><th align="right">in the hall</th><th align="right">online</th><th></th></tr>'
        f"{rows}</table>"
    )


def _row(figure: Figure, most: int) -> str:
    bars = "".join(
        _bar(count, most, colour) for count, colour in ((figure.in_person, "#0b5cab"), (figure.online, "#f2a03d"))
    )
    return (
        f'<tr><td style="overflow-wrap:anywhere"><bdi>{html.escape(_label(figure))}</bdi></td>'
        f'<td align="right">{figure.in_person}</td><td align="right">{figure.online}</td>'
        f'<td style="white-space:nowrap">{bars}</td></tr>'
    )


def _bar(count: int, most: int, colour: str) -> str:
    width = round(_BAR_PIXELS * count / most) if most else 0
    return f'<span style="display:inline-block;width:{width}px;height:0.8em;background:{colour}"></span>'


def _csv(day: DayFigures) -> bytes:
    head: tuple[Cell, ...] = (day.as_of, day.on)
    rows: list[tuple[Cell, ...]] = [
        (*head, "day", day.on, None, day.total.in_person, day.total.online, day.total.total)
    ]
    for by, _, figures in _parts(day):
        rows += [(*head, by, f.value, f.label, f.in_person, f.online, f.total) for f in figures]
    return encode_csv(COLUMNS, rows)
