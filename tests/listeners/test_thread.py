"""What is said in a job's thread: the same again with changes, and words about the job."""

from __future__ import annotations

import json

import pytest

from sandbox.mindvideo.faults import Call
from sandbox.slack.entities import ANA, BEN, BOT, GENERAL, MIA, Said
from sandbox.slack.faults import Fault, FaultKind
from storage.job import Job
from storage.sqlite.store import SqliteStore
from tests.listeners.test_messages import button_of, direct, say, until_done, until_ephemeral
from tests.support.running_bot import RunningBot, running_bot


async def started(bot: RunningBot, text: str = "a lake --mode pro --duration 5") -> Said:
    """Let Ana make a video, and return the message that its thread hangs on."""
    await bot.type(text)
    await bot.until(lambda: any("cost" in said.text for said in bot.messages()))
    return bot.messages()[0]


async def reply(bot: RunningBot, root: Said, text: str, *, user: str = ANA) -> None:
    """Mention the bot in a thread."""
    await say(bot, f"<@{BOT}> {text}", thread=root, user=user)


async def job_of(bot: RunningBot, said: Said) -> Job:
    """Return the row of the job whose message this is."""
    path = str(bot.sandbox.folder / "video-bot.db")
    store = await SqliteStore.open(path, owner=False)
    try:
        job = await store.jobs.get(said.job_id or "")
    finally:
        await store.close()
    assert job is not None
    return job


def inputs(bot: RunningBot) -> list[object]:
    """Return what MindVideo was asked for, in order."""
    return [json.loads(submit.body)["input"] for submit in bot.sandbox.video.calls(Call.SUBMIT)]


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("--duration 8 --mode std", {"prompt": "a lake", "mode": "std", "duration": 8}),
        ("make it night", {"prompt": "make it night", "mode": "pro", "duration": 5}),
        ("a sea —duration 9", {"prompt": "a sea", "mode": "pro", "duration": 9}),
        ("again", {"prompt": "a lake", "mode": "pro", "duration": 5}),
        ("Again!", {"prompt": "a lake", "mode": "pro", "duration": 5}),
        ("again --duration 3", {"prompt": "a lake", "mode": "pro", "duration": 3}),
        ("again and again", {"prompt": "again and again", "mode": "pro", "duration": 5}),
        ("-- status", {"prompt": "status", "mode": "pro", "duration": 5}),
        ("status of things", {"prompt": "status of things", "mode": "pro", "duration": 5}),
    ],
)
async def test_a_reply_renders_the_same_with_what_is_changed(
    text: str, given: dict[str, object]
) -> None:
    """Options change, words replace the prompt, all else stays; the parent is noted."""
    async with running_bot() as bot:
        root = await started(bot)
        await reply(bot, root, text, user=BEN)
        (message,) = await until_done(bot, 1)
        assert inputs(bot)[1] == given
        job = await job_of(bot, message)
    assert message.thread_ts == root.ts
    assert (job.parent_id, job.user, job.surface) == (root.job_id, BEN, "reply")
    assert bot.ephemerals() == []


async def test_changes_add_up_along_a_thread() -> None:
    """The newest render of the thread is what a reply changes."""
    async with running_bot() as bot:
        root = await started(bot)
        await reply(bot, root, "--duration 8")
        (first,) = await until_done(bot, 1)
        await reply(bot, root, "make it night")
        messages = await until_done(bot, 2)
        assert inputs(bot)[2] == {"prompt": "make it night", "mode": "pro", "duration": 8}
        assert (await job_of(bot, messages[1])).parent_id == first.job_id


async def test_a_reply_that_comes_ten_times_renders_once() -> None:
    """Although the thread's newest job is another one when it comes again."""
    async with running_bot() as bot:
        root = await started(bot)
        typed = await bot.sandbox.slack.people.message(
            ANA, GENERAL, f"<@{BOT}> --duration 8", thread_ts=root.ts
        )
        await until_done(bot, 1)
        for each in typed.deliveries * 5:
            await bot.sandbox.slack.courier.deliver_again(each, same_id=False)
        await bot.type("a marker")
        await bot.until_delivered(2)
        assert len(bot.sandbox.video.charges) == 3


async def test_a_thread_in_a_direct_message_needs_no_mention() -> None:
    """There nobody else is spoken to."""
    async with running_bot() as bot:
        root = await say(bot, "a lake", channel=direct(bot))
        await until_done(bot, 1, direct(bot))
        await say(bot, "make it night", channel=direct(bot), thread=root)
        await until_done(bot, 2, direct(bot))
        assert inputs(bot) == [{"prompt": "a lake"}, {"prompt": "make it night"}]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("status", ["*Done* in", "a lake"]),
        ("cost", ["cost 0.126"]),
        ("cancel", [f"Only <@{ANA}>"]),
        ("help", ["make it night", "`again`", "`cancel`"]),
        ("", ["make it night", "`again`", "`cancel`"]),
        ("list", ["not asked"]),
        ("models", ["kling-v3"]),
        ("--colour red", ["--colour"]),
        ("--duration 40", ["--duration", "15"]),
    ],
)
async def test_a_word_is_answered_privately_and_costs_nothing(text: str, words: list[str]) -> None:
    """In the thread, to whoever said it; a bare mention is no wish for another render."""
    async with running_bot() as bot:
        root = await started(bot)
        await reply(bot, root, text, user=BEN)
        answer = await until_ephemeral(bot)
        assert answer.ephemeral_for == BEN
        assert answer.thread_ts == root.ts
        shown = answer.text + json.dumps(answer.blocks)
        for word in words:
            assert word in shown
        assert len(bot.sandbox.video.charges) == 1


async def test_a_word_about_a_job_may_be_followed_by_its_id() -> None:
    """The subcommands of `/video` work in threads too."""
    async with running_bot() as bot:
        root = await started(bot)
        await reply(bot, root, f"status {root.job_id}")
        assert f"Job {root.job_id}" in (await until_ephemeral(bot)).text


async def test_a_cancel_after_the_submit_tells_of_the_bill_and_offers_to_let_go() -> None:
    """MindVideo has no cancel: it is honest to say so."""
    async with running_bot(render_seconds=30) as bot:
        await bot.type("a lake")
        await bot.until(lambda: bot.sandbox.video.charges)
        (root,) = bot.messages()
        await reply(bot, root, "cancel")
        answer = await until_ephemeral(bot)
        assert "bills the render" in answer.text
        assert button_of(answer) == ("job_give_up", root.job_id)


async def test_only_the_asker_and_admins_may_cancel() -> None:
    """Others are told who may."""
    async with running_bot(render_seconds=30, ADMINS=MIA) as bot:
        await bot.type("a lake")
        await bot.until(lambda: bot.sandbox.video.charges)
        (root,) = bot.messages()
        await reply(bot, root, "cancel", user=BEN)
        assert f"Only <@{ANA}>" in (await until_ephemeral(bot)).text
        await reply(bot, root, "cancel", user=MIA)
        assert "bills the render" in (await until_ephemeral(bot, 2)).text


async def test_a_cancel_before_the_submit_is_free() -> None:
    """What was not sent yet never is."""
    async with running_bot() as bot:
        slow_down = Fault(kind=FaultKind.RATE_LIMITED, retry_after="60")
        bot.sandbox.slack.faults.add("chat.postMessage", slow_down)
        root = await say(bot, f"<@{BOT}> a lake")
        await reply(bot, root, "cancel")
        assert "costs nothing" in (await until_ephemeral(bot)).text
        await until_ephemeral(bot, 2)
        assert bot.sandbox.video.requests == []


async def test_the_files_come_again_without_a_render() -> None:
    """Somebody deleted the video: it is brought into the thread again, and nothing is charged."""
    async with running_bot() as bot:
        root = await started(bot)
        await reply(bot, root, "resend", user=BEN)
        await bot.until(lambda: sum(bool(said.files) for said in bot.replies()) == 2)
        assert "nothing is charged" in (await until_ephemeral(bot)).text
        assert len(bot.sandbox.video.charges) == 1
