"""A typed request that was refused, kept in a button so that it opens in the form. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from bot.base.errors import UsageError
from bot.options.attachments import Attached
from bot.options.cast import NO_CAST, Cast, CastMember, with_members
from bot.options.catalog import Catalog, Model
from bot.options.model_file import MODEL_FLAG
from bot.options.parser import read_text
from bot.options.problems import Problems
from bot.options.request import (
    check_input,
    fitting,
    given_in,
    named_style,
    scene_of,
    without_earlier_shots,
)
from bot.options.schema import PROMPT, FileKind
from bot.options.shots import shots_option
from bot.options.styles import Styles
from bot.options.times import WallTime
from storage.job import Json, RepeatEvery, UsedStyle

# https://docs.slack.dev/reference/block-kit/block-elements/button-element
LONGEST_VALUE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A typed text, its place, and the files that were attached to it."""

    text: str
    """Without Slack's markup."""
    channel: str
    thread_ts: str | None = None
    parent_id: str | None = None
    """The job that the text changes."""
    files: tuple[Attached, ...] = ()
    """The attached files, with their IDs and types alone."""
    people: frozenset[str] = frozenset()
    """The names of people that the text mentions, as of `TypedText`."""

    def to_value(self) -> str | None:
        """Return the value of a button that `of_value` reads; `None`: it is too long for one."""
        parts: list[Json] = [self.text, self.channel, self.thread_ts, self.parent_id]
        parts += [list(map(_kept, self.files)), *sorted(self.people)]
        value = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
        # Slack counts as JavaScript does: a character beyond U+FFFF is two.
        is_short = len(value.encode("utf-16-le", "surrogatepass")) <= 2 * LONGEST_VALUE
        return value if is_short else None

    @classmethod
    def of_value(cls, value: str) -> Self | None:
        """Return the draft of a button; `None`: it is not one of this bot's."""
        try:
            parts = json.loads(value)
        except ValueError:
            return None
        match parts:
            case [
                str(text),
                str(channel),
                str() | None as ts,
                str() | None as parent,
                [*files],
                *people,
            ]:
                return cls(
                    text=text,
                    channel=channel,
                    thread_ts=ts,
                    parent_id=parent,
                    files=tuple(map(_file, files)),
                    people=frozenset(map(str, people)),
                )
            case _:
                return None


def _kept(file: Attached) -> Json:
    """Return a file for a button; an image, which most files are, as its ID alone."""
    return file.id if file.kind in {None, FileKind.IMAGE} else [file.id, file.mimetype]


def _file(kept: object) -> Attached:
    match kept:
        case [str(file_id), str(mimetype)]:
            return Attached(id=file_id, mimetype=mimetype)
        case file_id:
            return Attached(id=str(file_id))


class RefusedTextError(UsageError):
    """A typed request that is refused; `draft` opens in the form."""

    def __init__(self, draft: Draft, *problems: str) -> None:
        super().__init__(*problems)
        self.draft = draft


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftValues:
    """A draft as the form shows it."""

    model: Model
    values: Mapping[str, Json]
    """All that can be used of it, by property, over the earlier values."""
    problems: tuple[str, ...]
    """What could not be used, and why."""
    project: str | None = None
    """The project that was typed; empty: explicitly none."""
    style: str = ""
    """The name of the style that was typed, else that of the changed job; empty: none."""
    shots: tuple[Mapping[str, Json], ...] = ()
    """What can be used of shots that are refused."""
    cast: tuple[CastMember, ...] = ()
    """The members of the cast that were named, whose files are among `values`."""
    times: int = 1
    """How many videos it asks for."""
    is_for_each_image: bool = False
    """Whether each attached image is to make a video."""
    at: WallTime | None = None
    """When it is to start, by the clock of its asker; `None`: at once."""
    every: RepeatEvery | None = None
    """How often it is repeated from then on; `None`: it is not."""
    is_for_later: bool = False
    """Whether it asks for a time or a repeat, also if that cannot be used."""


def read_draft_text(
    draft: Draft,
    catalog: Catalog,
    usual: Model,
    earlier: Mapping[str, Json],
    *,
    styles: Styles,
    used: UsedStyle | None,
    cast: Cast = NO_CAST,
) -> DraftValues:
    """Return a draft for the form; `earlier` are the defaults, or the input of the changed job.

    The draft may name one of the `styles`, else it keeps the style `used` in the changed job, and
    members of the `cast`.
    """
    typed = replace(read_text(draft.text), people=draft.people)
    slug = typed.value_of(MODEL_FLAG)
    model = (catalog.find(slug) if slug else None) or usual
    problems = Problems(typed.problems)
    with problems.collected():
        if slug is not None:
            catalog.get(slug)
    kept = fitting(model, earlier)
    scene = scene_of(model, kept) if draft.parent_id else None
    read = given_in(typed, model, catalog, problems, draft.files, scene=scene, cast=cast)
    kept = without_earlier_shots(model, kept, read)
    with problems.collected():
        _refuse_shots_beyond_fields(model, read.unfinished_shots)
    given, project = read.values, read.project
    # The prompt is not cut to what the model takes: its field shows how much is too long.
    prompt = {PROMPT: given[PROMPT]} if PROMPT in given else {}
    style = named_style(read, styles, problems, used=used)
    of_style = fitting(model, style.options) if style else {}
    values = {**kept, **of_style, **fitting(model, given), **prompt}
    values = dict(with_members(model, values, read.added, problems))
    opened = DraftValues(
        model=model,
        values=values,
        problems=(),
        project=project,
        style=style.name if style else "",
        shots=read.unfinished_shots,
        cast=read.cast,
        times=read.times,
        is_for_each_image=read.is_for_each_image,
        at=read.at,
        every=read.every,
        is_for_later=read.is_for_later,
    )
    try:
        check_input(model, {**kept, **of_style, **given}, problems, style=style)
    except UsageError as error:
        return replace(opened, problems=error.problems)
    return opened


def _refuse_shots_beyond_fields(model: Model, shots: Sequence[Mapping[str, Json]]) -> None:
    """Say which shots the form has no fields for. Raises `UsageError`."""
    found = shots_option(model)
    most = found[1].most if found else len(shots)
    if len(shots) > most:
        raise UsageError(
            f"The last {len(shots) - most} of your {len(shots)} shots: the form has fields for "
            f"{most}."
        )
