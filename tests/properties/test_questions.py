"""Whatever is asked under whatever conditions: who is asked what is as a model of a few lines says."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from forum.codes import Mode
from forum.questions.answers import settle_answers
from forum.questions.types import Condition, KnownQuestion

OPTIONS = ("a", "b", "c")
CATEGORIES = ("ngo", "state")


@st.composite
def questionnaires(draw: st.DrawFn) -> list[KnownQuestion]:
    """Up to eight questions in any order, each depending on one that was thought of before, or on none."""
    questions: list[KnownQuestion] = []
    for n in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(["boolean", "choice", "choices"]))
        condition = None
        if questions and draw(st.booleans()):
            other = draw(st.sampled_from(questions))
            values: Any = [True, False] if other.kind == "boolean" else list(OPTIONS)
            chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True))
            condition = Condition(other.key, chosen[0]) if len(chosen) == 1 else Condition(other.key, one_of=chosen)
        questions.append(
            KnownQuestion(
                key=f"q{n}",
                kind=kind,
                is_required=draw(st.booleans()),
                condition=condition,
                modes=draw(st.sampled_from([[], ["online"], ["in_person"], ["online", "in_person"]])),
                categories=draw(st.sampled_from([[], [], ["ngo"], ["state", "ngo"]])),
                version=1,
                options=[] if kind == "boolean" else list(OPTIONS),
                is_asked=draw(st.integers(0, 5)) > 0,
            )
        )
    return draw(st.permutations(questions))


def some_answer(draw: st.DrawFn, question: KnownQuestion) -> Any:
    """A right answer mostly, or one that is none."""
    if draw(st.integers(0, 7)) == 0:
        return "nonsense"
    if question.kind == "boolean":
        return draw(st.booleans())
    if question.kind == "choice":
        return draw(st.sampled_from(OPTIONS))
    return draw(st.lists(st.sampled_from(OPTIONS), min_size=1, max_size=3, unique=True))


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[KnownQuestion], Mode, str, dict[str, Any]]:
    """Questions, a person, and what they answer."""
    questions = draw(questionnaires())
    answered = [question for question in questions if draw(st.integers(0, 2))]
    answers = {question.key: some_answer(draw, question) for question in answered}
    return questions, draw(st.sampled_from(["in_person", "online"])), draw(st.sampled_from(CATEGORIES)), answers


class Model:
    """Each question by itself, following conditions upwards as far as they go."""

    def __init__(self, questions: list[KnownQuestion], mode: Mode, category: str, answers: dict[str, Any]) -> None:
        self.by_key = {question.key: question for question in questions}
        self.mode, self.category, self.answers = mode, category, answers

    def is_right(self, key: str) -> bool:
        """Whether what was answered is an answer."""
        kind, answer = self.by_key[key].kind, self.answers[key]
        if kind == "boolean":
            return answer is True or answer is False
        return isinstance(answer, list) if kind == "choices" else answer in OPTIONS

    def verdict(self, key: str) -> str:
        """What is wrong with the answer to a question; `fine`, `absent`, or `unknown` where it cannot be said."""
        question, given = self.by_key[key], key in self.answers
        if not question.is_asked:
            return "question_retired" if given else "absent"
        above = question.condition and self.verdict(question.condition.question)
        if above not in (None, "fine", "absent"):
            return "unknown" if not given or self.is_right(key) else "wrong"
        if question.modes and self.mode not in question.modes:
            return "not_asked" if given else "absent"
        if question.categories and self.category not in question.categories:
            return "not_asked" if given else "absent"
        if question.condition and not (above == "fine" and self.decides(question.condition)):
            return "condition_not_met" if given else "absent"
        if given:
            return "fine" if self.is_right(key) else "wrong"
        return "missing" if question.is_required else "absent"

    def decides(self, condition: Condition) -> bool:
        """Whether what was answered is what the condition names."""
        answer, values = self.answers[condition.question], list(condition.values)
        return any(one in values for one in answer) if isinstance(answer, list) else answer in values

    def faults(self) -> set[tuple[str, str]]:
        """The keys that have a fault, and which."""
        verdicts = {key: self.verdict(key) for key in self.by_key}
        return {(key, found) for key, found in verdicts.items() if found not in ("fine", "absent", "unknown")}


VALUE_CODES = {"wrong_type", "unknown_value"}


@given(case=cases())
@settings(max_examples=200, deadline=None, database=None)
def test_faults_are_those_of_the_model(case: tuple[list[KnownQuestion], Mode, str, dict[str, Any]]) -> None:
    questions, mode, category, answers = case

    settled, faults = settle_answers(questions, mode, category, {}, answers)

    found = {
        ((fault.pointer or "").split("/")[2], "wrong" if fault.code in VALUE_CODES else fault.code) for fault in faults
    }
    model = Model(questions, mode, category, answers)
    assert found == model.faults()
    assert set(settled) == {key for key in answers if model.verdict(key) == "fine"}


@given(case=cases(), changed=st.dictionaries(st.sampled_from([f"q{n}" for n in range(8)]), st.booleans(), max_size=3))
@settings(max_examples=150, deadline=None, database=None)
def test_stored_answers_that_are_asked_no_more_go_and_the_others_stay(
    case: tuple[list[KnownQuestion], Mode, str, dict[str, Any]], changed: dict[str, Any]
) -> None:
    questions, mode, category, answers = case
    stored, _ = settle_answers(questions, mode, category, {}, answers)

    settled, faults = settle_answers(questions, mode, category, stored, changed)

    if not faults:
        model = Model(questions, mode, category, stored | changed)
        assert settled == {key: value for key, value in (stored | changed).items() if model.verdict(key) == "fine"}
        assert settle_answers(questions, mode, category, settled, {}) == (settled, [])
