"""Reads when the request of a form is to start, and how often it is repeated. Pure."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from bot.base.errors import UsageError
from bot.options.form_elements import FormError, State, element, plain, selected
from bot.options.form_fields import AT_BLOCK, EVERY_BLOCK, NO_REPEAT
from bot.options.times import read_every
from storage.job import Instant, Json, RepeatEvery

LATEST = 9_999_999_999
"""The last moment of ten digits, which is what Slack's field takes as its first value.

https://docs.slack.dev/reference/block-kit/block-elements/datetime-picker-element
"""
EARLIEST = 1_000_000_000
"""The first moment of ten digits; an earlier one can be picked, and is over, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormStart:
    """When the request of a form is to start, as its fields say it."""

    at: Instant | None = None
    """The moment that was picked; `None`: at once."""
    every: RepeatEvery | None = None
    """How often it is repeated from then on; `None`: it is not."""
    is_needed: bool = False
    """Whether a moment must be picked: the text that was opened asked for one."""

    @property
    def is_given(self) -> bool:
        """Whether the request does not start at once: it has a moment, or is refused without."""
        return self.at is not None or self.every is not None or self.is_needed


AT_ONCE = FormStart()


def start_in(state: State, *, is_needed: bool = False) -> FormStart:
    """Return when a form's request is to start.

    Raises `FormError`, also for a lone repeat, and without a moment where one `is_needed`.
    """
    start = FormStart(at=_at(state), every=_every(state), is_needed=is_needed)
    if start.at is None and start.is_given:
        why = "it is to be repeated."
        if start.every is None:
            why = "your text asked for a later time. To render at once, open a new form."
        raise FormError({AT_BLOCK: f"Say when it starts, too: {why}"})
    return start


def start_entered(state: State, *, is_needed: bool = False) -> FormStart:
    """Return when an unfinished form's request is to start, without what cannot be read."""
    at: Instant | None = None
    every: RepeatEvery | None = None
    with suppress(FormError):
        at = _at(state)
    with suppress(FormError):
        every = _every(state)
    return FormStart(at=at, every=every, is_needed=is_needed)


def _at(state: State) -> Instant | None:
    picked: Json = element(state, AT_BLOCK).get("selected_date_time")
    if picked is None:
        return None
    if isinstance(picked, bool) or not isinstance(picked, int) or not 0 <= picked <= LATEST:
        raise FormError({AT_BLOCK: "This is no time that I can read. Choose another one."})
    return float(picked)


def _every(state: State) -> RepeatEvery | None:
    chosen = selected(element(state, EVERY_BLOCK))
    if chosen is None or chosen == NO_REPEAT:
        return None
    try:
        return read_every(chosen)
    except UsageError as error:
        raise FormError({EVERY_BLOCK: plain(error)}) from None
