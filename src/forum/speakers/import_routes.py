"""The HTTP side of imports of speakers and appearances."""

from datetime import datetime
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from forum.bulk import Handling, RowResults
from forum.db import Connection
from forum.http import ForumRequest
from forum.permissions import Permission, Principal, needs
from forum.programme.service import forget_release
from forum.speakers import appearance_importing, importing
from forum.speakers.import_types import ImportedAppearances, ImportedSpeakers

WRITE = needs(Permission.PROGRAMME_WRITE)
TAGS = ["speakers"]
EDITION = "/editions/{edition:str}"


@post(f"{EDITION}/speakers:import", opt=WRITE, status_code=200, operation_id="import_speakers", tags=TAGS)
async def import_speakers(
    data: JSONBody[ImportedSpeakers],
    request: ForumRequest,
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    handling: NamedDependency[Handling],
) -> RowResults:
    """Make speakers by the row, or change those whose `external_id` is known; a result for each row.

    Send up to 1,000 rows as JSON, or as `text/csv` in UTF-8 whose columns are the fields of a speaker, apart by commas,
    the biography in each language as `biography_en`. A row says what it wants changed: what it leaves out (an empty
    cell) stays, null (a cell of `-`) clears. `entity` is an id, or `external:` and its `external_id`. A bad row keeps
    no good one out, unless `atomic`: then all faults are told with 422 and nothing is written. `dry_run` tells the
    same and writes nothing.
    """
    forget_release(request, edition_id)
    return await importing.import_speakers(conn, principal, edition_id, data.rows, now, handling)


@post(f"{EDITION}/appearances:import", opt=WRITE, status_code=200, operation_id="import_appearances", tags=TAGS)
async def import_appearances(
    data: JSONBody[ImportedAppearances],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    now: NamedDependency[datetime],
    handling: NamedDependency[Handling],
) -> RowResults:
    """Invite speakers to sessions by the row, or change the appearances that are there; as for speakers.

    `session` and `speaker` are ids, or `external:` and the `external_id` of each. Session, speaker and role tell
    whether an appearance is new: with another role it is another one.
    """
    return await appearance_importing.import_appearances(conn, edition_id, data.rows, now, handling)


HANDLERS = [import_speakers, import_appearances]
