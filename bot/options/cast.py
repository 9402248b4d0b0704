"""The cast: images that people save under a name, and name in requests. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

from bot.base.errors import UsageError
from bot.options.attachments import Attached, join
from bot.options.cast_names import has_names, name_of
from bot.options.catalog import Model
from bot.options.parser import TypedText
from bot.options.problems import Problems
from bot.options.references import file_named, reference
from bot.options.saved_names import not_saved, read_saved_name
from bot.options.schema import Option, texts_of
from storage.job import Json

CAST_FLAG = "cast"
"""The flag that names members of the cast; a model with an option of this name keeps it."""
NOUN = "cast member"
LISTS = "/video cast"
"""The command that lists the members."""

MOST_FORMER = 10
"""How many earlier pictures of a member are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CastMember:
    """A member of the cast: its picture is a file of the bot's own at Slack."""

    name: str
    file: str | None = None
    """The ID of the file; `None`: Slack does not have it yet."""
    channel: str = ""
    """The channel in which the file was shared."""
    is_public: bool = False
    """Whether everybody in the workspace may see the file."""
    former: tuple[str, ...] = ()
    """The IDs of its earlier files."""
    copying: str = ""
    """The ID of the row of the outbox that brings its new file; empty: none does."""

    @classmethod
    def of_value(cls, name: str, value: Mapping[str, Json]) -> Self:
        """Return the member that is saved as `value`."""
        file, channel, copying = value.get("file"), value.get("channel"), value.get("copying")
        former = value.get("former")
        return cls(
            name=name,
            file=file if isinstance(file, str) else None,
            channel=channel if isinstance(channel, str) else "",
            is_public=value.get("public") is True,
            former=tuple(map(str, former)) if isinstance(former, list | tuple) else (),
            copying=copying if isinstance(copying, str) else "",
        )

    def to_value(self) -> dict[str, Json]:
        """Return the value that `of_value` reads."""
        return {
            "file": self.file,
            "channel": self.channel,
            "public": self.is_public,
            "former": list(self.former),
            "copying": self.copying,
        }


Cast = Mapping[str, CastMember]
"""The members that a person may use in a place, by their names."""

NO_CAST: Cast = MappingProxyType({})


def read_cast_name(text: str) -> str:
    """Return the name of a member as it is stored, also with an `@`. Raises `UsageError`."""
    return read_saved_name(re.sub(r"^[@\uff20]", "", text.strip()), NOUN)


def may_name_cast(typed: TypedText) -> bool:
    """Tell whether a text may name a member: by the flag, or behind an `@`.

    Among alternatives either may stand in braces: `@{mascot|robot}`.
    """
    if has_names([typed.text]) or any(name.casefold() == CAST_FLAG for name in typed.flag_names):
        return True
    return "{" in typed.text and ("@" in typed.text or f"--{CAST_FLAG}" in typed.text)


def read_flag(values: Sequence[str]) -> tuple[str, ...]:
    """Return the names in the values of `--cast`, with commas between them. Raises `UsageError`."""
    pieces = (piece for value in values for piece in value.split(",") if piece.strip())
    return tuple(dict.fromkeys(map(read_cast_name, pieces)))


def find_members(
    typed: Iterable[str], mentioned: Iterable[str], cast: Cast, problems: Problems
) -> tuple[CastMember, ...]:
    """Return the members with these names, each once.

    Names that were `mentioned` behind an `@` and are nobody's are text. Adds to `problems` each of
    the `typed` names that is nobody's, and each member whose picture is not there yet.
    """
    members: dict[str, CastMember] = {}
    for name in typed:
        with problems.collected():
            if name not in cast:
                raise not_saved(name, NOUN, cast, LISTS)
            members[name] = cast[name]
    members |= {name: cast[name] for name in mentioned if name in cast}
    for member in members.values():
        with problems.collected():
            if member.file is None:
                raise UsageError(
                    f"The picture of `{member.name}` is still on its way to Slack. Try again in a "
                    "moment; if it does not come, save it again."
                )
    return tuple(members.values())


def with_members(
    model: Model,
    values: Mapping[str, Json],
    members: Sequence[CastMember],
    problems: Problems,
) -> Mapping[str, Json]:
    """Return values with the members' files among those of the option for reference images.

    In place of their earlier ones. Adds to `problems` if the model takes no images, or fewer.
    """
    if not members:
        return values
    with problems.collected():
        if not model.image_options:
            raise UsageError(
                f"{model.title} takes no images, so it cannot show `{members[0].name}`. Leave the "
                "cast out, or choose another model."
            )
        option = model.image_options[0]
        former = {file_id for member in members for file_id in member.former}
        kept = _without(values.get(option.name), former)
        files = [Attached(id=member.file) for member in members if member.file is not None]
        return {**values, option.name: join(option, kept, files)}
    return values


def _without(value: Json, files: set[str]) -> Json:
    if isinstance(value, list | tuple):
        return [item for item in value if file_named(item) not in files] or None
    return None if file_named(value) in files else value


def named_in_images(
    model: Model, values: Mapping[str, Json], cast: Cast, problems: Problems
) -> tuple[Mapping[str, Json], tuple[CastMember, ...]]:
    """Return values in which `@name` for an image is that member's file, and those members."""
    found: dict[str, Json] = {}
    members: list[CastMember] = []
    for option in model.image_options:
        value = values.get(option.name)
        names = [name for text in texts_of(value) if (name := name_of(text)) in cast]
        if names:
            named = find_members((), names, cast, problems)
            files = {one.name: one.file for one in named if one.file is not None}
            found[option.name] = _with_files(value, files)
            members += named
    return {**values, **found}, tuple(members)


def _with_files(value: Json, files: Mapping[str, str]) -> Json:
    if isinstance(value, list | tuple):
        return [_with_files(item, files) for item in value]
    name = name_of(value) if isinstance(value, str) else ""
    return reference(files[name]) if name in files else value


def prompts_in(model: Model, words: str, values: Mapping[str, Json]) -> list[str]:
    """Return the texts in which `@name` means a member: the prompt, and the words of shots."""
    listed = (option for option in model.options if option.item_fields is not None)
    return [words, *(text for option in listed for text in _texts(option, values))]


def _texts(option: Option, values: Mapping[str, Json]) -> list[str]:
    return list(texts_of(values.get(option.name)))
