"""The HTTP side of imports of registrations."""

from datetime import datetime
from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from forum.bulk import Handling, RowResults
from forum.db import Connection
from forum.permissions import Permission, Principal, needs
from forum.registrations import importing
from forum.registrations.import_types import ImportedRegistrations


@post(
    "/editions/{edition:str}/registrations:import",
    opt=needs(Permission.SIGNED_IN),
    status_code=200,
    operation_id="import_registrations",
    tags=["registrations"],
)
async def import_registrations(
    data: JSONBody[ImportedRegistrations],
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    principal: NamedDependency[Principal],
    now: NamedDependency[datetime],
    handling: NamedDependency[Handling],
) -> RowResults:
    """Register people by the row, or update those whose `external_id` is known; a result for each row.

    Send up to 1,000 rows as JSON, or as `text/csv` in UTF-8 whose columns are the fields of a row and of its person,
    apart by commas; consents are apart by spaces. A bad row keeps no good one out, unless `atomic`: then all faults are
    told with 422 and nothing is written. `dry_run` tells the same and writes nothing. Names are kept as they are.
    Registrars and trusted frontends import anybody, focal points into their own delegations.
    """
    return await importing.import_registrations(conn, principal, edition_id, data.rows, now, handling)


HANDLERS = [import_registrations]
