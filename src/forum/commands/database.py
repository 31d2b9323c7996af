"""`forum migrate`, `forum token` and `forum badge-key`: what needs the database and ends."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

import click
import msgspec

from forum import bodies
from forum.accounts import service as accounts
from forum.accounts.types import NewGrant
from forum.clock import clock_of
from forum.commands import say, with_services
from forum.db import Connection, open_pool
from forum.editions import service as editions
from forum.migrations import migrate as apply_migrations
from forum.permissions import Role
from forum.pushes.service import ensure_push_key, rotate_push_key
from forum.registrations.badges import ensure_badge_key, rotate_badge_key
from forum.settings import Settings


@click.command()
@click.pass_obj
def migrate(settings: Settings) -> None:
    """Bring the database up to date; harmless when it is."""
    with with_services(settings) as complete:
        applied = asyncio.run(prepare(complete))
    say(f"{len(applied)} migrations applied." if applied else "The database is up to date.")


async def prepare(settings: Settings) -> list[str]:
    """Migrate, and make the first keys for badges and pushes; the names of the migrations applied."""
    assert settings.database_url
    async with await open_pool(settings.database_url, 1) as pool, pool.acquire() as conn:
        applied = await apply_migrations(conn, lambda name: say(f"migrating {name}"))
        await ensure_badge_key(conn, clock_of(settings)())
        await ensure_push_key(conn, clock_of(settings)())
    return applied


@click.group("badge-key")
def badge_key() -> None:
    """The keys that badges are signed with."""


@badge_key.command("rotate")
@click.pass_obj
def rotate(settings: Settings) -> None:
    """Sign badges with a new key from now on; those made before stay good. Prints the id of the new key."""
    with with_services(settings) as complete:
        key_id = asyncio.run(_rotate(complete, rotate_badge_key))
    click.echo(key_id)
    say("Badges made from now on are signed with this key. Have offline scanners read the public keys again.")


async def _rotate(settings: Settings, rotate_key: Callable[[Connection, datetime], Awaitable[int]]) -> int:
    assert settings.database_url
    async with await open_pool(settings.database_url, 1) as pool, pool.acquire() as conn:
        return await rotate_key(conn, clock_of(settings)())


@click.group("push-key")
def push_key() -> None:
    """The keys by which push services know this server (VAPID)."""


@push_key.command("rotate")
@click.pass_obj
def rotate_for_pushes(settings: Settings) -> None:
    """Have browsers subscribe with a new key from now on; those that have keep theirs. Prints the id of the new key."""
    with with_services(settings) as complete:
        key_id = asyncio.run(_rotate(complete, rotate_push_key))
    click.echo(key_id)
    say("Frontends subscribe with this key from now on, and should renew what was made with another.")


@click.group()
def token() -> None:
    """Tokens for people."""


@token.command("create")
@click.option("--email", required=True, help="Whose token it is; the person is made when there is none.")
@click.option("--role", required=True, help="A role that the person is given: admin, organizer, registrar ...")
@click.option("--edition", help="The slug of the edition that the role is on; `admin` is on none.")
@click.option("--delegation", help="The id of the delegation that a `focal_point` looks after.")
@click.pass_obj
def create_token(settings: Settings, email: str, role: str, edition: str | None, delegation: str | None) -> None:
    """Give a person a role and print a new token, alone, on standard output."""
    named = {"edition": edition, "delegation": delegation}
    wanted = {"email": email, "role": role} | {name: text for name, text in named.items() if text}
    new = bodies.decode(msgspec.json.encode(wanted), NewGrant)
    with with_services(settings) as complete:
        click.echo(asyncio.run(_issue(complete, new)))


async def _issue(settings: Settings, new: NewGrant) -> str:
    assert settings.database_url
    now = clock_of(settings)()
    async with (
        await open_pool(settings.database_url, 1) as pool,
        pool.acquire() as conn,
        conn.transaction(),
    ):
        return await issue_token(conn, new, now)


async def issue_token(conn: Connection, new: NewGrant, now: datetime) -> str:
    """Give a person a role, and a token that is told this once."""
    edition_id: UUID | None = await editions.find_id(conn, new.edition) if new.edition else None
    role: Role = new.role
    await accounts.grant(conn, new.email, role, edition_id, now, new.delegation)
    person = await accounts.ensure_person(conn, new.email, "en", "UTC", now)
    issued = await accounts.issue_token(conn, "person", person, None, "made on the command line", [], now, None)
    return issued.token
