"""A PDF document of sheets of one size, measured in millimetres from the upper left corner.

Equal input gives equal bytes: the only time in a document is the one that it is given.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Final, Literal

import segno
from msgspec import Struct

from forum.printing.fonts import Weight
from forum.printing.lines import MM_PER_POINT, Paragraph, Run, Setting

A4: Final = (210.0, 297.0)
A6: Final = (105.0, 148.0)
BLACK: Final = (0, 0, 0)
WHITE: Final = (255, 255, 255)
PDF_TYPE: Final = "application/pdf"
Colour = tuple[int, int, int]
_QUIET_ZONE_MODULES: Final = 4
_OVERLAP_MM: Final = 0.02
"""By how much a dark row reaches into the next, so that no viewer shows a hair between them."""


class Box(Struct, frozen=True):
    """A part of a sheet."""

    x: float
    y: float
    width: float
    height: float


class Style(Struct, frozen=True, kw_only=True):
    """How text is set: as large as fits between two sizes, in points."""

    points: tuple[float, float]
    weight: Weight = "regular"
    align: Literal["left", "center", "right"] = "left"
    valign: Literal["top", "middle"] = "top"
    colour: Colour = BLACK


class Sheets:
    """The document. Whatever text is set stays inside its box."""

    def __init__(self, size_mm: tuple[float, float], title: str, language: str, created_at: datetime) -> None:
        from forum.printing.engine import Document  # see there

        self._pdf = Document(unit="mm", format=size_mm)
        self._pdf.set_auto_page_break(False)
        self._pdf.set_margin(0)
        self._pdf.c_margin = 0
        self._pdf.set_title(title)
        self._pdf.set_lang(language)
        self._pdf.set_creation_date(created_at)
        self._faces: set[str] = set()

    def add_sheet(self) -> None:
        """Go on with a new sheet."""
        self._pdf.add_page()

    def fill(self, box: Box, colour: Colour) -> None:
        """Colour a part of the sheet."""
        self._pdf.set_fill_color(*colour)
        self._pdf.rect(box.x, box.y, box.width, box.height, style="F")

    def write(self, text: str, box: Box, style: Style, is_rtl: bool | None = None) -> float:
        """Set text into a box; how high it is, in millimetres. `is_rtl`: not the direction of its first letter."""
        if not text.strip():
            return 0.0
        setting = Paragraph(text, style.weight, is_rtl).fit(box.width, box.height, style.points)
        top = box.y + (box.height - setting.height_mm) / 2 if style.valign == "middle" else box.y
        self._pdf.set_text_color(*style.colour)
        for number, line in enumerate(setting.lines):
            self._draw(line, setting, box, style, top + number * setting.leading_mm)
        return setting.height_mm

    def _draw(self, line: Sequence[Run], setting: Setting, box: Box, style: Style, top: float) -> None:
        spare = max(box.width - setting.width_mm(line), 0.0)
        x = box.x + {"left": 0.0, "center": spare / 2, "right": spare}[style.align]
        for run in line:
            self._choose(run, setting.points)
            self._pdf.set_xy(x, top)
            self._pdf.cell(0, setting.leading_mm, run.text)
            x += run.width * setting.points * MM_PER_POINT

    def _choose(self, run: Run, points: float) -> None:
        face = run.face
        if face.name not in self._faces:
            self._pdf.add_font(face.name, fname=face.path, collection_font_number=face.number)
            self._faces.add(face.name)
        self._pdf.set_font(face.name, size=points)
        self._pdf.set_text_shaping(True, direction="rtl" if run.is_rtl else "ltr")

    def draw_qr(self, text: str, box: Box) -> None:
        """A QR code (ISO/IEC 18004) with its margin, as vectors: sharp at any size."""
        rows = [list(row) for row in segno.make_qr(text, error="m").matrix]
        module = min(box.width, box.height) / (len(rows) + 2 * _QUIET_ZONE_MODULES)
        self._pdf.set_fill_color(*BLACK)
        for number, row in enumerate(rows):
            column = 0
            for is_dark, group in groupby(row):
                count = len(list(group))
                if is_dark:
                    x, y = ((at + _QUIET_ZONE_MODULES) * module for at in (column, number))
                    self._pdf.rect(box.x + x, box.y + y, count * module, module + _OVERLAP_MM, style="F")
                column += count

    def to_bytes(self) -> bytes:
        """The finished document."""
        return bytes(self._pdf.output())
