"""Tests of the copies of the cast's pictures: brought once, whatever breaks in between."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.base.ports import ImageBytes
from bot.jobs.accept import Interaction
from bot.jobs.saved import SavedFor
from bot.notifications.cast_copy import save_member
from bot.options.cast import CastMember
from sandbox.slack.entities import ANA, BOT, GENERAL, TEAM, VAULT, StoredMessage
from sandbox.slack.faults import UPLOAD, Fault, FaultKind
from sandbox.slack.files import FileStore
from storage.job import IN_CHANNEL
from storage.notification import channel_scope
from storage.saved import Editor, SavedKey, SavedKind, Written
from tests.support.engine_harness import EngineHarness, engine_harness
from tests.support.images import image_bytes
from tests.support.services import NoImages
from tests.support.slack_sandbox import chunks_of


class PlainImages(NoImages):
    """The port `ReferenceImages` that looks at no bytes: those of no image are refused."""

    def __init__(self, files: FileStore) -> None:
        self._files = files

    async def copied(self, file_id: str) -> ImageBytes:
        """Return the bytes of a file as they are."""
        data = self._files.file(file_id).path.read_bytes()
        return ImageBytes(data=data, content_type="image/png", suffix="png")


@asynccontextmanager
async def cast_harness() -> AsyncIterator[EngineHarness]:
    """Start an engine's harness without a process for media, which takes longer than all else."""
    async with engine_harness() as harness:
        harness.images = PlainImages(harness.sandbox.slack.world.files)
        harness.__post_init__()
        yield harness


PICTURE = image_bytes(side=320)
SCOPE = channel_scope(TEAM, GENERAL)
KEY = SavedKey(kind=SavedKind.CAST, scope=SCOPE, name="mascot")
MAKER = Editor(user=ANA, is_admin=False)


async def save(
    harness: EngineHarness,
    data: bytes = PICTURE,
    *,
    press: str = "1",
    channel: str = GENERAL,
    saved_for: SavedFor = SavedFor.CHANNEL,
) -> Written:
    """Save a member with this picture, as a mention does."""
    files = harness.sandbox.slack.world.files
    picture = await files.put(name="cat.png", owner=ANA, chunks=chunks_of(data))
    interaction = Interaction(
        team=TEAM,
        channel=channel,
        user=ANA,
        surface="mention",
        dedup_key=press,
        reply_to=IN_CHANNEL,
    )
    return await save_member("mascot", saved_for, picture.id, None, interaction, harness.services)


async def member(harness: EngineHarness, scope: str = SCOPE) -> CastMember | None:
    """Return the member that is saved."""
    found = await harness.store.saved.within({SavedKind.CAST}, {scope})
    return CastMember.of_value(found[0].key.name, found[0].value) if found else None


def copies(harness: EngineHarness, channel: str = GENERAL) -> list[StoredMessage]:
    """Return the bot's messages with files in a channel."""
    messages = harness.sandbox.slack.world.workspace.all_in(channel)
    return [one for one in messages if one.user == BOT and one.files]


COMMITS = ("reserved", "uploaded", "sharing", "shared", "done")
"""The commits of a copy, in order."""


@pytest.mark.exhaustive
@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("commit", range(len(COMMITS)), ids=COMMITS)
async def test_a_copy_is_brought_once_after_the_end_of_the_process_at_each_commit(
    commit: int, *, before: bool
) -> None:
    """The member has the file of the one message."""
    async with cast_harness() as harness:
        await save(harness)
        harness.store.crash_outbox(commit + 1, before=before)
        await harness.run(until=lambda: harness.store.has_crashed)
        assert harness.store.has_crashed, f"there was no commit {commit}"
        harness.clock.now += 10
        await harness.restart()
        await harness.run(hours=0.1)
        (copy,) = copies(harness)
        saved = await member(harness)
        assert saved is not None
        assert (saved.file, saved.copying) == (copy.files[0], "")


async def test_a_member_gets_its_picture_if_the_process_dies_before_it_is_noted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message stands by then; the next attempt posts no other one."""
    async with cast_harness() as harness:
        await save(harness)
        replace_value = harness.store.saved.replace_value
        died: list[object] = []

        async def dies(*given: object) -> bool:
            if not died:
                died.append(given)
                raise ConnectionError
            return await replace_value(*given)  # type: ignore[arg-type] # as it was called

        monkeypatch.setattr(harness.store.saved, "replace_value", dies)
        await harness.run(hours=0.1)
        assert died
        (copy,) = copies(harness)
        saved = await member(harness)
        assert saved is not None
        assert saved.file == copy.files[0]


@pytest.mark.parametrize(
    ("method", "fault"),
    [
        (UPLOAD, Fault(kind=FaultKind.LOST_AFTER)),
        ("files.completeUploadExternal", Fault(kind=FaultKind.LOST_AFTER)),
        ("files.completeUploadExternal", Fault(kind=FaultKind.NO_SHARE)),
        ("files.info", Fault(kind=FaultKind.HIDDEN_SHARES)),
    ],
)
async def test_a_doubtful_share_is_not_repeated(method: str, fault: Fault) -> None:
    async with cast_harness() as harness:
        harness.sandbox.slack.world.faults.add(method, fault)
        await save(harness)
        await harness.run(hours=0.1)
        (copy,) = copies(harness)
        saved = await member(harness)
        assert saved is not None
        assert saved.file == copy.files[0]


async def test_a_member_that_is_saved_anew_meanwhile_has_the_newer_picture() -> None:
    """The older copy is not brought; so it is with one that was deleted, or has another name."""
    async with cast_harness() as harness:
        await save(harness)
        newer = image_bytes(side=330)
        assert await save(harness, newer, press="2") is Written.CHANGED
        await harness.store.saved.rename(KEY, "hero", MAKER, harness.clock())
        await harness.run(hours=0.1)
        (copy,) = copies(harness)
        saved = await member(harness)
        assert saved is not None
        assert (saved.name, saved.file) == ("hero", copy.files[0])
        assert "hero" in str(copy.blocks)
        file = harness.sandbox.slack.world.files.file(copy.files[0])
        assert file.path.read_bytes() == newer
        await save(harness, press="3")
        await harness.store.saved.delete(KEY, MAKER)
        await harness.run(hours=0.1)
        assert len(copies(harness)) == 1


async def test_the_same_save_again_changes_nothing() -> None:
    """Neither before its copy is brought nor after."""
    async with cast_harness() as harness:
        assert await save(harness) is Written.NEW
        assert await save(harness) is Written.CHANGED
        await harness.run(hours=0.1)
        before = await member(harness)
        await save(harness)
        await harness.run(hours=0.1)
        assert await member(harness) == before
        assert len(copies(harness)) == 1


async def test_where_the_channel_takes_nothing_the_copy_is_in_the_direct_conversation() -> None:
    """Its members may use it all the same."""
    async with cast_harness() as harness:
        harness.sandbox.slack.remove_bot(VAULT)
        await save(harness, channel=VAULT)
        await harness.run(hours=0.1)
        direct = harness.sandbox.slack.world.workspace.direct(ANA).id
        (copy,) = copies(harness, direct)
        saved = await member(harness, channel_scope(TEAM, VAULT))
        assert saved is not None
        assert (saved.file, saved.channel) == (copy.files[0], direct)


async def test_a_file_that_slack_refuses_is_told_of_once_and_nothing_is_saved() -> None:
    """Directly to whoever saved it, also where the answer to that message is lost."""
    async with cast_harness() as harness:
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="file_uploads_disabled")
        harness.sandbox.slack.world.faults.add("files.getUploadURLExternal", fault)
        harness.sandbox.slack.world.faults.add("chat.postMessage", Fault(kind=FaultKind.LOST_AFTER))
        await save(harness)
        await harness.run(hours=0.1)
        assert await member(harness) is None
        direct = harness.sandbox.slack.world.workspace.direct(ANA).id
        (told,) = harness.messages(direct)
        assert "I could not save `mascot`." in told.text
        assert copies(harness) == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("before", [False, True], ids=["after", "before"])
@pytest.mark.parametrize("commit", range(3), ids=["refused", "posting", "told"])
async def test_a_refusal_is_told_once_after_the_end_of_the_process_at_each_commit(
    commit: int, *, before: bool
) -> None:
    """And the member is as it was before, whichever of both comes first."""
    async with cast_harness() as harness:
        fault = Fault(kind=FaultKind.ERROR_BEFORE, code="file_uploads_disabled")
        harness.sandbox.slack.world.faults.add("files.getUploadURLExternal", fault, times=9)
        await save(harness)
        harness.store.crash_outbox(commit + 1, before=before)
        await harness.run(until=lambda: harness.store.has_crashed)
        assert harness.store.has_crashed, f"there was no commit {commit}"
        harness.clock.now += 10
        await harness.restart()
        await harness.run(hours=0.1)
        direct = harness.sandbox.slack.world.workspace.direct(ANA).id
        assert ["I could not save" in one.text for one in harness.messages(direct)] == [True]
        assert await member(harness) is None
        assert copies(harness) == []


async def test_after_a_restore_the_message_that_stands_is_found(tmp_path: Path) -> None:
    """The backup knows of the member and not of its message."""
    async with cast_harness() as harness:
        await save(harness)
        backup = tmp_path / "backup.db"
        await harness.store.backup(str(backup))
        await harness.run(hours=0.1)
        (copy,) = copies(harness)
        harness.clock.now += 60
        await harness.restore(backup)
        await harness.run(hours=0.1)
        assert len(copies(harness)) == 1
        saved = await member(harness)
        assert saved is not None
        assert saved.file == copy.files[0]
