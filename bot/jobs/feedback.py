"""The feedback that people gave by one press in a period, counted. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from bot.options.catalog import Catalog
from bot.options.schema import MODE
from bot.options.wording import shown
from storage.feedback import Rating


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many people find the results of one style, mode or model good, and how many bad."""

    name: str
    good: int
    bad: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackSummary:
    """The feedback of a period, each with the most first; empty where nobody gave any."""

    by_style: tuple[Tally, ...]
    """Styles that may not be named are counted together, under an empty name."""
    by_mode: tuple[Tally, ...]
    by_model: tuple[Tally, ...]
    """The names are slugs."""


def summarize_feedback(
    ratings: Sequence[Rating], catalog: Catalog, styles: Collection[str]
) -> FeedbackSummary:
    """Return how many found results good and bad, by style, mode and model.

    `styles` are the names of those that the readers may use, which are the only ones to be named.
    """

    def style_of(rating: Rating) -> str | None:
        return rating.style if rating.style is None or rating.style in styles else ""

    def mode_of(rating: Rating) -> str | None:
        model = catalog.find(rating.model)
        option = model.option(MODE) if model else None
        value = rating.input.get(MODE, option.default if option else None)
        return None if value is None else shown(value)

    return FeedbackSummary(
        by_style=_by(ratings, style_of),
        by_mode=_by(ratings, mode_of),
        by_model=_by(ratings, lambda rating: rating.model),
    )


def _by(ratings: Sequence[Rating], name_of: Callable[[Rating], str | None]) -> tuple[Tally, ...]:
    groups: dict[str, list[Rating]] = {}
    for rating in ratings:
        name = name_of(rating)
        if name is not None:
            groups.setdefault(name, []).append(rating)
    tallies = (_tally(name, group) for name, group in groups.items())
    return tuple(sorted(tallies, key=lambda one: (-one.good - one.bad, -one.good, one.name)))


def _tally(name: str, ratings: Sequence[Rating]) -> Tally:
    good = sum(rating.is_good for rating in ratings)
    return Tally(name=name, good=good, bad=len(ratings) - good)
