"""Where people take pushes: who may, with what, and where nothing is ever sent."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from msgspec.structs import replace

from forum.db import Connection
from forum.http import Application
from forum.pushes.addresses import Address, PrivateAddress, endpoint_complaint, is_public, resolve
from forum.pushes.courier import Courier, Parcel
from tests.client import Client, pointers
from tests.contract.test_every_operation import assert_problem
from tests.factories import REGISTRATIONS, make_edition, make_registration
from tests.post import Post
from tests.pushes.conftest import ADDRESS, SUBSCRIPTIONS, push, subscribe
from tests.pushes.services import Browser, PushService, b64, push_service

ENDPOINT = "https://push.example.org/send/abc"


def new(**changes: Any) -> dict[str, Any]:
    """A subscription as a browser has it."""
    return {"endpoint": ENDPOINT, "keys": Browser().keys} | changes


async def test_everything_that_is_wrong_is_named_at_once(client: Client, app: Application) -> None:
    app.state.settings = replace(app.state.settings, push_to_private=False)
    person = await client.as_person(ADDRESS)
    keys = Browser().keys
    off_curve = b64(b"\x04" + b"\x01" * 64)

    bad = new(endpoint="http://push.example.org/x", keys={"p256dh": off_curve, "auth": b64(b"short")}, key=99)
    answer = await person.post(SUBSCRIPTIONS, bad)
    assert pointers(answer) == {
        ("/endpoint", "not_https"),
        ("/keys/p256dh", "bad_key"),
        ("/keys/auth", "bad_key"),
        ("/key", "unknown_value"),
    }
    compressed = b64(b"\x02" + bytes(32))
    assert pointers(await person.post(SUBSCRIPTIONS, new(keys=keys | {"p256dh": compressed}))) == {
        ("/keys/p256dh", "bad_key")
    }
    assert pointers(await person.post(SUBSCRIPTIONS, new(keys=keys | {"auth": "é"}))) == {("/keys/auth", "bad_format")}
    long = new(endpoint="https://push.example.org/" + "a" * 5000, keys=keys, language="xx-notalanguage")
    assert ("/endpoint", "too_long") in pointers(await person.post(SUBSCRIPTIONS, long))
    assert ("/expirationTime", "unknown_field") in pointers(await person.post(SUBSCRIPTIONS, new(expirationTime=None)))
    assert_problem(
        await (await client.as_client((await make_edition(client))["id"])).post(SUBSCRIPTIONS, new()), 403, "forbidden"
    )
    assert (await person.get(SUBSCRIPTIONS, params={"count": True})).json() == {
        "items": [],
        "next_cursor": None,
        "total": 0,
    }


@pytest.mark.parametrize(
    ("endpoint", "code"),
    [
        ("https://127.0.0.1/x", "private_address"),
        ("https://127.1/x", "private_address"),
        ("https://2130706433/x", "private_address"),
        ("https://0x7f.0.0.0x1/x", "private_address"),
        ("https://10.1.2.3:8443/x", "private_address"),
        ("https://[::1]/x", "private_address"),
        ("https://[::ffff:10.0.0.1]/x", "private_address"),
        ("https://localhost/x", "private_address"),
        ("https://LOCALHOST./x", "private_address"),
        ("https://metadata.google.internal/x", "private_address"),
        ("https://db.local/x", "private_address"),
        ("https://redis:6379/x", "private_address"),
        ("http://push.example.org/x", "not_https"),
        ("ftp://push.example.org/x", "not_https"),
        ("https://user@push.example.org/x", "bad_url"),
        ("https://push.example.org:99999/x", "bad_url"),
        ("https://push.example.org/x#y", "bad_url"),
        ("https://push.example.org\\@127.0.0.1/x", "bad_url"),
        ("https://push.example.org/x y", "bad_url"),
        ("https://push.example.org/x\r\nHost: y", "bad_url"),
        ("https://пуш.example.org/x", "bad_url"),
        ("https:///x", "bad_url"),
        ("push.example.org", "bad_url"),
    ],
)
def test_endpoint_inside_a_network_or_none_at_all_is_refused(endpoint: str, code: str) -> None:
    complaint = endpoint_complaint(endpoint, to_private=False)

    assert complaint is not None
    assert complaint[0] == code


def test_endpoints_of_the_push_services_there_are_pass() -> None:
    for host in (
        "fcm.googleapis.com/fcm/send/a:B-c_d", "updates.push.services.mozilla.com/wpush/v2/gAAA",
        "web.push.apple.com/QM", "wns2-par02p.notify.windows.com/w/?token=BQ%3d%3d", "ntfy.example.org:8443/up?up=1",
    ):  # fmt: skip
        assert endpoint_complaint(f"https://{host}", to_private=False) is None


def test_only_addresses_on_the_public_internet_are_public() -> None:
    private = (
        "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1",
        "64:ff9b::a00:1", "2002:a00:1::", "2001:db8::1",
    )  # fmt: skip
    assert [one for one in private if is_public(ip_address(one))] == []
    assert [one for one in ("142.250.1.1", "2607:f8b0::5", "64:ff9b::8efa:101") if not is_public(ip_address(one))] == []


async def test_name_that_resolves_inside_is_never_connected_to() -> None:
    with pytest.raises(PrivateAddress):
        await resolve("localhost", 443, to_private=False)
    async with push_service() as service, Courier().round() as round_:
        inside = replace(_parcel(Browser()), endpoint=service.url.replace("127.0.0.1", "localhost") + "/x")
        outcome = await round_.send(inside, ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC))

    assert (outcome.fate, service.taken) == ("refused", [])


def _parcel(browser: Browser) -> Parcel:
    return Parcel(ENDPOINT, browser.point, bytes(range(16)), b"{}", "topic", timedelta(minutes=1), "normal")


def _certificate(folder: Path, name: str) -> Path:
    """A certificate for a name, and its key, signed by itself."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(
            subject, subject, key.public_key(), x509.random_serial_number(), now, now + timedelta(1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(made.public_bytes(Encoding.PEM) + private)
    return file


async def test_certificate_must_be_for_the_name_though_the_address_is_connected_to(tmp_path: Path) -> None:
    file = _certificate(tmp_path, "push.example.org")
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(file)
    trusting: Callable[[], ssl.SSLContext] = lambda: ssl.create_default_context(cafile=file)  # noqa: E731

    async def here(host: str, port: int, to_private: bool) -> list[Address]:
        return [ip_address("127.0.0.1")]

    browser, key = Browser(), ec.generate_private_key(ec.SECP256R1())
    async with push_service(serving) as service:
        port = service.url.rpartition(":")[2]
        async with Courier("desk@forum.test", resolve=here, tls=trusting).round() as round_:
            fates = []
            for host in ("push.example.org", "evil.example.org"):
                parcel = replace(_parcel(browser), endpoint=f"https://{host}:{port}/x")
                fates.append((await round_.send(parcel, key, datetime.now(UTC))).fate)

    assert fates == ["taken", "later"]
    (pushed,) = service.taken
    assert pushed.headers["host"] == f"push.example.org:{port}"
    assert browser.decrypt(pushed.body) == {}


async def test_browser_that_subscribes_again_is_renewed_and_goes_with_who_uses_it(
    client: Client, organizer: Client, post: Post, service: PushService
) -> None:
    person, other = await client.as_person(ADDRESS), await client.as_person("bei@delegates.example")
    _, first = await subscribe(person, service)
    await make_registration(organizer, ADDRESS)
    await post.plan()

    newer, again = await subscribe(person, service, language="fr")
    assert again == first
    assert_problem(await other.delete(f"{SUBSCRIPTIONS}/{first}"), 404, "not_found")
    theirs, taken_over = await subscribe(other, service)
    await push(post)

    assert taken_over != first
    assert service.taken == []  # what was under way for the one is not for the other
    assert (await person.get(SUBSCRIPTIONS)).json()["items"] == []
    (item,) = (await other.get(SUBSCRIPTIONS)).json()["items"]
    assert item | {"created_at": ""} == {
        "id": taken_over, "endpoint": f"{service.url}/one", "key": 1, "language": None, "registration": None,
        "created_at": "", "last_failed_at": None, "last_error": None,
    }  # fmt: skip
    await make_registration(organizer, "bei@delegates.example")
    await post.plan()
    await push(post)
    assert [theirs.decrypt(pushed.body)["kind"] for pushed in service.taken] == ["registration"]
    assert newer.keys != theirs.keys


async def test_one_person_has_twenty_however_they_come(client: Client, conn: Connection) -> None:
    person = await client.as_person(ADDRESS)
    for n in range(18):
        await person.made(SUBSCRIPTIONS, new(endpoint=f"{ENDPOINT}/{n}"))

    answers = await asyncio.gather(
        *(person.post(SUBSCRIPTIONS, new(endpoint=f"{ENDPOINT}/race{n}")) for n in range(6)),
    )

    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409, 409]
    assert_problem(max(answers, key=lambda one: one.status_code), 409, "too_many_push_subscriptions")
    assert (await person.post(SUBSCRIPTIONS, new(endpoint=f"{ENDPOINT}/0"))).status_code == 201
    page = (await person.get(SUBSCRIPTIONS, params={"limit": 15, "count": True})).json()
    rest = (await person.get(SUBSCRIPTIONS, params={"limit": 15, "cursor": page["next_cursor"]})).json()
    assert (page["total"], len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (20, 15, 5, None)
    last = rest["items"][-1]["id"]
    assert (await person.delete(f"{SUBSCRIPTIONS}/{last}")).status_code == 204
    assert_problem(await person.delete(f"{SUBSCRIPTIONS}/{last}"), 404, "not_found")
    assert_problem(await person.delete(f"{SUBSCRIPTIONS}/{uuid4()}"), 404, "not_found")


async def test_link_of_a_registration_takes_pushes_about_it_alone_until_it_is_erased(
    client: Client, organizer: Client, post: Post, service: PushService, conn: Connection
) -> None:
    registration = await make_registration(organizer, ADDRESS)
    link = await post.link()
    holder = client.with_token((await client.made("/v1/auth/registration-link", {"token": link}))["token"])
    person = await client.as_person(ADDRESS)
    browser, linked = await subscribe(holder, service, "linked")
    _, own = await subscribe(person, service, "own")
    assert_problem(await holder.delete(f"{SUBSCRIPTIONS}/{own}"), 404, "not_found")
    (item,) = (await holder.get(SUBSCRIPTIONS)).json()["items"]
    assert (item["id"], item["registration"]) == (linked, registration["id"])
    await make_edition(client, slug="elsewhere")
    await make_registration(await client.as_role("admin"), ADDRESS, edition="elsewhere")
    await organizer.post(f"{REGISTRATIONS}/{registration['id']}/switch-mode", {"mode": "online"})

    await post.plan()
    await push(post)

    assert sorted(pushed.path for pushed in service.taken) == ["/linked", "/own", "/own"]
    (one,) = [pushed for pushed in service.taken if pushed.path == "/linked"]
    assert browser.decrypt(one.body)["registration_id"] == registration["id"]
    erased = await organizer.made(f"{REGISTRATIONS}/{registration['id']}/erase", {"reason": "asked_by_the_person"})
    assert erased["removed"]["push_subscriptions"] == 1
    assert [item["id"] for item in (await person.get(SUBSCRIPTIONS)).json()["items"]] == [own]
    await person.made("/v1/me/erasure", {"email": ADDRESS})
    assert await conn.fetchval("SELECT count(*) FROM push_subscriptions") == 0
