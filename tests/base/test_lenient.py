"""Tests of the base of other services' objects: one odd part leaves the rest as it is."""

from __future__ import annotations

import pytest
from pydantic import Field, ValidationError

from bot.base.lenient import LenientObject

ODD = pytest.mark.parametrize("odd", [None, "", 7, "x", ["x"], {"id": 7}, {}, [[]]], ids=str)


class Item(LenientObject):
    """An item that needs its ID."""

    id: str
    words: list[str] = Field(default_factory=list)


class Page(LenientObject):
    """A page of items, with others by name."""

    items: list[Item]
    named: dict[str, dict[str, list[Item]]] = Field(default_factory=dict)
    next: str = ""


@ODD
def test_one_odd_item_of_a_page_is_absent_and_the_others_stay(odd: object) -> None:
    page = Page.model_validate({"items": [{"id": "a"}, odd, {"id": "b"}], "next": "c"})
    assert page == Page(items=[Item(id="a"), Item(id="b")], next="c")


@ODD
def test_the_innermost_odd_part_is_absent(odd: object) -> None:
    sent = {"items": [], "named": {"x": {"y": [{"id": "a"}, odd], "z": [{"id": "b"}]}}}
    named = Page.model_validate(sent).named
    assert named == {"x": {"y": [Item(id="a")], "z": [Item(id="b")]}}


@ODD
def test_an_odd_part_of_an_item_costs_no_item(odd: object) -> None:
    """A required field is another matter: without it the item is none."""
    [item] = Page.model_validate({"items": [{"id": "a", "words": ["b", odd, "c"]}]}).items
    expected = ["b", odd, "c"] if isinstance(odd, str) else ["b", "c"]
    assert item.words == expected


@pytest.mark.parametrize("odd", [None, "", 7, "x", {}], ids=str)
def test_a_required_list_that_is_none_makes_the_whole_unreadable(odd: object) -> None:
    with pytest.raises(ValidationError):
        Page.model_validate({"items": odd})


def test_what_was_sent_is_left_as_it_is() -> None:
    sent = {"items": [{"id": "a"}, 7]}
    Page.model_validate(sent)
    assert sent == {"items": [{"id": "a"}, 7]}
