"""The simulated MindVideo: the three calls, the files, the charges and injected faults.

==================================  ===========================================================
`POST /api/v1/tasks`                a new task, or the one that the `Idempotency-Key` started
`GET /api/v1/tasks/{id}`            the task
`GET /api/v1/tasks/{id}/events`     its events, in the chosen `Shape`
`GET /files/{id}/{file}`            its file, until the time in `?expires=`
`POST /sandbox/faults`              injects a `Fault`, given as JSON, into the next calls
`DELETE /sandbox/faults`            removes all faults
`GET /sandbox/ledger`               `{"charges": [{"task_id", "key", "amount", "at"}]}`
==================================  ===========================================================
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

from aiohttp import web

from sandbox.mindvideo.control import control_routes
from sandbox.mindvideo.events import Shape, render_events, task_with_faults, to_json
from sandbox.mindvideo.faults import (
    AMOUNT_FAULTS,
    EVENT_FAULTS,
    FILE_FAULTS,
    OUTCOME_FAULTS,
    TASK_FAULTS,
    Call,
    Fault,
    FaultKind,
    Faults,
)
from sandbox.mindvideo.files import PACKAGED_MEDIA, SUFFIXES, pick_file, send_file
from sandbox.mindvideo.models import load_models
from sandbox.mindvideo.tasks import Charge, ReusedKeyError, SandboxTask, TaskOutcome, TaskStore
from sandbox.mindvideo.wire import Handler, answer, failure, keep_open
from sandbox.values import Instant, Json

_OUTCOMES = {
    FaultKind.TASK_FAILS: TaskOutcome.FAILED,
    FaultKind.TASK_CANCELLED: TaskOutcome.CANCELLED,
    FaultKind.TASK_NEVER_ENDS: TaskOutcome.NEVER,
}
_ENDS = frozenset({TaskOutcome.SUCCEEDED, TaskOutcome.FAILED, TaskOutcome.CANCELLED})
_LARGEST_REQUEST = 32 * 2**20
"""Bytes; reference images may come as data URIs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedRequest:
    """A request that arrived."""

    call: Call
    method: str
    path: str
    """With its query."""
    key: str | None
    """Its `Idempotency-Key`."""
    authorization: str | None = field(repr=False)
    body: bytes
    at: Instant


def _check_amount(text: str) -> None:
    try:
        Decimal(text)
    except InvalidOperation as error:
        raise ValueError(f"{text} is no decimal number") from error


class MindVideoSandbox:
    """The simulated service; all its state is in memory.

    `render_seconds` is the time that a new task takes, `url_seconds` the lifetime of a file's URL,
    `cost_delay_seconds` the delay between a task's end and its actual cost. With an `api_key` every
    other key gets 401. `models_dirs` are the folders of its models' files.
    """

    def __init__(
        self,
        *,
        now: Callable[[], Instant] = time.time,
        render_seconds: float = 6.0,
        shape: Shape = Shape.TASK,
        api_key: str | None = None,
        url_seconds: float = 600.0,
        cost_delay_seconds: float = 0.0,
        media_dir: Path = PACKAGED_MEDIA,
        models_dirs: Sequence[Path],
    ) -> None:
        self.render_seconds = render_seconds
        self.shape = shape
        self.url_seconds = url_seconds
        self.cost_delay_seconds = cost_delay_seconds
        self.faults = Faults()
        self.requests: list[ReceivedRequest] = []
        self._now = now
        self._api_key = api_key
        self._media_dir = media_dir
        self._models = load_models(models_dirs)
        self._tasks = TaskStore(now)

    @property
    def charges(self) -> Sequence[Charge]:
        """All charges, the oldest first."""
        return self._tasks.charges

    def fail(self, fault: Fault) -> None:
        """Inject a fault into the next calls. Raises `ValueError` for an invalid `value`."""
        if fault.kind is FaultKind.SHAPE:
            Shape(fault.value or "")
        if fault.kind is FaultKind.COST and fault.value is not None:
            json.loads(fault.value)
        if fault.kind is FaultKind.COST_CHANGES:
            _check_amount(fault.value or "")
        self.faults.add(fault)

    def calls(self, call: Call) -> list[ReceivedRequest]:
        """Return the requests that arrived for one call."""
        return [seen for seen in self.requests if seen.call is call]

    def app(self) -> web.Application:
        """Return the service as an application, to be served once."""
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        api = "/api/v1/tasks"
        app.router.add_post(api, self._handler(Call.SUBMIT, self._submit))
        app.router.add_get(api + "/{id}", self._handler(Call.TASK, self._get_task))
        app.router.add_get(api + "/{id}/events", self._handler(Call.EVENTS, self._get_events))
        app.router.add_get("/files/{id}/{file}", self._handler(Call.FILE, self._file))
        app.router.add_routes(control_routes(self.fail, self.faults.clear, self.charges))
        return app

    def _handler(self, call: Call, respond: Handler) -> Handler:
        """Return a handler that records a request, checks its API key and injects faults."""

        async def handle(request: web.Request) -> web.StreamResponse:
            self.requests.append(
                ReceivedRequest(
                    call=call,
                    method=request.method,
                    path=request.path_qs,
                    key=request.headers.get("Idempotency-Key"),
                    authorization=request.headers.get("Authorization"),
                    body=await request.read(),
                    at=self._now(),
                ),
            )
            if call is not Call.FILE and not self._is_authorized(request):
                return failure(401, "unauthorized", "The API key is missing or unknown.")
            return await answer(request, call, self.faults, respond)

        return handle

    def _is_authorized(self, request: web.Request) -> bool:
        given = request.headers.get("Authorization", "")
        if self._api_key is None:
            return given.startswith("Bearer ")
        return given == f"Bearer {self._api_key}"

    async def _submit(self, request: web.Request) -> web.StreamResponse:
        try:
            payload = json.loads(await request.read())
        except ValueError:
            return failure(400, "invalid_json", "The body is not JSON.")
        if not isinstance(payload, dict):
            return failure(400, "invalid_json", "The body is not a JSON object.")
        key = request.headers.get("Idempotency-Key")
        try:
            task = self._tasks.find_by_key(key, payload)
        except ReusedKeyError:
            message = "This Idempotency-Key was used with a different payload."
            return failure(409, "idempotency_conflict", message)
        model = self._models.get(str(payload.get("model")))
        if model is None:
            return failure(422, "unknown_model", f"There is no model {payload.get('model')!r}.")
        problem = model.input_error(payload.get("input"))
        if problem is not None:
            return failure(422, "invalid_input", problem)
        if task is None:
            fault = self.faults.take(Call.SUBMIT, OUTCOME_FAULTS)
            task = self._tasks.start(
                model,
                payload["input"],
                key=key,
                payload=payload,
                render_seconds=self.render_seconds,
                outcome=TaskOutcome.SUCCEEDED if fault is None else _OUTCOMES[fault.kind],
                problem=None if fault is None else fault.message,
                amounts=self._amounts,
            )
        return web.json_response(self._task_body(request, task))

    async def _get_task(self, request: web.Request) -> web.StreamResponse:
        task = self._tasks.task(request.match_info["id"])
        if task is None:
            return failure(404, "not_found", "There is no such task.")
        faults = self.faults.take_all(Call.TASK, TASK_FAULTS)
        body = task_with_faults(self._task_body(request, task), faults)
        return web.Response(text=to_json(body), content_type="application/json")

    async def _get_events(self, request: web.Request) -> web.StreamResponse:
        task = self._tasks.task(request.match_info["id"])
        faults = self.faults.take_all(Call.EVENTS, TASK_FAULTS | EVENT_FAULTS)
        shape = self.shape
        if FaultKind.SHAPE in faults:
            shape = Shape(faults[FaultKind.SHAPE].value or "")
        if task is None or shape is Shape.MISSING:
            return failure(404, "not_found", "There is nothing here.")
        if shape is Shape.NOT_ALLOWED:
            return failure(405, "method_not_allowed", "Not this way.")
        body = task_with_faults(self._task_body(request, task), faults)
        rendered = render_events(shape, body, task.history(self._now()), faults)
        if shape is Shape.OPEN_STREAM:
            return await keep_open(request, rendered.text, rendered.content_type)
        return web.Response(text=rendered.text, content_type=rendered.content_type)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        task = self._tasks.task(request.match_info["id"])
        if task is None or task.state(self._now()) != TaskOutcome.SUCCEEDED:
            return failure(404, "not_found", "There is no such file.")
        if self._now() > float(request.query.get("expires", "0")):
            return failure(403, "expired", "This URL has expired.")
        path = pick_file(self._media_dir, task.model.media, task.options)
        return await send_file(
            request, path, task.options, self.faults.take(Call.FILE, FILE_FAULTS)
        )

    def _amounts(self, cost: Decimal) -> Sequence[tuple[float, Decimal]]:
        """Return when which actual cost of a new task is named: at its end, without faults."""
        faults = self.faults.take_all(Call.SUBMIT, AMOUNT_FAULTS)
        if FaultKind.COST_ABSENT in faults:
            return ()
        late, changes = faults.get(FaultKind.COST_LATE), faults.get(FaultKind.COST_CHANGES)
        since = late.seconds if late else 0.0
        first = [(since, cost)]
        if changes is None:
            return first
        return [*first, (since + changes.seconds, Decimal(changes.value or "0"))]

    def _task_body(self, request: web.Request, task: SandboxTask) -> dict[str, Json]:
        """Return the task object as MindVideo's page shows it."""
        now = self._now()
        state = task.state(now)
        body: dict[str, Json] = {
            "request_id": task.request_id,
            "task_id": task.id,
            "status": state,
            "cost_estimate": float(task.estimate),
        }
        amount = task.amount(now - self.cost_delay_seconds)
        if state in _ENDS and amount is not None:
            body["cost_actual"] = float(amount)
        if state == TaskOutcome.FAILED:
            body["error"] = {"code": "generation_failed", "message": task.problem}
        if state == TaskOutcome.SUCCEEDED:
            name = f"0.{SUFFIXES[task.model.media]}?expires={now + self.url_seconds:.3f}"
            url = f"{request.url.origin()}/files/{task.id}/{name}"
            body["output"] = {f"{task.model.media}s": [{"url": url}]}
        return body
