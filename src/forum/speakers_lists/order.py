"""The order of a list: pure functions on those who stand in it.

By rank, then by the order in which requests came. What the staff has put elsewhere stays there: nobody is placed by it.
"""

from collections.abc import Sequence
from uuid import UUID

from forum.speakers_lists.projection import WAITING
from forum.speakers_lists.request_types import RANKS, NewPlaceInLine, Standing


def place(line: Sequence[Standing], new: Standing) -> list[UUID]:
    """The line with somebody in it who comes before the first who waits for their turn and has a later one."""
    later = (index for index, other in enumerate(line) if _is_placed_by_rank(other) and _key(new) < _key(other))
    index = next(later, len(line))
    ids = [standing.id for standing in line]
    return [*ids[:index], new.id, *ids[index:]]


def move(line: Sequence[UUID], moved: UUID, target: NewPlaceInLine) -> list[UUID]:
    """The line with somebody elsewhere; `target` names one who stands in it, or a place."""
    rest = [id for id in line if id != moved]
    if target.before is not None:
        index = rest.index(target.before)
    elif target.after is not None:
        index = rest.index(target.after) + 1
    else:
        index = min((target.position or 1) - 1, len(rest))
    return [*rest[:index], moved, *rest[index:]]


def _key(standing: Standing) -> tuple[int, int]:
    return RANKS.index(standing.rank), standing.ticket


def _is_placed_by_rank(standing: Standing) -> bool:
    return standing.status in WAITING and standing.moved_at is None
