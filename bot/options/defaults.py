"""Reads the default options of a channel, which a request may override. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.catalog import Catalog, Model
from bot.options.doubts import in_sentences
from bot.options.model_file import MODEL_FLAG, PROJECT_FLAG
from bot.options.parser import read_text
from bot.options.problems import Problems
from bot.options.request import checked_value, given_in, label_of
from bot.options.schema import PROMPT, spelling
from bot.options.wording import shown
from storage.job import Json

DEFAULTS = "defaults"
"""Name of the setting that holds them: value by property, the slug as `model`, the `project`."""


def names_option(text: str, catalog: Catalog) -> bool:
    """Tell whether a text begins with an option, with or without dashes; else it is a prompt."""
    return _with_dashes(text.strip(), catalog) is not None


def read_defaults(text: str, catalog: Catalog, current: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return the current defaults with the changes that `text` makes.

    `mode pro --aspect-ratio 9:16`: the first option may be typed without its dashes. Raises
    `UsageError` as for a request, and for words that belong to no option, because they may be
    meant as a prompt.
    """
    usual = catalog.find(str(current.get(MODEL_FLAG))) or catalog.default
    typed = read_text(_with_dashes(text.strip(), catalog) or text)
    slug = typed.value_of(MODEL_FLAG)
    model = usual if slug is None else catalog.get(slug)
    problems = Problems(typed.problems)
    read = given_in(typed, model, catalog, problems)
    given = read.values
    if read.doubts:
        with problems.collected():
            raise UsageError(*in_sentences(read.doubts))
    if PROMPT in given or read.has_shots:
        with problems.collected():
            raise UsageError(
                "Defaults are options alone, each with its two dashes. For a video of these words "
                "type `/video -- settings …`.",
            )
    if read.times > 1 or read.is_for_each_image or read.is_dry or read.style is not None:
        with problems.collected():
            raise UsageError(
                "Defaults are options of the model: leave out `--times`, `--each-image`, `--dry` "
                "and `--style`."
            )
    chosen = {} if slug is None else {MODEL_FLAG: model.slug}
    project = {} if read.project is None else {PROJECT_FLAG: read.project}
    changed = {**current, **chosen, **accepted_values(model, given, problems), **project}
    # `project none` removes it.
    return {name: value for name, value in changed.items() if (name, value) != (PROJECT_FLAG, "")}


def as_flags(catalog: Catalog, defaults: Mapping[str, Json]) -> tuple[str, ...]:
    """Return defaults as flags to type, including options that the model does not have."""
    model = catalog.find(str(defaults.get(MODEL_FLAG))) or catalog.default
    flags = []
    for name, value in defaults.items():
        option = model.option(name)
        flag = option.flag if option else f"--{name.replace('_', '-')}"
        flags.append(f"{flag} {shown(value)}")
    return tuple(flags)


def _with_dashes(text: str, catalog: Catalog) -> str | None:
    """Return the text with dashes at its beginning; `None`: it does not begin with an option."""
    first = text.partition(" ")[0]
    if first.startswith(("--", "—", "–")):
        return text
    bare = spelling(first.partition("=")[0].removesuffix(":"))
    return "--" + _ASSIGNED.sub(r"\1 ", text) if bare in _names(catalog) else None


# `mode to pro`, `mode = pro`
_ASSIGNED = lazy_compile(r"\A([^\s:]+)(?:\s+(?:to|is|=|:)\s+|:\s+)")


def _names(catalog: Catalog) -> frozenset[str]:
    options = [option for model in catalog.models for option in model.options]
    names = [name for option in options for name in (option.name, *option.aliases)]
    return frozenset(map(spelling, [MODEL_FLAG, PROJECT_FLAG, *names]))


def accepted_values(
    model: Model, given: Mapping[str, Json], problems: Problems
) -> Mapping[str, Json]:
    """Return given values as a request would have them.

    Raises `UsageError` with the problems so far, and with those of the values.
    """
    values: dict[str, Json] = {}
    for option in model.options:
        with problems.collected():
            value = checked_value(model, option, given.get(option.name), label_of(option))
            if value is not None:
                values[option.name] = value
    problems.raise_any()
    return values
