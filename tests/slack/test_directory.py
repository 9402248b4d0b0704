"""The directory: who people are and what conversations are, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.base.errors import OperatorMustActError, RetryLaterError, UnreachablePlaceError
from bot.base.ports import Conversation, Person
from bot.slack.directory import CACHE_SECONDS, MEMBERSHIP_SECONDS, SlackDirectory
from sandbox.slack.entities import (
    ANA,
    CREW,
    DESIGNERS,
    GENERAL,
    MIA,
    OPEN,
    PARTNER,
    TEAM,
    VAULT,
    User,
)
from sandbox.slack.faults import Fault, FaultKind
from sandbox.slack.service import SlackSandbox
from tests.support.clock import ManualClock
from tests.support.slack_sandbox import client_of, running_slack


@pytest.fixture
def clock() -> ManualClock:
    """Time that stands still."""
    return ManualClock()


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncIterator[SlackSandbox]:
    """A simulated Slack."""
    async with running_slack(tmp_path) as running:
        yield running


@pytest.fixture
async def directory(slack: SlackSandbox, clock: ManualClock) -> AsyncIterator[SlackDirectory]:
    """The adapter."""
    async with client_of(slack) as client:
        yield SlackDirectory(client, now=clock)


async def test_a_person_has_a_name_and_a_zone(directory: SlackDirectory) -> None:
    expected = Person(name="ana", zone="Europe/Berlin", teams=frozenset({TEAM}))
    assert directory.known(ANA) is None
    assert await directory.person(ANA) == expected
    assert directory.known(ANA) == expected


async def test_who_is_gone_or_may_not_be_looked_up_is_somebody(
    directory: SlackDirectory, slack: SlackSandbox
) -> None:
    """A name is never worth a failure."""
    gone = await directory.person("U0GONE")
    assert (gone.name, gone.zone) == ("somebody", "UTC")
    slack.withdraw_scope("users:read")
    assert (await directory.person(ANA)).name == "somebody"


@pytest.mark.parametrize(
    ("user", "is_member"),
    [
        (User(id="U0NEW", name="new", real_name="New"), True),
        (User(id="U0GUS", name="gus", real_name="Gus", is_guest=True), False),
        (User(id="U0PIA", name="pia", real_name="Pia", team=PARTNER), False),
        (User(id="U0APP", name="app", real_name="App", is_bot=True), False),
    ],
    ids=["member", "guest", "partner", "app"],
)
async def test_a_member_is_told_from_guests_partners_and_apps(
    directory: SlackDirectory, slack: SlackSandbox, user: User, *, is_member: bool
) -> None:
    slack.add_people(GENERAL, user)
    assert (await directory.identify(user.id)).is_member_of(TEAM) is is_member


async def test_a_person_whom_slack_does_not_know_is_no_member(directory: SlackDirectory) -> None:
    assert not (await directory.identify("U0GONE")).is_member_of(TEAM)


async def test_a_decision_needs_an_answer(directory: SlackDirectory, slack: SlackSandbox) -> None:
    """Without the scope nobody is taken for a member, nor for a stranger; nothing is remembered."""
    slack.withdraw_scope("users:read")
    with pytest.raises(OperatorMustActError):
        await directory.identify(ANA)
    assert directory.known(ANA) is None


def test_every_workspace_of_an_organisation_counts() -> None:
    """In an organisation, a person is listed with one workspace and a member of several."""
    member = Person(name="ana", zone="UTC", teams=frozenset({"T0OTHER", TEAM}))
    assert member.is_member_of(TEAM)
    assert not member.is_member_of("T0THIRD")


@pytest.mark.parametrize(
    ("channel", "conversation"),
    [
        (GENERAL, Conversation(is_public=True, has_bot=True, name="general")),
        (OPEN, Conversation(is_public=True, has_bot=False, name="open-studio")),
        (CREW, Conversation(is_public=False, has_bot=True, name="crew")),
        (VAULT, Conversation(is_public=False, has_bot=False)),
        ("D0ANA", Conversation(is_public=False, has_bot=False)),
        ("C0GONE", Conversation(is_public=False, has_bot=False)),
    ],
)
async def test_a_conversation_is_public_only_if_everybody_may_read_it(
    directory: SlackDirectory, channel: str, conversation: Conversation
) -> None:
    """In doubt it is not."""
    assert await directory.conversation(channel) == conversation


async def test_a_group_is_known_by_its_handle(
    directory: SlackDirectory, slack: SlackSandbox, clock: ManualClock
) -> None:
    """An app that was installed before the scope was asked for does not know it."""
    assert await directory.group(DESIGNERS) == "designers"
    assert await directory.group("S0GONE") is None
    assert slack.world.count("usergroups.list") == 1
    slack.withdraw_scope("usergroups:read")
    clock.now += CACHE_SECONDS + 1
    assert await directory.group(DESIGNERS) is None


async def test_a_member_of_a_channel_is_found_on_every_page(directory: SlackDirectory) -> None:
    assert await directory.is_member(CREW, ANA)
    assert not await directory.is_member(CREW, MIA)
    with pytest.raises(UnreachablePlaceError):
        await directory.is_member(VAULT, ANA)


async def test_the_channels_of_a_person_are_those_that_the_bot_is_in_too(
    directory: SlackDirectory, slack: SlackSandbox, clock: ManualClock
) -> None:
    """On every page; what Slack said is kept for a minute."""
    assert await directory.public_channels() == {GENERAL}
    assert await directory.common_channels(ANA) == {GENERAL, OPEN, CREW}
    assert await directory.common_channels(MIA) == {GENERAL, OPEN}
    slack.world.workspace.channels[CREW].members.discard(ANA)
    assert CREW in await directory.common_channels(ANA)
    clock.now += MEMBERSHIP_SECONDS + 1
    assert CREW not in await directory.common_channels(ANA)
    assert slack.world.count("users.conversations") == 4


async def test_more_channels_than_a_page_holds_are_all_known(
    directory: SlackDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.directory.CHANNELS_ON_PAGE", 1)
    assert await directory.common_channels(ANA) == {GENERAL, OPEN, CREW}


async def test_a_link_leads_to_a_message_that_stands(
    directory: SlackDirectory, slack: SlackSandbox
) -> None:
    said = slack.world.workspace.post(GENERAL, ANA, "hello")
    link = await directory.permalink(GENERAL, said.ts)
    assert link == slack.world.url(f"/archives/{GENERAL}/p{said.ts.replace('.', '')}")
    assert await directory.permalink(GENERAL, "1.000001") is None


async def test_answers_are_remembered_for_a_while(
    directory: SlackDirectory, slack: SlackSandbox, clock: ManualClock
) -> None:
    for _ in range(3):
        await directory.person(ANA)
    assert slack.world.count("users.info") == 1
    clock.now += CACHE_SECONDS
    await directory.person(ANA)
    assert slack.world.count("users.info") == 2


async def test_an_invitation_is_seen_at_once(
    directory: SlackDirectory, slack: SlackSandbox
) -> None:
    assert not (await directory.conversation(VAULT)).has_bot
    slack.invite_bot(VAULT)
    assert (await directory.conversation(VAULT)).has_bot


async def test_trouble_is_told_and_not_remembered(
    directory: SlackDirectory, slack: SlackSandbox
) -> None:
    slack.world.faults.add("users.info", Fault(kind=FaultKind.RATE_LIMITED))
    with pytest.raises(RetryLaterError):
        await directory.person(ANA)
    assert (await directory.person(ANA)).name == "ana"
