"""Ephemeral messages: answers that only one user sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.base.ports import Message
from bot.jobs.view import JobView
from bot.messages import blocks, buttons, formatting
from bot.messages.job import (
    PROMPT_SHOWN,
    cost_text,
    deleted_words,
    noun,
    part_of,
    progress_bar,
    prompt_and_shots,
    status_line,
)
from bot.options.draft import Draft
from bot.options.mentions import in_names
from storage.job import Instant, Job, Stage
from storage.store import StoreBrokenError, StoreError, StoreUnsureError, UnreadableRowError

PROBLEMS_SHOWN = 12
# In characters: four times the longest prompt.
TEXT_SHOWN = 10_000


def store_failed(error: StoreError) -> Message:
    """Return the answer when the store fails: the request was not accepted, or that is unknown."""
    if isinstance(error, StoreBrokenError | StoreUnsureError):
        return words(
            "My memory failed me just now, so I am not sure that I took this. If I did, its "
            "message appears within a few minutes; please ask again only if it does not."
        )
    if isinstance(error, UnreadableRowError):
        return words(
            "What I know of this job makes no sense to me any more, so I did nothing. Whoever runs "
            "me has been told, and can mend it."
        )
    return words(
        "I cannot write anything down right now, so I did not take this. Nothing was started and "
        "nothing was charged. Please try again later."
    )


def not_read() -> Message:
    """Return the answer to a command that lacks what the bot needs, or that it does not have."""
    return words(
        "I could not make sense of this command. Nothing was started or charged. "
        "`/video help` shows what I can do."
    )


def refusal(problems: Sequence[str], draft: Draft | None = None) -> Message:
    """Return the answer to a refused request: everything that is wrong, each as plain text.

    With a `draft` a button opens the form with what was typed; a text that is too long for a button
    is shown, so that it can be copied.
    """
    told = [
        blocks.escape(formatting.sentence(in_names(problem, {})))
        for problem in problems[:PROBLEMS_SHOWN]
    ]
    if len(told) == 1:
        line = f":warning: {told[0]}"
    else:
        more = len(problems) - len(told)
        rest = [f"and {more} more."] if more else []
        listed = "\n".join(f"• {problem}" for problem in [*told, *rest])
        line = f":warning: {len(problems)} things need a change:\n{listed}"
    line += "\nNothing was started or charged."
    answer = words(line)
    if draft is None:
        return answer
    value = draft.to_value()
    if value is not None:
        return replace(answer, blocks=[*answer.blocks, blocks.actions([buttons.open_draft(value)])])
    kept = blocks.context("Here is your text to copy. `/video` alone opens the form.")
    return replace(
        answer, blocks=[*answer.blocks, kept, *blocks.quotes(in_names(draft.text, {})[:TEXT_SHOWN])]
    )


def taken_without(titles: Sequence[str]) -> Message:
    """Return the answer to an accepted request, some options of which its model does not have."""
    left_out = blocks.escape(", ".join(titles))
    return words(f"Taken. That model does not have these, so they were left out: {left_out}.")


def words(mrkdwn: str) -> Message:
    """Return a message of mrkdwn, in paragraphs."""
    return Message(text=mrkdwn, blocks=blocks.sections(mrkdwn))


def cannot_enter() -> str:
    """Return why the bot cannot post in a channel that it may not join."""
    return "I cannot post in that channel. Type `/invite` there, choose this app, and ask again."


def status(view: JobView, now: Instant) -> Message:
    """Return the status of a job, with its prompt and options."""
    job = view.job
    line = status_line(view, now)
    options = "".join(f" · {title}: {value}" for title, value in view.options)
    where, at = blocks.place(job.channel), blocks.moment(job.created_at)
    asked = f"Asked for by <@{job.user}> in {where}, {at}"
    prompt = prompt_and_shots(view, PROMPT_SHOWN)
    bar = progress_bar(view, now)
    body = [blocks.section(f"{line}\n{bar}" if bar else line)]
    if prompt:
        body.append(blocks.quote(prompt))
    body.append(blocks.context(blocks.literal(f"{view.model_title}{options}")))
    of_set = f" · {part_of(view)} in set `{job.set_id}`" if job.set_id is not None else ""
    body.append(blocks.context(f"{asked} · Job `{job.id}`{of_set}"))
    body += buttons.under_status(job)
    return Message(text=f"Job {job.id}: {line}", blocks=body)


def cost(view: JobView) -> Message:
    """Return what a job cost, as far as it is known."""
    return words(f"Job `{view.job.id}`: {cost_text(view)}.")


def cancelled(job: Job) -> Message:
    """Return the answer to a cancel that came in time."""
    return words(
        f"Job `{job.id}` is cancelled. Nothing was sent to MindVideo, so it costs nothing."
    )


def billed(job: Job) -> Message:
    """Return the answer to a cancel that came after the submit, with a button to give it up."""
    line = (
        f"Job `{job.id}` is at MindVideo already, which bills the render whether or not anybody "
        "waits for it; it cannot be cancelled there. I can stop following it up: then the video "
        "is not brought here."
    )
    stop = blocks.actions([buttons.give_up(job)])
    return Message(text=line, blocks=[blocks.section(line), stop])


def on_hold(job: Job) -> Message:
    """Return the answer to a cancel of a parked job, which waits for the operator."""
    return words(
        f"Job `{job.id}` is on hold, so I cannot cancel it: whoever runs this bot decides. "
        "It does not go on by itself."
    )


def given_up(job: Job) -> Message:
    """Return the answer to a cancel of a job that was given up."""
    return words(f"Job `{job.id}` is not followed up any more. MindVideo bills the render.")


def over(view: JobView, now: Instant) -> Message:
    """Return the answer to a cancel of a job that has ended."""
    line = status_line(view, now)
    return words(f"There is nothing left to cancel of job `{view.job.id}`.\n{line}")


SHARE_IT = "share it with another channel"


def not_allowed(job: Job, act: str) -> Message:
    """Return the answer to a user who may not do this; `act` completes "may …"."""
    return words(f"Only <@{job.user}>, who asked for job `{job.id}`, and admins may {act}.")


def resending(job: Job) -> Message:
    """Return the answer to a request to resend the files."""
    return words(
        f"I am bringing the files of job `{job.id}` again, into its thread in "
        f"{blocks.place(job.channel)}. Nothing is rendered and nothing is charged."
    )


def not_asked(job: Job) -> Message:
    """Return the answer to a user who answers a question that another was asked."""
    return words(f"Only <@{job.user}>, who was asked this, can answer it.")


def resent_too_often(job: Job, most: int) -> Message:
    """Return the answer to a resend beyond the limit of an hour."""
    return words(
        f"The files of job `{job.id}` were brought again {most} times within the last hour, so I "
        f"leave it at that for now. They are in its thread in <#{job.channel}>."
    )


def not_resent(job: Job) -> Message:
    """Return the message to the user of a resend when neither thread nor direct message works."""
    return words(
        f"The files of job `{job.id}` could not be brought again: its thread in "
        f"{blocks.place(job.channel)} takes nothing, nor can <@{job.user}> be told directly."
    )


def sharing(job: Job, channel: str) -> Message:
    """Return the answer to a request to share a result."""
    return words(f"I am bringing the {_made(job)} of job `{job.id}` to <#{channel}>.")


def shared_before(job: Job, channel: str) -> Message:
    """Return the answer to a request to share a result that was shared before."""
    return words(f"Job `{job.id}` was shared to <#{channel}> already, so I left it at that.")


def not_shared(job: Job, channel: str, reason: str) -> Message:
    """Return the message to the user whose share a channel did not take."""
    return words(
        f"The {_made(job)} of job `{job.id}` could not be shared to <#{channel}>: "
        f"{blocks.escape(reason)}"
    )


def bringing(job: Job, *, is_new: bool) -> Message:
    """Return the answer to a request to bring a render that was given up."""
    if not is_new:
        return words(f"Job `{job.id}` is looked after already: its video comes once it is done.")
    return words(
        f"I bring the video of job `{job.id}` into its thread once MindVideo has made it. Nothing "
        "more is charged for that."
    )


def kept(job: Job) -> Message:
    """Return the answer to a request to keep a result, or to keep it no longer."""
    if job.kept_by is None:
        return words(f"Job `{job.id}` is not kept any more.")
    return words(
        f":bookmark: Job `{job.id}` is kept: `/video find --kept` shows all that are. "
        "*Stop keeping* in the menu of its result undoes it."
    )


def delete_question(job: Job) -> Message:
    """Return the question whether a result is to be deleted, with the button that does it."""
    line = (
        f"Delete the {_made(job)} of job `{job.id}`? I take back my messages and files with it, "
        "here and where it was shared. Its bill stays, and its message says that it was deleted."
    )
    return Message(text=line, blocks=[blocks.section(line), blocks.actions([buttons.delete(job)])])


def result_deleted(job: Job, *, is_new: bool) -> Message:
    """Return the answer to a request to delete a result, in place of the question before it."""
    made = f"The {_made(job)} of job `{job.id}`"
    if is_new:
        line = f":wastebasket: {made} is deleted: I am taking its messages and files back."
    else:
        line = (
            f":wastebasket: {made} was deleted {deleted_words(job)}. I look once more for what is "
            "left of it."
        )
    return replace(words(line), replaces=True)


def not_taken_back(job: Job, reason: str) -> Message:
    """Return the message to the user who deleted a result of which Slack does not delete all."""
    return words(
        f"I could not take back all of job `{job.id}`: {blocks.escape(reason)} "
        f"`/video delete {job.id}` tries again."
    )


def _made(job: Job) -> str:
    return noun(job).split()[1]


def gone() -> Message:
    """Return the answer to a click on a button whose job is not in the store."""
    return words(
        "I have no record of this video any more, so I cannot do that. Nothing was started or "
        "charged."
    )


def in_a_thread(replies: Mapping[str, str], bot_user: str) -> Message:
    """Return the help for a job's thread; `replies` has descriptions by command."""
    lines = [f"• `{word}`: {about}" for word, about in replies.items()]
    return words(
        f"In this thread <@{bot_user}> takes:\n"
        "• words, `make it night`: renders the same with these words added to its prompt\n"
        "• `new: a hill at dawn`: renders another prompt with the same options\n"
        "• options, `--duration 8 --mode pro`: renders the same with these changed\n"
        "• times, `0:03 the logo is too small`: keeps notes about its video, a line each, free of "
        "charge\n" + "\n".join(lines)
    )


def unknown_job(typed: str) -> str:
    """Return the error for an ID that no job has; `typed` is shown as it is."""
    return f"There is no job {typed}. `/video list` shows yours."


def no_last_job() -> str:
    """Return the error for `last` from a user who has no job."""
    return "You have not asked for a video yet, so there is no last one."


def edited(job: Job | None) -> Message:
    """Return the answer to an edit of a message; `job` is the one made from it, if any."""
    if job is None:
        return words(
            "I read a message once, when it is sent, so your change started nothing. "
            "Send it as a new message."
        )
    if job.set_id is not None:
        return words(
            f"I read a message once, when it is sent: set `{job.set_id}` goes by what it said "
            "first. To render something else, send it as a new message."
        )
    return words(
        f"I read a message once, when it is sent: job `{job.id}` goes by what it said first. "
        "To render something else, reply in its thread with what is to change."
    )


def deleted(job: Job) -> Message:
    """Return the answer to the deletion of a message whose job is under way."""
    if job.set_id is not None:
        return words(
            f"You deleted the message that asked for set `{job.set_id}`; its videos go on. "
            f"`/video cancel {job.set_id}` tells what can still be done."
        )
    at_mindvideo = job.chargeable_since is not None or job.stage is Stage.RENDERING
    then = "tells what can still be done." if at_mindvideo else "ends it for free."
    return words(
        f"You deleted the message that asked for job `{job.id}`; the job goes on. "
        f"`/video cancel {job.id}` {then}"
    )
