"""Who may ask for a letter, what a request must say, and who sees it."""

from typing import Any
from uuid import uuid4

import pytest

from forum.db import Connection
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_registration
from tests.letters.conftest import EDITION, LETTERS, SECRETS, letter_fields, make_letter


async def test_person_asks_for_a_letter_that_is_due_as_the_edition_promises(
    amina: Client, registration: dict[str, Any]
) -> None:
    letter = await make_letter(amina, registration)

    assert letter == {
        "id": letter["id"],
        "edition_id": registration["edition_id"],
        "registration": registration["id"],
        "given_name": "Amina",
        "family_name": "Probe",
        "kind": "visa",
        "language": "en",
        "status": "requested",
        "due_on": "2023-11-11",
        "is_overdue": False,
        "reference": None,
        "reason": None,
        "requested_at": "2023-11-01T09:00:00Z",
        "issued_at": None,
        "closed_at": None,
        "particulars": letter_fields()["particulars"] | {"document_type": "passport"},
        "particulars_kept_until": "2024-03-14",
        "version": 1,
    }
    assert (await amina.get(f"{LETTERS}/{letter['id']}")).json() == letter
    listed = (await amina.get(f"{EDITION}/registrations/{registration['id']}/letters")).json()["items"]
    assert [item["id"] for item in listed] == [letter["id"]]
    assert not any(secret in str(listed) for secret in SECRETS)


async def test_registrars_and_clients_ask_for_others(
    client: Client, registrar: Client, edition: dict[str, Any], registration: dict[str, Any]
) -> None:
    frontend = await client.as_client(edition["id"], "registrations:create")

    visa = await make_letter(frontend, registration, language="fr", due_on="2023-11-20")
    invitation = await make_letter(registrar, registration, kind="invitation", particulars={"consulate_city": None})

    assert (visa["language"], visa["due_on"]) == ("fr", "2023-11-20")
    assert (invitation["kind"], invitation["particulars"]["consulate_city"]) == ("invitation", None)
    assert (await frontend.get(f"{LETTERS}/{visa['id']}")).status_code == 404


async def test_nobody_else_asks_or_sees(
    client: Client, amina: Client, edition: dict[str, Any], registration: dict[str, Any]
) -> None:
    letter = await make_letter(amina, registration)
    path = f"{EDITION}/registrations/{registration['id']}/letters"
    person = await client.as_person("bei@delegates.example")
    staff = await client.as_role("checkin_staff", edition["id"])
    device = await client.as_client(edition["id"], "scans:record", kind="device")

    for caller in (person, staff):
        assert (await caller.post(path, letter_fields())).status_code == 404
        assert (await caller.get(path)).json()["items"] == []
        assert (await caller.get(LETTERS)).status_code == 403
        assert (await caller.get(f"{LETTERS}/counts")).status_code == 403
    assert (await device.post(path, letter_fields())).status_code == 403
    for caller in (person, staff, device):
        assert (await caller.get(f"{LETTERS}/{letter['id']}")).status_code == 404
        assert (await caller.get(f"{LETTERS}/{letter['id']}/letter.pdf")).status_code == 404
        assert (await caller.patch(f"{LETTERS}/{letter['id']}", {"language": "fr"})).status_code == 404
        assert (await caller.post(f"{LETTERS}/{letter['id']}/cancel", {})).status_code == 404
    assert (await amina.get(LETTERS)).status_code == 403
    for move in ("issue", "decline"):
        assert (await amina.post(f"{LETTERS}/{letter['id']}/{move}", {"reason": "x"})).status_code == 403
    assert (await amina.get(f"{LETTERS}/{uuid4()}")).status_code == 404


@pytest.mark.parametrize("changes", [{"mode": "online"}, {"status": "withdrawn"}])
async def test_letters_are_for_active_registrations_in_person(
    registrar: Client, registration: dict[str, Any], changes: dict[str, str]
) -> None:
    path = f"{EDITION}/registrations/{registration['id']}"
    if "mode" in changes:
        await registrar.made(f"{path}/switch-mode", {"mode": "online"})
    else:
        await registrar.made(f"{path}/withdraw", {})

    refused = await registrar.post(f"{path}/letters", letter_fields())

    assert (refused.status_code, refused.json()["code"]) == (409, "not_coming_in_person")


async def test_one_live_letter_of_each_kind(amina: Client, registration: dict[str, Any]) -> None:
    letter = await make_letter(amina, registration)

    refused = await amina.post(f"{EDITION}/registrations/{registration['id']}/letters", letter_fields())
    assert (refused.status_code, refused.json()["code"], refused.json()["id"]) == (409, "letter_exists", letter["id"])

    await amina.made(f"{LETTERS}/{letter['id']}/cancel", {"reason": "The passport was renewed."})
    again = await make_letter(amina, registration)
    assert again["id"] != letter["id"]


async def test_wrong_requests_name_every_fault(amina: Client, registration: dict[str, Any]) -> None:
    path = f"{EDITION}/registrations/{registration['id']}/letters"

    async def faults(**changes: Any) -> set[tuple[str, str]]:
        return pointers(await amina.post(path, letter_fields(**changes)))

    assert await faults(particulars={"nationality": None, "consulate_city": None}) == {
        ("/particulars/nationality", "missing"),
        ("/particulars/consulate_city", "missing"),
    }
    assert await faults(language="es", due_on="2023-10-31", particulars={"born_on": "2023-11-01"}) == {
        ("/language", "language_not_offered"),
        ("/due_on", "in_the_past"),
        ("/particulars/born_on", "in_the_future"),
    }
    assert await faults(kind="work", particulars={"nationality": "ZZ", "passport_number": "a\u0007"}) == {
        ("/kind", "unknown_value"),
        ("/particulars/nationality", "unknown_country"),
        ("/particulars/passport_number", "bad_format"),
    }


async def test_who_has_no_passport_needs_no_nationality(amina: Client, registration: dict[str, Any]) -> None:
    particulars = {"document_type": "refugee_travel_document", "nationality": None}

    letter = await make_letter(amina, registration, particulars=particulars)

    assert (letter["particulars"]["document_type"], letter["particulars"]["nationality"]) == (
        "refugee_travel_document", None,
    )  # fmt: skip


async def test_letter_is_corrected_until_it_is_issued(
    registrar: Client, amina: Client, registration: dict[str, Any]
) -> None:
    letter = await make_letter(amina, registration)
    path = f"{LETTERS}/{letter['id']}"

    changed = await amina.patch(path, {"language": "ar", "particulars": {"passport_number": None}}, 1)
    assert (changed.status_code, changed.headers["ETag"]) == (200, '"2"')
    assert (changed.json()["language"], changed.json()["particulars"]["passport_number"]) == ("ar", None)
    assert changed.json()["particulars"]["passport_name"] == "AMINA AL-MUHAJIR"

    assert (await amina.patch(path, {"language": "en"}, 1)).status_code == 412
    assert pointers(await amina.patch(path, {"particulars": {"nationality": None}})) == {
        ("/particulars/nationality", "missing")
    }
    assert pointers(await amina.patch(path, {"due_on": "2023-10-01", "language": "zh"})) == {
        ("/language", "language_not_offered"), ("/due_on", "in_the_past"),
    }  # fmt: skip

    await registrar.made(f"{path}/decline", {"reason": "The edition is full."})
    assert (await amina.patch(path, {"language": "en"})).json()["code"] == "wrong_status"


async def test_corrections_do_not_trip_over_a_day_that_has_passed(
    amina: Client, registration: dict[str, Any], clock: Timeline
) -> None:
    letter = await make_letter(amina, registration)
    clock.forward(days=20)

    changed = await amina.patch(f"{LETTERS}/{letter['id']}", {"particulars": {"consulate_city": "Amman"}})

    assert (changed.json()["is_overdue"], changed.json()["particulars"]["consulate_city"]) == (True, "Amman")


async def test_rules_of_an_edition(
    client: Client, registrar: Client, edition: dict[str, Any], registration: dict[str, Any], conn: Connection
) -> None:
    organizer = await client.as_role("organizer", edition["id"])
    path = f"{EDITION}/letter-rules"
    defaults = {"due_days": 10, "signatory_name": None, "signatory_function": None, "version": 1}

    assert (await registrar.get(path)).json() == defaults
    assert (await registrar.patch(path, {"due_days": 3})).status_code == 403
    changed = await organizer.patch(path, {"due_days": 3, "signatory_name": "Ana Probe"}, 1)
    assert changed.json() == defaults | {"due_days": 3, "signatory_name": "Ana Probe", "version": 2}
    assert (await organizer.patch(path, {"due_days": 4}, 1)).status_code == 412
    assert pointers(await organizer.patch(path, {"due_days": 400})) == {("/due_days", "too_large")}
    assert (await make_letter(registrar, registration))["due_on"] == "2023-11-04"


async def test_waiting_people_may_ask(registrar: Client, registration: dict[str, Any]) -> None:
    for n in range(2):
        waiting = await make_registration(registrar, f"p{n}@delegates.example")

    letter = await make_letter(registrar, waiting)
    refused = await registrar.post(f"{LETTERS}/{letter['id']}/issue")

    assert (waiting["status"], letter["status"]) == ("waitlisted", "requested")
    assert (refused.status_code, refused.json()["code"]) == (409, "registration_not_approved")
