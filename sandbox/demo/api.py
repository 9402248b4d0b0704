"""The demo page's server side: what a person sees and does in the simulated Slack, as JSON.

`GET /` is the page (`page/index.html` beside this file), `GET /page/{name}` its other files. The
page gets all its data from these calls; every `user` is an ID of `users`, every `ts` a string.

**`GET /demo/state[?user=U…][&channel=C…][&thread=TS]`** → what that person sees now, Ana if there
is no `user`. Without `channel` the first of `channels`; `thread` is the `ts` of a thread's first
message::

    {"version": 17,
     "me": User, "bot": User, "users": [User],        # `users`: the people, without the bot
     "channels": [Channel], "channel": Channel,       # those that this person can see
     "messages": [Message],                           # oldest first, without thread replies
     "thread": null | {"ts": TS, "messages": [Message],    # first message, then its replies
                       "status": "is rendering…" | ""},     # what the bot does there
     "prompts": [{"title", "message"}],               # what the bot suggests in this channel
     "views": {"modal": null | View, "home": null | View},
     "shortcuts": [{"callback_id": …, "name": …, "type": "global" | "message"}],
     "processes": [{"name", "pid": 17 | null}],       # `null`: it was killed; one process: none
     "error": null | "the error that Slack shows this person, such as: /video failed …"}

    User:    {"id", "name", "real_name", "is_bot": bool, "is_admin": bool,
              "is_external": bool}       # `is_external`: of another workspace
    Channel: {"id", "name", "kind": "public" | "private" | "direct", "bot_is_member": bool,
              "archived": bool}        # `name` of a direct conversation: the other one's name
    Message: {"ts", "user": "U…", "bot": bool, "text", "blocks": [Block Kit block],
              "edited": bool, "thread_ts": TS | null, "reply_count": 0, "files": [File],
              "ephemeral_for": null | "U…"}   # "Only visible to you"
    File:    {"id", "name", "title", "mimetype", "size", "url": "/demo/files/F…", "alt"}
    View:    {"id", "previous_id": the modal below | null, "type": "modal" | "home",
              "title": "…", "submit": "…" | null, "close": "…" | null, "blocks": [Block Kit block],
              "errors": {"block_id": "what is wrong with it"}}

`text` and `blocks` hold mrkdwn as the bot sent it (`<@U…>`, `<!date^…>`, `&lt;`). The error stays
until this person's next action.

**`GET /demo/stream?user=U…`** → server-sent events, `data: {"changed": true, "version": 17}`: one
at once, then one whenever anything changed.

**`POST /demo/act`** with JSON `{"user": "U…", "type": …, …}` → performs an action.
Answer: `{"ok": true, "ephemeral": null | Message}`, where `ephemeral` is the message
that came with the acknowledgement (it is in the state too), or `{"ok": false, "error": "…"}` with
the error that Slack shows; HTTP 400 with the same shape when the request itself is invalid.

=================  ==============================================================================
`type`             further fields
=================  ==============================================================================
command            `channel`, `text` (as typed: `/video a red car --duration 5`)
message            `channel`, `text` (`@name` becomes a mention), `thread_ts`?, `files`?: [file ID]
click              `channel`, `ts`, `block_id`, `action_id`, `value`?  (an element in a message)
view_action        `view_id`, `block_id`, `action_id`, `value`?, `values`?  (in a modal or the Home
                   tab: buttons, and inputs with `dispatch_action`)
submit_view        `view_id`, `values`
close_view         `view_id`
shortcut           `callback_id`
message_shortcut   `callback_id`, `channel`, `ts`
open_home          `tab`?  (`home` or `messages`, of the app)
invite             `channel`, to which the bot is invited
=================  ==============================================================================

`value` is plain: a text for an input, the option's `value` for a select or radio buttons, a list of
those for checkboxes and multi-selects, a list of file IDs for a `file_input`; a button needs none.
`values` is `{"block_id": {"action_id": value}}` for the present values of the view's inputs.

**`POST /demo/processes/NAME/kill`** → kills one of the bot's processes, which starts again later.

**`GET /archives/C…/p…[?user=U…]`** → the page at that message: what `chat.getPermalink` returns.

**`POST /demo/files?user=U…`**, multipart with a part `file` → `{"file_id": "F…"}`, to be named in
a `message` or in a `file_input`. **`GET /demo/files/F…`** → its bytes; answers `Range`.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from importlib.resources import files
from urllib.parse import urlencode

from aiohttp import BodyPartReader, web
from aiohttp.client_exceptions import ClientConnectionResetError
from pydantic import ValidationError

from sandbox.demo.formation import Formation
from sandbox.demo.interactions import INTERACTIONS
from sandbox.demo.state import PageQuery, message_for_page, state_for
from sandbox.slack.entities import ANA, Payload, RefusalError
from sandbox.slack.people import People

CHUNK = 64 * 1024

UNTRUSTED = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
"""A person's file has the same origin as the page, so the browser must not run scripts in it."""


class DemoApi:
    """The routes of the demo page over one sandbox."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._world = people.world
        self._formation: Formation | None = None
        self._streams: set[asyncio.Task[None]] = set()

    def add_to(self, app: web.Application) -> None:
        """Serve the page and its calls in `app`, next to the sandbox's own routes."""
        app.add_routes(self.routes())
        app.on_response_prepare.append(_keep_fresh)
        app.on_shutdown.append(self._end_streams)

    def show_processes(self, formation: Formation) -> None:
        """Show the bot's processes, and let people kill one."""
        self._formation = formation
        formation.on_change = self._world.workspace.touch

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes to add to an aiohttp application."""
        page = files("sandbox.demo") / "page"
        return [
            web.get("/", self._index),
            web.static("/page", str(page)),
            web.get(r"/archives/{channel}/p{digits:\d{7,}}", self._permalink),
            web.get("/demo/state", self._state),
            web.get("/demo/stream", self._stream),
            web.post("/demo/act", self._act),
            web.post("/demo/processes/{name}/kill", self._kill),
            web.post("/demo/files", self._upload),
            web.get("/demo/files/{file_id}", self._file),
        ]

    async def _index(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(str(files("sandbox.demo") / "page" / "index.html"))

    async def _permalink(self, request: web.Request) -> web.Response:
        """Open the page at a message, in its thread if it is a reply, as `user` if given."""
        channel, digits = request.match_info["channel"], request.match_info["digits"]
        ts = f"{digits[:-6]}.{digits[-6:]}"
        message = self._world.workspace.find(channel, ts)
        place = {"channel": channel, "message": ts}
        if message is not None and message.thread_ts is not None:
            place["thread"] = message.thread_ts
        if "user" in request.query:
            place["user"] = request.query["user"]
        return web.Response(status=302, headers={"Location": f"/#{urlencode(place)}"})

    async def _state(self, request: web.Request) -> web.Response:
        query = PageQuery(
            user=request.query.get("user", ANA),
            channel=request.query.get("channel"),
            thread_ts=request.query.get("thread"),
        )
        try:
            state = state_for(self._people, query)
        except RefusalError as refusal:
            return _refused(refusal.code, status=400)
        processes = self._formation.states() if self._formation else []
        return web.json_response({**state, "processes": processes})

    async def _kill(self, request: web.Request) -> web.Response:
        if self._formation is None:
            return _refused("process_not_found", status=404)
        try:
            self._formation.kill(request.match_info["name"])
        except RefusalError as refusal:
            return _refused(refusal.code, status=404)
        return web.json_response({"ok": True})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await answer.prepare(request)
        stream = asyncio.create_task(self._send_changes(answer))
        self._streams.add(stream)
        await asyncio.wait({stream})
        self._streams.discard(stream)
        return answer

    async def _send_changes(self, answer: web.StreamResponse) -> None:
        version = self._world.workspace.version
        try:
            while True:
                event = json.dumps({"changed": True, "version": version})
                await answer.write(f"data: {event}\n\n".encode())
                version = await self._world.workspace.changed_since(version)
        except ClientConnectionResetError:
            # The page was closed: a stream has no other end.
            return

    async def _end_streams(self, _: web.Application) -> None:
        for stream in self._streams:
            stream.cancel()

    async def _act(self, request: web.Request) -> web.Response:
        try:
            delivery = await INTERACTIONS.validate_json(await request.read()).perform(self._people)
        except ValidationError as error:
            return _refused(str(error), status=400)
        except RefusalError as refusal:
            return _refused(refusal.code)
        if delivery is not None and delivery.error is not None:
            return _refused(delivery.error)
        shown = None
        if delivery is not None and delivery.shown is not None:
            shown = message_for_page(self._people, delivery.shown)
        return web.json_response({"ok": True, "ephemeral": shown})

    async def _upload(self, request: web.Request) -> web.Response:
        owner = request.query.get("user", "")
        part = await (await request.multipart()).next()
        if not isinstance(part, BodyPartReader) or owner not in self._world.workspace.users:
            return _refused("a user and a part named file are needed", status=400)
        file = await self._world.files.put(
            name=part.filename or "file", owner=owner, chunks=_chunks(part)
        )
        return web.json_response({"file_id": file.id})

    async def _file(self, request: web.Request) -> web.StreamResponse:
        try:
            file = self._world.files.file(request.match_info["file_id"])
        except RefusalError as refusal:
            return _refused(refusal.code, status=404)
        return web.FileResponse(file.path, headers=UNTRUSTED | {"Content-Type": file.mimetype})


async def _keep_fresh(request: web.Request, answer: web.StreamResponse) -> None:
    """Make the browser revalidate the page's files, so that old and new ones never mix."""
    if request.path == "/" or request.path.startswith("/page/"):
        answer.headers["Cache-Control"] = "no-cache"


def _refused(reason: str, *, status: int = 200) -> web.Response:
    answer: Payload = {"ok": False, "error": reason}
    return web.json_response(answer, status=status)


async def _chunks(part: BodyPartReader) -> AsyncIterator[bytes]:
    while chunk := await part.read_chunk(CHUNK):
        yield chunk
