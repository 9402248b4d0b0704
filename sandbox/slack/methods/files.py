"""The simulated Web API's methods about files."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import BaseModel, Field

from sandbox.slack.blocks import checked_blocks
from sandbox.slack.entities import BOT, Payload, RefusalError
from sandbox.slack.files import FileStatus, StoredFile
from sandbox.slack.methods.method import Blocks, JsonList, Method, method
from sandbox.slack.payloads import file_json
from sandbox.slack.world import World

LONGEST_ALT_TEXT = 1000
"""https://docs.slack.dev/reference/methods/files.getUploadURLExternal"""


class _Reserve(BaseModel):
    filename: Annotated[str, Field(min_length=1)]
    length: int
    alt_txt: str = ""


class _Complete(BaseModel):
    files: JsonList
    channel_id: str | None = None
    thread_ts: str | None = None
    initial_comment: str = ""
    blocks: Blocks = None


class _OneFile(BaseModel):
    file: str


def _reserve(world: World, args: _Reserve) -> Payload:
    if args.length <= 0:
        raise RefusalError("missing_argument")
    if len(args.alt_txt) > LONGEST_ALT_TEXT:
        raise RefusalError("alt_txt_too_large")
    file = world.files.reserve(name=args.filename, size=args.length, alt=args.alt_txt, owner=BOT)
    return {"file_id": file.id, "upload_url": world.url(f"/upload/v1/{file.id}")}


def _complete(world: World, args: _Complete) -> Payload:
    blocks = _comment_blocks(args)
    if args.channel_id is not None:
        _check_channel(world, args.channel_id, args.thread_ts)
    files = [_completed(world, each) for each in args.files]
    if args.channel_id is not None:
        message = world.workspace.post(
            args.channel_id,
            BOT,
            args.initial_comment,
            blocks=blocks,
            thread_ts=args.thread_ts,
            files=[file.id for file in files],
        )
        for file in files:
            file.shares.setdefault(args.channel_id, []).append(message.ts)
    # Slack shares a file after it has answered, so only `files.info` shows where.
    return {"files": [{"id": file.id, "title": file.title} for file in files]}


def _info(world: World, args: _OneFile) -> Payload:
    return {"file": file_json(world, world.files.file(args.file)), "comments": []}


def _delete(world: World, args: _OneFile) -> Payload:
    if world.files.file(args.file).owner != BOT:
        raise RefusalError("cant_delete_file")
    world.files.delete(args.file)
    return {}


FILE_METHODS: Mapping[str, Method] = MappingProxyType(
    {
        "files.getUploadURLExternal": method(_Reserve, _reserve, "files:write", takes_json=False),
        "files.completeUploadExternal": method(_Complete, _complete, "files:write"),
        "files.info": method(_OneFile, _info, "files:read", takes_json=False),
        "files.delete": method(_OneFile, _delete, "files:write"),
    }
)


def _comment_blocks(args: _Complete) -> list[Payload]:
    if args.initial_comment or args.blocks is None:
        return []
    if any(block.get("type") == "markdown" for block in args.blocks):
        # Observed at Slack, which accepts the same block in a post:
        # https://github.com/slackapi/python-slack-sdk/issues/1756
        raise RefusalError("internal_error")
    return checked_blocks(args.blocks)


def _check_channel(world: World, channel_id: str, thread_ts: str | None) -> None:
    channel = world.workspace.channel(channel_id)
    if BOT not in channel.members:
        raise RefusalError("not_in_channel")
    if channel.archived:
        raise RefusalError("is_archived")
    if thread_ts is not None and world.workspace.find(channel_id, thread_ts) is None:
        raise RefusalError("thread_not_found")


def _completed(world: World, named: Payload) -> StoredFile:
    title = named.get("title")
    file = world.files.files.get(str(named.get("id")))
    if file is None or file.status is not FileStatus.UPLOADED:
        raise RefusalError("file_not_found")
    return world.files.complete(file.id, title if isinstance(title, str) else None)
