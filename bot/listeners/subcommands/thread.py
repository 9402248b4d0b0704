"""The commands in a job's thread; any other text there is a change to render."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from bot.base.errors import UsageError
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.actions import ActionName, ActionRequest, perform
from bot.jobs.reviews import newest_result
from bot.jobs.services import Services
from bot.listeners.context import Handler
from bot.listeners.job_replies import reply_to
from bot.listeners.redraw import redraw_if_changed
from bot.listeners.subcommands.thread_doubts import (
    named_word,
    names_no_scene,
    refuse_condition,
    refuse_doubtful_approval,
    refuse_last,
    refuse_no_changes,
    refuse_question,
    refuse_remark,
)
from bot.messages import replies, sets
from bot.options.attachments import Attached
from bot.options.continuation import read_moment
from bot.options.notes import TypedNote, begins_with_time, read_notes
from bot.options.parser import TypedText
from bot.options.scene import replaces_scene
from bot.slack.markup import plain, read_markup
from storage.job import Job


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadCommand:
    """A command in a thread: its description for the manual, and the action that it runs."""

    about: str
    action: ActionName | None
    """`None`: it lists the commands of the thread."""
    of_set: ActionName | None = None
    """The action that it runs in the thread of a set; `None`: it would be about one part."""
    also: frozenset[str] = frozenset()
    """Words that may follow and change nothing."""
    is_review: bool = False
    """Whether it is about the newest result of the thread."""


def match(
    text: str, job: Job, files: Sequence[Attached] = (), *, is_of_set: bool = False
) -> Handler | None:
    """Return the handler of a command in the thread of `job`; `None`: the text is no command.

    If it `is_of_set`, it is about the set of which `job` is a part. `again` may be followed by
    options or shots, and files without text mean `again`. A text that begins with a time is never a
    change, which would be charged. Raises `UsageError`.
    """
    if is_of_set:
        return _command_of_set(text, job, files)
    lasts = None if job.film is None else job.film.seconds
    head, _, below = text.strip().partition("\n")
    if below and _review_of(head, job) is not None:
        notes = read_notes(plain(below), lasts)
        return _review_of(head, job, notes) if notes else _command(text, job, files)
    # `continue at 0:03` is none.
    notes = () if _continues(text) else read_notes(plain(text), lasts)
    return partial(_note, job, notes) if notes else _command(text, job, files)


def _continues(text: str) -> bool:
    command = _named(next(iter(text.split()), ""))
    return command is not None and command.action is ActionName.CONTINUE


def _command(text: str, job: Job, files: Sequence[Attached]) -> Handler | None:
    word, *following = text.split(maxsplit=1) or ["again" if files else "help"]
    command = _named(word)
    refuse_remark(text)
    if command is None:
        return None
    is_continuation = command.action is ActionName.CONTINUE
    if command.action not in _ONLY_TELL:
        refuse_last(word, "".join(following))
        if is_continuation or not following:
            refuse_question(word)
    if command.is_review:
        return _review_of(text, job)
    if is_continuation:
        refuse_condition(word, "".join(following))
        return partial(_continue, job, "".join(following), files)
    if command.action is not ActionName.AGAIN:
        return None if following else partial(_do, command.action, job)
    changes = read_markup(following[0]) if following else None
    if changes is not None and not (
        changes.begins_with_flag or changes.begins_with_shot or replaces_scene(changes.text)
    ):
        return None
    return partial(_again, job, changes, files)


def _command_of_set(text: str, job: Job, files: Sequence[Attached]) -> Handler | None:
    word, *following = text.split(maxsplit=1) or ["again" if files else "help"]
    command = _named(word)
    if command is None or following:
        return None
    return partial(_do_with_set, command, job)


def of_no_job(text: str) -> Handler | None:
    """Return the handler of a text in a thread without a job; `None`: it is a request as any."""
    return _no_video if begins_with_time(plain(text)) else None


async def _no_video(_: Interaction, __: Services) -> Message | None:
    raise UsageError(
        "I do not know of which video this is said: send notes with a time in the thread of its "
        "own message. Nothing was noted or rendered. For a video of these words, put two dashes "
        "before them."
    )


def usages() -> Mapping[str, str]:
    """Return the description of each command."""
    return {word: command.about for word, command in THREAD_WORDS.items()}


async def _do(
    action: ActionName | None, job: Job, interaction: Interaction, services: Services
) -> Message | None:
    if action is None:
        return replies.in_a_thread(usages(), services.bot_user)
    return await _done(action, ActionRequest(job=job, interaction=interaction), services)


async def _done(action: ActionName, request: ActionRequest, services: Services) -> Message | None:
    outcome = await perform(action, request, services)
    redraw_if_changed(outcome, services)
    return reply_to(outcome, services.now())


def _review_of(text: str, job: Job, notes: Sequence[TypedNote] = ()) -> Handler | None:
    """Return the handler of a word of reviewers, with what they say behind it, and notes below.

    `None` if the text begins with none, or goes on as a change may do. Raises `UsageError` for
    words that may take an approval back: everybody sees it.
    """
    word, *behind = text.split(maxsplit=1)
    command, following = _named(word), "".join(behind)
    if command is None or command.action is None or not command.is_review:
        return None
    is_sure = word.endswith(":") or command.action is ActionName.MARK_APPROVED
    first, *rest = following.split(maxsplit=1) or [""]
    if named_word(first) in command.also:
        is_sure, following = True, "".join(rest)
    if is_sure and command.action is ActionName.MARK_APPROVED:
        refuse_doubtful_approval(text)
    elif is_sure and command.action is ActionName.ASK_CHANGES:
        refuse_no_changes(text)
    if following and (not is_sure or command.action is ActionName.NEXT_TAKE):
        return None
    return partial(_review, command.action, job, plain(following), notes=notes)


def _named(word: str) -> ThreadCommand | None:
    bare = named_word(word)
    return THREAD_WORDS.get(_OTHER_FORMS.get(bare, bare))


async def _review(
    action: ActionName,
    job: Job,
    words: str,
    interaction: Interaction,
    services: Services,
    *,
    notes: Sequence[TypedNote],
) -> Message | None:
    is_review = action is not ActionName.NEXT_TAKE
    result = await newest_result(job, services, is_review=is_review)
    request = ActionRequest(job=result, interaction=interaction, words=words, notes=notes)
    return await _done(action, request, services)


async def _note(
    job: Job, notes: Sequence[TypedNote], interaction: Interaction, services: Services
) -> Message | None:
    result = await newest_result(job, services)
    request = ActionRequest(job=result, interaction=interaction, notes=notes)
    return await _done(ActionName.NOTE, request, services)


async def _do_with_set(
    command: ThreadCommand, part: Job, interaction: Interaction, services: Services
) -> Message | None:
    """Run a command in the thread of a set, if it is about all parts."""
    if command.action is None:
        about = {word: one.about for word, one in THREAD_WORDS.items() if one.of_set is not None}
        return replies.in_a_thread(about, services.bot_user)
    if command.of_set is None:
        return sets.which_part(part)
    request = ActionRequest(job=part, interaction=interaction)
    return reply_to(await perform(command.of_set, request, services), services.now())


async def _again(
    job: Job,
    changes: TypedText | None,
    files: Sequence[Attached],
    interaction: Interaction,
    services: Services,
) -> Message | None:
    request = ActionRequest(job=job, interaction=interaction, changes=changes, files=files)
    return reply_to(await perform(ActionName.AGAIN, request, services), services.now())


async def _continue(
    job: Job,
    text: str,
    files: Sequence[Attached],
    interaction: Interaction,
    services: Services,
) -> Message | None:
    request = continuation(job, text, interaction, files)
    return reply_to(await perform(ActionName.CONTINUE, request, services), services.now())


def continuation(
    job: Job, text: str, interaction: Interaction, files: Sequence[Attached] = ()
) -> ActionRequest:
    """Return the request to continue a video with a typed text, `at 3.5: the boat leaves`."""
    moment, words = read_moment(text)
    return ActionRequest(
        job=job,
        interaction=interaction,
        changes=None if names_no_scene(words) else read_markup(words),
        files=files,
        moment=moment,
    )


_ONLY_TELL = frozenset({None, ActionName.STATUS, ActionName.COST})
_OTHER_FORMS: Mapping[str, str] = MappingProxyType({"approved": "approve"})

THREAD_WORDS: Mapping[str, ThreadCommand] = MappingProxyType(
    {
        "again": ThreadCommand(
            about="renders the same again, with the options behind it", action=ActionName.AGAIN
        ),
        "continue": ThreadCommand(
            about="makes the next clip from its last frame: `continue the boat leaves`, or "
            "`continue at 3.5: …` from a second in it",
            action=ActionName.CONTINUE,
        ),
        "loop": ThreadCommand(
            about="renders it again so that it ends as it begins", action=ActionName.LOOP
        ),
        "stitch": ThreadCommand(
            about="joins the clips up to it to one film, free of charge", action=ActionName.STITCH
        ),
        "status": ThreadCommand(
            about="tells where the job stands",
            action=ActionName.STATUS,
            of_set=ActionName.SET_STATUS,
        ),
        "cost": ThreadCommand(
            about="tells what it cost", action=ActionName.COST, of_set=ActionName.SET_STATUS
        ),
        "cancel": ThreadCommand(
            about="cancels it, for free until it is sent to MindVideo",
            action=ActionName.CANCEL,
            of_set=ActionName.CANCEL_SET,
        ),
        "resend": ThreadCommand(
            about="brings its files again, free of charge", action=ActionName.RESEND
        ),
        "keep": ThreadCommand(
            about="keeps its video, so that `/video find --kept` shows it",
            action=ActionName.KEEP,
        ),
        "delete": ThreadCommand(
            about="takes its video back from Slack, and keeps the bill", action=ActionName.DELETE
        ),
        "approve": ThreadCommand(
            about="says that the result is good, with words behind it if you like",
            action=ActionName.MARK_APPROVED,
            is_review=True,
        ),
        "changes": ThreadCommand(
            about="says that the result is to be changed: `changes asked`",
            action=ActionName.ASK_CHANGES,
            also=frozenset({"asked", "requested", "needed", "please"}),
            is_review=True,
        ),
        "next": ThreadCommand(
            about="offers the form of the next take, with the notes beside it: `next take`",
            action=ActionName.NEXT_TAKE,
            also=frozenset({"take"}),
            is_review=True,
        ),
        "help": ThreadCommand(about="shows this", action=None),
    }
)
