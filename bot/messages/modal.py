"""The fields of the form: one or two input blocks for each option of a model.

`bot.options.form` reads them back. Slack keeps the value entered in a field as long as its block ID
and action ID stay the same, whatever initial value the redrawn form has
(https://docs.slack.dev/reference/methods/views.update). So the action ID is the model's slug, with
the name of the style whose options are filled in: a field is reset when another model or style is
chosen, and only then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import assert_never

from slack_sdk.models.blocks import (
    ActionsBlock,
    InputBlock,
    InputInteractiveElement,
    StaticSelectElement,
)

from bot.messages.blocks import Block, button, context, escape, shorten
from bot.messages.fields import (
    as_text,
    checkbox,
    choice_of,
    files,
    kept_files,
    number,
    plain_text,
    select,
    text,
)
from bot.messages.formatting import capitalized
from bot.messages.storyboard import number_buttons, order_buttons, together_line
from bot.options.catalog import Catalog, Model
from bot.options.file_words import words_for
from bot.options.form_fields import (
    LONGEST_TEXT,
    MODEL_BLOCK,
    MORE_BLOCK,
    MOST_CHOICES,
    Widget,
    add_item_block,
    field_block,
    fits_items,
    item_options,
    kept_block,
    links_block,
    widget_of,
)
from bot.options.form_shots import shots_shown
from bot.options.form_start import AT_ONCE, FormStart
from bot.options.references import file_named, reference
from bot.options.request import fitting
from bot.options.schema import (
    PROMPT,
    ItemFields,
    Kind,
    Option,
    Schema,
    as_mapping,
)
from bot.options.shots import has_prompt_of_shots, shots_option
from bot.options.wording import allowed
from storage.job import Json

# Not repeated in a hint: the field and its label show these already.
_PLAIN_TEXT = frozenset({"text", "text, not empty"})
_NOTHING: Mapping[str, Json] = MappingProxyType({})

MOST_BLOCKS = 100
"""The most blocks in a modal: https://docs.slack.dev/reference/views/modal-views"""
# https://docs.slack.dev/reference/block-kit/blocks/input-block: label and hint.
_LABEL_LIMIT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a form is drawn, beside its values."""

    show_advanced: bool = False
    items: Mapping[str, int] = field(default_factory=dict)
    """How many items have fields, by the option's name; at least `FEWEST_ITEMS`."""
    file_names: Mapping[str, str] = field(default_factory=dict)
    """The names of attached files, by ID."""
    style: str = ""
    """The name of the style whose options are filled in; empty: none."""
    shots: Sequence[Mapping[str, Json]] = ()
    """What is entered for each shot, also for incomplete ones; none: as the values have it."""
    moves: int = 0
    """As in `FormState`."""
    times: int = 1
    """How many videos the field for it asks for."""
    is_for_each_image: bool = False
    """Whether the box for one video of each image is ticked."""
    start: FormStart = AT_ONCE
    """When it starts and how often, as the fields for that say."""
    is_moved: bool = False
    """Whether this layout is that of fields whose values the buttons of shots move."""

    def field_id(self, model: Model) -> str:
        """Return the action ID of the fields."""
        moves = f"#{self.moves}" if self.is_moved and self.moves else ""
        return f"{model.slug}:{self.style}{moves}" if self.style else f"{model.slug}{moves}"


PLAIN = Layout()
FEWEST_ITEMS = 2
"""One shot is what the prompt says already."""
DIVIDE = "Divide into shots"
"""The label of the button that puts the fields of shots in place of the prompt."""


def form_blocks(
    catalog: Catalog,
    model: Model,
    values: Mapping[str, Json] = _NOTHING,
    layout: Layout = PLAIN,
) -> list[Block]:
    """Return the fields of a model, filled with `values` and else with the defaults.

    Values that the model does not have or not allow are left out. A prompt is always kept, cut to
    the limit of its field. An advanced option with a value is shown although the layout
    hides such, because users must see every option that they pay for.
    """
    prompt = {PROMPT: values[PROMPT]} if isinstance(values.get(PROMPT), str) else {}
    fitted = {**fitting(model, values), **prompt}
    options = model.in_reading_order
    blocks = [_model_choice(catalog, model)] if len(catalog.models) > 1 else []
    shots = shots_shown(model, fitted, layout.shots)
    if shots:
        blocks += _storyboard(model, shots, fitted, layout)
        options = tuple(option for option in options if option.name not in _said_by_shots(model))
    for option in options:
        if not option.advanced:
            blocks += _fields(model, option, fitted, layout)
    if any(option.advanced for option in options):
        blocks.append(_toggle(model, layout, may_divide=shots is not None and not shots))
    for option in options:
        if option.advanced and (layout.show_advanced or _is_set(option, fitted)):
            # Shots have a button of their own.
            is_empty = shots is not None and option.name in _shots_name(model)
            blocks += [] if is_empty else _fields(model, option, fitted, layout)
    return blocks[:MOST_BLOCKS]


def _shots_name(model: Model) -> Collection[str]:
    found = shots_option(model)
    return () if found is None else (found[0].name,)


def _said_by_shots(model: Model) -> Collection[str]:
    """Return the options that have no field beside those of shots, which say all of them."""
    found = shots_option(model)
    if found is None:
        return ()
    option, fields, shot = found
    return {PROMPT, option.name, *fields.sets, *filter(None, [shot.total])}


def _storyboard(
    model: Model,
    shots: Sequence[Mapping[str, Json]],
    values: Mapping[str, Json],
    layout: Layout,
) -> Iterator[Block]:
    """Yield the fields of shots, their order's buttons and what they make together."""
    found = shots_option(model)
    if found is None:
        return
    option, fields, shot = found
    moved = replace(layout, is_moved=True)
    if model.prompt is not None and values.get(PROMPT) and not has_prompt_of_shots(model, values):
        yield from _fields(model, replace(model.prompt, required=False), values, moved)
    yield context(escape(": ".join(filter(None, [option.title, fields.note or option.hint]))))
    for position, entered in enumerate(shots, start=1):
        for name, member in item_options(option, fields, position).items():
            optional = replace(member, required=False)
            told = name == shot.seconds
            yield from _fields(
                model, optional, {member.name: entered.get(name)}, moved, is_in_sum=told
            )
        yield from order_buttons(option, fields, position, len(shots))
    together = together_line(model, shot, shots)
    if together:
        yield context(together)
    yield number_buttons(option, fields, len(shots))


def _is_set(option: Option, values: Mapping[str, Json]) -> bool:
    return option.name in values and values[option.name] != option.default


def _fields(
    model: Model,
    option: Option,
    values: Mapping[str, Json],
    layout: Layout,
    *,
    is_in_sum: bool = False,
) -> Iterator[Block]:
    """Yield the blocks of an option; each change of one that `is_in_sum` is told at once."""
    value = values.get(option.name, option.default)
    if option.item_fields is not None and fits_items(option.item_fields, value):
        yield from _item_fields(model, option, option.item_fields, value, layout)
        return
    hint, is_told = option.hint, is_in_sum or option.name in model.priced_by
    layout = replace(layout, is_moved=layout.is_moved or option.name in _said_by_shots(model))
    field_id = layout.field_id(model)
    match widget_of(option):
        case Widget.SELECT:
            yield _input(option, select(option, value, field_id), hint, is_told=is_told)
        case Widget.CHECKBOX:
            box = checkbox("On", field_id, is_ticked=value is True)
            yield _input(option, box, hint, is_told=is_told)
        case Widget.NUMBER:
            field = number(option, value, field_id, is_told=is_told)
            limits = "" if is_in_sum else _sentences(hint, option.schema)
            yield _input(option, field, limits, is_told=is_told)
        case Widget.FILES:
            needed = "A file or a link is needed." if option.required else ""
            yield _input(option, files(option, field_id), f"{hint} {needed}".strip())
            attached, links = _attached(option, value)
            if attached:
                yield _kept(model, option, attached, layout)
            yield from _text_field(model, option, links, links_block(option), layout)
        case Widget.TEXT:
            yield from _text_field(model, option, value, field_block(option), layout)
        case widget:
            assert_never(widget)


def _item_fields(
    model: Model, option: Option, fields: ItemFields, value: Json, layout: Layout
) -> Iterator[Block]:
    """Yield the fields of each item, and a button for another item."""
    items = [as_mapping(item) for item in value] if isinstance(value, list | tuple) else []
    wanted = max(FEWEST_ITEMS, layout.items.get(option.name, 0), len(items))
    count = min(wanted, fields.most)
    hint = fields.note or option.hint
    if hint:
        yield context(escape(f"{option.title}: {hint}"))
    for position in range(1, count + 1):
        entered = items[position - 1] if position <= len(items) else {}
        for name, member in item_options(option, fields, position).items():
            optional = replace(member, required=False)
            yield from _fields(model, optional, {member.name: entered.get(name)}, layout)
    if count < fields.most:
        noun = fields.noun.lower()
        add = button(f"Add a {noun}", add_item_block(option), str(count + 1))
        yield ActionsBlock(block_id=add_item_block(option), elements=[add]).to_dict()


def _attached(option: Option, value: Json) -> tuple[list[str], Json]:
    """Return the IDs of the attached files in a value, and the value without them."""
    items = list(value) if isinstance(value, list | tuple) else [value]
    named = [file_id for file_id in map(file_named, items) if file_id is not None]
    links = [item for item in items if item is not None and file_named(item) is None]
    if option.kind is Kind.ARRAY:
        return named, links or None
    return named, links[0] if links else None


def _kept(model: Model, option: Option, attached: Sequence[str], layout: Layout) -> Block:
    """Return the menu of the files that were attached before; each can be taken out."""
    noun = capitalized(words_for(option).noun)
    named = [
        (reference(file_id), layout.file_names.get(file_id) or f"{noun} {number}")
        for number, file_id in enumerate(attached[:MOST_CHOICES], start=1)
    ]
    return InputBlock(
        block_id=kept_block(option),
        label=plain_text(shorten(f"{option.title}: attached already", _LABEL_LIMIT)),
        optional=True,
        element=kept_files(named, layout.field_id(model)),
    ).to_dict()


def _text_field(
    model: Model, option: Option, value: Json, block_id: str, layout: Layout
) -> Iterator[Block]:
    """Yield a text field, or a note if the value is too long for one."""
    longest = _longest(model, option)
    shown_text = "" if value is None else as_text(value)
    if option.name == PROMPT:
        shown_text = shown_text[:longest]
    if option.item_fields is not None and option.item_fields.note:
        # It tells what the value does to other options, however the value is shown.
        yield context(escape(f"{option.title}: {option.item_fields.note}"))
    if len(shown_text) > longest:
        yield context(f"{option.title}: too long to be changed here; it stays as it is.")
        return
    rows = option.playground.get("rows")
    is_multiline = option.kind is not Kind.STRING or (isinstance(rows, int) and rows > 1)
    field = text(shown_text, longest, layout.field_id(model), is_multiline=is_multiline)
    yield _input(option, field, _text_hint(option, block_id), block_id)


def _text_hint(option: Option, block_id: str) -> str:
    """Return the hint under a text field; one beside a file field takes links."""
    if block_id == links_block(option):
        return "One link per line." if option.kind is Kind.ARRAY else "A link, instead of a file."
    sentences = _sentences(option.hint, option.schema)
    return f"{sentences} One per line.".strip() if option.kind is Kind.ARRAY else sentences


def _longest(model: Model, option: Option) -> int:
    if option.kind is not Kind.STRING:
        return LONGEST_TEXT
    limits = [option.schema.get("maxLength"), model.max_prompt if option.name == PROMPT else None]
    return max(1, min([LONGEST_TEXT, *(limit for limit in limits if isinstance(limit, int))]))


def _input(
    option: Option,
    element: InputInteractiveElement,
    hint: str,
    block_id: str = "",
    *,
    is_told: bool = False,
) -> Block:
    """Return the block of a field; `is_told`: the bot is told of every change in it at once."""
    is_links = block_id == links_block(option)
    links = "links" if option.kind is Kind.ARRAY else "link"
    label = f"{option.title}: {links}" if is_links else option.title
    return InputBlock(
        block_id=block_id or field_block(option),
        label=plain_text(shorten(label, _LABEL_LIMIT)),
        # Slack must not require a tick, nor files in whose place links may be given.
        optional=not option.required or widget_of(option) in {Widget.CHECKBOX, Widget.FILES},
        element=element,
        dispatch_action=is_told or None,
        hint=plain_text(shorten(hint, _LABEL_LIMIT)) if hint else None,
    ).to_dict()


def _model_choice(catalog: Catalog, model: Model) -> Block:
    offered = [model, *(other for other in catalog.models if other is not model)]
    choices = [choice_of(each.title, each.slug) for each in offered[:MOST_CHOICES]]
    return InputBlock(
        block_id=MODEL_BLOCK,
        label=plain_text("Model"),
        dispatch_action=True,
        element=StaticSelectElement(
            action_id=MODEL_BLOCK, options=choices, initial_option=choices[0]
        ),
    ).to_dict()


def _toggle(model: Model, layout: Layout, *, may_divide: bool) -> Block:
    """Return the box that shows all options, and the button that divides the video into shots."""
    box = checkbox("Show all options", MORE_BLOCK, is_ticked=layout.show_advanced)
    found = shots_option(model) if may_divide else None
    divide = (
        [button(DIVIDE, add_item_block(found[0]), str(FEWEST_ITEMS))] if found is not None else []
    )
    return ActionsBlock(block_id=MORE_BLOCK, elements=[box, *divide]).to_dict()


def _sentences(hint: str, schema: Schema) -> str:
    """Return the hint and what the schema allows, as sentences without backticks."""
    values = allowed(schema).replace("`", "")
    if values in _PLAIN_TEXT:
        return hint
    return f"{hint} {values[0].upper()}{values[1:]}.".strip()
