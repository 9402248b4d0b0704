"""Tests of `/video budget …` over real HTTP: what it shows and changes, good and bad."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import pytest_asyncio

from sandbox.slack.entities import (
    ANA,
    BEN,
    BOT,
    CREW,
    GENERAL,
    MIA,
    OPEN,
    PARTNER,
    TEAM,
    VAULT,
    User,
)
from storage.budget import Cap, Rules, Scope, ScopeKind, UnknownPrice, Window
from storage.sqlite.store import SqliteStore
from tests.support.conversation import answer, direct_channel, make_video
from tests.support.running_bot import RunningBot, running_bot

pytestmark = pytest.mark.asyncio(loop_scope="module")

PIA = "U0PIA"
GUEST = "U0GUEST"
STRANGER = "U0NOBODY"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bot() -> AsyncIterator[RunningBot]:
    """Run a bot whose admin is Mia, with a partner's person and a guest in the workspace."""
    async with running_bot(ADMINS=MIA, COST_UNIT="USD") as running:
        slack = running.sandbox.slack
        slack.share(OPEN, PARTNER, User(id=PIA, name="pia", real_name="Pia", team=PARTNER))
        users = slack.world.workspace.users
        users[GUEST] = User(id=GUEST, name="gil", real_name="Gil", is_guest=True)
        yield running


async def store_of(bot: RunningBot) -> SqliteStore:
    """Open the bot's store beside it."""
    return await SqliteStore.open(str(bot.sandbox.folder / "video-bot.db"), owner=False)


async def rules_of(bot: RunningBot) -> tuple[Rules, tuple[str, ...], int]:
    """Return the rules, who manages them, and how many decisions there were."""
    store = await store_of(bot)
    try:
        now = datetime.now(UTC).timestamp()
        budgets = store.budgets
        return (
            await budgets.rules(TEAM, now),
            await budgets.managers(TEAM),
            len(await budgets.audit(0.0)),
        )
    finally:
        await store.close()


def cap_of(kind: ScopeKind, name: str, limit: str, window: Window, *, hard: bool = True) -> Cap:
    """Return a cap of the workspace."""
    scope = Scope(kind=kind, team=TEAM, name=name)
    return Cap(scope=scope, window=window, limit=Decimal(limit), is_hard=hard)


DAY, WEEK, MONTH, ONCE = Window
PERSON, EVERYONE, CHANNEL = ScopeKind.PERSON, ScopeKind.EVERYONE, ScopeKind.CHANNEL
MODEL, PROJECT, WORKSPACE = ScopeKind.MODEL, ScopeKind.PROJECT, ScopeKind.WORKSPACE

SET = [
    (f"set <@{ANA}|ana> 20 per day", cap_of(PERSON, ANA, "20", DAY), f"The budget of <@{ANA}>"),
    (f"set <@{ANA}> to 21 per day please", cap_of(PERSON, ANA, "21", DAY), f"of <@{ANA}>"),
    (f"Set <@{ANA}> 21.50 usd A WEEK Soft", cap_of(PERSON, ANA, "21.50", WEEK, hard=False), "soft"),
    ("set me 0.5 once", cap_of(PERSON, MIA, "0.5", ONCE), "0.5 USD left* of 0.5 USD"),
    ("set everyone 5 per day", cap_of(EVERYONE, "", "5", DAY), "5 USD for each person"),
    ("set <!everyone> 9 monthly hard", cap_of(EVERYONE, "", "9", MONTH), "for each person"),
    ("set here 100 per week", cap_of(CHANNEL, GENERAL, "100", WEEK), "100 USD left* of 100 USD"),
    ("set workspace $45.5 per week", cap_of(WORKSPACE, "", "45.5", WEEK), "of 45.5 USD"),
    (f"set <#{OPEN}|open> soft 7 daily", cap_of(CHANNEL, OPEN, "7", DAY, hard=False), "asks first"),
    (f"set <#{VAULT}> hard 7 per day", None, "I cannot see that channel"),
    ("set workspace 500 per month", cap_of(WORKSPACE, "", "500", MONTH), "The workspace's budget"),
    ("set model kling-v3 50USD per day", cap_of(MODEL, "kling-v3", "50", DAY), "kling-v3 per day"),
    ("set project Launch 300 once", cap_of(PROJECT, "launch", "300", ONCE), "the project launch"),
    ("set project späti-2.0 1 in all", cap_of(PROJECT, "späti-2.0", "1", ONCE), "in all"),
    ("set workspace 0 per day", cap_of(WORKSPACE, "", "0", DAY), "so nobody can render"),
]


@pytest.mark.exhaustive
@pytest.mark.parametrize(("text", "cap", "told"), SET, ids=[text for text, *_ in SET])
async def test_a_cap_is_set(bot: RunningBot, text: str, cap: Cap | None, told: str) -> None:
    """It is answered with what is left of it; what was set already is no further decision."""
    _, _, decisions = await rules_of(bot)
    assert told in await answer(bot, f"budget {text}", user=MIA)
    await answer(bot, f"budget {text}", user=MIA)
    rules, _, now = await rules_of(bot)
    if cap is None:
        assert now == decisions
    else:
        assert cap in rules.caps
        assert now == decisions + 1


BAD = [
    ("set", "Say whose budget"),
    ("set here", "Say how much"),
    ("set here -5 per day", "`-5` is no amount."),
    ("set here NaN per day", "`NaN` is no amount."),
    ("set here inf per day", "`inf` is no amount."),
    ("set here 1e400 per day", "`1e400` is no amount."),
    ("set here 0.1.2 per day", "`0.1.2` is no amount."),
    ("set here 1,5 per day", "`1,5` is no amount."),
    ("set here ٣ per day", "is no amount."),
    ("set here 12345678901234 per day", "is no amount."),
    ("set here 5 EUR per day", "Amounts here are in USD, and I do not convert `EUR`."),
    ("set here €5 per day", "I do not convert `€`"),
    ("set here 5eur per day", "I do not convert `eur`"),
    ("set here 5 per year", "`per year` is no window. Say for how long:"),
    ("set here 5 per fortnight soft", "`per fortnight` is no window."),
    ("set here 5", "Say for how long:"),
    ("set here 5 per day hard soft", "either `hard` or `soft`"),
    ("set here 5 per day and so on", "is no window."),
    (f"set <@{STRANGER}> 5 per day", "I know nobody in this workspace by that name"),
    (f"set <@{PIA}|pia> 5 per day", "I know nobody in this workspace by that name"),
    (f"set <@{GUEST}> 5 per day", "I know nobody in this workspace by that name"),
    (f"set <@{BOT}|video> 5 per day", "Apps have no budget"),
    ("set @zoe 5 per day", "Slack did not tell me who `@zoe` is."),
    ("set ana 5 per day", "I do not know whose budget `ana` is."),
    ("set <!channel> 5 per day", "whose budget"),
    ("set #nowhere 5 per day", "Slack did not tell me which channel `#nowhere` is."),
    (f"set <#{CREW}|crew> 5 per day", "I cannot see that channel, or you are not in it."),
    ("set <#C0NOWHERE> 5 per day", "I cannot see that channel, or you are not in it."),
    ("set model kling 5 per day", "`kling`"),
    ("set model", "I do not know whose budget"),
    ("set project a:b 5 once", "`a:b` is no name of a project"),
    ("set project ../etc 5 once", "is no name of a project"),
    ("set project <!channel> 5 once", "is no name of a project"),
    (f"set project {'x' * 41} 5 once", "is no name of a project"),
    ("unset model kling-v3 per week", "There is no such budget"),
    ("unset here per hour", "`per hour` is no window."),
    ("raise here 20", "Say until when:"),
    ("raise here 20 forever", "Say until when:"),
    ("raise here 20 tomorrow maybe", "Say until when:"),
    ("raise project dated 20 2020-01-01", "from today on, and for a year at most"),
    ("raise project dated 20 9999-12-31", "from today on, and for a year at most"),
    ("raise here 20 2026-02-30", "Say until when:"),
    ("raise here 0 today", "A raise is more than 0."),
    ("raise here -1 today", "`-1` is no amount."),
    ("raise project nothing 5 today", "nothing limits it"),
    ("raise project nothing none", "There is no raise"),
    (f"raise here 1 today because {'x' * 201}", "at most 200 characters"),
    (f"stop <@{ANA}>", "Only a channel or the workspace can be stopped"),
    ("stop here now", "Only a channel or the workspace can be stopped"),
    ("stop because-less", "I do not know whose budget"),
    ("go on everyone", "Only a channel or the workspace can be stopped"),
    ("unknown", "Say what happens to a video whose price nobody knows"),
    ("unknown hold", "Say how much"),
    ("unknown hold 0", "more than 0"),
    ("unknown hold 2 EUR", "I do not convert `EUR`"),
    ("unknown perhaps", "Say what happens"),
    ("week starts tuesday", "Weeks start on `monday` or on `sunday`."),
    ("zone Mars/Phobos", "`Mars/Phobos` is no time zone"),
    ("zone ../../etc/passwd", "is no time zone"),
    ("zone Europe", "is no time zone"),
    (f"managers <@{BOT}>", "Apps have no budget"),
    (f"managers <@{PIA}>", "I know nobody"),
    ("managers zoe", "Slack did not tell me who `@zoe` is."),
]


async def test_what_makes_no_sense_changes_nothing(bot: RunningBot) -> None:
    """It is told in a sentence, in private, and nothing is rendered."""
    # Only what has a budget can be raised.
    await answer(bot, "budget set project dated 5 once", user=MIA)
    before = await rules_of(bot)
    for text, told in BAD:
        shown = await answer(bot, f"budget {text}", user=MIA)
        assert told in shown, text
        assert len(shown) < 400, text
    assert await rules_of(bot) == before
    assert bot.sandbox.video.charges == []


@pytest.mark.parametrize(
    "text",
    [
        "set here 1 per day",
        "raise here 5 today",
        "stop",
        "go on",
        "zone UTC",
        "unknown allow",
        "all",
    ],
)
async def test_only_those_in_charge_change_budgets(bot: RunningBot, text: str) -> None:
    """Others are told who does."""
    before = await rules_of(bot)
    assert f"Only <@{MIA}> can change this." in await answer(bot, f"budget {text}", user=BEN)
    assert await rules_of(bot) == before


async def test_whom_an_admin_names_changes_budgets(bot: RunningBot) -> None:
    """But names nobody; nobody named is nobody any more."""
    assert f"<@{ANA}> and the admins" in await answer(bot, f"budget managers <@{ANA}>", user=MIA)
    assert "<@U0MIA> or <@U0ANA> may change budgets." in await answer(bot, "budget managers")
    assert "Set." in await answer(bot, "budget set project film 3 once")
    assert f"Only <@{MIA}> can" in await answer(bot, f"budget managers <@{BEN}>")
    assert "Only the admins may" in await answer(bot, "budget managers none", user=MIA)
    assert f"Only <@{MIA}> can" in await answer(bot, "budget unset project film")
    assert "is gone" in await answer(bot, "budget set project film none", user=MIA)
    assert "There is no such budget" in await answer(bot, "budget unset project film", user=MIA)


async def test_a_raise_ends_by_itself_or_by_hand(bot: RunningBot) -> None:
    """At the end of a day, a week or a month, or of a date."""
    await answer(bot, "budget set here 100 per week", user=MIA)
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    for until in ("today", "this week", "this month", f"until {tomorrow}", f"{tomorrow}"):
        text = f"budget raise here 20 USD {until} because  &lt;launch&gt; <@{BEN}|ben>"
        assert "is 20 USD higher until <!date^" in await answer(bot, text, user=MIA)
    rules, _, _ = await rules_of(bot)
    assert {one.because for one in rules.raises} == {"<launch> @ben"}
    ends = sorted(one.until for one in rules.raises)
    midnight = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=UTC).timestamp()
    assert {midnight, midnight + 86400} <= set(ends)
    shown = await answer(bot, "budget")
    assert "of 200 USD · raised by 100 USD until <!date^" in shown
    assert "has ended" in await answer(bot, "budget raise here none", user=MIA)
    assert (await rules_of(bot))[0].raises == ()
    assert f"raise <@{ANA}> 2" not in shown
    await answer(bot, f"budget set <@{ANA}> 20 per day", user=MIA)
    assert "higher" in await answer(bot, f"budget raise <@{ANA}> 2 today", user=MIA)


async def test_a_channel_and_the_workspace_are_stopped_and_go_on(bot: RunningBot) -> None:
    """What is stopped takes no new videos, with the reason."""
    assert "were not stopped" in await answer(bot, "budget go on", user=MIA)
    shown = await answer(bot, "budget stop because the bill is here", user=MIA)
    assert f"No new videos are taken in <#{GENERAL}>" in shown
    assert "stopped already" in await answer(bot, "budget stop here", user=MIA)
    refused = await answer(bot, "a lake at dawn in the mist")
    assert f"<@{MIA}> stopped new videos here: “the bill is here”." in refused
    assert (await answer(bot, "budget")).startswith(
        f":octagonal_sign: *No new videos here*: <@{MIA}> stopped them: “the bill is here”."
    )
    assert "taken again" in await answer(bot, "budget go on here", user=MIA)
    await answer(bot, "budget stop workspace", user=MIA)
    assert "stopped new videos in this workspace" in await answer(
        bot, "a lake at dawn in the mist", channel=direct_channel(bot)
    )
    assert "taken again" in await answer(bot, "budget go on workspace", user=MIA)


async def test_the_rules_beside_the_caps_are_set(bot: RunningBot) -> None:
    """The price that nobody knows, and the calendar; one leaves the others as they are."""
    for text, told in (
        ("unknown refuse", "is refused"),
        ("unknown allow", "is rendered"),
        ("unknown hold 2 usd", "holds 2 USD"),
        ("week starts on sunday", "Weeks begin on Sunday now."),
        ("zone Europe/Berlin", "midnight in Europe/Berlin"),
    ):
        assert told in await answer(bot, f"budget {text}", user=MIA)
    policy = (await rules_of(bot))[0].policy
    assert (policy.unknown_price, policy.unknown_hold) == (UnknownPrice.HOLD, Decimal(2))
    assert (policy.calendar.zone, policy.calendar.first_weekday) == ("Europe/Berlin", 6)
    await answer(bot, "budget set project dated 5 once", user=MIA)
    shown = await answer(bot, "budget all", user=MIA)
    assert shown.endswith("Days begin at midnight in Europe/Berlin, weeks on Sunday.")
    for text in ("unknown ask", "week starts monday", "zone UTC"):
        await answer(bot, f"budget {text}", user=MIA)


async def test_a_direct_conversation_has_no_budget_of_its_own(bot: RunningBot) -> None:
    place = direct_channel(bot, MIA)
    shown = await answer(bot, "budget set here 5 per day", user=MIA, channel=place)
    assert "A direct conversation has no budget of its own" in shown
    assert "channel" not in await answer(bot, "budget", user=MIA, channel=place)


@pytest.mark.parametrize(
    "text", ["budget hotel at night, neon rain", "budget go kart race", "budget week in Paris, ink"]
)
async def test_a_prompt_that_begins_with_the_word_is_a_prompt(bot: RunningBot, text: str) -> None:
    """It is refused here as any other, because the workspace may spend nothing."""
    await answer(bot, "budget set workspace 0 per day", user=MIA)
    told = await answer(bot, f"{text} with more words behind")
    assert "The workspace's budget per day is 0, so nobody can render with it." in told


async def test_a_budget_is_shown_with_what_is_left() -> None:
    """What is left first, by the budget that has least; then each with what is spent of it."""
    async with running_bot(ADMINS=MIA, COST_UNIT="USD") as bot:
        nothing = await answer(bot, "budget")
        assert nothing == ":moneybag: *No budget limits you here.* You used nothing this month."
        await make_video(bot)
        assert "You used 0.126 USD this month" in await answer(bot, "budget")
        for text in ("everyone 5 per day", "here 1 per week", "model kling-v3 9 once"):
            await answer(bot, f"budget set {text}", user=MIA)
        head, *lines = (await answer(bot, "budget")).splitlines()
        assert head.startswith(
            ":moneybag: *You can spend 0.874 USD more here*, by this channel's budget per week."
        )
        assert lines[0] == "*Your budget per day*: *4.874 USD left* of 5 USD"
        assert lines[1].startswith("0.126 USD spent · begins anew <!date^")
        await answer(bot, "budget set here 0.2 per week", user=MIA)
        assert "has no room" in await answer(bot, "a hill --mode pro --duration 5")
        await answer(bot, "budget set here 0.1 per week", user=MIA)
        assert "*You can spend nothing more here now*" in await answer(bot, "budget")


async def test_the_budget_of_the_usual_project_counts_here() -> None:
    """It may be the one that has least left; that of another project is only shown."""
    async with running_bot(ADMINS=MIA, COST_UNIT="USD") as bot:
        for text in ("project film 2 once", "project launch 1 once", "here 5 per day"):
            await answer(bot, f"budget set {text}", user=MIA)
        shown = await answer(bot, "budget")
        assert shown.startswith(":moneybag: *You can spend 5 USD more here*")
        assert "The budget of the project launch in all*: *1 USD left*" in shown
        await answer(bot, "settings project film")
        shown = await answer(bot, "budget")
        assert shown.startswith(":moneybag: *You can spend 2 USD more here*")
        assert "by the budget of the project film in all." in shown
