"""Tests of the client over real HTTP, against the simulated MindVideo and its faults."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.base.errors import (
    BotError,
    KeyConflictError,
    NotFoundError,
    OperatorMustActError,
    OutcomeUnknownError,
    RefusedError,
    RetryLaterError,
)
from bot.base.ports import TaskState, VideoService
from bot.mindvideo.client import Limits, MindVideoClient
from bot.mindvideo.protocol import KEY_LIFETIME_SECONDS
from sandbox.mindvideo.events import Shape
from sandbox.mindvideo.faults import Call, FaultKind
from sandbox.server import serve
from storage.job import Json, Media
from tests.support.clock import ManualClock
from tests.support.mindvideo_sandbox import (
    API_KEY,
    BY_EVENTS,
    BY_TASK,
    KEY,
    MindVideoHarness,
    mindvideo_harness,
    read,
)

COST = Decimal("0.0756")


@pytest.fixture
async def mindvideo() -> AsyncIterator[MindVideoHarness]:
    """A simulated MindVideo and a client."""
    async with mindvideo_harness() as running:
        yield running


def test_the_client_is_a_video_service() -> None:
    _: type[VideoService] = MindVideoClient


async def test_the_lifetime_of_a_key_is_less_than_a_day() -> None:
    client = MindVideoClient("https://api.example", API_KEY, now=ManualClock())
    await client.aclose()

    assert client.key_lifetime == KEY_LIFETIME_SECONDS < 24 * 3600


def free_port() -> int:
    """Return a port of loopback that no socket listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


# Submit


async def test_a_submit_starts_a_task_with_the_exact_bytes_and_key(
    mindvideo: MindVideoHarness,
) -> None:
    snapshot = await mindvideo.submit()

    (seen,) = mindvideo.service.requests
    assert (seen.method, seen.path, seen.key) == ("POST", "/api/v1/tasks", KEY)
    assert seen.body == mindvideo.body() == b'{"input":{"prompt":"a red car"},"model":"kling-v3"}'
    assert seen.authorization == f"Bearer {API_KEY}"
    assert (snapshot.state, snapshot.cost_estimate) == (TaskState.QUEUED, COST)
    assert snapshot.task_id == mindvideo.service.charges[0].task_id


async def test_a_repeated_submit_returns_the_first_task_without_a_charge(
    mindvideo: MindVideoHarness,
) -> None:
    first = await mindvideo.submit()
    second = await mindvideo.submit()

    assert first.task_id == second.task_id
    assert len(mindvideo.service.charges) == 1


async def test_twenty_submits_of_one_key_at_once_are_one_charge(
    mindvideo: MindVideoHarness,
) -> None:
    snapshots = await asyncio.gather(*(mindvideo.submit() for _ in range(20)))

    assert len({snapshot.task_id for snapshot in snapshots}) == 1
    assert len(mindvideo.service.charges) == 1


async def test_a_key_with_another_input_is_a_conflict(mindvideo: MindVideoHarness) -> None:
    await mindvideo.submit()

    with pytest.raises(KeyConflictError):
        await mindvideo.client.submit(mindvideo.body("a blue car"), KEY)


async def test_a_refused_input_is_raised_with_mindvideos_message(
    mindvideo: MindVideoHarness,
) -> None:
    body = mindvideo.client.request_body("kling-v3", {"prompt": "x", "duration": 20})

    with pytest.raises(RefusedError, match="duration: 20 is greater than the maximum of 15"):
        await mindvideo.client.submit(body, KEY)

    assert not mindvideo.service.charges


@pytest.mark.parametrize(
    ("kind", "details", "charges"),
    [
        (FaultKind.LOST_BEFORE, {}, 0),
        (FaultKind.LOST_AFTER, {}, 1),
        (FaultKind.ANSWER_AFTER, {"status": 500}, 1),
        (FaultKind.ANSWER_AFTER, {"status": 200, "body": ""}, 1),
        (FaultKind.TRUNCATED_AFTER, {}, 1),
        (FaultKind.HUGE_AFTER, {}, 1),
    ],
)
async def test_a_doubtful_submit_can_be_repeated_without_another_charge(
    mindvideo: MindVideoHarness, kind: FaultKind, details: dict[str, object], charges: int
) -> None:
    mindvideo.fail(Call.SUBMIT, kind, **details)

    with pytest.raises(OutcomeUnknownError):
        await mindvideo.submit()
    assert len(mindvideo.service.charges) == charges

    assert (await mindvideo.submit()).task_id == "task_sandbox_1"
    assert len(mindvideo.service.charges) == 1


async def test_a_retry_after_date_is_compared_with_the_clients_clock(
    mindvideo: MindVideoHarness,
) -> None:
    date = "Sun, 15 Jun 2025 15:07:10 GMT"
    mindvideo.fail(Call.SUBMIT, FaultKind.ANSWER_BEFORE, status=429, retry_after=date)

    with pytest.raises(RetryLaterError) as caught:
        await mindvideo.submit()

    assert caught.value.retry_after == 30


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, OperatorMustActError), (425, RetryLaterError), (413, RefusedError)],
)
async def test_a_definite_refusal_is_raised_by_its_status(
    mindvideo: MindVideoHarness, status: int, error: type[BotError]
) -> None:
    mindvideo.fail(Call.SUBMIT, FaultKind.ANSWER_BEFORE, status=status)

    with pytest.raises(error):
        await mindvideo.submit()

    assert not mindvideo.service.charges


async def test_an_unreachable_service_is_retried() -> None:
    client = MindVideoClient(f"http://127.0.0.1:{free_port()}", API_KEY, now=ManualClock())

    with pytest.raises(RetryLaterError, match="cannot be reached"):
        await client.submit(b"{}", KEY)
    with pytest.raises(RetryLaterError, match="cannot be reached"):
        await client.get_task("task_1", BY_TASK)

    await client.aclose()


async def test_a_slow_service_is_waited_for(mindvideo: MindVideoHarness) -> None:
    mindvideo.fail(Call.SUBMIT, FaultKind.SLOW, seconds=0.05)

    assert (await mindvideo.submit()).task_id is not None


async def test_a_submit_without_a_response_is_in_doubt() -> None:
    async with mindvideo_harness(Limits(submit_seconds=0.1, read_seconds=0.1)) as mindvideo:
        mindvideo.fail(Call.SUBMIT, FaultKind.SLOW, seconds=0.5)
        mindvideo.fail(Call.TASK, FaultKind.SLOW, seconds=0.5)

        with pytest.raises(OutcomeUnknownError):
            await mindvideo.submit()
        with pytest.raises(RetryLaterError):
            await mindvideo.client.get_task("task_1", BY_TASK)


async def test_a_submit_with_a_response_that_is_not_http_is_in_doubt() -> None:
    async def answer_smtp(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example.com ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(answer_smtp, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = MindVideoClient(f"http://127.0.0.1:{port}", API_KEY, now=ManualClock())

    with pytest.raises(OutcomeUnknownError) as caught:
        await client.submit(b"{}", KEY)

    assert caught.value.__cause__ is None
    await client.aclose()
    server.close()
    await server.wait_closed()


async def test_a_redirect_is_not_followed(
    mindvideo: MindVideoHarness,
) -> None:
    followed: list[str] = []

    async def record(request: web.Request) -> web.Response:
        followed.append(request.path)
        return web.json_response({"task_id": "task_other", "status": "queued"})

    async def redirect(_request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(other + "/api/v1/tasks")

    other_api, api = web.Application(), web.Application()
    other_api.router.add_route("*", "/{path:.*}", record)
    api.router.add_route("*", "/{path:.*}", redirect)
    async with serve(other_api) as other, serve(api) as base:
        client = MindVideoClient(base, API_KEY, now=ManualClock())
        with pytest.raises(OperatorMustActError, match="MINDVIDEO_BASE_URL"):
            await client.submit(mindvideo.body(), KEY)
        with pytest.raises(OperatorMustActError, match="MINDVIDEO_BASE_URL"):
            await client.get_task("task_1", BY_EVENTS)
        await client.aclose()

    assert not followed


@pytest.mark.parametrize("status", [400, 500])
async def test_an_error_that_quotes_the_api_key_is_raised_without_it(
    mindvideo: MindVideoHarness, status: int
) -> None:
    message = f"Key {API_KEY} is odd"
    mindvideo.fail(
        Call.SUBMIT, FaultKind.ANSWER_BEFORE, status=status, message=message, code=API_KEY
    )

    with pytest.raises(BotError, match="is odd") as caught:
        await mindvideo.submit()

    assert API_KEY not in f"{caught.value} {caught.value.code} {caught.value!r}"
    assert "secret" not in f"{caught.value} {caught.value.code}"


async def test_an_empty_api_key_is_refused_by_mindvideo(mindvideo: MindVideoHarness) -> None:
    client = MindVideoClient(mindvideo.url, "", now=ManualClock())

    with pytest.raises(OperatorMustActError, match="The API key is missing or unknown"):
        await client.get_task("task_1", BY_TASK)

    await client.aclose()


# Read


@pytest.mark.parametrize("shape", [Shape.TASK, Shape.LIST, Shape.STREAM, Shape.EMPTY], ids=str)
async def test_a_render_is_read_to_its_end_in_every_shape_of_events(
    mindvideo: MindVideoHarness, shape: Shape
) -> None:
    mindvideo.service.shape = shape
    task_id = (await mindvideo.submit()).task_id or ""
    seen = [await mindvideo.client.get_task(task_id, BY_EVENTS)]
    for _ in range(3):
        mindvideo.clock.now += 2.5
        seen.append(await mindvideo.client.get_task(task_id, seen[-1].memo))

    states = [snapshot.state.value for snapshot in seen]
    assert states == ["queued", "processing", "processing", "succeeded"]
    assert seen[-1].cost_actual == COST
    assert [output.media for output in seen[-1].outputs] == [Media.VIDEO]


async def test_after_a_stream_that_stays_open_the_task_is_read() -> None:
    async with mindvideo_harness(Limits(stream_seconds=0.2)) as mindvideo:
        mindvideo.service.shape = Shape.OPEN_STREAM
        task_id = (await mindvideo.submit()).task_id or ""

        snapshot = await mindvideo.client.get_task(task_id, BY_EVENTS)

        assert (snapshot.state, snapshot.memo) == (TaskState.QUEUED, BY_TASK)


async def test_without_events_the_memo_names_the_task(
    mindvideo: MindVideoHarness,
) -> None:
    mindvideo.service.shape = Shape.MISSING
    task_id = (await mindvideo.submit()).task_id or ""

    first = await mindvideo.client.get_task(task_id, BY_EVENTS)
    await mindvideo.client.get_task(task_id, first.memo)

    assert len(mindvideo.service.calls(Call.EVENTS)) == 1
    assert len(mindvideo.service.calls(Call.TASK)) == 2


async def test_the_task_is_not_read_while_its_events_suffice(mindvideo: MindVideoHarness) -> None:
    task_id = (await mindvideo.submit()).task_id or ""

    for _ in range(4):
        await mindvideo.client.get_task(task_id, BY_EVENTS)

    assert len(mindvideo.service.calls(Call.TASK)) == 0


async def test_fresh_urls_are_read_from_the_task(mindvideo: MindVideoHarness) -> None:
    task_id = (await mindvideo.finished()).task_id or ""
    mindvideo.clock.now += mindvideo.service.url_seconds + 1

    fresh = await mindvideo.client.get_task(task_id, BY_EVENTS, fresh_urls=True)

    assert len(mindvideo.service.calls(Call.EVENTS)) == 0
    assert fresh.memo == BY_TASK
    async with mindvideo.client.download(fresh.outputs[0].url) as download:
        assert await read(download)


async def test_every_fifth_read_reads_the_task_as_well(
    mindvideo: MindVideoHarness,
) -> None:
    mindvideo.fail(Call.EVENTS, FaultKind.STATE, value="processing", times=None)
    task_id = (await mindvideo.submit()).task_id or ""
    mindvideo.clock.now += 60

    snapshots = [await mindvideo.client.get_task(task_id, BY_EVENTS) for _ in range(5)]

    assert [snapshot.state for snapshot in snapshots[:4]] == [TaskState.PROCESSING] * 4
    assert snapshots[4].state is TaskState.SUCCEEDED
    assert snapshots[4].memo == BY_TASK


async def test_the_number_of_remembered_tasks_is_limited() -> None:
    async with mindvideo_harness(Limits(remembered=1)) as mindvideo:
        task_id = (await mindvideo.submit()).task_id or ""
        reads = [mindvideo.client.get_task(task_id, BY_EVENTS) for _ in range(9)]

        assert {(await each).state for each in reads} == {TaskState.QUEUED}


async def test_reordered_events_give_the_same_snapshot(mindvideo: MindVideoHarness) -> None:
    mindvideo.service.shape = Shape.EVENTS
    mindvideo.fail(Call.EVENTS, FaultKind.REORDERED)
    task_id = (await mindvideo.submit()).task_id or ""
    mindvideo.clock.now += 60

    snapshot = await mindvideo.client.get_task(task_id, BY_EVENTS)

    assert (snapshot.state, snapshot.cost_actual) == (TaskState.SUCCEEDED, COST)


async def test_an_unknown_event_or_state_is_logged_once(mindvideo: MindVideoHarness) -> None:
    mindvideo.service.shape = Shape.LIST
    mindvideo.fail(Call.EVENTS, FaultKind.STRANGE_EVENTS, times=2)
    mindvideo.fail(Call.EVENTS, FaultKind.STATE, value="upscaling", times=2)
    task_id = (await mindvideo.submit()).task_id or ""

    with capture_logs() as lines:
        client = MindVideoClient(mindvideo.url, API_KEY, now=mindvideo.clock)
        first, second = [await client.get_task(task_id, BY_EVENTS) for _ in range(2)]
        await client.aclose()

    assert (first.state, second.state_text) == (TaskState.UNKNOWN, "upscaling")
    assert sorted(line["word"] for line in lines) == ["task.mood", "upscaling", "without a name"]


async def test_a_state_that_goes_back_is_returned_unchanged(mindvideo: MindVideoHarness) -> None:
    task_id = (await mindvideo.submit()).task_id or ""
    mindvideo.fail(Call.TASK, FaultKind.STATE, value="queued")
    mindvideo.clock.now += 3

    assert (await mindvideo.client.get_task(task_id, BY_TASK)).state is TaskState.QUEUED
    assert (await mindvideo.client.get_task(task_id, BY_TASK)).state is TaskState.PROCESSING


async def test_a_cost_as_text_is_a_cost_and_may_change_later(mindvideo: MindVideoHarness) -> None:
    mindvideo.fail(Call.TASK, FaultKind.COST, value='"0.05"')
    first = await mindvideo.finished()
    later = await mindvideo.client.get_task(first.task_id or "", BY_TASK)

    assert (first.cost_actual, later.cost_actual) == (Decimal("0.05"), COST)


async def test_a_late_cost_is_read_from_the_task(mindvideo: MindVideoHarness) -> None:
    mindvideo.service.cost_delay_seconds = 30
    snapshot = await mindvideo.finished()
    again = await mindvideo.client.get_task(snapshot.task_id or "", BY_EVENTS)
    mindvideo.clock.now += 30
    settled = await mindvideo.client.get_task(snapshot.task_id or "", again.memo)

    assert (snapshot.cost_actual, again.cost_actual) == (None, None)
    assert again.memo == BY_TASK
    assert settled.cost_actual == COST


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        (FaultKind.TASK_FAILS, TaskState.FAILED),
        (FaultKind.TASK_CANCELLED, TaskState.CANCELLED),
    ],
)
async def test_a_failed_or_cancelled_task_is_a_snapshot(
    mindvideo: MindVideoHarness, kind: FaultKind, state: TaskState
) -> None:
    mindvideo.fail(Call.SUBMIT, kind, message="The prompt was refused.")

    snapshot = await mindvideo.finished()

    assert (snapshot.state, snapshot.cost_actual) == (state, Decimal(0))
    assert snapshot.problem == ("The prompt was refused." if state is TaskState.FAILED else None)


@pytest.mark.parametrize("memo", [BY_EVENTS, BY_TASK, {}])
async def test_an_unknown_task_is_not_found(
    mindvideo: MindVideoHarness, memo: Mapping[str, Json]
) -> None:
    with pytest.raises(NotFoundError):
        await mindvideo.client.get_task("task_404", memo)


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        (FaultKind.ANSWER_BEFORE, {"status": 503}),
        (FaultKind.TRUNCATED_AFTER, {}),
        (FaultKind.HUGE_AFTER, {}),
        (FaultKind.LOST_AFTER, {"times": 9}),
    ],
)
async def test_a_failed_read_is_retried(
    mindvideo: MindVideoHarness, kind: FaultKind, details: dict[str, object]
) -> None:
    task_id = (await mindvideo.submit()).task_id or ""
    mindvideo.fail(Call.TASK, kind, **details)

    with pytest.raises(RetryLaterError):
        await mindvideo.client.get_task(task_id, BY_TASK)


async def test_a_hundred_reads_at_once_are_all_answered(mindvideo: MindVideoHarness) -> None:
    task_id = (await mindvideo.submit()).task_id or ""

    reads = (mindvideo.client.get_task(task_id, BY_EVENTS) for _ in range(100))

    assert {each.state for each in await asyncio.gather(*reads)} <= {TaskState.QUEUED}


async def test_a_cost_keeps_every_digit() -> None:
    async def answer(_request: web.Request) -> web.Response:
        text = '{"task_id": "t", "status": "succeeded", "cost_actual": 0.10000000000000000001}'
        return web.Response(text=text)

    app = web.Application()
    app.router.add_get("/api/v1/tasks/t", answer)
    async with serve(app) as base:
        client = MindVideoClient(base + "/", API_KEY, now=ManualClock())
        snapshot = await client.get_task("t", BY_TASK)
        await client.aclose()

    assert str(snapshot.cost_actual) == "0.10000000000000000001"


async def test_a_task_id_is_escaped_in_the_path(mindvideo: MindVideoHarness) -> None:
    with pytest.raises(NotFoundError):
        await mindvideo.client.get_task("../files/x?y", BY_TASK)

    assert mindvideo.service.requests[-1].path == "/api/v1/tasks/..%2Ffiles%2Fx%3Fy"


async def test_the_submitted_json_equals_the_input(mindvideo: MindVideoHarness) -> None:
    options: dict[str, Json] = {"prompt": "Ein Größenwahn ✨", "multi_prompt": [{"prompt": "a"}]}

    await mindvideo.client.submit(mindvideo.client.request_body("kling-v3", options), KEY)

    assert json.loads(mindvideo.service.requests[0].body)["input"] == options
