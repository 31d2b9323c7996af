from typing import Any

from tests.client import Client
from tests.conftest import Timeline
from tests.factories import make_entity, make_pledge

PLEDGES = "/v1/editions/grf-2023/pledges"
Json = dict[str, Any]


def row(value: str, count: int, usd: str | None) -> Json:
    """One line of a breakdown."""
    return {"value": value, "count": count, "usd": usd}


async def test_summary_of_nothing_is_nothing_and_not_zero_dollars(client: Client, edition: Json) -> None:
    summary = (await client.get(f"{PLEDGES}/summary")).json()

    names = ("status", "stage", "contribution_kind", "objective", "focus_area", "multistakeholder_pledge")
    names += ("stakeholder_category", "lead_country")
    assert summary == {
        "total": 0,
        "usd_total": None,
        "by": {name: [] for name in names},
        "as_of": "2023-11-01T09:00:00Z",
    }


async def test_summary_counts_public_pledges_once_in_all_and_once_under_each_value(
    client: Client, officer: Client, lead: Json, clock: Timeline
) -> None:
    city = await make_entity(officer, "Bristol", country=None)
    partners = [(await make_entity(officer, name))["id"] for name in ("First", "Second", "Third")]
    joint = await make_pledge(
        officer, lead, "verified",
        partners=partners, amount={"amount": "50000000", "currency": "USD"}, stage="planning",
        contribution_kinds=["financial", "technical"], objectives=["ease_pressure", "self_reliance"],
        multistakeholder_pledges=["legal_community", "sport_for_inclusion"],
    )  # fmt: skip
    for partner in partners:
        await officer.made(f"{PLEDGES}/{joint['id']}/partners/{partner}/accept", None)
    await make_pledge(
        officer, city, "verified",
        amount={"amount": "0.10", "currency": "EUR"}, usd_rate="1.1", usd_rate_on="2023-12-13",
        contribution_kinds=["financial"], focus_areas=["education"],
    )  # fmt: skip
    await make_pledge(officer, lead, "verified", objectives=["self_reliance"], focus_areas=["education"])
    for status in ("draft", "submitted", "withdrawn"):
        await make_pledge(officer, lead, status, amount={"amount": "9", "currency": "USD"}, focus_areas=["education"])
    clock.forward(minutes=5)

    summary = (await client.get(f"{PLEDGES}/summary")).json()

    assert summary == {
        "total": 3,
        "usd_total": "50000000.11",
        "as_of": "2023-11-01T09:05:00Z",
        "by": {
            "status": [row("verified", 3, "50000000.11")],
            "stage": [row("not_reported", 2, "0.11"), row("planning", 1, "50000000.00")],
            "contribution_kind": [row("financial", 2, "50000000.11"), row("technical", 1, "50000000.00")],
            "objective": [row("self_reliance", 2, "50000000.00"), row("ease_pressure", 1, "50000000.00")],
            "focus_area": [row("education", 2, "0.11")],
            "multistakeholder_pledge": [
                row("legal_community", 1, "50000000.00"),
                row("sport_for_inclusion", 1, "50000000.00"),
            ],
            "stakeholder_category": [
                row("ngo", 2, "50000000.00"),
                row("local_or_regional_government", 1, "0.11"),
            ],
            "lead_country": [row("US", 2, "50000000.00")],
        },
    }


async def test_unknown_amounts_sum_up_to_unknown(client: Client, officer: Client, lead: Json) -> None:
    await make_pledge(officer, lead, "verified")
    await make_pledge(officer, lead, "verified", amount={"amount": "800000000", "currency": "EUR"})

    summary = (await client.get(f"{PLEDGES}/summary")).json()

    assert (summary["total"], summary["usd_total"]) == (2, None)
    assert summary["by"]["status"] == [row("verified", 2, None)]


async def test_withdrawn_pledge_leaves_the_totals_at_once(client: Client, officer: Client, lead: Json) -> None:
    kept = await make_pledge(officer, lead, "verified", amount={"amount": "1", "currency": "USD"})
    gone = await make_pledge(officer, lead, "verified", amount={"amount": "2", "currency": "USD"})
    before = (await client.get(f"{PLEDGES}/summary")).json()
    await officer.made(f"{PLEDGES}/{gone['id']}/withdraw", None)
    after = (await client.get(f"{PLEDGES}/summary")).json()

    assert kept["usd_equivalent"] == "1.00"
    assert (before["total"], before["usd_total"]) == (2, "3.00")
    assert (after["total"], after["usd_total"]) == (1, "1.00")
