"""What is asked about before it is rendered, because it may not do what its asker means. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.base.patterns import lazy_compile
from bot.options.cast_names import mistyped
from bot.options.catalog import Model
from bot.options.characters import HYPHENS, LONG_DASHES, visible
from bot.options.flags import Flags
from bot.options.model_file import Expectation
from bot.options.parser import Split, TypedText
from bot.options.schema import SUM_KEYWORD, Kind, Option, as_mapping
from bot.options.sums import number_text, sum_and_total
from bot.options.validation import find_violation
from bot.options.values import is_value_of
from bot.options.wording import short
from storage.job import Json, QuestionKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """One thing to ask about."""

    kind: QuestionKind
    about: str
    """The word as typed, or a sentence."""


def in_one(doubts: Sequence[Doubt]) -> Doubt | None:
    """Return one doubt with all that is asked about, a line each; `None`: there is nothing."""
    words = _option_like_words(doubts)
    if all(each.kind is QuestionKind.UNKNOWN_OPTION for each in doubts):
        return Doubt(kind=QuestionKind.UNKNOWN_OPTION, about=words) if words else None
    return Doubt(kind=QuestionKind.DOUBT, about="\n".join(in_sentences(doubts)))


def in_sentences(doubts: Sequence[Doubt]) -> Sequence[str]:
    """Return the sentences of doubts, all words that look like options in the first."""
    words = _option_like_words(doubts)
    first = (
        [f"“{words}” looks like an option, and is read as a part of the prompt."] if words else []
    )
    return [*first, *(each.about for each in doubts if each.kind is QuestionKind.DOUBT)]


def _option_like_words(doubts: Sequence[Doubt]) -> str:
    return ", ".join(each.about for each in doubts if each.kind is QuestionKind.UNKNOWN_OPTION)


def told_by_form(model: Model) -> tuple[Doubt, ...]:
    """Return the doubts that the form's own words answer, before it is submitted."""
    return tuple(doubted(each.otherwise) for each in model.expectations if each.told_by_form)


def unpublished(model: Model, values: Mapping[str, Json]) -> tuple[Doubt, ...]:
    """Return what is not as others publish it, by the model file; `values` are checked ones."""
    concerned = [each for each in model.expectations if each.names & values.keys()]
    if not concerned:
        return ()
    effective = {
        name: value for name, value in model.effective(values).items() if value is not None
    }
    return tuple(
        doubted(_sentence(expectation, effective))
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


def doubted(sentence: str) -> Doubt:
    """Return the doubt that a sentence tells."""
    return Doubt(kind=QuestionKind.DOUBT, about=sentence)


def mistyped_cast(names: Collection[str], cast: Collection[str]) -> tuple[Doubt, ...]:
    """Return the doubts about names behind an `@` that are nearly those of members of the cast."""
    return tuple(
        doubted(
            f"“@{name}” is nobody of the cast, so it stays text without a picture. Did you mean "
            f"“@{other}”?"
        )
        for name, other in mistyped(names, cast).items()
    )


_DASH = f"[{HYPHENS}{LONG_DASHES}]"
# `-calm`, `--5s`, `--9:16`: a dash before a letter, or two before a digit. One dash before a digit
# begins a number, and dashes alone are prose.
_DASHED = lazy_compile(rf"{_DASH}(?:[^\W\d_]|{_DASH}+\w)")
_WHOLE_FLAG = lazy_compile(rf"{_DASH}{{1,3}}([^\W\d_][\w-]*)(?:=(.+))?", re.DOTALL)
# Marks stand around an option in an answer of the bot's, an aside or a heading: `*Mode:* pro`.
_AROUND = "`()[]{}*_"
_LONE_DASH = lazy_compile(rf"{_DASH}{{1,3}}")
_ASSIGNED = lazy_compile(r"([^\W\d_][\w-]*)[=:](.+)", re.DOTALL)
# The prefix has a letter or digit; looked for ahead, because a long word would take a second else.
_GLUED = lazy_compile(
    r"(?=(?:[^\w-]|_)*[^\W_])[^-]*--([^\W\d_][\w-]*)(?:=(.*))?",
    re.DOTALL,
)


def option_like(typed: TypedText, split: Split, flags: Flags) -> tuple[Doubt, ...]:
    """Return the words of the prompt that look like options and are none, each once.

    Words in quotes are meant as they are, but for whole options: all of a text may be in quotes. So
    is everything behind a `--` that begins the text.
    """
    bare = ["" if word.quoted else visible(word.value).strip(_AROUND) for word in split.words]
    quotes = [word.value for word in split.words if word.quoted]
    found = dict.fromkeys(
        [
            *_without_parts(_option_like(bare, flags)),
            *(flag for quote in quotes for flag in _quoted_flags(quote, flags)),
            *_option_after_dashes(typed, flags),
        ]
    )
    return tuple(Doubt(kind=QuestionKind.UNKNOWN_OPTION, about=short(word)) for word in found)


def _without_parts(found: Iterator[str]) -> Iterator[str]:
    """Leave out `9:16` behind `ratio 9:16`, whose end it is."""
    earlier = ""
    for each in found:
        if not earlier.endswith(f" {each}"):
            yield each
        earlier = each


def _option_like(words: Sequence[str], flags: Flags) -> Iterator[str]:
    before, following = ["", *words], [*words[1:], "", ""]
    for last, word, first, second in zip(before, words, following, following[1:], strict=False):
        assigned, glued = _ASSIGNED.fullmatch(word), _GLUED.fullmatch(word)
        if (
            _DASHED.match(word)
            or (assigned and _fits(flags, assigned[1], assigned[2]))
            or (glued and _fits(flags, glued[1], glued[2] or first))
        ):
            yield word
        elif _LONE_DASH.fullmatch(word):
            if _fits(flags, first, second):
                yield f"{word} {first}"
        elif _is_ratio(flags, word):
            yield word
        elif word.endswith(":") or not _LONE_DASH.fullmatch(last):
            # `- Mode: pro` is an item of a list; `— first light` is prose.
            if _is_spoken(flags, word, first):
                yield f"{word} {first}"
            elif _is_spoken(flags, f"{word}-{first}", second):
                yield f"{word} {first} {second}"
            elif first.endswith(":") and _takes_text(flags, f"{word}-{first[:-1]}"):
                # `Negative prompt:`, as other programs have it.
                yield f"{word} {first}"


def _quoted_flags(quote: str, flags: Flags) -> Iterator[str]:
    """Yield the options in a quote, each with its value."""
    words = visible(quote).split()
    for word, following in zip(words, [*words[1:], ""], strict=False):
        flag = _WHOLE_FLAG.fullmatch(word)
        if flag is not None and _fits(flags, flag[1], flag[2] or following):
            yield word if flag[2] else f"{word} {following}"


def _option_after_dashes(typed: TypedText, flags: Flags) -> Iterator[str]:
    """Yield `-- duration`, where a `--` in the middle of the text belongs to the word behind it.

    All else behind it is a part of the prompt, as the help says.
    """
    match typed.rest.split(maxsplit=2) if typed.tokens else []:
        case [name, value, *_] if _fits(flags, name, value):
            yield f"-- {name}"
        case _:
            pass


def joined_flags(split: Split, flags: Flags) -> tuple[Doubt, ...]:
    """Return the doubts about flags that are others with the word behind them: `--no sound`."""
    pairs = ((flag, f"{flag.name}-{flag.value}") for flag in split.flags if flag.value)
    return tuple(
        doubted(f"`--{flag.name}` is “{short(flag.value or '')}”. Did you mean `--{joined}`?")
        for flag, joined in pairs
        if flags.find(joined) is not None
    )


def _fits(flags: Flags, name: str, value: str) -> bool:
    """Tell whether an option has this name and takes this value, which free text never does."""
    return _option_that_takes(flags, name, value) is not None


def _is_spoken(flags: Flags, name: str, value: str) -> bool:
    """Tell whether two words are an option and its value, as in `mode pro` or `sound: on`.

    `sound on` is prose.
    """
    bare = name.removesuffix(":")
    meaning = flags.find(bare) or (flags.find_otherwise(bare) if bare != name else None)
    option = None if meaning is None else meaning.option
    if option is None or not is_value_of(option, value):
        return False
    return bare != name or option.kind is not Kind.BOOLEAN


def _is_ratio(flags: Flags, word: str) -> bool:
    """Tell whether a word of digits and a colon, as `9:16`, is the choice of an option."""
    bare = word.strip(".,;!?")
    return ":" in bare and bare[0].isdigit() and flags.named_by_choice(bare) is not None


def _takes_text(flags: Flags, name: str) -> bool:
    option = flags.option(name)
    return option is not None and option.kind is Kind.STRING and not option.choices


def _option_that_takes(flags: Flags, name: str, value: str) -> Option | None:
    """Return the closed option with this name, if it takes this value."""
    option = flags.option(name)
    return option if option is not None and is_value_of(option, value) else None
