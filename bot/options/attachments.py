"""Makes attached files the values of the options that take images. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.base.errors import UsageError
from bot.options.catalog import Model
from bot.options.problems import Problems
from bot.options.references import files_named, reference
from bot.options.schema import Kind, Option, as_mapping
from bot.options.wording import quoted, short
from storage.job import Json

IMAGE_TYPES = frozenset(
    f"image/{name}"
    for name in ("png", "jpeg", "webp", "gif", "bmp", "x-bmp", "x-ms-bmp", "tiff", "avif")
)
"""What can be read; whatever the model does not take is converted."""
IMAGE_NAMES = "PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF"
IMAGE_EXTENSIONS = ("png", "jpg", "jpeg", "webp", "gif", "bmp", "tif", "tiff", "avif")
MOST_MEGABYTES = 10
"""The limit of a modal's file field, applied to images from every surface.

https://docs.slack.dev/reference/block-kit/block-elements/file-input-element
"""
MOST_BYTES = MOST_MEGABYTES * 1024 * 1024

_POSITION = re.compile(r"#?([1-9][0-9]?)")


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

    def problem(self, model: Model) -> str | None:
        """Return why it cannot be a reference image, as far as the description shows, or `None`."""
        name = short(self.name) or "The attached file"
        if self.mimetype and self.mimetype not in IMAGE_TYPES:
            return f"{name} is not an image that I can pass on. Attach {IMAGE_NAMES}."
        if self.size > MOST_BYTES:
            return f"{name} has more than {MOST_MEGABYTES} MB. Attach a smaller image."
        if self.width > 0 and self.height > 0:
            return unfit_shape(name, self.width, self.height, model)
        return None


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
    first option for images. Adds to `problems`, also for a typed reference: a user may use only
    files that they attached.
    """
    for name, value in given.items():
        if files_named({name: value}):
            with problems.collected(name):
                raise UsageError(f"{quoted(value)} stands for a file. Attach the file itself.")
    with problems.collected():
        refuse_unusable(files, model)
    values = dict(given)
    named: set[str] = set()
    for option in model.image_options:
        if option.name in values:
            with problems.collected(option.name):
                values[option.name], found = _at_positions(option, values[option.name], files)
                named |= found
    rest = [file for file in files if file.id not in named]
    with problems.collected():
        values |= _unnamed(model, values, rest) if rest else {}
    return values


def refuse_unusable(files: Sequence[Attached], model: Model) -> None:
    """Raise `UsageError` with a sentence for each file that cannot be a reference image."""
    problems = [problem for file in files if (problem := file.problem(model)) is not None]
    if problems:
        raise UsageError(*problems)


def join(option: Option, given: Json, files: Sequence[Attached]) -> Json:
    """Return the value of an option from links and files; `None`: there are neither.

    Raises `UsageError` when the option takes one image and there are more.
    """
    added: list[Json] = [reference(file.id) for file in files]
    listed = list(given) if isinstance(given, list | tuple) else [] if given is None else [given]
    items = listed + [item for item in added if item not in listed]
    if option.kind is Kind.ARRAY:
        most = option.schema.get("maxItems")
        if isinstance(most, int) and len(items) > most:
            raise UsageError(
                f"{option.title}: at most {most} images are taken, and there are {len(items)}."
            )
        return items or None
    if len(items) > 1:
        raise UsageError(f"{option.title} takes one image, and there are {len(items)}.")
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
    position = int(found[1])
    if position > len(files):
        raise UsageError(
            f"`{option.flag} {value}` means attached file {position}, and your message has "
            f"{len(files) or 'none'}. Mention me in a message with the image, or give a link."
        )
    file_id = files[position - 1].id
    return reference(file_id), frozenset({file_id})


def _unnamed(
    model: Model, values: Mapping[str, Json], files: Sequence[Attached]
) -> Mapping[str, Json]:
    if not model.image_options:
        raise UsageError(f"{model.title} takes no images. Send it without the attached files.")
    option = model.image_options[0]
    try:
        return {option.name: join(option, values.get(option.name), files)}
    except UsageError as error:
        raise UsageError(f"{error} Say which: `{option.flag} 1` is the first file.") from None


def granted(value: Json, files: frozenset[str]) -> bool:
    """Tell whether every file that a value refers to is one of `files`, given as IDs."""
    return files.issuperset(files_named({"": value}))
