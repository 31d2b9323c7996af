"""The role `focal_point`: who gives it, on what, how it is seen, and that it ends with the next request."""

from typing import Any
from uuid import uuid4

import pytest

from tests.client import Client, pointers
from tests.factories import REGISTRATIONS, make_delegation, make_edition, make_entity, make_registration

GRANTS, ON_EDITION = "/v1/grants", "/v1/editions/grf-2023/grants"


@pytest.fixture
async def organizer(client: Client) -> Client:
    """An organizer of the edition `grf-2023`."""
    return await client.as_role("organizer", (await make_edition(client))["id"])


@pytest.fixture
async def delegation(organizer: Client) -> dict[str, Any]:
    """A delegation of that edition."""
    return await make_delegation(organizer, await make_entity(organizer))


def body(place: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A good body for a grant."""
    fields = {"email": "focal@d.example", "role": "focal_point", "edition": "grf-2023", "delegation": place["id"]}
    return fields | changes


async def test_role_is_given_on_a_delegation_seen_and_taken_back(
    client: Client, organizer: Client, delegation: dict[str, Any]
) -> None:
    mine = await make_registration(organizer, delegation=delegation["id"])
    focal_point = await client.as_person("focal@d.example")
    assert (await focal_point.get(REGISTRATIONS)).status_code == 403

    given = await organizer.made(GRANTS, body(delegation))
    again = await organizer.made(GRANTS, body(delegation))

    assert given == again
    assert (given["role"], given["delegation_id"]) == ("focal_point", delegation["id"])
    (grant,) = (await focal_point.get("/v1/me")).json()["grants"]
    assert grant == {
        "role": "focal_point",
        "edition_id": given["edition_id"],
        "edition_slug": "grf-2023",
        "delegation_id": delegation["id"],
    }
    assert [one["id"] for one in (await focal_point.get(REGISTRATIONS)).json()["items"]] == [mine["id"]]
    assert (await organizer.delete(f"{ON_EDITION}/{given['id']}")).status_code == 204
    assert (await focal_point.get(REGISTRATIONS)).status_code == 403
    assert (await focal_point.get(f"{REGISTRATIONS}/{mine['id']}")).status_code == 404
    assert (await focal_point.post(f"{REGISTRATIONS}/{mine['id']}/withdraw", {})).status_code == 404
    assert (await focal_point.get("/v1/me")).json()["grants"] == []


async def test_grants_are_listed_by_role_and_delegation(organizer: Client, delegation: dict[str, Any]) -> None:
    other = await make_delegation(organizer, await make_entity(organizer, "Other"))
    given = [await organizer.made(GRANTS, body(one)) for one in (delegation, other)]

    async def listed(**query: str) -> list[dict[str, Any]]:
        page = (await organizer.get(ON_EDITION, params=query | {"count": "true"})).json()
        assert page["total"] == len(page["items"])
        items: list[dict[str, Any]] = page["items"]
        return items

    assert await listed(role="focal_point") == given
    assert await listed(delegation=other["id"]) == given[1:]
    assert [(one["role"], one["delegation_id"]) for one in await listed(role="organizer")] == [("organizer", None)]
    assert len(await listed()) == 3


async def test_grant_names_a_delegation_of_its_edition_and_only_a_focal_points(
    client: Client, organizer: Client, delegation: dict[str, Any]
) -> None:
    edition = await make_edition(client, slug="grf-other")
    stranger = await client.as_role("organizer", edition["id"], email="stranger@staff.example")
    admin = await client.as_role("admin")

    wrong = [
        (organizer, body(delegation, delegation=None), "/delegation", "rule_broken"),
        (organizer, body(delegation, role="registrar"), "/delegation", "rule_broken"),
        (organizer, body(delegation, delegation=str(uuid4())), "/delegation", "unknown_reference"),
        (stranger, body(delegation, edition="grf-other"), "/delegation", "unknown_reference"),
    ]
    for who, fields, pointer, code in wrong:
        assert pointers(await who.post(GRANTS, fields)) == {(pointer, code)}
    assert pointers(await admin.post(GRANTS, body(delegation, edition=None))) == {("/edition", "rule_broken")}
    assert (await stranger.post(GRANTS, body(delegation))).status_code == 404
    registrar = await client.as_role("registrar", (await client.get("/v1/editions/grf-2023")).json()["id"])
    assert (await registrar.post(GRANTS, body(delegation))).status_code in (403, 404)
    assert (await organizer.get(ON_EDITION, params={"role": "focal_point"})).json()["items"] == []
