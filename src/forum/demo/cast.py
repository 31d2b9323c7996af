"""How many people play: the figures of 2023, or few of them where there is little time."""

from typing import Final

from msgspec import Struct

from forum.samples import people


class Cast(Struct, frozen=True, kw_only=True):
    """Numbers of people, and of what they do."""

    in_person: int = people.IN_PERSON
    online: int = people.ONLINE
    late: int = 200
    """Who ask for the hall when it is full."""
    small_hall: int = 26
    """Seats of the small edition."""
    fighters: int = 1_000
    """Who ask for its last seat at once."""
    gate_scans: int = 500
    resent: int = 20
    offline: int = 200
    """Scans at the gates: sent at once, sent again, sent later by a scanner that was offline."""
    inside: int = 300
    left_early: int = 30
    """Who go into the plenary, and come out again."""
    signed_in: int = 20
    signed_out: int = 5
    """Who join it online, and leave again."""

    @property
    def delegations(self) -> int:
        """How many delegations send people: with few people the first ones only."""
        return min(self.in_person, len(people.delegations()))


FULL: Final = Cast()
SMALL: Final = Cast(
    in_person=60,
    online=60,
    late=6,
    small_hall=4,
    fighters=50,
    gate_scans=20,
    resent=3,
    offline=10,
    inside=12,
    left_early=3,
    signed_in=3,
    signed_out=1,
)
