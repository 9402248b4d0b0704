"""Tests of the buttons under a job's message and its result."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import cast

import pytest

from bot.jobs.prices import RenderPrices
from bot.messages import buttons, prices
from bot.messages.blocks import Block
from bot.messages.buttons import ButtonValue, read_value
from bot.money.forecast import PriceToConfirm
from bot.options.catalog import Catalog
from storage.job import Failure, Forecast, ForecastKind, Job, Json, Outcome, Stage
from tests.support.job_samples import DONE, RENDERING, REQUESTED
from tests.support.model_samples import model_with

KLING = Catalog.load().default
SENT = replace(RENDERING, stage=Stage.ANNOUNCED, submitted_at=None)


MENU = "…"
"""What Slack shows of a menu."""


def row(body: Sequence[Block]) -> list[Mapping[str, str]]:
    """Return the buttons of the only row, and the menu behind them."""
    (actions,) = body
    return cast("list[Mapping[str, str]]", actions["elements"])


def labels(body: Sequence[Block]) -> list[str]:
    """Return the buttons' labels."""
    return [_label(each) for each in row(body)]


def _label(element: Mapping[str, str]) -> str:
    if element["type"] == "overflow":
        return MENU
    return cast("Mapping[str, str]", element["text"])["text"]


def message_labels(job: Job) -> list[str]:
    """Return the labels under a job's message."""
    return labels(buttons.under_message(job, KLING.upgrades_beyond(job.input)))


def result_labels(job: Job) -> list[str]:
    """Return the labels under a job's result."""
    return labels(buttons.under_result(job, KLING.upgrades_beyond(job.input)))


@pytest.mark.parametrize("job", [REQUESTED, SENT, RENDERING])
def test_a_running_job_can_be_cancelled(job: Job) -> None:
    assert message_labels(job) == ["Cancel", "Details"]


@pytest.mark.parametrize(
    "job",
    [
        replace(REQUESTED, cancel_requested_at=1002.0),
        replace(RENDERING, given_up_at=1002.0),
        replace(RENDERING, stage=Stage.FINISHED, outcome=Outcome.SUCCEEDED),
        replace(RENDERING, stage=Stage.PARKED),
    ],
)
def test_a_finished_or_parked_job_cannot_be_cancelled(job: Job) -> None:
    assert message_labels(job) == ["Details"]


def test_a_finished_video_can_be_rendered_again_and_upgraded() -> None:
    assert result_labels(DONE) == [
        "Again",
        "Edit and re-run",
        "In 4K",
        "Share to channel",
        "Share elsewhere",
        "Details",
        MENU,
    ]


def test_a_failed_job_can_be_rendered_again_and_not_upgraded() -> None:
    failed = replace(DONE, outcome=Outcome.FAILED)
    assert result_labels(failed) == ["Try again", "Edit", "Details"]
    refused = replace(REQUESTED, stage=Stage.REJECTED, outcome=Outcome.CANCELLED)
    assert message_labels(refused) == ["Again", "Edit and re-run", "Details"]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (Failure.WORDS, ["Edit"]),
        (Failure.IMAGE, ["Edit"]),
        (Failure.LIMIT, ["Try again"]),
        (Failure.CREDIT, ["Try again"]),
        (Failure.ACCESS, ["Try again"]),
        (Failure.FAULT, ["Try again"]),
        (None, ["Try again", "Edit"]),
    ],
)
def test_a_failure_offers_what_can_help(failure: Failure | None, expected: list[str]) -> None:
    """The same words are refused again; a fault of the service is not the prompt's."""
    failed = replace(DONE, outcome=Outcome.FAILED, failure=failure)
    refused = replace(REQUESTED, stage=Stage.REJECTED, outcome=Outcome.FAILED, failure=failure)
    assert message_labels(refused) == result_labels(failed) == [*expected, "Details"]


def test_a_direct_conversation_is_no_channel_to_share_to() -> None:
    """The video can still be shared to a channel that the user chooses."""
    labels_there = result_labels(replace(DONE, channel="D1"))
    assert "Share to channel" not in labels_there
    assert "Share elsewhere" in labels_there


def test_a_job_has_one_set_of_buttons_under_its_newest_message() -> None:
    """Once the result is posted, the buttons are there."""
    assert buttons.under_message(DONE, KLING.upgrades) == []
    unposted = replace(DONE, delivery=replace(DONE.delivery, ts=None))
    assert "Again" in str(buttons.under_message(unposted, KLING.upgrades))


@pytest.mark.parametrize(
    ("pressed", "line"),
    [
        ({"job_again": "U2"}, "*Again* by <@U2>"),
        ({"job_upgrade_0": "U2", "job_share": "U3"}, "*In 4K* by <@U2> · *Share to channel* by"),
        ({"job_upgrade_7": "U2"}, None),
    ],
)
def test_a_pressed_button_is_replaced_by_who_pressed_it(
    pressed: dict[str, str], line: str | None
) -> None:
    body = buttons.under_result(replace(DONE, pressed=pressed), KLING.upgrades)
    left = [str(element["action_id"]) for element in row(body[-1:])]
    assert not set(left) & pressed.keys()
    assert left[-2:] == ["job_details", "job_more"]
    if line is None:
        assert len(body) == 1
    else:
        assert line in str(body[0])


def test_an_upgrade_is_offered_to_jobs_without_its_options() -> None:
    better = replace(DONE, input={"prompt": "a lake", "mode": "4k"})
    assert result_labels(better) == [
        "Again",
        "Edit and re-run",
        "Share to channel",
        "Share elsewhere",
        "Details",
        MENU,
    ]
    assert KLING.upgrades_beyond(replace(DONE, input={"mode": "pro"}).input) == KLING.upgrades


def test_the_menu_under_a_result_keeps_it_or_lets_it_go() -> None:
    """The line above says who keeps it."""
    for kept_by, choice in ((None, "Keep"), ("U2", "Stop keeping")):
        body = buttons.under_result(replace(DONE, kept_by=kept_by), KLING.upgrades)
        menu = json.dumps(row(body[-1:])[-1])
        assert f'"text": "{choice}"' in menu
        assert ("kept by <@U2>" in json.dumps(body[0])) is (kept_by is not None)
    assert buttons.read_choice("keep job1") == (buttons.Choice.KEEP, "job1")
    for value in ("", "keep", "keep ", "lose job1", "job1"):
        assert buttons.read_choice(value) is None


def test_a_default_of_the_model_counts_as_an_option_of_the_job(tmp_path: Path) -> None:
    model = model_with(
        tmp_path,
        {"size": {"enum": ["small", "big"], "default": "big"}},
        upgrades=[{"label": "Big", "set": {"size": "big"}}],
    )
    assert model.upgrades_beyond(replace(DONE, input={}).input) == ()
    assert len(model.upgrades_beyond(replace(DONE, input={"size": "small"}).input)) == 1


def test_a_value_holds_the_job_and_the_options() -> None:
    """The options are in the value, so an old button does what its label says."""
    again, _, upgrade, *_ = row(buttons.under_result(DONE, KLING.upgrades))
    assert read_value(again["value"]) == ButtonValue(job_id="k7m2p9", changes={})
    assert read_value(upgrade["value"]) == ButtonValue(job_id="k7m2p9", changes={"mode": "4k"})


@pytest.mark.parametrize("value", ["", " {}", "k7m2p9 {broken", "k7m2p9 [1]"])
def test_a_malformed_value_is_refused(value: str) -> None:
    assert read_value(value) is None


def test_each_button_of_a_row_has_its_own_action_id(tmp_path: Path) -> None:
    """Slack refuses a row with two equal action IDs."""
    changes: Sequence[Json] = [{"label": str(n), "set": {"n": n}} for n in range(5)]
    model = model_with(tmp_path, {"n": {"type": "integer"}}, upgrades=changes)
    elements = row(buttons.under_result(DONE, model.upgrades))
    assert len({each["action_id"] for each in elements}) == len(elements) == 11


def test_a_screen_reader_is_given_the_video_of_a_button() -> None:
    """The text for screen readers begins with the label; Slack takes 75 characters."""
    job = replace(DONE, input={"prompt": "a\n<very> long " + "very long " * 30})
    *found, _menu = row(buttons.under_result(job, KLING.upgrades))
    for each in found:
        assert each["accessibility_label"].startswith(
            cast("Mapping[str, str]", each["text"])["text"]
        )
        assert "a very long" in each["accessibility_label"]
        assert len(each["accessibility_label"]) <= 75
    wordless = row(buttons.under_result(replace(DONE, input={}), ()))
    assert json.dumps(wordless[0]["accessibility_label"]) == '"Again: kling-v3"'


PRICED = RenderPrices(
    again=PriceToConfirm(amount=Decimal("0.50"), above=Decimal("0.1")),
    upgrades=(PriceToConfirm(amount=None),),
    unit="USD",
)
FAILED = replace(DONE, outcome=Outcome.FAILED, failure=Failure.FAULT)


def asked_first(body: Sequence[Block]) -> Mapping[str, tuple[str, ButtonValue | None]]:
    """Return the title of each button's dialog and the button's value, by label."""
    return {
        label: (each["confirm"]["title"]["text"], read_value(each["value"]))  # type: ignore[index]
        for label, each in zip(labels(body), row(body), strict=True)
        if "confirm" in each
    }


def test_every_button_that_renders_tells_a_price_that_is_to_be_confirmed() -> None:
    """And its value what it told; the others render nothing."""
    again = ("Render for about 0.5 USD?", Decimal("0.50"))
    for job, label in ((DONE, "Again"), (FAILED, "Try again")):
        found = asked_first(buttons.under_result(job, KLING.upgrades, PRICED))
        title, value = found[label]
        assert value is not None
        assert value.agreed is not None
        assert (title, value.agreed.amount, value.job_id) == (*again, job.id)
    found = asked_first(buttons.under_result(DONE, KLING.upgrades, PRICED))
    assert found.keys() == {"Again", "In 4K"}
    title, value = found["In 4K"]
    assert title == "Render at an unknown price?"
    agreed = PriceToConfirm(amount=None)
    assert value == ButtonValue(job_id=DONE.id, changes={"mode": "4k"}, agreed=agreed)


def test_a_dialog_keeps_slacks_limits_with_the_longest_amounts() -> None:
    """Nine digits before the point, twenty behind it, and sixteen characters of a unit."""
    amount = Decimal("123456789.12345678901234567891")
    price = PriceToConfirm(amount=amount, above=amount)
    told = prices.dialog(price, "U" * 16).to_dict()
    assert len(cast("Mapping[str, str]", told["title"])["text"]) <= 100
    assert len(cast("Mapping[str, str]", told["text"])["text"]) <= 300
    forecast = Forecast(kind=ForecastKind.LISTED, amount=amount)
    assert prices.in_form(forecast, price, "U" * 16).label == "Render at this price"
