import csv
import io
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from forum.tables import encode_csv


def test_table_is_read_back_by_another_reader() -> None:
    data = encode_csv(
        ("name", "count", "on", "at"),
        [
            ('a "b", c\nd', -3, date(2023, 12, 13), datetime(2023, 12, 13, 9, tzinfo=timezone(timedelta(hours=1)))),
            ("يوم الحكومات", 0, None, datetime(2023, 12, 13, 9, 0, 0, 5, UTC)),
        ],
    )

    assert data.startswith(b"name,count,on,at\r\n")
    assert list(csv.reader(io.StringIO(data.decode("utf-8"), newline=""))) == [
        ["name", "count", "on", "at"],
        ['a "b", c\nd', "-3", "2023-12-13", "2023-12-13T08:00:00Z"],
        ["يوم الحكومات", "0", "", "2023-12-13T09:00:00.000005Z"],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "=cmd|' /C calc'!A0"])
def test_text_that_a_spreadsheet_would_run_is_disarmed(text: str) -> None:
    _, row = csv.reader(io.StringIO(encode_csv(["a"], [[text]]).decode(), newline=""))

    assert row == [f"'{text}"]


@pytest.mark.parametrize("text", ["", "a=1", "'=1", "1-2", " x", "é"])
def test_other_text_stays_as_it_is(text: str) -> None:
    _, row = csv.reader(io.StringIO(encode_csv(["a", "b"], [[text, "z"]]).decode(), newline=""))

    assert row == [text, "z"]
