"""From what a person asks, in words or in a form, to an input that the model's schema allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Protocol

from bot.base.errors import UsageError
from bot.options.attachments import Attached, attach
from bot.options.catalog import Catalog, Model
from bot.options.flags import Flags, Meaning
from bot.options.model_file import MODEL_FLAG
from bot.options.parser import Command, Flag, Line, read_line
from bot.options.references import in_words
from bot.options.schema import PROMPT, Kind, Option
from bot.options.values import check, clean, read_value
from bot.options.wording import allowed, is_visible, quoted, short, shown
from storage.job import Json

_NOTHING: Mapping[str, Json] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a person asks for, held against the model's schema."""

    model: str
    """The model's slug."""
    input: Mapping[str, Json]
    """What was given, in the schema's order; defaults are left to MindVideo.

    Only the default of a property that the schema demands is written out.
    """
    kind: str
    """Asks of one kind take about as long: `kling-v3 mode=pro duration=10`."""
    left_out: tuple[str, ...] = ()
    """Titles of earlier options that a newly chosen model does not have."""


class Asked(Protocol):
    """An ask that was made before: an `Ask`, or a job."""

    @property
    def model(self) -> str:
        """The model's slug."""

    @property
    def input(self) -> Mapping[str, Json]:
        """What was given."""


def parse_ask(
    text: str,
    catalog: Catalog,
    *,
    defaults: Mapping[str, Json] = _NOTHING,
    files: Sequence[Attached] = (),
) -> Ask:
    """Read a command without `/video` and without Slack's markup, and the files attached to it.

    `defaults` stand beneath what is typed, `model` among them; those that the model does not have
    or not allow are passed over. Raises `UsageError` that names the option, what was given and
    what is allowed.
    """
    line = read_line(text)
    slug = line.value_of(MODEL_FLAG)
    usual = catalog.find(str(defaults.get(MODEL_FLAG))) or catalog.default
    model = usual if slug is None else catalog.get(slug)
    given = given_in(line, model, catalog, files)
    return check_input(model, {**fitting(model, defaults), **given})


def changed_ask(
    previous: Asked, text: str, catalog: Catalog, files: Sequence[Attached] = ()
) -> Ask:
    """Read what is to be changed about an earlier ask: options, the prompt, or the model.

    Words replace the prompt, attached files the images of their option; all else stays. Options
    that a newly chosen model does not have are left out, and named in the result. Raises
    `UsageError`, also when nothing is to change.
    """
    line = read_line(text)
    slug = line.value_of(MODEL_FLAG)
    model = catalog.get(previous.model if slug is None else slug)
    given = given_in(line, model, catalog, files)
    if slug is None and not given:
        raise UsageError(
            f"Say what to change: a new prompt, or options; `/video help {model.slug}` lists them."
        )
    kept = {name: value for name, value in previous.input.items() if model.option(name)}
    left_out = tuple(
        _title(catalog.find(previous.model), name) for name in previous.input if name not in kept
    )
    return replace(check_input(model, {**kept, **given}), left_out=left_out)


def check_input(model: Model, given: Mapping[str, Json]) -> Ask:
    """Hold values, by property, against the model's schema; `None` is a value not given.

    Raises `UsageError` that names the option, what was given and what is allowed.
    """
    for name in given:
        if model.option(name) is None:
            raise UsageError(f"{model.title} has no option {quoted(name)}.")
    values: dict[str, Json] = {}
    for option in model.options:
        raw = given.get(option.name)
        value = None if raw is None else accept(model, option, raw, label_of(option))
        if value is None and option.required:
            value = option.default
            if value is None:
                raise _missing(model, option)
        if value is not None:
            values[option.name] = value
    return Ask(model=model.slug, input=values, kind=_kind(model, values))


def accept(model: Model, option: Option, given: Json, label: str) -> Json:
    """Return a value as it will be sent; `None`: it counts as not given.

    Raises `UsageError` that begins with `label`, or with "The prompt".
    """
    if given is None:
        return None
    value = clean(given, label)
    if option.name == PROMPT and isinstance(value, str):
        value = value.strip()
        if not is_visible(value):
            return None
        if model.max_prompt is not None and len(value) > model.max_prompt:
            raise UsageError(
                f"The prompt has {len(value):,} characters; {model.title} takes at most "
                f"{model.max_prompt:,}. Shorten it by {len(value) - model.max_prompt:,}."
            )
    check(value, option.schema, label)
    return value


def fitting(model: Model, values: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return those of `values` that the model has and allows."""
    kept: dict[str, Json] = {}
    for option in model.options:
        if option.name not in values:
            continue
        try:
            value = accept(model, option, values[option.name], option.title)
        except UsageError:
            continue
        if value is not None:
            kept[option.name] = value
    return kept


def non_default_options(model: Model, given: Mapping[str, Json]) -> tuple[tuple[str, str], ...]:
    """Return title and value, shortened, of each option but the prompt that is not its default."""
    return tuple(
        (option.title, short(shown(in_words(given[option.name]))))
        for option in model.options
        if option.name != PROMPT and option.name in given and given[option.name] != option.default
    )


def all_options(model: Model, given: Mapping[str, Json]) -> tuple[tuple[str, str, bool], ...]:
    """Return title, value, and whether it was given, of each option but the prompt with a value."""
    values = ((option, given.get(option.name, option.default)) for option in model.options)
    return tuple(
        (option.title, short(shown(in_words(value))), option.name in given)
        for option, value in values
        if option.name != PROMPT and value is not None
    )


def label_of(option: Option) -> str:
    """Return how a message names an option."""
    return "The prompt" if option.name == PROMPT else f"`{option.flag}`"


def _title(model: Model | None, name: str) -> str:
    option = model.option(name) if model else None
    return option.title if option else name


def given_in(
    line: Line, model: Model, catalog: Catalog, files: Sequence[Attached] = ()
) -> Mapping[str, Json]:
    """Return the values that a line and its files give, by property; not held to the schema yet.

    Raises `UsageError` for a flag that the model does not have, or that lacks its value, and for
    files that it cannot take.
    """
    flags = Flags(model, catalog)
    flags.refuse_single_dash(line)
    command = line.split(lambda name, word: flags.meaning_of(name).takes(word))
    typed: dict[str, list[tuple[Meaning, Flag]]] = {}
    for flag in command.flags:
        meaning = flags.meaning_of(flag.name)
        name = meaning.option.name if meaning.option else MODEL_FLAG
        typed.setdefault(name, []).append((meaning, flag))
    given = {name: _value(found) for name, found in typed.items()}
    given.pop(MODEL_FLAG, None)
    return attach({**given, **_prompt(command, model, given)}, files, model)


def _prompt(command: Command, model: Model, given: Mapping[str, Json]) -> Mapping[str, Json]:
    if not command.prompt:
        return {}
    if model.prompt is None:
        needed = [f"`{option.flag}`" for option in model.options if option.required]
        hint = f" Give {', '.join(needed)} instead." if needed else ""
        raise UsageError(f"{model.title} takes no prompt; you gave {quoted(command.prompt)}.{hint}")
    if PROMPT in given:
        raise UsageError(
            f"The prompt is given twice: by `{model.prompt.flag}` and as {quoted(command.prompt)}. "
            "Give it once."
        )
    return {PROMPT: command.prompt}


def _value(flags: list[tuple[Meaning, Flag]]) -> Json:
    """Return the value of an option from all the flags that mean it."""
    meaning, first = flags[0]
    option = meaning.option
    label = label_of(option) if option else f"`{meaning.flag}`"
    is_list = option is not None and option.kind is Kind.ARRAY and not option.choices
    if len(flags) > 1 and not is_list:
        given = ", ".join(
            f"`{each.flag}`" if flag.value is None else quoted(flag.value) for each, flag in flags
        )
        raise UsageError(f"{label} is given more than once ({given}). Give it once.")
    if option is not None and option.kind is Kind.BOOLEAN:
        if meaning.is_negation and first.value is not None:
            raise UsageError(f"`{meaning.flag}` takes no value; you gave {quoted(first.value)}.")
        if first.value is None:
            return not meaning.is_negation
    raws = [flag.value for _, flag in flags if flag.value is not None]
    if len(raws) < len(flags):
        what = f": {allowed(option.schema)}" if option else ", a model's name"
        raise UsageError(f"{label} needs a value{what}.")
    return read_value(raws, option, label) if option else raws[0]


def _missing(model: Model, option: Option) -> UsageError:
    if option.name == PROMPT:
        example = next(iter(model.examples), "a boat on a lake")
        return UsageError(f"Say what to show, for example `/video {example}`.")
    return UsageError(
        f"`{option.flag}` is missing: {model.title} needs it. Give {allowed(option.schema)}."
    )


def _kind(model: Model, values: Mapping[str, Json]) -> str:
    effective = {option.name: values.get(option.name, option.default) for option in model.options}
    parts = (
        f"{name}={shown(effective[name])}"
        for name in model.render_time_by
        if effective[name] is not None
    )
    return " ".join((model.slug, *parts))
