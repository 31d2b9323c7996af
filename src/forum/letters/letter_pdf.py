"""A letter on A4. Pure: it is drawn once, when it is issued, and kept."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
from msgspec import Struct

from forum.codes import choose_language
from forum.letters.types import LetterContent
from forum.printing.lines import isolate
from forum.printing.names import country_name, date_range, day
from forum.printing.sheet import A4, Box, Colour, Sheets, Style

_BLUE: Final = (0, 60, 113)
_GREY: Final = (90, 90, 90)
_BLACK: Final = (0, 0, 0)
_LEFT, _WIDTH = 22.0, 166.0
_LABEL_WIDTH: Final = 52.0
_QR: Final = (_LEFT, 250.0, 32.0)
_ROW_HEIGHT: Final = 10.5


class IssuedLetter(Struct, frozen=True):
    """What is drawn: the content, the reference, what the QR code holds, and when it is issued, where it is held."""

    content: LetterContent
    reference: str
    check_url: str
    issued_at: datetime


@cache
def _texts() -> dict[str, dict[str, str]]:
    data = files("forum.letters").joinpath("texts.json").read_bytes()
    return msgspec.json.decode(data, type=dict[str, dict[str, str]])


def draw_letter(letter: IssuedLetter) -> bytes:
    """The letter as a PDF file."""
    return _Draft(letter).draw()


class _Draft:
    """One letter, written from the top down: `y` is where the next line begins."""

    def __init__(self, letter: IssuedLetter) -> None:
        content = letter.content
        self._letter, self._content, self._language = letter, content, content.language
        self._is_rtl = content.language == "ar"
        self._title = content.edition_title[choose_language(content.edition_title, content.language)]
        self._sheets = Sheets(A4, letter.reference, content.language, letter.issued_at)
        self._y = 18.0

    def draw(self) -> bytes:
        """The whole letter."""
        self._sheets.add_sheet()
        self._head()
        self._address()
        lead = self._say(f"{self._content.kind}_lead", edition=self._title, when=self._when(), where=self._where())
        self._paragraph(lead, 22)
        for label, text in self._rows():
            self._row(label, text)
        self._y += 4
        self._paragraph(self._say(f"{self._content.kind}_request"), 13)
        self._paragraph(self._say("costs"), 13)
        self._signature()
        self._foot()
        return self._sheets.to_bytes()

    def _say(self, key: str, **parts: str) -> str:
        """A phrase in the letter's language, each part in its own direction."""
        return _texts()[self._language][key].format(**{name: isolate(text) for name, text in parts.items()})

    def _style(
        self, largest: float, smallest: float, *, is_bold: bool = False, colour: Colour = _BLACK, is_far: bool = False
    ) -> Style:
        """Text that begins where the language begins a line or, far, ends where it ends one."""
        return Style(
            points=(largest, smallest),
            weight="bold" if is_bold else "regular",
            align="right" if self._is_rtl != is_far else "left",
            colour=colour,
        )

    def _write(self, text: str, height: float, style: Style) -> float:
        return self._sheets.write(text, Box(_LEFT, self._y, _WIDTH, height), style)

    def _paragraph(self, text: str, height: float) -> None:
        box = Box(_LEFT, self._y, _WIDTH, height)
        self._y += self._sheets.write(text, box, self._style(11, 7), is_rtl=self._is_rtl) + 3

    def _head(self) -> None:
        self._y += self._write(self._title, 18, self._style(20, 9, is_bold=True, colour=_BLUE)) + 1
        self._y += self._write(f"{self._when()} · {self._where()}", 11, self._style(10, 6, colour=_GREY)) + 3
        self._sheets.fill(Box(_LEFT, self._y, _WIDTH, 0.5), _BLUE)
        self._y += 6

    def _address(self) -> None:
        issued_on = day(self._letter.issued_at.date(), self._language)
        self._write(self._say("reference", reference=self._letter.reference), 6, self._style(10, 6))
        self._y += self._write(issued_on, 6, self._style(10, 6, is_far=True)) + 6
        city = self._content.consulate_city
        addressee = self._say("to_consulate", city=city) if city else self._say("to_whom")
        self._paragraph(addressee, 13)
        self._y += self._write(self._say(self._content.kind), 8, self._style(14, 8, is_bold=True)) + 4

    def _rows(self) -> Iterator[tuple[str, str]]:
        content = self._content
        yield "name", content.passport_name
        yield "nationality", country_name(content.nationality, self._language)
        yield "travels_with", self._say(content.document_type)
        yield "number", content.passport_number or ""
        yield "born", day(content.born_on, self._language) if content.born_on else ""
        yield "representing", content.representing or ""

    def _row(self, label: str, text: str) -> None:
        if not text:
            return
        narrow, wide = (_LEFT, _LEFT + _LABEL_WIDTH)
        if self._is_rtl:
            narrow, wide = _LEFT + _WIDTH - _LABEL_WIDTH, _LEFT
        label_box = Box(narrow, self._y, _LABEL_WIDTH, _ROW_HEIGHT)
        text_box = Box(wide, self._y, _WIDTH - _LABEL_WIDTH - 2, _ROW_HEIGHT)
        self._sheets.write(self._say(label), label_box, self._style(11, 6, colour=_GREY))
        self._y += max(self._sheets.write(text, text_box, self._style(11, 4, is_bold=label == "name")), 5) + 1

    def _signature(self) -> None:
        self._y += 3
        self._paragraph(self._say("closing"), 6)
        self._y += 5
        name = self._content.signatory_name or self._say("organizers")
        self._y += self._write(name, 9, self._style(11, 6, is_bold=True))
        self._write(self._content.signatory_function or "", 9, self._style(10, 6))

    def _foot(self) -> None:
        x, y, side = _QR
        x = _LEFT + _WIDTH - side if self._is_rtl else x
        self._sheets.draw_qr(self._letter.check_url, Box(x, y, side, side))
        beside = Box(_LEFT if self._is_rtl else _LEFT + side + 4, y + 4, _WIDTH - side - 4, 10)
        self._sheets.write(self._say("check"), beside, self._style(9, 6, colour=_GREY))
        below = Box(beside.x, y + 15, beside.width, 10)
        contact = self._say("contact", email=self._content.organizer_email)
        self._sheets.write(contact, below, self._style(9, 6, colour=_GREY), is_rtl=self._is_rtl)

    def _when(self) -> str:
        if self._content.starts_on is None or self._content.ends_on is None:
            return "—"
        return date_range(self._content.starts_on, self._content.ends_on, self._language)

    def _where(self) -> str:
        country = country_name(self._content.country, self._language)
        separator = "、" if self._language == "zh" else "، " if self._is_rtl else ", "
        return separator.join(part for part in (self._content.venue, self._content.city, country) if part) or "—"
