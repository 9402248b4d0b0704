"""What the form shows beside the fields of shots: the buttons of their order, and their sum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from slack_sdk.models.blocks import ActionsBlock

from bot.messages.blocks import Block, button, escape
from bot.options.catalog import Model
from bot.options.form_fields import MOVE_ITEM, NO_ITEMS, REMOVE_ITEM, add_item_block, item_block
from bot.options.schema import ItemFields, Option, ShotFields
from bot.options.shots import seconds_together
from bot.options.sums import number_text
from bot.options.validation import find_violation
from bot.options.wording import allowed
from storage.job import Json


def order_buttons(option: Option, fields: ItemFields, number: int, count: int) -> Iterator[Block]:
    """Yield the buttons that move a shot up and remove it, as far as that makes sense.

    Their value is how many there are to be, and which of them it is.
    """
    what = f"{fields.noun.lower()} {number}"
    row = []
    if number > 1:
        up = f"{MOVE_ITEM}{option.name}"
        row.append(button("Move up", up, f"{count}:{number}", spoken=f"Move {what} up"))
    if count > 1:
        gone = f"{REMOVE_ITEM}{option.name}"
        row.append(button("Remove", gone, f"{count - 1}:{number}", spoken=f"Remove {what}"))
    if row:
        yield ActionsBlock(block_id=item_block(option, number), elements=row).to_dict()


def together_line(model: Model, shot: ShotFields, shots: Sequence[Mapping[str, Json]]) -> str:
    """Return how long the shots are together, and whether the model makes so long a video."""
    total = model.option(shot.total) if shot.total is not None else None
    if total is None:
        return ""
    seconds = seconds_together(shot, shots)
    made = f"Together *{f'{number_text(seconds)} {total.unit}'.rstrip()}*"
    limits = escape(f"{_limits(total)} {total.unit}".rstrip())
    if not seconds:
        return f"Together they make the video: {limits}."
    # Text would not be a whole number for the schema.
    value: Json = seconds.numerator if seconds.denominator == 1 else float(seconds)
    if find_violation(value, total.schema) is None:
        return f"{made}. {escape(model.title)} makes {limits}."
    return f":warning: {made}, but {escape(model.title)} makes {limits}."


def _limits(total: Option) -> str:
    low, high = total.schema.get("minimum"), total.schema.get("maximum")
    if isinstance(low, int | float) and isinstance(high, int | float) and not total.choices:
        return f"{low} to {high}"
    return allowed(total.schema).replace("`", "")


def number_buttons(option: Option, fields: ItemFields, count: int) -> Block:
    """Return the buttons that add a shot, as long as there may be one, and that make one prompt."""
    row = []
    if count < fields.most:
        row.append(button(f"Add a {fields.noun.lower()}", add_item_block(option), str(count + 1)))
    row.append(button("One prompt instead", f"{NO_ITEMS}{option.name}", "0"))
    return ActionsBlock(block_id=add_item_block(option), elements=row).to_dict()
