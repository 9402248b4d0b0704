"""A set over real HTTP: one message, parts in its thread, one cancel, one sheet of pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest

from bot.jobs.accept import Interaction, SetAccepted, accept_set
from bot.jobs.actions import ActionName, ActionRequest, SetCancelAnswered, perform
from bot.jobs.verdict import Verdict
from bot.options.parser import read_text
from bot.options.request import read_request
from sandbox.mindvideo.faults import Call, Fault
from sandbox.slack.entities import ANA, GENERAL, TEAM
from storage.job import Job, Outcome, ReplyTo, Stage
from storage.notification import SET_EDIT_SECONDS
from tests.support.engine_harness import EngineHarness, engine_harness
from tests.support.films import PICTURE, FakeFilms, pictures_in
from tests.support.services import CATALOG
from tests.support.submit_faults import answer

SHEET = b"\xff\xd8\xff a sheet"
ASKED = "{red|blue|green} car"
PROMPTS = ("red car", "blue car", "green car")
TASK_FAILS = Fault.model_validate(
    {"call": Call.SUBMIT, "kind": "task_fails", "message": "The scene is too difficult."}
)


class FakeSheets:
    """Draws one sheet, whatever is on it."""

    def __init__(self) -> None:
        self.drawn: list[Sequence[bytes | None]] = []

    async def draw(self, pictures: Sequence[bytes | None]) -> bytes | None:
        """See `ContactSheets`."""
        self.drawn.append(pictures)
        return SHEET


@asynccontextmanager
async def harness_with_sheets() -> AsyncIterator[tuple[EngineHarness, FakeSheets]]:
    """Start a bot that makes posters and sheets."""
    sheets = FakeSheets()
    async with engine_harness(films=FakeFilms(), contact_sheets=sheets) as harness:
        yield harness, sheets


def asker(harness: EngineHarness, *, thread_ts: str | None = None) -> Interaction:
    """Return an ask of Ana's in the channel."""
    url = harness.sandbox.slack.world.new_response_url(GENERAL, ANA)
    return Interaction(
        team=TEAM,
        channel=GENERAL,
        user=ANA,
        surface="command",
        dedup_key="command:1",
        reply_to=ReplyTo(response_url=url, thread_ts=thread_ts),
    )


async def ask(harness: EngineHarness, *, thread_ts: str | None = None) -> tuple[Job, ...]:
    """Have a set accepted; return its parts."""
    requests = [read_request(read_text(prompt), CATALOG) for prompt in PROMPTS]
    interaction = asker(harness, thread_ts=thread_ts)
    made = await accept_set(requests, ASKED, interaction, harness.services)
    assert isinstance(made, SetAccepted)
    return made.parts


def announced(harness: EngineHarness) -> list[str]:
    """Return the parts that have a message of their own, sorted; a result's is another."""
    said = [one for one in harness.results() if "asked for a video" in str(one.blocks)]
    return sorted(one.job_id or "" for one in said)


async def parts_now(harness: EngineHarness, parts: Sequence[Job]) -> list[Job]:
    """Return the parts as they are now, in their order."""
    return await harness.store.jobs.parts(parts[0].set_id or "")


async def cancel(harness: EngineHarness, part: Job) -> SetCancelAnswered:
    """Cancel all of a set, as its asker."""
    request = ActionRequest(job=part, interaction=asker(harness))
    answered = await perform(ActionName.CANCEL_SET, request, harness.services)
    assert isinstance(answered, SetCancelAnswered)
    return answered


async def test_a_set_of_three_of_which_one_fails_and_one_is_cancelled() -> None:
    """Each part is charged at most once, and the set's message tells how all ended."""
    async with engine_harness() as harness:
        harness.sandbox.video.fail(TASK_FAILS)
        first, _, third = await ask(harness)
        await harness.store.jobs.request_cancel(third.id, ANA, harness.bot_time())
        await harness.run()
        rows = await parts_now(harness, (first,))
        outcomes = sorted(str(row.outcome) for row in rows)
        assert outcomes == [Outcome.CANCELLED, Outcome.FAILED, Outcome.SUCCEEDED]
        assert rows[2].stage is Stage.REJECTED
        assert rows[2].message_ts is None
        keys = [charge.key for charge in harness.sandbox.video.charges]
        assert len(keys) == len(set(keys)) == 2
        (head,) = harness.messages()
        assert head.job_id == first.set_id
        assert {one.thread_ts for one in harness.results()} == {head.ts}
        assert announced(harness) == sorted(row.id for row in rows[:2])
        assert "1 of 3 done" in head.text
        # A cancel before there is a message of its own is told by that of the set.
        assert harness.ephemerals() == []


async def test_a_set_in_a_thread_stands_there_with_all_its_parts() -> None:
    async with engine_harness(render_seconds=600) as harness:
        root = harness.sandbox.slack.world.workspace.post(GENERAL, ANA, "Ideas?")
        parts = await ask(harness, thread_ts=root.ts)
        await harness.run(until=lambda: len(harness.sandbox.video.charges) == 3)
        assert [one.job_id for one in harness.messages()] == [None]
        assert {one.thread_ts for one in harness.results()} == {root.ts}
        said = [one.job_id for one in harness.results()]
        assert said[0] == parts[0].set_id
        assert set(said[1:]) == {part.id for part in parts}


async def test_a_place_that_takes_no_message_ends_the_set_and_is_told_once() -> None:
    async with engine_harness() as harness:
        harness.sandbox.slack.world.workspace.channels[GENERAL].archived = True
        parts = await ask(harness)
        await harness.run()
        rows = await parts_now(harness, parts)
        assert {(row.stage, row.outcome) for row in rows} == {(Stage.REJECTED, Outcome.FAILED)}
        assert harness.sandbox.video.charges == []
        (told,) = harness.ephemerals()
        assert "Nothing was charged." in told.text


async def test_cancel_all_tells_what_is_free_and_what_goes_on() -> None:
    """Asked twice, it is answered twice alike."""
    async with engine_harness(render_seconds=600) as harness:
        # Certainly not sent, as MindVideo does not let the bot in.
        harness.sandbox.video.fail(answer(401, times=2))
        parts = await ask(harness)
        await harness.run(until=lambda: bool(harness.sandbox.video.charges))
        answers = [await cancel(harness, parts[2]) for _ in range(2)]
        assert answers[0].parts == answers[1].parts
        free, billed = answers[0].parts[Verdict.FREE], answers[0].parts[Verdict.BILLED]
        assert (len(free), len(billed)) == (2, 1)
        await harness.run()
        rows = {row.id: row for row in await parts_now(harness, parts)}
        assert {rows[one.id].outcome for one in free} == {Outcome.CANCELLED}
        assert {rows[one.id].outcome for one in billed} == {Outcome.SUCCEEDED}
        assert len(harness.sandbox.video.charges) == len(billed)


async def test_the_message_is_edited_seldom_and_shows_the_sheet_in_the_end() -> None:
    async with harness_with_sheets() as (harness, sheets):
        parts = await ask(harness)
        await harness.run()
        (head,) = harness.messages()
        (file_id,) = pictures_in(head)
        assert harness.sandbox.slack.world.files.file(file_id).path.read_bytes() == SHEET
        assert sheets.drawn == [[PICTURE] * 3]
        edits = [
            call.at
            for call in harness.sandbox.slack.world.calls
            if call.method == "chat.update" and call.args["ts"] == head.ts
        ]
        pauses = [after - before for before, after in pairwise(edits)]
        assert min(pauses) >= SET_EDIT_SECONDS - 1
        assert "All 3 done" in head.text
        row = await harness.store.outbox.find(parts[0].set_id or "")
        assert row is not None
        assert row.due_at is None


async def test_a_set_whose_words_were_erased_still_shows_what_becomes_of_it() -> None:
    """The sheet stays; the words do not come back."""
    async with harness_with_sheets() as (harness, _):
        parts = await ask(harness)
        await harness.run()
        now, retention = harness.bot_time(), harness.store.retention
        assert await retention.erase_texts(now, 9, now=now, without_texts=lambda _, _given: {}) == 3
        await harness.store.jobs.keep(parts[1].id, ANA, now)
        await harness.run()
        (head,) = harness.messages()
        assert "bookmark" in str(head.blocks)
        assert ASKED not in str(head.blocks)
        assert len(pictures_in(head)) == 1


@pytest.mark.parametrize(("commit", "before"), [(1, False), (2, True), (2, False)])
async def test_a_death_around_the_post_of_the_sets_message(commit: int, *, before: bool) -> None:
    """With the intent, with the message, or with its `ts`: there is one, and one of each part."""
    async with engine_harness(render_seconds=600) as harness:
        parts = await ask(harness)
        harness.store.crash_outbox(commit, before=before)
        await harness.run(until=lambda: harness.store.has_crashed)
        assert harness.store.has_crashed
        await harness.restart()
        await harness.run(until=lambda: len(harness.sandbox.video.charges) == 3)
        (head,) = harness.messages()
        assert head.job_id == parts[0].set_id
        assert [one.thread_ts for one in harness.results()] == [head.ts] * 3
        assert {one.job_id for one in harness.results()} == {part.id for part in parts}
