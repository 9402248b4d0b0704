"""Tests of the block limits that the simulated Slack enforces as the real one does."""

import pytest

from sandbox.slack.blocks import checked_blocks, checked_view
from sandbox.slack.entities import Payload, RefusalError


def plain(text: str) -> Payload:
    """A plain text object."""
    return {"type": "plain_text", "text": text}


def section(text: str) -> Payload:
    """A section with a text."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def button(**changes: object) -> Payload:
    """A row with one button."""
    element = {"type": "button", "action_id": "a", "text": plain("Again"), **changes}
    return {"type": "actions", "elements": [element]}


def select(count: int) -> Payload:
    """A row with a select of this many options."""
    options = [{"text": plain(str(number)), "value": str(number)} for number in range(count)]
    element = {"type": "static_select", "action_id": "a", "options": options}
    return {"type": "actions", "elements": [element]}


def thumbs(**changes: object) -> Payload:
    """A pair of feedback buttons; `changes` are those of the positive one."""
    good: Payload = {"text": plain("Good"), "value": "good", **changes}
    bad: Payload = {"text": plain("Bad"), "value": "bad"}
    pair = {"type": "feedback_buttons", "action_id": "a"}
    return {**pair, "positive_button": good, "negative_button": bad}


def context_actions(*elements: Payload) -> Payload:
    """A block for such a pair."""
    return {"type": "context_actions", "elements": list(elements)}


def moment(at: object) -> Payload:
    """An input block with a picker of a day and a time."""
    element = {"type": "datetimepicker", "action_id": "a", "initial_date_time": at}
    return {"type": "input", "label": plain("When"), "element": element}


@pytest.mark.parametrize(
    "blocks",
    [
        [context_actions(thumbs(accessibility_label="x" * 75))],
        [context_actions(thumbs(text=plain("x" * 75), value="v" * 2000))],
        [section("x" * 3000)],
        [section("x")] * 50,
        [button()],
        [button(text=plain("x" * 75), value="v" * 2000)],
        [select(1)],
        [select(100)],
        [{"type": "divider"}, {"type": "header", "text": plain("x" * 150)}],
        [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 10}],
        [{"type": "markdown", "text": "**x**"}],
        [moment(1_628_633_820)],
    ],
)
def test_blocks_within_the_limits_are_accepted_and_get_ids(blocks: list[Payload]) -> None:
    taken = checked_blocks(blocks)

    assert len({block["block_id"] for block in taken}) == len(blocks)


@pytest.mark.parametrize(
    "blocks",
    [
        [context_actions()],
        [context_actions(*[thumbs()] * 6)],
        [context_actions({"type": "button", "action_id": "a", "text": plain("Again")})],
        [{"type": "actions", "elements": [thumbs()]}],
        [{**section("x"), "accessory": thumbs()}],
        [context_actions(thumbs(text=plain("x" * 76)))],
        [context_actions(thumbs(value="v" * 2001))],
        [context_actions(thumbs(accessibility_label="x" * 76))],
        [context_actions({"type": "feedback_buttons", "positive_button": {"value": "x"}})],
        [section("x" * 3001)],
        [section("")],
        [section("x")] * 51,
        [{"type": "section"}],
        [{"type": "nonsense"}],
        [{}],
        [button(text=plain("x" * 76))],
        [button(value="v" * 2001)],
        [button(action_id="a" * 256)],
        [{"type": "actions", "elements": []}],
        [select(0)],
        [select(101)],
        [moment(628_633_820)],
        [moment(16_286_338_200)],
        [{**section("x"), "accessory": moment(1_628_633_820)["element"]}],
        [{"type": "header", "text": plain("x" * 151)}],
        [{"type": "image", "image_url": "https://example.com/x.png"}],
        [{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}],
        [{**section("x"), "block_id": "same"}, {**section("y"), "block_id": "same"}],
    ],
)
def test_blocks_beyond_the_limits_are_refused(blocks: list[Payload]) -> None:
    with pytest.raises(RefusalError) as caught:
        checked_blocks(blocks)
    assert caught.value.code == "invalid_blocks"


@pytest.mark.parametrize("kind", ["modal", "home"])
def test_feedback_buttons_stand_in_messages_alone(kind: str) -> None:
    view: Payload = {"type": kind, "title": plain("x"), "blocks": [context_actions(thumbs())]}
    with pytest.raises(RefusalError):
        checked_view(view)
