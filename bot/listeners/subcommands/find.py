"""`/video find …`: jobs by the words that were asked for, by whom, where, when and in which style.

A filter has its dashes, or is said in words: `by @ana`, `in #launch`, `last 2 weeks`. Whatever
stands beside the filters is words: quotes and operators of other searches have no meaning.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from types import MappingProxyType

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.base.ports import Message
from bot.jobs.accept import Interaction
from bot.jobs.find import load_page
from bot.jobs.found import FindSpec
from bot.jobs.services import Services
from bot.listeners.context import Handler
from bot.listeners.subcommands.subcommand import Subcommand
from bot.messages.find import found_message
from bot.options.catalog import Catalog
from bot.options.characters import hyphenated, visible
from bot.options.mentions import CHANNEL, PERSON
from bot.options.wording import quoted
from bot.slack.markup import plain
from storage.find import MOST_WORDS, words_of

ME, HERE = "me", "here"
KEPT = "kept"
MOST_DAYS = 36_500
_WORDS_OF_SPAN = 2

_FLAG = lazy_compile(r"--?([a-z]+)(?:=(.*))?", re.IGNORECASE | re.DOTALL)
_SPAN = lazy_compile(r"(\d{1,6})?\s*([a-z]*)", re.IGNORECASE)
# Values behind the name of a filter without dashes; before anything else the name is a word.
_SAID: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "by": PERSON,
        "in": CHANNEL,
        # `last day at sea` is words.
        "last": lazy_compile(
            r"(?:\d{1,6} ?(?:[dwmy]|(?:day|week|month|year)s?)|week|month|year)(?: .*)?",
            re.IGNORECASE,
        ),
    }
)
_QUOTES = "\"'“”‘’`"
_UNITS: Mapping[str, int] = MappingProxyType(
    {"": 1, "d": 1, "day": 1, "w": 7, "week": 7, "m": 30, "month": 30, "y": 365, "year": 365}
)


@dataclass(slots=True)
class _Reading:
    """What was read so far, and the tokens that follow."""

    tokens: deque[str]
    words: list[str] = field(default_factory=list)
    parts: dict[str, str | int | bool] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_find(text: str, *, user: str, channel: str) -> FindSpec:
    """Return what is looked for. Raises `UsageError` for a filter that says nothing."""
    reading = _Reading(tokens=deque(text.split()))
    while reading.tokens:
        token = reading.tokens.popleft()
        flag = _FLAG.fullmatch(hyphenated(visible(token)))
        name = flag[1].casefold() if flag else ""
        if name == KEPT:
            reading.parts[KEPT] = True
        elif _is_said(token.casefold(), reading.tokens):
            _READERS[token.casefold()](_next(reading), reading)
        elif flag is not None and name in _READERS:
            _READERS[name](flag[2] or _next(reading), reading)
        else:
            reading.words.append(token)
    if reading.problems:
        raise UsageError(*reading.problems)
    parts = {**reading.parts}
    if parts.get("by") == ME:
        parts["by"] = user
    if parts.get("channel") == HERE:
        parts["channel"] = channel
    words = words_of(plain(" ".join(reading.words)))[:MOST_WORDS]
    return FindSpec.model_validate({**parts, "words": words})


def _is_said(name: str, following: Sequence[str]) -> bool:
    """Tell whether a word is the name of a filter, because what follows is a value of it."""
    pattern = _SAID.get(name)
    if pattern is None or not following:
        return False
    span = " ".join(islice(following, _WORDS_OF_SPAN)) if name == "last" else following[0]
    return pattern.fullmatch(span) is not None


def _by(value: str, reading: _Reading) -> None:
    person = PERSON.fullmatch(value)
    if person is not None or value.casefold().strip(_QUOTES) == ME:
        reading.parts["by"] = person[1] if person else ME
    else:
        _refuse(reading, value, "`--by` takes a person: `--by @ana`, or `--by me`.")


def _in(value: str, reading: _Reading) -> None:
    channel = CHANNEL.fullmatch(value)
    if channel is not None or value.casefold().strip(_QUOTES) == HERE:
        reading.parts["channel"] = channel[1] if channel else HERE
    else:
        _refuse(reading, value, "`--in` takes a channel: `--in #launch`, or `--in here`.")


def _last(value: str, reading: _Reading) -> None:
    """Read a span: `30d`, `2 weeks`, `month`; the unit may be the next token."""
    span = _SPAN.fullmatch(value)
    unit = span[2].casefold() if span else ""
    # `30 days` are two tokens, and `30 beach` is a span and a word.
    if span is not None and span[1] and not unit and reading.tokens:
        following = reading.tokens[0].casefold()
        if following.rstrip("s") in _UNITS.keys() - {""}:
            unit = reading.tokens.popleft().casefold()
    days = _UNITS.get(unit.rstrip("s"))
    number = int(span[1]) if span and span[1] else 1
    if span is None or days is None or not value or not 1 <= number * days <= MOST_DAYS:
        how = "`--last` takes days, weeks, months or years: `--last 30d`, `--last 2 weeks`."
        _refuse(reading, value, how)
    else:
        reading.parts["days"] = number * days


def _style(value: str, reading: _Reading) -> None:
    name = value.strip(_QUOTES).casefold()
    if name:
        reading.parts["style"] = name
    else:
        _refuse(reading, value, "`--style` takes the name of a style: `--style noir`.")


def _refuse(reading: _Reading, value: str, how: str) -> None:
    given = f" You gave {quoted(plain(value))}." if value else ""
    reading.problems.append(f"{how}{given}")


def _next(reading: _Reading) -> str:
    """Return the value behind a filter; empty if none follows."""
    return reading.tokens.popleft() if reading.tokens else ""


_READERS: Mapping[str, Callable[[str, _Reading], None]] = MappingProxyType(
    {"by": _by, "in": _in, "last": _last, "style": _style}
)


def _bind(text: str, _: Catalog) -> Handler:
    return partial(_find, text)


async def _find(text: str, interaction: Interaction, services: Services) -> Message:
    spec = read_find(text, user=interaction.user, channel=interaction.channel)
    return found_message(await load_page(spec, interaction, services))


FIND = Subcommand(
    usage="find [words] [--by @ana] [--in #launch] [--last 30d] [--style noir] [--kept]",
    about="finds videos by the words that were asked for, as far as you may see them: all words, "
    "the last may be begun; without words the newest",
    bind=_bind,
    most=None,
    takes_prose=True,
    is_of_the_team=True,
)
