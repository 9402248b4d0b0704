"""The words that may stand first behind `/video` and are no prompt: a table, and what each does.

The same words work in a message to the bot. Every answer is private.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from bot.base.errors import UsageError
from bot.base.ports import Message
from bot.jobs.accept import ALPHABET, LENGTH, Asker
from bot.jobs.view import Sheet, names
from bot.listeners import job_replies
from bot.listeners.context import Desk
from bot.listeners.subcommands import thread
from bot.listeners.subcommands.defaults import CHANNEL_SETTINGS
from bot.listeners.subcommands.notify import NOTIFICATIONS
from bot.listeners.subcommands.subcommand import Done, Subcommand
from bot.messages import buttons, replies
from bot.messages.help import model_list, model_page, overview
from bot.money.costs import Month, last_month, this_month
from bot.options.attachments import Attached
from bot.options.request import parse_ask
from bot.options.wording import quoted
from bot.slack.markup import plain
from storage.job import TERMINAL, Job, Stage
from storage.store import JobFilter, Spend, SpendFilter

LISTED = 10
"""How many jobs of each part a list shows."""

WHOSE: Mapping[str, str] = MappingProxyType(
    {"me": "you", "channel": "this channel", "team": "the whole team"}
)
"""The parts of `cost`: how each is typed, and what it is called in the answer."""

_ID = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
# Slack shows an ID as a code span, and people copy its marks along.
_MARKS = "`*_.,;:"


async def respond(
    text: str, asker: Asker, desk: Desk, files: Sequence[Attached] = ()
) -> Message | None:
    """Do what a text says; return the private answer, or `None` when a job's message says it all.

    Idempotent by `asker.ask_key`. Raises `UsageError`, and `StoreError` when it was not written.
    """
    done = await perform(text, asker, desk)
    if done is not None:
        return done.reply
    defaults = await desk.defaults(asker.team, asker.channel)
    return await desk.take(
        parse_ask(plain(text), desk.catalog, defaults=defaults, files=files), asker
    )


async def perform(text: str, asker: Asker, desk: Desk) -> Done | None:
    """Run the subcommand that a text is; `None`: it is a prompt.

    A text longer than the subcommand's form is a prompt. Raises `UsageError` for a shorter one.
    """
    word, *behind = text.split(maxsplit=1) or [""]
    subcommand = SUBCOMMANDS.get(word.lower())
    if subcommand is None:
        return None
    rest = behind[0].strip() if behind else ""
    given = len(rest.split())
    if subcommand.most is not None and given > subcommand.most:
        return None
    if given < subcommand.least:
        raise UsageError(
            f"Type `/video {subcommand.usage}`; for a video of this word, `/video -- {word}`."
        )
    return await subcommand.run(desk, asker, rest)


def usages() -> Mapping[str, str]:
    """Return how each subcommand is typed, and what it does."""
    return {subcommand.usage: subcommand.about for subcommand in SUBCOMMANDS.values()}


async def _help(desk: Desk, _: Asker, about: str) -> Done:
    if not about:
        manual = overview(
            desk.catalog,
            commands=usages(),
            replies=thread.usages(),
            buttons=buttons.usages(desk.catalog.models),
            bot_user=desk.bot_user,
        )
        return Done(reply=replies.words(manual))
    if subcommand := SUBCOMMANDS.get(about.lower()):
        usage = f"`/video {subcommand.usage}` {subcommand.about}."
        return Done(reply=replies.words(usage))
    try:
        return Done(reply=replies.words(model_page(desk.catalog.get(about))))
    except UsageError as error:
        prompt = quoted(f"/video -- help {about}")
        raise UsageError(f"{error} For a video of these words, {prompt}.") from error


async def _list(desk: Desk, asker: Asker, _: str) -> Done:
    mine = JobFilter(team=asker.team, user=asker.user, limit=LISTED)
    running = await desk.store.jobs(replace(mine, stages=frozenset(Stage) - TERMINAL))
    recent = await desk.store.jobs(replace(mine, stages=TERMINAL))
    return Done(reply=replies.jobs(_sheets(desk, running), _sheets(desk, recent), desk.now()))


async def _status(desk: Desk, asker: Asker, typed: str) -> Done:
    return Done(reply=await job_replies.status(desk, await _job(desk, asker, typed)))


async def _cancel(desk: Desk, asker: Asker, typed: str) -> Done:
    return Done(reply=await job_replies.cancel(desk, await _job(desk, asker, typed), asker.user))


async def _again(desk: Desk, asker: Asker, rest: str) -> Done | None:
    typed, *changes = rest.split(maxsplit=1)
    if changes and _ID.fullmatch(_id(typed)) is None:
        return None
    job = await _job(desk, asker, typed)
    return Done(reply=await job_replies.again(desk, job, asker, "".join(changes)))


async def _resend(desk: Desk, asker: Asker, typed: str) -> Done:
    return Done(reply=await job_replies.resend(desk, await _job(desk, asker, typed), asker.ask_key))


async def _cost(desk: Desk, asker: Asker, part: str) -> Done | None:
    wanted = [part.lower()] if part else [*WHOSE]
    if not WHOSE.keys() >= {*wanted}:
        return None
    now = desk.now()
    months = [
        (month.name, [(WHOSE[one], await _spend(desk, asker, one, month)) for one in wanted])
        for month in (this_month(now), last_month(now))
    ]
    return Done(reply=replies.spends(months, desk.unit))


async def _models(desk: Desk, _: Asker, __: str) -> Done:
    return Done(reply=replies.words(model_list(desk.catalog)))


async def _spend(desk: Desk, asker: Asker, part: str, month: Month) -> Spend:
    everyone = SpendFilter(team=asker.team, since=month.since, until=month.until)
    match part:
        case "me":
            return await desk.store.spend(replace(everyone, user=asker.user))
        case "channel":
            return await desk.store.spend(replace(everyone, channel=asker.channel))
        case _:
            return await desk.store.spend(everyone)


async def _job(desk: Desk, asker: Asker, typed: str) -> Job:
    """Return the job that a person names. Raises `UsageError` if there is none in their team."""
    job = await desk.store.get(_id(typed))
    if job is None or job.team != asker.team:
        raise UsageError(replies.unknown_job(quoted(typed)))
    return job


def _id(typed: str) -> str:
    return typed.strip(_MARKS).lower()


def _sheets(desk: Desk, jobs: Sequence[Job]) -> Sequence[tuple[Job, Sheet]]:
    return [(job, names(job, desk.catalog, desk.unit)) for job in jobs]


SUBCOMMANDS: Mapping[str, Subcommand] = MappingProxyType(
    {
        "help": Subcommand(
            usage="help [MODEL|COMMAND]",
            about="shows all that there is, or all about a model or one of these commands",
            run=_help,
            most=1,
        ),
        "list": Subcommand(
            usage="list", about="shows your jobs: those running, and the last ones", run=_list
        ),
        "status": Subcommand(
            usage="status ID", about="tells where a job stands", run=_status, least=1, most=1
        ),
        "cancel": Subcommand(
            usage="cancel ID",
            about="cancels a job, for free until it is sent to MindVideo",
            run=_cancel,
            least=1,
            most=1,
        ),
        "again": Subcommand(
            usage="again ID [changes]",
            about="renders a job again, with another prompt or options if you like",
            run=_again,
            least=1,
            most=None,
        ),
        "resend": Subcommand(
            usage="resend ID",
            about="brings the files of a finished job again, free of charge",
            run=_resend,
            least=1,
            most=1,
        ),
        "cost": Subcommand(
            usage="cost [me|channel|team]",
            about="tells what you, this channel and the team spent this month and last",
            run=_cost,
            most=1,
        ),
        "models": Subcommand(usage="models", about="lists the models on offer", run=_models),
        "notify": NOTIFICATIONS,
        "settings": CHANNEL_SETTINGS,
    }
)
