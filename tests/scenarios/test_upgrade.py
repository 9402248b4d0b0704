"""A store of the version before opens, and every row of it goes on to its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest
import pytest_asyncio

from bot.messages.blocks import mark
from bot.money.cost_report import sum_of
from bot.notifications.schedule import DIGEST
from bot.options.defaults import DEFAULTS
from sandbox.slack.entities import BOT, TEAM, StoredMessage
from storage.costs import CostFilter
from storage.job import Job, Outcome, Stage
from storage.notification import NOTIFY, OPERATORS, channels_of, team_scope
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.support.engine_harness import EngineHarness, engine_harness
from tests.support.images import image_bytes
from tests.support.inline_store import inline_session
from tests.support.old_store import NOW, READ, STORE, copy_store, load_services, rows

RESENDS = dict(rows(STORE, "SELECT id, result_ts FROM jobs WHERE surface = 'resend'"))
JOBS = {job_id for (job_id,) in rows(STORE, "SELECT id FROM jobs WHERE surface <> 'resend'")}
PARKED = {job_id for (job_id,) in rows(STORE, "SELECT id FROM jobs WHERE stage = 'parked'")}
EVERYTHING = JobFilter(limit=1000)


@asynccontextmanager
async def upgraded(folder: Path) -> AsyncIterator[EngineHarness]:
    """Start today's bot on the store of then, between the services of then."""
    async with engine_harness() as harness:
        load_services(harness.sandbox)
        enlarge_images(harness)
        copy_store(folder / "copy.db", harness.sandbox)
        harness.clock.now = NOW
        await harness.restore(folder / "copy.db")
        yield harness


def enlarge_images(harness: EngineHarness) -> None:
    """Give people's images the size that the model takes; then any size was sent."""
    for file in harness.sandbox.slack.world.files.files.values():
        if file.owner != BOT and file.mimetype.startswith("image/"):
            file.path.write_bytes(image_bytes())


async def run_to_rest(harness: EngineHarness) -> list[Job]:
    """Run until nothing is due, resume what is parked as an operator would, run; return all."""
    await harness.run(hours=72)
    parked = await harness.store.jobs.jobs(JobFilter(stages=frozenset({Stage.PARKED})))
    assert {job.id for job in parked} == PARKED
    for job in parked:
        now = harness.bot_time()
        is_sent_again = job.parked_from is Stage.ANNOUNCED
        await harness.store.jobs.resume(
            job.id, now, confirmed_absent_at=now if is_sent_again else None
        )
    await harness.run(hours=72)
    return await harness.store.jobs.jobs(EVERYTHING)


AtRest: TypeAlias = tuple[EngineHarness, list[Job]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at_rest(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AtRest]:
    """The bot on the store of then with nothing left to do, and all its jobs."""
    async with upgraded(tmp_path_factory.mktemp("upgraded")) as harness:
        yield harness, await run_to_rest(harness)


def posted(harness: EngineHarness) -> dict[str, StoredMessage]:
    """Return all messages of the bot that are not ephemeral, by `ts`."""
    workspace = harness.sandbox.slack.world.workspace
    messages = [one for channel in workspace.channels for one in workspace.all_in(channel)]
    return {one.ts: one for one in messages if one.user == BOT and not one.ephemeral_for}


def contents(path: Path) -> list[list[tuple[object, ...]]]:
    """Return the schema and all rows of a file."""
    schema = rows(path, "SELECT name, sql FROM sqlite_schema ORDER BY name")
    tables = rows(path, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    return [schema, *(rows(path, f"SELECT * FROM {name}") for (name,) in tables)]  # noqa: S608 - from the schema


async def opened(folder: Path) -> tuple[SqliteStore, Path]:
    """Open a copy of the store of then, without services."""
    path = folder / "old.db"
    if not path.exists():
        path.write_bytes(STORE.read_bytes())
    return SqliteStore(await inline_session(str(path))), path


async def test_settings_and_costs_read_as_before(tmp_path: Path) -> None:
    """Subscriptions, digests, defaults, operators, spend, and the durations of renders."""
    store, _ = await opened(tmp_path)
    for name in (NOTIFY, DIGEST, DEFAULTS):
        assert await store.settings.within(channels_of(TEAM), name) == READ["settings"][name]
    assert await store.settings.get(team_scope(TEAM), OPERATORS) == READ["operators"]
    for user, expected in READ["spend"].items():
        whose = None if user == "everybody" else user
        wanted = CostFilter(first="", until="9999-12-31", team=TEAM, user=whose)
        costs = sum_of(await store.jobs.cost_sums(wanted))
        assert [str(costs.confirmed.amount), costs.confirmed.renders] == expected[:2]
        # Since there are budgets, what was not sent yet is held, too.
        assert costs.renders - costs.confirmed.renders >= expected[2]
    for kind, seconds in READ["render_seconds"].items():
        assert await store.jobs.render_seconds(kind, 100) == seconds
    await store.close()


async def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    """The migrations are applied once."""
    store, path = await opened(tmp_path)
    await store.close()
    before = contents(path)
    store, _ = await opened(tmp_path)
    await store.close()
    assert contents(path) == before


@pytest.mark.proof
@pytest.mark.asyncio(loop_scope="module")
async def test_every_job_goes_on_to_one_end_and_one_charge(at_rest: AtRest) -> None:
    """None is lost; each has one message and one result; no key is charged a second time."""
    harness, jobs = at_rest
    messages = posted(harness)
    assert {job.id for job in jobs} == JOBS
    delivered = [job for job in jobs if job.stage is Stage.DELIVERED]
    assert {job.stage for job in jobs} == {Stage.DELIVERED, Stage.REJECTED}
    assert Counter(job.outcome for job in jobs if job not in delivered) == {
        Outcome.FAILED: 1,
        Outcome.CANCELLED: 2,
    }

    charges = {charge.key: charge.amount for charge in harness.sandbox.video.charges}
    assert len(charges) == len(harness.sandbox.video.charges)
    assert charges == {
        f"slack:{TEAM}:{job.channel}:{job.message_ts}": job.cost_shown for job in delivered
    }

    for job in delivered:
        result = messages[job.delivery.ts or ""]
        marked = [one.ts for one in messages.values() if is_marked(one, job.id)]
        assert marked == [job.delivery.ts], job.input
        assert f"<@{job.user}>" in str(result.blocks)
        has_files = job.outcome is Outcome.SUCCEEDED and not job.delivery.link_only
        assert bool(result.files) == has_files, job.input


@pytest.mark.asyncio(loop_scope="module")
async def test_each_resend_and_notification_is_posted_once(at_rest: AtRest) -> None:
    """Those that were posted are not posted again, and beside them and the jobs nothing is."""
    harness, jobs = at_rest
    messages = posted(harness)
    for delivery_id, ts in RESENDS.items():
        resent = await harness.store.outbox.find(delivery_id)
        assert resent is not None
        assert resent.delivery.ts == (ts or resent.delivery.ts)
        marked = [one for one in messages.values() if is_marked(one, delivery_id)]
        assert [one.ts for one in marked] == [resent.delivery.ts]
        assert marked[0].files
        behind = await harness.store.jobs.get(delivery_id)
        assert behind is not None
        assert marked[0].thread_ts == behind.message_ts

    outbox = rows(harness.path, "SELECT delivery_ts, due_at, problem FROM notifications")
    assert {(due_at, problem) for _, due_at, problem in outbox} == {(None, None)}
    of_jobs = [ts for job in jobs for ts in (job.message_ts, job.delivery.ts) if ts]
    assert sorted(messages) == sorted([*of_jobs, *(ts for ts, _, _ in outbox)])


@pytest.mark.asyncio(loop_scope="module")
async def test_a_restart_at_rest_changes_nothing(at_rest: AtRest) -> None:
    """Nothing is due any more, in the store or at a service."""
    harness, _ = at_rest
    before, calls = contents(harness.path), len(harness.sandbox.slack.world.calls)
    requests = len(harness.sandbox.video.requests)
    await harness.restart()
    await harness.run(hours=72)
    assert contents(harness.path) == before
    assert len(harness.sandbox.slack.world.calls) == calls
    assert len(harness.sandbox.video.requests) == requests


def is_marked(message: StoredMessage, row_id: str) -> bool:
    """Return whether a message is marked as the delivery of this row."""
    return any(block.get("block_id") == mark(row_id) for block in message.blocks)
