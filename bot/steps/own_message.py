"""Post the job's own message, or find the one that was posted before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.base.errors import NotAMemberError, UnreachablePlaceError
from bot.base.ports import Place, Posted
from bot.jobs.access import ONLY_MEMBERS, is_admitted
from bot.jobs.submit_delay import submit_delay
from bot.jobs.view import load_message_view
from bot.messages.job import job_message
from bot.messages.replies import cannot_enter
from bot.worker.context import Claim
from bot.worker.names import name_mentions
from bot.worker.outbox import Slot, find_posted, post
from bot.worker.permits import refuse_known
from bot.worker.result import Reject, cancelled
from storage.job import Delivery, EventName, Instant, Job, Outcome


def _read(job: Job) -> Delivery:
    return Delivery(intent_at=job.post_intent_at, ts=job.message_ts)


def _write(job: Job, delivery: Delivery) -> Job:
    return replace(job, post_intent_at=delivery.intent_at, message_ts=delivery.ts)


def _known_since(job: Job) -> Instant:
    """Return since when the message may be there: of a later job of a repeat, since its time."""
    return (job.starts_at or job.created_at) if job.is_later_of_repeat else job.created_at


MESSAGE = Slot(
    read=_read,
    write=_write,
    known_since=_known_since,
    intended=EventName.POSTING,
    withdrawn=EventName.NOT_POSTED,
)
"""The slot of the job's own message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMessage:
    """The job's message at Slack."""

    posted: Posted
    is_new: bool
    """Whether it was posted now; `False`: an earlier attempt had posted it."""
    starts_in: float
    """Seconds until a job that is not planned is submitted."""

    def on(self, job: Job) -> Job:
        """Return the job with its message."""
        return replace(job, message_ts=self.posted.ts, posted_at=self.posted.at)

    @property
    def detail(self) -> str:
        """How it came to be there, for the timeline."""
        return "posted" if self.is_new else "found"


async def post_own_message(claim: Claim[Job]) -> OwnMessage | Reject[Job]:
    """Post the message once, or return the result for a job that is not announced.

    Rejected is a job that was cancelled, whoever may not use the bot, and a place that takes no
    messages. Raises `PermitLaterError`, before anything is read for the message, while its channel
    takes none. Safe to repeat: the intent is committed before the post, and for a row that has an
    intent (or may come from a backup) the message is searched for by its metadata before it is
    posted.
    """
    job, services = claim.row, claim.services
    place = Place(channel=job.channel, thread_ts=job.reply_to.thread_ts)
    try:
        found = await find_posted(claim, MESSAGE, place)
    except UnreachablePlaceError as error:
        # An earlier attempt may have posted there, so a second message must not follow it.
        return _unreachable(job, error)
    if found is not None:
        starts_in = await submit_delay(job, services)
        return OwnMessage(posted=found, is_new=False, starts_in=starts_in)
    refused = await refusal(claim)
    if refused is not None:
        return refused
    refuse_known(claim, services.limits.posts(job.team, job.channel))
    # Everything that the message needs is read before the intent is committed: between the intent
    # and the post nothing else can fail.
    await name_mentions(claim)
    view = await load_message_view(claim.row, services)
    message = job_message(view, services.now())
    try:
        posted = await post(claim, MESSAGE, place, message)
    except UnreachablePlaceError as error:
        return _unreachable(claim.row, error)
    return OwnMessage(posted=posted, is_new=True, starts_in=view.starts_in)


async def refusal(claim: Claim[Job]) -> Reject[Job] | None:
    """Return the result for a job that was cancelled, or whose user may not use the bot."""
    job = claim.row
    if job.cancel_requested_at is not None:
        return cancelled(job)
    if not await is_admitted(job.user, job.team, claim.services):
        return Reject(
            row=job,
            problem=ONLY_MEMBERS,
            outcome=Outcome.FAILED,
            note=EventName.NOT_ADMITTED,
        )
    return None


def _unreachable(job: Job, error: UnreachablePlaceError) -> Reject[Job]:
    problem = cannot_enter() if isinstance(error, NotAMemberError) else str(error)
    return Reject(row=job, problem=problem, outcome=Outcome.FAILED)
