"""Ways to break the bot on purpose: the simulation must notice every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from math import inf
from types import MappingProxyType, ModuleType

from sqlite_utils import Database

from bot.base.errors import BotError, OperatorMustActError, OutcomeUnknownError, RetryLaterError
from bot.base.ports import Snapshot
from bot.jobs import pacing
from bot.steps import STEPS, announce, deliver, poll, share, submit
from bot.steps.learn import learn
from bot.worker import post, say_once
from bot.worker.context import Turn
from bot.worker.engine import Step
from bot.worker.result import Advance, Reject, Rest, Result
from storage.job import Event, Instant, Job, Outcome, Stage
from storage.sqlite import job_reads, job_writes, notifications
from tests.simulation import life
from tests.simulation.replaced import replaced
from tests.simulation.runner import simulate
from tests.simulation.video import VideoLine
from tests.simulation.watched import WatchedStore

Patch = Callable[[], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """A broken bot: `patch` breaks it for as long as its block runs."""

    name: str
    patch: Patch


def _step(stage: Stage, step: Step) -> Patch:
    """Put another step in the place of a stage's own."""
    return lambda: replaced(life, "STEPS", MappingProxyType({**STEPS, stage: step}))


def _value(owner: ModuleType | type, name: str, value: object) -> Patch:
    """Put another constant or function in the place of one of a module or a class."""
    return lambda: replaced(owner, name, value)


@contextmanager
def _drop_fence() -> Iterator[None]:
    real = job_writes.apply

    def apply(db: Database, before: Job, after: Job, event: Event | None) -> Job:
        row = job_reads.job_by_id(db, before.id) or before
        held = replace(before, fence=row.fence, stage=row.stage)
        return real(db, held, replace(after, fence=row.fence), event)

    with replaced(job_writes, "apply", apply):
        yield


@contextmanager
def _acknowledge_before_commit() -> Iterator[None]:
    real = WatchedStore.insert

    async def insert(store: WatchedStore, job: Job, event: Event) -> tuple[Job, bool]:
        store.process.spawn(_later(store, job, event))
        return job, True

    async def _later(store: WatchedStore, job: Job, event: Event) -> None:
        await store.process.world.sleep(0.5)
        await real(store, job, event)

    with replaced(WatchedStore, "insert", insert):
        yield


@contextmanager
def _body_anew() -> Iterator[None]:
    real = VideoLine.submit

    async def submit_anew(line: VideoLine, body: bytes, key: str) -> Snapshot:
        stamp = f', "at": {line.world.now()}}}'.encode()
        return await real(line, body.removesuffix(b"}") + stamp, key)

    with replaced(VideoLine, "submit", submit_anew):
        yield


@contextmanager
def _key_anew() -> Iterator[None]:
    real = VideoLine.submit

    async def submit_anew(line: VideoLine, body: bytes, key: str) -> Snapshot:
        return await real(line, body, f"{key}:{line.world.now()}")

    with replaced(VideoLine, "submit", submit_anew):
        yield


def _not_recorded(*notes: str) -> Patch:
    """Leave out the commits with these notes: the bot goes on as if they were on disk."""

    @contextmanager
    def patch() -> Iterator[None]:
        real = Turn.record

        async def record(turn: Turn, after: Job, note: str, detail: str = "") -> Job:
            return after if note in notes else await real(turn, after, note, detail)

        with replaced(Turn, "record", record):
            yield

    return patch


async def _find_nothing(*_: object, **__: object) -> Sequence[str]:
    return ()


@contextmanager
def _never_look_for_posts() -> Iterator[None]:
    with (
        replaced(announce, "find_as_member", _find_nothing),
        replaced(say_once, "find_as_member", _find_nothing),
    ):
        yield


@contextmanager
def _never_look_for_notices() -> Iterator[None]:
    with replaced(post, "find_as_member", _find_nothing):
        yield


@contextmanager
def _tell_no_parking() -> Iterator[None]:
    real = notifications.note

    def note(db: Database, job: Job, event: Event) -> None:
        if event.name != "parked":
            real(db, job, event)

    with replaced(notifications, "note", note):
        yield


@contextmanager
def _ignore_cancels() -> Iterator[None]:
    real = Turn.write

    async def write(turn: Turn, after: Job, event: Event | None) -> Job:
        turn.job = replace(await real(turn, after, event), cancel_requested_at=None)
        return turn.job

    async def submit_anyhow(turn: Turn) -> Result:
        turn.job = replace(turn.job, cancel_requested_at=None)
        return await submit.submit(turn)

    with replaced(Turn, "write", write), _step(Stage.ANNOUNCED, submit_anyhow)():
        yield


async def _share_without_looking(turn: Turn) -> Result:
    turn.job = replace(turn.job, result_intent_at=None, uploads=())
    return await deliver.deliver(turn)


async def _doubtful_post_failed(turn: Turn) -> Result:
    try:
        return await announce.announce(turn)
    except OutcomeUnknownError:
        await turn.record(replace(turn.job, post_intent_at=None), "not posted")
        raise


async def _doubtful_submit_failed(turn: Turn) -> Result:
    try:
        return await submit.submit(turn)
    except OutcomeUnknownError as error:
        return Reject(job=turn.job, problem=str(error), outcome=Outcome.FAILED)


async def _refused_for_operator(turn: Turn) -> Result:
    try:
        return await submit.submit(turn)
    except OperatorMustActError as error:
        return Reject(job=turn.job, problem=str(error), outcome=Outcome.FAILED)


async def _delivered_anew(turn: Turn) -> Result:
    try:
        return await deliver.deliver(turn)
    except RetryLaterError:
        anew = replace(turn.job, result_ts=None, result_intent_at=None, uploads=())
        await turn.record(anew, "again")
        raise


async def _delivered_untold(turn: Turn) -> Result:
    try:
        return await deliver.deliver(turn)
    except BotError:
        return Advance(job=replace(turn.job, stage=Stage.DELIVERED), note="delivered")


async def _told_nobody(turn: Turn) -> Result:
    return Rest(job=turn.job)


def _estimate_is_cost(job: Job, snapshot: Snapshot, now: Instant) -> Job:
    seen = learn(job, snapshot, now)
    return replace(seen, cost_actual=seen.cost_actual or seen.cost_estimate)


async def _believe_ok(turn: Turn, _place: object) -> bool:
    """Believe Slack's ok."""
    if turn.job.result_intent_at is None:
        return False
    await turn.record(replace(turn.job, result_ts="1.0"), "shared")
    return True


async def _age_by_own_clock(turn: Turn) -> float:
    sent = turn.job.first_sent_at
    return 0.0 if sent is None else turn.tools.now() - sent


def _hours(_attempts: int, chance: float) -> float:
    return 4 * 3600 * (1 + chance)


MUTANTS = (
    Mutant("writes without its fence", _drop_fence),
    Mutant("acknowledges before the commit", _acknowledge_before_commit),
    Mutant("builds the body anew for each try", _body_anew),
    Mutant("mints a new key for each try", _key_anew),
    Mutant("sends again after 23 hours", _value(submit, "KEY_LIFETIME_SECONDS", inf)),
    Mutant("tells a key's age by its own clock", _value(submit, "_key_age", _age_by_own_clock)),
    Mutant(
        "takes a doubtful submit for a failed one", _step(Stage.ANNOUNCED, _doubtful_submit_failed)
    ),
    Mutant("refuses what an operator must mend", _step(Stage.ANNOUNCED, _refused_for_operator)),
    Mutant("ignores a cancel that was in time", _ignore_cancels),
    Mutant("posts before the intent is on disk", _not_recorded("posting")),
    Mutant("takes a doubtful post for a failed one", _step(Stage.ACCEPTED, _doubtful_post_failed)),
    Mutant("repeats a post without looking", _never_look_for_posts),
    Mutant("takes a backup for all that was said", _value(Turn, "may_be_restored", value=False)),
    Mutant("repeats a notice without looking", _never_look_for_notices),
    Mutant("tells the result before the intent is on disk", _not_recorded("telling")),
    Mutant("shares again without looking", _step(Stage.FINISHED, _share_without_looking)),
    Mutant("believes an ok that shared nothing", _value(share, "_stands", _believe_ok)),
    Mutant("delivers again after a lost edit", _step(Stage.FINISHED, _delivered_anew)),
    Mutant("calls delivered what nobody was told", _step(Stage.FINISHED, _delivered_untold)),
    Mutant("parks in silence", _step(Stage.PARKED, _told_nobody)),
    Mutant("tells operators of no parked job", _tell_no_parking),
    Mutant("gives up at the first 404", _value(poll, "PATIENCE_SECONDS", -1.0)),
    Mutant("tells the estimate as the cost", _value(poll, "learn", _estimate_is_cost)),
    Mutant("waits for hours between two tries", _value(pacing, "backoff", _hours)),
)


@dataclass(frozen=True, slots=True)
class Catch:
    """The first seed that noticed a mutant, and the promise that it saw broken."""

    seed: int
    invariant: str


def catch(mutant: Mutant, seeds: Iterable[int]) -> Catch | None:
    """Run seeds on the broken bot until one notices."""
    with mutant.patch():
        for seed in seeds:
            violations = simulate(seed).violations
            if violations:
                return Catch(seed, violations[0].invariant)
    return None
