"""What can go wrong while MindVideo renders and while its file is fetched, and how it ends."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import IO

import pytest

from bot.base.ports import Download
from bot.mindvideo.client import MindVideoClient
from bot.mindvideo.exchange import TaskCall, call_of
from sandbox.mindvideo.events import Shape
from sandbox.mindvideo.faults import Call, Fault, FaultKind
from storage.job import EventName, Job, Stage
from tests.support.engine_harness import EngineHarness, engine_harness
from tests.support.services import SPOOLS
from tests.support.wire import FILE, raw_server

MINUTE = 60.0
LINK_HOURS = 0.5
"""Long enough for a link, which comes after five minutes, and for tries of the file after it.

Hundreds of these follow within two days, and one kind of failure is enough to see them end.
"""


def fault(call: Call, kind: FaultKind, *, times: int | None = 1, **how: str | int) -> Fault:
    """Return a fault."""
    return Fault.model_validate({"call": call, "kind": kind, "times": times, **how})


def poll(kind: FaultKind, *, times: int | None = 1, **how: str | int) -> list[Fault]:
    """Return what goes wrong with a poll, by whichever of the two calls it is made."""
    return [fault(call, kind, times=times, **how) for call in (Call.EVENTS, Call.TASK)]


POLLS = {
    "state goes back": poll(FaultKind.STATE, times=2, value="queued"),
    "unknown state": poll(FaultKind.STATE, times=3, value="polishing"),
    "reply lost": poll(FaultKind.LOST_BEFORE, times=3),
    "500": poll(FaultKind.ANSWER_BEFORE, times=3, status=500),
    "429": poll(FaultKind.ANSWER_BEFORE, status=429, retry_after="20"),
    "401": poll(FaultKind.ANSWER_BEFORE, times=2, status=401),
    "200 with HTML": poll(FaultKind.ANSWER_BEFORE, times=2, status=200, body="<html>"),
    "truncated JSON": poll(FaultKind.TRUNCATED_AFTER, times=2),
    "10 MB of body": poll(FaultKind.HUGE_AFTER),
    "nulls": poll(FaultKind.NULLS, times=2),
    "no output yet": poll(FaultKind.NO_OUTPUT, times=2),
    "404 after acceptance": poll(FaultKind.ANSWER_BEFORE, times=3, status=404),
    "unknown event": [fault(Call.EVENTS, FaultKind.STRANGE_EVENTS, times=None)],
    "duplicate events": [fault(Call.EVENTS, FaultKind.DUPLICATED, times=None)],
    "reordered events": [fault(Call.EVENTS, FaultKind.REORDERED, times=None)],
    "gaps between events": [fault(Call.EVENTS, FaultKind.GAPS, times=None)],
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("faults", POLLS.values(), ids=POLLS.keys())
async def test_a_failed_poll_only_delays_the_result(faults: list[Fault]) -> None:
    """Whatever a poll answers, the render is charged once and delivered once."""
    async with engine_harness() as harness:
        harness.sandbox.video.shape = Shape.LIST
        for one in faults:
            harness.sandbox.video.fail(one)
        job = await harness.request()
        await harness.run()
        await harness.assert_delivered_once(job)


async def test_without_an_events_endpoint_only_the_task_is_polled() -> None:
    """After one request for the events: which call to use is committed with the job."""
    async with engine_harness() as harness:
        harness.sandbox.video.shape = Shape.MISSING
        job = await harness.request()
        await harness.run()
        row = await harness.assert_delivered_once(job)
        assert call_of(row.provider_memo) is TaskCall.TASK
        assert len(harness.sandbox.video.calls(Call.EVENTS)) == 1


@pytest.mark.parametrize("state", ["COMPLETED", "Succeeded", "nobody-knows-this"])
async def test_of_500_outputs_ten_are_brought_and_one_is_a_link(state: str) -> None:
    """Also if the state has another service's name, or one that nobody knows."""
    async with engine_harness() as harness, raw_server(FILE) as wire:
        urls = [{"url": f"{wire.address}/{number}.png?sig=%7e"} for number in range(500)]
        output = {"images": urls}
        task = {"task_id": "t", "status": state, "output": output, "cost_actual": "0.0756"}
        body = json.dumps(task)
        for one in poll(FaultKind.ANSWER_BEFORE, times=None, status=200, body=body):
            harness.sandbox.video.fail(one)
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.results()))
        (result,) = harness.results()
        assert len(result.files) == 10
        assert str(result.blocks).count(".png?sig=%7e") == 1
        assert f"{wire.address}/10.png?sig=%7e" in str(result.blocks)
        assert wire.targets == [f"/{number}.png?sig=%7e" for number in range(10)]
        assert len((await harness.job(job.id)).outputs) == 11


@pytest.mark.parametrize("value", [None, "-1"], ids=["missing", "negative"])
async def test_a_cost_that_is_no_amount_is_pending(value: str | None) -> None:
    """A missing, negative or absurd cost is not told as one."""
    async with engine_harness() as harness:
        costs = {"kind": FaultKind.COST, "times": None, "value": value}
        for call in (Call.EVENTS, Call.TASK):
            harness.sandbox.video.fail(Fault.model_validate({"call": call, **costs}))
        job = await harness.request()
        await harness.run(hours=5 * MINUTE / 3600)
        row = await harness.job(job.id)
        assert row.stage is Stage.DELIVERED
        assert row.cost_actual is None
        (message,) = harness.messages()
        assert "cost pending (estimate 0.0756)" in message.text
        harness.sandbox.video.faults.clear()
        await harness.run(hours=48)
        await harness.assert_delivered_once(job)


async def test_a_cost_that_changes_later_is_corrected_once() -> None:
    """The message and the thread tell the ledger's amount in the end, in the same two messages."""
    async with engine_harness() as harness:
        for one in poll(FaultKind.COST, times=None, value="0.5"):
            harness.sandbox.video.fail(one)
        job = await harness.request()
        await harness.run(until=lambda: bool(harness.results()))
        assert "cost 0.5" in str(harness.results()[0].blocks)
        harness.sandbox.video.faults.clear()
        await harness.run(hours=48)
        await harness.assert_delivered_once(job)
        (result,) = harness.results()
        assert "cost 0.0756." in result.text
        names = [event.name for event in await harness.store.jobs.events(job.id)]
        assert names.count(EventName.COST_CORRECTED) == 1


@pytest.mark.proof
async def test_a_render_that_never_ends_is_told_and_parked() -> None:
    """Late is said once; after hours a person must look, and can resume."""
    async with engine_harness(poll_max=1800.0) as harness:
        harness.sandbox.video.fail(fault(Call.SUBMIT, FaultKind.TASK_NEVER_ENDS))
        job = await harness.request()
        await harness.run(hours=1)
        assert "longer than usual" in harness.messages()[0].text
        await harness.run(hours=24)
        assert (await harness.job(job.id)).stage is Stage.PARKED
        assert "On hold" in harness.messages()[0].text
        assert harness.ephemerals()
        names = [event.name for event in await harness.store.jobs.events(job.id)]
        assert names.count(EventName.LATE) == 1


async def test_a_task_that_stays_unknown_is_parked() -> None:
    """404 for a quarter of an hour after the acceptance is no delay any more."""
    async with engine_harness() as harness:
        for one in poll(FaultKind.ANSWER_BEFORE, times=None, status=404):
            harness.sandbox.video.fail(one)
        job = await harness.request()
        await harness.run()
        row = await harness.job(job.id)
        assert row.stage is Stage.PARKED
        assert row.parked_from is Stage.RENDERING
        assert len(harness.sandbox.video.charges) == 1


async def test_one_404_after_an_outage_decides_nothing() -> None:
    """MindVideo said nothing for an hour: its first word then is asked for once more."""
    async with engine_harness() as harness:
        unknown = poll(FaultKind.ANSWER_BEFORE, status=404)
        silence = poll(FaultKind.ANSWER_BEFORE, times=None, status=503)
        for one in (*unknown, *silence):
            harness.sandbox.video.fail(one)
        job = await harness.request()
        await harness.run(hours=1)
        assert (await harness.job(job.id)).missing_since is not None
        harness.sandbox.video.faults.clear()
        for one in unknown:
            harness.sandbox.video.fail(one)
        await harness.run()
        await harness.assert_delivered_once(job)


@pytest.mark.usefixtures("few_tries")
async def test_404_and_silence_in_turns_come_to_an_end() -> None:
    """Each silence begins the patience anew, but what is tried too often is parked."""
    async with engine_harness() as harness:
        for _ in range(40):
            for one in poll(FaultKind.ANSWER_BEFORE, status=404):
                harness.sandbox.video.fail(one)
            busy = fault(Call.EVENTS, FaultKind.ANSWER_BEFORE, status=429, retry_after="600")
            harness.sandbox.video.fail(busy)
        job = await harness.request()
        await harness.run(hours=48)
        assert (await harness.job(job.id)).stage is Stage.PARKED
        assert "On hold" in harness.messages()[0].text


DOWNLOADS = {
    "URL expired": fault(Call.FILE, FaultKind.ANSWER_BEFORE, status=403),
    "URL gone": fault(Call.FILE, FaultKind.ANSWER_BEFORE, status=410),
    "reply lost": fault(Call.FILE, FaultKind.LOST_BEFORE, times=2),
    "500": fault(Call.FILE, FaultKind.ANSWER_BEFORE, times=3, status=500),
    "0 bytes": fault(Call.FILE, FaultKind.FILE_EMPTY, times=2),
    "cut at 99 %": fault(Call.FILE, FaultKind.FILE_CUT, times=2),
    "unknown length": fault(Call.FILE, FaultKind.FILE_UNSIZED, times=None),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("error", DOWNLOADS.values(), ids=DOWNLOADS.keys())
async def test_a_bad_download_is_tried_again(error: Fault) -> None:
    """The file is fetched again, with a fresh URL if need be; nothing is rendered again."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(error)
        job = await harness.request()
        await harness.run()
        await harness.assert_delivered_once(job)
        await assert_whole_file(harness)


def no_place(number: int) -> IO[bytes]:
    """Fail as a temporary file does that cannot be made."""
    raise OSError(number, os.strerror(number))


def full_disk() -> IO[bytes]:
    """Return a file whose bytes find no space, neither at a write nor when it is closed."""
    file = Path("/dev/full").open("w+b")  # noqa: SIM115 - who asked for it closes it
    file.write(b"in the buffer")
    return file


NO_SPOOL = {
    "full disk": full_disk,
    "no directory": partial(no_place, errno.ENOENT),
    "too many files": partial(no_place, errno.EMFILE),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("fails", [2, 10_000], ids=["for a while", "for good"])
@pytest.mark.parametrize("failure", NO_SPOOL.values(), ids=NO_SPOOL.keys())
async def test_without_a_place_for_a_file_it_is_tried_again_and_then_linked(
    failure: Callable[[], IO[bytes]], fails: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of unknown length passes through the disk; what was paid for is not put on hold."""
    made, left = tempfile.TemporaryFile, [fails]

    def make(*how: object, **more: object) -> object:
        left[0] -= 1
        return failure() if left[0] >= 0 else made(*how, **more)  # type: ignore[call-overload] # as given

    monkeypatch.setattr(tempfile, "TemporaryFile", make)
    async with engine_harness() as harness:
        harness.sandbox.video.fail(fault(Call.FILE, FaultKind.FILE_UNSIZED, times=None))
        job = await harness.request()
        await harness.run(hours=LINK_HOURS)
        row = await harness.job(job.id)
        assert row.stage is Stage.DELIVERED
        assert row.delivery.link_only == (left[0] >= 0)
        assert len(harness.results()) == 1
        assert len(harness.sandbox.video.charges) == 1


async def test_who_waits_for_a_spool_keeps_no_download_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be long: MindVideo's host would hang up, and the link expire."""
    download, seen, opened = MindVideoClient.download, asyncio.Event(), 0

    @asynccontextmanager
    async def counted(video: MindVideoClient, url: str) -> AsyncIterator[Download]:
        nonlocal opened
        async with download(video, url) as file:
            opened += 1
            yield file
        opened -= 1
        seen.set()

    monkeypatch.setattr(MindVideoClient, "download", counted)
    async with engine_harness() as harness, AsyncExitStack() as taken:
        harness.sandbox.video.fail(fault(Call.FILE, FaultKind.FILE_UNSIZED, times=None))
        for _ in range(SPOOLS):
            await taken.enter_async_context(harness.services.spools)
        job = await harness.request()
        running = asyncio.create_task(harness.run())
        async with asyncio.timeout(5):
            await seen.wait()
        assert opened == 0
        assert (await harness.job(job.id)).stage is Stage.FINISHED
        await taken.aclose()
        await running
        await harness.assert_delivered_once(job)
        await assert_whole_file(harness)


async def finished_before_an_outage(harness: EngineHarness) -> Job:
    """Return a job whose render was done when the bot went down for an hour."""
    job = await harness.request()
    harness.store.crash("finished", before=False)
    await harness.run(until=lambda: harness.store.has_crashed)
    harness.clock.now += 3600.0
    await harness.restart()
    return job


async def test_an_expired_url_is_asked_for_anew() -> None:
    """A bot that was off while the URL expired gets a fresh one from the task."""
    async with engine_harness() as harness:
        job = await finished_before_an_outage(harness)
        await harness.run()
        await harness.assert_delivered_once(job)
        await assert_whole_file(harness)


async def test_a_cost_that_is_named_with_a_fresh_url_is_told_with_the_result() -> None:
    """The words are made once the file is there, and need no correction."""
    async with engine_harness() as harness:
        for one in poll(FaultKind.COST, times=None):
            harness.sandbox.video.fail(one)
        await finished_before_an_outage(harness)
        harness.sandbox.video.faults.clear()
        await harness.run(until=lambda: bool(harness.results()))
        (result,) = harness.results()
        assert "cost 0.0756" in str(result.blocks)
        assert result.edits == []


DENIALS = {
    "the task": poll(FaultKind.ANSWER_BEFORE, status=404),
    "the fresh URL": [fault(Call.FILE, FaultKind.ANSWER_BEFORE, times=2, status=404)],
}


@pytest.mark.parametrize("denials", DENIALS.values(), ids=DENIALS.keys())
async def test_one_404_behind_an_expired_url_gives_nothing_up(denials: list[Fault]) -> None:
    """The task, or the URL that it names, may be there a moment later, as after an outage."""
    async with engine_harness() as harness:
        job = await finished_before_an_outage(harness)
        for one in denials:
            harness.sandbox.video.fail(one)
        await harness.run()
        await harness.assert_delivered_once(job)
        await assert_whole_file(harness)


LINKS = {
    "URL gone": fault(Call.FILE, FaultKind.ANSWER_BEFORE, times=None, status=410),
    "wrong length": fault(Call.FILE, FaultKind.FILE_TOO_LONG, times=None),
    "endless body": fault(Call.FILE, FaultKind.FILE_ENDLESS, times=None),
    "5 GB": fault(Call.FILE, FaultKind.FILE_HUGE, times=None),
}


@pytest.mark.exhaustive
@pytest.mark.usefixtures("few_tries")
@pytest.mark.parametrize(
    ("error", "hours"),
    [(error, 48.0 if name == "URL gone" else LINK_HOURS) for name, error in LINKS.items()],
    ids=LINKS.keys(),
)
async def test_a_file_that_cannot_be_taken_becomes_a_link(error: Fault, hours: float) -> None:
    """The person still gets what was paid for: the link, the reason and the cost."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(error)
        job = await harness.request()
        await harness.run(hours=hours)
        row = await harness.job(job.id)
        assert row.stage is Stage.DELIVERED
        (result,) = harness.results()
        assert not result.files
        assert f"<{row.outputs[0].url}|Open video 1>" in result.text
        assert "cost 0.0756" in result.text


async def test_a_redirect_to_a_private_address_is_refused() -> None:
    """It is never requested; the user gets the link to the file instead."""
    url = "http://169.254.169.254/latest/meta-data/"
    async with engine_harness() as harness:
        harness.sandbox.video.fail(fault(Call.FILE, FaultKind.FILE_REDIRECT, times=None, value=url))
        job = await harness.request()
        await harness.run(hours=48)
        assert (await harness.job(job.id)).stage is Stage.DELIVERED
        (result,) = harness.results()
        assert not result.files
        assert url not in result.text


async def assert_whole_file(harness: EngineHarness) -> None:
    """Hold that what lies at Slack is the file that MindVideo made, byte for byte."""
    (result,) = harness.results()
    (file_id,) = result.files
    stored = harness.sandbox.slack.world.files.file(file_id)
    head = stored.path.read_bytes()[4:8]
    assert head == b"ftyp"
    assert stored.path.stat().st_size == stored.size
