"""What imports of speakers and appearances take: rows of JSON, or a table whose columns are the same fields."""

from uuid import UUID

from msgspec import Struct

from forum.cells import ImportedRows
from forum.speakers.appearance_types import AppearanceRole, NewAppearance
from forum.speakers.types import NewSpeaker


class ImportedSpeakers(ImportedRows, forbid_unknown_fields=True):
    """Up to 1,000 rows with the fields of a speaker; `external_id` tells whether they are new."""

    row = NewSpeaker


class ImportedAppearance(NewAppearance, forbid_unknown_fields=True, kw_only=True):
    """A row of an import: session, speaker and role tell whether the appearance is new."""

    session: UUID


class ImportedAppearances(ImportedRows, forbid_unknown_fields=True):
    """Up to 1,000 rows with the fields of an appearance and its `session`.

    `session` and `speaker` are ids, or `external:` and an external id.
    """

    row = ImportedAppearance


class AppearanceKey(Struct, frozen=True):
    """An appearance, and what no two appearances share."""

    id: UUID
    session: UUID
    speaker: UUID
    role: AppearanceRole
