"""What stands in the channel and the thread of a job."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from bot import blocks, figures
from bot.pacing import Expected
from bot.ports import Message
from storage.job import Instant, Job, Media, Outcome, Stage

# Long prompts are shown in part, so that a message stays a message.
PROMPT_SHOWN = 600
# Slack names the file; most file systems stop at 255 bytes.
FILENAME_LENGTH = 60
ALT_TEXT_LIMIT = 1000
BAR_CELLS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What is said of a job beyond its row: names from the catalog, figures from the store."""

    model_title: str
    options: Sequence[tuple[str, str]] = ()
    """Title and value of each option that differs from its default."""
    expected: Expected | None = None
    unit: str | None = None
    """How the operator names amounts; `None`: as MindVideo bills them."""


def prompt_of(job: Job) -> str:
    """Return the words of the ask, or an empty text for a model that takes none."""
    prompt = job.input.get("prompt")
    return prompt if isinstance(prompt, str) else ""


def job_message(job: Job, sheet: Sheet, now: Instant) -> Message:
    """Return the job's own message as it should stand now."""
    prompt = prompt_of(job)
    status = status_line(job, sheet, now)
    details = " · ".join(
        [sheet.model_title, *(f"{title}: {value}" for title, value in sheet.options)]
    )
    asked = f":clapper: <@{job.user}> asked for {_noun(job)}"
    body = [blocks.section(asked)]
    if prompt:
        body.append(blocks.quote(blocks.shorten(prompt, PROMPT_SHOWN)))
    body.append(blocks.context(blocks.escape(details)))
    body.append(blocks.section(status))
    body.append(blocks.context(f"Job `{job.id}`"))
    return Message(text=f"{_plain_title(job)}: {_plain(status)}", blocks=body)


def status_line(job: Job, sheet: Sheet, now: Instant) -> str:
    """Return where the job stands, in one line of mrkdwn."""
    match job.stage:
        case Stage.ACCEPTED | Stage.ANNOUNCED:
            return ":hourglass_flowing_sand: *Queued* · handing over to MindVideo"
        case Stage.RENDERING:
            return _rendering(job, sheet, now)
        case Stage.FINISHED:
            return f"{_ending(job, sheet)} · bringing it here"
        case Stage.DELIVERED:
            return f"{_ending(job, sheet)} · {cost_words(job, sheet)}"
        case Stage.REJECTED:
            icon = ":no_entry_sign: *Cancelled*" if _is_cancelled(job) else ":x: *Not started*"
            return f"{icon} · {blocks.escape(job.problem or '')} Nothing was charged."
        case Stage.PARKED:
            return f":construction: *On hold* · {blocks.escape(job.problem or '')}"
        case _:
            assert_never(job.stage)


def _rendering(job: Job, sheet: Sheet, now: Instant) -> str:
    since = job.submitted_at or job.created_at
    elapsed = figures.duration(now - since)
    if job.started_at is None:
        return f":hourglass_flowing_sand: *Queued at MindVideo* · {elapsed} so far"
    parts = [":movie_camera: *Rendering*", f"{elapsed} so far"]
    if sheet.expected:
        parts.append(f"usually {figures.duration(sheet.expected.p50)}")
        parts.append(f"`{_bar(now - since, sheet.expected)}`")
    if job.late_told_at is not None:
        parts.append("taking longer than usual")
    return " · ".join(parts)


def _bar(elapsed: float, usual: Expected) -> str:
    """Return elapsed time against the usual: full at the time by which nine in ten are done."""
    filled = min(int(BAR_CELLS * elapsed / max(usual.p90, 1.0)), BAR_CELLS)
    return "█" * filled + "░" * (BAR_CELLS - filled)


def _ending(job: Job, sheet: Sheet) -> str:
    took = _took(job)
    match job.outcome:
        case Outcome.SUCCEEDED:
            return f":white_check_mark: *Done* in {took}"
        case Outcome.FAILED:
            return f":x: *Failed* after {took}"
        case Outcome.CANCELLED:
            return f":no_entry_sign: *Cancelled* after {took}"
        case None:
            return f":grey_question: *Finished* {sheet.model_title}"
        case _:
            assert_never(job.outcome)


def _took(job: Job) -> str:
    since = job.submitted_at or job.created_at
    return figures.duration((job.finished_at or since) - since)


def cost_words(job: Job, sheet: Sheet) -> str:
    """Return what the job cost, as far as MindVideo has said: never a guess."""
    estimate = job.cost_estimate
    estimated = f" (estimate {figures.money(estimate, sheet.unit)})" if estimate is not None else ""
    if job.cost_actual is None:
        return f"cost pending{estimated}"
    actual = figures.money(job.cost_actual, sheet.unit)
    if sheet.unit is None:
        actual = f"{actual} as billed by MindVideo"
    return f"cost {actual}" if estimate in {None, job.cost_actual} else f"cost {actual}{estimated}"


def final_message(job: Job, sheet: Sheet) -> Message:
    """Return what stands in the thread once the job is over, with the files or without."""
    if job.outcome is not Outcome.SUCCEEDED:
        return _unsuccessful(job, sheet)
    return _with_links(job, sheet) if job.link_only else _with_files(job, sheet)


def _with_files(job: Job, sheet: Sheet) -> Message:
    line = f"<@{job.user}> {_your(job)} ready. It took {_took(job)}; {cost_words(job, sheet)}."
    return Message(text=line, blocks=[blocks.section(line)])


def _with_links(job: Job, sheet: Sheet) -> Message:
    links = "\n".join(
        f"<{output.url}|Open {output.media.value} {number}>"
        for number, output in enumerate(job.outputs, start=1)
    )
    line = (
        f"<@{job.user}> {_your(job)} ready, but could not be put here: "
        f"{blocks.escape(job.problem or '')} It took {_took(job)}; {cost_words(job, sheet)}."
    )
    advice = "The link works for a short time only, so save the file soon."
    return Message(
        text=f"{line}\n{links}",
        blocks=[blocks.section(f"{line}\n{links}"), blocks.context(advice)],
    )


def _unsuccessful(job: Job, sheet: Sheet) -> Message:
    what = "was cancelled at MindVideo" if _is_cancelled(job) else "could not be made"
    reason = f" MindVideo says: “{blocks.escape(job.problem)}”" if job.problem else ""
    advice = (
        "Change the prompt or the options and ask again; a new ask is a new render with its own "
        "cost."
    )
    cost = _first_up(cost_words(job, sheet))
    line = f"<@{job.user}> {_noun(job)} {what}.{reason} {cost}."
    return Message(
        text=f"{line} {advice}",
        blocks=[blocks.section(line), blocks.context(f"{advice} Job `{job.id}`")],
    )


def told_message(job: Job) -> Message:
    """Return what a person is told when a job was refused, cancelled early or put on hold."""
    reason = blocks.escape(job.problem or "")
    if job.stage is Stage.PARKED:
        line = (
            f"<@{job.user}> this job is on hold: {reason} "
            "It is kept, and whoever runs this bot can resume it."
        )
    elif _is_cancelled(job):
        line = f"<@{job.user}> cancelled before it was sent to MindVideo. Nothing was charged."
    else:
        line = f"<@{job.user}> {_noun(job)} could not be started: {reason} Nothing was charged."
    return Message(text=line, blocks=[blocks.section(line), blocks.context(f"Job `{job.id}`")])


def filename(job: Job, index: int, extension: str) -> str:
    """Return a file name made of the prompt's letters and digits."""
    kept = "".join(letter if letter.isalnum() else "-" for letter in prompt_of(job).lower())
    stem = "-".join(part for part in kept.split("-") if part)[:FILENAME_LENGTH].strip("-")
    number = f"-{index + 1}" if len(job.outputs) > 1 else ""
    return f"{stem or job.model}{number}.{extension}"


def title(job: Job) -> str:
    """Return the title of a file, for people."""
    return blocks.shorten(" ".join(prompt_of(job).split()) or job.model, FILENAME_LENGTH * 2)


def alt_text(job: Job) -> str:
    """Return what a screen reader says of the file: the prompt."""
    return blocks.shorten(prompt_of(job) or f"Made by {job.model}", ALT_TEXT_LIMIT)


def _noun(job: Job) -> str:
    return "an image" if job.outputs and job.outputs[0].media is Media.IMAGE else "a video"


def _your(job: Job) -> str:
    one = _noun(job).split()[1]
    return f"your {one}s are" if len(job.outputs) > 1 else f"your {one} is"


def _is_cancelled(job: Job) -> bool:
    return job.outcome is Outcome.CANCELLED


def _plain_title(job: Job) -> str:
    return blocks.escape(blocks.shorten(prompt_of(job) or job.model, PROMPT_SHOWN))


def _plain(mrkdwn: str) -> str:
    """Return a status line without its emoji code and its marks, for notifications."""
    words = mrkdwn.split(" ", 1)[1] if mrkdwn.startswith(":") else mrkdwn
    return words.replace("*", "").replace("`", "")


def _first_up(text: str) -> str:
    return text[:1].upper() + text[1:]
