"""The simulated Slack's `response_url`: private answers, five times within half an hour."""

from aiohttp import web
from pydantic import BaseModel, ValidationError

from sandbox.slack.blocks import checked_blocks
from sandbox.slack.entities import BOT, Payload, RefusalError, Said
from sandbox.slack.faults import RESPONSE_URL, FaultKind
from sandbox.slack.wire import spoil
from sandbox.slack.world import ANSWER_SECONDS, ANSWER_USES, AnswerUrl, World


class Answer(BaseModel):
    """What a bot may answer with: by `response_url` or in an acknowledgement."""

    response_type: str = "ephemeral"
    replace_original: bool = False
    delete_original: bool = False
    text: str = ""
    blocks: list[Payload] = []
    thread_ts: str | None = None


class Hooks:
    """The route of every `response_url`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        """Return the routes to add to an aiohttp application."""
        return [web.post("/hooks/{key}", self._handle)]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        fault = self._world.faults.take(RESPONSE_URL)
        if fault is not None and fault.kind in {
            FaultKind.LOST_BEFORE,
            FaultKind.RATE_LIMITED,
            FaultKind.STATUS_BEFORE,
        }:
            self._world.note(RESPONSE_URL, {}, fault.kind)
            return await spoil(request, fault)
        body: object = await request.json()
        try:
            self._use(request.match_info["key"], Answer.model_validate(body))
        except ValidationError as error:
            return web.Response(status=400, text=f"invalid_payload: {error.error_count()}")
        except RefusalError as refusal:
            self._world.note(RESPONSE_URL, {}, refusal.code)
            return web.json_response({"ok": False, "error": refusal.code}, status=404)
        self._world.note(RESPONSE_URL, {"body": body}, "ok")
        return web.Response(text="ok") if fault is None else await spoil(request, fault)

    def _use(self, key: str, answer: Answer) -> None:
        known = self._world.answer_urls.get(key)
        if known is None:
            raise RefusalError("invalid_url")
        if known.uses >= ANSWER_USES:
            raise RefusalError("used_url")
        if self._world.workspace.now() - known.issued_at > ANSWER_SECONDS:
            raise RefusalError("expired_url")
        known.uses += 1
        show_answer(self._world, known, answer)


def show_answer(world: World, known: AnswerUrl, answer: Answer) -> Said | None:
    """Do what an answer says, and return the new message if it makes one."""
    workspace = world.workspace
    source = workspace.find(known.channel, known.source_ts) if known.source_ts else None
    blocks = checked_blocks(answer.blocks)
    thread_ts = answer.thread_ts or known.thread_ts
    if source is not None and answer.delete_original:
        workspace.delete(source)
        return None
    if source is not None and answer.replace_original:
        workspace.edit(source, answer.text, blocks)
        return None
    if answer.response_type == "in_channel":
        return workspace.say(known.channel, BOT, answer.text, blocks=blocks, thread_ts=thread_ts)
    return workspace.send_ephemeral(
        known.channel, known.user, answer.text, blocks=blocks, thread_ts=thread_ts
    )
