"""The clips of a chain, and beside each the other takes of its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from bot.jobs.accept import Interaction
from bot.jobs.access import may_read
from bot.jobs.chains import load_chain
from bot.jobs.links import load_links
from bot.jobs.services import Services
from bot.jobs.view import ChainView, ClipView, Take
from bot.options.continuation import Link, place_of
from storage.job import REQUESTED, UNDER_WAY, Job

MOST_TAKES = 8
"""Takes of a place that are shown: the clip of the chain, and the last ones of the others."""

MOST_READ = 600
"""Takes that are read of all places together; where a place has more, its last ones count."""

MOST_LINKED = 60
"""Messages whose links Slack is asked for at once; the other takes are named by their jobs."""


async def load_chain_view(
    job: Job, interaction: Interaction, services: Services
) -> ChainView | None:
    """Return the clips up to a job, with the other takes of each place that its reader may see.

    The job alone if it continues no other, and `None` if it has no other take either. Raises
    `StoreError`.
    """
    chain = await load_chain(job, services)
    places = [place_of(services.catalog.find(link.job.model), link.job) for link in chain]
    read = await services.store.jobs.takes(places, MOST_READ // len(places))
    seen = await _seen_with(job, [*(link.job for link in chain), *read], interaction, services)
    clips = [
        _clip(link, [take for take in read if (take.take_of or take.id) == place], seen)
        for link, place in zip(chain, places, strict=True)
    ]
    if len(clips) == 1 and not clips[0].takes:
        return None
    return ChainView(clips=clips, links=await load_links(_to_link(clips, seen), services))


def _clip(link: Link, at_place: Sequence[Job], seen: Mapping[str, Job]) -> ClipView:
    """Return a clip with the takes of its place, which are numbered as they were asked for.

    Those that came to nothing, or were deleted, keep their number and are left out. A clip that is
    not seen has none: beside them would show how far it is, and what was said of it.
    """
    clip = link.job
    if clip.id not in seen:
        return ClipView(link=link)
    known = at_place
    if clip.id not in {job.id for job in at_place}:
        # It is older than all that were read, or an earlier version inserted it, without its place.
        known = sorted([clip, *at_place], key=attrgetter("created_at"))
    counted = (
        job for job in known if job.id == clip.id or (job.id in seen and job.stage in REQUESTED)
    )
    takes = [Take(number=number, job=job) for number, job in enumerate(counted, start=1)]
    others = [
        take
        for take in takes
        if take.job.id != clip.id and (take.job.has_result or take.job.stage in UNDER_WAY)
    ]
    last = others[1 - MOST_TAKES :]
    shown = [take for take in takes if take in last or take.job.id == clip.id]
    return ClipView(link=link, takes=shown if others else (), more=len(others) - len(last))


async def _seen_with(
    job: Job, others: Iterable[Job], interaction: Interaction, services: Services
) -> Mapping[str, Job]:
    """Return the jobs of which a reader of `job` may hear: their own, and those of its channel.

    A link names the channel, which may be a private one. An admin, and whoever asked for a job,
    sees it without being in its channel; so Slack is asked whether they may read that, if others
    asked there, too.
    """
    of_team = {one.id: one for one in others if one.team == job.team}
    own = {one.id: one for one in of_team.values() if one.user == interaction.user}
    of_channel = {one.id: one for one in of_team.values() if one.channel == job.channel}
    is_asked = not of_channel.keys() <= {job.id, *own}
    if is_asked and not await may_read(job.channel, interaction, services):
        of_channel = {}
    return {job.id: job} | own | of_channel


def _to_link(clips: Sequence[ClipView], seen: Mapping[str, Job]) -> Sequence[Job]:
    """Return the jobs to be linked: the clips themselves, then the last takes of the last clips."""
    takes = (take.job for clip in reversed(clips) for take in reversed(clip.takes))
    wanted = dict.fromkeys(job.id for job in (*(clip.link.job for clip in clips), *takes))
    return [seen[job_id] for job_id in wanted if job_id in seen][:MOST_LINKED]
