"""What a user is told of each class of failure: what to do, and which buttons help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.jobs.view import JobView
from bot.messages import blocks
from storage.job import Failure, Job, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What can be done about a failure."""

    words: str
    """A sentence, after the reason."""
    try_again: bool
    """Whether the same request can succeed."""
    edit: bool
    """Whether a changed request can succeed."""


ADVICE: Mapping[Failure | None, Advice] = MappingProxyType(
    {
        Failure.WORDS: Advice(
            words="The same words will be refused again, so say it in other words.",
            try_again=False,
            edit=True,
        ),
        Failure.IMAGE: Advice(words="Choose another file.", try_again=False, edit=True),
        Failure.LIMIT: Advice(
            words="MindVideo had too much to do. Try again in a few minutes.",
            try_again=True,
            edit=False,
        ),
        Failure.CREDIT: Advice(
            words="MindVideo's account has no credit left. Whoever runs this bot must top it up; "
            "then try again.",
            try_again=True,
            edit=False,
        ),
        Failure.ACCESS: Advice(
            words="MindVideo does not let this bot do that. Whoever runs it must mend that; then "
            "try again.",
            try_again=True,
            edit=False,
        ),
        Failure.FAULT: Advice(
            words="That was MindVideo's own fault, not your request's. Try again.",
            try_again=True,
            edit=False,
        ),
        None: Advice(
            words="Change the prompt or the options, or try again.", try_again=True, edit=True
        ),
    }
)
"""By class; `None` is a failure of which nothing tells the class."""

WAITS: Mapping[Failure, str] = MappingProxyType(
    {
        Failure.CREDIT: "MindVideo's account has no credit left. An operator has been told; it "
        "starts by itself once that is mended.",
        Failure.ACCESS: "MindVideo does not accept this bot's key. An operator has been told; it "
        "starts by itself once that is mended.",
        Failure.LIMIT: "MindVideo takes no more at once just now; the bot goes on trying.",
    }
)
"""Why a submit waits, by class; other classes are no reason to wait."""


def advice_for(job: Job) -> Advice:
    """Return what can be done about the failure of a job."""
    return ADVICE[job.failure]


def waits_because(job: Job) -> str | None:
    """Return why the submit of a job waits; `None`: it does not, or nothing tells."""
    if job.stage is not Stage.ANNOUNCED or job.failure is None:
        return None
    return WAITS.get(job.failure)


def failure_words(view: JobView) -> str:
    """Return what to do about the failure of a job, as mrkdwn: its files, the advice."""
    parts = [advice_for(view.job).words, view.advice]
    if view.job.failure is Failure.IMAGE and view.files_at_fault:
        which = ", ".join(view.files_at_fault)
        one_of = "File" if len(view.files_at_fault) == 1 else "One of these files"
        parts.insert(0, f"{one_of}: {which}.")
    return blocks.escape(" ".join(filter(None, parts)))
