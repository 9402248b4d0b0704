"""Tests of finding and keeping, over real HTTP: who sees what, in which order, and what is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import pytest

from bot.base.errors import UsageError
from bot.jobs import find as finding
from bot.jobs.find import HIDDEN_AFTER_DAYS
from bot.jobs.found import FindSpec
from bot.listeners.subcommands.find import read_find
from bot.messages import buttons
from bot.messages.find import NEWER, OLDER
from bot.messages.home import SHOW_ALL, SHOW_KEPT
from sandbox.slack.entities import ANA, BEN, CREW, GENERAL, MIA, OPEN, StoredMessage
from sandbox.slack.faults import Fault, FaultKind
from storage.job import Job
from storage.sqlite.store import SqliteStore
from storage.store import JobFilter
from tests.support.conversation import (
    answer,
    direct_channel,
    make_video,
    mention,
    result_of,
    until_ephemeral,
)
from tests.support.running_bot import RunningBot, running_bot

SHORT = "--duration 5"


async def jobs(bot: RunningBot) -> list[Job]:
    """Return all jobs, the oldest first."""
    store = await SqliteStore.open(str(bot.sandbox.folder / "video-bot.db"), owner=False)
    try:
        return (await store.jobs.jobs(JobFilter()))[::-1]
    finally:
        await store.close()


async def found(
    bot: RunningBot, text: str, *, user: str = ANA, channel: str = GENERAL
) -> StoredMessage:
    """Type `/video find text`; return the ephemeral answer."""
    delivery = await bot.type(f"find {text}", user=user, channel=channel)
    assert delivery.error is None
    assert delivery.shown is not None
    assert delivery.shown.ephemeral_for == user
    return delivery.shown


async def choose(bot: RunningBot, message: StoredMessage, *, user: str = ANA) -> None:
    """Choose what stands first in the menu *More* under a message."""
    [menu] = [
        element
        for block in message.blocks
        if block["type"] == "actions"
        for element in block["elements"]  # type: ignore[attr-defined] # a row of elements
        if element["action_id"] == buttons.MORE
    ]
    option = menu["options"][0]
    delivery = await bot.sandbox.slack.people.click(
        user, message.ts, buttons.MORE, value=option["value"]
    )
    assert delivery.error is None


def blocks_of(message: StoredMessage) -> str:
    """Return the blocks of a message as text."""
    return json.dumps(message.blocks, ensure_ascii=False)


async def test_three_people_find_what_is_theirs_to_see() -> None:
    """A private channel's for its members, a direct conversation's for its person, wherever."""
    async with running_bot() as bot:
        mine = direct_channel(bot)
        await bot.type(f"a beach for all {SHORT}", user=BEN)
        await bot.type(f"a secret beach {SHORT}", user=BEN, channel=CREW)
        await bot.type(f"my own beach {SHORT}", channel=mine)
        for channel in (GENERAL, CREW, mine):
            await bot.until_delivered(channel=channel)
        open_to = {"a beach for all": {ANA, BEN, MIA}, "a secret beach": {ANA, BEN}}
        for user in (ANA, BEN, MIA):
            for channel in (GENERAL, direct_channel(bot, user)):
                shown = await found(bot, "beach", user=user, channel=channel)
                for words, who in {**open_to, "my own beach": {ANA}}.items():
                    for text in (shown.text, blocks_of(shown)):
                        assert (words in text) is (user in who)
        for text in ("secret", "beach --by <@U0BEN|ben>", f"--in <#{CREW}|crew>", "my own"):
            assert "a secret beach" not in blocks_of(await found(bot, text, user=MIA))


async def test_a_person_who_has_left_a_channel_finds_no_more_of_it() -> None:
    async with running_bot() as bot:
        await bot.type(f"a secret beach {SHORT}", channel=CREW)
        await bot.until_delivered(channel=CREW)
        bot.sandbox.slack.world.workspace.channels[CREW].members.discard(BEN)
        assert "Nothing found" in (await found(bot, "beach", user=BEN)).text
        # It is still Ana's own.
        bot.sandbox.slack.world.workspace.channels[CREW].members.discard(ANA)
        assert "a secret beach" in (await found(bot, "beach")).text


async def test_while_slack_does_not_tell_a_person_finds_their_own_and_the_channels() -> None:
    """And the answer says so."""
    async with running_bot() as bot:
        await bot.type(f"a secret beach {SHORT}", user=BEN, channel=CREW)
        await bot.type(f"a beach for all {SHORT}", user=BEN)
        await bot.until_delivered(channel=CREW)
        await bot.until_delivered()
        fault = Fault(kind=FaultKind.RATE_LIMITED, retry_after="60")
        bot.sandbox.slack.faults.add("users.conversations", fault)
        shown = await found(bot, "beach")
        assert "a beach for all" in shown.text
        assert "secret" not in shown.text
        assert "did not tell in time" in blocks_of(shown)
        # The next one asks again.
        shown = await found(bot, "beach")
        assert "secret" in shown.text
        assert "did not tell in time" not in blocks_of(shown)


async def test_a_public_channels_video_is_used_from_where_it_was_found() -> None:
    """By a member of the workspace who is not in that channel; not by a guest."""
    async with running_bot() as bot:
        await bot.type(f"a beach {SHORT}", channel=OPEN)
        await bot.until_delivered(channel=OPEN)
        workspace = bot.sandbox.slack.world.workspace
        workspace.channels[OPEN].members.discard(MIA)
        shown = await found(bot, "beach", user=MIA)
        assert "a beach" in shown.text
        await bot.sandbox.slack.people.click(MIA, shown.ts, buttons.AGAIN)
        await bot.until_delivered()
        assert [job.channel for job in await jobs(bot)] == [OPEN, GENERAL]


async def test_filters_narrow_what_is_found() -> None:
    async with running_bot() as bot:
        await answer(bot, 'style save noir "rain, {prompt}"', user=BEN)
        await bot.type(f"a lake at dawn --style noir {SHORT}", user=BEN)
        await bot.until_delivered()
        await bot.type(f"a lake at night {SHORT}")
        await bot.until_delivered(2)
        for text, expected in {
            "lake": ["night", "dawn"],
            "LAKE da": ["dawn"],
            "lake --by <@U0BEN|ben>": ["dawn"],
            "--by me": ["night"],
            "lake --style Noir": ["dawn"],
            "—last 2 weeks lake": ["night", "dawn"],
            "lake --in here": ["night", "dawn"],
            "lake --in <#C0CREW|crew>": [],
            "rain": [],
            '"lake" AND (dawn*': [],
            '"lake" at (dawn*': ["dawn"],
            "": ["night", "dawn"],
        }.items():
            shown = await found(bot, text)
            seen = [word for word in ("night", "dawn") if f"a lake at {word} ·" in shown.text]
            assert seen == expected, text
        assert "“lake and dawn”" in (await found(bot, '"lake" AND (dawn*')).text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("beach --by ana", "`--by` takes a person: `--by @ana`, or `--by me`. You gave `ana`."),
        ("--in", "`--in` takes a channel: `--in #launch`, or `--in here`."),
        ("--last soon", "`--last 2 weeks`. You gave `soon`."),
        ("--last 0d", "You gave `0d`."),
        ("--last 99999y", "You gave `99999y`."),
        ("--style", "`--style` takes the name of a style"),
    ],
)
def test_a_filter_that_says_nothing_is_told(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as error:
        read_find(text, user="U1", channel="C1")
    assert problem in str(error.value)


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("--last 30 beach", FindSpec(words=("beach",), days=30)),
        ("--last month --kept", FindSpec(days=30, kept=True)),
        ("--last=3w sun", FindSpec(words=("sun",), days=21)),
        ("--in=<#C7|x> --by=ME", FindSpec(channel="C7", by="U1")),
        ("a --nonsense b--kept", FindSpec(words=("a", "nonsense", "b", "kept"))),
        ("beach by <@U2|tom>", FindSpec(words=("beach",), by="U2")),
        ("beach in <#C7|x> last 2 weeks", FindSpec(words=("beach",), channel="C7", days=14)),
        ("Last week BY <@U2> sun", FindSpec(words=("sun",), by="U2", days=7)),
        ("last 7d last month", FindSpec(days=30)),
        ("day by day in rain by", FindSpec(words=("day", "by", "in", "rain"))),
        ("last day at sea", FindSpec(words=("last", "day", "at", "sea"))),
        ("last 3 boats", FindSpec(words=("last", "3", "boats"))),
        ("for <@U2|tom> &amp; co", FindSpec(words=("for", "tom", "co"))),
    ],
)
def test_what_is_typed_is_read(text: str, spec: FindSpec) -> None:
    assert read_find(text, user="U1", channel="C1") == spec


def test_the_longest_question_fits_into_a_button() -> None:
    """Also of the characters that JSON writes in many."""
    words = " ".join(chr(0x4E00 + n % 900) + "ü" * 60 for n in range(30))
    spec = read_find(f"{words} --by me --in here --last 9y --kept", user="U" * 11, channel="C" * 11)
    assert len(spec.model_copy(update={"before": 10**15, "style": "s" * 30}).to_value()) <= 2000


async def test_pages_replace_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """To older ones and back, each as long as it says."""
    monkeypatch.setattr(finding, "ON_PAGE", 2)
    async with running_bot() as bot:
        for number in range(5):
            await bot.type(f"beach number {number} {SHORT}")
        await bot.until(lambda: len(bot.messages()) == 5)
        shown = await found(bot, "beach")

        def numbers() -> list[str]:
            return [str(n) for n in range(4, -1, -1) if f"beach number {n} ·" in shown.text]

        def shows(wanted: set[str]) -> bool:
            return set(numbers()) == wanted

        newest_first = (await jobs(bot))[::-1]
        order = [str(job.input["prompt"])[-1] for job in newest_first]
        expected = [order[:2], order[2:4], order[4:], order[2:4], order[:2]]
        pages = [(OLDER, 1), (OLDER, 2), (NEWER, 3), (NEWER, 4)]
        assert set(numbers()) == set(expected[0])
        for action_id, number in pages:
            await bot.sandbox.slack.people.click(ANA, shown.ts, action_id)
            await bot.until(partial(shows, set(expected[number])))
        assert NEWER not in blocks_of(shown)
        assert len([one for one in bot.ephemerals() if "Found" in one.text]) == 1


async def test_a_page_shows_only_what_whoever_presses_may_see() -> None:
    """The button carries the question, and not the answer."""
    async with running_bot() as bot:
        await bot.type(f"a secret beach {SHORT}", user=BEN, channel=CREW)
        await bot.until_delivered(channel=CREW)
        shown = await found(bot, "beach", user=BEN)
        value = FindSpec(words=("beach",), before=10**9).to_value()
        label = {"type": "plain_text", "text": "Older"}
        older = {"type": "button", "text": label, "action_id": OLDER, "value": value}
        shown.blocks.append({"type": "actions", "block_id": "b", "elements": [older]})
        await bot.sandbox.slack.people.click(MIA, shown.ts, OLDER, block_id="b")
        await bot.until(lambda: "Nothing found" in shown.text)


async def test_a_result_is_kept_found_and_let_go() -> None:
    """The menu under it says which; the result, Home and `find` show it."""
    async with running_bot() as bot:
        message = await make_video(bot, f"a lake {SHORT}")
        await bot.until_delivered()
        result = result_of(bot, message)
        assert "Nothing found" in (await found(bot, "--kept")).text
        await choose(bot, result, user=BEN)
        await bot.until(lambda: f"kept by <@{BEN}>" in blocks_of(result))
        shown = await found(bot, "--kept")
        assert "a lake" in shown.text
        assert f"kept by <@{BEN}>" in blocks_of(shown)
        assert "Stop keeping" in blocks_of(shown)
        home = bot.sandbox.slack.world.views.homes
        await bot.sandbox.slack.people.open_home(ANA)
        await bot.until(lambda: ANA in home and SHOW_KEPT in json.dumps(home[ANA].data))
        await bot.sandbox.slack.people.view_action(ANA, home[ANA].id, SHOW_KEPT)
        await bot.until(lambda: "Your videos that are kept" in json.dumps(home[ANA].data))
        await choose(bot, shown)
        await bot.until(lambda: "kept by" not in blocks_of(result))
        await bot.until(lambda: "None is kept any more" in json.dumps(home[ANA].data))
        await bot.sandbox.slack.people.view_action(ANA, home[ANA].id, SHOW_ALL)
        await bot.until(lambda: "Your last videos" in json.dumps(home[ANA].data))
        await bot.until(lambda: SHOW_KEPT not in json.dumps(home[ANA].data))
        assert "Nothing found" in (await found(bot, "--kept")).text


async def test_a_result_is_kept_by_a_word_in_its_thread() -> None:
    async with running_bot() as bot:
        message = await make_video(bot, f"a lake {SHORT}")
        await bot.until_delivered()
        result = result_of(bot, message)
        await mention(bot, "keep", thread=message)
        assert "is kept" in (await until_ephemeral(bot)).text
        await bot.until(lambda: f"kept by <@{ANA}>" in blocks_of(result))


async def test_finding_works_in_a_mention_and_in_a_thread() -> None:
    async with running_bot() as bot:
        message = await make_video(bot, f"a lake {SHORT}")
        await mention(bot, "find lak")
        assert "Found" in (await until_ephemeral(bot)).text
        await mention(bot, "find lak", thread=message)
        assert "Found" in (await until_ephemeral(bot, 2)).text
        assert len(await jobs(bot)) == 1


async def test_a_file_that_slack_has_hidden_is_said_to_be_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With no link to a message that cannot be read any more."""
    async with running_bot() as bot:
        await make_video(bot, f"a lake {SHORT}")
        await bot.until_delivered()
        [job] = await jobs(bot)
        assert "archives" in blocks_of(await found(bot, "lake"))
        bot.sandbox.slack.world.files.hide(job.delivery.uploads[0].file_id)
        assert "gone from Slack" not in blocks_of(await found(bot, "lake"))
        monkeypatch.setattr(finding, "HIDDEN_AFTER_DAYS", -HIDDEN_AFTER_DAYS)
        shown = await found(bot, "lake")
        assert "gone from Slack" in shown.text
        assert "archives" not in blocks_of(shown)


async def test_a_guest_finds_nothing_and_is_told() -> None:
    async with running_bot() as bot:
        await make_video(bot, f"a lake {SHORT}")
        people = bot.sandbox.slack.world.workspace.users
        people[BEN] = replace(people[BEN], is_guest=True)
        assert "members of this workspace only" in (await found(bot, "lake", user=BEN)).text
