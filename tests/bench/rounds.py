"""Runs Forum and the bare route in turn, round after round, and counts what came back."""

from collections import Counter
from collections.abc import Callable, Sequence

from msgspec import Struct

from tests.bench.load import Load, Outcome
from tests.bench.report import Round
from tests.bench.stage import Stage
from tests.bench.usage import Usage

WARM_UP_SECONDS = 0.5


class Plan(Struct, frozen=True):
    """How long to measure."""

    seconds: float
    rounds: int
    clients: int
    say: Callable[[str], None]


class Side:
    """One of the two routes that are compared: what to send it, and what it has answered so far."""

    def __init__(
        self, stage: Stage, requests: Sequence[bytes], status: int, marks: Sequence[str] = (), first: int = 0
    ) -> None:
        self._stage, self._requests, self._status, self._marks = stage, list(requests), status, list(marks)
        self._next = first
        self.rounds: list[Round] = []
        self.marks: Counter[str] = Counter()
        self.answers = 0

    async def run(self, plan: Plan, seconds: float) -> None:
        """Send for some seconds; raises `RuntimeError` when an answer is not what the route promises."""
        load = Load(
            port=self._stage.port,
            requests=self._requests,
            clients=plan.clients,
            seconds=seconds,
            first=self._next,
            marks=self._marks,
        )
        usage = Usage({"server": (self._stage.server_pid, False), "database": (self._stage.database_pid, True)})
        outcome = await self._stage.generator.send(load)
        made = usage.round(outcome.answers, outcome.answers / outcome.seconds, outcome.seconds)
        made.p99_ms = outcome.p99_ms
        made.busy["generator"] = outcome.cpu_seconds / outcome.seconds
        self._next += outcome.sent
        self.answers += outcome.answers
        self.marks.update(outcome.marks)
        self._refuse(outcome)
        self.rounds.append(made)

    def _refuse(self, outcome: Outcome) -> None:
        if outcome.lost or outcome.statuses != {self._status: outcome.answers}:
            path = self._requests[0].split(b" ", 2)[1].decode()
            raise RuntimeError(f"{path}: {outcome.lost} answers lost, statuses {outcome.statuses}")


async def take_turns(plan: Plan, name: str, forum: Side, bare: Side) -> None:
    """Warm both up, then measure them in turn."""
    for side in (forum, bare):
        await side.run(plan, WARM_UP_SECONDS)
        side.rounds.clear()
    for number in range(plan.rounds):
        for side in (forum, bare):
            await side.run(plan, plan.seconds)
        rates = f"{forum.rounds[-1].rate:,.0f} against {bare.rounds[-1].rate:,.0f} a second"
        plan.say(f"{name}, round {number + 1} of {plan.rounds}: {rates}")
