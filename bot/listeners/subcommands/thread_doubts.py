"""Refuses words in a job's thread that may not mean what they would do there. Pure.

Each `refuse_…` raises `UsageError` with how to type what is meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.parser import read_text
from bot.options.small_talk import is_talk
from bot.options.spoken_values import words_say_nothing
from bot.options.wording import quoted
from bot.slack.markup import plain

# People quote and mark commands as the bot does in its answers.
_MARKS = '.!?:,;…`*"“”'
_REMARK = lazy_compile(
    r"(?:please )?(?:(?:add|leave|make|my|client|the|a|an|new) )*"
    r"(?:notes?|feedback|comments?|remarks?|to-?dos?|reminders?|revisions?|changes? requests?)\b"
    r"(?! of\b)|change ?:",
    re.IGNORECASE,
)
_LAST = "last"
_LAST_ONE = frozenset({"the", "my", _LAST, "one", "video", "clip", "job"})
_LIMITS = frozenset(
    {"not", "no", "nope", "never", "or", "if", "when", "once", "unless", "until", "only", "later"}
    | {"maybe"}
)
_CONDITIONS = _LIMITS | {"tomorrow", "tonight", "today", "yes", "yeah", "ok", "okay"}
"""Words behind `continue` with which it may not be meant now."""
_MAY_BEGIN_A_SCENE = frozenset({"when", "once", "today", "tonight", "tomorrow"})
# Words, with the end as one.
_MOST_OF_A_CONDITION = 3
_TAKE = lazy_compile(r"(?:with |from )?(?:the )?(?:other take|take [0-9])", re.IGNORECASE)
_MORE = lazy_compile(
    r"a|few|bit|little|some|more|another|further|longer|next|scene|story|clip|going|until"
    r"|(?:[0-9]+ ?)?(?:s|secs?|seconds?)|[0-9]+",
    re.IGNORECASE,
)
"""A word of `a few more seconds`, behind `continue`."""
_DOUBTS = (
    _LIMITS
    | {"after", "but", "except", "pending", "although", "though", "however", "without", "minus"}
    | {"none", "nothing", "neither", "nobody", "nah", "nearly", "almost", "partly", "principle"}
    | {"yet", "yesterday", "wrong", "other", "another", "version", "take", "changes", "needed"}
    | {"needs", "and", "also", "just", "make", "render", "change", "fix", "budget", "script"}
    | {"instead", "isnt", "arent", "doesnt", "dont", "wasnt", "cant", "wont", "didnt"}
)
"""Words with which an approval may be none, depend on something, or be of something else; or with
which more is wished for, of which nothing would be done."""
_APPROVED = "approved"
# Emoji and mentions say nothing here.
_DECORATION = lazy_compile(r":[a-z0-9+_'-]+:|<[@!#][^<>]*>|[^\x00-\x7f\w’…–—]")
_BEHIND_APPROVED = frozenset(
    {"by", "from", "for", "on", "in", "with", "as", "this", "that", "it", "the", "all", "please"}
    | {"thanks", "thank", "thx", "great", "good", "nice", "perfect", "love", "well", "looks", "so"}
)
"""Words that follow `approved`, unless a mark does: `approved stamp` is a thing."""
_MOST_APPROVING = 8
"""Words of the longest approval: a longer text says more than that."""
_NONE = frozenset({"no", "none", "nothing", "nope", "n/a", "na", "nil", "not"})


def named_word(word: str) -> str:
    """Return a word as the tables of commands have it."""
    return word.strip(_MARKS).lower().replace("’", "'")


def refuse_remark(text: str) -> None:
    """Refuse a remark that is neither a note with its time nor a change: `client feedback: …`."""
    if _REMARK.match(text):
        raise UsageError(
            "Begin a note with its time, `0:03 …`; say what is to be changed as `changes: …`. "
            "For a change of the video that begins so, put two dashes before it."
        )


def refuse_last(word: str, following: str) -> None:
    """Refuse `delete last`: the newest video may not be that of the thread."""
    said = [named_word(each) for each in following.split()]
    if said[:1] == [_LAST] or (_LAST in said and _LAST_ONE.issuperset(said)):
        raise UsageError(
            f"In a thread, {quoted(named_word(word))} is about its own video; for another one type "
            "the ID of that behind it."
        )


def refuse_question(word: str) -> None:
    """Refuse `delete?`."""
    if "?" in word:
        raise UsageError(
            f"If you mean it, type {quoted(named_word(word))} without the question mark."
        )


def refuse_condition(word: str, following: str) -> None:
    """Refuse `continue later`, and `continue with take 1`.

    A colon behind the word says that the words are the scene.
    """
    first, *more = [*map(named_word, following.split()), ""]
    is_short = first not in _MAY_BEGIN_A_SCENE or len(more) <= _MOST_OF_A_CONDITION
    if first in _CONDITIONS and is_short and not word.endswith(":"):
        raise UsageError(
            "I cannot tell whether you want the next clip now. If so, say what it shows behind a "
            "colon: `continue: the boat leaves`."
        )
    if _TAKE.match(following):
        raise UsageError(
            "In a thread, `continue` goes on from its own video. Go on from another take in the "
            "thread of that, or with `/video continue ID …`."
        )


def refuse_doubtful_approval(text: str) -> None:
    """Refuse an approval that may be none, or that wishes for more; everybody would see it."""
    word, *behind = _DECORATION.sub(" ", text).split()
    rest = " ".join(behind)
    if is_talk(rest) and "?" not in rest:
        return
    said = [each for each in map(named_word, behind) if any(map(str.isalnum, each))]
    is_thing = named_word(word) == word.lower() == _APPROVED and bool(
        said and said[0] not in _BEHIND_APPROVED
    )
    is_more = read_text(plain(text)).has_flags or any(map(str.isdigit, rest))
    is_long = len(said) > _MOST_APPROVING
    if is_thing or is_more or is_long or not is_sure([word, *behind]):
        _cannot_tell()


def is_sure(words: Sequence[str]) -> bool:
    """Tell whether words neither deny, limit nor ask."""
    said = [named_word(each) for each in words]
    is_denied = any(each.endswith("n't") for each in said) or not _DOUBTS.isdisjoint(said)
    return not is_denied and not any("?" in each for each in words)


def refuse_no_changes(text: str) -> None:
    """Refuse `changes: none`, and `changes needed?`."""
    said = text.lower().split()[1:]
    is_none = bool(said) and named_word(said[0]) in _NONE and (len(said) == 1 or _ends(said[0]))
    is_needless = said[:1] == ["no"] and len(said) > 1 and named_word(said[1]) == "changes"
    if is_none or is_needless or text.rstrip(" .").endswith(("?", "none")):
        _cannot_tell()


def _ends(word: str) -> bool:
    """Tell whether a mark behind a word ends what it says: `nothing, looks great`."""
    return word.endswith((",", ".", ";", "!"))


def _cannot_tell() -> None:
    raise UsageError(
        "I cannot tell whether you approve it. Type `approve`, or `changes asked` and what is to "
        "be changed."
    )


def names_no_scene(words: str) -> bool:
    """Tell whether the words behind `continue` say no more than that: `a few more seconds`."""
    said = " ".join(each for each in words.split() if not _MORE.fullmatch(each.strip(_MARKS)))
    return not said or words_say_nothing(said)
