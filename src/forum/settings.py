"""What the operator can set: one frozen struct read once from FORUM_* variables, the only reader of the environment."""

import os
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
DatabaseUrl = Annotated[str, msgspec.Meta(pattern="^postgres(ql)?://")]
RedisUrl = Annotated[str, msgspec.Meta(pattern="^(rediss?|unix)://")]
SmtpUrl = Annotated[str, msgspec.Meta(pattern="^smtps?://")]
WebUrl = Annotated[str, msgspec.Meta(pattern="^https?://[^#\\s]+$")]
InboxAddress = Annotated[str, msgspec.Meta(pattern=r"^(/\S+|\[[0-9a-fA-F:.]+\]:\d{1,5}|[A-Za-z0-9.-]+:\d{1,5})$")]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


def _variable(field: str) -> str:
    return f"FORUM_{field.upper()}"


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename=_variable):
    """Every setting with its default; the field `smtp_url` is read from FORUM_SMTP_URL and so on."""

    database_url: DatabaseUrl | None = None
    """PostgreSQL 15 or newer; without it Forum starts its own."""
    redis_url: RedisUrl | None = None
    """Redis 7 / Valkey 8 or newer; without it Forum starts its own."""
    data_dir: str | None = None
    """Where the embedded servers and the Maildir live; `var` in the working directory when absent."""
    smtp_url: SmtpUrl | None = None
    """smtp:// or smtps:// of the mail relay; without it mails are written to a Maildir in the data folder."""
    host: str = "127.0.0.1"
    port: Port = 8000
    public_url: str = "http://127.0.0.1:8000"
    """The address under which people reach the API: written into calendars and mails."""
    frontend_url: WebUrl | None = None
    """The page of a frontend that mailed links to a registration open: the token follows, as `#token`. Without it
    they open Forum's own page."""
    speaker_page_url: WebUrl | None = None
    """The same for mailed links to speakers."""
    calendar_domain: str = "calendar.forum.example"
    """The right-hand side of every calendar UID and Message-ID; never change it once calendars were sent."""
    mail_from: str = "forum@forum.example"
    """The sender of mails that belong to no edition (sign-in codes)."""
    inbox_listen: InboxAddress | None = None
    """Where a worker takes in mails that answer invitations, by LMTP or SMTP: `host:port`, or the path of a socket."""
    mail_per_domain: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """How many mails a minute are sent to addresses of one domain, by all workers together; as many as there are when
    absent."""
    push_to_private: bool = False
    """For tests and demonstrations: pushes go to http addresses and inside the own network, too. Never on a server that
    strangers can use."""
    pool_size: Annotated[int, msgspec.Meta(ge=2, le=100)] = 16
    rehearsal_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """For rehearsals: the clock starts at this instant, and runs on from there."""
    rehearsal_since: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    """The real instant at which that clock started. A command sets it for its child processes, so that all agree."""
    relay_again_seconds: Annotated[float, msgspec.Meta(gt=0, le=900)] = 20.0
    """How long a job may take before it is handed out again, as after a worker's death; doubled with every try."""
    log_level: LogLevel = "INFO"
    """DEBUG shows the messages of exceptions, which can hold names and addresses."""

    @property
    def data_path(self) -> Path:
        """The data folder, absolute."""
        return Path(self.data_dir or "var").absolute()

    @property
    def mail_path(self) -> Path:
        """The Maildir that is used when no SMTP relay is configured."""
        return self.data_path / "mail"


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """The settings of this process; raises `msgspec.ValidationError` naming the variable that is wrong.

    A variable that is empty is not set: that is how compose files and service units leave one out.
    """
    source = os.environ if environment is None else environment
    values = {name: value for name, value in source.items() if name.startswith("FORUM_") and value}
    return msgspec.convert(values, Settings, strict=False)


def as_environment(settings: Settings) -> dict[str, str]:
    """The variables from which another process reads the same settings."""
    values = msgspec.to_builtins(settings)
    return {name: str(value) for name, value in values.items() if value is not None}
