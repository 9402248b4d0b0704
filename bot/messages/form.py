"""The form: a modal with the options of a model, and the errors shown at its fields."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from slack_sdk.models.blocks import (
    ConversationFilter,
    ConversationSelectElement,
    InputBlock,
    MarkdownTextObject,
    NumberInputElement,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.blocks.basic_components import DispatchActionConfig
from slack_sdk.models.views import View

from bot.messages import blocks
from bot.messages.dry_run import TRY
from bot.messages.fields import checkbox, choice_of, moment, plain_text, text
from bot.messages.modal import MOST_BLOCKS, PLAIN, Layout, form_blocks
from bot.messages.prices import RENDER, FormPrice
from bot.options.alternatives import MOST_PARTS
from bot.options.attachments import kinds_taken
from bot.options.catalog import Catalog, Model
from bot.options.file_words import WORDS
from bot.options.form_fields import (
    AT_BLOCK,
    DRY_RUN,
    EACH_IMAGE_BLOCK,
    EVERY_BLOCK,
    FIELD,
    MODEL_BLOCK,
    MOST_CHOICES,
    NO_REPEAT,
    NO_STYLE,
    PRICE_BLOCK,
    PROJECT_BLOCK,
    STYLE_BLOCK,
    TIMES_BLOCK,
    WORDS_BLOCK,
    field_block,
    kept_block,
    links_block,
)
from bot.options.form_state import FormState
from bot.options.projects import LONGEST_NAME
from bot.options.schema import PROMPT, Option
from bot.options.wording import short
from storage.job import Json, RepeatEvery
from storage.store import StoreBrokenError, StoreError, StoreUnsureError

_NOTHING: Mapping[str, str] = MappingProxyType({})
CALLBACK = "video_form"
CHANNEL_BLOCK = "channel"
"""Block ID and action ID of the channel menu, shown if the form was opened outside a channel."""


def form_view(
    catalog: Catalog,
    model: Model,
    state: FormState,
    values: Mapping[str, Json],
    *,
    layout: Layout = PLAIN,
    note: str = "",
    said: str = "",
    price: FormPrice | None = None,
    styles: Mapping[str, str] = _NOTHING,
    cast: Sequence[blocks.Block] = (),
) -> Mapping[str, Json]:
    """Return the form of a model, filled with `values`.

    `styles` are those to choose from, each with whose it is; without one there is no menu. `cast`
    is the menu of the cast, with its pictures.

    `note` is mrkdwn, shown at the top, and so is what was `said` of the job whose next take it
    makes. The price stands below the options that move it, beside the button that shows the request
    without making a job.
    """
    named = replace(layout, file_names=state.file_names, style=state.style, moves=state.moves)
    fields = form_blocks(catalog, model, values, named)
    above = [blocks.context(told) for told in (note, said) if told]
    prompt = values.get(PROMPT)
    if isinstance(prompt, str) and prompt and model.option(PROMPT) is None:
        above += _kept_prompt(prompt, model)
    if state.channel is None:
        above.append(_channel_choice())
    below = [
        *_set_fields(model, layout),
        *_start_fields(layout),
        _project_field(state.project),
    ]
    if styles:
        # Behind the prompt, and before the fields that its options are filled into.
        above_it = {f"{FIELD}{PROMPT}", MODEL_BLOCK}
        fields.insert(_behind(fields, above_it, 0), _style_choice(styles, state.style))
    if cast and model.image_options:
        # Behind the images that it adds to.
        place = _behind(fields, _image_blocks(model.image_options[0]), len(fields))
        fields[place:place] = cast
    shown = [*above, *fields][: MOST_BLOCKS - len(below) - (price is not None)]
    if price is not None:
        told = _price(price)
        moving = {f"{FIELD}{name}" for name in model.priced_by}
        shown.insert(_behind(shown, moving, len(shown)), told)
    body = [*shown, *below]
    title = "Create a video" if state.parent_id is None else "Edit and re-run"
    return View(
        type="modal",
        callback_id=CALLBACK,
        private_metadata=state.to_text(),
        title=plain_text("Next take" if said else title),
        submit=plain_text(RENDER if price is None else price.label),
        close=plain_text("Cancel"),
        blocks=[dict(block) for block in body],
    ).to_dict()


def _image_blocks(option: Option) -> Collection[str]:
    return {field_block(option), kept_block(option), links_block(option)}


def _behind(fields: Sequence[blocks.Block], block_ids: Collection[str], otherwise: int) -> int:
    """Return the place behind the last of these blocks; `otherwise` if there is none of them."""
    places = [place for place, one in enumerate(fields) if one.get("block_id") in block_ids]
    return max(places, default=otherwise - 1) + 1


def model_gone(slug: str) -> str:
    """Return the error at a form whose model is no longer on offer."""
    return (
        f"{slug} is not on offer any more, so nothing was started. Choose another model; if there "
        "is no choice here, copy your prompt and open the form again."
    )


def style_gone(name: str) -> str:
    """Return the error at the menu of styles about one that was deleted or renamed."""
    return f"There is no style {name} any more. Choose another one, or none."


def replaced_model(slug: str, model: Model) -> str:
    """Return the note above a form for a job whose model is no longer on offer."""
    return blocks.escape(
        f"{slug} is not on offer any more. This is {model.title}: look its options over."
    )


def left_out(names: Sequence[str], model: Model) -> str:
    """Return the note above a form about a message's files that the model does not take."""
    taken = "; or ".join(
        f"{WORDS[kind].formats} of at most {WORDS[kind].most_megabytes} MB"
        for kind in kinds_taken(model)
    )
    files = ", ".join(blocks.literal(short(name)) or "a file" for name in names)
    return f"Left out, because I take {taken}: {files}."


def continues(job_id: str) -> str:
    """Return the note of a form for the clip after a job's video."""
    return f"It begins with the last frame of job `{job_id}`. Say what happens next."


def to_change(problems: Sequence[str]) -> str:
    """Return the note above a form that shows a refused text: what of it could not be used."""
    lines = [f"• {blocks.escape(problem)}" for problem in problems]
    told = "\n".join(["Not taken over:", *lines]) if lines else ""
    return blocks.shorten(told, blocks.SECTION_LIMIT)


def needs_project() -> str:
    """Return the error at the field of the project where each request names one."""
    return "Say for which project this is: each video here counts in one."


def no_channel() -> str:
    """Return the error at a form in which no channel was chosen."""
    return "Choose where the video goes."


def store_failed(error: StoreError) -> str:
    """Return the error when the store fails: the form was not accepted, or that is unknown."""
    if isinstance(error, StoreBrokenError | StoreUnsureError):
        return (
            "My memory failed me just now, so I am not sure that I took this. Close the form; if "
            "I did, a message appears in the channel within a few minutes."
        )
    return (
        "I cannot write anything down right now, so nothing was started or charged. "
        "Try again later."
    )


def _kept_prompt(prompt: str, model: Model) -> list[blocks.Block]:
    """Return blocks that show the prompt for which a model has no field.

    The prompt is read back from there for the next model, because it may be longer than the
    `private_metadata` of a view.
    """
    note = blocks.escape(f"{model.title} takes no words. Yours are kept for a model that does:")
    kept = plain_text(blocks.shorten(prompt, blocks.SECTION_LIMIT))
    return [
        blocks.context(note),
        SectionBlock(block_id=WORDS_BLOCK, text=kept).to_dict(),
    ]


def _price(price: FormPrice) -> blocks.Block:
    """Return the sentence that tells the price, with the button that shows the request."""
    shows = blocks.button(TRY, DRY_RUN, "show")
    return SectionBlock(
        block_id=PRICE_BLOCK, text=MarkdownTextObject(text=price.text), accessory=shows
    ).to_dict()


def _style_choice(styles: Mapping[str, str], chosen: str) -> blocks.Block:
    entries = {NO_STYLE: choice_of("No style", NO_STYLE)} | {
        name: choice_of(f"{name} ({whose})", name) for name, whose in styles.items()
    }
    offered = dict(list(entries.items())[:MOST_CHOICES])
    return InputBlock(
        block_id=STYLE_BLOCK,
        label=plain_text("Style"),
        hint=plain_text("Its words go around yours, and its options into the fields below."),
        optional=True,
        dispatch_action=True,
        element=StaticSelectElement(
            action_id=STYLE_BLOCK,
            options=list(offered.values()),
            initial_option=offered.get(chosen or NO_STYLE, offered[NO_STYLE]),
        ),
    ).to_dict()


def _set_fields(model: Model, layout: Layout) -> Iterator[blocks.Block]:
    """Yield the fields that make several videos, if all options are shown, or if they say so."""
    if layout.show_advanced or layout.times > 1:
        yield InputBlock(
            block_id=TIMES_BLOCK,
            label=plain_text("How many"),
            hint=plain_text("Alternatives such as {red|blue} in your words make several, too."),
            optional=True,
            dispatch_action=True,
            element=NumberInputElement(
                action_id=TIMES_BLOCK,
                is_decimal_allowed=False,
                min_value="1",
                max_value=str(MOST_PARTS),
                initial_value=str(layout.times),
                dispatch_action_config=DispatchActionConfig(
                    trigger_actions_on=["on_character_entered"]
                ),
            ),
        ).to_dict()
    if (layout.show_advanced or layout.is_for_each_image) and model.image_options:
        box = checkbox("One for each image", EACH_IMAGE_BLOCK, is_ticked=layout.is_for_each_image)
        yield InputBlock(
            block_id=EACH_IMAGE_BLOCK,
            label=plain_text("Several images"),
            optional=True,
            dispatch_action=True,
            element=box,
        ).to_dict()


def _start_fields(layout: Layout) -> Iterator[blocks.Block]:
    """Yield the fields for a later start, if all options are shown, or if one of them says so."""
    if not (layout.show_advanced or layout.start.is_given):
        return
    yield InputBlock(
        block_id=AT_BLOCK,
        label=plain_text("When"),
        hint=plain_text("By your clock; empty: at once. Price and budgets count at its time."),
        optional=True,
        dispatch_action=True,
        element=moment(layout.start.at, AT_BLOCK),
    ).to_dict()
    entries = {NO_REPEAT: choice_of("Never", NO_REPEAT)} | {
        str(every): choice_of(f"Every {every}", str(every)) for every in RepeatEvery
    }
    yield InputBlock(
        block_id=EVERY_BLOCK,
        label=plain_text("Repeat"),
        optional=True,
        dispatch_action=True,
        element=StaticSelectElement(
            action_id=EVERY_BLOCK,
            options=list(entries.values()),
            initial_option=entries[layout.start.every or NO_REPEAT],
        ),
    ).to_dict()


def several(count: int) -> str:
    """Return the note above a form that turned out to make several videos."""
    return (
        f":clapper: As it is, this makes *{count} videos*. Their price is below; *Render* starts "
        "them."
    )


def _project_field(project: str | None) -> blocks.Block:
    return InputBlock(
        block_id=PROJECT_BLOCK,
        label=plain_text("Project"),
        hint=plain_text("Whose budget this counts in."),
        element=text(project or "", LONGEST_NAME, PROJECT_BLOCK, is_multiline=False),
        optional=True,
    ).to_dict()


def _channel_choice() -> blocks.Block:
    # https://docs.slack.dev/reference/block-kit/block-elements/multi-select-menu-element
    element = ConversationSelectElement(
        action_id=CHANNEL_BLOCK,
        default_to_current_conversation=True,
        filter=ConversationFilter(include=["public", "private", "im"]),
    )
    label = plain_text("Where the video goes")
    return InputBlock(block_id=CHANNEL_BLOCK, label=label, element=element).to_dict()
