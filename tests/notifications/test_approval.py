"""Tests of the cards of approvals under a manual clock: posted once, edited, reminded, ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from functools import partial

import pytest

from bot.base.errors import OutcomeUnknownError
from bot.base.ports import Conversation, Message, Place, Posted
from bot.jobs.accept import Asked, Interaction, accept
from bot.options.parser import read_text
from bot.options.request import read_request
from bot.slack.chat import SlackChat
from bot.worker.context import Claim
from bot.worker.outbox import Slot, find_posted
from bot.worker.retry import DOUBT_SECONDS
from sandbox.slack.entities import ANA, BEN, CREW, GENERAL, MIA, TEAM, StoredMessage
from sandbox.slack.faults import Fault, FaultKind
from storage.approval import ApprovalRule
from storage.budget import Policy, UnknownPrice
from storage.job import IN_CHANNEL, EventName, Job, Stage
from storage.notification import OPERATORS, Notification, team_scope
from tests.support.engine_harness import HOUR, EngineHarness, engine_harness
from tests.support.services import CATALOG, FakeDirectory

POST = "chat.postMessage"
RULE = ApprovalRule(team=TEAM, above=Decimal(5), approvers=(BEN,))


async def ask(harness: EngineHarness, rule: ApprovalRule = RULE) -> Job:
    """Ask for what costs 6 where 5 is the limit, and return the request as it waits."""
    budgets, now = harness.store.budgets, harness.bot_time()
    await budgets.set_approval_rule(rule, MIA, now)
    hold = Policy(unknown_price=UnknownPrice.HOLD, unknown_hold=Decimal(6))
    await budgets.set_policy(TEAM, hold, MIA, now)
    await harness.store.settings.set(team_scope(TEAM), OPERATORS, [MIA])
    interaction = Interaction(
        team=TEAM,
        channel=GENERAL,
        user=ANA,
        surface="command",
        dedup_key="command:1",
        reply_to=IN_CHANNEL,
    )
    request = read_request(read_text("a red car"), CATALOG)
    asked = await accept(request, interaction, harness.services)
    assert isinstance(asked, Asked)
    return asked.job


def direct(harness: EngineHarness, user: str) -> list[StoredMessage]:
    """Return what the bot wrote to a person, the oldest first."""
    return harness.messages(harness.sandbox.slack.world.workspace.direct(user).id)


async def approve(harness: EngineHarness, job: Job, by: str = BEN) -> None:
    """Approve a request, and do what becomes due at once."""
    made = await harness.store.jobs.approve(job.id, by, harness.bot_time())
    assert isinstance(made, Job)
    assert made.stage is Stage.ACCEPTED


async def test_a_request_that_nobody_decides_about_is_reminded_of_and_ends() -> None:
    """After 4 hours, and after 12 with the fallback; after 24 all are told, and nothing is sent."""
    async with engine_harness() as harness:
        job = await ask(harness)
        began = harness.bot_time()
        seen = []
        for hours in (3.9, 4.1, 11.9, 12.1, 23.9, 24.1):
            await harness.run(hours=(began - harness.bot_time()) / HOUR + hours)
            harness.clock.now = max(harness.clock.now, began + hours * HOUR)
            await harness.tick()
            await harness.tick()
            seen.append([len(direct(harness, user)) for user in (BEN, MIA, ANA)])
        assert seen == [[1, 0, 1], [2, 0, 1], [2, 0, 1], [3, 1, 1], [3, 1, 1], [3, 1, 2]]
        cards = [*direct(harness, BEN), *direct(harness, MIA), *direct(harness, ANA)]
        assert all("Nobody decided in time" in card.text for card in cards)
        assert (await harness.job(job.id)).stage is Stage.UNCONFIRMED
        assert harness.sandbox.video.charges == []
        assert harness.messages() == []
        names = [event.name for event in await harness.store.jobs.events(job.id)]
        assert names == [
            EventName.APPROVAL_ASKED,
            EventName.APPROVAL_REMINDED,
            EventName.APPROVAL_REMINDED,
            EventName.EXPIRED,
        ]


async def test_who_is_reminded_is_looked_at_again() -> None:
    """Somebody else approves meanwhile."""
    async with engine_harness() as harness:
        await ask(harness)
        await harness.tick()
        await harness.store.budgets.set_approval_rule(
            replace(RULE, approvers=(MIA,)), MIA, harness.bot_time()
        )
        await harness.run(hours=4.1)
        assert [len(direct(harness, user)) for user in (BEN, MIA)] == [1, 1]
        assert "still waits for an approval" in direct(harness, MIA)[0].text


async def test_an_approval_after_hours_is_rendered_in_the_usual_way() -> None:
    """The key is made of the message that is posted then: its hours begin with it."""
    async with engine_harness() as harness:
        job = await ask(harness)
        await harness.run(hours=20)
        harness.clock.now += 3 * HOUR
        await approve(harness, job)
        await harness.run(hours=1)
        row = await harness.job(job.id)
        assert row.stage is Stage.DELIVERED
        assert len(harness.sandbox.video.charges) == 1
        assert all("Approved by" in card.text for card in direct(harness, BEN))


@pytest.mark.parametrize("kind", [FaultKind.LOST_AFTER, FaultKind.LOST_BEFORE])
async def test_a_card_is_posted_once_whatever_the_answer(kind: FaultKind) -> None:
    async with engine_harness() as harness:
        harness.sandbox.slack.faults.add(POST, Fault(kind=kind), times=2)
        job = await ask(harness)
        await harness.run(hours=0.5)
        await approve(harness, job)
        await harness.run(hours=1)
        (card,) = direct(harness, BEN)
        assert "Approved by" in card.text


@pytest.mark.exhaustive
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("commit", [1, 2, 3, 4])
async def test_a_card_is_posted_once_wherever_it_dies(commit: int, *, before: bool) -> None:
    async with engine_harness() as harness:
        await ask(harness)
        harness.store.crash_outbox(commit, before=before)
        await harness.run(until=lambda: harness.store.has_crashed)
        assert harness.store.has_crashed
        harness.clock.now += 10
        await harness.restart()
        await harness.run(hours=0.5)
        assert [len(direct(harness, user)) for user in (BEN, ANA)] == [1, 1]


@pytest.mark.exhaustive
@pytest.mark.parametrize("dies", [True, False])
@pytest.mark.parametrize("after_post", [True, False])
async def test_a_decision_while_a_card_is_posted_is_shown_all_the_same(
    monkeypatch: pytest.MonkeyPatch, *, after_post: bool, dies: bool
) -> None:
    """A change that comes while a step runs makes the row due again, in the step's own commit.

    Whether its intent to post was committed before the change or after it, and also if the process
    dies after the commit that ends the step.
    """
    async with engine_harness() as harness:
        job = await ask(harness)
        posted = SlackChat.post

        async def decide() -> None:
            await harness.store.jobs.approve(job.id, BEN, harness.bot_time())

        async def decide_before(
            claim: Claim[Notification], slot: Slot[Notification], place: Place
        ) -> Posted | None:
            await decide()
            return await find_posted(claim, slot, place)

        async def decide_after(
            chat: SlackChat, place: Place, message: Message, row_id: str
        ) -> Posted:
            made = await posted(chat, place, message, row_id)
            await decide()
            return made

        if after_post:
            monkeypatch.setattr(SlackChat, "post", decide_after)
        else:
            monkeypatch.setattr("bot.notifications.approval.find_posted", decide_before)
        if dies:
            harness.store.crash_outbox(2, before=False)
            await harness.run(until=lambda: harness.store.has_crashed)
            harness.clock.now += 10
            await harness.restart()
        await harness.run(hours=1)
        assert all("Approved by" in card.text for card in direct(harness, BEN))
        assert all("Approved by" in card.text for card in direct(harness, ANA))


async def test_a_decision_while_a_post_is_in_doubt_waits_until_the_post_may_have_arrived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Looked for at once, what is still on its way is not found, and a second message follows."""
    async with engine_harness() as harness:
        job = await ask(harness)
        posted = SlackChat.post
        late: list[Callable[[], Awaitable[Posted]]] = []

        async def arrive_late(
            chat: SlackChat, place: Place, message: Message, row_id: str
        ) -> Posted:
            if len(late) == 2:
                return await posted(chat, place, message, row_id)
            late.append(partial(posted, chat, place, message, row_id))
            await harness.store.jobs.approve(job.id, BEN, harness.bot_time())
            raise OutcomeUnknownError("the connection broke")

        monkeypatch.setattr(SlackChat, "post", arrive_late)
        await harness.tick()
        harness.clock.now += DOUBT_SECONDS - 0.5
        await harness.tick()
        for arrives in late:
            await arrives()
        await harness.run(hours=1)
        assert [len(direct(harness, user)) for user in (BEN, ANA)] == [1, 2]
        cards = [*direct(harness, BEN), *direct(harness, ANA)]
        assert all("Approved by" in card.text for card in cards)


async def test_where_the_approvers_channel_takes_nothing_each_is_asked_directly() -> None:
    async with engine_harness() as harness:
        await ask(harness, replace(RULE, place=CREW))
        harness.sandbox.slack.world.workspace.channel(CREW).archived = True
        await harness.run(hours=0.5)
        assert harness.messages(CREW) == []
        (card,) = direct(harness, BEN)
        assert "Approve" in str(card.blocks)


async def test_what_is_decided_before_its_card_could_be_posted_is_not_asked_about() -> None:
    """The asker is told all the same."""
    async with engine_harness() as harness:
        job = await ask(harness)
        await approve(harness, job)
        await harness.run(hours=0.5)
        assert direct(harness, BEN) == []
        assert all("Approved by" in card.text for card in direct(harness, ANA))


async def test_in_a_channel_that_another_organisation_reads_the_words_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def shared(_self: FakeDirectory, _channel: str) -> Conversation:
        return Conversation(is_public=True, has_bot=True, is_shared=True)

    monkeypatch.setattr(FakeDirectory, "conversation", shared)
    async with engine_harness() as harness:
        await ask(harness, replace(RULE, place=CREW))
        await harness.run(hours=0.5)
        (card,) = harness.messages(CREW)
        assert "a red car" not in str(card.blocks)
        assert "another organisation" in str(card.blocks)
