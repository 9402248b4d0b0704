"""Tests of the Home tab, over real HTTP: running jobs, recent videos, spending."""

from __future__ import annotations

import json

from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.faults import Fault as MindVideoFault
from sandbox.mindvideo.faults import FaultKind as MindVideoFaultKind
from sandbox.slack.entities import ANA, BEN, GENERAL
from sandbox.slack.faults import Fault as SlackFault
from sandbox.slack.faults import FaultKind as SlackFaultKind
from tests.support.running_bot import RunningBot, running_bot

RATE_LIMIT = SlackFault(kind=SlackFaultKind.RATE_LIMITED, retry_after="60")
"""Keeps a job from posting its message, so that nothing is submitted."""


def shown(bot: RunningBot, user: str = ANA) -> str:
    """Return the blocks of a user's Home tab as JSON, or an empty text."""
    view = bot.sandbox.slack.world.views.homes.get(user)
    return json.dumps(view.data["blocks"], ensure_ascii=False) if view else ""


async def test_the_home_tab_without_jobs_offers_a_first_one() -> None:
    async with running_bot() as bot:
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: "Nothing here yet" in shown(bot))
        assert '"action_id": "create_video"' in shown(bot)
        assert "You: nothing" in shown(bot)


async def test_the_home_tab_follows_a_job_from_the_request_to_the_cost() -> None:
    """The tab is redrawn without being opened again."""
    async with running_bot(render_seconds=2.0, COST_UNIT="USD") as bot:
        await bot.type("a <b> lake & hill --mode pro")
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: "On their way" in shown(bot))
        assert "a <b> lake & hill" in shown(bot)
        await bot.until(lambda: "Your last videos" in shown(bot))
        (message,) = bot.messages()
        (charge,) = bot.sandbox.video.charges
        cost = f"{charge.amount.normalize():f} USD"
        await bot.until(lambda: f"You: {cost} confirmed for 1 render" in shown(bot))
    assert "On their way" not in shown(bot)
    assert "Done in" in shown(bot)
    assert f"cost {cost}" in shown(bot)
    assert f"/archives/{GENERAL}/p{message.ts.replace('.', '')}" in shown(bot)
    for action in ("job_again", "job_edit"):
        assert f'"action_id": "{action}"' in shown(bot)


async def test_the_home_tab_shows_the_users_jobs_and_the_teams_spending() -> None:
    async with running_bot() as bot:
        await bot.type("a lake of mine", user=BEN)
        await bot.until_delivered()
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: shown(bot))
    assert "a lake of mine" not in shown(bot)
    assert "You: nothing" in shown(bot)
    assert "The whole team: 0.0756 confirmed for 1 render" in shown(bot)


async def test_the_home_tab_shows_the_reason_of_a_failure() -> None:
    async with running_bot() as bot:
        bot.sandbox.video.fail(
            MindVideoFault(call=Call.SUBMIT, kind=MindVideoFaultKind.TASK_FAILS, message="unsafe")
        )
        await bot.type("a storm")
        await bot.until_delivered()
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: shown(bot))
    assert "Failed: unsafe" in shown(bot)


async def test_only_opened_home_tabs_are_drawn() -> None:
    """A tab that was never opened is not drawn, and the Messages tab is not the Home tab."""
    async with running_bot() as bot:
        people = bot.sandbox.slack.people
        delivery = await people.open_home(ANA)
        await bot.until(lambda: shown(bot))
        delivery.payload["event"] = {"type": "app_home_opened", "user": BEN, "tab": "messages"}
        ack = await bot.sandbox.slack.dispatcher.deliver_again(delivery)
        assert ack.problem is None
        await bot.type("a lake", user=BEN)
        await bot.until_delivered()
        assert shown(bot, BEN) == ""
        assert bot.sandbox.slack.world.count("views.publish") == 1


async def test_again_in_the_home_tab_renders_once() -> None:
    """The re-run is posted in the job's channel, and retries of the click start no other."""
    async with running_bot() as bot:
        await bot.type("a lake --duration 4")
        await bot.until_delivered()
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: "Your last videos" in shown(bot))
        view = bot.sandbox.slack.world.views.homes[ANA]
        delivery = await bot.sandbox.slack.people.view_action(ANA, view.id, "job_again")
        assert delivery.error is None
        await bot.sandbox.slack.dispatcher.deliver_again(delivery)
        await bot.until_delivered(2)
        assert len(bot.sandbox.video.charges) == 2
        await bot.until(lambda: shown(bot).count("job_again") == 2)


async def test_a_job_is_cancelled_in_the_home_tab() -> None:
    """Before the submit that is free; the tab then shows it among the last ones."""
    async with running_bot() as bot:
        bot.sandbox.slack.faults.add("chat.postMessage", RATE_LIMIT)
        await bot.type("a lake")
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: "job_cancel" in shown(bot))
        view = bot.sandbox.slack.world.views.homes[ANA]
        delivery = await bot.sandbox.slack.people.view_action(ANA, view.id, "job_cancel")
        assert delivery.error is None
        await bot.until(lambda: "Cancelled · nothing was charged" in shown(bot))
        assert "job_cancel" not in shown(bot)
        assert bot.sandbox.video.charges == []


async def test_more_videos_are_loaded_and_stay_when_the_tab_is_drawn_again() -> None:
    async with running_bot() as bot:
        for number in range(8):
            await bot.type(f"lake number {number}")
        await bot.until_delivered(8)
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: "home_more" in shown(bot))
        assert shown(bot).count("job_edit") == 6
        view = bot.sandbox.slack.world.views.homes[ANA]
        delivery = await bot.sandbox.slack.people.view_action(ANA, view.id, "home_more")
        assert delivery.error is None
        await bot.until(lambda: shown(bot).count("job_edit") == 8)
        assert "home_more" not in shown(bot)
        await bot.type("one more lake")
        await bot.until_delivered(9)
        await bot.until(lambda: shown(bot).count("job_edit") == 9)
