"""The state that a form carries while a user fills it: where it was opened, and for which job."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Self

from pydantic import BaseModel, ConfigDict

from bot.options.wording import short

# https://docs.slack.dev/reference/views/modal-views: `private_metadata` holds 3,000 characters,
# of which this many IDs of files take a third, and their names as much.
MOST_FILES = 60
# In characters: enough to tell one image from another.
LONGEST_NAME = 40
MOST_NAMES = 20
MOST_PEOPLE = 10


class FormState(BaseModel):
    """A form's `private_metadata`, which only the bot can write. It holds no entered values."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    model: str
    """The slug of the model that was drawn."""
    channel: str | None = None
    """`None`: the user chooses it in the form."""
    thread_ts: str | None = None
    parent_id: str | None = None
    """The job that is rendered again with changes."""
    project: str | None = None
    """The project that its field began with; `None`: it has none."""
    style: str = ""
    """The name of the style whose options were filled into the fields; empty: none."""
    moves: int = 0
    """How often shots were moved, removed or put in place of the prompt: their fields, and those
    in whose place they stand, then have other IDs, because Slack keeps what was entered by ID."""
    files: tuple[str, ...] = ()
    """IDs of the files that values may refer to: those of a message, or of the earlier job."""

    file_names: Mapping[str, str] = {}
    """Names of these files, by ID, as far as they are known."""

    people: tuple[str, ...] = ()
    """Names that stand behind an `@` for people whom the first words mentioned."""

    agreed: str = ""
    """The price that the form tells, if pressing *Render* agrees to it; empty: it is asked about.
    """

    parts: int = 1
    """Of how many videos the form tells the price."""

    needs_start: bool = False
    """Whether a moment must be picked, as of `FormStart.is_needed`."""

    def drawn(
        self, model: str, files: Iterable[str], names: Mapping[str, str] = MappingProxyType({})
    ) -> Self:
        """Return the state for a redraw with a model, and with further files and their names."""
        known = tuple(dict.fromkeys([*self.files, *files]))[:MOST_FILES]
        all_names = {**self.file_names, **names}
        named = {
            file_id: short(all_names[file_id])[:LONGEST_NAME]
            for file_id in known
            if all_names.get(file_id)
        }
        kept = dict(list(named.items())[:MOST_NAMES])
        return self.model_copy(update={"model": model, "files": known, "file_names": kept})

    def to_text(self) -> str:
        """Return the text to store in `private_metadata`."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return the state from a text that `to_text` returned."""
        return cls.model_validate_json(text)
