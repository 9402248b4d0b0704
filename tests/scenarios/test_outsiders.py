"""Tests of people of another workspace and guests, with the whole bot over real HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.jobs import access
from bot.jobs.access import ONLY_MEMBERS
from bot.messages import buttons
from bot.messages.subscriptions import UNDO
from bot.slack.manifest import CREATE_VIDEO
from sandbox.slack.entities import ANA, BEN, BOT, CREW, GENERAL, PARTNER, User
from sandbox.slack.faults import Fault, FaultKind
from tests.support.conversation import (
    answer,
    job_of,
    make_video,
    mention,
    press,
    result_of,
    send_message,
    until_done,
    until_ephemeral,
)
from tests.support.forms import KLING, entries, form_of, submit
from tests.support.running_bot import RunningBot, running_bot
from tests.support.slack_user import WAIT_SECONDS

PIA = User(id="U0PIA", name="pia", real_name="Pia Novak", team=PARTNER)
"""Of the partner's workspace."""
GUS = User(id="U0GUS", name="gus", real_name="Gus Wolf", is_guest=True)
"""A guest of this workspace."""


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a busy machine take longer to tell who somebody is: after a second they would pass."""
    monkeypatch.setattr(access, "LOOKUP_SECONDS", WAIT_SECONDS)


OUTSIDERS = pytest.mark.parametrize("person", [PIA, GUS], ids=["partner", "guest"])


@asynccontextmanager
async def shared_channel(*, allowed: str = "false") -> AsyncIterator[RunningBot]:
    """Run the bot in a workspace that shares its general channel, where a guest is too."""
    async with running_bot(ALLOW_EXTERNAL_PEOPLE=allowed) as bot:
        bot.sandbox.slack.share(GENERAL, PARTNER, PIA)
        bot.sandbox.slack.add_people(GENERAL, GUS)
        yield bot


def charges(bot: RunningBot) -> int:
    """Return how many renders MindVideo billed."""
    return len(bot.sandbox.video.charges)


def users_info_calls(bot: RunningBot) -> int:
    """Return how often the bot asked Slack who somebody is."""
    return bot.sandbox.slack.world.count("users.info")


async def test_one_mention_under_two_envelopes_is_one_charge() -> None:
    """The job is ours: `list` and Details find it."""
    async with shared_channel() as bot:
        await mention(bot, "a lake --duration 5")
        (done,) = await until_done(bot, 1)
        job = await job_of(bot, done)
        assert charges(bot) == 1
        assert job.team == "T0STUDIO"
        assert job.id in await answer(bot, "list")
        assert job.id in await answer(bot, f"status {job.id}")


async def test_a_partner_is_refused_before_anything_is_inserted() -> None:
    """The payload tells, so Slack is not asked; the sentence is theirs alone, and comes once."""
    async with shared_channel() as bot:
        await mention(bot, "a lake --duration 5", user=PIA.id)
        told = await until_ephemeral(bot)
        assert told.ephemeral_for == PIA.id
        assert ONLY_MEMBERS in told.text
        assert "Nothing was started or charged" in told.text
        assert users_info_calls(bot) == 0
        assert "You have not asked" in await answer(bot, "list")
        assert len(bot.ephemerals()) == 2
        assert bot.replies() == []


async def test_a_guest_is_rejected_before_a_charge_and_told_alone() -> None:
    """Only Slack tells of a guest: nothing is posted, and no channel that listens hears of it."""
    async with shared_channel() as bot:
        await bot.type(f"notify <#{CREW}|crew> all", user=ANA, channel=CREW)
        await bot.type("a lake --duration 5", user=GUS.id)
        await bot.until(lambda: any("Nothing was charged" in one.text for one in bot.ephemerals()))
        (told,) = [one for one in bot.ephemerals() if "could not be started" in one.text]
        assert told.ephemeral_for == GUS.id
        assert ONLY_MEMBERS in told.text
        # The next time it is known, and nothing is inserted.
        assert ONLY_MEMBERS in await answer(bot, "a boat --duration 5", user=GUS.id)
        await make_video(bot, "a car --duration 5")
        await bot.until(lambda: any("a car" in one.text for one in bot.messages(CREW)))
        assert [one.text for one in bot.messages(CREW) if "lake" in one.text] == []
        assert len(bot.messages()) == 1
        assert charges(bot) == 1


async def test_a_guest_waits_while_slack_does_not_tell_who_they_are() -> None:
    """No answer is not a yes."""
    async with shared_channel() as bot:
        fault = Fault(kind=FaultKind.ERROR_BEFORE)
        bot.sandbox.slack.world.faults.add("users.info", fault, times=2)
        await bot.type("a lake --duration 5", user=GUS.id)
        await bot.until(lambda: any(ONLY_MEMBERS in one.text for one in bot.ephemerals()))
        assert charges(bot) == 0
        assert users_info_calls(bot) == 3


@OUTSIDERS
async def test_outsiders_neither_see_nor_change_a_job(person: User) -> None:
    """By its buttons, by replies in its thread, and by its ID, which they read in the channel."""
    async with shared_channel() as bot:
        message = await make_video(bot, "a lake --duration 5")
        before = len(bot.ephemerals())
        for count, action in enumerate([buttons.DETAILS, buttons.AGAIN, buttons.EDIT], start=1):
            await press(bot, message, action, user=person.id)
            told = await until_ephemeral(bot, before + count)
            assert ONLY_MEMBERS in told.text
        for count, word in enumerate(["status", "cost", "again", "resend"], start=4):
            await mention(bot, word, thread=message, user=person.id)
            told = await until_ephemeral(bot, before + count)
            assert told.ephemeral_for == person.id
            assert ONLY_MEMBERS in told.text
        assert bot.sandbox.slack.world.views.top(person.id) is None
        assert charges(bot) == 1


@OUTSIDERS
async def test_outsiders_neither_undo_a_setting_nor_share_elsewhere(person: User) -> None:
    """Nobody was asked yet who the guest is, so their click is the first to tell."""
    async with shared_channel() as bot:
        parent = await make_video(bot)
        await press(bot, result_of(bot, parent), buttons.SHARE_ELSEWHERE, user=person.id)
        assert ONLY_MEMBERS in (await until_ephemeral(bot)).text
        assert bot.sandbox.slack.world.views.top(person.id) is None
    async with shared_channel() as bot:
        await answer(bot, "settings --mode pro")
        await bot.until(bot.messages)
        await press(bot, bot.messages()[0], UNDO, user=person.id)
        assert ONLY_MEMBERS in (await until_ephemeral(bot, 2)).text
        assert "`--mode pro`" in await answer(bot, "settings")


async def test_a_guest_who_renders_again_is_told_before_a_charge() -> None:
    """The press is acknowledged without a call; then Slack tells who pressed."""
    async with shared_channel() as bot:
        message = await make_video(bot, "a lake --duration 5")
        asked = users_info_calls(bot)
        bot.sandbox.slack.faults.add("users.info", Fault(kind=FaultKind.ERROR_BEFORE))
        await press(bot, message, buttons.AGAIN, user=GUS.id)
        await bot.until(lambda: any(ONLY_MEMBERS in one.text for one in bot.ephemerals()))
        assert users_info_calls(bot) == asked + 2
        assert charges(bot) == 1
        assert len(bot.messages()) == 1


@pytest.mark.parametrize("text", ["cost team", f"notify <#{CREW}|crew> all", "settings mode pro"])
async def test_outsiders_neither_see_nor_set_what_is_the_teams(text: str) -> None:
    async with shared_channel() as bot:
        assert ONLY_MEMBERS in await answer(bot, text, user=GUS.id)
        assert "no defaults of its own" in await answer(bot, "settings")
        assert f"<#{CREW}>" not in await answer(bot, "notify")


async def test_a_guests_form_ends_with_the_private_sentence() -> None:
    """Opening it costs nothing and Slack's trigger lives 3 s, so Slack is asked after it."""
    async with shared_channel() as bot:
        people = bot.sandbox.slack.people
        await people.shortcut(GUS.id, CREATE_VIDEO)
        await submit(bot, GUS.id, entries(KLING, GENERAL, prompt="a lake"))
        await bot.until(lambda: any(ONLY_MEMBERS in one.text for one in bot.ephemerals()))
        assert charges(bot) == 0


async def test_a_form_of_a_known_guest_is_refused_at_its_field() -> None:
    async with shared_channel() as bot:
        await bot.sandbox.slack.people.shortcut(GUS.id, CREATE_VIDEO)
        await bot.type("a boat --duration 5", user=GUS.id)
        await bot.until(lambda: any(ONLY_MEMBERS in one.text for one in bot.ephemerals()))
        view = form_of(bot, GUS.id)
        await submit(bot, GUS.id, entries(KLING, GENERAL, prompt="a lake"))
        assert ONLY_MEMBERS in view.errors.values()
        await bot.sandbox.slack.people.close_view(GUS.id, view.id)
        await bot.sandbox.slack.people.shortcut(GUS.id, CREATE_VIDEO)
        assert bot.sandbox.slack.world.views.top(GUS.id) is None


async def test_the_home_tab_of_an_outsider_shows_no_figures() -> None:
    async with shared_channel() as bot:
        await bot.sandbox.slack.people.open_home(GUS.id)
        homes = bot.sandbox.slack.world.views.homes
        await bot.until(lambda: GUS.id in homes)
        assert ONLY_MEMBERS in str(homes[GUS.id].data)
        assert "Spent" not in str(homes[GUS.id].data)


@OUTSIDERS
async def test_the_operator_may_let_everybody_in(person: User) -> None:
    """Then they are as members are."""
    async with shared_channel(allowed="true") as bot:
        await mention(bot, "a lake --duration 5", user=person.id)
        (done,) = await until_done(bot, 1)
        assert charges(bot) == 1
        await press(bot, done, buttons.DETAILS, user=person.id)
        assert "a lake" in json.dumps(form_of(bot, person.id).data)


async def test_members_are_looked_up_once_for_all_their_jobs() -> None:
    async with shared_channel() as bot:
        for number in range(1, 4):
            await send_message(bot, f"<@{BOT}> lake {number} --duration 5", user=BEN)
            await until_done(bot, number)
        assert users_info_calls(bot) == 1


@OUTSIDERS
async def test_an_outsider_takes_no_change_of_a_setting_back(person: User) -> None:
    """They see the button, because they are in the channel."""
    async with shared_channel() as bot:
        await answer(bot, "settings --mode pro", user=BEN)
        await bot.until(lambda: any(UNDO in str(one.blocks) for one in bot.messages()))
        (told,) = [one for one in bot.messages() if UNDO in str(one.blocks)]
        await press(bot, told, UNDO, user=person.id)
        refused = await until_ephemeral(bot, 2)
        assert (refused.ephemeral_for, ONLY_MEMBERS in refused.text) == (person.id, True)
        assert "`--mode pro`" in await answer(bot, "settings")
