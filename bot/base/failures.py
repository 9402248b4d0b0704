"""Sorts a service's error into a class of failure, by its code and its words. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.base.patterns import lazy_compile
from storage.job import Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What identifies a class of failure: the service's codes, and a pattern of its words."""

    codes: frozenset[str] = frozenset()
    words: re.Pattern[str] | None = None
    """Searched for in the code and the message; `None`: no words identify the class."""


NO_SIGNS: Mapping[Failure, Signs] = MappingProxyType({})


def _pattern(verbose: str) -> re.Pattern[str]:
    return lazy_compile(verbose, re.IGNORECASE | re.VERBOSE)


# MindVideo documents neither codes nor words, so the patterns are those that services commonly use.
# The codes are those that Kling publishes: https://app.klingai.com/global/dev/document-api
SIGNS: Mapping[Failure, Signs] = MappingProxyType(
    {
        Failure.CREDIT: Signs(
            codes=frozenset({"1101", "1102"}),
            words=_pattern(r"""
                (insufficient|not.enough|\bno|\blow|out.of|exhausted).{0,20}
                    \b(credits?|balance|funds?|resource.packs?)\b
                | \b(credits?|balance|funds?|resource.packs?)\b.{0,25}
                    (insufficient|not.enough|exhausted|depleted|too.low|used.up|ran.out|expired)
                | insufficient.quota | payment.required | in.arrears
            """),
        ),
        Failure.ACCESS: Signs(
            words=_pattern(r"(invalid|wrong|expired|missing|revoked).{0,12}\b(api.?key|token)\b"),
        ),
        Failure.IMAGE: Signs(
            words=_pattern(r"""
                \b(image|picture|photo|frame)s?\b.{0,40}
                    \b(invalid|unsupported|not.supported|too.(large|small|big)|corrupt\w*|pixels?
                    |ratio|resolution|dimensions?|format|size|download\w*|fetch\w*|accessible)\b
                | \b(invalid|unsupported|corrupt\w*|(down)?load|fetch|decode|read)\b.{0,20}
                    \b(image|picture|photo|frame)s?\b
            """),
        ),
        Failure.WORDS: Signs(
            codes=frozenset({"1301"}),
            words=_pattern(r"""
                \b(content|safety|usage|risk)\b.{0,20}
                    \b(polic\w+|filters?|moderation|control|guidelines?|violat\w*|rules?)\b
                | \b(sensitive|prohibited|forbidden|banned|inappropriate|nsfw|unsafe|blocked)\b
                    .{0,30}\b(words?|content|text|prompts?|terms?)\b
                | \b(prompt|text|words?)\b.{0,30}
                    \b(sensitive|prohibited|forbidden|banned|blocked|inappropriate|unsafe
                    |violat\w*|moderat\w*|flagged|not.allowed)\b
            """),
        ),
        Failure.LIMIT: Signs(
            codes=frozenset({"1302", "1303"}),
            words=_pattern(r"""
                \b(rate|concurren\w+|parallel|qps|quota)\b.{0,25}\b(limit\w*|exceed\w*|over)\b
                | too.many.(requests|tasks|jobs|concurrent) | \boverloaded\b | \bat.capacity\b
            """),
        ),
        Failure.FAULT: Signs(
            words=_pattern(r"""
                \b(internal|server|system|unknown|unexpected)\b.{0,12}\b(error|failure|fault)\b
                | \btime[sd]?.?out\b | try.again | temporar\w+ | (service|model).(is.)?unavailable
            """),
        ),
    }
)
"""The signs of each class, for every model; the first class that fits is taken."""


def classify(
    code: str | None, message: str | None, known: Mapping[Failure, Signs] = NO_SIGNS
) -> Failure | None:
    """Return the class of an error; `None`: nothing tells.

    `known` holds the signs that a model declares, which go before those for every model. A code
    goes before words.
    """
    tables = (known, SIGNS)
    for signs in tables:
        for failure, sign in signs.items():
            if code is not None and code in sign.codes:
                return failure
    # A code can be words: `insufficient_balance`.
    said = f"{code or ''} {message or ''}".replace("_", " ")
    for signs in tables:
        for failure, sign in signs.items():
            if sign.words is not None and sign.words.search(said):
                return failure
    return None
