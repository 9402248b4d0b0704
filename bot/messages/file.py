"""The name, title and alternative text of a finished file."""

from __future__ import annotations

import mimetypes

from bot.messages import blocks
from bot.messages.job import prompt_of
from storage.job import Job, Media, Output

# In characters. Users download files, and most file systems allow 255 bytes for a name.
FILENAME_LENGTH = 60
ALT_TEXT_LIMIT = 1000

EXTENSIONS = {Media.VIDEO: "mp4", Media.IMAGE: "png"}


def file_name(job: Job, index: int, content_type: str | None) -> str:
    """Return the name of one file of a job, made of the prompt's letters and digits."""
    number = f"-{index + 1}" if len(job.outputs) > 1 else ""
    return f"{_stem(job)}{number}.{_extension(job.outputs[index], content_type)}"


def poster_name(job: Job) -> str:
    """Return the name of the file of a job's poster."""
    return f"{_stem(job)}-poster.jpg"


def film_name(job: Job) -> str:
    """Return the name of the film that ends with a job's clip."""
    return f"{_stem(job)}-film.mp4"


def _stem(job: Job) -> str:
    kept = "".join(letter if letter.isalnum() else "-" for letter in prompt_of(job).lower())
    stem = "-".join(part for part in kept.split("-") if part)[:FILENAME_LENGTH].strip("-")
    return stem or job.model


def title(job: Job) -> str:
    """Return the title that Slack shows for a file."""
    return blocks.shorten(" ".join(prompt_of(job).split()) or job.model, FILENAME_LENGTH * 2)


def alt_text(job: Job) -> str:
    """Return the alternative text of a file, for screen readers: the prompt."""
    return blocks.shorten(prompt_of(job) or f"Made by {job.model}", ALT_TEXT_LIMIT)


def _extension(output: Output, content_type: str | None) -> str:
    """Return a file's extension by its content type, or by its media if the two disagree."""
    mimetype = (content_type or "").split(";")[0].strip()
    family = mimetype.split("/")[0]
    guessed = mimetypes.guess_extension(mimetype) if family == output.media.value else None
    return guessed.lstrip(".") if guessed else EXTENSIONS[output.media]
