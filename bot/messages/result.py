"""The message in the thread of a job that is over, or that cannot go on."""

from __future__ import annotations

from dataclasses import replace

from bot.base.ports import MOST_FILES, MOST_OUTPUTS, Message
from bot.jobs.deliveries import follows_later
from bot.jobs.view import JobView
from bot.messages import blocks, buttons, formatting
from bot.messages.failures import failure_words
from bot.messages.job import (
    GOES_ON,
    cost_text,
    is_cancelled,
    is_given_up,
    noun,
    part_of,
    reason_of,
    took,
    why_on_hold,
)
from storage.job import Job, Outcome, Stage

SAVE_SOON = "The link works for a short time only, so save the file soon."

MORE = f"More than {MOST_FILES} were made. Here is the next one."


def final_message(view: JobView) -> Message:
    """Return the message posted in the thread once the job is over, with files or without."""
    message, row = _final(view), buttons.under_result(view.job, view.upgrades, view.prices)
    if view.have_files_followed:
        # They have the buttons, because a job has one set, under its newest message.
        row = []
    elif is_given_up(view.job):
        row = buttons.under_given_up(view.job, view.prices)
    return replace(message, blocks=blocks.marked([*message.blocks, *row], view.job.id))


def resent_message(view: JobView, mark: str) -> Message:
    """Return the message that brings a result again; its buttons stay at the result itself.

    `mark` is the ID by which the message is found again.
    """
    message = _final(view)
    return replace(message, blocks=blocks.marked(message.blocks, mark))


def _final(view: JobView) -> Message:
    job = view.job
    if is_given_up(job):
        return _given_up(view)
    if job.outcome is not Outcome.SUCCEEDED:
        return _unsuccessful(view)
    return _with_links(view) if job.delivery.link_only else _with_files(view)


def following_message(view: JobView, mark: str) -> Message:
    """Return the message beside files that come after the result's message, or with links."""
    job = view.job
    what = job.outputs[0].media.value
    given_up = job.given_up_at is not None
    before = "that was given up" if given_up else "that Slack did not take before"
    line = f"<@{job.user}> here is the {what} {before}."
    links = _links(job) if job.delivery.link_only else []
    body = [blocks.section(line), *_more(job), *ai_label(view)]
    if links:
        line = (
            f"<@{job.user}> the {what} that was given up is made, but could not be put here: "
            f"{reason_of(job)}"
        )
        small = [blocks.context(SAVE_SOON), *ai_label(view)]
        body = [blocks.section(line), blocks.links(links), *small]
    text = "\n".join([line, *(blocks.link(url, title) for url, title in links)])
    body += buttons.under_result(job, view.upgrades, view.prices)
    return Message(text=text, blocks=blocks.marked(body, mark))


def not_brought_message(view: JobView, mark: str) -> Message:
    """Return the message when a render that was given up has made nothing that can be brought."""
    job = view.job
    line = f"<@{job.user}> the render that was given up cannot be brought: {reason_of(job)}"
    body = [blocks.section(line), blocks.context(f"Job `{job.id}`")]
    return Message(text=line, blocks=blocks.marked(body, mark))


def _with_files(view: JobView) -> Message:
    job = view.job
    part = f" ({part_of(view)})" if job.set_id is not None else ""
    line = f"<@{job.user}> {_your(job)} ready{part}. It took {took(job)}; {cost_text(view)}."
    return Message(text=line, blocks=[blocks.section(line), *_more(job), *ai_label(view)])


def ai_label(view: JobView) -> list[blocks.Block]:
    """Return the line that tells that a result was made with AI, if the operator wants one."""
    return [] if view.ai_label is None else [blocks.context(blocks.literal(view.ai_label))]


def _more(job: Job) -> list[blocks.Block]:
    """Return the link to what was made beyond the files that are brought."""
    next_one = _links(job)[MOST_FILES:]
    return [blocks.context(MORE), blocks.links(next_one)] if next_one else []


def _with_links(view: JobView) -> Message:
    job = view.job
    links = _links(job)
    facts = f"It took {took(job)}; {cost_text(view)}."
    if view.have_files_followed:
        line = f"<@{job.user}> {_your(job)} ready, see below: Slack took it later. {facts}"
        return Message(text=line, blocks=[blocks.section(line)])
    line = f"<@{job.user}> {_your(job)} ready, but could not be put here: {reason_of(job)} {facts}"
    advice = SAVE_SOON
    if follows_later(job):
        advice += " I go on trying to put the file here."
    return Message(
        text="\n".join([line, *(blocks.link(url, title) for url, title in links)]),
        blocks=[
            blocks.section(line),
            blocks.links(links),
            blocks.context(advice),
            *ai_label(view),
        ],
    )


def _given_up(view: JobView) -> Message:
    job = view.job
    # A mention of the admin would notify them.
    who = "you" if job.given_up_by == job.user else "an admin"
    line = (
        f"<@{job.user}> {who} stopped following this render after {took(job)}; {GOES_ON}. "
        f"{formatting.capitalized(cost_text(view))}."
    )
    if view.have_files_followed:
        line += " It was looked at again since, see below."
    return Message(text=line, blocks=[blocks.section(line), blocks.context(f"Job `{job.id}`")])


def _unsuccessful(view: JobView) -> Message:
    job = view.job
    outcome = "was cancelled at MindVideo" if is_cancelled(job) else "could not be made"
    reason = f" MindVideo says: “{reason_of(job)}”" if job.problem else ""
    advice = f"{failure_words(view)} A new render has a cost of its own."
    cost = formatting.capitalized(cost_text(view))
    line = f"<@{job.user}> {noun(job)} {outcome}.{reason} {cost}."
    return Message(
        text=f"{line} {advice}",
        blocks=[
            blocks.section(line),
            blocks.section(advice),
            blocks.context(f"Job `{job.id}`"),
        ],
    )


def stopped_message(view: JobView) -> Message:
    """Return the message when a job was refused, cancelled before the submit, or parked."""
    job = view.job
    # Without a message of its own, a part speaks for all.
    is_of_set = job.set_id is not None and job.message_ts is None
    if job.stage is Stage.PARKED:
        reason = blocks.literal(why_on_hold(job), keeps_code=True)
        line = (
            f"<@{job.user}> this job is on hold: {reason} "
            "It is kept, and whoever runs this bot can resume it."
        )
    elif is_cancelled(job):
        by = job.cancel_requested_by or job.user
        line = f"<@{by}> cancelled this before it was sent to MindVideo. Nothing was charged."
    else:
        reason = reason_of(job)
        advice = f" {failure_words(view)}" if job.failure is not None else ""
        what = "videos of a set" if is_of_set else noun(job)
        line = f"<@{job.user}> {what} could not be started: {reason} Nothing was charged.{advice}"
    name = f"Set `{job.set_id}`" if is_of_set else f"Job `{job.id}`"
    return Message(text=line, blocks=[blocks.section(line), blocks.context(name)])


def _links(job: Job) -> list[tuple[str, str]]:
    """Return the address and the label of a link to each output."""
    return [
        (output.url, f"Open {output.media.value} {number}")
        for number, output in enumerate(job.outputs[:MOST_OUTPUTS], start=1)
    ]


def _your(job: Job) -> str:
    one = noun(job).split()[1]
    return f"your {one}s are" if len(job.outputs) > 1 else f"your {one} is"
