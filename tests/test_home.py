"""The Home tab, over real HTTP: what is on its way, what was made, what was spent."""

from __future__ import annotations

import json

from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.faults import Fault as MindVideoFault
from sandbox.mindvideo.faults import FaultKind as MindVideoFaultKind
from sandbox.slack.entities import ANA, BEN, GENERAL
from sandbox.slack.faults import Fault, FaultKind
from tests.house import House, house


def shown(home: House, user: str = ANA) -> str:
    """Return what stands on a person's Home tab, or nothing."""
    view = home.town.slack.world.views.homes.get(user)
    return json.dumps(view.data["blocks"], ensure_ascii=False) if view else ""


async def test_home_invites_whoever_has_made_nothing_yet() -> None:
    async with house() as home:
        await home.town.slack.people.open_home(ANA)
        await home.until(lambda: "Nothing here yet" in shown(home))
        assert '"action_id": "create_video"' in shown(home)
        assert "You: nothing" in shown(home)


async def test_home_follows_a_job_from_its_ask_to_its_cost() -> None:
    """It is drawn again without anybody opening it again."""
    async with house(render_seconds=2.0, COST_UNIT="USD") as home:
        await home.type("a <b> lake & hill --mode pro")
        await home.town.slack.people.open_home(ANA)
        await home.until(lambda: "On their way" in shown(home))
        assert "a &lt;b&gt; lake &amp; hill" in shown(home)
        await home.until(lambda: "Your last videos" in shown(home))
        (message,) = home.messages()
        (charge,) = home.town.video.charges
        cost = f"{charge.amount.normalize():f} USD"
        await home.until(lambda: f"You: {cost} for 1 render" in shown(home))
    assert "On their way" not in shown(home)
    assert "Done in" in shown(home)
    assert f"cost {cost}" in shown(home)
    assert f"/archives/{GENERAL}/p{message.ts.replace('.', '')}|a &lt;b&gt;" in shown(home)
    for action in ("job_again", "job_edit"):
        assert f'"action_id": "{action}"' in shown(home)


async def test_home_shows_my_jobs_and_what_all_of_us_spent() -> None:
    async with house() as home:
        await home.type("a lake of mine", user=BEN)
        await home.until_delivered()
        await home.town.slack.people.open_home(ANA)
        await home.until(lambda: shown(home))
    assert "a lake of mine" not in shown(home)
    assert "You: nothing" in shown(home)
    assert "The whole team: 0.0756 for 1 render" in shown(home)
    assert "as billed by MindVideo" in shown(home)


async def test_a_failure_says_why() -> None:
    async with house() as home:
        home.town.video.fail(
            MindVideoFault(call=Call.SUBMIT, kind=MindVideoFaultKind.TASK_FAILS, message="unsafe")
        )
        await home.type("a storm")
        await home.until_delivered()
        await home.town.slack.people.open_home(ANA)
        await home.until(lambda: shown(home))
    assert "Failed: unsafe" in shown(home)


async def test_many_changes_are_drawn_together() -> None:
    """Ten jobs change dozens of times; Home is drawn at once and then every few seconds."""
    async with house() as home:
        await home.town.slack.people.open_home(ANA)
        await home.until(lambda: shown(home))
        for number in range(10):
            await home.type(f"lake number {number}")
        await home.until_delivered(10)
        assert home.town.slack.world.count("views.publish") <= 4


async def test_a_view_that_slack_does_not_take_is_drawn_again() -> None:
    async with house() as home:
        home.town.slack.world.faults.add(
            "views.publish", Fault(kind=FaultKind.RATE_LIMITED, retry_after="1")
        )
        await home.town.slack.people.open_home(ANA)
        await home.until(lambda: shown(home))
        assert home.town.slack.world.count("views.publish") == 2


async def test_nobody_else_is_drawn_for() -> None:
    """Who does not look costs nothing, and the Messages tab is not Home."""
    async with house() as home:
        people = home.town.slack.people
        delivery = await people.open_home(ANA)
        await home.until(lambda: shown(home))
        delivery.payload["event"] = {"type": "app_home_opened", "user": BEN, "tab": "messages"}
        ack = await home.town.slack.courier.deliver_again(delivery)
        assert ack.problem is None
        await home.type("a lake", user=BEN)
        await home.until_delivered()
        assert shown(home, BEN) == ""
        assert home.town.slack.world.count("views.publish") == 1


async def test_again_is_pressed_on_home() -> None:
    """The same renders once more where it was asked for, however often Slack delivers the click."""
    async with house() as home:
        await home.type("a lake --duration 4")
        await home.until_delivered()
        await home.town.slack.people.open_home(ANA)
        await home.until(lambda: "Your last videos" in shown(home))
        view = home.town.slack.world.views.homes[ANA]
        delivery = await home.town.slack.people.view_action(ANA, view.id, "job_again")
        assert delivery.error is None
        await home.town.slack.courier.deliver_again(delivery)
        await home.until_delivered(2)
        assert len(home.town.video.charges) == 2
        await home.until(lambda: shown(home).count("job_again") == 2)


async def test_create_and_edit_open_the_form() -> None:
    """An empty one, and one that holds what the job had."""
    async with house() as home:
        people, views = home.town.slack.people, home.town.slack.world.views
        await home.type("a lake --duration 4")
        await home.until_delivered()
        await people.open_home(ANA)
        await home.until(lambda: "Your last videos" in shown(home))
        for action, holds in (("create_video", False), ("job_edit", True)):
            delivery = await people.view_action(ANA, views.homes[ANA].id, action)
            assert delivery.error is None
            await home.until(lambda: views.top(ANA))
            form = views.top(ANA)
            assert form is not None
            assert ("a lake" in json.dumps(form.data)) is holds
            await people.close_view(ANA, form.id)
