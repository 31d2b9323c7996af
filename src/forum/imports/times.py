"""When a session takes place: from days and hours on a wall clock to instants."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from forum.errors import Fault, Invalid
from forum.imports.types import SessionRow

_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Schedule(Struct, frozen=True):
    """An instant or a span, or a day while the hour is unknown, or nothing at all."""

    starts_at: datetime | None = None
    ends_at: datetime | None = None
    held_on: date | None = None


def read_schedule(row: SessionRow, zone: ZoneInfo) -> Schedule:
    """When a row says that it takes place; raises `Invalid` with every contradiction.

    A start without an end is an instant. A day without hours is a day. Hours without a day are nothing: they cannot be
    told, and the caller remarks on it. Hours that the clock shows twice are decided by `start_utc` and `end_utc`.
    """
    if row.date is None:
        return Schedule()
    if row.start is None and row.end is None:
        schedule, faults = Schedule(held_on=row.date), list(_weekday_faults(row))
    else:
        faults = list(_weekday_faults(row))
        starts_at = _instant("/start", row.date, row.start, zone, row.start_utc, faults)
        ends_at = _instant("/end", row.date, row.end, zone, row.end_utc, faults)
        schedule = Schedule(starts_at, ends_at)
        if row.start is None:
            faults.append(Fault(pointer="/start", code="missing", detail="What has an end has a start."))
        elif starts_at and ends_at and ends_at <= starts_at:
            faults.append(Fault(pointer="/end", code="ends_before_start", detail="It ends before it starts."))
    if faults:
        raise Invalid(faults)
    return schedule


def _weekday_faults(row: SessionRow) -> Iterator[Fault]:
    if row.weekday is None or row.date is None:
        return
    real = _WEEKDAYS[row.date.weekday()]
    if row.weekday.capitalize() != real:
        detail = f"{row.date} is a {real}, not a {row.weekday[:20]}: one of the two is wrong."
        yield Fault(pointer="/weekday", code="contradiction", detail=detail)


def _instant(
    pointer: str, day: date, clock: str | None, zone: ZoneInfo, told: str | None, faults: list[Fault]
) -> datetime | None:
    """The instant at which the clock of `zone` shows this; `told` is the same instant in UTC, if the row has it."""
    if clock is None:
        return None
    local = datetime.combine(day, time.fromisoformat(clock))
    shown = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    shown = {instant for instant in shown if instant.astimezone(zone).replace(tzinfo=None) == local}
    if not shown:
        detail = f"The clock in {zone.key} never shows {clock} on {day}: summer time begins."
        faults.append(Fault(pointer=pointer, code="no_such_time", detail=detail))
        return None
    if told is None:
        if len(shown) == 2:
            detail = f"The clock in {zone.key} shows {clock} twice on {day}: tell which in {pointer[1:]}_utc."
            faults.append(Fault(pointer=pointer, code="ambiguous_time", detail=detail))
        return min(shown)
    agreed = shown & {_utc(told)}
    if not agreed:
        detail = f"It says {told[:40]}, but {clock} in {zone.key} is {min(shown):%Y-%m-%dT%H:%MZ}."
        faults.append(Fault(pointer=f"{pointer}_utc", code="contradiction", detail=detail))
    return min(agreed or shown)


def _utc(text: str) -> datetime | None:
    """An instant with an offset, or None for what is none."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else None
