"""What registrars see of letters: filters, what is overdue, counts, and tables without passports."""

import csv
import io
from typing import Any
from zipfile import ZipFile

import pytest

from forum import exports
from tests.client import Client, pointers
from tests.conftest import Timeline
from tests.factories import make_registration
from tests.letters.conftest import LETTERS, SECRETS, make_letter


@pytest.fixture
async def letters(registrar: Client, registration: dict[str, Any], clock: Timeline) -> dict[str, str]:
    """Four letters by name; on 8 November `late` is overdue, and `issued` is not although its day has passed."""
    other = await make_registration(registrar, "bei@delegates.example", person={"given_name": "=Bei"})
    made = {
        "later": await make_letter(registrar, registration, due_on="2023-11-30"),
        "late": await make_letter(registrar, registration, kind="invitation", due_on="2023-11-05"),
        "issued": await make_letter(registrar, other, due_on="2023-11-02"),
        "declined": await make_letter(registrar, other, kind="invitation", due_on="2023-11-06"),
    }
    await registrar.made(f"{LETTERS}/{made['issued']['id']}/issue", None)
    await registrar.made(f"{LETTERS}/{made['declined']['id']}/decline", {"reason": "No."})
    clock.forward(days=7)
    return {name: letter["id"] for name, letter in made.items()}


async def test_list_is_in_the_order_of_due_days_with_filters(
    registrar: Client, letters: dict[str, str], registration: dict[str, Any]
) -> None:
    names = {letter_id: name for name, letter_id in letters.items()}

    async def listed(**wanted: str) -> list[str]:
        answer = await registrar.get(LETTERS, params={"count": "true", **wanted})
        page = answer.json()
        assert page["total"] == len(page["items"])
        assert not any(secret in answer.text for secret in SECRETS)
        return [names[item["id"]] for item in page["items"]]

    assert await listed() == ["issued", "late", "declined", "later"]
    assert await listed(status="requested") == ["late", "later"]
    assert await listed(kind="visa") == ["issued", "later"]
    assert (await listed(overdue="true"), await listed(overdue="false")) == (["late"], ["issued", "declined", "later"])
    assert await listed(due_before="2023-11-06") == ["issued", "late"]
    assert await listed(registration=registration["id"]) == ["late", "later"]
    assert pointers(await registrar.get(LETTERS, params={"due_before": "2023-02-30"})) == {
        ("due_before", "bad_parameter")
    }


async def test_pages_go_on_where_the_last_one_ended(registrar: Client, letters: dict[str, str]) -> None:
    seen, url = [], f"{LETTERS}?limit=3"
    while url:
        answer = await registrar.get(url)
        seen += [item["id"] for item in answer.json()["items"]]
        url = answer.headers.get("Link", "").removeprefix("<").partition(">")[0]

    assert seen == [letters[name] for name in ("issued", "late", "declined", "later")]


async def test_counts(registrar: Client, letters: dict[str, str]) -> None:
    counts = (await registrar.get(f"{LETTERS}/counts")).json()

    assert counts == {
        "items": [
            {"kind": "invitation", "status": "declined", "count": 1, "overdue": 0},
            {"kind": "invitation", "status": "requested", "count": 1, "overdue": 1},
            {"kind": "visa", "status": "issued", "count": 1, "overdue": 0},
            {"kind": "visa", "status": "requested", "count": 1, "overdue": 0},
        ],
        "total": 4,
        "overdue": 1,
    }


async def test_tables_hold_every_letter_and_no_passport(
    registrar: Client, letters: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_AT_ONCE", 2)
    answer = await registrar.get(LETTERS, params={"format": "csv", "kind": "visa"})
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))

    assert answer.headers["Content-Disposition"] == 'attachment; filename="letters.csv"'
    assert [(row["id"], row["reference"], row["given_name"], row["overdue"], row["email"]) for row in rows] == [
        (letters["issued"], "GRF-2023-000001", "'=Bei", "no", "bei@delegates.example"),
        (letters["later"], "", "Amina", "no", "amina@delegates.example"),
    ]
    workbook = await registrar.get(LETTERS, params={"format": "xlsx"})
    with ZipFile(io.BytesIO(workbook.content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert all(letter in sheet for letter in letters.values())
    assert not any(secret in answer.text + sheet for secret in SECRETS)
