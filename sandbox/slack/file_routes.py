"""HTTP routes for the upload and the download of files' bytes."""

from collections.abc import AsyncIterator

from aiohttp import web

from sandbox.slack.entities import RefusalError
from sandbox.slack.faults import BEFORE_EFFECT, DOWNLOAD, UPLOAD
from sandbox.slack.files import StoredFile
from sandbox.slack.wire import answer_with_fault, drop_connection
from sandbox.slack.world import World

CHUNK = 64 * 1024


class FileRoutes:
    """Upload URLs, which need no token, and private download URLs, which need the bot's."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to add to an aiohttp application."""
        return [
            web.post("/upload/v1/{file_id}", self._upload),
            web.get("/files-pri/{key}/download/{file_id}", self._download),
            web.get("/files-pri/{key}/{file_id}", self._download),
            web.get("/login", self._login),
        ]

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        file = self._world.files.files.get(request.match_info["file_id"])
        if file is None:
            return web.Response(status=404, text="no such upload")
        args: dict[str, object] = {
            "file": file.id,
            "length": request.content_length,
            "token_sent": "Authorization" in request.headers,
        }
        fault = self._world.faults.take(UPLOAD)
        if fault is not None and fault.kind in BEFORE_EFFECT:
            self._world.note(UPLOAD, args, fault.kind)
            return await answer_with_fault(request, fault)
        received = await self._world.files.receive(file, _chunks(request))
        if received != file.size:
            self._world.note(UPLOAD, args, "wrong_length")
            return web.Response(status=400, text=f"expected {file.size} bytes, got {received}")
        self._world.note(UPLOAD, args, "ok" if fault is None else fault.kind)
        if fault is not None:
            return await answer_with_fault(request, fault)
        return web.Response(text=f"OK - {received}")

    async def _download(self, request: web.Request) -> web.StreamResponse:
        fault = self._world.faults.take(DOWNLOAD)
        if fault is not None and fault.kind in BEFORE_EFFECT:
            return await answer_with_fault(request, fault)
        credentials = self._world.credentials
        is_authorized = request.headers.get("Authorization") == f"Bearer {credentials.bot_token}"
        if not is_authorized or "files:read" not in credentials.scopes:
            raise web.HTTPFound("/login")
        try:
            file = self._world.files.file(request.match_info["file_id"])
        except RefusalError as refusal:
            raise web.HTTPNotFound(text=refusal.code) from refusal
        if fault is not None:
            return await _half(request, file)
        return web.FileResponse(file.path, headers={"Content-Type": file.mimetype})

    async def _login(self, _: web.Request) -> web.Response:
        return web.Response(text="<html>Sign in to Slack</html>", content_type="text/html")


async def _chunks(request: web.Request) -> AsyncIterator[bytes]:
    async for chunk in request.content.iter_chunked(CHUNK):
        yield chunk


async def _half(request: web.Request, file: StoredFile) -> web.StreamResponse:
    """Send half of a file and close the connection."""
    content = file.path.read_bytes()
    answer = web.StreamResponse(headers={"Content-Length": str(len(content))})
    await answer.prepare(request)
    await answer.write(content[: len(content) // 2])
    return drop_connection(request)
