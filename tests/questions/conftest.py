from typing import Any

import pytest

from tests.client import Client
from tests.factories import make_edition

QUESTIONS = "/v1/editions/grf-2023/questions"


def question_fields(key: str = "diet", kind: str = "text", **changes: Any) -> dict[str, Any]:
    """A good body for a new question."""
    fields: dict[str, Any] = {
        "key": key,
        "kind": kind,
        "label": {"en": "What do you eat?", "fr": "Que mangez-vous ?", "ar": "ماذا تأكل؟"},
        "purpose": {"en": "For the kitchen.", "fr": "Pour la cuisine."},
        "retention": "until_edition_ends",
    }
    if kind in ("choice", "choices"):
        values = changes.pop("values", ("vegan", "halal", "kosher"))
        fields["options"] = [{"value": value, "label": {"en": value.title()}} for value in values]
    return fields | changes


async def make_question(organizer: Client, key: str = "diet", kind: str = "text", **changes: Any) -> dict[str, Any]:
    """A question of the edition `grf-2023`."""
    return await organizer.made(QUESTIONS, question_fields(key, kind, **changes))


@pytest.fixture
async def edition(client: Client) -> dict[str, Any]:
    """The edition `grf-2023`, open, with 100 places in the hall."""
    return await make_edition(client)


@pytest.fixture
async def organizer(client: Client, edition: dict[str, Any]) -> Client:
    """Who decides what is asked."""
    return await client.as_role("organizer", edition["id"])
