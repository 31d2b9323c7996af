"""What an answer may be, and who is asked what: pure rules, without the database."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

from msgspec import Meta

from forum.bodies import find_faults
from forum.codes import Country, Day, HttpUrl, Line, Mode, Prose, Term
from forum.errors import Fault
from forum.questions.types import Condition, Kind, KnownQuestion, Whole

TYPES: Final[Mapping[Kind, Any]] = {
    "text": Line,
    "long_text": Prose,
    "choice": Term,
    "choices": Annotated[list[Term], Meta(min_length=1, max_length=200)],
    "boolean": bool,
    "integer": Whole,
    "date": Day,
    "country": Country,
    "url": HttpUrl,
}
"""What the answers to each kind of question are."""

Given = Mapping[str, Any]


def settle_answers(
    known: Sequence[KnownQuestion], mode: Mode, category: str, stored: Given, given: Given
) -> tuple[dict[str, Any], list[Fault]]:
    """The answers of somebody who now gives some beside those that are stored, and every fault of what is given.

    Stored answers to what is not asked of the person any more are left out; those to questions that have been retired
    stay. Whether a question is asked is not judged where the answer that decides it is faulty or missing.
    """
    keys = {question.key for question in known}
    faults = [_fault(key, "unknown_question", "The edition asks no such question.") for key in given if key not in keys]
    settled: dict[str, Any] = {}
    undecided: set[str] = set()
    for question in _deciding_first(known):
        key = question.key
        if question.condition and question.condition.question in undecided and question.is_asked:
            undecided.add(key)
            faults += _value_faults(question, given[key]) if key in given else []
        elif found := _faults(question, mode, category, settled, stored, given):
            undecided.add(key)
            faults += found
        elif key in given:
            settled[key] = given[key]
        elif key in stored and not (question.is_asked and _reason_not_to_ask(question, mode, category, settled)):
            settled[key] = stored[key]
    return settled, faults


def _deciding_first(known: Sequence[KnownQuestion]) -> list[KnownQuestion]:
    """The questions in an order in which none comes before the one that decides whether it is asked."""
    by_key = {question.key: question for question in known}

    def depth(question: KnownQuestion) -> int:
        steps, above = 0, question.condition
        while above and above.question in by_key and steps < len(known):
            steps, above = steps + 1, by_key[above.question].condition
        return steps

    return sorted(known, key=depth)


def _faults(
    question: KnownQuestion, mode: Mode, category: str, settled: Given, stored: Given, given: Given
) -> list[Fault]:
    """What is wrong with the answer to a question, or with there being none."""
    key = question.key
    if not question.is_asked:
        return [_fault(key, "question_retired", "This is asked no more.")] if key in given else []
    if reason := _reason_not_to_ask(question, mode, category, settled):
        return [_fault(key, *reason)] if key in given else []
    if key in given:
        return _value_faults(question, given[key])
    if question.is_required and key not in stored:
        return [_fault(key, "missing", "This question must be answered.")]
    return []


def _reason_not_to_ask(question: KnownQuestion, mode: Mode, category: str, answers: Given) -> tuple[str, str] | None:
    """Code and words for why a question is not asked of somebody, or None when it is."""
    if question.modes and mode not in question.modes:
        return "not_asked", f"This is not asked of those who take part {mode.replace('_', ' ')}."
    if question.categories and category not in question.categories:
        return "not_asked", f"This is not asked of those of category {category}."
    if question.condition and not holds(question.condition, answers):
        return "condition_not_met", f"This is asked only after certain answers to {question.condition.question}."
    return None


def holds(condition: Condition, answers: Given) -> bool:
    """Whether one of the values that a condition names was given; a question without an answer decides for no."""
    answer = answers.get(condition.question)
    given = answer if isinstance(answer, list) else [answer]
    return any(value in condition.values for value in given)


def _value_faults(question: KnownQuestion, value: Any) -> list[Fault]:
    pointer = f"/answers/{question.key}"
    faults = find_faults(value, TYPES[question.kind], pointer)
    return faults or list(find_option_faults(question.kind, question.options, value, pointer))


def find_option_faults(kind: Kind, options: Sequence[str], value: Any, pointer: str) -> Iterator[Fault]:
    """Values that are no options of a question, and those that stand twice."""
    if kind == "choice" and value not in options:
        yield Fault(pointer=pointer, code="unknown_value", detail="This is none of the options.")
    for index, one in enumerate(value if kind == "choices" else []):
        if one not in options:
            yield Fault(pointer=f"{pointer}/{index}", code="unknown_value", detail="This is none of the options.")
        elif one in value[:index]:
            yield Fault(pointer=f"{pointer}/{index}", code="duplicate", detail="This value stands twice.")


def _fault(key: str, code: str, detail: str) -> Fault:
    return Fault(pointer=f"/answers/{key}", code=code, detail=detail)
