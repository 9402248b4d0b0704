"""What a finished file is called, and what a screen reader says of it."""

from __future__ import annotations

from bot.messages import blocks
from bot.messages.job import prompt_of
from storage.job import Job

# Slack names the file; most file systems stop at 255 bytes.
FILENAME_LENGTH = 60
ALT_TEXT_LIMIT = 1000


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
