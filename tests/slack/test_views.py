"""Forms and the Home tab, over real HTTP against the simulated Slack."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.base.errors import NotFoundError, RefusedError
from bot.slack.views import SlackViews
from sandbox.slack.entities import ANA, BEN
from sandbox.slack.service import SlackSandbox
from sandbox.slack.views import TRIGGER_SECONDS, View
from storage.job import Json
from tests.support.clock import ManualClock
from tests.support.slack_sandbox import client_of, running_slack

SAYS: dict[str, Json] = {"type": "section", "text": {"type": "mrkdwn", "text": "Hello"}}
FORM: dict[str, Json] = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Hello"},
    "blocks": [SAYS],
}
HOME: dict[str, Json] = {"type": "home", "blocks": [SAYS]}


@pytest.fixture
def clock() -> ManualClock:
    """The workspace's clock."""
    return ManualClock()


@pytest.fixture
async def sandbox(tmp_path: Path, clock: ManualClock) -> AsyncIterator[SlackSandbox]:
    """A simulated Slack."""
    async with running_slack(tmp_path, now=clock) as slack:
        yield slack


@pytest.fixture
async def views(sandbox: SlackSandbox) -> AsyncIterator[SlackViews]:
    """The adapter."""
    async with client_of(sandbox) as client:
        yield SlackViews(client)


async def open_form(views: SlackViews, sandbox: SlackSandbox) -> View:
    """Open a form for Ana, and return it as she sees it."""
    await views.open(sandbox.world.views.new_trigger(ANA), FORM)
    opened = sandbox.world.views.top(ANA)
    assert opened is not None
    return opened


async def test_a_form_opens_for_the_person_of_the_trigger_and_is_redrawn(
    views: SlackViews, sandbox: SlackSandbox
) -> None:
    opened = await open_form(views, sandbox)
    view_id = opened.id

    await views.update(opened.id, {**FORM, "callback_id": "two"}, if_hash=opened.hash)

    top = sandbox.world.views.top(ANA)
    assert top is not None
    assert (top.id, top.data["callback_id"]) == (view_id, "two")
    assert sandbox.world.views.top(BEN) is None


async def test_a_form_that_changed_meanwhile_is_not_overwritten(
    views: SlackViews, sandbox: SlackSandbox
) -> None:
    opened = await open_form(views, sandbox)
    first_hash = opened.hash
    await views.update(opened.id, FORM)

    with pytest.raises(RefusedError) as caught:
        await views.update(opened.id, FORM, if_hash=first_hash)
    assert caught.value.code == "hash_conflict"


async def test_a_used_trigger_is_no_error_and_opens_no_second_form(
    views: SlackViews, sandbox: SlackSandbox
) -> None:
    """It comes with a repeated delivery of what opened the form already."""
    trigger = sandbox.world.views.new_trigger(ANA)
    await views.open(trigger, FORM)
    opened = sandbox.world.views.top(ANA)

    await views.open(trigger, {**FORM, "callback_id": "two"})

    assert opened is not None
    assert sandbox.world.views.top(ANA) is opened
    assert "callback_id" not in opened.data


async def test_a_trigger_serves_for_three_seconds(
    views: SlackViews, sandbox: SlackSandbox, clock: ManualClock
) -> None:
    late = sandbox.world.views.new_trigger(ANA)
    clock.now += TRIGGER_SECONDS + 0.1

    with pytest.raises(RefusedError, match="try again"):
        await views.open(late, FORM)
    assert sandbox.world.views.top(ANA) is None


async def test_a_trigger_that_slack_never_gave_is_an_error(views: SlackViews) -> None:
    with pytest.raises(RefusedError) as caught:
        await views.open("13.98.none", FORM)
    assert caught.value.code == "invalid_trigger_id"


async def test_a_closed_form_is_not_found(views: SlackViews, sandbox: SlackSandbox) -> None:
    opened = await open_form(views, sandbox)
    await sandbox.people.close_view(ANA, opened.id)

    with pytest.raises(NotFoundError):
        await views.update(opened.id, FORM)


async def test_the_home_tab_is_redrawn_in_place(views: SlackViews, sandbox: SlackSandbox) -> None:
    await views.publish_home(ANA, HOME)
    first = sandbox.world.views.homes[ANA]
    await views.publish_home(ANA, {**HOME, "blocks": [SAYS, SAYS]})

    assert sandbox.world.views.homes[ANA] is first
    assert len(sandbox.world.views.homes[ANA].data["blocks"]) == 2  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "view",
    [
        {**FORM, "title": {"type": "plain_text", "text": "x" * 25}},
        {**FORM, "blocks": [SAYS] * 101},
        {**FORM, "blocks": [{"type": "section"}]},
        {
            **FORM,
            "blocks": [
                {
                    "type": "input",
                    "label": {"type": "plain_text", "text": "a field without a submit"},
                    "element": {"type": "plain_text_input", "action_id": "a"},
                },
            ],
        },
    ],
)
async def test_a_form_that_slack_would_not_show_is_refused(
    views: SlackViews, sandbox: SlackSandbox, view: dict[str, Json]
) -> None:
    with pytest.raises(RefusedError):
        await views.open(sandbox.world.views.new_trigger(ANA), view)
