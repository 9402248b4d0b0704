"""The simulated Web API over HTTP: tokens, arguments, answers and injected faults."""

import hmac
import json
from collections.abc import Mapping
from email.utils import formatdate
from types import MappingProxyType

from aiohttp import web

from sandbox.slack.entities import Payload, RefusalError
from sandbox.slack.faults import BEFORE_EFFECT, Fault, FaultKind
from sandbox.slack.methods.assistant import ASSISTANT_METHODS
from sandbox.slack.methods.chat import CHAT_METHODS
from sandbox.slack.methods.conversations import CONVERSATION_METHODS
from sandbox.slack.methods.files import FILE_METHODS
from sandbox.slack.methods.method import Method, require_scope
from sandbox.slack.methods.views import VIEW_METHODS
from sandbox.slack.wire import answer_with_fault
from sandbox.slack.world import World

METHODS: Mapping[str, Method] = MappingProxyType(
    {
        **ASSISTANT_METHODS,
        **CHAT_METHODS,
        **CONVERSATION_METHODS,
        **FILE_METHODS,
        **VIEW_METHODS,
    }
)


class WebApi:
    """The route `/api/{method}`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to add to an aiohttp application."""
        return [
            web.post("/api/{method}", self._handle),
            web.get("/api/{method}", self._handle),
        ]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        fault = self._world.faults.take(name)
        args = await _arguments(request, METHODS.get(name))
        limiter = self._world.limiter
        if fault is None and limiter is not None:
            fault = limiter.refuse(name, args, self._world.workspace.now())
        if fault is None:
            return self._answer(name, args, self._call(request, name, args))
        return await self._answer_with_fault(request, name, args, fault)

    async def _answer_with_fault(
        self, request: web.Request, name: str, args: Payload, fault: Fault
    ) -> web.StreamResponse:
        def call() -> Payload:
            return self._call(request, name, args)

        match fault.kind:
            case FaultKind.ERROR_BEFORE:
                return self._answer(name, args, {"ok": False, "error": fault.code})
            case FaultKind.ERROR_AFTER:
                call()
                return self._answer(name, args, {"ok": False, "error": fault.code})
            case FaultKind.NO_SHARE:
                kept = {key: args[key] for key in args if key not in {"channel_id", "thread_ts"}}
                return self._answer(name, args, self._call(request, name, kept))
            case FaultKind.HIDDEN_SHARES:
                return self._answer(name, args, _without_shares(call()))
            case kind if kind in BEFORE_EFFECT:
                self._world.note(name, args, fault.kind)
            case _:
                call()
                self._world.note(name, args, fault.kind)
        return await answer_with_fault(request, fault)

    def _call(self, request: web.Request, name: str, args: Payload) -> Payload:
        try:
            method = _method(name)
            self._check_caller(request, method)
            return {"ok": True, **method.run(self._world, args)}
        except RefusalError as refusal:
            return {"ok": False, "error": refusal.code, **refusal.details}

    def _check_caller(self, request: web.Request, method: Method) -> None:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not token:
            raise RefusalError("not_authed")
        credentials = self._world.credentials
        expected = credentials.app_token if method.app_token else credentials.bot_token
        if expected is None:
            raise RefusalError("token_revoked")
        if not hmac.compare_digest(token.encode(), expected.encode()):
            other = credentials.bot_token if method.app_token else credentials.app_token
            raise RefusalError("not_allowed_token_type" if token == other else "invalid_auth")
        for scope in sorted(method.scopes):
            require_scope(self._world, needed=scope)

    def _answer(self, name: str, args: Payload, answer: Payload) -> web.Response:
        self._world.note(name, args, "ok" if answer["ok"] else str(answer["error"]))
        if answer["ok"] and self._world.limiter is not None:
            self._world.limiter.count(name, args, self._world.workspace.now())
        scopes = ",".join(sorted(self._world.credentials.scopes))
        date = formatdate(self._world.workspace.now(), usegmt=True)
        return web.json_response(answer, headers={"X-OAuth-Scopes": scopes, "Date": date})


async def _arguments(request: web.Request, method: Method | None) -> Payload:
    """Merge the URL's arguments with the body's, which Slack reads as JSON for some methods."""
    args: Payload = dict(request.query)
    if request.content_type == "application/json":
        body = json.loads(await request.text() or "{}")
        if method is not None and method.takes_json and isinstance(body, dict):
            args |= body
    elif request.can_read_body:
        form = await request.post()
        args |= {key: value for key, value in form.items() if isinstance(value, str)}
    return args


def _method(name: str) -> Method:
    if name not in METHODS:
        raise RefusalError("unknown_method")
    return METHODS[name]


def _without_shares(answer: Payload) -> Payload:
    file = answer.get("file")
    return {**answer, "file": {**file, "shares": {}}} if isinstance(file, dict) else answer
