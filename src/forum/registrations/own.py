"""One's own registration at an edition: by it people book, star, subscribe to calendars and ask for the floor."""

from uuid import UUID

from forum.db import Connection
from forum.registrations import queries
from forum.registrations.types import OwnRegistration


async def lock_own_registration(
    conn: Connection, edition_id: UUID, person_id: UUID | None, registration_id: UUID | None = None
) -> OwnRegistration | None:
    """A person's own registration, the latest, an active one before all others; it stays so until the transaction ends.

    For who came by the link of a registration it is that one alone. Nobody's: a machine's.
    """
    return await queries.lock_own_registration(conn, edition_id, person_id, registration_id)


async def find_own_registration(
    conn: Connection, edition_id: UUID, person_id: UUID, registration_id: UUID | None = None
) -> UUID | None:
    """The same one, to read by."""
    return await queries.find_own_registration(conn, edition_id, person_id, registration_id)
