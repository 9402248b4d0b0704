"""Tests of the rendering of Slack's models: it is the SDK's own, with the SDK's own checks."""

from __future__ import annotations

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.basic_objects import JsonObject
from slack_sdk.models.blocks import (
    ActionsBlock,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    DividerBlock,
    HeaderBlock,
    InputBlock,
    MarkdownTextObject,
    Option,
    PlainTextInputElement,
    PlainTextObject,
    RichTextBlock,
    RichTextElementParts,
    RichTextQuoteElement,
    RichTextSectionElement,
    SectionBlock,
    StaticSelectElement,
)
from slack_sdk.models.views import View

from bot.messages.block_json import as_json

CONFIRM = ConfirmObject(title="Sure?", text="It costs 1.", confirm="Yes", deny="No")
BUTTON = ButtonElement(
    text=PlainTextObject(text="Again", emoji=True), action_id="again", value="k3f9", confirm=CONFIRM
)
SELECT = StaticSelectElement(
    action_id="mode", options=[Option(value="std", label="std"), Option(value="pro", label="pro")]
)
SECTION = SectionBlock(text=MarkdownTextObject(text="*Done*"), accessory=BUTTON)
PARTS = [
    RichTextElementParts.Text(text="a lake"),
    RichTextElementParts.Text(text="x", style={"bold": True}),
    RichTextElementParts.Text(text="y", style=RichTextElementParts.TextStyle(code=True)),
    RichTextElementParts.Link(url="https://a.example", text="z"),
]


@pytest.mark.parametrize(
    "model",
    [
        SECTION,
        SectionBlock(text="a", fields=["b", "c"]),
        HeaderBlock(text=PlainTextObject(text="Videos")),
        ContextBlock(elements=[MarkdownTextObject(text="small")]),
        DividerBlock(),
        ActionsBlock(elements=[BUTTON, SELECT]),
        RichTextBlock(
            elements=[RichTextQuoteElement(elements=PARTS), RichTextSectionElement(elements=[])]
        ),
        InputBlock(
            label="Prompt", element=PlainTextInputElement(action_id="prompt", multiline=True)
        ),
        View(type="modal", title=PlainTextObject(text="Video"), blocks=[SECTION]),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_model_is_rendered_as_by_the_sdk(model: JsonObject) -> None:
    """Nested objects, optional parts, empty lists, and classes with a rendering of their own."""
    assert as_json(model) == model.to_dict()


@pytest.mark.parametrize(
    "model",
    [
        SectionBlock(text=MarkdownTextObject(text="a" * 3001)),
        ActionsBlock(elements=[ButtonElement(text="b" * 76, action_id="again")]),
        ContextBlock(elements=[MarkdownTextObject(text="c")] * 11),
        SectionBlock(text="d", block_id="e" * 256),
    ],
    ids=lambda model: type(model).__name__,
)
def test_what_slack_would_refuse_is_refused(model: JsonObject) -> None:
    """By the SDK's own checks, of the object and of those in it."""
    with pytest.raises(SlackObjectFormationError) as ours:
        as_json(model)
    with pytest.raises(SlackObjectFormationError) as theirs:
        model.to_dict()
    assert str(ours.value) == str(theirs.value)
