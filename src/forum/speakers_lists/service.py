"""Everything that routes and other slices may ask of lists of speakers."""

from forum.speakers_lists.feed import Follower, ListFeed
from forum.speakers_lists.floor import MOVES, FloorTaken, Move, change_status, withdraw_request
from forum.speakers_lists.history import (
    list_list_transitions,
    list_request_transitions,
    list_statement_transitions,
)
from forum.speakers_lists.lists import ListNotOpen, SessionHasList, find_list, put_list, update_list
from forum.speakers_lists.live import read_live
from forum.speakers_lists.requests import (
    AlreadyOnList,
    create_request,
    find_request,
    list_moves,
    list_requests,
    move_request,
    update_request,
)
from forum.speakers_lists.statement_types import Upload
from forum.speakers_lists.statements import describe_file, find_statement, put_statement, update_statement

__all__ = [
    "MOVES",
    "AlreadyOnList",
    "FloorTaken",
    "Follower",
    "ListFeed",
    "ListNotOpen",
    "Move",
    "SessionHasList",
    "Upload",
    "change_status",
    "create_request",
    "describe_file",
    "find_list",
    "find_request",
    "find_statement",
    "list_list_transitions",
    "list_moves",
    "list_request_transitions",
    "list_requests",
    "list_statement_transitions",
    "move_request",
    "put_list",
    "put_statement",
    "read_live",
    "update_list",
    "update_request",
    "update_statement",
    "withdraw_request",
]
