"""Finding jobs by the words that were asked for, as far as whoever looks may see them. Pure."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from storage.job import Instant, Job, Json
from storage.style_words import uncomposed

LONGEST_WORD = 40
"""Characters of a word that count: PostgreSQL takes no word of more than 2,046 bytes."""

MOST_WORDS = 20
"""Words of a question that count: the value of Slack's buttons, which carry it, is short."""

_PROMPT = "prompt"
_ASCII_WORD = re.compile("[a-z0-9]+")
# What Slack's text has in place of people, channels and groups.
_MARKUP = re.compile(r"<[^<>\s]*>")
# Chinese and Japanese put no spaces between words, so that each character counts as one. In turn
# the first character of a range, and the first behind it: `re` takes milliseconds for such a class.
_WITHOUT_SPACES = "\u3040\u3100\u3400\u4dc0\u4e00\ua000\uf900\ufb00\U00020000\U00040000"
_DROPPED = frozenset({"Mn", "Me", "Cf"})
"""Categories of accents, and of characters that cannot be seen."""


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, each once: in lower case, without accents and punctuation.

    A word consists of letters and digits; a symbol, such as an emoji, is a word by itself.
    """
    if text.isascii():
        found = _ASCII_WORD.findall(text.lower())
    else:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
        found = "".join(map(_spelled, folded)).split()
    return tuple(dict.fromkeys(word[:LONGEST_WORD] for word in found))


def _spelled(char: str) -> str:
    """Return a character as it stands in a word; with spaces around it if it is one by itself."""
    if char.isalnum():
        is_word = bisect_right(_WITHOUT_SPACES, char) % 2 == 1
        return f" {char} " if is_word else char
    category = unicodedata.category(char)
    if category == "So":
        return f" {char} "
    if category == "Mc":
        return char
    return "" if category in _DROPPED else " "


def indexed_words(
    given: Mapping[str, Json],
    names: Mapping[str, str],
    *,
    style_prompt: str | None = None,
    style_words: str = "",
) -> str:
    """Return the words by which a job is found, with a space between two.

    Those of the prompt and of the prompts of shots as they were asked for, without the words of a
    style, and the names that they mention.
    """
    texts = [] if style_prompt is None else [style_prompt]
    for name, value in given.items():
        if name != _PROMPT or style_prompt is None:
            texts += [uncomposed(style_words, text) for text in _prompts(name, value)]
    plain = [_MARKUP.sub(" ", text) for text in texts]
    return " ".join(words_of(" ".join([*plain, *names.values()])))


def _prompts(name: str, value: Json) -> Iterator[str]:
    match value:
        case str() if name == _PROMPT:
            yield value
        case Mapping():
            for inner, part in value.items():
                yield from _prompts(inner, part)
        case list() | tuple():
            for part in value:
                yield from _prompts("", part)


def words_of_job(job: Job) -> str:
    """Return the words by which a job is found; none of one whose texts were erased."""
    if job.erased_at is not None:
        return ""
    if job.style is None:
        return indexed_words(job.input, job.names)
    style = job.style
    return indexed_words(job.input, job.names, style_prompt=style.prompt, style_words=style.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks, and what they may see: their own jobs, and those of channels."""

    team: str
    """Of another workspace they see nothing."""
    user: str
    channels: frozenset[str]
    """Public ones, and private ones that they are in. A direct conversation has no effect here: in
    one a person sees their own jobs alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; a part that is `None` or empty matches every job."""

    words: tuple[str, ...] = ()
    """As `words_of` returns them. A job has them all, the last as the beginning of a word."""
    by: str | None = None
    """Slack's ID of the user who asked for it."""
    channel: str | None = None
    since: Instant | None = None
    style: str | None = None
    """The name of its style."""
    kept: bool = False
    """Only what somebody keeps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A part of what is found: the newest, or those next to a position of another page."""

    limit: int
    before: int | None = None
    """Older ones than this position."""
    after: int | None = None
    """Newer ones than this position, those next to it; `before` is `None` then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundJob:
    """A job that was found, and its position in time among all of the store."""

    job: Job
    position: int


class Finder(Protocol):
    """The index of the words of jobs, which the commit of each job's insert fills.

    The commit that erases a job's texts takes its words out, whoever writes it.
    """

    async def find(self, viewer: Viewer, wanted: Wanted, page: Page) -> list[FoundJob]:
        """Return accepted jobs that match and that the viewer may see, the newest first.

        Rows that cannot be read are left out, and set aside.
        """

    async def index_earlier(self, limit: int) -> int:
        """Index jobs that no version with this index has inserted; return of how many it did.

        At most `limit` in one short write, the newest first. Idempotent.
        """

    async def is_complete(self) -> bool:
        """Return whether all jobs are indexed. Cheap."""
