"""What imports of rooms, tracks and sessions take: rows of JSON, or a table whose columns are the same fields."""

from forum.cells import ImportedRows
from forum.programme.types import NewRoom, NewSession, NewTrack


class ImportedRooms(ImportedRows, forbid_unknown_fields=True):
    """Up to 1,000 rows with the fields of a room; `external_id` tells whether it is new."""

    row = NewRoom


class ImportedTracks(ImportedRows, forbid_unknown_fields=True):
    """Up to 1,000 rows with the fields of a track; `external_id` tells whether it is new."""

    row = NewTrack


class ImportedSessions(ImportedRows, forbid_unknown_fields=True):
    """Up to 1,000 rows with the fields of a session; `external_id` tells whether it is new.

    `room`, `track`, `parent` and each of `organisers` is an id, or `external:` and an external id.
    """

    row = NewSession
