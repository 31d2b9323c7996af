"""Everything that routes and other slices may ask of pledges and their announcements."""

from forum.pledges.announcements import (
    AlreadyAnnounced,
    announce,
    find_announcement,
    find_start,
    list_announcements,
)
from forum.pledges.feed import Feed
from forum.pledges.pledges import (
    MOVES,
    Move,
    accept_partner,
    create_pledge,
    find_external_pledge,
    find_pledge,
    list_pledges,
    move_pledge,
    summarize_pledges,
    update_pledge,
)

__all__ = [
    "MOVES",
    "AlreadyAnnounced",
    "Feed",
    "Move",
    "accept_partner",
    "announce",
    "create_pledge",
    "find_announcement",
    "find_external_pledge",
    "find_pledge",
    "find_start",
    "list_announcements",
    "list_pledges",
    "move_pledge",
    "summarize_pledges",
    "update_pledge",
]
