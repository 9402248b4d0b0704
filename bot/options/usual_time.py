"""What a model file says of how long renders take. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Self

from pydantic import Field, model_validator

from bot.options.condition import ConditionalLine
from storage.job import Json


@dataclass(frozen=True, slots=True)
class UsualTime:
    """The time in which eight of ten renders end: neither before `shortest` nor after `longest`.

    In seconds after the submit, at least 1.
    """

    shortest: float
    longest: float


class PublishedTime(ConditionalLine):
    """The usual time of some renders of a model, as others publish it."""

    shortest: Annotated[float, Field(ge=1)]
    """In seconds, as is `longest`."""
    longest: Annotated[float, Field(le=24 * 3600)]

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if self.longest <= self.shortest:
            raise ValueError("longest is not more than shortest")
        return self


def usual_time(published: Iterable[PublishedTime], values: Mapping[str, Json]) -> UsualTime | None:
    """Return the usual time of a render with these values of all options; `None`: not published."""
    for line in published:
        if line.fits(values):
            return UsualTime(line.shortest, line.longest)
    return None
