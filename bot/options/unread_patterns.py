"""Finds words of a prompt that look like shots, alternatives, a start or a number of videos. Pure.

The bot reads these only as they are typed for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bot.base.patterns import lazy_compile
from bot.options.alternatives import TIMES_FLAG
from bot.options.catalog import Model
from bot.options.parser import Split, TypedText, seconds_inside
from bot.options.shots import shots_option
from bot.options.times import AT_FLAG, EVERY_FLAG
from bot.options.wording import quoted, short

_SECONDS = r"[0-9]{1,3}(?:[:.][0-9]{1,2})?[^\S\n]?(?:s|secs?|seconds?)?"
_WITH_UNIT = r"[0-9]{1,3}[^\S\n]?(?:s|secs?|seconds?)\b"
# `0-3s: boats`, `3s - boats`, `[3s] boats`, `Shot 1: boats`, `0:03 boats`, `Intro (3s): boats`.
_LIKE_A_SHOT = lazy_compile(
    rf"^[^\S\n]*[\[(*•-]?[^\S\n]?(?:(?:shot|scene|clip)[^\S\n]?[0-9]{{1,2}}\b"
    rf"|{_SECONDS}[^\S\n]?(?:-|–|—|to)[^\S\n]?[0-9]|{_WITH_UNIT}"
    rf"|[0-9]{{1,2}}:[0-5][0-9]\b|[^\n(\[]{{1,60}}[(\[]{_WITH_UNIT}[^\S\n]?[)\]]).*",
    re.IGNORECASE | re.MULTILINE,
)
# `{red,blue}`, `{red/blue}`, `(red|blue)`, `red|blue}`.
_LIKE_ALTERNATIVES = lazy_compile(
    r"\{[^{}|\n]{1,80}[,/][^{}|\n]{1,80}\}|(?<!\S)[^\s|{]{1,80}\|[^\s|]{1,80}"
)


_DAY = (
    r"(?:today|tomorrow|tonight|every\s+(?:day|week|month|morning|evening)"
    r"|(?:(?:on|next|every|this)\s+)?(?:mon|tues|wednes|thurs|fri|satur|sun)days?)"
)
_CLOCK = r"(?:(?:at\s+)?[0-9]{1,2}(?::[0-9]{2}|\s?[ap]\.?m)|at\s+[0-9]{1,2}(?![\w:.,]*[0-9]))"
_REPEAT = (
    r"(?:every\s+(?:day|week|month|(?:mon|tues|wednes|thurs|fri|satur|sun)day)"
    r"|daily|weekly|monthly)"
)
_ORDER = r"(?:post|send|make|render|create|generate|repeat|schedule|do)"
# `tomorrow at 9`, `9:00 every monday`, `schedule a lake for monday`, `render tonight: a lake`, and
# `post a lake every week`.
_LIKE_A_START = lazy_compile(
    rf"\b{_DAY},?\s+{_CLOCK}\b|\b{_CLOCK},?\s+{_DAY}\b|^\W*schedule\b.*\b(?:{_DAY}|{_CLOCK})\b"
    rf"|^\W*{_ORDER}\s+(?:(?:it|this)\s+)?{_DAY}\b"
    rf"|^\W*(?:{_ORDER}\b.*\b)?{_REPEAT}\W*(?:please\W*)?$",
    re.IGNORECASE | re.DOTALL,
)
_LINK_TO_PICTURE = lazy_compile(r"https?://\S+\.(?:png|jpe?g|webp|gif)(?:\?\S*)?", re.IGNORECASE)


_LIKE_TIMES = lazy_compile(
    r"\b(?:[2-9]|10|two|three|four|five|six)\s+(?:(?:more|new|other|different)\s+)*"
    r"(?:versions|variations|variants|takes|alternatives)\b",
    re.IGNORECASE,
)


def unread_patterns(typed: TypedText, split: Split, model: Model) -> Iterator[str]:
    """Yield a sentence for each pattern of a text that will be read as words of the prompt."""
    if shots_option(model) is None:
        yield from _shots_of_no_model(typed, model)
    else:
        yield from _lines_like_shots(typed)
        yield from _shots_inside_a_line(split)
    yield from _words_like_a_start(split)
    yield from _words_like_times(split)
    yield from _links_to_pictures(split, model)
    if "{" in typed.text or "|" in typed.text:
        yield from _words_like_alternatives(split)


def _unquoted(split: Split) -> str:
    return " ".join(word.value for word in split.words if not word.quoted)


def _words_like_times(split: Split) -> Iterator[str]:
    found = _LIKE_TIMES.search(_unquoted(split))
    if found is not None and not any(flag.name == TIMES_FLAG for flag in split.flags):
        yield (
            f"{quoted(found[0])} is read as words, and one video is made. `--times 3` makes three, "
            "`{red|blue}` in its words one of each."
        )


def _words_like_a_start(split: Split) -> Iterator[str]:
    if any(flag.name in {AT_FLAG, EVERY_FLAG} for flag in split.flags):
        return
    found = _LIKE_A_START.search(_unquoted(split))
    if found is not None:
        yield (
            f"{quoted(short(found[0]))} is read as words, and the video starts at once. It starts "
            "later with `--at monday 9:00`, and each week with `--every week` beside that."
        )


def _links_to_pictures(split: Split, model: Model) -> Iterator[str]:
    links = (word.value for word in split.words if not word.quoted)
    found = next(filter(None, map(_LINK_TO_PICTURE.fullmatch, links)), None)
    if found is not None and model.image_options:
        flag = model.image_options[0].flag
        yield (
            f"{quoted(short(found[0]))} is read as words. If the video is to take after that "
            f"picture, write `{flag}` before it."
        )


def _words_like_alternatives(split: Split) -> Iterator[str]:
    found = _LIKE_ALTERNATIVES.search(" ".join(word.value for word in split.words))
    if found is not None:
        yield (
            f"{quoted(found[0])} is read as words. Alternatives stand in braces, with a bar between"
            " them: `{red|blue}`."
        )


def _shots_of_no_model(typed: TypedText, model: Model) -> Iterator[str]:
    if typed.has_shots:
        yield (
            f"{model.title} takes no shots of your own, so lines such as `3s: …` are read as words "
            "of the prompt."
        )


def _lines_like_shots(typed: TypedText) -> Iterator[str]:
    """Yield the sentence about lines of which several look like shots, and none is one."""
    may_be = "\n" in typed.text and not typed.has_shots
    lines = _LIKE_A_SHOT.findall(typed.text) if may_be else []
    if len(lines) > 1:
        yield (
            f"Lines such as {quoted(lines[0].strip())} are read as words of the prompt. A shot "
            "begins with its seconds and a colon: `3s: boats leave`."
        )


def _shots_inside_a_line(split: Split) -> Iterator[str]:
    """Yield the sentence about a shot whose words may hold another one: a shot begins a line."""
    inside = (seconds_inside(shot.words) for shot in split.shots)
    found = next(filter(None, inside), None)
    if found is not None:
        yield (
            f"“{found}” stands inside a line, so it is read as words of that shot; a shot begins a "
            "line."
        )
