"""The command line `forum`: each command is written in `forum.commands`, and what goes wrong is told in one line."""

from typing import Any

import asyncpg
import click
import msgspec

from forum.commands import anchored
from forum.commands.database import badge_key, migrate, push_key, token
from forum.commands.demo import demo
from forum.commands.doctor import doctor
from forum.commands.imports import import_, sample
from forum.commands.openapi import openapi
from forum.commands.running import serve, up, worker
from forum.embedded import EmbeddedError
from forum.errors import DATABASE_AWAY, ForumError
from forum.logs import set_up_logging
from forum.migrations import MigrationError
from forum.settings import read_settings


class Commands(click.Group):
    """Commands whose foreseeable failures end in one clear line instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command."""
        try:
            return super().invoke(ctx)
        except (EmbeddedError, MigrationError) as error:
            raise click.ClickException(str(error)) from error
        except ForumError as error:
            raise click.ClickException(_told(error)) from error
        except asyncpg.UndefinedTableError as error:
            raise click.ClickException("The database lacks migrations: run `forum migrate`.") from error
        except (asyncpg.InvalidAuthorizationSpecificationError, asyncpg.InvalidCatalogNameError) as error:
            raise click.ClickException(f"The database refuses us: {error}. Check FORUM_DATABASE_URL.") from error
        except DATABASE_AWAY as error:
            words = str(error) or type(error).__name__
            raise click.ClickException(f"The database does not answer ({words}). Check FORUM_DATABASE_URL.") from error


def _told(error: ForumError) -> str:
    faults = [f"{fault.pointer or fault.parameter or ''} {fault.detail}".strip() for fault in error.errors]
    return " ".join(faults) or error.detail


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="forum")
@click.pass_context
def main(ctx: click.Context) -> None:
    """The backend that a multi-stakeholder forum runs on. Settings are read from FORUM_* variables."""
    try:
        ctx.obj = anchored(read_settings())
    except msgspec.ValidationError as error:
        raise click.UsageError(f"A setting is wrong: {error}".replace("`$.", "`")) from error
    set_up_logging(ctx.obj.log_level)


for command in (badge_key, demo, doctor, import_, migrate, openapi, push_key, sample, serve, token, up, worker):
    main.add_command(command)
