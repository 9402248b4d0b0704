"""Tests of the simulated MindVideo: the documented behaviour, the records and the faults."""

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
from tests.support.clock import ManualClock

TASKS = "/api/v1/tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxClient:
    """A client of the service that uses documented calls only."""

    clock: ManualClock
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
async def sandbox_client(**options: float | str) -> AsyncIterator[SandboxClient]:
    """Run the service with these options and a client."""
    clock = ManualClock()
    service = MindVideoSandbox(now=clock, models_dirs=[PACKAGED], **options)  # type: ignore[arg-type] # by their names
    headers = {"Authorization": "Bearer mv_live_x"}
    async with (
        serve(service.app()) as url,
        aiohttp.ClientSession(url, headers=headers) as http,
    ):
        yield SandboxClient(clock=clock, service=service, http=http)


@pytest.fixture
async def client() -> AsyncIterator[SandboxClient]:
    """A client of a service with default options."""
    async with sandbox_client() as one:
        yield one


# What MindVideo's documentation promises


async def test_a_task_is_queued_then_renders_then_succeeds(client: SandboxClient) -> None:
    _, task = await client.submit()
    states = [task["status"]]
    for _ in range(3):
        client.clock.now += 2
        states.append((await client.get(f"{TASKS}/task_sandbox_1"))[1]["status"])

    assert states == ["queued", "processing", "processing", "succeeded"]


async def test_a_response_has_the_documented_fields(client: SandboxClient) -> None:
    await client.submit(options={"duration": 5, "mode": "std"})
    client.clock.now += 6

    _, task = await client.get(f"{TASKS}/task_sandbox_1")

    assert list(task) == [
        "request_id",
        "task_id",
        "status",
        "cost_estimate",
        "cost_actual",
        "output",
    ]
    assert (task["cost_estimate"], task["cost_actual"]) == (0.0756, 0.0756)


async def test_the_same_key_and_payload_give_the_first_task_free_of_charge(
    client: SandboxClient,
) -> None:
    _, first = await client.submit()
    client.clock.now += 3600
    _, second = await client.submit()

    assert first["task_id"] == second["task_id"]
    assert [charge.amount for charge in client.service.charges] == [Decimal("0.0756")]


async def test_the_same_key_with_another_payload_is_a_conflict(client: SandboxClient) -> None:
    await client.submit()

    status, answer = await client.submit(options={"duration": 10})

    assert status == 409
    assert answer["error"] == {
        "code": "idempotency_conflict",
        "message": "This Idempotency-Key was used with a different payload.",
    }
    assert len(client.service.charges) == 1


async def test_another_key_no_key_and_an_expired_key_are_each_another_charge(
    client: SandboxClient,
) -> None:
    for key in ("k1", "k2", None, None):
        await client.submit(key)
    client.clock.now += KEY_MEMORY_SECONDS + 1
    await client.submit("k1")

    assert [charge.key for charge in client.service.charges] == ["k1", "k2", None, None, "k1"]
    assert len({charge.task_id for charge in client.service.charges}) == 5


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
    client: SandboxClient, options: dict[str, Json], amount: str
) -> None:
    await client.submit(options=options)

    assert [str(charge.amount) for charge in client.service.charges] == [amount]


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
    client: SandboxClient, options: dict[str, Json], message: str
) -> None:
    status, answer = await client.submit(options=options)

    assert status == 422
    assert answer["error"] == {"code": "invalid_input", "message": message}
    assert not client.service.charges


async def test_an_unknown_model_is_refused(client: SandboxClient) -> None:
    status, answer = await client.submit(model="kling-v9")

    assert status == 422
    assert answer["error"] == {
        "code": "unknown_model",
        "message": "There is no model 'kling-v9'.",
    }


@pytest.mark.parametrize("body", ["", "{", "[]", "5"])
async def test_a_body_that_is_not_a_json_object_is_refused(
    client: SandboxClient, body: str
) -> None:
    async with client.http.post(TASKS, data=body) as response:
        assert response.status == 400


async def test_a_wrong_api_key_is_refused() -> None:
    async with sandbox_client(api_key="mv_live_right") as client:
        for path in (f"{TASKS}/x", f"{TASKS}/x/events"):
            assert (await client.get(path))[0] == 401
        assert (await client.submit())[0] == 401
        client.http.headers["Authorization"] = "Bearer mv_live_right"
        assert (await client.submit())[0] == 200


async def test_a_request_without_an_api_key_is_refused(client: SandboxClient) -> None:
    client.http.headers.clear()

    assert (await client.submit())[0] == 401


@pytest.mark.parametrize("path", [f"{TASKS}/x", f"{TASKS}/x/events", "/files/x/0.mp4"])
async def test_an_unknown_task_or_file_is_not_found(client: SandboxClient, path: str) -> None:
    assert (await client.get(path))[0] == 404


@pytest.mark.parametrize("ratio", ["16:9", "9:16", "1:1"])
async def test_the_video_has_the_requested_aspect_ratio(client: SandboxClient, ratio: str) -> None:
    await client.submit(options={"aspect_ratio": ratio})
    client.clock.now += 6

    kind, content = await client.fetch("task_sandbox_1")

    assert kind == "video/mp4"
    assert content == (PACKAGED_MEDIA / f"sunset-{ratio.replace(':', 'x')}.mp4").read_bytes()


async def test_a_url_expires_and_another_poll_returns_a_valid_one(client: SandboxClient) -> None:
    await client.submit()
    client.clock.now += 6
    _, task = await client.get(f"{TASKS}/task_sandbox_1")
    client.clock.now += 601
    output = task["output"]
    assert isinstance(output, dict)

    assert (await client.get(output["videos"][0]["url"]))[0] == 403
    assert (await client.fetch("task_sandbox_1"))[1]


async def test_the_actual_cost_can_be_delayed() -> None:
    async with sandbox_client(cost_delay_seconds=30, render_seconds=1) as client:
        await client.submit()
        client.clock.now += 30
        assert "cost_actual" not in (await client.get(f"{TASKS}/task_sandbox_1"))[1]
        client.clock.now += 1
        assert (await client.get(f"{TASKS}/task_sandbox_1"))[1]["cost_actual"] == 0.0756


async def named(client: SandboxClient, after: float) -> object:
    """Return the actual cost as it is named so many seconds later."""
    client.clock.now += after
    return (await client.get(f"{TASKS}/task_sandbox_1"))[1].get("cost_actual")


async def test_the_actual_cost_of_one_task_can_be_late() -> None:
    async with sandbox_client(render_seconds=1) as client:
        client.service.fail(Fault(call=Call.SUBMIT, kind=FaultKind.COST_LATE, seconds=30))
        await client.submit()
        assert await named(client, 30) is None
        assert await named(client, 1) == 0.0756


async def test_the_actual_cost_of_one_task_can_change() -> None:
    """The book has what it is in the end."""
    changes = Fault(call=Call.SUBMIT, kind=FaultKind.COST_CHANGES, seconds=30, value="0.09")
    async with sandbox_client(render_seconds=1) as client:
        client.service.fail(changes)
        await client.submit()
        assert await named(client, 1) == 0.0756
        assert await named(client, 30) == 0.09
        assert [charge.amount for charge in client.service.charges] == [Decimal("0.09")]


@pytest.mark.parametrize("outcome", [None, FaultKind.TASK_FAILS, FaultKind.TASK_CANCELLED])
async def test_the_actual_cost_of_one_task_can_be_absent(outcome: FaultKind | None) -> None:
    """Whatever becomes of it."""
    async with sandbox_client(render_seconds=1) as client:
        client.service.fail(Fault(call=Call.SUBMIT, kind=FaultKind.COST_ABSENT))
        if outcome is not None:
            client.service.fail(Fault(call=Call.SUBMIT, kind=outcome))
        await client.submit()
        assert await named(client, 99_999) is None


@pytest.mark.parametrize(
    ("options", "price"),
    [
        ({}, 0.0756),
        ({"audio": True}, 0.1134),
        ({"mode": "pro", "duration": 10}, 0.252),
        ({"mode": "pro", "duration": 10, "audio": True}, 0.378),
        ({"mode": "4k", "audio": True}, 0.378),
    ],
)
async def test_the_price_depends_on_mode_duration_and_audio(
    client: SandboxClient, options: dict[str, Json], price: float
) -> None:
    _, task = await client.submit(options=options)
    assert task["cost_estimate"] == price


async def test_an_image_model_from_another_folder_makes_an_image(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"prompt": {"type": "string"}, "aspect_ratio": {"type": "string"}},
    }
    (tmp_path / "paint.json").write_text(json.dumps({"slug": "paint", "schema": schema}))
    clock = ManualClock()
    service = MindVideoSandbox(now=clock, models_dirs=[PACKAGED, tmp_path])
    headers = {"Authorization": "Bearer x"}
    async with serve(service.app()) as url, aiohttp.ClientSession(url, headers=headers) as http:
        client = SandboxClient(clock=clock, service=service, http=http)
        await client.submit(options={"aspect_ratio": "4:3"}, model="paint")
        clock.now += 6

        kind, content = await client.fetch("task_sandbox_1")

    assert kind == "image/png"
    assert content.startswith(b"\x89PNG")
    assert [str(charge.amount) for charge in service.charges] == ["0.03"]


def test_every_packaged_file_is_small_and_of_its_type() -> None:
    for path in PACKAGED_MEDIA.iterdir():
        head = path.read_bytes()[:12]
        assert path.stat().st_size < 300_000
        assert head[4:8] == b"ftyp" if path.suffix == ".mp4" else head.startswith(b"\x89PNG")


def test_every_packaged_schema_is_valid() -> None:
    for model in load_models([PACKAGED]).values():
        Draft202012Validator.check_schema(dict(model.schema))


# The records of requests and charges


async def test_every_request_is_recorded(client: SandboxClient) -> None:
    await client.submit("k7")
    await client.get(f"{TASKS}/task_sandbox_1")

    submit, get = client.service.requests
    assert (submit.call, submit.key, submit.authorization) == (
        Call.SUBMIT,
        "k7",
        "Bearer mv_live_x",
    )
    assert json.loads(submit.body) == {"model": "kling-v3", "input": {"prompt": "a red car"}}
    assert (get.call, get.method, get.path) == (Call.TASK, "GET", f"{TASKS}/task_sandbox_1")
    assert "mv_live_x" not in repr(submit)


async def test_the_ledger_can_be_read_over_http(client: SandboxClient) -> None:
    await client.submit("k7")

    assert (await client.get("/sandbox/ledger"))[1] == {
        "charges": [
            {"task_id": "task_sandbox_1", "key": "k7", "amount": "0.0756", "at": client.clock.now}
        ]
    }


# Faults


async def test_a_fault_can_be_added_over_http_for_a_number_of_calls(client: SandboxClient) -> None:
    order = {"call": "submit", "kind": "answer_before", "status": 503, "times": 2}
    async with client.http.post("/sandbox/faults", json=order) as response:
        assert response.status == 200

    assert [(await client.submit())[0] for _ in range(3)] == [503, 503, 200]


async def test_permanent_faults_end_when_they_are_cleared(client: SandboxClient) -> None:
    client.service.fail(Fault(call=Call.TASK, kind=FaultKind.ANSWER_BEFORE, status=418, times=None))
    await client.submit()
    statuses = [(await client.get(f"{TASKS}/task_sandbox_1"))[0] for _ in range(3)]
    async with client.http.delete("/sandbox/faults") as response:
        assert response.status == 200
    statuses.append((await client.get(f"{TASKS}/task_sandbox_1"))[0])

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
async def test_an_invalid_fault_is_refused(client: SandboxClient, order: dict[str, Json]) -> None:
    async with client.http.post("/sandbox/faults", json=order) as response:
        assert response.status == 400


@pytest.mark.parametrize(
    ("kind", "charges"), [(FaultKind.LOST_BEFORE, 0), (FaultKind.LOST_AFTER, 1)]
)
async def test_a_lost_response_is_charged_and_a_lost_request_is_not(
    client: SandboxClient, kind: FaultKind, charges: int
) -> None:
    client.service.fail(Fault(call=Call.SUBMIT, kind=kind))

    with pytest.raises(aiohttp.ServerDisconnectedError):
        await client.submit()

    assert len(client.service.charges) == charges


async def test_faults_of_one_call_apply_in_order(client: SandboxClient) -> None:
    for status in (500, 429):
        client.service.fail(
            Fault(call=Call.SUBMIT, kind=FaultKind.ANSWER_BEFORE, status=status, retry_after="9")
        )

    statuses = []
    for _ in range(3):
        async with client.http.post(TASKS, json={}) as response:
            statuses.append((response.status, response.headers.get("Retry-After")))

    assert statuses == [(500, "9"), (429, "9"), (422, None)]


async def test_a_truncated_response_is_not_json_and_a_huge_one_is(client: SandboxClient) -> None:
    client.service.fail(Fault(call=Call.SUBMIT, kind=FaultKind.TRUNCATED_AFTER))
    client.service.fail(Fault(call=Call.SUBMIT, kind=FaultKind.HUGE_AFTER))

    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        await client.submit()
    _, huge = await client.submit()

    assert huge["task_id"] == "task_sandbox_1"
    assert len(str(huge["padding"])) == 10 * 2**20


async def test_a_task_may_never_end(client: SandboxClient) -> None:
    client.service.fail(Fault(call=Call.SUBMIT, kind=FaultKind.TASK_NEVER_ENDS))
    await client.submit()
    client.clock.now += 1e6

    assert (await client.get(f"{TASKS}/task_sandbox_1"))[1]["status"] == "processing"


async def test_a_fault_of_a_task_applies_to_the_next_new_task(client: SandboxClient) -> None:
    await client.submit("k1")
    client.service.fail(Fault(call=Call.SUBMIT, kind=FaultKind.TASK_FAILS, message="No."))
    await client.submit("k1")
    await client.submit("k2")
    client.clock.now += 6

    first, second = [(await client.get(f"{TASKS}/task_sandbox_{n}"))[1] for n in (1, 2)]

    assert first["status"] == "succeeded"
    assert (second["status"], second["error"]) == (
        "failed",
        {"code": "generation_failed", "message": "No."},
    )
    assert [charge.amount for charge in client.service.charges] == [Decimal("0.0756"), 0]


async def test_the_fields_of_a_task_can_be_changed_by_faults(client: SandboxClient) -> None:
    for kind, value in (
        (FaultKind.NULLS, None),
        (FaultKind.NO_OUTPUT, None),
        (FaultKind.STATE, "upscaling"),
        (FaultKind.COST, "-1"),
    ):
        client.service.fail(Fault(call=Call.TASK, kind=kind, value=value))
    await client.submit()
    client.clock.now += 6

    changed = (await client.get(f"{TASKS}/task_sandbox_1"))[1]

    assert changed == {
        "request_id": None,
        "task_id": "task_sandbox_1",
        "status": "upscaling",
        "cost_estimate": None,
        "cost_actual": -1,
    }
    assert (await client.get(f"{TASKS}/task_sandbox_1"))[1]["status"] == "succeeded"


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
async def test_events_are_sent_in_the_shape_of_the_fault(
    client: SandboxClient, shape: Shape, status: int, start: str
) -> None:
    await client.submit()
    client.service.fail(Fault(call=Call.EVENTS, kind=FaultKind.SHAPE, value=shape.value))

    async with client.http.get(f"{TASKS}/task_sandbox_1/events") as response:
        assert response.status == status
        assert (await response.text()).startswith(start)


async def test_an_open_stream_stays_open(client: SandboxClient) -> None:
    client.service.shape = Shape.OPEN_STREAM
    await client.submit()

    async with client.http.get(f"{TASKS}/task_sandbox_1/events") as response:
        assert response.content_type == "text/event-stream"
        await response.content.readuntil(b"\r\n\r\n")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(response.content.readany(), 0.1)
