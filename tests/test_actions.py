"""Every button of a job, pressed in the simulated Slack and delivered over real HTTP, signed."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import cast

import pysqlite3
import pytest

from bot.messages import buttons
from sandbox.mindvideo.faults import Call
from sandbox.slack.delivery import Delivery
from sandbox.slack.entities import ANA, BEN, BOT, CREW, GENERAL, Said
from sandbox.slack.faults import RESPONSE_URL, Fault, FaultKind
from tests.house import House, house
from tests.test_conversations import direct, say, until_whispered
from tests.test_replies import inputs, job_of, started

UPGRADE = f"{buttons.UPGRADE}_0"
# Long enough to press something while MindVideo renders.
SLOW_SECONDS = 600.0


async def press(home: House, said: Said, action_id: str, *, user: str = ANA) -> Delivery:
    """Press a button under a message, and see that Slack heard "ok"."""
    delivery = await home.town.slack.people.click(user, said.ts, action_id)
    assert delivery.error is None
    return delivery


def result_of(home: House, message: Said, channel: str = GENERAL) -> Said:
    """Return what stands in the thread of a job's message."""
    (said,) = [one for one in home.replies(channel) if one.thread_ts == message.ts]
    return said


def labels(said: Said) -> list[str]:
    """Return what the buttons under a message say."""
    rows = [block["elements"] for block in said.blocks if block["type"] == "actions"]
    elements = cast("list[list[dict[str, dict[str, str]]]]", rows)
    return [element["text"]["text"] for row in elements for element in row]


async def rendering(home: House) -> Said:
    """Let Ana ask for a video, and return its message once MindVideo has it."""
    await home.type("a lake --mode pro")
    await home.until(lambda: home.messages() and "MindVideo" in home.messages()[0].text)
    await home.until(lambda: "Queued at" in home.messages()[0].text)
    return home.messages()[0]


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket mode"])
async def test_again_renders_the_same_again_with_a_link_to_its_parent(*, socket_mode: bool) -> None:
    """A new message with a new key and a new charge, in the same channel."""
    async with house(socket_mode=socket_mode) as home:
        parent = await started(home)
        await press(home, parent, buttons.AGAIN)
        await home.until_delivered(2)
        _, child = home.messages()
        row = await job_of(home, child)
        assert inputs(home) == [{"prompt": "a lake", "mode": "pro", "duration": 5}] * 2
        assert len({charge.key for charge in home.town.video.charges}) == 2
    assert (row.parent_id, row.surface, row.user) == (parent.job_id, "button", ANA)
    link = f"/archives/{GENERAL}/p{parent.ts.replace('.', '')}|{parent.job_id}>"
    assert link in json.dumps(child.blocks)
    assert home.whispers() == []


async def test_the_result_has_the_same_buttons() -> None:
    """Somebody else may press them too: the re-run is theirs, and stands in the channel."""
    async with house() as home:
        parent = await started(home)
        assert "Share to channel" in labels(result_of(home, parent))
        await press(home, result_of(home, parent), buttons.AGAIN, user=BEN)
        await home.until_delivered(2)
        _, child = home.messages()
        assert (await job_of(home, child)).user == BEN


async def test_an_upgrade_sets_its_options_and_is_then_not_offered_again() -> None:
    """`mode: 4k`, and all else as it was."""
    async with house() as home:
        parent = await started(home)
        assert "In 4K" in labels(parent)
        await press(home, parent, UPGRADE)
        await home.until_delivered(2)
        _, child = home.messages()
        assert inputs(home)[1] == {"prompt": "a lake", "mode": "4k", "duration": 5}
    assert "In 4K" not in labels(child)
    assert "In 4K" not in labels(result_of(home, child))


async def test_one_click_is_one_job_however_often_it_is_delivered() -> None:
    """Slack's repeats carry the same `action_ts`; ten at once, and one after all is done."""
    async with house() as home:
        parent = await started(home)
        click = await press(home, parent, buttons.AGAIN)
        courier = home.town.slack.courier
        acks = await asyncio.gather(*(courier.deliver_again(click) for _ in range(10)))
        await home.until_delivered(2)
        acks.append(await courier.deliver_again(click))
        assert [ack.problem for ack in acks if ack.problem] == []
        assert len(home.messages()) == len(home.town.video.charges) == 2
        assert home.whispers() == []


async def test_a_second_press_within_a_minute_is_a_question() -> None:
    """A button is easily pressed twice; who means it says so, and nothing is charged before."""
    async with house() as home:
        parent = await started(home)
        for _ in range(2):
            await press(home, parent, buttons.AGAIN)
        question = await until_whispered(home)
        await home.until_delivered(2)
        assert question.ephemeral_for == ANA
        assert len(home.town.video.charges) == 2
        await press(home, question, buttons.AGAIN)
        await home.until_delivered(3)
        assert len(home.town.video.charges) == 3


async def test_a_press_long_afterwards_is_another_job() -> None:
    """Buttons never expire, and what was pressed a minute ago is no reason to ask."""
    async with house() as home:
        parent = await started(home)
        await press(home, parent, buttons.AGAIN)
        await home.until_delivered(2)
        _make_older(home, 61.0)
        await press(home, parent, buttons.AGAIN)
        await home.until_delivered(3)
        assert home.whispers() == []


async def test_a_rerun_of_a_thread_stays_in_its_thread() -> None:
    async with house() as home:
        asked = await say(home, f"<@{BOT}> a lake")
        await home.until(lambda: len(home.replies()) == 2)
        await home.until(lambda: "Done in" in home.replies()[0].text)
        await press(home, home.replies()[0], buttons.AGAIN)
        await home.until(lambda: len(home.replies()) == 4)
        assert {said.thread_ts for said in home.replies()} == {asked.ts}


async def test_a_rerun_from_a_private_channel_or_message_stays_there() -> None:
    async with house() as home:
        alone = direct(home)
        for channel in (CREW, alone):
            await home.type("a lake", channel=channel)
            await home.until_delivered(channel=channel)
            (parent,) = home.messages(channel)
            await press(home, parent, buttons.AGAIN)
            await home.until_delivered(2, channel=channel)
        assert "Share to channel" in labels(home.replies(CREW)[0])
        assert "Share to channel" not in labels(home.replies(alone)[0])


async def test_home_has_a_button_that_renders_again() -> None:
    """Home is in no channel, so the re-run stands where its parent does."""
    async with house() as home:
        await started(home)
        await home.town.slack.people.open_home(ANA)
        homes = home.town.slack.world.views.homes
        await home.until(lambda: ANA in homes and "job_again" in str(homes[ANA].data))
        await home.town.slack.people.view_action(ANA, homes[ANA].id, buttons.AGAIN)
        await home.until_delivered(2)
        assert len(home.town.video.charges) == 2


async def test_cancel_before_the_submit_is_free() -> None:
    """MindVideo never hears of it."""
    async with house() as home:
        # The bot does not know yet that its message stands, and looks for it in two seconds.
        home.town.slack.faults.add("chat.postMessage", Fault(kind=FaultKind.LOST_AFTER))
        await home.type("a lake")
        await home.until(home.messages)
        (message,) = home.messages()
        assert labels(message) == ["Cancel", "Details"]
        await press(home, message, buttons.CANCEL)
        answer = await until_whispered(home)
        assert "costs nothing" in answer.text
        await home.until(lambda: "Cancelled" in home.messages()[0].text)
        assert home.town.video.charges == []
        assert home.town.video.calls(Call.SUBMIT) == []
    assert labels(message) == ["Again", "Edit and re-run", "Details"]


async def test_cancel_after_the_submit_says_honestly_that_it_is_billed() -> None:
    """The render can only be given up; then the message and the thread say so, with the bill."""
    async with house(render_seconds=SLOW_SECONDS) as home:
        message = await rendering(home)
        await press(home, message, buttons.CANCEL)
        answer = await until_whispered(home)
        assert "bills the render" in answer.text
        assert labels(answer) == ["Stop following it"]
        assert "Queued at" in message.text, "nothing has changed yet"
        await press(home, answer, buttons.GIVE_UP)
        await home.until(lambda: "Given up after" in message.text)
        await home.until(home.replies)
        (told,) = home.replies()
        assert "you stopped following this render" in told.text
        assert "MindVideo goes on with it and bills it" in told.text
        await home.until(lambda: len(home.whispers()) == 2)
    assert "not followed up any more" in home.whispers()[-1].text
    assert labels(message) == labels(told) == ["Again", "Edit and re-run", "Details"]


async def test_only_the_asker_and_admins_may_cancel() -> None:
    """Others get a private word, by either button; an admin of the bot's needs no leave."""
    async with house(render_seconds=SLOW_SECONDS, ADMINS="U0MIA") as home:
        message = await rendering(home)
        await press(home, message, buttons.CANCEL, user=BEN)
        word = await until_whispered(home)
        assert word.ephemeral_for == BEN
        assert f"Only <@{ANA}>" in word.text
        await press(home, message, buttons.CANCEL, user="U0MIA")
        offer = await until_whispered(home, 2)
        await press(home, offer, buttons.GIVE_UP, user="U0MIA")
        await home.until(home.replies)
        (told,) = home.replies()
    assert f"<@{ANA}> an admin stopped following this render" in told.text


async def test_a_cancel_that_comes_too_late_changes_nothing() -> None:
    """The button may still stand on a screen that has not been redrawn."""
    async with house(render_seconds=2.0) as home:
        message = await rendering(home)
        click = await press(home, message, buttons.CANCEL)
        offer = await until_whispered(home)
        await home.until_delivered()
        await press(home, offer, buttons.GIVE_UP)
        late = await until_whispered(home, 2)
        assert "nothing left to cancel" in late.text
        assert "*Done* in" in late.text
        await home.town.slack.courier.deliver_again(click)
    assert "Done in" in message.text
    assert len(home.whispers()) == 2, "a click is answered once"


async def test_share_tells_the_channel_once() -> None:
    """By name and without ringing; a repeat, and another press, add nothing."""
    async with house() as home:
        parent = await started(home)
        result = result_of(home, parent)
        click = await press(home, result, buttons.SHARE, user=BEN)
        await home.until(lambda: len(home.messages()) == 2)
        await home.town.slack.courier.deliver_again(click)
        await press(home, result, buttons.SHARE)
        again = await until_whispered(home, 2)
        assert "was shared" in again.text
        first = home.whispers()[0]
        assert first.ephemeral_for == BEN
        assert "sharing" in first.text
        _, shared = home.messages()
        assert len(home.messages()) == 2
    assert "*ben* shares a video" in shared.text
    assert "made for ana" in str(shared.blocks)
    assert f"/archives/{GENERAL}/p{result.ts.replace('.', '')}|" in shared.text
    assert "<@" not in shared.text


@pytest.mark.parametrize("kind", [FaultKind.LOST_AFTER, FaultKind.LOST_BEFORE])
async def test_share_is_posted_once_although_the_answer_is_lost(kind: FaultKind) -> None:
    """It looks for its message by metadata before it posts again."""
    async with house() as home:
        parent = await started(home)
        home.town.slack.faults.add("chat.postMessage", Fault(kind=kind))
        await press(home, result_of(home, parent), buttons.SHARE)
        await home.until(lambda: len(home.messages()) == 2)
        await press(home, parent, buttons.DETAILS)
        await until_whispered(home, 2)
        _, shared = home.messages()
    assert "*ana* shares a video" in shared.text
    assert "made for" not in str(shared.blocks)


async def test_details_tell_all_to_one_person() -> None:
    """All options, the IDs, the timeline and the cost; times in the reader's own zone."""
    async with house(COST_UNIT="USD") as home:
        parent = await started(home, "a <b> lake --mode pro --duration 10")
        row = await job_of(home, parent)
        await press(home, parent, buttons.DETAILS, user=BEN)
        details = await until_whispered(home)
        (charge,) = home.town.video.charges
    shown = json.dumps(details.blocks, ensure_ascii=False)
    assert details.ephemeral_for == BEN
    for part in (
        "Mode: pro",
        "Duration: 10",
        "Aspect ratio: 16:9 (default)",
        row.id,
        str(row.task_id),
        str(charge.key),
        f"*Cost*\\n• {charge.amount.normalize():f} USD",
        "asked for by command",
        "taken by MindVideo",
        "result posted",
        "<!date^",
    ):
        assert part in shown


async def test_a_button_of_a_job_that_is_gone_says_so_privately() -> None:
    """Whatever it asks for, nothing is started; so does one whose value is none of ours."""
    async with house() as home:
        parent = await started(home)
        ids = (buttons.AGAIN, buttons.DETAILS)
        for number, value in enumerate(("zzzzzz", "k {broken"), start=1):
            _set_values(parent, value)
            await press(home, parent, ids[number - 1])
            word = await until_whispered(home, number)
            assert "no record of this video" in word.text
        assert len(home.town.video.charges) == 1


async def test_an_upgrade_that_is_not_on_offer_any_more_is_refused_in_words() -> None:
    """The button carries what it promised; a model that changed meanwhile may not have it."""
    async with house() as home:
        parent = await started(home)
        _set_values(parent, f'{parent.job_id} {{"mode": "8k"}}')
        await press(home, parent, UPGRADE)
        word = await until_whispered(home)
        assert "8k" in word.text
        assert "4k" in word.text
        assert "Nothing was started or charged" in word.text
        assert len(home.town.video.charges) == 1


async def test_an_answer_finds_its_way_without_the_response_url() -> None:
    """It is good for half an hour, and the network may fail."""
    async with house() as home:
        parent = await started(home)
        home.town.slack.faults.add(RESPONSE_URL, Fault(kind=FaultKind.STATUS_BEFORE))
        await press(home, parent, buttons.DETAILS)
        word = await until_whispered(home)
    assert word.text.startswith("Details of job")


def _set_values(said: Said, value: str) -> None:
    """Let the buttons under a message be older than what is known here."""
    for block in said.blocks:
        if block["type"] == "actions":
            for element in cast("list[dict[str, str]]", block["elements"]):
                element["value"] = value


def _make_older(home: House, seconds: float) -> None:
    """Let all jobs have been made earlier."""
    path = str(home.town.folder / "video-bot.db")
    with closing(pysqlite3.connect(path)) as db, db:
        db.execute("UPDATE jobs SET created_at = created_at - :seconds", {"seconds": seconds})
