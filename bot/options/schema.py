"""The options of a model, read from the properties of its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from bot.base.errors import ConfigurationError
from bot.options.characters import hyphenated, visible
from storage.job import Json

Schema: TypeAlias = Mapping[str, Json]

PROMPT = "prompt"
"""The property for the text outside of flags."""

MODE = "mode"
"""The name that models give to the choice of their quality."""

SEED = "seed"
"""The name that the models of many services give to the number that makes a render repeatable."""

SUM_KEYWORD = "x-sum"
"""A keyword of our own, for the expectations of a model file: JSON Schema cannot add."""

MOTION_KEYWORD = "x-motion"
"""Another one: whether any item of a list names a motion (`bot.options.motion`)."""

# The same few dozen names are compared for every command.
_SPELLINGS_KEPT = 4096


class Kind(StrEnum):
    """The type of an option's value, by its name in JSON Schema."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"


class FileKind(StrEnum):
    """What the files are that an option takes, in the words of MindVideo's pages and of MIME."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShotFields:
    """Which members of a list's items make each of them a shot of the video."""

    words: str
    """The member that holds what the shot shows."""
    seconds: str
    """The member that holds its length."""
    total: str | None
    """The property that holds the length of all shots together; `None`: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFields:
    """The shape of the items of a list of objects, as the model file declares it."""

    noun: str
    """What one item is, for labels: `Shot`."""
    most: int
    """The most items that the form offers."""
    members: Mapping[str, Schema]
    """The schema of each member, by name: texts and numbers, all required."""
    units: Mapping[str, str]
    """The units of numbers, by member."""
    position: str | None
    """The member that holds an item's position, counted from 1; `None`: there is none."""
    sets: Mapping[str, Json]
    """What the form gives other options once there are items, by property."""
    note: str
    """What the form says above the items in place of the option's hint; empty: the hint."""
    shot: ShotFields | None = None
    """Which members make an item a shot, so that it can be typed as a line; `None`: it is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotations:
    """What a model file says of its options beside the schema, by property."""

    aliases: Mapping[str, str]
    """Short names: alias to property."""
    other_names: Mapping[str, str]
    """Names that are answered with the property's flag: name to property."""
    hints: Mapping[str, str]
    labels: Mapping[str, str]
    units: Mapping[str, Sequence[str]]
    """Words that may follow a number; the first is its unit, as it is shown."""
    synonyms: Mapping[str, Mapping[str, Sequence[str]]]
    """Other words for a choice: choice to words."""
    files: Mapping[str, FileKind]
    """What the properties that take files take."""
    items: Mapping[str, ItemFields]
    shown: Sequence[str]
    """The properties that the form always shows, in their order."""
    more: Sequence[str]
    """The properties that the form hides at first, in their order, after `shown`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One property of a model's schema."""

    name: str
    """The property's name in MindVideo's schema."""
    schema: Schema
    kind: Kind
    required: bool = False
    aliases: tuple[str, ...] = ()
    """Short names from the model file, without dashes."""
    other_names: tuple[str, ...] = ()
    """Names that other programs have for it, without dashes. They are no flags."""
    hint: str = ""
    """One line of help from the model file, else the schema's description."""
    label: str = ""
    """Its name for people, from the model file; empty: the schema's title."""
    takes: FileKind | None = None
    """What its value, or each of its values, is a file of; `None`: it is no file."""
    synonyms: Mapping[str, Json] = field(default_factory=dict)
    """Other words for the choices, in lower case: word → choice."""
    units: tuple[str, ...] = ()
    """Words that may follow the number; the first is its unit, as it is shown."""
    item_fields: ItemFields | None = None
    """The form's fields for each of its items; `None`: the form takes it as text."""
    advanced: bool = False
    """Whether the form may hide it at first."""
    position: int = 0
    """Its place in the order of help and form."""

    @property
    def unit(self) -> str:
        """The unit of its numbers, as it is shown; empty: none."""
        return self.units[0] if self.units else ""

    @property
    def flag(self) -> str:
        """The flag as it is typed: `--aspect-ratio`."""
        return f"--{spelling(self.name)}"

    @property
    def spellings(self) -> tuple[str, ...]:
        """The name and the aliases as typed after the dashes, without the negations."""
        return tuple(spelling(name) for name in (self.name, *self.aliases))

    @property
    def negations(self) -> tuple[str, ...]:
        """The names that switch a boolean off, the usual one first: `no-audio`, `no-sound`."""
        return tuple(f"no-{name}" for name in self.spellings if self.kind is Kind.BOOLEAN)

    @property
    def title(self) -> str:
        """Its name for people: the label, else the schema's title, else the name in words."""
        titled = self.label or self.schema.get("title")
        return str(titled or self.name.replace("_", " ").capitalize())

    @property
    def default(self) -> Json:
        """The value that MindVideo uses when none is given; `None`: the schema names none."""
        return self.schema.get("default")

    @property
    def choices(self) -> tuple[Json, ...]:
        """The only values allowed; empty when the schema does not list them."""
        return choices_of(self.schema)

    @property
    def items(self) -> Schema:
        """The schema of an array's items; empty when there is none."""
        return as_mapping(self.schema.get("items"))

    @property
    def playground(self) -> Schema:
        """MindVideo's hints on how to show the field (`x-playground`)."""
        return as_mapping(self.schema.get("x-playground"))


@lru_cache(maxsize=_SPELLINGS_KEPT)
def spelling(name: str) -> str:
    """Return a name as flags are compared: in lower case, with hyphens for dashes and `_`."""
    return hyphenated(visible(name)).casefold().replace("_", "-")


def as_mapping(value: Json) -> Schema:
    """Return a value that should be an object; an empty one if it is not."""
    return value if isinstance(value, Mapping) else {}


def prompts_of(values: Mapping[str, Json]) -> list[str]:
    """Return every text of an input that a user wrote as a prompt: also negative, and of shots."""
    return [text for name, value in values.items() if PROMPT in name for text in texts_of(value)]


def texts_of(value: Json) -> Iterator[str]:
    """Yield every text in a value, also those in lists and objects."""
    match value:
        case str():
            yield value
        case Mapping():
            for part in value.values():
                yield from texts_of(part)
        case [*items]:
            for item in items:
                yield from texts_of(item)
        case _:
            return


def properties_of(schema: Schema) -> Mapping[str, Json]:
    """Return the named parts of an object's schema."""
    return as_mapping(schema.get("properties"))


def required_of(schema: Schema) -> frozenset[str]:
    """Return the names that an object must have."""
    match schema.get("required"):
        case [*names]:
            return frozenset(map(str, names))
        case _:
            return frozenset()


def choices_of(schema: Schema) -> tuple[Json, ...]:
    """Return the only values that a schema allows, `null` aside; empty when it lists none."""
    match schema:
        case {"const": only}:
            values = [only]
        case {"enum": [*values]}:
            pass
        case _:
            values = []
    return tuple(value for value in values if value is not None)


def types_of(schema: Schema) -> tuple[str, ...]:
    """Return the types that a schema allows, `null` aside.

    `null` adds nothing, because an option with that value is not given.
    """
    match schema.get("type"):
        case str(name):
            return (name,)
        case [*names]:
            return tuple(str(name) for name in names if name != "null")
        case _:
            return tuple(dict.fromkeys(map(_type_of, choices_of(schema))))


def kind_of(schema: Schema) -> Kind | None:
    """Return the one type that a schema allows; `None` if there are several or none."""
    match types_of(schema):
        case [name] if name != "null":
            return Kind(name)
        case _:
            return None


def _type_of(value: Json) -> str:
    match value:
        case bool():
            return Kind.BOOLEAN
        case int():
            return Kind.INTEGER
        case float():
            return Kind.NUMBER
        case str():
            return Kind.STRING
        case Mapping():
            return Kind.OBJECT
        case _:
            return Kind.ARRAY


def uploaded_kind(schema: Schema) -> FileKind | None:
    """Return what MindVideo's own page lets users upload for a property; `None`: nothing.

    Of several kinds in `accept`, such as `image/*,video/*`, the first counts.
    """
    playground = as_mapping(schema.get("x-playground"))
    if playground.get("widget") != "file-upload":
        return None
    said = (str(playground.get(key)) for key in ("uploadKind", "accept"))
    return next((kind for text in said for kind in FileKind if text.startswith(kind)), None)


def options_of(schema: Schema, annotations: Annotations) -> Iterator[Option]:
    """Yield the options of a checked schema, in its order.

    Raises `ConfigurationError` that names a property without a type of its own.
    """
    required = required_of(schema)
    order = tuple(dict.fromkeys([*annotations.shown, *annotations.more, *properties_of(schema)]))
    for name, part in properties_of(schema).items():
        described = as_mapping(part)
        # Choices of several types are compared as text.
        kind = kind_of(described) or (Kind.STRING if choices_of(described) else None)
        if kind is None:
            raise ConfigurationError(f"`{name}` must have one type out of {', '.join(Kind)}")
        yield Option(
            name=name,
            schema=described,
            kind=kind,
            required=name in required,
            aliases=_names_of(name, annotations.aliases),
            other_names=_names_of(name, annotations.other_names),
            hint=annotations.hints.get(name, str(described.get("description", ""))),
            label=annotations.labels.get(name, ""),
            takes=annotations.files.get(name),
            synonyms=_synonyms(described, annotations.synonyms.get(name, {})),
            units=tuple(annotations.units.get(name, ())),
            item_fields=annotations.items.get(name),
            advanced=name not in required and _is_advanced(name, described, annotations),
            position=order.index(name),
        )


def _names_of(option: str, targets: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name, target in targets.items() if target == option)


def _is_advanced(name: str, described: Schema, annotations: Annotations) -> bool:
    """Tell whether the form may hide an option at first; MindVideo's own page hides some."""
    if name in annotations.shown or name in annotations.more:
        return name in annotations.more
    return as_mapping(described.get("x-playground")).get("advanced") is True


def _synonyms(schema: Schema, words: Mapping[str, Sequence[str]]) -> Mapping[str, Json]:
    """Return the choice that each word means; words for what is no choice are left out."""
    choices = {
        choice if isinstance(choice, str) else json.dumps(choice): choice
        for choice in choices_of(schema)
    }
    return {
        word.casefold(): choices[text]
        for text, others in words.items()
        if text in choices
        for word in others
    }
