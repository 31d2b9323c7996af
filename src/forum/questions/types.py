"""What the questions slice takes and answers."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType, field

from forum.codes import LinePatch, LocalizedLine, LocalizedProse, Mode, ProsePatch, Term
from forum.errors import Fault

Kind = Literal["text", "long_text", "choice", "choices", "boolean", "integer", "date", "country", "url"]
Retention = Literal["until_edition_ends", "thirty_days_after", "one_year_after", "keep_anonymised"]
QuestionStatus = Literal["active", "retired"]
COUNTABLE: Final = frozenset({"choice", "choices", "boolean", "country"})
"""The kinds whose answers say nothing about a person once they are counted."""
CONDITIONAL: Final = COUNTABLE | {"integer"}
"""The kinds whose answers can decide whether another question is asked."""

Key = Annotated[str, Meta(min_length=1, max_length=60, pattern="^[a-z][a-z0-9_]*$")]
"""By which answers know their question, in every version of it."""
Order = Annotated[int, Meta(ge=1, le=10_000)]
Whole = Annotated[int, Meta(ge=-1_000_000_000_000, le=1_000_000_000_000)]
ShortText = Annotated[str, Meta(max_length=5000)]
Value = bool | Whole | ShortText
"""A value that a condition names."""
Answer = bool | Whole | ShortText | Annotated[list[ShortText], Meta(max_length=200)]
Answers = Annotated[dict[Key, Answer], Meta(max_length=200)]
"""Answers by the keys of their questions. What an answer may be is for its question to say."""
AnswersPatch = Annotated[dict[Key, Answer | None], Meta(max_length=200)]
"""Changes of answers: a key that is absent is kept, null takes an answer back."""


class Option(Struct, frozen=True, forbid_unknown_fields=True):
    """One of the answers that there are to choose from."""

    value: Term
    label: LocalizedLine


Options = Annotated[list[Option], Meta(max_length=200)]
Modes = Annotated[list[Mode], Meta(max_length=2)]
Categories = Annotated[list[Term], Meta(max_length=100)]


class Condition(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Asked only of those who gave this value, or one of these, to another question; of `choices`, among others."""

    question: Key
    equals: Value | None = None
    one_of: Annotated[list[Value], Meta(min_length=1, max_length=200)] | None = field(name="in", default=None)

    @property
    def values(self) -> Sequence[Value]:
        """The values that it names."""
        return self.one_of or ([] if self.equals is None else [self.equals])


class ConditionPatch(Struct, forbid_unknown_fields=True):
    """Changes of a condition."""

    question: Key | UnsetType = UNSET
    equals: Value | UnsetType | None = UNSET
    one_of: Annotated[list[Value], Meta(min_length=1, max_length=200)] | UnsetType | None = field(
        name="in", default=UNSET
    )


class QuestionFields(Struct, forbid_unknown_fields=True, kw_only=True):
    """What organizers decide about a question."""

    key: Key
    kind: Kind
    label: LocalizedLine
    help: LocalizedProse | None = None
    purpose: LocalizedProse
    """Why it is asked, for those who answer."""
    options: Options = []
    is_required: bool = False
    is_sensitive: bool = False
    """Whether the answer is for the person and for registrars alone, and is in no file."""
    condition: Condition | None = None
    modes: Modes = []
    """Asked of those who take part in these modes; empty: of all. Likewise categories."""
    categories: Categories = []
    retention: Retention
    """How long answers are kept after the last day of the edition; `keep_anonymised` leaves counts after 30 days."""

    def faults(self) -> Iterator[Fault]:
        """The rules that span fields."""
        if self.kind in ("choice", "choices") and not self.options:
            yield Fault(pointer="/options", code="missing", detail="Give the options to choose from.")
        if self.kind not in ("choice", "choices") and self.options:
            yield Fault(pointer="/options", code="not_allowed", detail=f"A question of kind {self.kind} has none.")
        yield from _repeated("/options", [option.value for option in self.options], "/value")
        yield from _repeated("/modes", self.modes)
        yield from _repeated("/categories", self.categories)
        if self.retention == "keep_anonymised" and self.kind not in COUNTABLE:
            detail = f"Answers of kind {self.kind} can name a person: they cannot be kept."
            yield Fault(pointer="/retention", code="not_allowed", detail=detail)
        if self.condition and (self.condition.equals is None) == (self.condition.one_of is None):
            yield Fault(pointer="/condition", code="rule_broken", detail="Give either `equals` or `in`.")


def _repeated(pointer: str, values: Sequence[str], tail: str = "") -> Iterator[Fault]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield Fault(pointer=f"{pointer}/{index}{tail}", code="duplicate", detail="This value stands twice.")


class NewQuestion(QuestionFields, forbid_unknown_fields=True, kw_only=True):
    """A question that is asked from now on; those who are registered already need not answer it."""

    order: Order | None = None
    """Its place among the questions; last when it is left out."""


class QuestionPatch(Struct, forbid_unknown_fields=True):
    """Changes of a question (JSON Merge Patch). Key and kind stay what they are: answers rely on them."""

    label: LinePatch | UnsetType = UNSET
    help: ProsePatch | UnsetType | None = UNSET
    purpose: ProsePatch | UnsetType = UNSET
    options: Options | UnsetType = UNSET
    is_required: bool | UnsetType = UNSET
    is_sensitive: bool | UnsetType = UNSET
    condition: ConditionPatch | UnsetType | None = UNSET
    modes: Modes | UnsetType = UNSET
    categories: Categories | UnsetType = UNSET
    retention: Retention | UnsetType = UNSET
    order: Order | UnsetType = UNSET


class Question(QuestionFields, kw_only=True):
    """A question as everybody reads it. With `?lang=`, texts are in that language where there is one."""

    order: Order
    status: QuestionStatus
    version: int


class QuestionFilter(Struct, frozen=True):
    """Which questions to list; in the order of the statement's parameters."""

    status: QuestionStatus | None = None
    mode: Mode | None = None
    category: str | None = None


class KnownQuestion(Struct, frozen=True):
    """A question as a rule for answers."""

    key: str
    kind: Kind
    is_required: bool
    condition: Condition | None
    modes: list[str]
    categories: list[str]
    version: int
    options: list[str]
    is_asked: bool
    """Whether it takes answers: it is not retired, and they would not be deleted at once."""


class AnswerRow(Struct, frozen=True):
    """An answer as it is stored, with the version of the question that it was checked by."""

    registration_id: UUID
    key: str
    version: int
    value: Any


class AnswerCount(Struct):
    """How many gave a value."""

    value: str
    count: int


class AnswerCounts(Struct):
    """How often each value was given to a question, the most frequent first."""

    question: str
    items: list[AnswerCount]
