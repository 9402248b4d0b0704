"""Files at Slack: our uploads and people's files, over real HTTP against the simulated Slack."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.base.errors import (
    BotError,
    CannotShareFileError,
    NotFoundError,
    OutcomeUnknownError,
    RetryLaterError,
    UnreachablePlaceError,
)
from bot.base.ports import FileState, Message, Place, UploadTarget
from bot.slack.chat import SlackChat
from bot.slack.client import slack_client
from bot.slack.uploads import PacedSource
from sandbox.slack.entities import GENERAL, OPEN
from sandbox.slack.faults import UPLOAD, Fault, FaultKind
from sandbox.slack.service import SlackSandbox
from tests.simulation.clock import run
from tests.support.slack_sandbox import HELLO, HERE, chunks_of, client_of, running_slack

VIDEO = b"\0\0\0\x18ftypmp42" + bytes(500)
MIB = 1024 * 1024


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[SlackSandbox]:
    """A simulated Slack."""
    async with running_slack(tmp_path) as slack:
        yield slack


@pytest.fixture
async def client(sandbox: SlackSandbox) -> AsyncIterator[AsyncWebClient]:
    """A client connected to it."""
    async with client_of(sandbox) as client:
        yield client


@pytest.fixture
def chat(client: AsyncWebClient) -> SlackChat:
    """The adapter."""
    return SlackChat(client)


async def uploaded(chat: SlackChat, content: bytes = VIDEO) -> UploadTarget:
    """Reserve a file and send its bytes."""
    target = await chat.reserve_upload("a red car.mp4", len(content), "a red car")
    await chat.send_upload(target.url, len(content), chunks_of(content))
    return target


async def test_a_file_is_reserved_sent_shared_into_the_thread_and_seen_there(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    first = await chat.post(HERE, HELLO, "j1")
    thread = Place(channel=GENERAL, thread_ts=first.ts)

    target = await uploaded(chat)
    assert await chat.file_state(target.file_id, GENERAL) == FileState(
        uploaded=True, shared_ts=None
    )
    await chat.share([(target.file_id, "A red car")], thread, Message(text="Here it is"))

    (shared,) = sandbox.world.workspace.shares_of("j1")
    assert sandbox.world.workspace.thread(GENERAL, str(thread.thread_ts))[1] is shared
    assert (shared.text, shared.files) == ("Here it is", (target.file_id,))
    assert await chat.file_state(target.file_id, GENERAL) == FileState(
        uploaded=True, shared_ts=shared.ts
    )
    assert await chat.file_state(target.file_id, OPEN) == FileState(uploaded=True, shared_ts=None)
    file = sandbox.world.files.file(target.file_id)
    assert file.path.read_bytes() == VIDEO
    assert (file.name, file.title, file.alt) == ("a red car.mp4", "A red car", "a red car")


async def test_several_files_are_shared_as_one_message_with_its_blocks(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    files = [(await uploaded(chat)).file_id for _ in range(2)]

    await chat.share([(file_id, "Still") for file_id in files], HERE, HELLO)

    (said,) = sandbox.world.workspace.history(GENERAL)
    assert said.files == tuple(files)
    assert said.blocks[0]["type"] == "section"


async def test_the_token_is_not_sent_with_the_bytes(chat: SlackChat, sandbox: SlackSandbox) -> None:
    await uploaded(chat)

    (call,) = [call for call in sandbox.world.calls if call.method == UPLOAD]
    assert call.args["token_sent"] is False
    assert call.args["length"] == len(VIDEO)


async def test_a_long_alt_text_is_cut_and_a_long_prompt_does_not_break_the_call(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    target = await chat.reserve_upload("x.mp4", 5, "\N{MOVIE CAMERA}" * 2500)

    assert sandbox.world.files.files[target.file_id].alt == "\N{MOVIE CAMERA}" * 1000
    await chat.send_upload(target.url, 5, chunks_of(b"12", b"345"))
    await chat.share([(target.file_id, "x")], HERE, Message(text="\N{MOVIE CAMERA}" * 2500))


async def test_a_lone_surrogate_in_a_name_does_not_break_the_call(chat: SlackChat) -> None:
    await chat.reserve_upload("half \ud83d.mp4", 5, "half \ud83d")


async def test_an_upload_passes_through_without_being_held(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    piece, pieces = bytes(256 * 1024), 128

    async def film() -> AsyncIterator[bytes]:
        for _ in range(pieces):
            yield piece

    length = len(piece) * pieces
    target = await chat.reserve_upload("film.mp4", length, "a film")
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        await chat.send_upload(target.url, length, film())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert sandbox.world.files.file(target.file_id).path.stat().st_size == length == 32 * MIB
    assert peak - before < 6 * MIB


@pytest.mark.parametrize(
    "fault",
    [
        Fault(kind=FaultKind.STATUS_AFTER, status=408),
        Fault(kind=FaultKind.STATUS_AFTER, status=500),
        Fault(kind=FaultKind.LOST_AFTER),
    ],
)
async def test_an_upload_that_worked_in_spite_of_its_answer_is_seen_by_looking(
    chat: SlackChat, sandbox: SlackSandbox, fault: Fault
) -> None:
    sandbox.faults.add(UPLOAD, fault)
    target = await chat.reserve_upload("a.mp4", len(VIDEO), "a")

    with pytest.raises(OutcomeUnknownError):
        await chat.send_upload(target.url, len(VIDEO), chunks_of(VIDEO))

    assert (await chat.file_state(target.file_id, GENERAL)).uploaded


async def test_an_upload_that_was_lost_is_not_there(chat: SlackChat, sandbox: SlackSandbox) -> None:
    sandbox.faults.add(UPLOAD, Fault(kind=FaultKind.LOST_BEFORE))
    target = await chat.reserve_upload("a.mp4", len(VIDEO), "a")

    with pytest.raises(OutcomeUnknownError):
        await chat.send_upload(target.url, len(VIDEO), chunks_of(VIDEO))

    with pytest.raises(NotFoundError):
        await chat.file_state(target.file_id, GENERAL)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(kind=FaultKind.RATE_LIMITED), RetryLaterError),
        (Fault(kind=FaultKind.STATUS_BEFORE, status=413), CannotShareFileError),
    ],
)
async def test_an_upload_that_slack_turned_away_is_certain(
    chat: SlackChat, sandbox: SlackSandbox, fault: Fault, expected: type[BotError]
) -> None:
    sandbox.faults.add(UPLOAD, fault)
    target = await chat.reserve_upload("a.mp4", len(VIDEO), "a")

    with pytest.raises(expected):
        await chat.send_upload(target.url, len(VIDEO), chunks_of(VIDEO))


async def test_an_upload_without_a_connection_is_certain(unused_tcp_port: int) -> None:
    address = f"http://127.0.0.1:{unused_tcp_port}"
    async with slack_client(token="t", base_url=f"{address}/api/") as client:
        with pytest.raises(RetryLaterError) as caught:
            await SlackChat(client).send_upload(f"{address}/x", 3, chunks_of(b"abc"))
    assert "refuses the connection" in caught.value.in_full


async def test_a_file_is_sent_to_no_other_host(chat: SlackChat) -> None:
    """The result is then a link."""
    with pytest.raises(CannotShareFileError) as caught:
        await chat.send_upload("https://files.example/x", 3, chunks_of(b"abc"))
    assert caught.value.code == "foreign_host"


async def test_an_error_of_the_source_passes_through_as_it_is(chat: SlackChat) -> None:
    expired = NotFoundError("the download has expired")

    async def source() -> AsyncIterator[bytes]:
        yield b"x" * 100
        raise expired

    target = await chat.reserve_upload("a.mp4", 200, "a")
    with pytest.raises(NotFoundError) as caught:
        await chat.send_upload(target.url, 200, source())
    assert caught.value is expired


@pytest.mark.parametrize("parts", [(b"12345678",), (b"123456", b"78901234")])
async def test_bytes_that_are_not_as_many_as_announced_are_not_an_upload(
    chat: SlackChat, sandbox: SlackSandbox, parts: tuple[bytes, ...]
) -> None:
    target = await chat.reserve_upload("a.mp4", 10, "a")

    with pytest.raises(RetryLaterError):
        await chat.send_upload(target.url, 10, chunks_of(*parts))

    with pytest.raises(NotFoundError):
        await chat.file_state(target.file_id, GENERAL)
    assert sandbox.world.count("files.completeUploadExternal") == 0


async def test_an_upload_that_stands_still_is_given_up(client: AsyncWebClient) -> None:
    chat = SlackChat(client, stall_seconds=0.1)

    async def source() -> AsyncIterator[bytes]:
        yield b"1"
        await asyncio.Event().wait()

    target = await chat.reserve_upload("a.mp4", 10, "a")
    with pytest.raises(OutcomeUnknownError):
        await chat.send_upload(target.url, 10, source())


@pytest.mark.parametrize(("pause", "is_given_up"), [(1.0, False), (50.0, False), (61.0, True)])
def test_an_upload_is_given_up_by_how_long_it_stands_still_not_by_how_long_it_takes(
    pause: float, *, is_given_up: bool
) -> None:
    """In virtual time, a minute at most between two chunks."""

    async def source() -> AsyncIterator[bytes]:
        for _ in range(100):
            await asyncio.sleep(pause)
            yield b"1"

    async def upload() -> bool:
        try:
            async with asyncio.timeout(60.0) as deadline:
                async for _ in PacedSource(source(), 100).pace(deadline, 60.0):
                    pass
        except TimeoutError:
            return True
        return False

    assert run(upload()) is is_given_up


async def test_an_upload_whose_answer_never_comes_is_doubtful(
    client: AsyncWebClient, sandbox: SlackSandbox
) -> None:
    sandbox.faults.add(UPLOAD, Fault(kind=FaultKind.SILENT_AFTER))
    chat = SlackChat(client, stall_seconds=0.1)
    target = await chat.reserve_upload("a.mp4", 3, "a")

    with pytest.raises(OutcomeUnknownError):
        await chat.send_upload(target.url, 3, chunks_of(b"abc"))

    assert (await chat.file_state(target.file_id, GENERAL)).uploaded


async def test_a_share_that_slack_forgot_is_seen_by_looking(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    target = await uploaded(chat)
    sandbox.faults.add("files.completeUploadExternal", Fault(kind=FaultKind.NO_SHARE))

    await chat.share([(target.file_id, "x")], HERE, HELLO)

    assert (await chat.file_state(target.file_id, GENERAL)).shared_ts is None


async def test_a_doubtful_share_is_not_repeated_and_is_shown_by_the_files_state(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    target = await uploaded(chat)
    sandbox.faults.add("files.completeUploadExternal", Fault(kind=FaultKind.LOST_AFTER))

    with pytest.raises(OutcomeUnknownError):
        await chat.share([(target.file_id, "x")], HERE, HELLO)

    (said,) = sandbox.world.workspace.history(GENERAL)
    assert (await chat.file_state(target.file_id, GENERAL)).shared_ts == said.ts


async def test_where_a_file_is_shared_may_be_told_late(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    target = await uploaded(chat)
    await chat.share([(target.file_id, "x")], HERE, HELLO)
    sandbox.faults.add("files.info", Fault(kind=FaultKind.HIDDEN_SHARES))

    assert (await chat.file_state(target.file_id, GENERAL)).shared_ts is None
    assert (await chat.file_state(target.file_id, GENERAL)).shared_ts is not None


async def test_a_share_where_the_bot_is_not_a_member_is_unreachable(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    target = await uploaded(chat)
    with pytest.raises(UnreachablePlaceError):
        await chat.share([(target.file_id, "x")], Place(channel=OPEN), HELLO)

    await chat.share([(target.file_id, "x")], HERE, HELLO)
    assert len(sandbox.world.workspace.history(GENERAL)) == 1


async def test_a_file_that_the_workspace_does_not_take_is_refused_before_its_bytes(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    sandbox.world.files.largest = 100

    with pytest.raises(CannotShareFileError):
        await chat.reserve_upload("a.mp4", 101, "a")


async def test_a_removed_file_is_not_found_and_cannot_be_shared(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    target = await uploaded(chat)
    sandbox.world.files.delete(target.file_id)

    with pytest.raises(NotFoundError):
        await chat.file_state(target.file_id, GENERAL)
    with pytest.raises(NotFoundError):
        await chat.share([(target.file_id, "x")], HERE, HELLO)


async def test_a_file_is_discarded_once_and_again(chat: SlackChat, sandbox: SlackSandbox) -> None:
    target = await uploaded(chat)

    await chat.delete_file(target.file_id)
    await chat.delete_file(target.file_id)

    assert sandbox.world.files.bot_files() == []


async def test_a_file_is_completed_alone_once_and_known_for_a_picture_later(
    chat: SlackChat, sandbox: SlackSandbox
) -> None:
    sandbox.world.files.processing_seconds = 60.0
    target = await chat.reserve_upload("a.jpg", 3, "a lake")
    await chat.send_upload(target.url, 3, chunks_of(b"abc"))
    await chat.complete_upload(target.file_id, "A lake")
    with pytest.raises(NotFoundError):
        await chat.complete_upload(target.file_id, "A lake")
    state = await chat.file_state(target.file_id, GENERAL)
    assert state == FileState(uploaded=True, shared_ts=None, is_picture=False)
    sandbox.world.files.processing_seconds = 0.0
    assert (await chat.file_state(target.file_id, GENERAL)).is_picture
    assert sandbox.world.files.file(target.file_id).title == "A lake"
