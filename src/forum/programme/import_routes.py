"""The HTTP side of imports of rooms, tracks and sessions, and of changes to many sessions at once."""

from datetime import datetime
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from forum.bulk import Handling, RowResults
from forum.db import Connection
from forum.parameters import DryRun
from forum.permissions import Permission, needs
from forum.programme import editing, importing
from forum.programme.edit_types import SessionEdits, SessionShift
from forum.programme.import_types import ImportedRooms, ImportedSessions, ImportedTracks

WRITE = needs(Permission.PROGRAMME_WRITE)
TAGS = ["programme"]
EDITION = "/editions/{edition:str}"


@post(f"{EDITION}/rooms:import", opt=WRITE, status_code=200, operation_id="import_rooms", tags=TAGS)
async def import_rooms(
    data: JSONBody[ImportedRooms],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
    handling: NamedDependency[Handling],
) -> RowResults:
    """Make rooms by the row, or change those whose `external_id` is known; a result for each row.

    Send up to 1,000 rows as JSON, or as `text/csv` in UTF-8 whose columns are the fields of a room, apart by commas. A
    row says what it wants changed: what it leaves out (an empty cell) stays, null (a cell of `-`) clears. A bad row
    keeps no good one out, unless `atomic`: then all faults are told with 422 and nothing is written. `dry_run` tells
    the same and writes nothing.
    """
    return await importing.import_rooms(conn, edition_id, data.rows, now, handling)


@post(f"{EDITION}/tracks:import", opt=WRITE, status_code=200, operation_id="import_tracks", tags=TAGS)
async def import_tracks(
    data: JSONBody[ImportedTracks],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
    handling: NamedDependency[Handling],
) -> RowResults:
    """Make tracks by the row, or change those whose `external_id` is known; as for rooms.

    In a table, the name in each language is a column: `name_en`, `name_ar`.
    """
    return await importing.import_tracks(conn, edition_id, data.rows, now, handling)


@post(f"{EDITION}/sessions:import", opt=WRITE, status_code=200, operation_id="import_sessions", tags=TAGS)
async def import_sessions(
    data: JSONBody[ImportedSessions],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
    handling: NamedDependency[Handling],
) -> RowResults:
    """Make sessions by the row, or change those whose `external_id` is known; as for rooms.

    `room`, `track`, `parent` and each of `organisers` is an id, or `external:` and the `external_id` of the thing; a
    parent may be another row, in whatever order. In a table, texts are columns for each language (`title_en`,
    `title_ar`), languages of a session `languages_floor` and its like, and the items of lists are apart by `|`. New
    sessions are drafts; confirmed ones meet the rules that PATCH has: a row whose room or speaker is taken is refused,
    and its `id` is the other session. Rows that leave a room to each other may stand in any order; two that trade
    theirs need a third place in between.
    """
    return await importing.import_sessions(conn, edition_id, data.rows, now, handling)


@post(f"{EDITION}/sessions:edit", opt=WRITE, status_code=200, operation_id="edit_sessions", tags=TAGS)
async def edit_sessions(
    data: JSONBody[SessionEdits],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
    handling: NamedDependency[Handling],
) -> RowResults:
    """Change up to 500 sessions, each by a merge patch of its own; a result for each.

    With `version`, an edit is refused as `stale` once somebody else has changed the session. A refused one keeps no
    other out, unless `atomic`: then all faults are told with 422 and nothing is written. `dry_run` tells the same and
    writes nothing.
    """
    return await editing.edit_sessions(conn, edition_id, data.sessions, now, handling)


@post(f"{EDITION}/sessions:shift", opt=WRITE, status_code=200, operation_id="shift_sessions", tags=TAGS)
async def shift_sessions(
    data: JSONBody[SessionShift],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
    dry_run: DryRun = False,
) -> RowResults:
    """Move up to 500 sessions by as many minutes, into another room if you name one, all of them or none.

    They are not in each other's way while they move. 422 names every one that cannot, with the session that is in its
    way. Sessions held inside one are moved when you name them too. `dry_run` tells the same and writes nothing.
    """
    return await editing.shift_sessions(conn, edition_id, data, now, is_rehearsed=dry_run)


HANDLERS = [import_rooms, import_tracks, import_sessions, edit_sessions, shift_sessions]
