"""Decides what a typed text means: a subcommand, a mistyped one, small talk, or a prompt. Pure.

One rule holds for every word of the table. A text that begins with a word, and goes on as the word
takes it, is the subcommand. A whole text of at most three words and no options is asked about if it
begins with a word but goes on otherwise, if one letter is wrong in the word, or if the word is
another name of it (`stop last`). A text of any length is asked about if one correction makes it a
subcommand: of a letter (`budget rise here 5 today`), of a verb that is missing, has another name or
stands before it (`set budget here 5 per day`), or without the words that ask for it (`show me my
cost`). One with options is asked about also if a single word (`lst`) or a whole subcommand (`cancel
last`) stands before them. All else is a prompt, except small talk in a conversation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile
from types import MappingProxyType
from typing import TypeAlias

from bot.base.errors import UsageError
from bot.listeners.context import Handler
from bot.listeners.subcommands.subcommand import Subcommand
from bot.options.alternatives import has_alternatives
from bot.options.catalog import Catalog
from bot.options.characters import visible
from bot.options.edit_distance import is_within_one_error
from bot.options.parser import Flag, TypedText, Word, read_text
from bot.options.small_talk import SmallTalk, small_talk
from bot.options.wording import short
from bot.slack.manifest import COMMAND
from bot.slack.markup import plain

HELP = "help"
HELP_TEXTS = frozenset(
    {"version"}
    | {dashes + word for dashes in ("-", "--", "/") for word in ("h", "help", "v", "version")}
)
"""Whole texts that probably mean the help, as people know them from other programs."""

OTHER_WORDS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("stop", "abort", "undo"), "cancel")
    | dict.fromkeys(("remove", "erase"), "delete")
    | dict.fromkeys(("details", "info", "show", "last"), "status")
    | dict.fromkeys(("retry", "redo", "rerun"), "again")
    | {"jobs": "list"}
)
"""Words that probably mean a subcommand, if they stand alone or before what that one takes."""

OTHER_ACTIONS: Mapping[str, Collection[str]] = MappingProxyType(
    dict.fromkeys(("add", "create", "new", "make", "change", "update", "limit"), ("set", "save"))
    | dict.fromkeys(("remove", "delete", "clear", "drop"), ("unset", "delete", "take"))
    | dict.fromkeys(("increase", "extend", "lift"), ("raise",))
)
"""Words that probably mean another one behind a subcommand: `create` in `style create noir …`."""

PLAIN_WORDS = frozenset(
    word
    for line in (
        "cast coast coat colt costa cosy cot cots host lost most post",
        "fist gist last lift lint lisa lisp liszt lit lust mist wist",
        "bind fend fiend fin fined finds fine fins fiend fond fund hind kind mind rind wind",
        "gain heap held hell helm hemp kelp whelp yelp",
        "cancer chancel modes motels reseed resent statue statues stratus",
        "stile stole styled stylus",
        "look hoop loon loom loot lop loops coop poop switch",
        "finn sind credits budge continued",
        "bast cant cart case cash cask caste casts cat cats east fast hast mast past vast",
    )
    for word in line.split()
)
"""English words that are one letter away from a subcommand, and begin prompts.

One that is the whole text is asked about, as every other near miss: it is more often mistyped
(`cots`) than meant as all that a video shows.
"""

LEADS = frozenset({"show", "give", "get", "see", "open", "run", "me", "my", "our", "the", "please"})
"""Words that ask for what a whole subcommand behind them does."""

FILLERS = frozenset({"it", "this", "that", "please", "now"})
"""Words beside a command that say nothing more."""

MOST_WORDS = 3
"""A longer text is a prompt, even if it begins like a subcommand, unless a letter makes it one."""
MOST_CORRECTED = 24
"""Words, or quotes, of the longest text in which a mistyped word is looked for."""

# In characters: more than any usage has.
_MOST_SHOWN = 200
# Shorter words are one letter away from too much.
_SHORTEST = 3
_MARKS = ".,;:!?"
# What phones make of two hyphens.
_DASH = re.compile("^[–—]-?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A subcommand, or a command in a job's thread."""

    run: Handler


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistyped:
    """A text that may be a mistyped command."""

    meant: str
    """How that command is typed, short and harmless in a code span."""
    typed: TypedText
    """The text as the request that it may be; without options all of it is the prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Small talk in a conversation."""

    kind: SmallTalk


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A text to render."""

    typed: TypedText


Intent: TypeAlias = Command | Mistyped | Talk | Prompt


def _no_command(_: str) -> Handler | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class TextContext:
    """Where a text is typed, and what may be typed there."""

    table: Mapping[str, Subcommand]
    catalog: Catalog
    is_conversation: bool = False
    """Whether people may chat there; a slash command is no conversation."""
    has_files: bool = False
    """Whether files came with the text, so that a single word may well be a prompt."""
    thread_words: Collection[str] = ()
    thread_command: Callable[[str], Handler | None] = _no_command
    """Returns the command of a job's thread that a text is. Raises `UsageError`."""


def read_intent(text: str, context: TextContext) -> Intent:
    """Return what a text means, with Slack's markup. Raises `UsageError`."""
    typed = read_text(plain(text))
    handler = _help(typed, context) or context.thread_command(text) or _subcommand(text, context)
    if handler is not None:
        return Command(run=handler)
    # A quote that is not closed is told where the request is read.
    if typed.problems or typed.rest or not typed.tokens:
        return Prompt(typed=typed)
    if _means_help(text):
        return _mistyped(f"{COMMAND} {HELP}", literal(plain(text)))
    return _of_words(text, typed, context)


def _of_words(text: str, typed: TypedText, context: TextContext) -> Intent:
    """Return what a text means that is no command."""
    if has_alternatives(typed):
        return Prompt(typed=typed)
    words = text.split()
    if _bare(words[0]) == _bare(COMMAND) and len(words) > 1:
        # As in another conversation, where the command has to be typed.
        words = words[1:]
    if _has_options(typed):
        meant = _corrected(words, typed, context) or _meant_before_options(typed, context)
        return Prompt(typed=typed) if meant is None else _mistyped(meant, typed)
    talk = small_talk(plain(text)) if context.is_conversation else None
    if talk is not None and talk not in _UNSURE:
        return Talk(kind=talk)
    is_short = len(words) <= MOST_WORDS
    plain_words = PLAIN_WORDS if len(words) > 1 or context.has_files else frozenset[str]()
    meant = _corrected(words, typed, context)
    if meant is None and is_short:
        meant = _meant(words, context, plain_words)
    if meant is not None:
        return _mistyped(meant, literal(plain(text)))
    return Prompt(typed=typed) if talk is None or context.has_files else Talk(kind=talk)


_UNSURE = frozenset({SmallTalk.QUESTION, SmallTalk.SINGLE_WORD})
"""Small talk that may be a mistyped subcommand; beside files it may be a prompt."""


def literal(text: str) -> TypedText:
    """Return a text all of which is the prompt, as if it stood behind a lone `--`."""
    return TypedText(text=text, tokens=(), rest=text.strip())


def _means_help(text: str) -> bool:
    """Tell whether a text means the help elsewhere, or is nothing but marks of ASCII."""
    bare = _DASH.sub("--", text.strip().casefold())
    return bare in HELP_TEXTS or (bare.isascii() and not any(map(str.isalnum, bare)))


def _has_options(typed: TypedText) -> bool:
    return any(isinstance(token, Flag) for token in typed.tokens)


def _help(typed: TypedText, context: TextContext) -> Handler | None:
    """Return the handler of the help that `--help` asks for, wherever it stands in the text.

    It is about the subcommand or model that the text begins with, if it begins with one. So is that
    of `budget help`, and of every other subcommand with that word alone behind it.
    """
    tokens = () if typed.problems else typed.tokens
    words = [token.value.casefold() for token in tokens if isinstance(token, Word)]
    first = next(iter(words), "")
    is_behind = len(tokens) == len(words) and words[1:] == [HELP] and first in context.table
    flags = {token.name.casefold() for token in tokens if isinstance(token, Flag)}
    if HELP not in flags and not is_behind:
        return None
    is_topic = first in context.table or context.catalog.find(first) is not None
    return context.table[HELP].bind(first if is_topic else "", context.catalog)


def _subcommand(text: str, context: TextContext) -> Handler | None:
    word, *following = text.split(maxsplit=1) or [""]
    subcommand = context.table.get(visible(word).rstrip(_MARKS).casefold())
    if subcommand is None:
        return None
    return subcommand.match("".join(following).strip(), context.catalog)


def _meant(
    words: Sequence[str], context: TextContext, plain_words: Collection[str] = PLAIN_WORDS
) -> str | None:
    """Return how the command is typed that a short text probably means; `None`: it means none.

    One of the plain words, although near a subcommand, means none.
    """
    first, *others = [each for each in words if _bare(each) not in FILLERS] or words
    word, rest = _bare(first), " ".join(others)
    if word in context.table:
        return _usage(word, context)
    near = () if word in plain_words else _one_error_from(word, context.table)
    for name in (*_called_otherwise(word, rest, context), *near):
        if not rest:
            return _short_usage(name, context)
        if _fits(context.table[name], rest, context.catalog):
            return f"{COMMAND} {name} {rest}"
        # `model train` and `setting sun` are prompts.
        if name.rstrip("s") != word.rstrip("s"):
            return _usage(name, context)
    return None


def _meant_before_options(typed: TypedText, context: TextContext) -> str | None:
    """Return the command that a text has before its options; `None`: there is none."""
    words: list[str] = []
    for token in typed.tokens:
        if isinstance(token, Flag):
            break
        words.append(typed.text[token.start : token.end])
    if len(words) <= 1:
        return _meant(words, context) if words else None
    word, rest = _bare(words[0]), " ".join(words[1:])
    names = [word, *_called_otherwise(word, rest, context), *_near(word, context.table)]
    whole = " ".join(typed.text.split()[1:])
    return _first_that_fits(((name, each) for each in (whole, rest) for name in names), context)


def _corrected(words: Sequence[str], typed: TypedText, context: TextContext) -> str | None:
    """Return the command that a text is with one thing in it corrected, or `None`."""
    if len(typed.tokens) > MOST_CORRECTED:
        return None
    asked = _without_lead(words)
    word, rest = _bare(asked[0]), asked[1:]
    attempts = [(name, rest) for name in _near(word, context.table)]
    if rest:
        # As a sentence has them: `set budget here 5 per day`.
        attempts += _with_corrections(_bare(rest[0]), [asked[0], *rest[1:]], context)
    attempts += _with_corrections(word, rest, context)
    return _first_that_fits(((name, " ".join(each)) for name, each in attempts), context)


def _without_lead(words: Sequence[str]) -> Sequence[str]:
    """Return the words behind those that ask for something, such as `show me my cost`."""
    behind = list(dropwhile(lambda each: _bare(each) in LEADS, words))
    return behind or words


def _with_corrections(
    word: str, rest: Sequence[str], context: TextContext
) -> Iterator[tuple[str, Sequence[str]]]:
    """Yield a subcommand with what may be meant behind it, the smallest correction first."""
    subcommand = context.table.get(word)
    if subcommand is None:
        return
    yield word, [one.strip(_MARKS) for one in rest]
    for place, one in enumerate(rest):
        for meant in _near(one.casefold(), subcommand.words):
            yield word, [*rest[:place], meant, *rest[place + 1 :]]
    first = _bare(rest[0]) if rest else ""
    for action in OTHER_ACTIONS.get(first, ()):
        if action in subcommand.words:
            yield word, [action, *rest[1:]]
    for opening in subcommand.openings:
        yield word, [opening, *rest]


def _first_that_fits(attempts: Iterable[tuple[str, str]], context: TextContext) -> str | None:
    """Return the first command that takes the words behind it, if it does not take any words."""
    for name, rest in attempts:
        subcommand = context.table.get(name)
        if subcommand is None or subcommand.takes_prose:
            continue
        if _fits(subcommand, rest, context.catalog):
            return f"{COMMAND} {name} {rest}" if rest else _short_usage(name, context)
    return None


def _bare(word: str) -> str:
    return visible(word).strip(_MARKS + "/").casefold()


def _mistyped(meant: str, typed: TypedText) -> Mistyped:
    return Mistyped(meant=short(plain(meant), _MOST_SHOWN), typed=typed)


def _called_otherwise(word: str, rest: str, context: TextContext) -> Iterator[str]:
    """Yield the subcommand that has another name elsewhere, such as `stop last`."""
    name = OTHER_WORDS.get(word)
    if name is not None and (not rest or _fits(context.table[name], rest, context.catalog)):
        yield name


def _short_usage(name: str, context: TextContext) -> str:
    """Return how a command is typed without arguments, if it can be."""
    needs_more = context.table[name].least > 0
    return (
        _usage(name, context) if needs_more or name in context.thread_words else f"{COMMAND} {name}"
    )


def _usage(name: str, context: TextContext) -> str:
    if name in context.thread_words:
        return name
    return f"{COMMAND} {context.table[name].usage}"


def _near(word: str, names: Iterable[str]) -> Iterator[str]:
    """Return the names that a word may be, mistyped, if it is none of the plain words."""
    return iter(()) if word in PLAIN_WORDS else _one_error_from(word, names)


def _one_error_from(word: str, names: Iterable[str]) -> Iterator[str]:
    """Return the names in which at most one letter is wrong, or two are swapped."""
    wanted = names if len(word) >= _SHORTEST else ()
    return (name for name in wanted if is_within_one_error(word, name))


def _fits(subcommand: Subcommand, rest: str, catalog: Catalog) -> bool:
    try:
        return subcommand.match(rest, catalog) is not None
    except UsageError:
        return False
