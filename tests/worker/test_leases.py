"""Leases: renewed together while steps wait, taken over after a kill, too old after a pause."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from bot.base.errors import NotAMemberError
from bot.base.ports import Chat, Message, Place, Posted
from bot.notifications.place import MESSAGE_SLOT
from bot.steps import POOLS
from bot.worker.context import Claim
from bot.worker.engine import RENEW_SECONDS, Engine
from bot.worker.gate import Gate
from bot.worker.outbox import post_once
from bot.worker.result import Done, Result
from bot.worker.suspects import SuspectLock
from storage.job import Event, Job, Stage
from storage.notification import Notification, NotificationKind
from storage.pace import Permit
from storage.sqlite.store import SqliteJobs, SqliteOutbox, SqliteStore
from storage.store import (
    FRESH_SECONDS,
    LEASE_SECONDS,
    ClaimLimit,
    StaleFenceError,
    StoreFullError,
)
from tests.simulation import clock
from tests.support.inline_store import inline_session
from tests.support.services import services
from tests.support.store_samples import ACCEPTED, NOW, a_job, a_limit

TAKEOVER_SECONDS = 15.0
HERE = Place(channel="C1")
HELLO = Message(text="hello")


class Jobs(SqliteJobs):
    """Jobs whose renewals are counted, and may fail."""

    renewals: int = 0
    failures: int = 0

    async def renew(self, rows: Sequence[Job], until: float) -> frozenset[str]:
        """See `Queue`."""
        self.renewals += 1
        if self.failures:
            self.failures -= 1
            raise StoreFullError("the disk is full")
        return await super().renew(rows, until)


@dataclass
class Bot:
    """An engine whose steps take `seconds`, in virtual time, beside the store that it works on."""

    jobs: Jobs
    seconds: float
    engine: Engine[Job] = field(init=False)
    paused: float = 0.0
    """For how long the process stood still."""

    def __post_init__(self) -> None:
        """Make the engine."""
        store = cast("SqliteStore", object())
        made = services(store, now=lambda: NOW + self.uptime(), uptime=self.uptime)
        self.engine = Engine(
            self.jobs,
            dict.fromkeys(Stage, self.step),
            made,
            kind="job",
            pools=POOLS,
            gate=Gate(),
            suspects=SuspectLock(),
        )

    def uptime(self) -> float:
        """Return the seconds that have passed."""
        return asyncio.get_running_loop().time() + self.paused

    async def step(self, claim: Claim[Job]) -> Result[Job]:
        """Wait for an answer."""
        await asyncio.sleep(self.seconds)
        return Done(row=claim.row)

    async def others_claim(self) -> list[Job]:
        """Claim what is due as another process does."""
        return await self.jobs.claim(NOW + self.uptime(), LEASE_SECONDS, [a_limit(9)])


def run(
    folder: Path, main: Callable[[Bot], Awaitable[None]], *, seconds: float = 60.0, rows: int = 5
) -> None:
    """Run `main` beside a bot that has begun the steps of some jobs."""

    async def begin() -> None:
        session = await inline_session(str(folder / "jobs.db"))
        bot = Bot(Jobs(session), seconds)
        for number in range(rows):
            job = replace(a_job(number), stage=Stage.RENDERING)
            await bot.jobs.insert(job, ACCEPTED)
        assert await bot.engine.tick() == rows
        await main(bot)
        await bot.engine.stop(0.0)
        await session.close()

    clock.run(begin())


def test_what_waits_for_an_answer_is_renewed_in_one_write(tmp_path: Path) -> None:
    """Without any tick: it may be held up by a chore."""

    async def main(bot: Bot) -> None:
        for _ in range(58):
            await asyncio.sleep(1)
            assert await bot.others_claim() == []
        assert 58 / RENEW_SECONDS - 1 <= bot.jobs.renewals <= 58 / RENEW_SECONDS + 1
        await asyncio.sleep(3)
        done = [await bot.jobs.get(f"job{number}") for number in range(5)]
        assert {(job.lease_until, job.due_at) for job in done if job} == {(None, None)}

    run(tmp_path, main)


def test_what_a_killed_process_held_is_taken_over_within_fifteen_seconds(tmp_path: Path) -> None:
    async def main(bot: Bot) -> None:
        await asyncio.sleep(7)
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        killed_at, taken = bot.uptime(), list[Job]()
        while len(taken) < 5:
            await asyncio.sleep(0.5)
            taken += await bot.others_claim()
        assert LEASE_SECONDS / 2 < bot.uptime() - killed_at <= TAKEOVER_SECONDS

    run(tmp_path, main)


def test_a_renewal_that_fails_is_repeated_in_time(tmp_path: Path) -> None:
    async def main(bot: Bot) -> None:
        bot.jobs.failures = 2
        with capture_logs() as lines:
            for _ in range(30):
                await asyncio.sleep(1)
                assert await bot.others_claim() == []
        assert [line["event"] for line in lines] == ["leases_not_renewed"] * 2

    run(tmp_path, main)


def test_a_stop_renews_what_it_lets_end(tmp_path: Path) -> None:
    """Else another process would begin again what this one ends in order."""

    async def main(bot: Bot) -> None:
        stopping = asyncio.create_task(bot.engine.stop(25))
        while not stopping.done():
            await asyncio.sleep(0.5)
            assert await bot.others_claim() == []
        assert bot.uptime() < 20

    run(tmp_path, main, seconds=18.0)


def test_a_run_whose_row_was_taken_over_ends(tmp_path: Path) -> None:
    """It stood still; others have the row, and its step need not go on."""

    async def main(bot: Bot) -> None:
        bot.paused = 30.0
        assert len(await bot.others_claim()) == 5
        await asyncio.sleep(RENEW_SECONDS + 1)
        await bot.engine.drain()
        assert bot.uptime() < 30 + 2 * RENEW_SECONDS

    run(tmp_path, main)


class Room:
    """A channel, of which the bot may have to become a member."""

    def __init__(self, *, is_member: bool = True) -> None:
        self.posts: list[str] = []
        self._is_member = is_member

    async def post(self, _place: Place, _message: Message, row_id: str) -> Posted:
        """See `Chat`."""
        if not self._is_member:
            raise NotAMemberError("not_in_channel")
        self.posts.append(row_id)
        return Posted(ts="1.0", at=NOW)

    async def join(self, _channel: str) -> None:
        """See `Chat`."""
        self._is_member = True

    async def find_posts(self, *_given: object, **_options: object) -> list[Posted]:
        """See `Chat`."""
        return [Posted(ts="1.0", at=NOW) for _ in self.posts]


class PausingOutbox(SqliteOutbox):
    """An outbox after one of whose commits the process stands still."""

    now: float = NOW
    pauses: tuple[float, ...] = ()
    """For how long, after each commit."""

    async def apply(
        self,
        before: Notification,
        after: Notification,
        event: Event | None,
        permit: Permit | None = None,
    ) -> Notification:
        """See `Queue`."""
        written = await super().apply(before, after, event, permit)
        pause, *rest = self.pauses or (0.0,)
        self.now, self.pauses = self.now + pause, tuple(rest)
        return written


@pytest.mark.parametrize("is_member", [True, False], ids=["at the intent", "after the join"])
@pytest.mark.parametrize("seconds", [FRESH_SECONDS - 0.5, FRESH_SECONDS + 0.5, 30.0])
async def test_what_stood_still_between_its_commit_and_the_post_posts_nothing(
    tmp_path: Path, seconds: float, *, is_member: bool
) -> None:
    """It cannot know what others did meanwhile; the next claim looks, and posts once."""
    session = await inline_session(str(tmp_path / "jobs.db"))
    outbox, room = PausingOutbox(session), Room(is_member=is_member)
    outbox.pauses = (seconds,) if is_member else (0.0, seconds)
    kind, limit = NotificationKind.FAILED, [ClaimLimit(1, (NotificationKind.FAILED,))]
    told = Notification(id="one", team="T1", channel="C1", kind=kind, happened_at=NOW, due_at=NOW)
    await outbox.add(told)
    store = SqliteStore(session)
    made = services(store, chat=cast("Chat", room), now=lambda: outbox.now)
    [row] = await outbox.claim(outbox.now, LEASE_SECONDS, limit)
    claim = Claim(row, outbox, made, leased_at=outbox.now)
    if seconds < FRESH_SECONDS:
        await post_once(claim, MESSAGE_SLOT, HERE, HELLO)
    else:
        with pytest.raises(StaleFenceError, match=r"the lease of one is \d+ s old"):
            await post_once(claim, MESSAGE_SLOT, HERE, HELLO)
        assert room.posts == []
        outbox.now += LEASE_SECONDS
        [row] = await outbox.claim(outbox.now, LEASE_SECONDS, limit)
        await post_once(Claim(row, outbox, made, leased_at=outbox.now), MESSAGE_SLOT, HERE, HELLO)
    assert room.posts == ["one"]
    await session.close()


async def test_each_commit_of_a_claim_renews_its_lease(tmp_path: Path) -> None:
    """So that what follows a commit at once never finds it too old."""
    session = await inline_session(str(tmp_path / "jobs.db"))
    jobs, now = SqliteJobs(session), [NOW]
    await jobs.insert(a_job(), ACCEPTED)
    [row] = await jobs.claim(NOW, LEASE_SECONDS, [a_limit(1)])
    made = services(cast("SqliteStore", object()), now=lambda: now[0])
    claim = Claim(row, jobs, made, leased_at=NOW)
    now[0] += 2 * FRESH_SECONDS
    with pytest.raises(StaleFenceError):
        claim.check_lease()
    written = await claim.write(replace(claim.row, shown="x"), None)
    claim.check_lease()
    assert written.lease_until == now[0] + LEASE_SECONDS
    now[0] += 2 * FRESH_SECONDS
    await claim.hold()
    held = await jobs.get(row.id)
    assert held is not None
    assert held.lease_until == now[0] + LEASE_SECONDS
    assert claim.row == written
    await session.close()
