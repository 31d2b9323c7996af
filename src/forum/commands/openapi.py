"""`forum openapi`: the contract as a document."""

from pathlib import Path

import click

from forum.app import create_app
from forum.commands import say
from forum.docs import encode_document
from forum.settings import Settings

DOCUMENT = Path("openapi/forum.json")


@click.command()
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), default=DOCUMENT, show_default=True)
@click.option("--check", is_flag=True, help="Write nothing; fail when the file differs.")
@click.pass_obj
def openapi(settings: Settings, output: Path, check: bool) -> None:
    """Write the OpenAPI document: the same bytes on every run."""
    document = encode_document(create_app(settings))
    if check:
        if not output.exists() or output.read_bytes() != document:
            raise click.ClickException(f"{output} is not what the code says: run `forum openapi` and commit it.")
        say(f"{output} is what the code says.")
        return
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(document)
    except OSError as error:
        raise click.ClickException(f"Cannot write {output}: {error.strerror}.") from error
    say(f"{output} written.")
