"""Makes attached files the values of the options that take images, videos or audio. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.base.errors import UsageError
from bot.base.patterns import lazy_compile
from bot.options.catalog import Model
from bot.options.file_words import WORDS, kind_of_type, words_for
from bot.options.problems import Problems
from bot.options.references import files_named, reference
from bot.options.schema import FileKind, Kind, Option, as_mapping
from bot.options.wording import quoted, short
from storage.job import Json

IMAGE_TYPES = WORDS[FileKind.IMAGE].types
IMAGE_NAMES = WORDS[FileKind.IMAGE].formats
IMAGE_EXTENSIONS = WORDS[FileKind.IMAGE].extensions
MOST_MEGABYTES = WORDS[FileKind.IMAGE].most_megabytes
MOST_BYTES = WORDS[FileKind.IMAGE].most_bytes

_POSITION = lazy_compile(r"#?([1-9][0-9]?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file that a user attached, as Slack describes it. `size` in bytes, sides in pixels.

    Slack may leave out all but the ID (https://docs.slack.dev/reference/objects/file-object). So
    only what the description shows is refused here; the bytes are checked before a job is
    submitted.
    """

    id: str
    name: str = ""
    mimetype: str = ""
    size: int = 0
    width: int = 0
    height: int = 0
    """Zero: not known."""

    @property
    def kind(self) -> FileKind | None:
        """What it is, as far as Slack tells; `None`: nothing that is taken, or not known."""
        return kind_of_type(self.mimetype)

    def kind_for(self, model: Model) -> FileKind:
        """Return as what a model gets it, if it gets it: one that is not known, as the first."""
        kinds = kinds_taken(model)
        return self.kind if self.kind in kinds else kinds[0]

    def problem(self, model: Model, only: FileKind | None = None) -> str | None:
        """Return why a model cannot have it, as far as the description shows, or `None`.

        `only`: as a file of this kind; else as one of any kind that the model takes.
        """
        name = short(self.name) or "The attached file"
        kinds = (only,) if only else kinds_taken(model)
        if self.mimetype and self.kind not in kinds:
            *others, last = (WORDS[kind].one for kind in kinds)
            ones = " or ".join(filter(None, [", ".join(others), last]))
            return f"{name} is not {ones} that I can pass on. Attach {formats_of(kinds)}."
        words = WORDS[only or self.kind_for(model)]
        if self.size > words.most_bytes:
            return f"{name} has more than {words.most_megabytes} MB. Attach a smaller {words.noun}."
        if words is WORDS[FileKind.IMAGE] and self.width > 0 and self.height > 0:
            return unfit_shape(name, self.width, self.height, model)
        return None


def kinds_taken(model: Model) -> tuple[FileKind, ...]:
    """Return the kinds of files that a model takes; images, if it takes none."""
    return tuple(kind for kind in FileKind if model.options_for(kind)) or (FileKind.IMAGE,)


def formats_of(kinds: Sequence[FileKind]) -> str:
    """Return the formats of some kinds of files, as the end of a sentence."""
    return "; or ".join(WORDS[kind].formats for kind in kinds)


def unfit_shape(name: str, width: int, height: int, model: Model) -> str | None:
    """Return why a model does not take an image of these sides in pixels; `None`: it does."""
    limits = model.image_limits
    sides = f"{name} has {width} by {height} pixels; {model.title} takes images"
    if min(width, height) < limits.shortest_side:
        return f"{sides} of at least {limits.shortest_side} pixels a side. Attach a larger one."
    ratio = limits.longest_ratio
    if ratio is not None and max(width, height) > ratio * min(width, height):
        return f"{sides} between 1:{ratio:g} and {ratio:g}:1. Crop it, and attach it again."
    return None


def attached_files(described: Json) -> tuple[Attached, ...]:
    """Return the files of a message or of a form's field, as Slack describes them."""
    found = []
    for file in described if isinstance(described, list | tuple) else []:
        match as_mapping(file):
            case {"id": str(file_id), **rest}:
                name, mimetype = rest.get("name"), rest.get("mimetype")
                found.append(
                    Attached(
                        id=file_id,
                        name=name if isinstance(name, str) else "",
                        mimetype=mimetype if isinstance(mimetype, str) else "",
                        size=_number(rest.get("size")),
                        # https://docs.slack.dev/reference/objects/file-object, of images only
                        width=_number(rest.get("original_w")),
                        height=_number(rest.get("original_h")),
                    )
                )
            case _:
                continue
    return tuple(found)


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0


def attach(
    given: Mapping[str, Json], files: Sequence[Attached], model: Model, problems: Problems
) -> Mapping[str, Json]:
    """Return the typed values with references to the attached files among them.

    `--first-frame-image 1` means the first file; files that no option names go to the model's
    first option for files of their kind. Adds to `problems`, also for a typed reference: a user may
    use only files that they attached.
    """
    for name, value in given.items():
        if files_named({name: value}):
            with problems.collected(name):
                raise UsageError(f"{quoted(value)} stands for a file. Attach the file itself.")
    with problems.collected():
        refuse_unusable(files, model)
    values = dict(given)
    named: set[str] = set()
    for option in model.file_options:
        if option.name in values:
            with problems.collected(option.name):
                values[option.name], found = _at_positions(option, values[option.name], files)
                named |= found
    rest = [file for file in files if file.id not in named]
    for kind, of_kind in by_kind(rest, model).items():
        with problems.collected():
            values |= _unnamed(model, kind, values, of_kind)
    return values


def images_among(files: Sequence[Attached]) -> Sequence[Attached]:
    """Return the files that are images, as far as Slack tells."""
    return [file for file in files if file.kind in {None, FileKind.IMAGE}]


def by_kind(files: Sequence[Attached], model: Model) -> Mapping[FileKind, Sequence[Attached]]:
    """Return files by the kinds as which a model gets them."""
    found: dict[FileKind, list[Attached]] = {}
    for file in files:
        found.setdefault(file.kind_for(model), []).append(file)
    return found


def refuse_unusable(files: Sequence[Attached], model: Model, only: FileKind | None = None) -> None:
    """Raise `UsageError` with a sentence for each file that a model cannot have."""
    problems = [problem for file in files if (problem := file.problem(model, only)) is not None]
    if problems:
        raise UsageError(*problems)


def join(option: Option, given: Json, files: Sequence[Attached]) -> Json:
    """Return the value of an option from links and files; `None`: there are neither.

    Raises `UsageError` when the option takes one file and there are more.
    """
    words = words_for(option)
    added: list[Json] = [reference(file.id) for file in files]
    listed = list(given) if isinstance(given, list | tuple) else [] if given is None else [given]
    items = listed + [item for item in added if item not in listed]
    if option.kind is Kind.ARRAY:
        most = option.schema.get("maxItems")
        if isinstance(most, int) and len(items) > most:
            raise UsageError(
                f"{option.title}: at most {most} {words.plural} are taken, and there are "
                f"{len(items)}."
            )
        return items or None
    if len(items) > 1:
        raise UsageError(f"{option.title} takes one {words.noun}, and there are {len(items)}.")
    return items[0] if items else None


def _at_positions(
    option: Option, value: Json, files: Sequence[Attached]
) -> tuple[Json, frozenset[str]]:
    """Return a value with references in place of positions, and the IDs of those files."""
    if isinstance(value, list | tuple):
        pairs = [_at_positions(option, item, files) for item in value]
        return [item for item, _ in pairs], frozenset[str]().union(*(ids for _, ids in pairs))
    found = _POSITION.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        return value, frozenset()
    position, words = int(found[1]), words_for(option)
    if position > len(files):
        raise UsageError(
            f"`{option.flag} {value}` means attached file {position}, and your message has "
            f"{len(files) or 'none'}. Mention me in a message with the {words.noun}, or give a "
            "link."
        )
    file = files[position - 1]
    if file.kind not in {None, option.takes}:
        raise UsageError(
            f"`{option.flag} {value}` means {short(file.name) or 'a file'}, which is not "
            f"{words.one}."
        )
    return reference(file.id), frozenset({file.id})


def _unnamed(
    model: Model, kind: FileKind, values: Mapping[str, Json], files: Sequence[Attached]
) -> Mapping[str, Json]:
    options = model.options_for(kind)
    if not options:
        raise UsageError(
            f"{model.title} takes no {WORDS[kind].plural}. Send it without the attached files."
        )
    option = options[0]
    try:
        return {option.name: join(option, values.get(option.name), files)}
    except UsageError as error:
        raise UsageError(f"{error} Say which: `{option.flag} 1` is the first file.") from None


def granted(value: Json, files: frozenset[str]) -> bool:
    """Tell whether every file that a value refers to is one of `files`, given as IDs."""
    return files.issuperset(files_named({"": value}))
