"""Makes the requests of a text that asks for several videos at once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.alternatives import EACH_IMAGE_FLAG, Variant, Variants, refuse_too_many
from bot.options.attachments import Attached, images_among
from bot.options.doubts import doubted
from bot.options.parser import TypedText
from bot.options.request import RenderRequest
from bot.options.schema import spelling
from bot.options.wording import quoted, short

Read: TypeAlias = Callable[[TypedText, Sequence[Attached]], RenderRequest]
"""Returns the request of one text with files. Raises `UsageError`."""

_MOST_TOLD = 6
_LONGEST_READ = 8000
"""In characters: of a longer text that is wrong no further variant is read."""
_NUMBER = lazy_compile(r"[0-9][0-9,]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _TextAndFiles:
    """A text with its files, and what tells it from the others."""

    variant: Variant
    files: Sequence[Attached]
    chosen: tuple[str, ...]


def read_requests(
    variants: Variants, files: Sequence[Attached], read: Read
) -> tuple[RenderRequest, ...]:
    """Return the requests of a text's variants and its files, at most `MOST_PARTS`.

    One for each alternative, and for each file where the text says so, as often as it says. A text
    that says none of it makes one request, as `read` returns it. Those that come to the same count
    once. Raises `UsageError`, with what is wrong in all parts once, and with the alternative where
    only some are.
    """
    parts = _parts(variants, files, read)
    requests: list[RenderRequest] = []
    errors: dict[int, UsageError] = {}
    for number, part in enumerate(parts):
        try:
            request = read(variants.read(part.variant), part.files)
        except UsageError as error:
            if len(parts) == 1 or len(part.variant.text) > _LONGEST_READ:
                raise
            errors[number] = error
            continue
        requests.append(request)
    if errors:
        raise UsageError(*_told(parts, errors))
    requests = each_once(requests)
    refuse_too_many(sum(request.times for request in requests))
    if variants.unclosed is not None:
        requests = [in_doubt(request, variants.unclosed) for request in requests]
    return tuple(request for request in requests for _ in range(request.times))


def each_once(requests: Sequence[RenderRequest]) -> list[RenderRequest]:
    """Return requests without those that are equal to an earlier one."""
    unique: list[RenderRequest] = []
    for request in requests:
        if request not in unique:
            unique.append(request)
    return unique


def _parts(variants: Variants, files: Sequence[Attached], read: Read) -> Sequence[_TextAndFiles]:
    """Return the parts of a request, of which each has one file where the text says so."""
    images = images_among(files)
    others = [file for file in files if file not in images]
    named = [(one, one.name or f"image {number}") for number, one in enumerate(images, start=1)]
    parts: list[_TextAndFiles] = []
    for one in variants.each:
        if not images or not _is_for_each_image(variants.read(one), images, read):
            parts.append(_TextAndFiles(variant=one, files=files, chosen=one.chosen))
            continue
        parts += [
            _TextAndFiles(variant=one, files=[image, *others], chosen=(*one.chosen, name))
            for image, name in named
        ]
    refuse_too_many(len(parts))
    return parts


def _is_for_each_image(typed: TypedText, images: Sequence[Attached], read: Read) -> bool:
    """Tell whether a text has the flag for it, and the model no option of this name."""
    flag = spelling(EACH_IMAGE_FLAG)
    if all(spelling(name) != flag for name in typed.flag_names):
        return False
    try:
        return read(typed, images[:1]).is_for_each_image
    except UsageError:
        return True


def in_doubt(request: RenderRequest, unclosed: str) -> RenderRequest:
    """Return a request with the doubt about a brace that is not closed."""
    doubt = doubted(f"“{short(unclosed)}” has no closing brace, so it is read as words.")
    return replace(request, doubts=(doubt, *request.doubts))


def _told(parts: Sequence[_TextAndFiles], errors: Mapping[int, UsageError]) -> Sequence[str]:
    """Return what is wrong with some parts: each problem once, and where it is."""
    found: dict[str, tuple[str, set[int]]] = {}
    for number, error in errors.items():
        for problem in error.problems:
            # With each alternative the prompt has another length.
            is_of_prompt = problem.startswith("The prompt ")
            same = _NUMBER.sub("", problem) if is_of_prompt else problem
            found.setdefault(same, (problem, set()))[1].add(number)
    told = [f"{_where(parts, concerned)}{problem}" for problem, concerned in found.values()]
    more = len(told) - _MOST_TOLD
    return told if more <= 0 else [*told[:_MOST_TOLD], f"There are {more} more problems."]


def _where(parts: Sequence[_TextAndFiles], concerned: Collection[int]) -> str:
    """Return the beginning of a sentence about some parts: nothing if it is about all."""
    if len(concerned) == len(parts):
        return ""
    first = parts[min(concerned)]
    for place, chosen in enumerate(first.chosen):
        same = (part.chosen[place : place + 1] == (chosen,) for part in parts)
        if {number for number, is_same in enumerate(same) if is_same} == concerned:
            return f"With {quoted(chosen)}: "
    return f"With {' and '.join(map(quoted, first.chosen))}: "
