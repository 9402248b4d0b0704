"""Recognises small talk, which somebody writes to the bot and does not want as a video. Pure.

No language model: a text is small talk only if all its words are. `thank you` is, and `thank you
card on a table` is a prompt. Whatever is not recognised is a prompt.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from bot.base.patterns import lazy_compile
from bot.options.small_talk_phrases import (
    AGREEMENTS,
    GREETINGS,
    OF_THE_BOT,
    OF_THE_SERVICE,
    QUESTIONS,
    REQUEST,
    THANKS,
    any_of,
)
from bot.options.stop_words import ARTICLES, STOP_WORDS


class SmallTalk(StrEnum):
    """The kinds of small talk. The values are stored and must never change."""

    GREETING = "greeting"
    THANKS = "thanks"
    AGREEMENT = "agreement"
    """Also a refusal, praise and an apology."""
    QUESTION = "question"
    """A question to the bot."""
    SINGLE_WORD = "single word"


# A longer text is a prompt. It bounds the time that the patterns take, too.
_MOST_WORDS = 12
# A question of more words must speak of the bot or of a video.
_SHORT_QUESTION = 7
# Chinese, Japanese and Thai are written without spaces: more letters than these are a sentence.
_SHORT_WORD = 4

# Emoji as Slack sends them (`:pray::skin-tone-2:`), mentions of people and groups, emoticons.
_DECORATION = lazy_compile(
    r":[a-z+\-][a-z0-9_+'\-]*:|<[@!][^<>]*>|(?<!\w)@[\w.\-]+"
    r"|(?<!\w)(?:<3+|[:;=][-'^]?[()dpo3*/|]|xd+|\^_*\^)(?!\w)"
)
_WORD = lazy_compile(r"\w+(?:'\w+)*")
_REPEATED = lazy_compile(r"(.)\1{2,}")
# Of a text read backwards: from its end, a long row of marks is read once.
_ASKS = lazy_compile(r"[\s!.)]*\?")


def _all(*phrases: str) -> re.Pattern[str]:
    """Return the pattern of a text that consists of these phrases alone."""
    return lazy_compile(f"(?:{any_of(*phrases)}(?: |$))+")


_GREETS = _all(GREETINGS)
_AGREES = _all(GREETINGS, AGREEMENTS)
_THANKS = _all(GREETINGS, AGREEMENTS, THANKS)
# What may come before a question: `hey bot, can you …`, `ok so what …`.
_LEAD = lazy_compile(f"(?:{any_of(GREETINGS, '<lead>', 'excuse me', 'thank you')} )+")
_BEGINS_TO_ASK = lazy_compile(rf"{any_of('<asking>')}\b")
_QUESTION = lazy_compile(any_of(QUESTIONS))
_REQUEST = lazy_compile(any_of(REQUEST))


def small_talk(text: str) -> SmallTalk | None:
    """Return the kind of small talk that a text without markup and options is; `None`: a prompt.

    Punctuation, emoji and mentions of people do not count, and repeated letters count once.
    """
    bare = _DECORATION.sub(" ", text.replace("’", "'").casefold())
    words = _WORD.findall(bare)
    if not words:
        return SmallTalk.AGREEMENT
    if len(words) > _MOST_WORDS:
        return None
    spoken = " ".join(words)
    asks = _ASKS.match(bare[::-1]) is not None
    for said in (spoken, _REPEATED.sub(r"\1", spoken), _REPEATED.sub(r"\1\1", spoken)):
        kind = _kind(said, asks=asks)
        if kind is not None:
            return kind
    return SmallTalk.SINGLE_WORD if _is_single_word(words) else None


_ASKS_NOTHING = frozenset({SmallTalk.GREETING, SmallTalk.THANKS, SmallTalk.AGREEMENT})
_DENIAL = lazy_compile(
    r"\b(?:no|not|nope|nah|dont|forget|ignore|wrong|wait|hold|stop|cancel)\b|n't\b"
)


def has_word(text: str) -> bool:
    """Tell whether a text has a word beside emoji, mentions and marks."""
    return _WORD.search(_DECORATION.sub(" ", text.casefold())) is not None


def is_talk(text: str) -> bool:
    """Tell whether a text is small talk that asks and denies nothing: `yes`, `thank you`."""
    is_denial = _DENIAL.search(text.replace("’", "'").casefold()) is not None
    return not is_denial and has_word(text) and small_talk(text) in _ASKS_NOTHING


def _kind(said: str, *, asks: bool) -> SmallTalk | None:
    if _GREETS.fullmatch(said):
        return SmallTalk.GREETING
    if _AGREES.fullmatch(said):
        return SmallTalk.AGREEMENT
    if _THANKS.fullmatch(said):
        return SmallTalk.THANKS
    return SmallTalk.QUESTION if _is_question(said, asks=asks) else None


def _is_question(said: str, *, asks: bool) -> bool:
    lead = _LEAD.match(f"{said} ")
    rest = said[lead.end() :] if lead else said
    words = rest.split()
    request = _REQUEST.match(rest)
    if request is not None:
        what = request["what"].split()
        return (STOP_WORDS | ARTICLES).issuperset(what) or not OF_THE_SERVICE.isdisjoint(what)
    if _QUESTION.match(rest):
        return True
    if not asks or not _BEGINS_TO_ASK.match(rest):
        return False
    return len(words) <= _SHORT_QUESTION or not OF_THE_BOT.isdisjoint(words)


def _is_single_word(words: Sequence[str]) -> bool:
    if len(words) != 1:
        return False
    word = words[0]
    is_cased = word.isascii() or word.upper() != word
    return is_cased or len(word) <= _SHORT_WORD
