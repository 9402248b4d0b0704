"""The Home tab, over real HTTP: what is on its way, what was made, what was spent."""

from __future__ import annotations

import json

from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.faults import Fault as MindVideoFault
from sandbox.mindvideo.faults import FaultKind as MindVideoFaultKind
from sandbox.slack.entities import ANA, BEN, GENERAL
from sandbox.slack.faults import Fault, FaultKind
from tests.support.running_bot import RunningBot, running_bot


def shown(bot: RunningBot, user: str = ANA) -> str:
    """Return what stands on a person's Home tab, or nothing."""
    view = bot.sandbox.slack.world.views.homes.get(user)
    return json.dumps(view.data["blocks"], ensure_ascii=False) if view else ""


async def test_home_invites_whoever_has_made_nothing_yet() -> None:
    async with running_bot() as bot:
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: "Nothing here yet" in shown(bot))
        assert '"action_id": "create_video"' in shown(bot)
        assert "You: nothing" in shown(bot)


async def test_home_follows_a_job_from_its_ask_to_its_cost() -> None:
    """It is drawn again without anybody opening it again."""
    async with running_bot(render_seconds=2.0, COST_UNIT="USD") as bot:
        await bot.type("a <b> lake & hill --mode pro")
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: "On their way" in shown(bot))
        assert "a &lt;b&gt; lake &amp; hill" in shown(bot)
        await bot.until(lambda: "Your last videos" in shown(bot))
        (message,) = bot.messages()
        (charge,) = bot.sandbox.video.charges
        cost = f"{charge.amount.normalize():f} USD"
        await bot.until(lambda: f"You: {cost} for 1 render" in shown(bot))
    assert "On their way" not in shown(bot)
    assert "Done in" in shown(bot)
    assert f"cost {cost}" in shown(bot)
    assert f"/archives/{GENERAL}/p{message.ts.replace('.', '')}|a &lt;b&gt;" in shown(bot)
    for action in ("job_again", "job_edit"):
        assert f'"action_id": "{action}"' in shown(bot)


async def test_home_shows_my_jobs_and_what_all_of_us_spent() -> None:
    async with running_bot() as bot:
        await bot.type("a lake of mine", user=BEN)
        await bot.until_delivered()
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: shown(bot))
    assert "a lake of mine" not in shown(bot)
    assert "You: nothing" in shown(bot)
    assert "The whole team: 0.0756 for 1 render" in shown(bot)
    assert "as billed by MindVideo" in shown(bot)


async def test_a_failure_says_why() -> None:
    async with running_bot() as bot:
        bot.sandbox.video.fail(
            MindVideoFault(call=Call.SUBMIT, kind=MindVideoFaultKind.TASK_FAILS, message="unsafe")
        )
        await bot.type("a storm")
        await bot.until_delivered()
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: shown(bot))
    assert "Failed: unsafe" in shown(bot)


async def test_many_changes_are_drawn_together() -> None:
    """Ten jobs change dozens of times; Home is drawn at once and then every few seconds."""
    async with running_bot() as bot:
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: shown(bot))
        for number in range(10):
            await bot.type(f"lake number {number}")
        await bot.until_delivered(10)
        assert bot.sandbox.slack.world.count("views.publish") <= 4


async def test_a_view_that_slack_does_not_take_is_drawn_again() -> None:
    async with running_bot() as bot:
        bot.sandbox.slack.world.faults.add(
            "views.publish", Fault(kind=FaultKind.RATE_LIMITED, retry_after="1")
        )
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: shown(bot))
        assert bot.sandbox.slack.world.count("views.publish") == 2


async def test_nobody_else_is_drawn_for() -> None:
    """Who does not look costs nothing, and the Messages tab is not Home."""
    async with running_bot() as bot:
        people = bot.sandbox.slack.people
        delivery = await people.open_home(ANA)
        await bot.until(lambda: shown(bot))
        delivery.payload["event"] = {"type": "app_home_opened", "user": BEN, "tab": "messages"}
        ack = await bot.sandbox.slack.courier.deliver_again(delivery)
        assert ack.problem is None
        await bot.type("a lake", user=BEN)
        await bot.until_delivered()
        assert shown(bot, BEN) == ""
        assert bot.sandbox.slack.world.count("views.publish") == 1


async def test_again_is_pressed_on_home() -> None:
    """The same renders once more where it was asked for, however often Slack delivers the click."""
    async with running_bot() as bot:
        await bot.type("a lake --duration 4")
        await bot.until_delivered()
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: "Your last videos" in shown(bot))
        view = bot.sandbox.slack.world.views.homes[ANA]
        delivery = await bot.sandbox.slack.people.view_action(ANA, view.id, "job_again")
        assert delivery.error is None
        await bot.sandbox.slack.courier.deliver_again(delivery)
        await bot.until_delivered(2)
        assert len(bot.sandbox.video.charges) == 2
        await bot.until(lambda: shown(bot).count("job_again") == 2)


async def test_create_and_edit_open_the_form() -> None:
    """An empty one, and one that holds what the job had."""
    async with running_bot() as bot:
        people, views = bot.sandbox.slack.people, bot.sandbox.slack.world.views
        await bot.type("a lake --duration 4")
        await bot.until_delivered()
        await people.open_home(ANA)
        await bot.until(lambda: "Your last videos" in shown(bot))
        for action, holds in (("create_video", False), ("job_edit", True)):
            delivery = await people.view_action(ANA, views.homes[ANA].id, action)
            assert delivery.error is None
            await bot.until(lambda: views.top(ANA))
            form = views.top(ANA)
            assert form is not None
            assert ("a lake" in json.dumps(form.data)) is holds
            await people.close_view(ANA, form.id)
