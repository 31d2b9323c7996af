"""Money is exact: what was sent is what is read, to the cent, whatever its size."""

from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.client import Client, pointers
from tests.factories import make_pledge

PLEDGES = "/v1/editions/grf-2023/pledges"
CENT = Decimal("0.01")
EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
"""Wide enough for any product and any sum: Python's own 28 digits are not."""
AMOUNTS = st.decimals(min_value="0.01", max_value="999999999999999.99", places=2, allow_nan=False)
RATES = st.decimals(min_value="0.00000001", max_value="9999999999.99999999", places=8, allow_nan=False)
Json = dict[str, Any]


def euros(amount: str, rate: str | None = None) -> Json:
    """The fields of a pledge of money that is no dollars."""
    fields: Json = {"amount": {"amount": amount, "currency": "EUR"}}
    return fields if rate is None else fields | {"usd_rate": rate, "usd_rate_on": "2023-12-13"}


def dollars(amount: Decimal, rate: Decimal) -> Decimal:
    """The exact product in cents, halves up, as PostgreSQL rounds."""
    return EXACT.quantize(EXACT.multiply(amount, rate), CENT)


@given(amounts=st.lists(st.tuples(AMOUNTS, RATES), min_size=1, max_size=3))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_amounts_and_their_sums_are_exact(
    officer: Client, lead: Json, amounts: list[tuple[Decimal, Decimal]]
) -> None:
    before = (await officer.get(f"{PLEDGES}/summary")).json()["usd_total"]
    expected = Decimal(before or 0)
    for amount, rate in amounts:
        pledge = await make_pledge(officer, lead, "verified", **euros(f"{amount:f}", f"{rate:f}"))
        assert pledge["amount"] == {"amount": f"{amount:.2f}", "currency": "EUR"}
        assert Decimal(pledge["usd_rate"]) == rate
        assert pledge["usd_equivalent"] == str(dollars(amount, rate))
        expected = EXACT.add(expected, dollars(amount, rate))

    assert (await officer.get(f"{PLEDGES}/summary")).json()["usd_total"] == str(expected)


async def test_amount_is_answered_with_two_decimals(officer: Client, lead: Json) -> None:
    for sent, read in (("45000000", "45000000.00"), ("0.1", "0.10"), ("999999999999999.99", "999999999999999.99")):
        pledge = await make_pledge(officer, lead, amount={"amount": sent, "currency": "USD"})

        assert pledge["amount"] == {"amount": read, "currency": "USD"}
        assert (pledge["usd_equivalent"], pledge["usd_rate"]) == (read, None)


async def test_what_is_no_amount_is_refused(officer: Client, lead: Json) -> None:
    body = {"title": {"en": "Money"}, "original_language": "en", "lead_entity": lead["id"]}
    for amount in ("", "-1", "0", "1.001", "1e6", "01", "1,000", "٥", ".5", "9999999999999999", "NaN"):
        (fault,) = pointers(await officer.post(PLEDGES, body | euros(amount)))

        assert fault[0] == "/amount/amount", amount


async def test_amount_without_a_rate_has_no_dollar_equivalent(officer: Client, lead: Json) -> None:
    yen = await make_pledge(officer, lead, amount={"amount": "1000", "currency": "JPY"})

    assert yen["amount"] == {"amount": "1000.00", "currency": "JPY"}
    assert (yen["usd_equivalent"], yen["usd_rate"], yen["usd_rate_on"]) == (None, None, None)


async def test_rate_of_dollars_is_one(officer: Client, lead: Json) -> None:
    pledge = await make_pledge(officer, lead, amount={"amount": "5", "currency": "USD"})
    path = f"{PLEDGES}/{pledge['id']}"

    wrong = await officer.patch(path, {"usd_rate": "1.01", "usd_rate_on": "2023-12-13"})
    right = await officer.patch(path, {"usd_rate": "1", "usd_rate_on": "2023-12-13"})

    assert pointers(wrong) == {("/usd_rate", "rule_broken")}
    assert (right.json()["usd_rate"], right.json()["usd_equivalent"]) == ("1", "5.00")


async def test_rate_and_stage_are_set_by_pledge_officers_only(officer: Client, frontend: Client, lead: Json) -> None:
    body = {"title": {"en": "Money"}, "original_language": "en", "lead_entity": lead["id"]}
    said = body | euros("5", "1.1") | {"stage": "fulfilled"}
    pledge = await make_pledge(frontend, lead, **euros("5"))
    path = f"{PLEDGES}/{pledge['id']}"

    created = await frontend.post(PLEDGES, said)
    changed = await frontend.patch(path, {"usd_rate": "1.1", "usd_rate_on": "2023-12-13"})
    rated = await officer.patch(path, {"usd_rate": "1.1", "usd_rate_on": "2023-12-13"})
    kept = await frontend.patch(path, {"usd_rate": "1.1", "amount": {"amount": "6"}})

    forbidden = {("/usd_rate", "not_allowed"), ("/usd_rate_on", "not_allowed")}
    assert pointers(created) == forbidden | {("/stage", "not_allowed")}
    assert pointers(changed) == forbidden
    assert rated.json()["usd_equivalent"] == "5.50"
    assert kept.json()["usd_equivalent"] == "6.60"


async def test_rate_goes_with_its_currency(officer: Client, lead: Json) -> None:
    pledge = await make_pledge(officer, lead, **euros("100", "1.08"))
    path = f"{PLEDGES}/{pledge['id']}"

    francs = (await officer.patch(path, {"amount": {"currency": "CHF"}})).json()
    rated = (await officer.patch(path, {"usd_rate": "1.14", "usd_rate_on": "2023-12-13"})).json()
    nothing = (await officer.patch(path, {"amount": None})).json()
    half = await officer.patch(path, {"amount": {"amount": "7"}})
    again = (await officer.patch(path, {"amount": {"amount": "7", "currency": "USD"}})).json()

    assert francs["amount"] == {"amount": "100.00", "currency": "CHF"}
    assert (francs["usd_rate"], francs["usd_rate_on"], francs["usd_equivalent"]) == (None, None, None)
    assert rated["usd_equivalent"] == "114.00"
    assert (nothing["amount"], nothing["usd_rate"], nothing["usd_equivalent"]) == (None, None, None)
    assert pointers(half) == {("/amount/currency", "missing")}
    assert again["usd_equivalent"] == "7.00"
