"""Tests of chains: which clips stand before a job, and which of them are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from bot.base.errors import UsageError
from bot.base.ports import MOST_CLIPS, Conversation, Directory
from bot.jobs.accept import Interaction
from bot.jobs.actions import ActionName, ActionRequest, DetailsShown, perform
from bot.jobs.chains import load_chain, require_chain
from bot.jobs.services import Services
from bot.jobs.takes import MOST_LINKED
from bot.jobs.view import ChainView
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


LINKED = LinkedDirectory()


class PrivateDirectory(LinkedDirectory):
    """A directory in which each channel is private, and nobody is in it."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def conversation(self, channel: str, /) -> Conversation:
        """Return a private channel."""
        return replace(await super().conversation(channel), is_public=False)

    async def is_member(self, channel: str, _user: str, /) -> bool:
        """Return false."""
        self.asked.append(channel)
        return False


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


def take(number: int, **changes: object) -> Job:
    """Return a finished take of the place of `clip0`, with these fields."""
    made = replace(clip(number, after=None), take_of="clip0", message_ts=f"{number}.1")
    return replace(made, **changes)  # type: ignore[arg-type] # by name


async def shown(
    path: Path, job: Job, *others: Job, user: str = "U2", directory: Directory = LINKED
) -> ChainView | None:
    """Return what the details of a job show a member of its channel of its chain."""
    found = await stored(path, job, *others)
    found = replace(found, directory=directory, admins=frozenset({"U9"}))
    request = ActionRequest(job=job, interaction=replace(ANYBODY, user=user))
    details = await perform(ActionName.DETAILS, request, found)
    assert isinstance(details, DetailsShown)
    return details.view.chain


FIRST = replace(clip(0, after=None), message_ts="0.1")
BEHIND = replace(clip(1, after=0), id="old", dedup_key="old")
FAILED = {"outcome": Outcome.FAILED, "outputs": ()}
WAITS = {"stage": Stage.WAITING, "outcome": None, "outputs": ()}
RENDERS = {"stage": Stage.RENDERING, "outcome": None, "outputs": ()}


@pytest.mark.parametrize(
    ("job", "others", "numbers", "more"),
    [
        (FIRST, [], [], 0),
        (FIRST, [take(1), take(2, **FAILED), take(3, **RENDERS)], [1, 2, 4], 0),
        (FIRST, [take(1, deleted_at=1.0), take(2, stage=Stage.REJECTED, **FAILED)], [], 0),
        (FIRST, [take(1, **WAITS), take(2)], [1, 2], 0),
        (take(1, **FAILED), [FIRST, take(2)], [1, 2, 3], 0),
        (FIRST, [take(number) for number in range(1, 13)], [1, *range(7, 14)], 5),
        (take(1, erased_at=1.0, input={}), [take(2)], [1, 2], 0),
        (FIRST, [take(1, channel="C2"), take(2, team="T2"), take(3)], [1, 2], 0),
        (FIRST, [take(1, channel="D2"), take(2, channel="D1", user="U2")], [1, 2], 0),
        (BEHIND, [replace(clip(2, after=0), take_of="after:clip0")], [1, 2], 0),
        (BEHIND, [replace(clip(2, after=0), take_of="clip0")], [], 0),
        (
            replace(BEHIND, created_at=a_job().created_at + 1),
            [replace(clip(number, after=0), take_of="after:clip0") for number in (2, 3)],
            [1, 2, 3],
            0,
        ),
    ],
    ids=[
        "the only one",
        "failed and under way",
        "deleted and refused",
        "not accepted",
        "of a failed one",
        "too many",
        "erased",
        "elsewhere",
        "in direct conversations",
        "of an earlier version",
        "of another place",
        "of an earlier version that still runs",
    ],
)
async def test_the_takes_of_a_place_are_numbered_as_they_were_asked_for(
    tmp_path: Path, job: Job, others: Sequence[Job], numbers: Sequence[int], more: int
) -> None:
    """Those without a video keep their number; what a reader may not see has none."""
    chain = await shown(tmp_path / "jobs.db", job, *others)
    if not numbers:
        assert chain is None
        return
    assert chain is not None
    (shown_clip,) = chain.clips
    assert [one.number for one in shown_clip.takes] == numbers
    dates = [one.job.created_at for one in shown_clip.takes]
    assert dates == sorted(dates)
    assert shown_clip.more == more


@pytest.mark.parametrize(("user", "counts"), [("U2", [0, 2]), (a_job().user, [2, 2])])
async def test_a_clip_that_a_reader_may_not_see_tells_nothing_of_itself(
    tmp_path: Path, user: str, counts: list[int]
) -> None:
    """What was said of it, and whether it is done, would show beside the takes of its place."""
    elsewhere = replace(clip(0, after=None), channel="C0PRIVATE")
    behind = replace(clip(2, after=0), take_of="after:clip0")
    another = replace(behind, id="clip3", dedup_key="clip3")
    chain = await shown(tmp_path / "jobs.db", behind, elsewhere, take(1), another, user=user)
    assert chain is not None
    assert [len(one.takes) for one in chain.clips] == counts


@pytest.mark.parametrize(("user", "ids"), [("U1", ["clip0", "clip1"]), ("U9", [])])
async def test_who_is_not_in_a_channel_sees_their_own_takes_alone(
    tmp_path: Path, user: str, ids: list[str]
) -> None:
    """Whoever asked for a job, and an admin, sees it without being there."""
    jobs = (FIRST, take(1), take(2, user="U3"))
    chain = await shown(tmp_path / "jobs.db", *jobs, user=user, directory=PrivateDirectory())
    assert ids == ([] if chain is None else [one.job.id for one in chain.clips[0].takes])


async def test_without_other_takes_slack_is_not_asked_who_is_there(tmp_path: Path) -> None:
    """Most jobs have none."""
    directory = PrivateDirectory()
    assert await shown(tmp_path / "jobs.db", FIRST, directory=directory) is None
    assert directory.asked == []


async def test_slack_is_asked_for_a_bounded_number_of_links(tmp_path: Path) -> None:
    """The clips of the chain come first, then the takes that are nearest to its end."""
    clips = [
        replace(
            clip(number, after=number - 1 if number else None),
            message_ts=f"{number}.1",
            take_of=f"after:clip{number - 1}",
        )
        for number in range(MOST_CLIPS)
    ]
    takes = [replace(one, id=f"{one.id}b", dedup_key=f"{one.id}b") for one in clips]
    chain = await shown(tmp_path / "jobs.db", clips[-1], *clips[:-1], *takes)
    assert chain is not None
    assert [len(one.takes) for one in chain.clips] == [2] * MOST_CLIPS
    assert len(chain.links) == MOST_LINKED
    assert {one.id for one in clips} < chain.links.keys()
    assert f"clip{MOST_CLIPS - 1}b" in chain.links
    assert "clip1b" not in chain.links
