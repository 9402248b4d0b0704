"""Tests that a press on the thumbs of a result is kept once, and nothing else is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.base.ports import Message
from bot.jobs.access import ONLY_MEMBERS
from bot.listeners.actions import press
from bot.listeners.payloads import ButtonPayload
from bot.messages import buttons
from storage.job import Job, Json, Media, Outcome, Output, Stage
from tests.support.listener_harness import JOB, ListenerHarness, listener_harness
from tests.support.store_samples import ACCEPTED, NOW

DONE = replace(
    JOB,
    id="1111111111",
    dedup_key="command:T1:11",
    stage=Stage.DELIVERED,
    outcome=Outcome.SUCCEEDED,
    outputs=(Output(media=Media.VIDEO, url="https://x.test/1.mp4"),),
    due_at=None,
    message_ts="1800000000.000200",
)
DELETED = replace(DONE, id="2222222222", dedup_key="22", deleted_at=NOW, deleted_by="U1")
FAILED = replace(DONE, id="3333333333", dedup_key="33", outcome=Outcome.FAILED, outputs=())
OF_OTHERS = replace(DONE, id="4444444444", dedup_key="44", team="T2")
ELSEWHERE = replace(DONE, id="5555555555", dedup_key="55", channel="D9", user="U9")


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[ListenerHarness]:
    """Listeners over a job that renders, and others that are over."""
    async with listener_harness(tmp_path) as ready:
        for job in (DONE, DELETED, FAILED, OF_OTHERS, ELSEWHERE):
            await ready.services.store.jobs.insert(job, ACCEPTED)
        yield ready


async def pressed(
    harness: ListenerHarness, value: Json, at: str = "1800000009.5", **changed: Json
) -> Message | None:
    """Deliver a press of U7 on the thumbs of a message; return the answer."""
    action: dict[str, Json] = {
        "type": "feedback_buttons",
        "action_id": buttons.FEEDBACK,
        "block_id": "b7",
        "text": {"type": "plain_text", "text": "Good"},
        "action_ts": at,
    }
    usual: dict[str, Json] = {
        "team": {"id": "T1"},
        "user": {"id": "U7"},
        "channel": {"id": "C1"},
        "actions": [action if value is None else {**action, "value": value}],
    }
    harness.ephemerals.messages.clear()
    await press(ButtonPayload.read({**usual, **changed}), harness.services)
    return harness.sent_ephemeral()


async def votes(harness: ListenerHarness) -> list[bool]:
    """Return what is kept of all that was pressed."""
    kept = await harness.services.store.feedback.ratings("T1", 0.0, NOW * 9)
    return sorted(one.is_good for one in kept)


async def test_the_last_press_counts_however_it_is_delivered(harness: ListenerHarness) -> None:
    """Each is answered with what counts then, and the job stays as it is."""
    for value, at, told in (
        ("good", "1800000009.1", ":thumbsup:"),
        ("good", "1800000009.1", ":thumbsup:"),
        ("good", "1800000009.2", ":thumbsup:"),
        ("bad", "1800000010.1", ":thumbsdown:"),
        ("good", "1800000009.2", ":thumbsdown:"),
    ):
        answer = await pressed(harness, f"{value} {DONE.id}", at)
        assert answer is not None
        line = f"Noted: {told} for job `{DONE.id}`. Press the other one to change it."
        assert answer.text == line
    assert await votes(harness) == [False]
    await pressed(harness, f"good {DONE.id}", user={"id": "U8"})
    assert await votes(harness) == [False, True]
    assert await harness.services.store.jobs.get(DONE.id) == DONE


async def test_without_a_time_of_slacks_the_bots_own_counts(harness: ListenerHarness) -> None:
    await pressed(harness, f"good {DONE.id}", "no number")
    assert len(await harness.services.store.feedback.ratings("T1", NOW, NOW + 1)) == 1


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (f"good {DELETED.id}", "was deleted"),
        (f"bad {FAILED.id}", "has no result here"),
        (f"bad {JOB.id}", "has no result here"),
        (f"good {OF_OTHERS.id}", "no record"),
        (f"good {ELSEWHERE.id}", "no record"),
        ("good 9999999999", "no record"),
        (f"best {DONE.id}", "no record"),
        (DONE.id, "no record"),
        ("good", "no record"),
        ("", "no record"),
        (None, "no record"),
    ],
)
async def test_what_is_no_press_on_a_result_keeps_nothing(
    harness: ListenerHarness, value: str | None, told: str
) -> None:
    answer = await pressed(harness, value)
    assert answer is not None
    assert told in answer.text
    assert await votes(harness) == []


async def test_a_person_of_another_workspace_rates_nothing(harness: ListenerHarness) -> None:
    answer = await pressed(harness, f"good {DONE.id}", user={"id": "U7", "team_id": "T2"})
    assert answer is not None
    assert ONLY_MEMBERS in answer.text
    assert await votes(harness) == []


async def test_a_result_that_is_deleted_meanwhile_is_not_rated(
    harness: ListenerHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job was read before it."""
    store, get = harness.services.store, type(harness.services.store.jobs).get

    async def get_and_delete(_jobs: object, job_id: str) -> Job | None:
        job = await get(store.jobs, job_id)
        await store.jobs.delete_result(job_id, "U1", NOW)
        return job

    monkeypatch.setattr(type(store.jobs), "get", get_and_delete)
    answer = await pressed(harness, f"good {DONE.id}")
    assert answer is not None
    assert "was deleted" in answer.text
    assert await votes(harness) == []
