"""Measures of the published programme: kept bytes, plain and compressed, and 304."""

from collections.abc import AsyncIterator

from tests.bench.load import request
from tests.bench.report import Measure
from tests.bench.rounds import Plan, Side, take_turns
from tests.bench.stage import Stage, make_live_edition, make_programme

SLUG = "bench-programme"
PATH = f"/v1/editions/{SLUG}/programme"
DICT = request("GET", "/bare/dict")


async def measure_programme(stage: Stage, plan: Plan) -> AsyncIterator[Measure]:
    """The whole programme of 300 sessions, as bytes that are kept, and the answer that nothing has changed."""
    plan.say("making a programme of 300 sessions")
    await make_live_edition(stage, SLUG, capacity=100)
    await make_programme(stage, SLUG)
    whole = await stage.http.get(PATH, headers={"Accept-Encoding": "identity"})
    small = await stage.http.get(PATH, headers={"Accept-Encoding": "gzip"})
    kilobytes = len(whole.content) // 1000, int(small.headers["content-length"]) // 1000
    kinds = [
        ("programme", f"programme of 300 sessions, {kilobytes[0]} kB", {}, 200, 0.5),
        ("programme_gzip", f"the same compressed, {kilobytes[1]} kB", {"Accept-Encoding": "gzip"}, 200, 0.5),
        ("not_modified", "the same not modified, 304", {"If-None-Match": whole.headers["etag"]}, 304, 0.8),
    ]
    for name, what, headers, status, bound in kinds:
        forum = Side(stage, [request("GET", PATH, headers=headers)], status)
        bare = Side(stage, [DICT], 200)
        await take_turns(plan, name, forum, bare)
        yield Measure(
            name=name, what=what, against="a small dict", bound=bound, forum=forum.rounds, bare=bare.rounds
        )  # fmt: skip
