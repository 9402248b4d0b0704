"""Tests of the base of Slack's objects: what makes no sense is absent."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from pydantic import Field, JsonValue

from bot.listeners.payloads import FormView
from bot.listeners.slack_object import SlackObject, UnreadableRequestError

ODD = pytest.mark.parametrize("odd", [None, "", 7, ["x"], {"id": 7}], ids=str)


class Inner(SlackObject):
    """An object in another one."""

    id: str


class Outer(SlackObject):
    """A required text, and optional fields of each kind."""

    ts: str
    text: str = ""
    inner: Inner | None = None
    state: dict[str, JsonValue] = Field(default_factory=dict)
    files: Sequence[JsonValue] = ()


@ODD
def test_an_optional_field_that_makes_no_sense_is_absent(odd: object) -> None:
    """The others stay."""
    assert Outer.read({"ts": "1.2", "text": "a lake", "inner": odd}) == Outer(
        ts="1.2", text="a lake"
    )
    assert Outer.read({"ts": "1.2", "text": odd}) == Outer(ts="1.2")


@ODD
def test_a_required_field_that_makes_no_sense_makes_the_object_unreadable(odd: object) -> None:
    """The error names the field, and no value."""
    with pytest.raises(UnreadableRequestError, match=r"^ts$"):
        Outer.read({"ts": odd, "text": "a secret lake"})


def test_containers_that_make_no_sense_are_empty() -> None:
    read = Outer.read({"ts": "1.2", "state": [], "files": {"id": "F1"}, "later": 1})
    assert read == Outer(ts="1.2")
    assert read.state is not Outer(ts="1.2").state


def test_a_form_without_fields_is_no_fault() -> None:
    """No form of the bot's is so; an error is then shown at no field."""
    divider: JsonValue = {"type": "divider", "block_id": "d1"}
    view = FormView.read(
        {"id": "V1", "hash": "1.2", "private_metadata": "{}", "blocks": [None, divider]}
    )
    assert view.first_field == ""
