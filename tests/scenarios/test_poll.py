"""What can go wrong while MindVideo renders and while its file is fetched, and how it ends."""

from __future__ import annotations

import asyncio
import errno
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
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
from tests.support.services import SPOOLS
from tests.support.workbench import Workbench, workbench

MINUTE = 60.0


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


@pytest.mark.parametrize("shape", [Shape.TASK, Shape.LIST, Shape.STREAM], ids=str)
@pytest.mark.parametrize("faults", POLLS.values(), ids=POLLS.keys())
async def test_a_bad_poll_changes_nothing_but_the_time(faults: list[Fault], shape: Shape) -> None:
    """Whatever a poll answers, the render is found in the end, charged once, delivered once."""
    async with workbench() as bench:
        bench.sandbox.video.shape = shape
        for one in faults:
            bench.sandbox.video.fail(one)
        job = await bench.ask()
        await bench.run()
        await bench.assert_one_of_each(job)


@pytest.mark.parametrize("shape", [Shape.MISSING, Shape.NOT_ALLOWED], ids=str)
async def test_without_events_the_task_itself_is_asked_from_then_on(shape: Shape) -> None:
    """One try at the events, then only the other call."""
    async with workbench() as bench:
        bench.sandbox.video.shape = shape
        job = await bench.ask()
        await bench.run()
        row = await bench.assert_one_of_each(job)
        assert call_of(row.provider_memo) is TaskCall.TASK
        assert len(bench.sandbox.video.calls(Call.EVENTS)) == 1


@pytest.mark.parametrize("value", [None, "-1", "NaN", '"cheap"', "null"])
async def test_a_cost_that_is_no_amount_is_pending(value: str | None) -> None:
    """A missing, negative or absurd cost is not told as one."""
    async with workbench() as bench:
        costs = {"kind": FaultKind.COST, "times": None, "value": value}
        for call in (Call.EVENTS, Call.TASK):
            bench.sandbox.video.fail(Fault.model_validate({"call": call, **costs}))
        job = await bench.ask()
        await bench.run(hours=5 * MINUTE / 3600)
        row = await bench.job(job.id)
        assert row.stage is Stage.DELIVERED
        assert row.cost_actual is None
        (message,) = bench.messages()
        assert "cost pending (estimate 0.0756)" in message.text
        bench.sandbox.video.faults.clear()
        await bench.run(hours=48)
        await bench.assert_one_of_each(job)


async def test_a_cost_as_text_is_an_amount() -> None:
    """Numbers may come in quotes."""
    async with workbench() as bench:
        for one in poll(FaultKind.COST, times=None, value='"0.1234"'):
            bench.sandbox.video.fail(one)
        job = await bench.ask()
        await bench.run(hours=5 * MINUTE / 3600)
        assert (await bench.job(job.id)).cost_actual == Decimal("0.1234")


async def test_a_cost_that_changes_later_is_corrected_once() -> None:
    """The message and the thread tell the ledger's amount in the end, in the same two messages."""
    async with workbench() as bench:
        for one in poll(FaultKind.COST, times=None, value="0.5"):
            bench.sandbox.video.fail(one)
        job = await bench.ask()
        await bench.run(until=lambda: bool(bench.results()))
        assert "cost 0.5 " in str(bench.results()[0].blocks)
        bench.sandbox.video.faults.clear()
        await bench.run(hours=48)
        await bench.assert_one_of_each(job)
        (result,) = bench.results()
        assert "cost 0.0756 " in result.text
        names = [event.name for event in await bench.store.jobs.events(job.id)]
        assert names.count(EventName.COST_CORRECTED) == 1


async def test_a_render_that_never_ends_is_told_and_parked() -> None:
    """Late is said once; after hours a person must look, and can resume."""
    async with workbench(poll_max=600.0) as bench:
        bench.sandbox.video.fail(fault(Call.SUBMIT, FaultKind.TASK_NEVER_ENDS))
        job = await bench.ask()
        await bench.run(hours=1)
        assert "longer than usual" in bench.messages()[0].text
        await bench.run(hours=24)
        assert (await bench.job(job.id)).stage is Stage.PARKED
        assert "On hold" in bench.messages()[0].text
        assert bench.ephemerals()
        names = [event.name for event in await bench.store.jobs.events(job.id)]
        assert names.count(EventName.LATE) == 1


async def test_a_task_that_stays_unknown_is_parked() -> None:
    """404 for a quarter of an hour after the acceptance is no delay any more."""
    async with workbench() as bench:
        for one in poll(FaultKind.ANSWER_BEFORE, times=None, status=404):
            bench.sandbox.video.fail(one)
        job = await bench.ask()
        await bench.run()
        row = await bench.job(job.id)
        assert row.stage is Stage.PARKED
        assert row.parked_from is Stage.RENDERING
        assert len(bench.sandbox.video.charges) == 1


async def test_one_404_after_an_outage_decides_nothing() -> None:
    """MindVideo said nothing for an hour: its first word then is asked for once more."""
    async with workbench() as bench:
        unknown = poll(FaultKind.ANSWER_BEFORE, status=404)
        silence = poll(FaultKind.ANSWER_BEFORE, times=None, status=503)
        for one in (*unknown, *silence):
            bench.sandbox.video.fail(one)
        job = await bench.ask()
        await bench.run(hours=1)
        assert (await bench.job(job.id)).missing_since is not None
        bench.sandbox.video.faults.clear()
        for one in unknown:
            bench.sandbox.video.fail(one)
        await bench.run()
        await bench.assert_one_of_each(job)


async def test_404_and_silence_in_turns_come_to_an_end() -> None:
    """Each silence begins the patience anew, but what is tried hundreds of times is parked."""
    async with workbench() as bench:
        for _ in range(300):
            for one in poll(FaultKind.ANSWER_BEFORE, status=404):
                bench.sandbox.video.fail(one)
            busy = fault(Call.EVENTS, FaultKind.ANSWER_BEFORE, status=429, retry_after="600")
            bench.sandbox.video.fail(busy)
        job = await bench.ask()
        await bench.run(hours=48)
        assert (await bench.job(job.id)).stage is Stage.PARKED
        assert "On hold" in bench.messages()[0].text


DOWNLOADS = {
    "URL expired": fault(Call.FILE, FaultKind.ANSWER_BEFORE, status=403),
    "URL gone": fault(Call.FILE, FaultKind.ANSWER_BEFORE, status=410),
    "reply lost": fault(Call.FILE, FaultKind.LOST_BEFORE, times=2),
    "500": fault(Call.FILE, FaultKind.ANSWER_BEFORE, times=3, status=500),
    "0 bytes": fault(Call.FILE, FaultKind.FILE_EMPTY, times=2),
    "cut at 99 %": fault(Call.FILE, FaultKind.FILE_CUT, times=2),
    "unknown length": fault(Call.FILE, FaultKind.FILE_UNSIZED, times=None),
}


@pytest.mark.parametrize("error", DOWNLOADS.values(), ids=DOWNLOADS.keys())
async def test_a_bad_download_is_tried_again(error: Fault) -> None:
    """The file is fetched again, with a fresh URL if need be; nothing is rendered again."""
    async with workbench() as bench:
        bench.sandbox.video.fail(error)
        job = await bench.ask()
        await bench.run()
        await bench.assert_one_of_each(job)
        await assert_whole_file(bench)


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
    "read-only": partial(no_place, errno.EROFS),
    "too many files": partial(no_place, errno.EMFILE),
}


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
    async with workbench() as bench:
        bench.sandbox.video.fail(fault(Call.FILE, FaultKind.FILE_UNSIZED, times=None))
        job = await bench.ask()
        await bench.run()
        row = await bench.job(job.id)
        assert row.stage is Stage.DELIVERED
        assert row.delivery.link_only == (left[0] >= 0)
        assert len(bench.results()) == 1
        assert len(bench.sandbox.video.charges) == 1


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
    async with workbench() as bench, AsyncExitStack() as taken:
        bench.sandbox.video.fail(fault(Call.FILE, FaultKind.FILE_UNSIZED, times=None))
        for _ in range(SPOOLS):
            await taken.enter_async_context(bench.services.spools)
        job = await bench.ask()
        running = asyncio.create_task(bench.run())
        async with asyncio.timeout(5):
            await seen.wait()
        assert opened == 0
        assert (await bench.job(job.id)).stage is Stage.FINISHED
        await taken.aclose()
        await running
        await bench.assert_one_of_each(job)
        await assert_whole_file(bench)


async def finished_before_an_outage(bench: Workbench) -> Job:
    """Return a job whose render was done when the bot went down for an hour."""
    job = await bench.ask()
    bench.store.crash("finished", before=False)
    await bench.run(until=lambda: bench.store.has_crashed)
    bench.clock.moment += 3600.0
    await bench.restart()
    return job


async def test_an_expired_url_is_asked_for_anew() -> None:
    """A bot that was off while the URL expired gets a fresh one from the task."""
    async with workbench() as bench:
        job = await finished_before_an_outage(bench)
        await bench.run()
        await bench.assert_one_of_each(job)
        await assert_whole_file(bench)


async def test_a_cost_that_is_named_with_a_fresh_url_is_told_with_the_result() -> None:
    """The words are made once the file is there, and need no correction."""
    async with workbench() as bench:
        for one in poll(FaultKind.COST, times=None):
            bench.sandbox.video.fail(one)
        await finished_before_an_outage(bench)
        bench.sandbox.video.faults.clear()
        await bench.run(until=lambda: bool(bench.results()))
        (result,) = bench.results()
        assert "cost 0.0756" in str(result.blocks)
        assert result.edits == []


DENIALS = {
    "the task": poll(FaultKind.ANSWER_BEFORE, status=404),
    "the fresh URL": [fault(Call.FILE, FaultKind.ANSWER_BEFORE, times=2, status=404)],
}


@pytest.mark.parametrize("denials", DENIALS.values(), ids=DENIALS.keys())
async def test_one_404_behind_an_expired_url_gives_nothing_up(denials: list[Fault]) -> None:
    """The task, or the URL that it names, may be there a moment later, as after an outage."""
    async with workbench() as bench:
        job = await finished_before_an_outage(bench)
        for one in denials:
            bench.sandbox.video.fail(one)
        await bench.run()
        await bench.assert_one_of_each(job)
        await assert_whole_file(bench)


LINKS = {
    "URL gone": fault(Call.FILE, FaultKind.ANSWER_BEFORE, times=None, status=410),
    "wrong length": fault(Call.FILE, FaultKind.FILE_TOO_LONG, times=None),
    "endless body": fault(Call.FILE, FaultKind.FILE_ENDLESS, times=None),
    "5 GB": fault(Call.FILE, FaultKind.FILE_HUGE, times=None),
}


@pytest.mark.parametrize("error", LINKS.values(), ids=LINKS.keys())
async def test_a_file_that_cannot_be_taken_becomes_a_link(error: Fault) -> None:
    """The person still gets what was paid for: the link, the reason and the cost."""
    async with workbench() as bench:
        bench.sandbox.video.fail(error)
        job = await bench.ask()
        await bench.run(hours=48)
        row = await bench.job(job.id)
        assert row.stage is Stage.DELIVERED
        (result,) = bench.results()
        assert not result.files
        assert f"<{row.outputs[0].url}|Open video 1>" in result.text
        assert "cost 0.0756" in result.text


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "ftp://example.com/v.mp4"],
)
async def test_a_redirect_to_where_it_must_not_go_is_refused(url: str) -> None:
    """A metadata address or another scheme is never asked; the person gets the link."""
    async with workbench() as bench:
        bench.sandbox.video.fail(fault(Call.FILE, FaultKind.FILE_REDIRECT, times=None, value=url))
        job = await bench.ask()
        await bench.run(hours=48)
        assert (await bench.job(job.id)).stage is Stage.DELIVERED
        (result,) = bench.results()
        assert not result.files
        assert url not in result.text


async def assert_whole_file(bench: Workbench) -> None:
    """Hold that what lies at Slack is the file that MindVideo made, byte for byte."""
    (result,) = bench.results()
    (file_id,) = result.files
    stored = bench.sandbox.slack.world.files.file(file_id)
    head = stored.path.read_bytes()[4:8]
    assert head == b"ftyp"
    assert stored.path.stat().st_size == stored.size
