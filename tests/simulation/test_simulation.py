"""Nothing lost, nothing charged twice, nothing posted twice, in thousands of bad days."""

from __future__ import annotations

import asyncio
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from tests.simulation import clock
from tests.simulation.calendar import HOUR, ZONES, WorldCalendar
from tests.simulation.life import UNFORESEEN
from tests.simulation.mutants import MUTANTS, Mutant, catch
from tests.simulation.names import EPOCH
from tests.simulation.report import CATCH_BOUND, Summary, quiet, run_seeds, run_shared
from tests.simulation.runner import simulate
from tests.simulation.shared_mutants import SHARED_MUTANTS, catch_shared
from tests.support.postgres import Server

# These run with all tests, …
FEW = range(10)
# … and these by `make prove`, in pieces that pytest-xdist can share out. Of the first 356, one at
# least notices each mutant but two, which name a later one. `make soak` runs 10,000.
MANY = range(500)
PIECE = 25
LATE_POSTS = range(100)
LATE_POSTS_PIECE = 50
SHARED = range(20)
SHARED_PIECE = 5
# One of these notices each broken bot; a change of what chance decides may need others.
SHARED_CATCH = range(20, 130)


def test_no_promise_breaks_in_a_few_lives() -> None:
    """A quick look before the long one."""
    summary = run_seeds(FEW)
    assert not summary.failed, "\n".join(summary.lines())


@pytest.mark.proof
@pytest.mark.parametrize("first", MANY[::PIECE])
def test_no_promise_breaks_whatever_fails(first: int) -> None:
    """Every seed draws other faults, crashes and restarts; a failing one tells how to replay it."""
    summary = run_seeds(range(first, first + PIECE))
    assert not summary.failed, "\n".join(summary.lines())


@pytest.mark.proof
@pytest.mark.parametrize("first", SHARED[::SHARED_PIECE])
def test_no_promise_breaks_where_processes_share_a_database(postgres: Server, first: int) -> None:
    """Each of two or three dies, stands still, or has a machine whose clock is wrong."""
    summary = run_shared(range(first, first + SHARED_PIECE), postgres)
    assert not summary.failed, "\n".join(summary.lines())


@pytest.mark.proof
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_bot_broken_on_purpose_is_noticed(mutant: Mutant) -> None:
    """Were one of these overlooked, the seeds above would prove nothing."""
    with quiet():
        found = catch(mutant, range(CATCH_BOUND))
    assert found
    assert found.invariant != UNFORESEEN, "the mutant does not fit the code, and shows nothing"


@pytest.mark.proof
@pytest.mark.parametrize("mutant", SHARED_MUTANTS, ids=lambda mutant: mutant.name)
def test_processes_broken_on_purpose_are_noticed(postgres: Server, mutant: Mutant) -> None:
    """As above, where each has others beside it."""
    with quiet():
        found = catch_shared(mutant, SHARED_CATCH, postgres)
    assert found
    assert found.invariant != UNFORESEEN, "the mutant does not fit the code, and shows nothing"


def test_a_seed_replays_exactly() -> None:
    """The same seed tells the same story, line by line."""
    with quiet():
        first, second = (simulate(7, trace=True) for _ in range(2))
    assert first == second
    assert first.trace


def test_a_failing_seed_says_how_to_replay_it() -> None:
    """Whoever sees it fail in CI can see it fail at home."""
    [mutant] = [one for one in MUTANTS if one.name == "acknowledges before the commit"]
    summary = Summary()
    with quiet(), mutant.patch():
        for seed in range(CATCH_BOUND):
            summary.add(simulate(seed))
            if summary.failed:
                break
    command = f"python -m tests.simulation --seed {summary.failed[0].seed} --trace"
    assert command in "\n".join(summary.lines())


@pytest.mark.proof
@pytest.mark.parametrize("first", LATE_POSTS[::LATE_POSTS_PIECE])
def test_a_post_that_comes_late_doubles_a_message_but_never_a_charge(first: int) -> None:
    """Slack has no key for a post; what is then lost is tidiness, not money."""
    summary = Summary()
    with quiet():
        for seed in range(first, first + LATE_POSTS_PIECE):
            summary.add(simulate(seed, late_posts=True))
    assert not summary.failed, "\n".join(summary.lines())
    assert summary.doubled


@pytest.mark.exhaustive
@pytest.mark.parametrize("zone", ZONES)
def test_the_calendars_of_the_worlds_are_those_of_the_earth(zone: str) -> None:
    """The bot reckons by the database of time zones, the simulation by offsets of its own."""
    calendar, known = WorldCalendar(zone=zone), ZoneInfo(zone)
    for hour in range(365 * 24):
        at = EPOCH + hour * HOUR
        assert calendar.day_at(at) == datetime.fromtimestamp(at, known).date()
        day = calendar.day_at(at)
        begin = calendar.begin_of(day)
        assert calendar.day_at(begin) == day
        assert calendar.day_at(begin - 1) < day


def test_virtual_time_passes_without_waiting() -> None:
    """A day is over at once, and things happen in their order."""

    async def day() -> list[float]:
        loop = asyncio.get_running_loop()
        moments: list[float] = []

        async def wait(seconds: float) -> None:
            await asyncio.sleep(seconds)
            moments.append(loop.time())

        await asyncio.gather(wait(86_400), wait(1), wait(3600))
        return moments

    assert clock.run(day()) == [1, 3600, 86_400]


def test_a_standstill_is_an_error() -> None:
    """Everybody waiting for nobody would otherwise hang for ever."""

    async def wait_for_nobody() -> None:
        await asyncio.Event().wait()

    with pytest.raises(clock.StandstillError):
        clock.run(wait_for_nobody())
