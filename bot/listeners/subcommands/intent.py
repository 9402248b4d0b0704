"""Decides what a typed text means: a subcommand, a mistyped one, small talk, or a prompt. Pure.

One rule holds for every word of the table. A text that begins with a word, and goes on as the word
takes it, is the subcommand. A whole text of at most three words and no options is asked about if it
begins with a word but goes on otherwise, if one letter is wrong in the word, if the word is another
name of it (`stop last`), or if it ends with a job (`edit last`). A text of any length is asked
about if one correction makes it a subcommand: of a letter (`budget rise here 5 today`), of what it
does, which may be missing, have another name or stand before it (`set budget here 5 per day`), or
without its end, its other lines, or the words that ask for it (`show me my cost`). One with options
is asked about also if a single word (`lst`) or a whole subcommand (`cancel last`) stands before
them. Who asks for the price of some words is told how to see it, and a single word that shows
nothing, such as `history`, where to look for that. All else is a prompt, except small talk; a
single word is that in a conversation only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from bot.base.patterns import lazy_compile
from bot.listeners.context import Handler
from bot.listeners.subcommands.near_command import AGAIN, HELP, asked_for, near_command
from bot.listeners.subcommands.price_question import priced_words
from bot.listeners.subcommands.text_context import TextContext
from bot.options.alternatives import has_alternatives
from bot.options.characters import visible
from bot.options.model_file import DRY_FLAG
from bot.options.parser import Flag, TypedText, Word
from bot.options.small_talk import SmallTalk, has_word, small_talk
from bot.options.spoken_values import options_in
from bot.options.wording import short
from bot.slack.manifest import COMMAND
from bot.slack.markup import mentioned_names, plain, read_markup

HELP_TEXTS = frozenset(
    {"version"}
    | {dashes + word for dashes in ("-", "--", "/") for word in ("h", "help", "v", "version")}
)
"""Whole texts that probably mean the help, as people know them from other programs."""

# In characters: more than any usage has.
_MOST_SHOWN = 200
_MARKS = ".,;:!?"
# What phones make of two hyphens.
_DASH = lazy_compile("^[–—]-?")


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
    """Small talk."""

    kind: SmallTalk


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A text to render."""

    typed: TypedText


Intent: TypeAlias = Command | Mistyped | Talk | Prompt


def read_intent(text: str, context: TextContext) -> Intent:
    """Return what a text means, with Slack's markup. Raises `UsageError`."""
    typed = read_markup(text)
    handler = _help(typed, context) or context.thread_command(text) or _subcommand(text, context)
    if handler is not None:
        return Command(run=handler)
    # A quote that is not closed is told where the request is read.
    if typed.problems or typed.rest or not typed.tokens:
        return Prompt(typed=typed)
    if _means_help(text):
        return _mistyped(f"{COMMAND} {HELP}", literal(text))
    return _of_words(text, typed, context)


def _of_words(text: str, typed: TypedText, context: TextContext) -> Intent:
    """Return what a text means that is no command."""
    priced = priced_words(typed.text)
    if priced is not None:
        asked = AGAIN if context.thread_words else COMMAND
        return _mistyped(f"{asked} --{DRY_FLAG} {priced}", typed)
    if has_alternatives(typed):
        return Prompt(typed=typed)
    if typed.has_flags:
        meant = near_command(text, typed, context)
        return Prompt(typed=typed) if meant is None else _mistyped(meant, typed)
    talk = small_talk(plain(text))
    if not context.is_conversation and not _is_said(talk, text):
        talk = None
    # In a thread `client approved` and `never mind` are about its video.
    is_of_video = talk is SmallTalk.AGREEMENT and bool(context.thread_words)
    if talk is not None and talk not in _UNSURE and not is_of_video:
        return Talk(kind=talk)
    meant = near_command(text, typed, context)
    if meant is None and talk is SmallTalk.QUESTION:
        meant = asked_for(text, context)
    if meant is not None:
        return _mistyped(meant, literal(text))
    # About a value alone the request itself asks, with how the option is written.
    is_value = talk is SmallTalk.SINGLE_WORD and options_in(typed.text, context.catalog)
    is_talk = not context.has_files and not is_value
    return Talk(kind=talk) if talk is not None and is_talk else Prompt(typed=typed)


def _is_said(talk: SmallTalk | None, text: str) -> bool:
    """Tell whether a text is small talk in a command too: not one word, or emoji, as a scene."""
    is_scene = talk is SmallTalk.SINGLE_WORD or not has_word(plain(text))
    return talk is not None and not is_scene


_UNSURE = frozenset({SmallTalk.QUESTION, SmallTalk.SINGLE_WORD})
"""Small talk that may be a mistyped subcommand; beside files it may be a prompt."""


def literal(text: str) -> TypedText:
    """Return a text with its markup all of which is the prompt, as behind a lone `--`."""
    words = plain(text)
    return TypedText(text=words, tokens=(), rest=words.strip(), people=mentioned_names(text))


def _means_help(text: str) -> bool:
    """Tell whether a text means the help elsewhere, or is nothing but marks of ASCII."""
    bare = _DASH.sub("--", text.strip().casefold())
    return bare in HELP_TEXTS or (bare.isascii() and not any(map(str.isalnum, bare)))


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


def _mistyped(meant: str, typed: TypedText) -> Mistyped:
    return Mistyped(meant=short(plain(meant), _MOST_SHOWN), typed=typed)
