"""Calendar applications that others wrote: Radicale, a CalDAV server, and khal, which reads what it is given."""

import os
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import httpx
from icalendar import Calendar, Event

COLLECTION = "/amina/forum/"
_DAV, _CALDAV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
_QUERY = """<?xml version="1.0"?>
<C:calendar-query xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:prop><D:getetag/><C:calendar-data/></D:prop>
<C:filter><C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">
<C:time-range start="{start}" end="{end}"/></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"""


class Store:
    """One calendar on a CalDAV server, kept as a calendar application keeps it: each entry is a resource."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def put(self, uid: str, calendar: bytes) -> int:
        """Store an entry under its UID; the status of the answer, which is 201 for one that was not there."""
        return self._http.put(self._place(uid), content=calendar, headers={"Content-Type": "text/calendar"}).status_code

    def get(self, uid: str) -> Event:
        """An entry as it is kept."""
        answer = self._http.get(self._place(uid))
        assert answer.status_code == 200, answer.text
        (event,) = Calendar.from_ical(answer.content).walk("VEVENT")
        assert isinstance(event, Event)
        return event

    def find(self, start: str, end: str) -> set[str]:
        """The UIDs of what the server itself takes to be within two instants (RFC 4791 section 7.8)."""
        query = _QUERY.format(start=start, end=end)
        answer = self._http.request("REPORT", COLLECTION, content=query, headers={"Depth": "1"})
        assert answer.status_code == 207, answer.text
        texts = [data.text or "" for data in ET.fromstring(answer.content).iter(f"{_CALDAV}calendar-data")]
        return {str(event["UID"]) for text in texts for event in Calendar.from_ical(text).walk("VEVENT")}

    @staticmethod
    def _place(uid: str) -> str:
        return f"{COLLECTION}{quote(uid)}.ics"


@contextmanager
def radicale(folder: Path) -> Iterator[Store]:
    """A Radicale on this machine with an empty calendar, while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = {"server-hosts": f"127.0.0.1:{port}", "auth-type": "none", "storage-filesystem-folder": str(folder)}
    words = [f"--{name}={value}" for name, value in options.items()]
    with (folder / "radicale.log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-m", "radicale", "--config", "", *words], stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", auth=("amina", ""), timeout=10) as http:
            _make_calendar(http, server)
            yield Store(http)
    finally:
        server.terminate()
        server.wait(10)


def _make_calendar(http: httpx.Client, server: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            assert http.request("MKCALENDAR", COLLECTION).status_code == 201
            return
        except httpx.ConnectError:
            assert server.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)


class Khal:
    """khal with an empty calendar, in a time zone."""

    def __init__(self, folder: Path, timezone: str) -> None:
        (folder / "calendar").mkdir(parents=True)
        self._config = folder / "config"
        self._config.write_text(
            f"[calendars]\n[[forum]]\npath = {folder / 'calendar'}\n[sqlite]\npath = {folder / 'khal.db'}\n"
            f"[locale]\nlocal_timezone = {timezone}\ndefault_timezone = {timezone}\ntimeformat = %H:%M\n"
            "dateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\ndatetimeformat = %Y-%m-%d %H:%M\n"
            "longdatetimeformat = %Y-%m-%d %H:%M\n"
        )

    def take(self, calendar: bytes) -> None:
        """Import a calendar; what it has already is replaced."""
        place = self._config.with_name("import.ics")
        place.write_bytes(calendar)
        self._run("import", "--batch", "-a", "forum", str(place))

    def listed(self, day: str) -> list[str]:
        """What it shows for a day: `begin end title`, or the title alone for what lasts all day."""
        words = ["--notstarted", "--day-format", "", "--format", "{start-time} {end-time} {title}{cancelled}"]
        told = self._run("list", *words, day, "1d")
        return [line.strip() for line in told.splitlines() if line.strip()]

    def _run(self, *words: str) -> str:
        program = "import sys; from khal.cli import main_khal; sys.exit(main_khal())"
        done = subprocess.run(
            [sys.executable, "-c", program, "-c", str(self._config), *words],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
