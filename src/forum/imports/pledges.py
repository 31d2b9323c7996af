"""Rows of pledges: from what public pages give to what the API takes.

An import announces nothing: an announcement is made in a session, at its instant. It submits and verifies where the row
says so, and never takes a status back. The partners of a verified row are named by its source, so they have accepted.
"""

import re
from collections import Counter
from typing import Any, Final
from uuid import UUID

import msgspec

from forum import bodies
from forum.entities import service as entities
from forum.editions import service as editions
from forum.errors import Invalid
from forum.http import IfMatch
from forum.imports.desk import Book, Desk
from forum.imports.texts import as_in_row, changes, given, texts
from forum.imports.types import Outcome, PledgeRow
from forum.pledges import service
from forum.pledges.types import NewPledge, Pledge, PledgePatch

_NAMES: Final = {"lead_entity": "lead", "source_url": "source", "external_id": "id"}
_MOVES: Final[dict[str, service.Move]] = {"submitted": "submit", "verified": "verify"}
"""The statuses that come after `draft`, in their order, each with the move that leads there."""


def name_pledges(rows: list[Any]) -> list[Any]:
    """Raw rows, those without an id called by edition and lead, the second of a lead with 2 and so on."""
    seen: Counter[str] = Counter()
    named = []
    for raw in rows:
        if isinstance(raw, dict) and isinstance(raw.get("lead"), str) and isinstance(raw.get("edition"), str):
            name = re.sub(r"[^a-z0-9]+", "-", f"{raw['edition']} {raw['lead']}".lower()).strip("-")
            seen[name] += 1
            raw = {"id": (name if seen[name] == 1 else f"{name}-{seen[name]}")[:100]} | raw
        named.append(raw)
    return named


async def import_pledge(desk: Desk, row: PledgeRow) -> Outcome:
    """Make or change a pledge, and move it on; raises `Invalid` with every fault."""
    book = await desk.book(row.edition)
    try:
        pledge, outcome = await _upsert(desk, book, await _fields(desk, book, row))
    except Invalid as error:
        plain = [name for name in ("title", "description") if not isinstance(getattr(row, name), dict)]
        raise as_in_row(error, _NAMES, [*plain, "amount"]) from error
    changed = [await _accept(desk, book, pledge, row), await _move(desk, book, pledge, row)]
    _remark(desk, row)
    return "updated" if outcome == "unchanged" and any(changed) else outcome


async def _fields(desk: Desk, book: Book, row: PledgeRow) -> dict[str, Any]:
    """The pledge as the API takes it, without what is not known."""
    lead = await _lead(desk, book, row)
    partners = [await desk.entity(n, "pledge", row.id, f"/partners/{i}") for i, n in enumerate(row.partners or ())]
    if row.currency and row.amount is None:
        raise Invalid.at("/currency", "rule_broken", "A currency without an amount says nothing.")
    money = {"amount": row.amount, "currency": row.currency} if row.amount is not None else None
    fields = {
        "title": texts(row.title or _title(row)),
        "description": texts(row.description or _describe(row)),
        "original_language": row.original_language or ("en" if isinstance(row.title, str | None) else next(iter(row.title))),
        "lead_entity": lead,
        "partners": partners or None,
        "contribution_kinds": row.contribution_kinds or (["financial"] if money else None),
        "objectives": row.objectives,
        "focus_areas": row.focus_areas,
        "multistakeholder_pledges": [_term(name) for name in row.multistakeholder_pledges or ()] or None,
        "countries": row.countries,
        "amount": money,
        "quantities": [given(_quantity(q)) for q in row.quantities] if row.quantities else None,
        "stage": row.stage,
        "source_url": row.source if row.source and row.source.startswith("http") else None,
        "external_id": row.id,
    }
    known: dict[str, Any] = msgspec.to_builtins(given(fields))
    return known
