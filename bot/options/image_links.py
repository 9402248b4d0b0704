"""Refuses links to files that MindVideo could not fetch, before anything is charged. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from bot.base.errors import UsageError
from bot.base.hosts import may_be_public
from bot.base.patterns import lazy_compile
from bot.options.file_words import words_for
from bot.options.references import file_named
from bot.options.schema import Kind, Option
from bot.options.values import place_of
from bot.options.wording import quoted
from storage.job import Json

# Browsers read a backslash as a slash, so a link with one may lead to another host than it shows.
_NEVER_IN_A_LINK = lazy_compile(r"[\s\\]")
# Allowed in a link, and yet nearly always typed between two or behind one. A link may hold another
# one as a part of its path or query.
_NOT_ONE_LINK = lazy_compile(r"[^/=:]https?://|[.,;:!\"'|&+]\Z", re.IGNORECASE)


def check_links(option: Option, value: Json, label: str) -> None:
    """Raise `UsageError` with a sentence for each link that is neither an attached file nor usable.

    A link is usable if it begins with `https://`, its host may be on the internet, and neither
    another link nor a mark of prose stands behind it. Nothing is fetched: MindVideo tells later
    what stands there.
    """
    problems = [
        _sentence(place_of(label, path), link, option)
        for path, link in _links(option, value)
        if file_named(link) is None and not _is_usable(link)
    ]
    if problems:
        raise UsageError(*problems)


def _links(option: Option, value: Json) -> Iterator[tuple[list[int], str]]:
    if option.kind is not Kind.ARRAY:
        if isinstance(value, str):
            yield [], value
        return
    items = value if isinstance(value, list | tuple) else []
    for position, item in enumerate(items):
        if isinstance(item, str):
            yield [position], item


def _is_usable(link: str) -> bool:
    host = _host(link)
    return host is not None and may_be_public(host) and not _NOT_ONE_LINK.search(link)


def _host(link: str) -> str | None:
    """Return the host of an `https` link; `None`: the text is no such link."""
    if _NEVER_IN_A_LINK.search(link):
        return None
    try:
        parts = urlsplit(link)
        # Raises for a port that is none.
        _ = parts.port
    except ValueError:
        return None
    return parts.hostname if parts.scheme == "https" else None


def _sentence(place: str, link: str, option: Option) -> str:
    given, words = quoted(link), words_for(option)
    if _host(link) is None:
        return (
            f"{place} must be a link that begins with `https://`, or an attached "
            f"{words.noun}; you gave {given}."
        )
    if _NOT_ONE_LINK.search(link):
        several = f" Write `{option.flag}` before each." if option.kind is Kind.ARRAY else ""
        return f"{place} must be one link, with no mark behind it; you gave {given}.{several}"
    return (
        f"{place} must be a link that MindVideo can reach; {given} leads to this machine or a "
        f"private network. Attach the {words.noun} itself."
    )
