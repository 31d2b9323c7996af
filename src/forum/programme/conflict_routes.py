"""The HTTP side of conflicts: what is decided about them, which stand open, and who passed over one."""

from uuid import UUID

from litestar import get, put
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody

from forum.db import Connection
from forum.http import IfMatch
from forum.pagination import Page, Paging
from forum.permissions import Permission, needs
from forum.problems import Clash
from forum.programme import service
from forum.programme.conflict_types import (
    ConflictFilter,
    ConflictLevels,
    ConflictOverride,
    ConflictRules,
    Level,
    Rule,
)

READ, OVERRIDE = needs(Permission.PROGRAMME_READ), needs(Permission.PROGRAMME_OVERRIDE)
TAGS = ["programme"]
PROGRAMME = "/editions/{edition:str}/programme"


@get(f"{PROGRAMME}/conflict-rules", opt=READ, operation_id="get_conflict_rules", tags=TAGS)
async def get_conflict_rules(edition_id: NamedDependency[UUID], conn: NamedDependency[Connection]) -> ConflictRules:
    """What the edition does about each kind of conflict: ignore it, warn of it, or refuse what causes it.

    That two confirmed sessions are in one room, or in parts of one, is no rule: it is always refused.
    """
    return await service.find_conflict_rules(conn, edition_id)


@put(f"{PROGRAMME}/conflict-rules", opt=OVERRIDE, operation_id="replace_conflict_rules", tags=TAGS)
async def replace_conflict_rules(
    data: JSONBody[ConflictLevels],
    edition_id: NamedDependency[UUID],
    if_match: NamedDependency[IfMatch],
    conn: NamedDependency[Connection],
) -> ConflictRules:
    """Decide anew about each kind of conflict, all of them at once. What is confirmed already stays as it is."""
    return await service.replace_conflict_rules(conn, edition_id, data, if_match)


@get(f"{PROGRAMME}/conflicts", opt=READ, operation_id="list_conflicts", tags=TAGS)
async def list_conflicts(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    rule: FromQuery[Rule | None] = None,
    level: FromQuery[Level | None] = None,
    session: FromQuery[UUID | None] = None,
) -> Page[Clash]:
    """The open conflicts between confirmed sessions by rule, however they came about.

    Rules that are ignored are not told. `overridden` are those that an organizer passed over.
    """
    wanted = ConflictFilter(rule=rule, level=level, session=session)
    return await service.list_conflicts(conn, edition_id, wanted, paging)


@get(f"{PROGRAMME}/conflict-overrides", opt=READ, operation_id="list_conflict_overrides", tags=TAGS)
async def list_conflict_overrides(
    edition_id: NamedDependency[UUID],
    conn: NamedDependency[Connection],
    paging: NamedDependency[Paging],
    session: FromQuery[UUID | None] = None,
) -> Page[ConflictOverride]:
    """Each time that an organizer went on in spite of a conflict, with the reason, in that order."""
    return await service.list_overrides(conn, edition_id, session, paging)


HANDLERS = [get_conflict_rules, replace_conflict_rules, list_conflicts, list_conflict_overrides]
