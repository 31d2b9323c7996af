"""Tables that leave the system as XLSX (ECMA-376, Office Open XML), sent while they are written.

One sheet of text and whole numbers. Text is a cell of type `inlineStr`, which no program takes for a formula. The
package is a ZIP archive that is never sought back in, so of a table of any length no more than a page is in memory.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Final
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from forum.tables import Cell, as_text

XLSX_TYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_PACKAGE: Final = "http://schemas.openxmlformats.org/package/2006"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_KIND: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_PARTS: Final = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KIND}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="Table" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
_NO_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE_LIKE: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""Programs read `_x0041_` in a cell as an A (ECMA-376 part 1, 22.9.2.19, ST_Xstring)."""


class _Out:
    """What was written and not yet taken. It has no `tell`, by which the archive knows that it cannot seek."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        taken, self._parts = b"".join(self._parts), []
        return taken


class Workbook:
    """A workbook of one sheet. Write rows, take the bytes that there are, close it, and take the rest."""

    def __init__(self, header: Sequence[str]) -> None:
        self._out = _Out()
        self._archive = ZipFile(self._out, "w")
        for name, text in _PARTS.items():
            self._archive.writestr(ZipInfo(name), _XML + text)
        sheet = ZipInfo("xl/worksheets/sheet1.xml")
        sheet.compress_type = ZIP_DEFLATED
        self._sheet = self._archive.open(sheet, "w")
        self._sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>'.encode())
        self.write([header])

    def write(self, rows: Iterable[Sequence[Cell]]) -> None:
        """Add rows below the last one."""
        self._sheet.write("".join(_row(row) for row in rows).encode("utf-8"))

    def take(self) -> bytes:
        """The bytes that were not taken yet, as far as they are settled."""
        return self._out.take()

    def close(self) -> None:
        """No more rows will come."""
        if not self._sheet.closed:
            self._sheet.write(b"</sheetData></worksheet>")
            self._sheet.close()
        self._archive.close()


def _row(row: Sequence[Cell]) -> str:
    return f"<row>{''.join(map(_cell, row))}</row>"


def _cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<c/>"
    if isinstance(cell, int):
        return f"<c><v>{int(cell)}</v></c>"
    text = _ESCAPE_LIKE.sub("_x005F_", _NO_XML.sub("", as_text(cell)))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
