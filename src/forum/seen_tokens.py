"""The tokens that this process has seen a moment ago, and how it forgets them."""

from datetime import datetime
from time import monotonic
from typing import Final

from forum.permissions import Principal, find_principal
from forum.requests import ForumRequest
from forum.transactions import Unit, unit_of

SEEN_FOR_SECONDS: Final = 5.0
"""How long a revoked token could be taken for good if the news of it were lost."""
TOKENS_SEEN: Final = 20_000


class SeenTokens:
    """The tokens that were seen a moment ago, so that each is asked after once in five seconds.

    A gate sends a request a second, and a delegate's page sends five at once. Whoever has a role over others is asked
    after every time, with what they may do at that moment. A token that is revoked, and a person who is given a role,
    are forgotten when the database tells of it, and at once in the process that did it; while nothing is heard,
    nothing is remembered.
    """

    channel = "forum_tokens"

    def __init__(self) -> None:
        self._seen: dict[bytes, tuple[Principal, float]] = {}
        self._is_listening = False
        self._news = 0

    def begin(self) -> None:
        """Every change of a token or a role is heard of from now on."""
        self.forget()
        self._is_listening = True

    def hear(self, payload: str) -> None:
        """A token or a role was changed."""
        self.forget()

    def lose(self) -> None:
        """Nothing is heard from now on."""
        self._is_listening = False
        self.forget()

    def forget(self) -> None:
        """Ask the database after every token again."""
        self._news += 1
        self._seen.clear()

    async def find_principal(self, unit: Unit, sha256: bytes, now: datetime) -> Principal | None:
        """The principal of a token; takes a connection only when the database must be asked."""
        seen_at = monotonic()
        seen, until = self._seen.get(sha256, (None, 0.0))
        if seen is not None and seen_at < until and (seen.expires_at is None or now < seen.expires_at):
            return seen
        news = self._news
        principal = await find_principal(await unit.reading(), sha256, now)
        if principal is not None and not principal.grants and self._is_listening and news == self._news:
            if len(self._seen) >= TOKENS_SEEN:
                self._seen.clear()
            self._seen[sha256] = (principal, seen_at + SEEN_FOR_SECONDS)
        return principal


def forget_tokens(request: ForumRequest) -> None:
    """Have this process ask after every token again once the request's changes are lasting."""
    seen: SeenTokens = request.app.state.seen_tokens
    unit_of(request.scope).after_commit.append(seen.forget)
