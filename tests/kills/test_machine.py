"""The real process on a machine that stops it or whose disk fails: nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import signal
import time

import aiohttp
import pytest

from sandbox.slack.delivery import Delivery
from tests.kills import invariants
from tests.kills.bench import KillBench, kill_bench
from tests.kills.strace import failing, why_not

STOP_SECONDS = 25.0
NO_STRACE = why_not()
needs_strace = pytest.mark.skipif(NO_STRACE is not None, reason=NO_STRACE or "")
WRITES = "pwrite64"
SYNCS = "fsync,fdatasync"

pytestmark = pytest.mark.proof


async def test_told_to_stop_in_an_upload_it_finishes_what_it_began() -> None:
    """SIGTERM lets a step that is under way end; then the process exits with 0."""
    async with kill_bench() as place:
        life = await place.live()
        place.call_killer.hold("upload")
        await place.ask()
        await place.call_killer.arrived.wait()
        life.send(signal.SIGTERM)
        await asyncio.sleep(0.2)
        assert not life.is_over
        place.call_killer.release()
        assert await life.end(STOP_SECONDS) == 0
        await place.conclude()


async def test_told_to_stop_in_an_upload_that_hangs_it_leaves_it_to_the_next_life() -> None:
    """It exits with 0 within 25 s, and the next life looks whether the bytes came."""
    async with kill_bench() as place:
        life = await place.live()
        place.call_killer.hold("upload")
        await place.ask()
        await place.call_killer.arrived.wait()
        began = time.monotonic()
        life.send(signal.SIGTERM)
        assert await life.end() == 0
        assert time.monotonic() - began < STOP_SECONDS
        place.call_killer.release()
        await place.conclude()


@needs_strace
async def test_on_a_full_disk_an_ask_is_refused_privately_and_taken_once_there_is_space() -> None:
    """Nothing is acknowledged that is not on disk; `/readyz` says so meanwhile."""
    async with kill_bench() as place:
        life = await place.live()
        async with failing(life.pid, WRITES, "ENOSPC"):
            refused = await place.ask()
            assert "try again later" in words(refused)
            assert await readiness(place) == 503
        assert invariants.rows(place.store) == []
        assert place.sandbox.video.requests == []
        # What `/readyz` found is kept for a while; a command finds out for itself.
        await place.ask()
        await place.all_end()
        assert not life.is_over
        life.send(signal.SIGTERM)
        assert await life.end() == 0
        assert len(invariants.rows(place.store)) == 1
        await place.conclude()


@needs_strace
@pytest.mark.parametrize("calls", [WRITES, SYNCS])
async def test_on_a_broken_disk_it_ends_and_the_next_life_reads_what_is_there(calls: str) -> None:
    """After EIO nobody knows what is on disk, so nobody is told that an ask was not taken."""
    async with kill_bench() as place:
        life = await place.live()
        async with failing(life.pid, calls, "EIO"):
            doubtful = await place.ask()
            assert await life.end() == 1
        if doubtful.ack.problem is None:
            assert "not sure" in words(doubtful)
        await place.conclude()
        told = [said.text for said in place.messages() + place.replies()]
        assert not any("failed" in text.lower() for text in told)


@needs_strace
async def test_on_a_broken_disk_a_job_under_way_goes_on_in_the_next_life() -> None:
    """A commit that fails in the middle of a render ends the process, and nothing else."""
    async with kill_bench(render_seconds=1.0) as place:
        life = await place.live()
        await place.ask()
        await place.until(lambda: place.sandbox.video.charges)
        async with failing(life.pid, SYNCS, "EIO"):
            assert await life.end() == 1
        await place.conclude()


@needs_strace
async def test_a_file_that_has_become_read_only_is_named_at_the_start() -> None:
    """Exit code 1 and a sentence instead of a traceback; the jobs wait in the file."""
    async with kill_bench() as place:
        life = await place.live()
        await place.ask()
        life.send(signal.SIGKILL)
        await life.end()
        launcher = place.launcher.process.pid
        async with failing(launcher, "openat", "EROFS", path=place.store):
            life = await place.live()
            assert await life.end() == 1
        said = life.log.read_text(encoding="utf-8")
        assert f"{place.store}: nothing was written: the file cannot be opened" in said
        assert "Traceback" not in said
        await place.conclude()


def words(delivery: Delivery) -> str:
    """Return what the person was told privately."""
    assert delivery.shown is not None
    return delivery.shown.text


async def readiness(place: KillBench) -> int:
    """Return the status of `/readyz`."""
    url = str(place.sandbox.slack.dispatcher.events_url).replace("/slack/events", "/readyz")
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status
