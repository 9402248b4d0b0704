"""The message of a job, and the parts of it that other messages about the job share."""

from __future__ import annotations

import math
from typing import assert_never

from bot.base.ports import Message
from bot.jobs.view import JobView
from bot.messages import blocks, buttons, formatting, planned, prices
from bot.messages.failures import failure_words, waits_because
from bot.messages.review_text import review_parts
from bot.options.mentions import asked_prompt
from storage.budget import exposure
from storage.job import NOT_REQUESTED, Instant, Job, Media, Outcome, Stage
from storage.store import MOST_AHEAD

# In characters; longer prompts are cut to keep the message short.
PROMPT_SHOWN = 600
BAR_CELLS = 12
# After this many failed tries the status mentions them: the first backoffs are only seconds long.
SILENT_TRIES = 3
# In seconds. Before that, an earlier job may render already and its next poll will tell.
QUEUE_SHOWN_SECONDS = 10.0
GOES_ON = "MindVideo goes on with it and bills it"


def prompt_of(job: Job) -> str:
    """Return the prompt of a job as it was asked for; empty for a model that takes none."""
    return asked_prompt(job)


def job_message(view: JobView, now: Instant) -> Message:
    """Return the job's own message for its present state."""
    job = view.job
    prompt = prompt_of(job)
    status = status_line(view, now)
    options = (f"{title}: {value}" for title, value in view.options)
    details = " · ".join(filter(None, [view.model_title, *options, price_held(view)]))
    part = part_of(view)
    asked = f":clapper: <@{job.user}> asked for {noun(job)}" + (f" · {part}" if part else "")
    body = [blocks.section(asked)]
    if prompt:
        body.append(blocks.quote(_prompt_shown(view)))
    body.append(blocks.context(blocks.literal(details)))
    bar = progress_bar(view, now)
    body.append(blocks.section(f"{status}\n{bar}" if bar else status))
    poster = poster_of(job)
    if poster is not None:
        body.append(blocks.picture(poster, poster_words(view)))
    body.append(blocks.context(_origin(view)))
    body += buttons.under_message(job, view.upgrades, view.prices)
    body += buttons.feedback(job)
    # The text has no bar: a screen reader would read "full block" a dozen times.
    return Message(text=f"{_plain_title(job)}: {_plain(status)}", blocks=body)


def poster_of(job: Job) -> str | None:
    """Return Slack's ID of the file of a picture from the job's video; `None`: there is none."""
    return None if job.film is None or job.deleted_at is not None else job.film.poster


def poster_words(view: JobView) -> str:
    """Return the words for a poster that screen readers read."""
    return f"A picture from the video: {title_of(view) or view.model_title}"


def status_line(  # noqa: PLR0911 - one case for each stage, and nothing else
    view: JobView, now: Instant
) -> str:
    """Return the status of a job in one line of mrkdwn."""
    job = view.job
    match job.stage:
        case Stage.WAITING:
            return ":grey_question: *Waiting for an answer* · Nothing is charged before it."
        case Stage.UNCONFIRMED:
            return ":no_entry_sign: *Not confirmed* · Nothing was started or charged."
        case Stage.PLANNED:
            return f":alarm_clock: *Planned* · {_planned(view)}"
        case Stage.ACCEPTED | Stage.ANNOUNCED:
            return f":hourglass_flowing_sand: {_before_submit(view, now)}"
        case Stage.RENDERING:
            return _rendering(view, now)
        case Stage.FINISHED:
            coming = " · bringing it here" if job.outcome is Outcome.SUCCEEDED else ""
            return _ending(view) + coming
        case Stage.DELIVERED:
            return " · ".join([_ending(view), cost_text(view), *review_parts(job)])
        case Stage.REJECTED:
            line = f"{_not_started(job)} Nothing was charged."
            return line if job.failure is None else f"{line} {failure_words(view)}"
        case Stage.PARKED:
            return f":construction: *On hold* · {blocks.literal(why_on_hold(job), keeps_code=True)}"
        case _:
            assert_never(job.stage)


def why_on_hold(job: Job) -> str:
    """Return why a job is parked, and whether its bill is unknown."""
    is_sent = job.parked_from is Stage.ANNOUNCED and job.chargeable_since is not None
    bill = "MindVideo's page tells whether it was billed." if is_sent else ""
    return f"{formatting.sentence(job.problem or '')} {bill}".strip()


def reason_of(job: Job) -> str:
    """Return the problem of a job as one sentence of mrkdwn; empty if it has none."""
    return blocks.literal(formatting.sentence(job.problem or ""), keeps_code=True)


def _not_started(job: Job) -> str:
    if not is_cancelled(job):
        return f":x: *Not started* · {reason_of(job)}"
    by = f" by <@{job.cancel_requested_by}>" if job.cancel_requested_by else ""
    # Cancelled after its start, it is followed by the next one all the same.
    ends = " It is not repeated any more." if job.repeat and job.counted_on is None else ""
    return f":no_entry_sign: *Cancelled*{by} ·{ends}"


def _planned(view: JobView) -> str:
    cost = planned.about(view.job, view.unit)
    told = f"{cost} · a" if cost else "A"
    starts_at = planned.planned_for(view.job.starts_at or view.job.created_at)
    often = f" · {planned.repeats(view.job)}" if view.job.repeat else ""
    return f"starts {starts_at}{often} · {told} cancel is free until then"


def _before_submit(view: JobView, now: Instant) -> str:
    job = view.job
    waits = waits_because(job)
    if waits is not None:
        return f"*Waiting* · {waits}"
    seconds = math.ceil(_seconds_to_submit(view, now))
    if seconds > 0:
        doing = f"starts in {formatting.duration(seconds)}; until then a cancel is free"
        return f"*Queued* · {doing}"
    if job.stage is Stage.ANNOUNCED and job.attempts >= SILENT_TRIES:
        doing = "could not be handed to MindVideo yet; the bot goes on trying"
    else:
        doing = "handing over to MindVideo"
    return f"*Queued* · {doing}"


def _seconds_to_submit(view: JobView, now: Instant) -> float:
    """Return in how many seconds a job is first submitted; 0 if it was, or if that is unknown."""
    job = view.job
    if job.stage is Stage.ACCEPTED:
        return view.starts_in
    is_new = job.first_sent_at is None and job.attempts == 0 and job.due_at is not None
    return max(0.0, job.due_at - now) if is_new and job.due_at is not None else 0.0


def _rendering(view: JobView, now: Instant) -> str:
    job = view.job
    seconds = now - (job.started_at or job.submitted_at or job.created_at)
    elapsed = [f"{formatting.duration(seconds)} so far"] if seconds >= 1 else []
    if job.started_at is None:
        ahead = _ahead(view) if seconds >= QUEUE_SHOWN_SECONDS else []
        return " · ".join([":hourglass_flowing_sand: *Queued at MindVideo*", *elapsed, *ahead])
    began = blocks.moment(job.started_at, "{time}")
    parts = [f":movie_camera: *Rendering* since {began}", *elapsed]
    if view.expected:
        parts.append(f"usually {formatting.duration(view.expected.p50)} in all")
    if job.late_notified_at is not None:
        parts.append("taking longer than usual")
    return " · ".join(parts)


def progress_bar(view: JobView, now: Instant) -> str | None:
    """Return a bar of the elapsed time, full at the 90th percentile of earlier renders.

    `None` if the job is not rendering or no earlier times are known. MindVideo reports no
    percentage.
    """
    job, usual = view.job, view.expected
    if job.stage is not Stage.RENDERING or job.started_at is None or usual is None:
        return None
    elapsed = now - (job.submitted_at or job.created_at)
    filled = min(int(BAR_CELLS * elapsed / max(usual.p90, 1.0)), BAR_CELLS)
    bar = "█" * filled + "░" * (BAR_CELLS - filled)
    return f"`{bar}` nine in ten take at most {formatting.duration(usual.p90)}"


def _ahead(view: JobView) -> list[str]:
    if view.ahead >= MOST_AHEAD:
        return [f"{MOST_AHEAD} jobs of ours ahead, or more"]
    return [f"{formatting.count(view.ahead, 'job')} of ours ahead"] if view.ahead else []


def _origin(view: JobView) -> str:
    """Return the job's ID, which job it was made from, and whether it is a new take of that."""
    job = view.job
    # While it is planned its status tells when it starts.
    is_told = job.starts_at is None or job.stage is Stage.PLANNED
    told = "" if is_told else f" · planned for {planned.planned_for(job.starts_at or 0.0)}"
    if not is_told and job.repeat is not None:
        told += f", {planned.repeats(job)}; `cancel` in its thread ends that"
    if job.parent_id is None or view.hides_parent:
        return f"Job `{job.id}`{told}"
    parent = f"<{view.parent_link}|{job.parent_id}>" if view.parent_link else f"`{job.parent_id}`"
    take = _NEW_TAKE if view.is_new_take else ""
    return f"Job `{job.id}`, made from job {parent}{take}{told}"


_NEW_TAKE = " · a new take, because the model has no seed"


def prompt_and_shots(view: JobView, limit: int) -> str:
    """Return the prompt of a job, if it was written, and a line for each of its shots.

    Cut to about `limit` characters, each shot as much as another, so that none is left out.
    """
    prompt = "" if view.is_prompt_of_shots else prompt_of(view.job)
    if not view.shots:
        return blocks.shorten(prompt_of(view.job), limit)
    parts = [*filter(None, [prompt]), *(shot.line() for shot in view.shots)]
    return "\n".join(blocks.shorten(part, max(1, limit // len(parts))) for part in parts)


def part_of(view: JobView) -> str:
    """Return which part of a set a job is: `2 of 6`; empty if it is of none."""
    job = view.job
    if job.set_id is None:
        return ""
    return (
        f"part {job.part} of a set" if view.set_size is None else f"{job.part} of {view.set_size}"
    )


def title_of(view: JobView) -> str:
    """Return the words of a job on one line; empty for a model that takes none."""
    words = " ".join(prompt_of(view.job).split())
    if not view.shots:
        return words
    told = " · ".join(shot.words for shot in view.shots)
    return f"{formatting.count(len(view.shots), 'shot')}: {told}"


def _prompt_shown(view: JobView) -> str:
    """Return the prompt, shortened, with words that were added to an earlier one on a line below.

    They are what is new, so they are never cut off at the end of a long prompt.
    """
    if view.shots:
        return prompt_and_shots(view, PROMPT_SHOWN)
    prompt = prompt_of(view.job)
    if view.added is None:
        return blocks.shorten(prompt, PROMPT_SHOWN)
    added = blocks.shorten(view.added, PROMPT_SHOWN)
    earlier = prompt.removesuffix(view.added).strip()
    return f"{blocks.shorten(earlier, PROMPT_SHOWN)}\n+ {added}"


def deleted_words(job: Job) -> str:
    """Return by whom and when the result of a job was deleted, as mrkdwn; empty if it was not."""
    if job.deleted_at is None:
        return ""
    by = f" by <@{job.deleted_by}>" if job.deleted_by else ""
    return f"{by} {blocks.moment(job.deleted_at, '{date_short_pretty} {time}')}".strip()


def _ending(view: JobView) -> str:
    job = view.job
    if job.deleted_at is not None:
        return f":wastebasket: *Deleted* {deleted_words(job)}"
    seconds = took(job)
    match job.outcome:
        case Outcome.SUCCEEDED:
            return f":white_check_mark: *Done* in {seconds}"
        case Outcome.FAILED:
            return f":x: *Failed* after {seconds}"
        case Outcome.CANCELLED if is_given_up(job):
            return f":no_entry_sign: *Given up* after {seconds} · {GOES_ON}"
        case Outcome.CANCELLED:
            return f":no_entry_sign: *Cancelled* after {seconds}"
        case None:
            return f":grey_question: *Finished* {view.model_title}"
        case _:
            assert_never(job.outcome)


def cost_text(view: JobView) -> str:
    """Return the cost of a job as MindVideo reported it, or that it is pending.

    A job that was refused, or not sent yet, has no pending cost.
    """
    job, actual, estimate = view.job, view.job.cost_actual, view.job.cost_estimate
    if job.stage is Stage.REJECTED or actual == 0:
        return "nothing was charged"
    estimated = "" if estimate is None else f" (estimate {formatting.money(estimate, view.unit)})"
    if actual is None:
        held = f" ({price_held(view)})" if price_held(view) else ""
        if job.chargeable_since is None:
            return f"nothing was charged so far{held}"
        return f"cost pending{estimated or held}"
    cost = f"cost {formatting.money(actual, view.unit)}"
    return cost if estimate in {None, actual} else f"{cost}{estimated}"


def price_held(view: JobView) -> str:
    """Return what is held of budgets for a job, as long as MindVideo has named no amount.

    Empty for one that holds nothing and whose price nobody asked for.
    """
    job = view.job
    if job.cost_actual is not None or job.stage in {Stage.REJECTED, *NOT_REQUESTED}:
        return ""
    held = exposure(job).held
    if held:
        return f"{prices.about(held, view.unit)} held"
    is_unknown = job.forecast is not None and job.forecast.amount is None
    return "price not known yet" if is_unknown else ""


def took(job: Job) -> str:
    """Return how long the render took, from submit to finish."""
    since = job.submitted_at or job.created_at
    return formatting.duration((job.finished_at or since) - since)


def noun(job: Job) -> str:
    """Return the noun for the output of a job: an image or a video."""
    return "an image" if job.outputs and job.outputs[0].media is Media.IMAGE else "a video"


def working(job: Job) -> str:
    """Return what the bot does while MindVideo has the job; Slack puts the bot's name before it."""
    return "is rendering…" if job.started_at is not None else "waits for MindVideo to begin…"


def is_cancelled(job: Job) -> bool:
    """Tell whether the job was cancelled or given up."""
    return job.outcome is Outcome.CANCELLED


def is_given_up(job: Job) -> bool:
    """Tell whether a user stopped following the render, which goes on at MindVideo."""
    return is_cancelled(job) and job.given_up_at is not None


def _plain_title(job: Job) -> str:
    return blocks.literal(blocks.shorten(prompt_of(job) or job.model, PROMPT_SHOWN))


def _plain(mrkdwn: str) -> str:
    """Return a status line without emoji code and markup, for notifications."""
    text = mrkdwn.split(" ", 1)[1] if mrkdwn.startswith(":") else mrkdwn
    return text.replace("*", "").replace("`", "")
