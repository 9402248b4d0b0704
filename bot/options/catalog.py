"""The catalog of models: one JSON file each, read when the program starts.

The files of `MODELS_DIR` are checked then; the packaged ones were, by a test and by `doctor`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from bot.base.errors import ConfigurationError, UsageError
from bot.base.failures import Signs
from bot.options.model_file import Expectation, FramesPart, ImageLimits, Upgrade, read_model_file
from bot.options.price_list import PricePart, listed_price, moving_price, price_of
from bot.options.schema import PROMPT, SEED, FileKind, Option, Schema
from bot.options.usual_time import PublishedTime, UsualTime, usual_time
from bot.options.wording import nearest, quoted
from storage.job import Failure, Json, Price

MOST_MODELS = 64
"""The models of which derived tables are kept, so that not every request derives them anew."""

PACKAGED = Path(__file__).parent / "models"
"""The folder of the model files that come with the bot."""


# Models are compared by identity, so that what is derived from one can be cached by it.
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """One of MindVideo's models and its options."""

    slug: str
    """The name by which MindVideo identifies it."""
    title: str
    description: str
    schema: Schema = field(repr=False)
    """The input's JSON Schema, as published."""
    options: tuple[Option, ...] = field(repr=False)
    """In the schema's order."""
    files: Mapping[str, FileKind] = field(default_factory=dict, repr=False)
    """What the options that take files take, by name; the first one of a kind gets files of it that
    no option names."""
    image_limits: ImageLimits = field(default_factory=ImageLimits)
    """The images that it takes."""
    frames: FramesPart = field(default_factory=FramesPart)
    """The names of the options that take the first and the last frame."""
    expectations: tuple[Expectation, ...] = field(default=(), repr=False)
    """What others publish of it."""
    max_prompt: int | None = None
    """The most characters that a prompt may have, if that is known."""
    render_time_by: tuple[str, ...] = ()
    """The options that decide how long a render takes."""
    render_times: tuple[PublishedTime, ...] = ()
    """How long its renders take, as others publish it."""
    prices: PricePart = field(default_factory=PricePart, repr=False)
    """What moves the price of a render."""
    price_by: tuple[Option, ...] = field(default=(), repr=False)
    """The options that move the price, without the one by which it grows."""
    upgrades: tuple[Upgrade, ...] = ()
    """Offered by buttons once a render has succeeded."""
    examples: tuple[str, ...] = ()
    """Commands to show in help, without `/video`."""
    failures: Mapping[Failure, Signs] = field(default_factory=dict, repr=False)
    """How this model's failures are recognised, by class."""
    advice: Mapping[Failure, str] = field(default_factory=dict, repr=False)
    """What a user can do about this model's failures, by class."""
    is_default: bool = False

    def option(self, name: str) -> Option | None:
        """Return the option of a property's name, if the model has it."""
        return _by_name(self).get(name)

    @property
    def in_reading_order(self) -> tuple[Option, ...]:
        """The options in the order of help and form: the prompt, required ones, all others."""
        return tuple(
            sorted(
                self.options,
                key=lambda option: (option.name != PROMPT, not option.required, option.position),
            )
        )

    @property
    def image_options(self) -> tuple[Option, ...]:
        """The options that take images; the first gets files that no option names."""
        return self.options_for(FileKind.IMAGE)

    @property
    def file_options(self) -> tuple[Option, ...]:
        """The options that take files: images, then videos, then audio."""
        return tuple(option for kind in FileKind for option in self.options_for(kind))

    def options_for(self, kind: FileKind) -> tuple[Option, ...]:
        """Return the options that take files of a kind; the first gets files that none names."""
        found = (self.option(name) for name, taken in self.files.items() if taken is kind)
        return tuple(option for option in found if option is not None)

    def effective(self, given: Mapping[str, Json]) -> dict[str, Json]:
        """Return the values of all options: those that are not given have their defaults."""
        return {**_defaults(self), **given}

    def usual_time(self, given: Mapping[str, Json]) -> UsualTime | None:
        """Return how long a render of an input takes by the model file; `None`: it says nothing."""
        return usual_time(self.render_times, self.effective(given))

    def upgrades_beyond(self, given: Mapping[str, Json]) -> tuple[Upgrade, ...]:
        """Return the upgrades that would change the values of a render."""
        effective = self.effective(given)
        return tuple(
            upgrade
            for upgrade in self.upgrades
            if any(effective[name] != value for name, value in upgrade.changes.items())
        )

    def price_of(self, given: Mapping[str, Json]) -> Price:
        """Return what decides the price of an input."""
        per = None if self.prices.per is None else self.option(self.prices.per)
        return price_of(self.slug, self.price_by, per, given)

    @property
    def priced_by(self) -> frozenset[str]:
        """The names of all options on which the price of a render depends."""
        return frozenset({*(option.name for option in self.price_by), *self.prices.names})

    def listed_price(self, given: Mapping[str, Json]) -> Decimal | None:
        """Return the price of an input by the model file; `None`: it names none."""
        return listed_price(self.prices, self.effective(given))

    @property
    def has_seed(self) -> bool:
        """Whether a request can name a seed, so that the same one is rendered alike."""
        return self.option(SEED) is not None

    @property
    def prompt(self) -> Option | None:
        """The option for the text outside of flags, if the model takes a prompt."""
        return self.option(PROMPT)


@lru_cache(MOST_MODELS)
def _by_name(model: Model) -> Mapping[str, Option]:
    return {option.name: option for option in model.options}


@lru_cache(MOST_MODELS)
def _defaults(model: Model) -> Mapping[str, Json]:
    return {option.name: option.default for option in model.options}


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All models, at least one: the packaged ones first, each folder sorted by file name."""

    models: tuple[Model, ...]

    def without_texts(self, slug: str, values: Mapping[str, Json]) -> Mapping[str, Json]:
        """Return the values that hold no words of a user: numbers, switches and choices."""
        model = self.find(slug)
        choices = {option.name: option.choices for option in model.options} if model else {}
        return {
            name: value
            for name, value in values.items()
            if isinstance(value, bool | int | float) or value in choices.get(name, ())
        }

    @classmethod
    def load(cls, extra_dir: Path | None = None, *, check_packaged: bool = False) -> Catalog:
        """Read the packaged model files, and those in the folder that `MODELS_DIR` names.

        These are checked; the packaged ones on demand.

        Raises `ConfigurationError` that names the file and the error in it.
        """
        if extra_dir is not None and not extra_dir.is_dir():
            raise ConfigurationError(f"MODELS_DIR: there is no folder {extra_dir}")
        folders = [PACKAGED] if extra_dir is None else [PACKAGED, extra_dir]
        return cls.read(folders, unchecked=None if check_packaged else PACKAGED)

    @classmethod
    def read(cls, folders: Iterable[Path], *, unchecked: Path | None = None) -> Catalog:
        """Read the model files of `folders`, and check those that are in no `unchecked` folder.

        Raises `ConfigurationError`.
        """
        files: dict[str, Path] = {}
        models: list[Model] = []
        for path in (path for folder in folders for path in sorted(folder.glob("*.json"))):
            model = _model(path, check=path.parent != unchecked)
            first = files.setdefault(model.slug.casefold(), path)
            if first is not path:
                raise ConfigurationError(
                    f"Model files {first} and {path} both have the slug `{model.slug}`"
                )
            models.append(model)
        if not models:
            raise ConfigurationError("There is no model file to offer")
        return cls(models=tuple(models))

    @property
    def default(self) -> Model:
        """The model of a request that names none: the last one marked so, else the first.

        The last, so that a file in `MODELS_DIR` can replace the packaged default.
        """
        return next((model for model in reversed(self.models) if model.is_default), self.models[0])

    def find(self, slug: str) -> Model | None:
        """Return the model of a slug in any case, if it is on offer."""
        return next((one for one in self.models if one.slug.casefold() == slug.casefold()), None)

    def get(self, slug: str) -> Model:
        """Return the model of a slug in any case.

        Raises `UsageError` that names the nearest one, and all.
        """
        model = self.find(slug)
        if model is not None:
            return model
        close = nearest(slug, [model.slug for model in self.models])
        hint = f" Did you mean `{close}`?" if close else ""
        offered = ", ".join(f"`{model.slug}`" for model in self.models)
        raise UsageError(f"There is no model {quoted(slug)}.{hint} Models: {offered}.")


def _model(path: Path, *, check: bool) -> Model:
    file, options = read_model_file(path, check=check)
    return Model(
        slug=file.slug,
        title=file.title or file.slug,
        description=file.description,
        schema=file.published,
        options=options,
        files=file.files,
        image_limits=file.bot.image_limits,
        frames=file.bot.frames,
        expectations=tuple(file.bot.expectations),
        max_prompt=file.bot.max_prompt,
        render_time_by=tuple(file.bot.render_time_by),
        render_times=tuple(file.bot.render_times),
        prices=file.bot.prices,
        price_by=moving_price(options, file.bot.prices),
        upgrades=tuple(file.bot.upgrades),
        examples=tuple(file.bot.examples),
        failures={failure: part.signs() for failure, part in file.bot.failures.items()},
        advice={failure: part.advice for failure, part in file.bot.failures.items() if part.advice},
        is_default=file.bot.default,
    )
