"""The requests that go on from a finished video: its continuation, and its loop. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.catalog import Model
from bot.options.references import Frame, as_frame, file_named, reference
from bot.options.request import RenderRequest, check_input, without_scene
from bot.options.schema import PROMPT
from storage.job import Job, Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A clip in a chain of clips, of which each begins with a frame of the one before it."""

    job: Job
    until: float | None = None
    """The second at which the next clip goes on; `None`: its end."""


_SECONDS = r"[0-9]{1,4}(?:[.,][0-9]{1,3})?"
# A time of the day is a part of the scene, and so is `at 8 knots`: a bare number ends the moment.
_AT = lazy_compile(
    r"(?:starting\s+)?(?:at|from)\s+(?:the\s+)?"
    rf"(?:(?P<minutes>[0-9]{{1,2}}):(?P<rest>[0-5][0-9](?:[.,][0-9]{{1,3}})?)(?!:?\d)"
    rf"|(?P<seconds>{_SECONDS})\s*-?(?:s|secs?|seconds?)\b(?!\s+(?:intervals|before|after|ago|long))"
    rf"|second\s+(?P<second>{_SECONDS})(?!\d)|(?P<bare>{_SECONDS})(?!\d)(?=\s*(?:[:,;–—](?!\d)|\s-\s|$)))"
    r"(?!\s*(?:[ap]\.?\s?m\b|o.?clock|[0-9]))(?:\s+mark\b)?(?:\s*[:,;–—](?!\d)|\s+-\s|$|\s)",
    re.IGNORECASE,
)
_AT_THE_END = lazy_compile(
    r"(?:(?:at|from)\s+(?:the|its)\s+(?:end|last\s+frame)\b|(?:from\s+)?where\s+it\s+"
    r"(?:left\s+off|ends|ended|stopped)\b)\s*(?:[:,;–—]\s*|\s-\s+|$)"
    r"|from\s+the\s+last\s+frame\b(?!\s+of\b)\s*",
    re.IGNORECASE,
)


def read_moment(text: str) -> tuple[float | None, str]:
    """Return the second that a text begins with, `at 3.5: the boat`, and the words behind it.

    `None`: it names none, or the end.
    """
    end = _AT_THE_END.match(text)
    if end is not None:
        return None, text[end.end() :]
    found = _AT.match(text)
    if found is None:
        return None, text
    typed = found["rest"] or found["seconds"] or found["second"] or found["bare"]
    seconds = float(typed.replace(",", ".")) + 60 * int(found["minutes"] or 0)
    return seconds, text[found.end() :].lstrip()


def continued(model: Model, values: Mapping[str, Json]) -> Frame | None:
    """Return the frame of another video with which an input begins; `None`: with none.

    The first frame of a video is none: nothing of that video stands before it.
    """
    file_id = file_named(values.get(model.frames.first)) if model.frames.first else None
    frame = as_frame(file_id) if file_id is not None else None
    return None if frame is None or frame.seconds == 0 else frame


_AFTER = "after:"


def place_of(model: Model | None, job: Job) -> str:
    """Return the place of which a job is a take: behind the job that it continues, or a first one.

    A row of an earlier version does not tell it, but its input does while it is not erased.
    """
    return job.take_of or _place_behind(model, job.input) or job.id


def take_of(
    model: Model | None, values: Mapping[str, Json], parent_place: str | None
) -> str | None:
    """Return the place of which a new job is a take; `None`: nothing else stands at it.

    What continues a job is a take of the place behind it, whatever it was made from. What was made
    from a job that continues none is a take of the same place, and one that was made from a
    continuation, and is none, begins anew.
    """
    behind = _place_behind(model, values)
    if behind is not None or parent_place is None:
        return behind
    return None if parent_place.startswith(_AFTER) else parent_place


def _place_behind(model: Model | None, values: Mapping[str, Json]) -> str | None:
    frame = None if model is None else continued(model, values)
    return None if frame is None else f"{_AFTER}{frame.job_id}"


def base_of_continuation(job: Job, model: Model, frame: Frame) -> RenderRequest:
    """Return a job's request without its scene, and with the frame as its first one.

    Its words, which another text is to replace, are missing. Raises `UsageError` if the model takes
    no first frame, or the video has no such second.
    """
    name = model.frames.first
    if name is None:
        raise UsageError(f"{model.title} takes no first frame, so it cannot continue a video.")
    lasts = None if job.film is None else job.film.seconds
    if frame.seconds is not None and lasts is not None and frame.seconds > lasts:
        raise UsageError(f"The video of job {job.id} lasts {lasts:g} s; choose a second in it.")
    kept = without_scene(model, job.input)
    values = {key: value for key, value in kept.items() if key != model.frames.last}
    style = None if job.style is None else replace(job.style, prompt="")
    return RenderRequest(
        model=model.slug,
        input={**values, name: reference(str(frame))},
        kind=job.kind,
        project=job.project,
        style=style,
    )


def looped(job: Job, model: Model, frame: Frame) -> RenderRequest:
    """Return a job's request with the same frame as first and last one.

    Raises `UsageError` if the model does not take both.
    """
    first, last = model.frames.first, model.frames.last
    if first is None or last is None:
        raise UsageError(f"{model.title} takes no first and last frame, so it cannot make a loop.")
    values = {**job.input, first: reference(str(frame)), last: reference(str(frame))}
    return replace(check_input(model, values), project=job.project, style=job.style)


def has_words(values: Mapping[str, Json]) -> bool:
    """Tell whether an input has a prompt."""
    return bool(values.get(PROMPT))
