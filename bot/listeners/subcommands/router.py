"""Finds the subcommand of a text, and accepts every other text as a request to render.

The same subcommands work in a message to the bot. Every answer is ephemeral.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from bot.base.errors import UsageError
from bot.base.ports import Message
from bot.jobs.accept import Interaction, accept
from bot.jobs.services import Services
from bot.listeners.context import Handler, channel_defaults
from bot.listeners.job_replies import reply_to
from bot.listeners.subcommands import thread
from bot.listeners.subcommands.defaults import CHANNEL_SETTINGS
from bot.listeners.subcommands.job_words import JOB_SUBCOMMANDS
from bot.listeners.subcommands.manual import help_subcommand
from bot.listeners.subcommands.notify import NOTIFICATIONS
from bot.listeners.subcommands.reports import REPORTS
from bot.listeners.subcommands.subcommand import Subcommand
from bot.options.attachments import Attached
from bot.options.parser import read_text
from bot.options.request import read_request
from bot.slack.markup import plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A text that was recognised as a subcommand."""

    run: Handler


async def respond(
    text: str,
    interaction: Interaction,
    services: Services,
    *,
    files: Sequence[Attached] = (),
) -> Message | None:
    """Run a subcommand, or accept a request to render; return the ephemeral answer, if any.

    `None`: the job's message shows the outcome. Idempotent by `interaction.dedup_key`. Raises
    `UsageError`, and `StoreError` when the request was not committed.
    """
    found = match(text, services)
    if found is not None:
        return await found.run(interaction, services)
    defaults = await channel_defaults(services, interaction.team, interaction.channel)
    typed = read_text(plain(text))
    request = read_request(typed, services.catalog, defaults=defaults, files=files)
    return reply_to(await accept(request, interaction, services), services.now())


def match(text: str, services: Services) -> Match | None:
    """Return the subcommand of a text; `None`: the text is a prompt.

    A text with more words than the subcommand takes is a prompt. Raises `UsageError` for one with
    fewer.
    """
    word, *following = text.split(maxsplit=1) or [""]
    subcommand = _find(word)
    if subcommand is None:
        return None
    rest = following[0].strip() if following else ""
    given = len(rest.split())
    if subcommand.most is not None and given > subcommand.most:
        return None
    if given < subcommand.least:
        raise UsageError(
            f"Type `/video {subcommand.usage}`; for a video of this word, `/video -- {word}`."
        )
    handler = subcommand.bind(rest, services)
    return None if handler is None else Match(run=handler)


def usages() -> Mapping[str, str]:
    """Return the description of each subcommand, by its usage."""
    return {subcommand.usage: subcommand.about for subcommand in SUBCOMMANDS.values()}


def _find(word: str) -> Subcommand | None:
    return SUBCOMMANDS.get(word.lower())


SUBCOMMANDS: Mapping[str, Subcommand] = MappingProxyType(
    {
        "help": help_subcommand(usages, thread.usages, _find),
        "list": REPORTS["list"],
        **JOB_SUBCOMMANDS,
        "cost": REPORTS["cost"],
        "models": REPORTS["models"],
        "notify": NOTIFICATIONS,
        "settings": CHANNEL_SETTINGS,
    }
)
