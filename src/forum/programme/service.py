"""The rules of tracks, and everything that other slices may ask of the programme."""

from datetime import datetime
from uuid import UUID

from forum.bodies import merge
from forum.db import Connection
from forum.http import IfMatch
from forum.ids import new_id
from forum.pagination import Page, Paging
from forum.programme import queries
from forum.programme.conflicts import (
    ChairDoubleBooked,
    InterpretationDoubleBooked,
    SpeakerDoubleBooked,
    claim_speakers,
    find_conflict_rules,
    list_conflicts,
    list_overrides,
    override_of,
    replace_conflict_rules,
)
from forum.programme.import_queries import list_named_sessions
from forum.programme.kept import Keeper, KeptRelease, forget_release
from forum.programme.reading import CSV, JSON, Format, now_and_next, read_release_as, schedule_formats
from forum.programme.releases import (
    EditionIsDraft,
    compare_releases,
    list_releases,
    publish,
    publish_programme,
    read_release,
)
from forum.programme.replanning import replan_sessions
from forum.programme.rooms import RoomNameTaken, RoomOccupied, create_room, find_room, list_rooms, update_room
from forum.programme.sessions import (
    MOVES,
    OUTSIDE_TYPES,
    Move,
    cancel_session,
    confirm_session,
    create_session,
    find_session,
    list_sessions,
    lock_session,
    move_if_clear,
    move_session,
    update_session,
)
from forum.programme.teams import (
    create_interpretation_team,
    find_interpretation_team,
    list_interpretation_teams,
    update_interpretation_team,
)
from forum.programme.types import NewTrack, Track, TrackPatch

__all__ = [
    "CSV",
    "JSON",
    "MOVES",
    "OUTSIDE_TYPES",
    "ChairDoubleBooked",
    "EditionIsDraft",
    "Format",
    "InterpretationDoubleBooked",
    "Keeper",
    "KeptRelease",
    "Move",
    "RoomNameTaken",
    "RoomOccupied",
    "SpeakerDoubleBooked",
    "cancel_session",
    "claim_speakers",
    "compare_releases",
    "confirm_session",
    "create_interpretation_team",
    "create_room",
    "create_session",
    "create_track",
    "find_conflict_rules",
    "find_interpretation_team",
    "find_room",
    "find_session",
    "find_track",
    "forget_release",
    "list_conflicts",
    "list_interpretation_teams",
    "list_named_sessions",
    "list_overrides",
    "list_releases",
    "list_rooms",
    "list_sessions",
    "list_tracks",
    "lock_session",
    "move_if_clear",
    "move_session",
    "now_and_next",
    "override_of",
    "publish",
    "publish_programme",
    "read_release",
    "read_release_as",
    "replace_conflict_rules",
    "replan_sessions",
    "schedule_formats",
    "update_interpretation_team",
    "update_room",
    "update_session",
    "update_track",
]


async def create_track(conn: Connection, edition_id: UUID, new: NewTrack, now: datetime) -> Track:
    """A new track."""
    return await queries.insert_track(conn, edition_id, new_id(), new, now)


async def find_track(conn: Connection, edition_id: UUID, track_id: UUID) -> Track:
    """One track; raises `NotFound`."""
    return await queries.find_track(conn, edition_id, track_id)


async def list_tracks(conn: Connection, edition_id: UUID, external_id: str | None, paging: Paging) -> Page[Track]:
    """The tracks of an edition in the order in which they were made."""
    rows = await queries.list_tracks(conn, edition_id, external_id, paging.after(UUID), paging.limit + 1)
    total = await queries.count_tracks(conn, edition_id, external_id) if paging.count else None
    return paging.page(rows, lambda track: track.id, total)


async def update_track(
    conn: Connection, edition_id: UUID, track_id: UUID, patch: TrackPatch, if_match: IfMatch
) -> Track:
    """Change a track. Readers see its new name with the next release."""
    before = await queries.lock_track(conn, edition_id, track_id)
    if_match.require(before.version, before, patch)
    after = merge(before, patch)
    return await queries.update_track(conn, edition_id, track_id, after.name, after.external_id)
