"""Reads PDF files back with PDFium, which has nothing to do with what wrote them."""

import re
import unicodedata
from typing import Any

import pypdfium2
import zxingcpp

MM_PER_POINT = 25.4 / 72
Ink = tuple[float, float, float, float]


class Paper:
    """A PDF file that was answered."""

    def __init__(self, data: bytes) -> None:
        assert data.startswith(b"%PDF-")
        self.data = data
        self.document = pypdfium2.PdfDocument(data)

    def __len__(self) -> int:
        return len(self.document)

    @property
    def fonts_that_are_not_embedded(self) -> int:
        """Descriptors of typefaces without a file of the typeface."""
        descriptors = re.findall(rb"<<[^<>]*/Type /FontDescriptor[^<>]*>>", self.data)
        assert descriptors
        return sum(1 for one in descriptors if not re.search(rb"/FontFile[23]", one))

    def size_mm(self, page: int = 0) -> tuple[int, int]:
        """Width and height, rounded."""
        width, height = self.document[page].get_size()
        return round(width * MM_PER_POINT), round(height * MM_PER_POINT)

    def text(self, page: int = 0) -> str:
        """All text of a page as it would be copied, with one space where lines end.

        PDFium tells a hyphen at the end of a line by a character of its own, and the letters of an Arabic ligature
        in an order that depends on their neighbours: look for names without one.
        """
        found: str = self.document[page].get_textpage().get_text_range().replace("\ufffe", "-")
        return unicodedata.normalize("NFC", " ".join(found.split()))

    def code(self, page: int = 0) -> str:
        """What a camera reads from the QR code of a page."""
        picture = self.document[page].render(scale=3).to_pil()
        (found,) = zxingcpp.read_barcodes(picture)
        return str(found.text)

    def ink_mm(self, page: int = 0) -> list[Ink]:
        """The box of each character of a page: left, top, right, bottom from the upper left corner."""
        textpage, height = self.document[page].get_textpage(), self.document[page].get_size()[1]
        boxes: list[Any] = [textpage.get_charbox(index) for index in range(textpage.count_chars())]
        return [
            (left * MM_PER_POINT, (height - top) * MM_PER_POINT, right * MM_PER_POINT, (height - bottom) * MM_PER_POINT)
            for left, bottom, right, top in boxes
            if right > left
        ]
