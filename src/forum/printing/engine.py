"""What fpdf2 does for us. It takes a third of a second to import, which only who prints should spend."""

from collections.abc import Sequence

from fpdf import FPDF
from fpdf.bidi import BidiParagraph
from fpdf.enums import TextDirection
from fpdf.line_break import Fragment


class Document(FPDF):
    """A PDF document that draws text just as it was cut into runs."""

    def _preload_bidirectional_text(self, text: str, markdown: bool) -> Sequence[Fragment]:
        """The whole run as one fragment. fpdf2 would cut it before each mark, so that letters around it do not join."""
        assert self.text_shaping is not None
        direction = self.text_shaping["direction"]
        self.text_shaping.update(fragment_direction=direction, paragraph_direction=direction)
        return (Fragment(text, self._get_current_graphics_state(), self.k),)


def embedding_levels(text: str, is_rtl: bool) -> list[int]:
    """The level of each character (UAX 9). What the algorithm takes out (rule X9) goes with what stands before it."""
    paragraph = BidiParagraph(text, TextDirection.RTL if is_rtl else TextDirection.LTR)
    found = {
        character.character_index: character.embedding_level
        for character in paragraph.get_characters_with_embedding_level()
    }
    levels, level = [], int(is_rtl)
    for index in range(len(text)):
        level = found.get(index, level)
        levels.append(level)
    return levels
