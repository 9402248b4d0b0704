"""The simulated Slack's `response_url`s: five messages each, within 30 minutes."""

from aiohttp import web
from pydantic import BaseModel, ValidationError

from sandbox.slack.blocks import check_pictures, checked_blocks
from sandbox.slack.entities import BOT, Payload, RefusalError, StoredMessage
from sandbox.slack.faults import BEFORE_EFFECT, RESPONSE_URL
from sandbox.slack.wire import answer_with_fault
from sandbox.slack.world import RESPONSE_URL_SECONDS, RESPONSE_URL_USES, ResponseUrl, World


class MessageResponse(BaseModel):
    """A message that a bot sends by `response_url` or in an acknowledgement."""

    response_type: str = "ephemeral"
    replace_original: bool = False
    delete_original: bool = False
    text: str = ""
    blocks: list[Payload] = []
    thread_ts: str | None = None


class ResponseUrlRoutes:
    """The route of every `response_url`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to add to an aiohttp application."""
        return [web.post("/hooks/{key}", self._handle)]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        fault = self._world.faults.take(RESPONSE_URL)
        if fault is not None and fault.kind in BEFORE_EFFECT:
            self._world.note(RESPONSE_URL, {}, fault.kind)
            return await answer_with_fault(request, fault)
        body: object = await request.json()
        try:
            self._use(request.match_info["key"], MessageResponse.model_validate(body))
        except ValidationError as error:
            return web.Response(status=400, text=f"invalid_payload: {error.error_count()}")
        except RefusalError as refusal:
            self._world.note(RESPONSE_URL, {}, refusal.code)
            return web.json_response({"ok": False, "error": refusal.code}, status=404)
        self._world.note(RESPONSE_URL, {"body": body}, "ok")
        return web.Response(text="ok") if fault is None else await answer_with_fault(request, fault)

    def _use(self, key: str, response: MessageResponse) -> None:
        url = self._world.response_urls.get(key)
        if url is None:
            raise RefusalError("invalid_url")
        if url.uses >= RESPONSE_URL_USES:
            raise RefusalError("used_url")
        if self._world.workspace.now() - url.issued_at > RESPONSE_URL_SECONDS:
            raise RefusalError("expired_url")
        url.uses += 1
        apply_response(self._world, url, response)


def apply_response(
    world: World, url: ResponseUrl, response: MessageResponse
) -> StoredMessage | None:
    """Post, replace or delete a message, as the response says; return a message that is new."""
    workspace = world.workspace
    source = workspace.find(url.channel, url.source_ts) if url.source_ts else None
    check_pictures(response.blocks, world.files.may_show)
    blocks = checked_blocks(response.blocks)
    thread_ts = response.thread_ts or url.thread_ts
    if source is not None and response.delete_original:
        workspace.delete(source)
        return None
    if source is not None and response.replace_original:
        workspace.edit(source, response.text, blocks)
        return None
    if response.response_type == "in_channel":
        return workspace.post(url.channel, BOT, response.text, blocks=blocks, thread_ts=thread_ts)
    return workspace.send_ephemeral(
        url.channel, url.user, response.text, blocks=blocks, thread_ts=thread_ts
    )
