"""Tests of every button of a job, clicked in the simulated Slack, over real signed HTTP."""

from __future__ import annotations

import asyncio
import json
from contextlib import closing
from typing import cast

import pysqlite3

from bot.messages import buttons
from sandbox.mindvideo.faults import Call
from sandbox.slack.entities import ANA, BEN, BOT, CREW, GENERAL, StoredMessage
from sandbox.slack.faults import RESPONSE_URL, Fault, FaultKind
from tests.support.conversation import (
    button_labels,
    direct_channel,
    job_of,
    make_video,
    names_cost,
    press,
    result_of,
    send_message,
    submitted_inputs,
    until_ephemeral,
)
from tests.support.forms import form_of
from tests.support.running_bot import RunningBot, running_bot

UPGRADE = f"{buttons.UPGRADE}_0"
# Long enough to click a button while MindVideo renders.
SLOW_SECONDS = 600.0


async def submit_video(bot: RunningBot) -> StoredMessage:
    """Request a video as Ana; return the job's message once the job is submitted."""
    await bot.type("a lake --mode pro")
    await bot.until(lambda: bot.messages() and "MindVideo" in bot.messages()[0].text)
    await bot.until(lambda: "Queued at" in bot.messages()[0].text)
    return bot.messages()[0]


async def test_again_renders_the_same_input_with_a_link_to_its_parent() -> None:
    """The re-run has its own message, idempotency key and charge, in the same channel."""
    async with running_bot() as bot:
        parent = await make_video(bot)
        await press(bot, parent, buttons.AGAIN)
        await bot.until_delivered(2)
        _, child = bot.messages()
        row = await job_of(bot, child)
        assert submitted_inputs(bot) == [{"prompt": "a lake", "mode": "pro", "duration": 5}] * 2
        assert len({charge.key for charge in bot.sandbox.video.charges}) == 2
    assert (row.parent_id, row.surface, row.user) == (parent.job_id, "button", ANA)
    link = f"/archives/{GENERAL}/p{parent.ts.replace('.', '')}|{parent.job_id}>"
    assert link in json.dumps(child.blocks)
    assert bot.ephemerals() == []


async def test_the_result_has_the_same_buttons() -> None:
    """The re-run belongs to the user who clicked."""
    async with running_bot() as bot:
        parent = await make_video(bot)
        assert "Share to channel" in button_labels(result_of(bot, parent))
        await press(bot, result_of(bot, parent), buttons.AGAIN, user=BEN)
        await bot.until_delivered(2)
        _, child = bot.messages()
        assert (await job_of(bot, child)).user == BEN


async def test_an_upgrade_sets_its_options_and_is_not_offered_again() -> None:
    """Only `mode` changes, to `4k`."""
    async with running_bot() as bot:
        parent = await make_video(bot)
        assert "In 4K" in button_labels(result_of(bot, parent))
        await press(bot, parent, UPGRADE)
        await bot.until_delivered(2)
        _, child = bot.messages()
        assert submitted_inputs(bot)[1] == {"prompt": "a lake", "mode": "4k", "duration": 5}
    assert "In 4K" not in button_labels(result_of(bot, child))


async def test_one_click_is_one_job_however_often_it_is_delivered() -> None:
    """Slack's retries have the same `action_ts`; ten arrive at once, one after the job's end."""
    async with running_bot() as bot:
        parent = await make_video(bot)
        click = await press(bot, parent, buttons.AGAIN)
        dispatcher = bot.sandbox.slack.dispatcher
        acks = await asyncio.gather(*(dispatcher.deliver_again(click) for _ in range(10)))
        await bot.until_delivered(2)
        acks.append(await dispatcher.deliver_again(click))
        assert [ack.problem for ack in acks if ack.problem] == []
        assert len(bot.messages()) == len(bot.sandbox.video.charges) == 2
        assert bot.ephemerals() == []


async def test_a_second_click_within_a_minute_asks_for_confirmation() -> None:
    """Nothing is charged until the user confirms."""
    async with running_bot() as bot:
        result = result_of(bot, await make_video(bot))
        before = list(result.blocks)
        await press(bot, result, buttons.AGAIN)
        await bot.until(lambda: "*Again* by" in str(result.blocks))
        result.blocks = before
        await press(bot, result, buttons.AGAIN)
        question = await until_ephemeral(bot)
        await bot.until_delivered(2)
        assert question.ephemeral_for == ANA
        assert len(bot.sandbox.video.charges) == 2
        await press(bot, question, buttons.CONFIRM)
        await bot.until_delivered(3)
        assert len(bot.sandbox.video.charges) == 3


async def test_a_click_after_a_minute_is_another_job() -> None:
    """Buttons never expire, and after a minute the request is no duplicate."""
    async with running_bot() as bot:
        result = result_of(bot, await make_video(bot))
        before = list(result.blocks)
        await press(bot, result, buttons.AGAIN)
        await bot.until_delivered(2)
        await bot.until(lambda: "*Again* by" in str(result.blocks))
        _age_jobs(bot, 61.0)
        # A client that has not drawn the edit yet still shows the button.
        result.blocks = before
        await press(bot, result, buttons.AGAIN)
        await bot.until_delivered(3)
        assert bot.ephemerals() == []


async def test_a_rerun_of_a_thread_stays_in_its_thread() -> None:
    async with running_bot() as bot:
        mention = await send_message(bot, f"<@{BOT}> a lake")
        await bot.until(lambda: len(bot.replies()) == 2)
        await bot.until(lambda: names_cost(bot.replies()[0]))
        await press(bot, bot.replies()[1], buttons.AGAIN)
        await bot.until(lambda: len(bot.replies()) == 4)
        assert {reply.thread_ts for reply in bot.replies()} == {mention.ts}


async def test_a_rerun_from_a_private_channel_or_message_stays_there() -> None:
    async with running_bot() as bot:
        direct = direct_channel(bot)
        for channel in (CREW, direct):
            await bot.type("a lake", channel=channel)
            await bot.until_delivered(channel=channel)
            (parent,) = bot.messages(channel)
            await press(bot, parent, buttons.AGAIN)
            await bot.until_delivered(2, channel=channel)
        assert "Share to channel" in button_labels(bot.replies(CREW)[0])
        assert "Share to channel" not in button_labels(bot.replies(direct)[0])
        assert "Share elsewhere" in button_labels(bot.replies(direct)[0])


async def test_cancel_before_the_submit_is_free() -> None:
    """MindVideo gets no request."""
    async with running_bot() as bot:
        # The bot does not know that its message was posted, and searches for it after two seconds.
        bot.sandbox.slack.faults.add("chat.postMessage", Fault(kind=FaultKind.LOST_AFTER))
        await bot.type("a lake")
        await bot.until(bot.messages)
        (message,) = bot.messages()
        assert button_labels(message) == ["Cancel", "Details"]
        await press(bot, message, buttons.CANCEL)
        answer = await until_ephemeral(bot)
        assert "costs nothing" in answer.text
        await bot.until(lambda: "Cancelled" in bot.messages()[0].text)
        assert bot.sandbox.video.charges == []
        assert bot.sandbox.video.calls(Call.SUBMIT) == []
    assert button_labels(message) == ["Again", "Edit and re-run", "Details"]


async def test_cancel_after_the_submit_reports_that_the_render_is_billed() -> None:
    """The render can only be given up; message and thread then show that it is billed."""
    async with running_bot(render_seconds=SLOW_SECONDS) as bot:
        message = await submit_video(bot)
        await press(bot, message, buttons.CANCEL)
        answer = await until_ephemeral(bot)
        assert "bills the render" in answer.text
        assert button_labels(answer) == ["Stop following it"]
        assert "Queued at" in message.text, "nothing has changed yet"
        await press(bot, answer, buttons.GIVE_UP)
        await bot.until(lambda: "Given up after" in message.text)
        await bot.until(bot.replies)
        (reply,) = bot.replies()
        assert "you stopped following this render" in reply.text
        assert "MindVideo goes on with it and bills it" in reply.text
        await bot.until(lambda: len(bot.ephemerals()) == 2)
    assert "not followed up any more" in bot.ephemerals()[-1].text
    assert button_labels(reply) == ["Bring it after all", "Again", "Edit and re-run", "Details"]
    assert button_labels(message) == []


async def test_only_the_jobs_user_and_admins_may_cancel() -> None:
    """Other users get an ephemeral refusal; an admin of the bot is allowed to."""
    async with running_bot(render_seconds=SLOW_SECONDS, ADMINS="U0MIA") as bot:
        message = await submit_video(bot)
        await press(bot, message, buttons.CANCEL, user=BEN)
        answer = await until_ephemeral(bot)
        assert answer.ephemeral_for == BEN
        assert f"Only <@{ANA}>" in answer.text
        await press(bot, message, buttons.CANCEL, user="U0MIA")
        offer = await until_ephemeral(bot, 2)
        await press(bot, offer, buttons.GIVE_UP, user="U0MIA")
        await bot.until(bot.replies)
        (reply,) = bot.replies()
    assert f"<@{ANA}> an admin stopped following this render" in reply.text


async def test_a_cancel_after_the_end_changes_nothing() -> None:
    """A client that has not redrawn the message may still show the button."""
    async with running_bot(render_seconds=2.0) as bot:
        message = await submit_video(bot)
        click = await press(bot, message, buttons.CANCEL)
        offer = await until_ephemeral(bot)
        await bot.until_delivered()
        await press(bot, offer, buttons.GIVE_UP)
        late = await until_ephemeral(bot, 2)
        assert "nothing left to cancel" in late.text
        assert "*Done* in" in late.text
        await bot.sandbox.slack.dispatcher.deliver_again(click)
    assert "Done in" in message.text
    assert len(bot.ephemerals()) == 2, "a click is answered once"


async def test_share_posts_the_video_in_the_channel_once() -> None:
    """The file itself, with users' plain names; a retry and another click add nothing."""
    async with running_bot() as bot:
        parent = await make_video(bot)
        result = result_of(bot, parent)
        before = list(result.blocks)
        click = await press(bot, result, buttons.SHARE, user=BEN)
        await bot.until(lambda: len(bot.messages()) == 2)
        await bot.until(lambda: "*Share to channel* by" in str(result.blocks))
        await bot.sandbox.slack.dispatcher.deliver_again(click)
        result.blocks = before
        await press(bot, result, buttons.SHARE)
        again = await until_ephemeral(bot, 2)
        assert "was shared" in again.text
        first = bot.ephemerals()[0]
        assert first.ephemeral_for == BEN
        assert "bringing the video" in first.text
        _, shared = bot.messages()
        assert len(bot.messages()) == 2
        files = bot.sandbox.slack.world.files
        (copy,), (original,) = shared.files, result.files
        assert files.file(copy).path.read_bytes() == files.file(original).path.read_bytes()
    assert "*ben* shares a video: “a lake”" in str(shared.blocks)
    assert "made for ana" in str(shared.blocks)
    assert "<@" not in str(shared.blocks)


async def test_a_share_is_posted_once_although_slacks_answer_is_lost() -> None:
    """The bot looks where the file is shared before it shares it again."""
    async with running_bot() as bot:
        parent = await make_video(bot)
        bot.sandbox.slack.faults.add(
            "files.completeUploadExternal", Fault(kind=FaultKind.LOST_AFTER)
        )
        await press(bot, result_of(bot, parent), buttons.SHARE)
        await bot.until(lambda: len(bot.messages()) == 2)
        _, shared = bot.messages()
    assert "*ana* shares a video" in str(shared.blocks)
    assert "made for" not in str(shared.blocks)


async def test_a_pressed_button_is_replaced_by_who_pressed_it() -> None:
    """Whoever comes next sees that it was done, and the same button starts no second render."""
    async with running_bot() as bot:
        parent = await make_video(bot)
        result = result_of(bot, parent)
        assert button_labels(parent) == []
        await press(bot, result, buttons.AGAIN, user=BEN)
        await bot.until(lambda: f"*Again* by <@{BEN}>" in str(result.blocks))
        assert "Again" not in button_labels(result)
        assert result.files
        await press(bot, result, buttons.SHARE)
        await bot.until(lambda: f"*Share to channel* by <@{ANA}>" in str(result.blocks))
        assert button_labels(result) == ["Edit and re-run", "In 4K", "Share elsewhere", "Details"]
        await bot.until_delivered(2)
        assert len(bot.sandbox.video.charges) == 2


async def test_details_are_a_modal_and_the_ids_are_behind_a_button() -> None:
    """It has all options, the cost and the timeline; only its reader sees it."""
    async with running_bot(COST_UNIT="USD") as bot:
        parent = await make_video(bot, "a <b> lake --mode pro --duration 10")
        row = await job_of(bot, parent)
        await press(bot, result_of(bot, parent), buttons.DETAILS, user=BEN)
        first = json.dumps(form_of(bot, BEN).data, ensure_ascii=False)
        view = form_of(bot, BEN)
        people = bot.sandbox.slack.people
        await people.view_action(BEN, view.id, buttons.DETAILS_IDS)
        second = json.dumps(form_of(bot, BEN).data, ensure_ascii=False)
        (charge,) = bot.sandbox.video.charges
        assert bot.ephemerals() == []
    for part in (
        "a <b> lake",
        "Mode: pro",
        "Duration: 10 s",
        "Aspect ratio: 16:9 (default)",
        f"*Cost*\\n• {charge.amount.normalize():f} USD",
        "<!date^",
    ):
        assert part in first
        assert part in second
    for hidden in (str(row.task_id), str(charge.key), "asked for by command"):
        assert hidden not in first
        assert hidden in second


async def test_details_are_a_message_where_no_modal_can_be_opened() -> None:
    """A trigger expires after three seconds."""
    async with running_bot() as bot:
        parent = await make_video(bot)
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="expired_trigger_id")
        bot.sandbox.slack.faults.add("views.open", fault)
        await press(bot, result_of(bot, parent), buttons.DETAILS)
        answer = await until_ephemeral(bot)
    assert answer.text.startswith("Details of job")


async def test_a_button_of_an_unknown_job_is_answered_ephemerally() -> None:
    """Nothing is started; the same for a button with a malformed value."""
    async with running_bot() as bot:
        parent = result_of(bot, await make_video(bot))
        ids = (buttons.AGAIN, buttons.DETAILS)
        for number, value in enumerate(("zzzzzz", "k {broken"), start=1):
            _set_values(parent, value)
            await press(bot, parent, ids[number - 1])
            answer = await until_ephemeral(bot, number)
            assert "no record of this video" in answer.text
        assert len(bot.sandbox.video.charges) == 1


async def test_an_upgrade_that_is_no_longer_offered_is_refused() -> None:
    """The button carries its options; the model may have changed since."""
    async with running_bot() as bot:
        message = await make_video(bot)
        parent = result_of(bot, message)
        _set_values(parent, f'{message.job_id} {{"mode": "8k"}}')
        await press(bot, parent, UPGRADE)
        answer = await until_ephemeral(bot)
        assert "8k" in answer.text
        assert "4k" in answer.text
        assert "Nothing was started or charged" in answer.text
        assert len(bot.sandbox.video.charges) == 1


async def test_an_answer_is_posted_when_the_response_url_fails() -> None:
    """A `response_url` expires after half an hour."""
    async with running_bot() as bot:
        parent = await make_video(bot)
        bot.sandbox.slack.faults.add(RESPONSE_URL, Fault(kind=FaultKind.STATUS_BEFORE))
        await press(bot, result_of(bot, parent), buttons.SHARE)
        answer = await until_ephemeral(bot)
    assert answer.text.startswith("I am bringing the video of job")


def _set_values(message: StoredMessage, value: str) -> None:
    """Change the value of every button under a message."""
    for block in message.blocks:
        if block["type"] == "actions":
            for element in cast("list[dict[str, str]]", block["elements"]):
                element["value"] = value


def _age_jobs(bot: RunningBot, seconds: float) -> None:
    """Move the creation of all jobs into the past."""
    path = str(bot.sandbox.folder / "video-bot.db")
    with closing(pysqlite3.connect(path)) as db, db:
        db.execute("UPDATE jobs SET created_at = created_at - :seconds", {"seconds": seconds})
