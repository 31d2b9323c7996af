"""Files of pledges: the sample with exact counts, every rule, every refusal."""

from typing import Any

import pytest

from forum.db import Connection
from forum.imports.types import Tally
from forum.samples import read_sample
from tests.client import Client
from tests.imports.conftest import Load, edition, refusals, remarks, sample

OURS = ("id", "title", "description", "status")
"""What we add to the facts."""


@pytest.fixture
async def with_edition(load: Load) -> None:
    """The edition `grf-2023`, without a programme."""
    await load({"editions": [edition()]})


def pledge(**fields: Any) -> dict[str, Any]:
    """A good row of a pledge."""
    return {"id": "p1", "edition": "grf-2023", "lead": "PILnet", "category": "ngo", "title": "Legal help"} | fields


async def test_sample_imports_without_a_refusal_and_again_without_a_change(load: Load, client: Client) -> None:
    await load(read_sample("programme"))

    first = await load(read_sample("pledges"), "pledges")
    second = await load(read_sample("pledges"), "pledges")

    assert first.refusals == second.refusals == []
    assert first.tallies == {"entity": Tally(created=2), "pledge": Tally(created=11)}
    assert second.tallies == {"entity": Tally(unchanged=2), "pledge": Tally(unchanged=11)}
    assert remarks(first) == {
        ("grf-2023-call-to-local-action-for-migrants-and-refugees", "/announced_in", "not_announced"),
        ("grf-2023-pilnet", "/announced_in", "not_announced"),
    }
    summary = (await client.get("/v1/editions/grf-2023/pledges/summary")).json()
    assert (summary["total"], summary["usd_total"]) == (8, "225000000.00")
    assert summary["by"]["multistakeholder_pledge"] == [{"value": "legal_community", "count": 1, "usd": None}]


async def test_every_oddity_of_the_sample_has_its_rule(load: Load, client: Client) -> None:
    await load(read_sample("programme"))
    await load(read_sample("pledges"), "pledges")

    async def found(slug: str, external_id: str) -> dict[str, Any]:
        page = (await client.get(f"/v1/editions/{slug}/pledges?external_id={external_id}")).json()
        return page["items"][0]

    euros = await found("grf-2023", "grf-2023-netherlands")
    assert (euros["amount"], euros["usd_equivalent"]) == ({"amount": "800000000.00", "currency": "EUR"}, None)
    hours = await found("grf-2019", "grf-2019-legal-community-2019-pledge")
    assert hours["stage"] == "in_progress"
    assert hours["quantities"] == [
        {"value": "127000", "unit": "pro bono hours", "at_least": False, "delivered": "164294"}
    ]
    joint = await found("grf-2023", "grf-2023-international-olympic-committee-2")
    assert [await entity_name(client, partner) for partner in joint["partners"]] == ["Olympic Refuge Foundation"]
    lead = await found("grf-2023", "grf-2023-mayors-migration-council")
    assert (lead["lead_entity_name"], lead["status"]) == ("Mayors Migration Council", "verified")


async def entity_name(client: Client, entity: str) -> str:
    """The name of an entity."""
    staff = await client.as_role("admin")
    name: str = (await staff.get(f"/v1/entities/{entity}")).json()["name"]
    return name


async def test_bare_facts_get_an_id_a_title_and_a_description(load: Load, conn: Connection) -> None:
    await load(read_sample("programme"))
    bare = sample("pledges")
    bare["pledges"] = [{k: v for k, v in row.items() if k not in OURS} for row in bare["pledges"]]

    report = await load(bare, "pledges")

    assert (report.refusals, report.tallies["pledge"]) == ([], Tally(created=11))
    rows = await conn.fetch(
        "SELECT external_id, title ->> 'en', description ->> 'en', status FROM pledges WHERE lead_entity_id IN "
        "(SELECT id FROM entities WHERE name IN ('PILnet', 'International Olympic Committee')) ORDER BY number"
    )
    committee = "grf-2023-international-olympic-committee"
    assert [tuple(row) for row in rows] == [
        (committee, "Pledge of International Olympic Committee", "Over 4 years.", "submitted"),
        (f"{committee}-2", "International Olympic Committee: refugee athletes", "refugee athletes.", "submitted"),
        ("grf-2023-pilnet", "Pledge of PILnet", "Joined by 118 others.", "submitted"),
    ]


BAD_ROWS: list[tuple[dict[str, Any], str, str]] = [
    ({"category": "guild"}, "/category", "unknown_value"),
    ({"edition": "grf-2099"}, "/edition", "unknown_reference"),
    ({"amount": "a lot", "currency": "USD"}, "/amount", "bad_format"),
    ({"amount": 45, "currency": "USD"}, "/amount", "wrong_type"),
    ({"amount": "45"}, "/currency", "missing"),
    ({"currency": "USD"}, "/amount", "missing"),
    ({"amount": "45", "currency": "USS"}, "/currency", "unknown_currency"),
    ({"amount": "0", "currency": "USD"}, "/amount", "too_small"),
    ({"quantities": [{"value": -1, "unit": "hours"}]}, "/quantities/0/value", "too_small"),
    ({"quantities": [{"value": 0, "unit": "hours"}]}, "/quantities/0/value", "too_small"),
    ({"quantities": [{"value": 1, "unit": ""}]}, "/quantities/0/unit", "too_short"),
    ({"partners": ["PILnet"]}, "/partners/0", "is_lead"),
    ({"multistakeholder_pledges": ["Legal Community", "Made Up"]}, "/multistakeholder_pledges/1", "unknown_value"),
    ({"objectives": ["world_peace"]}, "/objectives/0", "unknown_value"),
    ({"title": "x" * 5000}, "/title", "too_long"),
    ({"title": "Legal\u0000help"}, "/title", "control_character"),
    ({"title": {"fr": "Aide"}, "original_language": "en"}, "/original_language", "title_missing"),
    ({"stage": "begun"}, "/stage", "unknown_value"),
    ({"source": "https://"}, "/source", "bad_url"),
    ({"years": 0}, "/years", "too_small"),
    ({"leader": "PILnet"}, "/leader", "unknown_field"),
]


@pytest.mark.usefixtures("with_edition")
async def test_bad_rows_are_refused_by_their_fields_and_good_ones_stay(load: Load, conn: Connection) -> None:
    bad = [pledge(id=f"bad {index}", lead=f"Only {index}") | fields for index, (fields, _, _) in enumerate(BAD_ROWS)]
    bad[11]["lead"] = "PILnet"
    rows = [pledge(id="first"), *bad, pledge(id="last"), pledge(id="first"), "no row"]

    report = await load({"pledges": rows}, "pledges")

    expected = {(f"bad {index}", field, code) for index, (_, field, code) in enumerate(BAD_ROWS)}
    assert refusals(report) == expected | {("first", "/id", "duplicate"), ("pledges[24]", "", "wrong_type")}
    assert report.tallies["pledge"] == Tally(created=2, refused=len(BAD_ROWS) + 2)
    assert await conn.fetchval("SELECT array_agg(name) FROM entities") == ["PILnet"]
    assert await conn.fetchval("SELECT array_agg(number ORDER BY number) FROM pledges") == [1, 2]


@pytest.mark.usefixtures("with_edition")
async def test_edited_row_is_updated_and_moved_on_but_never_back(load: Load, conn: Connection) -> None:
    draft = pledge(status="draft", amount="45", currency="USD")
    await load({"pledges": [draft]}, "pledges")
    state = "SELECT status, amount::text, title ->> 'en' FROM pledges"

    report = await load({"pledges": [draft | {"status": "verified", "amount": "50.5"}]}, "pledges")
    assert report.tallies["pledge"] == Tally(updated=1)
    assert tuple(await conn.fetchrow(state) or ()) == ("verified", "50.50", "Legal help")

    report = await load({"pledges": [pledge(title="Legal help for all")]}, "pledges")
    assert report.tallies["pledge"] == Tally(updated=1)
    assert tuple(await conn.fetchrow(state) or ()) == ("verified", "50.50", "Legal help for all")


@pytest.mark.usefixtures("with_edition")
async def test_withdrawn_pledge_is_not_revived(load: Load, conn: Connection) -> None:
    await load({"pledges": [pledge()]}, "pledges")
    await conn.execute("UPDATE pledges SET status = 'withdrawn', withdrawn_at = created_at")

    same = await load({"pledges": [pledge()]}, "pledges")
    edited = await load({"pledges": [pledge(title="Again")]}, "pledges")

    assert same.tallies["pledge"] == Tally(unchanged=1)
    assert refusals(edited) == {("p1", "", "wrong_status")}
