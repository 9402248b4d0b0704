"""The message in the thread of a job that is over, or that cannot go on."""

from __future__ import annotations

from dataclasses import replace

from bot.base.ports import Message
from bot.jobs.view import JobView
from bot.messages import blocks, buttons
from bot.messages.job import GOES_ON, cost_text, is_cancelled, is_given_up, noun, took, why_on_hold
from storage.job import Job, Outcome, Stage


def final_message(view: JobView, mark: str | None = None) -> Message:
    """Return the message posted in the thread once the job is over, with files or without.

    `mark` is the ID by which the message is found again; `None`: the job's own.
    """
    job = view.job
    if is_given_up(job):
        message = _given_up(view)
    elif job.outcome is not Outcome.SUCCEEDED:
        message = _unsuccessful(view)
    elif job.delivery.link_only:
        message = _with_links(view)
    else:
        message = _with_files(view)
    body = [*message.blocks, *buttons.under_result(job, view.upgrades)]
    return replace(message, blocks=blocks.marked(body, mark or job.id))


def _with_files(view: JobView) -> Message:
    job = view.job
    line = f"<@{job.user}> {_your(job)} ready. It took {took(job)}; {cost_text(view)}."
    return Message(text=line, blocks=[blocks.section(line)])


def _with_links(view: JobView) -> Message:
    job = view.job
    links = [
        (output.url, f"Open {output.media.value} {number}")
        for number, output in enumerate(job.outputs, start=1)
    ]
    line = (
        f"<@{job.user}> {_your(job)} ready, but could not be put here: "
        f"{blocks.escape(job.problem or '')} It took {took(job)}; {cost_text(view)}."
    )
    advice = "The link works for a short time only, so save the file soon."
    return Message(
        text="\n".join([line, *(blocks.link(url, title) for url, title in links)]),
        blocks=[blocks.section(line), blocks.links(links), blocks.context(advice)],
    )


def _given_up(view: JobView) -> Message:
    job = view.job
    # A mention of the admin would notify them.
    who = "you" if job.given_up_by == job.user else "an admin"
    line = (
        f"<@{job.user}> {who} stopped following this render after {took(job)}; {GOES_ON}. "
        f"{_capitalized(cost_text(view))}."
    )
    return Message(text=line, blocks=[blocks.section(line), blocks.context(f"Job `{job.id}`")])


def _unsuccessful(view: JobView) -> Message:
    job = view.job
    outcome = "was cancelled at MindVideo" if is_cancelled(job) else "could not be made"
    reason = f" MindVideo says: “{blocks.escape(job.problem)}”" if job.problem else ""
    advice = (
        "Change the prompt or the options and ask again; a new ask is a new render with its own "
        "cost."
    )
    cost = _capitalized(cost_text(view))
    line = f"<@{job.user}> {noun(job)} {outcome}.{reason} {cost}."
    return Message(
        text=f"{line} {advice}",
        blocks=[blocks.section(line), blocks.context(f"{advice} Job `{job.id}`")],
    )


def stopped_message(job: Job) -> Message:
    """Return the message when a job was refused, cancelled before the submit, or parked."""
    reason = blocks.escape(why_on_hold(job) if job.stage is Stage.PARKED else job.problem or "")
    if job.stage is Stage.PARKED:
        line = (
            f"<@{job.user}> this job is on hold: {reason} "
            "It is kept, and whoever runs this bot can resume it."
        )
    elif is_cancelled(job):
        line = f"<@{job.user}> cancelled before it was sent to MindVideo. Nothing was charged."
    else:
        line = f"<@{job.user}> {noun(job)} could not be started: {reason} Nothing was charged."
    return Message(text=line, blocks=[blocks.section(line), blocks.context(f"Job `{job.id}`")])


def _your(job: Job) -> str:
    one = noun(job).split()[1]
    return f"your {one}s are" if len(job.outputs) > 1 else f"your {one} is"


def _capitalized(text: str) -> str:
    return text[:1].upper() + text[1:]
