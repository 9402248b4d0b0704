"""A simulated MindVideo: the three calls, the files, a ledger of charges, faults on request.

==================================  ===========================================================
`POST /api/v1/tasks`                a new task, or the one that the `Idempotency-Key` started
`GET /api/v1/tasks/{id}`            the task
`GET /api/v1/tasks/{id}/events`     its events, in the chosen `Shape`
`GET /files/{id}/{file}`            its file, until the moment in `?expires=`
`POST /sandbox/faults`              a `Fault` as JSON: the next calls meet it
`DELETE /sandbox/faults`            nothing goes wrong any more
`GET /sandbox/ledger`               `{"charges": [{"task_id", "key", "amount", "at"}]}`
==================================  ===========================================================
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from sandbox.mindvideo.control import control_routes
from sandbox.mindvideo.events import Shape, render_events, to_json, told
from sandbox.mindvideo.faults import (
    ANSWER_FAULTS,
    EVENTS,
    FATES,
    FILES,
    Call,
    Fault,
    FaultKind,
    Faults,
)
from sandbox.mindvideo.files import PACKAGED_MEDIA, SUFFIXES, pick_file, send_file
from sandbox.mindvideo.models import load_models
from sandbox.mindvideo.tasks import Books, Charge, Fate, KeyConflictInBooksError, SandboxTask
from sandbox.mindvideo.wire import Respond, answer, failure, keep_open
from sandbox.values import Instant, Json

_FATES = {
    FaultKind.TASK_FAILS: Fate.FAILED,
    FaultKind.TASK_CANCELLED: Fate.CANCELLED,
    FaultKind.TASK_NEVER_ENDS: Fate.NEVER,
}
_ENDS = frozenset({Fate.SUCCEEDED, Fate.FAILED, Fate.CANCELLED})
_LARGEST_REQUEST = 32 * 2**20
"""Bytes; reference images may come as data URIs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
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


class MindVideoSandbox:
    """The simulated service; all its state is in memory.

    `render_seconds` is how long a task started from now on takes, `url_seconds` how long a file's
    URL lives, `cost_delay_seconds` how long after its end a task's actual cost is told. With an
    `api_key` every other key gets 401. `models_dirs` are the folders of its
    models' files.
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
        self.requests: list[Seen] = []
        self._now = now
        self._api_key = api_key
        self._media_dir = media_dir
        self._models = load_models(models_dirs)
        self._books = Books(now)

    @property
    def charges(self) -> Sequence[Charge]:
        """All money that was taken, the first first."""
        return self._books.charges

    def fail(self, fault: Fault) -> None:
        """Let the next calls meet this fault. Raises `ValueError` for a value without sense."""
        if fault.kind is FaultKind.SHAPE:
            Shape(fault.value or "")
        if fault.kind is FaultKind.COST and fault.value is not None:
            json.loads(fault.value)
        self.faults.add(fault)

    def calls(self, call: Call) -> list[Seen]:
        """Return the requests of one call that arrived."""
        return [seen for seen in self.requests if seen.call is call]

    def app(self) -> web.Application:
        """Return the service as an application, to be served once."""
        app = web.Application(client_max_size=_LARGEST_REQUEST)
        api = "/api/v1/tasks"
        app.router.add_post(api, self._handler(Call.SUBMIT, self._submit))
        app.router.add_get(api + "/{id}", self._handler(Call.TASK, self._tell_task))
        app.router.add_get(api + "/{id}/events", self._handler(Call.EVENTS, self._tell_events))
        app.router.add_get("/files/{id}/{file}", self._handler(Call.FILE, self._file))
        app.router.add_routes(control_routes(self.fail, self.faults.clear, self.charges))
        return app

    def _handler(self, call: Call, respond: Respond) -> Respond:
        """Return what records a call, checks its key, and lets faults strike it."""

        async def handle(request: web.Request) -> web.StreamResponse:
            self.requests.append(
                Seen(
                    call=call,
                    method=request.method,
                    path=request.path_qs,
                    key=request.headers.get("Idempotency-Key"),
                    authorization=request.headers.get("Authorization"),
                    body=await request.read(),
                    at=self._now(),
                ),
            )
            if call is not Call.FILE and not self._may_enter(request):
                return failure(401, "unauthorized", "The API key is missing or unknown.")
            return await answer(request, call, self.faults, respond)

        return handle

    def _may_enter(self, request: web.Request) -> bool:
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
            task = self._books.known(key, payload)
        except KeyConflictInBooksError:
            said = "This Idempotency-Key was used with a different payload."
            return failure(409, "idempotency_conflict", said)
        model = self._models.get(str(payload.get("model")))
        if model is None:
            return failure(422, "unknown_model", f"There is no model {payload.get('model')!r}.")
        problem = model.fault_in(payload.get("input"))
        if problem is not None:
            return failure(422, "invalid_input", problem)
        if task is None:
            fate = self.faults.take(Call.SUBMIT, FATES)
            task = self._books.start(
                model,
                payload["input"],
                key=key,
                payload=payload,
                render_seconds=self.render_seconds,
                fate=Fate.SUCCEEDED if fate is None else _FATES[fate.kind],
                problem=None if fate is None else fate.message,
            )
        return web.json_response(self._task_body(request, task))

    async def _tell_task(self, request: web.Request) -> web.StreamResponse:
        task = self._books.task(request.match_info["id"])
        if task is None:
            return failure(404, "not_found", "There is no such task.")
        quirks = self.faults.take_all(Call.TASK, ANSWER_FAULTS)
        body = told(self._task_body(request, task), quirks)
        return web.Response(text=to_json(body), content_type="application/json")

    async def _tell_events(self, request: web.Request) -> web.StreamResponse:
        task = self._books.task(request.match_info["id"])
        quirks = self.faults.take_all(Call.EVENTS, ANSWER_FAULTS | EVENTS)
        shape = self.shape
        if FaultKind.SHAPE in quirks:
            shape = Shape(quirks[FaultKind.SHAPE].value or "")
        if task is None or shape is Shape.MISSING:
            return failure(404, "not_found", "There is nothing here.")
        if shape is Shape.NOT_ALLOWED:
            return failure(405, "method_not_allowed", "Not this way.")
        body = told(self._task_body(request, task), quirks)
        rendered = render_events(shape, body, task.history(self._now()), quirks)
        if shape is Shape.OPEN_STREAM:
            return await keep_open(request, rendered.text, rendered.content_type)
        return web.Response(text=rendered.text, content_type=rendered.content_type)

    async def _file(self, request: web.Request) -> web.StreamResponse:
        task = self._books.task(request.match_info["id"])
        if task is None or task.state(self._now()) != Fate.SUCCEEDED:
            return failure(404, "not_found", "There is no such file.")
        if self._now() > float(request.query.get("expires", "0")):
            return failure(403, "expired", "This URL has expired.")
        path = pick_file(self._media_dir, task.model.media, task.options)
        return await send_file(request, path, self.faults.take(Call.FILE, FILES))

    def _task_body(self, request: web.Request, task: SandboxTask) -> dict[str, Json]:
        """Return the task object as the page shows it."""
        now = self._now()
        state = task.state(now)
        body: dict[str, Json] = {
            "request_id": task.request_id,
            "task_id": task.id,
            "status": state,
            "cost_estimate": float(task.estimate),
        }
        ended_at = task.created_at + task.render_seconds
        if state in _ENDS and now >= ended_at + self.cost_delay_seconds:
            body["cost_actual"] = float(task.cost)
        if state == Fate.FAILED:
            body["error"] = {"code": "generation_failed", "message": task.problem}
        if state == Fate.SUCCEEDED:
            name = f"0.{SUFFIXES[task.model.media]}?expires={now + self.url_seconds:.3f}"
            url = f"{request.url.origin()}/files/{task.id}/{name}"
            body["output"] = {f"{task.model.media}s": [{"url": url}]}
        return body
