"""What a form remembers while a person fills it: where it was opened, and for what."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel, ConfigDict

# https://docs.slack.dev/reference/views/modal-views: `private_metadata` holds 3,000 characters,
# of which this many IDs of files take half.
MOST_FILES = 100


class FormState(BaseModel):
    """Travels in a form's `private_metadata`, which only the bot can write. It holds no values."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: str
    """The slug of the model that was drawn."""
    channel: str | None = None
    """`None`: the person chooses it in the form."""
    thread_ts: str | None = None
    parent_id: str | None = None
    """The job that is rendered again with changes."""
    files: tuple[str, ...] = ()
    """IDs of the files that the form may name: those of a message, or of the earlier job."""

    def drawn(self, model: str, files: Iterable[str]) -> Self:
        """Return the state of the form redrawn for a model, with more files that it may name."""
        known = tuple(dict.fromkeys([*self.files, *files]))[:MOST_FILES]
        return self.model_copy(update={"model": model, "files": known})

    def to_text(self) -> str:
        """Return the text from which Slack gives it back."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return what `to_text` wrote."""
        return cls.model_validate_json(text)
