"""The words that a job's thread takes as they are; any other text there is a change to render."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeAlias

from bot.base.ports import Message
from bot.jobs.accept import Asker
from bot.listeners import job_replies
from bot.listeners.context import Desk
from bot.listeners.subcommands.subcommand import Done
from bot.messages import replies
from bot.options.attachments import Attached
from bot.options.parser import Flag, read_line
from bot.slack.markup import plain
from storage.job import Job

Handler: TypeAlias = Callable[[Desk, Asker, Job], Awaitable[Message | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A word, what it does in words for the manual, and what it does."""

    about: str
    run: Handler


async def perform(
    text: str, job: Job, asker: Asker, desk: Desk, files: Sequence[Attached] = ()
) -> Done | None:
    """Do what a single word in the thread of `job` says; `None`: the text is no such word.

    `again` may be followed by options, and files alone mean it. Idempotent by `asker.ask_key`.
    Raises `UsageError`.
    """
    word, *behind = text.split(maxsplit=1) or ["again" if files else "help"]
    reply = REPLIES.get(word.rstrip(".!?").lower())
    if reply is None:
        return None
    changes = "".join(behind)
    if reply is REPLIES["again"] and (_begins_with_option(changes) or (files and not changes)):
        return Done(reply=await job_replies.again(desk, job, asker, changes, files))
    return None if changes else Done(reply=await reply.run(desk, asker, job))


def usages() -> Mapping[str, str]:
    """Return each word, and what it does."""
    return {word: reply.about for word, reply in REPLIES.items()}


def _begins_with_option(text: str) -> bool:
    tokens = read_line(plain(text)).tokens
    return bool(tokens) and isinstance(tokens[0], Flag)


async def _again(desk: Desk, asker: Asker, job: Job) -> Message | None:
    return await job_replies.again(desk, job, asker)


async def _status(desk: Desk, _: Asker, job: Job) -> Message:
    return await job_replies.status(desk, job)


async def _cost(desk: Desk, _: Asker, job: Job) -> Message:
    return job_replies.cost(desk, job)


async def _cancel(desk: Desk, asker: Asker, job: Job) -> Message:
    return await job_replies.cancel(desk, job, asker.user)


async def _resend(desk: Desk, asker: Asker, job: Job) -> Message:
    return await job_replies.resend(desk, job, asker.ask_key)


async def _help(desk: Desk, _: Asker, __: Job) -> Message:
    return replies.in_a_thread(usages(), desk.bot_user)


REPLIES: Mapping[str, Reply] = MappingProxyType(
    {
        "again": Reply(about="renders the same again, with the options behind it", run=_again),
        "status": Reply(about="tells where the job stands", run=_status),
        "cost": Reply(about="tells what it cost", run=_cost),
        "cancel": Reply(about="cancels it, for free until it is sent to MindVideo", run=_cancel),
        "resend": Reply(about="brings its files again, free of charge", run=_resend),
        "help": Reply(about="shows this", run=_help),
    }
)
