"""Reads one model file, and refuses it unless all of it is valid and supported."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    PositiveInt,
    StringConstraints,
    ValidationError,
)

from bot.base.errors import ConfigurationError
from bot.base.failures import Signs
from bot.base.json import parse_document
from bot.options.price_list import PricePart, counts_in_numbers
from bot.options.schema import (
    PROMPT,
    Annotations,
    ItemFields,
    Kind,
    Option,
    Schema,
    as_mapping,
    kind_of,
    options_of,
    properties_of,
    required_of,
    shows_image_upload,
)
from bot.options.schema_check import check_schema
from bot.options.usual_time import PublishedTime
from bot.options.validation import SUM_KEYWORD, find_violation
from bot.options.wording import shown
from storage.job import Failure

MODEL_FLAG = "model"
DRY_FLAG = "dry"
DRY_FLAGS = (DRY_FLAG, "dry-run")
"""Every spelling of the flag that only shows what would be sent; the first is the usual one."""
"""The flag that chooses the model; no option may have this name."""
PROJECT_FLAG = "project"
"""The flag that names the project whose budget a request counts in, neither."""
_TYPEABLE = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
# A row of buttons holds at most 25; this few can be read at a glance.
MOST_UPGRADES = 5
# The value of a button holds the options that it changes, and 2,000 characters at most:
# https://docs.slack.dev/reference/block-kit/block-elements/button-element
LONGEST_UPGRADE = 1800
# Enough of a path to find the place in a model file.
_STEPS_SHOWN = 6
# Characters of a problem, so that it can be read in a line of the log.
_PROBLEM_SHOWN = 500

ImageFormat: TypeAlias = Literal["png", "jpg", "webp"]
"""A filename extension of images that the bot can pass on."""

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Upgrade(BaseModel):
    """A better version of a finished render, offered by a button."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    # https://docs.slack.dev/reference/block-kit/block-elements/button-element
    label: Annotated[_Line, StringConstraints(max_length=75)]
    changes: dict[str, JsonValue] = Field(alias="set", min_length=1)
    """The values that differ from the finished render's, by property."""


class ImageLimits(BaseModel):
    """The images that a model takes; others are converted, or refused before the charge."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    formats: Annotated[list[ImageFormat], Field(min_length=1)] = ["png", "jpg", "webp"]
    """Images of other formats are converted."""
    shortest_side: PositiveInt = 1
    """In pixels."""
    longest_ratio: Annotated[float, Field(ge=1)] | None = None
    """The most that one side may be longer than the other."""


class Expectation(BaseModel):
    """What others publish of a model, and MindVideo's schema does not say.

    Whoever asks for something else is asked whether it is meant; it is never refused.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    expects: dict[str, JsonValue] = Field(min_length=1)
    """A JSON Schema of the whole input, in which options that are not given have their defaults.

    Beside the standard's keywords it may have `x-sum` (`bot.options.validation`).
    """
    otherwise: _Line
    """The sentence to ask about: what happens to an input that is not as expected."""
    told_by_form: bool = False
    """Whether the form says so beside its fields (`note`), so that nobody is asked after it."""

    @cached_property
    def names(self) -> frozenset[str]:
        """The options that it concerns; it is looked at where one of them is given."""
        return frozenset(_named_in(self.expects))


class FailureSigns(BaseModel):
    """What identifies a class of failure of this model, beside what is known for every model."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    codes: list[_Line] = []
    """MindVideo's codes."""
    words: list[_Line] = []
    """Parts of MindVideo's messages, in any case."""
    advice: _Line | None = None
    """What a user can do, as sentences that follow the reason."""

    def signs(self) -> Signs:
        """Return the codes, and a pattern of the words."""
        words = "|".join(map(re.escape, self.words))
        return Signs(
            codes=frozenset(self.codes),
            words=re.compile(words, re.IGNORECASE) if words else None,
        )


class FormPart(BaseModel):
    """The order of the form's fields; a property in neither list follows as the schema says."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    shown: list[str] = []
    """The properties that the form always shows, in this order."""
    more: list[str] = []
    """The properties behind *Show all options*, in this order."""


class ItemPart(BaseModel):
    """The shape of the items of a list of objects: the form has fields for them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    noun: _Line
    """What one item is: `Shot`."""
    # Each item takes a block for each of its members, and a form has 100 blocks.
    most: Annotated[int, Field(ge=1, le=10)]
    members: Annotated[dict[str, dict[str, JsonValue]], Field(min_length=1, max_length=3)]
    """JSON Schemas of texts and numbers by name; all of them are required."""
    units: dict[str, _Line] = {}
    """Units of numbers: member to unit, which stands behind the number."""
    position: _Line | None = None
    """The member that holds an item's position, counted from 1."""
    sets: dict[str, JsonValue] = {}
    """What the form gives other properties once there are items, which do not count without."""
    note: _Line | None = None
    """What the form says above the items in place of the help, so also what they set."""


class BotPart(BaseModel):
    """The part of a model file for the bot alone, beside the published schema."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    default: bool = False
    """Whether this is the model of a request that names none."""
    aliases: dict[str, str] = {}
    """Short flags: alias to property."""
    help: dict[str, _Line] = {}
    """One line of help: property to text."""
    labels: dict[str, _Line] = {}
    """Names for people in place of the schema's titles: property to label."""
    form: FormPart = FormPart()
    items: dict[str, ItemPart] = {}
    """Lists of objects that the form shows as fields: property to the shape of an item."""
    render_time_by: list[str] = []
    """The properties that decide how long a render takes."""
    render_times: list[PublishedTime] = []
    """How long renders take, as others publish it, until past renders tell."""
    images: list[str] | None = None
    """The properties that take images; the first gets files that no option names.

    `null`: those for which the schema's `x-playground` shows an upload of images.
    """
    max_prompt: PositiveInt | None = None
    """The most characters that a prompt may have."""
    synonyms: dict[str, dict[str, list[_Line]]] = {}
    """Other words for a choice, each meaning one choice only: property to choice to words."""
    units: dict[str, list[_Line]] = {}
    """Words that may follow a number: property to words; the first is the unit, as it is shown."""
    image_limits: ImageLimits = ImageLimits()
    """The images that the model takes."""
    expectations: list[Expectation] = []
    """What others publish of the model."""
    upgrades: Annotated[list[Upgrade], Field(max_length=MOST_UPGRADES)] = []
    """Offered by buttons once a render has succeeded."""
    prices: PricePart = PricePart()
    """What moves the price of a render."""
    examples: list[_Line] = []
    """Commands to show in help, without `/video`."""
    failures: dict[Annotated[Failure, Field(strict=False)], FailureSigns] = {}
    """How this model's failures are recognised, by class."""


class ModelFile(BaseModel):
    """The content of a model file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    slug: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$")]
    title: _Line | None = None
    description: str = ""
    published: dict[str, JsonValue] = Field(alias="schema")
    """The input's JSON Schema, as MindVideo publishes it."""
    bot: BotPart = BotPart()

    @property
    def images(self) -> tuple[str, ...]:
        """The properties that take images; the first gets files that no option names."""
        if self.bot.images is not None:
            return tuple(self.bot.images)
        properties = properties_of(self.published).items()
        return tuple(name for name, part in properties if shows_image_upload(as_mapping(part)))


def read_model_file(path: Path) -> tuple[ModelFile, tuple[Option, ...]]:
    """Read and check a file; return its content, and the options in the order of the schema.

    Raises `ConfigurationError` that names the file and the error in it.
    """
    try:
        file = _parse(path.read_text(encoding="utf-8-sig"))
        return file, _options(file)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"Model file {path} cannot be read: {error}") from error
    except RecursionError as error:
        raise ConfigurationError(f"Model file {path}: it is nested too deeply") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"Model file {path}: {_head(str(error))}") from error


def _head(problem: str) -> str:
    """Return the beginning of a problem on one line: jsonschema quotes all that is wrong."""
    line = " ".join(problem[: _PROBLEM_SHOWN + 1].split())
    return line if len(line) <= _PROBLEM_SHOWN else f"{line[:_PROBLEM_SHOWN]}…"


def _parse(text: str) -> ModelFile:
    try:
        return ModelFile.model_validate(parse_document(text))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"][:_STEPS_SHOWN])) or "the file"
        raise ConfigurationError(f"{where}: {first['msg']}") from error
    except ValueError as error:
        raise ConfigurationError(f"it is not JSON: {error}") from error


def _options(file: ModelFile) -> tuple[Option, ...]:
    check_schema(file.published)
    _check_names(file)
    options = tuple(options_of(file.published, _annotations(file)))
    _check_flags(options)
    for option in options:
        _check_synonyms(option, file.bot.synonyms.get(option.name, {}))
    for number, expectation in enumerate(file.bot.expectations):
        _check_expectation(f"bot.expectations.{number}", expectation, options)
    for option in options:
        if option.name == PROMPT and option.kind is not Kind.STRING:
            raise ConfigurationError(f"`{PROMPT}` must have the type string")
        if option.takes_images and not _holds_text(option):
            raise ConfigurationError(f"`{option.name}` takes images, so it must hold text")
        if option.item_fields is not None:
            _check_items(option, option.item_fields, options)
        if option.default is not None and find_violation(option.default, option.schema):
            raise ConfigurationError(f"the default of `{option.name}` is not what it allows")
    _check_upgrades(file.bot.upgrades, options)
    _check_prices(file.bot.prices, options)
    return options


def _annotations(file: ModelFile) -> Annotations:
    return Annotations(
        aliases=file.bot.aliases,
        hints=file.bot.help,
        labels=file.bot.labels,
        units=file.bot.units,
        synonyms=file.bot.synonyms,
        images=file.images,
        items={
            name: ItemFields(
                noun=part.noun,
                most=part.most,
                members=part.members,
                units=part.units,
                position=part.position,
                sets=part.sets,
                note=part.note or "",
            )
            for name, part in file.bot.items.items()
        },
        shown=file.bot.form.shown,
        more=file.bot.form.more,
    )


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
    allowed = {each.name: each.schema for each in options if each is not option}
    for name, value in fields.sets.items():
        if name not in allowed or find_violation(value, allowed[name]):
            raise ConfigurationError(
                f"bot.items: `{option.name}` sets `{name}` to what it does not allow"
            )


def _check_names(file: ModelFile) -> None:
    """Refuse the name of a property that the schema does not have."""
    known = properties_of(file.published)
    for place, names in (
        ("schema.required", sorted(required_of(file.published))),
        ("bot.aliases", file.bot.aliases.values()),
        ("bot.help", file.bot.help),
        ("bot.labels", file.bot.labels),
        ("bot.items", file.bot.items),
        ("bot.form", [*file.bot.form.shown, *file.bot.form.more]),
        ("bot.render_time_by", file.bot.render_time_by),
        ("bot.render_times", [name for line in file.bot.render_times for name in line.when]),
        ("bot.images", file.images),
        ("bot.synonyms", file.bot.synonyms),
        ("bot.units", file.bot.units),
        ("bot.prices", file.bot.prices.names),
        ("bot.upgrades", [name for each in file.bot.upgrades for name in each.changes]),
    ):
        for name in names:
            if name not in known:
                raise ConfigurationError(f"{place} names `{name}`, which the schema does not have")


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


def _named_in(schema: Schema) -> set[str]:
    """Return the properties of the whole input that an expectation names."""
    found = {*properties_of(schema), *required_of(schema)}
    total = as_mapping(schema.get(SUM_KEYWORD))
    found |= {str(total[key]) for key in ("list", "total") if key in total}
    parts = [schema[key] for key in ("if", "then", "else", "not") if key in schema]
    for key in ("allOf", "anyOf", "oneOf"):
        listed = schema.get(key)
        parts += list(listed) if isinstance(listed, list | tuple) else []
    return found.union(*(_named_in(as_mapping(part)) for part in parts))


def _check_flags(options: tuple[Option, ...]) -> None:
    """Refuse a name that cannot be typed as a flag, and two options behind one flag."""
    owners = {MODEL_FLAG: "the choice of the model", PROJECT_FLAG: "the project"}
    owners |= dict.fromkeys(DRY_FLAGS, "a look at the request")
    for option in options:
        for name in (option.name, *option.aliases):
            if not _TYPEABLE.fullmatch(name):
                raise ConfigurationError(f"`{name}` cannot be typed as a flag")
        for typed in _flag_names(option):
            if typed in owners:
                raise ConfigurationError(
                    f"`--{typed}` would mean `{option.name}` and also {owners[typed]}"
                )
            owners[typed] = f"`{option.name}`"


def _flag_names(option: Option) -> Iterator[str]:
    yield from option.spellings
    if option.negation is not None:
        yield option.negation
