"""The form in which a user saves a picture under a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict
from slack_sdk.models.blocks import InputBlock, StaticSelectElement
from slack_sdk.models.blocks.block_elements import FileInputElement
from slack_sdk.models.views import View

from bot.jobs.saved import SavedFor
from bot.messages.fields import choice_of, plain_text, text
from bot.options.attachments import IMAGE_EXTENSIONS, IMAGE_NAMES, MOST_MEGABYTES
from bot.options.saved_names import LONGEST_NAME
from bot.options.wording import short
from storage.job import Json

CALLBACK = "cast_form"
NAME_BLOCK = "cast_name"
FOR_BLOCK = "cast_for"
PICTURE_BLOCK = "cast_picture"
"""Block IDs, and action IDs of the fields in them."""

_FOR: Mapping[SavedFor, str] = {
    SavedFor.PERSON: "Me",
    SavedFor.CHANNEL: "Everybody in this channel",
    SavedFor.WORKSPACE: "The whole workspace",
}


class CastFormState(BaseModel):
    """A form's `private_metadata`, which only the bot can write."""

    model_config = ConfigDict(frozen=True, extra="ignore", defer_build=True)

    channel: str
    thread_ts: str | None = None
    files: Mapping[str, str] = {}
    """The names of the pictures of a message, by ID, of which one is chosen."""

    def to_text(self) -> str:
        """Return the text to store in `private_metadata`."""
        return self.model_dump_json(exclude_defaults=True)

    @classmethod
    def of_text(cls, text: str) -> Self:
        """Return the state from a text that `to_text` returned. Raises `ValidationError`."""
        return cls.model_validate_json(text)


def cast_form(
    state: CastFormState, *, name: str = "", saved_for: SavedFor = SavedFor.PERSON
) -> Mapping[str, Json]:
    """Return the form, with the name and the place filled in."""
    places = {one: choice_of(words, one.value) for one, words in _FOR.items()}
    view = View(
        type="modal",
        callback_id=CALLBACK,
        private_metadata=state.to_text(),
        title=plain_text("Save to the cast"),
        submit=plain_text("Save"),
        close=plain_text("Cancel"),
        blocks=[
            InputBlock(
                block_id=NAME_BLOCK,
                label=plain_text("Name"),
                hint=plain_text("@name in a prompt uses the picture."),
                element=text(name, LONGEST_NAME, NAME_BLOCK, is_multiline=False),
            ),
            _picture(state.files),
            InputBlock(
                block_id=FOR_BLOCK,
                label=plain_text("For whom"),
                element=StaticSelectElement(
                    action_id=FOR_BLOCK,
                    options=list(places.values()),
                    initial_option=places[saved_for],
                ),
            ),
        ],
    )
    shown: Mapping[str, Json] = view.to_dict()
    return shown


def _picture(files: Mapping[str, str]) -> InputBlock:
    """Return the field for the picture: one of the message's, or one to upload."""
    if files:
        choices = [choice_of(short(name) or "A picture", file) for file, name in files.items()]
        return InputBlock(
            block_id=PICTURE_BLOCK,
            label=plain_text("Picture"),
            element=StaticSelectElement(
                action_id=PICTURE_BLOCK, options=choices, initial_option=choices[0]
            ),
        )
    return InputBlock(
        block_id=PICTURE_BLOCK,
        label=plain_text("Picture"),
        hint=plain_text(f"{IMAGE_NAMES}, at most {MOST_MEGABYTES} MB."),
        element=FileInputElement(
            action_id=PICTURE_BLOCK, max_files=1, filetypes=list(IMAGE_EXTENSIONS)
        ),
    )
