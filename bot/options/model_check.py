"""Refuses what a model file says and the bot could not show, send or keep."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from bot.base.errors import ConfigurationError
from bot.base.patterns import lazy_compile
from bot.options.file_words import WORDS
from bot.options.model_file import (
    DRY_FLAGS,
    MODEL_FLAG,
    PROJECT_FLAG,
    Expectation,
    ModelFile,
    Upgrade,
)
from bot.options.price_list import PricePart, counts_in_numbers
from bot.options.schema import (
    PROMPT,
    ItemFields,
    Kind,
    Option,
    ShotFields,
    kind_of,
    properties_of,
    required_of,
    spelling,
)
from bot.options.schema_check import check_schema
from bot.options.validation import find_violation
from bot.options.wording import shown

_TYPEABLE = lazy_compile(r"[A-Za-z][A-Za-z0-9_-]*")
# The value of a button holds the options that it changes, and 2,000 characters at most:
# https://docs.slack.dev/reference/block-kit/block-elements/button-element
LONGEST_UPGRADE = 1800


def check_names(file: ModelFile) -> None:
    """Raise `ConfigurationError` unless the schema is understood and has all that the file names.

    Only then are there options to read.
    """
    check_schema(file.published)
    _check_names(file)
    _check_files(file)


def check_options(file: ModelFile, options: tuple[Option, ...]) -> None:
    """Raise `ConfigurationError` for the first thing of a file's options that makes no sense."""
    _check_flags(options)
    for option in options:
        _check_synonyms(option, file.bot.synonyms.get(option.name, {}))
    for number, expectation in enumerate(file.bot.expectations):
        _check_expectation(f"bot.expectations.{number}", expectation, options)
    for option in options:
        if option.name == PROMPT and option.kind is not Kind.STRING:
            raise ConfigurationError(f"`{PROMPT}` must have the type string")
        if option.takes is not None and not _holds_text(option):
            raise ConfigurationError(
                f"`{option.name}` takes {WORDS[option.takes].plural}, so it must hold text"
            )
        if option.item_fields is not None:
            _check_items(option, option.item_fields, options)
        if option.default is not None and find_violation(option.default, option.schema):
            raise ConfigurationError(f"the default of `{option.name}` is not what it allows")
    _check_upgrades(file.bot.upgrades, options)
    _check_prices(file.bot.prices, options)


def _check_names(file: ModelFile) -> None:
    """Refuse the name of a property that the schema does not have."""
    known = properties_of(file.published)
    for place, names in (
        ("schema.required", sorted(required_of(file.published))),
        ("bot.aliases", file.bot.aliases.values()),
        ("bot.other_names", file.bot.other_names.values()),
        ("bot.help", file.bot.help),
        ("bot.labels", file.bot.labels),
        ("bot.items", file.bot.items),
        ("bot.form", [*file.bot.form.shown, *file.bot.form.more]),
        ("bot.render_time_by", file.bot.render_time_by),
        ("bot.render_times", [name for line in file.bot.render_times for name in line.when]),
        ("bot.images", file.bot.images or ()),
        ("bot.videos", file.bot.videos or ()),
        ("bot.audio", file.bot.audio or ()),
        ("bot.frames", file.bot.frames.names),
        ("bot.synonyms", file.bot.synonyms),
        ("bot.units", file.bot.units),
        ("bot.prices", file.bot.prices.names),
        ("bot.upgrades", [name for each in file.bot.upgrades for name in each.changes]),
    ):
        for name in names:
            if name not in known:
                raise ConfigurationError(f"{place} names `{name}`, which the schema does not have")


def _check_files(file: ModelFile) -> None:
    """Refuse a property that would take files of two kinds."""
    named = [name for names in file.named_files.values() for name in set(names)]
    for name in named:
        if named.count(name) > 1:
            raise ConfigurationError(
                f"`{name}` cannot be in two of bot.images, bot.videos and bot.audio"
            )


def _check_flags(options: tuple[Option, ...]) -> None:
    """Refuse a name that cannot be typed as a flag, and two options behind one flag."""
    owners = {MODEL_FLAG: "the choice of the model", PROJECT_FLAG: "the project"}
    owners |= dict.fromkeys(DRY_FLAGS, "a look at the request")
    for option in options:
        for name in (option.name, *option.aliases):
            if not _TYPEABLE.fullmatch(name):
                raise ConfigurationError(f"`{name}` cannot be typed as a flag")
        for typed in (*option.spellings, *option.negations):
            if typed in owners:
                raise ConfigurationError(
                    f"`--{typed}` would mean `{option.name}` and also {owners[typed]}"
                )
            owners[typed] = f"`{option.name}`"
    for name in (each for option in options for each in option.other_names):
        if spelling(name) in owners:
            raise ConfigurationError(f"bot.other_names has `{name}`, which is a flag")


def _check_synonyms(option: Option, words: Mapping[str, Sequence[str]]) -> None:
    """Refuse synonyms of what is no choice, and a word that would mean two choices."""
    choices = {shown(choice).casefold() for choice in option.choices}
    meanings: dict[str, str] = {}
    for choice, others in words.items():
        if choice.casefold() not in choices:
            raise ConfigurationError(f"bot.synonyms: `{option.name}` has no choice `{choice}`")
        for word in map(str.casefold, others):
            if word in choices or meanings.setdefault(word, choice) != choice:
                raise ConfigurationError(
                    f"bot.synonyms: `{word}` of `{option.name}` has two meanings"
                )


def _check_expectation(place: str, expectation: Expectation, options: tuple[Option, ...]) -> None:
    """Refuse what is no JSON Schema, and the name of a property that the model does not have."""
    try:
        Draft202012Validator.check_schema(expectation.expects)
    except SchemaError as error:
        raise ConfigurationError(f"{place} is not JSON Schema: {error.message}") from error
    known = {option.name for option in options}
    for name in sorted(expectation.names - known):
        raise ConfigurationError(f"{place} names `{name}`, which the schema does not have")


def _holds_text(option: Option) -> bool:
    """Tell whether the option can hold links: it is free text, or a list of free texts."""
    if option.choices or option.name == PROMPT:
        return False
    return Kind.STRING in {option.kind, kind_of(option.items)}


def _check_items(option: Option, fields: ItemFields, options: tuple[Option, ...]) -> None:
    """Refuse fields for what is no list of objects, and members that a form has no field for.

    Also refuse to set what the model does not have or not allow.
    """
    if option.kind is not Kind.ARRAY or kind_of(option.items) is not Kind.OBJECT:
        raise ConfigurationError(f"bot.items: `{option.name}` must be a list of objects")
    for name, schema in fields.members.items():
        check_schema({"type": "object", "properties": {name: schema}})
        if kind_of(schema) not in {Kind.STRING, Kind.INTEGER, Kind.NUMBER}:
            raise ConfigurationError(f"bot.items: `{name}` must be a text or a number")
    if fields.shot is not None:
        _check_shots(option, fields, fields.shot, options)
    allowed = {each.name: each.schema for each in options if each is not option}
    for name, value in fields.sets.items():
        if name not in allowed or find_violation(value, allowed[name]):
            raise ConfigurationError(
                f"bot.items: `{option.name}` sets `{name}` to what it does not allow"
            )


def _check_shots(
    option: Option, fields: ItemFields, shot: ShotFields, options: tuple[Option, ...]
) -> None:
    """Refuse shots that a line could not give in full, and a second list of them."""
    if shot.words == shot.seconds or fields.members.keys() != {shot.words, shot.seconds}:
        raise ConfigurationError(
            f"bot.items: a shot of `{option.name}` must have its words and its seconds, and no more"
        )
    if kind_of(fields.members[shot.words]) is not Kind.STRING:
        raise ConfigurationError(f"bot.items: `{shot.words}` of a shot must be a text")
    total = next((each for each in options if each.name == shot.total), None)
    if shot.total is not None and (total is None or not counts_in_numbers(total)):
        raise ConfigurationError(f"bot.items: `{shot.total}` must be a number")
    lists = [each.item_fields for each in options if each.item_fields is not None]
    if sum(each.shot is not None for each in lists) > 1:
        raise ConfigurationError("bot.items: one list alone may hold the shots")


def _check_upgrades(upgrades: list[Upgrade], options: tuple[Option, ...]) -> None:
    """Refuse an upgrade to a value that is not allowed, and one too long for a button's value."""
    allowed = {option.name: option.schema for option in options}
    for upgrade in upgrades:
        for name, value in upgrade.changes.items():
            if find_violation(value, allowed[name]):
                raise ConfigurationError(
                    f"bot.upgrades: {upgrade.label} sets `{name}` to what it does not allow"
                )
        if len(json.dumps(upgrade.changes)) > LONGEST_UPGRADE:
            raise ConfigurationError(f"bot.upgrades: {upgrade.label} sets too much for a button")


def _check_prices(part: PricePart, options: tuple[Option, ...]) -> None:
    """Refuse a price that grows by what is no number."""
    for option in options:
        if option.name == part.per and not counts_in_numbers(option):
            raise ConfigurationError(f"bot.prices: `{option.name}` must be a number")
