"""Tests of styles, over real HTTP: saved, used in every surface, changed by whoever made them."""

from __future__ import annotations

import asyncio

import pytest

from bot.listeners.subcommands.router import SUBCOMMANDS
from bot.listeners.subcommands.thread import THREAD_WORDS
from bot.messages import buttons
from bot.options.form_fields import NO_STYLE, STYLE_BLOCK
from sandbox.slack.entities import ANA, BEN, CREW, MIA, TEAM
from sandbox.slack.forms import Values
from storage.job import Job, UsedStyle
from storage.notification import person_scope
from storage.saved import MOST_SAVED, Editor, SavedKey, SavedKind
from storage.sqlite.store import SqliteSaved, SqliteStore
from storage.store import JobFilter
from tests.support.conversation import (
    answer,
    job_of,
    last_input,
    make_video,
    mention,
    press,
    submitted_inputs,
    until_done,
    until_ephemeral,
    until_reply_done,
)
from tests.support.forms import blocks_of, chosen, element_of, entries, form_of, submit, switch
from tests.support.running_bot import RunningBot, running_bot

NOIR = 'style save noir "black and white, rain, {prompt}, film grain" --no colour --mode pro'
A_LAKE_IN_NOIR = "black and white, rain, a lake, film grain"
SENT = {"prompt": A_LAKE_IN_NOIR, "mode": "pro", "negative_prompt": "colour", "duration": 5}


async def jobs(bot: RunningBot) -> list[Job]:
    """Return all jobs, the oldest first."""
    store = await SqliteStore.open(str(bot.sandbox.folder / "video-bot.db"), owner=False)
    try:
        return (await store.jobs.jobs(JobFilter()))[::-1]
    finally:
        await store.close()


async def test_a_style_is_used_in_a_command_a_mention_and_a_reply() -> None:
    """What is sent is composed; what is shown are the words asked for, and the style's name."""
    async with running_bot() as bot:
        told = await answer(bot, NOIR)
        assert "The style `noir` is saved for you: “black and white, rain, {prompt}," in told
        assert "`--mode pro --negative-prompt colour`" in told
        message = await make_video(bot, "a lake --style noir --duration 5")
        assert last_input(bot) == SENT
        blocks = str(message.blocks)
        assert "a lake" in message.text
        assert "Style: noir" in blocks
        assert "Mode: pro" in blocks
        listed = await answer(bot, "list")
        assert "a lake" in listed
        assert "film grain" not in blocks + message.text + listed
        assert (await job_of(bot, message)).style == UsedStyle(
            name="noir", words="black and white, rain, {prompt}, film grain", prompt="a lake"
        )
        await mention(bot, "a sea --style=NOIR --mode std")
        await until_done(bot, 1)
        assert last_input(bot)["prompt"] == "black and white, rain, a sea, film grain"
        # What is typed goes before the style.
        assert last_input(bot).get("mode") == "std"


async def test_a_change_in_a_thread_is_made_to_the_words_asked_for() -> None:
    """They are composed again in the words of the style as they were, until another is named."""
    async with running_bot() as bot:
        await answer(bot, NOIR)
        message = await make_video(bot, "a lake. --style noir --duration 5")
        await answer(bot, 'style save noir "in colour"')
        await answer(bot, 'style save toon "a cartoon" --mode std')
        await mention(bot, "at night", thread=message)
        shown = await until_reply_done(bot)
        at_night = "black and white, rain, a lake. at night, film grain"
        assert last_input(bot)["prompt"] == at_night
        assert last_input(bot)["mode"] == "pro"
        assert "+ at night" in str(shown.blocks)
        await press(bot, message, buttons.AGAIN, user=BEN)
        await until_reply_done(bot, 2)
        assert last_input(bot)["prompt"] == at_night
        await mention(bot, "--style toon", thread=message)
        await until_reply_done(bot, 3)
        assert last_input(bot)["prompt"] == "a lake. at night, a cartoon"
        assert last_input(bot)["mode"] == "std"
        await mention(bot, "new: a hill --style none", thread=message)
        await until_reply_done(bot, 4)
        assert last_input(bot)["prompt"] == "a hill"
        used = [job.style.name if job.style else None for job in await jobs(bot)]
        assert used == ["noir", "noir", "noir", "toon", None]


WRONG = (
    ("style save", "Type `/video style save NAME"),
    ("style save noir", "Say what the style has: words, options or both"),
    ("style save film.noir rain", "is no name of a style"),
    (f"style save {'x' * 31} rain", "at most 30"),
    ("style save none rain", "is no name of a style"),
    ('style save "film noir" rain', "The name of a style is one word."),
    ('style save film noir "rain, {prompt}"', "The name of a style is one word."),
    ("style save budget rain", "`budget` is a word of mine"),
    ("style save Here rain", "`here` is a word of mine"),
    ("style save noir {prompt} and {Prompt}", "may stand in a style once"),
    ("style save noir rain, {promt}", "Did you mean `{prompt}`?"),
    ('style save noir "rain', "is not closed"),
    ("style save noir rain --moed pro", "Did you mean `--mode`?"),
    ("style save noir rain --mode best", "`--mode`"),
    ("style save noir rain --dry", "`--project` and `--style`"),
    (f"style save noir {'x' * 2501}", "2,501 characters"),
    ("style delete", "Type `/video style save NAME"),
    ("style delete noir", "There is no style `noir` for you here"),
    ("style delete noir workspace", "There is no style `noir` for the whole workspace"),
    ("style rename noir", "Type `/video style save NAME"),
    ("style rename noir night here", "There is no style `noir` for everybody in this channel"),
    ("a lake --style", "`--style` needs a value, a style's name."),
    ("a lake --style film.noir", "is no name of a style"),
    ("a lake --style rian", "Did you mean `rain`? `/video styles` lists them."),
    ("a lake --style rain --style none", "more than once"),
    ("--style rain", "Say what to show"),
    ("a lake --style rain --moed pro --style rian", "Did you mean `--mode`?"),
    (f"{'x' * 2488} --style rain", "The prompt and the style have 2,501 characters; Kling V3"),
)
"""What cannot be saved or used, and the sentence about it."""


async def test_what_cannot_be_is_told_in_a_sentence() -> None:
    """Nothing is saved or rendered."""
    async with running_bot() as bot:
        await answer(bot, "style save rain wet streets")
        for text, problem in WRONG:
            assert problem in await answer(bot, text), text
        assert bot.sandbox.video.requests == []
        assert (await answer(bot, "styles")).count("•") == 1


async def test_names_and_quotes_are_read_as_phones_write_them() -> None:
    """Curly quotes, a dash for a hyphen, capitals, a mention by its name, no quotes at all."""
    async with running_bot() as bot:
        await answer(bot, "style save Film–Noir “black, {prompt}” —mode pro")
        await answer(bot, f"style save plain rain by <@{BEN}|ben> & dogs' <tears>")
        listed = await answer(bot, "styles")
        assert "`film-noir` (yours): “black, {prompt}” `--mode pro`" in listed
        assert "dogs' &lt;tears&gt;" in listed
        await bot.type("a lake —style film—noir")
        await bot.type("a lake --style plain")
        first, second = await jobs(bot)
        assert first.input == {"prompt": "black, a lake", "mode": "pro"}
        assert second.input == {"prompt": "a lake, rain by @ben & dogs' <tears>"}


async def test_the_nearest_of_a_name_is_used_and_a_save_says_so() -> None:
    """A person's own goes before the channel's, and that before the workspace's."""
    async with running_bot() as bot:
        assert "for the whole workspace" in await answer(bot, "style save noir workspace rain")
        told = await answer(bot, "style save noir here fog")
        assert "It goes before the workspace's of this name." in told
        assert "It goes before this channel's" in await answer(bot, "style save noir snow")
        assert "For you yours of this name goes before it." in await answer(
            bot, "style save noir here mist"
        )
        for user, channel in ((ANA, None), (BEN, None), (BEN, CREW)):
            where = {} if channel is None else {"channel": channel}
            await bot.type("a lake --style noir", user=user, **where)
        prompts = [job.input["prompt"] for job in await jobs(bot)]
        assert prompts == ["a lake, snow", "a lake, mist", "a lake, rain"]


async def test_what_is_saved_for_one_place_is_shown_in_no_other() -> None:
    """Neither a person's own to anybody else, nor a channel's outside of it."""
    async with running_bot() as bot:
        await answer(bot, "style save mine a secret of Ana")
        await answer(bot, "style save ours here a secret of the channel")
        await answer(bot, "style save all workspace rain")
        assert "`mine`" in await answer(bot, "styles")
        listed = await answer(bot, "styles", user=BEN)
        assert "mine" not in listed
        assert f"`ours` (this channel's, by <@{ANA}>)" in listed
        elsewhere = await answer(bot, "styles", user=BEN, channel=CREW)
        assert "secret" not in elsewhere
        assert f"`all` (the workspace's, by <@{ANA}>)" in elsewhere
        refused = await answer(bot, "a lake --style ours", user=BEN, channel=CREW)
        assert "There is no style" in refused
        assert "no style" in await answer(bot, "style delete ours here", channel=CREW)


async def test_another_person_sees_a_style_by_its_name_alone() -> None:
    """Also where they look at what their change of the job would send."""
    async with running_bot() as bot:
        await answer(bot, "style save mine a secret of Ana")
        message = await make_video(bot, "a lake --style mine")
        before = len(bot.ephemerals())
        await mention(bot, "at night --dry", thread=message, user=BEN)
        told = await until_ephemeral(bot, before + 1)
        assert "the words of the style `mine` are somebody else's" in told.text
        await press(bot, message, buttons.EDIT, user=BEN)
        form = str(form_of(bot, BEN).data)
        assert "a lake" in form
        await press(bot, message, buttons.DETAILS, user=BEN)
        details = str(form_of(bot, BEN).data)
        assert "Style: mine" in details
        shown = form + details + str([one.blocks for one in bot.messages() + bot.replies()])
        assert "secret" not in shown


async def test_the_form_has_what_is_saved_for_whoever_presses() -> None:
    """And not what the asker of the job saved for themselves, or takes as their own defaults."""
    async with running_bot() as bot:
        message = await make_video(bot, "a lake --duration 5")
        await answer(bot, "style save anas a secret of Ana")
        await answer(bot, "settings me project secretive")
        await answer(bot, "style save bens with rain", user=BEN)
        await answer(bot, "settings me project open", user=BEN)
        await press(bot, message, buttons.EDIT, user=BEN)
        form = str(form_of(bot, BEN).data)
        assert "bens (yours)" in form
        assert "anas" not in form
        assert "secretive" not in form


async def test_only_its_maker_or_an_admin_changes_a_style() -> None:
    async with running_bot(ADMINS=MIA) as bot:
        await answer(bot, "style save noir here rain")
        for text in (
            "style save noir here fog",
            "style delete noir here",
            "style rename noir night",
        ):
            refused = await answer(bot, text, user=BEN)
            assert "was made by @ana, so only they or an admin" in refused
        assert "is changed for everybody" in await answer(bot, "style save noir here fog")
        assert "is changed" in await answer(bot, "style save noir here mist", user=MIA)
        assert "is called `night` now" in await answer(bot, "style rename noir night", user=MIA)
        assert f"`night` (this channel's, by <@{ANA}>): “mist”" in await answer(bot, "styles")
        await answer(bot, "style save dawn here sun")
        refused = await answer(bot, "style rename dawn to night")
        assert "There is a style `night` already" in refused
        assert "is gone. Videos made with it stay." in await answer(bot, "style delete night")


async def test_of_two_who_save_one_name_at_once_one_is_refused() -> None:
    async with running_bot() as bot:
        told = await asyncio.gather(
            answer(bot, "style save noir here rain"),
            answer(bot, "style save noir here fog", user=BEN),
        )
        assert sorted("is saved" in each for each in told) == [False, True]
        assert sorted("only they or an admin" in each for each in told) == [False, True]


async def test_a_place_holds_a_hundred_styles() -> None:
    """The menu of the form has them, but for one in whose place is "No style"."""
    async with running_bot() as bot:
        await save_many(bot, MOST_SAVED)
        assert "There are 100 styles for you" in await answer(bot, "style save more rain")
        assert "is changed" in await answer(bot, "style save s99 rain")
        assert "`s99`" in str(bot.ephemerals()[-1].blocks)
        await answer(bot, "styles")
        assert "`s99`" in str(bot.ephemerals()[-1].blocks)
        await bot.type("")
        options = element_of(form_of(bot), STYLE_BLOCK)["options"]
        assert isinstance(options, list)
        assert len(options) == 100


async def save_many(bot: RunningBot, count: int) -> None:
    """Save so many styles for Ana."""
    store = await SqliteStore.open(str(bot.sandbox.folder / "video-bot.db"), owner=False)
    for number in range(count):
        scope = person_scope(TEAM, ANA)
        key = SavedKey(kind=SavedKind.STYLE, scope=scope, name=f"s{number}")
        await store.saved.save(key, {"words": "rain"}, Editor(user=ANA, is_admin=False), 1.0)
    await store.close()


async def test_a_dry_run_shows_the_composed_prompt() -> None:
    async with running_bot() as bot:
        await answer(bot, NOIR)
        await answer(bot, "a lake --style noir --dry")
        assert A_LAKE_IN_NOIR in str(bot.ephemerals()[-1].blocks)
        message = await make_video(bot, "a lake --style noir")
        before = len(bot.ephemerals())
        await mention(bot, "at night --dry", thread=message)
        shown = await until_ephemeral(bot, before + 1)
        assert "rain, a lake. at night, film grain" in str(shown.blocks)


async def test_the_form_has_a_menu_once_there_is_a_style() -> None:
    """Its options are filled into the fields, which may then be changed; its words go around."""
    async with running_bot() as bot:
        await bot.type("")
        assert STYLE_BLOCK not in blocks_of(form_of(bot))
        await answer(bot, NOIR)
        await bot.type("")
        assert chosen(form_of(bot), STYLE_BLOCK) == NO_STYLE
        await switch(bot, STYLE_BLOCK, "noir", entries(prompt="a lake", duration="6"))
        assert chosen(form_of(bot), STYLE_BLOCK) == "noir"
        assert chosen(form_of(bot), "option:mode") == "pro"
        assert element_of(form_of(bot), "option:prompt")["initial_value"] == "a lake"
        assert element_of(form_of(bot), "option:negative_prompt")["initial_value"] == "colour"
        delivery = await submit(bot, values=entries("kling-v3:noir", mode="4k"))
        assert not delivery.ack.body
        (job,) = await jobs(bot)
        assert job.style is not None
        assert job.style.prompt == "a lake"
        assert job.input == {**SENT, "mode": "4k", "duration": 6}


async def test_a_style_that_was_chosen_a_moment_ago_counts_whole() -> None:
    """Slack had not drawn its options yet: they go before the fields, which are older."""
    async with running_bot() as bot:
        await answer(bot, NOIR)
        await bot.type("")
        await submit(bot, values={**entries(prompt="a lake", mode="std"), **style("noir")})
        (job,) = await jobs(bot)
        assert (job.input["mode"], job.input["prompt"]) == ("pro", A_LAKE_IN_NOIR)


async def test_a_form_says_what_is_wrong_with_its_style() -> None:
    async with running_bot() as bot:
        await answer(bot, "style save noir rain")
        await bot.type("")
        long = await submit(bot, values={**entries(prompt="x" * 2499), **style("noir")})
        assert "The prompt and the style have 2,505 characters" in str(long.ack.body)
        await answer(bot, "style delete noir")
        gone = await submit(bot, values={**entries(prompt="a lake"), **style("noir")})
        assert "There is no style noir any more" in str(gone.ack.body)
        assert await jobs(bot) == []


async def test_edit_and_re_run_begins_with_the_words_asked_for_and_the_style() -> None:
    """The style is that of then, although it is gone; it can be taken out."""
    async with running_bot() as bot:
        await answer(bot, NOIR)
        message = await make_video(bot, "a lake --style noir --duration 5")
        await answer(bot, "style delete noir")
        await press(bot, message, buttons.EDIT, user=BEN)
        form = form_of(bot, BEN)
        assert chosen(form, STYLE_BLOCK) == "noir"
        assert element_of(form, "option:prompt")["initial_value"] == "a lake"
        await submit(bot, BEN, entries("kling-v3:noir", prompt="a sea"))
        await press(bot, message, buttons.EDIT, user=BEN)
        await submit(bot, BEN, style(NO_STYLE))
        _, kept, without = await jobs(bot)
        of_form = {name: value for name, value in SENT.items() if name != "duration"}
        assert kept.input == {**of_form, "prompt": "black and white, rain, a sea, film grain"}
        assert without.input == {**of_form, "prompt": "a lake"}
        assert without.style is None


async def test_a_refused_text_opens_with_its_style() -> None:
    async with running_bot() as bot:
        await answer(bot, NOIR)
        delivery = await bot.type("a lake --style noir --duration 99")
        assert delivery.shown is not None
        await bot.sandbox.slack.people.click(ANA, delivery.shown.ts, buttons.OPEN_DRAFT)
        assert chosen(form_of(bot), STYLE_BLOCK) == "noir"
        assert chosen(form_of(bot), "option:mode") == "pro"
        assert element_of(form_of(bot), "option:prompt")["initial_value"] == "a lake"


async def test_a_plain_ask_reads_nothing_of_styles(monkeypatch: pytest.MonkeyPatch) -> None:
    """By command, mention, reply, or button, of a job without a style or with one."""
    async with running_bot() as bot:
        await answer(bot, "style save noir rain")
        styled = await make_video(bot, "a lake --style noir")

        async def within(*_: object) -> None:
            raise AssertionError("a plain ask looks for styles")

        monkeypatch.setattr(SqliteSaved, "within", within)
        await bot.type("a hill --mode pro")
        await mention(bot, "a sea --duration 5")
        await mention(bot, "at night", thread=styled)
        await press(bot, styled, buttons.AGAIN, user=BEN)
        await bot.until(lambda: len(submitted_inputs(bot)) == 5)


def test_no_word_of_the_bot_is_the_name_of_a_style() -> None:
    assert {"styles", "again", "list"} <= {*SUBCOMMANDS, *THREAD_WORDS}


def style(name: str) -> Values:
    """Return the entered value of the menu of styles."""
    return {STYLE_BLOCK: {STYLE_BLOCK: name}}
