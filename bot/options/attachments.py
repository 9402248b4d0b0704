"""Makes attached files the values of the options that take images. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.base.errors import UsageError
from bot.options.catalog import Model
from bot.options.references import files_named, reference
from bot.options.schema import Kind, Option, as_mapping
from bot.options.wording import quoted, short
from storage.job import Json

IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
IMAGE_NAMES = "PNG, JPEG or WebP"
MOST_MEGABYTES = 10
"""The limit of a modal's file field, applied to images from every surface.

https://docs.slack.dev/reference/block-kit/block-elements/file-input-element
"""
MOST_BYTES = MOST_MEGABYTES * 1024 * 1024

_POSITION = re.compile(r"#?([1-9][0-9]?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """A file that a user attached, as Slack describes it. `size` in bytes.

    Slack may leave out all but the ID (https://docs.slack.dev/reference/objects/file-object). So
    only what the description shows is refused here; the bytes are checked before a job is
    submitted.
    """

    id: str
    name: str = ""
    mimetype: str = ""
    size: int = 0

    @property
    def problem(self) -> str | None:
        """Why it cannot be a reference image, as far as the description shows; `None`: it may."""
        name = short(self.name) or "The attached file"
        if self.mimetype and self.mimetype not in IMAGE_TYPES:
            return f"{name} is not an image that I can pass on. Attach {IMAGE_NAMES}."
        if self.size > MOST_BYTES:
            return f"{name} has more than {MOST_MEGABYTES} MB. Attach a smaller image."
        return None


def attached_files(described: Json) -> tuple[Attached, ...]:
    """Return the files of a message or of a form's field, as Slack describes them."""
    found = []
    for file in described if isinstance(described, list | tuple) else []:
        match as_mapping(file):
            case {"id": str(file_id), **rest}:
                name, mimetype, size = rest.get("name"), rest.get("mimetype"), rest.get("size")
                found.append(
                    Attached(
                        id=file_id,
                        name=name if isinstance(name, str) else "",
                        mimetype=mimetype if isinstance(mimetype, str) else "",
                        size=size if isinstance(size, int) else 0,
                    )
                )
            case _:
                continue
    return tuple(found)


def attach(
    given: Mapping[str, Json], files: Sequence[Attached], model: Model
) -> Mapping[str, Json]:
    """Return the typed values with references to the attached files among them.

    `--first-frame-image 1` means the first file; files that no option names go to the model's
    first option for images. Raises `UsageError`, also for a typed reference: a user may use only
    files that they attached.
    """
    for name, value in given.items():
        if files_named({name: value}):
            raise UsageError(f"{quoted(value)} stands for a file. Attach the file itself.")
    for file in files:
        if file.problem is not None:
            raise UsageError(file.problem)
    values = dict(given)
    named: set[str] = set()
    for option in model.image_options:
        if option.name in values:
            values[option.name], found = _at_positions(option, values[option.name], files)
            named |= found
    rest = [file for file in files if file.id not in named]
    return values if not rest else {**values, **_unnamed(model, values, rest)}


def join(option: Option, given: Json, files: Sequence[Attached]) -> Json:
    """Return the value of an option from links and files; `None`: there are neither.

    Raises `UsageError` when the option takes one image and there are more.
    """
    added: list[Json] = [reference(file.id) for file in files]
    listed = list(given) if isinstance(given, list | tuple) else [] if given is None else [given]
    items = listed + [item for item in added if item not in listed]
    if option.kind is Kind.ARRAY:
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
