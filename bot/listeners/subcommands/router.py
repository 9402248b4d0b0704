"""Runs the subcommand of a text, and accepts every other text as a request to render.

The same subcommands work in a message to the bot. Every answer is ephemeral.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import assert_never

from bot.base.errors import UsageError
from bot.base.ports import Message
from bot.jobs.accept import (
    Acceptance,
    AskContext,
    Asked,
    Asking,
    Interaction,
    SetAcceptance,
    SetAsked,
    accept_requests,
)
from bot.jobs.actions import ActionName, ActionOutcome, ActionRequest, draft_of, perform
from bot.jobs.cast import cast_for
from bot.jobs.services import Services
from bot.jobs.styles import styles_for
from bot.listeners.context import usual_options
from bot.listeners.job_replies import reply_to
from bot.listeners.subcommands import thread
from bot.listeners.subcommands.budget import BUDGET
from bot.listeners.subcommands.cast import CAST, cast_subcommand
from bot.listeners.subcommands.credit import CREDIT
from bot.listeners.subcommands.defaults import CHANNEL_SETTINGS
from bot.listeners.subcommands.find import FIND
from bot.listeners.subcommands.intent import (
    Command,
    Mistyped,
    Prompt,
    Talk,
    literal,
    read_intent,
)
from bot.listeners.subcommands.job_words import JOB_SUBCOMMANDS
from bot.listeners.subcommands.manual import help_subcommand
from bot.listeners.subcommands.near_command import HELP
from bot.listeners.subcommands.notify import NOTIFICATIONS
from bot.listeners.subcommands.reports import REPORTS
from bot.listeners.subcommands.set_part import find_named_part
from bot.listeners.subcommands.style import STYLES, style_subcommand
from bot.listeners.subcommands.subcommand import Subcommand
from bot.listeners.subcommands.text_context import TextContext
from bot.messages import questions, sets
from bot.options.alternatives import variants_of
from bot.options.attachments import Attached
from bot.options.draft import Draft, RefusedTextError
from bot.options.parser import TypedText
from bot.options.request import read_request
from bot.options.sets import read_requests
from storage.job import Job, QuestionKind


async def respond(
    text: str,
    interaction: Interaction,
    services: Services,
    *,
    files: Sequence[Attached] = (),
    job: Job | None = None,
    is_conversation: bool = False,
    is_under_shared: bool = False,
) -> Message | None:
    """Run a command, or accept a request to render; return the ephemeral answer, if any.

    In the thread of `job`, a request is a change of that job, or of the part of its set that the
    text names. Where it `is_under_shared`, in a thread under a video that was made in another
    channel, a request is refused: as a change it would bring the words of that video here, and
    alone it would be a video of the change. A text that may be no request is asked about before it
    is accepted. `None`: the job's message shows the outcome. Idempotent by `interaction.dedup_key`.
    Raises `UsageError`, which is a `RefusedTextError` for a request to render, and `StoreError`
    when the request was not committed.
    """
    part = None if job is None else await find_named_part(text, job, services)
    if part is not None:
        text, job = part.text, part.job
    is_of_set = part is None and job is not None and job.set_id is not None
    context = _context(services, files, job, is_conversation=is_conversation, is_of_set=is_of_set)
    intent = read_intent(text, context)
    if isinstance(intent, Command):
        return await intent.run(interaction, services)
    if is_under_shared and isinstance(intent, Prompt):
        raise UsageError(_MADE_ELSEWHERE)
    if job is not None and is_of_set:
        # A change would be of one part, and nobody says of which.
        return sets.which_part(job)
    typed, question = _as_request(intent, text)
    outcome: ActionOutcome
    try:
        if job is None:
            draft = _draft(typed, files, interaction)
            outcome = await _requested(draft, typed, question, interaction, services)
        else:
            change = ActionRequest(
                job=job, interaction=interaction, changes=typed, files=files, question=question
            )
            draft = draft_of(change)
            outcome = await perform(ActionName.AGAIN, change, services)
    except RefusedTextError as error:
        if not isinstance(intent, Mistyped):
            raise
        meant = questions.did_you_mean(intent.meant)
        raise RefusedTextError(error.draft, meant, *error.problems) from None
    if isinstance(outcome, Asked | SetAsked):
        outcome = replace(outcome, draft=draft)
    return reply_to(outcome, services.now())


_MADE_ELSEWHERE = (
    "This video was made elsewhere, and can be changed there: in the thread of its own message. For"
    " a new video, write to me outside of this thread."
)


def _as_request(intent: Mistyped | Prompt | Talk, text: str) -> tuple[TypedText, Asking | None]:
    """Return the request that a text may be, and the question whether it is one."""
    match intent:
        case Prompt():
            return intent.typed, None
        case Mistyped():
            return intent.typed, Asking(kind=QuestionKind.MISTYPED, about=intent.meant)
        case Talk():
            return literal(text), Asking(kind=QuestionKind.SMALL_TALK, about=intent.kind)
        case _:
            assert_never(intent)


def _draft(typed: TypedText, files: Sequence[Attached], interaction: Interaction) -> Draft:
    """Return a typed text and its files as a draft for the form."""
    return Draft(
        text=typed.text,
        channel=interaction.channel,
        thread_ts=interaction.reply_to.thread_ts,
        files=tuple(files),
        people=typed.people,
    )


async def _requested(
    draft: Draft,
    typed: TypedText,
    question: Asking | None,
    interaction: Interaction,
    services: Services,
) -> Acceptance | SetAcceptance:
    """Accept the requests of a text. Raises `RefusedTextError`, `StoreError`."""
    usual = await usual_options(interaction, services)
    where = (interaction.team, interaction.user, interaction.channel)
    read = partial(
        read_request,
        catalog=services.catalog,
        defaults=usual.values,
        styles=await styles_for(typed, *where, services),
        cast=await cast_for(typed, *where, services),
    )
    files = draft.files
    try:
        requests = read_requests(variants_of(typed), files, lambda one, its: read(one, files=its))
        known = AskContext(question=question, usual=usual)
        return await accept_requests(requests, typed.text, interaction, services, known)
    except UsageError as error:
        raise RefusedTextError(draft, *error.problems) from None


def _context(
    services: Services,
    files: Sequence[Attached],
    job: Job | None,
    *,
    is_conversation: bool,
    is_of_set: bool,
) -> TextContext:
    table = {**SUBCOMMANDS, CAST: cast_subcommand(bot_words, files)} if files else SUBCOMMANDS
    context = TextContext(
        table=table,
        catalog=services.catalog,
        is_conversation=is_conversation,
        has_files=bool(files),
    )
    if job is None:
        return context
    command = partial(thread.match, job=job, files=files, is_of_set=is_of_set)
    return replace(context, thread_words=thread.THREAD_WORDS.keys(), thread_command=command)


def bot_words() -> Collection[str]:
    """Return the words of the bot, which nothing that is saved has as its name."""
    return {*SUBCOMMANDS, *thread.THREAD_WORDS}


def usages() -> Mapping[str, str]:
    """Return the description of each subcommand, by its usage."""
    return {subcommand.usage: subcommand.about for subcommand in SUBCOMMANDS.values()}


SUBCOMMANDS: Mapping[str, Subcommand] = MappingProxyType(
    {
        HELP: help_subcommand(lambda: SUBCOMMANDS, thread.usages),
        "list": REPORTS["list"],
        "find": FIND,
        **JOB_SUBCOMMANDS,
        "cost": REPORTS["cost"],
        "budget": BUDGET,
        "credit": CREDIT,
        "models": REPORTS["models"],
        "notify": NOTIFICATIONS,
        "settings": CHANNEL_SETTINGS,
        "style": style_subcommand(bot_words),
        "styles": STYLES,
        CAST: cast_subcommand(bot_words),
    }
)
