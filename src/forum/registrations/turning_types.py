"""What becomes of registrations when their edition turns virtual."""

from msgspec import Struct


class Turned(Struct, frozen=True):
    """How many people take part online who were to come, and how many badges are void."""

    switched: int
    badges: int
