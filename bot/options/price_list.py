"""What a model file says of a model's prices, and the price of an input. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from bot.options.condition import ConditionalLine
from bot.options.file_part import FILE_PART
from bot.options.schema import PROMPT, SEED, Kind, Option
from bot.options.wording import shown
from storage.job import Json, Price


def _check_date(text: str) -> str:
    date.fromisoformat(text)
    return text


class ListedPrice(ConditionalLine):
    """One line of a price list."""

    amount: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,9}(\.[0-9]{1,20})?$")]
    """A decimal number as text: for each unit of `per` if there is one, else for a render."""


class PriceList(BaseModel):
    """Prices that MindVideo or a contract names."""

    model_config = FILE_PART

    dated: Annotated[str, AfterValidator(_check_date)]
    """When they were read: `2026-11-26`."""
    prices: Annotated[list[ListedPrice], Field(min_length=1)]


class PricePart(BaseModel):
    """What moves the price of a model's renders."""

    model_config = FILE_PART

    by: list[str] | None = None
    """The properties that move the price; `null`: every one that is a choice or a number."""
    per: str | None = None
    """The property with the number by which the price grows, such as the duration."""
    listed: PriceList | None = None

    @property
    def names(self) -> Iterator[str]:
        """Every property that it names."""
        yield from self.by or ()
        yield from () if self.per is None else (self.per,)
        for line in self.listed.prices if self.listed else ():
            yield from line.when


_NUMBERS = frozenset({Kind.INTEGER, Kind.NUMBER})


def counts_in_numbers(option: Option) -> bool:
    """Tell whether an option is a number, by which a price can grow."""
    return option.kind in _NUMBERS


def moving_price(options: Iterable[Option], part: PricePart) -> tuple[Option, ...]:
    """Return the options that move the price, without the one by which it grows."""
    return tuple(option for option in options if _moves_price(option, part))


def price_of(
    slug: str, moving: Iterable[Option], per: Option | None, given: Mapping[str, Json]
) -> Price:
    """Return what decides the price of an input; options that are not given have their defaults."""
    values = ((option.name, _value(option, given)) for option in moving)
    parts = (f"{name}={shown(value)}" for name, value in values if value is not None)
    size = None if per is None else _value(per, given)
    return Price(key=" ".join((slug, *parts)), size=None if size is None else Decimal(str(size)))


def listed_price(part: PricePart, values: Mapping[str, Json]) -> Decimal | None:
    """Return the price of a render with these values of all options; `None`: the list has none."""
    for line in part.listed.prices if part.listed else ():
        if line.fits(values):
            amount = Decimal(line.amount)
            size = None if part.per is None else values[part.per]
            return amount if size is None else amount * Decimal(str(size))
    return None


def _value(option: Option, given: Mapping[str, Json]) -> Json:
    return given.get(option.name, option.default)


def _moves_price(option: Option, part: PricePart) -> bool:
    if option.name == part.per:
        return False
    if part.by is not None:
        return option.name in part.by
    is_choice = bool(option.choices) or option.kind in {*_NUMBERS, Kind.BOOLEAN}
    return is_choice and option.name not in {PROMPT, SEED}
