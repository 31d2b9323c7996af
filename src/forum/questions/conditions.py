"""When a question is asked depends on answers to others: what a condition may name, and that none goes in a circle."""

from collections.abc import Iterator, Mapping

from msgspec import UNSET
from msgspec.structs import replace

from forum.bodies import find_faults, merge
from forum.errors import Fault, Invalid
from forum.questions.answers import TYPES, find_option_faults
from forum.questions.types import (
    CONDITIONAL,
    Condition,
    ConditionPatch,
    Question,
    QuestionFields,
    QuestionPatch,
)

Others = Mapping[str, Question]


def merge_question(before: Question, patch: QuestionPatch) -> Question:
    """A question with its changes (RFC 7396); a condition where there was none must name its question."""
    condition = patch.condition
    after = merge(before, replace(patch, condition=UNSET))
    if isinstance(condition, ConditionPatch):
        if before.condition is None and condition.question is UNSET:
            raise Invalid.at("/condition/question", "missing", "This field is required.")
        return replace(after, condition=merge(before.condition or Condition(""), condition))
    return after if condition is UNSET else replace(after, condition=None)


def find_condition_faults(question: QuestionFields, others: Others) -> Iterator[Fault]:
    """What is wrong with a question's condition; `others` are all questions of the edition, by key."""
    condition = question.condition
    if condition is None:
        return
    pointer, other = "/condition/question", others.get(condition.question)
    if _is_circle(question, others):
        yield Fault(pointer=pointer, code="condition_cycle", detail="In the end this question would depend on itself.")
    elif other is None:
        yield Fault(pointer=pointer, code="unknown_reference", detail="The edition asks no such question.")
    elif other.status == "retired":
        yield Fault(pointer=pointer, code="question_retired", detail="That question is asked no more.")
    elif other.kind not in CONDITIONAL:
        detail = f"Answers of kind {other.kind} decide nothing: {', '.join(sorted(CONDITIONAL))} do."
        yield Fault(pointer=pointer, code="not_allowed", detail=detail)
    else:
        yield from find_value_faults(condition, other)


def find_value_faults(condition: Condition, other: Question) -> Iterator[Fault]:
    """Values of a condition that cannot be answers to the question that it names."""
    kind = "choice" if other.kind == "choices" else other.kind
    options = [option.value for option in other.options]
    pointers = ["/condition/equals"] if condition.one_of is None else [f"/condition/in/{n}" for n in range(200)]
    for value, pointer in zip(condition.values, pointers, strict=False):
        yield from find_faults(value, TYPES[kind], pointer) or find_option_faults(kind, options, value, pointer)


def _is_circle(question: QuestionFields, others: Others) -> bool:
    """Whether going from each question to the one that decides about it comes back to where it began."""
    above = question.condition
    for _ in range(len(others) + 1):
        if above is None:
            return False
        if above.question == question.key:
            return True
        above = others[above.question].condition if above.question in others else None
    return True
