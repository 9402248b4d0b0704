"""Turns Slack's markup in a message's text into what a person sees."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from bot.base.patterns import lazy_compile
from bot.options.characters import HYPHENS, LONG_DASHES
from bot.options.parser import TypedText, read_text

# `<what>` or `<what|label>`: https://docs.slack.dev/messaging/formatting-message-text#advanced
_MARKUP = lazy_compile(r"<([@#!]|[a-z][a-z0-9+.-]*:)([^<>|]+)(?:\|([^<>]*))?>", re.IGNORECASE)
# A link is an option's value behind its flag, and needs its address there, not its label.
_VALUE_OF_FLAG = lazy_compile(
    rf"(?:\A|\s)[{HYPHENS}{LONG_DASHES}]{{1,3}}[^\s=<>]{{1,40}}(?:\s{{1,3}}|=)[\"'“‘„«]?\Z"
)
# Characters before a link among which its flag is looked for.
_LOOKED_AT = 60
# The only three characters that Slack escapes in the text of a message:
# https://docs.slack.dev/messaging/formatting-message-text/#escaping
_ENTITY = lazy_compile("&(amp|lt|gt);")
_ENTITIES: Mapping[str, str] = {"amp": "&", "lt": "<", "gt": ">"}
_GROUP = "subteam^"
_DATE = "date^"


def without_mention(text: str, user: str) -> str | None:
    """Return a message's text without the mentions of a user, or `None` if it has none.

    https://docs.slack.dev/messaging/formatting-message-text/#mentioning-users
    """
    mention = re.compile(rf" ?<@{re.escape(user)}(?:\|[^<>]*)?>[,:]?")
    rest, count = mention.subn("", text)
    return rest.strip() if count else None


def plain(typed: str) -> str:
    """Return a text as a person reads it: names, labels and fallbacks in place of Slack's markup.

    A mention without a name stays as it is; `bot.options.mentions` reads it once the name is known.
    A link behind a flag becomes its address. Entities come last: a `<` that the person typed
    arrives as `&lt;` and is no markup.
    """
    bare = _MARKUP.sub(_in_words, typed.replace("\r\n", "\n"))
    return _ENTITY.sub(lambda entity: _ENTITIES[entity[1]], bare)


def read_markup(typed: str) -> TypedText:
    """Return a text with its markup as words and flags, and the names of people that it mentions.

    What stands behind an `@` is a member of the cast, unless it is the name of such a person.
    """
    return replace(read_text(plain(typed)), people=mentioned_names(typed))


def mentioned_names(typed: str) -> frozenset[str]:
    """Return the names of the people and groups that a text mentions, as far as it has them.

    In a text as a person reads it they stand behind an `@`, as what is typed may, too.
    """
    marks = (mark for mark in _MARKUP.finditer(typed) if mark[1] in {"@", "!"} and mark[3])
    return frozenset(mark[3].removeprefix("@").casefold() for mark in marks)


def escaped(text: str) -> str:
    """Return plain text as it stands in a message's text, which `plain` turns back."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _in_words(markup: re.Match[str]) -> str:
    sign, what, label = markup[1], markup[2], markup[3] or ""
    match sign:
        case "@" | "#":
            return _named(sign, label) if label else markup[0]
        case "!" if what.startswith(_GROUP):
            return _named("@", label) if label else markup[0]
        case "!" if what.startswith(_DATE):
            return label or _moment(what.removeprefix(_DATE))
        case "!":
            return _named("@", label or what)
        case _:
            return _link(markup, f"{sign}{what}", label)


def _named(sign: str, name: str) -> str:
    return f"{sign}{name.removeprefix(sign)}"


def _moment(date: str) -> str:
    """Return the time of a date without fallback: `1392734382^{date_num}`."""
    seconds = date.partition("^")[0]
    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return ""


def _link(markup: re.Match[str], address: str, label: str) -> str:
    scheme, _, rest = address.partition(":")
    if scheme.lower() in {"mailto", "tel"}:
        return label or rest
    start = markup.start()
    behind_flag = _VALUE_OF_FLAG.search(markup.string, max(0, start - _LOOKED_AT), start)
    return label if label and behind_flag is None else address
