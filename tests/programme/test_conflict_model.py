"""The list of open conflicts, and what a session is told to stand in its way, against the rules written once more.

Programmes are made at random: rooms of which one is joined from two others, with buffers and opening hours, speakers
in several roles, teams, sessions inside others, instants, days without an hour, drafts, bookings above capacity.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations, count, permutations
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from forum.db import Connection
from forum.ids import new_id
from tests.client import Client
from tests.factories import make_edition

EDITIONS = count(1)
ZONE = ZoneInfo("Europe/Zurich")
DAY = date(2023, 12, 13)
EVENING = datetime(2023, 12, 12, 21, tzinfo=UTC)
INSTANT = timedelta(microseconds=1)
OUTSIDE = ("linked_event", "press")
ASIDE = ("break", *OUTSIDE)
RULES = (
    "speaker_double_booked",
    "chair_double_booked",
    "interpretation_double_booked",
    "plenary_parallel",
    "capacity_below_bookings",
    "outside_opening_hours",
    "outside_edition",
    "setup_time",
)
PEOPLE = RULES[:3]
HOURS: list[list[dict[str, str]]] = [
    [],
    [{"opens_at": "08:00", "closes_at": "12:00"}, {"opens_at": "12:00", "closes_at": "18:00"}],
    [{"opens_at": "20:00", "closes_at": "02:00"}, {"on": str(DAY), "opens_at": "09:00", "closes_at": "11:30"}],
]


class Room(msgspec.Struct):
    """A room: what it is made of, its buffers in minutes and its hours."""

    elements: tuple[int, ...]
    buffers: tuple[int, int]
    hours: list[dict[str, str]]
    id: UUID = msgspec.field(default_factory=new_id)


class Item(msgspec.Struct):
    """A session: half hours after the evening before, and how many; 0 is an instant, None a day without an hour."""

    starts: int | None
    length: int
    status: str
    type: str
    room: int | None
    parent: int | None
    roles: list[tuple[int, str, str]]
    """Speaker, role and status."""
    teams: list[int]
    over: bool
    id: UUID = msgspec.field(default_factory=new_id)

    @property
    def starts_at(self) -> datetime | None:
        return None if self.starts is None else EVENING + timedelta(minutes=30 * self.starts)

    @property
    def ends_at(self) -> datetime | None:
        return self.starts_at + timedelta(minutes=30 * self.length) if self.starts_at and self.length else None

    @property
    def until(self) -> datetime:
        assert self.starts_at
        return self.ends_at or self.starts_at + INSTANT


MADE_OF: tuple[tuple[int, ...], ...] = ((0,), (1,), (0, 1), (3,))
BUFFERS = st.sampled_from([(0, 0), (0, 0), (30, 0), (0, 45), (10, 30)])
ROOMS = st.tuples(*(st.builds(Room, st.just(elements), BUFFERS, st.sampled_from(HOURS)) for elements in MADE_OF))
ROLES = st.tuples(
    st.integers(0, 2),
    st.sampled_from(["chair", "panellist", "keynote"]),
    st.sampled_from(["confirmed"] * 4 + ["invited"]),
)
ITEMS = st.lists(
    st.builds(
        Item,
        st.one_of(st.integers(0, 60), st.integers(20, 36), st.integers(20, 36), st.none()),
        st.sampled_from([0, 1, 1, 2, 2, 3, 5]),
        st.sampled_from(["confirmed"] * 6 + ["draft", "cancelled"]),
        st.sampled_from(["plenary", "side_event", "side_event", "break", "press"]),
        st.sampled_from([None, 0, 0, 1, 2, 2, 3]),
        st.one_of(st.none(), st.none(), st.integers(0, 2)),
        st.lists(ROLES, max_size=3, unique_by=lambda role: role[:2]),
        st.lists(st.integers(0, 1), max_size=2, unique=True),
        st.booleans(),
    ),
    min_size=10,
    max_size=16,
)
LEVELS = st.fixed_dictionaries({rule: st.sampled_from([*["warn"] * 5, "refuse", "ignore"]) for rule in RULES})


async def store(
    conn: Connection, edition: UUID, rooms: tuple[Room, ...], items: list[Item], subjects: list[UUID]
) -> None:
    """Write a programme; a confirmed session whose room is taken has none in the end."""
    now, speakers, teams = EVENING, subjects[:3], subjects[3:]
    for number, room in enumerate(rooms):
        parts = [rooms[one].id for one in room.elements] if len(room.elements) > 1 else []
        await conn.execute(
            "INSERT INTO rooms (edition_id, id, name, capacity, part_ids, opening_hours, setup_minutes,"
            " teardown_minutes, created_at, revised_at) VALUES ($1, $2, $3, 5, $4, $5, $6, $7, $8, $8)",
            *(edition, room.id, f"Room {number}", parts, room.hours, *room.buffers, now),
        )
    for number, speaker in enumerate(speakers):
        sql = "INSERT INTO speakers (edition_id, id, display_name, created_at) VALUES ($1, $2, $3, $4)"
        await conn.execute(sql, edition, speaker, f"Speaker {number}", now)
    for number, team in enumerate(teams):
        sql = "INSERT INTO interpretation_teams (edition_id, id, name, languages, created_at)"
        await conn.execute(f"{sql} VALUES ($1, $2, $3, '{{}}', $4)", edition, team, f"Team {number}", now)
    for index, item in enumerate(items):
        item.parent = item.parent if item.parent is not None and item.parent < index else None
        try:
            async with conn.transaction():
                await store_session(conn, edition, rooms, items, item, teams)
        except asyncpg.ExclusionViolationError:
            item.room = None
            await store_session(conn, edition, rooms, items, item, teams)
        for number, (speaker_number, role, status) in enumerate(item.roles):
            await conn.execute(
                "INSERT INTO appearances (edition_id, id, session_id, speaker_id, role, position, status, created_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                *(edition, new_id(), item.id, speakers[speaker_number], role, number + 1, status, now),
            )


async def store_session(
    conn: Connection, edition: UUID, rooms: tuple[Room, ...], items: list[Item], item: Item, teams: list[UUID]
) -> None:
    await conn.execute(
        "INSERT INTO sessions (edition_id, id, title, type, status, starts_at, ends_at, held_on, room_id, parent_id,"
        " mode, access, in_person_capacity, languages, interpretation_team_ids, created_at, revised_at)"
        " VALUES ($1, $2, '{}', $3, $4, $5, $6, $7, $8, $9, 'in_person', $10, 3, '{}', $11, $12, $12)",
        *(edition, item.id, item.type, item.status, item.starts_at, item.ends_at),
        DAY + timedelta(days=item.length - 2) if item.starts is None else None,
        None if item.room is None else rooms[item.room].id,
        None if item.parent is None else items[item.parent].id,
        "booking" if item.over else "open",
        [teams[number] for number in item.teams],
        EVENING,
    )
    if item.over:
        await conn.execute(
            "UPDATE session_places SET taken = 4, kept_over_capacity = 4 WHERE session_id = $1 AND mode = 'in_person'",
            item.id,
        )


def together(one: Item, other: Item, items: list[Item]) -> bool:
    """Whether two confirmed sessions overlap and are not one inside the other."""
    if (
        one.starts_at is None
        or other.starts_at is None
        or not (one.starts_at < other.until and other.starts_at < one.until)
    ):
        return False
    return not any(a.parent is not None and items[a.parent] is b for a, b in ((one, other), (other, one)))


def needed(item: Item, room: Room) -> tuple[datetime, datetime]:
    """From when until when a session needs its room."""
    assert item.starts_at
    setup, teardown = (timedelta(minutes=minutes) for minutes in room.buffers)
    return item.starts_at - setup, (item.ends_at or item.starts_at) + teardown if teardown else item.until


def is_open(item: Item, hours: list[dict[str, str]]) -> bool:
    """Whether a room is open in each minute of a session."""
    assert item.starts_at
    open_minutes = set()
    for days in range(-2, 4):
        day = DAY + timedelta(days=days)
        for line in [one for one in hours if one.get("on") == str(day)] or [one for one in hours if "on" not in one]:
            opens, closes = (
                datetime.combine(day, time.fromisoformat(line[n]), ZONE) for n in ("opens_at", "closes_at")
            )
            closes += timedelta(days=closes <= opens)
            minutes = int((closes - opens).total_seconds() // 60)
            open_minutes |= {opens.astimezone(UTC) + timedelta(minutes=n) for n in range(minutes)}
    minutes = int((item.until - item.starts_at).total_seconds() // 60) or 1
    return {item.starts_at + timedelta(minutes=n) for n in range(minutes)} <= open_minutes


def is_in_edition(item: Item) -> bool:
    if item.type in OUTSIDE:
        return True
    if item.starts_at is None:
        return item.length == 2
    ends_on = (item.ends_at or item.starts_at).astimezone(ZONE).date()
    return item.starts_at.astimezone(ZONE).date() == DAY and ends_on <= DAY + timedelta(days=1)


Found = tuple[str, tuple[UUID, ...], UUID | None, UUID | None]
"""Rule, sessions, subject (a speaker or a team) and room."""


def conflicts_of(item: Item, rooms: tuple[Room, ...]) -> Iterator[Found]:
    """What is wrong with one session by itself."""
    if item.over:
        yield "capacity_below_bookings", (item.id,), None, None
    if not is_in_edition(item):
        yield "outside_edition", (item.id,), None, None
    if item.starts_at and item.room is not None and (hours := rooms[item.room].hours) and not is_open(item, hours):
        yield "outside_opening_hours", (item.id,), None, rooms[item.room].id


def conflicts_between(
    one: Item, other: Item, rooms: tuple[Room, ...], items: list[Item], subjects: list[UUID], invited: bool
) -> Iterator[Found]:
    """What is wrong between two sessions; with `invited`, of the first one also the chairs who have not said yes."""
    pair = one.id, other.id
    if together(one, other, items):
        for number in range(3):
            mine, theirs = ({r for n, r, s in each.roles if n == number and s == "confirmed"} for each in (one, other))
            asked = {r for n, r, s in one.roles if n == number and invited}
            if mine and theirs:
                rule = "chair_double_booked" if "chair" in mine | theirs | asked else "speaker_double_booked"
                yield rule, pair, subjects[number], None
        for number in set(one.teams) & set(other.teams):
            yield "interpretation_double_booked", pair, subjects[3 + number], None
        types = {one.type, other.type}
        if "plenary" in types and not types & set(ASIDE):
            yield "plenary_parallel", pair, None, None
    if one.starts_at and other.starts_at and one.room is not None and other.room is not None:
        places = rooms[one.room], rooms[other.room]
        (begins, until), (begins_too, until_too) = needed(one, places[0]), needed(other, places[1])
        if set(places[0].elements) & set(places[1].elements) and begins < until_too and begins_too < until:
            named = places[0] if invited or any(places[0].buffers) else places[1]
            yield "setup_time", pair, None, named.id


def told(row: Any) -> Found:
    return row["rule"], tuple(row["sessions"]), row["speaker"] or row["team"], row["room"]


def of_room(room: int, starts: int, length: int) -> Item:
    """A confirmed side event of which there is nothing else to tell."""
    return Item(starts, length, "confirmed", "side_event", room, None, [], [], False)


def rooms_with(*buffers: tuple[int, int]) -> tuple[Room, ...]:
    """The four rooms with these buffers."""
    return tuple(Room(made_of, each, []) for made_of, each in zip(MADE_OF, buffers, strict=True))


@given(rooms=ROOMS, items=ITEMS, levels=LEVELS)
@example(rooms_with(*[(30, 0)] * 4), [of_room(0, 26, 0), of_room(0, 27, 1)], dict.fromkeys(RULES, "warn"))
@example(
    rooms_with((0, 0), (0, 0), (0, 45), (0, 0)), [of_room(0, 29, 1), of_room(2, 26, 2)], dict.fromkeys(RULES, "warn")
)
@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
async def test_conflicts_are_those_of_the_plain_rules(
    client: Client, conn: Connection, rooms: tuple[Room, ...], items: list[Item], levels: dict[str, str]
) -> None:
    edition = UUID(
        (await make_edition(client, slug=f"grf-{next(EDITIONS)}", starts_on=str(DAY), ends_on=str(DAY)))["id"]
    )
    # Examples are made of the same parts again.
    rooms = tuple(msgspec.structs.replace(room, id=new_id()) for room in rooms)
    items = [msgspec.structs.replace(item, id=new_id()) for item in items]
    subjects = [new_id() for _ in range(5)]
    await store(conn, edition, rooms, items, subjects)
    sets = ", ".join(f"{rule} = '{level}'" for rule, level in levels.items())
    await conn.execute(f"UPDATE conflict_levels SET {sets} WHERE edition_id = $1", edition)
    confirmed = sorted((item for item in items if item.status == "confirmed"), key=lambda item: item.id)
    alone = [found for item in confirmed for found in conflicts_of(item, rooms)]
    paired = [f for pair in combinations(confirmed, 2) for f in conflicts_between(*pair, rooms, items, subjects, False)]
    expected = {(*found, levels[found[0]], False) for found in [*alone, *paired] if levels[found[0]] != "ignore"}
    for found in [found for found in sorted(expected, key=str) if found[0] in PEOPLE][::2]:
        await conn.execute(
            "INSERT INTO conflict_overrides (edition_id, id, session_id, rule, other_session_id, subject_id, reason,"
            " token_id, overridden_at) VALUES ($1, $2, $3, $4, $5, $6, 'By car', $2, $7)",
            *(edition, new_id(), found[1][1], found[0], found[1][0], found[2], EVENING),
        )
        expected = expected - {found} | {(*found[:-1], True)}

    rows = await conn.fetch("SELECT * FROM open_conflicts($1)", edition)

    assert sorted(((*told(row), row["level"], row["overridden"]) for row in rows), key=str) == sorted(expected, key=str)
    met: set[Found] = {found for found in alone if levels[found[0]] != "ignore"}
    for pair in permutations(confirmed, 2):
        found_here = conflicts_between(*pair, rooms, items, subjects, True)
        met |= {found for found in found_here if levels[found[0]] != "ignore"}
    clashes = await conn.fetch(
        "SELECT c.* FROM sessions s CROSS JOIN LATERAL jsonb_to_recordset(session_clashes(s.edition_id, s.id, true,"
        " s.type, s.parent_id, s.starts_at, s.ends_at, s.held_on, s.room_id, s.mode, s.access, s.in_person_capacity,"
        " s.online_capacity, s.interpretation_team_ids)) AS c (rule text, level text, sessions uuid[], speaker uuid,"
        " room uuid, team uuid) WHERE s.edition_id = $1 AND s.status = 'confirmed'",
        edition,
    )
    assert sorted((told(row) for row in clashes), key=str) == sorted(met, key=str)
