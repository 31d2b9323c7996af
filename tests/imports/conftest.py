"""Loads documents the way the command line does."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
import pytest

from forum.db import Connection
from forum.imports.console import What, run_import
from forum.imports.types import Report
from forum.samples import read_sample
from tests.conftest import Timeline

Load = Callable[..., Awaitable[Report]]


@pytest.fixture
def load(conn: Connection, clock: Timeline) -> Load:
    """Import a file, given as bytes or as what the JSON holds."""

    async def load(document: Any, what: What = "programme", *, dry_run: bool = False) -> Report:
        data = document if isinstance(document, bytes) else msgspec.json.encode(document)
        return await run_import(conn, what, data, clock(), dry_run=dry_run)

    return load


def edition(**fields: Any) -> dict[str, Any]:
    """A good row of an edition."""
    return {
        "id": "grf-2023",
        "name": "Global Refugee Forum 2023",
        "start": "2023-12-13",
        "end": "2023-12-15",
        "venue": "Palexpo, Geneva",
        "city": "Geneva",
        "timezone": "Europe/Zurich",
    } | fields


def session(**fields: Any) -> dict[str, Any]:
    """A good row of a session."""
    return {
        "id": "s1",
        "edition": "grf-2023",
        "title": "Plenary session",
        "type": "plenary",
        "date": "2023-12-13",
        "start": "09:00",
        "end": "13:00",
        "certainty": "high",
    } | fields


def document(*sessions: dict[str, Any], **sections: Any) -> dict[str, Any]:
    """A file with one edition and these sessions."""
    return {"editions": [edition()], "sessions": list(sessions)} | sections


def sample(name: What = "programme") -> dict[str, Any]:
    """A sample file, as its JSON holds it."""
    loaded: dict[str, Any] = msgspec.json.decode(read_sample(name))
    return loaded


def refusals(report: Report) -> set[tuple[str, str, str]]:
    """What was refused: row, field and code."""
    return {(finding.row, finding.field, finding.code) for finding in report.refusals}


def remarks(report: Report) -> set[tuple[str, str, str]]:
    """Which rules were applied: row, field and code."""
    return {(finding.row, finding.field, finding.code) for finding in report.remarks}
