"""Settings are read once, and a wrong one is named."""

from datetime import UTC, datetime
from pathlib import Path
from typing import get_type_hints

import msgspec
import pytest

from forum.settings import Settings, as_environment, read_settings


def test_nothing_set_is_the_defaults() -> None:
    assert read_settings({"PATH": "/bin", "FORUMS": "x", "FORUM_SMTP_URL": "", "FORUM_PORT": ""}) == Settings()


def test_values_are_read_as_what_they_are() -> None:
    read = read_settings(
        {
            "FORUM_DATABASE_URL": "postgresql://db/forum",
            "FORUM_REDIS_URL": "redis://queue",
            "FORUM_PORT": "0",
            "FORUM_POOL_SIZE": "8",
            "FORUM_REHEARSAL_AT": "2023-12-13T08:00:00Z",
            "FORUM_DATA_DIR": "data",
        }
    )

    assert (read.database_url, read.port, read.pool_size) == ("postgresql://db/forum", 0, 8)
    assert read.rehearsal_at == datetime(2023, 12, 13, 8, tzinfo=UTC)
    assert read.mail_path == Path("data/mail").absolute()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FORUM_PORT", "65536"),
        ("FORUM_PORT", "-1"),
        ("FORUM_PORT", "http"),
        ("FORUM_POOL_SIZE", "1"),
        ("FORUM_POOL_SIZE", "4.5"),
        ("FORUM_REHEARSAL_AT", "2023-12-13T08:00:00"),
        ("FORUM_REHEARSAL_AT", "tomorrow"),
        ("FORUM_DATABASE_URL", "mysql://db/forum"),
        ("FORUM_SMTP_URL", "mail.example"),
        ("FORUM_LOG_LEVEL", "loud"),
        ("FORUM_INBOX_LISTEN", "2525"),
        ("FORUM_INBOX_LISTEN", "inbox.sock"),
        ("FORUM_DATABSE_URL", "postgresql://db/forum"),
    ],
)
def test_wrong_variable_is_named(name: str, value: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=name):
        read_settings({name: value})


def test_other_process_reads_the_same_settings() -> None:
    full = Settings(
        database_url="postgresql://db/forum?host=/run/a b",
        redis_url="unix:///run/q.sock",
        data_dir="/srv/forum",
        smtp_url="smtp://u:p%40@mail.example:587?starttls=always",
        inbox_listen="[::1]:2525",
        port=9000,
        rehearsal_at=datetime(2023, 12, 13, 8, tzinfo=UTC),
        rehearsal_since=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        log_level="DEBUG",
    )

    assert read_settings(as_environment(full)) == full
    assert read_settings(as_environment(Settings())) == Settings()


def test_every_setting_is_read_from_a_variable_of_its_name() -> None:
    names = {f"FORUM_{field.upper()}" for field in get_type_hints(Settings)}

    assert {field.encode_name for field in msgspec.structs.fields(Settings)} == names
