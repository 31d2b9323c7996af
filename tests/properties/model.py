"""What places should be: people, lines, quotas and a reserve, with nothing but lists and loops."""

from uuid import UUID

from msgspec import Struct

from forum.codes import Mode

MODES: tuple[Mode, ...] = ("in_person", "online")
ACTIVE = ("submitted", "approved", "waitlisted")
CLASSES = {"refugee_led": 1}
"""The priority class of a category; all others come after it."""


class Person(Struct):
    """Where somebody stands."""

    id: UUID
    by_token: UUID
    category: str
    is_member: bool
    """Of the one delegation, and counted by its quotas."""
    status: str
    mode: Mode
    waits_for: Mode | None = None
    ticket: int = 0
    is_offered: bool = False
    online_while_waiting: bool = False

    @property
    def standing(self) -> tuple[object, ...]:
        """What the database tells of them."""
        asked = (self.id, self.by_token, self.category, self.is_member)
        return (*asked, self.status, self.mode, self.waits_for, self.is_offered)

    def holds(self, mode: Mode) -> bool:
        """Whether a place of that mode is theirs, or held for them."""
        return (self.status == "approved" and self.mode == mode) or (self.is_offered and self.waits_for == mode)


class Model:
    """The places of one edition."""

    def __init__(self, capacity: dict[Mode, int | None], *, is_reviewed: bool, offers: bool) -> None:
        self.people: dict[str, Person] = {}
        self.capacity = capacity
        self.quota: dict[Mode, int | None] = dict.fromkeys(MODES)
        self.reserved = 0
        """Places in the hall for the category of the first class."""
        self.is_reviewed, self.offers = is_reviewed, offers
        self._ticket = 0

    def taken(self, mode: Mode) -> int:
        """How many places are taken."""
        return sum(one.holds(mode) for one in self.people.values())

    def members(self, mode: Mode) -> int:
        """How many of them the delegation has."""
        return sum(one.holds(mode) and one.is_member for one in self.people.values())

    def held_back(self, mode: Mode) -> int:
        """How many places are still kept for the category."""
        if mode == "online":
            return 0
        used = sum(one.holds(mode) and one.category in CLASSES for one in self.people.values())
        return max(self.reserved - used, 0)

    def has_room(self, one: Person, mode: Mode) -> bool:
        """Whether there is a place for somebody who has none in that mode."""
        quota, capacity = self.quota[mode], self.capacity[mode]
        if one.is_member and quota is not None and self.members(mode) >= quota:
            return False
        if one.category in CLASSES and self.held_back(mode) > 0:
            return True
        return capacity is None or self.taken(mode) + self.held_back(mode) < capacity

    def line(self, mode: Mode) -> list[str]:
        """Who waits for a place that is not offered yet, in order."""
        waiting = [(name, one) for name, one in self.people.items() if one.waits_for == mode and not one.is_offered]
        waiting.sort(key=lambda pair: (CLASSES.get(pair[1].category, 2), pair[1].ticket))
        return [name for name, _ in waiting]

    def wait(self, one: Person, mode: Mode) -> None:
        """To the end of the line."""
        self._ticket += 1
        one.waits_for, one.ticket, one.is_offered = mode, self._ticket, False

    def seat(self, one: Person, mode: Mode) -> None:
        """A place, and out of every line."""
        one.status, one.mode, one.waits_for, one.is_offered = "approved", mode, None, False

    def place(self, one: Person) -> None:
        """Give a place of the mode that somebody asks for, or a place in the line."""
        wanted = one.mode
        if self.has_room(one, wanted):
            self.seat(one, wanted)
        elif one.online_while_waiting and wanted == "in_person" and self.has_room(one, "online"):
            self.seat(one, "online")
            self.wait(one, wanted)
        else:
            one.status = "waitlisted"
            self.wait(one, wanted)

    def leave(self, one: Person, status: str) -> None:
        """Somebody gives back all that they have."""
        one.status, one.waits_for, one.is_offered = status, None, False

    def promote(self) -> None:
        """Nobody waits while there is a place for them."""
        while first := self._first():
            one, mode = first
            if self.offers:
                one.is_offered = True
            else:
                self.seat(one, mode)

    def _first(self) -> tuple[Person, Mode] | None:
        for mode in MODES:
            for name in self.line(mode):
                if self.has_room(self.people[name], mode):
                    return self.people[name], mode
        return None

    def lapse(self) -> None:
        """Offers that nobody accepted go to the next."""
        for one in self.people.values():
            if one.is_offered:
                self.give_up_offer(one)
        self.promote()

    def give_up_offer(self, one: Person) -> None:
        """Out of the line; who takes part the other way goes on doing so."""
        self.leave(one, "withdrawn" if one.status == "waitlisted" else one.status)
