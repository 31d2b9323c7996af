"""Badges as QR codes: what a camera reads, and who is shown one."""

import re
import struct
import zlib
from typing import Any
from uuid import uuid4

import pytest
import zxingcpp

from forum.registrations.qr import draw_png, draw_svg
from tests.client import Client
from tests.factories import REGISTRATIONS, make_edition, make_registration

BADGES = "/v1/editions/grf-2023/badges"
KINDS = {"qr.svg": "image/svg+xml", "qr.png": "image/png"}
WHITE, BLACK = 255, 0


async def badge_of(registrar: Client, registration: dict[str, Any]) -> dict[str, Any]:
    """The newest badge of a registration."""
    answer = await registrar.get(BADGES, params={"registration": registration["id"]})
    return max(answer.json()["items"], key=lambda badge: int(badge["serial"]))


def pixels_of_png(data: bytes) -> list[bytearray]:
    """The rows of a PNG of one bit a pixel; a row of filter 2 tells what differs from the one above."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = {}, 8
    while at < len(data):
        (length,) = struct.unpack(">I", data[at : at + 4])
        chunks[data[at + 4 : at + 8]] = data[at + 8 : at + 8 + length]
        at += 12 + length
    width, height, depth, colours = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, colours) == (1, 0)
    raw, stride = zlib.decompress(chunks[b"IDAT"]), (width + 7) // 8 + 1
    rows = [bytes(stride - 1)]
    for start in range(0, height * stride, stride):
        kind, row = raw[start], raw[start + 1 : start + stride]
        assert kind in (0, 2)
        rows.append(bytes((byte + above * (kind == 2)) % 256 for byte, above in zip(row, rows[-1], strict=True)))
    return [bytearray(WHITE if row[x // 8] >> (7 - x % 8) & 1 else BLACK for x in range(width)) for row in rows[1:]]


def pixels_of_svg(data: bytes) -> list[bytearray]:
    """The rows of an SVG of one path of horizontal lines, each a module high, eight pixels a module."""
    text = data.decode("utf-8")
    size = int(re.findall(r'<svg [^>]*width="(\d+)"', text)[0])
    assert re.findall(r"scale\(([^)]+)\)", text) == ["8"] * text.count("scale(")
    (path,) = re.findall(r'stroke="#000" d="([^"]+)"', text) or re.findall(r'd="([^"]+)" stroke="#000"', text)
    rows, x, y = [bytearray([WHITE]) * size for _ in range(size)], 0.0, 0.0
    for command, numbers in re.findall(r"([Mmh])([-0-9. ]+)", path):
        values = [float(number) for number in re.findall(r"-?\d*\.?\d+", numbers)]
        if command == "M":
            x, y = values
        elif command == "m":
            x, y = x + values[0], y + values[1]
        else:
            left, right, top = int(x * 8), int((x + values[0]) * 8), int((y - 0.5) * 8)
            for row in rows[top : top + 8]:
                row[left:right] = bytes(right - left)
            x += values[0]
    return rows


def read_code(rows: list[bytearray]) -> list[tuple[str, str]]:
    """What a reader by other authors finds in an image."""
    image = memoryview(b"".join(rows)).cast("B", (len(rows), len(rows[0])))
    return [(code.format.name, code.text) for code in zxingcpp.read_barcodes(image)]


@pytest.mark.parametrize("kind", KINDS)
async def test_code_is_read_back_as_the_token(client: Client, registrar: Client, kind: str) -> None:
    badge = await badge_of(registrar, await make_registration(registrar))
    owner = await client.as_person("amina@delegates.example")

    shown = await owner.get(f"{BADGES}/{badge['id']}/{kind}")

    assert (shown.status_code, shown.headers["Content-Type"].partition(";")[0]) == (200, KINDS[kind])
    assert shown.headers["Cache-Control"] == "private, no-store"
    rows = pixels_of_svg(shown.content) if kind == "qr.svg" else pixels_of_png(shown.content)
    assert read_code(rows) == [("QRCode", badge["token"])]
    assert (await registrar.get(f"{BADGES}/{badge['id']}/{kind}")).content == shown.content


def test_code_survives_a_stain_and_keeps_its_margin() -> None:
    token = "AQAB" * 28
    for rows in (pixels_of_png(draw_png(token)), pixels_of_svg(draw_svg(token))):
        for row in rows[300:340]:
            row[200:260] = bytes([WHITE]) * 60
        assert read_code(rows) == [("QRCode", token)]
        assert {pixel for row in rows for pixel in row[:32]} == {WHITE}
        assert {pixel for row in rows[:32] for pixel in row} == {WHITE}


@pytest.mark.parametrize("kind", KINDS)
async def test_code_is_shown_to_nobody_else(
    client: Client, registrar: Client, edition: dict[str, Any], kind: str
) -> None:
    await make_edition(client, slug="imrf-2022")
    path = f"{BADGES}/{(await badge_of(registrar, await make_registration(registrar)))['id']}/{kind}"
    stranger = await client.as_person("mallory@delegates.example")
    scanner = await client.as_client(edition["id"], "scans:record", kind="device")
    front = await client.as_client(edition["id"], "registrations:create")
    staff = await client.as_role("checkin_staff", edition["id"])

    answers = [await caller.get(path) for caller in (stranger, scanner, front, staff)]
    elsewhere = await (await client.as_role("admin")).get(path.replace("grf-2023", "imrf-2022"))

    assert [answer.status_code for answer in (*answers, elsewhere)] == [404] * 5
    assert (await client.get(path)).status_code == 401
    assert (await registrar.get(f"{BADGES}/{uuid4()}/{kind}")).status_code == 404


@pytest.mark.parametrize("kind", KINDS)
async def test_revoked_badge_has_no_code_for_those_who_may_know(client: Client, registrar: Client, kind: str) -> None:
    registration = await make_registration(registrar)
    badge = await badge_of(registrar, registration)
    await registrar.made(f"{REGISTRATIONS}/{registration['id']}/withdraw", {})
    owner = await client.as_person("amina@delegates.example")
    stranger = await client.as_person("mallory@delegates.example")

    told, hidden = [await caller.get(f"{BADGES}/{badge['id']}/{kind}") for caller in (owner, stranger)]

    assert (told.status_code, told.json()["code"]) == (409, "badge_revoked")
    assert told.headers["Content-Type"] == "application/problem+json"
    assert hidden.status_code == 404
