"""Tests of the cast, over real HTTP: pictures saved in every way, and used in every surface."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from bot.media.process import MediaProcess, TaskAnswer
from bot.media.worker import TASKS
from bot.messages import buttons
from bot.messages.cast_form import FOR_BLOCK, NAME_BLOCK, PICTURE_BLOCK
from bot.options.form_fields import CAST_BLOCK
from bot.slack.attachments import SlackPersonFiles
from bot.slack.manifest import CREATE_VIDEO, SAVE_TO_CAST, VIDEO_FROM_MESSAGE
from sandbox.slack.delivery import DeliveryKind
from sandbox.slack.entities import ANA, BEN, BOT, CREW, GENERAL, MIA, StoredMessage
from sandbox.slack.faults import Fault, FaultKind
from sandbox.slack.files import StoredFile
from sandbox.slack.forms import Values
from storage.job import Json
from storage.sqlite.store import SqliteSaved
from tests.support.cast import until_none_is_coming
from tests.support.conversation import (
    answer,
    direct_channel,
    last_input,
    mention,
    press,
    send_message,
    submitted_inputs,
    texts,
    until_done,
    until_ephemeral,
    until_reply_done,
)
from tests.support.forms import KLING, blocks_of, element_of, entries, form_of, submit, switch
from tests.support.images import data_of, image_bytes, put_file
from tests.support.running_bot import RENDER_SECONDS, RunningBot, bot_in, running_bot
from tests.support.sandbox import running_sandbox

MASCOT = image_bytes(side=320)
HERO = image_bytes(side=330)


@pytest.fixture(autouse=True)
def media_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run tasks of the media process here: its start takes longer than the rest of a test."""

    async def run(
        _: MediaProcess, task: str, arguments: Mapping[str, Json], data: bytes | bytearray
    ) -> TaskAnswer:
        made = TASKS[task](bytes(data), **arguments)
        fields: Mapping[str, Json] = {
            "suffix": made.suffix,
            "width": made.width,
            "height": made.height,
            "is_plain": made.is_plain,
        }
        return TaskAnswer(fields=fields, data=bytes(made.data))

    monkeypatch.setattr(MediaProcess, "run", run)


async def save(
    bot: RunningBot,
    text: str = "mascot",
    data: bytes = MASCOT,
    *,
    user: str = ANA,
) -> StoredMessage:
    """Save a picture by a mention that has it attached; return the message of the bot's copy.

    The answer was sent by then.
    """
    known, told = copies(bot), saved_answers(bot)
    picture = await put_file(bot, data, user=user)
    await mention(bot, f"cast save {text}", picture, user=user)
    await bot.until(lambda: len(saved_answers(bot)) > len(told))
    return await until_brought(bot, len(known) + 1)


def saved_answers(bot: RunningBot) -> list[StoredMessage]:
    """Return the answers in the channel that something was saved."""
    return [one for one in bot.ephemerals() if "As soon as its picture stands" in one.text]


def copies(bot: RunningBot) -> list[StoredMessage]:
    """Return the bot's messages with pictures of the cast, wherever they are, the oldest first."""
    workspace = bot.sandbox.slack.world.workspace
    found = [one for channel in workspace.channels for one in workspace.all_in(channel)]
    ours = [
        one for one in found if one.user == BOT and one.files and "in the cast" in str(one.blocks)
    ]
    return sorted(ours, key=lambda one: one.ts)


async def until_brought(bot: RunningBot, count: int = 1) -> StoredMessage:
    """Wait until so many copies are at Slack, and members have them; return the newest."""
    await bot.until(lambda: len(copies(bot)) >= count)
    await until_none_is_coming(bot)
    return copies(bot)[-1]


def not_saved(bot: RunningBot) -> list[StoredMessage]:
    """Return the messages to Ana that a picture could not be saved."""
    return [one for one in bot.messages(direct_channel(bot)) if "I could not save" in one.text]


async def until_not_saved(bot: RunningBot, count: int) -> None:
    """Wait for so many of these messages."""
    await bot.until(lambda: len(not_saved(bot)) == count)


async def until_submitted(bot: RunningBot, count: int) -> None:
    """Wait for so many videos to be submitted."""
    await bot.until(lambda: len(submitted_inputs(bot)) == count)


def file_of(bot: RunningBot, message: StoredMessage) -> StoredFile:
    """Return the one file of a message."""
    (file_id,) = message.files
    return bot.sandbox.slack.world.files.file(file_id)


async def render(bot: RunningBot, text: str) -> StoredMessage:
    """Request a video as Ana by command; return the job's message once it shows the cost."""
    known = len(done(bot))
    await bot.type(text)
    await bot.until(lambda: len(done(bot)) > known)
    return done(bot)[-1]


def done(bot: RunningBot) -> list[StoredMessage]:
    """Return the messages of jobs outside of threads that show the cost."""
    return [one for one in bot.messages() if one.user == BOT and "cost" in one.text]


def pictures(bot: RunningBot) -> list[bytes]:
    """Return the reference images that were submitted last."""
    return [data_of(uri) for uri in texts(last_input(bot)["image_urls"])]


async def test_a_member_is_saved_from_an_attached_picture_and_used() -> None:
    """By command, mention and a reply in a job's thread; the bot's own copy stands in the DM."""
    async with running_bot() as bot:
        copy = await save(bot)
        assert "`mascot` is saved for you." in saved_answers(bot)[0].text
        assert copy.channel == direct_channel(bot)
        assert "`@mascot` in a prompt, or `--cast mascot`, uses this picture." in str(copy.blocks)
        assert file_of(bot, copy).owner == BOT
        assert file_of(bot, copy).name == "mascot.png"
        message = await render(bot, "@Mascot's surfing --mode pro --duration 5")
        assert pictures(bot) == [MASCOT]
        assert last_input(bot)["prompt"] == "@Mascot's surfing"
        assert "attached image" in str(message.blocks)
        await save(bot, "hero", HERO)
        await mention(bot, "a duel --cast mascot,hero")
        await until_done(bot, 1)
        assert pictures(bot) == [MASCOT, HERO]
        await mention(bot, "and @hero waves", thread=message)
        await until_reply_done(bot, 2)
        assert pictures(bot) == [MASCOT, HERO]
        assert last_input(bot)["prompt"] == "@Mascot's surfing. and @hero waves"


async def test_a_member_is_saved_in_a_direct_conversation() -> None:
    """No mention is needed there; `here` is that conversation."""
    async with running_bot() as bot:
        direct = direct_channel(bot)
        text = "cast save mascot here"
        await send_message(bot, text, channel=direct, files=[await put_file(bot, MASCOT)])
        await bot.until(lambda: len(copies(bot)) == 1)
        assert copies(bot)[0].channel == direct
        told = await until_ephemeral(bot, 1, direct)
        assert "`mascot` is saved for everybody in this channel." in told.text


async def test_a_second_person_uses_a_member_of_the_channel() -> None:
    """And of the workspace, from another channel; who may not see one cannot name it."""
    async with running_bot() as bot:
        copy = await save(bot, "mascot here")
        assert copy.channel == GENERAL
        assert "for everybody in this channel" in str(copy.blocks)
        assert "Saved by ana" in str(copy.blocks)
        await save(bot, "own", HERO)
        await save(bot, "all workspace", HERO)
        listed = await answer(bot, "cast", user=BEN)
        assert f"`@mascot` (this channel's, by <@{ANA}>)" in listed
        assert "own" not in listed
        await bot.type("a lake with @mascot", user=BEN)
        await bot.until(lambda: len(submitted_inputs(bot)) == 1)
        assert pictures(bot) == [MASCOT]
        elsewhere = await answer(bot, "cast", user=BEN, channel=CREW)
        assert "mascot" not in elsewhere
        assert f"`@all` (the workspace's, by <@{ANA}>)" in elsewhere
        refused = await answer(bot, "a lake --cast mascot", user=BEN, channel=CREW)
        assert "There is no cast member `mascot` for you here." in refused
        await bot.type("a sea with @mascot and @own", user=BEN, channel=CREW)
        await bot.until(lambda: len(submitted_inputs(bot)) == 2)
        assert last_input(bot) == {"prompt": "a sea with @mascot and @own"}
        await bot.type("a hill --cast @all", user=BEN, channel=CREW)
        await bot.until(lambda: len(submitted_inputs(bot)) == 3)
        assert pictures(bot) == [HERO]


async def test_a_name_that_is_nobodys_stays_text() -> None:
    """So do an address of e-mail and a person who is mentioned, by the name of a member."""
    async with running_bot() as bot:
        await save(bot, "ben")
        text = f"a card by ana@ben.example for <@{BEN}|ben> and @nobody"
        await bot.type(text)
        await bot.until(lambda: len(submitted_inputs(bot)) == 1)
        assert "image_urls" not in last_input(bot)
        await bot.type("a card for (@ben)")
        await bot.until(lambda: len(submitted_inputs(bot)) == 2)
        assert pictures(bot) == [MASCOT]


async def test_a_person_who_is_mentioned_is_no_member_in_a_form_either() -> None:
    """Of a message, and of a text that was refused: both are filled in with the person's name."""
    async with running_bot() as bot:
        await save(bot, "ben")
        message = await send_message(bot, f"a card for <@{BEN}>", user=MIA)
        await bot.sandbox.slack.people.message_shortcut(ANA, message.ts, VIDEO_FROM_MESSAGE)
        await submit(bot, values=entries(prompt="a small card for @Ben"))
        await bot.until(lambda: len(submitted_inputs(bot)) == 1)
        assert "image_urls" not in last_input(bot)
        for count, mentioned in enumerate((f"<@{BEN}>", f"<@{BEN}|ben.miller>"), start=2):
            delivery = await bot.type(f"{count} cards for {mentioned} --duration 99")
            assert delivery.shown is not None
            await bot.sandbox.slack.people.click(ANA, delivery.shown.ts, buttons.OPEN_DRAFT)
            await submit(bot, values=entries(duration="5"))
            await until_submitted(bot, count)
            assert "image_urls" not in last_input(bot)


async def test_a_person_who_is_mentioned_is_no_member_in_a_change_either() -> None:
    """By command and in the thread."""
    async with running_bot() as bot:
        await save(bot, "ben")
        message = await render(bot, "a lake --duration 5")
        await bot.type(f"again last with <@{BEN}|ben>")
        await until_submitted(bot, 2)
        await mention(bot, f"again --mode pro with <@{BEN}|ben>", thread=message)
        await until_submitted(bot, 3)
        made = submitted_inputs(bot)
        assert [str(one["prompt"]).count("@ben") for one in made] == [0, 1, 1]
        assert not any("image_urls" in one for one in made)


async def test_a_mistyped_name_is_asked_about() -> None:
    """By command and form; nothing is charged for a video without the picture."""
    async with running_bot() as bot:
        await save(bot)
        asked = "Did you mean “@mascot”?"
        assert asked in await answer(bot, "a lake with @mascto")
        await bot.type("")
        await submit(bot, values=entries(prompt="a hill with @mascots"))
        await bot.until(lambda: sum(asked in one.text for one in bot.ephemerals()) == 2)
        assert submitted_inputs(bot) == []
        assert bot.sandbox.video.charges == []


async def test_a_name_in_the_words_of_a_style_is_text_and_a_save_says_so() -> None:
    async with running_bot() as bot:
        await save(bot)
        told = await answer(bot, 'style save noir "rain, {prompt}, with @mascot"')
        assert "`@mascot` in its words stays text" in told
        assert "stays text" not in await answer(bot, 'style save pale "fog by ana@mascot.example"')
        await bot.type("a lake --style noir")
        await bot.until(lambda: len(submitted_inputs(bot)) == 1)
        assert last_input(bot) == {"prompt": "rain, a lake, with @mascot"}


async def test_a_member_is_saved_in_the_thread_of_a_message_with_a_picture() -> None:
    """The first message's; else that of the newest reply that has one."""
    async with running_bot() as bot:
        root = await send_message(bot, "our mascot", files=[await put_file(bot, MASCOT)])
        await mention(bot, "cast save mascot here", thread=root, user=BEN)
        copy = await until_brought(bot)
        assert copy.thread_ts == root.ts
        assert file_of(bot, copy).path.read_bytes() == MASCOT
        other = await send_message(bot, "look")
        await send_message(bot, "this", thread=other, files=[await put_file(bot, MASCOT)])
        await send_message(bot, "or this", thread=other, files=[await put_file(bot, HERO)])
        await mention(bot, "cast save hero here", thread=other)
        copy = await until_brought(bot, 2)
        assert file_of(bot, copy).path.read_bytes() == HERO


async def test_a_command_opens_a_form_for_the_picture() -> None:
    """A slash command carries no file."""
    async with running_bot() as bot:
        delivery = await bot.type("cast save Mascot here")
        assert (delivery.error, delivery.shown) == (None, None)
        view = form_of(bot)
        assert element_of(view, NAME_BLOCK)["initial_value"] == "mascot"
        await submit(bot, values=fields(name="budget", picture=[await put_file(bot, MASCOT)]))
        assert "is a word of mine" in form_of(bot).errors[NAME_BLOCK]
        await submit(bot, values=fields(picture=[await put_file(bot, MASCOT)]))
        copy = await until_brought(bot)
        assert (copy.channel, copy.thread_ts) == (GENERAL, None)
        assert "for everybody in this channel" in (await until_ephemeral(bot)).text


async def test_a_message_is_saved_by_its_shortcut() -> None:
    """Its picture is chosen already; of several one is; without any, one is uploaded."""
    async with running_bot() as bot:
        both = [await put_file(bot, MASCOT, "a.png"), await put_file(bot, HERO, "b.png")]
        message = await send_message(bot, "two", files=both, user=BEN)
        people = bot.sandbox.slack.people
        await people.message_shortcut(ANA, message.ts, SAVE_TO_CAST)
        assert element_of(form_of(bot), PICTURE_BLOCK)["type"] == "static_select"
        await submit(bot, values=fields(name="hero", whose="workspace", picture=both[1]))
        copy = await until_brought(bot)
        assert file_of(bot, copy).path.read_bytes() == HERO
        assert copy.thread_ts == message.ts
        bare = await send_message(bot, "none")
        await people.message_shortcut(ANA, bare.ts, SAVE_TO_CAST)
        assert element_of(form_of(bot), PICTURE_BLOCK)["type"] == "file_input"


NOT_SAVED = (
    ("cast save", "Mention me with `cast save NAME`"),
    ("cast save mascot for everybody", "Mention me with `cast save NAME`"),
    ("cast save the.mascot", "is no name of a cast member"),
    (f"cast save {'x' * 31}", "at most 30"),
    ("cast save none", "is no name of a cast member"),
    ("cast save budget", "`budget` is a word of mine"),
    ("cast save everyone", "`everyone` is a word of mine"),
    ("cast delete", "Mention me with `cast save NAME`"),
    ("cast delete hero", "There is no cast member `hero` for you here"),
    ("cast rename mascot", "Mention me with `cast save NAME`"),
    ("cast rename mascot none", "is no name of a cast member"),
    ("a lake --cast", "`--cast` needs a value, the name of a cast member."),
    ("a lake --cast mascto", "Did you mean `mascot`? `/video cast` lists them."),
    ("a lake --first-frame-image @nobody", "must be a link"),
    ("settings me mode pro --cast mascot", "belongs to a request for a video"),
    ("style save noir rain --cast mascot", "belongs to a request for a video"),
)
"""What cannot be saved or used, and the sentence about it."""


async def test_what_cannot_be_is_told_in_a_sentence() -> None:
    """Nothing is saved or rendered."""
    async with running_bot() as bot:
        await save(bot)
        for text, problem in NOT_SAVED:
            assert problem in await answer(bot, text), text
        assert bot.sandbox.video.requests == []
        assert (await answer(bot, "cast")).count("•") == 1


async def test_a_picture_that_cannot_be_saved_is_told_in_a_sentence() -> None:
    """None, several, another kind of file, one that is no image, and one of a wrong shape."""
    async with running_bot() as bot:
        await mention(bot, "cast save mascot")
        assert "I see no picture to save." in (await until_ephemeral(bot, 1)).text
        both = [await put_file(bot, MASCOT), await put_file(bot, HERO)]
        await mention(bot, "cast save mascot", *both)
        assert "There are 2 pictures" in (await until_ephemeral(bot, 2)).text
        await mention(bot, "cast save mascot", await put_file(bot, b"%PDF", "plan.pdf"))
        assert "plan.pdf is not an image" in (await until_ephemeral(bot, 3)).text
        for count, data in enumerate((b"no image", image_bytes(side=900, height=310)), start=1):
            await mention(bot, "cast save mascot", await put_file(bot, data, "odd.png"))
            await until_not_saved(bot, count)
            assert "I could not save `mascot`. odd.png" in not_saved(bot)[-1].text
        assert "There is no cast" in await answer(bot, "cast")
        assert copies(bot) == []


async def test_a_picture_that_cannot_be_used_leaves_the_earlier_one() -> None:
    async with running_bot() as bot:
        await save(bot)
        await mention(bot, "cast save mascot", await put_file(bot, b"no image", "odd.png"))
        await bot.until(lambda: not_saved(bot))
        await render(bot, "a lake with @mascot --mode pro")
        assert pictures(bot) == [MASCOT]


async def test_a_member_that_is_saved_anew_has_its_new_picture_alone() -> None:
    """Also where a change in a thread names it; an earlier job keeps the picture of then."""
    async with running_bot() as bot:
        await save(bot)
        message = await render(bot, "@mascot surfs --duration 5")
        await save(bot, "mascot", HERO)
        await mention(bot, "at night", thread=message)
        await until_reply_done(bot)
        assert pictures(bot) == [MASCOT]
        await mention(bot, "--cast mascot", thread=message)
        await until_reply_done(bot, 2)
        assert pictures(bot) == [HERO]


async def test_a_reply_of_another_person_does_not_take_their_member_of_that_name() -> None:
    """The words of before have their picture; words that are added are whoever's adds them."""
    async with running_bot() as bot:
        await save(bot)
        await save(bot, "mascot", HERO, user=BEN)
        message = await render(bot, "@mascot surfs --duration 5")
        await mention(bot, "at night", thread=message, user=BEN)
        await until_reply_done(bot)
        assert pictures(bot) == [MASCOT]
        await press(bot, message, buttons.EDIT, user=BEN)
        await submit(bot, BEN, entries(prompt="@mascot surfs at dawn"))
        await bot.until(lambda: len(submitted_inputs(bot)) == 3)
        assert pictures(bot) == [MASCOT]
        await save(bot, "friend", image_bytes(side=340), user=BEN)
        await mention(bot, "and with @friend on the beach", thread=message, user=BEN)
        await bot.until(lambda: len(submitted_inputs(bot)) == 4)
        assert pictures(bot) == [MASCOT, image_bytes(side=340)]
        await mention(bot, "and with @mascot on the hill", thread=message, user=BEN)
        await bot.until(lambda: len(submitted_inputs(bot)) == 5)
        assert HERO in pictures(bot)


async def test_a_member_is_the_first_frame() -> None:
    async with running_bot() as bot:
        await save(bot)
        await render(bot, "a lake --first-frame-image @mascot --duration 5")
        assert data_of(last_input(bot)["first_frame_image"]) == MASCOT
        assert "image_urls" not in last_input(bot)


async def test_a_picture_that_is_gone_from_slack_is_told_at_use() -> None:
    """By command and form; nothing is charged."""
    async with running_bot() as bot:
        copy = await save(bot)
        bot.sandbox.slack.world.files.delete(copy.files[0])
        gone = "The picture of `mascot` is gone from Slack. Save it again"
        assert gone in await answer(bot, "a lake with @mascot")
        await bot.type("")
        refused = await submit(bot, values=entries(prompt="a lake with @mascot"))
        assert "is gone from Slack" in str(refused.ack.body)
        assert not any(one.user == BOT for one in bot.messages())
        assert bot.sandbox.video.requests == []


async def test_a_picture_is_used_although_slack_does_not_tell_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file is looked at again when the job is submitted."""
    async with running_bot() as bot:
        await save(bot)
        bot.sandbox.slack.world.faults.add("files.info", Fault(kind=FaultKind.LOST_BEFORE))
        monkeypatch.setattr("bot.jobs.gone_files.PATIENCE_SECONDS", 20.0)
        await render(bot, "a lake with @mascot --duration 5")
        assert pictures(bot) == [MASCOT]


async def test_a_member_cannot_be_used_before_slack_has_its_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is listed, and its use is refused until then."""
    may_go_on = asyncio.Event()
    open_file = SlackPersonFiles.describe

    async def held(files: SlackPersonFiles, file_id: str) -> object:
        await may_go_on.wait()
        return await open_file(files, file_id)

    async with running_bot() as bot:
        picture = await put_file(bot, MASCOT)
        monkeypatch.setattr(SlackPersonFiles, "describe", held)
        await mention(bot, "cast save mascot", picture)
        assert "`@mascot` (yours, its picture is on its way)" in await answer(bot, "cast")
        refused = await answer(bot, "a lake with @mascot")
        assert "The picture of `mascot` is still on its way to Slack." in refused
        may_go_on.set()
        await until_brought(bot)
        await render(bot, "a lake with @mascot --duration 5")
        assert pictures(bot) == [MASCOT]


async def test_only_its_maker_or_an_admin_changes_a_member() -> None:
    async with running_bot(ADMINS=MIA) as bot:
        await save(bot, "mascot here")
        for text in ("cast delete mascot", "cast rename mascot hero here"):
            refused = await answer(bot, text, user=BEN)
            assert "was made by @ana, so only they or an admin" in refused
        before = len(bot.ephemerals())
        await mention(bot, "cast save mascot here", await put_file(bot, HERO), user=BEN)
        refused = (await until_ephemeral(bot, before + 1)).text
        assert "was made by @ana, so only they or an admin" in refused
        assert "is called `hero` now" in await answer(bot, "cast rename @mascot hero", user=MIA)
        await save(bot, "dawn here")
        assert "There is a cast member `dawn` already" in await answer(bot, "cast rename hero dawn")
        assert "is gone. Videos made with it stay." in await answer(bot, "cast delete hero")
        assert "hero" not in await answer(bot, "cast")


async def test_of_two_who_save_one_name_at_once_one_is_refused() -> None:
    """And one copy is made."""
    async with running_bot() as bot:
        pairs = [(user, await put_file(bot, data)) for user, data in ((ANA, MASCOT), (BEN, HERO))]
        await asyncio.gather(
            *(mention(bot, "cast save mascot here", file, user=user) for user, file in pairs)
        )
        await until_ephemeral(bot, 2)
        told = [one.text for one in bot.ephemerals()]
        assert sorted("is saved" in each for each in told) == [False, True]
        assert sorted("only they or an admin" in each for each in told) == [False, True]
        copy = await until_brought(bot)
        listed = await answer(bot, "cast")
        maker = ANA if f"by <@{ANA}>" in listed else BEN
        assert file_of(bot, copy).path.read_bytes() == {ANA: MASCOT, BEN: HERO}[maker]
        assert len(copies(bot)) == 1


async def test_a_save_that_is_delivered_again_after_a_restart_is_one_copy() -> None:
    async with running_sandbox(render_seconds=RENDER_SECONDS) as sandbox:
        async with bot_in(sandbox) as bot:
            typed = await sandbox.slack.people.message(
                ANA, GENERAL, f"<@{BOT}> cast save mascot", files=[await put_file(bot, MASCOT)]
            )
            await until_brought(bot)
        async with bot_in(sandbox) as bot:
            deliver = sandbox.slack.dispatcher.deliver
            for each in typed.deliveries:
                again = await deliver(DeliveryKind.EVENT, each.payload)
                assert again.error is None
            await render(bot, "a lake with @mascot --duration 5")
            assert pictures(bot) == [MASCOT]
            assert len(copies(bot)) == 1


async def test_the_form_has_a_menu_with_pictures_once_there_is_a_cast() -> None:
    """A chosen member has a large picture; the others have small ones."""
    async with running_bot() as bot:
        await bot.type("")
        assert not any(block.startswith(CAST_BLOCK) for block in blocks_of(form_of(bot)))
        copy = await save(bot)
        await save(bot, "hero here", HERO)
        await bot.type("")
        view = form_of(bot)
        options = element_of(view, CAST_BLOCK)["options"]
        assert isinstance(options, list)
        assert [one["value"] for one in options] == ["mascot", "hero"]
        small = str(blocks_of(view)[f"{CAST_BLOCK}:0:"])
        assert f"'slack_file': {{'id': '{copy.files[0]}'}}" in small
        await switch(bot, CAST_BLOCK, ["mascot"], entries(prompt="a lake", duration="6"))
        assert "accessory" in blocks_of(form_of(bot))[f"{CAST_BLOCK}:mascot"]
        assert element_of(form_of(bot), "option:prompt")["initial_value"] == "a lake"
        await submit(bot, values=entries(prompt="a lake and @hero"))
        await bot.until(lambda: len(submitted_inputs(bot)) == 1)
        assert pictures(bot) == [MASCOT, HERO]
        assert last_input(bot)["duration"] == 6


async def test_a_form_opens_without_pictures_that_slack_refuses() -> None:
    async with running_bot() as bot:
        await save(bot)
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="invalid_blocks")
        bot.sandbox.slack.world.faults.add("views.open", fault)
        await bot.type("")
        view = form_of(bot)
        assert CAST_BLOCK in blocks_of(view)
        assert "slack_file" not in str(view.data)


async def test_a_form_for_any_channel_knows_the_cast_of_the_chosen_one() -> None:
    """Its `@name` would be text else, and the video would be charged without the picture."""
    async with running_bot() as bot:
        await save(bot, "mascot here")
        await bot.sandbox.slack.people.shortcut(ANA, CREATE_VIDEO)
        await submit(bot, values=entries(KLING, CREW, prompt="a lake with @mascot"))
        await bot.until(lambda: len(submitted_inputs(bot)) == 1)
        assert "image_urls" not in last_input(bot)
        await bot.sandbox.slack.people.shortcut(ANA, CREATE_VIDEO)
        await submit(bot, values=entries(KLING, GENERAL, prompt="a hill with @mascot"))
        await bot.until(lambda: len(submitted_inputs(bot)) == 2)
        assert pictures(bot) == [MASCOT]


async def test_a_refused_text_opens_with_its_cast() -> None:
    async with running_bot() as bot:
        await save(bot)
        delivery = await bot.type("a lake --cast mascot --duration 99")
        assert delivery.shown is not None
        await bot.sandbox.slack.people.click(ANA, delivery.shown.ts, buttons.OPEN_DRAFT)
        kept = element_of(form_of(bot), "kept:image_urls")["initial_options"]
        assert "'mascot'" in str(kept)
        await submit(bot, values=entries(duration="5"))
        await bot.until(lambda: len(submitted_inputs(bot)) == 1)
        assert pictures(bot) == [MASCOT]


async def test_a_plain_ask_reads_nothing_of_the_cast(monkeypatch: pytest.MonkeyPatch) -> None:
    """By command, mention, reply or button, of a job with a member, too."""
    async with running_bot() as bot:
        await save(bot)
        message = await render(bot, "a lake with @mascot --duration 5")

        async def within(*_: object) -> None:
            raise AssertionError("a plain ask looks for the cast")

        monkeypatch.setattr(SqliteSaved, "within", within)
        await bot.type("a hill --mode pro")
        await mention(bot, "a sea --duration 5")
        await mention(bot, "at night", thread=message)
        await press(bot, message, buttons.AGAIN, user=BEN)
        await bot.until(lambda: len(submitted_inputs(bot)) == 5)


def fields(*, name: str | None = None, whose: str | None = None, picture: object = None) -> Values:
    """Return the entered values of the form for a member; `None`: it was left as it is."""
    given: dict[str, object | None] = {
        NAME_BLOCK: name,
        FOR_BLOCK: whose,
        PICTURE_BLOCK: picture,
    }
    found: dict[str, Mapping[str, object]] = {
        block: {block: value} for block, value in given.items() if value is not None
    }
    return found
