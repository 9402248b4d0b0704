"""The simulated MindVideo: it keeps the promises of the real one, and breaks them on request."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import aiohttp
import pytest
from jsonschema import Draft202012Validator

from bot.options.catalog import PACKAGED
from sandbox.mindvideo.events import Shape
from sandbox.mindvideo.faults import Call, Fault, FaultKind
from sandbox.mindvideo.files import PACKAGED_MEDIA
from sandbox.mindvideo.models import load_models
from sandbox.mindvideo.service import MindVideoSandbox
from sandbox.mindvideo.tasks import KEY_MEMORY_SECONDS
from sandbox.server import serve
from storage.job import Json
from tests.support.mindvideo_sandbox import Clock

TASKS = "/api/v1/tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Calls the service as a program would that knows its page only."""

    clock: Clock
    service: MindVideoSandbox
    http: aiohttp.ClientSession

    async def submit(
        self,
        key: str | None = "k1",
        options: Mapping[str, Json] | None = None,
        model: str = "kling-v3",
    ) -> tuple[int, dict[str, Json]]:
        """Return the status and the JSON of a submit."""
        headers = {} if key is None else {"Idempotency-Key": key}
        body = {"model": model, "input": {"prompt": "a red car", **(options or {})}}
        async with self.http.post(TASKS, json=body, headers=headers) as response:
            return response.status, await response.json()

    async def get(self, path: str) -> tuple[int, dict[str, Json]]:
        """Return the status and the JSON of a GET."""
        async with self.http.get(path) as response:
            return response.status, await response.json(content_type=None)

    async def fetch(self, task_id: str) -> tuple[str, bytes]:
        """Return the type and the bytes of a finished task's file."""
        _, task = await self.get(f"{TASKS}/{task_id}")
        output = task["output"]
        assert isinstance(output, dict)
        ((file,),) = output.values()
        async with self.http.get(file["url"]) as response:
            assert response.status == 200
            return response.content_type, await response.read()


@asynccontextmanager
async def calling(**options: float | str) -> AsyncIterator[Caller]:
    """Run the service with these options."""
    clock = Clock()
    service = MindVideoSandbox(now=clock, models_dirs=[PACKAGED], **options)  # type: ignore[arg-type] # by their names
    headers = {"Authorization": "Bearer mv_live_x"}
    async with (
        serve(service.app()) as url,
        aiohttp.ClientSession(url, headers=headers) as http,
    ):
        yield Caller(clock=clock, service=service, http=http)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    """A caller of a service as it is by default."""
    async with calling() as one:
        yield one


# The promises of the page


async def test_a_task_is_queued_then_renders_then_succeeds(caller: Caller) -> None:
    _, task = await caller.submit()
    states = [task["status"]]
    for _ in range(3):
        caller.clock.now += 2
        states.append((await caller.get(f"{TASKS}/task_sandbox_1"))[1]["status"])

    assert states == ["queued", "processing", "processing", "succeeded"]


async def test_its_answers_look_as_on_the_page(caller: Caller) -> None:
    await caller.submit(options={"duration": 5, "mode": "std"})
    caller.clock.now += 6

    _, task = await caller.get(f"{TASKS}/task_sandbox_1")

    assert list(task) == [
        "request_id",
        "task_id",
        "status",
        "cost_estimate",
        "cost_actual",
        "output",
    ]
    assert (task["cost_estimate"], task["cost_actual"]) == (0.0756, 0.0756)


async def test_the_same_key_and_payload_give_the_first_task_free_of_charge(caller: Caller) -> None:
    _, first = await caller.submit()
    caller.clock.now += 3600
    _, second = await caller.submit()

    assert first["task_id"] == second["task_id"]
    assert [charge.amount for charge in caller.service.charges] == [Decimal("0.0756")]


async def test_the_same_key_with_another_payload_is_a_conflict(caller: Caller) -> None:
    await caller.submit()

    status, answer = await caller.submit(options={"duration": 10})

    assert status == 409
    assert answer["error"] == {
        "code": "idempotency_conflict",
        "message": "This Idempotency-Key was used with a different payload.",
    }
    assert len(caller.service.charges) == 1


async def test_another_key_or_none_or_a_forgotten_one_is_another_charge(caller: Caller) -> None:
    for key in ("k1", "k2", None, None):
        await caller.submit(key)
    caller.clock.now += KEY_MEMORY_SECONDS + 1
    await caller.submit("k1")

    assert [charge.key for charge in caller.service.charges] == ["k1", "k2", None, None, "k1"]
    assert len({charge.task_id for charge in caller.service.charges}) == 5


@pytest.mark.parametrize(
    ("options", "amount"),
    [
        ({}, "0.0756"),
        ({"duration": 10}, "0.1512"),
        ({"duration": 10, "mode": "pro"}, "0.2520"),
        ({"duration": 15, "mode": "4k"}, "1.1340"),
    ],
)
async def test_the_price_follows_duration_and_mode(
    caller: Caller, options: dict[str, Json], amount: str
) -> None:
    await caller.submit(options=options)

    assert [str(charge.amount) for charge in caller.service.charges] == [amount]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duration": 20}, "duration: 20 is greater than the maximum of 15"),
        ({"mode": "best"}, "mode: 'best' is not one of ['std', 'pro', '4k']"),
        ({"colour": "red"}, "Additional properties are not allowed ('colour' was unexpected)"),
        ({"prompt": ""}, "prompt: '' should be non-empty"),
    ],
)
async def test_an_input_that_the_schema_forbids_is_refused_free_of_charge(
    caller: Caller, options: dict[str, Json], message: str
) -> None:
    status, answer = await caller.submit(options=options)

    assert status == 422
    assert answer["error"] == {"code": "invalid_input", "message": message}
    assert not caller.service.charges


async def test_an_unknown_model_is_refused(caller: Caller) -> None:
    status, answer = await caller.submit(model="kling-v9")

    assert status == 422
    assert answer["error"] == {
        "code": "unknown_model",
        "message": "There is no model 'kling-v9'.",
    }


@pytest.mark.parametrize("body", ["", "{", "[]", "5"])
async def test_a_body_that_is_no_object_is_refused(caller: Caller, body: str) -> None:
    async with caller.http.post(TASKS, data=body) as response:
        assert response.status == 400


async def test_without_a_key_of_the_account_nobody_enters() -> None:
    async with calling(api_key="mv_live_right") as caller:
        for path in (f"{TASKS}/x", f"{TASKS}/x/events"):
            assert (await caller.get(path))[0] == 401
        assert (await caller.submit())[0] == 401
        caller.http.headers["Authorization"] = "Bearer mv_live_right"
        assert (await caller.submit())[0] == 200


async def test_without_any_key_nobody_enters(caller: Caller) -> None:
    caller.http.headers.clear()

    assert (await caller.submit())[0] == 401


@pytest.mark.parametrize("path", [f"{TASKS}/x", f"{TASKS}/x/events", "/files/x/0.mp4"])
async def test_what_was_never_made_is_not_there(caller: Caller, path: str) -> None:
    assert (await caller.get(path))[0] == 404


@pytest.mark.parametrize("ratio", ["16:9", "9:16", "1:1"])
async def test_the_video_has_the_asked_shape(caller: Caller, ratio: str) -> None:
    await caller.submit(options={"aspect_ratio": ratio})
    caller.clock.now += 6

    kind, content = await caller.fetch("task_sandbox_1")

    assert kind == "video/mp4"
    assert content == (PACKAGED_MEDIA / f"sunset-{ratio.replace(':', 'x')}.mp4").read_bytes()


async def test_a_url_expires_and_a_fresh_one_does_not(caller: Caller) -> None:
    await caller.submit()
    caller.clock.now += 6
    _, task = await caller.get(f"{TASKS}/task_sandbox_1")
    caller.clock.now += 601
    output = task["output"]
    assert isinstance(output, dict)

    assert (await caller.get(output["videos"][0]["url"]))[0] == 403
    assert (await caller.fetch("task_sandbox_1"))[1]


async def test_the_cost_may_be_told_late() -> None:
    async with calling(cost_delay_seconds=30, render_seconds=1) as caller:
        await caller.submit()
        caller.clock.now += 30
        assert "cost_actual" not in (await caller.get(f"{TASKS}/task_sandbox_1"))[1]
        caller.clock.now += 1
        assert (await caller.get(f"{TASKS}/task_sandbox_1"))[1]["cost_actual"] == 0.0756


async def test_an_image_model_from_another_folder_makes_a_picture(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"prompt": {"type": "string"}, "aspect_ratio": {"type": "string"}},
    }
    (tmp_path / "paint.json").write_text(json.dumps({"slug": "paint", "schema": schema}))
    clock = Clock()
    service = MindVideoSandbox(now=clock, models_dirs=[PACKAGED, tmp_path])
    headers = {"Authorization": "Bearer x"}
    async with serve(service.app()) as url, aiohttp.ClientSession(url, headers=headers) as http:
        caller = Caller(clock=clock, service=service, http=http)
        await caller.submit(options={"aspect_ratio": "4:3"}, model="paint")
        clock.now += 6

        kind, content = await caller.fetch("task_sandbox_1")

    assert kind == "image/png"
    assert content.startswith(b"\x89PNG")
    assert [str(charge.amount) for charge in service.charges] == ["0.03"]


def test_every_packaged_file_is_small_and_what_it_says() -> None:
    for path in PACKAGED_MEDIA.iterdir():
        head = path.read_bytes()[:12]
        assert path.stat().st_size < 300_000
        assert head[4:8] == b"ftyp" if path.suffix == ".mp4" else head.startswith(b"\x89PNG")


def test_every_packaged_schema_is_one() -> None:
    for model in load_models([PACKAGED]).values():
        Draft202012Validator.check_schema(dict(model.schema))


# The records


async def test_every_request_is_recorded(caller: Caller) -> None:
    await caller.submit("k7")
    await caller.get(f"{TASKS}/task_sandbox_1")

    submit, get = caller.service.requests
    assert (submit.call, submit.key, submit.authorization) == (
        Call.SUBMIT,
        "k7",
        "Bearer mv_live_x",
    )
    assert json.loads(submit.body) == {"model": "kling-v3", "input": {"prompt": "a red car"}}
    assert (get.call, get.method, get.path) == (Call.TASK, "GET", f"{TASKS}/task_sandbox_1")
    assert "mv_live_x" not in repr(submit)


async def test_the_ledger_can_be_read_over_http(caller: Caller) -> None:
    await caller.submit("k7")

    assert (await caller.get("/sandbox/ledger"))[1] == {
        "charges": [
            {"task_id": "task_sandbox_1", "key": "k7", "amount": "0.0756", "at": 1_750_000_000.0}
        ]
    }


# Faults


async def test_a_fault_can_be_ordered_over_http_and_strikes_so_often(caller: Caller) -> None:
    order = {"call": "submit", "kind": "answer_before", "status": 503, "times": 2}
    async with caller.http.post("/sandbox/faults", json=order) as response:
        assert response.status == 200

    assert [(await caller.submit())[0] for _ in range(3)] == [503, 503, 200]


async def test_faults_without_end_stop_when_they_are_cleared(caller: Caller) -> None:
    caller.service.fail(Fault(call=Call.TASK, kind=FaultKind.ANSWER_BEFORE, status=418, times=None))
    await caller.submit()
    statuses = [(await caller.get(f"{TASKS}/task_sandbox_1"))[0] for _ in range(3)]
    async with caller.http.delete("/sandbox/faults") as response:
        assert response.status == 200
    statuses.append((await caller.get(f"{TASKS}/task_sandbox_1"))[0])

    assert statuses == [418, 418, 418, 200]


@pytest.mark.parametrize(
    "order",
    [
        {"call": "submit", "kind": "file_cut"},
        {"call": "file", "kind": "huge_after"},
        {"call": "lunch", "kind": "slow"},
        {"call": "task", "kind": "slow", "times": 0},
        {"call": "task", "kind": "slow", "colour": "red"},
        {"call": "events", "kind": "shape", "value": "round"},
        {"call": "task", "kind": "cost", "value": "a lot"},
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(
    caller: Caller, order: dict[str, Json]
) -> None:
    async with caller.http.post("/sandbox/faults", json=order) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("kind", "charges"), [(FaultKind.LOST_BEFORE, 0), (FaultKind.LOST_AFTER, 1)]
)
async def test_a_lost_reply_was_charged_and_a_lost_request_was_not(
    caller: Caller, kind: FaultKind, charges: int
) -> None:
    caller.service.fail(Fault(call=Call.SUBMIT, kind=kind))

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await caller.submit()

    assert len(caller.service.charges) == charges


async def test_faults_of_one_call_strike_in_their_order(caller: Caller) -> None:
    for status in (500, 429):
        caller.service.fail(
            Fault(call=Call.SUBMIT, kind=FaultKind.ANSWER_BEFORE, status=status, retry_after="9")
        )

    statuses = []
    for _ in range(3):
        async with caller.http.post(TASKS, json={}) as response:
            statuses.append((response.status, response.headers.get("Retry-After")))

    assert statuses == [(500, "9"), (429, "9"), (422, None)]


async def test_a_truncated_answer_is_no_json_and_a_huge_one_is(caller: Caller) -> None:
    caller.service.fail(Fault(call=Call.SUBMIT, kind=FaultKind.TRUNCATED_AFTER))
    caller.service.fail(Fault(call=Call.SUBMIT, kind=FaultKind.HUGE_AFTER))

    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        await caller.submit()
    _, huge = await caller.submit()

    assert huge["task_id"] == "task_sandbox_1"
    assert len(str(huge["padding"])) == 10 * 2**20


async def test_a_task_may_never_end(caller: Caller) -> None:
    caller.service.fail(Fault(call=Call.SUBMIT, kind=FaultKind.TASK_NEVER_ENDS))
    await caller.submit()
    caller.clock.now += 1e6

    assert (await caller.get(f"{TASKS}/task_sandbox_1"))[1]["status"] == "processing"


async def test_a_fate_meets_the_next_new_task_not_a_repeat(caller: Caller) -> None:
    await caller.submit("k1")
    caller.service.fail(Fault(call=Call.SUBMIT, kind=FaultKind.TASK_FAILS, message="No."))
    await caller.submit("k1")
    await caller.submit("k2")
    caller.clock.now += 6

    first, second = [(await caller.get(f"{TASKS}/task_sandbox_{n}"))[1] for n in (1, 2)]

    assert first["status"] == "succeeded"
    assert (second["status"], second["error"]) == (
        "failed",
        {"code": "generation_failed", "message": "No."},
    )
    assert [charge.amount for charge in caller.service.charges] == [Decimal("0.0756"), 0]


async def test_what_is_told_of_a_task_can_be_spoilt(caller: Caller) -> None:
    for kind, value in (
        (FaultKind.NULLS, None),
        (FaultKind.NO_OUTPUT, None),
        (FaultKind.STATE, "upscaling"),
        (FaultKind.COST, "-1"),
    ):
        caller.service.fail(Fault(call=Call.TASK, kind=kind, value=value))
    await caller.submit()
    caller.clock.now += 6

    spoilt = (await caller.get(f"{TASKS}/task_sandbox_1"))[1]

    assert spoilt == {
        "request_id": None,
        "task_id": "task_sandbox_1",
        "status": "upscaling",
        "cost_estimate": None,
        "cost_actual": -1,
    }
    assert (await caller.get(f"{TASKS}/task_sandbox_1"))[1]["status"] == "succeeded"


@pytest.mark.parametrize(
    ("shape", "status", "start"),
    [
        (Shape.TASK, 200, '{"request_id"'),
        (Shape.LIST, 200, '[{"type": "task.queued"'),
        (Shape.EVENTS, 200, '{"events": [{"type"'),
        (Shape.DATA, 200, '{"data": [{"type"'),
        (Shape.ITEMS, 200, '{"items": [{"type"'),
        (Shape.STREAM, 200, ": hello\n\nevent: task.queued\r\ndata: {\r\n"),
        (Shape.BARE, 200, '[{"type": "task.queued"'),
        (Shape.EMPTY, 200, "[]"),
        (Shape.MISSING, 404, '{"error"'),
        (Shape.NOT_ALLOWED, 405, '{"error"'),
    ],
)
async def test_events_come_in_each_shape_on_request(
    caller: Caller, shape: Shape, status: int, start: str
) -> None:
    await caller.submit()
    caller.service.fail(Fault(call=Call.EVENTS, kind=FaultKind.SHAPE, value=shape.value))

    async with caller.http.get(f"{TASKS}/task_sandbox_1/events") as response:
        assert response.status == status
        assert (await response.text()).startswith(start)


async def test_an_open_stream_stays_open(caller: Caller) -> None:
    caller.service.shape = Shape.OPEN_STREAM
    await caller.submit()

    async with caller.http.get(f"{TASKS}/task_sandbox_1/events") as response:
        assert response.content_type == "text/event-stream"
        await response.content.readuntil(b"\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.1)
