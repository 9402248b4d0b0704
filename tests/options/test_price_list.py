"""Tests of a model's prices: what decides a price, and the list of a model file."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest

from bot.base.errors import ConfigurationError
from bot.options.catalog import Catalog
from storage.job import Json, Price
from tests.support.model_samples import ANIMATE, ANIMATE_SLUG, catalog_with, model_with

KLING = Catalog.load().get("kling-v3")

PROPERTIES: Mapping[str, Json] = {
    "mode": {"enum": ["std", "pro"], "default": "std"},
    "duration": {"type": "integer", "default": 5},
    "prompt": {"type": "string"},
}
LISTED: Mapping[str, Json] = {
    "dated": "2026-11-01",
    "prices": [{"when": {"mode": "pro"}, "amount": "0.112"}, {"amount": "0.084"}],
}


@pytest.mark.parametrize(
    ("given", "key", "size"),
    [
        ({}, "kling-v3 mode=std audio=false", "5"),
        ({"mode": "std", "audio": False, "duration": 5}, "kling-v3 mode=std audio=false", "5"),
        ({"mode": "4k", "audio": True, "duration": 8}, "kling-v3 mode=4k audio=true", "8"),
        ({"prompt": "a lake", "watermark": True}, "kling-v3 mode=std audio=false", "5"),
    ],
)
def test_what_is_not_given_counts_as_its_default(
    given: Mapping[str, Json], key: str, size: str
) -> None:
    """And what does not move the price, not at all."""
    assert KLING.price_of(given) == Price(key=key, size=Decimal(size))


def test_the_packaged_model_names_no_price() -> None:
    """MindVideo publishes none."""
    assert KLING.listed_price({}) is None


def test_without_a_word_of_it_every_choice_and_number_moves_the_price(tmp_path: Path) -> None:
    """Rather too many prices than one that is wrong."""
    model = catalog_with(tmp_path, ANIMATE).get(ANIMATE_SLUG)
    price = model.price_of(
        {"guidance": 0.5, "code": "DE", "seed": 7, "image_urls": ["https://a.example/b"]}
    )
    assert price == Price(key=f"{ANIMATE_SLUG} resolution=720 guidance=0.5 loop=true", size=None)


@pytest.mark.parametrize(
    ("given", "amount"),
    [({}, "0.42"), ({"mode": "pro"}, "0.56"), ({"mode": "pro", "duration": 10}, "1.12")],
)
def test_the_first_line_that_fits_is_the_price(
    tmp_path: Path, given: Mapping[str, Json], amount: str
) -> None:
    """For each unit of the size."""
    prices: Json = {"by": ["mode"], "per": "duration", "listed": LISTED}
    model = model_with(tmp_path, PROPERTIES, prices=prices)
    assert model.listed_price(given) == Decimal(amount)


def test_a_list_may_have_no_line_that_fits(tmp_path: Path) -> None:
    listed: Json = {**LISTED, "prices": [{"when": {"mode": "pro"}, "amount": "3"}]}
    model = model_with(tmp_path, PROPERTIES, prices={"listed": listed})
    assert model.listed_price({}) is None
    assert model.listed_price({"mode": "pro"}) == Decimal(3)


@pytest.mark.parametrize(
    ("prices", "problem"),
    [
        ({"by": ["color"]}, r"bot\.prices names `color`"),
        ({"per": "mode"}, r"bot\.prices: `mode` must be a number"),
        ({"listed": {**LISTED, "dated": "soon"}}, r"bot\.prices\.listed\.dated"),
        ({"listed": {**LISTED, "prices": [{"amount": 0.1}]}}, r"prices\.0\.amount"),
        ({"listed": {**LISTED, "prices": [{"amount": "-1"}]}}, r"prices\.0\.amount"),
        ({"listed": {**LISTED, "prices": [{"amount": "NaN"}]}}, r"prices\.0\.amount"),
        ({"listed": {**LISTED, "prices": [{"amount": "1e400"}]}}, r"prices\.0\.amount"),
        ({"listed": {**LISTED, "prices": []}}, r"bot\.prices\.listed\.prices"),
    ],
)
def test_a_price_list_that_makes_no_sense_is_refused(
    tmp_path: Path, prices: Json, problem: str
) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        model_with(tmp_path, PROPERTIES, prices=prices)
