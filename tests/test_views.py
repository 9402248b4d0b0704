"""Forms and the Home tab, over real HTTP against the simulated Slack."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.base.errors import NotFoundError, RefusedError
from bot.slack.views import SlackViews
from sandbox.slack.entities import ANA, BEN
from sandbox.slack.service import SlackSandbox
from sandbox.slack.views import TRIGGER_SECONDS
from storage.job import Json
from tests.slack_sandbox import client_of, running_slack

SAYS: dict[str, Json] = {"type": "section", "text": {"type": "mrkdwn", "text": "Hello"}}
FORM: dict[str, Json] = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Hello"},
    "blocks": [SAYS],
}
HOME: dict[str, Json] = {"type": "home", "blocks": [SAYS]}


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.time


@pytest.fixture
def clock() -> Clock:
    """The workspace's clock."""
    return Clock()


@pytest.fixture
async def sandbox(tmp_path: Path, clock: Clock) -> AsyncIterator[SlackSandbox]:
    """A simulated Slack."""
    async with running_slack(tmp_path, now=clock) as slack:
        yield slack


@pytest.fixture
async def views(sandbox: SlackSandbox) -> AsyncIterator[SlackViews]:
    """The adapter."""
    async with client_of(sandbox) as client:
        yield SlackViews(client)


async def test_a_form_opens_for_the_person_of_the_trigger_and_is_redrawn(
    views: SlackViews, sandbox: SlackSandbox
) -> None:
    opened = await views.open(sandbox.world.views.new_trigger(ANA), FORM)

    redrawn = await views.update(opened.id, {**FORM, "callback_id": "two"}, if_hash=opened.hash)

    top = sandbox.world.views.top(ANA)
    assert top is not None
    assert (top.id, top.data["callback_id"]) == (redrawn.id, "two")
    assert sandbox.world.views.top(BEN) is None


async def test_a_form_that_changed_meanwhile_is_not_overwritten(
    views: SlackViews, sandbox: SlackSandbox
) -> None:
    opened = await views.open(sandbox.world.views.new_trigger(ANA), FORM)
    await views.update(opened.id, FORM)

    with pytest.raises(RefusedError) as caught:
        await views.update(opened.id, FORM, if_hash=opened.hash)
    assert caught.value.code == "hash_conflict"


async def test_a_trigger_serves_once_and_for_three_seconds(
    views: SlackViews, sandbox: SlackSandbox, clock: Clock
) -> None:
    trigger = sandbox.world.views.new_trigger(ANA)
    await views.open(trigger, FORM)
    with pytest.raises(RefusedError, match="try again"):
        await views.open(trigger, FORM)

    late = sandbox.world.views.new_trigger(ANA)
    clock.time += TRIGGER_SECONDS + 0.1
    with pytest.raises(RefusedError, match="try again"):
        await views.push(late, FORM)


async def test_forms_are_stacked_three_deep(views: SlackViews, sandbox: SlackSandbox) -> None:
    new_trigger = sandbox.world.views.new_trigger
    await views.open(new_trigger(ANA), FORM)
    await views.push(new_trigger(ANA), FORM)
    await views.push(new_trigger(ANA), FORM)

    with pytest.raises(RefusedError) as caught:
        await views.push(new_trigger(ANA), FORM)
    assert caught.value.code == "push_limit_reached"


async def test_a_closed_form_is_not_found(views: SlackViews, sandbox: SlackSandbox) -> None:
    opened = await views.open(sandbox.world.views.new_trigger(ANA), FORM)
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
