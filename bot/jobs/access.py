"""Decides who may use the bot, and who may see a job.

Members of the workspace may use it; guests, people of other workspaces and apps may not, unless the
operator allows it. What the payload and the cache tell is checked before the acknowledgement. What
only Slack tells is checked by `announce`, always before a charge.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from bot.base.errors import BotError, UsageError
from bot.jobs.accept import Interaction
from bot.jobs.services import Services
from storage.find import Viewer
from storage.job import Job, is_direct

ONLY_MEMBERS = (
    "I work for the members of this workspace only, so I cannot do this for guests or for people "
    "of another workspace."
)

# Slack waits 3 s for an acknowledgement, and shows an error after that. In seconds.
LOOKUP_SECONDS = 1.0


def refuse_known_outsider(interaction: Interaction, services: Services) -> None:
    """Raise `UsageError` for a user of whom it is known that they may not use the bot.

    Reads the payload and the directory's cache, and calls nobody.
    """
    if _is_exempt(interaction.user, services):
        return
    person = services.directory.known(interaction.user)
    is_foreign = interaction.user_team not in {None, interaction.team}
    if is_foreign or (person is not None and not person.is_member_of(interaction.team)):
        raise UsageError(ONLY_MEMBERS)


async def require_member(interaction: Interaction, services: Services) -> None:
    """Raise `UsageError` for a user who may not use the bot, and ask Slack if need be.

    For what costs nothing: if Slack does not answer within `LOOKUP_SECONDS`, the user passes.
    """
    refuse_known_outsider(interaction, services)
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            admitted = await is_admitted(interaction.user, interaction.team, services)
    except (BotError, TimeoutError):
        return
    if not admitted:
        raise UsageError(ONLY_MEMBERS)


async def is_admitted(user: str, team: str, services: Services) -> bool:
    """Return whether a user may use the bot. A read; raises what `Directory.identify` raises."""
    if _is_exempt(user, services):
        return True
    return (await services.directory.identify(user)).is_member_of(team)


async def find_job(job_id: str, interaction: Interaction, services: Services) -> Job | None:
    """Return the job if the user may see it; `None`: there is none, or it is not theirs to see.

    The two are never told apart. Its user, admins and the members of its channel may see a job, and
    that of a public channel all members of the workspace. Slack is asked only about those who act
    in another channel; while it does not tell who is in the job's channel, they are taken for
    people who are not. Raises `UsageError` for those of them who may not use the bot.
    """
    job = await services.store.jobs.get(job_id)
    if job is not None and job.team != interaction.team:
        job = None
    is_there = job is not None and interaction.channel == job.channel
    if job is not None and (is_there or is_in_charge(job, interaction.user, services)):
        return job
    await require_member(interaction, services)
    if job is None or not await may_read(job.channel, interaction, services):
        return None
    return job


async def find_set(set_id: str, interaction: Interaction, services: Services) -> Job | None:
    """Return the first part of a set if the user may see it, as `find_job` says."""
    parts = await services.store.jobs.parts(set_id)
    return await find_job(parts[0].id if parts else set_id, interaction, services)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenBy:
    """What a person may see, and whether Slack has told all of it in time."""

    viewer: Viewer
    is_certain: bool


async def load_viewer(interaction: Interaction, services: Services) -> SeenBy:
    """Return what a person may see: the same jobs, beside their own, that `find_job` returns.

    An admin finds no more than others: who has a job's ID knows what they ask for. What Slack does
    not tell within `LOOKUP_SECONDS` they may not see; where they are, they may.
    """
    user, here = interaction.user, interaction.channel
    channels = frozenset({here} if here and not is_direct(here) else ())
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            is_full_member = await _is_full_member(user, interaction.team, services)
            common, public = await asyncio.gather(
                services.directory.common_channels(user), services.directory.public_channels()
            )
        channels |= common | public if is_full_member else common
        is_certain = True
    except (BotError, TimeoutError):
        is_certain = False
    viewer = Viewer(team=interaction.team, user=user, channels=channels)
    return SeenBy(viewer=viewer, is_certain=is_certain)


def is_in_charge(job: Job, user: str, services: Services) -> bool:
    """Return whether a user asked for the job, or is an admin."""
    return user == job.user or services.is_admin(user)


async def may_read(channel: str, interaction: Interaction, services: Services) -> bool:
    """Return whether a user may read a channel; not while Slack does not tell in time.

    Nobody else may read a direct conversation.
    """
    if is_direct(channel):
        return False
    user, directory = interaction.user, services.directory
    try:
        async with asyncio.timeout(LOOKUP_SECONDS):
            if (await directory.conversation(channel)).is_public and await _is_full_member(
                user, interaction.team, services
            ):
                return True
            return await directory.is_member(channel, user)
    except (BotError, TimeoutError):
        # Any other answer would tell that there is such a job.
        return False


async def _is_full_member(user: str, team: str, services: Services) -> bool:
    """Return whether a user may read all public channels: a guest may not."""
    return (await services.directory.identify(user)).is_member_of(team)


def _is_exempt(user: str, services: Services) -> bool:
    return services.allow_external_people or services.is_admin(user)
