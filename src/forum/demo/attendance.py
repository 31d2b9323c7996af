"""Steps on the day itself: badges at the gates and at the door, some offline, one denied; and people online."""

import re
from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from forum.demo.caller import Caller, crowd
from forum.demo.checks import StepFailed, until, verify
from forum.demo.tour import EDITION, Tour

_FIRST_ARRIVAL: Final = datetime.fromisoformat("2023-12-13T06:00:00Z")
_DOORS_OPEN: Final = datetime.fromisoformat("2023-12-13T08:45:00Z")
_CODE: Final = re.compile(r"\b\d{8}\b")


async def scan_badges_at_the_gates(tour: Tour) -> str:
    """700 people come in through three gates, 200 of them past a scanner that was offline; some are sent twice."""
    cast = tour.cast
    edition = await tour.organizer.post(f"{EDITION}/start")
    verify("status of the edition", "live", edition["status"])
    gates = [await _device(tour, name) for name in ("gate A", "gate B", "gate C")]
    tour.arrived = tour.hall[1 : 1 + cast.gate_scans + cast.offline]
    tour.badges = dict(await crowd(tour.arrived, lambda registration: _badge(tour, registration)))

    scans = [_gate_scan(tour, number, registration) for number, registration in enumerate(tour.arrived)]
    send = lambda scan: gates[int(scan["scan_id"]) % 3].post(f"{EDITION}/scans", scan)  # noqa: E731
    with tour.counting("scanned at the gates", cast.gate_scans) as told:
        answers = await crowd(scans[: cast.gate_scans], send, told=told)
    verify("scans at the gates", {"accepted": cast.gate_scans}, _results(answers))
    verify("scans sent again", {"repeated": cast.resent}, _results(await crowd(scans[: cast.resent], send)))

    offline = scans[cast.gate_scans :]
    Random(3).shuffle(offline)  # noqa: S311 - an order, no secret
    batch = await gates[2].post(f"{EDITION}/scans:batch", {"scans": offline})
    verify("scans made offline", {"accepted": cast.offline}, _results(batch["items"]))
    await _refuse_who_left(tour, gates[0])
    occupancy = await tour.organizer.get(f"{EDITION}/occupancy")
    verify("people on site", len(scans), occupancy["on_site"])
    return (
        f"{cast.gate_scans} badges were scanned, {cast.resent} of them sent twice and counted once, {cast.offline} "
        f"came later from a scanner that was offline; {occupancy['on_site']} are on site. Who withdrew was denied."
    )


async def scan_badges_at_the_plenary(tour: Tour) -> str:
    """300 go into the plenary, 30 come out again."""
    cast = tour.cast
    door = await _device(tour, "plenary door")
    going_in = tour.arrived[: cast.inside]
    scans = [_door_scan(tour, number, "in", registration) for number, registration in enumerate(going_in)]
    scans += [
        _door_scan(tour, number, "out", registration) for number, registration in enumerate(going_in[: cast.left_early])
    ]
    for direction in ("in", "out"):
        wanted = [scan for scan in scans if scan["direction"] == direction]
        answers = await crowd(wanted, lambda scan: door.post(f"{EDITION}/scans", scan))
        verify(f"scans {direction}", {"accepted": len(wanted)}, _results(answers))

    found = await _in_the_plenary(tour)
    verify("people in the plenary", (cast.inside - cast.left_early, 0), found)
    return f"{cast.inside} went in, {cast.left_early} left early: {found[0]} are in the plenary."


async def sign_in_and_join_online(tour: Tour) -> str:
    """Twenty delegates sign in with the code that was mailed to them, read their registration, and join the plenary."""
    cast = tour.cast
    tour.mailbox.read_new()
    chosen = tour.line[: cast.signed_in]
    addresses = [_address(registration) for registration in chosen]
    for address in addresses:
        await tour.anybody.post("/auth/codes", {"email": address})
    delegates = [tour.anybody.bearing(await _token(tour, *found)) for found in await _codes(tour, addresses)]

    for delegate, registration in zip(delegates, chosen, strict=True):
        own = {one["edition_id"]: one for one in await delegate.list("/me/registrations")}
        verify("their own registration", registration, own.get(registration["edition_id"]))
        verify("whose registrations they read", {_address(registration)}, {_address(r) for r in own.values()})
    presence = f"{EDITION}/sessions/{tour.plenary['id']}/presence"
    for delegate in delegates:
        await delegate.post(presence, {"action": "join"})
    verify("people in the plenary", (cast.inside - cast.left_early, cast.signed_in), await _in_the_plenary(tour))
    for delegate in delegates[: cast.signed_out]:
        await delegate.post(presence, {"action": "leave"})

    found = await _in_the_plenary(tour)
    verify("people in the plenary", (cast.inside - cast.left_early, cast.signed_in - cast.signed_out), found)
    return f"{cast.signed_in} signed in by mail, and each reads their own registration; {found[1]} are there online."


async def _device(tour: Tour, label: str) -> Caller:
    new = {"kind": "device", "edition": "grf-2023", "label": label, "scopes": ["scans:record"]}
    return tour.anybody.bearing((await tour.organizer.post("/tokens", new))["token"])


async def _badge(tour: Tour, registration: dict[str, Any]) -> tuple[str, str]:
    """The token of a person's badge, as it stands in the QR code on their phone."""
    badges = await tour.organizer.get(f"{EDITION}/badges", registration=registration["id"])
    return registration["id"], badges["items"][0]["token"]


def _address(registration: dict[str, Any]) -> str:
    return str(registration["person"]["email"])


def _gate_scan(tour: Tour, number: int, registration: dict[str, Any]) -> dict[str, Any]:
    return {
        "badge": tour.badges[registration["id"]],
        "gate": "ABC"[number % 3],
        "direction": "in",
        "scan_id": str(number),
        "occurred_at": (_FIRST_ARRIVAL + timedelta(seconds=9 * number)).isoformat(),
    }


def _door_scan(tour: Tour, number: int, direction: str, registration: dict[str, Any]) -> dict[str, Any]:
    late = timedelta(minutes=30) if direction == "out" else timedelta()
    return {
        "badge": tour.badges[registration["id"]],
        "session": tour.plenary["id"],
        "direction": direction,
        "scan_id": f"{direction} {number}",
        "occurred_at": (_DOORS_OPEN + late + timedelta(seconds=number)).isoformat(),
    }


async def _refuse_who_left(tour: Tour, gate: Caller) -> None:
    tour.badges |= [await _badge(tour, tour.left)]
    answer = await gate.post(f"{EDITION}/scans", _gate_scan(tour, len(tour.arrived), tour.left))
    verify("the badge of who left", ("denied", "not_approved"), (answer["result"], answer["reason"]))


def _results(answers: list[dict[str, Any]]) -> dict[str, int]:
    return dict(Counter(answer["result"] for answer in answers))


async def _in_the_plenary(tour: Tour) -> tuple[int, int]:
    """How many are in the plenary now, in the hall and online."""
    occupancy = await tour.organizer.get(f"{EDITION}/occupancy")
    found = next((one for one in occupancy["sessions"] if one["session"] == tour.plenary["id"]), None)
    return (found["in_person"], found["online"]) if found else (0, 0)


async def _codes(tour: Tour, addresses: list[str]) -> list[tuple[str, str]]:
    """The codes that were mailed, in the order of the addresses."""
    codes: dict[str, str] = {}

    async def count() -> int:
        for mail in tour.mailbox.read_new():
            if found := _CODE.search(mail.text):
                codes[mail.recipient] = found[0]
        return sum(address in codes for address in addresses)

    await until("codes in the mail folder", len(addresses), count)
    return [(address, codes[address]) for address in addresses]


async def _token(tour: Tour, address: str, code: str) -> str:
    signed_in = await tour.anybody.post("/auth/tokens", {"email": address, "code": code})
    token = signed_in["token"]
    if not isinstance(token, str):
        raise StepFailed("signing in answered no token")
    return token
