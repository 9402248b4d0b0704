"""Tells in a few words what each of several jobs that were asked for at once is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from bot.options.catalog import Catalog, Model
from bot.options.display import in_words
from bot.options.file_words import WORDS
from bot.options.mentions import asked_input, asked_prompt
from bot.options.schema import PROMPT, Option
from storage.job import Job, Json

LONGEST = 60
"""In characters: a label should fit into a line of a phone."""
_LONGEST_PIECE = 40
_WITHOUT = "without"
_SEPARATOR = " · "


def part_labels(parts: Sequence[Job], catalog: Catalog) -> tuple[str, ...]:
    """Return what each part has that others have not: `red · pro`; empty where nothing differs.

    Its words that not all have, its model and its style, and its value of each option in which
    they differ.
    """
    models = [catalog.find(job.model) for job in parts]
    titles = [model.title if model else job.model for model, job in zip(models, parts, strict=True)]
    columns = [
        different_words([asked_prompt(job) for job in parts]),
        titles,
        [job.style.name if job.style else "no style" for job in parts],
        *_options(parts, models),
    ]
    differing = [column for column in columns if len(set(column)) > 1]
    return tuple(
        _short(_SEPARATOR.join(_short(column[place], _LONGEST_PIECE) for column in differing))
        for place in range(len(parts))
    )


def different_words(texts: Sequence[str]) -> Sequence[str]:
    """Return the words of each text that not all texts have; all between them if that is unclear.

    The same for equal texts, and different for different ones.
    """
    split = [text.split() for text in texts]
    if len(set(texts)) <= 1:
        return [""] * len(texts)
    before = _common_length(split)
    rest = [words[before:] for words in split]
    after = _common_length([words[::-1] for words in rest])
    middles = [words[: len(words) - after] for words in rest]
    common = set(middles[0]).intersection(*middles[1:])
    for found in ([_runs(words, common) for words in middles], [" ".join(m) for m in middles]):
        told = [one or _WITHOUT for one in found]
        if len(set(told)) == len(set(texts)):
            return told
    return texts


def _runs(words: Sequence[str], common: set[str]) -> str:
    """Return the words that are not common, with a mark where common ones stand between them."""
    runs = groupby(words, key=lambda word: word in common)
    return _SEPARATOR.join(" ".join(run) for is_common, run in runs if not is_common)


def _common_length(texts: Sequence[Sequence[str]]) -> int:
    """Return with how many of the same words all texts begin."""
    columns = zip(*texts, strict=False)
    return next(
        (place for place, words in enumerate(columns) if len(set(words)) > 1),
        min(map(len, texts)),
    )


def _options(parts: Sequence[Job], models: Sequence[Model | None]) -> Sequence[Sequence[str]]:
    """Return a column for each option that all parts have, if they are of one model."""
    model = models[0]
    if model is None or any(other is not model for other in models):
        return []
    values = [model.effective(asked_input(job)) for job in parts]
    return [
        _column(option, [each.get(option.name) for each in values])
        for option in model.in_reading_order
        if option.name != PROMPT and option.item_fields is None
    ]


def _column(option: Option, values: Sequence[Json]) -> Sequence[str]:
    if option.takes is not None:
        # Their names are not known, and links are long.
        different = list(dict.fromkeys(map(str, values)))
        return [f"{WORDS[option.takes].noun} {different.index(str(value)) + 1}" for value in values]
    return [_named(option, value) for value in values]


def _named(option: Option, value: Json) -> str:
    match value:
        case None:
            return f"no {option.title.lower()}"
        case bool():
            return f"{option.title.lower()} {in_words(option, value)}"
        case int() | float() if not option.unit:
            return f"{option.title.lower()} {value}"
        case _:
            return in_words(option, value)


def _short(text: str, limit: int = LONGEST) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"
