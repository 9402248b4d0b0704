"""The chat adapter, over real HTTP against the simulated Slack."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from bot.base.errors import (
    BotError,
    CannotShareFileError,
    NotAMemberError,
    NotFoundError,
    OperatorMustActError,
    OutcomeUnknownError,
    RefusedError,
    RetryLaterError,
    UnreachablePlaceError,
)
from bot.base.ports import Message, Place, Posted
from bot.messages import blocks
from bot.notifications.place import MESSAGE_SLOT
from bot.slack.chat import EVENT_TYPE, PAGE, SlackChat
from bot.slack.client import slack_client
from bot.worker.context import Claim
from bot.worker.outbox import find_posted
from sandbox.slack.entities import ANA, BEN, BOT, GENERAL, MIA, OPEN, TEAM, VAULT
from sandbox.slack.faults import RESPONSE_URL, Fault, FaultKind
from sandbox.slack.service import SlackSandbox
from storage.job import Delivery
from storage.notification import Notification, NotificationKind
from storage.store import Queue, Store
from tests.support.services import Missing, services
from tests.support.slack_sandbox import HELLO, HERE, chunks_of, client_of, running_slack

METADATA = {"event_type": EVENT_TYPE, "event_payload": {"job_id": "j1"}}


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SlackSandbox]:
    """A simulated Slack."""
    async with running_slack(tmp_path) as slack:
        yield slack


@pytest.fixture
async def chat(sandbox: SlackSandbox) -> AsyncIterator[SlackChat]:
    """The adapter, connected to it."""
    async with client_of(sandbox) as client:
        yield SlackChat(client)


async def test_a_post_says_text_and_blocks_and_carries_the_job(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    posted = await chat.post(HERE, HELLO, "j1")

    (said,) = sandbox.world.workspace.posts_of("j1")
    assert (said.ts, said.user, said.text) == (posted.ts, BOT, "Hello")
    assert said.blocks[0]["text"] == {"type": "mrkdwn", "text": "*Hello*"}
    assert said.metadata == METADATA
    assert sandbox.world.calls[-1].args["unfurl_links"] is False


async def test_a_message_of_slacks_is_read_with_the_moment_of_its_posting(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    """By Slack's clock, however far ours is off; to be posted and to be found give the same."""
    posted = await chat.post(HERE, HELLO, "j1")

    (said,) = sandbox.world.workspace.posts_of("j1")
    assert posted == Posted(ts=said.ts, at=float(said.ts))
    assert posted.at == pytest.approx(sandbox.world.workspace.now(), abs=60)
    assert await chat.find_posts(HERE, "j1", 0) == [posted]


async def test_a_post_in_a_thread_stands_in_the_thread(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    first = sandbox.world.workspace.post(GENERAL, ANA, "hi")

    await chat.post(Place(channel=GENERAL, thread_ts=first.ts), HELLO, "j1")

    assert [said.job_id for said in sandbox.world.workspace.thread(GENERAL, first.ts)][1:] == ["j1"]


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.LOST_AFTER),
        Fault(kind=FaultKind.ERROR_AFTER, code="internal_error"),
        Fault(kind=FaultKind.ERROR_AFTER, code="fatal_error"),
        Fault(kind=FaultKind.ERROR_AFTER, code="request_timeout"),
        Fault(kind=FaultKind.ERROR_AFTER, code="service_unavailable"),
        Fault(kind=FaultKind.STATUS_AFTER, status=500),
        Fault(kind=FaultKind.STATUS_AFTER, status=503),
        Fault(kind=FaultKind.STATUS_AFTER, status=408),
        Fault(kind=FaultKind.GARBLED_AFTER),
        Fault(kind=FaultKind.GARBLED_AFTER, body="ok", content_type="text/plain"),
        Fault(kind=FaultKind.GARBLED_AFTER, body='{"ok": tr', content_type="application/json"),
        Fault(kind=FaultKind.GARBLED_AFTER, body="[1]", content_type="application/json"),
        Fault(kind=FaultKind.GARBLED_AFTER, body='{"ok":true}', content_type="application/json"),
        Fault(kind=FaultKind.GARBLED_AFTER, body='{"ok":true,"ts":7}', content_type="text/json"),
        Fault(kind=FaultKind.GARBLED_AFTER, body="[" * 10**5, content_type="application/json"),
    ],
)
async def test_a_doubtful_post_says_so_is_not_repeated_and_is_found_again(
    chat: SlackChat, sandbox: SlackSandbox, fault: Fault
) -> None:
    sandbox.faults.add("chat.postMessage", fault)
    since = sandbox.world.workspace.now()

    with pytest.raises(OutcomeUnknownError):
        await chat.post(HERE, HELLO, "j1")

    assert sandbox.world.count("chat.postMessage") == 1
    (said,) = sandbox.world.workspace.posts_of("j1")
    assert [found.ts for found in await chat.find_posts(HERE, "j1", since)] == [said.ts]


async def test_a_post_that_gets_no_answer_in_time_is_doubtful(sandbox: SlackSandbox) -> None:
    sandbox.faults.add("chat.postMessage", Fault(kind=FaultKind.SILENT_AFTER))
    async with client_of(sandbox, call_seconds=0.2) as client:
        with pytest.raises(OutcomeUnknownError):
            await SlackChat(client).post(HERE, HELLO, "j1")


async def test_a_post_is_found_although_our_clock_was_hours_ahead(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    await chat.post(HERE, HELLO, "j1")
    (said,) = sandbox.world.workspace.posts_of("j1")
    ahead = sandbox.world.workspace.now() + 5 * 3600

    row = Notification(
        id="j1",
        team=TEAM,
        channel=GENERAL,
        kind=NotificationKind.FINISHED,
        happened_at=ahead,
        delivery=Delivery(intent_at=ahead),
    )
    claim = Claim(
        row,
        cast("Queue[Notification]", Missing()),
        services(cast("Store", Missing()), chat=chat),
        leased_at=0.0,
    )

    found = await find_posted(claim, MESSAGE_SLOT, HERE)

    assert found is not None
    assert found.ts == said.ts


async def test_a_post_whose_request_was_lost_is_doubtful_and_not_found(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    sandbox.faults.add("chat.postMessage", Fault(kind=FaultKind.LOST_BEFORE))

    with pytest.raises(OutcomeUnknownError):
        await chat.post(HERE, HELLO, "j1")

    assert await chat.find_posts(HERE, "j1", sandbox.world.workspace.now()) == []


async def test_without_a_connection_nothing_was_done(unused_tcp_port: int) -> None:
    async with slack_client(token="t", base_url=f"http://127.0.0.1:{unused_tcp_port}/") as client:
        with pytest.raises(RetryLaterError):
            await SlackChat(client).post(HERE, HELLO, "j1")


@pytest.mark.parametrize(("header", "seconds"), [("31536000", 900), (None, None)])
async def test_a_rate_limit_is_certain_and_tells_how_long_to_wait_within_bounds(
    chat: SlackChat, sandbox: SlackSandbox, header: str | None, seconds: float | None
) -> None:
    sandbox.faults.add("chat.postMessage", Fault(kind=FaultKind.RATE_LIMITED, retry_after=header))

    with pytest.raises(RetryLaterError) as caught:
        await chat.post(HERE, HELLO, "j1")

    assert caught.value.retry_after == seconds
    assert sandbox.world.count("chat.postMessage") == 1


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("ratelimited", RetryLaterError),
        ("token_revoked", OperatorMustActError),
        ("token_expired", OperatorMustActError),
        ("account_inactive", OperatorMustActError),
        ("invalid_auth", OperatorMustActError),
        ("not_authed", OperatorMustActError),
        ("missing_scope", OperatorMustActError),
        ("not_allowed_token_type", OperatorMustActError),
        ("team_access_not_granted", OperatorMustActError),
        ("not_in_channel", NotAMemberError),
        ("channel_not_found", NotAMemberError),
        ("method_not_supported_for_channel_type", UnreachablePlaceError),
        ("is_archived", UnreachablePlaceError),
        ("restricted_action", UnreachablePlaceError),
        ("restricted_action_read_only_channel", UnreachablePlaceError),
        ("restricted_action_of_the_future", UnreachablePlaceError),
        ("thread_locked", UnreachablePlaceError),
        ("thread_not_found", UnreachablePlaceError),
        ("message_not_found", UnreachablePlaceError),
        ("cant_update_message", UnreachablePlaceError),
        ("edit_window_closed", UnreachablePlaceError),
        ("file_upload_size_restricted", CannotShareFileError),
        ("file_uploads_disabled", CannotShareFileError),
        ("storage_limit_reached", CannotShareFileError),
        ("file_not_found", NotFoundError),
        ("msg_too_long", RefusedError),
        ("invalid_blocks", RefusedError),
        ("an_error_of_the_future", RefusedError),
    ],
)
async def test_each_error_code_asks_for_its_own_reaction(
    chat: SlackChat, sandbox: SlackSandbox, code: str, expected: type[BotError]
) -> None:
    sandbox.faults.add("chat.postMessage", Fault(kind=FaultKind.ERROR_BEFORE, code=code))

    with pytest.raises(BotError) as caught:
        await chat.post(HERE, HELLO, "j1")

    assert type(caught.value) is expected
    assert caught.value.code == code


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.LOST_AFTER),
        Fault(kind=FaultKind.ERROR_AFTER, code="internal_error"),
        Fault(kind=FaultKind.STATUS_AFTER, status=503),
        Fault(kind=FaultKind.RATE_LIMITED),
        Fault(kind=FaultKind.GARBLED_AFTER),
    ],
)
async def test_what_is_safe_to_repeat_is_never_doubtful(
    chat: SlackChat, sandbox: SlackSandbox, fault: Fault
) -> None:
    ts = (await chat.post(HERE, HELLO, "j1")).ts
    for method in ("chat.update", "conversations.history", "conversations.join"):
        # Twice, because aiohttp itself repeats a GET whose kept connection breaks.
        sandbox.faults.add(method, fault, times=2)

    with pytest.raises(RetryLaterError):
        await chat.update(GENERAL, ts, HELLO)
    with pytest.raises(RetryLaterError):
        await chat.find_posts(HERE, "j1", 0)
    with pytest.raises(RetryLaterError):
        await chat.join(GENERAL)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(401, OperatorMustActError), (404, OperatorMustActError), (413, RefusedError)],
)
async def test_a_refusal_by_http_alone_is_certain(
    chat: SlackChat, sandbox: SlackSandbox, status: int, expected: type[BotError]
) -> None:
    sandbox.faults.add("chat.postMessage", Fault(kind=FaultKind.STATUS_BEFORE, status=status))

    with pytest.raises(expected):
        await chat.post(HERE, HELLO, "j1")


async def test_a_withdrawn_scope_and_a_revoked_token_are_the_operators_business(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    sandbox.withdraw_scope("chat:write")
    with pytest.raises(OperatorMustActError) as caught:
        await chat.post(HERE, HELLO, "j1")
    assert caught.value.code == "missing_scope"

    sandbox.revoke_token()
    with pytest.raises(OperatorMustActError) as caught:
        await chat.identity()
    assert caught.value.code == "token_revoked"


async def test_an_error_never_holds_the_token_or_the_text(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    sandbox.faults.add("chat.postMessage", Fault(kind=FaultKind.GARBLED_AFTER))

    with pytest.raises(OutcomeUnknownError) as caught:
        await chat.post(HERE, HELLO, "j1")

    shown = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__dict__}"
    assert str(sandbox.credentials.bot_token) not in shown
    assert "Hello" not in shown


async def test_find_posts_takes_only_our_own_messages_of_this_job(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    workspace = sandbox.world.workspace
    workspace.post(GENERAL, ANA, "not the bot's", metadata={**METADATA})
    await chat.post(HERE, HELLO, "j2")
    ours = await chat.post(HERE, HELLO, "j1")
    workspace.post(GENERAL, BOT, "an answer without a job")

    assert await chat.find_posts(HERE, "j1", 0) == [ours]


async def test_find_posts_knows_a_shared_file_by_the_mark_of_a_block(chat: SlackChat) -> None:
    """Slack takes no metadata beside a file. One whose file was deleted tells nobody anything."""
    told = Message(text="Done", blocks=blocks.marked(HELLO.blocks, "j1"))
    shared = []
    for _ in range(2):
        target = await chat.reserve_upload("car.mp4", 3, "a car")
        await chat.send_upload(target.url, 3, chunks_of(b"abc"))
        await chat.share([(target.file_id, "A car")], HERE, told)
        shared.append(target.file_id)
    await chat.delete_file(shared[0])
    state = await chat.file_state(shared[1], HERE.channel)

    assert [found.ts for found in await chat.find_posts(HERE, "j1", 0)] == [state.shared_ts]
    assert await chat.find_posts(HERE, "j2", 0) == []


async def test_find_posts_reads_all_pages_and_gives_the_oldest_first(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    first = await chat.post(HERE, HELLO, "j1")
    for _ in range(2 * PAGE):
        sandbox.world.workspace.post(GENERAL, ANA, "chatter")
    last = await chat.post(HERE, HELLO, "j1")

    assert await chat.find_posts(HERE, "j1", 0) == [first, last]
    assert sandbox.world.count("conversations.history") == 3


async def test_find_posts_looks_into_the_thread_and_not_beside_it(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    first = sandbox.world.workspace.post(GENERAL, ANA, "hi")
    thread = Place(channel=GENERAL, thread_ts=first.ts)
    await chat.post(HERE, HELLO, "j1")
    inside = await chat.post(thread, HELLO, "j1")

    assert await chat.find_posts(thread, "j1", 0) == [inside]


async def test_find_posts_looks_no_further_back_than_asked(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    await chat.post(HERE, HELLO, "j1")

    an_hour_later = sandbox.world.workspace.now() + 3600
    assert await chat.find_posts(HERE, "j1", an_hour_later) == []


async def test_find_posts_gives_up_before_it_reads_for_ever(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    endless = '{"ok": true, "messages": [], "response_metadata": {"next_cursor": "more"}}'
    fault = Fault(kind=FaultKind.GARBLED_AFTER, body=endless, content_type="application/json")
    sandbox.faults.add("conversations.history", fault, times=100)

    with pytest.raises(RetryLaterError):
        await chat.find_posts(HERE, "j1", 0)


async def test_find_posts_in_a_place_that_cannot_be_read_is_not_an_empty_answer(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    with pytest.raises(NotAMemberError):
        await chat.find_posts(Place(channel=VAULT), "j1", 0)

    sandbox.remove_bot(GENERAL)
    with pytest.raises(NotAMemberError):
        await chat.find_posts(HERE, "j1", 0)


async def test_an_update_replaces_text_and_blocks_and_keeps_the_metadata(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    ts = (await chat.post(HERE, HELLO, "j1")).ts

    await chat.update(GENERAL, ts, Message(text="Done"))

    (said,) = sandbox.world.workspace.posts_of("j1")
    assert (said.text, said.blocks) == ("Done", [])


async def test_an_update_of_a_message_that_is_gone_says_so(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    ts = (await chat.post(HERE, HELLO, "j1")).ts
    sandbox.world.workspace.delete(sandbox.world.workspace.message(GENERAL, ts))

    with pytest.raises(UnreachablePlaceError):
        await chat.update(GENERAL, ts, HELLO)


async def test_a_post_into_a_deleted_thread_an_archived_or_unseen_channel_is_unreachable(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    with pytest.raises(UnreachablePlaceError):
        await chat.post(Place(channel=GENERAL, thread_ts="1.000001"), HELLO, "j1")
    with pytest.raises(UnreachablePlaceError):
        await chat.post(Place(channel=VAULT), HELLO, "j1")
    sandbox.archive(GENERAL)
    with pytest.raises(UnreachablePlaceError):
        await chat.post(HERE, HELLO, "j1")


async def test_the_bot_joins_a_public_channel_and_no_private_one(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    with pytest.raises(NotAMemberError):
        await chat.post(Place(channel=OPEN), HELLO, "j1")

    await chat.join(OPEN)
    await chat.join(OPEN)
    await chat.post(Place(channel=OPEN), HELLO, "j1")

    with pytest.raises(UnreachablePlaceError):
        await chat.join(VAULT)
    assert len(sandbox.world.workspace.posts_of("j1")) == 1


async def test_an_ephemeral_message_uses_the_response_url_as_long_as_it_lives(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    url = sandbox.world.new_response_url(GENERAL, ANA)

    await chat.send_ephemeral(HERE, ANA, HELLO, url)
    sandbox.world.expire_response_urls()
    await chat.send_ephemeral(HERE, ANA, Message(text="later"), url)

    said = sandbox.world.workspace.all_in(GENERAL)
    assert [(each.text, each.ephemeral_for) for each in said] == [("Hello", ANA), ("later", ANA)]
    assert sandbox.world.count("chat.postEphemeral") == 1


@pytest.mark.parametrize("kind", [FaultKind.LOST_BEFORE, FaultKind.STATUS_BEFORE])
async def test_an_ephemeral_message_finds_another_way_when_the_response_url_fails(
    chat: SlackChat, sandbox: SlackSandbox, kind: FaultKind
) -> None:
    sandbox.faults.add(RESPONSE_URL, Fault(kind=kind))
    url = sandbox.world.new_response_url(GENERAL, ANA)

    await chat.send_ephemeral(HERE, ANA, HELLO, url)

    (said,) = sandbox.world.workspace.all_in(GENERAL)
    assert said.ephemeral_for == ANA


async def test_an_ephemeral_message_where_the_bot_cannot_be_goes_to_the_direct_conversation(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    await chat.send_ephemeral(Place(channel=VAULT), ANA, HELLO, None)

    direct = await chat.open_direct(ANA)
    assert [said.text for said in sandbox.world.workspace.history(direct)] == ["Hello"]


async def test_an_ephemeral_message_to_somebody_outside_the_channel_goes_to_them_directly(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    sandbox.world.workspace.channels[GENERAL].members.discard(BEN)

    await chat.send_ephemeral(HERE, BEN, HELLO, None)

    direct = await chat.open_direct(BEN)
    assert [said.text for said in sandbox.world.workspace.history(direct)] == ["Hello"]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/hooks/x",
        "https://hooks.slack.com.evil.example/x",
        "nonsense",
        "http://[",
    ],
)
async def test_a_response_url_that_is_not_slacks_is_never_called(
    chat: SlackChat, sandbox: SlackSandbox, url: str
) -> None:
    await chat.send_ephemeral(HERE, MIA, HELLO, url)

    (said,) = sandbox.world.workspace.all_in(GENERAL)
    assert said.ephemeral_for == MIA
    assert sandbox.world.count("chat.postEphemeral") == 1


async def test_identity_tells_who_the_bot_is_and_what_it_may_do(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    me = await chat.identity()

    assert (me.team, me.user) == (TEAM, BOT)
    assert me.scopes == sandbox.credentials.scopes


async def test_a_lone_surrogate_reaches_slack_without_breaking_the_call(chat: SlackChat) -> None:
    await chat.post(HERE, Message(text="half a smile \ud83d"), "j1")


@pytest.mark.parametrize("is_deleted", [True, False])
async def test_a_message_goes_without_a_picture_that_slack_does_not_show(
    chat: SlackChat, sandbox: SlackSandbox, *, is_deleted: bool
) -> None:
    """Its words and buttons must not be lost with it: of a post, an edit and a private message."""
    picture = await sandbox.world.files.put(name="a.jpg", owner=BOT, chunks=chunks_of(b"x"))
    if is_deleted:
        sandbox.world.files.delete(picture.id)
    shown = [
        blocks.picture(picture.id, "A lake"),
        blocks.section_with_picture("*Hello*", picture.id, "A lake"),
    ]
    message = Message(text="Hello", blocks=shown)
    place = Place(channel=GENERAL)
    posted = await chat.post(place, message, "j1")
    await chat.update(GENERAL, posted.ts, message)
    await chat.send_ephemeral(place, ANA, message, None)
    await chat.send_ephemeral(place, ANA, message, sandbox.world.new_response_url(GENERAL, ANA))
    bot_said = [one for one in sandbox.world.workspace.all_in(GENERAL) if one.user == BOT]
    assert len(bot_said) == 3
    for said in bot_said:
        assert ("slack_file" in str(said.blocks)) != is_deleted
        assert "*Hello*" in str(said.blocks)
    outcomes = [call.outcome for call in sandbox.world.calls]
    # One of them of the response URL, in whose place the next way is taken.
    assert outcomes.count("invalid_blocks") == (5 if is_deleted else 0)


async def test_other_blocks_that_slack_refuses_are_not_sent_twice(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    refused = Message(text="Hello", blocks=[{"type": "nonsense"}])
    with pytest.raises(RefusedError):
        await chat.post(HERE, refused, "j1")
    assert sandbox.world.count("chat.postMessage") == 1
