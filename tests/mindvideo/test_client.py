"""The client, over real HTTP against the simulated MindVideo and its faults."""

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
from tests.support.mindvideo_sandbox import (
    API_KEY,
    BY_EVENTS,
    BY_TASK,
    KEY,
    Clock,
    Studio,
    read,
    running_studio,
)

COST = Decimal("0.0756")


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    """A simulated MindVideo and a client."""
    async with running_studio() as running:
        yield running


def test_the_client_is_a_video_service() -> None:
    _: type[VideoService] = MindVideoClient


def test_a_key_is_used_for_less_than_the_day_that_mindvideo_is_assumed_to_remember_it() -> None:
    client = MindVideoClient("https://api.example", API_KEY, now=Clock())

    assert client.key_lifetime == KEY_LIFETIME_SECONDS < 24 * 3600


def free_port() -> int:
    """Return a port of loopback where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


# Submit


async def test_a_submit_starts_a_task_with_the_exact_bytes_and_key(studio: Studio) -> None:
    snapshot = await studio.submit()

    (seen,) = studio.service.requests
    assert (seen.method, seen.path, seen.key) == ("POST", "/api/v1/tasks", KEY)
    assert seen.body == studio.body() == b'{"input":{"prompt":"a red car"},"model":"kling-v3"}'
    assert seen.authorization == f"Bearer {API_KEY}"
    assert (snapshot.state, snapshot.cost_estimate) == (TaskState.QUEUED, COST)
    assert snapshot.task_id == studio.service.charges[0].task_id


async def test_a_repeat_gets_the_first_task_and_no_second_charge(studio: Studio) -> None:
    first = await studio.submit()
    second = await studio.submit()

    assert first.task_id == second.task_id
    assert len(studio.service.charges) == 1


async def test_twenty_submits_of_one_key_at_once_are_one_charge(studio: Studio) -> None:
    snapshots = await asyncio.gather(*(studio.submit() for _ in range(20)))

    assert len({snapshot.task_id for snapshot in snapshots}) == 1
    assert len(studio.service.charges) == 1


async def test_a_key_with_another_input_is_a_conflict(studio: Studio) -> None:
    await studio.submit()

    with pytest.raises(KeyConflictError):
        await studio.client.submit(studio.body("a blue car"), KEY)


async def test_an_input_that_the_schema_refuses_is_told_in_mindvideos_words(
    studio: Studio,
) -> None:
    body = studio.client.request_body("kling-v3", {"prompt": "x", "duration": 20})

    with pytest.raises(RefusedError, match="duration: 20 is greater than the maximum of 15"):
        await studio.client.submit(body, KEY)

    assert not studio.service.charges


HTML = {"body": "<html><title>Hello</title></html>", "content_type": "text/html"}
WRONG_TYPES = {"body": '{"task_id": [], "status": 7}'}


@pytest.mark.parametrize(
    ("kind", "details", "charges"),
    [
        (FaultKind.LOST_BEFORE, {}, 0),
        (FaultKind.LOST_AFTER, {}, 1),
        (FaultKind.ANSWER_BEFORE, {"status": 500}, 0),
        (FaultKind.ANSWER_AFTER, {"status": 500}, 1),
        (FaultKind.ANSWER_BEFORE, {"status": 502, **HTML}, 0),
        (FaultKind.ANSWER_BEFORE, {"status": 408}, 0),
        (FaultKind.ANSWER_AFTER, {"status": 200, **HTML}, 1),
        (FaultKind.ANSWER_AFTER, {"status": 200, **WRONG_TYPES}, 1),
        (FaultKind.ANSWER_AFTER, {"status": 200, "body": ""}, 1),
        (FaultKind.TRUNCATED_AFTER, {}, 1),
        (FaultKind.HUGE_AFTER, {}, 1),
        (
            FaultKind.ANSWER_BEFORE,
            {"status": 409, "code": "in_progress", "message": "still being created"},
            0,
        ),
    ],
)
async def test_a_doubtful_submit_is_doubtful_and_its_repeat_is_not_charged_again(
    studio: Studio, kind: FaultKind, details: dict[str, object], charges: int
) -> None:
    studio.fail(Call.SUBMIT, kind, **details)

    with pytest.raises(OutcomeUnknownError):
        await studio.submit()
    assert len(studio.service.charges) == charges

    assert (await studio.submit()).task_id == "task_sandbox_1"
    assert len(studio.service.charges) == 1


@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("30", 30),
        ("Sun, 15 Jun 2025 15:07:10 GMT", 30),
        ("-1", 1),
        ("31536000", 900),
        (None, None),
    ],
)
async def test_the_services_own_pause_is_passed_on(
    studio: Studio, retry_after: str | None, seconds: float | None
) -> None:
    studio.fail(Call.SUBMIT, FaultKind.ANSWER_BEFORE, status=429, retry_after=retry_after)

    with pytest.raises(RetryLaterError) as caught:
        await studio.submit()

    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, OperatorMustActError),
        (402, OperatorMustActError),
        (403, OperatorMustActError),
        (425, RetryLaterError),
        (400, RefusedError),
        (404, RefusedError),
        (413, RefusedError),
        (415, RefusedError),
    ],
)
async def test_a_clear_no_is_passed_on_as_what_to_do(
    studio: Studio, status: int, error: type[BotError]
) -> None:
    studio.fail(Call.SUBMIT, FaultKind.ANSWER_BEFORE, status=status)

    with pytest.raises(error):
        await studio.submit()

    assert not studio.service.charges


async def test_where_nobody_listens_nothing_was_sent() -> None:
    client = MindVideoClient(f"http://127.0.0.1:{free_port()}", API_KEY, now=Clock())

    with pytest.raises(RetryLaterError, match="cannot be reached"):
        await client.submit(b"{}", KEY)
    with pytest.raises(RetryLaterError, match="cannot be reached"):
        await client.get_task("task_1", BY_TASK)

    await client.aclose()


async def test_a_slow_service_is_waited_for(studio: Studio) -> None:
    studio.fail(Call.SUBMIT, FaultKind.SLOW, seconds=0.05)

    assert (await studio.submit()).task_id is not None


async def test_a_service_that_never_answers_is_given_up_in_doubt() -> None:
    async with running_studio(Limits(submit_seconds=0.1, read_seconds=0.1)) as studio:
        studio.fail(Call.SUBMIT, FaultKind.SLOW, seconds=0.5)
        studio.fail(Call.TASK, FaultKind.SLOW, seconds=0.5)

        with pytest.raises(OutcomeUnknownError):
            await studio.submit()
        with pytest.raises(RetryLaterError):
            await studio.client.get_task("task_1", BY_TASK)


async def test_a_reply_that_is_not_http_leaves_a_submit_in_doubt() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"220 mail.example.com ESMTP\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = MindVideoClient(f"http://127.0.0.1:{port}", API_KEY, now=Clock())

    with pytest.raises(OutcomeUnknownError) as caught:
        await client.submit(b"{}", KEY)

    assert caught.value.__cause__ is None
    await client.aclose()
    server.close()
    await server.wait_closed()


async def test_a_redirect_is_not_followed_and_the_key_stays_home(studio: Studio) -> None:
    elsewhere: list[str] = []

    async def note(request: web.Request) -> web.Response:
        elsewhere.append(request.path)
        return web.json_response({"task_id": "stolen", "status": "queued"})

    async def redirect(_request: web.Request) -> web.Response:
        raise web.HTTPTemporaryRedirect(thief + "/api/v1/tasks")

    trap, home = web.Application(), web.Application()
    trap.router.add_route("*", "/{path:.*}", note)
    home.router.add_route("*", "/{path:.*}", redirect)
    async with serve(trap) as thief, serve(home) as base:
        client = MindVideoClient(base, API_KEY, now=Clock())
        with pytest.raises(OperatorMustActError, match="MINDVIDEO_BASE_URL"):
            await client.submit(studio.body(), KEY)
        with pytest.raises(OperatorMustActError, match="MINDVIDEO_BASE_URL"):
            await client.get_task("task_1", BY_EVENTS)
        await client.aclose()

    assert not elsewhere


@pytest.mark.parametrize("status", [400, 401, 409, 500])
async def test_an_error_that_quotes_the_key_does_not_carry_it_on(
    studio: Studio, status: int
) -> None:
    said = f"Key {API_KEY} is odd"
    studio.fail(Call.SUBMIT, FaultKind.ANSWER_BEFORE, status=status, message=said, code=API_KEY)

    with pytest.raises(BotError, match="is odd") as caught:
        await studio.submit()

    assert API_KEY not in f"{caught.value} {caught.value.code} {caught.value!r}"
    assert "secret" not in f"{caught.value} {caught.value.code}"


async def test_an_empty_key_is_sent_as_it_is(studio: Studio) -> None:
    client = MindVideoClient(studio.url, "", now=Clock())

    with pytest.raises(OperatorMustActError, match="The API key is missing or unknown"):
        await client.get_task("task_1", BY_TASK)

    await client.aclose()


# Read


@pytest.mark.parametrize("shape", [shape for shape in Shape if shape is not Shape.OPEN_STREAM])
async def test_a_render_is_followed_to_its_end_in_every_shape_of_events(
    studio: Studio, shape: Shape
) -> None:
    studio.service.shape = shape
    task_id = (await studio.submit()).task_id or ""
    seen = [await studio.client.get_task(task_id, BY_EVENTS)]
    for _ in range(3):
        studio.clock.now += 2.5
        seen.append(await studio.client.get_task(task_id, seen[-1].memo))

    states = [snapshot.state.value for snapshot in seen]
    assert states == ["queued", "processing", "processing", "succeeded"]
    assert seen[-1].cost_actual == COST
    assert [output.media for output in seen[-1].outputs] == [Media.VIDEO]


async def test_a_stream_that_stays_open_is_left_and_then_the_task_is_asked() -> None:
    async with running_studio(Limits(stream_seconds=0.2)) as studio:
        studio.service.shape = Shape.OPEN_STREAM
        task_id = (await studio.submit()).task_id or ""

        snapshot = await studio.client.get_task(task_id, BY_EVENTS)

        assert (snapshot.state, snapshot.memo) == (TaskState.QUEUED, BY_TASK)


@pytest.mark.parametrize("shape", [Shape.MISSING, Shape.NOT_ALLOWED, Shape.EMPTY])
async def test_without_events_the_task_is_asked_from_then_on(studio: Studio, shape: Shape) -> None:
    studio.service.shape = shape
    task_id = (await studio.submit()).task_id or ""

    first = await studio.client.get_task(task_id, BY_EVENTS)
    await studio.client.get_task(task_id, first.memo)

    assert len(studio.service.calls(Call.EVENTS)) == 1
    assert len(studio.service.calls(Call.TASK)) == 2


async def test_while_events_tell_enough_the_task_is_left_alone(studio: Studio) -> None:
    task_id = (await studio.submit()).task_id or ""

    for _ in range(4):
        await studio.client.get_task(task_id, BY_EVENTS)

    assert len(studio.service.calls(Call.TASK)) == 0


async def test_fresh_addresses_are_asked_of_the_task_alone(studio: Studio) -> None:
    task_id = (await studio.finished()).task_id or ""
    studio.clock.now += studio.service.url_seconds + 1

    fresh = await studio.client.get_task(task_id, BY_EVENTS, fresh_urls=True)

    assert len(studio.service.calls(Call.EVENTS)) == 0
    assert fresh.memo == BY_TASK
    async with studio.client.download(fresh.outputs[0].url) as download:
        assert await read(download)


async def test_an_end_that_the_events_keep_to_themselves_is_found(studio: Studio) -> None:
    studio.fail(Call.EVENTS, FaultKind.STATE, value="processing", times=None)
    task_id = (await studio.submit()).task_id or ""
    studio.clock.now += 60

    snapshots = [await studio.client.get_task(task_id, BY_EVENTS) for _ in range(5)]

    assert [snapshot.state for snapshot in snapshots[:4]] == [TaskState.PROCESSING] * 4
    assert snapshots[4].state is TaskState.SUCCEEDED
    assert snapshots[4].memo == BY_TASK


async def test_only_so_many_tasks_are_remembered() -> None:
    async with running_studio(Limits(remembered=1)) as studio:
        task_id = (await studio.submit()).task_id or ""
        reads = [studio.client.get_task(task_id, BY_EVENTS) for _ in range(9)]

        assert {(await each).state for each in reads} == {TaskState.QUEUED}


@pytest.mark.parametrize(
    "quirk",
    [FaultKind.REORDERED, FaultKind.DUPLICATED, FaultKind.GAPS, FaultKind.STRANGE_EVENTS],
)
async def test_events_that_come_oddly_tell_the_same(studio: Studio, quirk: FaultKind) -> None:
    studio.service.shape = Shape.EVENTS
    studio.fail(Call.EVENTS, quirk)
    task_id = (await studio.submit()).task_id or ""
    studio.clock.now += 60

    snapshot = await studio.client.get_task(task_id, BY_EVENTS)

    assert (snapshot.state, snapshot.cost_actual) == (TaskState.SUCCEEDED, COST)


async def test_what_nobody_understands_is_logged_once(studio: Studio) -> None:
    studio.service.shape = Shape.LIST
    studio.fail(Call.EVENTS, FaultKind.STRANGE_EVENTS, times=2)
    studio.fail(Call.EVENTS, FaultKind.STATE, value="upscaling", times=2)
    task_id = (await studio.submit()).task_id or ""

    with capture_logs() as lines:
        client = MindVideoClient(studio.url, API_KEY, now=studio.clock)
        first, second = [await client.get_task(task_id, BY_EVENTS) for _ in range(2)]
        await client.aclose()

    assert (first.state, second.state_text) == (TaskState.UNKNOWN, "upscaling")
    assert sorted(line["word"] for line in lines) == ["task.mood", "upscaling", "without a name"]


async def test_a_state_that_goes_back_is_told_as_it_is(studio: Studio) -> None:
    task_id = (await studio.submit()).task_id or ""
    studio.fail(Call.TASK, FaultKind.STATE, value="queued")
    studio.clock.now += 3

    assert (await studio.client.get_task(task_id, BY_TASK)).state is TaskState.QUEUED
    assert (await studio.client.get_task(task_id, BY_TASK)).state is TaskState.PROCESSING


@pytest.mark.parametrize("value", [None, "NaN", "-1", '"soon"', "[]", "Infinity"])
async def test_a_cost_that_is_no_amount_is_pending(studio: Studio, value: str | None) -> None:
    studio.fail(Call.TASK, FaultKind.COST, value=value)

    assert (await studio.finished()).cost_actual is None


async def test_a_cost_as_text_is_a_cost_and_may_change_later(studio: Studio) -> None:
    studio.fail(Call.TASK, FaultKind.COST, value='"0.05"')
    first = await studio.finished()
    later = await studio.client.get_task(first.task_id or "", BY_TASK)

    assert (first.cost_actual, later.cost_actual) == (Decimal("0.05"), COST)


async def test_a_late_cost_is_asked_of_the_task(studio: Studio) -> None:
    studio.service.cost_delay_seconds = 30
    snapshot = await studio.finished()
    again = await studio.client.get_task(snapshot.task_id or "", BY_EVENTS)
    studio.clock.now += 30
    settled = await studio.client.get_task(snapshot.task_id or "", again.memo)

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
async def test_a_task_that_ends_badly_says_so(
    studio: Studio, kind: FaultKind, state: TaskState
) -> None:
    studio.fail(Call.SUBMIT, kind, message="The prompt was refused.")

    snapshot = await studio.finished()

    assert (snapshot.state, snapshot.cost_actual) == (state, Decimal(0))
    assert snapshot.problem == ("The prompt was refused." if state is TaskState.FAILED else None)


@pytest.mark.parametrize("memo", [BY_EVENTS, BY_TASK, {}])
async def test_a_task_that_mindvideo_does_not_know_is_not_found(
    studio: Studio, memo: Mapping[str, Json]
) -> None:
    with pytest.raises(NotFoundError):
        await studio.client.get_task("task_404", memo)


@pytest.mark.parametrize(
    ("kind", "details"),
    [
        (FaultKind.ANSWER_BEFORE, {"status": 503, "retry_after": "7"}),
        (FaultKind.ANSWER_BEFORE, {"status": 429}),
        (FaultKind.ANSWER_BEFORE, {"status": 502, **HTML}),
        (FaultKind.ANSWER_AFTER, {"status": 200, **HTML}),
        (FaultKind.TRUNCATED_AFTER, {}),
        (FaultKind.HUGE_AFTER, {}),
        (FaultKind.LOST_AFTER, {"times": 9}),
    ],
)
async def test_trouble_while_reading_passes(
    studio: Studio, kind: FaultKind, details: dict[str, object]
) -> None:
    task_id = (await studio.submit()).task_id or ""
    studio.fail(Call.TASK, kind, **details)

    with pytest.raises(RetryLaterError):
        await studio.client.get_task(task_id, BY_TASK)


async def test_a_hundred_reads_at_once_are_all_answered(studio: Studio) -> None:
    task_id = (await studio.submit()).task_id or ""

    reads = (studio.client.get_task(task_id, BY_EVENTS) for _ in range(100))

    assert {each.state for each in await asyncio.gather(*reads)} <= {TaskState.QUEUED}


async def test_every_digit_of_a_cost_survives_the_wire() -> None:
    async def tell(_request: web.Request) -> web.Response:
        text = '{"task_id": "t", "status": "succeeded", "cost_actual": 0.10000000000000000001}'
        return web.Response(text=text)

    app = web.Application()
    app.router.add_get("/api/v1/tasks/t", tell)
    async with serve(app) as base:
        client = MindVideoClient(base + "/", API_KEY, now=Clock())
        snapshot = await client.get_task("t", BY_TASK)
        await client.aclose()

    assert str(snapshot.cost_actual) == "0.10000000000000000001"


async def test_an_id_with_slashes_stays_within_its_path(studio: Studio) -> None:
    with pytest.raises(NotFoundError):
        await studio.client.get_task("../files/x?y", BY_TASK)

    assert studio.service.requests[-1].path == "/api/v1/tasks/..%2Ffiles%2Fx%3Fy"


async def test_the_same_json_is_sent_that_was_meant(studio: Studio) -> None:
    options: dict[str, Json] = {"prompt": "Ein Größenwahn ✨", "multi_prompt": [{"prompt": "a"}]}

    await studio.client.submit(studio.client.request_body("kling-v3", options), KEY)

    assert json.loads(studio.service.requests[0].body)["input"] == options
