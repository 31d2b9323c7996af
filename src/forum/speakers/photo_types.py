"""What the speakers slice takes and answers of photos."""

from typing import Literal

from msgspec import Struct

PhotoSize = Literal["small", "large"]


class Picture(Struct, frozen=True):
    """A photo as it is kept: JPEG in two sizes, and what its ETag is made of."""

    small: bytes
    large: bytes
    tag: str


class FoundPhoto(Struct, frozen=True):
    """A photo in one size; without its bytes for who has them already."""

    is_public: bool
    tag: str
    content: bytes | None


class KeptPhoto(Struct, frozen=True):
    """Where the photo of a speaker is, as a relative reference, and the version that the speaker has now."""

    photo: str
    version: int
