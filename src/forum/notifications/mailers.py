"""What was rendered of invitations, kept for the batches to come."""

from collections.abc import Hashable
from typing import Final
from uuid import UUID

from forum.notifications.mime import InvitationMailer
from forum.notifications.texts import STANDARD, Wording

MAILERS_KEPT: Final = 400


class Mailers:
    """What was rendered of the invitations of each session and release, kept from one batch to the next.

    A release never changes, and other words are another key, so nothing here can grow stale; the oldest go when there
    are too many.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[UUID, int, Hashable], InvitationMailer] = {}

    def find(self, session_id: UUID, release: int, wording: Wording = STANDARD) -> InvitationMailer | None:
        """The mailer of a session in a release, and in these words, when it is kept."""
        return self._kept.get((session_id, release, wording.key))

    def keep(self, release: int, mailer: InvitationMailer) -> InvitationMailer:
        """Keep a mailer; the one that is kept, when another job was faster."""
        if kept := self.find(mailer.session.session_id, release, mailer.wording):
            return kept
        if len(self._kept) >= MAILERS_KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[mailer.session.session_id, release, mailer.wording.key] = mailer
        return mailer
