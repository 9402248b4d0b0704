"""Finds words that may belong to the value before them, and would be a part of the prompt. Pure.

A value without quotes is one word, so that options may stand anywhere in a prompt. A line break
ends it for certain.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from bot.base.patterns import lazy_compile
from bot.options.alternatives import TIMES_FLAG
from bot.options.cast import CAST_FLAG
from bot.options.flags import Flags, Meaning
from bot.options.parser import Flag, Split, TypedText, Word
from bot.options.schema import Kind, Option, kind_of
from bot.options.spoken_values import options_said
from bot.options.times import AT_EXAMPLES, AT_FLAG, EVERY_FLAG
from bot.options.values import BOOLEANS, is_closed, is_value_of
from bot.options.wording import least_mistyped, quoted

_CONJUNCTIONS = frozenset({"and", "or", "&", "+", "plus", "with", "/", ","})
_RANGES = frozenset({"to", "till", "until", "-", "–"})
_OTHER_UNITS = frozenset(
    {"m", "min", "mins", "minute", "minutes", "h", "hour", "hours", "ms", "frame", "frames"}
)
"""Units of time in which no option counts."""
_ADDRESS = lazy_compile(r"https?://", re.IGNORECASE)
_MARKS = ".,;:!?()[]…=&+|/\u060c\u3001\uff0c\uff1b"
_OFF = frozenset(word for word, is_on in BOOLEANS.items() if not is_on) | {
    *("none", "not", "never", "without", "disabled", "mute", "muted", "silent", "silence")
}
"""Words behind a boolean that is on, which say that it should be off."""
# How far behind a value another one may stand, as in `1 and last 2`.
_NEAR = 3
_LINK = lazy_compile(r"https?://|[\w-]+(?:\.[\w-]+)+/\S|[1-9]\d?$", re.IGNORECASE)
"""A link, also without its scheme, or the number of an attached file."""

_ZONE = r"utc|gmt|cest|cet|eet|est|edt|cst|cdt|mst|mdt|pst|pdt|bst|ist|jst"
_DAY = r"today|tomorrow|tonight|(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_PART_OF_DAY = r"(?:in|at|the|this|next|every|each) (?:the )?(?:morning|afternoon|evening|night)"
_WEEKDAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:days?)?"
_PERIOD = rf"(?:next|this|every|each) (?:day|weekday|week|month|{_WEEKDAY})"
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_DATE = rf"\d{{1,2}}(?:st|nd|rd|th|\.)? {_MONTH}|{_MONTH} \d{{1,2}}"
_FROM_NOW = r"in (?:a|an|one|two|\d{1,3}) (?:minute|hour|day|week|month)s?"
_CLOCK = r"\d{1,2}:\d\d|\d{1,2} ?[ap]\.?m\b|\d{4}-\d\d?-\d|\d{1,2}\.\d{1,2}\."
_OF_A_TIME = lazy_compile(
    rf"(?:(?:and|or|on|at|then|,|;|&) ?)*(?:(?:{_ZONE}|{_DAY}|{_PART_OF_DAY}|{_PERIOD}|{_DATE}"
    rf"|{_FROM_NOW}|daily|weekly|noon|midnight|[ap]\.?m)\b|{_CLOCK}|{_WEEKDAY} \d)",
    re.IGNORECASE,
)
_COUNT = lazy_compile(
    r"(?:(?:and|or|to|till|-|,) ?)*(?:\d|times?\b|x\b|videos?\b|takes?\b)", re.IGNORECASE
)
_TIMES = r"x ?\d|\d+ ?(?:x|times)\b|for (?:a|one|two|\d)"
_OF_A_REPEAT = lazy_compile(
    rf"(?:until|till|except|unless|starting|from \w+day|(?:but )?not |{_TIMES}"
    rf"|(?:(?:and|or|on|at|,) ?)?(?:{_DAY}|{_CLOCK}|\d))",
    re.IGNORECASE,
)
# A text that is longer is no example that anybody types.
_LONGEST_EXAMPLE = 40


def cut_values(
    typed: TypedText, split: Split, flags: Flags, cast: Collection[str]
) -> Iterator[str]:
    """Yield a sentence for each value that may go on in the words behind it.

    `cast` has the names of its members.
    """
    for flag, words in zip(split.flags, split.behind, strict=True):
        meaning = flags.find_any(flag.name)
        if meaning is None or not words or _is_in_a_new_line(typed.text, words[0]):
            continue
        rest = typed.text[words[0].start : words[-1].end]
        advice = _advice(meaning, flag, words, rest, cast) or _of_another(words, flags)
        if advice is not None:
            value = "off" if meaning.is_negation else "on" if not flag.value else quoted(flag.value)
            yield (
                f"`{meaning.flag}` is {value}, and {quoted(rest)} is read as a part of the prompt. "
                + advice
            )


def _is_in_a_new_line(text: str, word: Word) -> bool:
    before = text[: word.start]
    return "\n" in before[len(before.rstrip()) :]


def _advice(
    meaning: Meaning, flag: Flag, words: Sequence[Word], rest: str, cast: Collection[str]
) -> str | None:
    """Return how to type what words behind a value may mean; `None`: they are of the prompt."""
    option = meaning.option
    if option is None:
        return _own_advice(meaning.flag, flag, words, rest, cast)
    if option.kind is Kind.BOOLEAN:
        return None if flag.value or meaning.is_negation else _switch_advice(meaning.flag, words)
    if not flag.value:
        return None
    if option.takes is not None:
        return _link_advice(option, words)
    if is_closed(option):
        return _choice_advice(option, words)
    return _text_advice(option, flag, words, rest)


def _own_advice(
    name: str, flag: Flag, words: Sequence[Word], rest: str, cast: Collection[str]
) -> str | None:
    """Return the advice about a flag of the bot's own: a time, a repeat, or names of the cast."""
    if name == f"--{AT_FLAG}" and _OF_A_TIME.match(rest):
        return (
            f"If it belongs to the time, write it as in {AT_EXAMPLES}, and a repeat as in "
            f"`--{EVERY_FLAG} day`."
        )
    if name == f"--{EVERY_FLAG}" and _OF_A_REPEAT.match(rest):
        return "A repeat has no days or end of its own: it goes on until somebody cancels it."
    if name == f"--{TIMES_FLAG}" and _COUNT.match(rest):
        return "The option takes one number."
    return _cast_advice(flag.value or "", words, cast) if name == f"--{CAST_FLAG}" else None


def _cast_advice(value: str, words: Sequence[Word], cast: Collection[str]) -> str | None:
    bare = (word.value.strip(_MARKS).removeprefix("@").casefold() for word in words[:_NEAR])
    others = [word for word in bare if word in cast]
    names = ",".join([value.strip(_MARKS), *others])
    return f"If it belongs to the option, write `--{CAST_FLAG} {names}`." if others else None


def _switch_advice(name: str, words: Sequence[Word]) -> str | None:
    first = next((word.value for word in words[:2] if word.value.strip(_MARKS)), "")
    if first.strip(_MARKS).casefold() in _OFF:
        return f"If it belongs to the option, write `{name}=off`."
    # Before other words of a prompt it is none: a tree is no mistyped `true`.
    meant = least_mistyped(first.strip(_MARKS), BOOLEANS) if len(words) == 1 else None
    if meant is not None:
        return f"If it belongs to the option, write `{name}={meant}`."
    if words[0].quoted or _ADDRESS.match(words[0].value):
        return "The option takes no text, and no link."
    return None


def _link_advice(option: Option, words: Sequence[Word]) -> str | None:
    if not any(_LINK.match(word.value.strip(_MARKS)) for word in words[:_NEAR]):
        return None
    if option.kind is Kind.ARRAY:
        return f"If it belongs to the option, write `{option.flag}` before each."
    return "The option takes one."


def _choice_advice(option: Option, words: Sequence[Word]) -> str | None:
    first = words[0].value.strip(_MARKS).casefold()
    if option.unit and first in _OTHER_UNITS:
        return f"The option takes one number, which counts `{option.unit}`."
    is_joined = words[0].value.casefold() in _CONJUNCTIONS | _RANGES and len(words) > 1
    other = words[1].value if is_joined else words[0].value
    return "The option takes one value." if is_value_of(option, other) else None


def _text_advice(option: Option, flag: Flag, words: Sequence[Word], rest: str) -> str | None:
    item = option.items if option.kind is Kind.ARRAY else option.schema
    is_text = kind_of(item) is Kind.STRING
    first = words[0].value
    goes_on = words[0].quoted or first[0] in _MARKS or first.casefold() in _CONJUNCTIONS
    if not is_text or (flag.is_quoted and not goes_on):
        return None
    whole = f"{flag.value} {rest}".replace('"', "")
    example = f': `{option.flag} "{whole}"`' if len(whole) <= _LONGEST_EXAMPLE else ""
    return f"If it belongs to the option, put quotes around all of it{example}."


def _of_another(words: Sequence[Word], flags: Flags) -> str | None:
    """Return how to type the words behind a flag, if they are values of other options."""
    written = options_said(words, flags)
    return None if written is None else f"If it is an option, write {written}."
