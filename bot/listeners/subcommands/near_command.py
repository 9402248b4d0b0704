"""Finds the command that a text is nearly, in other words or with a mistake. Pure.

A correction is one, and what it makes is a whole command: two would make commands of prompts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain, dropwhile
from typing import TypeAlias

from bot.base.errors import UsageError
from bot.listeners.subcommands.command_words import (
    ALONE,
    ARTICLES,
    ASKED_FOR,
    ASKING,
    AUDIENCE,
    BESIDE_SAME,
    CHANGING,
    ENDING,
    EVERYTHING,
    FILLERS,
    LATEST,
    LEADS,
    MANAGING,
    NO_SCENES,
    NOUNS,
    OTHER_ACTIONS,
    OTHER_PHRASES,
    OTHER_WORDS,
    OWN,
    PLAIN_WORDS,
    REPEATS,
    REQUESTS,
    SHARES,
    STOPS,
    TOTALITY,
    VIDEOS,
)
from bot.listeners.subcommands.job_words import LAST, names_job
from bot.listeners.subcommands.subcommand import Subcommand
from bot.listeners.subcommands.text_context import TextContext
from bot.listeners.subcommands.thread_doubts import is_sure
from bot.options import stop_words
from bot.options.catalog import Catalog
from bot.options.characters import visible
from bot.options.edit_distance import is_within_one_error
from bot.options.parser import Flag, TypedText
from bot.options.small_talk import is_talk
from bot.options.spoken_values import options_in
from bot.slack.manifest import COMMAND
from bot.slack.markup import plain

HELP = "help"
AGAIN = "again"

MOST_WORDS = 3
"""A longer text is a prompt, even if it begins like a subcommand, unless one correction makes it
one. Fillers do not count."""
MOST_CORRECTED = 24
"""Words, or quotes, of the longest text that is corrected, and so many of its words are."""

# Of a command with words too many, so many behind its name make it one.
_LEAST_KEPT = 2
# The end of a command that is never left out: it would be about another amount, hour or place.
_KEPT = frozenset(
    {"min", "mins", "minute", "minutes", "hour", "hours", "am", "pm", "a.m", "p.m", "for", "per"}
    | {"everyone", "everywhere", "everybody", "zone"}
)
# The words of a text among which its verb and its noun stand, and those of the longest such text.
_MOST_BEFORE_NOUN = 6
_MOST_MANAGING = 14
# Of small talk before a command: `perfect, love it, approved`.
_MOST_TALK = 8
# A longer usage is no suggestion: its help is.
_LONGEST_USAGE = 76
# Shorter words are one letter away from too much.
_SHORTEST = 3
_MARKS = ".,;:!?"


def near_command(text: str, typed: TypedText, context: TextContext) -> str | None:
    """Return how the command is typed that a text is nearly; `None`: it is none.

    `text` has Slack's markup, and has a word; `typed` is the same text as it was read.
    """
    words = text.split()
    if _bare(words[0]) == _bare(COMMAND) and len(words) > 1:
        # As in another conversation, where the command has to be typed.
        words = words[1:]
    meant = _corrected(words, typed, context) or _in_a_thread(words, context)
    if meant is not None:
        return meant
    if typed.has_flags:
        return _before_options(typed, context)
    is_alone = len(words) == 1 and not context.has_files
    if len(_without_fillers(words)) <= MOST_WORDS:
        plain_words = PLAIN_WORDS - NO_SCENES if is_alone else PLAIN_WORDS
        meant = _meant(words, context, plain_words)
    if meant is None and is_alone:
        meant = _looked_for(_bare(words[0]), context)
    return meant or _of_an_earlier_video(words, context) or _managed(words, context)


def _looked_for(word: str, context: TextContext) -> str | None:
    """Return the command, or the page of the help, for a word that shows nothing by itself."""
    name = ALONE.get(word)
    if name is None or name in context.table:
        return name and _short_usage(name, context)
    return f"{COMMAND} {name}"


def _in_a_thread(words: Sequence[str], context: TextContext) -> str | None:
    """Return the command of a thread that a text is in other words, or behind small talk."""
    if not context.thread_words:
        return None
    words = list(dropwhile(lambda each: _bare(each) in REQUESTS, words)) or words
    bare = [_bare(each) for each in words]
    phrase = _said_otherwise(bare) or _mistyped_change(words, context)
    if phrase is not None or len(words) > _MOST_TALK:
        return phrase
    if _APPROVING.intersection(bare) and is_sure(words):
        return _APPROVE
    if bare[0] == _CONTINUE and is_sure(words):
        # Politely; as it stands it would be the command.
        return " ".join(words)
    for at in range(len(words)):
        is_named = bare[at] in context.thread_words and FILLERS.issuperset(bare[at + 1 :])
        if is_named and (at == 0 or is_talk(" ".join(words[:at]))):
            return bare[at]
    return None


def _of_an_earlier_video(words: Sequence[str], context: TextContext) -> str | None:
    """Return the command for an order, or a question, about a video that was asked for before.

    `redo the last one but blue`, `delete my last 2 videos`, `stop the weekly video`. In a thread
    the video is that of the thread.
    """
    bare = [*dropwhile(REQUESTS.__contains__, map(_bare, words))]
    if context.thread_words or not 1 < len(bare) <= _MOST_MANAGING:
        return None
    verb = bare[0]
    is_repeat = verb in STOPS and not REPEATS.isdisjoint(bare[1:_MOST_BEFORE_NOUN])
    is_video = verb in ENDING and bare[1] in OWN | TOTALITY and bare[-1] in VIDEOS
    if is_repeat or (is_video and not (verb in STOPS and EVERYTHING.issuperset(bare[1:]))):
        return _usage(ENDING.get(verb, _CANCEL), context)
    in_threes = zip(bare, bare[1:], bare[2:], strict=False)
    if any(of in OWN and which in LATEST and what in VIDEOS for of, which, what in in_threes):
        name = AGAIN if verb in CHANGING else _STATUS if verb in _ASKING_HOW_IT_IS else None
        return name and _usage(name, context)
    return _usage(AGAIN, context) if verb == "same" and bare[1] in BESIDE_SAME else None


def _said_otherwise(bare: Sequence[str]) -> str | None:
    """Return what a whole text in a thread means in other words; `None`: nothing of a thread."""
    if bare[0] in STOPS and not _RENDERING.isdisjoint(bare):
        return _CANCEL
    if bare[0] in SHARES and _is_for_somebody(bare):
        return f"{COMMAND} {HELP} buttons"
    return OTHER_PHRASES.get(" ".join(_without_fillers(bare)))


def _mistyped_change(words: Sequence[str], context: TextContext) -> str | None:
    """Return a command that takes words, where its name or its colon is not as it is typed.

    `contine the boat leaves`, `new a hill at dawn`, `again vertical`.
    """
    first, rest = _bare(words[0]), " ".join(words[1:])
    if words[0].casefold() == "new" and rest and _bare(words[1]) in stop_words.ARTICLES:
        return f"new: {rest}"
    if first != _CONTINUE and rest and next(_near(first, [_CONTINUE]), None):
        return f"{_CONTINUE} {rest}"
    is_again = first == AGAIN or OTHER_WORDS.get(first) == AGAIN
    options = options_in(plain(rest), context.catalog) if is_again else None
    return None if options is None else f"{AGAIN} {options.strip('`')}"


def _is_for_somebody(bare: Sequence[str]) -> bool:
    """Tell whether words end with whom or where something goes: `with the client`."""
    *before, last = (each for each in bare if each not in OWN)
    is_audience = last in AUDIENCE or last.startswith(("<@", "<#", "<!"))
    return is_audience and bool(before) and before[-1] in _TOWARDS


_TOWARDS = frozenset({"to", "with", "in", "into"})
_STATUS = "status"
_ASKING_HOW_IT_IS = ASKING | {_STATUS, "where", "where's", "what's", "whats", "how's", "is"}
_APPROVE, _CONTINUE, _CANCEL = "approve", "continue", "cancel"
_RENDERING = frozenset({"rendering", "render", "it", "this"})
# They begin no scene, if such a word stands behind them: `notify me`.
_ONLY_MANAGED = frozenset({"settings", "notify"})
_BEHIND_ONLY_MANAGED = MANAGING | {"me", "us", "when", "if", "on", "off"}
_APPROVING = frozenset({_APPROVE, "approved", "approves", "approving", "approval"})


def _managed(words: Sequence[str], context: TextContext) -> str | None:
    """Return the command for what a text asks about or wants changed, in words that are no command.

    That is its help, where something is to be changed. `None`: the text speaks of nothing that is
    managed, or may be the change of a video.
    """
    bare = [_bare(each) for each in words]
    if context.thread_words or not 1 < len(bare) <= _MOST_MANAGING:
        return None
    if bare[0] in STOPS and EVERYTHING.issuperset(bare[1:]):
        is_all = not TOTALITY.isdisjoint(bare)
        return f"{COMMAND} budget stop workspace" if is_all else f"{COMMAND} cancel {LAST}"
    has_amount = any(one.startswith(("<@", "<#")) or any(map(str.isdigit, one)) for one in words)
    if bare[0] in ASKING:
        answers = (ASKED_FOR[one] for one in bare[:_MOST_BEFORE_NOUN] if one in ASKED_FOR)
        answer = next(answers, None)
        if answer is not None:
            return f"{COMMAND} {answer}"
    for at, noun in enumerate(bare[:_MOST_BEFORE_NOUN]):
        name, before = NOUNS.get(noun), bare[:at]
        is_first = at == 0 and (
            has_amount or (noun in _ONLY_MANAGED and bare[1] in _BEHIND_ONLY_MANAGED)
        )
        if name is not None and (is_first or MANAGING.intersection(before)):
            return f"{COMMAND} {HELP} {name}"
        if name is not None and ASKING.intersection(before):
            return f"{COMMAND} {name}"
    return None


def asked_for(question: str, context: TextContext) -> str | None:
    """Return the command that shows what a question speaks of: `how much budget is left?`."""
    named = (_bare(word) for word in question.split())
    # What answers a question names the help anyway.
    for word in (each for each in named if each != HELP):
        if word in context.thread_words:
            return word
        if word in context.table and not context.table[word].least:
            return f"{COMMAND} {word}"
    return None


def _corrected(words: Sequence[str], typed: TypedText, context: TextContext) -> str | None:
    """Return the command that a text is with one thing in it corrected, or `None`."""
    if len(typed.tokens) > MOST_CORRECTED:
        return None
    attempts = chain(
        _of_first_line(typed.text),
        _behind_lead(words, context),
        _with_letters(words, context),
        _repeated(words),
        # Changes of a video may begin so: `make style more cinematic`.
        () if context.thread_words else _with_action(words, context),
        _without_end(words),
    )
    return _first_that_fits(((name, " ".join(rest)) for name, rest in attempts), context)


_LISTED = frozenset({"video", "videos", "jobs", "queue", "history"})
_Attempt: TypeAlias = tuple[str, Sequence[str]]
"""The name of what may be a subcommand, and the words behind it."""


def _of_first_line(text: str) -> Iterator[_Attempt]:
    """Yield the first line of a text as a command, if other lines stand below it."""
    first, _, below = text.strip().partition("\n")
    words = first.split()
    if below and words:
        yield _bare(words[0]), words[1:]


def _behind_lead(words: Sequence[str], context: TextContext) -> Iterator[_Attempt]:
    """Yield what shows something and is asked for in a sentence, as `show me my cost please`."""
    behind = list(dropwhile(lambda each: _bare(each) in LEADS, words))
    if len(behind) == len(words) or not behind:
        return
    word, rest = _bare(behind[0]), [each for each in behind[1:] if _bare(each) not in FILLERS]
    for name in (word, word.removesuffix("s"), "list" if word in _LISTED else ""):
        if name in context.table and not context.table[name].least:
            yield name, rest


def _with_letters(words: Sequence[str], context: TextContext) -> Iterator[_Attempt]:
    """Yield the text with a letter corrected, or without the marks of a sentence."""
    word, rest = _bare(words[0]), words[1:]
    for name in _near(word, context.table):
        yield name, rest
    if word in context.table:
        yield word, list(filter(None, (one.strip(_MARKS) for one in rest)))
        for place, one in enumerate(rest[:MOST_CORRECTED]):
            for meant in _near(one.casefold(), sorted(context.table[word].words)):
                yield word, [*rest[:place], meant, *rest[place + 1 :]]


def _with_action(words: Sequence[str], context: TextContext) -> Iterator[_Attempt]:
    """Yield the text with what it does named as the bot does, behind the subcommand's name."""
    word, rest = _bare(words[0]), words[1:]
    second = _bare(rest[0]) if rest else ""
    if word in context.table:
        for action in _actions(second, context.table[word]):
            yield word, [action, *rest[1:]]
        for opening in context.table[word].openings:
            yield word, [opening, *rest]
    if second in context.table:
        # `set budget here 5 per day`
        for action in (word, *_actions(word, context.table[second])):
            if action in context.table[second].words:
                yield second, [action, *rest[1:]]


def _actions(word: str, subcommand: Subcommand) -> Iterator[str]:
    return (action for action in OTHER_ACTIONS.get(word, ()) if action in subcommand.words)


def _repeated(words: Sequence[str]) -> Iterator[_Attempt]:
    """Yield `again last` of `repeat last please`; elsewhere `repeat` says nothing more."""
    if _bare(words[0]) == "repeat":
        yield AGAIN, [each for each in words[1:] if _bare(each) not in FILLERS]


def _without_end(words: Sequence[str]) -> Iterator[_Attempt]:
    """Yield the text without its last words: `settings delay 5` of `settings delay 5 thanks`."""
    if _KEPT.isdisjoint(map(_bare, words)):
        for most in range(min(len(words), MOST_CORRECTED) - 1, _LEAST_KEPT, -1):
            yield _bare(words[0]), words[1:most]


def _without_fillers(words: Sequence[str]) -> Sequence[str]:
    return [each for each in words if _bare(each) not in FILLERS] or words


def _first_that_fits(attempts: Iterable[tuple[str, str]], context: TextContext) -> str | None:
    """Return the first command that takes the words behind it, if it does not take any words."""
    for name, rest in attempts:
        subcommand = context.table.get(name)
        if subcommand is None or subcommand.takes_prose:
            continue
        if _fits(subcommand, rest, context.catalog):
            return f"{COMMAND} {name} {rest}" if rest else _short_usage(name, context)
    return None


def _meant(
    words: Sequence[str], context: TextContext, plain_words: Collection[str] = PLAIN_WORDS
) -> str | None:
    """Return how the command is typed that a short text probably means; `None`: it means none.

    One of the plain words, although near a subcommand, means none.
    """
    first, *behind = _without_fillers(words)
    others = [each for each in behind if _bare(each) not in ARTICLES]
    word, rest = _bare(first), " ".join(others)
    if word in context.table:
        return _first_that_fits([(word, rest)], context) or _usage(word, context)
    if word in context.thread_words and not rest:
        return word
    names = dict.fromkeys([*context.table, *context.thread_words])
    near = _near(word, names, plain_words)
    for name in (*_called_otherwise(word, rest, context), *near):
        if not rest:
            return _short_usage(name, context)
        if name not in context.table:
            continue
        if _fits(context.table[name], rest, context.catalog):
            return f"{COMMAND} {name} {rest}"
        # `model train` and `setting sun` are prompts.
        if name.rstrip("s") != word.rstrip("s"):
            return _usage(name, context)
    return _of_a_job([first, *others], context)


def _of_a_job(words: Sequence[str], context: TextContext) -> str | None:
    """Return the command that tells how a job stands, for a text that ends with it: `edit last`."""
    job = _bare(words[-1])
    is_named = names_job(job) or (job == LAST and len(words) == len(("edit", LAST)))
    return _first_that_fits([("status", job)], context) if is_named else None


def _before_options(typed: TypedText, context: TextContext) -> str | None:
    """Return the command that a text has before its options; `None`: there is none."""
    words, end = list[str](), 0
    for token in typed.tokens:
        if isinstance(token, Flag):
            break
        words.append(typed.text[token.start : token.end])
        end = token.end
    if not words:
        # `--mode pro again last`
        *_, name, job = ["", *typed.text.split()]
        is_named = _bare(job) == LAST or names_job(job)
        return _first_that_fits([(_bare(name), job)], context) if is_named else None
    # `cost --last month`
    undashed = [each.lstrip("-—–") for each in typed.text.split()]
    meant = _first_that_fits([(_bare(words[0]), " ".join(undashed[1:]))], context)
    if meant is not None:
        return meant
    single = _meant(words, context) if len(words) == 1 else None
    meant = _in_a_thread(words, context) or single
    if meant == AGAIN:
        return f"{meant} {typed.text[end:].strip()}"
    if meant is not None or len(words) == 1:
        return meant
    word, rest = _bare(words[0]), " ".join(words[1:])
    names = [word, *_called_otherwise(word, rest, context), *_near(word, context.table)]
    whole = " ".join(typed.text.split()[1:])
    return _first_that_fits(((name, each) for each in (whole, rest) for name in names), context)


def _bare(word: str) -> str:
    return visible(word).strip(_MARKS + "/").casefold()


def _called_otherwise(word: str, rest: str, context: TextContext) -> Iterator[str]:
    """Yield the subcommand that has another name elsewhere, such as `stop last`."""
    name = OTHER_WORDS.get(word)
    if name is not None and (not rest or _fits(context.table[name], rest, context.catalog)):
        yield name


def _short_usage(name: str, context: TextContext) -> str:
    """Return how a command is typed without arguments, if it can be."""
    is_whole = name not in context.thread_words and context.table[name].least == 0
    return f"{COMMAND} {name}" if is_whole else _usage(name, context)


def _usage(name: str, context: TextContext) -> str:
    if name in context.thread_words:
        return name
    usage = context.table[name].usage
    return f"{COMMAND} {usage}" if len(usage) <= _LONGEST_USAGE else f"{COMMAND} {HELP} {name}"


def _near(
    word: str, names: Iterable[str], plain_words: Collection[str] = PLAIN_WORDS
) -> Iterator[str]:
    """Return the names in which at most one letter is wrong, or two are swapped, the exact first.

    One of the plain words is none of them.
    """
    if len(word) < _SHORTEST or word in plain_words:
        return iter(())
    near = [name for name in names if is_within_one_error(word, name)]
    return iter(sorted(near, key=lambda name: name != word))


def _fits(subcommand: Subcommand, rest: str, catalog: Catalog) -> bool:
    try:
        return subcommand.match(rest, catalog) is not None
    except UsageError:
        return False
