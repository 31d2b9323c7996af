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
        "objective": [
            {"value": "ease_pressure", "label": {"en": "Ease pressure on host countries"}},
            {"value": "self_reliance", "label": {"en": "Enhance refugee self-reliance"}},
        ],
        "focus_area": [{"value": "education", "label": {"en": "Education"}}],
        "contribution_kind": [
            {"value": "financial", "label": {"en": "Financial"}},
            {"value": "technical", "label": {"en": "Technical"}},
        ],
        "multistakeholder_pledge": [
            {"value": "legal_community", "label": {"en": "Legal Community"}},
            {"value": "sport_for_inclusion", "label": {"en": "Sport for Inclusion and Protection"}},
        ],
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


def session_fields(**changes: Any) -> dict[str, Any]:
    """A good body for a new session."""
    return {
        "title": {"en": "Opening plenary", "fr": "Plénière d'ouverture", "ar": "الجلسة العامة الافتتاحية"},
        "type": "plenary",
        "starts_at": "2023-12-13T08:00:00Z",
        "ends_at": "2023-12-13T12:00:00Z",
        "mode": "hybrid",
    } | changes


async def make_room(manager: Client, edition: str = "grf-2023", **fields: Any) -> dict[str, Any]:
    """A room, made by somebody who may."""
    return await manager.made(f"/v1/editions/{edition}/rooms", {"name": "Room K"} | fields)


async def make_session(
    manager: Client, status: str = "confirmed", edition: str = "grf-2023", **fields: Any
) -> dict[str, Any]:
    """A session as it is read, made and moved on to a status by somebody who may."""
    session = await manager.made(f"/v1/editions/{edition}/sessions", session_fields(**fields))
    for move in {"draft": [], "confirmed": ["confirm"], "cancelled": ["confirm", "cancel"]}[status]:
        session = await manager.made(f"/v1/editions/{edition}/sessions/{session['id']}/{move}", None)
    session.pop("warnings", None)
    return session


async def make_speaker(manager: Client, edition: str = "grf-2023", **fields: Any) -> dict[str, Any]:
    """A speaker who has not agreed to be named."""
    return await manager.made(f"/v1/editions/{edition}/speakers", {"display_name": "Amal Probe"} | fields)


async def make_appearance(
    manager: Client, session: dict[str, Any], speaker: dict[str, Any], status: str = "confirmed", **fields: Any
) -> dict[str, Any]:
    """A speaker in a session of the edition `grf-2023`."""
    path = f"/v1/editions/grf-2023/sessions/{session['id']}/appearances"
    appearance = await manager.made(path, {"speaker": speaker["id"], "role": "panellist"} | fields)
    for move in {"invited": [], "confirmed": ["confirm"]}[status]:
        appearance = await manager.made(f"{path}/{appearance['id']}/{move}", None)
    return appearance


async def publish_programme(manager: Client, edition: str = "grf-2023") -> dict[str, Any]:
    """The release that readers see from now on."""
    publication = await manager.made(f"/v1/editions/{edition}/programme/publish", {})
    release: dict[str, Any] = publication["release"]
    return release


async def make_pledge(
    officer: Client, lead: dict[str, Any], status: str = "draft", edition: str = "grf-2023", **fields: Any
) -> dict[str, Any]:
    """A pledge of an entity, made and moved on to a status (short of `announced`) by a pledge officer."""
    body = {"title": {"en": "A million pro bono hours"}, "original_language": "en", "lead_entity": lead["id"]} | fields
    path = f"/v1/editions/{edition}/pledges"
    pledge = await officer.made(path, body)
    moves = {"draft": [], "submitted": ["submit"], "verified": ["submit", "verify"]}
    moves["withdrawn"] = [*moves["verified"], "withdraw"]
    for move in moves[status]:
        pledge = await officer.made(f"{path}/{pledge['id']}/{move}", None)
    return pledge


REGISTRATIONS = "/v1/editions/grf-2023/registrations"


def registration_fields(email: str = "amina@delegates.example", **changes: Any) -> dict[str, Any]:
    """A good body for a new registration in person."""
    person = {"given_name": "Amina", "family_name": "Probe", "email": email} | changes.pop("person", {})
    return {"person": person, "category": "ngo", "mode": "in_person"} | changes


async def make_registration(
    registrar: Client, email: str = "amina@delegates.example", edition: str = "grf-2023", **changes: Any
) -> dict[str, Any]:
    """A registration, made by somebody who may register others."""
    return await registrar.made(f"/v1/editions/{edition}/registrations", registration_fields(email, **changes))


def bookings_of(session: dict[str, Any], edition: str = "grf-2023") -> str:
    """Where the bookings of a session are."""
    return f"/v1/editions/{edition}/sessions/{session['id']}/bookings"


async def make_booking(registrar: Client, session: dict[str, Any], registration: dict[str, Any]) -> dict[str, Any]:
    """A booking of a session of the edition `grf-2023`, made by somebody who may book for others."""
    return await registrar.made(bookings_of(session), {"registration": registration["id"]})


async def make_entity(registrar: Client, name: str = "City of Probe", **changes: Any) -> dict[str, Any]:
    """An entity, made by somebody who may."""
    fields = {"name": name, "category": "local_or_regional_government", "country": "CH"} | changes
    return await registrar.made("/v1/entities", fields)


async def make_delegation(registrar: Client, entity: dict[str, Any], edition: str = "grf-2023") -> dict[str, Any]:
    """The delegation of an entity."""
    return await registrar.made(f"/v1/editions/{edition}/delegations", {"entity": entity["id"]})


async def badge_token(registrar: Client, registration: dict[str, Any], edition: str = "grf-2023") -> str:
    """The token of the newest badge of a registration."""
    answer = await registrar.get(f"/v1/editions/{edition}/badges", params={"registration": registration["id"]})
    newest = max(answer.json()["items"], key=lambda badge: badge["serial"])
    token: str = newest["token"]
    return token


def scan_fields(badge: str, scan_id: str, at: str, **changes: Any) -> dict[str, Any]:
    """A good body for a scan at the main gate, at a time on 13 December 2023 (UTC)."""
    fields = {
        "badge": badge,
        "gate": "main",
        "direction": "in",
        "scan_id": scan_id,
        "occurred_at": f"2023-12-13T{at}:00Z",
    } | changes
    return {name: value for name, value in fields.items() if value is not None}
