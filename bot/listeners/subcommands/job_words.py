"""The subcommands that name a job: `status ID`, `cancel ID`, `again ID` and `resend ID`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

from bot.base.errors import UsageError
from bot.base.ports import Message
from bot.jobs.accept import ALPHABET, LENGTH, Interaction
from bot.jobs.actions import ActionName, ActionRequest, perform
from bot.jobs.services import Services
from bot.listeners.context import Handler
from bot.listeners.job_replies import reply_to
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages import replies
from bot.options.parser import read_text
from bot.options.wording import quoted
from bot.slack.markup import plain
from storage.job import REQUESTED, Job

_ID = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
# Messages show an ID as a code span in a sentence, and users copy backticks and punctuation too.
_MARKS = "`*_.,;:"


async def find_job(typed: str, interaction: Interaction, services: Services) -> Job:
    """Return the job of a typed ID. Raises `UsageError` if the user's team has no such job."""
    job = await services.store.jobs.get(_job_id(typed))
    if job is None or job.team != interaction.team or job.stage not in REQUESTED:
        raise UsageError(replies.unknown_job(quoted(typed)))
    return job


def _bind(name: ActionName, rest: str, _: Services) -> Handler | None:
    typed, *changes = rest.split(maxsplit=1)
    if changes and _ID.fullmatch(_job_id(typed)) is None:
        return None
    return partial(_do, name, typed, "".join(changes))


async def _do(
    name: ActionName, typed: str, changes: str, interaction: Interaction, services: Services
) -> Message | None:
    job = await find_job(typed, interaction, services)
    text = read_text(plain(changes)) if changes.strip() else None
    request = ActionRequest(job=job, interaction=interaction, changes=text)
    return reply_to(await perform(name, request, services), services.now())


def _job_id(typed: str) -> str:
    return typed.strip(_MARKS).lower()


JOB_SUBCOMMANDS: Mapping[str, Subcommand] = MappingProxyType(
    {
        "status": Subcommand(
            usage="status ID",
            about="tells where a job stands",
            bind=partial(_bind, ActionName.STATUS),
            least=1,
            most=1,
        ),
        "cancel": Subcommand(
            usage="cancel ID",
            about="cancels a job, for free until it is sent to MindVideo",
            bind=partial(_bind, ActionName.CANCEL),
            least=1,
            most=1,
        ),
        "again": Subcommand(
            usage="again ID [changes]",
            about="renders a job again, with another prompt or options if you like",
            bind=partial(_bind, ActionName.AGAIN),
            least=1,
            most=None,
        ),
        "resend": Subcommand(
            usage="resend ID",
            about="brings the files of a finished job again, free of charge",
            bind=partial(_bind, ActionName.RESEND),
            least=1,
            most=1,
        ),
    }
)
