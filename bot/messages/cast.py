"""What people read of the cast: answers, the message with a member's picture, the form's menu."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from slack_sdk.models.blocks import (
    ContextBlock,
    ImageElement,
    InputBlock,
    MarkdownTextObject,
    PlainTextObject,
    SectionBlock,
    StaticMultiSelectElement,
)

from bot.base.ports import Message
from bot.jobs.cast import shows_picture_in
from bot.jobs.saved import Placed, SavedFor
from bot.messages import blocks
from bot.messages.block_json import as_json
from bot.messages.fields import choice_of, plain_text
from bot.messages.formatting import sentence
from bot.messages.replies import words
from bot.messages.saved import FOR_WHOM, MARKS, WHOSE, whose_of
from bot.options.cast import CastMember
from bot.options.form_fields import CAST_BLOCK, MOST_CHOICES
from storage.saved import SavedKind

MOST_PICTURED = 10
"""How many members that are not chosen have a small picture under the menu."""
# A line of small print holds ten elements: pictures, each with its name.
_IN_A_LINE = 5
_MARK = MARKS[SavedKind.CAST]
_WHERE: Mapping[SavedFor, str] = {
    SavedFor.PERSON: "in our direct messages",
    SavedFor.CHANNEL: "here",
    SavedFor.WORKSPACE: "here",
}
HOW = (
    "Mention me with `cast save mascot` in a message with a picture, or in the thread of one, to "
    "save it for you, with `here` or `workspace` behind the name for others too; `/video cast save "
    "mascot` opens a form for it. `@mascot` in a prompt, or `--cast mascot`, uses it."
)


def listed(placed: Sequence[Placed[CastMember]]) -> Message:
    """Return the members that a person may use, the nearest first, with who made each."""
    if not placed:
        return words(f"There is no cast that you can use here yet. {HOW}")
    lines = [_line(one) for one in placed]
    text = "\n".join(["*The cast that you can use here*", *lines])
    return Message(text=text, blocks=[*blocks.sections(text), blocks.context(HOW)])


def _line(one: Placed[CastMember]) -> str:
    whose = whose_of(one)
    if one.value.file is None:
        whose += ", its picture is on its way"
    elif one.value.copying:
        whose += ", a new picture is on its way"
    return f"• `@{one.name}` ({whose})"


def saved(name: str, saved_for: SavedFor, *, is_new: bool, note: str = "") -> Message:
    """Return the answer to a member that was saved; `note` follows as another sentence."""
    did = "saved" if is_new else "changed"
    return words(
        f"{_MARK} `{name}` is {did} {FOR_WHOM[saved_for]}. As soon as its picture stands "
        f"{_WHERE[saved_for]}, `@{name}` in a prompt or `--cast {name}` uses it.{note}"
    )


def picture(name: str, saved_for: SavedFor, maker: str, mark: str) -> Message:
    """Return the message beside the picture of a member; by `mark` it is found again."""
    text = (
        f"{_MARK} *{blocks.literal(name)}* is in the cast {FOR_WHOM[saved_for]}. "
        f"`@{name}` in a prompt, or `--cast {name}`, uses this picture."
    )
    by = "" if saved_for is SavedFor.PERSON else f"\nSaved by {blocks.literal(maker)}."
    return Message(text=text + by, blocks=blocks.marked(blocks.sections(text + by), mark))


def not_saved(name: str, reason: str) -> Message:
    """Return the message that a picture could not be saved."""
    return words(f":warning: I could not save `{name}`. {blocks.escape(sentence(reason))}")


def alt_text(name: str) -> str:
    """Return the description of a member's picture, for screen readers."""
    return f"{name}, of the cast"


def no_picture() -> str:
    """Return the problem with a save without a picture."""
    return (
        "I see no picture to save. Attach it to the message in which you mention me, or mention me "
        "in the thread of a message that has it; `/video cast save NAME` opens a form for it."
    )


def choose_picture() -> str:
    """Return the error at the form's field for the picture."""
    return "Choose the picture."


def too_many_pictures(count: int) -> str:
    """Return the problem with a save of several pictures."""
    return f"There are {count} pictures, and a cast member has one. Attach that one alone."


def form_blocks(
    placed: Sequence[Placed[CastMember]], chosen: Collection[str], channel: str | None
) -> list[blocks.Block]:
    """Return the form's menu of the cast, with pictures; nothing if there is no cast.

    Those that are chosen have large ones.
    """
    offered = [one for one in placed if not one.is_hidden and one.value.file][:MOST_CHOICES]
    if not offered:
        return []
    choices = {
        one.name: choice_of(f"{one.name} ({WHOSE[one.saved_for]})", one.name) for one in offered
    }
    picked = [choice for name, choice in choices.items() if name in chosen]
    menu = InputBlock(
        block_id=CAST_BLOCK,
        label=plain_text("Cast"),
        hint=plain_text("Their pictures become reference images, as with @name in the prompt."),
        optional=True,
        dispatch_action=True,
        element=StaticMultiSelectElement(
            action_id=CAST_BLOCK, options=list(choices.values()), initial_options=picked or None
        ),
    ).to_dict()
    seen = [one for one in offered if shows_picture_in(one, channel)]
    large = [_large(one) for one in seen if one.name in chosen]
    small = [one for one in seen if one.name not in chosen][:MOST_PICTURED]
    return [menu, *large, *_small(small)]


def _large(one: Placed[CastMember]) -> blocks.Block:
    name = one.name
    return as_json(
        SectionBlock(
            block_id=f"{CAST_BLOCK}:{name}",
            text=PlainTextObject(text=name),
            accessory=_image(one),
        )
    )


def _small(members: Sequence[Placed[CastMember]]) -> Iterator[blocks.Block]:
    for start in range(0, len(members), _IN_A_LINE):
        elements = [
            element
            for one in members[start : start + _IN_A_LINE]
            for element in (_image(one), MarkdownTextObject(text=f"`@{one.name}`"))
        ]
        yield as_json(ContextBlock(block_id=f"{CAST_BLOCK}:{start}:", elements=elements))


def _image(one: Placed[CastMember]) -> ImageElement:
    return blocks.small_picture(one.value.file or "", alt_text(one.name))
