"""Reads one model file, and has it refused unless all of it is valid and supported."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import (
    BaseModel,
    Field,
    JsonValue,
    PositiveInt,
    StringConstraints,
    ValidationError,
)

from bot.base.errors import ConfigurationError
from bot.base.failures import Signs
from bot.base.json import parse_document
from bot.options.file_part import FILE_PART
from bot.options.price_list import PricePart
from bot.options.schema import (
    MOTION_KEYWORD,
    SUM_KEYWORD,
    Annotations,
    FileKind,
    ItemFields,
    Option,
    Schema,
    ShotFields,
    as_mapping,
    options_of,
    properties_of,
    required_of,
    uploaded_kind,
)
from bot.options.usual_time import PublishedTime
from storage.job import Failure

SLUG = r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$"
"""The pattern of a model's name at MindVideo."""
MODEL_FLAG = "model"
DRY_FLAG = "dry"
DRY_FLAGS = (DRY_FLAG, "dry-run")
"""Every spelling of the flag that only shows what would be sent; the first is the usual one."""
"""The flag that chooses the model; no option may have this name."""
PROJECT_FLAG = "project"
"""The flag that names the project whose budget a request counts in, neither."""
# A row of buttons holds at most 25; this few can be read at a glance.
MOST_UPGRADES = 5
# Enough of a path to find the place in a model file.
_STEPS_SHOWN = 6
# Characters of a problem, so that it can be read in a line of the log.
_PROBLEM_SHOWN = 500

ImageFormat: TypeAlias = Literal["png", "jpg", "webp"]
"""A filename extension of images that the bot can pass on."""

_Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Upgrade(BaseModel):
    """A better version of a finished render, offered by a button."""

    model_config = FILE_PART

    # https://docs.slack.dev/reference/block-kit/block-elements/button-element
    label: Annotated[_Line, StringConstraints(max_length=75)]
    changes: dict[str, JsonValue] = Field(alias="set", min_length=1)
    """The values that differ from the finished render's, by property."""


class ImageLimits(BaseModel):
    """The images that a model takes; others are converted, or refused before the charge."""

    model_config = FILE_PART

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

    model_config = FILE_PART

    expects: dict[str, JsonValue] = Field(min_length=1)
    """A JSON Schema of the whole input, in which options that are not given have their defaults.

    Beside the standard's keywords it may have `x-sum` and `x-motion` (`bot.options.json_schema`).
    """
    otherwise: _Line
    """The sentence to ask about: what happens to an input that is not as expected.

    That of an `x-sum` may have `{sum}` and `{total}`, in whose place the figures stand.
    """
    told_by_form: bool = False
    """Whether the form says so beside its fields (`note`), so that nobody is asked after it."""

    @cached_property
    def names(self) -> frozenset[str]:
        """The options that it concerns; it is looked at where one of them is given."""
        return frozenset(_named_in(self.expects))


class FailureSigns(BaseModel):
    """What identifies a class of failure of this model, beside what is known for every model."""

    model_config = FILE_PART

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


class FramesPart(BaseModel):
    """The properties that take the first and the last frame of the video."""

    model_config = FILE_PART

    first: str | None = None
    last: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Those that the model has."""
        return tuple(filter(None, [self.first, self.last]))


class FormPart(BaseModel):
    """The order of the form's fields; a property in neither list follows as the schema says."""

    model_config = FILE_PART

    shown: list[str] = []
    """The properties that the form always shows, in this order."""
    more: list[str] = []
    """The properties behind *Show all options*, in this order."""


class ShotPart(BaseModel):
    """Which members of an item make it a shot of the video: it has no others."""

    model_config = FILE_PART

    words: str
    """The member that holds what the shot shows."""
    seconds: str
    """The member that holds its length."""
    total: str | None = None
    """The property that holds the length of all shots together, which follows from theirs."""

    def fields(self) -> ShotFields:
        """Return the names for the option."""
        return ShotFields(words=self.words, seconds=self.seconds, total=self.total)


class ItemPart(BaseModel):
    """The shape of the items of a list of objects: the form has fields for them."""

    model_config = FILE_PART

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
    shot: ShotPart | None = None
    """For a list of shots: each can be typed as a line, `3s: boats leave`."""


class BotPart(BaseModel):
    """The part of a model file for the bot alone, beside the published schema."""

    model_config = FILE_PART

    default: bool = False
    """Whether this is the model of a request that names none."""
    aliases: dict[str, str] = {}
    """Short flags: alias to property."""
    other_names: dict[str, str] = {}
    """Names that other programs have for a property, to property: answered with its flag."""
    help: dict[str, _Line] = {}
    """One line of help: property to text."""
    labels: dict[str, _Line] = {}
    """Names for people in place of the schema's titles: property to label."""
    form: FormPart = Field(default_factory=FormPart)
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
    videos: list[str] | None = None
    """The properties that take videos, likewise."""
    audio: list[str] | None = None
    """The properties that take audio, likewise."""
    frames: FramesPart = Field(default_factory=FramesPart)
    """The properties for the first and the last frame: a video is continued by its last one."""
    max_prompt: PositiveInt | None = None
    """The most characters that a prompt may have."""
    synonyms: dict[str, dict[str, list[_Line]]] = {}
    """Other words for a choice, each meaning one choice only: property to choice to words."""
    units: dict[str, list[_Line]] = {}
    """Words that may follow a number: property to words; the first is the unit, as it is shown."""
    image_limits: ImageLimits = Field(default_factory=ImageLimits)
    """The images that the model takes."""
    expectations: list[Expectation] = []
    """What others publish of the model."""
    upgrades: Annotated[list[Upgrade], Field(max_length=MOST_UPGRADES)] = []
    """Offered by buttons once a render has succeeded."""
    prices: PricePart = Field(default_factory=PricePart)
    """What moves the price of a render."""
    examples: list[_Line] = []
    """Commands to show in help, without `/video`."""
    failures: dict[Annotated[Failure, Field(strict=False)], FailureSigns] = {}
    """How this model's failures are recognised, by class."""


class ModelFile(BaseModel):
    """The content of a model file."""

    model_config = FILE_PART

    slug: Annotated[str, StringConstraints(pattern=SLUG)]
    title: _Line | None = None
    description: str = ""
    published: dict[str, JsonValue] = Field(alias="schema")
    """The input's JSON Schema, as MindVideo publishes it."""
    bot: BotPart = Field(default_factory=BotPart)

    @property
    def named_files(self) -> Mapping[FileKind, Sequence[str]]:
        """The properties that the bot's part names for files, by kind."""
        part = self.bot
        named = {
            FileKind.IMAGE: part.images,
            FileKind.VIDEO: part.videos,
            FileKind.AUDIO: part.audio,
        }
        return {kind: names for kind, names in named.items() if names is not None}

    @property
    def files(self) -> Mapping[str, FileKind]:
        """What the properties that take files take.

        The first one of a kind gets files of it that no option names.
        """
        named = self.named_files
        found = {name: kind for kind, names in named.items() for name in names}
        for name, part in properties_of(self.published).items():
            kind = uploaded_kind(as_mapping(part))
            if kind is not None and kind not in named:
                found.setdefault(name, kind)
        return found


def read_model_file(path: Path, *, check: bool = True) -> tuple[ModelFile, tuple[Option, ...]]:
    """Read a file; return its content, and the options in the order of the schema.

    Without `check`, for a file that was checked before, the rules of JSON Schema are not imported.

    Raises `ConfigurationError` that names the file and the error in it.
    """
    try:
        return read_model_text(path.read_text(encoding="utf-8-sig"), check=check)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"Model file {path} cannot be read: {error}") from error
    except ConfigurationError as error:
        raise ConfigurationError(f"Model file {path}: {error}") from error


def read_model_text(text: str, *, check: bool = True) -> tuple[ModelFile, tuple[Option, ...]]:
    """Read the text of a model file as `read_model_file` does.

    Raises `ConfigurationError` that names the error on a line.
    """
    try:
        file = _parse(text)
        return file, _checked_options(file) if check else _options(file)
    except RecursionError as error:
        raise ConfigurationError("it is nested too deeply") from error
    except ConfigurationError as error:
        raise ConfigurationError(_head(str(error))) from error


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
    return tuple(options_of(file.published, _annotations(file)))


def _checked_options(file: ModelFile) -> tuple[Option, ...]:
    from bot.options.model_check import check_names, check_options  # noqa: PLC0415 - see above

    check_names(file)
    options = _options(file)
    check_options(file, options)
    return options


def _annotations(file: ModelFile) -> Annotations:
    return Annotations(
        aliases=file.bot.aliases,
        other_names=file.bot.other_names,
        hints=file.bot.help,
        labels=file.bot.labels,
        units=file.bot.units,
        synonyms=file.bot.synonyms,
        files=file.files,
        items={
            name: ItemFields(
                noun=part.noun,
                most=part.most,
                members=part.members,
                units=part.units,
                position=part.position,
                sets=part.sets,
                note=part.note or "",
                shot=part.shot.fields() if part.shot else None,
            )
            for name, part in file.bot.items.items()
        },
        shown=file.bot.form.shown,
        more=file.bot.form.more,
    )


def _named_in(schema: Schema) -> set[str]:
    """Return the properties of the whole input that an expectation names."""
    found = {*properties_of(schema), *required_of(schema)}
    for rule in (as_mapping(schema.get(name)) for name in (SUM_KEYWORD, MOTION_KEYWORD)):
        found |= {str(rule[key]) for key in ("list", "total") if key in rule}
    parts = [schema[key] for key in ("if", "then", "else", "not") if key in schema]
    for key in ("allOf", "anyOf", "oneOf"):
        listed = schema.get(key)
        parts += list(listed) if isinstance(listed, list | tuple) else []
    return found.union(*(_named_in(as_mapping(part)) for part in parts))
