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
from tests.listeners.test_messages import direct, say, until_ephemeral
from tests.listeners.test_thread import inputs, job_of, started
from tests.support.running_bot import RunningBot, running_bot

UPGRADE = f"{buttons.UPGRADE}_0"
# Long enough to press something while MindVideo renders.
SLOW_SECONDS = 600.0


async def press(bot: RunningBot, said: Said, action_id: str, *, user: str = ANA) -> Delivery:
    """Press a button under a message, and see that Slack heard "ok"."""
    delivery = await bot.sandbox.slack.people.click(user, said.ts, action_id)
    assert delivery.error is None
    return delivery


def result_of(bot: RunningBot, message: Said, channel: str = GENERAL) -> Said:
    """Return what stands in the thread of a job's message."""
    (said,) = [one for one in bot.replies(channel) if one.thread_ts == message.ts]
    return said


def labels(said: Said) -> list[str]:
    """Return what the buttons under a message say."""
    rows = [block["elements"] for block in said.blocks if block["type"] == "actions"]
    elements = cast("list[list[dict[str, dict[str, str]]]]", rows)
    return [element["text"]["text"] for row in elements for element in row]


async def rendering(bot: RunningBot) -> Said:
    """Let Ana ask for a video, and return its message once MindVideo has it."""
    await bot.type("a lake --mode pro")
    await bot.until(lambda: bot.messages() and "MindVideo" in bot.messages()[0].text)
    await bot.until(lambda: "Queued at" in bot.messages()[0].text)
    return bot.messages()[0]


@pytest.mark.parametrize("socket_mode", [False, True], ids=["http", "socket mode"])
async def test_again_renders_the_same_again_with_a_link_to_its_parent(*, socket_mode: bool) -> None:
    """A new message with a new key and a new charge, in the same channel."""
    async with running_bot(socket_mode=socket_mode) as bot:
        parent = await started(bot)
        await press(bot, parent, buttons.AGAIN)
        await bot.until_delivered(2)
        _, child = bot.messages()
        row = await job_of(bot, child)
        assert inputs(bot) == [{"prompt": "a lake", "mode": "pro", "duration": 5}] * 2
        assert len({charge.key for charge in bot.sandbox.video.charges}) == 2
    assert (row.parent_id, row.surface, row.user) == (parent.job_id, "button", ANA)
    link = f"/archives/{GENERAL}/p{parent.ts.replace('.', '')}|{parent.job_id}>"
    assert link in json.dumps(child.blocks)
    assert bot.ephemerals() == []


async def test_the_result_has_the_same_buttons() -> None:
    """Somebody else may press them too: the re-run is theirs, and stands in the channel."""
    async with running_bot() as bot:
        parent = await started(bot)
        assert "Share to channel" in labels(result_of(bot, parent))
        await press(bot, result_of(bot, parent), buttons.AGAIN, user=BEN)
        await bot.until_delivered(2)
        _, child = bot.messages()
        assert (await job_of(bot, child)).user == BEN


async def test_an_upgrade_sets_its_options_and_is_then_not_offered_again() -> None:
    """`mode: 4k`, and all else as it was."""
    async with running_bot() as bot:
        parent = await started(bot)
        assert "In 4K" in labels(parent)
        await press(bot, parent, UPGRADE)
        await bot.until_delivered(2)
        _, child = bot.messages()
        assert inputs(bot)[1] == {"prompt": "a lake", "mode": "4k", "duration": 5}
    assert "In 4K" not in labels(child)
    assert "In 4K" not in labels(result_of(bot, child))


async def test_one_click_is_one_job_however_often_it_is_delivered() -> None:
    """Slack's repeats carry the same `action_ts`; ten at once, and one after all is done."""
    async with running_bot() as bot:
        parent = await started(bot)
        click = await press(bot, parent, buttons.AGAIN)
        courier = bot.sandbox.slack.courier
        acks = await asyncio.gather(*(courier.deliver_again(click) for _ in range(10)))
        await bot.until_delivered(2)
        acks.append(await courier.deliver_again(click))
        assert [ack.problem for ack in acks if ack.problem] == []
        assert len(bot.messages()) == len(bot.sandbox.video.charges) == 2
        assert bot.ephemerals() == []


async def test_a_second_press_within_a_minute_is_a_question() -> None:
    """A button is easily pressed twice; who means it says so, and nothing is charged before."""
    async with running_bot() as bot:
        parent = await started(bot)
        for _ in range(2):
            await press(bot, parent, buttons.AGAIN)
        question = await until_ephemeral(bot)
        await bot.until_delivered(2)
        assert question.ephemeral_for == ANA
        assert len(bot.sandbox.video.charges) == 2
        await press(bot, question, buttons.AGAIN)
        await bot.until_delivered(3)
        assert len(bot.sandbox.video.charges) == 3


async def test_a_press_long_afterwards_is_another_job() -> None:
    """Buttons never expire, and what was pressed a minute ago is no reason to ask."""
    async with running_bot() as bot:
        parent = await started(bot)
        await press(bot, parent, buttons.AGAIN)
        await bot.until_delivered(2)
        _make_older(bot, 61.0)
        await press(bot, parent, buttons.AGAIN)
        await bot.until_delivered(3)
        assert bot.ephemerals() == []


async def test_a_rerun_of_a_thread_stays_in_its_thread() -> None:
    async with running_bot() as bot:
        asked = await say(bot, f"<@{BOT}> a lake")
        await bot.until(lambda: len(bot.replies()) == 2)
        await bot.until(lambda: "Done in" in bot.replies()[0].text)
        await press(bot, bot.replies()[0], buttons.AGAIN)
        await bot.until(lambda: len(bot.replies()) == 4)
        assert {said.thread_ts for said in bot.replies()} == {asked.ts}


async def test_a_rerun_from_a_private_channel_or_message_stays_there() -> None:
    async with running_bot() as bot:
        alone = direct(bot)
        for channel in (CREW, alone):
            await bot.type("a lake", channel=channel)
            await bot.until_delivered(channel=channel)
            (parent,) = bot.messages(channel)
            await press(bot, parent, buttons.AGAIN)
            await bot.until_delivered(2, channel=channel)
        assert "Share to channel" in labels(bot.replies(CREW)[0])
        assert "Share to channel" not in labels(bot.replies(alone)[0])


async def test_home_has_a_button_that_renders_again() -> None:
    """Home is in no channel, so the re-run stands where its parent does."""
    async with running_bot() as bot:
        await started(bot)
        await bot.sandbox.slack.people.open_home(ANA)
        homes = bot.sandbox.slack.world.views.homes
        await bot.until(lambda: ANA in homes and "job_again" in str(homes[ANA].data))
        await bot.sandbox.slack.people.view_action(ANA, homes[ANA].id, buttons.AGAIN)
        await bot.until_delivered(2)
        assert len(bot.sandbox.video.charges) == 2


async def test_cancel_before_the_submit_is_free() -> None:
    """MindVideo never hears of it."""
    async with running_bot() as bot:
        # The bot does not know yet that its message stands, and looks for it in two seconds.
        bot.sandbox.slack.faults.add("chat.postMessage", Fault(kind=FaultKind.LOST_AFTER))
        await bot.type("a lake")
        await bot.until(bot.messages)
        (message,) = bot.messages()
        assert labels(message) == ["Cancel", "Details"]
        await press(bot, message, buttons.CANCEL)
        answer = await until_ephemeral(bot)
        assert "costs nothing" in answer.text
        await bot.until(lambda: "Cancelled" in bot.messages()[0].text)
        assert bot.sandbox.video.charges == []
        assert bot.sandbox.video.calls(Call.SUBMIT) == []
    assert labels(message) == ["Again", "Edit and re-run", "Details"]


async def test_cancel_after_the_submit_says_honestly_that_it_is_billed() -> None:
    """The render can only be given up; then the message and the thread say so, with the bill."""
    async with running_bot(render_seconds=SLOW_SECONDS) as bot:
        message = await rendering(bot)
        await press(bot, message, buttons.CANCEL)
        answer = await until_ephemeral(bot)
        assert "bills the render" in answer.text
        assert labels(answer) == ["Stop following it"]
        assert "Queued at" in message.text, "nothing has changed yet"
        await press(bot, answer, buttons.GIVE_UP)
        await bot.until(lambda: "Given up after" in message.text)
        await bot.until(bot.replies)
        (told,) = bot.replies()
        assert "you stopped following this render" in told.text
        assert "MindVideo goes on with it and bills it" in told.text
        await bot.until(lambda: len(bot.ephemerals()) == 2)
    assert "not followed up any more" in bot.ephemerals()[-1].text
    assert labels(message) == labels(told) == ["Again", "Edit and re-run", "Details"]


async def test_only_the_asker_and_admins_may_cancel() -> None:
    """Others get a private word, by either button; an admin of the bot's needs no leave."""
    async with running_bot(render_seconds=SLOW_SECONDS, ADMINS="U0MIA") as bot:
        message = await rendering(bot)
        await press(bot, message, buttons.CANCEL, user=BEN)
        word = await until_ephemeral(bot)
        assert word.ephemeral_for == BEN
        assert f"Only <@{ANA}>" in word.text
        await press(bot, message, buttons.CANCEL, user="U0MIA")
        offer = await until_ephemeral(bot, 2)
        await press(bot, offer, buttons.GIVE_UP, user="U0MIA")
        await bot.until(bot.replies)
        (told,) = bot.replies()
    assert f"<@{ANA}> an admin stopped following this render" in told.text


async def test_a_cancel_that_comes_too_late_changes_nothing() -> None:
    """The button may still stand on a screen that has not been redrawn."""
    async with running_bot(render_seconds=2.0) as bot:
        message = await rendering(bot)
        click = await press(bot, message, buttons.CANCEL)
        offer = await until_ephemeral(bot)
        await bot.until_delivered()
        await press(bot, offer, buttons.GIVE_UP)
        late = await until_ephemeral(bot, 2)
        assert "nothing left to cancel" in late.text
        assert "*Done* in" in late.text
        await bot.sandbox.slack.courier.deliver_again(click)
    assert "Done in" in message.text
    assert len(bot.ephemerals()) == 2, "a click is answered once"


async def test_share_tells_the_channel_once() -> None:
    """By name and without ringing; a repeat, and another press, add nothing."""
    async with running_bot() as bot:
        parent = await started(bot)
        result = result_of(bot, parent)
        click = await press(bot, result, buttons.SHARE, user=BEN)
        await bot.until(lambda: len(bot.messages()) == 2)
        await bot.sandbox.slack.courier.deliver_again(click)
        await press(bot, result, buttons.SHARE)
        again = await until_ephemeral(bot, 2)
        assert "was shared" in again.text
        first = bot.ephemerals()[0]
        assert first.ephemeral_for == BEN
        assert "sharing" in first.text
        _, shared = bot.messages()
        assert len(bot.messages()) == 2
    assert "*ben* shares a video" in shared.text
    assert "made for ana" in str(shared.blocks)
    assert f"/archives/{GENERAL}/p{result.ts.replace('.', '')}|" in shared.text
    assert "<@" not in shared.text


@pytest.mark.parametrize("kind", [FaultKind.LOST_AFTER, FaultKind.LOST_BEFORE])
async def test_share_is_posted_once_although_the_answer_is_lost(kind: FaultKind) -> None:
    """It looks for its message by metadata before it posts again."""
    async with running_bot() as bot:
        parent = await started(bot)
        bot.sandbox.slack.faults.add("chat.postMessage", Fault(kind=kind))
        await press(bot, result_of(bot, parent), buttons.SHARE)
        await bot.until(lambda: len(bot.messages()) == 2)
        await press(bot, parent, buttons.DETAILS)
        await until_ephemeral(bot, 2)
        _, shared = bot.messages()
    assert "*ana* shares a video" in shared.text
    assert "made for" not in str(shared.blocks)


async def test_details_tell_all_to_one_person() -> None:
    """All options, the IDs, the timeline and the cost; times in the reader's own zone."""
    async with running_bot(COST_UNIT="USD") as bot:
        parent = await started(bot, "a <b> lake --mode pro --duration 10")
        row = await job_of(bot, parent)
        await press(bot, parent, buttons.DETAILS, user=BEN)
        details = await until_ephemeral(bot)
        (charge,) = bot.sandbox.video.charges
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
    async with running_bot() as bot:
        parent = await started(bot)
        ids = (buttons.AGAIN, buttons.DETAILS)
        for number, value in enumerate(("zzzzzz", "k {broken"), start=1):
            _set_values(parent, value)
            await press(bot, parent, ids[number - 1])
            word = await until_ephemeral(bot, number)
            assert "no record of this video" in word.text
        assert len(bot.sandbox.video.charges) == 1


async def test_an_upgrade_that_is_not_on_offer_any_more_is_refused_in_words() -> None:
    """The button carries what it promised; a model that changed meanwhile may not have it."""
    async with running_bot() as bot:
        parent = await started(bot)
        _set_values(parent, f'{parent.job_id} {{"mode": "8k"}}')
        await press(bot, parent, UPGRADE)
        word = await until_ephemeral(bot)
        assert "8k" in word.text
        assert "4k" in word.text
        assert "Nothing was started or charged" in word.text
        assert len(bot.sandbox.video.charges) == 1


async def test_an_answer_finds_its_way_without_the_response_url() -> None:
    """It is good for half an hour, and the network may fail."""
    async with running_bot() as bot:
        parent = await started(bot)
        bot.sandbox.slack.faults.add(RESPONSE_URL, Fault(kind=FaultKind.STATUS_BEFORE))
        await press(bot, parent, buttons.DETAILS)
        word = await until_ephemeral(bot)
    assert word.text.startswith("Details of job")


def _set_values(said: Said, value: str) -> None:
    """Let the buttons under a message be older than what is known here."""
    for block in said.blocks:
        if block["type"] == "actions":
            for element in cast("list[dict[str, str]]", block["elements"]):
                element["value"] = value


def _make_older(bot: RunningBot, seconds: float) -> None:
    """Let all jobs have been made earlier."""
    path = str(bot.sandbox.folder / "video-bot.db")
    with closing(pysqlite3.connect(path)) as db, db:
        db.execute("UPDATE jobs SET created_at = created_at - :seconds", {"seconds": seconds})
