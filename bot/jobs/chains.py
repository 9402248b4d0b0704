"""Chains: the clips of which each begins with a frame of the one before it."""

from __future__ import annotations

from bot.base.errors import UsageError
from bot.base.ports import MOST_CLIPS
from bot.jobs.accept import Interaction
from bot.jobs.access import find_job
from bot.jobs.deleted import refuse_deleted
from bot.jobs.deliveries import copies_at_slack
from bot.jobs.services import Services
from bot.options.continuation import Link, continued
from bot.options.references import Frame
from storage.job import UNDER_WAY, Job, Media


async def load_chain(job: Job, services: Services) -> tuple[Link, ...]:
    """Return the clips up to this one, the first one first; the last `MOST_CLIPS` of them.

    The chain begins behind a job that is not in the store any more. A read. Raises `StoreError`.
    """
    links, known = [Link(job=job)], {job.id}
    while len(links) < MOST_CLIPS:
        frame = frame_before(links[0].job, services)
        earlier = None if frame is None else await services.store.jobs.get(frame.job_id)
        if frame is None or earlier is None or earlier.team != job.team or earlier.id in known:
            break
        known.add(earlier.id)
        links.insert(0, Link(job=earlier, until=frame.seconds))
    return tuple(links)


def frame_before(job: Job, services: Services) -> Frame | None:
    """Return the frame of another clip with which a job begins; `None`: with none."""
    model = services.catalog.find(job.model)
    return None if model is None else continued(model, job.input)


async def frame_of(job: Job, seconds: float | None, services: Services) -> Frame:
    """Return a frame of a job's video; with `None` the last one.

    Raises `UsageError` if the video is no file at Slack, and `StoreError`.
    """
    copies = await copies_at_slack(job, services)
    # Its video may be posted a moment before its row is over.
    if not copies and job.stage in UNDER_WAY:
        raise UsageError(f"Job {job.id} is not done yet. Go on from it once its video is there.")
    refuse_deleted(job)
    if not job.has_result or job.outputs[0].media is not Media.VIDEO:
        raise UsageError(f"Job {job.id} has no video to go on from.")
    if not copies:
        raise UsageError(
            f"The video of job {job.id} is no file in Slack, so I cannot take a frame from it."
        )
    return Frame(file_id=copies[0].file_id, seconds=seconds, job_id=job.id)


async def require_chain(job: Job, interaction: Interaction, services: Services) -> tuple[Link, ...]:
    """Return the chain that ends with a job, if its user may see all of it.

    Raises `UsageError` if there is nothing to join or too much of it, or a clip is not theirs to
    see.
    """
    refuse_deleted(job)
    chain = await load_chain(job, services)
    if not job.has_result or len(chain) == 1:
        raise UsageError(
            f"Job {job.id} continues no other video, so there is nothing to join. *Continue* under "
            "a result makes the next clip."
        )
    if len(chain) == MOST_CLIPS and frame_before(chain[0].job, services) is not None:
        raise UsageError(
            f"This chain has more than {MOST_CLIPS} clips, and a film takes no more. Join it up to "
            "an earlier clip."
        )
    for link in chain:
        if await find_job(link.job.id, interaction, services) is None:
            raise UsageError("A clip of this chain is not yours to see, so I cannot join it.")
        refuse_deleted(link.job)
    return chain
