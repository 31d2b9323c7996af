"""What tests are made of, through the API: one factory for each thing, with sensible fields."""

from typing import Any

from tests.client import Client

SERIES = {
    "code": "grf",
    "title": {"en": "Global Refugee Forum"},
    "vocabularies": {
        "session_type": [
            {"value": value, "label": {"en": value.replace("_", " ").capitalize()}}
            for value in (
                "plenary",
                "side_event",
                "constituency_day",
                "pledge_announcement",
                "break",
                "press",
            )
        ],
        "stakeholder_category": [
            {"value": value, "label": {"en": value.replace("_", " ").capitalize()}}
            for value in (
                "state",
                "ngo",
                "local_or_regional_government",
                "refugee_led",
                "academia",
                "sport",
                "other",
            )
        ],
        "objective": [{"value": "ease_pressure", "label": {"en": "Ease pressure on host countries"}}],
        "focus_area": [{"value": "education", "label": {"en": "Education"}}],
        "contribution_kind": [{"value": "financial", "label": {"en": "Financial"}}],
        "multistakeholder_pledge": [{"value": "legal_community", "label": {"en": "Legal Community"}}],
    },
}


def edition_fields(**changes: Any) -> dict[str, Any]:
    """A good body for a new edition."""
    return {
        "slug": "grf-2023",
        "series": "grf",
        "title": {"en": "Global Refugee Forum 2023", "ar": "المنتدى العالمي للاجئين ٢٠٢٣"},
        "starts_on": "2023-12-13",
        "ends_on": "2023-12-15",
        "timezone": "Europe/Zurich",
        "venue": "Palexpo",
        "city": "Geneva",
        "country": "CH",
        "mode": "hybrid",
        "languages": ["en", "fr", "ar"],
        "in_person_capacity": 100,
        "online_capacity": None,
        "organizer_email": "secretariat@forum.example",
    } | changes


async def make_series(client: Client) -> None:
    """The series `grf`, unless it is there."""
    admin = await client.as_role("admin")
    answer = await admin.post("/v1/series", SERIES)
    assert answer.status_code in (201, 409), answer.text


async def make_edition(client: Client, status: str = "open", **changes: Any) -> dict[str, Any]:
    """An edition of the series `grf`, moved on to a status."""
    await make_series(client)
    admin = await client.as_role("admin")
    edition = await admin.made("/v1/editions", edition_fields(**changes))
    moves = {"draft": [], "announced": ["announce"], "open": ["announce", "open"]}
    moves["live"] = [*moves["open"], "start"]
    for move in moves[status]:
        edition = await admin.made(f"/v1/editions/{edition['slug']}/{move}", None)
    return edition
