"""Tests of chains: which clips stand before a job, and which of them are joined."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.base.errors import UsageError
from bot.base.ports import MOST_CLIPS
from bot.jobs.accept import Interaction
from bot.jobs.actions import ActionName, ActionRequest, DetailsShown, perform
from bot.jobs.chains import load_chain, require_chain
from bot.jobs.services import Services
from bot.options.references import Frame, reference
from storage.job import IN_CHANNEL, Job, Media, Outcome, Output, Stage
from storage.sqlite.store import SqliteStore
from tests.support.inline_store import inline_session
from tests.support.services import FakeDirectory, services
from tests.support.store_samples import ACCEPTED, a_job


def clip(number: int, *, after: int | None) -> Job:
    """Return a finished job that continues the one of another number."""
    job_id = f"clip{number}"
    begin = Frame(file_id="F1", seconds=None, job_id=f"clip{after}")
    return replace(
        a_job(),
        id=job_id,
        dedup_key=job_id,
        input={"prompt": "a boat"}
        | ({} if after is None else {"first_frame_image": reference(str(begin))}),
        stage=Stage.DELIVERED,
        outcome=Outcome.SUCCEEDED,
        outputs=(Output(url="https://example.com/a.mp4", media=Media.VIDEO),),
    )


async def stored(path: Path, *jobs: Job) -> Services:
    """Return services with a store of these jobs."""
    store = SqliteStore(await inline_session(str(path)))
    for job in jobs:
        await store.jobs.insert(job, ACCEPTED)
    return services(store)


class LinkedDirectory(FakeDirectory):
    """A directory in which each message has a permalink."""

    async def permalink(self, channel: str, ts: str, /) -> str | None:
        """Return a permalink."""
        return f"https://example.com/{channel}/{ts}"


ANYBODY = Interaction(
    team=a_job().team,
    channel=a_job().channel,
    user="U1",
    surface="thread",
    dedup_key="stitch",
    reply_to=IN_CHANNEL,
)


@pytest.mark.parametrize(("count", "is_joined"), [(2, True), (MOST_CLIPS, True), (45, False)])
async def test_a_chain_is_joined_whole_or_not_at_all(
    tmp_path: Path, count: int, *, is_joined: bool
) -> None:
    """A film that begins with its sixth clip is none that anybody wanted."""
    clips = [clip(number, after=number - 1 if number else None) for number in range(count)]
    found = await stored(tmp_path / "jobs.db", *clips)
    if is_joined:
        links = await require_chain(clips[-1], ANYBODY, found)
        assert [link.job.id for link in links] == [job.id for job in clips]
    else:
        with pytest.raises(UsageError, match="more than 40 clips"):
            await require_chain(clips[-1], ANYBODY, found)
        assert len(await load_chain(clips[-1], found)) == MOST_CLIPS


async def test_a_chain_that_leads_back_to_itself_ends(tmp_path: Path) -> None:
    """No action makes one; a hand in the store can."""
    clips = [clip(number, after=(number + 1) % 3) for number in range(3)]
    found = await stored(tmp_path / "jobs.db", *clips)
    assert [link.job.id for link in await load_chain(clips[0], found)] == [
        "clip2",
        "clip1",
        "clip0",
    ]


@pytest.mark.parametrize(("user", "sees_all"), [("U2", False), (a_job().user, True)])
async def test_details_link_no_clip_of_a_channel_that_may_be_private(
    tmp_path: Path, user: str, *, sees_all: bool
) -> None:
    """Its asker may go on from it elsewhere; others there see that it was, but not where it is."""
    elsewhere = replace(clip(0, after=None), channel="C0PRIVATE", message_ts="1.1")
    here = replace(clip(1, after=0), message_ts="2.2")
    found = await stored(tmp_path / "jobs.db", elsewhere, here)
    request = ActionRequest(job=here, interaction=replace(ANYBODY, user=user))
    linked = replace(found, directory=LinkedDirectory())
    shown = await perform(ActionName.DETAILS, request, linked)
    assert isinstance(shown, DetailsShown)
    assert shown.view.chain is not None
    links = shown.view.chain.links
    assert (links.get(elsewhere.id) is not None) is sees_all
    assert links[here.id] is not None
