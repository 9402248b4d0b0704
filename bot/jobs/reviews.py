"""Notes, reviews and feedback: of which job they are, and what is kept of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from bot.base.errors import UsageError
from bot.jobs.accept import Interaction
from bot.jobs.deleted import refuse_deleted
from bot.jobs.erased import refuse_erased
from bot.jobs.services import Services
from bot.options.notes import TypedNote, clock
from storage.feedback import Feedback
from storage.job import Job, ReviewKind, Stage
from storage.review import Note, Noted


async def newest_result(job: Job, services: Services, *, is_review: bool = False) -> Job:
    """Return the newest job with a result in the thread of a job; the job itself if none has one.

    A part of a set is meant itself, because it was named. A read. Raises `UsageError` for a review
    while a request in the thread waits for an approver: the same word may be meant for that, and
    would decide nothing. Raises `StoreError`.
    """
    root = job.thread_root
    if root is None:
        return job
    jobs = await services.store.jobs.in_thread(job.team, job.channel, root)
    if is_review and any(map(_waits_for_approver, jobs)):
        raise UsageError(
            "A request in this thread waits for an approver, who decides by the buttons of its own "
            "message. So I have noted nothing; review the result once that is decided, or by the "
            "buttons in its *Details*."
        )
    if job.set_id is not None:
        return job
    return next((one for one in jobs if one.is_shown), job)


def _waits_for_approver(job: Job) -> bool:
    return job.stage is Stage.WAITING and job.question is not None and job.question.is_for_approvers


async def add_notes(
    job: Job,
    typed: Sequence[TypedNote],
    interaction: Interaction,
    services: Services,
    *,
    review: ReviewKind | None = None,
    words: str = "",
) -> Noted:
    """Keep notes about a job's result, and a review with its words, of which the last one counts.

    Idempotent by the interaction. Raises `UsageError` for a job without a result, and for a time
    that its video does not have.
    """
    _require_result(job)
    if typed:
        refuse_erased(job)
    _require_times(job, typed)
    by, now = interaction.user, services.now()
    notes = [Note(by=by, at=now, second=note.second, words=note.words) for note in typed]
    if review is not None:
        notes.append(Note(by=by, at=now, words=words, review=review))
    noted = await services.store.notes.add(job.id, notes, interaction.dedup_key, now)
    if review is not None:
        services.wake()
    return Noted(job=job, is_new=False) if noted is None else noted


def _require_times(job: Job, typed: Sequence[TypedNote]) -> None:
    lasts = None if job.film is None else job.film.seconds
    for note in typed:
        # Players show the last second as begun.
        if lasts is not None and note.second > math.ceil(lasts):
            raise UsageError(
                f"The video of job `{job.id}` lasts {lasts:g} s, so it has no "
                f"{clock(note.second)}. Nothing was noted or rendered. If it belongs to the "
                "prompt, put a word before it."
            )


def _require_result(job: Job) -> None:
    if not job.is_shown:
        raise UsageError(
            f"Job `{job.id}` has no result here yet, so there is nothing to review. Nothing was "
            "noted or rendered."
        )


async def give_feedback(
    job: Job, interaction: Interaction, services: Services, *, is_good: bool
) -> tuple[Job, Feedback]:
    """Keep what a user thinks of a result; return what counts now. Idempotent.

    Of two presses the later one counts, by Slack's clock: a repeat of an earlier one, which Slack
    may deliver late, does not undo it. Raises `UsageError` for a job without a result.
    """
    at = services.now() if interaction.sent_at is None else interaction.sent_at
    feedback = Feedback(by=interaction.user, is_good=is_good, at=at)
    given = await services.store.feedback.give(job.id, feedback)
    if given is None or given.feedback is None:
        refuse_deleted(job if given is None else given.job)
        raise UsageError(
            f"Job {job.id} has no result here, so there is nothing to say of it. Nothing was noted."
        )
    return given.job, given.feedback


async def load_notes(job: Job, services: Services) -> Sequence[Note]:
    """Return the notes and reviews of a job. A read only of one that has some."""
    if job.review is None and not job.notes:
        return ()
    return await services.store.notes.of_job(job.id)
