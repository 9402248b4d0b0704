"""Tests of what stays private when an asker or an admin leaves, or a channel is another."""

from __future__ import annotations

import json

from bot.messages import buttons
from sandbox.mindvideo.faults import Call
from sandbox.mindvideo.faults import Fault as VideoFault
from sandbox.mindvideo.faults import FaultKind as VideoFaultKind
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, BEN, BOT, CREW, GENERAL, MIA, StoredMessage
from storage.job import Outcome
from tests.support.conversation import answer, job_of, press, result_of
from tests.support.forms import form_of
from tests.support.running_bot import RunningBot, running_bot

SLOW = 1.0
"""Seconds of a render in which something else happens."""


def shown_elsewhere(bot: RunningBot, channel: str) -> str:
    """Return everything that the bot said outside of a channel."""
    workspace = bot.sandbox.slack.world.workspace
    return json.dumps(
        [
            [message.text, message.blocks]
            for other in workspace.channels
            if other != channel
            for message in workspace.all_in(other)
            if message.user == BOT
        ]
    )


async def announced(bot: RunningBot, text: str, channel: str) -> StoredMessage:
    """Ask for a video as Ana; return the job's message once it stands."""
    await bot.type(f"{text} --duration 5", channel=channel)
    await bot.until(lambda: [one for one in bot.messages(channel) if one.user == BOT])
    return next(one for one in bot.messages(channel) if one.user == BOT)


async def test_the_video_of_somebody_who_left_comes_to_its_thread() -> None:
    """Their channel sees it still, and nobody else."""
    async with running_bot(render_seconds=SLOW, ADMINS=MIA) as bot:
        await bot.type("notify here all", user=BEN, channel=GENERAL)
        message = await announced(bot, "a secret lake", CREW)
        bot.sandbox.slack.deactivate(ANA)
        await bot.until_delivered(channel=CREW)
        job = await job_of(bot, message)
        assert job.outcome is Outcome.SUCCEEDED
        assert [one.files for one in bot.replies(CREW)] != [()]
        for user, channel in ((BEN, CREW), (BEN, GENERAL), (MIA, GENERAL)):
            shown = await answer(bot, f"status {job.id}", user=user, channel=channel)
            assert f"Job {job.id}" in shown
        posted = [one for one in bot.messages(GENERAL) if one.user == BOT]
        assert "secret" not in json.dumps([[one.text, one.blocks] for one in posted])


async def test_others_hear_of_such_a_job_that_there_is_none() -> None:
    """Word for word what they hear of an ID that no job has, by command and by mention."""
    async with running_bot() as bot:
        message = await announced(bot, "a secret lake", CREW)
        await bot.until_delivered(channel=CREW)
        bot.sandbox.slack.deactivate(ANA)
        job = await job_of(bot, message)
        for word in ("status", "again", "cancel", "resend"):
            hidden, absent = [
                await answer(bot, f"{word} {job_id}", user=MIA) for job_id in (job.id, "0" * 10)
            ]
            assert hidden == absent.replace("0" * 10, job.id)
            assert "There is no job" in hidden
        assert "secret" not in shown_elsewhere(bot, CREW)


async def test_a_refusal_that_nobody_can_hear_ends_the_job() -> None:
    async with running_bot(render_seconds=SLOW) as bot:
        refusal = VideoFault(
            call=Call.SUBMIT, kind=VideoFaultKind.ANSWER_BEFORE, status=422, message="a secret"
        )
        bot.sandbox.video.fail(refusal)
        await bot.type("a secret lake --duration 5", channel=CREW)
        bot.sandbox.slack.deactivate(ANA)
        await bot.until_delivered(channel=CREW)
        (message,) = [one for one in bot.messages(CREW) if one.user == BOT]
        job = await job_of(bot, message)
        assert job.outcome is Outcome.FAILED
        assert "secret" not in shown_elsewhere(bot, CREW)


async def test_an_admin_who_left_keeps_no_other_from_hearing() -> None:
    """Neither the channel nor its asker takes the video: the admin who is there hears of it."""
    async with running_bot(render_seconds=SLOW, ADMINS=f"{BEN},{MIA}") as bot:
        message = await announced(bot, "a secret lake", CREW)
        bot.sandbox.slack.deactivate(ANA)
        bot.sandbox.slack.deactivate(BEN)
        bot.sandbox.slack.archive(CREW)
        direct = bot.sandbox.slack.world.workspace.direct(MIA).id
        await bot.until(lambda: bot.messages(direct))
        (told,) = bot.messages(direct)
        job = await job_of(bot, message)
        assert job.outcome is Outcome.SUCCEEDED
        assert "on hold and needs a person" in told.text
        for private in ("secret", job.id, ANA, "ana", CREW):
            assert private not in shown_elsewhere(bot, CREW)


async def test_a_renamed_channel_is_the_same_channel() -> None:
    """Everything goes by its ID; Slack's own note about it is no ask, whatever its words."""
    async with running_bot(render_seconds=SLOW) as bot:
        message = await announced(bot, "a lake", GENERAL)
        channel = bot.sandbox.slack.world.workspace.channels[GENERAL]
        channel.name = "studio"
        note: dict[str, object] = {
            "type": "message",
            "subtype": "channel_name",
            "user": ANA,
            "text": f"<@{BOT}> has renamed the channel",
            "name": channel.name,
            "channel": GENERAL,
            "channel_type": "channel",
            "ts": "1800000000.000100",
        }
        dispatcher = bot.sandbox.slack.dispatcher
        delivery = await dispatcher.deliver(DeliveryKind.EVENT, dispatcher.wrap(note))
        assert delivery.ack.problem is None
        await bot.until_delivered()
        job = await job_of(bot, message)
        assert job.outcome is Outcome.SUCCEEDED
        assert f"Job {job.id}" in await answer(bot, f"status {job.id}", user=BEN)
        assert len(bot.sandbox.video.charges) == 1


async def test_a_job_made_in_another_channel_does_not_name_the_private_one_it_came_from() -> None:
    """Whoever is there may not know of it: neither its ID nor a link, in message and details."""
    async with running_bot() as bot:
        message = await announced(bot, "a lake", CREW)
        await bot.until_delivered(channel=CREW)
        private = await job_of(bot, message)
        for channel, is_named in ((GENERAL, False), (CREW, True)):
            await bot.type(f"again {private.id} --mode pro", user=BEN, channel=channel)
            await bot.until_delivered(jobs=2 if is_named else 1, channel=channel)
            made = [one for one in bot.messages(channel) if one.user == BOT][-1]
            await press(bot, result_of(bot, made, channel), buttons.DETAILS, user=BEN)
            details = form_of(bot, BEN)
            await bot.sandbox.slack.people.view_action(BEN, details.id, buttons.DETAILS_IDS)
            for shown in (json.dumps(made.blocks), json.dumps(form_of(bot, BEN).data)):
                assert (private.id in shown) is is_named
                assert is_named or CREW not in shown
