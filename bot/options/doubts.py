"""What is asked about before it is rendered, because it may not do what its asker means. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.base.errors import UsageError
from bot.options.cast import CAST_FLAG
from bot.options.cast_names import mistyped
from bot.options.catalog import Model
from bot.options.characters import HYPHENS, LONG_DASHES, visible
from bot.options.flags import Flags, Meaning
from bot.options.model_file import Expectation
from bot.options.parser import Split, TypedText, Word
from bot.options.schema import SUM_KEYWORD, Kind, as_mapping, kind_of
from bot.options.sums import number_text, sum_and_total
from bot.options.validation import find_violation
from bot.options.values import BOOLEANS, check, read_value
from bot.options.wording import quoted, short
from storage.job import Json, QuestionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One thing to ask about."""

    kind: QuestionKind
    about: str
    """The word as typed, or a sentence."""


def in_one(doubts: Sequence[Doubt]) -> Doubt | None:
    """Return one doubt with all that is to be asked about; `None`: there is nothing."""
    words = _option_like_words(doubts)
    if all(each.kind is QuestionKind.UNKNOWN_OPTION for each in doubts):
        return Doubt(kind=QuestionKind.UNKNOWN_OPTION, about=words) if words else None
    return Doubt(kind=QuestionKind.UNPUBLISHED, about=" ".join(in_sentences(doubts)))


def in_sentences(doubts: Sequence[Doubt]) -> Sequence[str]:
    """Return the sentences of doubts, all words that look like options in the first."""
    words = _option_like_words(doubts)
    first = (
        [f"“{words}” looks like an option, and is read as a part of the prompt."] if words else []
    )
    return [*first, *(each.about for each in doubts if each.kind is QuestionKind.UNPUBLISHED)]


def _option_like_words(doubts: Sequence[Doubt]) -> str:
    return ", ".join(each.about for each in doubts if each.kind is QuestionKind.UNKNOWN_OPTION)


def told_by_form(model: Model) -> tuple[Doubt, ...]:
    """Return the doubts that the form's own words answer, before it is submitted."""
    return tuple(
        Doubt(kind=QuestionKind.UNPUBLISHED, about=each.otherwise)
        for each in model.expectations
        if each.told_by_form
    )


def unpublished(model: Model, values: Mapping[str, Json]) -> tuple[Doubt, ...]:
    """Return what is not as others publish it, by the model file; `values` are checked ones."""
    concerned = [each for each in model.expectations if each.names & values.keys()]
    if not concerned:
        return ()
    effective = {
        name: value for name, value in model.effective(values).items() if value is not None
    }
    return tuple(
        Doubt(kind=QuestionKind.UNPUBLISHED, about=_sentence(expectation, effective))
        for expectation in concerned
        if find_violation(effective, expectation.expects) is not None
    )


def _sentence(expectation: Expectation, values: Mapping[str, Json]) -> str:
    """Return the sentence of an expectation, with the figures of what does not add up."""
    rule = as_mapping(expectation.expects.get(SUM_KEYWORD))
    sums = sum_and_total(rule, values) if rule else None
    if sums is None:
        return expectation.otherwise
    made, total = map(number_text, sums)
    return expectation.otherwise.replace("{sum}", made).replace("{total}", total)


def mistyped_cast(names: Collection[str], cast: Collection[str]) -> tuple[Doubt, ...]:
    """Return the doubts about names behind an `@` that are nearly those of members of the cast."""
    return tuple(
        Doubt(
            kind=QuestionKind.UNPUBLISHED,
            about=f"“@{name}” is nobody of the cast, so it stays text without a picture. Did you "
            f"mean “@{other}”?",
        )
        for name, other in mistyped(names, cast).items()
    )


_DASH = f"[{HYPHENS}{LONG_DASHES}]"
# `-calm`, `--5s`, `--9:16`: a dash before a letter, or two before a digit. One dash before a digit
# begins a number, and dashes alone are prose.
_DASHED = re.compile(rf"{_DASH}(?:[^\W\d_]|{_DASH}+\w)")
_LONE_DASH = re.compile(rf"{_DASH}{{1,3}}")
_ASSIGNED = re.compile(r"([^\W\d_][\w-]*)=(.+)", re.DOTALL)
# The prefix has a letter or digit; looked for ahead, because a long word would take a second else.
_GLUED = re.compile(
    r"(?=(?:[^\w-]|_)*[^\W_])[^-]*--([^\W\d_][\w-]*)(?:=(.*))?",
    re.DOTALL,
)
# Ends a word in prose, and no value.
_PUNCTUATION = ".,;!?"


def option_like(typed: TypedText, split: Split, flags: Flags) -> tuple[Doubt, ...]:
    """Return the words of the prompt that look like options and are none, each once.

    Words in quotes are meant as they are, and so is everything behind a `--` that begins the text.
    """
    bare = ["" if word.quoted else visible(word.value) for word in split.words]
    found = dict.fromkeys([*_option_like(bare, flags), *_option_after_dashes(typed, flags)])
    return tuple(Doubt(kind=QuestionKind.UNKNOWN_OPTION, about=short(word)) for word in found)


def _option_like(words: Sequence[str], flags: Flags) -> Iterator[str]:
    following = [*words[1:], "", ""]
    for word, first, second in zip(words, following, following[1:], strict=False):
        assigned, glued = _ASSIGNED.fullmatch(word), _GLUED.fullmatch(word)
        if (
            _DASHED.match(word)
            or (assigned and _fits(flags, assigned[1], assigned[2]))
            or (glued and _fits(flags, glued[1], glued[2] or first))
        ):
            yield word
        elif _LONE_DASH.fullmatch(word) and _fits(flags, first, second):
            yield f"{word} {first}"


def _option_after_dashes(typed: TypedText, flags: Flags) -> Iterator[str]:
    """Yield `-- duration`, where a `--` in the middle of the text belongs to the word behind it.

    All else behind it is a part of the prompt, as the help says.
    """
    match typed.rest.split(maxsplit=2) if typed.tokens else []:
        case [name, value, *_] if _fits(flags, name, value):
            yield f"-- {name}"
        case _:
            pass


# What separates the items of a list in prose.
_SEPARATORS = ",;&+|\u060c\u3001\uff0c\uff1b"
_CONJUNCTIONS = frozenset({"and", "or"})


def cut_values(typed: TypedText, split: Split, flags: Flags, *, is_change: bool) -> Iterator[Doubt]:
    """Yield the doubts about values that may go on in the words behind them.

    A value without quotes is one word, and the words behind it are a part of the prompt. They are
    asked about where they begin with a word that would switch off the boolean that is on, where
    another link follows a link, where the items of a list go on, and behind free text if the prompt
    has other words beside them.
    """
    for flag, words in zip(split.flags, split.behind, strict=True):
        meaning = flags.find_any(flag.name)
        if meaning is None or not words or flag.is_quoted:
            continue
        rest = typed.text[words[0].start : words[-1].end]
        has_prompt = is_change or bool(typed.rest) or len(split.words) > len(words)
        if flag.value is None and _switches_off(meaning, words[0].value):
            value = "on"
            advice = f"write `{meaning.flag}={words[0].value.rstrip(_PUNCTUATION)}`"
        elif flag.value and _goes_on(meaning, flag.value, words, has_prompt=has_prompt):
            value = quoted(flag.value)
            advice = _in_full(meaning, f"{flag.value} {rest}")
        else:
            continue
        yield Doubt(
            kind=QuestionKind.UNPUBLISHED,
            about=f"`{meaning.flag}` is {value}, and {quoted(rest)} is read as a part of the "
            f"prompt. If it belongs to the option, {advice}.",
        )


def _in_full(meaning: Meaning, text: str) -> str:
    """Return how to type a value that has several words or items, as the end of a sentence."""
    option = meaning.option
    if option is not None and option.kind is Kind.ARRAY:
        return f"write `{option.flag}` before each"
    if option is not None and option.takes is not None:
        return "choose one, for it takes one link"
    text = text.replace('"', "'")
    return "write " + quoted(f'{meaning.flag} "{text}"')


def _switches_off(meaning: Meaning, word: str) -> bool:
    """Tell whether the word behind a flag is the value with which its boolean is off."""
    option = meaning.option
    if option is None or option.kind is not Kind.BOOLEAN or meaning.is_negation:
        return False
    return BOOLEANS.get(word.rstrip(_PUNCTUATION).casefold()) is False


def _goes_on(meaning: Meaning, value: str, words: Sequence[Word], *, has_prompt: bool) -> bool:
    """Tell whether a value of one word may be meant to have the words behind it, too."""
    first, option = words[0].value, meaning.option
    is_listed = (
        value[-1] in _SEPARATORS or first[0] in _SEPARATORS or first.casefold() in _CONJUNCTIONS
    )
    if option is None:
        return is_listed and meaning.flag == f"--{CAST_FLAG}"
    if option.takes is not None:
        # Behind a conjunction, too.
        return any("://" in word.value for word in words[:2])
    item = option.items if option.kind is Kind.ARRAY else option.schema
    is_text = kind_of(item) is Kind.STRING and not option.choices
    return is_text and (is_listed or has_prompt)


def _fits(flags: Flags, name: str, value: str) -> bool:
    """Tell whether an option has this name and takes this value, which free text never does."""
    meaning = flags.find(name)
    option = meaning.option if meaning else None
    is_free = option is None or not (option.choices or option.kind in _CLOSED)
    if option is None or is_free or not value:
        return False
    try:
        read = read_value([value.rstrip(_PUNCTUATION)], option, option.title)
        check(read, option.schema, option.title)
    except UsageError:
        return False
    return True


_CLOSED = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN})
