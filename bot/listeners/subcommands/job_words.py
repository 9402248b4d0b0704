"""The subcommands that name a job: `status ID`, `cancel ID`, `again ID` and `resend ID`.

The word `last` stands for the ID of the asker's newest job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.base.ports import Message
from bot.jobs.accept import ALPHABET, LENGTH, Interaction
from bot.jobs.access import find_job, find_set
from bot.jobs.actions import ActionName, ActionRequest, perform
from bot.jobs.services import Services
from bot.jobs.sets import PREFIX
from bot.listeners.context import Handler
from bot.listeners.job_replies import reply_to
from bot.listeners.subcommands.subcommand import Subcommand
from bot.listeners.subcommands.thread import continuation
from bot.messages import replies, sets
from bot.options.catalog import Catalog
from bot.options.parser import read_text
from bot.options.spoken_values import options_in
from bot.options.wording import quoted
from bot.slack.markup import plain, read_markup
from storage.job import REQUESTED, Job
from storage.store import JobFilter

LAST = "last"
"""Stands for the asker's newest job: that of this channel, else that of any."""

_ID = lazy_compile(f"({PREFIX})?[{ALPHABET}]{{{LENGTH}}}")
# An ID that may be mistyped, or that of a delivery, rather than a word of a prompt.
_LIKE_AN_ID = lazy_compile(r"\S*\d\S*")
# `again last night in paris` is a scene.
_BEHIND_LAST = frozenset(
    {"night", "day", "dance", "summer", "winter", "spring", "autumn", "train", "year", "week"}
    | {"month", "supper", "stand", "journey"}
)
# Messages show an ID as a code span in a sentence, and users copy backticks and punctuation too.
_MARKS = "`*_.,;:"


_OF_SET: Mapping[ActionName, ActionName] = MappingProxyType(
    {ActionName.STATUS: ActionName.SET_STATUS, ActionName.CANCEL: ActionName.CANCEL_SET}
)
"""The action on a set for that on a job; any other one is about one of its parts."""


async def _named_job(typed: str, interaction: Interaction, services: Services) -> Job:
    """Return the job of a typed ID, or of `last`.

    Raises `UsageError` if there is none that the user may see, or the user has none at all.
    """
    job_id = _job_id(typed)
    if job_id == LAST:
        return await _newest_job(interaction, services)
    job = await find_job(job_id, interaction, services)
    if job is None or job.stage not in REQUESTED:
        raise UsageError(replies.unknown_job(quoted(plain(typed))))
    return job


async def _named_set(typed: str, interaction: Interaction, services: Services) -> Job:
    """Return the first part of the set of a typed ID. Raises `UsageError` as `_named_job` does."""
    part = await find_set(_job_id(typed), interaction, services)
    if part is None or part.stage not in REQUESTED:
        raise UsageError(sets.unknown_set(quoted(typed)))
    return part


async def _newest_job(interaction: Interaction, services: Services) -> Job:
    own = JobFilter(team=interaction.team, user=interaction.user, stages=REQUESTED, limit=1)
    for wanted in (replace(own, channel=interaction.channel), own):
        for job in await services.store.jobs.jobs(wanted):
            return job
    raise UsageError(replies.no_last_job())


def _bind(name: ActionName, rest: str, catalog: Catalog) -> Handler | None:
    if options_in(plain(rest), catalog) is not None:
        # `again 4k` is about an option.
        return None
    typed, *changes = rest.split(maxsplit=1)
    job_id = _job_id(typed)
    following = next(iter("".join(changes).split()), "").strip(_MARKS).lower()
    is_last = job_id == LAST and following not in _BEHIND_LAST
    is_id = is_last or _ID.fullmatch(job_id) is not None
    if not is_id and not _is_mistyped(job_id, changes):
        return None
    return partial(_do, name, typed, "".join(changes))


def _is_mistyped(job_id: str, changes: Sequence[str]) -> bool:
    """Tell whether a word is like an ID, and no words of a prompt follow it."""
    is_like_one = _LIKE_AN_ID.fullmatch(job_id) is not None
    return is_like_one and all(read_text(plain(each)).begins_with_flag for each in changes)


async def _do(
    name: ActionName, typed: str, changes: str, interaction: Interaction, services: Services
) -> Message | None:
    if _job_id(typed).startswith(PREFIX):
        part = await _named_set(typed, interaction, services)
        if name not in _OF_SET:
            return sets.which_part(part)
        request = ActionRequest(job=part, interaction=interaction)
        return reply_to(await perform(_OF_SET[name], request, services), services.now())
    job = await _named_job(typed, interaction, services)
    if name is ActionName.CONTINUE:
        request = continuation(job, changes, interaction)
    else:
        text = read_markup(changes) if changes.strip() else None
        request = ActionRequest(job=job, interaction=interaction, changes=text)
    return reply_to(await perform(name, request, services), services.now())


def names_job(word: str) -> bool:
    """Tell whether a word is an ID. One without a digit may be a word of a prompt."""
    job_id = _job_id(word)
    return _ID.fullmatch(job_id) is not None and any(map(str.isdigit, job_id))


def _job_id(typed: str) -> str:
    return typed.strip(_MARKS).lower()


JOB_SUBCOMMANDS: Mapping[str, Subcommand] = MappingProxyType(
    {
        "status": Subcommand(
            usage="status ID|last",
            about="tells where a job, or a set, stands",
            bind=partial(_bind, ActionName.STATUS),
            least=1,
            most=1,
        ),
        "cancel": Subcommand(
            usage="cancel ID|last",
            about="cancels a job, or all of a set, for free until it is sent to MindVideo",
            bind=partial(_bind, ActionName.CANCEL),
            least=1,
            most=1,
        ),
        "again": Subcommand(
            usage="again ID|last [changes]",
            about="renders a job again, with words added to its prompt, or options, if you like; "
            "`new:` before the words replaces its prompt",
            bind=partial(_bind, ActionName.AGAIN),
            least=1,
            most=None,
        ),
        "continue": Subcommand(
            usage="continue ID|last [at SECOND:] words",
            about="makes the next clip from the last frame of a video, or from the second that "
            "you name",
            bind=partial(_bind, ActionName.CONTINUE),
            least=1,
            most=None,
        ),
        "loop": Subcommand(
            usage="loop ID|last",
            about="renders a video again so that it ends as it begins",
            bind=partial(_bind, ActionName.LOOP),
            least=1,
            most=1,
        ),
        "stitch": Subcommand(
            usage="stitch ID|last",
            about="joins the clips up to this one to one film, free of charge",
            bind=partial(_bind, ActionName.STITCH),
            least=1,
            most=1,
        ),
        "delete": Subcommand(
            usage="delete ID|last",
            about="takes what a job made back from Slack, wherever the bot brought it; its bill "
            "stays",
            bind=partial(_bind, ActionName.DELETE),
            least=1,
            most=1,
        ),
        "resend": Subcommand(
            usage="resend ID|last",
            about="brings the files of a finished job again, free of charge, "
            "three times an hour at most",
            bind=partial(_bind, ActionName.RESEND),
            least=1,
            most=1,
        ),
    }
)
