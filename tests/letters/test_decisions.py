"""What becomes of letters: issued once, declined, cancelled by people and by what happens to registrations."""

import asyncio
from typing import Any

import pytest

from forum.db import Connection, Pool
from forum.letters import service
from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_registration
from tests.letters.conftest import EDITION, LETTERS, SECRETS, letter_fields, make_letter
from tests.paper import Paper


async def document(caller: Client, letter: dict[str, Any]) -> Paper:
    """An issued letter as it is downloaded."""
    answer = await caller.get(f"{LETTERS}/{letter['id']}/letter.pdf")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/pdf"), answer.text
    assert answer.headers["Cache-Control"] == "private, no-store"
    return Paper(answer.content)


async def mails(conn: Connection) -> list[tuple[str, dict[str, Any]]]:
    """What people are told of letters."""
    rows = await conn.fetch("SELECT recipient, payload FROM messages WHERE kind = 'letter' ORDER BY number")
    return [(row[0], row[1]) for row in rows]


async def test_issued_letter_is_a_document_with_a_reference_and_a_code(
    client: Client, registrar: Client, amina: Client, edition: dict[str, Any], registration: dict[str, Any]
) -> None:
    organizer = await client.as_role("organizer", edition["id"])
    await organizer.patch(f"{EDITION}/letter-rules", {"signatory_name": "Ana Probe", "signatory_function": "Registrar"})
    letter = await make_letter(amina, registration)

    issued = await registrar.made(f"{LETTERS}/{letter['id']}/issue", None)

    assert (issued["status"], issued["reference"], issued["issued_at"], issued["version"]) == (
        "issued", "GRF-2023-000001", "2023-11-01T09:00:00Z", 2,
    )  # fmt: skip
    paper = await document(amina, letter)
    assert (len(paper), paper.size_mm(), paper.fonts_that_are_not_embedded) == (1, (210, 297), 0)
    text = paper.text()
    for part in (
        "Global Refugee Forum 2023",
        "Palexpo, Geneva, Switzerland",
        "Reference: GRF-2023-000001",
        "November 1, 2023",
        "To the consular section in Beirut",
        "AMINA AL-MUHAJIR",
        "Syria",
        "L7391X",
        "May 1, 1990",
        "Ana Probe Registrar",
        "secretariat@forum.example",
    ):
        assert part in text
    assert paper.code().startswith("https://forum.test/v1/letter-checks/")


async def test_letter_stays_the_same_whatever_changes(
    client: Client, registrar: Client, amina: Client, edition: dict[str, Any], registration: dict[str, Any]
) -> None:
    letter = await make_letter(amina, registration)
    await registrar.made(f"{LETTERS}/{letter['id']}/issue", None)
    before = (await document(amina, letter)).data

    organizer = await client.as_role("organizer", edition["id"])
    await organizer.patch(EDITION, {"venue": "CICG", "title": {"en": "Another title"}})
    await registrar.patch(f"{EDITION}/registrations/{registration['id']}", {"person": {"family_name": "Changed"}})

    assert (await document(registrar, letter)).data == before


@pytest.mark.parametrize(
    ("language", "expected"),
    [("fr", "Lettre d’invitation"), ("ar", "رسالة دعوة")],
)
async def test_letter_is_written_in_its_language(
    registrar: Client, registration: dict[str, Any], language: str, expected: str
) -> None:
    letter = await make_letter(registrar, registration, kind="invitation", language=language)
    await registrar.made(f"{LETTERS}/{letter['id']}/issue", None)

    paper = await document(registrar, letter)

    assert expected in paper.text()
    assert all(left >= 20 and right <= 190 for left, _, right, _ in paper.ink_mm())


async def test_endless_words_stay_on_the_letter(registrar: Client, registration: dict[str, Any]) -> None:
    name, city = "W" * 300, "ÑANDÚBÚ " * 37
    letter = await make_letter(registrar, registration, particulars={"passport_name": name, "consulate_city": city})
    await registrar.made(f"{LETTERS}/{letter['id']}/issue", None)

    paper = await document(registrar, letter)

    assert paper.text().replace(" ", "").count("W") >= 300
    assert all(left >= 20 and right <= 190 and bottom <= 285 for left, _, right, bottom in paper.ink_mm())


async def test_wrong_moves_say_what_is_allowed(registrar: Client, registration: dict[str, Any]) -> None:
    letter = await make_letter(registrar, registration)
    path = f"{LETTERS}/{letter['id']}"
    assert (await registrar.get(f"{path}/letter.pdf")).json()["code"] == "letter_not_issued"

    async def refused(move: str, **body: str) -> tuple[str, list[str]]:
        answer = await registrar.post(f"{path}/{move}", body)
        assert answer.status_code == 409
        return answer.json()["code"], answer.json().get("allowed", [])

    await registrar.made(f"{path}/issue", None)
    assert await refused("issue") == await refused("decline", reason="x") == ("wrong_status", ["cancel"])
    await registrar.made(f"{path}/cancel", {})
    assert await refused("issue") == await refused("cancel") == ("wrong_status", [])
    assert (await registrar.get(f"{path}/letter.pdf")).json()["code"] == "letter_not_issued"


async def test_no_reference_is_used_twice(
    registrar: Client, registration: dict[str, Any], client: Client, edition: dict[str, Any]
) -> None:
    async def issue() -> str:
        letter = await make_letter(registrar, registration)
        issued = await registrar.made(f"{LETTERS}/{letter['id']}/issue", None)
        await registrar.made(f"{LETTERS}/{letter['id']}/cancel", {})
        return str(issued["reference"])

    assert [await issue(), await issue()] == ["GRF-2023-000001", "GRF-2023-000002"]


async def test_two_registrars_issue_one_letter(registrar: Client, registration: dict[str, Any]) -> None:
    letter = await make_letter(registrar, registration)

    answers = await asyncio.gather(*(registrar.post(f"{LETTERS}/{letter['id']}/issue") for _ in range(3)))

    assert sorted(answer.status_code for answer in answers) == [200, 409, 409]


@pytest.mark.parametrize(
    ("move", "body"),
    [("withdraw", {}), ("revoke", {}), ("switch-mode", {"mode": "online"})],
)
async def test_letters_end_with_the_registration_in_person(
    registrar: Client, registration: dict[str, Any], clock: Timeline, move: str, body: dict[str, str]
) -> None:
    visa = await make_letter(registrar, registration)
    invitation = await make_letter(registrar, registration, kind="invitation")
    await registrar.made(f"{LETTERS}/{visa['id']}/issue", None)
    clock.forward(hours=1)

    await registrar.made(f"{EDITION}/registrations/{registration['id']}/{move}", body)

    for letter in (visa, invitation):
        found = (await registrar.get(f"{LETTERS}/{letter['id']}")).json()
        assert (found["status"], found["closed_at"], found["reason"]) == (
            "cancelled", "2023-11-01T10:00:00Z", "The registration in person has ended.",
        )  # fmt: skip


async def test_other_changes_of_a_registration_leave_its_letters(
    client: Client, edition: dict[str, Any], registrar: Client
) -> None:
    organizer = await client.as_role("organizer", edition["id"])
    await organizer.patch(EDITION, {"in_person_capacity": 0})
    waiting = await make_registration(registrar, "w@delegates.example")
    letter = await make_letter(registrar, waiting)

    await organizer.patch(EDITION, {"in_person_capacity": 1})

    assert (await registrar.get(f"{LETTERS}/{letter['id']}")).json()["status"] == "requested"
    assert (await registrar.made(f"{LETTERS}/{letter['id']}/issue", None))["status"] == "issued"


async def test_letter_asked_for_while_the_registration_is_withdrawn_is_refused(
    registrar: Client, registration: dict[str, Any], conn: Connection, pool: Pool
) -> None:
    path = f"{EDITION}/registrations/{registration['id']}/letters"
    withdrawing = conn.transaction()
    await withdrawing.start()
    await conn.execute("UPDATE registrations SET status = 'withdrawn', version = version + 1")

    asked = asyncio.create_task(registrar.post(path, letter_fields()))
    async with asyncio.timeout(20):
        while not await pool.fetchval(
            "SELECT count(*), pg_sleep(0.01) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'"
        ):
            continue
    await withdrawing.commit()

    assert (await asked).json()["code"] == "not_coming_in_person"
    assert (await registrar.get(LETTERS)).json()["items"] == []


async def test_people_are_told_without_what_a_passport_says(
    registrar: Client, amina: Client, registration: dict[str, Any], conn: Connection
) -> None:
    visa = await make_letter(amina, registration)
    invitation = await make_letter(amina, registration, kind="invitation")
    await registrar.made(f"{LETTERS}/{visa['id']}/issue", None)
    await registrar.made(f"{LETTERS}/{invitation['id']}/decline", {"reason": "Only one letter each."})

    told = await mails(conn)

    assert [(to, mail["outcome"], mail["reference"], mail["edition"]) for to, mail in told] == [
        ("amina@delegates.example", "issued", "GRF-2023-000001", "Global Refugee Forum 2023"),
        ("amina@delegates.example", "declined", None, "Global Refugee Forum 2023"),
    ]
    assert not any(secret in str(told) for secret in (*SECRETS, "Only one letter"))
    assert (await amina.get(f"{LETTERS}/{invitation['id']}")).json()["reason"] == "Only one letter each."


async def test_passport_data_go_90_days_after_the_edition(
    registrar: Client, amina: Client, registration: dict[str, Any], conn: Connection, clock: Timeline
) -> None:
    letter = await make_letter(amina, registration)
    await registrar.made(f"{LETTERS}/{letter['id']}/issue", None)
    url = (await document(amina, letter)).code().removeprefix("https://forum.test")

    clock.now = clock.now.replace(year=2024, month=3, day=14, hour=22)
    assert await service.forget_particulars(conn, clock()) == 0
    clock.forward(hours=2)  # it is the 15th in Zurich
    assert await service.forget_particulars(conn, clock()) == 1

    kept = (await amina.get(f"{LETTERS}/{letter['id']}")).json()
    assert (kept["particulars"], kept["status"], kept["reference"]) == (None, "issued", "GRF-2023-000001")
    assert (await amina.get(f"{LETTERS}/{letter['id']}/letter.pdf")).status_code == 404
    assert (await registrar.get(url)).json()["status"] == "valid"
    assert (await registrar.post(f"{url}/compare", {"passport_name": "Amina Al-Muhajir"})).json() == {"is_holder": None}
    for table in ("letters", "letter_particulars"):
        rows = await conn.fetch(f"SELECT * FROM {table}")
        assert not any(secret in str(rows) for secret in SECRETS)


async def test_erased_person_leaves_no_passport(
    client: Client, registrar: Client, registration: dict[str, Any], conn: Connection
) -> None:
    await make_letter(registrar, registration)
    organizer = await client.as_role("organizer", registration["edition_id"])

    await organizer.made(f"{EDITION}/registrations/{registration['id']}/erase", {"reason": "asked_by_the_person"})

    assert await conn.fetchval("SELECT count(*) FROM letter_particulars") == 0
    assert await conn.fetchval("SELECT status FROM letters") == "cancelled"


async def test_consulates_check_a_letter_without_a_token(
    client: Client, registrar: Client, registration: dict[str, Any]
) -> None:
    letter = await make_letter(registrar, registration)
    await registrar.made(f"{LETTERS}/{letter['id']}/issue", None)
    url = (await document(registrar, letter)).code().removeprefix("https://forum.test")

    assert (await client.get(url)).json() == {
        "reference": "GRF-2023-000001",
        "kind": "visa",
        "status": "valid",
        "issued_on": "2023-11-01",
        "edition_title": {"en": "Global Refugee Forum 2023", "ar": "المنتدى العالمي للاجئين ٢٠٢٣"},
        "starts_on": "2023-12-13",
        "ends_on": "2023-12-15",
    }
    same, other = [
        (await client.post(f"{url}/compare", {"passport_name": name})).json()["is_holder"]
        for name in ("Amina  al-Muhajir", "Bei Liu")
    ]
    assert (same, other) == (True, False)
    assert (await client.get(f"{url[:-1]}!")).status_code == 404
    assert (await client.post(f"{url[:-1]}!/compare", {"passport_name": "x"})).status_code == 404

    await registrar.made(f"{LETTERS}/{letter['id']}/cancel", {})
    assert (await client.get(url)).json()["status"] == "cancelled"
