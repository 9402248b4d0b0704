"""Tests of the time in a form, with what no field of Slack's sends."""

from __future__ import annotations

import pytest

from bot.options.form_elements import FormError, State
from bot.options.form_start import AT_ONCE, FormStart, start_entered, start_in
from storage.job import Json, RepeatEvery


def state(at: Json, every: Json = "never") -> State:
    """Return the state of the fields of a form."""
    menu: Json = {"selected_option": {"value": every}}
    return {"at": {"at": {"selected_date_time": at}}, "every": {"every": menu}}


@pytest.mark.parametrize("odd", [True, -1, 1.5, "1800000000", 10**10, 10**400, [], {}])
def test_what_is_no_time_is_refused_and_starts_nothing_at_once(odd: Json) -> None:
    with pytest.raises(FormError) as caught:
        start_in(state(odd))
    assert [*caught.value.errors] == ["at"]
    assert start_entered(state(odd)) == AT_ONCE


def test_each_field_is_read_by_itself_while_a_form_is_filled() -> None:
    with pytest.raises(FormError) as caught:
        start_in(state(1_800_000_000, "hour"))
    assert [*caught.value.errors] == ["every"]
    assert start_entered(state(1_800_000_000, "hour")) == FormStart(at=1_800_000_000)
    assert start_entered(state("x", "day")) == FormStart(every=RepeatEvery.DAY)
    assert start_in({}) == start_in(state(None)) == AT_ONCE


def test_a_form_that_needs_a_time_is_refused_without_one() -> None:
    with pytest.raises(FormError) as caught:
        start_in({}, is_needed=True)
    assert [*caught.value.errors] == ["at"]
    assert start_in(state(1_800_000_000), is_needed=True).at == 1_800_000_000
